"""Pairs of a worse and a better answer, by kind: two real sets, and damages done to sound answers.

Real: answers of a larger model beside raw ones to the same prompt (180), and chosen beside rejected answers (300). Damages
change one thing in a sound raw answer and leave the rest, so the kind says what a score is blind to. Kinds are grouped by
what a person who revises does: adds and orders (`extends`), mends the language, makes the answer fit its prompt
(`relevance`), takes out what is said twice or does not belong (`redundancy`), mends the prompt.
`held_out` are pairs that no fit has seen: `revised_by_hand.jsonl` (68 raw rows drawn by a seed, revised by one writer
without making them longer, before any trait was looked at for it; the file holds the revisions and the row numbers) and
answers of the larger model beside raw answers to other prompts with the same verb and the same length.
Deterministic: a seed for each kind. Nothing here was written after looking at revised instructions.
"""

from __future__ import annotations

import bisect
import gzip
import itertools
import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[3] / "shared" / "data"
Row = dict[str, str]
Pair = tuple[Row, Row]
"""(worse, better)."""
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_FILLER = (
    "It is important to note that this is a very important topic.", "There are many things to consider.",
    "In conclusion, this is very interesting and important in many ways.", "Basically, it really depends on the situation.",
    "This can be done in various ways depending on various things.", "There are many different factors.",
)  # fmt: skip
_REFUSALS = (
    "I'm sorry, but I cannot help with that.", "Sorry, I can't provide that.",
    "I am not able to answer this question as I am an AI language model and do not have access to the internet.",
)  # fmt: skip


def read(name: str) -> list[Any]:
    """A gzipped JSON list of the shared data."""
    with gzip.open(DATA / name) as file:
        found: list[Any] = json.load(file)
    return found


def rows_of(name: str) -> list[Row]:
    """Instruction rows with the three columns that matter."""
    return [{key: row[key] for key in ("instruction", "input", "output")} for row in read(name)]


def key_of(row: Row) -> tuple[str, str]:
    """What makes two rows ask the same."""
    return row["instruction"].strip(), row["input"].strip()


def larger_model() -> list[Pair]:
    """Raw answers, and those of a larger model to the same prompts."""
    known = {key_of(row): row for row in rows_of("alpaca/random_9k.json.gz")}
    better = {key_of(row): row for row in rows_of("chat_formats/alpaca_en_demo.json.gz")}
    return [(known[k], row) for k, row in better.items() if k in known and known[k]["output"] != row["output"]]


def unpaired(times: int = 3) -> list[Pair]:
    """Answers of the larger model to prompts without a raw answer, each beside `times` raw answers to other prompts."""
    raw = rows_of("alpaca/random_9k.json.gz")[4000:8000]
    taken = {key_of(row) for row in rows_of("alpaca/random_9k.json.gz")}
    rng = random.Random(3)
    more = [row for row in rows_of("chat_formats/alpaca_en_demo.json.gz") if key_of(row) not in taken]
    return [(rng.choice(raw), row) for row in more for _ in range(times)]


def revised_by_hand() -> list[Pair]:
    """Raw rows and what a writer made of them."""
    raw = rows_of("alpaca/random_9k.json.gz")
    with (Path(__file__).parent / "revised_by_hand.jsonl").open(encoding="utf-8") as file:
        revised = [json.loads(line) for line in file]
    return [(raw[one["row"]], raw[one["row"]] | {k: v for k, v in one.items() if k != "row"}) for one in revised]


def same_length() -> list[Pair]:
    """Raw answers, and answers of the larger model to other prompts of the same verb, within a tenth of the length."""
    raw = sorted(rows_of("alpaca/random_9k.json.gz"), key=lambda row: len(row["output"]))
    sizes = [len(row["output"]) for row in raw]
    taken, rng, out = {key_of(row) for row in raw}, random.Random(1), []

    def kind(row: Row) -> tuple[str, bool]:
        return row["instruction"].split(maxsplit=1)[0].lower(), bool(row["input"])

    for row in rows_of("chat_formats/alpaca_en_demo.json.gz"):
        n = len(row["output"])
        near = raw[bisect.bisect_left(sizes, 0.9 * n) : bisect.bisect_right(sizes, 1.1 * n)]
        alike = [other for other in near if kind(other) == kind(row)]
        if alike and key_of(row) not in taken:
            out.append((rng.choice(alike), row))
    return out


def held_out() -> dict[str, list[Pair]]:
    """Pairs that are measured and never fitted."""
    return {"revised by hand": revised_by_hand(), "same length": same_length()}


def preferences() -> list[Pair]:
    """Rejected and chosen answers of a chat preference set."""
    out = []
    for row in read("chat_formats/dpo_en_demo.json.gz"):
        asked = {"instruction": " ".join(turn["value"] for turn in row["conversations"]), "input": ""}
        out.append((asked | {"output": row["rejected"]["value"]}, asked | {"output": row["chosen"]["value"]}))
    return out


def _slips(text: str, rng: random.Random, rate: float = 0.03) -> str:
    letters = list(text)
    for i in range(len(letters) - 1):
        if rng.random() < rate and letters[i].isalpha() and letters[i + 1].isalpha():
            letters[i], letters[i + 1] = letters[i + 1], letters[i]
    return "".join(letters)


def _cut(text: str, rng: random.Random) -> str:
    words = text.split(" ")
    return " ".join(words[: max(3, int(len(words) * rng.uniform(0.4, 0.9)))])


def _fewer(text: str, rng: random.Random) -> str:
    parts = _SENTENCE.split(text)
    return " ".join(parts[: max(1, int(len(parts) * rng.uniform(0.3, 0.8)))])


