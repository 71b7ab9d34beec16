"""Rules that decisions suggest: "reject `pii.phone_number` in field `order_id`".

Where a person has given the same answer on every finding of a rule (in one field, where it names fields), at least
`FEWEST` times, the same answer may hold for the rest. A rule is a filter that the journal knows, so it is applied as one
bulk decision and undone as one. Whether it deserves that is measured like any rate: the findings that it covers are a
population, decisions in the order of lots are a random sample of it (see `rates`), and the share on which the person's
answer agrees has an exact interval. Narrow rules are proposed before wide ones; a wide one that says the same takes their
place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from audit.review.rates import RIGHT, UNKNOWN, WRONG, CertifiedRate, certified_rate

FEWEST = 6
_NARROWING: tuple[tuple[str, ...], ...] = (("stage", "rule"), ("stage", "rule", "field"))


@dataclass(frozen=True)
class Rule:
    """One answer for many findings."""

    verdict: str
    """accept or reject."""
    filter: Mapping[str, str]
    """Stage, rule and perhaps field, in the journal's own words."""
    decided: int
    """Findings that it covers and that were decided, all of them alike."""
    covers: tuple[int, ...]
    """Positions of the findings that it would decide."""
    agreement: CertifiedRate
    """Share of all that it covers on which the person's answer is the rule's."""

    def words(self) -> str:
        """The rule as a person would say it."""
        where = f" in field {self.filter['field']}" if "field" in self.filter else ""
        return f"{self.verdict} {self.filter['stage']}/{self.filter['rule']}{where}"


def propose(
    verdict: npt.NDArray[np.int8],
    waiting: npt.NDArray[np.bool_],
    lots: npt.NDArray[np.uint64],
    names: Mapping[str, Sequence[str | None]],
) -> list[Rule]:
    """Rules that consistent decisions suggest, those that decide most first.

    `verdict` is what people said (`RIGHT` for accepted, `WRONG` for rejected, `UNKNOWN`); `waiting` are findings that a
    rule may decide; `names` has the stage, rule and field of each finding.
    """
    found: list[Rule] = []
    columns = {key: np.asarray([v or "" for v in values], dtype=object) for key, values in names.items()}
    for keys in _NARROWING:
        joined = np.array(["\x1f".join(parts) for parts in zip(*(columns[key] for key in keys))], dtype=object)
        said = verdict != UNKNOWN
        for group in sorted(set(joined[said].tolist())):
            mine = joined == group
            filter_ = dict(zip(keys, group.split("\x1f", len(keys) - 1), strict=True))
            if "field" in filter_ and not filter_["field"]:
                continue
            answers = set(verdict[mine & said].tolist())
            rest = np.flatnonzero(mine & waiting & ~said)
            decided = int((mine & said).sum())
            if len(answers) != 1 or decided < FEWEST or not len(rest):
                continue
            answer = answers.pop()
            agrees = np.where(verdict[mine] == UNKNOWN, UNKNOWN, verdict[mine] == answer).astype(np.int8)
            rule = Rule(
                "accept" if answer == RIGHT else "reject", filter_, decided, tuple(rest.tolist()),
                certified_rate(lots[mine], agrees),
            )  # fmt: skip
            found = [r for r in found if not (r.verdict == rule.verdict and set(r.covers) <= set(rule.covers))]
            if not any(r.verdict == rule.verdict and set(rule.covers) <= set(r.covers) for r in found):
                found.append(rule)
    return sorted(found, key=lambda r: (-len(r.covers), r.words()))


__all__ = ["FEWEST", "RIGHT", "UNKNOWN", "WRONG", "Rule", "propose"]
