"""Operations as tests/checkers/history_text.hpp writes them."""

import collections
import threading
import time
from dataclasses import dataclass, field
from urllib.parse import quote_from_bytes, unquote_to_bytes

ABSENT = None
ANYTHING = object()


def escaped(text):
    return quote_from_bytes(text.encode("utf-8"), safe="-._~/:")


def unescaped(word):
    return unquote_to_bytes(word).decode("utf-8")


def value_word(value):
    return "!" if value is ABSENT else "*" if value is ANYTHING else escaped(value)


@dataclass
class Operation:
    """One step, as it is asked; an answer fills in outcome, matched, revision and what was read."""

    kind: str
    expected: list = field(default_factory=list)  # (key, value)
    writes: list = field(default_factory=list)  # (key, value)
    reads: list = field(default_factory=list)  # (key, value, mod revision)
    hits: list = field(default_factory=list)  # (key, mod revision)
    key: str = ""
    elements: list = field(default_factory=list)
    word: str = ""
    node: str = ""
    outcome: str = "ok"
    matched: bool = True
    revision: int = 0

    def line(self, client, called, returned):
        words = [self.kind, str(client), self.outcome, str(called), str(returned), str(self.revision)]
        words += [f"c:{escaped(key)}={value_word(value)}" for key, value in self.expected]
        words += [] if self.matched else ["unmatched"]
        words += [f"w:{escaped(key)}={value_word(value)}" for key, value in self.writes]
        words += [f"r:{escaped(key)}={value_word(value)}" + (f"@{revision}" if revision else "") for key, value, revision in self.reads]
        words += [f"h:{escaped(key)}" + (f"@{revision}" if revision else "") for key, revision in self.hits]
        words += [f"k:{escaped(self.key)}"] if self.key else []
        words += [f"e:{escaped(element)}" for element in self.elements]
        words += [f"q:{escaped(self.word)}"] if self.word else []
        words += [f"n:{escaped(self.node)}"] if self.node else []
        return " ".join(words) + "\n"

    def take_answer(self, line):
        """From the line of the client program: outcome, revision, matched, reads and hits."""
        words = line.split()
        self.outcome, self.revision = words[2], int(words[5])
        self.matched = "unmatched" not in words
        self.reads, self.hits = [], []
        for word in words[6:]:
            if word.startswith("r:"):
                cell, _, revision = word[2:].partition("@")
                key, _, value = cell.partition("=")
                self.reads.append((unescaped(key), ABSENT if value == "!" else unescaped(value), int(revision or 0)))
            elif word.startswith("h:"):
                key, _, revision = word[2:].partition("@")
                self.hits.append((unescaped(key), int(revision or 0)))


class Recorder:
    """Writes a history file; any thread may."""

    def __init__(self, path, accounts):
        self._file = open(path, "w", encoding="ascii")
        self._lock = threading.Lock()
        self._clients = 0
        self.counts = collections.Counter()  # by kind and outcome
        self._file.write("troupe-history 1\n")
        for prefix, total in accounts:
            self._file.write(f"accounts {escaped(prefix)} {total}\n")

    def new_client(self):
        with self._lock:
            self._clients += 1
            return self._clients

    def record(self, client, operation, called, returned):
        with self._lock:
            self.counts[operation.kind, operation.outcome] += 1
            self._file.write(operation.line(client, called, returned))

    def close(self):
        self._file.close()


def now():
    return time.monotonic_ns()
