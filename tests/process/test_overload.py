"""Slow followers, disks and clients, and floods: memory stays within a bound, and what is too much is refused early."""

import http.client
import os
import signal
import socket
import subprocess
import threading
import time

from support.cluster import Cluster, program
from support.deadline import wait_until
from support.preload import slow_sync

MIB = 1024 * 1024
BYTES = {"Content-Type": "application/octet-stream"}

# Little in every buffer, so that what grows without a bound shows soon.
SMALL = {
    "raft": {"tail_bytes": "4MiB", "inflight_bytes": "1MiB", "uncommitted_bytes": "4MiB", "unapplied_bytes": "4MiB"},
    "storage": {
        "segment_bytes": "8MiB",
        "snapshot_log_bytes": "32MiB",
        "snapshot_keep_entries": 10,
        "history_keep_revisions": 10,
        "history_keep_time": "1s",
        "reserve_bytes": "1MiB",
    },
    "limits": {"value_bytes": "1MiB", "command_bytes": "2MiB", "http_body_bytes": "2MiB", "requests_in_flight_bytes": "16MiB"},
}


class Memory:
    """How much more a process ever held than when this was made."""

    def __init__(self, node):
        self.pid = node.process.pid
        with open(f"/proc/{self.pid}/clear_refs", "w", encoding="ascii") as file:
            file.write("5")  # the peak begins anew
        self.before = self._peak()

    def _peak(self):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmHWM:")) * 1024

    def growth(self):
        return self._peak() - self.before


def metric(node, name):
    for line in node.request("GET", "/metrics").body.decode().splitlines():
        if line.startswith(name + " "):
            return float(line.split()[1])
    raise AssertionError(f"{name} is not among the metrics")


def flood(node, threads, seconds, size, bytes_max):
    """Puts values over each other from many threads; counts of the answers by status, the headers of a refusal, bytes sent."""
    counts, refusals, lock = {}, [], threading.Lock()
    end = time.monotonic() + seconds
    sent = [0]

    def work(number):
        body = os.urandom(size)
        while time.monotonic() < end:
            with lock:
                if sent[0] >= bytes_max:
                    return
                sent[0] += size
            try:
                answer = node.request("PUT", f"/v1/kv/flood{number}", body, BYTES, timeout=15)
            except (OSError, http.client.HTTPException):
                answer = None
            with lock:
                status = answer.status if answer else 0
                counts[status] = counts.get(status, 0) + 1
                if status == 503:
                    refusals.append(answer)

    workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return counts, refusals, sent[0]


