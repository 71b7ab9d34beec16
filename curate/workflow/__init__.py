"""A whole recipe, from the raw file to the report: what every face of the program calls."""

from curate.workflow.inputs import (
    as_recipe,
    default_out,
    input_path,
    read_decisions,
    read_input,
    same_input,
    same_version,
)
from curate.workflow.proof import TrainListener, prove, trainer_present
from curate.workflow.reopening import reopen
from curate.workflow.reports import build_report, built_report, load_ablation, refresh_report, rewrite_report
from curate.workflow.result import RunResult
from curate.workflow.running import detect_into, journal_hash, plan_record, reapply, run, train_run

__all__ = [
    "RunResult",
    "TrainListener",
    "as_recipe",
    "build_report",
    "built_report",
    "default_out",
    "detect_into",
    "input_path",
    "journal_hash",
    "load_ablation",
    "plan_record",
    "prove",
    "read_decisions",
    "read_input",
    "reapply",
    "refresh_report",
    "reopen",
    "rewrite_report",
    "run",
    "same_input",
    "same_version",
    "train_run",
    "trainer_present",
]
