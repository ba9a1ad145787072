"""The command line `troupe` against real nodes: what it prints, what it stores, and its exit codes."""

import contextlib
import json
import os
import signal
import socket
import subprocess

import pytest
from support.cluster import CHECKOUT, Cluster, Process, http_request, program
from support.deadline import wait_until
from support.ports import free_port

OK, NO, INVALID, UNAVAILABLE, UNKNOWN = range(5)


class Cli:
    def __init__(self, endpoints, *options):
        self.environment = {**os.environ, "TROUPE_ENDPOINTS": ",".join(endpoints)}
        self.options = options

    def __call__(self, *arguments, stdin=b""):
        """(exit code, standard output, standard error)"""
        done = subprocess.run(
            [program("troupe"), *self.options, *arguments],
            input=stdin, capture_output=True, env=self.environment, timeout=60,
        )
        return done.returncode, done.stdout, done.stderr.decode()

    def ok(self, *arguments, stdin=b""):
        code, out, err = self(*arguments, stdin=stdin)
        assert (code, err) == (OK, ""), err
        return out

    def refused(self, *arguments, stdin=b"", code):
        got, out, err = self(*arguments, stdin=stdin)
        assert got == code, (got, out, err)
        return err


def peers(cluster):
    return [f"127.0.0.1:{node.peer_port}" for node in cluster.nodes]


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    with Cluster(tmp_path_factory.mktemp("cli"), size=1) as made:
        yield made.start()


@pytest.fixture
def cli(node):
    return Cli(peers(node))


def test_put_get_del(cli):
    assert b"created" in cli.ok("put", "greeting", "hello")
    assert cli.ok("get", "greeting") == b"hello"
    assert b"replaced" in cli.ok("put", "greeting", "again")
    assert b"deleted" in cli.ok("del", "greeting")
    code, out, err = cli("get", "greeting")
    assert (code, out) == (NO, b"") and "does not exist" in err
    code, out, _ = cli("del", "greeting")
    assert code == NO and b"was not there" in out


@pytest.mark.parametrize("value", [b"", b"line\n", bytes(range(256)), "grüße".encode()], ids=repr)
def test_a_value_comes_back_as_it_went(cli, tmp_path, value):
    cli.ok("put", "v", stdin=value)
    assert cli.ok("get", "v") == value
    cli.ok("put", "v", "-", stdin=value)
    assert cli.ok("get", "v") == value
    (tmp_path / "value").write_bytes(value)
    cli.ok("put", "v", "--file", str(tmp_path / "value"))
    assert cli.ok("get", "v") == value


@pytest.mark.parametrize("value", ["[1,2]", "", "%%", '"q"', "a,b", " sp ", "{}", "'x'", "[[]"])
def test_an_argument_is_taken_as_it_is(cli, value):
    cli.ok("put", "argument", value)
    assert cli.ok("get", "argument") == value.encode()


def test_options_may_stand_anywhere(node):
    cli = Cli(["127.0.0.1:1"])
    endpoints = ",".join(["127.0.0.1:1", *peers(node)])
    cli.ok("--endpoints", endpoints, "put", "anywhere", "1")
    assert cli.ok("get", "--endpoints", endpoints, "anywhere") == b"1"
    assert cli.ok("get", "anywhere", "--endpoints=" + endpoints) == b"1"
    cli.ok("put", "--endpoints", endpoints, "--", "-key", "-value")
    assert cli.ok("get", "--endpoints", endpoints, "--", "-key") == b"-value"


def test_a_value_of_megabytes(cli):
    value = os.urandom(5 * 1024 * 1024)
    cli.ok("put", "large", stdin=value)
    assert cli.ok("get", "large") == value
    cli.ok("del", "large")


