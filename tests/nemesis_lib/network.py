"""One network namespace a node, joined by a bridge on which the clients sit too. Needs root.

A direction between two nodes is cut by telling the sender a link address that nobody has, for good: its packets leave
and reach no one, and neither side is told. That needs no packet filter, and works for one direction alone.
"""

import random
import subprocess

NOBODY = "02:00:00:00:00:99"


class CannotIsolate(RuntimeError):
    """This machine or this user cannot make network namespaces."""


def run(*arguments):
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=30)
    if done.returncode != 0:
        raise CannotIsolate(f"{' '.join(arguments)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def unused_subnet():
    """Two bytes of 10.x.y.0/24 that no route of this machine knows."""
    routes = run("ip", "-4", "route", "show", "table", "all")
    for _ in range(100):
        prefix = f"10.{random.SystemRandom().randrange(64, 250)}.{random.SystemRandom().randrange(1, 250)}"
        if f"{prefix}." not in routes:
            return prefix
    raise CannotIsolate("no free subnet")


class Network:
    def __init__(self, tag, names):
        self.tag = tag
        self.names = list(names)
        self.bridge = f"tn{tag}"
        self.prefix = unused_subnet()
        self._made = []  # undo commands, last made first
        self._cuts = set()
        try:
            self._make()
        except BaseException:
            self.close()
            raise

    def namespace(self, name):
        return f"troupe-{self.tag}-{name}"

    def address(self, name):
        return f"{self.prefix}.{self.names.index(name) + 1}"

    def _make(self):
        self._do(("ip", "link", "add", self.bridge, "type", "bridge"), ("ip", "link", "del", self.bridge))
        run("ip", "addr", "add", f"{self.prefix}.254/24", "dev", self.bridge)
        run("ip", "link", "set", self.bridge, "up")
        for number, name in enumerate(self.names):
            space, outside = self.namespace(name), f"tn{self.tag}v{number}"
            self._do(("ip", "netns", "add", space), ("ip", "netns", "del", space))
            self._do(("ip", "link", "add", outside, "type", "veth", "peer", "name", "eth0", "netns", space), ("ip", "link", "del", outside))
            run("ip", "link", "set", outside, "master", self.bridge)
            run("ip", "link", "set", outside, "up")
            self._inside(name, "addr", "add", f"{self.address(name)}/24", "dev", "eth0")
            self._inside(name, "link", "set", "eth0", "up")
            self._inside(name, "link", "set", "lo", "up")

    def _do(self, command, undo):
        run(*command)
        self._made.insert(0, undo)

    def _inside(self, name, *arguments):
        run("ip", "-n", self.namespace(name), *arguments)

    def entering(self, name):
        """What to put before a command so that it runs inside."""
        return ["nsenter", f"--net=/run/netns/{self.namespace(name)}"]

    def cut(self, sender, receiver):
        self._inside(sender, "neigh", "replace", self.address(receiver), "lladdr", NOBODY, "nud", "permanent", "dev", "eth0")
        self._cuts.add((sender, receiver))

    def heal(self):
        for sender, receiver in sorted(self._cuts):
            self._inside(sender, "neigh", "del", self.address(receiver), "dev", "eth0")
        self._cuts.clear()

    def close(self):
        for undo in self._made:
            subprocess.run(undo, capture_output=True, timeout=30)
        self._made.clear()
