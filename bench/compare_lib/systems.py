"""The two systems under measurement: how to start, load and stop three nodes of each on the loopback."""

import base64
import http.client
import json
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "process"))

from support.cluster import Cluster, Process, http_request  # noqa: E402
from support.deadline import wait_until  # noqa: E402
from support.ports import free_port  # noqa: E402

VALUE_BYTES = 128


def key_of(number):
    return f"key-{number:012d}"


def value_of(number):
    return f"{number:016x}" * (VALUE_BYTES // 16)


def resident_bytes(pid):
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"no VmRSS of {pid}")


class _KeptConnection:
    """Posts JSON over one kept connection: loading a million keys should not open ten thousand."""

    def __init__(self, port):
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def post(self, path, body):
        self._connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        response = self._connection.getresponse()
        text = response.read()
        if response.status != 200:
            raise RuntimeError(f"{path}: {response.status} {text[:300]!r}")
        return json.loads(text)


class Troupe:
    name = "troupe"
    batch = 1000

    def __init__(self, folder):
        self._folder = Path(folder)
        shutil.rmtree(self._folder, ignore_errors=True)
        self._cluster = Cluster(self._folder, size=3, settings={"log": {"level": "warn"}})

    def __enter__(self):
        self._cluster.start()
        self.leader = self._cluster.leader()
        self.port = self.leader.http_port
        return self

    def __exit__(self, *arguments):
        self._cluster.__exit__(*arguments)
        shutil.rmtree(self._folder, ignore_errors=True)

    def load(self, count):
        connection = _KeptConnection(self.port)
        for start in range(0, count, self.batch):
            numbers = range(start, min(start + self.batch, count))
            connection.post("/v1/bulk", {"items": [{"key": key_of(n), "value": value_of(n)} for n in numbers]})

    def compact(self):
        for node in self._cluster.nodes:
            answer = node.request("POST", "/v1/snapshot", timeout=120)
            if answer.status != 200:
                raise RuntimeError(f"POST /v1/snapshot on {node.id}: {answer}")

    def resident(self):
        self._cluster.wait_settled()
        return [resident_bytes(node.process.pid) for node in self._cluster.nodes]

    def url(self):
        return f"http://127.0.0.1:{self.port}"


class Etcd:
    name = "etcd"
    batch = 100  # etcd allows 128 operations a transaction

    def __init__(self, folder):
        self._folder = Path(folder)
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        self._clients = [free_port() for _ in range(3)]
        self._peers = [free_port() for _ in range(3)]
        self._processes = []

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start(self):
        members = ",".join(f"e{i}=http://127.0.0.1:{port}" for i, port in enumerate(self._peers))
        for i, (client, peer) in enumerate(zip(self._clients, self._peers)):
            arguments = ["etcd", "--name", f"e{i}", "--data-dir", str(self._folder / f"e{i}")]
            arguments += ["--listen-client-urls", f"http://127.0.0.1:{client}"]
            arguments += ["--advertise-client-urls", f"http://127.0.0.1:{client}"]
            arguments += ["--listen-peer-urls", f"http://127.0.0.1:{peer}"]
            arguments += ["--initial-advertise-peer-urls", f"http://127.0.0.1:{peer}", "--initial-cluster", members]
            arguments += ["--logger", "zap", "--log-level", "error", "--quota-backend-bytes", str(8 << 30)]
            self._processes.append(Process(arguments, self._folder / f"e{i}.log"))
        self.port = wait_until(self._leader_port, 30, "etcd has a leader")

    def _leader_port(self):
        for port in self._clients:
            try:
                status = http_request(port, "POST", "/v3/maintenance/status", b"{}", timeout=2).json()
            except (OSError, http.client.HTTPException, ValueError):
                continue
            if status.get("leader", "0") == status.get("header", {}).get("member_id"):
                return port
        return None

    def __exit__(self, *_):
        for process in self._processes:
            process.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def load(self, count):
        connection = _KeptConnection(self.port)
        for start in range(0, count, self.batch):
            puts = [self._put(n) for n in range(start, min(start + self.batch, count))]
            connection.post("/v3/kv/txn", {"success": puts})

    @staticmethod
    def _put(number):
        def encode(text):
            return base64.b64encode(text.encode()).decode()

        return {"requestPut": {"key": encode(key_of(number)), "value": encode(value_of(number))}}

    def compact(self):
        connection = _KeptConnection(self.port)
        revision = connection.post("/v3/kv/range", {"key": "eA=="})["header"]["revision"]
        connection.post("/v3/kv/compaction", {"revision": revision, "physical": True})
        for port in self._clients:
            _KeptConnection(port).post("/v3/maintenance/defragment", {})

    def resident(self):
        return [resident_bytes(process.pid) for process in self._processes]

    def url(self):
        return f"http://127.0.0.1:{self.port}"
