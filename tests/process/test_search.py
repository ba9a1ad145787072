"""Search on real nodes, with the built-in model: by words, by meaning, as fresh as asked for."""

import http.client
import itertools
import json
import os
import pathlib
import threading
from urllib.parse import quote, urlencode

import pytest

from support.cluster import CHECKOUT
from support.deadline import wait_until

MODEL = pathlib.Path(os.environ.get("TROUPE_MODEL", CHECKOUT / "build" / "model" / "use-lite-en.troupe-model"))
BUILTIN = {"embedding": {"maker": "builtin", "model_file": str(MODEL)}}

HELP = {
    "help/password": "How do I reset my password?",
    "help/invoice": "Where can I download last month's invoice?",
    "help/delivery": "My parcel has not arrived yet.",
    "help/refund": "I would like my money back for a broken item.",
    "help/hours": "When is the shop open on Sundays?",
    "help/language": "Can I use the app in French?",
}


@pytest.fixture(scope="module", autouse=True)
def model():
    assert MODEL.exists(), f"{MODEL} is missing: deploy/fetch-model makes it"


def put(node, key, value, media_type="text/plain", query=""):
    answer = node.request("PUT", f"/v1/kv/{quote(key, safe='')}{query}", value.encode(), {"Content-Type": media_type})
    assert answer.status in (200, 201), answer
    return answer.json()["revision"]


def search(node, timeout=20.0, **parameters):
    answer = node.request("GET", "/v1/search?" + urlencode(parameters), timeout=timeout)
    assert answer.status == 200, answer
    return answer.json()


def keys(found):
    return [hit["key"] for hit in found["hits"]]


def test_words_and_meaning_on_any_node(make_cluster):
    cluster = make_cluster(settings=BUILTIN).start()
    for node, (key, text) in zip(itertools.cycle(cluster.nodes), HELP.items()):
        put(node, key, text)
    for node in cluster.nodes:
        assert keys(search(node, q="reset password")) == ["help/password"]
        found = search(node, q="I forgot my login credentials", mode="semantic", vectors="wait")
        assert keys(found)[0] == "help/password", found
        assert found["total"] == len(HELP)
        assert keys(search(node, q="broken thing, give me a refund", mode="hybrid", vectors="wait"))[0] == "help/refund"

    def shown():  # a node's report is up to a second old
        status = cluster.nodes[0].status()["search"]
        return status["ready"] and (status["model"] or "").startswith("use-lite-en@") and status["pending"] == 0 and status["vectors"] == 6

    wait_until(shown, 20, "the status shows the model and the vectors")


def test_the_answer_says_what_was_found_and_where(make_cluster):
    node = make_cluster(size=1, settings=BUILTIN).start().nodes[0]
    put(node, "p/1", json.dumps({"title": "Red running shoes", "price": 80, "tags": ["sport", "red"]}), "application/json")
    put(node, "p/2", json.dumps({"title": "Blue running shoes", "price": 20, "tags": ["sport"]}), "application/json")
    put(node, "q/1", "Red hats")
    found = search(node, q="running title:shoes", filter="price<50", facets="tags", explain="true")
    assert keys(found) == ["p/2"]
    hit = found["hits"][0]
    assert hit["value"]["price"] == 20 and hit["media_type"] == "application/json"
    snippet = hit["highlights"][0]
    assert [snippet["text"][begin:end] for begin, end in snippet["marks"]] == ["running", "shoes"]
    assert abs(sum(part["score"] for part in hit["explanation"]["text"]) - hit["score"]) < 1e-9
    assert found["facets"] == {"tags": [{"value": "sport", "count": 1}]}
    assert keys(search(node, q="red", prefix="q/")) == ["q/1"]
    posted = node.request(
        "POST", "/v1/search", json.dumps({"q": "red OR blue", "fields": ["title"], "limit": 1}).encode(), {"Content-Type": "application/json"}
    )
    assert posted.status == 200 and posted.json()["total"] == 2 and len(posted.json()["hits"]) == 1


def test_mistakes_are_pointed_at(make_cluster):
    node = make_cluster(size=1, settings=BUILTIN).start().nodes[0]
    for parameters, part in [
        ({"q": 'shoes "red'}, "q"),
        ({"q": "((("}, "q"),
        ({"q": ""}, "q"),
        ({"q": "a", "filter": "price<cheap"}, "filter"),
        ({"q": "a", "limit": "100000"}, "limit"),
    ]:
        answer = node.request("GET", "/v1/search?" + urlencode(parameters))
        assert answer.status == 400, (parameters, answer)
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json().get("part") == part, (parameters, answer)
    assert node.request("GET", "/v1/search?q=a&cursor=1-2-3").status == 410
    assert node.request("GET", "/v1/search?q=a&min_revision=999999&timeout=200ms").status == 504


def test_a_vector_asked_for_with_the_write_is_there_when_it_is_answered(make_cluster):
    cluster = make_cluster(settings=BUILTIN).start()
    wait_until(lambda: cluster.nodes[0].status()["search"]["model"], 30, "the model is the cluster's")
    for number, (key, text) in enumerate(HELP.items()):
        put(cluster.nodes[number % 3], key, text, query="?embed=sync")
        found = search(cluster.nodes[(number + 1) % 3], q=text, mode="semantic")
        assert keys(found)[0] == key


