"""`resolve` on a million rows and a million findings: the median of several runs, after one to load the kernels.

    python benchmarks/bench_resolve.py [--rows 1000000] [--repeat 5]
"""

from __future__ import annotations

import argparse
import statistics
import time

import numpy as np
import pyarrow as pa

from curate.ledger.decisions import Journal, decide
from curate.ledger.findings import concat_findings, make_findings
from curate.ledger.keepers import Relation, RowFacts
from curate.ledger.resolve import Policy, StagePolicy, resolve


def ledger(n: int, seed: int = 0) -> tuple[pa.Table, dict[str, Relation], RowFacts]:
    """A quarter each of near duplicates, edits (some overlapping), relabels and quality drops."""
    rng = np.random.default_rng(seed)
    quarter = n // 4
    ids = pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), n, [None, pa.py_buffer(rng.bytes(16 * n))])
    a = rng.choice(n, quarter // 2, replace=False)
    b = (a + 1 + rng.integers(0, 50, len(a))) % n
    score = rng.uniform(0.6, 1.0, len(a)).astype(np.float32)
    partner = np.unique(np.concatenate([a, b]))
    edits = np.sort(rng.integers(0, n, quarter))
    start = rng.integers(0, 400, quarter)
    tables = [
        make_findings("near_duplicates", ids, row=partner, rule="verified_jaccard", action="drop", score=0.9,
                      reason="near copy of another row", witness_row=partner),
        make_findings("pii", ids, row=edits, rule="pii.email_address", action="replace", score=0.95, reason="e-mail",
                      field="text", start=start, end=start + 20, replacement="[EMAIL]"),
        make_findings("label_issues", ids, row=rng.choice(n, quarter, replace=False), rule="likely_wrong",
                      action="relabel", score=rng.uniform(0, 1, quarter), reason="label", field="label",
                      replacement="other"),
        make_findings("text_quality", ids, row=rng.choice(n, quarter, replace=False), rule="empty", action="drop",
                      score=rng.uniform(0, 1, quarter), reason="short"),
    ]
    facts = RowFacts(n, np.arange(n), np.full(n, 3, np.int8), np.zeros(n, np.int32))
    return concat_findings(tables), {"near_duplicates": Relation.from_edges(n, a, b, score)}, facts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=5)
    args = parser.parse_args()
    findings, relations, facts = ledger(args.rows)
    stages = {
        "near_duplicates": StagePolicy("apply", threshold=0.8),
        "pii": StagePolicy("apply"),
        "label_issues": StagePolicy("review"),
        "text_quality": StagePolicy("review"),
    }
    journal = Journal((decide(findings, list(range(1000)), "reject"),))
    print(f"{args.rows:,} rows, {findings.num_rows:,} findings, 1,000 decisions")
    for name, policy in (
        ("every duplicate goes", Policy(stages)),
        ("two rows a cluster stay", Policy(stages, per_cluster=2)),
        ("96 % of the rows stay", Policy(stages, target_rows=int(0.96 * args.rows))),
    ):
        seconds, processor = [], []
        for _ in range(args.repeat + 1):
            started, worked = time.perf_counter(), time.process_time()
            plan = resolve(findings, journal, policy, facts=facts, relations=relations)
            seconds.append(time.perf_counter() - started)
            processor.append(time.process_time() - worked)
        print(f"{name}: {plan!r}")
        print(
            f"    first call {seconds[0]:.2f} s, then median {statistics.median(seconds[1:]):.3f} s "
            f"({statistics.median(processor[1:]):.3f} s of processor time)"
        )


if __name__ == "__main__":
    main()