def test_media_types_and_envelopes(cli):
    cli.ok("put", "m", "text")
    assert json.loads(cli.ok("get", "m", "--json"))["media_type"] == "text/plain"
    cli.ok("put", "m", "--bytes", "text")
    assert json.loads(cli.ok("get", "m", "--json"))["value"] == {"base64": "dGV4dA=="}
    put = json.loads(cli.ok("put", "m", "--json", '{"a": [1, null]}', "--output", "json"))
    envelope = json.loads(cli.ok("--output", "json", "get", "m"))
    assert envelope["value"] == {"a": [1, None]} and envelope["media_type"] == "application/json"
    assert envelope["mod_revision"] == put["revision"] and put == {"key": "m", "revision": put["revision"], "created": False}
    assert "JSON" in cli.refused("put", "m", "--json", "{", code=INVALID)


def test_conditions_and_old_revisions(cli):
    first = json.loads(cli.ok("put", "c", "1", "--if-absent", "--output", "json"))["revision"]
    error = json.loads(cli.refused("put", "c", "2", "--if-absent", "--output", "json", code=NO))
    assert error["error"] == "conflict"
    cli.ok("put", "c", "2", "--if-revision", str(first))
    cli.refused("put", "c", "3", "--if-revision", str(first), code=NO)
    cli.refused("del", "c", "--if-revision", str(first), code=NO)
    assert cli.ok("get", "c") == b"2"
    assert cli.ok("get", "c", "--revision", str(first)) == b"1"
    assert cli.ok("get", "c", "--stale") == b"2"


def test_bulk_of_lines_and_of_one_document(cli):
    lines = b'{"key": "b/1", "value": "x"}\n\n{"value": {"n": 1e400}, "key": "b/2"}\r\n{"delete": "nothing"}\n'
    assert b"3 items" in cli.ok("bulk", stdin=lines)
    assert cli.ok("get", "b/2") == b'{"n":1e400}'
    done = json.loads(cli.ok("bulk", "--output", "json", stdin=b'{"items":[{"key":"b/3","value":3}],"delete":["b/1"]}'))
    assert done["count"] == 2
    assert cli.ok("scan", "b/", "--keys-only") == b"b/2\nb/3\n"


@pytest.mark.parametrize("text", [
    b'{"key":"w","value":1}\n{"key":"w2"', b'{"key":"w","value":1}\n{"key":"","value":2}\n', b"[1]", b'{"key":"w"}',
    b'{"key":"w","value":1}],"delete":["v"', b'{"items":7}', b"\xff", b'{"key":"w","value":1,"more":2}',
])
def test_a_bulk_with_any_mistake_changes_nothing(cli, text):
    cli.refused("bulk", stdin=text, code=INVALID)
    cli.refused("get", "w", code=NO)


def test_transactions(cli, tmp_path):
    cli.ok("put", "t", "old")
    body = {
        "compare": [{"key": "t", "target": "value", "op": "==", "value": "old"}],
        "success": [{"put": {"key": "t", "value": "new"}}, {"get": {"key": "t"}}],
        "failure": [{"get": {"key": "t"}}],
    }
    (tmp_path / "txn.json").write_text(json.dumps(body))
    done = json.loads(cli.ok("txn", str(tmp_path / "txn.json")))
    assert done["succeeded"] and done["results"][1]["get"]["value"] == "new"
    code, out, _ = cli("txn", stdin=json.dumps(body).encode())
    assert code == NO and json.loads(out)["succeeded"] is False
    assert json.loads(out)["results"][0]["get"]["value"] == "new"
    assert "op" in cli.refused("txn", stdin=b'{"compare":[{"key":"t","target":"value","op":"=","value":1}]}', code=INVALID)


def test_scan_of_many_pages(cli):
    keys = [f"s/{number:05}" for number in range(2500)]
    cli.ok("bulk", stdin="".join(json.dumps({"key": key, "value": key}) + "\n" for key in keys).encode())
    assert cli.ok("scan", "s/") == "".join(f"{key}\t{key}\n" for key in keys).encode()
    assert cli.ok("scan", "s/", "--keys-only", "--reverse").decode().split() == keys[::-1]
    assert cli.ok("scan", "s/", "--keys-only", "--limit", "1001").decode().split() == keys[:1001]
    items = [json.loads(line) for line in cli.ok("scan", "s/0249", "--json").splitlines()]
    assert [item["value"] for item in items] == keys[2490:]
    assert cli.ok("scan", "no such") == b""


