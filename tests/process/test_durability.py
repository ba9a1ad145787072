"""A short run of tests/durability, with its negative control."""

import re
import subprocess

import pytest
from support.cluster import CHECKOUT


def durability(*arguments):
    done = subprocess.run([CHECKOUT / "tests" / "durability", *arguments], capture_output=True, text=True, timeout=300, check=False)
    print(done.stdout, done.stderr)
    return done


def figure(done, name):
    return int(re.search(rf"^{name}:\s+(\d+)", done.stdout, re.MULTILINE).group(1))


@pytest.mark.parametrize("kills", [8])
def test_nothing_acknowledged_is_lost(kills):
    done = durability("--kills", str(kills))
    assert done.returncode == 0
    assert figure(done, "acknowledged writes lost") == 0
    assert figure(done, "torn bulks") == 0
    assert figure(done, "kills") >= kills


def test_control_without_syncing_loses_writes():
    done = durability("--kills", "3", "--no-sync")
    assert done.returncode == 0
    assert figure(done, "acknowledged writes lost") > 0
