"""What a watchdog is shown, and what it says.

Numbers go to `numbers`, never into the sentences; rows are named by their number in the input, findings by the names of
their rules. Nothing here can hold text of the data.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Protocol

KINDS: dict[str, tuple[str, str]] = {
    "loss_spike": (
        "The loss jumped far above its recent level.",
        "Look at the rows named here, hardest first: wrong labels, broken text and foreign content are the usual causes. "
        "If they are sound, lower learning_rate or max_gradient_norm.",
    ),
    "not_finite": (
        "The loss or the gradient is no longer a number, so training stopped.",
        "Lower learning_rate, keep max_gradient_norm above 0, use dtype = 'float32', and look at the rows named here.",
    ),
    "exploding_gradients": (
        "The gradient is many times its usual size.",
        "Lower learning_rate, lengthen warmup_fraction or lower max_gradient_norm; look at the rows named here.",
    ),
    "vanishing_gradients": (
        "Almost no gradient reaches the adapter, while the loss is still high.",
        "Raise learning_rate or lora_alpha, check that target_modules names layers that matter, and use "
        "dtype = 'float32'.",
    ),
    "overfitting": (
        "The loss on validation rows rises while the loss on training rows falls: the model learns rows by heart.",
        "Set early_stopping_patience_evaluations to keep the best adapter, train fewer steps, raise lora_dropout or "
        "weight_decay, lower lora_rank, or add rows.",
    ),
    "generalisation_gap": (
        "The loss on validation rows is far above that on training rows.",
        "Check that training and validation rows are of one kind; else add rows, raise lora_dropout or lower lora_rank.",
    ),
    "underfitting": (
        "The losses ended close to what a model without any learning has: little was learned.",
        "Raise learning_rate, steps or lora_rank, check the labels and the masks (`curate train --inspect`), or choose a "
        "base that knows the language of the data.",
    ),
    "forgetting": (
        "The model lost general language that its base had: the bundled probe costs it clearly more nats a token.",
        "Mix general rows in (replay, or replay = 'self'), set base_kl, lower learning_rate or steps, or choose a method "
        "that changes less (ia3, layernorm); judge by what you use the model for.",
    ),
    "throughput_collapse": (
        "Training runs at a fraction of its earlier speed.",
        "See what else uses the machine (other programs, swap, heat). A run stopped with Ctrl-C goes on from its last "
        "checkpoint.",
    ),
    "few_rows": (
        "There are too few training rows for a model to learn from and for anybody to see what it learned.",
        "Collect more rows. Until then keep steps low and trust only intervals, not single numbers.",
    ),
    "few_rows_per_class": (
        "Some classes have too few training rows to be learned.",
        "Collect more rows of these classes, merge them into others, or leave them out; class_weights or focal_gamma "
        "help only where the few rows are varied.",
    ),
    "imbalance": (
        "The largest class has many times the rows of the smallest.",
        "Set class_weights = 'effective_number' or focal_gamma, and judge by macro F1 and by each class, not by accuracy.",
    ),
    "classes_unseen": (
        "Some classes of the evaluation have no training row, so they can never be predicted.",
        "Add training rows of these classes, or take them out of the evaluation.",
    ),
    "no_validation": (
        "No validation rows are looked at while training, so overfitting cannot be seen.",
        "Give validation rows, or keep validation_fraction above 0.",
    ),
    "no_evaluation": (
        "Nothing judges the finished model: no evaluation rows were given.",
        "Hold out rows that resemble real use, and name a file of real cases as real_world.",
    ),
    "untrained_tokens": (
        "The base has hardly learned tokens that the rows use: their embeddings are as they were made.",
        "An adapter leaves embeddings alone, so the model will not tell these tokens apart: take the base that knows its "
        "chat template (as a rule the one called instruct), set chat_template = 'plain', or method = 'full'.",
    ),
    "left_out": (
        "Some matrices of the base get no adapter, though all linear layers were asked for: peft cannot reach them.",
        "They stay as the base has them. Name the layers you want in target_modules to learn in the others alone, or take "
        "method = 'full' if too little is learned.",
    ),
    "evaluation_seen": (
        "Some rows that judge the model stand in the training data with the same content.",
        "Split by near-duplicate clusters (`curate run` does) or take these rows out of training.",
    ),
}
"""Every kind of alert: what was seen, and what to do about it."""

WARNING, NOTE, FATAL = "warning", "note", "fatal"
NOTES = frozenset({"imbalance"})


@dataclass(frozen=True)
class Alert:
    """One thing that went wrong."""

    kind: str
    """A key of `KINDS`."""
    step: int
    """Optimiser step; 0 before training."""
    numbers: Mapping[str, float | int | None] = field(default_factory=dict)
    """What it was seen by."""
    rows: tuple[int, ...] = ()
    """Numbers of the input rows concerned, the most telling first."""
    findings: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    """For those of `rows` that the stages found something in: the names of the rules."""
    names: tuple[str, ...] = ()
    """Classes concerned, under the names that files may show."""
    quiet: bool = False
    """Whether it is only written down, as the kinds in `NOTES` are."""

    @property
    def severity(self) -> str:
        """`fatal` stops training; `warning` is told at once; `note` is written down."""
        if self.kind == "not_finite":
            return FATAL
        return NOTE if self.quiet or self.kind in NOTES else WARNING

    @property
    def words(self) -> str:
        """What was seen, as a plain sentence."""
        return KINDS[self.kind][0]

    @property
    def recommendation(self) -> str:
        """What to do about it."""
        return KINDS[self.kind][1]

    def to_json(self) -> dict[str, Any]:
        """As it stands in `metrics.jsonl`, in `done.json` and on the standard input of a user's command."""
        out: dict[str, Any] = {"kind": self.kind, "severity": self.severity, "step": self.step, "words": self.words}
        out |= {"recommendation": self.recommendation, "numbers": {k: _plain(v) for k, v in self.numbers.items()}}
        if self.rows:
            out["row_ids"] = list(self.rows)
        if self.findings:
            out["findings"] = {str(row): list(rules) for row, rules in self.findings.items()}
        if self.names:
            out["names"] = list(self.names)
        return out


