"""Curate: find what is wrong with fine-tuning data, mend it with a reason on record, say whether it helped.

    import curate

    data = curate.load("tickets.jsonl")
    found = curate.detect(data)            # every stage, on the raw rows
    plan = found.resolve()                 # what happens to each finding, and why
    clean = curate.apply(data, plan)       # the only step that makes data
    clean.write("tickets.clean.jsonl")

    curate.run("tickets.jsonl")            # all of it, into a run directory, with training and a verdict

Importing this package costs next to nothing: each name loads its module when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from curate.dataset import Dataset as Dataset
    from curate.dataset import Roles as Roles
    from curate.dataset import load as load
    from curate.errors import CurateError as CurateError
    from curate.interop import to_datasets as to_datasets
    from curate.interop import to_pandas as to_pandas
    from curate.interop import to_polars as to_polars
    from curate.ledger.apply import Curated as Curated
    from curate.ledger.apply import apply as apply
    from curate.ledger.plan import Plan as Plan
    from curate.ledger.resolve import Policy as Policy
    from curate.ledger.resolve import resolve as resolve
    from curate.pipeline import Detected as Detected
    from curate.pipeline import detect as detect
    from curate.recipe import Recipe as Recipe
    from curate.rundir import RunDir as RunDir
    from curate.workflow import run as run

_WHERE = {
    "Curated": "curate.ledger.apply",
    "CurateError": "curate.errors",
    "Dataset": "curate.dataset",
    "Detected": "curate.pipeline",
    "Plan": "curate.ledger.plan",
    "Policy": "curate.ledger.resolve",
    "Recipe": "curate.recipe",
    "Roles": "curate.dataset",
    "RunDir": "curate.rundir",
    "apply": "curate.ledger.apply",
    "detect": "curate.pipeline",
    "load": "curate.dataset",
    "resolve": "curate.ledger.resolve",
    "run": "curate.workflow",
    "to_datasets": "curate.interop",
    "to_pandas": "curate.interop",
    "to_polars": "curate.interop",
}

__all__ = [  # noqa: RUF022 - in the order in which they are used
    "load", "Dataset", "Roles", "Recipe", "detect", "Detected", "resolve", "Policy", "Plan", "apply", "Curated",
    "run", "RunDir", "to_polars", "to_pandas", "to_datasets", "CurateError",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        import importlib

        value = getattr(importlib.import_module(_WHERE[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'curate' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_WHERE})
