#!/usr/bin/env python3
"""Shows that the style check fails on each kind of bad input, and keeps quiet on good input that looks like it."""

import contextlib
import io
import os
import sys
import tempfile
import unittest

import check_tree
import checks
import cpp_text
import rules

UNFINISHED_WORD = "TO" "DO"


def tree_problems(files):
    with tempfile.TemporaryDirectory() as root:
        for path, content in files.items():
            full = os.path.join(root, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "wb") as file:
                file.write(content if isinstance(content, bytes) else content.encode())
        return list(check_tree.problems_in(root))


class includes(unittest.TestCase):
    def assert_refused(self, path, line):
        text = ("#pragma once\n" if path.endswith(".hpp") else "") + line + "\n"
        found = tree_problems({path: text})
        self.assertEqual(len(found), 1, f"{path}: {line}: {found}")
        self.assertTrue(found[0].startswith(f"{path}:{2 if path.endswith('.hpp') else 1}: "), found)

    def assert_fine(self, path, line):
        text = ("#pragma once\n" if path.endswith(".hpp") else "") + line + "\n"
        self.assertEqual(tree_problems({path: text}), [])

    def test_folders_outside_the_table_are_refused(self):
        for path, line in (
                ("base/a.hpp", '#include "command/codec.hpp"'),
                ("raft/a.hpp", '#include "storage/wal.hpp"'),
                ("raft/a.hpp", '#include "command/command.hpp"'),
                ("storage/a.cpp", '#include "raft/core.hpp"'),
                ("command/a.cpp", '#include "config/config.hpp"'),
                ("config/a.cpp", '#include "command/limits.hpp"'),
                ("search/a.cpp", '#include "storage/pin.hpp"'),
                ("messages/a.hpp", '#include "raft/core.hpp"'),
                ("messages/a.hpp", '#include "actors/raft.hpp"'),
                ("messages/a.hpp", '#include "storage/wal.hpp"'),
                ("actors/a.cpp", '#include "net/http_server.hpp"'),
                ("actors/a.cpp", '#include "node/main.hpp"'),
                ("net/a.cpp", '#include "storage/wal.hpp"'),
                ("net/a.cpp", '#include "actors/raft.hpp"'),
                ("client/a.cpp", '#include "messages/peer.hpp"'),
                ("client/a.cpp", '#include "raft/message.hpp"'),
                ("client/a.cpp", '#include "config/config.hpp"'),
                ("raft/a.cpp", '#include "tests/support/x.hpp"'),
                ("raft/a.cpp", '#include "log.hpp"'),
                ("raft/a.cpp", '#include "base/../storage/wal.hpp"'),
                ("raft/a.cpp", '#include <raft/log.hpp>'),
                ("raft/a.cpp", '  #  include   "storage/wal.hpp"'),
                ("raft/a.cpp", '#include HEADER'),
        ):
            self.assert_refused(path, line)

    def test_folders_of_the_table_are_fine(self):
        for path, line in (
                ("command/a.hpp", '#include "base/result.hpp"'),
                ("storage/a.hpp", '#include "command/codec.hpp"'),
                ("messages/a.hpp", '#include "raft/message.hpp"'),
                ("actors/a.cpp", '#include "raft/core.hpp"'),
                ("node/a.cpp", '#include "net/http_server.hpp"'),
                ("client/a.cpp", '#include "messages/client.hpp"'),
                ("tests/raft/a.cpp", '#include "raft/core.hpp"'),
                ("raft/a.cpp", '// #include "storage/wal.hpp"'),
                ("raft/a.cpp", '/*\n#include "storage/wal.hpp"\n*/'),
        ):
            self.assert_fine(path, line)

    def test_system_headers_that_pure_folders_may_not_have(self):
        for name in ("caf/all.hpp", "thread", "mutex", "atomic", "condition_variable", "future", "random", "iostream",
                     "spdlog/spdlog.h", "boost/asio.hpp", "gtest/gtest.h", "sys/socket.h", "pthread.h", "CLI/CLI.hpp"):
            for folder in rules.PURE:
                self.assert_refused(f"{folder}/a.cpp", f"#include <{name}>")
        self.assert_refused("raft/a.cpp", "#include <toml++/toml.h>")
        self.assert_refused("messages/a.hpp", "#include <spdlog/spdlog.h>")

    def test_system_headers_where_they_belong(self):
        for path, name in (("actors/a.cpp", "caf/all.hpp"), ("config/a.cpp", "toml++/toml.h"), ("net/a.cpp", "mutex"),
                           ("node/a.cpp", "CLI/CLI.hpp"), ("raft/a.cpp", "vector"), ("raft/a.cpp", "threads.hpp")):
            self.assert_fine(path, f"#include <{name}>")

    def test_an_exception_holds_for_its_file_alone(self):
        self.assert_fine("base/blob.hpp", "#include <atomic>")
        self.assert_refused("base/blob.cpp", "#include <atomic>")
        self.assert_refused("base/blob.hpp", "#include <mutex>")

    def test_exceptions_that_nothing_needs_are_reported(self):
        count = len(rules.INCLUDE_EXCEPTIONS) + len(rules.TOKEN_EXCEPTIONS)
        self.assertEqual(len(list(checks.check_exceptions(lambda path: None))), count)
        self.assertEqual(len(list(checks.check_exceptions(lambda path: "int x;\n"))), count)
        used = "#include <atomic>\n#include <mutex>\n#include <random>\nstd::mutex m; std::atomic<int> n;\nstatic int x;\n"
        self.assertEqual(list(checks.check_exceptions(lambda path: used)), [])


