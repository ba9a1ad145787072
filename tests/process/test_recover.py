"""A cluster that lost its majority for good: `troupe recover` builds a new one from the folder that is left."""

import json
import shutil
import subprocess

from support.cluster import program
from support.deadline import wait_until

from durability import content_of


def recover(*arguments):
    command = [program("troupe"), "recover", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def files_of(folder):
    return {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def cluster_id(node):
    return node.status()["cluster_id"]


def test_a_new_cluster_from_the_one_folder_that_is_left(make_cluster, tmp_path):
    cluster = make_cluster().start()
    survivor, lost, late = cluster.nodes
    for number in range(100):
        cluster.write(f"key/{number}", str(number).encode())
    cluster.wait_settled()
    before = content_of(survivor)
    assert len(before) == 100
    old_cluster = cluster_id(survivor)

    busy = recover("--data-dir", survivor.data_dir)
    assert busy.returncode == 2 and "a process is using" in busy.stderr, busy
    for node in cluster.nodes:
        node.kill()
    enough = recover("--data-dir", survivor.data_dir, "--data-dir", late.data_dir)
    assert enough.returncode == 2 and "a majority" in enough.stderr, enough

    shutil.rmtree(lost.data_dir)
    left = files_of(survivor.data_dir)
    looked = recover("--data-dir", survivor.data_dir)
    assert looked.returncode == 0 and "WRITES MAY BE LOST" in looked.stdout and old_cluster in looked.stdout, looked
    new_folder = tmp_path / "new"
    unconfirmed = recover("--data-dir", survivor.data_dir, "--new-dir", new_folder)
    assert unconfirmed.returncode == 2 and f"--confirm {old_cluster}" in unconfirmed.stderr, unconfirmed
    assert str(new_folder) in unconfirmed.stderr and not new_folder.exists(), unconfirmed
    (tmp_path / "link").symlink_to(survivor.data_dir)
    for again in (survivor.data_dir, f"{survivor.data_dir}/", tmp_path / "link"):
        twice = recover("--data-dir", survivor.data_dir, "--data-dir", again)
        assert twice.returncode == 2 and "twice" in twice.stderr and len(twice.stderr.splitlines()) == 1, twice
    wrong = recover("--data-dir", survivor.data_dir, "--new-dir", new_folder, "--confirm", "0" * 32)
    assert wrong.returncode == 2 and not new_folder.exists(), wrong
    build = ["--data-dir", survivor.data_dir, "--new-dir", new_folder, "--confirm", old_cluster]
    done = recover(*build)
    assert done.returncode == 0, done
    assert files_of(survivor.data_dir) == left, "the old folder is as it was"
    assert recover(*build).returncode == 2, "a folder is built once"

    survivor.data_dir.rename(tmp_path / "old")
    new_folder.rename(survivor.data_dir)
    survivor.start().wait_ready(60)
    assert content_of(survivor) == before
    assert "THIS FOLDER WAS REBUILT" in survivor.process.log(1 << 20)
    status = survivor.status()
    assert status["cluster_id"] != old_cluster
    assert [member["id"] for member in status["members"]] == [survivor.id]
    assert status["health"]["summary"] == "healthy: 1 of 1 voters, tolerates 0 failures"
    assert f"old_cluster={old_cluster}" in status["recovered"]

    # A node of the old cluster turns up after all.
    late.start()
    wait_until(lambda: "refuses this one" in late.process.log(1 << 20), 30, "a refusal")
    wait_until(late.status, 30, "the old node answers")
    cluster_writes = survivor.request("PUT", "/v1/kv/after", b"x", {"Content-Type": "text/plain"})
    assert cluster_writes.status in (200, 201), cluster_writes
    assert not late.ready()
    assert late.request("GET", "/v1/kv/after?consistency=stale").status == 404
    assert [member["id"] for member in survivor.status()["members"]] == [survivor.id]


def test_status_says_how_the_cluster_is_and_so_does_its_exit_code(make_cluster):
    cluster = make_cluster().start()
    cluster.write("k", b"x")
    cluster.wait_settled()
    endpoints = ",".join(f"127.0.0.1:{node.peer_port}" for node in cluster.nodes)

    def status(*more):
        return subprocess.run(
            [program("troupe"), "--endpoints", endpoints, "status", *more], capture_output=True, text=True, timeout=60, check=False
        )

    well = status()
    assert well.returncode == 0, well
    assert well.stdout.startswith("healthy: 3 of 3 voters, tolerates 1 failure\n"), well.stdout
    gone = cluster.follower()
    gone.kill()
    wait_until(lambda: status().returncode == 1, 30, "the status says that a node is missing")
    document = json.loads(status("--json").stdout)
    assert document["health"]["status"] == "degraded"
    assert document["health"]["tolerates"] == 0
    assert gone.id in document["health"]["problems"][0]
    states = {member["id"]: member["state"] for member in document["health"]["members"]}
    assert states.pop(gone.id) == "unreachable"
    assert set(states.values()) == {"ok"}


def test_a_backup_is_restored_into_a_new_cluster(make_cluster, tmp_path):
    cluster = make_cluster().start()
    for number in range(50):
        cluster.write(f"key/{number}", str(number).encode())
    node = cluster.leader()
    before = content_of(node)
    endpoint = f"127.0.0.1:{node.peer_port}"
    made = subprocess.run([program("troupe"), "--endpoints", endpoint, "snapshot"], capture_output=True, timeout=60, check=False)
    assert made.returncode == 0, made
    backup = tmp_path / "backup.snap"
    shutil.copy(max((node.data_dir / "snapshots").glob("snapshot-*.snap")), backup)
    cluster.write("later", b"is not in it")
    for each in cluster.nodes:
        each.kill()
        shutil.rmtree(each.data_dir)
    target = cluster.nodes[0]
    addresses = ["--peer", f"127.0.0.1:{target.peer_port}", "--http", target.address]
    command = [program("troupe"), "restore", "--snapshot", backup, "--new-dir", target.data_dir, "--node", target.id, *addresses]
    for option, value in [("--node", "x" * 65), ("--node", "a b"), ("--peer", "0.0.0.0:7000"), ("--peer", "host"), ("--http", addresses[1])]:
        bad = command.copy()
        bad[bad.index(option) + 1] = value
        refused = subprocess.run(bad, capture_output=True, text=True, timeout=60, check=False)
        assert refused.returncode == 2 and f"troupe restore: {option}: " in refused.stderr, refused
        assert not target.data_dir.exists()
    restored = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert restored.returncode == 0, restored
    target.start().wait_ready(60)
    assert content_of(target) == before
    assert "restored from=" in target.status()["recovered"]
