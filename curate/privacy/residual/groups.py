"""Are the names of some people missed more often than those of others? A probe by groups of names.

Method: names of each locale that Faker has are put where names stand, in the user's own sentences or in built-in ones,
and the scanner is asked. In the sentences each name takes its turn, so groups differ in their names alone. The worst
group is chosen on one half of the names and told by the other half: the lowest of ninety noisy shares would look worse
than it is. Intervals are Wilson's at 95%.

What it is not: a locale stands for lists of names, not for people. Sentences in which the scanner had found a name
before are easy ones, so the level flatters; the comparison of groups is what counts. Names in small letters and without
sentences are not tried. Cost: 90 locales of 60 names, 0.5 s of loading lists once and about 0.3 s of scanning.
"""

from __future__ import annotations

import importlib
import pkgutil
import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pyarrow as pa

from curate.privacy.names.find import find_names
from curate.statistics import wilson

PER_GROUP = 60
"""Names of each locale; half of them choose the worst group, half tell how bad it is."""
FEWEST_FRAMES = 8
"""Sentences of the user's below which the built-in ones are taken."""
MOST_FRAMES = 30
"""So many sentences are enough, and each half of a group's names sees all of them."""
_LONGEST = 400
"""Code points of a sentence on either side of the name."""

Frame = tuple[str, str]
"""What stands before and behind a name."""
FRAMES: tuple[Frame, ...] = (
    ("Please put ", " through to the lab on extension 4."), ("The invoice was approved by ", " last week."),
    ("Driver for the 9:40 pickup: ", ""), ("I had a long talk with ", " about the new flat."), ("RSVP: ", " (vegetarian)"),
    ("", " forgot an umbrella in the lobby again."), ("According to the minutes, ", " abstained."),
    ("package for ", ", signed at the desk"), ("Our guide ", " knew every bird by its song."),
    ("Reviewer 2 was ", ", as it turned out."),
)  # fmt: skip
"""Sentences that stand in no training text of the names model."""


@dataclass(frozen=True)
class Share:
    """A share of the names of a group that were found, with its interval at 95%."""

    group: str
    asked: int
    found: int
    low: float
    high: float

    @property
    def value(self) -> float:
        """The share itself."""
        return self.found / self.asked


@dataclass(frozen=True)
class Probe:
    """Recall by group of names."""

    groups: tuple[Share, ...]
    """All names of each locale, the worst first."""
    overall: Share
    worst: Share
    """The group that did worst on one half of its names, by the other half."""
    frames: int
    own_frames: bool
    """Whether the sentences are the user's."""

    @property
    def differs(self) -> bool:
        """Whether the evidence says that the worst group is missed more often than all names are."""
        return self.worst.high < self.overall.low


def share(group: str, found: int, asked: int) -> Share:
    """A share with its Wilson interval."""
    return Share(group, asked, found, *wilson(found, asked))


def locales() -> list[str]:
    """Locales whose names Faker has."""
    import faker.providers.person

    return sorted(module.name for module in pkgutil.iter_modules(faker.providers.person.__path__))


def people(locale: str, count: int) -> list[str]:
    """Full names of a locale, from all of Faker's names, always the same; none where the locale has no lists."""
    provider = importlib.import_module(f"faker.providers.person.{locale}").Provider
    draw = random.Random(locale)

    def words(prefix: str) -> list[str]:
        keys = [k for k in dir(provider) if k.startswith(prefix) and "pairs" not in k and "kana" not in k]
        lists = [v for v in (getattr(provider, k) for k in keys) if isinstance(v, tuple | list | dict)]
        return sorted({w for v in lists for w in v if isinstance(w, str) and "{" not in w})

    given, family = words("first_"), words("last_") or words("first_")
    if not given:
        return []
    joint = "{1}{0}" if ord(given[0][0]) >= 0x3000 and not given[0].isascii() else "{0} {1}"
    return [joint.format(draw.choice(given), draw.choice(family)) for _ in range(count)]


