#!/usr/bin/env python3
"""Holds the checkout against tests/style/rules.py. Usage: check_tree.py ROOT. Exit code 1 when something is wrong."""

import os
import sys

import checks
import rules


def files_of(root):
    """Paths within the tree, sorted, of all text files we write."""
    found = []
    for top in rules.CHECKED_FOLDERS + rules.OTHER_FOLDERS:
        for folder, subfolders, names in os.walk(os.path.join(root, top)):
            subfolders[:] = [s for s in subfolders if s not in rules.SKIPPED_FOLDERS and not s.startswith(".")]
            for name in names:
                if name.endswith(rules.TEXT_SUFFIXES) or name in rules.TEXT_NAMES:
                    found.append(os.path.relpath(os.path.join(folder, name), root))
    found += [n for n in os.listdir(root) if n.endswith(rules.TEXT_SUFFIXES) or n in rules.TEXT_NAMES]
    return sorted(found)


def read(root, path):
    # newline="" keeps carriage returns, which a check is looking for.
    with open(os.path.join(root, path), encoding="utf-8", newline="") as file:
        return file.read()


def problems_in(root):
    """All problems of a tree as lines "path:line: what"."""
    paths = files_of(root)
    existing = set(paths)
    for path in paths:
        try:
            text = read(root, path)
        except UnicodeDecodeError:
            yield f"{path}:1: not UTF-8"
            continue
        found = list(checks.check_style(path, text))
        if path.endswith(rules.CPP_SUFFIXES):
            header = path[:-4] + ".hpp"
            header_text = read(root, header) if path.endswith(".cpp") and header in existing else ""
            found += checks.check_includes(path, text)
            found += checks.check_purity(path, text, header_text)
        for line, what in sorted(found):
            yield f"{path}:{line}: {what}"


def main():
    if len(sys.argv) != 2 or not os.path.isdir(sys.argv[1]):
        print(__doc__, file=sys.stderr)
        return 2
    root = sys.argv[1]
    paths = files_of(root)
    problems = list(problems_in(root)) + list(checks.check_exceptions(lambda p: read(root, p) if p in paths else None))
    for problem in problems:
        print(problem)
    cpp = sum(p.endswith(rules.CPP_SUFFIXES) for p in paths)
    print(f"{len(paths)} files, {cpp} of them C++: {len(problems)} problems")
    # A tree without code is a wrong argument, not a clean tree.
    return 1 if problems or cpp == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
