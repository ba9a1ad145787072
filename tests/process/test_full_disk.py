"""Real file systems that fill up: small tmpfs mounts, which only root can make."""

import os
import subprocess

import pytest
from support.cluster import Cluster, program
from support.deadline import wait_until

MIB = 1024 * 1024
BYTES = {"Content-Type": "application/octet-stream"}
SETTINGS = {
    "storage": {
        "segment_bytes": "256KiB",
        "reserve_bytes": "2MiB",
        "snapshot_log_bytes": "1GiB",
        "history_keep_time": "1s",
        "history_keep_revisions": 10,
    }
}


@pytest.fixture
def small_disks():
    """Mounts a tmpfs of its own over a folder; all are gone at the end."""
    mounted = []

    def mount(folder, size):
        folder.mkdir(parents=True, exist_ok=True)
        if os.geteuid() != 0:
            pytest.skip("only root can mount a small file system")
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "troupe-test", str(folder)], capture_output=True, text=True, timeout=20, check=False
        )
        if done.returncode != 0:
            pytest.skip(f"a small file system cannot be mounted here: {done.stderr.strip()}")
        mounted.append(folder)

    yield mount
    for folder in mounted:
        subprocess.run(["umount", "--lazy", str(folder)], check=True, timeout=20)


def put(node, number, size=20_000):
    return node.request("PUT", f"/v1/kv/big{number}", bytes(size), BYTES, timeout=15)


def fill(node):
    """Puts until the disk is full; how many were taken."""
    for number in range(2_000):
        answer = put(node, number)
        if answer.status != 201:
            assert answer.status == 503 and answer.json()["type"] == "urn:troupe:problem:disk-full", answer
            assert int(answer.headers["Retry-After"]) >= 1
            return number
    raise AssertionError("the disk never filled up")


def put_works(node, number):
    return put(node, number).status in (200, 201)


def test_a_full_disk_serves_reads_and_deletes_and_recovers_by_itself(tmp_path, small_disks):
    cluster = Cluster(tmp_path, size=1, settings=SETTINGS)
    node = cluster.nodes[0]
    small_disks(node.data_dir, "8m")
    with cluster:
        cluster.start()
        taken = fill(node)
        assert taken > 50
        assert node.request("GET", "/v1/kv/big0").status == 200
        assert node.request("GET", "/v1/kv/big0?consistency=stale").status == 200
        assert node.status()["disk_full"]
        assert "troupe_disk_full 1" in node.request("GET", "/metrics").body.decode()
        # Deletes are taken, and a snapshot without the deleted values lets the log go: nobody has to do anything.
        for number in range(taken):
            assert node.request("DELETE", f"/v1/kv/big{number}", timeout=15).status == 200, number
        wait_until(lambda: put_works(node, 0), 30, lambda: f"writes are taken again: {node.status()}\n{node.process.log()}")
        wait_until(lambda: not node.status()["disk_full"], 30, "the reserve is held again")
        node.kill()
        node.start().wait_ready()
        assert node.request("GET", "/v1/kv/big0").status == 200
        assert node.request("GET", "/v1/kv/big1").status == 404


def fill_disk_of(node):
    """Somebody else's file takes what is left but 300 KiB; returns its path."""
    space = os.statvfs(node.data_dir)
    ballast = node.data_dir / "ballast"
    with open(ballast, "wb") as file:
        os.posix_fallocate(file.fileno(), 0, space.f_bavail * space.f_frsize - 300 * 1024)
    return ballast


def test_a_leader_on_a_full_disk_hands_over_and_comes_back(tmp_path, small_disks):
    cluster = Cluster(tmp_path, settings=SETTINGS)
    for node in cluster.nodes:
        small_disks(node.data_dir, "24m")
    with cluster:
        cluster.start()
        old = cluster.leader()
        ballast = fill_disk_of(old)
        number = [0]

        def another_leads():
            number[0] += 1
            put(old, number[0])
            leader = cluster.leader()
            return leader if leader is not old else None

        leader = wait_until(another_leads, 30, lambda: old.process.log())
        wait_until(lambda: put_works(leader, 1), 10, "the new leader takes writes")
        assert old.running(), old.process.log()
        assert put_works(old, 2), "the full node passes them on"
        ballast.unlink()
        wait_until(lambda: not old.status()["disk_full"], 30, lambda: old.process.log())
        cluster.wait_settled()


