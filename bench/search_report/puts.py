"""Durable puts over HTTP at 64 connections: what the indexes take of them."""

import shutil
import subprocess
import time
from pathlib import Path

from support.cluster import Cluster
from support.deadline import wait_until

from compare_lib import wrk

CONNECTIONS = 64
SCRIPT = Path(__file__).resolve().parents[1] / "wrk" / "texts.lua"

OFF = {"search": {"text": False, "vectors": False}}


def kinds(model):
    """name -> tables of the cluster file."""
    return {
        "no index": OFF,
        "text index": {"search": {"text": True, "vectors": False}},
        "text index and built-in model": {"embedding": {"maker": "builtin", "model_file": str(model)}},
    }


def _run(url, texts, keys, seconds):
    command = ["wrk", "--latency", "-t", "2", "-c", str(CONNECTIONS), "-d", f"{seconds}s", "--timeout", "10s", "-s", str(SCRIPT), url]
    output = subprocess.run([*command, "--", str(texts), str(keys)], check=True, capture_output=True, text=True).stdout
    return wrk.measurement(output, command)


def measure(folder, settings, texts, keys, seconds):
    """One cluster, freshly made: puts at full speed; then how long the indexes take to catch up, in seconds (text, vectors)."""
    shutil.rmtree(folder, ignore_errors=True)
    with Cluster(folder, size=3, settings={"log": {"level": "warn"}, **settings}) as cluster:
        cluster.start()
        leader = cluster.leader()
        if "embedding" in settings:
            wait_until(lambda: leader.status()["search"]["model"], 60, "the model is the cluster's")
        sample = _run(f"http://127.0.0.1:{leader.http_port}", texts, keys, seconds)
        behind = _catch_up(leader) if settings is not OFF else None
    shutil.rmtree(folder, ignore_errors=True)
    return sample, behind


def _catch_up(leader):
    """Seconds until a linearizable search is answered, when the load has just ended."""
    started = time.monotonic()
    answer = leader.request("GET", "/v1/search?q=anything&limit=1&timeout=60s", timeout=70)
    if answer.status != 200:
        raise RuntimeError(f"the index does not catch up: {answer}")
    return time.monotonic() - started
