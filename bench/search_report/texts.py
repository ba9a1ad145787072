"""Short real texts: the glosses of WordNet."""

from pathlib import Path

WORDNET = Path("/usr/share/wordnet")


def glosses():
    """About 117,000 definitions with examples, in the order of WordNet's files."""
    found = []
    for part in ("noun", "verb", "adj", "adv"):
        for line in (WORDNET / f"data.{part}").read_text(encoding="latin-1").splitlines():
            _, bar, gloss = line.partition(" | ")
            if bar and not line.startswith(" "):
                found.append(gloss.strip())
    return found


def write(lines, path):
    """One text a line. Returns the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