def test_a_follower_whose_log_takes_no_entries_votes(tmp_path, small_disks):
    cluster = Cluster(tmp_path, settings=SETTINGS)
    for node in cluster.nodes:
        small_disks(node.data_dir, "48m")
    with cluster:
        cluster.start()
        leader, full = cluster.leader(), cluster.follower()
        other = next(node for node in cluster.nodes if node not in (leader, full))
        # More than a snapshot has space for in what the reserve leaves: nothing frees that disk.
        for number in range(200):
            assert put_works(leader, number), number
        ballast = fill_disk_of(full)
        number = [200]

        def takes_no_entries():
            number[0] += 1
            put(leader, number[0])
            status = leader.status()
            match = {m["id"]: m["match_index"] for m in status["members"]}[full.id]
            return match is not None and match + 20 < status["commit_index"]

        wait_until(takes_no_entries, 60, lambda: full.process.log())
        assert full.status()["disk_full"]
        leader.kill()

        def another_leads():
            return any((status := node.status()) and status["role"] == "leader" for node in (full, other))

        wait_until(another_leads, 20, lambda: (full.process.log(), other.process.log()))
        leader.start()
        wait_until(lambda: put_works(other, 1), 30, lambda: other.process.log())
        ballast.unlink()
        wait_until(lambda: not full.status()["disk_full"], 30, lambda: full.process.log())
        cluster.wait_settled()


def is_not_ready(answer, because):
    return answer.status == 503 and answer.json()["type"].endswith(":not-ready") and because in answer.json()["detail"]


def test_the_cluster_knows_of_a_full_follower_and_that_one_says_so(tmp_path, small_disks):
    cluster = Cluster(tmp_path, settings=SETTINGS)
    full = cluster.nodes[0]
    small_disks(full.data_dir, "24m")
    with cluster:
        cluster.start()
        leader = cluster.leader()
        if leader is full:
            assert leader.request("POST", "/v1/cluster/transfer", timeout=15).status == 200
            leader = wait_until(lambda: (led := cluster.leader()) is not full and led, 20, "another leads")
        ballast = fill_disk_of(full)
        number = [0]

        def write_until(done):
            number[0] += 1
            put(leader, number[0])
            return done()

        def known():
            return next(m for m in leader.status()["members"] if m["id"] == full.id)["disk_full"]

        wait_until(lambda: write_until(known), 60, lambda: f"{leader.status()}\n{full.process.log()}")
        endpoint = f"127.0.0.1:{leader.peer_port}"
        shown = subprocess.run([program("troupe"), "--endpoints", endpoint, "status"], capture_output=True, text=True, timeout=60, check=False)
        assert shown.returncode == 1 and f"DEGRADED: the disk of {full.id} is full; 2 of 3 voters" in shown.stdout, shown
        # Once its reserve is used up it takes nothing new, and does not keep those waiting who ask.
        def keeps_nobody_waiting():
            answers = [full.request("GET", "/readyz"), full.request("GET", "/v1/kv/big1"), put(full, 1)]
            return all(is_not_ready(answer, "disk of n1 is full") for answer in answers)

        wait_until(lambda: write_until(keeps_nobody_waiting), 60, full.process.log)
        assert full.request("GET", "/v1/kv/big1?consistency=stale").status == 200
        endpoints = f"127.0.0.1:{full.peer_port},{endpoint}"
        passed_on = subprocess.run([program("troupe"), "--endpoints", endpoints, "put", "k", "v"], capture_output=True, text=True, timeout=60, check=False)
        assert passed_on.returncode == 0, passed_on
        ballast.unlink()
        wait_until(lambda: not known() and not full.status()["disk_full"], 60, full.process.log)
        full.wait_ready(60)
        cluster.wait_settled()
