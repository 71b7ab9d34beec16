"""Does the estimate of missed personal data tell the truth, and what does it cost?

    python benchmarks/bench_residual.py [--worlds 100]

Truth 1: simulated detectors. Spans are planted, three detectors find them at known rates, and their failures go together
as strongly as a shared difficulty says (its standard deviation in log-odds: 0 is independence). How often does the 95 %
interval hold the true rate, with the sample unread (bound only), with 50 and 200 rows read, and from the read rows alone?
Truth 2: `../shared/data/presidio_synth`. The scanner runs as it is; a gold span of a structured type that no span of it
touches is missed. A reader who knows the gold answers for drawn rows. Names, places, dates and titles do not count.
Cost: processor seconds of the weak detectors on the sample, beside the scan of all rows.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.parts import command
from curate.privacy import scan
from curate.privacy.residual import KINDS, Read, Seen, Text, estimate, from_reviewed, look, seen_of
from curate.privacy.types import NAMES

DATA = Path(__file__).parents[2] / "shared" / "data" / "presidio_synth"
ROWS = 2000
STRUCTURED = {
    "CREDIT_CARD", "EMAIL_ADDRESS", "PHONE_NUMBER", "US_SSN", "IBAN_CODE", "IP_ADDRESS", "US_DRIVER_LICENSE",
}  # fmt: skip


def world(rng: np.random.Generator, rate: float, recalls: tuple[float, ...], sd: float) -> tuple[Seen, Any, Any, int]:
    """Units, which of them are real, missed spans that nobody marked by row, and spans that the scanner missed."""
    n = int(rng.poisson(rate * ROWS))
    hard, wide = rng.normal(size=n) * sd, np.sqrt(1 + 0.346 * sd**2)
    lists = [rng.random(n) < 1 / (1 + np.exp(-(np.log(p / (1 - p)) * wide + hard))) for p in recalls]
    false = int(rng.poisson(0.03 * ROWS))
    shape = rng.random(false) < 0.7
    none = np.zeros(false, bool)
    row = np.concatenate([rng.integers(0, ROWS, n), rng.integers(0, ROWS, false)])
    real = np.concatenate([np.ones(n, bool), none])
    main, by_shape, by_words = (np.concatenate(x) for x in zip(lists, (none, shape, ~shape)))
    order = np.argsort(row, kind="stable")
    row, real, main, by_shape, by_words = (x[order] for x in (row, real, main, by_shape, by_words))
    kept = main | by_shape | by_words
    seen = Seen(row[kept], np.zeros(int(kept.sum()), np.int64), main[kept], by_shape[kept], by_words[kept])
    return seen, real[kept], np.bincount(row[~kept], minlength=ROWS), int((real & ~main).sum())


def read(rng: np.random.Generator, seen: Seen, real: Any, more: Any, rows: int, n_rows: int) -> dict[int, Read]:
    """A careful reader's answers: half the rows with candidates, half without."""
    marked = np.zeros(n_rows, bool)
    marked[seen.row[seen.candidates]] = True
    sides = [rng.permutation(np.flatnonzero(side)) for side in (marked, ~marked)]
    take = min(len(sides[0]), rows // 2)
    chosen = np.concatenate([sides[0][:take], sides[1][: rows - take]])
    return {
        int(row): Read(tuple(real[seen.candidates & (seen.row == row)].tolist()), int(more[row])) for row in chosen
    }


def simulated(worlds: int) -> None:
    print("mean interval of missed spans in 1,000 rows, and how often it held the truth: unread (upper end only),")
    print("50 rows read, 200 rows read, those 200 rows alone")
    for rate, recalls in ((0.2, (0.95, 0.8, 0.4)), (0.05, (0.9, 0.8, 0.4)), (1.0, (0.99, 0.9, 0.5))):
        for sd in (0.0, 1.0, 2.0, 3.0):
            rng = np.random.default_rng(7)
            truth = np.mean([world(rng, rate, recalls, sd)[3] for _ in range(60)]) / ROWS
            lows, highs, held = np.zeros(4), np.zeros(4), np.zeros(4)
            for _ in range(worlds):
                seen, real, more, _ = world(rng, rate, recalls, sd)
                reviews = [{}, *(read(rng, seen, real, more, rows, ROWS) for rows in (50, 200))]
                found = [estimate(seen, ROWS, 1, review)[0] for review in reviews]
                for k, m in enumerate([*found, from_reviewed(seen, ROWS, reviews[2])]):
                    low, high = m.low or 0.0, m.high or 0.0
                    lows[k] += 1000 * low / worlds
                    highs[k] += 1000 * high / worlds
                    held[k] += (low <= truth <= high) / worlds
            cells = "  ".join(f"[{lows[k]:4.1f}, {highs[k]:5.1f}]  {held[k]:.2f}" for k in (1, 2, 3))
            print(f"{rate:<9} {recalls!s:18} {sd:<10}  {1000 * truth:8.1f}  {highs[0]:8.1f}  {held[0]:.2f}  {cells}")


def on_gold(name: str) -> None:
    items = json.loads((DATA / name).read_text(encoding="utf-8"))
    texts = [item["full_text"] for item in items]
    column = pa.array(texts, pa.large_string())
    scan(column)
    start = time.process_time()
    spans = scan(column)
    scanned = time.process_time() - start
    by_row = defaultdict(list)
    for row, a, b, kind in zip(spans.row.tolist(), spans.start.tolist(), spans.end.tolist(), spans.type.to_pylist()):
        by_row[row].append((a, b, kind))
    rows = [Text(i, "", text, by_row[i]) for i, text in enumerate(texts)]
    start = time.process_time()
    units = look(rows, NAMES)
    looked = time.process_time() - start
    seen = seen_of(units, rows)
    gold = [
        [(s["start_position"], s["end_position"]) for s in item["spans"] if s["entity_type"] in STRUCTURED]
        for item in items
    ]
    missed = [[g for g in gold[i] if not any(a < g[1] and g[0] < b for a, b, _ in by_row[i])] for i in range(len(texts))]
    truth = 1000 * sum(map(len, missed)) / len(texts)
    real = np.array([not u.main and any(u.start < b and a < u.end for a, b in missed[u.text]) for u in units])
    more = np.array([
        sum(not any(u.text == i and not u.main and u.start < b and a < u.end for u in units) for a, b in missed[i])
        for i in range(len(texts))
    ])  # fmt: skip
    print(f"{name}: {len(texts):,} rows, {truth:.1f} structured gold spans in 1,000 rows missed, "
          f"{int(seen.candidates.sum())} candidates, {int(real.sum())} of them real; "
          f"scan {scanned:.2f} s, weak detectors {looked:.2f} s processor")  # fmt: skip
    everything = [list(range(len(KINDS)))]
    total = estimate(seen, len(texts), len(KINDS), {}, everything)[-1]
    print(f"  unread: at most {1000 * (total.high or 0):.1f}")
    for count in (50, 200):
        held, low, high, alone = 0, 0.0, 0.0, 0
        for seed in range(20):
            review = read(np.random.default_rng(seed), seen, real, more, count, len(texts))
            total = estimate(seen, len(texts), len(KINDS), review, everything)[-1]
            readers = from_reviewed(seen, len(texts), review)
            held += 1000 * (total.low or 0) <= truth <= 1000 * (total.high or 0)
            alone += 1000 * (readers.low or 0) <= truth <= 1000 * (readers.high or 0)
            low, high = low + 50 * (total.low or 0), high + 50 * (total.high or 0)
        print(f"  {count} read: [{low:.1f}, {high:.1f}] on average, truth held {held} of 20 times; "
              f"by the rows read alone {alone} of 20")  # fmt: skip


if __name__ == "__main__":
    parser = command(__doc__)
    parser.add_argument("--worlds", type=int, default=100, help="simulated for each kind of detectors")
    simulated(parser.parse_args().worlds)
    if DATA.is_dir():
        for file in ("synth_dataset_v2.json", "generated_large.json"):
            on_gold(file)
