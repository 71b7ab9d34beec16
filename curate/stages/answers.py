"""What the near-duplicates stage says about prompts and answers, each on its own: flags, never a drop.

`conflicting_answer` (sft, chat): another row of the split answers the same prompt, or nearly the same, differently.
`conflicting_preference`: another row prefers the answer that this one rejects for the same prompt.
`other_facts`: an evaluation row says nearly the same, but with another figure or a "not" more.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curate.dataset import Dataset
from curate.ledger.findings import empty_findings, make_findings
from curate.similarity.answers import conflicting_answers, contradictions
from curate.similarity.clusters import clusters
from curate.similarity.exact import exact_groups
from curate.similarity.facts import differ_in_fact
from curate.similarity.near import Edges, NearConfig
from curate.similarity.pairs import similarity_of_pairs
from curate.similarity.partners import Ints, Partners
from curate.stages.asked_apart import LIMIT, alike_in_the_rest, short
from curate.stages.base import Context
from curate.stages.paired import compared_parts
from curate.stages.setting import setting_of

REASONS = {
    "conflicting_answer": "another row of the same split gives a different answer to the same or nearly the same prompt",
    "conflicting_preference": "another row of the same split prefers the answer that this one rejects",
    "other_facts": "an evaluation row says nearly the same with another figure or a negation more",
}


def part_similarity(dataset: Dataset, edges: Edges, engine: NearConfig, threads: int) -> tuple[Any, Any]:
    """(float32: how alike the least similar parts of each pair are, 1 for tasks without parts, of prompts that ask
    something else about one passage the rests; bool: pairs of which two prompts or answers differ in fact, however alike
    they are)."""
    least, apart = np.ones(len(edges), np.float32), np.zeros(len(edges), np.bool_)
    parts = compared_parts(dataset)
    for name, texts in parts.items():
        alike = similarity_of_pairs(
            texts, edges.a, edges.b, words=engine.words, template_share=engine.template_share, seed=engine.seed,
            unit=engine.unit, threads=threads,
        )
        other = np.flatnonzero(alike < 1)
        apart[other] |= differ_in_fact(texts, edges.a[other], edges.b[other], asked=name == "prompt")
        least = np.minimum(least, alike)
        if name == "prompt" and "response" in parts:
            other = other[short(parts["response"], edges.a[other], edges.b[other])]
            rest = alike_in_the_rest(texts, edges.a[other], edges.b[other])
            least[other] = np.where(rest < LIMIT, np.minimum(least[other], rest), least[other])
    return least, apart


def fact_findings(
    stage: str, dataset: Dataset, edges: Edges, first: Ints, told: pa.Table, split: Any
) -> pa.Table:
    """Flags on rows that an evaluation row nearly repeats but for the facts: `edges` between the `first` rows of contents.
    Rows of which `told` says that they are copies get none."""
    if not len(edges) or not dataset.roles.split:
        return empty_findings()
    order = np.argsort(first, kind="stable")
    ends, other = np.concatenate([edges.a, edges.b]), np.concatenate([edges.b, edges.a])
    start, stop = (np.searchsorted(first[order], ends, side) for side in ("left", "right"))
    many = stop - start
    which = np.repeat(np.arange(len(ends)), many)
    asking = order[np.arange(len(which)) - np.repeat(np.cumsum(many) - many, many) + start[which]]
    none = np.broadcast_to(np.int32(-1), len(first))
    partners = Partners(first.astype(np.int64), split, none)
    witness, score = partners.evaluation(asking, other[which]), np.concatenate([edges.score, edges.score])[which]
    seen = told.filter(pc.equal(told["action"], "drop"))["row"].to_numpy()
    has = np.flatnonzero((witness >= 0) & ~np.isin(asking, seen))
    has = has[np.lexsort((witness[has], -score[has], asking[has]))]
    rows, at = np.unique(asking[has], return_index=True)
    best = has[at]
    return make_findings(
        stage,
        dataset.row_ids,
        row=rows,
        rule="other_facts",
        action="flag",
        score=score[best],
        reason=REASONS["other_facts"],
        witness_row=witness[best],
    )


def answer_classes(dataset: Dataset, context: Context) -> Any:
    """int64: rows whose answers are the same share a number; all rows that answer like no other share one too.

    Where very many rows share a long prompt, not all pairs are compared, and rows that answer alike must meet.
    """
    classes = np.zeros(dataset.n_rows, np.int64)
    for name, texts in compared_parts(dataset).items():
        if name != "prompt":
            same = exact_groups(texts, threads=context.threads)
            _, numbers = np.unique(classes * (dataset.n_rows + 1) + same + 1, return_inverse=True)
            classes = numbers.reshape(-1).astype(np.int64)
    return classes


def answer_findings(
    stage: str, dataset: Dataset, engine: NearConfig, alike_answers: float, split: Any, context: Context
) -> pa.Table:
    """Flags on rows whose prompt another row answers differently (less alike than `alike_answers`) under one setting."""
    parts = dataset.parts()
    if dataset.task == "preference":
        return _preferences(stage, dataset, parts, split, context)
    if dataset.task not in ("sft", "chat"):
        return empty_findings()
    prompt, response = parts["prompt"], parts["response"]
    prompts = _classes(prompt, context)
    edges = _edges(prompt, np.flatnonzero(prompts == np.arange(len(prompts))), engine, context)
    one = ~differ_in_fact(prompt, edges.a, edges.b, asked=True)  # another figure asks for another answer
    one &= alike_in_the_rest(prompt, edges.a, edges.b) >= LIMIT  # and so does another question about the same page
    edges = Edges(edges.n_rows, edges.a[one], edges.b[one], edges.score[one], weighted=edges.weighted[one])
    shared = np.bincount(prompts, minlength=len(prompts)) > 1
    shared[edges.a], shared[edges.b] = True, True
    involved = np.flatnonzero(shared[prompts])  # only their answers are compared
    answers = np.arange(len(prompts))
    answers[involved] = involved[_classes(response.take(pa.array(involved)), context)]
    distinct = involved[answers[involved] == involved]
    loose = dataclasses.replace(engine, floor=alike_answers, threshold=alike_answers, weighted_threshold=None)
    near = _edges(response, distinct, loose, context)
    agree = ~differ_in_fact(response, near.a, near.b)
    answers = clusters(len(prompts), near.a[agree], near.b[agree])[answers]
    setting = setting_of(dataset, context.threads)
    row_witness, alike = conflicting_answers(prompts, edges, answers, split, _blank(prompt), setting)
    rows = np.flatnonzero(row_witness >= 0)
    witness, alike = row_witness[rows], alike[rows]
    same = similarity_of_pairs(
        response, rows, witness, words=engine.words, template_share=engine.template_share, seed=engine.seed,
        unit=engine.unit, threads=context.threads,
    )
    differ = (same < np.float32(alike_answers)) | differ_in_fact(response, rows, witness)
    rows, witness, alike, same = rows[differ], witness[differ], alike[differ], same[differ]
    numbers = zip(alike.tolist(), same.tolist(), np.bincount(prompts)[prompts[rows]].tolist(), strict=True)
    return make_findings(
        stage,
        dataset.row_ids,
        row=rows,
        rule="conflicting_answer",
        action="flag",
        score=alike,
        reason=REASONS["conflicting_answer"],
        witness_row=witness,
        evidence=[
            f'{{"prompt_jaccard":{p:.4f},"response_jaccard":{r:.4f},"rows_with_this_prompt":{k}}}' for p, r, k in numbers
        ],
    )


def _preferences(
    stage: str, dataset: Dataset, parts: dict[str, pa.LargeStringArray], split: Any, context: Context
) -> pa.Table:
    n = dataset.n_rows
    both = _classes(pa.concat_arrays([parts["response"], parts["rejected"]]), context)
    setting = setting_of(dataset, context.threads)
    witness = contradictions(_classes(parts["prompt"], context), both[:n], both[n:], split, setting)
    rows = np.flatnonzero(witness >= 0)
    return make_findings(
        stage,
        dataset.row_ids,
        row=rows,
        rule="conflicting_preference",
        action="flag",
        score=1.0,
        reason=REASONS["conflicting_preference"],
        witness_row=witness[rows],
    )


def _classes(texts: pa.LargeStringArray, context: Context) -> Ints:
    """The first row that holds each text."""
    group = exact_groups(texts, threads=context.threads)
    return np.where(group >= 0, group, np.arange(len(group))).astype(np.int64)


def _edges(texts: pa.LargeStringArray, rows: Ints, engine: NearConfig, context: Context) -> Edges:
    """Edges at the threshold between some rows' texts, by row."""
    context.check_cancelled()
    tight = dataclasses.replace(engine, floor=min(engine.threshold, engine.weighted_threshold or 1.0))
    found = context.execution.near_duplicate_edges(texts.take(pa.array(rows)), tight, threads=context.threads)
    found = found.at(engine.threshold, engine.weighted_threshold)
    return Edges(len(texts), rows[found.a], rows[found.b], found.score, weighted=found.weighted)


def _blank(texts: pa.LargeStringArray) -> Any:
    return pc.equal(pc.binary_length(pc.utf8_trim_whitespace(texts)), 0).to_numpy(zero_copy_only=False)
