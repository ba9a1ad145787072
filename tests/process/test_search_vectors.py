"""Vectors that clients bring, and vectors from an endpoint."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlencode

import pytest

from support.deadline import wait_until

CLIENT = {"embedding": {"maker": "client", "name": "mine@1", "dimension": 3, "metric": "l2"}}


def post(node, path, body, status=200):
    answer = node.request("POST", path, json.dumps(body).encode(), {"Content-Type": "application/json"}, timeout=20)
    assert answer.status == status, answer
    return answer.json()


def keys(found):
    return [hit["key"] for hit in found["hits"]]


def test_clients_bring_their_vectors(make_cluster):
    cluster = make_cluster(settings=CLIENT).start()
    wait_until(lambda: all(node.status()["search"]["model"] == "mine@1" for node in cluster.nodes), 30, "the model is the cluster's")
    items = [{"key": f"v{n}", "value": f"number {n}", "vector": [float(n), 0, 0]} for n in range(20)]
    post(cluster.nodes[0], "/v1/bulk", {"items": items})
    for node in cluster.nodes:
        found = post(node, "/v1/search", {"mode": "semantic", "vector": [7.2, 0, 0], "limit": 2})
        assert keys(found) == ["v7", "v8"]
    both = post(cluster.nodes[1], "/v1/search", {"mode": "hybrid", "q": "3", "vector": [3, 0, 0], "limit": 1})
    assert keys(both) == ["v3"]
    post(cluster.nodes[0], "/v1/bulk", {"items": [{"key": "v", "value": "x", "vector": [1, 2]}]}, status=400)
    # A value written without a vector has none.
    cluster.write("v7", b"another text")
    assert "v7" not in keys(post(cluster.nodes[2], "/v1/search", {"mode": "semantic", "vector": [7.2, 0, 0], "limit": 5}))
    cluster.nodes[2].kill()
    cluster.nodes[2].start().wait_ready(60)
    assert keys(post(cluster.nodes[2], "/v1/search", {"mode": "semantic", "vector": [5, 0, 0], "limit": 1})) == ["v5"]


class Endpoint(BaseHTTPRequestHandler):
    """An OpenAI-style /v1/embeddings: how often "a", "b" and "c" occur in the text."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert asked["model"] == "letters"
        texts = asked["input"] if isinstance(asked["input"], list) else [asked["input"]]
        self.server.asked += len(texts)
        if self.server.broken:
            self.send_error(500)
            return
        rows = [
            {"object": "embedding", "index": i, "embedding": [text.count(letter) + 0.01 for letter in "abc"]}
            for i, text in enumerate(texts)
        ]
        body = json.dumps({"object": "list", "data": rows, "model": "letters"}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def endpoint():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    server.broken = False
    server.asked = 0
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_endpoint_makes_vectors_and_may_be_away_for_a_while(make_cluster, endpoint):
    settings = {
        "embedding": {
            "maker": "http",
            "name": "letters",
            "dimension": 3,
            "url": f"http://127.0.0.1:{endpoint.server_port}/v1/embeddings",
            "timeout": "2s",
            "retries": 1,
        }
    }
    cluster = make_cluster(settings=settings).start()
    cluster.write("a", b"aaaa")
    cluster.write("b", b"bbbb")
    cluster.write("c", b"cccc")
    for node in cluster.nodes:
        parameters = {"q": "bb", "mode": "semantic", "vectors": "wait", "limit": 1}
        answer = node.request("GET", "/v1/search?" + urlencode(parameters), timeout=30)
        assert answer.status == 200 and keys(answer.json()) == ["b"], answer
    assert endpoint.asked <= 3 + 3, "one call for each value in the whole cluster, and one for each query"
    endpoint.broken = True
    cluster.write("d", b"bbbbbbbbb and more")
    status = wait_until(lambda: cluster.nodes[0].status()["search"]["pending"] == 1, 20, "the value waits for its vector")
    assert status
    assert cluster.nodes[0].request("GET", "/v1/search?q=more").json()["total"] == 1, "words are found all the same"
    endpoint.broken = False
    wait_until(lambda: cluster.nodes[0].status()["search"]["pending"] == 0, 30, "the value has its vector")
