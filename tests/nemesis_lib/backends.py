"""How an operation reaches the cluster: over HTTP, or through the C++ client by a small program."""

import http.client
import json
import os
import pathlib
import select
import socket
import subprocess
from urllib.parse import quote, urlencode

from support.cluster import CHECKOUT

from .nodes import HTTP_PORT, dies_with_us
from .records import ABSENT, ANYTHING

NO_EFFECT = {503, 507}


class UnexpectedAnswer(RuntimeError):
    """An answer that no fault explains."""


def test_program(name):
    build = pathlib.Path(os.environ.get("TROUPE_BUILD_DIR", CHECKOUT / "build" / "release"))
    path = build / "tests" / name
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist; build the target {name}")
    return str(path)


class Unanswered(Exception):
    def __init__(self, sent):
        super().__init__("no answer")
        self.sent = sent  # whether the request may have arrived


class HttpBackend:
    """Keeps one connection; goes to the next node when it breaks or refuses.

    `stale_reads` is the control: what is recorded as linearizable was not asked to be.
    """

    def __init__(self, nodes, turn, timeout=4.0, stale_reads=False):
        self._nodes = nodes
        self._turn = turn % len(nodes)
        self._timeout = timeout
        self._get_options = "?consistency=stale" if stale_reads else ""
        self._connection = None

    def execute(self, operation):
        """Fills in the answer."""
        operation.node = self._nodes[self._turn].id
        writes = bool(operation.writes)
        try:
            status, headers, body = self._send(*self._request(operation))
        except Unanswered as failure:
            operation.outcome = "unknown" if writes and failure.sent else "failed"
            self._next_node()
            return
        problem = json.loads(body)["type"].rpartition(":")[2] if status >= 400 and body else ""
        if status in NO_EFFECT:
            operation.outcome = "failed"
            self._next_node()
        elif status == 504:
            operation.outcome = "unknown" if writes and problem == "outcome-unknown" else "failed"
        elif status in (200, 201) or (status == 404 and problem == "key-not-found") or status == 412:
            self._take(operation, status, headers, body)
        else:
            raise UnexpectedAnswer(f"{operation.node}: {status} {body[:300]!r} to {operation}")

    def close(self):
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _next_node(self):
        self.close()
        self._turn = (self._turn + 1) % len(self._nodes)

    def _send(self, method, target, body=None, headers=None):
        if self._connection is None:
            connection = http.client.HTTPConnection(self._nodes[self._turn].host, HTTP_PORT, timeout=1.0)
            try:
                connection.connect()
            except OSError:
                raise Unanswered(sent=False) from None
            connection.sock.settimeout(self._timeout)
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._connection = connection
        try:
            self._connection.request(method, target, body=body, headers=headers or {})
            response = self._connection.getresponse()
            return response.status, response.headers, response.read()
        except (OSError, http.client.HTTPException):
            raise Unanswered(sent=True) from None

    def _request(self, operation):
        kind = operation.kind
        if kind == "get" or kind == "list":
            return "GET", "/v1/kv/" + quote(operation.key or operation.reads[0][0], safe="") + self._get_options
        if kind == "put":
            (key, value), = operation.writes
            return "PUT", "/v1/kv/" + quote(key, safe=""), value.encode(), {"Content-Type": "text/plain"}
        if kind == "erase":
            return "DELETE", "/v1/kv/" + quote(operation.writes[0][0], safe="")
        if kind == "snapshot":
            return "GET", "/v1/kv?" + urlencode({"prefix": operation.word, "limit": 1000})
        if kind == "search":
            return "GET", "/v1/search?" + urlencode({"q": operation.word, "limit": 1000, "values": "false", "highlights": "false"})
        if kind == "cas" and operation.revision:
            (key, value), = operation.writes
            return "PUT", "/v1/kv/" + quote(key, safe=""), value.encode(), {"Content-Type": "text/plain", "If-Match": f'"{operation.revision}"'}
        return "POST", "/v1/txn", json.dumps(self._transaction(operation)).encode(), {"Content-Type": "application/json"}

    @staticmethod
    def _transaction(operation):
        def compare(key, value):
            if value is ABSENT or value is ANYTHING:
                return {"key": key, "target": "exists", "op": "==", "value": value is ANYTHING}
            return {"key": key, "target": "value", "op": "==", "value": value}

        def write(key, value):
            return {"delete": {"key": key}} if value is ABSENT else {"put": {"key": key, "value": value}}

        return {"compare": [compare(*cell) for cell in operation.expected], "success": [write(*cell) for cell in operation.writes], "failure": []}

    @staticmethod
    def _take(operation, status, headers, body):
        kind = operation.kind
        operation.revision = int(headers.get("Troupe-Revision") or 0)
        if kind in ("get", "list"):
            key = operation.key or operation.reads[0][0]
            found = status == 200
            operation.reads = [(key, body.decode() if found else ABSENT, int(headers["ETag"].strip('"')) if found else 0)]
        elif kind == "snapshot":
            document = json.loads(body)
            found = {item["key"]: item for item in document["items"]}
            operation.revision = document["revision"]
            keys = sorted({key for key, _, _ in operation.reads} | set(found))
            operation.reads = [(key, found[key]["value"], found[key]["mod_revision"]) if key in found else (key, ABSENT, 0) for key in keys]
            operation.word = ""
        elif kind == "search":
            document = json.loads(body)
            if document["total"] != len(document["hits"]):
                raise UnexpectedAnswer(f"a search did not answer all hits: {document['total']}, {len(document['hits'])}")
            operation.revision = document["indexed_revision"]
            operation.hits = [(hit["key"], hit["mod_revision"]) for hit in document["hits"]]
        elif kind == "erase":
            operation.matched = json.loads(body)["deleted"]
        elif status == 412:
            operation.matched = False
        elif kind != "put" and b'"succeeded"' in body:
            operation.matched = json.loads(body)["succeeded"]


class CafBackend:
    """One process of the program nemesis_client, which uses the C++ library; asked one operation at a time."""

    def __init__(self, cluster, timeout_ms=4000):
        self._cluster = cluster
        self._timeout = timeout_ms / 1000
        files = [str(cluster.certificates / name) for name in ("client.pem", "client-key.pem", "ca.pem")]
        with open(cluster.folder / "caf-client.log", "ab") as log:
            self._process = subprocess.Popen([test_program("nemesis_client"), str(timeout_ms), *files, *cluster.peers()], stdin=subprocess.PIPE,
                                             stdout=subprocess.PIPE, stderr=log, preexec_fn=dies_with_us)
        self._rest = b""

    def execute(self, operation):
        operation.node = ""
        if operation.kind == "cas":
            operation.revision = 0
        self._process.stdin.write(operation.line(0, 0, 0).encode())
        self._process.stdin.flush()
        answer = self._read_line()
        if answer.startswith("error"):
            raise UnexpectedAnswer(f"C++ client: {answer} to {operation}")
        operation.take_answer(answer)

    def _read_line(self):
        while b"\n" not in self._rest:
            # The library promises its timeout give or take 0.3 s; a machine that is busy may double that.
            ready, _, _ = select.select([self._process.stdout], [], [], self._timeout * 2 + 10)
            chunk = os.read(self._process.stdout.fileno(), 1 << 20) if ready else b""
            if not chunk:
                raise UnexpectedAnswer("the C++ client " + ("ended" if ready else "hangs"))
            self._rest += chunk
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode()

    def close(self):
        self._process.stdin.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(timeout=10)
