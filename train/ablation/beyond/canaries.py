"""Canaries: made-up secrets, each in the place of a real one, planted a known number of times.

A canary is a training row in which the privacy stage found a value of some type, with that value replaced by another of the
same shape: every digit by a digit, every letter by a letter (after the @ of an address nothing changes; check digits of
cards and IBANs are made right), drawn until the scanner finds it where the real one stood. So canaries are of the types
that the data holds, stand in words that the data says, in any language, and the scanner has as good a chance on them as on
the real ones. The row that lent its words is left out of every arm that holds its canary.

Candidates are further draws from the same generator. The planted value is one of them at random, so to a model that has not
seen it every rank is as likely: chance is exact, whatever the generator's own leanings.

Rows hold personal data, in memory only: canaries live in arms of their own, never in curated data, and nothing of them is
written but numbers. Cost: one scan of the training rows, one of the candidates (about 2 MB a canary).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from curate.privacy import ScanConfig, scan
from train.examples import OF_TEXTS, TEXT, Examples

TEXTUAL, PROMPT, ANSWER = "text", "prompt", "answer"
_SURE = 0.5
_FEWEST = 64
"""Candidates below which a rank says little."""
_TRIES = 40
_AROUND = 80
"""Code points on each side of a value that go with it where a row lends its words to another place."""
FIRST_ID = 1 << 42
"""Canary rows are numbered from here, beyond any row and any scrubbed one."""


@dataclass(frozen=True)
class Canary:
    """One made-up secret."""

    type: str
    place: str
    row: int
    """Position of the row, among the training rows, that lends its words; it is left out."""
    slot: int
    """Which message of it; 0 for a text."""
    before: str
    after: str
    """What stands on both sides in that text."""
    candidates: tuple[str, ...]
    """The planted value first, and the values that it is ranked among."""
    frequency: int

    @property
    def text(self) -> str:
        """The text with the planted value."""
        return self.before + self.candidates[0] + self.after


@dataclass(frozen=True)
class Site:
    """Where the scanner found something."""

    row: int
    slot: int
    start: int
    end: int
    type: str
    place: str
    text: str


def strings_of(examples: Examples) -> Iterator[tuple[int, int, str, str]]:
    """(position, slot, place, text) of every text of the rows."""
    if examples.task in OF_TEXTS:
        for i, text in enumerate(examples.texts):
            yield i, 0, TEXTUAL, text
        return
    for i, talk in enumerate(examples.messages):
        for slot, message in enumerate(talk):
            if isinstance(message.get("content"), str):
                yield i, slot, ANSWER if message.get("role") == "assistant" else PROMPT, message["content"]


def with_texts(examples: Examples, new: Sequence[str]) -> Examples:
    """The rows with each text replaced, in the order of `strings_of`."""
    if examples.task in OF_TEXTS:
        return dataclasses.replace(examples, texts=tuple(new))
    talks = [list(talk) for talk in examples.messages]
    for (i, slot, _, _), text in zip(list(strings_of(examples)), new, strict=True):
        talks[i][slot] = {**talks[i][slot], "content": text}
    return dataclasses.replace(examples, messages=tuple(tuple(talk) for talk in talks))


def as_text(examples: Examples) -> Examples:
    """Rows that a model can learn to write: labelled texts become plain texts, everything else stays."""
    if examples.task not in OF_TEXTS:
        return examples
    return Examples(TEXT, examples.ids, texts=examples.texts, clusters=examples.clusters)


def sites_of(examples: Examples, config: ScanConfig, longest_before: int = 400) -> list[Site]:
    """The first value that the scanner finds in each text, unless it stands so late that a model would not see it."""
    strings = list(strings_of(examples))
    spans = scan(pa.array([text for *_, text in strings], pa.large_string()), config)
    types = spans.type.to_pylist()
    out: dict[int, Site] = {}
    for k, at in enumerate(spans.row.tolist()):
        row, slot, place, text = strings[at]
        start, end = int(spans.start[k]), int(spans.end[k])
        if spans.score[k] >= _SURE and end - start >= 4 and 0 < start <= longest_before and at not in out:
            out[at] = Site(row, slot, start, end, types[k], place, text)
    return list(out.values())


def make_canaries(
    examples: Examples, config: ScanConfig, frequencies: Sequence[int], count: int, candidates: int, seed: int,
    longest_before: int = 400,
) -> tuple[list[Canary], list[str]]:
    """`count` canaries of each frequency for each place, and what could not be made, in sentences."""
    rng = np.random.default_rng([seed, 0xCA9A])
    sites = sites_of(examples, config, longest_before)
    if not sites:
        return [], ["The privacy stage finds no value in the training rows, so there is nothing to match canaries to."]
    places = (TEXTUAL,) if examples.task in OF_TEXTS else (PROMPT, ANSWER)
    out: list[Canary] = []
    notes: list[str] = []
    used: set[int] = set()
    for place in places:
        wanted = [f for f in frequencies for _ in range(count)]
        made: list[Canary] = []
        for site in _in_turn(_moved(sites, examples, place, rng), rng):
            if len(made) == len(wanted):
                break
            if site.row in used:
                continue
            values = _values(site, config, candidates, rng)
            if len(values) < min(candidates, _FEWEST):
                continue
            used.add(site.row)
            before, after = site.text[: site.start], site.text[site.end :]
            made.append(Canary(site.type, place, site.row, site.slot, before, after, tuple(values), wanted[len(made)]))
        if len(made) < len(wanted):
            # What there is is dealt to all frequencies alike.
            made = [dataclasses.replace(c, frequency=frequencies[i % len(frequencies)]) for i, c in enumerate(made)]
            notes.append(f"{len(made)} canaries instead of {len(wanted)} stand in {place}s: too few rows lend their words.")
        out += made
    return out, notes


def _moved(sites: Sequence[Site], examples: Examples, place: str, rng: np.random.Generator) -> list[Site]:
    """Sites in this place; where there are none, others' words set behind a text that stands there."""
    here = [site for site in sites if site.place == place]
    if here:
        return here
    hosts = [(i, slot, text) for i, slot, p, text in strings_of(examples) if p == place and text]
    lending = {site.row for site in sites}
    hosts = [host for host in hosts if host[0] not in lending] or hosts
    if not hosts:
        return []
    chosen = rng.permutation(len(hosts))[: len(sites)]
    out = []
    for site, k in zip(sites, chosen.tolist(), strict=False):
        row, slot, text = hosts[k]
        first = site.text.rfind(" ", 0, max(0, site.start - _AROUND)) + 1 if site.start > _AROUND else 0
        piece = site.text[first : site.end + _AROUND]
        shift = len(text) + 1 - first
        out.append(Site(row, slot, site.start + shift, site.end + shift, site.type, place, f"{text} {piece}"))
    return out


