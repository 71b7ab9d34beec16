"""Texts that a label judges together (premise and hypothesis, a question and an answer that is right or wrong), each alone.

Read as one, the longer of them hides that the others differ: five claims about one page are not copies of one another.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from curate.dataset import Dataset
from curate.dataset.column import Column
from curate.dataset.content import read_together
from curate.dataset.side_by_side import judged_together


def is_paired(dataset: Dataset) -> bool:
    """Whether a row's text is several texts that are judged together."""
    columns = dataset.roles.text
    return dataset.task in ("classification", "text") and len(columns) > 1 and judged_together(columns)


def paired_texts(dataset: Dataset) -> dict[str, pa.LargeStringArray]:
    """These texts by column, no nulls; empty where a row's text is one."""
    if not is_paired(dataset):
        return {}
    n = dataset.n_rows
    return {name: read_together([Column(dataset.values(name), dataset.is_json(name))], n) for name in dataset.roles.text}


def compared_parts(dataset: Dataset) -> dict[str, Any]:
    """What rows must be alike in, each for itself: prompt and answers, or texts that are judged together, of which the
    first counts as the prompt."""
    texts = paired_texts(dataset)
    return {"prompt" if not i else name: text for i, (name, text) in enumerate(texts.items())} or dataset.parts()
