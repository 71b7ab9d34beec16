"""What a stage measured of itself, as the records that a manifest keeps and a report shows.

One record an estimate: `what` in words, `hits` of `of` cases, the share that they estimate and its 95% interval. Where
there was nothing to count, the three numbers are null: that is insufficient evidence, not a zero.
"""

from __future__ import annotations

from typing import Any

from curate.similarity.selfmeasure import STEP, WIDTH, SelfMeasurement, Share

_DECIMALS = 4


def measured(found: SelfMeasurement) -> list[dict[str, Any]]:
    """The estimates of a near-duplicates run, in the order a reader wants them."""
    at = found.threshold
    rows = f"{found.rows_asked:,} rows against {found.rows_read:,}"
    records = [
        _record(f"pairs at {at:.2f} or more, found ({rows})", found.pairs),
        _record(f"pairs at {min(1.0, at + STEP):.2f} or more, found", found.close_pairs),
    ]
    for level, share in found.edits:
        records.append(_record(f"edited copies at {level:.2f} to {min(1.0, level + WIDTH):.2f}, found", share))
    records.append(_record(f"found pairs at {at:.2f}, true when recomputed", found.precision))
    return records


def _record(what: str, share: Share) -> dict[str, Any]:
    low, high = share.interval or (None, None)
    numbers = {"value": share.value, "low": low, "high": high}
    rounded = {key: None if number is None else round(number, _DECIMALS) for key, number in numbers.items()}
    return {"what": what, "hits": share.hits, "of": share.of, **rounded}
