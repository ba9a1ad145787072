"""The tables of bench/search, and its section of docs/benchmarks.md around them."""

from statistics import median

import sections

_DATA = {"wordnet": "WordNet glosses (short)", "manpages": "manual pages (long)"}
_INDEXING_TIMES = 3.0
_QUERY_SHARE = 0.5
_MEMORY_TIMES = 3.0
_RECALL = 0.95
_VECTOR_SHARE = 0.8
_SENTENCE_MS = 4.0
_PUT_SHARE = 0.7


def _goal(reached, text):
    return f"{'reached' if reached else 'missed'} ({text})"


def _rows(lines, **wanted):
    return [line for line in lines if all(line.get(name) == value for name, value in wanted.items())]


def indexing_table(lines):
    table = ["| Texts | troupe, changes/s | FTS5, changes/s | Ratio | Goal | Memory, times the text | Goal |", "|---|--:|--:|--:|---|--:|---|"]
    for data, title in _DATA.items():
        ours = _rows(lines, data=data, system="troupe", what="index")[0]["changes_per_second"]
        theirs = _rows(lines, data=data, system="fts5", what="index")[0]["changes_per_second"]
        memory = _rows(lines, data=data, what="memory")[0]["ratio"]
        ratio = ours / theirs
        table.append(
            f"| {title} | {ours:,.0f} | {theirs:,.0f} | {ratio:.1f} | {_goal(ratio >= _INDEXING_TIMES, '3 times')} "
            f"| {memory:.2f} | {_goal(memory <= _MEMORY_TIMES, 'at most 3')} |"
        )
    return "\n".join(table)


def query_table(lines):
    table = [
        "| Texts | Query | troupe p50, p99 ms | FTS5 p50, p99 ms | p99 ratio | Goal |",
        "|---|---|--:|--:|--:|---|",
    ]
    for data, title in _DATA.items():
        for ours in _rows(lines, data=data, system="troupe", what="query"):
            theirs = _rows(lines, data=data, system="fts5", what="query", kind=ours["kind"])[0]
            share = ours["p99_us"] / theirs["p99_us"]
            table.append(
                f"| {title} | {ours['kind']} | {ours['p50_us'] / 1000:.3f}, {ours['p99_us'] / 1000:.3f} "
                f"| {theirs['p50_us'] / 1000:.3f}, {theirs['p99_us'] / 1000:.3f} | {share:.2f} | {_goal(share <= _QUERY_SHARE, 'at most 0.5')} |"
            )
    return "\n".join(table)


def vector_table(v):
    ours, bare = v["troupe"], v["hnswlib"]
    recall = _goal(ours["recall_at_10"] >= _RECALL, "at least 0.95")
    speed = _goal(v["ratio"] >= _VECTOR_SHARE, "at least 0.8")
    return "\n".join(
        [
            "| | troupe | bare hnswlib | Ratio | Goal |",
            "|---|--:|--:|--:|---|",
            f"| recall@10 | {ours['recall_at_10']:.4f} | {bare['recall_at_10']:.4f} | | {recall} |",
            f"| queries/s | {ours['queries_per_s']:,.0f} | {bare['queries_per_s']:,.0f} | {v['ratio']:.2f} | {speed} |",
            f"| seconds to build | {ours['build_s']:.1f} | {bare['build_s']:.1f} | | |",
        ]
    )


def embedding_table(ours, node):
    table = ["| Who | ms a sentence, mean | median | p99 | Goal |", "|---|--:|--:|--:|---|"]
    for kernel, t in ours["kernels"].items():
        goal = _goal(t["mean_ms"] <= _SENTENCE_MS, "at most 4 ms")
        table.append(f"| troupe, {kernel} | {t['mean_ms']:.2f} | {t['median_ms']:.2f} | {t['p99_ms']:.2f} | {goal} |")
    table.append(f"| the package under Node.js | {node['mean_ms']:.2f} | {node['median_ms']:.2f} | {node['p99_ms']:.2f} | |")
    return "\n".join(table)


def put_table(puts):
    """`puts`: name -> list of (Measurement, seconds behind or None), "no index" first."""
    base = median(sample.rate for sample, _ in puts["no index"])
    table = [
        "| Cluster | Puts/s | Lowest to highest | Share of that without an index | p50, p99 ms | Index caught up after, s | Goal |",
        "|---|--:|--:|--:|--:|--:|---|",
    ]
    for name, runs in puts.items():
        rates = [sample.rate for sample, _ in runs]
        share = median(rates) / base
        behind = [seconds for _, seconds in runs if seconds is not None]
        shown = f"{median(behind):.1f}" if behind else ""
        goal = "" if name == "no index" else _goal(share >= _PUT_SHARE, "at least 0.7")
        latency = f"{median(s.p50_ms for s, _ in runs):.2f}, {median(s.p99_ms for s, _ in runs):.2f}"
        table.append(f"| {name} | {median(rates):,.0f} | {min(rates):,.0f} to {max(rates):,.0f} | {share:.2f} | {latency} | {shown} | {goal} |")
    return "\n".join(table)


def document(found, options, checkout):
    """The section of bench/search in docs/benchmarks.md."""
    v = found["vectors"]
    lines = [
        "## Search",
        "",
        *sections.about_the_run(options.command, checkout, options.load_before),
        f"* SQLite {sections.first_line('sqlite3', '--version').split(' ')[0] if options.has_sqlite_shell else '(Debian package)'}, "
        f"Node.js {sections.first_line('node', '--version')}",
        "",
        "**Text.** SQLite's FTS5 in WAL mode with the porter stemmer, the same batches (1,000 glosses, or 100 manual pages, a commit); each text is put",
        "once, then a fifth of them again with another text. A query is from its text to the ten best by BM25; troupe also counts all that match.",
        "",
        indexing_table(found["text"]),
        "",
        query_table(found["text"]),
        "",
        f"**Vectors.** {v['vectors']:,} glosses embedded by the built-in model, {v['dimension']} dimensions, M {v['links']}, efConstruction {v['build_breadth']}, ef {v['breadth']},",
        f"{v['instructions']}; both take turns, by processor time. Comparing every vector instead: {v['exact_queries_per_s']:,.0f} queries/s.",
        "",
        vector_table(v),
        "",
        "**Embedding.** Sentences of ten words, one at a time, on one core.",
        "",
        embedding_table(found["embedding"], found["node"]),
        "",
    ]
    if found["puts"]:
        lines += [
            "**Puts.** Durable puts of glosses over HTTP at 64 connections to the leader of three nodes on this one machine, which share its cores with",
            f"wrk; median of {options.rounds} rounds of {options.seconds} s, the clusters one after the other in each round. All three nodes index; the leader embeds in the background.",
            "",
            put_table(found["puts"]),
            "",
        ]
    return "\n".join(lines)
