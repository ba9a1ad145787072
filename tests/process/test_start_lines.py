"""The start lines of the Python program that this grew from, and the order flag, environment, file, default."""

import http.client

import pytest
from support.cluster import Process, http_request, program
from support.deadline import wait_until
from support.ports import free_port, is_free


def ready(port):
    try:
        return http_request(port, "GET", "/readyz", timeout=2).status == 200
    except (OSError, http.client.HTTPException):
        return False


def wait_ready(process, port):
    def check():
        assert process.running(), process.log()
        return ready(port)

    wait_until(check, 30, lambda: f"port {port} is ready; log:\n{process.log()}")


def port_with_peer_port():
    """An HTTP port whose default peer port, 1000 below, is free as well."""
    for _ in range(1000):
        port = free_port()
        if port > 11_000 and is_free(port - 1000):
            return port
    raise AssertionError("no such pair of ports")


@pytest.fixture
def start(tmp_path):
    processes = []

    def start_one(*arguments, environment=None):
        log = tmp_path / f"{len(processes)}.log"
        processes.append(Process([program("trouped"), *arguments], log, environment, folder=tmp_path))
        return processes[-1]

    yield start_one
    for process in processes:
        process.kill()


def test_port_alone_is_a_single_node(start, tmp_path):
    port = port_with_peer_port()
    process = start("--port", str(port))
    wait_ready(process, port)
    assert http_request(port, "PUT", "/v1/kv/a", b"1", {"Content-Type": "text/plain"}).status == 201
    assert process.terminate() == 0
    process = start("--port", str(port))
    wait_ready(process, port)
    assert http_request(port, "GET", "/v1/kv/a").body == b"1"


def test_three_nodes_by_peers(start):
    ports = [port_with_peer_port() for _ in range(3)]
    processes = []
    for node_id, port in enumerate(ports):
        others = ",".join(f"http://localhost:{other}" for other in ports if other != port)
        processes.append(start("--port", str(port), "--node-id", str(node_id), "--peers", others))
    for process, port in zip(processes, ports):
        wait_ready(process, port)
    assert http_request(ports[0], "PUT", "/v1/kv/a", b"1", {"Content-Type": "text/plain"}).status == 201
    assert http_request(ports[2], "GET", "/v1/kv/a").body == b"1"
    ids = {http_request(port, "GET", "/v1/cluster").json()["node_id"] for port in ports}
    assert len(ids) == 3
    processes[0].kill()
    processes[0] = start(*processes[0].arguments[1:])
    wait_ready(processes[0], ports[0])
    assert http_request(ports[0], "GET", "/v1/kv/a").body == b"1"


def test_environment_and_flags(start, tmp_path):
    port, other = port_with_peer_port(), port_with_peer_port()
    environment = {"DB_PORT": str(other), "DB_DATA_DIR": str(tmp_path / "from-environment"), "DB_NODE_ID": "7"}
    process = start("--port", str(port), environment=environment)
    wait_ready(process, port)
    assert (tmp_path / "from-environment").is_dir()
    assert is_free(other), "the flag goes before the environment"
    assert process.terminate() == 0
    process = start(environment=environment)
    wait_ready(process, other)
