"""The C++ library while leaders die: what it confirmed is there, what it called not applied is not, nothing was written twice."""

import collections
import subprocess
import threading

from support.cluster import Cluster, program
from support.deadline import wait_until


def test_outcomes_are_true_while_leaders_die(tmp_path):
    with Cluster(tmp_path / "cluster") as cluster:
        cluster.start()
        endpoints = [f"127.0.0.1:{node.peer_port}" for node in cluster.nodes]
        keys = collections.defaultdict(set)
        writer = subprocess.Popen([program("client_writer", "tests"), *endpoints], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

        def collect():
            for line in writer.stdout:
                outcome, key = line.split()
                keys[outcome].add(key)

        reader = threading.Thread(target=collect)
        reader.start()
        try:
            for _ in range(4):
                before = len(keys["confirmed"])
                wait_until(lambda: len(keys["confirmed"]) > before + 100, 30, "writes before the leader dies")
                leader = cluster.leader()
                leader.kill()
                before = len(keys["confirmed"])
                wait_until(lambda: len(keys["confirmed"]) > before + 100, 30, "writes after the leader died")
                leader.start().wait_ready()
        finally:
            writer.stdin.close()
            reader.join(timeout=30)
            writer.wait(timeout=30)
        assert writer.returncode == 0

        listed = subprocess.run([program("troupe"), "scan", "--keys-only", "--endpoints", ",".join(endpoints)],
                                capture_output=True, text=True, timeout=60, check=True)
        there = set(listed.stdout.split())
        print({outcome: len(found) for outcome, found in keys.items()})
        # A write that was applied twice would find its own key and report a conflict.
        assert set(keys) <= {"confirmed", "outcome-unknown", "unavailable"}
        assert keys["confirmed"] <= there
        assert not keys["unavailable"] & there
        assert there <= keys["confirmed"] | keys["outcome-unknown"]
