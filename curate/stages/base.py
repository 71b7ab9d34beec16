"""What a stage is: a name, a configuration, and a function from a dataset to findings.

A stage never changes data and never sees another stage's work, except *hints*: row-aligned arrays that an engine
computed on the way (duplicate clusters, canonical label names), which may sharpen a stage but not be required by it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa

from curate.dataset import Dataset
from curate.errors import Cancelled

if TYPE_CHECKING:
    from curate.execution import Execution
    from curate.stages.known_rows import Known

OnFinding = Literal["apply", "review", "flag"]
Concern = Literal["label", "privacy", "duplicate", "quality", "people", "erasure", "other"]
"""What a stage is about: labels, personal data, copies and leaks, texts, groups of people, who asked to be forgotten."""


def _no_progress(done: int, total: int) -> None:
    return None


def _never() -> bool:
    return False


def _nothing_else(config: Any) -> Mapping[str, str]:
    return {}


def _this_process() -> Execution:
    from curate.execution import LOCAL  # compiled code: not for those who only look at what stages there are

    return LOCAL


@dataclass
class Context:
    """What a stage may use besides its rows and its configuration."""

    seed: int = 0
    threads: int = 1
    hints: Mapping[str, Any] = field(default_factory=dict)
    """Row-aligned arrays by `<stage>.<hint>`; a hint is absent when its stage did not run."""
    progress: Callable[[int, int], None] = _no_progress
    cancelled: Callable[[], bool] = _never
    execution: Execution = field(default_factory=_this_process)
    """Where costly parts run; results do not depend on it."""
    known: Known | None = None
    """What an earlier look at most of these rows has kept for this stage; results do not depend on it."""

    def check_cancelled(self) -> None:
        """Raise `Cancelled` when the user asked to stop; call it between units of work."""
        if self.cancelled():
            raise Cancelled("stopped between two steps of a stage")


@dataclass
class Detection:
    """What a stage says about a dataset."""

    findings: pa.Table
    scores: pa.Table | None = None
    """One score a row for all rows, or the verified edges of a duplicates stage."""
    hints: Mapping[str, Any] = field(default_factory=dict)
    """Row-aligned arrays for stages that run later."""
    summary: Mapping[str, Any] = field(default_factory=dict)
    """JSON numbers for the manifest and the report."""


@dataclass(frozen=True)
class Stage:
    """One detector. `version` is part of the cache key: raise it when results change."""

    name: str
    title: str
    version: int
    config: type[Any]
    detect: Callable[[Dataset, Any, Context], Detection]
    on_finding: OnFinding
    uses: tuple[str, ...] = ()
    """Names of stages whose hints it reads; they run first when they run at all."""
    depends_on: Callable[[Any], Mapping[str, str]] = _nothing_else
    """Hashes of what else its result depends on, given its settings: files that they name. Part of the cache key."""
    keeps_rows: bool = False
    """Whether it can leave what it found of each row to a later look (`Context.known`)."""
    optional: bool = False
    """Whether nothing to do is an ordinary outcome: skipped beside other stages, it leaves no question open."""
    concern: Concern = "other"
    """Where its findings wait for a decision, and of which kind of error they are in a review of rows. What a stage
    concerned with privacy would replace is masked in reports, its edits go before others', and its replacements are shown
    as they are written: they must hold nothing of what they replace. Rows that go for erasure are never shown."""
    suspects: Literal["high", "low"] | None = None
    """Where it scores every row: at which end of the scale rows without a finding nearly had one."""
    looks_again: bool = False
    """Whether it looks at the curated rows too, for what curation left or made."""
