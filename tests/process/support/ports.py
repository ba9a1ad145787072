"""Ports that are free now and that the kernel does not hand out to outgoing connections in the meantime."""

import os
import random
import socket

_random = random.Random(os.urandom(8))
_given_out = set()


def _below_ephemeral():
    try:
        with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as file:
            return int(file.read().split()[0])
    except OSError:
        return 32768


def is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def free_port():
    """A port on 127.0.0.1; each is given out once by this process.

    A node that is restarted needs its port again, so it must not be one that any outgoing connection may take.
    """
    top = _below_ephemeral()
    low = 10_000 if top > 15_000 else 1_024
    for _ in range(10_000):
        port = _random.randrange(low, top)
        if port not in _given_out and is_free(port):
            _given_out.add(port)
            return port
    raise RuntimeError("no free port found")
