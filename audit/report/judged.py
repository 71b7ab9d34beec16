"""What people said of the arms' answers in `curate judge`, for every rendering of the report.

Read from `judge/judged.json` in the run directory, and only while the adapters that wrote those answers are the ones that
lie in the run: a preference for what an earlier training wrote says nothing of this one. Nothing is computed here.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from audit.report.interval import Interval
from audit.report.model_proof import Judged, JudgedAlike, JudgedPair
from audit.report.plots import Bar, intervals
from audit.report.safe import READ, Previews
from curate.dataset.compression import file_hash
from curate.words import ends, plural, share

FILE = "judge/judged.json"
VERSIONS = (2, 3)
"""Of the file. In the second, intervals were a bootstrap's, and nothing was said of people's agreement."""
FEW = "insufficient evidence"


def judged_of(folder: Path | None, ablation: Mapping[str, Any] | None, previews: Previews) -> Judged | None:
    """The votes of a run; None where nobody judged, or where the arms have been trained again since."""
    if folder is None or not ablation:
        return None
    try:
        held = orjson.loads((folder / FILE).read_bytes())
        if held["schema_version"] not in VERSIONS:
            return None
        pairs, wrote = list(held["pairs"]), dict(held["adapters"])
        between = tuple(_agreed(pair) for pair in held.get("between") or ())
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not wrote or not all(_is(folder / str(path), str(digest)) for path, digest in wrote.items()):
        return None
    titles = {str(arm.get("name")): str(arm.get("title") or "") for arm in ablation.get("arms") or ()}

    def named(arm: Any) -> str:
        return previews.short(titles.get(str(arm)) or str(arm).replace("_", " "), READ)

    said = tuple(_pair(pair, named) for pair in pairs if isinstance(pair, Mapping) and int(pair.get("prompts") or 0))
    if not any(p.won + p.lost + p.ties > p.identical for p in said):
        return None
    people, twice, alike = (int(held.get(key) or 0) for key in ("people", "asked_twice", "alike"))
    return Judged(said, people, twice, alike, between)


def _is(path: Path, digest: str) -> bool:
    try:
        return file_hash(path) == digest
    except OSError:
        return False


def _pair(pair: Mapping[str, Any], named: Any) -> JudgedPair:
    """Told from the side of the arm that stands for more curation: curated before raw, either before the base."""
    order = ("curated", "raw", "base")
    first, second = str(pair["first"]), str(pair["second"])
    turned = order.index(first) > order.index(second) if first in order and second in order else False
    rate, low, high = (pair.get(key) for key in ("rate", "low", "high"))
    if turned:
        first, second = second, first
        rate, low, high = (None if v is None else 1 - v for v in (rate, high, low))
    won, lost = (int(pair[key]) for key in (("losses", "wins") if turned else ("wins", "losses")))
    return JudgedPair(
        first=named(first), second=named(second), prompts=int(pair["prompts"]), won=won, lost=lost, ties=int(pair["ties"]),
        identical=int(pair["identical"]), share=Interval(rate, low, high), p=pair.get("p"),
    )  # fmt: skip


def _agreed(two: Mapping[str, Any]) -> JudgedAlike:
    return JudgedAlike(int(two["findings"]), float(two["agreed"]), Interval(two["value"], two["low"], two["high"]))


def told(pair: JudgedPair) -> str:
    """How often the first arm's answers were preferred, with the interval; or that too few were judged."""
    won = pair.share
    if won.value is None or won.low is None or won.high is None:
        return FEW
    return f"{share(won.value)} {ends(won.low, won.high)}"


def sentence(judged: Judged) -> str:
    """Who said it, and how far one can rely on it."""
    people = plural(judged.people, "person", "people")
    twice = judged.asked_twice
    again = f" Of {twice} questions asked twice, {judged.alike} were answered alike." if twice else ""
    both = _between(judged.between)
    return f"Judged blind by {people}, the order of answers decided by lot.{again}{both} A tie counts half."


def _between(pairs: tuple[JudgedAlike, ...]) -> str:
    """How far people agree with one another: of several pairs, the one that agrees least."""
    if not pairs:
        return ""
    least = min(pairs, key=lambda two: two.alike)
    k = least.kappa
    kappa = "not defined (no variety)" if k.value is None else f"{k.value:.2f} [{k.low:.2f}, {k.high:.2f}]"
    who = "Two people" if len(pairs) == 1 else f"Of {len(pairs)} pairs of people, the two who agree least"
    questions = plural(least.questions, "question")
    return f" {who} answered {questions} in common, {share(least.alike)} of them alike; Cohen's kappa {kappa}."


def figure(judged: Judged, width: int, name: str) -> str:
    """Shares with their intervals; the line stands where neither is preferred."""
    bars = []
    for p in judged.pairs:
        if p.share.value is not None and p.share.low is not None and p.share.high is not None:
            won = [100 * (v - 0.5) for v in (p.share.value, p.share.low, p.share.high)]
            bars.append(Bar(f"{p.first} over {p.second}", won[0], won[1], won[2], told(p)))
    return intervals(
        bars, width=width, name=name, title="Which answers people prefer",
        description="; ".join(f"{b.label}: {b.told}" for b in bars),
        x_label="share of prompts on which it is preferred, less a half (points)",
        ends=("the other is preferred", "preferred"),
    )  # fmt: skip
