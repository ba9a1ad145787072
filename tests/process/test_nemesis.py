"""A short run of tests/nemesis: every kind of fault in a minute or so, judged by the checkers. tests/nemesis --minutes N runs on."""

import os
import subprocess

import pytest
from support.cluster import CHECKOUT


def nemesis(folder, *arguments, timeout):
    """What it keeps of a run that found something stays in the test's folder."""
    done = subprocess.run([CHECKOUT / "tests" / "nemesis", *arguments], capture_output=True, text=True, timeout=timeout,
                          env={**os.environ, "TMPDIR": str(folder)})
    print(done.stdout)
    if done.returncode == 2 and "tests/nemesis:" in done.stdout:
        pytest.skip(done.stdout.strip())
    return done


def test_real_faults_leave_no_anomaly(tmp_path):
    done = nemesis(tmp_path, "--minutes", "1", timeout=420)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert "anomalies: 0, lost: 0" in done.stdout


def test_stale_reads_are_found(tmp_path):
    """The control: reads that do not ask the leader, while nodes are cut off."""
    done = nemesis(tmp_path, "--minutes", "0.2", "--faults", "partition", "--stale-reads", timeout=240)
    assert done.returncode == 1, done.stdout[-8000:] + done.stderr[-2000:]
    assert "verdict: violation" in done.stdout


def test_wrong_use_is_refused(tmp_path):
    done = nemesis(tmp_path, "--faults", "kill,flood", timeout=60)
    assert done.returncode == 2
    assert "flood" in done.stderr
