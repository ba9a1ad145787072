"""The tables of bench/compare, and its section of docs/benchmarks.md around them."""

from statistics import median

import sections

CONNECTIONS = (1, 64, 256)

# (operation, connections) -> the ratio to reach
_GOALS = {("put", 1): 1.5, ("put", 64): 5.0, ("put", 256): 5.0, ("get", 1): 1.5, ("get", 64): 5.0, ("get", 256): 5.0}
_CEILING_SHARE = 0.6
_MEMORY_MB_MAX = 400


def _spread(samples):
    rates = [sample.rate for sample in samples]
    return f"{min(rates):,.0f} to {max(rates):,.0f}"


def _rate(samples):
    return median(sample.rate for sample in samples)


def _verdict(operation, connections, ratio, share):
    goal = _GOALS[operation, connections]
    if ratio >= goal:
        return f"reached ({goal:g} times)"
    if operation == "get" and connections > 1:
        if share >= _CEILING_SHARE:
            return f"reached ({_CEILING_SHARE:g} of the ceiling)"
        return f"missed ({goal:g} times or {_CEILING_SHARE:g} of the ceiling)"
    return f"missed ({goal:g} times)"


def rate_table(results):
    """`results`: (system, operation, connections) -> list of Measurement; operation "empty" is the ceiling."""
    lines = [
        "| Operation | Connections | etcd /s | troupe /s | Ratio | Empty answer /s | Share of that | etcd p50, p99 ms "
        "| troupe p50, p99 ms | Goal |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|---|",
    ]
    for operation, title in (("put", "durable put"), ("get", "linearizable get")):
        for connections in CONNECTIONS:
            theirs = results["etcd", operation, connections]
            ours = results["troupe", operation, connections]
            ceiling = _rate(results["troupe", "empty", connections])
            ratio, share = _rate(ours) / _rate(theirs), _rate(ours) / ceiling
            lines.append(
                f"| {title} | {connections} | {_rate(theirs):,.0f} | {_rate(ours):,.0f} | {ratio:.1f} | {ceiling:,.0f} | {share:.2f} "
                f"| {_latencies(theirs)} | {_latencies(ours)} | {_verdict(operation, connections, ratio, share)} |"
            )
    return "\n".join(lines)


def _latencies(samples):
    return f"{median(s.p50_ms for s in samples):.2f}, {median(s.p99_ms for s in samples):.2f}"


def spread_table(results):
    lines = ["| System | Operation | Connections | Lowest to highest /s |", "|---|---|--:|--:|"]
    for (system, operation, connections), samples in sorted(results.items()):
        lines.append(f"| {system} | {operation} | {connections} | {_spread(samples)} |")
    return "\n".join(lines)


def memory_table(memory):
    """`memory`: system -> bytes of each node, with `keys` keys loaded."""
    lines = ["| System | Resident memory of the three nodes, MB | Goal |", "|---|---|---|"]
    for system, nodes in memory.items():
        shown = ", ".join(f"{size / 1e6:.0f}" for size in sorted(nodes))
        goal = ""
        if system == "troupe":
            reached = max(nodes) < _MEMORY_MB_MAX * 1e6
            goal = f"{'reached' if reached else 'missed'} (under {_MEMORY_MB_MAX} MB a node)"
        lines.append(f"| {system} | {shown} | {goal} |")
    return "\n".join(lines)


def document(results, memory, options, checkout):
    """The section of bench/compare in docs/benchmarks.md."""
    lines = [
        "## Beside etcd",
        "",
        *sections.about_the_run(options.command, checkout, options.load_before),
        f"* {sections.first_line('etcd', '--version')} (Debian package), {sections.first_line('wrk', '-v').split(' Copyright')[0]}",
        "",
        "Three nodes of each system run on this one machine, one system at a time, and share its cores with wrk, which talks to the",
        "leader. Keys have 16 bytes, values 128, chosen at random from a key space of",
        f"{options.keys:,} keys that are all there before the clock starts. Each figure is the median of {options.rounds} rounds of",
        f"{options.seconds} s; within a round etcd and troupe are measured one after the other. Both sync every write to disk on a",
        "majority before they answer, and both answer reads linearizably.",
        "",
        "**etcd is driven through its JSON gateway** (`/v3/kv/put`, `/v3/kv/range`), because wrk speaks HTTP/1.1. That gateway is slower than",
        "etcd's own gRPC interface: the ratios hold for HTTP clients, not for gRPC clients of etcd. An *empty answer* is `GET /healthz` of",
        "troupe in the same run: what the gateway reaches when there is nothing to do.",
        "",
        rate_table(results),
        "",
    ]
    if memory:
        lines += [f"Memory with {options.memory_keys:,} keys of 16 bytes with values of 128 bytes, after compaction:", "", memory_table(memory), ""]
    lines += ["How far the rounds lie apart:", "", spread_table(results), ""]
    return "\n".join(lines)
