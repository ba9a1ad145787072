"""The client against a server in this process that can be told to misbehave."""

import json
import socket
import threading
import time

import pytest
from fake_server import FakeServer

from troupe import (
    Conflict,
    DatabaseClient,
    InvalidRequest,
    MemoryFull,
    OutcomeUnknown,
    ServerError,
    TooLarge,
    TroupeError,
    Unavailable,
)

ROUND_TRIP = [
    None,
    True,
    False,
    0,
    -1,
    2**63,
    -(2**70),
    0.1,
    1e300,
    -0.0,
    "",
    "text",
    "null",
    "{}",
    "Grüße 🦉 \u0000 \n",
    [],
    {},
    [None, False, 0, "", [], {}],
    {"name": "Ada", "tags": ["x", {"y": [1, 2.5, None]}], "": 0, "ключ": "значение"},
    {"base64": "aGVsbG8="},
    {"inner": {"base64": "aGVsbG8="}},
    b"",
    b"\x00\xff bytes",
]


def problem(status, kind="about:blank", detail="because"):
    body = json.dumps({"type": kind, "title": "t", "status": status, "detail": detail}).encode()
    return ("answer", status, {"Content-Type": "application/problem+json"}, body)


def unavailable(retry_after="0"):
    body = b'{"type":"no-leader","title":"t","status":503,"detail":"no leader"}'
    return ("answer", 503, {"Content-Type": "application/problem+json", "Retry-After": retry_after}, body)


@pytest.fixture
def server():
    fake = FakeServer()
    yield fake
    fake.stop()


@pytest.fixture
def second():
    fake = FakeServer()
    yield fake
    fake.stop()


@pytest.fixture
def client(server):
    with DatabaseClient(host="127.0.0.1", port=server.port, timeout=3) as db:
        yield db


def closed_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def same(a, b):
    return type(a) is type(b) and repr(a) == repr(b)


@pytest.mark.parametrize("value", ROUND_TRIP, ids=repr)
def test_value_round_trips_through_set(client, value):
    client.set("k", value)
    assert same(client.get("k", default="absent"), value)


@pytest.mark.parametrize("value", ROUND_TRIP, ids=repr)
def test_value_round_trips_through_bulk_and_scan(client, value):
    client.bulk_set([("k", value), ("l", 1)])
    assert same(client.get("k", default="absent"), value)
    (key, scanned), _ = client.scan("")
    assert key == "k" and same(scanned, value)


def test_text_and_json_are_told_apart_on_the_wire(client, server):
    client.set("text", "1")
    client.set("json", 1)
    assert server.values["text"] == ("text/plain; charset=utf-8", b"1")
    assert server.values["json"] == ("application/json", b"1")


def test_absent_key(client):
    assert client.get("nothing") is None
    assert client.get("nothing", default=7) == 7
    assert client.delete("nothing") is False


def test_delete(client):
    client.set("k", 1)
    assert client.delete("k") is True
    assert client.get("k") is None


def test_revisions_grow(client):
    first = client.set("a", 1)
    assert client.bulk_set([("b", 1)]) > first


@pytest.mark.parametrize("key", ["a/b", "..", ".", "ü 🦉", "?x=1&y#z", "%2F", "a b+c"])
def test_any_text_is_a_key(client, server, key):
    client.set(key, 1)
    assert list(server.values) == [key]
    assert client.get(key) == 1
    assert dict(client.scan(key)) == {key: 1}


def test_scan_follows_cursors(client):
    expected = {f"user/{number:03}": number for number in range(20)}
    client.bulk_set(expected.items())
    client.set("visitor", 1)
    assert list(client.scan("user/")) == list(expected.items())
    assert list(client.scan("nobody")) == []


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1: 2}, object(), {"a": {1, 2}}, "\ud800", ["\ud800"]], ids=repr)
def test_what_is_no_json_is_refused_before_it_is_sent(client, server, value):
    with pytest.raises(InvalidRequest):
        client.set("k", value)
    with pytest.raises(InvalidRequest):
        client.bulk_set([("k", value)])
    assert server.requests == []


@pytest.mark.parametrize("key", ["", None, 7, "\ud800"], ids=repr)
def test_bad_keys_are_refused_before_they_are_sent(client, server, key):
    with pytest.raises(InvalidRequest):
        client.set(key, 1)
    with pytest.raises(InvalidRequest):
        client.get(key)
    assert server.requests == []


@pytest.mark.parametrize(
    "status, error", [(400, InvalidRequest), (412, Conflict), (413, TooLarge), (422, InvalidRequest), (500, ServerError)]
)
def test_statuses_become_typed_errors(client, server, status, error):
    server.script.append(problem(status, "https://example/why", "the reason"))
    with pytest.raises(error) as caught:
        client.set("k", 1)
    assert isinstance(caught.value, TroupeError)
    assert caught.value.status == status
    assert "the reason" in str(caught.value)
    assert len(server.requests) == 1, "a decided request is not sent again"


def test_answers_outside_the_interface_are_server_errors(client, server):
    for body in (b"<html>", b"[]", b"{}"):
        server.script.append(("answer", 200, {"Content-Type": "application/json"}, body))
        with pytest.raises(ServerError):
            client.set("k", 1)


def test_every_write_has_its_own_idempotency_key(client, server):
    client.set("a", 1)
    client.set("a", 1)
    client.delete("a")
    client.bulk_set([("a", 1)])
    client.get("a")
    keys = [headers.get("Idempotency-Key") for _, _, headers in server.requests]
    assert None not in keys[:4] and len(set(keys[:4])) == 4
    assert keys[4] is None


