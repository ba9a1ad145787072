"""The Python client against real nodes: the same values as against its own test server, and a dying leader."""

import pathlib
import sys

import pytest
from support.cluster import CHECKOUT, Cluster

sys.path.insert(0, str(pathlib.Path(CHECKOUT) / "client" / "python" / "tests"))

from test_client import ROUND_TRIP, same  # noqa: E402

from troupe import DatabaseClient  # noqa: E402


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with Cluster(tmp_path_factory.mktemp("python-client")) as made:
        yield made.start()


@pytest.fixture
def client(cluster):
    with DatabaseClient(nodes=cluster.addresses, timeout=20) as db:
        yield db


@pytest.mark.parametrize("value", ROUND_TRIP, ids=repr)
def test_value_round_trips(client, value):
    client.set("round-trip/set", value)
    assert same(client.get("round-trip/set", default="absent"), value)
    client.bulk_set([("round-trip/bulk", value)])
    assert same(client.get("round-trip/bulk", default="absent"), value)
    scanned = dict(client.scan("round-trip/"))
    assert same(scanned["round-trip/set"], value) and same(scanned["round-trip/bulk"], value)


@pytest.mark.parametrize("key", ["a/b", "..", ".", "ü 🦉", "?x=1&y#z", "%2F", "a b+c"])
def test_any_text_is_a_key(client, key):
    client.set(key, key)
    assert client.get(key) == key
    assert dict(client.scan(key)) == {key: key}
    assert client.delete(key) is True
    assert client.delete(key) is False
    assert client.get(key) is None


def test_scan_of_many_pages(client):
    expected = {f"many/{number:05}": number for number in range(2500)}
    client.bulk_set(expected.items())
    assert list(client.scan("many/")) == list(expected.items())


def test_single_node_by_host_and_port(cluster):
    with DatabaseClient(host="127.0.0.1", port=cluster.nodes[1].http_port) as db:
        db.set("k", {"a": [None]})
        assert db.get("k") == {"a": [None]}


def test_leader_may_die(cluster, client):
    client.set("survivor", 1)
    leader = cluster.leader()
    leader.kill()
    assert client.get("survivor") == 1
    client.set("survivor", 2)
    leader.start().wait_ready()
    assert client.get("survivor") == 2