def test_status_and_snapshot(cli, node):
    status = json.loads(cli.ok("status", "--json"))
    assert status["role"] == "leader" and status["members"][0]["peer_address"] == peers(node)[0]
    table = cli.ok("status").decode()
    assert "leader" in table and peers(node)[0] in table and status["cluster_id"] in table
    assert json.loads(cli.ok("snapshot", "--output", "json"))["index"] > 0
    assert b"snapshot at log index" in cli.ok("snapshot")


def test_transfer(cli):
    assert json.loads(cli.ok("transfer", "n1", "--output", "json"))["leader"] == "n1", "it leads already"
    assert b"n1 leads, in term" in cli.ok("transfer", "n1")
    assert "no member" in cli.refused("transfer", "nobody", code=INVALID)
    assert cli.refused("transfer", code=NO), "there is no other voter"


def test_members(cli):
    assert b"yes" in cli.ok("member", "list")
    assert json.loads(cli.ok("member", "list", "--output", "json"))["members"][0]["voter"] is True
    assert cli.ok("member", "promote", "n1") == b"n1 votes already: 1 voter, 0 learners\n"
    assert json.loads(cli.ok("member", "remove", "n9", "--output", "json"))["changed"] is False
    assert "last voter" in cli.refused("member", "remove", "n1", code=NO)
    assert "no node waits" in cli.refused("member", "add", "n2", "--timeout", "300ms", code=NO)
    assert "no node waits" in cli.refused("member", "replace", "n2", "--timeout", "300ms", code=NO)
    assert "n1 is a member and votes" in cli.refused("member", "add", "n1", "--learner", code=NO)


@pytest.mark.parametrize("arguments", [
    ["member", "add"], ["member", "replace"], ["member", "promote"], ["member", "remove"], ["transfer"],
], ids=" ".join)
def test_ids_that_no_node_can_have(arguments):
    nobody = Cli([f"127.0.0.1:{free_port()}"], "--timeout", "20s")
    for node_id in ("x" * 65, "a b", "-n", "n/1"):
        assert "1 to 64 letters" in nobody.refused(*arguments, "--", node_id, code=INVALID), "without asking anybody"
    if arguments[-1] in ("add", "replace"):
        for peer in ("host", "0.0.0.0:7000", "host:0"):
            assert "--peer: " in nobody.refused(*arguments, "n2", "--peer", peer, code=INVALID)


@contextlib.contextmanager
def waiting_node(cluster, node_id, folder):
    """A node with an empty folder that waits to be added to the cluster; its peer address."""
    http, peer = free_port(), free_port()
    member = cluster.nodes[0]
    process = Process(
        [program("trouped"), "--port", str(http), "--peer-port", str(peer), "--node-id", node_id, "--join", "--data-dir", str(folder),
         "--peers", f"http://127.0.0.1:{member.http_port}?peer_port={member.peer_port}"],
        folder.with_suffix(".log"))
    try:
        def is_seen():
            assert process.running(), process.log()
            return any(w["peer_address"].endswith(f":{peer}") for w in member.status()["waiting"])
        wait_until(is_seen, 30, lambda: process.log())
        yield http, f"127.0.0.1:{peer}"
    finally:
        process.kill()


def test_a_node_that_waits_to_be_added_is_passed_over(node, tmp_path):
    with waiting_node(node, "n9", tmp_path / "n9") as (http, waiting):
        cli = Cli([waiting, *peers(node)], "--timeout", "20s")
        cli.ok("put", "passed", "over")
        assert cli.ok("get", "passed") == b"over"
        cli.ok("scan", "passed")
        assert json.loads(cli.ok("status", "--json"))["node_id"] == "n1"
        assert b"waits to be added" in cli.ok("member", "list")
        assert b"already" in cli.ok("member", "promote", "n1")
        alone = Cli([waiting], "--timeout", "500ms")
        assert "not a member" in alone.refused("put", "k", "v", code=UNAVAILABLE)
        assert alone("get", "k")[0] == UNAVAILABLE
        answer = http_request(http, "PUT", "/v1/kv/k", b"v")
        assert answer.status == 503 and answer.json()["type"].endswith(":not-ready"), answer


