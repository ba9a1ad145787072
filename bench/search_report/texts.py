"""The texts that are indexed: short ones, the glosses of WordNet, and long ones, the manual pages of this machine."""

import gzip
import re
from pathlib import Path

WORDNET = Path("/usr/share/wordnet")
MANUAL_PAGES = Path("/usr/share/man")
PAGE_BYTES_MAX = 1 << 20

_FORMATTING = re.compile(r"\\f[BIRP]|\\f\([A-Z]+|\\[&|^%]|\\s[+-]?\d")


def glosses():
    """About 117,000 definitions with examples, a line each."""
    found = []
    for part in ("noun", "verb", "adj", "adv"):
        for line in (WORDNET / f"data.{part}").read_text(encoding="latin-1").splitlines():
            _, bar, gloss = line.partition(" | ")
            if bar and not line.startswith(" "):
                found.append(gloss.strip())
    return found


def _plain(source):
    lines = []
    for line in source.splitlines():
        if line.startswith((".\\\"", "'\\\"")):
            continue
        line = re.sub(r"^[.'][A-Za-z]+\s*", "", line)
        line = _FORMATTING.sub("", line).replace("\\-", "-").replace('"', "").strip()
        if line:
            lines.append(line)
    return " ".join(lines)


def manual_pages():
    """Some thousand texts of some thousand words, a line each, in a fixed order."""
    found = []
    for folder in sorted(MANUAL_PAGES.glob("man[1-8]")):
        for path in sorted(folder.glob("*.gz")):
            if path.is_symlink():
                continue
            text = _plain(gzip.decompress(path.read_bytes()).decode("utf-8", "replace"))
            if len(text) > 500:
                found.append(text[:PAGE_BYTES_MAX])
    return found


def write(lines, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(line.replace("\n", " ") for line in lines) + "\n", encoding="utf-8")
    return path
