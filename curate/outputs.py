"""What a run writes beside its findings: the curated file, what was removed, what could not be read, what is left."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from curate.dataset import Dataset
from curate.dataset.compression import file_hash
from curate.emitted import inside_replacements, inside_replacements_of_added
from curate.execution import LOCAL, Execution
from curate.house import require
from curate.ledger.apply import Curated
from curate.ledger.plan import Plan
from curate.pipeline import Detected, Event, Listener, detect
from curate.privacy.config import ScanConfig, preview_config, row_preview_config
from curate.privacy.preview import masked_previews
from curate.recipe import Recipe
from curate.rundir import RunDir
from curate.stages.private import private_values
from curate.stages.registry import about, get_stage
from curate.vaulting import VAULT, write_vault

PREVIEW_WIDTH = 160
PREVIEWS_AT_ONCE = 1 << 13
SWAPS = "swaps.jsonl"


def looked_for(recipe: Recipe) -> ScanConfig:
    """What previews of a recipe's data mask: every type, and what the recipe declares private."""
    return preview_config(dataclasses.asdict(recipe.choice("pii").config))


def looked_for_in_rows(recipe: Recipe) -> ScanConfig:
    """The same for previews of whole rows: names too, where they are replaced."""
    return row_preview_config(dataclasses.asdict(recipe.choice("pii").config))


def curated_name(dataset: Dataset) -> str:
    """`curated.` and the format of the input, compression included."""
    return f"curated{dataset.suffix}"


def write_outputs(run: RunDir, detected: Detected, plan: Plan, curated: Curated) -> dict[str, str]:
    """Write `plan.parquet`, the curated file, `removed.parquet`, `rejected.jsonl` and the vault; returns their hashes."""
    dataset = detected.dataset
    name = curated_name(dataset)
    masks = looked_for_in_rows(detected.recipe)
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(curated.write, run.path / name)  # compression leaves the interpreter free
        run.write_table("plan.parquet", plan.table)
        run.write_table("removed.parquet", removed_table(dataset, detected.findings, plan, masks))
        rejected = b"".join(orjson.dumps(r.to_json()) + b"\n" for r in dataset.rejected)
        run.write_bytes("rejected.jsonl", rejected)
        writing.result()
    vault = write_vault(run, detected, curated, name)
    _write_swaps(run, detected, plan)
    files = {file: file_hash(run.path / file) for file in (name, "plan.parquet", "removed.parquet", "rejected.jsonl")}
    return files if vault is None else {**files, VAULT: vault}


def _write_swaps(run: RunDir, detected: Detected, plan: Plan) -> None:
    """`swaps.jsonl`: what the counterfactual swaps compared, for reading, of rows that stay; gone with its stage."""
    outcome = detected.outcomes.get("counterfactual_swaps")
    if outcome is None or outcome.detection.scores is None:
        (run.path / SWAPS).unlink(missing_ok=True)
        return
    pairs = require("audit.stages.counterfactual_swaps").pairs_of
    lines = pairs(detected.dataset, outcome.detection.scores, plan.kept_rows)
    run.write_bytes(SWAPS, b"".join(orjson.dumps(pair) + b"\n" for pair in lines))


def removed_table(dataset: Dataset, findings: pa.Table, plan: Plan, looked_for: ScanConfig | None = None) -> pa.Table:
    """Every row that left, once: by which stage and rule, why, which row justifies it, and a masked preview.

    `looked_for` is what previews mask.
    """
    status = pc.equal(plan.table["status"].cast(pa.string()), "applied")
    drop = pc.equal(plan.table["action"].cast(pa.string()), "drop")
    where = np.flatnonzero(pc.and_(status, drop).to_numpy(zero_copy_only=False))
    rows = plan.table["row"].to_numpy()[where]
    _, first = np.unique(rows, return_index=True)
    where = pa.array(where[first])
    chosen = plan.table.take(where)
    witness = chosen["witness_row"].combine_chunks()
    stages = chosen["stage"].cast(pa.string()).combine_chunks()
    forgotten = pc.is_in(stages, value_set=pa.array(about("erasure", stages.unique().to_pylist()), pa.string()))
    return pa.table(
        {
            "row": chosen["row"],
            "row_id": chosen["row_id"],
            "stage": stages,
            "rule": chosen["rule"].cast(pa.string()),
            "score": chosen["score"],
            "reason": findings.take(where)["reason"].cast(pa.string()),
            "why": chosen["why"].cast(pa.string()),
            "witness_row": witness,
            "witness_row_id": dataset.row_ids.cast(pa.binary(16)).take(witness),
            "preview": _previews(dataset, findings, chosen["row"].combine_chunks(), forgotten, looked_for),
        }
    )