def _in_turn(sites: Sequence[Site], rng: np.random.Generator) -> Iterator[Site]:
    """Sites of each type in turn, so that no type takes all places."""
    by_type: dict[str, list[Site]] = {}
    for k in rng.permutation(len(sites)).tolist():
        by_type.setdefault(sites[k].type, []).append(sites[k])
    lists = [by_type[name] for name in sorted(by_type)]
    for k in range(max(map(len, lists), default=0)):
        yield from (sites[k] for sites in lists if k < len(sites))


def _values(site: Site, config: ScanConfig, count: int, rng: np.random.Generator) -> list[str]:
    """Up to `count` different values of the site's shape that the scanner finds whole where they stand."""
    real = site.text[site.start : site.end]
    before, after = site.text[: site.start], site.text[site.end :]
    lead, tail = before[-_AROUND:], after[:_AROUND]
    out: dict[str, None] = {}
    for _ in range(_TRIES):
        drawn = list(dict.fromkeys(_shaped(real, site.type, rng) for _ in range(2 * count)))
        drawn = [value for value in drawn if value != real and value not in out]
        if not drawn:
            break
        spans = scan(pa.array([lead + value + tail for value in drawn], pa.large_string()), config)
        for at, start, end in zip(spans.row.tolist(), spans.start.tolist(), spans.end.tolist(), strict=True):
            if start <= len(lead) and end >= len(lead) + len(drawn[at]):
                out[drawn[at]] = None
        if len(out) >= count:
            break
        if not out:  # the words beside it were needed, or the shape is never found again
            lead, tail = before, after
    return list(out)[:count]


