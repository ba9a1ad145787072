"""The checks themselves. Each takes a file's path within the tree and its text, and yields (line, what is wrong)."""

import re

import cpp_text
import rules


def folder_of(path):
    return path.split("/", 1)[0]


def check_includes(path, text):
    folder = folder_of(path)
    if folder not in rules.MAY_INCLUDE:
        return
    for line, name, is_system in cpp_text.includes(text):
        if is_system:
            yield from _check_system(path, folder, line, name)
        else:
            yield from _check_own(folder, line, name)


def _check_own(folder, line, name):
    target = folder_of(name)
    if "/" not in name or ".." in name.split("/"):
        yield line, f'"{name}": project headers are included from the root, as "folder/file.hpp"'
    elif target not in rules.CHECKED_FOLDERS:
        yield line, f'"{name}": {folder}/ may not include from {target}/'
    elif target != folder and target not in rules.MAY_INCLUDE[folder] and name not in rules.MAY_INCLUDE[folder]:
        yield line, f'"{name}": {folder}/ may not include this'


def _check_system(path, folder, line, name):
    if folder_of(name) in rules.CHECKED_FOLDERS and name.endswith(".hpp"):
        yield line, f'<{name}>: project headers are included in quotes'
    for prefix, allowed in rules.RESTRICTED_SYSTEM:
        hit = name.startswith(prefix) if "/" in prefix else name == prefix
        if hit and folder not in allowed and (path, name) not in rules.INCLUDE_EXCEPTIONS:
            yield line, f"<{name}>: {folder}/ may not include this"


def check_purity(path, text, header_text=""):
    """header_text: that of the header of the same name, whose members a .cpp walks through."""
    if folder_of(path) not in rules.PURE:
        return
    code = cpp_text.blank(text)
    for pattern, why in rules.FORBIDDEN_IN_PURE:
        if (path, why) in rules.TOKEN_EXCEPTIONS:
            continue
        for match in pattern.finditer(code):
            start = match.end() - len(match.group().lstrip())
            yield cpp_text.line_at(code, start), f"{match.group().strip()}: {why}"
    yield from _check_hashed_walks(code, cpp_text.blank(header_text))


def _hashed_names(code):
    """Names of variables, members and type aliases that are hashed containers."""
    names = set()
    for match in rules.HASHED_CONTAINER.finditer(code):
        after = code[cpp_text.closing_angle(code, match.end()):]
        declared = re.match(r"\s*(?:const\b\s*)?[&*]*\s*(\w+)\s*[;={(,)]", after)
        if declared:
            names.add(declared.group(1))
        alias = re.search(r"\busing\s+(\w+)\s*=\s*$", code[:match.start()])
        if alias:
            names.update(re.findall(r"\b" + alias.group(1) + r"\b(?:\s+const)?\s*[&*]*\s+(\w+)\s*[;={(,)]", code))
    return names


def _check_hashed_walks(code, header_code):
    for name in sorted(_hashed_names(code) | _hashed_names(header_code)):
        walk = re.compile(r"\bfor\s*\([^;()]*:[^:;]*?\b" + name + r"\s*\)|\b" + name + r"\s*(?:\.|->)\s*c?r?begin\s*\(")
        for match in walk.finditer(code):
            yield cpp_text.line_at(code, match.start()), f"{name}: the order of a hashed container must not matter"


def check_style(path, text):
    is_cpp = path.endswith(rules.CPP_SUFFIXES)
    lines = text.split("\n")
    generated = path.rsplit("/", 1)[-1] in rules.GENERATED_NAMES
    for number, line in enumerate(lines, 1):
        if "\r" in line:
            yield number, "carriage return; lines end with LF alone"
        if is_cpp and "\t" in line:
            yield number, "tab"
        if is_cpp and len(line) > rules.LINE_COLUMNS:
            yield number, f"{len(line)} columns; the most is {rules.LINE_COLUMNS}"
        if line.rstrip("\r") != line.rstrip("\r").rstrip() and is_cpp:
            yield number, "space at the end of the line"
        for match in rules.UNFINISHED.finditer(line):
            yield number, f"{match.group()}: finish it, or say in words what is not done"
    if text and not text.endswith("\n") and not generated:
        yield len(lines), "no newline at the end of the file"
    if is_cpp and len(lines) - 1 > rules.FILE_LINES:
        yield rules.FILE_LINES, f"{len(lines) - 1} lines; the most is {rules.FILE_LINES}"
    if path.endswith(".hpp"):
        first = re.search(r"^[ \t]*#[^\n]*", cpp_text.blank(text), re.MULTILINE)
        if not first or first.group().split() != ["#pragma", "once"]:
            yield 1, "a header begins with #pragma once"


def check_exceptions(read):
    """Yields each exception that nothing needs any more, so that the lists stay true. read(path) is a text or None."""
    for path, name in rules.INCLUDE_EXCEPTIONS:
        text = read(path)
        if text is None or (name, True) not in {(n, s) for _, n, s in cpp_text.includes(text)}:
            yield f"tests/style/rules.py: {path} does not include <{name}> and needs no exception"
    for path, why in rules.TOKEN_EXCEPTIONS:
        text = read(path)
        code = cpp_text.blank(text or "")
        if not any(reason == why and pattern.search(code) for pattern, reason in rules.FORBIDDEN_IN_PURE):
            yield f"tests/style/rules.py: {path} needs no exception from \"{why}\""
