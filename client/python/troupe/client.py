"""The client of the database."""

from __future__ import annotations

import json
import uuid
from typing import Any, Dict, Iterable, Iterator, Mapping, Optional, Sequence, Tuple
from urllib.parse import quote, urlencode

from . import search as search_values
from . import values
from .errors import InvalidRequest, ServerError, error_from_answer
from .search import SearchResult
from .transport import Answer, Transport, parse_address
from .values import JSON

# A cluster remembers an Idempotency-Key for ten minutes; a retry later than that would count as a new write.
_TIMEOUT_MAX = 300.0
# A node waits no longer for its index.
_SEARCH_WAIT_MAX = 60.0


class DatabaseClient:
    """Talks to one node, or to several and tries the next when one is down.

    ``nodes`` lists them as "host:port"; without it ``host`` and ``port`` name the only one. ``timeout`` is what a call
    may take in seconds, all its attempts together. May be shared between threads; connections are kept open.

    Every method may raise InvalidRequest, Unavailable or ServerError, and a write also OutcomeUnknown.
    """

    def __init__(self, host: str = "localhost", port: int = 8000, nodes: Optional[Sequence[str]] = None, timeout: float = 10.0):
        if not 0 < timeout <= _TIMEOUT_MAX:
            raise InvalidRequest(f"timeout must be more than 0 and at most {_TIMEOUT_MAX:g} seconds")
        addresses = [(host, port)] if nodes is None else [parse_address(node) for node in nodes]
        self._timeout = timeout
        self._transport = Transport(addresses, timeout)

    def __enter__(self) -> "DatabaseClient":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the idle connections. The client stays usable."""
        self._transport.close()

    def set(self, key: str, value: Any, *, embed: bool = False) -> int:
        """Stores a value and returns the revision at which it was written.

        A str is stored as text, bytes as bytes, anything else as JSON. With ``embed`` a search by meaning finds the
        value as soon as this returns; otherwise a little later.
        """
        media_type, body = values.encode(value)
        answer = self._write("PUT", _key_path(key) + _embed_query(embed), body, media_type)
        return int(_field(_json_of(answer), "revision"))

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a key, or ``default`` when there is none. A linearizable read: it sees every finished write."""
        answer = self._transport.call("GET", _key_path(key))
        if answer.status == 404:
            return default
        if answer.status != 200:
            raise error_from_answer(answer.status, answer.body)
        return values.decode(answer.headers.get("Content-Type", values.BYTES), answer.body)

    def delete(self, key: str) -> bool:
        """Removes a key; whether it was there."""
        return bool(_field(_json_of(self._write("DELETE", _key_path(key), None, None)), "deleted"))

    def bulk_set(
        self, items: Iterable[Tuple[str, Any]], *, vectors: Optional[Mapping[str, Sequence[float]]] = None, embed: bool = False
    ) -> int:
        """Stores all pairs at one revision, or none of them; returns the revision.

        ``vectors`` holds the vectors of some or all of the keys, for a cluster whose clients bring them.
        """
        listed = [values.bulk_item(_checked_key(key), value) for key, value in items]
        left = dict(vectors or {})
        for item in listed:
            if item["key"] in left:
                item["vector"] = search_values.floats(left.pop(item["key"]), f"the vector of {item['key']!r}")
        if left:
            raise InvalidRequest(f"there is a vector of {next(iter(left))!r}, which is not among the items")
        answer = self._write("POST", "/v1/bulk" + _embed_query(embed), _encoded({"items": listed}), values.JSON)
        return int(_field(_json_of(answer), "revision"))

    def scan(self, prefix: str = "") -> Iterator[Tuple[str, Any]]:
        """The keys that begin with ``prefix``, in order, with their values, all as of one revision.

        Pages are fetched as the iteration goes on. Raises Compacted when it takes so long that the revision is gone.
        """
        parameters: Dict[str, Any] = {}  # no limit: how long a page may be is the cluster's to say
        if prefix:
            parameters["prefix"] = _checked_key(prefix)
        while True:
            query = "?" + urlencode(parameters, quote_via=quote) if parameters else ""
            answer = self._transport.call("GET", "/v1/kv" + query)
            page = _json_of(answer)
            for item in _field(page, "items"):
                yield _field(item, "key"), values.value_of_item(item)
            cursor = page.get("cursor")
            if not cursor:
                return
            parameters["cursor"] = cursor

    def search(
        self,
        q: Optional[str] = None,
        *,
        mode: str = "text",
        limit: int = 10,
        offset: int = 0,
        prefix: Optional[str] = None,
        filter: Optional[str] = None,
        fields: Optional[Sequence[str]] = None,
        facets: Optional[Sequence[search_values.Facet]] = None,
        vector: Optional[Sequence[float]] = None,
        consistency: str = "linearizable",
        min_revision: Optional[int] = None,
        timeout: Optional[float] = None,
        wait_vectors: bool = False,
        explain: bool = False,
        values: bool = True,
        highlights: bool = True,
        text_weight: float = 1,
        vector_weight: float = 1,
        paged: bool = False,
        cursor: Optional[str] = None,
    ) -> SearchResult:
        """Finds values by words (``mode="text"``), by meaning ("semantic") or by both ("hybrid").

        ``timeout`` is how long a node waits, in seconds, until its index is as fresh as asked; by default half of what one
        node may take of a call, so that the others can be asked as well. With ``paged`` the result has a ``cursor`` for the next page, which the node that
        made it has to be asked: use a client of one node for that.

        Raises BadSearch, IndexBehind or CursorGone besides what every method may raise.
        """
        wait = self._transport.attempt_max / 2 if timeout is None else timeout
        if not 0.001 <= wait <= _SEARCH_WAIT_MAX:
            raise InvalidRequest(f"timeout must be from 0.001 to {_SEARCH_WAIT_MAX:g} seconds")
        body: Dict[str, Any] = {"mode": mode, "limit": limit, "offset": offset, "consistency": consistency}
        body["timeout"] = f"{round(min(wait, self._timeout) * 1000)}ms"
        given = {"q": q, "prefix": prefix, "filter": filter, "min_revision": min_revision, "cursor": cursor}
        body.update((name, value) for name, value in given.items() if value is not None)
        if fields is not None:
            body["fields"] = search_values.field_body(fields)
        if facets is not None:
            body["facets"] = search_values.facet_body(facets)
        if vector is not None:
            body["vector"] = search_values.floats(vector)
        if wait_vectors:
            body["vectors"] = "wait"
        body.update(explain=explain, values=values, highlights=highlights, paged=paged)
        body.update(text_weight=text_weight, vector_weight=vector_weight)
        answer = self._transport.call("POST", "/v1/search", _encoded(body), {"Content-Type": JSON}, waits=min(wait, self._timeout))
        return search_values.result_of(_json_of(answer))

    def cluster(self) -> Dict[str, Any]:
        """What the node that is asked knows of the cluster: leader, members, who waits to be added, and how far each is."""
        return _json_of(self._transport.call("GET", "/v1/cluster"))

    def add_member(self, node: str, peer: Optional[str] = None) -> bool:
        """Adds the node that was started with --join, as a learner; whether that changed anything.

        Conflict means that the cluster cannot do it now, and its message says why; OutcomeUnknown that asking again is
        needed to know. So it is for all four of these, and asking twice does no more than asking once.
        """
        body = {"id": node} if peer is None else {"id": node, "peer": peer}
        return self._change_members("POST", "/v1/cluster/members", body)

    def promote_member(self, node: str) -> bool:
        """Lets a learner vote. Conflict while it has not caught up."""
        return self._change_members("POST", _member_path(node) + "/promote")

    def remove_member(self, node: str) -> bool:
        """Takes a node out of the cluster; it stops by itself."""
        return self._change_members("DELETE", _member_path(node))

    def replace_member(self, node: str, peer: Optional[str] = None) -> bool:
        """Puts the node that was started with --join in the place of the member of the same id, as a learner."""
        return self._change_members("POST", _member_path(node) + "/replace", {} if peer is None else {"peer": peer})

    def _change_members(self, method: str, target: str, body: Optional[Dict[str, Any]] = None) -> bool:
        # The body decides only what is to be so, and may be sent twice without a key.
        headers = {} if body is None else {"Content-Type": JSON}
        encoded = None if body is None else _encoded(body)
        return bool(_field(_json_of(self._transport.call(method, target, encoded, headers, write=True)), "changed"))

    def _write(self, method: str, target: str, body: Optional[bytes], media_type: Optional[str]) -> Answer:
        # One key for the call, not for the attempt: this is what makes trying again harmless.
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        if media_type is not None:
            headers["Content-Type"] = media_type
        return self._transport.call(method, target, body, headers, write=True)


