"""Real nodes in namespaces, with disks and clocks that can be tampered with."""

import ctypes
import http.client
import json
import mmap
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import time

from support.cluster import CHECKOUT, Process, program
from support.deadline import wait_until
from support.preload import library

SMALL_DISK = "192m"
HTTP_PORT, PEER_PORT = 8000, 7000
STORAGE = {
    "segment_bytes": "1MiB", "snapshot_log_bytes": "4MiB", "snapshot_log_entries": 20000,
    "snapshot_keep_entries": 1000, "reserve_bytes": "8MiB",
}
LIMITS = {"request_timeout": "3s"}


def dies_with_us():
    """In the child: an end of this program, however sudden, ends the node."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)


class NodeProcess(Process):
    def __init__(self, arguments, log_path, environment):
        self.arguments = arguments
        self.log_path = log_path
        with open(log_path, "ab") as log:
            self.popen = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                          env={**os.environ, **environment}, preexec_fn=dies_with_us)


class Node:
    def __init__(self, cluster, name, small_disk):
        self.cluster = cluster
        self.id = name
        self.host = cluster.network.address(name)
        self.folder = cluster.folder / name
        self.folder.mkdir()
        self.data_dir = self.folder / "disk" / "data"
        self.log_path = cluster.folder / f"{name}.log"
        self.sync_path = self.folder / "slow-sync"
        self.process = None
        self.stopped = False
        self.small_disk = small_disk
        (self.folder / "disk").mkdir()
        if small_disk:
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK}", f"troupe-{cluster.tag}", self.folder / "disk"], check=True)
        clock_path = self.folder / "clock"
        clock_path.write_bytes(bytes(8))
        self._clock_file = open(clock_path, "r+b")
        self._clock = mmap.mmap(self._clock_file.fileno(), 8)
        self._environment = {
            "LD_PRELOAD": f"{library('slowsync')}:{library('shiftedclock')}",
            "SLOW_SYNC_FILE": str(self.sync_path), "SHIFTED_CLOCK_FILE": str(clock_path),
        }

    def start(self, join=False):
        assert not self.running(), f"{self.id} runs already"
        arguments = [*self.cluster.network.entering(self.id), program("trouped"), "--config", str(self.cluster.config_path),
                     "--node", self.id, *(["--join"] if join else [])]
        self.process = NodeProcess(arguments, self.log_path, self._environment)
        self.stopped = False

    def running(self):
        return self.process is not None and self.process.running()

    def kill(self):
        if self.process is not None:
            self.process.kill()

    def terminate(self, timeout=15.0):
        return self.process.terminate(timeout)

    def stop(self):
        self.process.popen.send_signal(signal.SIGSTOP)
        self.stopped = True

    def go_on(self):
        if self.stopped and self.running():
            self.process.popen.send_signal(signal.SIGCONT)
        self.stopped = False

    def shift_clock(self, seconds):
        self._clock[:] = struct.pack("=q", int(seconds * 1e9))

    def slow_sync(self, milliseconds):
        if milliseconds:
            self.sync_path.write_text(str(milliseconds))
        else:
            self.sync_path.unlink(missing_ok=True)

    def fill_disk(self):
        """Leaves nothing; True when the disk is full."""
        with open(self.folder / "disk" / "ballast", "wb", buffering=0) as ballast:
            for size in (1 << 20, 4096):
                try:
                    while True:
                        ballast.write(bytes(size))
                except OSError:
                    continue

    def free_disk(self):
        (self.folder / "disk" / "ballast").unlink(missing_ok=True)

    def forget(self):
        """The disk is lost."""
        shutil.rmtree(self.data_dir)

    def request(self, method, target, body=None, headers=None, timeout=2.0):
        connection = http.client.HTTPConnection(self.host, HTTP_PORT, timeout=timeout)
        try:
            connection.request(method, target, body=body, headers=headers or {})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def status(self):
        if not self.running() or self.stopped:
            return None
        try:
            status, body = self.request("GET", "/v1/cluster", timeout=1.0)
        except (OSError, http.client.HTTPException):
            return None
        return json.loads(body) if status == 200 else None

    def close(self):
        self.kill()
        if self.small_disk:
            subprocess.run(["umount", "-l", self.folder / "disk"], capture_output=True)
        self._clock.close()
        self._clock_file.close()


class Cluster:
    def __init__(self, tag, folder, network):
        self.tag = tag
        self.folder = pathlib.Path(folder)
        self.network = network
        self.certificates = self.folder / "certificates"
        self.config_path = self.folder / "cluster.toml"
        self.nodes = []
        try:
            self._make(network.names)
        except BaseException:
            self.close()
            raise

    def _make(self, names):
        subprocess.run([CHECKOUT / "deploy" / "make-certificates", "--out", self.certificates, "client",
                        *(f"{name}={self.network.address(name)}" for name in names)], check=True, capture_output=True, timeout=120)
        for name in names:
            self.nodes.append(Node(self, name, small_disk=name == names[-1]))
        self.config_path.write_text(self._config_text(), encoding="utf-8")

    def _config_text(self):
        lines = ["[cluster]", 'name = "nemesis"', ""]
        for node in self.nodes:
            lines += ["[[node]]", f'id = "{node.id}"', f'peer = "{node.host}:{PEER_PORT}"',
                      f'http = "{node.host}:{HTTP_PORT}"', f'data_dir = "{node.data_dir}"', ""]
        files = {"certificate": "{node}.pem", "key": "{node}-key.pem", "ca": "ca.pem"}
        tables = {"tls": {name: f"{self.certificates}/{file}" for name, file in files.items()}, "storage": STORAGE, "limits": LIMITS}
        for table, values in tables.items():
            lines += [f"[{table}]", *(f"{name} = {json.dumps(value)}" for name, value in values.items()), ""]
        return "\n".join(lines)

    def start(self):
        for node in self.nodes:
            node.start()
        self.wait_settled(120)

    def check_alive(self):
        for node in self.nodes:
            if node.process is not None and not node.running():
                raise AssertionError(f"{node.id} ended by itself with code {node.process.popen.returncode}; its log:\n{node.process.log()}")

    def peers(self):
        return [f"{node.host}:{PEER_PORT}" for node in self.nodes]

    def leader(self, timeout=30.0):
        """The node that a majority takes for the leader, and that takes itself for it."""
        return wait_until(self.leader_now, timeout, "a leader")

    def leader_now(self):
        statuses = [(node, node.status()) for node in self.nodes]
        votes = [status.get("leader") for _, status in statuses if status]
        for node, status in statuses:
            if status and status["role"] == "leader" and votes.count(node.id) * 2 > len(self.nodes):
                return node
        return None

    def wait_settled(self, timeout):
        """Until all nodes run, follow one leader and have applied the same."""

        def settled():
            self.check_alive()
            statuses = [node.status() for node in self.nodes]
            if not all(statuses) or len({status.get("leader") for status in statuses}) != 1:
                return False
            return {status["applied_index"] for status in statuses} == {max(status["commit_index"] for status in statuses)}

        wait_until(settled, timeout, lambda: f"all nodes have applied the same log: {self.brief_status()}")

    def wait_caught_up(self, timeout):
        """Until all nodes run, follow one leader and have applied what is committed now, while writes go on."""
        wanted = []

        def caught_up():
            self.check_alive()
            statuses = [node.status() for node in self.nodes]
            if not all(statuses) or len({status.get("leader") for status in statuses}) != 1 or not statuses[0].get("leader"):
                return False
            if not wanted:
                wanted.append(max(status["commit_index"] for status in statuses))
            return all(status["applied_index"] >= wanted[0] and status["role"] in ("leader", "follower") for status in statuses)

        wait_until(caught_up, timeout, lambda: f"all nodes have caught up: {self.brief_status()}")

    def brief_status(self):
        return "; ".join(f"{node.id} {'runs' if node.running() else 'is down'} {brief(node.status())}" for node in self.nodes)

    def heal(self):
        """Undoes whatever faults are on, and starts what is down."""
        self.network.heal()
        for node in self.nodes:
            node.go_on()
            node.slow_sync(0)
            node.free_disk()
            node.shift_clock(0)
            if not node.running():
                node.start()

    def close(self):
        for node in self.nodes:
            node.close()


def brief(status):
    return status and {name: status.get(name) for name in ("role", "leader", "term", "commit_index", "applied_index")}


def wait_stopped(node, timeout=10.0):
    """Until every thread of the process has seen the SIGSTOP."""

    def all_stopped():
        tasks = pathlib.Path(f"/proc/{node.process.pid}/task").iterdir()
        return {(task / "stat").read_text().rpartition(")")[2].split()[0] for task in tasks} <= {"T"}

    wait_until(all_stopped, timeout, f"{node.id} is stopped")
