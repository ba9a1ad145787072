"""A cluster does its main job: any node serves any request."""

import subprocess

import pytest
from support.cluster import Cluster


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with Cluster(tmp_path_factory.mktemp("serving")) as made:
        yield made.start()


def curl(*arguments):
    done = subprocess.run(["curl", "-sS", "--max-time", "10", *arguments], capture_output=True, text=True, timeout=20, check=True)
    return done.stdout


def test_curl_puts_on_one_node_and_gets_from_another(cluster):
    for writer in cluster.nodes:
        for reader in cluster.nodes:
            value = f"hello from {writer.id}"
            curl("-X", "PUT", f"localhost:{writer.http_port}/v1/kv/greeting", "-d", value)
            assert curl(f"localhost:{reader.http_port}/v1/kv/greeting") == value


def test_value_comes_back_as_it_was_put(cluster):
    bodies = {
        "text/plain": "Grüße".encode(),
        "application/json": b'{"b": 1,  "a": [1e400, 0.1, null]}',
        "application/octet-stream": bytes(range(256)),
    }
    put, get = cluster.nodes[0], cluster.nodes[1]
    for number, (media_type, body) in enumerate(bodies.items()):
        assert put.request("PUT", f"/v1/kv/value{number}", body, {"Content-Type": media_type}).status == 201
        answer = get.request("GET", f"/v1/kv/value{number}")
        assert (answer.status, answer.body) == (200, body)
        assert answer.headers["Content-Type"].startswith(media_type)


def test_empty_value_is_a_value(cluster):
    node = cluster.nodes[0]
    assert node.request("PUT", "/v1/kv/empty", b"", {"Content-Type": "text/plain"}).status == 201
    answer = node.request("GET", "/v1/kv/empty")
    assert (answer.status, answer.body) == (200, b"")


def test_large_value(cluster):
    body = bytes(range(256)) * (8 * 1024 * 4)  # 8 MiB, the default limit
    follower = cluster.follower()
    assert follower.request("PUT", "/v1/kv/large", body, {"Content-Type": "application/octet-stream"}, timeout=30).status == 201
    for node in cluster.nodes:
        assert node.request("GET", "/v1/kv/large", timeout=30).body == body


def test_conditional_writes(cluster):
    one, other = cluster.nodes[1], cluster.nodes[2]
    text = {"Content-Type": "text/plain"}
    assert one.request("PUT", "/v1/kv/cas", b"1", {**text, "If-None-Match": "*"}).status == 201
    assert other.request("PUT", "/v1/kv/cas", b"2", {**text, "If-None-Match": "*"}).status == 412
    tag = other.request("GET", "/v1/kv/cas").headers["ETag"]
    assert other.request("PUT", "/v1/kv/cas", b"2", {**text, "If-Match": tag}).status == 200
    assert one.request("PUT", "/v1/kv/cas", b"3", {**text, "If-Match": tag}).status == 412
    assert one.request("GET", "/v1/kv/cas").body == b"2"


def test_reads_at_a_revision(cluster):
    node = cluster.nodes[0]
    first = node.request("PUT", "/v1/kv/history", b"old", {"Content-Type": "text/plain"}).json()["revision"]
    node.request("PUT", "/v1/kv/history", b"new", {"Content-Type": "text/plain"})
    for reader in cluster.nodes:
        assert reader.request("GET", f"/v1/kv/history?revision={first}").body == b"old"
        assert reader.request("GET", "/v1/kv/history").body == b"new"


def test_bulk_is_one_revision(cluster):
    body = b'{"items":[{"key":"bulk/a","value":"text"},{"key":"bulk/b","value":[1,2]}],"delete":["bulk/c"]}'
    answer = cluster.nodes[2].request("POST", "/v1/bulk", body, {"Content-Type": "application/json"})
    assert answer.status == 200
    revision = answer.json()["revision"]
    items = cluster.nodes[1].request("GET", "/v1/kv?prefix=bulk/").json()["items"]
    assert [(item["key"], item["value"], item["mod_revision"]) for item in items] == [
        ("bulk/a", "text", revision),
        ("bulk/b", [1, 2], revision),
    ]


def test_transaction_takes_one_branch(cluster):
    def txn(expected):
        body = (
            '{"compare":[{"key":"txn","target":"exists","op":"==","value":%s}],'
            '"success":[{"put":{"key":"txn","value":"made"}}],"failure":[{"get":{"key":"txn"}}]}' % expected
        )
        return cluster.nodes[0].request("POST", "/v1/txn", body.encode(), {"Content-Type": "application/json"}).json()

    assert txn("false")["succeeded"] is True
    assert txn("false")["succeeded"] is False
    assert cluster.nodes[1].request("GET", "/v1/kv/txn").body == b"made"


def test_idempotency_key_applies_once_whichever_node_is_asked(cluster):
    headers = {"Content-Type": "text/plain", "Idempotency-Key": "only-once"}
    answers = [node.request("PUT", "/v1/kv/once", b"x", headers) for node in cluster.nodes]
    assert len({answer.json()["revision"] for answer in answers}) == 1
    envelope = cluster.nodes[0].request("GET", "/v1/kv/once", headers={"Accept": "application/json"}).json()
    assert envelope["version"] == 1
    assert cluster.nodes[0].request("PUT", "/v1/kv/once", b"y", headers).status == 422


def test_status_of_the_cluster(cluster):
    leader = cluster.leader()
    for node in cluster.nodes:
        status = node.status()
        assert status["node_id"] == node.id
        assert status["leader"] == leader.id
        assert status["role"] == ("leader" if node is leader else "follower")
        assert {member["id"] for member in status["members"]} == {"n1", "n2", "n3"}
    assert len({node.status()["cluster_id"] for node in cluster.nodes}) == 1


def test_pages_for_people_and_programs(cluster):
    node = cluster.nodes[0]
    assert node.request("GET", "/healthz").status == 200
    assert node.request("GET", "/readyz").status == 200
    assert b"\n# TYPE " in b"\n" + node.request("GET", "/metrics").body
    assert "/v1/kv/{key}" in node.request("GET", "/openapi.json").json()["paths"]
    page = node.request("GET", "/docs")
    assert page.status == 200 and b"swagger" in page.body.lower()
    assert b"https://" not in page.body.replace(b"https://www.w3.org", b""), "nothing may come from elsewhere"
    script = node.request("GET", "/docs/swagger-ui-bundle.js", timeout=20)
    assert script.status == 200 and len(script.body) > 500_000