def test_a_node_that_waits_to_replace_one_that_runs_is_listed(node, cli, tmp_path):
    with waiting_node(node, "n1", tmp_path / "again"):
        assert b"waits to replace n1" in cli.ok("member", "list")


def test_endpoints_that_say_nothing_are_passed_over(node):
    with contextlib.ExitStack() as open_sockets:
        silent = []
        for _ in range(5):
            listener = open_sockets.enter_context(socket.create_server(("127.0.0.1", 0)))
            silent.append(f"127.0.0.1:{listener.getsockname()[1]}")
        cli = Cli([*silent, f"127.0.0.1:{free_port()}", *peers(node)], "--timeout", "10s")
        cli.ok("put", "silent", "1")
        assert cli.ok("get", "silent") == b"1"
        cli.ok("status")


def test_a_node_that_was_stopped_is_passed_over(tmp_path):
    with Cluster(tmp_path / "cluster") as cluster:
        cluster.start()
        stopped = cluster.follower()
        others = [peer for peer, each in zip(peers(cluster), cluster.nodes) if each is not stopped]
        cli = Cli([f"127.0.0.1:{stopped.peer_port}", *others], "--timeout", "5s")
        os.kill(stopped.process.pid, signal.SIGSTOP)
        try:
            cli.ok("put", "k", "v")
            assert cli.ok("get", "k") == b"v"
            assert json.loads(cli("status", "--json")[1])["leader"] == cluster.leader().id
        finally:
            os.kill(stopped.process.pid, signal.SIGCONT)


@pytest.mark.parametrize("arguments", [
    [], ["nonsense"], ["member"], ["member", "add"], ["member", "add", "n2", "--wait", "5"], ["member", "drop", "n2"], ["put"], ["get"], ["get", "a", "b"], ["put", "k", "v", "--timeout", "5"], ["get", "k", "--revision", "0"],
    ["put", "k", "v", "--if-absent", "--if-revision", "1"], ["get", "k", "--endpoints", "host"], ["put", "", "v"],
    ["get", "k", "--certificate", "only-this"], ["put", "k", "--file", "/nonexistent"], ["get", "k", "--output", "xml"],
], ids=repr)
def test_wrong_use(cli, arguments):
    assert cli.refused(*arguments, code=INVALID)


def test_help_names_commands_and_exit_codes(cli):
    text = cli.ok("--help").decode()
    for word in ("put", "get", "del", "bulk", "txn", "scan", "status", "snapshot", "transfer", "member", "TROUPE_ENDPOINTS", "Exit codes"):
        assert word in text
    assert "--if-absent" in cli.ok("put", "--help").decode()
    assert cli.ok("--version").strip()


def test_nobody_there():
    cli = Cli([f"127.0.0.1:{free_port()}"], "--timeout", "300ms")
    assert "unavailable" in cli.refused("put", "k", "v", code=UNAVAILABLE)
    assert "unavailable" in cli.refused("get", "k", code=UNAVAILABLE)


def test_every_confirmed_write_survives_dying_leaders(tmp_path):
    with Cluster(tmp_path / "cluster") as cluster:
        cluster.start()
        cli = Cli(peers(cluster), "--timeout", "20s")
        confirmed = {}
        for round_number in range(3):
            leader = cluster.leader()
            for number in range(5):
                key = f"{round_number}/{number}"
                if number == 2:
                    leader.kill()
                cli.ok("put", key, key, "--if-absent")
                confirmed[key] = key
            code, out, _ = cli("status", "--json")
            assert code in (OK, NO) and json.loads(out)["node_id"] != leader.id, "well or not, a node that lives says it"
            leader.start().wait_ready()
        lines = cli.ok("scan").decode().splitlines()
        assert dict(line.split("\t") for line in lines) == confirmed


