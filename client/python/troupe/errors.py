"""What can go wrong, one class for each thing a caller would do differently."""

from __future__ import annotations

import json
from typing import Optional


class TroupeError(Exception):
    """Base of all errors of this package.

    ``status`` is the HTTP status and ``type`` the problem type (RFC 9457) when a node answered, otherwise None.
    """

    def __init__(self, message: str, status: Optional[int] = None, type: Optional[str] = None):
        super().__init__(message)
        self.status = status
        self.type = type


class InvalidRequest(TroupeError):
    """The request is wrong and would be refused every time: bad key, bad value, reused idempotency key."""


class TooLarge(InvalidRequest):
    """Key, value or command is over the limits of the cluster."""


class NotFound(TroupeError):
    """No such thing. ``get`` never raises this for an absent key, it returns the default."""


class Conflict(TroupeError):
    """A condition of the write did not hold; nothing was applied."""


class Compacted(TroupeError):
    """The revision asked for has been compacted away; start the scan again."""


class Unavailable(TroupeError):
    """No node could serve the call before the deadline. A write was certainly not applied."""


class OutcomeUnknown(TroupeError):
    """The deadline passed while a write was under way: it may or may not have been applied."""


class ServerError(TroupeError):
    """A node answered with something that is not part of the interface."""


_BY_STATUS = {
    400: InvalidRequest,
    404: NotFound,
    405: InvalidRequest,
    409: Conflict,
    410: Compacted,
    411: InvalidRequest,
    412: Conflict,
    413: TooLarge,
    414: TooLarge,
    415: InvalidRequest,
    422: InvalidRequest,
    431: TooLarge,
    503: Unavailable,
}


def error_from_answer(status: int, body: bytes) -> TroupeError:
    """The exception for an answer that is not a success; ``body`` should be application/problem+json."""
    problem = {}
    try:
        parsed = json.loads(body)
        if isinstance(parsed, dict):
            problem = parsed
    except ValueError:
        pass
    kind = str(problem.get("type", ""))
    message = str(problem.get("detail") or problem.get("title") or f"HTTP status {status}")
    if status == 504:
        cls = OutcomeUnknown if kind.endswith("outcome-unknown") else Unavailable
    else:
        cls = _BY_STATUS.get(status, ServerError)
    return cls(message, status=status, type=kind or None)
