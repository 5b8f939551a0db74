"""Client for latentd.

    from latentd import Client, Signal

    with Client("http://127.0.0.1:8080") as latentd:
        heart = latentd.embed(Signal(samples, rate=360, channels=["MLII"],
                                     unit="mV"), model="ecg-scl")
        heart.invariant      # numpy array: the same whenever the window begins

Arrays in, arrays out.  Errors are typed: see latentd.errors.
"""
from .client import Client
from .errors import (APIError, BadRequest, Conflict, Forbidden, LatentdError,
                     NotFound, PreconditionFailed, RateLimited, ServerError,
                     TooLarge, TransportError, Unauthorized, Unprocessable)
from .inputs import Image, Signal
from .replies import Embedding, Gates, Task

__version__ = "0.1.0"
__all__ = ["APIError", "BadRequest", "Client", "Conflict", "Embedding",
           "Forbidden", "Gates", "Image", "LatentdError", "NotFound",
           "PreconditionFailed", "RateLimited", "ServerError", "Signal", "Task",
           "TooLarge", "TransportError", "Unauthorized", "Unprocessable"]
