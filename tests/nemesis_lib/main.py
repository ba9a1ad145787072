"""tests/nemesis: real nodes under real faults, and the judgement of what clients saw."""

import argparse
import collections
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import tempfile
import time
from urllib.parse import urlencode

from support.cluster import CHECKOUT

from .backends import CafBackend, HttpBackend, test_program
from .faults import FAULTS, World
from .network import CannotIsolate, Network
from .nodes import Cluster
from .records import Operation, Recorder, now
from .workload import ACCOUNTS, FINAL_PREFIXES, OPENING, Client, Shared, opening

TARGETS = ["trouped", "check_history", "nemesis_client", "slowsync", "shiftedclock"]


def parse(arguments):
    parser = argparse.ArgumentParser(prog="tests/nemesis", description="Runs real nodes, each in its own network namespace, under faults; "
                                     "checks what clients were told. Needs root. Exit codes: 0 fine, 1 anomaly, 2 cannot run here.")
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=None, help="chooses faults and operations; timing stays the machine's")
    parser.add_argument("--faults", default=",".join(FAULTS), help="comma-separated, of: " + ", ".join(FAULTS))
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--clients", type=int, default=8, help="of which a third speaks CAF and the others HTTP")
    parser.add_argument("--pause-ms", type=float, default=5.0, help="between two operations of a client, on average")
    parser.add_argument("--stale-reads", action="store_true", help="the control: reads over HTTP are stale, which has to be found")
    parser.add_argument("--keep", action="store_true", help="keep logs and history also when all is well")
    options = parser.parse_args(arguments)
    options.faults = [name for name in options.faults.split(",") if name]
    unknown = set(options.faults) - set(FAULTS)
    if unknown:
        parser.error(f"no such fault: {', '.join(sorted(unknown))}")
    if not 3 <= options.nodes <= 15 or options.clients < 1 or options.minutes <= 0:
        parser.error("at least three nodes (at most 15), one client and some time")
    if options.seed is None:
        options.seed = random.SystemRandom().randrange(1 << 32)
    return options