class purity(unittest.TestCase):
    BAD = (
        "auto t = std::chrono::steady_clock::now();",
        "auto t = clock::now();",
        "auto t = std::time(nullptr);",
        "auto t = time(0);",
        "clock_gettime(CLOCK_REALTIME, &t);",
        "std::random_device seed;",
        "int x = rand();",
        "std::thread t(f);",
        "std::this_thread::sleep_for(d);",
        "std::mutex m;",
        "std::lock_guard guard{m};",
        "std::atomic<int> n;",
        "std::cerr << x;",
        'auto h = getenv("HOME");',
        "thread_local int n = 0;",
        "static int counter = 0;",
        "  static std::map<int, int> cache;",
        "inline int counter = 0;",
        "caf::actor a;",
        "spdlog::info(x);",
        "std::unordered_map<int, std::vector<int>> seen;\nfor (const auto& [k, v] : seen) f(k, v);",
        "absl::flat_hash_set<int> seen_;\nreturn *seen_.begin();",
        "using index = std::unordered_map<int, int>;\nvoid f(const index& all) {\n  for (auto& x : all) g(x);\n}",
    )
    GOOD = (
        "// auto t = std::chrono::steady_clock::now();",
        'const char* help = "std::thread and rand() and time(0)";',
        'const char* raw = R"x(std::mutex m; " rand())x";',
        "static constexpr int most = 5;",
        "static const std::string name = f();",
        "inline constexpr int most = 5;",
        "static std::string to_string(int x);",
        "static void f() { g(); }",
        "static_assert(sizeof(int) == 4);",
        "inline bool operator==(int a, int b) { return a == b; }",
        "inline int f() { return 1; }",
        "auto n = 1'000'000; std::vector<int> rand; char c = '\"'; // std::mutex",
        "leader_time(0); x.time(0); operand(1);",
        "std::unordered_map<int, int> seen;\nif (seen.contains(1)) f(seen.at(1));",
        "std::map<int, int> seen;\nfor (auto& [k, v] : seen) f(k, v);",
        "std::unordered_map<int, int> seen;\nif (seen.find(1) != seen.end()) f();",
    )

    def test_bad_code_is_found_in_each_pure_folder_and_nowhere_else(self):
        for code in self.BAD:
            for folder in rules.PURE:
                self.assertTrue(list(checks.check_purity(f"{folder}/a.cpp", code + "\n")), code)
            self.assertEqual(list(checks.check_purity("actors/a.cpp", code + "\n")), [], code)

    def test_good_code_is_left_alone(self):
        for code in self.GOOD:
            self.assertEqual(list(checks.check_purity("raft/a.cpp", code + "\n")), [], code)

    def test_a_member_declared_in_the_header_is_known_in_the_source(self):
        header = "#pragma once\nstruct a {\n  std::unordered_map<int, int> seen_;\n};\n"
        source = '#include "raft/a.hpp"\nvoid a::f() {\n  for (auto& x : seen_) g(x);\n}\n'
        found = tree_problems({"raft/a.hpp": header, "raft/a.cpp": source})
        self.assertEqual(len(found), 1, found)
        self.assertTrue(found[0].startswith("raft/a.cpp:3: seen_"), found)

    def test_lines_are_counted_right_behind_comments_and_strings(self):
        code = '/* one\ntwo */ const char* s = R"(\n\n)";\nint x = rand();\n'
        self.assertEqual([line for line, _ in checks.check_purity("raft/a.cpp", code)], [5])


