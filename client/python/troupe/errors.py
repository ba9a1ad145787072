"""What can go wrong, one class for each thing a caller would do differently."""

from __future__ import annotations

import json
from typing import Any, Dict, Optional, Tuple


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


class BadSearch(InvalidRequest):
    """The search is wrong. ``part`` names the part ("q", "filter", ...), ``position`` the bytes of it at fault, if known."""

    part: Optional[str] = None
    position: Optional[Tuple[int, int]] = None


class TooLarge(InvalidRequest):
    """Key, value or command is over the limits of the cluster."""


class NotFound(TroupeError):
    """No such thing. ``get`` never raises this for an absent key, it returns the default."""


class Conflict(TroupeError):
    """A condition of the write did not hold; nothing was applied."""


class Compacted(TroupeError):
    """The revision asked for has been compacted away; start the scan again."""


class CursorGone(TroupeError):
    """The node no longer keeps the results of this cursor, or they were another node's; search again."""


class Unavailable(TroupeError):
    """No node could serve the call before the deadline. A write was certainly not applied."""


class MemoryFull(Unavailable):
    """The memory quota of the cluster is reached: it takes deletes only. The write was certainly not applied."""


class IndexBehind(Unavailable):
    """The time ran out before the index was as fresh as asked; the revisions say how far it is."""

    indexed_revision: Optional[int] = None
    vector_revision: Optional[int] = None


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
    507: MemoryFull,
}
_BY_TYPE = {"bad-search": BadSearch, "cursor-gone": CursorGone, "index-behind": IndexBehind}


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
    cls = _BY_TYPE.get(kind.rpartition(":")[2], cls)
    error = cls(message, status=status, type=kind or None)
    _add_members(error, problem)
    return error


def _add_members(error: TroupeError, problem: Dict[str, Any]) -> None:
    """What a problem of a search says beyond its sentence."""
    if isinstance(error, BadSearch):
        error.part = problem.get("part")
        position = problem.get("position")
        if isinstance(position, list) and len(position) == 2:
            error.position = (position[0], position[1])
    if isinstance(error, IndexBehind):
        error.indexed_revision = problem.get("indexed_revision")
        error.vector_revision = problem.get("vector_revision")