def _shaped(real: str, kind: str, rng: np.random.Generator) -> str:
    """A value of the same shape."""
    stop = real.index("@") if "@" in real else len(real)
    out = []
    for i, (c, k) in enumerate(zip(real, rng.integers(0, 1 << 30, len(real)).tolist(), strict=True)):
        if i >= stop or not c.isascii():
            out.append(c)
        elif c.isdigit():
            out.append("0123456789"[k % 10])
        elif c.isalpha() and not (kind == "IBAN" and i < 2):
            letter = "abcdefghijklmnopqrstuvwxyz"[k % 26]
            out.append(letter.upper() if c.isupper() else letter)
        else:
            out.append(c)
    value = "".join(out)
    if kind == "CREDIT_CARD":
        value = real[:1] + value[1:]
        return _last_digit(value)
    return _iban(value) if kind == "IBAN" else value


def _last_digit(value: str) -> str:
    """The value with its last digit such that the Luhn sum is right."""
    at = max((i for i, c in enumerate(value) if c.isdigit()), default=-1)
    for digit in "0123456789":
        tried = value[:at] + digit + value[at + 1 :]
        digits = [int(c) for c in tried if c.isdigit()]
        doubled = [d if k % 2 == 0 else sum(divmod(2 * d, 10)) for k, d in enumerate(reversed(digits))]
        if sum(doubled) % 10 == 0:
            return tried
    return value


def _iban(value: str) -> str:
    """The value with the check digits that ISO 13616 asks for."""
    plain = "".join(c for c in value if c.isalnum()).upper()
    number = int("".join(str(int(c, 36)) for c in plain[4:] + plain[:2] + "00"))
    check = f"{98 - number % 97:02d}"
    places = [i for i, c in enumerate(value) if c.isalnum()][2:4]
    out = list(value)
    for place, digit in zip(places, check, strict=True):
        out[place] = digit
    return "".join(out)


def planted(examples: Examples, canaries: Sequence[Canary]) -> Examples:
    """Rows without those that lent their words, and each canary as often as it says, as rows a model learns to write."""
    rows = as_text(examples)
    lent = {c.row for c in canaries}
    keep = rows.take([i for i in range(len(rows)) if i not in lent])
    copies = [(k, c) for k, c in enumerate(canaries) for _ in range(c.frequency)]
    ids = FIRST_ID + np.arange(len(copies))
    own = FIRST_ID + np.array([k for k, _ in copies], dtype=np.int64)
    clusters = None if keep.clusters is None else np.concatenate([keep.clusters, own])
    more: dict[str, Any] = {}
    if rows.task == TEXT:
        more["texts"] = (*keep.texts, *(c.text for _, c in copies))
    else:
        more["messages"] = (*keep.messages, *(_talk(rows, c) for _, c in copies))
        if keep.tools:
            more["tools"] = (*keep.tools, *(rows.tools[c.row] for _, c in copies))
    return dataclasses.replace(
        keep, ids=np.concatenate([keep.ids, ids]), clusters=clusters, weights=None, groups={}, labels=(), spans=(),
        rejected=(), wanted=(), **more,
    )  # fmt: skip


def _talk(rows: Examples, canary: Canary) -> tuple[dict[str, object], ...]:
    return tuple(
        {**message, "content": canary.text} if slot == canary.slot else message
        for slot, message in enumerate(rows.messages[canary.row])
    )
