"""Kills nodes that lose what they did not sync, under load, and counts acknowledged writes that are gone.

With --no-sync every sync is a lie once the cluster has formed, and all nodes die together: then writes must be lost, or
this test could not see a loss.
"""

import argparse
import os
import pathlib
import random
import shutil
import sys
import tempfile
import time

from support.cluster import Cluster
from support.deadline import wait_until
from support.preload import drop_unsynced

from workload import TornReader, Writers, judge

_SINGLE_WRITERS = 6
_GROUPS = 3
_ACKNOWLEDGED_BETWEEN_KILLS = 30
# Small, so that segments and snapshots change all the time while nodes die.
_SETTINGS = {
    "storage": {"segment_bytes": "1MiB", "snapshot_log_bytes": "4MiB", "snapshot_log_entries": 5000, "snapshot_keep_entries": 500},
    "log": {"level": "info"},
}


def arguments(argv):
    parser = argparse.ArgumentParser(prog="tests/durability", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100, help="how many nodes to kill (default 100)")
    parser.add_argument("--no-sync", action="store_true", help="negative control: syncing does nothing, writes must be lost")
    parser.add_argument("--seed", type=int, default=int(os.environ.get("TROUPE_SEED", 0)) or random.SystemRandom().randrange(1, 1 << 31))
    parser.add_argument("--nodes", type=int, default=3, help="size of the cluster (default 3)")
    parser.add_argument("--early-percent", type=int, default=10, help="written pages that reach the disk before their sync (default 10)")
    options = parser.parse_args(argv)
    if options.kills < 1 or options.nodes < 1:
        parser.error("--kills and --nodes must be at least 1")
    return options


class Run:
    def __init__(self, options, folder):
        self.options = options
        self.random = random.Random(options.seed)
        self.lie = folder / "syncs-lie"
        self.cluster = Cluster(folder / "cluster", size=options.nodes, settings=_SETTINGS)
        self.writers = Writers(self.cluster.addresses, _SINGLE_WRITERS, _GROUPS)
        self.reader = TornReader(self.cluster.addresses, self.writers)
        self.kills = 0
        self.rounds = 0

    def start_node(self, node):
        early = 0 if self.options.no_sync else self.options.early_percent
        node.start(drop_unsynced(node.data_dir, lie=self.lie, early_percent=early))

    def load(self):
        """Waits until the cluster has acknowledged some more, so that every kill falls into traffic."""
        target = self.writers.acknowledged() + _ACKNOWLEDGED_BETWEEN_KILLS

        def enough():
            self.check_alive()
            return self.writers.acknowledged() >= target

        wait_until(enough, 60, lambda: "writes are acknowledged again; " + self.logs())
        time.sleep(self.random.uniform(0, 0.2))

    def check_alive(self):
        errors = self.writers.errors() + ([self.reader.error] if self.reader.error else [])
        assert not errors, f"an answer that should not have come: {errors}"
        for node in self.cluster.nodes:
            if not node.running():
                code = node.process.popen.returncode
                raise AssertionError(f"{node.id} ended by itself with code {code}; its log:\n{node.process.log()}")

    def logs(self):
        return "\n".join(f"log of {node.id}:\n{node.process.log(1500)}" for node in self.cluster.nodes)

    def victims(self):
        if self.options.no_sync:
            return list(self.cluster.nodes)
        count = self.random.choices([1, 2, len(self.cluster.nodes)], [0.65, 0.2, 0.15])[0]
        return self.random.sample(self.cluster.nodes, min(count, len(self.cluster.nodes)))

    def kill_round(self):
        victims = self.victims()
        for node in victims:
            node.process.popen.kill()  # all of them first: dying together is the point
        for node in victims:
            node.kill()
        self.kills += len(victims)
        self.rounds += 1
        time.sleep(self.random.uniform(0, 0.3))
        for node in victims:
            self.start_node(node)
        if self.random.random() < 0.15 and not self.options.no_sync:
            # Dying while starting is its own path: recovery must bear being cut short.
            time.sleep(self.random.uniform(0, 0.1))
            node = self.random.choice(victims)
            node.kill()
            self.kills += 1
            self.start_node(node)

    def run(self):
        with self.cluster:
            for node in self.cluster.nodes:
                self.start_node(node)
            for node in self.cluster.nodes:
                node.wait_ready()
            self.writers.start()
            self.reader.start()
            try:
                self.load()
                if self.options.no_sync:
                    self.lie.touch()
                    self.load()
                while self.kills < self.options.kills:
                    self.kill_round()
                    self.load()
            finally:
                self.writers.stop()
                self.reader.stop()
            return self.judge()

    def judge(self):
        for node in self.cluster.nodes:
            node.wait_ready(60)
        self.cluster.wait_settled()
        return judge(self.writers, [content_of(node) for node in self.cluster.nodes])


