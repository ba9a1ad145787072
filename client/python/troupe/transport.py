"""Kept HTTP connections to several nodes, and the rules of trying again."""

from __future__ import annotations

import http.client
import random
import threading
import time
from typing import Dict, List, Mapping, Optional, Sequence, Tuple
from urllib.parse import urlsplit

from .errors import IndexBehind, InvalidRequest, OutcomeUnknown, TroupeError, Unavailable, error_from_answer

# A node that says 503 asks for a pause of up to this many seconds before the next round.
_PAUSE_MAX = 1.0
_PAUSE_DEFAULT = 0.1
_IDLE_CONNECTIONS_MAX = 16


class Answer:
    """One HTTP answer, read completely."""

    __slots__ = ("status", "headers", "body")

    def __init__(self, status: int, headers: http.client.HTTPMessage, body: bytes):
        self.status = status
        self.headers = headers
        self.body = body


class _Node:
    """One address and its idle connections. Safe to use from many threads."""

    def __init__(self, host: str, port: int):
        self.host = host
        self.port = port
        self._idle: List[http.client.HTTPConnection] = []
        self._lock = threading.Lock()

    def request(self, method: str, target: str, body: Optional[bytes], headers: Mapping[str, str], timeout: float) -> Answer:
        connection = self._take(timeout)
        try:
            connection.request(method, target, body=body, headers=dict(headers))
            response = connection.getresponse()
            answer = Answer(response.status, response.headers, response.read())
        except BaseException:
            connection.close()
            raise
        if response.will_close:
            connection.close()
        else:
            self._give_back(connection)
        return answer

    def _take(self, timeout: float) -> http.client.HTTPConnection:
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        if connection is None:
            connection = http.client.HTTPConnection(self.host, self.port, timeout=timeout)
            try:
                connection.connect()
            except OSError as error:
                raise _NotSent(str(error)) from error
        elif connection.sock is not None:
            connection.sock.settimeout(timeout)
        return connection

    def _give_back(self, connection: http.client.HTTPConnection) -> None:
        with self._lock:
            if len(self._idle) < _IDLE_CONNECTIONS_MAX:
                self._idle.append(connection)
                return
        connection.close()

    def close(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()


class _NotSent(Exception):
    """No connection: the node has certainly not seen the request."""


class Transport:
    """Sends a request to one node after another until one answers for good or the deadline passes.

    Every request must be safe to send twice: a read, or a write with an idempotency key.
    """

    def __init__(self, addresses: Sequence[Tuple[str, int]], timeout: float):
        if not addresses:
            raise InvalidRequest("no node to talk to")
        self._nodes = [_Node(host, port) for host, port in addresses]
        self._timeout = timeout
        self._preferred = 0

    def close(self) -> None:
        for node in self._nodes:
            node.close()

    @property
    def attempt_max(self) -> float:
        """Seconds that one node may take of a call, so that one that hangs leaves time for the others."""
        return self._timeout / len(self._nodes)

    def call(
        self,
        method: str,
        target: str,
        body: Optional[bytes] = None,
        headers: Optional[Dict[str, str]] = None,
        write: bool = False,
        waits: float = 0,
    ) -> Answer:
        """The answer of the first node that decides the request, whatever its status, except 503 and 504.

        `waits`: seconds that the node itself was asked to wait; it gets a little more to say that it waited in vain.

        Raises Unavailable when nothing was applied for certain, OutcomeUnknown when a write may have been.
        """
        deadline = time.monotonic() + self._timeout
        attempt_max = max(self.attempt_max, waits + 1 if waits else 0)
        perhaps_applied = False
        last: TroupeError = Unavailable("no node answered")
        attempt = 0
        while True:
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                break
            index = (self._preferred + attempt) % len(self._nodes)
            node = self._nodes[index]
            attempt += 1
            pause = _PAUSE_DEFAULT
            try:
                answer = node.request(method, target, body, headers or {}, min(remaining, attempt_max))
            except _NotSent as error:
                last = _unless_told_more(last, Unavailable(f"{node.host}:{node.port}: {error}"))
            except (OSError, http.client.HTTPException) as error:
                perhaps_applied = write
                last = _unless_told_more(last, Unavailable(f"{node.host}:{node.port}: {error or type(error).__name__}"))
                node.close()  # its other idle connections have most likely died with this one
            else:
                if answer.status not in (503, 504):
                    self._preferred = index
                    # Refused now, which says nothing of what came of it before.
                    if answer.status == 507 and perhaps_applied:
                        last = error_from_answer(answer.status, answer.body)
                        break
                    return answer
                last = error_from_answer(answer.status, answer.body)
                perhaps_applied = perhaps_applied or (write and isinstance(last, OutcomeUnknown))
                pause = _retry_after(answer)
            if attempt % len(self._nodes) == 0:
                # A round is over: let an election finish. The jitter keeps many clients from returning together.
                time.sleep(max(0.0, min(pause * random.uniform(0.75, 1.25), deadline - time.monotonic())))
        if perhaps_applied:
            raise OutcomeUnknown(f"the write may or may not have been applied; last: {last}", last.status, last.type)
        if isinstance(last, Unavailable):
            raise last
        raise Unavailable(str(last), last.status, last.type)


def _unless_told_more(last: TroupeError, silence: Unavailable) -> TroupeError:
    """A node that said how far its index is says more than one that did not answer before the time was over."""
    return last if isinstance(last, IndexBehind) else silence


def _retry_after(answer: Answer) -> float:
    try:
        return min(_PAUSE_MAX, max(0.0, float(answer.headers.get("Retry-After", ""))))
    except ValueError:
        return _PAUSE_DEFAULT


def parse_address(text: str) -> Tuple[str, int]:
    """The host and port of "host:port" or "http://host:port"."""
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise InvalidRequest(f"'{text}' is not host:port: {error}") from None
    if parts.scheme != "http" or not host or port is None or parts.path not in ("", "/"):
        raise InvalidRequest(f"'{text}' is not host:port")
    return host, port