def _embed_query(embed: bool) -> str:
    return "?embed=sync" if embed else ""


def _encoded(body: Dict[str, Any]) -> bytes:
    try:
        return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8")
    except (TypeError, ValueError) as error:
        raise InvalidRequest(f"not valid JSON: {error}") from None


def _checked_key(key: str) -> str:
    if not isinstance(key, str) or not key:
        raise InvalidRequest("a key is a str that is not empty")
    try:
        key.encode("utf-8")
    except UnicodeEncodeError:
        raise InvalidRequest("the key is not valid Unicode text") from None
    return key


def _key_path(key: str) -> str:
    segment = quote(_checked_key(key), safe="")
    if segment in (".", ".."):
        segment = segment.replace(".", "%2E")  # a path segment of dots alone means something else in a URL
    return "/v1/kv/" + segment


def _member_path(node: str) -> str:
    return "/v1/cluster/members/" + quote(node, safe="")


def _json_of(answer: Answer) -> Dict[str, Any]:
    if answer.status not in (200, 201):
        raise error_from_answer(answer.status, answer.body)
    try:
        parsed = json.loads(answer.body)
    except ValueError as error:
        raise ServerError(f"a node sent an answer that is not JSON: {error}", answer.status) from error
    if not isinstance(parsed, dict):
        raise ServerError("a node sent an answer that is not a JSON object", answer.status)
    return parsed


def _field(parsed: Dict[str, Any], name: str) -> Any:
    if name not in parsed:
        raise ServerError(f"a node sent an answer without '{name}'")
    return parsed[name]
