"""SIGTERM ends a node cleanly within two seconds, whatever it is doing."""

import socket
import time

from support.deadline import wait_until
from workload import Writers


def terminate_in_time(node):
    started = time.monotonic()
    code = node.terminate(timeout=10)
    seconds = time.monotonic() - started
    assert code == 0, node.process.log()
    assert seconds < 2, f"{node.id} took {seconds:.2f} s"


def test_idle_nodes(make_cluster):
    cluster = make_cluster().start()
    for node in cluster.nodes:
        terminate_in_time(node)


def test_single_node(make_cluster):
    cluster = make_cluster(size=1).start()
    cluster.write("k", b"v")
    terminate_in_time(cluster.nodes[0])
    cluster.nodes[0].start().wait_ready()
    assert cluster.nodes[0].request("GET", "/v1/kv/k").body == b"v"


def test_leader_under_load(make_cluster):
    cluster = make_cluster().start()
    writers = Writers(cluster.addresses, singles=4, groups=1)
    writers.start()
    try:
        time.sleep(0.3)
        terminate_in_time(cluster.leader())
    finally:
        writers.stop()
    assert not writers.errors()


def test_with_open_connections(make_cluster):
    cluster = make_cluster(size=1).start()
    node = cluster.nodes[0]
    with socket.create_connection(("127.0.0.1", node.http_port)) as idle, socket.create_connection(
        ("127.0.0.1", node.http_port)
    ) as half:
        half.sendall(b"PUT /v1/kv/a HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")
        idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert idle.recv(100)
        terminate_in_time(node)


def test_while_it_waits_for_the_others(make_cluster):
    cluster = make_cluster()
    node = cluster.nodes[0].start()
    # Not ready and not formed, but its HTTP port answers.
    wait_until(lambda: node.status() is not None, 20, lambda: f"{node.id} answers; its log:\n{node.process.log()}")
    terminate_in_time(node)