def test_a_minority_takes_no_writes(tmp_path):
    with Cluster(tmp_path / "cluster") as cluster:
        cluster.start()
        follower = cluster.follower()
        for other in cluster.nodes:
            if other is not follower:
                other.kill()
        cli = Cli([f"127.0.0.1:{follower.peer_port}"], "--timeout", "1s")
        code, _, err = cli("put", "k", "v")
        assert code in (UNAVAILABLE, UNKNOWN) and err
        code, _, err = cli("get", "k")
        assert code == UNAVAILABLE and err
        wait_until(lambda: follower.status()["leader"] is None, 20, "the follower knows of no leader")
        patient = Cli([f"127.0.0.1:{follower.peer_port}"], "--timeout", "3s")
        for action in ("remove", "replace"):
            assert "no leader" in patient.refused("member", action, "n9", code=UNAVAILABLE), "nothing was proposed"


def test_tls(tmp_path):
    folder = tmp_path / "certificates"
    subprocess.run([CHECKOUT / "deploy" / "make-certificates", "--out", folder, "n1", "someone"],
                   check=True, capture_output=True, timeout=120)
    files = {"certificate": f"{folder}/n1.pem", "key": f"{folder}/n1-key.pem", "ca": f"{folder}/ca.pem"}
    with Cluster(tmp_path / "cluster", size=1, settings={"tls": files}) as cluster:
        cluster.start(timeout=60)
        certified = Cli(peers(cluster), "--certificate", f"{folder}/someone.pem", "--key", f"{folder}/someone-key.pem",
                        "--ca", f"{folder}/ca.pem")
        certified.ok("put", "k", "v")
        assert certified.ok("get", "k") == b"v"
        Cli(peers(cluster), "--timeout", "1s").refused("get", "k", code=UNAVAILABLE)


def test_tls_files_that_cannot_be_used(tmp_path):
    file = tmp_path / "file.pem"
    file.write_text("no certificate")
    cli = Cli(["127.0.0.1:1"], "--certificate", str(file), "--key", str(file), "--ca", str(file))
    error = cli.refused("get", "k", code=INVALID)
    assert str(file) in error and len(error.splitlines()) == 1


def test_search_shows_hits_and_why(cli):
    cli.ok("put", "search/1", "the quick brown owl reads")
    cli.ok("put", "search/2", "--json", '{"title": "owls", "tags": ["blue", "red"], "price": 7}')
    cli.ok("put", "search/3", "a \x1b[31mred\x07 owl")
    out = cli.ok("search", "--prefix", "search/", "owl")
    assert all(key in out for key in (b"search/1", b"search/2", b"search/3")) and b"3 of 3" in out
    assert b"\x1b" not in out and b"\x07" not in out, "values do not control the terminal"
    shown = json.loads(cli.ok("search", "--json", "--prefix", "search/", "--facet", "tags:1", "--filter", "price<8", "owl"))
    assert [hit["key"] for hit in shown["hits"]] == ["search/2"] and shown["total"] == 1
    assert shown["hits"][0]["value"]["price"] == 7 and len(shown["facets"]["tags"]) == 1
    assert b"owl" in cli.ok("search", "--explain", "--fields", "title", "--stale", "owl")
    code, out, _ = cli("search", "--prefix", "search/", "unheard-of")
    assert code == NO and b"0 of 0" in out


def test_search_refuses_what_is_wrong(cli):
    assert "q" in cli.refused("search", '"no end', code=INVALID)
    assert "limit" in cli.refused("search", "--limit", "0", "owl", code=INVALID)
    cli.refused("search", code=INVALID)
    cli.refused("search", "--cursor", "rubbish", code=NO)
    cli.refused("search", "--mode", "both", "owl", code=INVALID)