def _plain(value: float | int | None) -> float | int | None:
    if value is None or isinstance(value, int):
        return value
    return float(f"{value:.6g}") if math.isfinite(value) else None


@dataclass(frozen=True)
class Facts:
    """What is known before the first step."""

    task: str
    rows: int
    steps: int
    batch_rows: int
    class_rows: Mapping[str, int] = field(default_factory=dict)
    """Training rows of each class, under the names that files may show; empty for generation."""
    chance_nats: float | None = None
    """Loss of always answering with the training frequencies, the entropy of the classes; None for generation."""
    validation_rows: int = 0
    evaluation_rows: int = 0
    unseen_classes: tuple[str, ...] = ()
    """Classes of the evaluation without a training row."""
    repeated_rows: tuple[int, ...] = ()
    """Validation and evaluation rows whose content stands in the training rows."""
    repeated_real_cases: int = 0
    """Rows of the real-world set of which the same is true; their numbers are of another file."""
    untrained_tokens: tuple[str, ...] = ()
    """Special tokens in the rows whose embeddings nothing has trained, and nothing will."""
    left_out: tuple[str, ...] = ()
    """Matrices of the base that should get adapters and do not."""


@dataclass(frozen=True)
class Step:
    """What one logged step measured."""

    step: int
    loss: float
    grad_norm: float | None = None
    tokens_per_s: float | None = None
    rows: tuple[int, ...] = ()


@dataclass(frozen=True)
class Validated:
    """What one evaluation while training measured."""

    step: int
    loss: float
    rise: float | None = None
    """Mean rise of the rows' losses since the best evaluation, row by row; None at the first."""
    rise_se: float | None = None
    """Standard error of `rise`."""


@dataclass(frozen=True)
class Probed:
    """What the probe of general language said at the end."""

    step: int
    before: float
    after: float
    low: float
    """Lower end of the interval of the rise, in nats a token."""
    matters: float
    """The rise from which on there is something to say."""


@dataclass(frozen=True)
class Finished:
    """The end of a run."""

    step: int


Event = Facts | Step | Validated | Probed | Finished


class Watchdog(Protocol):
    """Looks at one kind of trouble."""

    def see(self, event: Event) -> Sequence[Alert]:
        """What there is to say about an event."""
        ...


def robust_z(value: float, before: Sequence[float], least_scale: float) -> float:
    """(value - median) / (1.4826 x median absolute deviation), the scale being at least `least_scale`.

    The factor makes the deviation that of a normal distribution (Rousseeuw and Croux, 1993); unlike mean and standard
    deviation, neither half is moved by the outliers that are looked for, up to half of the window.
    """
    middle = median(before)
    scale = max(1.4826 * median(abs(known - middle) for known in before), least_scale)
    return (value - middle) / scale if scale > 0 else 0.0
