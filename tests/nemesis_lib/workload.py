"""Clients that mix registers, transfers, lists, unique puts and searches, and record what they were told."""

import random
import threading
import time

from .records import ABSENT, ANYTHING, Operation, now

ACCOUNTS = [f"acct/{number}" for number in range(6)]
OPENING = 100
REGISTERS = [f"reg/{number}" for number in range(8)]
LISTS = 3
LIST_LENGTH = 60  # then the next list begins, so that values stay small
WORDS = 20  # unique puts that share a word to search for
FINAL_PREFIXES = ("reg/", "acct/", "uniq/")


class Shared:
    """What clients tell each other: which words may be searched, which lists are being written."""

    def __init__(self, recorder):
        self.recorder = recorder
        self.stop = threading.Event()
        self.words = []
        self.lists = [0] * LISTS
        self.errors = []

    def list_keys(self):
        return [f"list/{number}.{epoch}" for number, last in enumerate(self.lists) for epoch in range(last + 1)]


def opening():
    return Operation("txn", writes=[(key, f"{OPENING} opening") for key in ACCOUNTS])


class Client(threading.Thread):
    def __init__(self, shared, backend, seed, pause):
        super().__init__(daemon=True)
        self._shared = shared
        self._backend = backend
        self._random = random.Random(seed)
        self._pause = pause
        self._id = shared.recorder.new_client()
        self._number = 0
        self._puts = 0

    def run(self):
        steps = [(self._register, 35), (self._transfer, 15), (self._append, 20), (self._unique, 15), (self._search, 10), (self._snapshot, 5)]
        kinds, weights = zip(*steps)
        try:
            while not self._shared.stop.is_set():
                self._random.choices(kinds, weights)[0]()
                time.sleep(self._random.uniform(0, 2 * self._pause))
        except Exception as error:  # whatever it is, the run has to say so and fail
            self._shared.errors.append(f"client {self._id}: {type(error).__name__}: {error}")

    def close(self):
        self._backend.close()

    def perform(self, operation, record=True):
        called = now()
        self._backend.execute(operation)
        returned = now()
        if record:
            self._shared.recorder.record(self._id, operation, called, returned)
        return called, returned

    def _value(self):
        self._number += 1
        return f"v{self._id}.{self._number}"

    def _register(self):
        key = self._random.choice(REGISTERS)
        what = self._random.random()
        if what < 0.3:
            self.perform(Operation("put", writes=[(key, self._value())]))
        elif what < 0.4:
            self.perform(Operation("erase", expected=[(key, ANYTHING)], writes=[(key, ABSENT)]))
        else:
            read = Operation("get", reads=[(key, ABSENT, 0)])
            self.perform(read)
            if what < 0.7 or read.outcome != "ok":
                return
            _, value, revision = read.reads[0]
            self.perform(Operation("cas", expected=[(key, value)], writes=[(key, self._value())], revision=self._random.choice((0, revision))))

    def _snapshot(self):
        snapshot = Operation("snapshot", reads=[(key, ABSENT, 0) for key in ACCOUNTS], word="acct/")
        called, returned = self.perform(snapshot, record=False)
        if snapshot.outcome != "ok":
            snapshot.reads = []
        snapshot.word = ""
        self._shared.recorder.record(self._id, snapshot, called, returned)
        return snapshot

    def _transfer(self):
        snapshot = self._snapshot()
        if snapshot.outcome != "ok":
            return
        (source, had, _), (target, has, _) = self._random.sample(snapshot.reads, 2)
        amount = self._random.randrange(1, 20)
        tag = self._value()
        self.perform(Operation("transfer", expected=[(source, had), (target, has)],
                               writes=[(source, f"{int(had.split()[0]) - amount} {tag}"), (target, f"{int(has.split()[0]) + amount} {tag}")]))

    def _append(self):
        number = self._random.randrange(LISTS)
        epoch = self._shared.lists[number]
        key = f"list/{number}.{epoch}"
        value = self.read_list(key)
        if value is None:
            return
        if len(value.split()) >= LIST_LENGTH:
            if self._shared.lists[number] == epoch:  # two clients that step at once step to the same
                self._shared.lists[number] = epoch + 1
            return
        element = self._value()
        swap = Operation("cas", expected=[(key, value or ABSENT)], writes=[(key, f"{value} {element}".strip())])
        called, returned = self.perform(swap, record=False)
        outcome = swap.outcome if swap.matched else "failed"
        append = Operation("append", key=key, word=element, outcome=outcome, node=swap.node, revision=swap.revision if outcome == "ok" else 0)
        self._shared.recorder.record(self._id, append, called, returned)

    def read_list(self, key):
        """Its text, or None when there was no answer."""
        read = Operation("list", key=key)
        called, returned = self.perform(read, record=False)
        value = (read.reads[0][1] or "") if read.outcome == "ok" else None
        read.elements, read.reads = (value or "").split(), []
        self._shared.recorder.record(self._id, read, called, returned)
        return value

    def _unique(self):
        word = f"w{self._id}x{self._puts // WORDS}"
        self._puts += 1
        if self._puts % WORDS == 1:
            self._shared.words.append(word)
        self.perform(Operation("put", writes=[(f"uniq/{self._id}/{self._puts}", f"{word} {self._value()}")]))

    def _search(self):
        words = self._shared.words[-30:]
        if words:
            self.perform(Operation("search", word=self._random.choice(words)))
