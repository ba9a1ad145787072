"""docs/benchmarks.md is written by several commands: each replaces its own section and leaves the others alone."""

import datetime
import os
import platform
import re
import subprocess

TITLE = "# Benchmarks\n\nEach section is written by a command; run it to get the figures of your machine.\n"


def write(path, name, text):
    """Puts `text` between the marks of `name`, behind the other sections when it is new."""
    begin, end = f"<!-- {name} begins -->", f"<!-- {name} ends -->"
    section = f"{begin}\n{text.strip()}\n{end}\n"
    whole = path.read_text(encoding="utf-8") if path.exists() else TITLE
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end) + "\n", re.DOTALL)
    if pattern.search(whole):
        whole = pattern.sub(lambda _: section, whole)
    else:
        whole = whole.rstrip("\n") + "\n\n" + section
    path.write_text(whole, encoding="utf-8")


def first_line(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = (done.stdout or done.stderr).splitlines()
    return lines[0].strip() if lines else "unknown"


def _cpu_model():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.machine()


def about_the_run(command, checkout, load_before):
    """When, with what and on what a section's figures were measured, as list items."""
    revision = first_line("git", "-C", str(checkout), "rev-parse", "--short", "HEAD")
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return [
        f"* Date: {datetime.date.today().isoformat()}, troupe at commit {revision}",
        f"* Command: `{command}`",
        f"* Machine: {_cpu_model()}, {os.cpu_count()} cores, {memory_gb:.0f} GB, Linux {platform.release()}",
        f"* Load of the machine before the start (1 minute average, nothing of ours): {load_before:.2f}",
    ]
