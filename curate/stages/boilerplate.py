"""Boilerplate: footers, signatures, disclaimers and wrappers that stand in many rows, as spans to take out.

Engine: `curate.similarity.boilerplate` over the texts of each role by itself, nested turns included. Rules:
`repeated_paragraph` and `repeated_line` (replace, by nothing). Labels, metadata, tool calls and the names of speakers are
never looked at, and no string loses all it says. Copies of a row count once, so that a text which is there a hundred
times makes none of its lines boilerplate.

A repeated line may be an instruction that belongs where it stands. So the stage runs only where it is asked for, scores
follow the place of a block (an end is likelier to be a footer than a start of a prompt is to be a wrapper), are no
probabilities, and stay below the `auto` threshold: a person accepts each rule, or the recipe says `on_finding = "apply"`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curate.dataset import Dataset
from curate.dataset.types import Strings
from curate.errors import ConfigError, StageSkipped
from curate.ledger.findings import concat_findings, make_findings
from curate.similarity.boilerplate import END, INSIDE, START, BlockConfig, Blocks, Part, find_boilerplate
from curate.similarity.exact import exact_groups
from curate.stages.base import Context, Detection, Stage
from curate.stages.said import said_in

NAME = "boilerplate"
ROLES = ("text", "prompt", "completion", "messages", "chosen", "rejected")
REASONS = {
    "repeated_paragraph": "the same paragraph stands in many rows",
    "repeated_line": "the same line stands in many rows",
}
PLACES = {START: "start", INSIDE: "inside", END: "end"}
SCORES = {START: 0.6, INSIDE: 0.5, END: 0.8}
PROMPT_SCORE = 0.4
SHOWN, WIDTH = 20, 120


@dataclass(frozen=True)
class BoilerplateConfig:
    """Which repeated lines and paragraphs are proposed for removal."""

    min_rows: int = 20
    """Rows that must hold a line or paragraph, copies of a row counted once."""
    min_share: float = 0.01
    """Share of the rows (0 to 1) that must hold it."""
    min_characters: int = 20
    """Characters that it must have, runs of white space counted as one."""
    min_words: int = 4
    """Words that it must have."""

    def engine(self) -> BlockConfig:
        """The engine's configuration; ConfigError where a value is out of range."""
        try:
            return BlockConfig(self.min_rows, self.min_share, self.min_characters, self.min_words)
        except ValueError as error:
            raise ConfigError(f"[stages.{NAME}]: {error}") from error


def detect(dataset: Dataset, config: BoilerplateConfig, context: Context) -> Detection:
    """A `replace` finding for each repeated block of each string that keeps something without it."""
    engine = config.engine()
    columns = {role: getattr(dataset.roles, role) for role in ROLES if getattr(dataset.roles, role)}
    if not columns:
        raise StageSkipped("no column has the role of a text")
    counted = _counted(dataset, context)
    tables: list[pa.Table] = []
    passages: list[dict[str, Any]] = []
    said = _said(dataset, columns)
    for done, (role, batches) in enumerate(said.items()):
        context.check_cancelled()
        context.progress(done, len(columns))
        parts = [Part(batch.texts, batch.rows, counted[batch.rows]) for batch in batches]
        found, rows = find_boilerplate(parts, engine, context.threads)
        shown = _passages(batches, found, role)
        passages += shown.values()
        for batch, blocks in zip(batches, found, strict=True):
            if len(blocks):
                tables.append(_findings(dataset, batch, blocks, role, rows, shown))
    context.progress(len(columns), len(columns))
    findings = concat_findings(tables)
    passages.sort(key=lambda p: (-p["rows"], p["role"], p["text"]))
    rules = pc.value_counts(findings["rule"].cast(pa.string())).to_pylist()
    return Detection(
        findings=findings,
        summary={
            "repeated_blocks": len(passages),
            "rows_with_boilerplate": len(pc.unique(findings["row"])),
            "characters": int((findings["end"].to_numpy() - findings["start"].to_numpy()).sum()) if len(findings) else 0,
            "by_rule": {item["values"]: item["counts"] for item in sorted(rules, key=lambda r: r["values"])},
            "passages": passages[:SHOWN],
        },
    )


def _counted(dataset: Dataset, context: Context) -> Any:
    """Rows that count: the first of each cluster of near-duplicates, or of copies where no other stage found clusters."""
    first = context.hints.get("near_duplicates.cluster")
    if first is None:
        group = exact_groups(dataset.content(), threads=context.threads)
        first = np.where(group >= 0, group, np.arange(dataset.n_rows))
    return np.asarray(first) == np.arange(dataset.n_rows)


def _said(dataset: Dataset, columns: Mapping[str, tuple[str, ...]]) -> dict[str, list[Strings]]:
    """What is said in the columns of each role: whole plain strings, and the texts of nested turns."""
    role_of = {dataset.pointer_of(name): role for role, names in columns.items() for name in names}
    out: dict[str, list[Strings]] = {role: [] for role in columns}
    for batch in said_in(dataset, (name for names in columns.values() for name in names)):
        out[role_of[batch.column]].append(batch)
    return out


def _passages(batches: list[Strings], found: list[Blocks], role: str) -> dict[int, dict[str, Any]]:
    """By digest: a masked preview of the block where it stands first, and how many rows hold it."""
    from curate.privacy.preview import masked_preview

    out: dict[int, dict[str, Any]] = {}
    for batch, blocks in zip(batches, found, strict=True):
        digests, first = np.unique(blocks.digest, return_index=True)
        for digest, at in zip(digests.tolist(), first.tolist()):
            if digest not in out:
                raw = batch.texts[int(blocks.text[at])].as_py()[blocks.start[at] : blocks.end[at]]
                shown = masked_preview(" ".join(raw[: 4 * WIDTH].split()), WIDTH)
                out[digest] = {"role": role, "rows": int(blocks.rows[at]), "text": shown}
    return out


def _findings(
    dataset: Dataset, batch: Strings, blocks: Blocks, role: str, rows: int, shown: dict[int, dict[str, Any]]
) -> pa.Table:
    import orjson

    places = blocks.where.tolist()
    evidence: dict[tuple[int, int], str] = {}
    for digest, place in zip(blocks.digest.tolist(), places):
        if (digest, place) not in evidence:
            passage = shown[digest]
            share = round(passage["rows"] / max(1, rows), 4)
            told = {"rows": passage["rows"], "share": share, "place": PLACES[place], "text": passage["text"]}
            evidence[digest, place] = orjson.dumps(told).decode()
    rules = np.where(blocks.paragraph, "repeated_paragraph", "repeated_line").tolist()
    highest = PROMPT_SCORE if role == "prompt" else 1.0
    return make_findings(
        NAME,
        dataset.row_ids,
        row=np.asarray(batch.rows)[blocks.text],
        rule=rules,
        action="replace",
        score=[min(SCORES[place], highest) for place in places],
        reason=[REASONS[rule] for rule in rules],
        field=[batch.fields[i] for i in blocks.text.tolist()],
        start=blocks.start,
        end=blocks.end,
        replacement="",
        evidence=[evidence[key] for key in zip(blocks.digest.tolist(), places)],
    )


STAGE = Stage(
    name=NAME,
    title="Boilerplate",
    version=3,
    config=BoilerplateConfig,
    detect=detect,
    on_finding="review",
    uses=("near_duplicates",),
    concern="quality",
)
