"""What goes wrong. Each fault is a function of the world that begins it, lets it last, and leaves the undoing to heal()."""

import json
import threading
import time

from support.deadline import wait_until

from .backends import HttpBackend
from .nodes import wait_stopped
from .records import Operation, now

PROGRESS_SECONDS = 60  # in which writes have to be possible again once everything is healed


class World:
    def __init__(self, cluster, shared, random):
        self.cluster = cluster
        self.network = cluster.network
        self.shared = shared
        self.random = random
        self.gaps = {}  # by fault: seconds without a leader while a majority could talk
        self._probes = 0

    def hold(self):
        time.sleep(self.random.uniform(1, 3))

    def any_node(self):
        return self.random.choice(self.cluster.nodes)

    def others(self, node):
        return [other for other in self.cluster.nodes if other is not node]

    def leader_or_any(self):
        return self.cluster.leader() if self.random.random() < 0.5 else self.any_node()

    def writes_again(self, nodes, timeout=PROGRESS_SECONDS):
        """Seconds until a write that begins now, through one of the nodes, is acknowledged."""
        began = now()
        done = threading.Event()
        ends = []

        def probe(client, node, prefix):
            backend = HttpBackend([node], 0, timeout=2.0)
            number = 0
            while not done.is_set() and now() - began < timeout * 1e9:
                number += 1
                operation = Operation("put", writes=[(f"{prefix}{number}", f"probe{client}.{number}")])
                called = now()
                backend.execute(operation)
                returned = now()
                self.shared.recorder.record(client, operation, called, returned)
                if operation.outcome == "ok":
                    ends.append(returned)
                    done.set()
                else:
                    done.wait(0.01)
            backend.close()

        threads = []
        for node in nodes:
            self._probes += 1
            client = self.shared.recorder.new_client()
            threads.append(threading.Thread(target=probe, args=(client, node, f"uniq/probe/{self._probes}.")))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert ends, f"no write was acknowledged in {timeout} s, though a majority could talk"
        return (min(ends) - began) / 1e9

    def measure(self, fault, lost):
        """The leader `lost` has just been lost: how long until the others take writes?"""
        self.gaps.setdefault(fault, []).append(self.writes_again(self.others(lost)))

    def recover(self):
        """Heals everything and waits until all nodes are at one again, or fails."""
        self.cluster.heal()
        self.writes_again(self.cluster.nodes)
        self.cluster.wait_caught_up(PROGRESS_SECONDS)


def kill(world):
    node = world.any_node()
    node.kill()
    world.hold()
    node.start()


def kill_leader(world):
    leader = world.cluster.leader()
    leader.kill()
    world.measure("kill-leader", leader)
    world.hold()
    leader.start()


def stop(world):
    node = world.leader_or_any()
    led = world.cluster.leader_now() is node
    node.stop()
    wait_stopped(node)
    if led:
        world.measure("stop", node)
    world.hold()


def partition(world):
    """One node from all others, both ways."""
    cut_off(world, "partition", world.any_node())


def isolated_leader(world):
    cut_off(world, "isolated-leader", world.cluster.leader())


def cut_off(world, fault, node):
    led = world.cluster.leader_now() is node
    for other in world.others(node):
        world.network.cut(node.id, other.id)
        world.network.cut(other.id, node.id)
    if led:
        world.measure(fault, node)
    world.hold()


def one_way(world):
    """What one node sends does not arrive, at one other or at all; or what the others send does not arrive at it."""
    node = world.leader_or_any()
    led = world.cluster.leader_now() is node
    others = world.others(node)
    victims = others if world.random.random() < 0.6 else others[:1]
    deaf = world.random.random() < 0.5
    for other in victims:
        world.network.cut(*((other.id, node.id) if deaf else (node.id, other.id)))
    if led and len(victims) == len(others):
        world.measure("one-way", node)
    world.hold()


def slow_disk(world):
    node = world.leader_or_any()
    node.slow_sync(world.random.choice((20, 100, 400)))
    world.hold()


def full_disk(world):
    node = next(node for node in world.cluster.nodes if node.small_disk)
    if world.random.random() < 0.5:
        transfer_to(world, node)
    node.fill_disk()
    world.hold()
    world.hold()


def clock(world):
    node = world.leader_or_any()
    node.shift_clock(world.random.choice((-600, -30, -1, 1, 30, 600)))
    world.hold()


def rolling_restart(world):
    for node in world.random.sample(world.cluster.nodes, len(world.cluster.nodes)):
        code = node.terminate()
        assert code == 0, f"{node.id} ended with code {code} after SIGTERM; its log:\n{node.process.log()}"
        node.start()
        world.cluster.wait_caught_up(PROGRESS_SECONDS)


def transfer(world):
    transfer_to(world, world.random.choice(world.others(world.cluster.leader())))


def transfer_to(world, node):
    leader = world.cluster.leader()
    if leader is not node:
        # It may be refused, or another may win; what counts is that nothing breaks.
        leader.request("POST", "/v1/cluster/transfer", json.dumps({"to": node.id}), {"Content-Type": "application/json"}, timeout=10)


def members(world):
    """A node is removed, loses its disk, and is added anew."""
    victim = world.any_node()
    ask(world, "DELETE", f"/v1/cluster/members/{victim.id}")
    code = victim.process.wait(PROGRESS_SECONDS)
    assert code in (0, 2), f"{victim.id} ended with code {code} after its removal; its log:\n{victim.process.log()}"
    victim.forget()
    victim.start(join=True)
    ask(world, "POST", "/v1/cluster/members", {"id": victim.id})
    ask(world, "POST", f"/v1/cluster/members/{victim.id}/promote")


def ask(world, method, target, body=None):
    """Until it is done; asking again for what is so already changes nothing."""
    last = []

    def done():
        for node in world.cluster.nodes:
            try:
                status, answer = node.request(method, target, body and json.dumps(body), {"Content-Type": "application/json"}, timeout=10)
            except OSError:
                continue
            last[:] = [status, answer]
            if status == 200:
                return True
        return False

    wait_until(done, PROGRESS_SECONDS, lambda: f"{method} {target}: {last}")


def power_off(world):
    for node in world.cluster.nodes:
        node.process.popen.kill()
    for node in world.cluster.nodes:
        node.kill()
    for node in world.cluster.nodes:
        node.start()


# How often each comes, in relation to the others.
FAULTS = {
    "kill": (kill, 1), "kill-leader": (kill_leader, 4), "stop": (stop, 2), "partition": (partition, 2), "one-way": (one_way, 2),
    "isolated-leader": (isolated_leader, 1), "slow-disk": (slow_disk, 1), "full-disk": (full_disk, 1), "clock": (clock, 1),
    "rolling-restart": (rolling_restart, 1), "transfer": (transfer, 1), "members": (members, 1), "power-off": (power_off, 1),
}
