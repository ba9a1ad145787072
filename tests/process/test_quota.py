"""The memory quota: full, refused, deleted, and well again without anybody's help."""

import json

from support.cluster import Cluster
from support.deadline import wait_until

QUOTA = 4 * 1024 * 1024
SETTINGS = {"limits": {"memory_quota_bytes": "4MiB"}, "storage": {"segment_bytes": "1MiB", "reserve_bytes": "1MiB"}}
BYTES = {"Content-Type": "application/octet-stream"}


def put(node, number):
    return node.request("PUT", f"/v1/kv/big{number}", bytes(64 * 1024), BYTES)


def fill(node):
    for number in range(200):
        answer = put(node, number)
        if answer.status != 201:
            return number, answer
    raise AssertionError("the quota was never reached")


def alarm(node):
    return node.status()["memory"]["alarm"]


def test_full_refused_deleted_recovered(tmp_path):
    with Cluster(tmp_path, settings=SETTINGS) as cluster:
        cluster.start()
        leader = cluster.leader()
        taken, answer = fill(leader)
        assert answer.status == 507, answer
        assert answer.json()["type"] == "urn:troupe:problem:memory-full"
        assert int(answer.headers["Retry-After"]) >= 1
        assert QUOTA <= taken * 64 * 1024 + 64 * 1024 <= 2 * QUOTA
        for node in cluster.nodes:
            wait_until(lambda node=node: alarm(node), 10, f"{node.id} knows")
            assert put(node, 999).status == 507
            assert node.request("GET", "/v1/kv/big0").status == 200
            text = node.request("GET", "/metrics").body.decode()
            assert f"troupe_memory_quota_bytes {QUOTA}" in text
        memory = leader.status()["memory"]
        assert memory["logical_bytes"] >= memory["quota_bytes"] * 0.9

        # A transaction that puts is refused whole; one that only deletes is taken.
        both = json.dumps({"items": [{"key": "new", "value": "v"}], "delete": ["big0"]})
        assert leader.request("POST", "/v1/bulk", both, {"Content-Type": "application/json"}).status == 507
        only = json.dumps({"delete": [f"big{number}" for number in range(taken // 2)]})
        assert cluster.follower().request("POST", "/v1/bulk", only, {"Content-Type": "application/json"}).status == 200
        wait_until(lambda: not any(alarm(node) for node in cluster.nodes), 15, "all are well again")
        for node in cluster.nodes:
            assert put(node, 999).status in (200, 201)


def test_the_alarm_survives_a_restart_and_a_change_of_leader(tmp_path):
    with Cluster(tmp_path, settings=SETTINGS) as cluster:
        cluster.start()
        taken, _ = fill(cluster.leader())
        assert cluster.nodes[0].request("POST", "/v1/snapshot").status == 200
        for node in cluster.nodes:
            node.kill()
        cluster.start()
        old = cluster.leader()
        wait_until(lambda: all(alarm(node) for node in cluster.nodes), 10, "all know it again")
        assert put(old, 999).status == 507
        old.kill()
        cluster.leader()
        for node in cluster.running():
            assert put(node, 999).status == 507
        for number in range(taken // 2):
            assert cluster.running()[0].request("DELETE", f"/v1/kv/big{number}").status == 200
        wait_until(lambda: not any(alarm(node) for node in cluster.running()), 15, "both are well again")
        assert put(cluster.running()[0], 999).status in (200, 201)