def content_of(node):
    """Everything that this node holds itself: key -> (value, version)."""
    content = {}
    cursor = ""
    while True:
        answer = node.request("GET", f"/v1/kv?consistency=stale{cursor}", timeout=30)
        assert answer.status == 200, answer
        page = answer.json()
        for item in page["items"]:
            content[item["key"]] = (item["value"], item["version"])
        if not page.get("cursor"):
            return content
        cursor = "&cursor=" + page["cursor"]


def report(run, verdict, seconds):
    tallies = run.writers.singles + run.writers.bulks()
    singles = sum(len(tally.acknowledged) for tally in run.writers.singles)
    bulks = sum(len(tally.acknowledged) for tally in run.writers.bulks())
    print(f"kills:                       {run.kills} in {run.rounds} rounds, {seconds:.0f} s")
    print(f"acknowledged writes:         {singles} single, {bulks} bulk")
    print(f"refused (503):               {sum(tally.refused for tally in tallies)}")
    print(f"outcome unknown:             {sum(tally.unknown for tally in tallies)}")
    print(f"reads of groups under load:  {run.reader.reads}, torn {run.reader.torn}, stale {run.reader.stale}")
    print(f"acknowledged writes lost:    {len(verdict.lost)}")
    print(f"torn bulks:                  {len(verdict.torn)}")
    print(f"writes applied twice:        {len(verdict.twice)}")
    print(f"values nobody wrote:         {len(verdict.invented)}")
    print(f"replicas differ:             {'yes' if verdict.replicas_differ else 'no'}")
    for name in ("lost", "torn", "twice", "invented"):
        examples = sorted(map(str, getattr(verdict, name)))[:5]
        if examples and not run.options.no_sync:
            print(f"  {name}: {', '.join(examples)}")


def main(argv):
    options = arguments(argv)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="troupe-durability-", dir=os.environ.get("TROUPE_TEST_FOLDER")))
    mode = "syncing disabled after the cluster has formed" if options.no_sync else "unsynced writes dropped"
    print(f"tests/durability: {options.kills} kills of {options.nodes} nodes, {mode}, seed {options.seed}", flush=True)
    run = Run(options, folder)
    started = time.monotonic()
    try:
        verdict = run.run()
    except AssertionError as error:
        print(f"FAILED after {run.kills} kills: {error}\nseed {options.seed}; data and logs are kept in {folder}", file=sys.stderr)
        return 1
    report(run, verdict, time.monotonic() - started)
    if options.no_sync:
        good = bool(verdict.lost)
        print("as expected of the control: without syncing, acknowledged writes were lost" if good else "FAILED: the control lost nothing")
    else:
        good = verdict.clean() and run.reader.torn == 0 and run.reader.stale == 0
        print("passed: nothing acknowledged was lost, no bulk was torn" if good else "FAILED")
    if good:
        shutil.rmtree(folder)
    else:
        print(f"seed {options.seed}; data and logs are kept in {folder}")
    return 0 if good else 1
