"""Writers that remember what was acknowledged, and the check of what is still there afterwards."""

import threading
from dataclasses import dataclass, field

from troupe import DatabaseClient, OutcomeUnknown, TroupeError, Unavailable

GROUP_KEYS = 8


def single_key(writer, number):
    return f"single/{writer}/{number:08}"


def group_key(group, member):
    return f"group/{group}/{member}"


def group_name(writer, epoch):
    return f"{writer}.{epoch}"


@dataclass
class Tally:
    """What one writer was told. Only that writer changes it while it runs."""

    acknowledged: list = field(default_factory=list)  # keys of singles, values of bulks
    attempted: int = 0
    unknown: int = 0
    refused: int = 0
    error: str = ""  # an answer that should not have come: it ends the writer


class Writers:
    """Threads that write until stopped: singles to keys of their own, bulks that give all keys of a group one value.

    A bulk writer counts up. After an unknown outcome it begins a new group (an epoch): the unknown bulk may still be applied
    later, and then an older value in the group would be right.
    """

    def __init__(self, addresses, singles, groups):
        self._addresses = addresses
        self._stop = threading.Event()
        self.singles = [Tally() for _ in range(singles)]
        self.epochs = [[Tally()] for _ in range(groups)]  # of each bulk writer, the last is the one it writes to
        self._threads = [threading.Thread(target=self._write_singles, args=(number,)) for number in range(singles)]
        self._threads += [threading.Thread(target=self._write_group, args=(number,)) for number in range(groups)]

    def start(self):
        for thread in self._threads:
            thread.start()

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=60)
            assert not thread.is_alive(), "a writer hangs"

    def bulks(self):
        return [tally for epochs in self.epochs for tally in epochs]

    def acknowledged(self):
        return sum(len(tally.acknowledged) for tally in self.singles + self.bulks())

    def errors(self):
        return [tally.error for tally in self.singles + self.bulks() if tally.error]

    def _client(self, number):
        # Each begins at another node, so that followers forward as well.
        turn = number % len(self._addresses)
        return DatabaseClient(nodes=self._addresses[turn:] + self._addresses[:turn], timeout=10)

    def _attempt(self, tally, write, done):
        tally.attempted += 1
        try:
            write()
        except OutcomeUnknown:
            tally.unknown += 1
        except Unavailable:
            tally.refused += 1
        except TroupeError as error:
            tally.error = f"{type(error).__name__}: {error}"
            self._stop.set()
        else:
            tally.acknowledged.append(done)

    def _write_singles(self, number):
        tally = self.singles[number]
        with self._client(number) as client:
            while not self._stop.is_set():
                key = single_key(number, tally.attempted)
                self._attempt(tally, lambda key=key: client.set(key, key), key)

    def _write_group(self, number):
        epochs = self.epochs[number]
        with self._client(number) as client:
            while not self._stop.is_set():
                tally = epochs[-1]
                value = tally.attempted + 1
                name = group_name(number, len(epochs) - 1)
                pairs = [(group_key(name, member), value) for member in range(GROUP_KEYS)]
                self._attempt(tally, lambda pairs=pairs: client.bulk_set(pairs), value)
                if tally.unknown:
                    epochs.append(Tally())


@dataclass
class Verdict:
    """Counts over all nodes' contents; a write missing on any node counts once."""

    lost: set = field(default_factory=set)
    torn: set = field(default_factory=set)
    twice: set = field(default_factory=set)
    invented: set = field(default_factory=set)
    replicas_differ: bool = False

    def clean(self):
        return not (self.lost or self.torn or self.twice or self.invented or self.replicas_differ)


def judge(writers, contents):
    """`contents`: for each node, key -> (value, version)."""
    verdict = Verdict(replicas_differ=any(content != contents[0] for content in contents[1:]))
    for content in contents:
        _judge_singles(writers, content, verdict)
        for number, epochs in enumerate(writers.epochs):
            for epoch, tally in enumerate(epochs):
                _judge_group(group_name(number, epoch), tally, content, verdict)
    return verdict


def _judge_singles(writers, content, verdict):
    for tally in writers.singles:
        verdict.lost.update(key for key in tally.acknowledged if key not in content)
    attempted = {single_key(n, i) for n, tally in enumerate(writers.singles) for i in range(tally.attempted)}
    for key, (value, version) in content.items():
        if not key.startswith("single/"):
            continue
        if version != 1:
            verdict.twice.add(key)  # each key is written by one request; its retries must not count
        if value != key or key not in attempted:
            verdict.invented.add(key)


def _judge_group(name, tally, content, verdict):
    values = {content.get(group_key(name, member), (None, 0))[0] for member in range(GROUP_KEYS)}
    if len(values) != 1:
        verdict.torn.add(name)
        return
    value = values.pop()
    if value is not None and not 1 <= value <= tally.attempted:
        verdict.invented.add(f"group {name} = {value}")
    lost = [was for was in tally.acknowledged if value is None or was > value]
    verdict.lost.update(f"group {name} = {was}" for was in lost)


class TornReader:
    """Reads whole groups while nodes die; every read must show one value, not older than what was acknowledged before it."""

    def __init__(self, addresses, writers):
        self._client = DatabaseClient(nodes=addresses, timeout=10)
        self._writers = writers
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.reads = 0
        self.torn = 0
        self.stale = 0
        self.error = ""

    def start(self):
        self._thread.start()

    def stop(self):
        self._stop.set()
        self._thread.join(timeout=60)
        assert not self._thread.is_alive(), "the reader hangs"

    def _run(self):
        turn = 0
        while not self._stop.wait(0.01):
            number = turn % len(self._writers.epochs)
            turn += 1
            epoch = len(self._writers.epochs[number]) - 1
            acknowledged = self._writers.epochs[number][epoch].acknowledged
            before = acknowledged[-1] if acknowledged else None
            try:
                values = [value for _, value in self._client.scan(f"group/{group_name(number, epoch)}/")]
            except Unavailable:
                continue
            except TroupeError as error:
                self.error = f"{type(error).__name__}: {error}"
                return
            self.reads += 1
            if len(values) not in (0, GROUP_KEYS) or len(set(values)) > 1:
                self.torn += 1
            elif before is not None and (not values or values[0] < before):
                self.stale += 1
