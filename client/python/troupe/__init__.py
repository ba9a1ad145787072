"""Client for troupe, a replicated key-value store."""

from .client import DatabaseClient
from .errors import (
    BadSearch,
    Compacted,
    Conflict,
    CursorGone,
    IndexBehind,
    InvalidRequest,
    MemoryFull,
    NotFound,
    OutcomeUnknown,
    ServerError,
    TooLarge,
    TroupeError,
    Unavailable,
)
from .search import Highlight, Hit, SearchResult

__all__ = [
    "BadSearch",
    "Compacted",
    "Conflict",
    "CursorGone",
    "DatabaseClient",
    "Highlight",
    "Hit",
    "IndexBehind",
    "InvalidRequest",
    "MemoryFull",
    "NotFound",
    "OutcomeUnknown",
    "SearchResult",
    "ServerError",
    "TooLarge",
    "TroupeError",
    "Unavailable",
]