def test_retry_after_lost_answer_is_applied_once(client, server):
    server.script.append(("apply_then_drop",))
    assert client.set("k", 1) == 1
    assert server.revision == 1
    assert len({headers["Idempotency-Key"] for _, _, headers in server.requests}) == 1
    assert len(server.requests) == 2


def test_unknown_outcome_is_tried_again_with_the_same_key(client, server):
    server.script.append(problem(504, "outcome-unknown"))
    assert client.set("k", 1) == 1
    assert len({headers["Idempotency-Key"] for _, _, headers in server.requests}) == 1


def test_503_goes_to_another_node_at_once(server, second):
    server.script.append(unavailable(retry_after="1"))
    with DatabaseClient(nodes=[server.address, second.address], timeout=5) as db:
        started = time.monotonic()
        db.set("k", 1)
        assert time.monotonic() - started < 0.7, "another node is asked before Retry-After has passed"
        assert second.values["k"][1] == b"1"
        db.set("l", 2)
    assert len(server.requests) == 1, "the node that answered last is asked first"


def test_503_everywhere_waits_as_told(client, server):
    server.script.append(unavailable(retry_after="0.4"))
    started = time.monotonic()
    client.set("k", 1)
    assert time.monotonic() - started >= 0.25


def test_refused_connection_goes_to_the_next_node(server):
    with DatabaseClient(nodes=[f"127.0.0.1:{closed_port()}", f"http://{server.address}/"], timeout=5) as db:
        db.set("k", [1])
        assert db.get("k") == [1]


def test_nobody_there_is_unavailable():
    with DatabaseClient(host="127.0.0.1", port=closed_port(), timeout=0.5) as db:
        started = time.monotonic()
        with pytest.raises(Unavailable):
            db.set("k", 1)
        assert time.monotonic() - started < 3


def test_503_until_the_deadline_is_unavailable(server):
    server.script.extend(unavailable() for _ in range(10_000))
    with DatabaseClient(host="127.0.0.1", port=server.port, timeout=0.3) as db:
        with pytest.raises(Unavailable) as caught:
            db.set("k", 1)
    assert caught.value.status == 503


def test_lost_answer_then_503_is_unknown_not_unavailable(server):
    server.script.append(("apply_then_drop",))
    server.script.extend(unavailable() for _ in range(10_000))
    with DatabaseClient(host="127.0.0.1", port=server.port, timeout=0.5) as db:
        with pytest.raises(OutcomeUnknown):
            db.set("k", 1)


def test_lost_answer_then_507_is_unknown_not_unavailable(client, server):
    full = ("answer", 507, {}, b'{"type":"urn:troupe:problem:memory-full","title":"","status":507,"detail":"full"}')
    server.script.extend([("apply_then_drop",), full])
    with pytest.raises(OutcomeUnknown, match="full"):
        client.set("k", "v")
    assert server.values, "it was applied before the memory was full"
    server.script.append(full)
    with pytest.raises(MemoryFull):
        client.set("other", "v")


def test_lost_read_is_unavailable_never_unknown(server):
    server.script.extend(("drop",) for _ in range(10_000))
    with DatabaseClient(host="127.0.0.1", port=server.port, timeout=0.3) as db:
        with pytest.raises(Unavailable):
            db.get("k")


def test_node_that_hangs_leaves_time_for_the_next(server):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with DatabaseClient(nodes=[f"127.0.0.1:{silent.getsockname()[1]}", server.address], timeout=2) as db:
            db.set("k", 1)
    assert server.values["k"][1] == b"1"


def test_connections_are_kept(client, server):
    for _ in range(20):
        client.set("k", 1)
    assert server.connections == 1


def test_restarted_server_is_found_again(server):
    with DatabaseClient(host="127.0.0.1", port=server.port, timeout=3) as db:
        db.set("k", 1)
        server.script.append(("drop",))  # what a kept connection to a restarted server looks like
        assert db.get("k") == 1


def test_shared_between_threads(client, server):
    def work(number):
        for step in range(25):
            client.set(f"{number}/{step}", step)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(server.values) == 200
    assert server.connections <= 8


@pytest.mark.parametrize("node", ["", "localhost", "localhost:port", "https://localhost:1", "localhost:1/x"])
def test_bad_node_addresses(node):
    with pytest.raises(InvalidRequest):
        DatabaseClient(nodes=[node])


def test_no_nodes():
    with pytest.raises(InvalidRequest):
        DatabaseClient(nodes=[])


@pytest.mark.parametrize("timeout", [0, -1, 601, float("nan")])
def test_timeouts_stay_within_the_window_of_idempotency_keys(timeout):
    with pytest.raises(InvalidRequest):
        DatabaseClient(timeout=timeout)


def test_members(client, server):
    def changed(value):
        return ("answer", 200, {"Content-Type": "application/json"}, json.dumps({"id": "n 4", "changed": value}).encode())

    server.script.extend([changed(True), changed(False), changed(True), changed(True)])
    assert client.add_member("n 4", peer="127.0.0.1:7003") is True
    assert client.promote_member("n 4") is False
    assert client.replace_member("n 4") is True
    assert client.remove_member("n 4") is True
    assert [request[:2] for request in server.requests] == [
        ("POST", "/v1/cluster/members"),
        ("POST", "/v1/cluster/members/n%204/promote"),
        ("POST", "/v1/cluster/members/n%204/replace"),
        ("DELETE", "/v1/cluster/members/n%204"),
    ]
    server.script.append(problem(409, "urn:troupe:problem:not-possible", "it has not caught up"))
    with pytest.raises(Conflict, match="caught up"):
        client.promote_member("n4")
    server.script.append(("answer", 200, {"Content-Type": "application/json"}, b'{"members":[]}'))
    assert client.cluster() == {"members": []}