def build():
    """Only what is missing, and only in the default folder."""
    if "TROUPE_BUILD_DIR" in os.environ:
        return
    folder = CHECKOUT / "build" / "release"
    if all((folder / place).exists() for place in ("bin/trouped", "tests/check_history", "tests/nemesis_client", "lib/libslowsync.so", "lib/libshiftedclock.so")):
        return
    subprocess.run(["cmake", "--preset", "release"], cwd=CHECKOUT, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", folder, "--target", *TARGETS], cwd=CHECKOUT, check=True, stdout=subprocess.DEVNULL)


class Run:
    def __init__(self, options, folder, network):
        self.options = options
        self.random = random.Random(options.seed)
        self.history_path = folder / "history.txt"
        self.recorder = Recorder(self.history_path, [("acct/", OPENING * len(ACCOUNTS))])
        self.shared = Shared(self.recorder)
        self.cluster = Cluster(network.tag, folder, network)
        self.world = World(self.cluster, self.shared, self.random)
        self.clients = []
        self.faults = collections.Counter()
        self.problems = []

    def go(self):
        self.cluster.start()
        self._open_accounts()
        for number in range(self.options.clients):
            caf = number % 3 == 2
            backend = CafBackend(self.cluster) if caf else HttpBackend(self.cluster.nodes, number, stale_reads=self.options.stale_reads)
            self.clients.append(Client(self.shared, backend, self.random.getrandbits(64), self.options.pause_ms / 1000))
        for client in self.clients:
            client.start()
        try:
            self._break_things()
        finally:
            self.shared.stop.set()
            for client in self.clients:
                client.join(timeout=60)
        hanging = sum(client.is_alive() for client in self.clients)
        if hanging:
            self.problems.append(f"{hanging} clients hang")
        self.problems += self.shared.errors

    def _open_accounts(self):
        client, backend = self.recorder.new_client(), HttpBackend(self.cluster.nodes, 0)
        for _ in range(20):
            operation, called = opening(), now()
            backend.execute(operation)
            self.recorder.record(client, operation, called, now())
            if operation.outcome != "failed":
                break
        backend.close()
        assert operation.outcome == "ok", f"the accounts could not be opened: {operation.outcome}"

    def _break_things(self):
        end = time.monotonic() + self.options.minutes * 60
        deck = []
        while time.monotonic() < end and not self.shared.errors:
            if not deck:
                deck = [name for name in self.options.faults for _ in range(FAULTS[name][1])]
                self.random.shuffle(deck)
            if not deck:
                time.sleep(0.2)
                continue
            name = deck.pop()
            began = time.monotonic()
            try:
                FAULTS[name][0](self.world)
                self.cluster.check_alive()
                self.world.recover()
            except AssertionError as error:
                raise AssertionError(f"{name}: {error}") from None
            self.faults[name] += 1
            print(f"{time.strftime('%H:%M:%S')} {name}, {time.monotonic() - began:.1f} s", flush=True)
            time.sleep(self.random.uniform(0.2, 1))

    def finish(self):
        """All healed and quiet: what does each node hold?"""
        self.cluster.heal()
        self.cluster.wait_settled(120)
        states = {}
        for node in self.cluster.nodes:
            states[node.id] = content(node)
            for prefix in FINAL_PREFIXES:
                cells, revision, called, returned = states[node.id]
                read = Operation("final", node=node.id, word=prefix, revision=revision,
                                 reads=[(key, value, mod) for key, (value, mod) in cells.items() if key.startswith(prefix)])
                self.recorder.record(self.recorder.new_client(), read, called, returned)
        first = states[self.cluster.nodes[0].id]
        for name, state in states.items():
            if state[:2] != first[:2]:
                differing = sorted(key for key in {**state[0], **first[0]} if state[0].get(key) != first[0].get(key))
                self.problems.append(f"{name} holds another state: {differing[:10]}")
        self._read_lists()

    def _read_lists(self):
        reader = Client(self.shared, HttpBackend(self.cluster.nodes, 0), 0, 0)
        for key in self.shared.list_keys():
            if reader.read_list(key) is None:
                self.problems.append(f"{key} cannot be read at the end")
        reader.close()

    def judge(self):
        """How many acknowledged writes were lost."""
        self.recorder.close()
        done = subprocess.run([test_program("check_history"), self.history_path], capture_output=True, text=True, timeout=600)
        print(done.stdout[done.stdout.index("verdict:"):] if "verdict:" in done.stdout else done.stdout + done.stderr)
        if done.returncode != 0:
            self.problems.append(f"check_history: exit code {done.returncode}")
        return done.stdout.count("\nlost:")

    def close(self):
        self.shared.stop.set()
        for client in self.clients:
            client.close()
        self.cluster.close()


def content(node):
    """Everything a node holds, from its own state: key -> (value, mod revision), its revision, and when."""
    cells, cursor, called = {}, None, now()
    while True:
        parameters = {"limit": 1000, "consistency": "stale", **({"cursor": cursor} if cursor else {})}
        status, body = node.request("GET", "/v1/kv?" + urlencode(parameters), timeout=10)
        assert status == 200, body
        page = json.loads(body)
        cells.update((item["key"], (item["value"], item["mod_revision"])) for item in page["items"])
        cursor = page["cursor"]
        if not cursor:
            return cells, page["revision"], called, now()


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def print_result(run, lost, seconds):
    print(f"\nseed {run.options.seed}, {run.options.nodes} nodes, {seconds:.0f} s")
    total = sum(run.recorder.counts.values())
    print(f"operations: {total}")
    for kind in sorted({kind for kind, _ in run.recorder.counts}):
        print(f"  {kind:9}" + "".join(f"{run.recorder.counts[kind, outcome]:9} {outcome}" for outcome in ("ok", "failed", "unknown")))
    print("faults: " + ", ".join(f"{name} {run.faults[name]}" for name in FAULTS if run.faults[name]))
    for fault, gaps in sorted(run.world.gaps.items()):
        print(f"without a leader after {fault} ({len(gaps)} times): p50 {percentile(gaps, 0.5):.2f} s, p99 {percentile(gaps, 0.99):.2f} s, "
              f"longest {max(gaps):.2f} s")
    print(f"anomalies: {len(run.problems)}, lost: {lost}")
    for problem in run.problems:
        print(f"  {problem}")


def interrupted(*_):
    raise KeyboardInterrupt


def main(arguments):
    options = parse(arguments)
    if os.geteuid() != 0:
        print("tests/nemesis: network namespaces need root")
        return 2
    build()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupted)
    tag = f"{random.SystemRandom().randrange(1 << 20):05x}"
    try:
        network = Network(tag, [f"n{number + 1}" for number in range(options.nodes)])
    except (CannotIsolate, FileNotFoundError) as error:
        print(f"tests/nemesis: cannot make network namespaces here: {error}")
        return 2
    folder = pathlib.Path(tempfile.mkdtemp(prefix=f"troupe-nemesis-{tag}-"))
    keep = True
    run = None
    began = time.monotonic()
    lost = 0
    try:
        print(f"tests/nemesis --minutes {options.minutes:g} --seed {options.seed} --faults {','.join(options.faults)} --nodes {options.nodes}", flush=True)
        run = Run(options, folder, network)
        try:
            run.go()
            run.finish()
        except AssertionError as error:
            run.problems.append(str(error))
        lost = run.judge()
        print_result(run, lost, time.monotonic() - began)
        keep = options.keep or bool(run.problems)
        return 1 if run.problems else 0
    except KeyboardInterrupt:
        keep = options.keep
        print("interrupted")
        return 130
    finally:
        if run is not None:
            run.close()
        network.close()
        if keep:
            print(f"logs and history: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
