"""Searches of the client against a server in this process."""

import json

import pytest
from fake_server import FakeServer

from troupe import (
    BadSearch,
    CursorGone,
    DatabaseClient,
    Highlight,
    Hit,
    IndexBehind,
    InvalidRequest,
    ServerError,
    Unavailable,
)


@pytest.fixture
def server():
    fake = FakeServer()
    yield fake
    fake.stop()


@pytest.fixture
def client(server):
    with DatabaseClient(host="127.0.0.1", port=server.port, timeout=3) as db:
        yield db


def problem(status, slug, **members):
    body = {"type": f"urn:troupe:problem:{slug}", "title": "t", "status": status, "detail": "because", **members}
    return ("answer", status, {"Content-Type": "application/problem+json"}, json.dumps(body).encode())


def hit(**changes):
    return {"key": "a", "score": 0.5, "value": "x", "media_type": "text/plain", "mod_revision": 7, "highlights": [], **changes}


def test_what_is_not_said_has_its_default(client, server):
    client.search("greet*")
    assert server.searches == [
        {
            "q": "greet*", "mode": "text", "limit": 10, "offset": 0, "consistency": "linearizable", "timeout": "1500ms",
            "explain": False, "values": True, "highlights": True, "paged": False, "text_weight": 1, "vector_weight": 1,
        }
    ]  # fmt: skip


def test_everything_that_can_be_said(client, server):
    client.search(
        "q", mode="hybrid", limit=3, offset=2, prefix="p/", filter="n<1", fields=["a", "b"], facets=["c", ("d", 4)],
        vector=(1, 0.5), consistency="stale", min_revision=9, timeout=0.25, wait_vectors=True, explain=True, values=False,
        highlights=False, text_weight=0, vector_weight=2.5, paged=True, cursor="next",
    )  # fmt: skip
    assert server.searches == [
        {
            "q": "q", "mode": "hybrid", "limit": 3, "offset": 2, "prefix": "p/", "filter": "n<1", "fields": ["a", "b"],
            "facets": [{"field": "c"}, {"field": "d", "limit": 4}], "vector": [1.0, 0.5], "consistency": "stale",
            "min_revision": 9, "timeout": "250ms", "vectors": "wait", "explain": True, "values": False, "highlights": False,
            "text_weight": 0, "vector_weight": 2.5, "paged": True, "cursor": "next",
        }
    ]  # fmt: skip


def test_hits_have_the_values_that_get_returns(client, server):
    server.found["hits"] = [
        hit(),
        hit(value={"n": [1]}, media_type="application/json"),
        hit(value="1", media_type="application/json"),
        hit(value={"base64": "AP8="}, media_type="application/octet-stream", key={"base64": "/w=="}),
        {"key": "bare", "score": 1, "media_type": "text/plain", "mod_revision": 1},
    ]
    server.found.update(total=12, indexed_revision=40, vector_revision=38, took_ms=1.25)
    result = client.search("x")
    assert [one.value for one in result] == ["x", {"n": [1]}, "1", b"\x00\xff", None]
    assert [one.key for one in result] == ["a", "a", "a", b"\xff", "bare"]
    assert result.hits[0] == Hit("a", 0.5, "x", 7)
    assert (len(result), result.total, result.indexed_revision, result.vector_revision, result.took_ms) == (5, 12, 40, 38, 1.25)
    assert result.cursor is None and result.facets == {}


def test_marks_are_indices_of_the_text(client, server):
    server.found["hits"] = [hit(highlights=[{"field": "t", "text": "ä 🦉 owl here", "marks": [[0, 2], [8, 11]]}])]
    (found,) = client.search("x").hits
    assert found.highlights == (Highlight("t", "ä 🦉 owl here", ((0, 1), (4, 7))),)
    assert found.highlights[0].marked("<", ">") == "<ä> 🦉 <owl> here"