class style(unittest.TestCase):
    def assert_problem(self, path, content, part):
        found = tree_problems({path: content})
        self.assertTrue(any(part in problem for problem in found), f"{part!r} not in {found}")

    def test_bad_files(self):
        once = "#pragma once\n"
        for path, content, part in (
                ("raft/a.hpp", "int x;\n", "#pragma once"),
                ("raft/a.hpp", "#include <vector>\n#pragma once\n", "#pragma once"),
                ("raft/a.hpp", "// #pragma once\nint x;\n", "#pragma once"),
                ("raft/a.hpp", once + "int\tx;\n", ":2: tab"),
                ("raft/a.hpp", once + "int x; \n", ":2: space at the end"),
                ("raft/a.hpp", "#pragma once\r\nint x;\r\n", ":1: carriage return"),
                ("raft/a.hpp", once + "int x;", "no newline"),
                ("raft/a.hpp", once + "// " + "x" * 108 + "\n", ":2: 111 columns"),
                ("raft/a.cpp", "int x;\n" * 501, "501 lines"),
                ("raft/a.cpp", f"// {UNFINISHED_WORD}: later\n", UNFINISHED_WORD),
                ("raft/a.cpp", b"// \xff\n", "not UTF-8"),
                ("tests/raft/a.cpp", "int\tx;\n", "tab"),
                ("deploy/a.toml", f"# {UNFINISHED_WORD}\n", UNFINISHED_WORD),
                ("tests/raft/CMakeLists.txt", "x\r\n", "carriage return"),
                ("docs/a.md", "x\r\n", "carriage return"),
        ):
            self.assert_problem(path, content, part)

    def test_good_files(self):
        self.assertEqual(tree_problems({
            "raft/a.hpp": "// What it is for.\n\n#pragma once\n\n// " + "ü" * 107 + "\n",
            "raft/b.cpp": "int x;\n" * 500,
            "docs/a.md": "a\tb " + "x" * 200 + "\n",
            "docs/b.md": "a line broken by two spaces  \n",
            "build/a.hpp": "int\tx;",
            "net/docs-ui/node_modules/a.js": UNFINISHED_WORD,
        }), [])


class lexing(unittest.TestCase):
    def test_only_comments_and_strings_are_blanked(self):
        for text, kept in (
                ('a /* b */ c', 'a         c'),
                ('a // b\nc', 'a     \nc'),
                ('"a // b" c', '         c'),
                ("'\"' x '\"'", "    x    "),
                ('R"(a " b)" c', '           c'),
                ("1'000 x '\\'' y", "1'000 x      y"),
                ('"a\\"b" c', '       c'),
        ):
            self.assertEqual(cpp_text.blank(text), kept, text)

    def test_a_tree_without_code_is_not_clean(self):
        with tempfile.TemporaryDirectory() as root:
            previous, sys.argv = sys.argv, ["check_tree.py", root]
            try:
                with contextlib.redirect_stdout(io.StringIO()) as printed:
                    self.assertEqual(check_tree.main(), 1)
                self.assertIn("0 files", printed.getvalue())
            finally:
                sys.argv = previous


if __name__ == "__main__":
    unittest.main()
