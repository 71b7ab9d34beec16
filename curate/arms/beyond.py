"""What is asked beyond accuracy, as arms: sets of stages, decisions of one class left out, sizes, operators.

Every arm is `resolve` with other findings, like those of the verdict. Training rows are fewer than there (`beyond_rows`,
whole near-duplicate clusters in the order of a hash, so that half, all and twice of them hold each other), since many arms
are trained. Stages beyond the three that change the most rows are one player together. Canaries and operators work on the
rows as a model is shown them, through the scanner with the recipe's own settings.

Places of training rows that models learnt by heart go to `train/beyond/memorised.jsonl` (row ids, field, offsets; no text):
the stage `memorised` turns them into findings for a person to judge.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from curate.arms.ablate import canonical_names, divided, learns_from_unwanted, side_of, train_config
from curate.arms.plans import EDITS, ArmPlans
from curate.arms.spans import spans_column
from curate.dataset.atomic import atomic_write_bytes, make_private_dir
from curate.errors import DataError
from curate.house import require
from curate.ledger.apply import Curated, apply
from curate.ledger.decisions import Journal
from curate.ledger.resolve import resolve
from curate.pipeline import Detected
from curate.privacy import scan
from curate.stages.pii_operators import rewriter_of, settings_of_scan

if TYPE_CHECKING:
    from train.ablation.beyond import BeyondResult
    from train.examples import Examples

FOLDER = "beyond"
MEMORISED = "memorised.jsonl"
MOST_PLAYERS = 2
"""Stages told apart from all others: three players are eight sets, every one of them trained; four would be sixteen."""
MOST_CLASSES, FEWEST_ROWS = 6, 5
"""Decision classes with a receipt, and training rows that one must change."""
MOST_HELD = 800
_SALT = 90_001
TrainListener = Callable[[Mapping[str, Any]], None]


def beyond(
    detected: Detected, curated: Curated, journal: Journal, held: Any, group: np.ndarray, exam: Examples, out: Path,
    tell: TrainListener, parts: Sequence[str], seeds: Sequence[int],
) -> BeyondResult:
    """Measure `parts` under `out/train/beyond/`; `exam` are the held-out rows that decide."""
    wish_of, run = require("train.ablation.beyond.wish"), require("train.ablation.beyond.run")
    ablation = require("train.ablation")
    recipe = detected.recipe
    rows = _Rows(detected, held, group)
    raw = rows.raw(1.0)
    plans = ArmPlans(detected, journal, np.sort(raw.ids))
    arms: dict[str, Any] = {}
    notes: list[str] = []

    def side(data: Curated, times: float = 1.0) -> Examples:
        try:
            return side_of(data, held, group, recipe, rows.chosen(times))
        except DataError:
            empty: Examples = require("train.examples").Examples(raw.task, np.zeros(0, np.int64))
            return empty

    def add(name: str, title: str, examples: Examples, times: float = 1.0) -> str:
        arms.setdefault(name, ablation.Arm(name, title, examples, times=times))
        return name

    cured = side(curated)
    effective = plans.effective()
    design = ablation.Design(seeds=tuple(seeds))
    if wish_of.FAIRNESS in parts and raw.groups and effective:
        names = {frozenset[str](): "raw", frozenset(effective): "curated"}

        def arm_of(stages: frozenset[str], name: str, title: str) -> str:
            if stages not in names:
                names[stages] = add(name, title, side(plans.of(stages)))
            return names[stages]

        orders, coalitions = divided(effective, _players(plans, effective), arm_of, recipe.run.seed)
        design = dataclasses.replace(design, orders=orders, coalitions=coalitions)
    classes: list[Any] = []
    if wish_of.RECEIPTS in parts:
        for stage, rule, action, count in _classes(curated, raw.ids):
            without = side(_without(detected, journal, stage, rule, action))
            if without.fingerprint() != cured.fingerprint():
                name = add(f"less_{len(classes)}", f"curated less {stage}: {rule} ({action})", without)
                classes.append(wish_of.DecisionClass(stage, rule, action, count, name))
    sizes = []
    if wish_of.FRONTIERS in parts:
        for times in (0.5, 2.0):
            examples = side(curated, times)
            if len(examples) and abs(len(examples) / max(1, len(cured)) / times - 1) < 0.25:
                sizes.append((times, add(f"size_{times:g}", f"{times:g}x the curated rows", examples, times)))
            else:
                notes.append(f"There are not {times:g} times as many rows to train on, so that size was left out.")
    config = next((c.config for c in recipe.stages() if c.name == "pii"), None)
    operators = {}
    if wish_of.FRONTIERS in parts and raw.spans:
        notes.append("Operators on personal data were not compared: other replacements would move the gold spans.")
    elif wish_of.FRONTIERS in parts and config is not None and "pii" in effective:
        keeps = side(plans.of([s for s in effective if s != "pii"]))
        operators["none"] = add("pii_none", "curated, personal data kept", keeps)
        texts = [text for *_, text in require("train.ablation.beyond.canaries").strings_of(keeps)]
        for operator in wish_of.OPERATORS:
            new = require("train.ablation.beyond.canaries").with_texts(keeps, _scrub(detected, config, texts, operator))
            operators[operator] = add(f"pii_{operator}", f"curated, personal data: {operator}", new)
    scan_config = None if config is None else settings_of_scan(config)
    fairness = next((c.config for c in recipe.stages() if c.name == "fairness"), None)
    wish = wish_of.Wish(
        parts=tuple(parts),
        raw=raw,
        curated=cured,
        arms=tuple(arms.values()),
        design=design,
        classes=tuple(classes),
        sizes=tuple(sizes),
        operators=operators,
        positive=str(getattr(fairness, "positive", "") or ""),
        scan=scan_config,
        scrub=None if config is None else lambda texts, operator: _scrub(detected, config, texts, operator),
        operator="placeholder" if config is None else dict(config.operators).get("default", "placeholder"),
        locate=_Places(detected, raw.ids).of,
        candidates=recipe.ablation.beyond_candidates,
        notes=tuple(notes),
    )
    settings = train_config(recipe, raw)
    settings = settings.replace(steps=min(settings.step_count(len(raw)), recipe.ablation.beyond_steps), epochs=0.0)
    folder = out / "train" / FOLDER
    make_private_dir(folder)
    found: BeyondResult = run.measure_beyond(
        wish, ablation.Evaluation.plain(_thin(exam, recipe.run.seed)), settings, folder, tell,
        canonical_names(detected, curated.plan), recipe.ablation.delta,
    )  # fmt: skip
    if found.memory is not None:
        _keep_places(detected, found.memory.spans, folder / MEMORISED)
    return found


class _Rows:
    """Training rows in the order of a hash, whole near-duplicate clusters."""

    def __init__(self, detected: Detected, held: Any, group: np.ndarray) -> None:
        self.detected, self.group = detected, group
        rows = held.train_rows
        hashed = require("train.order").hash_rows(group[rows], detected.recipe.run.seed, _SALT)
        self._order = rows[np.lexsort((rows, group[rows], hashed))]

    def chosen(self, times: float) -> np.ndarray:
        """int64, ascending: about `times` as many rows as the recipe says; a cluster is never cut."""
        most = round(times * self.detected.recipe.ablation.beyond_rows)
        if most >= len(self._order):
            return np.sort(self._order)
        cluster = self.group[self._order]
        while most < len(self._order) and cluster[most] == cluster[most - 1]:
            most += 1
        return np.sort(self._order[:most])

    def raw(self, times: float) -> Examples:
        """The rows as they came."""
        dataset = self.detected.dataset
        examples: Examples = require("train.examples").from_dataset(
            dataset, rows=self.chosen(times), clusters=self.group, weights=dataset.weights(),
            spans_column=spans_column(self.detected.recipe), unwanted=learns_from_unwanted(self.detected.recipe),
        )  # fmt: skip
        return examples


def _players(plans: ArmPlans, effective: Sequence[str]) -> tuple[str, ...]:
    """The stages that take out or relabel the most rows, then those that rewrite the most; all where they are few."""
    if len(effective) <= MOST_PLAYERS + 1:
        return tuple(effective)
    mine = np.zeros(plans.detected.dataset.n_rows, bool)
    mine[plans.rows] = True

    def changed(stage: str) -> tuple[int, int]:
        plan = plans.of((stage,)).plan
        gone, rewritten = plan.dropped.copy(), np.zeros(len(mine), bool)
        for action in EDITS:
            touched = gone if action == "relabel" else rewritten
            touched[plan.applied(action)["row"].drop_null().to_numpy().astype(np.int64)] = True
        return int((gone & mine).sum()), int((rewritten & mine).sum())

    largest = sorted(effective, key=changed, reverse=True)[:MOST_PLAYERS]
    return tuple(s for s in effective if s in largest)


def _classes(curated: Curated, rows: np.ndarray) -> list[tuple[str, str, str, int]]:
    """Stage, rule, action and training rows of the decisions that are applied, the most rows first."""
    table = curated.plan.table
    mine = table.filter(pc.and_(pc.equal(table["status"].cast(pa.string()), "applied"), pc.is_valid(table["row"])))
    mine = mine.filter(pc.is_in(mine["row"], pa.array(rows, pa.int64())))
    found: dict[tuple[str, str, str], set[int]] = {}
    columns = (mine[c].cast(pa.string()).to_pylist() for c in ("stage", "rule", "action"))
    for *key, row in zip(*columns, mine["row"].to_pylist(), strict=True):
        if key[2] != "flag":
            found.setdefault((str(key[0]), str(key[1]), str(key[2])), set()).add(row)
    order = sorted(found, key=lambda k: (-len(found[k]), k))
    return [(*key, len(found[key])) for key in order if len(found[key]) >= FEWEST_ROWS][:MOST_CLASSES]


def _without(detected: Detected, journal: Journal, stage: str, rule: str, action: str) -> Curated:
    """The data as the plan would leave it without the findings of one class."""
    policy = detected.recipe.policy()
    table = detected.only(*policy.stages)
    mine = [pc.equal(table[c].cast(pa.string()), v) for c, v in (("stage", stage), ("rule", rule), ("action", action))]
    other = pc.invert(pc.fill_null(pc.and_(pc.and_(mine[0], mine[1]), mine[2]), False))
    plan = resolve(table.filter(other), journal, policy, facts=detected.facts, relations=detected.relations())
    return apply(detected.dataset, plan)


def _scrub(detected: Detected, config: Any, texts: Sequence[str], operator: str) -> list[str]:
    """Texts with what the scanner finds replaced by one operator for all types."""
    own = dataclasses.replace(config, operators={"default": operator})
    settings = settings_of_scan(own)
    work, _, stand_ins = rewriter_of(own, settings, detected.dataset.source.input_hash, detected.recipe.run.seed)
    column = pa.array(list(texts), pa.large_string())
    spans = scan(column, dataclasses.replace(settings, stand_ins=stand_ins))
    out = list(texts)
    if not len(spans):
        return out
    work.add(column, spans, spans.row)
    (new,) = work.finish()
    for k in range(len(spans) - 1, -1, -1):  # from the right, so that offsets stay true
        at = int(spans.row[k])
        out[at] = out[at][: int(new.start[k])] + new.replacement[k] + out[at][int(new.end[k]) :]
    return out


def _thin(exam: Examples, seed: int) -> Examples:
    """At most `MOST_HELD` held-out rows, whole clusters in the order of a hash."""
    if len(exam) <= MOST_HELD:
        return exam
    clusters = exam.ids if exam.clusters is None else exam.clusters
    order = np.lexsort((exam.ids, clusters, require("train.order").hash_rows(clusters, seed, _SALT)))
    return exam.take(np.sort(order[:MOST_HELD]))


class _Places:
    """Where texts that a model is shown stand in the data."""

    def __init__(self, detected: Detected, rows: np.ndarray) -> None:
        self._detected, self._wanted = detected, set(rows.tolist())
        self._strings: dict[int, list[tuple[str, str]]] | None = None

    def of(self, row: int, text: str, start: int, end: int) -> tuple[str, int, int] | None:
        """Field pointer and offsets in the raw text; None where the words stand in no one place."""
        if self._strings is None:
            self._strings = {}
            for batch in self._detected.dataset.strings():
                for i, (number, field) in enumerate(zip(np.asarray(batch.rows).tolist(), batch.fields, strict=True)):
                    if number in self._wanted:
                        self._strings.setdefault(number, []).append((field, batch.texts[i].as_py()))
        held = self._strings.get(row, [])
        whole = next((field for field, value in held if value == text), None)
        if whole is not None:
            return whole, start, end
        piece = text[start:end]
        places = [(field, value.find(piece)) for field, value in held if value is not None and value.count(piece) == 1]
        return (places[0][0], places[0][1], places[0][1] + len(piece)) if len(places) == 1 else None


def _keep_places(detected: Detected, spans: Sequence[Any], path: Path) -> None:
    """Write where memorised stretches stand, for the stage `memorised`."""
    ids = detected.dataset.row_ids
    lines = [
        orjson.dumps({"row_id": ids[s.row].as_py().hex(), "field": s.field, "start": s.start, "end": s.end, "nats": s.nats})
        for s in spans
    ]
    atomic_write_bytes(path, b"".join(line + b"\n" for line in lines))
