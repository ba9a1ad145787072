"""Client for troupe, a replicated key-value store."""

from .client import DatabaseClient
from .errors import (
    Compacted,
    Conflict,
    InvalidRequest,
    NotFound,
    OutcomeUnknown,
    ServerError,
    TooLarge,
    TroupeError,
    Unavailable,
)

__all__ = [
    "Compacted",
    "Conflict",
    "DatabaseClient",
    "InvalidRequest",
    "NotFound",
    "OutcomeUnknown",
    "ServerError",
    "TooLarge",
    "TroupeError",
    "Unavailable",
]