def test_a_stopped_follower_costs_the_leader_no_memory(tmp_path):
    with Cluster(tmp_path, settings=SMALL) as cluster:
        cluster.start()
        leader, follower = cluster.leader(), cluster.follower()
        # The same before, with nobody stopped: a second of history is kept, and a fast machine writes a lot in one.
        flood(leader, 4, 4, MIB // 2, 96 * MIB)
        memory = Memory(leader)
        follower.process.popen.send_signal(signal.SIGSTOP)
        try:
            counts, _, sent = flood(leader, 4, 4, MIB // 2, 96 * MIB)
            assert counts.get(200, 0) > 0, counts
            # Far less than what was written meanwhile, whatever the machine managed.
            assert memory.growth() < 48 * MIB + sent // 4, f"{memory.growth() / MIB} MiB for {sent / MIB} MiB"
        finally:
            follower.process.popen.send_signal(signal.SIGCONT)
        cluster.wait_settled()


def test_slow_disks_refuse_early_and_cost_no_memory(tmp_path):
    told = tmp_path / "slow"
    settings = {**SMALL, "raft": {**SMALL["raft"], "uncommitted_bytes": "2MiB"}}
    with Cluster(tmp_path / "cluster", settings=settings, environment=slow_sync(told)) as cluster:
        cluster.start()
        leader = cluster.leader()
        flood(leader, 4, 5, MIB // 2, 8 * MIB)
        memory = Memory(leader)
        told.write_text("250", encoding="ascii")
        counts, refusals, _ = flood(leader, 24, 5, MIB // 2, 1024 * MIB)
        told.unlink()
        assert counts.get(200, 0) > 0, counts
        assert refusals, counts
        assert all(int(refusal.headers["Retry-After"]) >= 1 for refusal in refusals)
        assert {refusal.json()["type"] for refusal in refusals} <= {"urn:troupe:problem:overloaded", "urn:troupe:problem:no-leader"}
        assert memory.growth() < 80 * MIB, f"{memory.growth() / MIB} MiB"
        cluster.write("after", "the flood")


def test_clients_that_do_not_read_cost_no_memory(tmp_path):
    with Cluster(tmp_path, size=1, settings=SMALL) as cluster:
        cluster.start()
        node = cluster.nodes[0]
        assert node.request("PUT", "/v1/kv/large", os.urandom(MIB), BYTES).status == 201
        # As an envelope every answer is a rendering of its own, not the value itself.
        ask = b"GET /v1/kv/large HTTP/1.1\r\nHost: test\r\nAccept: application/json\r\n\r\n" * 64
        memory = Memory(node)
        slow = []
        try:
            for _ in range(40):
                client = socket.create_connection(("127.0.0.1", node.http_port), timeout=10)
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                client.sendall(ask)
                slow.append(client)
            wait_until(lambda: metric(node, "troupe_http_memory_bytes") > 8 * MIB, 10, "answers wait")
            # Without a bound this would be 40 times 64 answers of more than 1 MiB.
            time.sleep(1)
            assert memory.growth() < 120 * MIB, f"{memory.growth() / MIB} MiB"
            small = node.request("GET", "/v1/cluster", timeout=10)
            assert small.status == 200, small
        finally:
            for client in slow:
                client.close()
        wait_until(lambda: metric(node, "troupe_http_memory_bytes") < MIB, 10, "what waited is gone")
        assert len(node.request("GET", "/v1/kv/large").body) == MIB


def test_cpp_clients_that_do_not_read_cost_no_memory(tmp_path):
    with Cluster(tmp_path / "cluster", size=1, settings=SMALL) as cluster:
        cluster.start()
        node = cluster.nodes[0]
        assert node.request("PUT", "/v1/kv/large", os.urandom(MIB), BYTES).status == 201
        memory = Memory(node)
        readers, said = [], []
        try:
            for number in range(4):
                said.append(tmp_path / f"reader{number}")
                with said[-1].open("wb") as output:
                    readers.append(subprocess.Popen([program("client_reader", "tests"), f"127.0.0.1:{node.peer_port}", "large", "128"],
                                                    stdin=subprocess.PIPE, stdout=output))

            def lines():
                return [path.read_bytes().count(b"read\n") for path in said]

            wait_until(lambda: min(lines()) > 0, 30, lambda: f"all read: {lines()}")
            for _ in range(3):
                for reader in readers:
                    reader.send_signal(signal.SIGSTOP)
                # Each has asked for 128 MiB, of which it is sent 16. Shorter than the node takes to cut a peer that says nothing.
                time.sleep(1)
                small = node.request("GET", "/v1/cluster", timeout=10)
                assert small.status == 200, small
                for reader in readers:
                    reader.send_signal(signal.SIGCONT)
                before = lines()
                wait_until(lambda: all(now > then for now, then in zip(lines(), before)), 30, lambda: f"all read on: {lines()}")
            # What is on its way stands in up to four places: message, encoding, and an output buffer while it doubles.
            # Without a bound on it this would be 4 times 128 MiB in as many.
            assert memory.growth() < 4 * 16 * MIB * 4, f"{memory.growth() / MIB} MiB"
        finally:
            for reader in readers:
                reader.send_signal(signal.SIGCONT)
                reader.stdin.close()
            for reader in readers:
                assert reader.wait(30) == 0


def test_many_large_bodies_at_once_are_refused_before_they_are_read(tmp_path):
    with Cluster(tmp_path, settings=SMALL) as cluster:
        cluster.start()
        leader = cluster.leader()
        term = leader.status()["term"]
        memory = Memory(leader)
        bodies = []
        head = b"PUT /v1/kv/k HTTP/1.1\r\nHost: test\r\nContent-Type: application/octet-stream\r\nContent-Length: 1048576\r\n\r\n"
        try:
            # All but the last byte, so that none can be finished and given back.
            for _ in range(60):
                client = socket.create_connection(("127.0.0.1", leader.http_port), timeout=10)
                try:
                    client.sendall(head + b"x" * (MIB - 1))
                except OSError:
                    pass  # refused while it was sent
                bodies.append(client)
            refused = set()

            def most_are_refused():
                for client in bodies:
                    client.setblocking(False)
                    try:
                        if client.recv(12) == b"HTTP/1.1 503":
                            refused.add(client)
                    except BlockingIOError:
                        pass
                    except OSError:
                        refused.add(client)  # closed upon what was still being sent
                return len(refused) >= 30

            wait_until(most_are_refused, 10, "most are refused")
            assert memory.growth() < 60 * MIB, f"{memory.growth() / MIB} MiB"
        finally:
            for client in bodies:
                client.close()
        wait_until(lambda: metric(leader, "troupe_http_memory_bytes") < MIB, 10, "what was read is gone")
        cluster.write("after", "the flood")
        assert leader.status()["term"] == term
