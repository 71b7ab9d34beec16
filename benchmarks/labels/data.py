"""Texts with labels that are nearly right, of several kinds, for injecting noise whose place is known.

`banking`: short queries, 77 intents (its own wrong labels count as false alarms). `banking_coarse`: the same queries,
seven themes read from the intents' names. `topics`: passages of encyclopedia articles, six topics, the topic being what
kind of thing the first sentence says the article is about; the passages come from further down. `articles`: passages of
the 24 longest articles, the article being the class. Every function: (texts, int64 codes); the row order is shuffled by
a seed.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Data = tuple[list[str], Ints]

ROOT = Path(__file__).parents[3] / "shared" / "data"
_THEMES = {
    "exchange": "exchange currenc", "top_up": "top_?up topping", "cash": "cash atm",
    "transfer": "transfer receiving beneficiary cheque",
    "person": "verify identity personal age country terminate source phone",
    "card": "card pin passcode pay visa contactless",
}  # fmt: skip
_KINDS = {
    "place": "city town county country state island river capital village region republic province mountain lake sea",
    "sport": "football baseball basketball hockey sport athlete tennis cricket boxer olympic team league wrestler golf",
    "arts": "actor actress singer film band album novel author writer poet composer painter musician television musical",
    "science": "chemical element physics physicist mathematic\\w* species genus chemist astronom\\w* protein disease",
    "technology": "computer software programming algorithm operating internet protocol engine aircraft electronic data",
    "power": "politician president king emperor war battle party military army general statesman treaty queen pope",
}
"""Words of a name or a first sentence that give the class away, the first that is found deciding."""


def _shuffled(texts: list[str], names: list[str], seed: int = 0) -> Data:
    _, codes = np.unique(names, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(texts))
    return [texts[i] for i in order], codes[order].astype(np.int64)


def banking() -> Data:
    """10,003 bank queries, 77 intents."""
    return _banking("train.csv")


def banking_names() -> list[str]:
    """The intents, in the order of their codes."""
    with (ROOT / "banking77" / "train.csv").open(encoding="utf-8") as file:
        return sorted({row[1] for row in list(csv.reader(file))[1:]})


def banking_test() -> Data:
    """The 3,080 queries of the test file, 40 an intent."""
    return _banking("test.csv")


def _banking(name: str) -> Data:
    with (ROOT / "banking77" / name).open(encoding="utf-8") as file:
        rows = list(csv.reader(file))[1:]
    return [r[0] for r in rows], np.unique([r[1] for r in rows], return_inverse=True)[1].astype(np.int64)


def banking_coarse() -> Data:
    """The same queries, seven themes."""
    with (ROOT / "banking77" / "train.csv").open(encoding="utf-8") as file:
        rows = list(csv.reader(file))[1:]
    forms = {theme: words.replace(" ", "|") for theme, words in _THEMES.items()}
    names = [next((theme for theme, form in forms.items() if re.search(form, r[1].lower())), "other") for r in rows]
    return _shuffled([r[0] for r in rows], names)


def _passages(body: str, length: int, most: int) -> list[str]:
    """Whole sentences adding up to about `length` characters, evenly spread over an article."""
    out, now = [], ""
    for sentence in re.split(r"(?<=[.!?])\s+", body):
        now = f"{now} {sentence}".strip()
        if len(now) >= length:
            out.append(now[: 3 * length])
            now = ""
    step = max(1, len(out) // most)
    return out[::step][:most]


def _articles() -> list[tuple[str, str]]:
    import polars as pl

    found = pl.read_parquet(ROOT / "wiki" / "articles.parquet")
    return list(zip(found["title"].to_list(), found["text"].to_list(), strict=True))


def topics(each: int = 4) -> Data:
    """About 8,000 passages, six topics."""
    forms = {kind: re.compile(rf"\b(?:{words.replace(' ', '|')})\b") for kind, words in _KINDS.items()}
    texts, names = [], []
    for title, text in _articles():
        body = text[len(title) :].strip()
        first, rest = body[:220].lower(), body[500:]
        hits = [(m.start(), kind) for kind, form in forms.items() if (m := form.search(first))]
        if not hits:
            continue
        found = _passages(rest, 500, each)
        texts += found
        names += [min(hits)[1]] * len(found)
    return _shuffled(texts, names)


def lone_topics() -> Data:
    """The same with one passage an article: no row has another of its article beside it."""
    return topics(1)


def articles() -> Data:
    """Passages of 200 characters of long articles, 24 classes."""
    longest = sorted(_articles(), key=lambda a: (-len(a[1]), a[0]))[:24]
    texts, names = [], []
    for title, text in longest:
        found = _passages(text[500:], 180, 300)
        texts += found
        names += [title] * len(found)
    return _shuffled(texts, names)


def sections() -> Data:
    """Passages of 200 characters of 80 long articles dealt into four sections: coarse classes with many subjects each."""
    longest = sorted(_articles(), key=lambda a: (-len(a[1]), a[0]))[:80]
    section = np.random.default_rng(0).permutation(np.arange(80) % 4)
    texts, names = [], []
    for (_, text), at in zip(longest, section.tolist(), strict=True):
        found = _passages(text[500:], 180, 150)
        texts += found
        names += [str(at)] * len(found)
    return _shuffled(texts, names)


def ten_sections() -> Data:
    """Passages of 300 characters of the 120 articles after those of `sections`, dealt into ten."""
    longest = sorted(_articles(), key=lambda a: (-len(a[1]), a[0]))[80:200]
    section = np.random.default_rng(7).permutation(np.arange(120) % 10)
    texts, names = [], []
    for (_, text), at in zip(longest, section.tolist(), strict=True):
        found = _passages(text[500:], 300, 60)
        texts += found
        names += [str(at)] * len(found)
    return _shuffled(texts, names)


def sentences(each: int = 100) -> Data:
    """Single sentences of the 60 longest articles, the article being the class: many cannot be told from the text."""
    texts, names = [], []
    for title, text in sorted(_articles(), key=lambda a: (-len(a[1]), a[0]))[:60]:
        found = [passage[:110] for passage in _passages(text[500:], 45, each)]
        texts += found
        names += [title] * len(found)
    return _shuffled(texts, names)


def few_sentences() -> Data:
    """The same, 35 a class."""
    return sentences(35)


SETS: dict[str, Callable[[], Data]] = {
    "banking": banking, "banking_coarse": banking_coarse, "topics": topics, "articles": articles,
    "sections": sections, "banking_test": banking_test, "ten_sections": ten_sections, "sentences": sentences,
    "few_sentences": few_sentences, "lone_topics": lone_topics,
}  # fmt: skip
