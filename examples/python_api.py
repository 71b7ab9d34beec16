"""Curate a file step by step in Python, and decide one finding by hand.

    python examples/python_api.py sample_data/support_tickets.jsonl
"""

from __future__ import annotations

import argparse

import curate
from curate.ledger.decisions import Journal, decide


def main(path: str) -> None:
    data = curate.load(path)
    print(data)
    print(data.explain())

    found = curate.detect(data)
    plan = found.resolve()
    print(plan)

    # People have the last word: reject the first near-duplicate, and see what that does to the plan.
    near = [i for i, stage in enumerate(found.findings["stage"].to_pylist()) if stage == "near_duplicates"]
    journal = Journal((decide(found.findings, near[:1], "reject", why="both wordings are wanted"),))
    print("after one rejection:", found.resolve(journal))

    # The same findings as a table for those who think in tables.
    frame = curate.to_polars(plan)
    print(frame.group_by("stage", "status").len().sort("stage", "status"))

    curate.apply(data, plan).write("curated.jsonl")
    print("wrote curated.jsonl")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", help="a data file")
    main(parser.parse_args().path)