def test_facets_cursor_and_explanation(client, server):
    server.found["facets"] = {"tags": [{"value": "blue", "count": 3}, {"value": "red", "count": 1}], "year": []}
    server.found["cursor"] = "next"
    server.found["hits"] = [hit(explanation={"text_score": 0.5})]
    result = client.search("x", paged=True)
    assert result.facets == {"tags": {"blue": 3, "red": 1}, "year": {}}
    assert result.cursor == "next"
    assert result.hits[0].explanation == {"text_score": 0.5}


def test_a_wrong_search_says_where(client, server):
    server.script.append(problem(400, "bad-search", part="q", position=[3, 5]))
    with pytest.raises(BadSearch) as caught:
        client.search('a "b')
    assert (caught.value.part, caught.value.position, caught.value.status) == ("q", (3, 5), 400)
    assert isinstance(caught.value, InvalidRequest)
    server.script.append(problem(400, "bad-search", part="limit"))
    with pytest.raises(BadSearch) as caught:
        client.search("a")
    assert (caught.value.part, caught.value.position) == ("limit", None)
    server.script.append(problem(400, "search-off"))
    with pytest.raises(InvalidRequest):
        client.search("a")


def test_a_cursor_that_is_gone(client, server):
    server.script.append(problem(410, "cursor-gone"))
    with pytest.raises(CursorGone):
        client.search(cursor="old")


def test_an_index_that_stays_behind(server):
    server.script.extend(problem(504, "index-behind", indexed_revision=5, vector_revision=4) for _ in range(10_000))
    with DatabaseClient(host="127.0.0.1", port=server.port, timeout=0.3) as db:
        with pytest.raises(IndexBehind) as caught:
            db.search("x", min_revision=9)
    assert isinstance(caught.value, Unavailable)
    assert (caught.value.indexed_revision, caught.value.vector_revision) == (5, 4)


def test_silence_does_not_hide_how_far_the_index_is(server):
    server.script.append(problem(504, "index-behind", indexed_revision=5, vector_revision=4))
    server.script.extend(("drop",) for _ in range(10_000))
    with DatabaseClient(nodes=[server.address], timeout=0.5) as client, pytest.raises(IndexBehind) as caught:
        client.search("x", min_revision=9)
    assert caught.value.indexed_revision == 5


@pytest.mark.parametrize("found", [{}, {"hits": 1}, {"hits": [{}]}, {"hits": [{"key": "a"}], "total": 1}], ids=repr)
def test_answers_outside_the_interface_are_server_errors(client, server, found):
    server.found = found
    with pytest.raises(ServerError):
        client.search("x")


@pytest.mark.parametrize(
    "wrong",
    [
        {"vector": []}, {"vector": [float("nan")]}, {"vector": ["x"]}, {"vector": 1}, {"fields": "title"}, {"facets": "tags"},
        {"facets": [("a",)]}, {"facets": [("a", "b")]}, {"timeout": 0}, {"timeout": 61}, {"timeout": float("nan")},
        {"prefix": b"x"}, {"q": "\ud800"}, {"text_weight": float("inf")},
    ],
    ids=repr,
)  # fmt: skip
def test_what_cannot_be_sent_is_refused_before(client, server, wrong):
    with pytest.raises(InvalidRequest):
        client.search(**{"q": "x", **wrong})
    assert server.requests == []


def test_writes_may_be_embedded_first(client, server):
    client.set("a/b", "text", embed=True)
    client.bulk_set([("c", 1)], embed=True)
    client.set("d", 1)
    assert [path for _, path, _ in server.requests] == ["/v1/kv/a%2Fb?embed=sync", "/v1/bulk?embed=sync", "/v1/kv/d"]
    assert set(server.values) == {"a/b", "c", "d"}


def test_vectors_come_with_a_bulk(client, server):
    client.bulk_set([("a", "x"), ("b", "y")], vectors={"b": (1, 2.5)})
    assert server.vectors == {"b": [1.0, 2.5]}
    for vectors in ({"c": [1]}, {"a": []}, {"a": [float("inf")]}):
        with pytest.raises(InvalidRequest):
            client.bulk_set([("a", "x")], vectors=vectors)
    assert len(server.requests) == 1
