"""Waiting for something to become true, with an end."""

import time


def wait_until(condition, timeout, what):
    """Calls condition until it answers something true, which is returned; AssertionError after timeout seconds.

    `what` says what was waited for: a text, or a function that makes it when it is needed.
    """
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout} s: {what() if callable(what) else what}")
        time.sleep(0.01)
