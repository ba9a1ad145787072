"""What a search asks and what it finds."""

from __future__ import annotations

import math
import numbers
from dataclasses import dataclass, field
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple, Union

from . import values
from .errors import InvalidRequest, ServerError

Facet = Union[str, Tuple[str, int]]


@dataclass(frozen=True)
class Highlight:
    """A piece of a value with what matched in it."""

    field: str  #: of a JSON value; empty: a text value
    text: str
    marks: Tuple[Tuple[int, int], ...]  #: begin and end of each match, as indices of ``text``

    def marked(self, before: str = "**", after: str = "**") -> str:
        """The text with something around each match."""
        out, at = [], 0
        for begin, end in self.marks:
            out += [self.text[at:begin], before, self.text[begin:end], after]
            at = end
        return "".join(out) + self.text[at:]


@dataclass(frozen=True)
class Hit:
    key: Any  #: a str, or bytes when the key is not UTF-8
    score: float
    value: Any  #: as ``get`` returns it; None when values were not asked for
    mod_revision: int
    highlights: Tuple[Highlight, ...] = ()
    explanation: Optional[Dict[str, Any]] = None  #: the parts of the score, with ``explain``


@dataclass(frozen=True)
class SearchResult:
    """Iterates over the hits, best first."""

    hits: Tuple[Hit, ...]
    total: int  #: all matches
    indexed_revision: int  #: the words of every write up to here are in the index
    vector_revision: int  #: every value written up to here has its vector, or the outcome that it has none
    took_ms: float
    facets: Dict[str, Dict[str, int]] = field(default_factory=dict)  #: field -> value -> count
    cursor: Optional[str] = None  #: for the next page, with ``paged``; None: no more

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)

    def __len__(self) -> int:
        return len(self.hits)


def floats(vector: Sequence[float], what: str = "vector") -> List[float]:
    """A vector as JSON numbers; anything with finite numbers in it will do, arrays of NumPy included."""
    try:
        numbers_in = [float(number) for number in vector]
    except (TypeError, ValueError):
        raise InvalidRequest(f"{what} is not a sequence of numbers") from None
    if not numbers_in or not all(map(math.isfinite, numbers_in)):
        raise InvalidRequest(f"{what} holds no finite numbers" if not numbers_in else f"{what} holds a number that is not finite")
    return numbers_in


def facet_body(facets: Sequence[Facet]) -> List[Dict[str, Any]]:
    out = []
    for facet in _list_of("facets", facets):
        name, limit = (facet, None) if isinstance(facet, str) else _pair(facet)
        out.append({"field": name} if limit is None else {"field": name, "limit": limit})
    return out


def field_body(fields: Sequence[str]) -> List[str]:
    return [str(name) for name in _list_of("fields", fields)]


def result_of(parsed: Dict[str, Any]) -> SearchResult:
    """The answer of a node. Raises ServerError for what is none."""
    try:
        return SearchResult(
            hits=tuple(_hit_of(hit) for hit in parsed["hits"]),
            total=int(parsed["total"]),
            indexed_revision=int(parsed["indexed_revision"]),
            vector_revision=int(parsed["vector_revision"]),
            took_ms=float(parsed["took_ms"]),
            facets={
                name: {str(one["value"]): int(one["count"]) for one in counts} for name, counts in parsed.get("facets", {}).items()
            },
            cursor=parsed.get("cursor"),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ServerError(f"a node sent an answer that is no search result: {error!r}") from error


def _hit_of(hit: Dict[str, Any]) -> Hit:
    return Hit(
        key=values.key_of(hit["key"]),
        score=float(hit["score"]),
        value=values.value_of_item(hit),
        mod_revision=int(hit["mod_revision"]),
        highlights=tuple(_highlight_of(one) for one in hit.get("highlights", ())),
        explanation=hit.get("explanation"),
    )


def _highlight_of(one: Dict[str, Any]) -> Highlight:
    text = one["text"]
    encoded = text.encode("utf-8")
    # A node counts bytes, Python characters.
    index = lambda at: len(encoded[:at].decode("utf-8", "ignore"))  # noqa: E731
    return Highlight(one["field"], text, tuple((index(begin), index(end)) for begin, end in one["marks"]))


def _list_of(name: str, given: Any) -> Sequence[Any]:
    if isinstance(given, (str, bytes)):
        raise InvalidRequest(f"{name} is a list, not one text")
    return given


def _pair(facet: Any) -> Tuple[str, int]:
    try:
        name, limit = facet
    except (TypeError, ValueError):
        raise InvalidRequest("a facet is a field, or a field and how many values of it") from None
    if not isinstance(name, str) or not isinstance(limit, numbers.Integral):
        raise InvalidRequest("a facet is a field, or a field and how many values of it")
    return name, int(limit)
