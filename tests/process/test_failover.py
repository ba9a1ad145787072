"""Nodes die, stop, fall behind and come back; the cluster keeps its word."""

import http.client
import json
import pathlib
import shutil
import signal
import time

from support.deadline import wait_until
from workload import Writers, judge

from durability import content_of

# Small, so that a few hundred writes fill segments and compact the log.
SMALL = {
    "storage": {"segment_bytes": "64KiB", "snapshot_log_bytes": "256KiB", "snapshot_log_entries": 200, "snapshot_keep_entries": 20}
}


def all_threads_stopped(pid):
    states = [(task / "stat").read_text().rpartition(")")[2].split()[0] for task in pathlib.Path(f"/proc/{pid}/task").iterdir()]
    return set(states) == {"T"}


def check(cluster, writers):
    """Every acknowledged write is on every node, no bulk is torn, nothing was applied twice."""
    for node in cluster.nodes:
        node.wait_ready(60)
    cluster.wait_settled()
    verdict = judge(writers, [content_of(node) for node in cluster.nodes])
    assert not writers.errors()
    assert verdict.clean(), verdict


def more_writes(writers, count, timeout=60):
    target = writers.acknowledged() + count
    wait_until(lambda: writers.errors() or writers.acknowledged() >= target, timeout, f"{count} more acknowledged writes")
    assert not writers.errors()


def test_leader_killed_writes_again(make_cluster):
    cluster = make_cluster().start()
    cluster.write("before", b"x")
    for _ in range(3):
        leader = cluster.leader()
        leader.kill()
        seconds = cluster.write("after", b"x")
        print(f"writes again {seconds:.2f} s after kill -9 of the leader")
        assert seconds < 10
        leader.start().wait_ready()
    assert cluster.nodes[0].request("GET", "/v1/kv/before").body == b"x"


def test_the_leadership_moves_under_write_load(make_cluster):
    cluster = make_cluster().start()
    writers = Writers(cluster.addresses, singles=3, groups=1)
    writers.start()
    try:
        more_writes(writers, 20)
        for turn in range(6):
            old = cluster.leader()
            heir = next(node for node in cluster.nodes if node is not old)
            asked = cluster.nodes[turn % 3]
            body = json.dumps({"to": heir.id}) if turn % 2 else None
            answer = asked.request("POST", "/v1/cluster/transfer", body=body, timeout=30)
            assert answer.status == 200, answer
            assert answer.json()["leader"] == heir.id if body else answer.json()["leader"] != old.id
            more_writes(writers, 20)
    finally:
        writers.stop()
    check(cluster, writers)


def test_random_kills_under_write_load(make_cluster):
    cluster = make_cluster(settings=SMALL).start()
    writers = Writers(cluster.addresses, singles=3, groups=2)
    writers.start()
    try:
        for turn in range(6):
            more_writes(writers, 50)
            victims = [cluster.leader() if turn % 2 else cluster.follower()]
            if turn == 4:
                victims = list(cluster.nodes)
            for node in victims:
                node.kill()
            for node in victims:
                node.start()
        more_writes(writers, 50)
    finally:
        writers.stop()
    check(cluster, writers)


def test_follower_behind_the_compacted_log_gets_a_snapshot(make_cluster):
    cluster = make_cluster(settings=SMALL).start()
    follower = cluster.follower()
    behind = follower.status()["last_index"]
    follower.terminate()
    for number in range(400):
        cluster.write(f"key/{number}", b"v" * 100)
    for node in cluster.running():
        assert node.request("POST", "/v1/snapshot", timeout=30).status == 200
    leader = cluster.leader()
    assert leader.status()["first_index"] > behind + 1, "the entries that the follower needs are gone"
    follower.start().wait_ready()
    assert follower.request("GET", "/v1/kv/key%2F0").body == b"v" * 100, "a linearizable read waits until the snapshot is loaded"
    cluster.wait_settled()
    assert len(content_of(follower)) == 400
    assert content_of(follower) == content_of(leader)
    # What it was given is durable there: it starts from it alone.
    follower.kill()
    follower.start().wait_ready()
    cluster.wait_settled()
    assert content_of(follower) == content_of(leader)


def test_follower_with_an_empty_folder_refuses_to_start(make_cluster):
    cluster = make_cluster().start()
    cluster.write("before", b"x")
    follower = cluster.follower()
    follower.terminate()
    shutil.rmtree(follower.data_dir)
    log_before = len(follower.process.log(1 << 20))
    follower.start()
    assert follower.process.wait(timeout=30) == 2
    said = follower.process.log(1 << 20)[log_before:]
    assert "replace" in said, said
    assert cluster.write("after", b"x") < 10, "the two others serve on"


