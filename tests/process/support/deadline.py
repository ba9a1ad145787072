"""Waiting for something to become true, with an end."""

import time


def wait_until(condition, timeout, what):
    """Calls condition until it answers something true, which is returned; AssertionError after timeout seconds."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout} s: {what}")
        time.sleep(0.01)
