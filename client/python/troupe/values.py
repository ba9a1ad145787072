"""How Python values travel: a str as text, bytes as bytes, everything else as JSON."""

from __future__ import annotations

import base64
import json
import math
from typing import Any, Dict, Tuple

from .errors import InvalidRequest, ServerError

TEXT = "text/plain; charset=utf-8"
JSON = "application/json"
BYTES = "application/octet-stream"

# JSON libraries agree on integers of this range only; others are sent so that no node has to parse and print them.
_INT_MIN, _INT_MAX = -(2**63), 2**63 - 1
_DEPTH_MAX = 30


def encode(value: Any) -> Tuple[str, bytes]:
    """The media type and the bytes of a value. Raises InvalidRequest for what is not a JSON value, str or bytes."""
    if isinstance(value, str):
        return TEXT, _utf8(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return BYTES, bytes(value)
    _check(value, 0)
    return JSON, _utf8(json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")))


def decode(media_type: str, body: bytes) -> Any:
    """The inverse of encode."""
    kind = media_type.partition(";")[0].strip().lower()
    try:
        if kind == JSON:
            return json.loads(body)
        if kind.startswith("text/"):
            return body.decode("utf-8")
    except ValueError as error:
        raise ServerError(f"a node sent {kind} that does not parse: {error}") from error
    return bytes(body)


def bulk_item(key: str, value: Any) -> Dict[str, Any]:
    """One item of POST /v1/bulk.

    There a string is text, ``{"base64": ...}`` alone is bytes and anything else JSON. A value that a JSON parser may
    not give back exactly travels as bytes together with its media type.
    """
    media_type, body = encode(value)
    if media_type == TEXT or (media_type == JSON and _plain(value)):
        return {"key": key, "value": value}
    item: Dict[str, Any] = {"key": key, "value": {"base64": base64.b64encode(body).decode("ascii")}}
    if media_type == JSON:
        item["media_type"] = JSON
    return item


def value_of_item(item: Dict[str, Any]) -> Any:
    """The value of one item of a range answer or envelope: bytes stand there as ``{"base64": ...}``."""
    kind = str(item.get("media_type", "")).partition(";")[0].strip().lower()
    value = item.get("value")
    if kind == JSON or isinstance(value, str):
        return value
    if isinstance(value, dict) and set(value) == {"base64"}:
        return base64.b64decode(value["base64"], validate=True)
    return value


def key_of(shown: Any) -> Any:
    """A key of an answer: one that is not UTF-8 stands there as ``{"base64": ...}`` and becomes bytes."""
    if isinstance(shown, dict) and set(shown) == {"base64"}:
        return base64.b64decode(shown["base64"], validate=True)
    return shown


def _utf8(text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InvalidRequest(f"not valid Unicode text: {error}") from None


def _check(value: Any, depth: int) -> None:
    """Only what comes back as it was: json.dumps would quietly turn the key 1 into "1" and write NaN, which is no JSON."""
    if depth > _DEPTH_MAX:
        raise InvalidRequest(f"nested deeper than {_DEPTH_MAX} levels")
    if value is None or isinstance(value, (bool, int, str)):
        return
    if isinstance(value, float):
        if not math.isfinite(value):
            raise InvalidRequest(f"{value} is not a JSON value")
        return
    if isinstance(value, (list, tuple)):
        for element in value:
            _check(element, depth + 1)
        return
    if isinstance(value, dict):
        for name, element in value.items():
            if not isinstance(name, str):
                raise InvalidRequest(f"the name {name!r} of a JSON object is not a str")
            _check(element, depth + 1)
        return
    raise InvalidRequest(f"{type(value).__name__} is not a JSON value, str or bytes")


def _plain(value: Any) -> bool:
    """Whether every JSON parser gives this value back unchanged, also inside the body of a bulk."""
    if isinstance(value, dict):
        return set(value) != {"base64"} and all(_plain(element) for element in value.values())
    if isinstance(value, (list, tuple)):
        return all(_plain(element) for element in value)
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return True
    return isinstance(value, int) and _INT_MIN <= value <= _INT_MAX
