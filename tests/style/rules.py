"""The rules of the tree as data: who may include whom, what pure code may not touch, and how files are written.

The first table is that of docs/architecture.md, "Pure cores, thin actors". An exception is a line here with its reason.
"""

import re

PURE = ("base", "command", "raft", "storage", "search", "config")
ACTOR_SIDE = ("messages", "actors", "net", "node", "client")
CHECKED_FOLDERS = PURE + ACTOR_SIDE
OTHER_FOLDERS = ("tests", "bench", "deploy", "cmake", "docs", "console", ".ci")

# A folder may include itself and these. An entry with a slash is one header, not a folder.
RAFT_VALUES = ("raft/message.hpp", "raft/message_archive.hpp", "raft/output.hpp", "raft/recovered.hpp",
               "raft/formation.hpp", "raft/formation_archive.hpp")
MAY_INCLUDE = {
    "base": (),
    "command": ("base",),
    "raft": ("base",),
    "storage": ("base", "command"),
    "search": ("base",),
    "config": ("base",),
    "messages": ("base", "command", "storage/change.hpp") + RAFT_VALUES,
    "actors": ("messages",) + PURE,
    # The external embedding service is an embedder like the built-in one, and cuts texts by the same rules.
    "net": ("messages", "command", "base", "config", "search/embedder.hpp", "search/passages.hpp"),
    "node": PURE + ACTOR_SIDE,
    # The command line refuses the names and addresses that a cluster file may not have, by the same check.
    # A client actor announces the same message types as a node and dials as carefully (net/middleman.hpp); the command
    # line reads and writes the JSON of the HTTP interface, by the same code.
    "client": ("messages/client.hpp", "messages/tick.hpp", "messages/type_ids.hpp", "messages/dialer.hpp",
               "net/middleman.hpp", "net/http_api.hpp", "net/http_json.hpp", "net/http_text.hpp", "config/member.hpp",
               "command", "base"),
}

# System headers by prefix or name, and the folders that may have them. What is not listed is free to all.
THREADS = ("thread", "mutex", "shared_mutex", "condition_variable", "future", "atomic", "semaphore", "latch",
           "barrier", "stop_token", "pthread.h")
RESTRICTED_SYSTEM = (
    ("caf/", ACTOR_SIDE),
    ("spdlog/", ("actors", "net", "node", "client")),
    ("prometheus/", ("actors", "net", "node")),
    ("CLI/", ("node", "client")),
    ("toml++/", ("config",)),
    ("boost/asio", ("net", "node", "client")),
    ("boost/beast", ("net", "client")),
    ("boost/json", ("net", "client", "node")),
    ("curl/", ("net",)),
    ("openssl/", ("net", "node", "client", "base")),
    ("gtest/", ()),
    ("gmock/", ()),
) + tuple((name, ACTOR_SIDE) for name in THREADS) + (
    ("random", ACTOR_SIDE),
    ("iostream", ("node", "client")),
    ("boost/thread", ()),
    ("sys/socket.h", ("net", "node", "client")),
    ("netinet/", ("net", "node", "client")),
)

# (file, system header): why this one may.
INCLUDE_EXCEPTIONS = {
    ("base/blob.hpp", "atomic"): "blobs are shared between actors on different threads; the count is atomic",
    ("base/fault_disk.hpp", "mutex"): "a disk for tests that two threads use, as they use the real one",
    ("base/fault_disk.hpp", "random"): "the seed is an argument; the engine is deterministic",
    ("storage/wal_map.hpp", "mutex"): "the view of the log that the writer publishes to the reader on another thread",
}

# What code of a pure folder may not say, as (pattern, why). Comments and strings do not count.
FORBIDDEN_IN_PURE = tuple((re.compile(pattern), why) for pattern, why in (
    (r"\bcaf::", "pure folders know no CAF"),
    (r"\bspdlog::", "pure folders do not log"),
    (r"\bstd::(?:jthread|thread|async|this_thread)\b", "pure folders have no threads"),
    (r"\bstd::(?:(?:recursive_|shared_|timed_)?mutex|lock_guard|scoped_lock|unique_lock|shared_lock|condition_variable)\b",
     "pure folders have no locks"),
    (r"\bstd::atomic\b|\bstd::atomic_\w+", "pure folders share nothing between threads"),
    (r"_clock\s*::\s*now\b|\bclock\s*::\s*now\b", "pure folders are told the time"),
    (r"\b(?:gettimeofday|clock_gettime|nanosleep|usleep)\s*\(", "pure folders are told the time"),
    (r"\bstd::time\s*\(|(?<![\w:.>])time\s*\(\s*(?:nullptr|NULL|0)\s*\)", "pure folders are told the time"),
    (r"\brandom_device\b", "pure folders are given their randomness"),
    (r"(?<![\w.>])s?rand\s*\(", "pure folders are given their randomness"),
    (r"\bgetenv\s*\(", "pure folders are given their environment"),
    (r"\bstd::(?:cout|cerr|clog)\b", "pure folders do not print"),
    (r"\bthread_local\b", "pure folders have no global state"),
    (r"(?m)^\s*static\s+(?!const\b|constexpr\b|constinit\s+const\b|inline\s+const)[\w:<>,&*\s]+?\b\w+\s*(?:=[^=]|;|\{)",
     "pure folders have no global state"),
    (r"(?m)^inline\s+(?!const\b|constexpr\b|namespace\b)[\w:<>,&*\s]+?\b\w+\s*(?:=[^=]|;)",
     "pure folders have no global state"),
))

# (file, pattern's reason): why this one may.
TOKEN_EXCEPTIONS = {
    ("base/blob.hpp", "pure folders share nothing between threads"): "the reference count, see above",
    ("base/fault_disk.hpp", "pure folders have no locks"): "a disk for tests, see above",
    ("base/fault_file.cpp", "pure folders have no locks"): "the file system that shows that disk",
    ("base/real_file.cpp", "pure folders have no global state"): "the real file system, an object without members",
    ("storage/wal_map.hpp", "pure folders have no locks"): "the published view of the log, see above",
    ("storage/wal_map.cpp", "pure folders have no locks"): "the published view of the log, see above",
}

HASHED_CONTAINER = re.compile(
    r"\b(?:std::unordered_(?:multi)?(?:map|set)|absl::(?:flat|node)_hash_(?:map|set)|boost::unordered_\w+)\s*<")

LINE_COLUMNS = 110
FILE_LINES = 500
CPP_SUFFIXES = (".hpp", ".cpp")
TEXT_SUFFIXES = CPP_SUFFIXES + (".py", ".cmake", ".toml", ".md", ".sh", ".json", ".yml", ".html", ".js", ".css")
TEXT_NAMES = ("CMakeLists.txt",)
# Spelt in pieces so that this file does not break its own rule.
UNFINISHED = re.compile(r"\b(?:" + "|".join(("TO" "DO", "FIX" "ME", "X" "XX", "HA" "CK")) + r")\b")
SKIPPED_FOLDERS = ("build", "node_modules", "troupe-data", "__pycache__", "third_party")
# Files that a tool writes: their length and their columns are not ours.
GENERATED_NAMES = ("package-lock.json",)
