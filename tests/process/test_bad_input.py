"""Bad requests get the right status and a problem document, and change nothing."""

import json
import socket

import pytest
from support.cluster import Cluster, http_request
from support.deadline import wait_until

JSON = {"Content-Type": "application/json"}
TEXT = {"Content-Type": "text/plain"}


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    settings = {
        "limits": {"value_bytes": "1MiB", "http_body_bytes": "2MiB", "request_timeout": "1s"},
        "storage": {"history_keep_time": "1s", "history_keep_revisions": 3},
    }
    with Cluster(tmp_path_factory.mktemp("bad-input"), size=1, settings=settings) as cluster:
        cluster.start()
        yield cluster.nodes[0]


@pytest.fixture(autouse=True)
def node_bears_it(node):
    yield
    assert node.running(), node.process.log()
    assert node.request("GET", "/healthz").status == 200


def raw(node, request, timeout=10):
    """The status and headers of the first answer to these bytes."""
    with socket.create_connection(("127.0.0.1", node.http_port), timeout=timeout) as connection:
        connection.sendall(request)
        received = b""
        while b"\r\n\r\n" not in received:
            part = connection.recv(65536)
            assert part, f"the connection was closed after {received!r}"
            received += part
    lines = received.split(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    return int(lines[0].split()[1]), {name.lower(): value for name, value in (line.split(": ", 1) for line in lines[1:])}


def bulk(*items):
    return json.dumps({"items": list(items)}).encode()


BAD_400 = {
    "malformed JSON value": ("PUT", "/v1/kv/bad", b'{"a":', JSON),
    "two JSON values": ("PUT", "/v1/kv/bad", b"1 2", JSON),
    "empty JSON value": ("PUT", "/v1/kv/bad", b"", JSON),
    "NaN": ("PUT", "/v1/kv/bad", b"NaN", JSON),
    "JSON nested too deep": ("PUT", "/v1/kv/bad", b"[" * 5000 + b"]" * 5000, JSON),
    "JSON that is not UTF-8": ("PUT", "/v1/kv/bad", b'"\xff"', JSON),
    "text that is not UTF-8": ("PUT", "/v1/kv/bad", b"\xff\xfe", TEXT),
    "text with an overlong sequence": ("PUT", "/v1/kv/bad", b"\xc0\xaf", TEXT),
    "broken percent encoding": ("GET", "/v1/kv/%zz", None, {}),
    "cut percent encoding": ("GET", "/v1/kv/a%2", None, {}),
    "empty key": ("PUT", "/v1/kv/", b"x", TEXT),
    "unknown parameter": ("GET", "/v1/kv/bad?colour=red", None, {}),
    "ttl, which is not there yet": ("PUT", "/v1/kv/bad?ttl=30s", b"x", TEXT),
    "unknown consistency": ("GET", "/v1/kv/bad?consistency=sometimes", None, {}),
    "revision 0": ("GET", "/v1/kv/bad?revision=0", None, {}),
    "negative revision": ("GET", "/v1/kv/bad?revision=-1", None, {}),
    "revision over 64 bits": ("GET", "/v1/kv/bad?revision=99999999999999999999", None, {}),
    "limit 0": ("GET", "/v1/kv?limit=0", None, {}),
    "limit that is no number": ("GET", "/v1/kv?limit=ten", None, {}),
    "limit over the limit": ("GET", "/v1/kv?limit=1000000000", None, {}),
    "range backwards": ("GET", "/v1/kv?start=b&end=a", None, {}),
    "made-up cursor": ("GET", "/v1/kv?cursor=AAAA", None, {}),
    "keys_only that is no flag": ("GET", "/v1/kv?keys_only=maybe", None, {}),
    "bulk that is no object": ("POST", "/v1/bulk", b"[]", JSON),
    "bulk without JSON": ("POST", "/v1/bulk", b"{", JSON),
    "bulk with an unknown member": ("POST", "/v1/bulk", b'{"items":[],"extra":1}', JSON),
    "bulk item without key": ("POST", "/v1/bulk", bulk({"value": 1}), JSON),
    "bulk item without value": ("POST", "/v1/bulk", bulk({"key": "bad"}), JSON),
    "bulk item with an empty key": ("POST", "/v1/bulk", bulk({"key": "", "value": 1}), JSON),
    "bulk item whose key is a number": ("POST", "/v1/bulk", bulk({"key": 1, "value": 1}), JSON),
    "bulk with one bad item": ("POST", "/v1/bulk", bulk({"key": "bad", "value": 1}, {"key": 7, "value": 1}), JSON),
    "bulk with broken base64": ("POST", "/v1/bulk", bulk({"key": "bad", "value": {"base64": "%%"}}), JSON),
    "txn with an unknown operation": ("POST", "/v1/txn", b'{"success":[{"increment":{"key":"bad"}}]}', JSON),
    "txn with an unknown target": (
        "POST",
        "/v1/txn",
        b'{"compare":[{"key":"bad","target":"colour","op":"==","value":1}],"success":[{"put":{"key":"bad","value":1}}]}',
        JSON,
    ),
    "txn with an unknown comparison": (
        "POST",
        "/v1/txn",
        b'{"compare":[{"key":"bad","target":"version","op":"~","value":1}],"success":[{"put":{"key":"bad","value":1}}]}',
        JSON,
    ),
    "If-Match that is no revision": ("PUT", "/v1/kv/bad", b"x", {**TEXT, "If-Match": "abc"}),
    "empty Idempotency-Key": ("PUT", "/v1/kv/bad", b"x", {**TEXT, "Idempotency-Key": ""}),
    "endless Idempotency-Key": ("PUT", "/v1/kv/bad", b"x", {**TEXT, "Idempotency-Key": "k" * 300}),
}


@pytest.mark.parametrize("case", BAD_400.values(), ids=BAD_400.keys())
def test_400(node, case):
    check_problem(node.request(*case), 400)
    assert node.request("GET", "/v1/kv/bad").status == 404, "nothing of it was applied"


def check_problem(answer, status):
    assert answer.status == status, answer
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["type"] and problem["title"] and problem["detail"]
    return problem


RAW_400 = {
    "no HTTP at all": b"hello\r\n\r\n",
    "a TLS client": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100),
    "no Host": b"GET /healthz HTTP/1.1\r\n\r\n",
    "two Hosts": b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "header without a colon": b"GET /healthz HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n",
    "two lengths": b"PUT /v1/kv/bad HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
    "length and chunks": b"PUT /v1/kv/bad HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "negative length": b"PUT /v1/kv/bad HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "broken chunk": b"PUT /v1/kv/bad HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n",
    "space in the target": b"GET /v1/kv/a b HTTP/1.1\r\nHost: x\r\n\r\n",
}


