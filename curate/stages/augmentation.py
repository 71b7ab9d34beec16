"""Augmentation as a stage: more rows of the labels that have few, derived from rows that are there.

| method | rule | what |
|---|---|---|
| `synonyms` | `synonyms` | words replaced by words that the data uses alike, or by English synonyms |
| `insertion` | `insertion` | such a word put in beside another |
| `swap`, `deletion` | `swap`, `deletion` | neighbouring words exchanged; words left out |
| `noise` | `noise` | letters doubled, left out or exchanged |
| `back_translation` | `back_translation` | into another language and back, by two models on this machine |

Each new row is an `add` finding that derives from its parent (`curate.ledger.added`): the parent's edits and labels
apply to it, it goes when its parent goes, it stays in the parent's split, and where another stage edits the words that
it would change it gives way. Training rows only; only what a model reads is changed, never an answer. No new row repeats
the text of a row of any split, or of another new row. Findings wait for review with score 0: `auto` never applies one.
What it is worth is for an ablation to say (`curate ablate RUN --stages augmentation`), whose control adds plain copies.

Which rows and edits is drawn by seed and row id, so other rows change nothing. How many follows from the labels as given.
"""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import xxhash

from curate.dataset import Dataset
from curate.dataset.turns import who
from curate.errors import ConfigError, StageSkipped, nearest
from curate.house import require
from curate.ledger.added import Span, from_parent
from curate.ledger.findings import empty_findings, make_findings
from curate.similarity.partners import split_ranks
from curate.stages.against import USERS
from curate.stages.base import Context, Detection, Stage
from curate.stages.said import said_in, within

NAME = "augmentation"
BACK_TRANSLATION = "back_translation"
METHODS = ("synonyms", "insertion", "swap", "deletion", "noise", BACK_TRANSLATION)
"""Those of `curate.augment`, said again so that a recipe loads no engine (a test holds them equal), and one more."""
REASONS = {
    "synonyms": "the same text with words that the data uses alike, of a label that has few rows",
    "insertion": "the same text with a word put in that the data uses alike, of a label that has few rows",
    "swap": "the same text with neighbouring words exchanged, of a label that has few rows",
    "deletion": "the same text with words left out, of a label that has few rows",
    "noise": "the same text with slips of the keyboard, of a label that has few rows",
    BACK_TRANSLATION: "the same text translated and back again, of a label that has few rows",
}
TRIES = 6
"""Edits drawn for one new row before it is given up."""
_TRAIN, _OTHER = 3, 2


@dataclass(frozen=True)
class AugmentationConfig:
    """What is added, to which rows, and how much of a row changes."""

    methods: tuple[str, ...] = ("synonyms", "insertion", "swap", "deletion")
    """How new rows are made, in turn: synonyms, insertion, swap, deletion, noise, back_translation."""
    minorities_only: bool = True
    """Whether only labels with few rows get new ones; false adds `copies` to every training row, labels or not."""
    up_to: float = 0.5
    """A label gets new rows until it has this share of the rows of the largest one."""
    copies: int = 1
    """New rows of each training row, where `minorities_only` is false."""
    most_per_row: int = 4
    """New rows of one parent at most: many faces of few rows teach those rows by heart."""
    change: float = 0.1
    """Share of a text's words that one new row changes; at least one word."""
    least_rows: int = 5
    """Rows that must hold a word before it may stand in for another."""
    forward_model: str = ""
    """Folder of a translation model from the language of the data into another, for back_translation."""
    backward_model: str = ""
    """Folder of the model that translates back."""
    max_length_tokens: int = 128
    """Longest text, in tokens of the forward model, that is translated."""

    def __post_init__(self) -> None:
        if unknown := [name for name in self.methods if name not in METHODS]:
            raise ConfigError(f"[stages.{NAME}]: there is no method {unknown[0]!r}; {nearest(unknown[0], METHODS)}")
        if not self.methods:
            raise ConfigError(f"[stages.{NAME}]: methods is empty; known are {', '.join(METHODS)}")
        if not 0 < self.up_to <= 1 or not 0 < self.change <= 1:
            raise ConfigError(f"[stages.{NAME}]: up_to and change must lie above 0 and at most at 1")
        if min(self.copies, self.most_per_row, self.least_rows, self.max_length_tokens) < 1:
            raise ConfigError(
                f"[stages.{NAME}]: copies, most_per_row, least_rows and max_length_tokens must be at least 1"
            )
        if BACK_TRANSLATION in self.methods and not (self.forward_model and self.backward_model):
            raise ConfigError(f"[stages.{NAME}]: back_translation needs the folders forward_model and backward_model")

    def located(self, folder: Path) -> AugmentationConfig:
        """The same with its model folders taken from the recipe's folder."""

        def found(name: str) -> str:
            here = Path(name).expanduser()
            return name if not name or here.is_absolute() or here.exists() else str(folder / here)

        return dataclasses.replace(
            self, forward_model=found(self.forward_model), backward_model=found(self.backward_model)
        )


