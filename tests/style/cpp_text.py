"""Enough of C++'s lexical grammar to tell code from comments and strings."""

import re

_TOKEN = re.compile(
    r"""(?P<line>//[^\n]*)
      | (?P<block>/\*.*?\*/)
      | (?P<raw>\b(?:u8|[uUL])?R"(?P<tag>[^()\\\s]{0,16})\(.*?\)(?P=tag)")
      | (?P<string>"(?:\\.|[^"\\\n])*")
      | (?P<digit>\b[0-9](?:'?[\w.])*)
      | (?P<char>'(?:\\.|[^'\\\n])+')""",
    re.VERBOSE | re.DOTALL)

_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"\n]+)"|<([^>\n]+)>|(\S+))', re.MULTILINE)


def blank(text, keep_strings=False):
    """The text with comments, and strings unless kept, replaced by spaces: lines and columns stay where they are."""

    def replace(match):
        if match.lastgroup == "digit" or match.group("digit") is not None:
            return match.group()
        is_comment = match.group("line") is not None or match.group("block") is not None
        if keep_strings and not is_comment:
            return match.group()
        return re.sub(r"[^\n]", " ", match.group())

    return _TOKEN.sub(replace, text)


def includes(text):
    """(line, name, is_system) of each #include; a macro instead of a name counts as project include of that word."""
    for match in _INCLUDE.finditer(blank(text, keep_strings=True)):
        line = text.count("\n", 0, match.start()) + 1
        own, system, macro = match.groups()
        yield line, own or system or macro, system is not None


def line_at(text, offset):
    return text.count("\n", 0, offset) + 1


def closing_angle(text, start):
    """The offset just behind the '>' that closes the '<' before start."""
    depth = 1
    while start < len(text) and depth:
        depth += {"<": 1, ">": -1}.get(text[start], 0)
        start += 1
    return start