def _grammar(text: str, rng: random.Random) -> str:
    out = []
    for word in text.split(" "):
        if word.lower() in ("the", "a", "an", "is", "are", "of", "to") and rng.random() < 0.35:
            continue
        out.append(word[:-1] if word.endswith("s") and len(word) > 3 and rng.random() < 0.15 else word)
    return " ".join(out)


def _swapped(text: str, rng: random.Random) -> str:
    words = text.split(" ")
    for i in range(len(words) - 1):
        if rng.random() < 0.08:
            words[i], words[i + 1] = words[i + 1], words[i]
    return " ".join(words)


def _again(text: str, rng: random.Random) -> str:
    parts = _SENTENCE.split(text)
    return f"{text} {' '.join(parts[-rng.randint(1, min(3, len(parts))):])}"


def _vague(text: str, rng: random.Random) -> str:
    out: list[str] = []
    while len(" ".join(out)) < 0.9 * len(text):
        out.append(rng.choice(_FILLER))
    return " ".join(out)


def _spaced(text: str, rng: random.Random) -> str:
    return re.sub(" ", lambda m: "  " if rng.random() < 0.08 else " ", text).replace(", ", " ,", 1)


DAMAGES: dict[str, Callable[[str, random.Random], str]] = {
    "cut": _cut,
    "cut late": lambda t, g: " ".join(t.split()[: max(3, int(len(t.split()) * 0.7))]),
    "fewer sentences": _fewer,
    "first sentence": lambda t, g: _SENTENCE.split(t)[0],
    "flat list": lambda t, g: re.sub(r"\s*\n+\s*(?:[-*•]|\d+[.)])?\s*", " ", t),
    "slips": _slips,
    "light slips": lambda t, g: _slips(t, g, 0.0075),
    "grammar": _grammar,
    "swapped words": _swapped,
    "spacing": _spaced,
    "lower case": lambda t, g: t.lower(),
    "capitals": lambda t, g: t.upper(),
    "no punctuation": lambda t, g: "".join(c for c in t if c not in ".,!?"),
    "one paragraph": lambda t, g: " ".join(t.split()),
    "vague": _vague,
    "refusal": lambda t, g: g.choice(_REFUSALS),
    "sentence again": _again,
    "filler added": lambda t, g: f"{t} {' '.join(g.sample(_FILLER, 2))}",
}
GROUPS = {
    "extends": ("larger model", "unpaired", "cut", "cut late", "first sentence", "fewer sentences", "flat list"),
    "language": ("slips", "light slips", "grammar", "swapped words", "spacing", "lower case", "capitals", "no punctuation",
                 "one paragraph"),
    "relevance": ("answer of another", "vague", "refusal", "prompt echo"),
    "redundancy": ("sentence again", "runs on", "filler added", "foreign sentence"),
    "prompt": ("worse prompt",),
    "preference": ("preferences",),
}  # fmt: skip


def _worse_prompt(row: Row, rng: random.Random) -> Row:
    given = row["instruction"]
    kind = rng.randrange(4)
    if kind == 0:
        given = given.lower().rstrip(".?!")
    elif kind == 1:
        given = _slips(given, rng)
    elif kind == 2:
        given = " ".join(given.split()[: max(2, len(given.split()) // 2)])
    else:
        given = _grammar(given, rng).rstrip(".?!")
    return row | {"instruction": given}


def kinds(n: int = 250) -> dict[str, list[Pair]]:
    """Pairs of every kind, at most `n` of each damage."""
    raw = rows_of("alpaca/random_9k.json.gz")
    sound = [r for r in raw if 25 < len(r["output"].split()) < 300 and r["output"].strip()[-1:] in '.!?")']
    random.Random(5).shuffle(sound)
    out = {"larger model": larger_model(), "unpaired": unpaired(), "preferences": preferences()}
    for name, damage in DAMAGES.items():
        rng = random.Random(f"0{name}")
        bad = [(row | {"output": damage(row["output"], rng)}, row) for row in sound[: 20 * n if "list" in name else 2 * n]]
        out[name] = [(a, b) for a, b in bad if a["output"] != b["output"] and a["output"].strip()][:n]
    rng = random.Random(0)
    others = [row["output"] for row in sound[-2500:]]
    by_size = sorted(sound[: 2 * n], key=lambda row: len(row["output"]))
    swapped = [(a | {"output": b["output"]}, a) for a, b in itertools.pairwise(by_size)]
    out["answer of another"] = swapped[::2]
    out["prompt echo"] = [(r | {"output": r["instruction"] + (" " + r["output"] if rng.random() < 0.5 else "")}, r)
                          for r in sound[:n]]  # fmt: skip
    foreign = [" ".join(_SENTENCE.split(rng.choice(others))[: rng.randint(1, 2)]) for _ in range(n)]
    out["foreign sentence"] = [(r | {"output": f"{r['output']} {s}"}, r) for r, s in zip(sound, foreign)]
    more = [rng.choice(sound[-2500:]) for _ in range(n)]
    form = ("\n\nInstruction: {instruction}\n\nOutput: {output}", "\n\nHuman: {instruction}\nAssistant: {output}")
    out["runs on"] = [(r | {"output": r["output"] + rng.choice(form).format(**m)}, r) for r, m in zip(sound, more)]
    worse = [(_worse_prompt(row, rng), row) for row in sound[:n]]
    out["worse prompt"] = [(a, b) for a, b in worse if a["instruction"] != b["instruction"]]
    return out
