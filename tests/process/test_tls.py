"""Peers trust each other by certificates of the cluster's own authority, and nobody else."""

import socket
import ssl
import subprocess
import time

import pytest
from support.cluster import CHECKOUT, Cluster
from support.deadline import wait_until


def certificates(folder, *names):
    script = CHECKOUT / "deploy" / "make-certificates"
    subprocess.run([script, "--out", folder, *names], check=True, capture_output=True, timeout=120)
    return folder


def tls(folder, node="{node}"):
    return {"certificate": f"{folder}/{node}.pem", "key": f"{folder}/{node}-key.pem", "ca": f"{folder}/ca.pem"}


@pytest.fixture
def folder(tmp_path):
    return certificates(tmp_path / "certificates", "n1", "n2", "n3")


def test_nodes_with_certificates_form_a_cluster_and_fail_over(tmp_path, folder):
    with Cluster(tmp_path / "cluster", settings={"tls": tls(folder)}) as cluster:
        cluster.start(timeout=60)
        cluster.write("k", b"v")
        leader = cluster.leader()
        leader.kill()
        assert cluster.write("l", b"w", timeout=30) < 20
        leader.start().wait_ready(40)
        assert leader.request("GET", "/v1/kv/l").body == b"w"


def lost_links(cluster, victim):
    """How often nodes other than the victim lost a link to each other."""
    others = [node for node in cluster.nodes if node is not victim]
    lines = [line for node in others for line in node.log_path.read_text().splitlines() if "link: down" in line]
    return sum(f"127.0.0.1:{victim.peer_port} " not in line for line in lines)


def test_the_end_of_one_connection_does_not_end_others(tmp_path, folder):
    with Cluster(tmp_path / "cluster", settings={"tls": tls(folder)}) as cluster:
        cluster.start(timeout=60)
        kills = broken = 0
        for victim in cluster.nodes * 2:
            cluster.wait_settled()
            before = lost_links(cluster, victim)
            victim.kill()
            cluster.write(f"after {kills}", b"v", timeout=30)
            victim.start().wait_ready(60)
            kills += 1
            broken += lost_links(cluster, victim) > before
        # A machine that is very busy may lose a link now and then.
        assert broken <= kills // 3, f"{broken} of {kills} times the survivors lost their link to each other"


def handshake(port, context):
    """Whether the other side goes on talking after the handshake; a refused certificate shows at the first read at the latest."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as plain:
            with context.wrap_socket(plain) as connection:
                connection.settimeout(3)
                try:
                    return bool(connection.recv(1))
                except socket.timeout:
                    return True  # no answer, but no end either: it was let in
    except (ssl.SSLError, ConnectionError):
        return False


def client_context(folder, name):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if name is not None:
        context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}-key.pem")
    return context


def test_strangers_are_refused(tmp_path, folder):
    outside = certificates(tmp_path / "outside", "n1")
    with Cluster(tmp_path / "cluster", settings={"tls": tls(folder)}) as cluster:
        cluster.start(timeout=60)
        port = cluster.nodes[0].peer_port
        assert handshake(port, client_context(folder, "n2")), "a certificate of the cluster is let in, or this test proves nothing"
        assert not handshake(port, client_context(outside, "n1")), "a certificate of another authority"
        assert not handshake(port, client_context(folder, None)), "no certificate"
        with socket.create_connection(("127.0.0.1", port), timeout=10) as plain:
            plain.settimeout(10)
            plain.sendall(b"no TLS at all" * 100)
            try:
                assert plain.recv(4096)[:1] in (b"", b"\x15"), "closed, or an alert"
            except ConnectionError:
                pass
        assert cluster.write("still", b"serving", timeout=30) < 20


def refused(node):
    """Whether it says that it is not ready; False as long as it says nothing."""
    try:
        answer = node.request("GET", "/readyz", timeout=20)
    except ConnectionError:
        return False
    assert answer.status == 503, answer
    return True


def test_node_with_a_foreign_certificate_stays_outside(tmp_path, folder):
    outside = certificates(tmp_path / "outside", "n3")
    with Cluster(tmp_path / "cluster", settings={"tls": tls(folder)}) as cluster:
        cluster.start(timeout=60)
        victim = next(node for node in cluster.nodes if node.id == "n3")
        victim.terminate()
        for name in ("n3.pem", "n3-key.pem", "ca.pem"):
            (tmp_path / "foreign").mkdir(exist_ok=True)
            (tmp_path / "foreign" / name).write_bytes((outside / name).read_bytes())
        foreign = cluster.folder / "foreign.toml"
        foreign.write_text(cluster.config_path.read_text().replace(str(folder), str(tmp_path / "foreign")))
        victim.config_path = foreign
        victim.start()
        assert cluster.write("new", b"x", timeout=30) < 20
        wait_until(lambda: refused(victim), 20, "the node answers that it is not ready")
        # The others dial it and it dials them, about once a second; none of that lets it in.
        time.sleep(3)
        assert refused(victim)


@pytest.mark.parametrize("broken", ["certificate", "key", "ca"])
def test_missing_files_are_named(tmp_path, folder, broken):
    paths = tls(folder)
    paths[broken] = str(tmp_path / "missing.pem")
    with Cluster(tmp_path / "cluster", size=1, settings={"tls": paths}) as cluster:
        node = cluster.nodes[0].start()
        assert node.process.wait(20) == 2
        assert "missing.pem" in node.process.log()