@pytest.mark.parametrize("request_bytes", RAW_400.values(), ids=RAW_400.keys())
def test_400_below_http_libraries(node, request_bytes):
    assert raw(node, request_bytes)[0] == 400


def test_404(node):
    for target in ("/nothing", "/v1", "/v1/watch", "/v1/kv/a/b", "/docs/../etc/passwd", "/v1/backup"):
        check_problem(node.request("GET", target), 404)
    assert check_problem(node.request("GET", "/v1/kv/absent"), 404)["type"] != check_problem(node.request("GET", "/x"), 404)["type"]


def test_405_names_what_is_allowed(node):
    for method, target, allowed in (
        ("POST", "/v1/kv/a", {"GET", "HEAD", "PUT", "DELETE"}),
        ("DELETE", "/v1/kv", {"GET", "HEAD"}),
        ("GET", "/v1/bulk", {"POST"}),
        ("PATCH", "/v1/kv/a", {"GET", "HEAD", "PUT", "DELETE"}),
    ):
        answer = node.request(method, target)
        check_problem(answer, 405)
        assert {name.strip() for name in answer.headers["Allow"].split(",")} == allowed


def test_410_for_a_revision_that_is_compacted_away(node):
    first = node.request("PUT", "/v1/kv/history", b"0", TEXT).json()["revision"]

    def compacted():
        node.request("PUT", "/v1/kv/history", b"x", TEXT)
        return node.request("GET", f"/v1/kv/history?revision={first}").status == 410

    wait_until(compacted, 30, f"revision {first} is compacted away")
    check_problem(node.request("GET", f"/v1/kv/history?revision={first}"), 410)


def test_411_without_a_length(node):
    assert raw(node, b"PUT /v1/kv/bad HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n\r\n")[0] == 411


