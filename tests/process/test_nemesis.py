"""A short run of tests/nemesis: every kind of fault in a minute or so, judged by the checkers. tests/nemesis --minutes N runs on."""

import subprocess

import pytest
from support.cluster import CHECKOUT


def nemesis(*arguments, timeout):
    return subprocess.run([CHECKOUT / "tests" / "nemesis", *arguments], capture_output=True, text=True, timeout=timeout)


def test_real_faults_leave_no_anomaly():
    done = nemesis("--minutes", "1", timeout=420)
    print(done.stdout)
    if done.returncode == 2 and "tests/nemesis:" in done.stdout:
        pytest.skip(done.stdout.strip() or done.stderr.strip())
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert "anomalies: 0, lost: 0" in done.stdout


def test_wrong_use_is_refused():
    done = nemesis("--faults", "kill,flood", timeout=60)
    assert done.returncode == 2
    assert "flood" in done.stderr