def test_pages_show_what_was_found_first(make_cluster):
    node = make_cluster(size=1, settings=BUILTIN).start().nodes[0]
    for number in range(25):
        put(node, f"k{number:02}", "the same words")
    seen = []
    page = search(node, q="same", paged="true")
    while True:
        seen += keys(page)
        if not page["cursor"]:
            break
        put(node, "k99", "the same words")
        page = search(node, cursor=page["cursor"])
    assert seen == [f"k{number:02}" for number in range(25)]


class Writer(threading.Thread):
    """Puts values with a word of their own through any node that takes them, and looks for each at once on another."""

    def __init__(self, cluster, name, count):
        super().__init__()
        self.cluster, self.label, self.count = cluster, name, count
        self.acknowledged = 0
        self.checked = 0
        self.missed = []
        self.error = None

    def run(self):
        try:
            for number in range(self.count):
                word = f"{self.label}word{number}"
                if self.write(f"{self.label}/{number}", f"say {word}"):
                    self.look_for(f"{self.label}/{number}", word)
        except Exception as error:  # a thread's exception would otherwise only be printed
            self.error = error

    def write(self, key, text):
        """True when some node acknowledged it."""
        for node in itertools.islice(itertools.cycle(self.cluster.nodes), 200):
            try:
                answer = node.request("PUT", f"/v1/kv/{quote(key, safe='')}", text.encode(), {"Content-Type": "text/plain"}, timeout=10)
            except (OSError, http.client.HTTPException):
                continue
            if answer.status in (200, 201):
                self.acknowledged += 1
                return True
        return False

    def look_for(self, key, word):
        """The first linearizable answer of any node has to hold it; nodes that are down or cannot answer are passed over."""
        for node in itertools.islice(itertools.cycle(reversed(self.cluster.nodes)), 200):
            try:
                answer = node.request("GET", "/v1/search?" + urlencode({"q": word}), timeout=10)
            except (OSError, http.client.HTTPException):
                continue
            if answer.status != 200:
                continue
            self.checked += 1
            if keys(answer.json()) != [key]:
                self.missed.append((key, node.id, answer.json()))
            return


def test_put_then_search_on_another_node_while_leaders_are_killed(make_cluster):
    cluster = make_cluster().start()
    writers = [Writer(cluster, name, 250) for name in ("a", "b", "c", "d")]
    for writer in writers:
        writer.start()
    kills = 0
    while any(writer.is_alive() for writer in writers):
        goal = sum(writer.checked for writer in writers) + 100
        leader = cluster.leader(30)
        leader.kill()
        kills += 1
        wait_until(
            lambda: sum(writer.checked for writer in writers) >= goal or not any(writer.is_alive() for writer in writers),
            60,
            "searches go on without the old leader",
        )
        leader.start().wait_ready(60)
    assert [writer.error for writer in writers] == [None] * 4
    checked = sum(writer.checked for writer in writers)
    print(f"{checked} puts searched for at once on another node, {kills} kills of the leader")
    assert checked >= 990 and kills >= 3
    assert [miss for writer in writers for miss in writer.missed] == []


def test_indexes_come_back_after_a_restart_and_after_a_snapshot(make_cluster):
    small = {"storage": {"snapshot_log_bytes": "256KiB", "snapshot_log_entries": 200, "snapshot_keep_entries": 20}}
    cluster = make_cluster(settings={**BUILTIN, **small}).start()
    follower = cluster.follower()
    follower.terminate()
    for number in range(300):
        cluster.write(f"key/{number}", f"common word{number}".encode())
    follower.start().wait_ready(60)
    assert search(follower, q="common")["total"] == 300
    assert search(follower, q="word123", mode="semantic", vectors="wait", timeout=60, limit=1)["total"] == 300
    for node in cluster.nodes:
        node.terminate()
    cluster.start()
    for node in cluster.nodes:
        assert search(node, q="common")["total"] == 300
        assert search(node, q="common", mode="semantic", vectors="wait")["total"] == 300


def test_a_missing_model_is_said_at_the_start(make_cluster):
    cluster = make_cluster(size=1, settings={"embedding": {"maker": "builtin", "model_file": "/nowhere/model"}})
    node = cluster.nodes[0].start()
    assert node.process.wait(10) == 2
    assert "model_file" in node.process.log() and "fetch-model" in node.process.log()


def test_metrics_show_the_indexes(make_cluster):
    node = make_cluster(size=1, settings=BUILTIN).start().nodes[0]
    put(node, "a", "one two three")
    search(node, q="two", vectors="wait")

    def shown():
        text = node.request("GET", "/metrics").body.decode()
        values = dict(line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#"))
        return (
            float(values["troupe_search_documents"]) == 1
            and float(values["troupe_search_vectors"]) == 1
            and float(values["troupe_search_ready"]) == 1
            and float(values['troupe_search_seconds_count{mode="text"}']) >= 1
        )

    wait_until(shown, 20, "the indexes are in /metrics")