def _previews(
    dataset: Dataset, findings: pa.Table, rows: pa.Array, forgotten: pa.Array, looked_for: ScanConfig | None
) -> pa.ChunkedArray:
    """What is shown of each row, made block by block: whole texts and their scans are larger than what is shown of them."""
    content, private = dataset.content(), private_values(dataset, findings)
    blocks = []
    for start in range(0, len(rows), PREVIEWS_AT_ONCE):
        block = rows.slice(start, PREVIEWS_AT_ONCE)
        texts = content.take(block)
        # Who asked to be forgotten is not shown.
        texts = pc.if_else(forgotten.slice(start, PREVIEWS_AT_ONCE), pa.scalar("", texts.type), texts)
        texts = private.hidden_in(block, texts)
        blocks.append(pa.array(masked_previews(texts, PREVIEW_WIDTH, looked_for), pa.string()))
    return pa.chunked_array(blocks, pa.string())


def rescan_key(detected: Detected, files: dict[str, str]) -> str:
    """What a second look depends on: the files it looks at, and the settings and versions of the stages that look."""
    keys = [outcome.key for name, outcome in detected.outcomes.items() if get_stage(name).looks_again]
    return xxhash.xxh3_128_hexdigest(orjson.dumps([sorted(files.items()), keys]))


def rescan(
    curated: Curated, recipe: Recipe, listener: Listener, execution: Execution = LOCAL
) -> dict[str, dict[str, Any]]:
    """Run the duplicate and privacy stages on the curated rows: what curation left, or made.

    Rows that become equal once their personal data is masked are counted here, not removed: a second removal would
    answer a question that nobody saw.
    """
    # A stage that only flags has left everything it found: looking again would say so a second time.
    names = [c.name for c in recipe.stages() if get_stage(c.name).looks_again and c.policy.on_finding != "flag"]
    if not curated.edits and "contamination" in names:  # what is left of rows as they were holds nothing new
        names.remove("contamination")
    if not names or len(curated.rows) == 0:
        return {}
    again = recipe.narrowed(*names)
    settings = {k: v for k, v in recipe.stage_settings.items() if k in names}
    if "near_duplicates" in names:  # how well it looks was measured on the raw rows
        settings["near_duplicates"] = {**settings.get("near_duplicates", {}), "measure": False}
    if "pii" in names:  # it only asks what is there; nothing is replaced again
        pii = {**settings.get("pii", {}), "operators": {}, "key_file": ""}
        if pii.get("names", "flag") == "flag":  # flags change nothing, so they would all be there again
            pii["names"] = "off"
        settings["pii"] = pii
    listener(Event("rescan", "start"))
    started = time.perf_counter()
    detected = detect(curated.dataset(), dataclasses.replace(again, stage_settings=settings), execution=execution)
    table = detected.resolve().table
    # Flags propose no change, and rows kept as survivors are not copies any more: neither is left over.
    open_ = pc.and_(
        pc.is_in(table["status"].cast(pa.string()), pa.array(["applied", "pending"])),
        pc.not_equal(table["action"].cast(pa.string()), "flag"),
    )
    remaining = table.filter(open_)
    remaining = remaining.filter(pa.array(~inside_replacements(remaining, curated)))
    left = pc.value_counts(remaining["stage"].cast(pa.string())).to_pylist()
    by_stage = {item["values"]: item["counts"] for item in left}
    if "pii" in names and curated.additions:
        by_stage["pii"] = by_stage.get("pii", 0) + _left_in_added(curated, again, settings["pii"], execution)
    out = {n: {"left": by_stage.get(n, 0)} for n in names if detected.outcomes[n].status != "skipped"}
    for name, n in _alike_once_edited(table, curated).items():
        out[name]["alike_once_edited"] = n
    total = sum(by_stage.values())
    listener(Event("rescan", "done", findings=total, seconds=round(time.perf_counter() - started, 3)))
    return out


def _left_in_added(curated: Curated, recipe: Recipe, pii: Mapping[str, Any], execution: Execution) -> int:
    """Personal data in rows that the plan added, but for what stands inside a replacement that they took over."""
    rows = np.arange(len(curated.additions))
    added = curated.raw.select(curated.parents).select(rows, {i: dict(new) for i, new in enumerate(curated.additions)})
    alone = dataclasses.replace(recipe.narrowed("pii"), stage_settings={"pii": dict(pii)})
    table = detect(added, alone, execution=execution).resolve().table
    found = table.filter(pc.equal(table["action"].cast(pa.string()), "replace"))
    return int(np.count_nonzero(~inside_replacements_of_added(found, curated)))


def _alike_once_edited(table: pa.Table, curated: Curated) -> dict[str, int]:
    """By stage, copies among the curated rows that an edit or a new label (of either row) made into copies."""
    edited = np.zeros(curated.raw.n_rows, bool)
    edited[list(curated.edits)] = True
    applied, drop = (pc.equal(table[c].cast(pa.string()), w) for c, w in (("status", "applied"), ("action", "drop")))
    mine = table.filter(pc.and_(pc.and_(applied, drop), pc.is_valid(table["witness_row"])))
    rows, witnesses = (curated.rows[mine[c].to_numpy()] for c in ("row", "witness_row"))
    made = mine.filter(pa.array(edited[rows] | edited[witnesses]))
    counted = pc.value_counts(made["stage"].cast(pa.string())).to_pylist()
    return {str(item["values"]): int(item["counts"]) for item in counted}