def test_412(node):
    node.request("PUT", "/v1/kv/present", b"x", TEXT)
    check_problem(node.request("PUT", "/v1/kv/present", b"y", {**TEXT, "If-None-Match": "*"}), 412)
    check_problem(node.request("PUT", "/v1/kv/present", b"y", {**TEXT, "If-Match": '"999999"'}), 412)
    check_problem(node.request("DELETE", "/v1/kv/absent", None, {"If-Match": "*"}), 412)
    assert node.request("GET", "/v1/kv/present").body == b"x"


def test_413_for_a_value_over_the_limit(node):
    check_problem(node.request("PUT", "/v1/kv/bad", b"x" * (1024 * 1024 + 1), TEXT), 413)
    assert node.request("GET", "/v1/kv/bad").status == 404
    assert node.request("PUT", "/v1/kv/just-fits", b"x" * (1024 * 1024), TEXT).status == 201


def test_413_for_a_body_over_the_limit_before_it_is_read(node):
    head = b"PUT /v1/kv/bad HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n"
    assert raw(node, head)[0] == 413


def test_413_in_bulk_applies_nothing(node):
    items = [{"key": "bad", "value": 1}, {"key": "large", "value": "x" * (1024 * 1024 + 1)}]
    check_problem(node.request("POST", "/v1/bulk", bulk(*items), JSON), 413)
    assert node.request("GET", "/v1/kv/bad").status == 404


def test_key_over_the_limit(node):
    assert node.request("PUT", "/v1/kv/" + "k" * 4097, b"x", TEXT).status in (413, 414)
    assert node.request("PUT", "/v1/kv/" + "k" * 4096, b"x", TEXT).status == 201


def test_415(node):
    check_problem(node.request("POST", "/v1/bulk", b'{"items":[]}', TEXT), 415)
    check_problem(node.request("POST", "/v1/txn", b"{}", {"Content-Type": "application/xml"}), 415)
    check_problem(node.request("PUT", "/v1/kv/bad", b"\xe4", {"Content-Type": "text/plain; charset=latin-1"}), 415)
    check_problem(node.request("PUT", "/v1/kv/bad", b"x", {**TEXT, "Content-Encoding": "gzip"}), 415)


def test_422_for_another_request_under_one_idempotency_key(node):
    headers = {**TEXT, "Idempotency-Key": "used"}
    assert node.request("PUT", "/v1/kv/used", b"1", headers).status == 201
    check_problem(node.request("PUT", "/v1/kv/used", b"2", headers), 422)
    check_problem(node.request("PUT", "/v1/kv/other", b"1", headers), 422)
    assert node.request("GET", "/v1/kv/used").body == b"1"


def test_431(node):
    head = b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X-%d: %s\r\n" % (i, b"y" * 1000) for i in range(40)) + b"\r\n"
    assert raw(node, head)[0] == 431


def test_504_for_a_revision_that_does_not_come(node):
    problem = check_problem(node.request("GET", "/v1/kv/present?revision=1000000000"), 504)
    assert "outcome-unknown" not in problem["type"]


def test_slow_client_is_cut_off(tmp_path):
    with Cluster(tmp_path, size=1, settings={"limits": {"header_timeout": "200ms", "body_timeout": "200ms"}}) as cluster:
        node = cluster.start().nodes[0]
        for start in (b"GET /healthz HT", b"PUT /v1/kv/slow HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc"):
            with socket.create_connection(("127.0.0.1", node.http_port), timeout=10) as connection:
                connection.sendall(start)
                while connection.recv(65536):
                    pass  # perhaps a 408 first; what counts is that it ends
        assert http_request(node.http_port, "GET", "/v1/kv/slow").status == 404


def test_pipelined_requests_are_answered_in_order(node):
    for number in range(20):
        node.request("PUT", f"/v1/kv/pipe{number}", f"value{number}.".encode(), TEXT)
    requests = b"".join(b"GET /v1/kv/pipe%d HTTP/1.1\r\nHost: x\r\n\r\n" % number for number in range(20))
    with socket.create_connection(("127.0.0.1", node.http_port), timeout=10) as connection:
        connection.sendall(requests)
        received = b""
        while b"value19." not in received:
            part = connection.recv(65536)
            assert part, received
            received += part
    positions = [received.index(b"value%d." % number) for number in range(20)]
    assert positions == sorted(positions)
