"""An in-process HTTP server that keeps what it is given and can be told to misbehave for the next requests."""

import base64
import json
import threading
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit


class FakeServer:
    """A small /v1/kv in memory, and a /v1/search that answers ``found``; ``script`` holds what to do with the next requests, before the normal behaviour.

    An element of the script: ("answer", status, headers, body), ("apply_then_drop",), ("drop",) or ("normal",).
    """

    def __init__(self):
        self.values = {}  # key -> (media type, bytes)
        self.revision = 0
        self.searches = []  # bodies
        self.found = {"hits": [], "total": 0, "indexed_revision": 0, "vector_revision": 0, "took_ms": 0.1}
        self.vectors = {}  # key -> list
        self.script = deque()
        self.requests = []  # (method, path, headers)
        self.connections = 0
        self.seen_keys = {}  # idempotency key -> answer
        self.lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def apply(self, method, target, headers, body):
        """Status, media type, body of the normal behaviour."""
        key = headers.get("Idempotency-Key")
        with self.lock:
            if key is not None and key in self.seen_keys:
                return self.seen_keys[key]
            answer = self._apply(method, target, headers, body)
            if key is not None:
                self.seen_keys[key] = answer
            return answer

    def _apply(self, method, target, headers, body):
        parts = urlsplit(target)
        if parts.path == "/v1/search":
            self.searches.append(json.loads(body))
            return 200, "application/json", json.dumps(self.found).encode()
        if parts.path == "/v1/bulk":
            return self._bulk(json.loads(body))
        if parts.path == "/v1/kv":
            return self._range(parse_qs(parts.query))
        key = unquote(parts.path[len("/v1/kv/") :])
        if method == "PUT":
            self.revision += 1
            self.values[key] = (headers["Content-Type"], body)
            return 200, "application/json", json.dumps({"key": key, "revision": self.revision, "created": True}).encode()
        if method == "DELETE":
            self.revision += 1
            deleted = self.values.pop(key, None) is not None
            return 200, "application/json", json.dumps({"key": key, "deleted": deleted, "revision": self.revision}).encode()
        if key not in self.values:
            return 404, "application/problem+json", b'{"type":"not-found","title":"Not Found","status":404}'
        media_type, value = self.values[key]
        return 200, media_type, value

    def _bulk(self, body):
        self.revision += 1
        for item in body["items"]:
            value = item["value"]
            if isinstance(value, str):
                stored = ("text/plain; charset=utf-8", value.encode())
            elif isinstance(value, dict) and set(value) == {"base64"}:
                stored = (item.get("media_type", "application/octet-stream"), base64.b64decode(value["base64"]))
            else:
                stored = ("application/json", json.dumps(value).encode())
            self.values[item["key"]] = stored
            if "vector" in item:
                self.vectors[item["key"]] = item["vector"]
        return 200, "application/json", json.dumps({"revision": self.revision, "count": len(body["items"])}).encode()

    def _range(self, query):
        prefix = query.get("prefix", [""])[0]
        limit = 3  # small pages, so that cursors are used
        after = query.get("cursor", [""])[0]
        keys = sorted(key for key in self.values if key.startswith(prefix) and key > after)
        items = []
        for key in keys[:limit]:
            media_type, value = self.values[key]
            if media_type == "application/json":
                shown = json.loads(value)
            elif media_type.startswith("text/"):
                shown = value.decode()
            else:
                shown = {"base64": base64.b64encode(value).decode()}
            items.append({"key": key, "value": shown, "media_type": media_type})
        page = {"items": items, "revision": self.revision}
        if len(keys) > limit:
            page["cursor"] = keys[limit - 1]
        return 200, "application/json", json.dumps(page).encode()


def _handler_of(fake):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Headers and body leave in two writes; without this each answer would wait for a delayed acknowledgement.
        disable_nagle_algorithm = True

        def setup(self):
            fake.connections += 1
            super().setup()

        def do_any(self):
            length = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(length)
            fake.requests.append((self.command, self.path, dict(self.headers)))
            step = fake.script.popleft() if fake.script else ("normal",)
            if step[0] == "drop":
                self.close_connection = True
                return
            if step[0] == "apply_then_drop":
                fake.apply(self.command, self.path, self.headers, body)
                self.close_connection = True
                return
            if step[0] == "answer":
                _, status, headers, answer_body = step
                self.respond(status, headers, answer_body)
                return
            status, media_type, answer_body = fake.apply(self.command, self.path, self.headers, body)
            self.respond(status, {"Content-Type": media_type}, answer_body)

        def respond(self, status, headers, body):
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_PUT = do_DELETE = do_POST = do_any

        def log_message(self, *_):
            pass

    return Handler
