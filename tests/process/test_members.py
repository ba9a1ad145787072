"""Nodes join, leave and are replaced while a cluster works, by the commands of docs/operations.md."""

import shutil
import subprocess

from support.cluster import Cluster, Node, program
from support.deadline import wait_until
from support.ports import free_port
from support.preload import slow_sync
from test_failover import SMALL, more_writes
from workload import Writers, judge

from durability import content_of


def troupe(cluster, *arguments, patience="20s", timeout=120):
    """Runs the command line against all nodes that run."""
    endpoints = ",".join(f"127.0.0.1:{node.peer_port}" for node in cluster.running())
    done = subprocess.run(
        [program("troupe"), "--endpoints", endpoints, "--timeout", patience, *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
        stdin=subprocess.DEVNULL,
    )
    return done


def must(done):
    assert done.returncode == 0, (done.args, done.returncode, done.stdout, done.stderr)
    return done.stdout


class Growing(Cluster):
    """Begins with some nodes; each node that joins has a cluster file of its own, which lists it and one member."""

    def join(self, node_id, other=None, environment=None):
        node = Node(self, node_id, free_port(), free_port())
        self.nodes.append(node)
        self.start_joining(node, other or self.nodes[0], environment)
        return node

    def start_joining(self, node, other, environment=None):
        everyone, self.nodes = self.nodes, [other, node]
        own_file = self.folder / f"{node.data_dir.name}.toml"
        own_file.write_text(self._config_text(SMALL), encoding="utf-8")
        self.nodes = everyone
        node.config_path = own_file
        node.extra = ["--join"]
        return node.start(environment)

    def gone(self, node):
        self.nodes.remove(node)

    def _leader_now(self):
        # Not all nodes here are members, so the newest leader counts, with whoever follows it.
        leaders = [(status["term"], node.id, node) for node in self.running() if (status := node.status()) and status["role"] == "leader"]
        return max(leaders)[2] if leaders else None


def growing(tmp_path, size=1):
    return Growing(tmp_path / "cluster", size=size, settings=SMALL)


def member_ids(cluster, kind=None):
    status = cluster.leader().status()
    return {m["id"] for m in status["members"] if kind is None or m["voter"] == (kind == "voter")}


def is_known_to_wait(cluster, node):
    """The leader knows of it; the node itself says so as soon as it starts, when no link is up yet."""
    return node.id in {waiting["id"] for waiting in cluster.leader().status()["waiting"]}


def check(cluster, writers):
    for node in cluster.nodes:
        node.wait_ready(60)
    cluster.wait_settled()
    verdict = judge(writers, [content_of(node) for node in cluster.nodes])
    assert not writers.errors()
    assert verdict.clean(), verdict


def ends_removed(node, timeout=20):
    assert node.process.wait(timeout) == 2, node.process.log()
    assert "was removed from cluster" in node.process.log()


def test_grown_from_one_to_five_and_shrunk_to_three_under_load(tmp_path):
    with growing(tmp_path) as cluster:
        cluster.start()
        newcomers = [cluster.join(f"n{number}") for number in range(2, 6)]
        writers = Writers(cluster.addresses[:1] + [n.address for n in newcomers], singles=3, groups=1)
        more_before = 20
        writers.start()
        try:
            more_writes(writers, more_before)
            for node in newcomers:
                must(troupe(cluster, "member", "add", node.id))
                node.wait_ready()
                more_writes(writers, 20)
            assert member_ids(cluster, "voter") == {"n1", "n2", "n3", "n4", "n5"}
            # The leader among them: it hands over and goes.
            leader = cluster.leader()
            other = next(node for node in cluster.nodes if node is not leader)
            for node in (leader, other):
                must(troupe(cluster, "member", "remove", node.id))
                ends_removed(node)
                cluster.gone(node)
                more_writes(writers, 20)
            assert len(member_ids(cluster, "voter")) == 3
        finally:
            writers.stop()
        check(cluster, writers)
        # They know each other from their logs, not from their files.
        for node in cluster.nodes:
            node.kill()
        for node in cluster.nodes:
            node.start()
        check(cluster, writers)


def test_kills_while_members_change(tmp_path):
    with growing(tmp_path, size=3) as cluster:
        cluster.start()
        writers = Writers(cluster.addresses, singles=2, groups=1)
        writers.start()
        try:
            more_writes(writers, 20)
            newcomer = cluster.join("n4")
            wait_until(lambda: is_known_to_wait(cluster, newcomer), 20, "n4 waits")
            for turn in range(3):
                # kill -9 of the leader, of the newcomer, of a follower, while somebody asks.
                asked = subprocess.Popen(
                    [program("troupe"), "--endpoints", ",".join(f"127.0.0.1:{n.peer_port}" for n in cluster.nodes[:3]),
                     "--timeout", "30s", "member", "add" if turn != 1 else "remove", "n4"],
                    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                victim = [cluster.leader(), newcomer, cluster.nodes[1]][turn]
                victim.kill()
                if victim is newcomer and turn == 1:
                    assert asked.wait(60) == 0
                    shutil.rmtree(newcomer.data_dir)
                    cluster.start_joining(newcomer, cluster.nodes[0])
                else:
                    victim.start()
                    code = asked.wait(120)
                    assert code in (0, 1, 3, 4), code
                more_writes(writers, 10)
            must(troupe(cluster, "member", "add", "n4"))
            assert member_ids(cluster, "voter") == {"n1", "n2", "n3", "n4"}
            more_writes(writers, 10)
        finally:
            writers.stop()
        check(cluster, writers)


def test_a_new_member_is_promoted_though_the_majority_was_away_meanwhile(tmp_path):
    told = tmp_path / "slow"
    said = tmp_path / "said"
    with growing(tmp_path, size=3) as cluster, said.open("wb") as errors:
        cluster.start()
        voters = cluster.nodes[:3]
        writers = Writers([voters[0].address], singles=2, groups=0)
        writers.start()
        try:
            newcomer = cluster.join("n4", environment=slow_sync(told))
            wait_until(lambda: is_known_to_wait(cluster, newcomer), 20, "n4 waits")
            told.write_text("3000", encoding="ascii")  # longer than an election: it does not catch up
            asked = subprocess.Popen(
                [program("troupe"), "--endpoints", ",".join(f"127.0.0.1:{n.peer_port}" for n in voters), "--timeout", "1s",
                 "member", "add", "n4"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors)
            wait_until(lambda: "n4" in member_ids(cluster, "learner"), 20, "n4 is a learner")
            away = voters[1:]
            for node in away:
                node.kill()
            wait_until(lambda: asked.poll() is not None or b"waiting" in said.read_bytes(), 30, "a word of progress")
            assert asked.poll() is None, said.read_bytes()
            for node in away:
                node.start()
            told.unlink()
            assert asked.wait(60) == 0, said.read_bytes()
            assert member_ids(cluster, "voter") == {"n1", "n2", "n3", "n4"}
        finally:
            writers.stop()
        check(cluster, writers)


def test_a_lost_disk_is_replaced_by_one_command(tmp_path):
    with growing(tmp_path, size=3) as cluster:
        cluster.start()
        for number in range(60):
            cluster.write(f"key/{number}", b"v" * 100)
        lost = cluster.follower()
        lost.kill()
        shutil.rmtree(lost.data_dir)
        lost.start()
        assert lost.process.wait(20) == 2, "with an empty folder it must not take part"
        assert "--join" in lost.process.log()
        nothing_waits = troupe(cluster, "member", "replace", lost.id, patience="1s")
        assert nothing_waits.returncode == 1 and "no node waits" in nothing_waits.stderr, nothing_waits
        assert lost.id in member_ids(cluster), "nothing was changed"
        cluster.start_joining(lost, cluster.leader())
        wait_until(lambda: cluster.leader().status()["waiting"], 20, "it waits")
        refused = troupe(cluster, "member", "add", lost.id)
        assert refused.returncode == 1 and "another data folder" in refused.stderr, refused
        must(troupe(cluster, "member", "replace", lost.id))
        lost.wait_ready()
        cluster.wait_settled()
        assert member_ids(cluster, "voter") == {"n1", "n2", "n3"}
        assert content_of(lost) == content_of(cluster.leader())
        # It is one of three: with one other gone, the two of them are a majority.
        next(node for node in cluster.nodes if node is not lost).kill()
        cluster.write("after", b"x")


def test_a_joiner_waits_until_it_is_added(tmp_path):
    with growing(tmp_path) as cluster:
        cluster.start()
        first = cluster.nodes[0]
        node = cluster.join("n2")
        wait_until(lambda: is_known_to_wait(cluster, node), 20, "it waits")
        assert "waits to be added" in node.process.log(20_000)
        assert [w["id"] for w in first.status()["waiting"]] == ["n2"]
        assert node.request("GET", "/readyz").status == 503
        assert node.request("PUT", "/v1/kv/a", b"x", timeout=20).status == 503
        assert "waits to be added" in must(troupe(cluster, "member", "list"))
        answer = node.request("POST", "/v1/cluster/members", b'{"id":"n2"}', timeout=20)
        assert answer.status == 503, "a node without a cluster invites nobody"
        answer = first.request("POST", "/v1/cluster/members", b'{"id":"n2"}', timeout=20)
        assert answer.status == 200 and answer.json()["changed"] is True, answer
        again = first.request("POST", "/v1/cluster/members", b'{"id":"n2"}', timeout=20)
        assert again.status == 200 and again.json()["changed"] is False, again
        node.wait_ready()
        wait_until(lambda: first.request("POST", "/v1/cluster/members/n2/promote", timeout=20).status == 200, 30, "promoted")
        # A folder that has joined just starts, whatever the start line says; and so does one without --join.
        node.kill()
        node.start().wait_ready()
        node.extra = []
        node.kill()
        node.start().wait_ready()
        assert first.status()["waiting"] == []


def test_a_removed_node_stays_out(tmp_path):
    with growing(tmp_path, size=3) as cluster:
        cluster.start()
        away = cluster.follower()
        away.kill()
        must(troupe(cluster, "member", "remove", away.id))
        assert "already" in must(troupe(cluster, "member", "remove", away.id))
        away.start()
        ends_removed(away)
        # Nobody has to tell it twice: it is of no use even where nobody is.
        for node in cluster.nodes:
            if node is not away:
                node.kill()
        away.start()
        ends_removed(away)


def test_leaders_are_removed_through_a_follower(tmp_path):
    with growing(tmp_path, size=5) as cluster:
        cluster.start()
        for _ in range(3):
            leader = cluster.leader()
            asked = next(node for node in cluster.nodes if node is not leader)
            wait_until(lambda: asked.status()["leader"] == leader.id, 20, "the one that is asked knows the leader")
            answer = asked.request("DELETE", f"/v1/cluster/members/{leader.id}", timeout=20)
            assert answer.status == 200 and answer.json()["changed"] is True, (answer, asked.process.log(), leader.process.log())
            ends_removed(leader)
            cluster.gone(leader)
        assert len(member_ids(cluster)) == 2
        cluster.write("after", b"x")


def test_of_two_nodes_that_wait_under_one_id_the_first_stays(tmp_path):
    with growing(tmp_path) as cluster:
        member = cluster.start().nodes[0]
        first = cluster.join("n2")
        wait_until(lambda: member.status()["waiting"], 20, "the first one waits")
        second = Node(cluster, "n2", free_port(), free_port())
        second.data_dir = cluster.folder / "n2-again"
        second.log_path = cluster.folder / "n2-again.log"
        cluster.nodes.append(second)
        cluster.start_joining(second, member)
        wait_until(lambda: "waits to be added under it" in second.process.log(20_000), 20, lambda: second.process.log())
        must(troupe(cluster, "member", "add", "n2"))
        first.wait_ready()
        wait_until(lambda: "is a member under it" in second.process.log(20_000), 20, lambda: second.process.log())
        refused = troupe(cluster, "member", "replace", "n2", patience="1s")
        assert refused.returncode == 1 and "only a member that is gone" in refused.stderr, refused
        rows = {m["id"]: m for m in member.status()["members"]}
        assert rows["n2"]["peer_address"] == f"127.0.0.1:{first.peer_port}", rows
        assert second.running() and not member.status()["waiting"]


def test_an_address_changes(tmp_path):
    with growing(tmp_path, size=3) as cluster:
        cluster.start()
        moved = cluster.follower()
        moved.kill()
        moved.peer_port = free_port()
        own_file = cluster.folder / "moved.toml"
        own_file.write_text(cluster._config_text(SMALL), encoding="utf-8")
        moved.config_path = own_file
        moved.start().wait_ready()
        must(troupe(cluster, "member", "add", moved.id))
        rows = {m["id"]: m for m in cluster.leader().status()["members"]}
        assert rows[moved.id]["peer_address"] == f"127.0.0.1:{moved.peer_port}"
        # The others find it there now, from their logs.
        for node in cluster.nodes:
            node.kill()
        for node in cluster.nodes:
            node.start()
        for node in cluster.nodes:
            node.wait_ready()
        cluster.wait_settled()


def test_a_node_of_another_cluster_is_refused(tmp_path):
    with growing(tmp_path / "a") as ours, growing(tmp_path / "b", size=2) as theirs:
        ours.start()
        theirs.start()
        alien = theirs.nodes[1]
        alien.terminate()
        theirs.start_joining(alien, ours.nodes[0])
        wait_until(lambda: "belongs to cluster" in ours.nodes[0].process.log(20_000), 20, "n1 has refused it")
        answer = ours.nodes[0].request("POST", "/v1/cluster/members", b'{"id":"n2"}', timeout=20)
        assert answer.status == 409 and "no node waits" in answer.json()["detail"], answer
        assert [m["id"] for m in ours.nodes[0].status()["members"]] == ["n1"]


def test_garbage_changes_nothing(tmp_path):
    with growing(tmp_path) as cluster:
        node = cluster.start().nodes[0]
        bodies = [b"", b"{", b"[]", b"{}", b'{"id":""}', b'{"id":1}', b'{"id":"' + b"x" * 65 + b'"}', b'{"id":"a","x":1}',
                  b'{"id":"a","peer":2}', b"\xff\xfe", b'{"id":"a","id":"b"}']
        for body in bodies:
            answer = node.request("POST", "/v1/cluster/members", body)
            assert answer.status in (400, 411), (body, answer)
        assert node.request("POST", "/v1/cluster/members/n9/promote").status == 409
        assert node.request("POST", "/v1/cluster/members/n1/promote").json()["changed"] is False
        assert node.request("POST", "/v1/cluster/members/n1/promote", b"{}").status == 400
        assert node.request("DELETE", "/v1/cluster/members/n9").json()["changed"] is False
        last = node.request("DELETE", "/v1/cluster/members/n1")
        assert last.status == 409 and "last voter" in last.json()["detail"], last
        assert node.request("GET", "/v1/cluster/members").status == 405
        assert [m["id"] for m in node.status()["members"]] == ["n1"]
