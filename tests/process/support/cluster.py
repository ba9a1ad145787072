"""Starts and stops real nodes on free ports in a folder of the caller. Every wait has a deadline."""

import http.client
import json
import os
import pathlib
import signal
import subprocess
import time
from urllib.parse import quote

from .deadline import wait_until
from .ports import free_port

CHECKOUT = pathlib.Path(__file__).resolve().parents[3]


def program(name, folder="bin"):
    """A program of the build under test: TROUPE_BUILD_DIR, or build/release."""
    build = pathlib.Path(os.environ.get("TROUPE_BUILD_DIR", CHECKOUT / "build" / "release"))
    path = build / folder / name
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist; build it, or set TROUPE_BUILD_DIR")
    return str(path)


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {dict(self.headers)} {self.body[:300]!r}>"


def http_request(port, method, target, body=None, headers=None, timeout=10.0):
    """One request on a connection of its own. OSError or HTTPException when there is no answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, target, body=body, headers=headers or {})
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


class Process:
    """A program whose output goes to a file, with checks that it ends as it should."""

    def __init__(self, arguments, log_path, environment=None, folder=None):
        self.arguments = arguments
        self.log_path = pathlib.Path(log_path)
        with open(self.log_path, "ab") as log:
            self.popen = subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=folder,
                env={**os.environ, **(environment or {})},
            )

    @property
    def pid(self):
        return self.popen.pid

    def running(self):
        return self.popen.poll() is None

    def kill(self):
        """kill -9; answers once the process is gone and its ports are closed."""
        if self.running():
            self.popen.kill()
        self.popen.wait(timeout=30)

    def terminate(self, timeout=10.0):
        """SIGTERM; the exit code. AssertionError when it takes longer than timeout seconds."""
        if self.running():
            self.popen.send_signal(signal.SIGTERM)
        return self.wait(timeout)

    def wait(self, timeout):
        """The exit code of a process that is expected to end by itself."""
        try:
            return self.popen.wait(timeout=timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"pid {self.pid} did not end within {timeout} s; its log:\n{self.log()}") from None

    def log(self, last_bytes=4000):
        text = self.log_path.read_bytes()[-last_bytes:]
        return text.decode("utf-8", "replace")


class Node:
    """One member of a cluster: its addresses and folder stay, its process comes and goes."""

    def __init__(self, cluster, node_id, http_port, peer_port):
        self.cluster = cluster
        self.id = node_id
        self.http_port = http_port
        self.peer_port = peer_port
        self.data_dir = cluster.folder / node_id
        self.log_path = cluster.folder / f"{node_id}.log"
        self.config_path = cluster.config_path
        self.extra = []  # flags of its start line
        self.process = None

    @property
    def address(self):
        return f"127.0.0.1:{self.http_port}"

    def start(self, environment=None):
        assert not self.running(), f"{self.id} runs already"
        arguments = [program("trouped"), "--config", str(self.config_path), "--node", self.id, *self.extra]
        self.process = Process(arguments, self.log_path, {**self.cluster.environment, **(environment or {})})
        return self

    def running(self):
        return self.process is not None and self.process.running()

    def kill(self):
        self.process.kill()

    def terminate(self, timeout=10.0):
        return self.process.terminate(timeout)

    def request(self, method, target, body=None, headers=None, timeout=10.0):
        return http_request(self.http_port, method, target, body, headers, timeout)

    def status(self):
        """The body of /v1/cluster, or None while the node does not answer it."""
        if not self.running():
            return None
        try:
            answer = self.request("GET", "/v1/cluster", timeout=2.0)
        except (OSError, http.client.HTTPException):
            return None
        return answer.json() if answer.status == 200 else None

    def ready(self):
        try:
            return self.running() and self.request("GET", "/readyz", timeout=2.0).status == 200
        except (OSError, http.client.HTTPException):
            return False

    def wait_ready(self, timeout=20.0):
        wait_until(
            lambda: self._alive_or_fail() and self.ready(),
            timeout,
            lambda: f"{self.id} is ready; its log:\n{self.process.log()}",
        )
        return self

    def applied_index(self):
        status = self.status()
        return -1 if status is None else status["applied_index"]

    def _alive_or_fail(self):
        assert self.running(), f"{self.id} ended with code {self.process.popen.returncode}; its log:\n{self.process.log()}"
        return True


class Cluster:
    """A cluster in `folder`, not started yet. Use as a context manager so that no process outlives a test.

    `settings` are tables of the cluster file: {"storage": {"segment_bytes": "64KiB"}}.
    `environment` is added to that of every node.
    """

    def __init__(self, folder, size=3, settings=None, environment=None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.environment = environment or {}
        self.config_path = self.folder / "cluster.toml"
        self.nodes = [Node(self, f"n{number + 1}", free_port(), free_port()) for number in range(size)]
        self.config_path.write_text(self._config_text(settings or {}), encoding="utf-8")

    def _config_text(self, settings):
        lines = ["[cluster]", 'name = "test"', ""]
        for node in self.nodes:
            lines += [
                "[[node]]",
                f'id = "{node.id}"',
                f'peer = "127.0.0.1:{node.peer_port}"',
                f'http = "127.0.0.1:{node.http_port}"',
                f'data_dir = "{node.data_dir}"',
                "",
            ]
        for table, values in settings.items():
            lines.append(f"[{table}]")
            # JSON writes strings, numbers and booleans as TOML reads them.
            lines += [f"{name} = {json.dumps(value)}" for name, value in values.items()]
            lines.append("")
        return "\n".join(lines)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for node in self.nodes:
            if node.process is not None:
                node.kill()

    def start(self, timeout=30.0):
        """Starts all nodes and waits until every one is ready."""
        for node in self.nodes:
            node.start()
        for node in self.nodes:
            node.wait_ready(timeout)
        return self

    @property
    def addresses(self):
        return [node.address for node in self.nodes]

    def running(self):
        return [node for node in self.nodes if node.running()]

    def leader(self, timeout=20.0):
        """The node that leads; waits until it and a majority of the cluster agree on that."""
        found = wait_until(self._leader_now, timeout, f"{self.config_path.parent}: a leader")
        return found

    def _leader_now(self):
        statuses = [(node, node.status()) for node in self.running()]
        votes = [status.get("leader") for _, status in statuses if status]
        for node, status in statuses:
            if status and status["role"] == "leader" and votes.count(node.id) * 2 > len(self.nodes):
                return node
        return None

    def follower(self, timeout=20.0):
        leader = self.leader(timeout)
        return next(node for node in self.running() if node is not leader)

    def wait_settled(self, timeout=60.0):
        """Until all nodes run, follow one leader and have applied all that it has committed."""

        def settled():
            statuses = [node.status() for node in self.nodes]
            if not all(statuses) or len({status.get("leader") for status in statuses}) != 1:
                return False
            applied = {status["applied_index"] for status in statuses}
            return len(applied) == 1 and applied == {max(status["commit_index"] for status in statuses)}

        wait_until(settled, timeout, "all nodes have applied the same log")

    def write(self, key, value, timeout=20.0):
        """Writes through whichever node takes it; returns the seconds it took."""
        started = time.monotonic()

        def attempt():
            for node in self.running():
                try:
                    answer = node.request("PUT", "/v1/kv/" + quote(key, safe=""), value, {"Content-Type": "text/plain"}, timeout=5.0)
                except (OSError, http.client.HTTPException):
                    continue
                if answer.status in (200, 201):
                    return True
                assert answer.status in (503, 504), answer
            return False

        wait_until(attempt, timeout, f"a write of {key}")
        return time.monotonic() - started