@dataclass(frozen=True)
class _New:
    """One row that is proposed."""

    parent: int
    method: str
    field: str
    spans: Sequence[Span]
    changed: int


def detect(dataset: Dataset, config: AugmentationConfig, context: Context) -> Detection:
    """Propose new rows."""
    labels = context.hints.get("label_names.canonical")
    labels = dataset.labels() if labels is None else labels
    if config.minorities_only and labels is None:
        raise StageSkipped("no column has the label role, so no label has few rows; minorities_only = false adds to all")
    training = _training_rows(dataset)
    names: list[str | None] = [None] * dataset.n_rows if labels is None else labels.to_pylist()
    texts, everything = _texts(dataset, training)
    if not texts:
        raise StageSkipped("no column of the training rows holds text that could be changed")
    keys = {row: int.from_bytes(dataset.row_ids[row].as_py()[:8], "little") for row in texts}
    wanted = _wanted(texts, names, config, keys)
    summary: dict[str, Any] = {
        "methods": list(config.methods), "training_rows": int(training.sum()), "wanted": sum(n for _, n in wanted),
        "proposed": 0, "by_method": {}, "rows_without_text": int(training.sum()) - len(texts),
    }  # fmt: skip
    if not wanted:
        summary["note"] = "no label has so few rows that it would get new ones"
        return Detection(empty_findings(), summary=summary)
    make = _maker(texts, names, wanted, config, context)
    seen = {_plain(text) for text in everything}
    made: list[_New] = []
    context.progress(0, len(wanted))
    for done, (row, count) in enumerate(wanted):
        context.check_cancelled()
        made += _of_row(row, count, texts[row], names[row], make, seen, config, keys[row] ^ context.seed)
        context.progress(done + 1, len(wanted))
    summary["proposed"] = len(made)
    summary["by_method"] = dict(sorted(Counter(new.method for new in made).items()))
    if not made:
        return Detection(empty_findings(), summary=summary)
    nth: Counter[tuple[int, str]] = Counter()
    fields = []
    for new in made:  # the field tells one new row of a parent from the next
        nth[new.parent, new.method] += 1
        fields.append(f"{new.field} #{nth[new.parent, new.method]}")
    table = make_findings(
        NAME, dataset.row_ids, row=[new.parent for new in made], rule=[new.method for new in made], action="add", score=0.0,
        reason=[REASONS[new.method] for new in made], field=fields,
        replacement=[from_parent({new.field: list(new.spans)}) for new in made],
        evidence=[orjson.dumps({"method": new.method, "words_changed": new.changed}).decode() for new in made],
    )  # fmt: skip
    return Detection(table, summary=summary)


def _training_rows(dataset: Dataset) -> np.ndarray:
    """Rows of the training split; where no row says so, those of no known split."""
    rank = split_ranks(dataset.splits(), dataset.n_rows)
    found: np.ndarray = rank == (_TRAIN if (rank == _TRAIN).any() else _OTHER)
    return found


def _texts(dataset: Dataset, training: np.ndarray) -> tuple[dict[int, tuple[str, str]], list[str]]:
    """Field and text of each training row that is changed (its longest, of what a model reads), and every text there is."""
    roles = dataset.roles
    whole = {dataset.pointer_of(name) for name in (*roles.text, *roles.prompt)}
    talks = {dataset.pointer_of(name): name for name in roles.messages}
    found: dict[int, tuple[str, str]] = {}
    everything: list[str] = []
    for batch in said_in(dataset, (*roles.text, *roles.prompt, *roles.messages)):
        for row, field, text in zip(batch.rows.tolist(), batch.fields, batch.texts.to_pylist()):
            path = within(field, batch.column).split("/")[1:]
            if not text or batch.column not in (talks if path else whole):
                continue
            everything.append(text)
            asked = training[row] and (not path or _is_asked(dataset, row, talks[batch.column], path))
            if asked and len(text) > len(found.get(row, ("", ""))[1]):
                found[row] = (field, text)
    return dict(sorted(found.items())), everything


def _is_asked(dataset: Dataset, row: int, column: str, path: Sequence[Any]) -> bool:
    """Whether a string of a conversation is what somebody asks: an answer is what a model learns, and stays."""
    value = dataset.values(column)[row].as_py()
    turns = orjson.loads(value) if isinstance(value, str | bytes) else value
    turns = turns.get("messages", turns.get("conversations", [])) if isinstance(turns, Mapping) else turns
    at = next((int(part) for part in path if str(part).isdigit()), None)
    if not isinstance(turns, list) or at is None or at >= len(turns) or not isinstance(turns[at], Mapping):
        return False
    return who(turns[at]) in USERS


