"""What a node cannot start with gets one clear line and exit code 2, or 3 when its disk is damaged."""

import shutil
import socket

import pytest
from support.cluster import Cluster, Process, program
from support.ports import free_port


def refused(node, code=2, timeout=20):
    """Starts it, expects this exit code, and answers what it said this time."""
    before = node.log_path.stat().st_size if node.log_path.exists() else 0
    node.start()
    assert node.process.wait(timeout) == code, node.process.log()
    return node.log_path.read_bytes()[before:].decode()


def run_trouped(tmp_path, *arguments, environment=None):
    """Exit code and output of a trouped that is expected to end by itself."""
    process = Process([program("trouped"), *arguments], tmp_path / "output.log", environment, folder=tmp_path)
    try:
        return process.wait(20), process.log()
    finally:
        process.kill()


@pytest.fixture
def single(make_cluster):
    cluster = make_cluster(size=1)
    return cluster.nodes[0]


def test_second_process_on_one_folder(single, tmp_path):
    single.start().wait_ready()
    config = tmp_path / "second.toml"
    text = single.cluster.config_path.read_text()
    for port in (single.http_port, single.peer_port):
        text = text.replace(str(port), str(free_port()))
    config.write_text(text)
    code, said = run_trouped(tmp_path, "--config", str(config), "--node", single.id)
    assert code == 2, said
    assert str(single.data_dir) in said
    assert single.ready(), "the first one is not disturbed"


@pytest.mark.parametrize("which", ["http_port", "peer_port"])
def test_port_in_use(single, which):
    with socket.socket() as other:
        # The port may still be known to the kernel from an earlier test.
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", getattr(single, which)))
        other.listen()
        said = refused(single)
    assert str(getattr(single, which)) in said


def test_folder_that_is_a_file(single):
    single.data_dir.write_text("not a folder")
    assert str(single.data_dir) in refused(single)


def test_folder_below_a_file(tmp_path):
    (tmp_path / "file").write_text("")
    code, said = run_trouped(tmp_path, "--port", str(free_port()), "--peer-port", str(free_port()), "--data-dir", "file/data")
    assert code == 2, said
    assert "file/data" in said


def test_folder_of_another_node(make_cluster):
    cluster = make_cluster().start()
    cluster.write("k", b"v")
    one, other = cluster.nodes[0], cluster.nodes[1]
    one.terminate()
    other.terminate()
    shutil.rmtree(one.data_dir)
    shutil.copytree(other.data_dir, one.data_dir)
    assert other.id in refused(one)


def test_folder_of_another_cluster(tmp_path):
    with Cluster(tmp_path / "a") as first, Cluster(tmp_path / "b") as second:
        first.start()
        second.start()
        mine, foreign = first.nodes[0], second.nodes[0]
        mine.terminate()
        foreign.terminate()
        shutil.rmtree(mine.data_dir)
        shutil.copytree(foreign.data_dir, mine.data_dir)
        refused(mine)


def test_damaged_log(single):
    single.start().wait_ready()
    for number in range(50):
        single.request("PUT", f"/v1/kv/k{number}", b"x" * 1000, {"Content-Type": "text/plain"})
    single.kill()
    segment = sorted((single.data_dir / "wal").iterdir())[0]
    content = bytearray(segment.read_bytes())
    at = content.find(b"x" * 1000) + 500
    content[at] ^= 1
    segment.write_bytes(content)
    said = refused(single, code=3)
    assert segment.name in said and "offset" in said, "file and place are named"


CONFIGS = {
    "no TOML": ("[cluster\n", ["1"]),
    "unknown key": ('[raft]\ntikc = "10ms"\n', ["tikc", "2"]),
    "unknown section": ("[rafts]\n", ["rafts"]),
    "number without a unit": ("[raft]\ntick = 10\n", ["raft.tick", "2"]),
    "out of range": ('[storage]\nsegment_bytes = "1KiB"\n', ["storage.segment_bytes", "2"]),
    "port out of range": ('[[node]]\nid = "n1"\npeer = "127.0.0.1:70000"\nhttp = "127.0.0.1:8000"\n', ["peer", "3"]),
    "two nodes of one name": (
        '[[node]]\nid = "n1"\npeer = "127.0.0.1:7000"\nhttp = "127.0.0.1:8000"\ndata_dir = "a"\n'
        '[[node]]\nid = "n1"\npeer = "127.0.0.1:7001"\nhttp = "127.0.0.1:8001"\ndata_dir = "b"\n',
        ["n1"],
    ),
    "peer address that is not loopback, without TLS": (
        '[[node]]\nid = "n1"\npeer = "192.0.2.1:7000"\nhttp = "127.0.0.1:8000"\ndata_dir = "a"\n'
        '[[node]]\nid = "n2"\npeer = "192.0.2.2:7000"\nhttp = "127.0.0.1:8001"\ndata_dir = "b"\n',
        ["tls", "192.0.2.1"],
    ),
}


@pytest.mark.parametrize("text, named", CONFIGS.values(), ids=CONFIGS.keys())
def test_wrong_configuration_is_named(tmp_path, text, named):
    (tmp_path / "cluster.toml").write_text(text)
    code, said = run_trouped(tmp_path, "--config", "cluster.toml", "--node", "n1")
    assert code == 2, said
    for part in ["cluster.toml", *named]:
        assert part in said, said


def test_configuration_that_is_not_there(tmp_path):
    code, said = run_trouped(tmp_path, "--config", "missing.toml", "--node", "n1")
    assert code == 2 and "missing.toml" in said


def test_node_that_the_file_does_not_know(single, tmp_path):
    code, said = run_trouped(tmp_path, "--config", str(single.cluster.config_path), "--node", "n9")
    assert code == 2 and "n9" in said


def test_unknown_flag(tmp_path):
    code, said = run_trouped(tmp_path, "--colour", "red")
    assert code == 2 and "--colour" in said


def test_check_config_says_what_it_understood(single, tmp_path):
    code, said = run_trouped(tmp_path, "--check-config", "--config", str(single.cluster.config_path), "--node", "n1")
    assert code == 0, said
    assert str(single.http_port) in said and str(single.data_dir) in said
    assert not single.data_dir.exists(), "it only looks"
