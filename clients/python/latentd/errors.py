"""What can go wrong, as types."""


class LatentdError(Exception):
    """All errors of this package."""


class TransportError(LatentdError):
    """No answer: nobody listens, or the line was cut."""


class APIError(LatentdError):
    """The daemon said no.

    status: of HTTP; code: the contract's word, as "missing_channel"; param:
    where in the request, as "input[3].data[1]"; request_id: for the log.
    """

    def __init__(self, status, message, code=None, param=None, request_id=None):
        super().__init__(message)
        self.status, self.code, self.param = status, code, param
        self.message, self.request_id = message, request_id

    def __str__(self):
        where = f" ({self.param})" if self.param else ""
        return f"{self.status} {self.code or ''}: {self.message}{where}"


class BadRequest(APIError):
    """400: the request cannot be read."""


class Unauthorized(APIError):
    """401: no key, or one that is not known."""


class Forbidden(APIError):
    """403: the key may not do this."""


class NotFound(APIError):
    """404: no such model, recording, file or job."""


class Conflict(APIError):
    """409: not in this state."""


class PreconditionFailed(APIError):
    """412: somebody else changed it meanwhile."""


class TooLarge(APIError):
    """413: a limit; the message names it and the setting that changes it."""


class Unprocessable(APIError):
    """422: read, but not what the model wants."""


class RateLimited(APIError):
    """429: later."""


class ServerError(APIError):
    """5xx."""


KINDS = {400: BadRequest, 401: Unauthorized, 403: Forbidden, 404: NotFound,
         409: Conflict, 412: PreconditionFailed, 413: TooLarge,
         422: Unprocessable, 429: RateLimited}


def error_of(response):
    """The error that a reply of 400 and more is."""
    try:
        told = response.json()["error"]
        message, code, param = told["message"], told["code"], told["param"]
    except (ValueError, KeyError, TypeError):
        message, code, param = response.text or "no reason given", None, None
    kind = KINDS.get(response.status_code,
                     ServerError if response.status_code >= 500 else APIError)
    return kind(response.status_code, message, code, param,
                response.headers.get("x-request-id"))
