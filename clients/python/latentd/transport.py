"""Requests that are sent again where that can help."""
import time

import httpx

from .errors import TransportError, error_of

AGAIN = {408, 409, 429, 500, 502, 503, 504}
LONGEST_WAIT = 120.0


def wait_of(response, attempt):
    """Seconds that the daemon asks for, or some that double."""
    for name, unit in (("retry-after-ms", 1e-3), ("retry-after", 1.0)):
        try:
            wait = float(response.headers[name]) * unit
        except (KeyError, ValueError):
            continue
        if 0 <= wait <= LONGEST_WAIT:
            return wait
    return 0.5 * 2 ** attempt


class Transport:
    def __init__(self, url, api_key, timeout, retries, verify):
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self.http = httpx.Client(base_url=url, headers=headers, timeout=timeout,
                                 verify=verify)
        self.retries = retries

    def send(self, method, path, **more):
        """The reply; raises what is 400 and more."""
        for attempt in range(self.retries + 1):
            last = attempt == self.retries
            try:
                r = self.http.request(method, path, **more)
            except httpx.TransportError as e:
                if last:
                    raise TransportError(f"{method} {path}: {e}") from e
                time.sleep(0.5 * 2 ** attempt)
                continue
            if r.status_code < 400:
                return r
            if last or r.status_code not in AGAIN or \
                    r.headers.get("x-should-retry") == "false":
                raise error_of(r)
            time.sleep(wait_of(r, attempt))

    def stream(self, method, path, **more):
        """A context with the reply as it comes; nothing is sent again."""
        return self.http.stream(method, path, **more)

    def pages(self, path, **params):
        """Every item of a list, page after page."""
        params = {k: v for k, v in params.items() if v is not None}
        while True:
            page = self.send("GET", path, params=params).json()
            yield from page["data"]
            if not page.get("has_more") or not page["data"]:
                return
            params["after"] = page["data"][-1]["id"]
