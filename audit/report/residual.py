"""What the scan for personal data missed, as the report shows it: nothing is computed here, only put into words.

Rates are spans in 1,000 rows. Without a review there is only an upper end, and no number ever reads as a false zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audit.report.interval import Interval
from audit.report.model_residual import Missed, NameGroup, NameRecall, Residual
from curate.safetext import safe_text
from curate.words import rate

NAMES_CAPTION = "Made-up names found, %, by locale: the five worst of all, 95%"
CAPTION = "Personal data that was missed: spans in 1,000 rows, 95%"
WORDS = (
    "The upper ends allow detectors to miss the same things to a degree; what all of them are blind to is in no number, "
    "except that of the rows that a person read."
)


def residual_of(found: Mapping[str, Any] | None) -> Residual | None:
    """The report's tree from the manifest's record."""
    if not found:
        return None
    readers = found.get("readers")
    return Residual(
        sentence=safe_text(str(found["sentence"])),
        sampled_rows=int(found["sampled_rows"]),
        reviewed_rows=int(found["reviewed_rows"]),
        total=_missed(found["total"]),
        kinds=tuple(_missed(kind) for kind in found["kinds"]),
        readers=None if readers is None or readers["high"] is None else _interval(readers),
        not_covered=tuple(safe_text(str(name)) for name in found["not_covered"]),
        names=_names(found.get("names")),
    )


def rate_span(x: Interval) -> str:
    """`1.4 [0.6, 3.1]`, `at most 3.1`, or the words for no answer."""
    if x.high is None:
        return "insufficient evidence"
    if x.value is None or x.low is None:
        return f"at most {rate(x.high)}"
    return f"{rate(x.value)} [{rate(x.low)}, {rate(x.high)}]"


def rows_of(r: Residual) -> list[tuple[str, str, int, int, int]]:
    """Kind, rate, found, candidates, reviewed: a line a kind, then all together, then what readers saw."""
    lines = [(m.kind, rate_span(m.rate), m.found, m.candidates, m.reviewed) for m in (*r.kinds, r.total)]
    if r.readers is not None:
        lines.append(("all, by the rows read alone", rate_span(r.readers), 0, 0, r.reviewed_rows))
    return lines


def groups_of(r: Residual) -> list[tuple[str, str, int]]:
    """Locale, share found in % with its interval, and names tried: the worst five and all together."""
    if r.names is None:
        return []
    out = []
    for g in (*r.names.groups[:5], r.names.overall):
        value, low, high = (100 * (x or 0.0) for x in (g.share.value, g.share.low, g.share.high))
        out.append((g.group, f"{value:.0f} [{low:.0f}, {high:.0f}]", g.asked))
    return out


def _names(record: Mapping[str, Any] | None) -> NameRecall | None:
    if not record:
        return None
    return NameRecall(
        sentence=safe_text(str(record["sentence"])), overall=_group(record["overall"]), worst=_group(record["worst"]),
        differs=bool(record["differs"]), groups=tuple(_group(group) for group in record["groups"]),
    )  # fmt: skip


def _group(record: Mapping[str, Any]) -> NameGroup:
    return NameGroup(safe_text(str(record["group"])), int(record["asked"]), int(record["found"]), _interval(record))


def _missed(record: Mapping[str, Any]) -> Missed:
    return Missed(
        str(record["kind"]), _interval(record), int(record["found"]), int(record["candidates"]), int(record["reviewed"])
    )


def _interval(record: Mapping[str, Any]) -> Interval:
    return Interval(record["value"], record["low"], record["high"])