def _wanted(
    texts: Mapping[int, Any], names: Sequence[str | None], config: AugmentationConfig, keys: Mapping[int, int]
) -> list[tuple[int, int]]:
    """(row, new rows) of each parent, in the order of the rows."""
    if not config.minorities_only:
        return [(row, min(config.copies, config.most_per_row)) for row in texts]
    members: dict[str, list[int]] = {}
    for row in texts:
        if (name := names[row]) is not None:
            members.setdefault(name, []).append(row)
    if len(members) < 2:
        return []
    goal = int(config.up_to * max(map(len, members.values())))
    out: list[tuple[int, int]] = []
    for rows in members.values():
        lacks = min(goal - len(rows), config.most_per_row * len(rows))
        if lacks > 0:
            each, rest = divmod(lacks, len(rows))
            # By hash of the row id: the same rows whatever stands before and after them.
            order = sorted(rows, key=lambda row: (xxhash.xxh3_64_intdigest(keys[row].to_bytes(8, "little")), row))
            out += [(row, each + (i < rest)) for i, row in enumerate(order) if each + (i < rest)]
    return sorted(out)


Make = Callable[[str, int, str, str | None, np.random.Generator], Iterator[tuple[Sequence[Span], int]]]


def _maker(
    texts: Mapping[int, tuple[str, str]], names: Sequence[str | None], wanted: Sequence[tuple[int, int]],
    config: AugmentationConfig, context: Context,
) -> Make:  # fmt: skip
    """A function that draws edits of a text by one method, one after the other."""
    from curate.augment import Neighbours, Word, edits_of, neighbours_of, synonyms

    near, listed = Neighbours(), synonyms()
    if {"synonyms", "insertion"} & set(config.methods):
        known = [text for _, text in texts.values()]
        near = neighbours_of(known, [names[row] for row in texts], least_rows=config.least_rows, seed=context.seed)
    translated = _translated([row for row, _ in wanted], texts, config, context)

    def candidates(label: str | None) -> Callable[[Word], Sequence[str]]:
        return lambda word: (*near.of(word.key, label), *listed.get(word.key, ()))

    def make(
        method: str, row: int, text: str, label: str | None, rng: np.random.Generator
    ) -> Iterator[tuple[Sequence[Span], int]]:
        if method == BACK_TRANSLATION:
            for new in translated.get(row, ()):
                yield [(0, len(text), new)], len(new.split())
            return
        for _ in range(TRIES):
            edit = edits_of(method, text, rng, share=config.change, candidates=candidates(label))
            if edit is None:
                return
            yield edit.spans, edit.changed

    return make


def _translated(
    rows: Sequence[int], texts: Mapping[int, tuple[str, str]], config: AugmentationConfig, context: Context
) -> Mapping[int, Sequence[str]]:
    """Back translations of the parents, the most likely first."""
    if BACK_TRANSLATION not in config.methods:
        return {}
    module = require("train.back_translation")
    found = module.back_translations(
        [texts[row][1] for row in rows], config.forward_model, config.backward_model,
        most=config.most_per_row, max_length_tokens=config.max_length_tokens, threads=context.threads,
        stop=context.check_cancelled,
    )  # fmt: skip
    return dict(zip(rows, found, strict=True))


def _of_row(
    row: int, count: int, place: tuple[str, str], label: str | None, make: Make, seen: set[str], config: AugmentationConfig,
    key: int,
) -> list[_New]:  # fmt: skip
    """New rows of one parent, the methods in turn, beginning where the row's hash says."""
    from curate.augment import edited

    field, text = place
    rng = np.random.default_rng(key % 2**64)
    first = int(rng.integers(len(config.methods)))
    made: list[_New] = []
    for turn in range(2 * len(config.methods) * count):
        if len(made) == count:
            break
        method = config.methods[(first + turn) % len(config.methods)]
        for spans, changed in make(method, row, text, label, rng):
            plain = _plain(edited(text, spans))
            if plain and plain not in seen:
                seen.add(plain)
                made.append(_New(row, method, field, spans, changed))
                break
    return made


def _plain(text: str) -> str:
    """What two texts have in common that are the same to a reader."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", text)).strip().casefold()


def _models(config: AugmentationConfig) -> Mapping[str, str]:
    """Fingerprints of the models that translate."""
    if BACK_TRANSLATION not in config.methods:
        return {}
    fingerprint = require("train.back_translation").model_fingerprint
    return {name: fingerprint(getattr(config, name)) for name in ("forward_model", "backward_model")}


STAGE = Stage(
    name=NAME,
    title="Augmentation",
    version=3,
    config=AugmentationConfig,
    detect=detect,
    on_finding="review",
    uses=("label_names",),
    depends_on=_models,
    optional=True,
)
