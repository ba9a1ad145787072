"""Runs wrk and reads what it prints."""

import pathlib
import re
import subprocess
from dataclasses import dataclass

SCRIPT = pathlib.Path(__file__).resolve().parents[1] / "wrk" / "requests.lua"
_UNITS_MS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}


@dataclass
class Measurement:
    rate: float  # requests a second
    p50_ms: float
    p99_ms: float


def run(url, connections, seconds, script_arguments=None):
    """One run. RuntimeError when any request failed: a rate with errors in it says nothing."""
    threads = 1 if connections == 1 else 2
    command = ["wrk", "--latency", "-t", str(threads), "-c", str(connections), "-d", f"{seconds}s", "--timeout", "10s"]
    if script_arguments:
        command += ["-s", str(SCRIPT)]
    command.append(url)
    if script_arguments:
        command += ["--", *script_arguments]
    return measurement(subprocess.run(command, check=True, capture_output=True, text=True).stdout, command)


def measurement(output, command):
    """What wrk printed, as figures. RuntimeError when any request failed."""
    if "Non-2xx" in output or "Socket errors" in output:
        raise RuntimeError(f"{' '.join(command)}\n{output}")
    return Measurement(_rate(output), _latency(output, 50), _latency(output, 99))


def _rate(output):
    return float(re.search(r"Requests/sec:\s+([\d.]+)", output).group(1))


def _latency(output, percentile):
    number, unit = re.search(rf"^\s+{percentile}%\s+([\d.]+)(us|ms|s|m)$", output, re.MULTILINE).groups()
    return float(number) * _UNITS_MS[unit]