def test_rolling_restarts_under_load(make_cluster):
    cluster = make_cluster(settings=SMALL).start()
    writers = Writers(cluster.addresses, singles=3, groups=1)
    writers.start()
    try:
        for turn in range(5):
            more_writes(writers, 30)
            node = cluster.nodes[turn % len(cluster.nodes)]
            assert node.terminate(timeout=5) == 0
            more_writes(writers, 10)
            node.start().wait_ready()
    finally:
        writers.stop()
    check(cluster, writers)


def test_whole_cluster_killed_and_started_again(make_cluster):
    cluster = make_cluster(settings=SMALL).start()
    for number in range(300):
        cluster.write(f"key/{number}", str(number).encode())
    for node in cluster.nodes:
        node.process.popen.kill()
    for node in cluster.nodes:
        node.kill()
    started = time.monotonic()
    cluster.start()
    print(f"serving again {time.monotonic() - started:.2f} s after the start of all three")
    cluster.wait_settled()
    for node in cluster.nodes:
        assert len(content_of(node)) == 300


def test_stopped_leader_is_replaced_and_catches_up(make_cluster):
    cluster = make_cluster().start()
    cluster.write("before", b"x")
    leader = cluster.leader()
    others = [node for node in cluster.nodes if node is not leader]
    leader.process.popen.send_signal(signal.SIGSTOP)  # its connections stay open: only silence tells
    try:
        wait_until(lambda: all_threads_stopped(leader.process.pid), 10, "the leader has stopped")
        started = time.monotonic()

        def written():
            for node in others:
                try:
                    answer = node.request("PUT", "/v1/kv/meanwhile", b"y", {"Content-Type": "text/plain"}, timeout=10)
                except (OSError, http.client.HTTPException):
                    continue
                if answer.status in (200, 201):
                    return True
            return False

        wait_until(written, 30, "the others serve without it")
        print(f"writes again {time.monotonic() - started:.2f} s after the leader stopped")
    finally:
        leader.process.popen.send_signal(signal.SIGCONT)
    leader.wait_ready()
    assert leader.request("GET", "/v1/kv/meanwhile").body == b"y"
    cluster.wait_settled()
    assert [content_of(node) for node in cluster.nodes].count(content_of(leader)) == 3


def test_no_majority_refuses_and_loses_nothing(make_cluster):
    cluster = make_cluster().start()
    cluster.write("kept", b"x")
    alone = cluster.leader()
    others = [node for node in cluster.nodes if node is not alone]
    for node in others:
        node.kill()
    answer = alone.request("PUT", "/v1/kv/lonely", b"x", {"Content-Type": "text/plain"}, timeout=20)
    assert answer.status in (503, 504), answer
    assert alone.request("GET", "/v1/kv/kept", timeout=20).status in (503, 504), "no linearizable read without a majority"
    assert alone.request("GET", "/v1/kv/kept?consistency=stale").body == b"x"
    for node in others:
        node.start()
    for node in cluster.nodes:
        node.wait_ready()
    assert alone.request("GET", "/v1/kv/kept").body == b"x"


def test_a_leader_with_a_lease_that_was_halted_answers_nothing_old(make_cluster):
    cluster = make_cluster(settings={"raft": {"read_lease": True}}).start()
    text = {"Content-Type": "text/plain"}
    cluster.write("k", b"old")
    leader = cluster.leader()
    others = [node for node in cluster.nodes if node is not leader]
    assert leader.request("GET", "/v1/kv/k").body == b"old"
    leader.process.popen.send_signal(signal.SIGSTOP)
    try:
        wait_until(lambda: all_threads_stopped(leader.process.pid), 10, "the leader has stopped")

        def written():
            for node in others:
                try:
                    answer = node.request("PUT", "/v1/kv/k", b"new", text, timeout=10)
                except (OSError, http.client.HTTPException):
                    continue
                if answer.status in (200, 201):
                    return True
            return False

        wait_until(written, 30, "the others serve without it")
        # Waits in its socket, so it is the first thing that it reads when it goes on.
        connection = http.client.HTTPConnection("127.0.0.1", leader.http_port, timeout=20)
        connection.request("GET", "/v1/kv/k")
    finally:
        leader.process.popen.send_signal(signal.SIGCONT)
    answer = connection.getresponse()
    body = answer.read()
    assert (answer.status, body) == (200, b"new") or answer.status in (503, 504), (answer.status, body)
    leader.wait_ready()
    assert leader.request("GET", "/v1/kv/k").body == b"new"