def frames_of(texts: Sequence[str], spans: Sequence[Sequence[tuple[int, int]]]) -> tuple[Frame, ...]:
    """Sentences that hold one of the names in `spans`, cut at line breaks and to a bounded length; at most one a text."""
    out: dict[Frame, None] = {}
    for text, places in zip(texts, spans, strict=True):
        if len(places) != 1:
            continue  # a second name beside would help to find the first
        start, end = places[0]
        before, after = text[:start].rpartition("\n")[2][-_LONGEST:], text[end:].partition("\n")[0][:_LONGEST]
        if before.strip() or after.strip():
            out[before, after] = None
        if len(out) == MOST_FRAMES:
            break
    return tuple(out)


def probe(frames: Sequence[Frame] = (), per_group: int = PER_GROUP) -> Probe:
    """Recall of PERSON by locale, in `frames` where there are enough of them."""
    own = len(frames) >= FEWEST_FRAMES
    return _probed(tuple(frames) if own else FRAMES, own, per_group)


@lru_cache(maxsize=4)  # a process that looks at a run again, or at runs with few names, need not ask again
def _probed(used: tuple[Frame, ...], own: bool, per_group: int) -> Probe:
    texts: list[str] = []
    places: list[tuple[str, int, int]] = []
    for locale in locales():
        for n, name in enumerate(people(locale, per_group)):
            before, after = used[n % len(used)]
            texts.append(f"{before}{name}{after}")
            places.append((locale, len(before), len(before) + len(name)))
    spans = find_names(pa.array(texts, pa.large_string()), ("PERSON",))
    hit = [False] * len(texts)
    for row, start, end in zip(spans.row.tolist(), spans.start.tolist(), spans.end.tolist()):
        hit[row] |= start < places[row][2] and places[row][1] < end
    by_group: dict[str, list[bool]] = {}
    for (locale, _, _), found in zip(places, hit):
        by_group.setdefault(locale, []).append(found)
    # Names of one group stand in the sentences in turn; the halves take turns as well, each time begun by the other.
    turn = [(n + n // len(used)) % 2 for n in range(per_group)]
    half = {
        group: tuple([hit_ for hit_, t in zip(found, turn) if t == side] for side in (0, 1))
        for group, found in by_group.items()
    }
    chosen = min(half, key=lambda group: (sum(half[group][0]) / len(half[group][0]), group))
    told = half[chosen][1]
    groups = sorted((share(g, sum(f), len(f)) for g, f in by_group.items()), key=lambda s: (s.value, s.group))
    return Probe(tuple(groups), share("all", sum(hit), len(hit)), share(chosen, sum(told), len(told)), len(used), own)


def sentence(told: Probe) -> str:
    """What the probe says, in one sentence for people."""
    where = f"{told.frames} sentences of this data" if told.own_frames else f"{told.frames} built-in sentences"
    names = f"Of {told.overall.asked:,} made-up names of {len(told.groups)} locales in {where}"
    overall = f"{names}, {span(told.overall)} were found"
    if not told.differs:
        return f"{overall}; insufficient evidence that the names of any locale are missed more often."
    return f"{overall}; of those of {told.worst.group}, the worst locale, {span(told.worst)}: they are missed more often."


def span(share: Share) -> str:
    """`97% [96, 98]`."""
    return f"{100 * share.value:.0f}% [{100 * share.low:.0f}, {100 * share.high:.0f}]"


def as_json(told: Probe) -> dict[str, Any]:
    """The numbers and the sentence."""

    def row(share: Share) -> dict[str, Any]:
        rates = {"value": share.value, "low": share.low, "high": share.high}
        return {"group": share.group, "asked": share.asked, "found": share.found,
                **{name: round(rate, 4) for name, rate in rates.items()}}  # fmt: skip

    return {
        "sentence": sentence(told), "frames": told.frames, "own_frames": told.own_frames, "differs": told.differs,
        "overall": row(told.overall), "worst": row(told.worst), "groups": [row(share) for share in told.groups],
    }  # fmt: skip
