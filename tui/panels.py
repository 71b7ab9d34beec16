"""The places of the interface: one panel a stage of the work, in the order of the rail. No widget in here.

A panel is a *mode* of the app (`App.MODES`), so it keeps a stack of screens of its own: leave it with a screen on top,
come back, and that screen is still on top.

How a place is added
--------------------
To add or change one:

1. Write a screen in a file of its own that derives from `tui.shell.PanelScreen` and takes no arguments. It gets the bar,
   the rail, the log line, the footer, undo, redo, write and the ways between panels; it writes

       def body(self) -> ComposeResult: ...       the widgets beside the rail
       def refresh_body(self) -> None: ...        draw again: a decision was taken, or the panel is come back to
       def first_focus(self) -> str: ...          selector of what has the focus first
       def can(self, action: str) -> bool: ...    whether a key does something now: else nothing names it

   and may use `self.desk` (session, reader, log, gate), `self.session`, `self.reader`, `self.home` (this app).
   Its docstring is its help; so is each binding's `tooltip`. Every binding has an `id`, by which the user can remap it;
   an id means one thing on every screen that has it. Sentences name a key by `tui.keymap.key(id)`.
2. Name it: as `Panel.screen` of a panel, or as a `View` of one: a screen that a key pushes on top of the panel, with
   Escape (`app.pop_screen`) to come back. Help, the footer, the palette and jump mode read these lists.

Rules: nothing blocks the event loop (`@work(thread=True, exit_on_error=False)` or `asyncio.to_thread`; what a worker
raises is shown by `tui.workers.ShowsErrors`, by `self.say_trouble(error, what)` for what the screen began by itself, or by
`self.home.failed(error, what)` for what a person asked of it); a change of decisions goes through
`self.desk` (`decide`, `reverse`, `write`), which saves first, logs the same command for a shell (`desk.say(said, command)`
for anything else), and makes every screen draw again; every string of the data goes through `reader.word`, `reader.label`
or `masked_preview`, and into widgets as `rich.text.Text`, never markup; what a colour says, a sign or a letter says too.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from curate.stages.base import Concern
from curate.stages.registry import concern_of

if TYPE_CHECKING:
    from textual.screen import Screen

    from curate.review.session import Session


@dataclass(frozen=True)
class View:
    """A screen that a key pushes on top of a panel; Escape comes back."""

    key: str
    name: str
    """One word, for the footer and the palette."""
    screen: str
    """`module:Class`, made without arguments."""
    says: str
    """One sentence: what it is for."""
    shown: bool = False
    """Whether the footer names it, where it has room; help, the palette and the panel itself always do."""
    fits: Callable[[Session, list[str]], bool] = lambda session, stages: True
    """Whether there is something to see in it, by the run and the panel's stages in its recipe; else nothing names it."""

    @property
    def action(self) -> str:
        """What its key does."""
        return f"app.view({self.screen!r})"

    @property
    def id(self) -> str:
        """The id of its key, for a person's own keymap."""
        return self.name.lower()


@dataclass(frozen=True)
class Panel:
    """One place on the rail."""

    mode: str
    title: str
    screen: str
    """`module:Class`, made without arguments: when the panel is first gone to, or earlier, while no key comes. So what it
    begins when it is made may run while another panel is looked at, and says what went wrong by `say_trouble`."""
    says: str
    """One sentence: what is done here."""
    concerns: tuple[Concern, ...] = ()
    """Findings of stages that are about one of these wait here."""
    views: tuple[View, ...] = ()

    def make(self) -> Screen[Any]:
        """Its first screen."""
        return make(self.screen, self.mode)


QUEUE = "tui.findings:FindingsScreen"
THRESHOLDS = ("near_duplicates", "label_issues")
"""Stages whose threshold can be moved."""


def _ran(session: Session, stages: Iterable[str]) -> bool:
    """Whether one of these stages looked at the data."""
    return any(session.detected.outcomes[stage].status != "skipped" for stage in stages)


def _found(session: Session, stages: Iterable[str]) -> bool:
    return any(session.total(stage) for stage in stages)


SCRUB = View("t", "Threshold", "tui.scrubber:ScrubberScreen", "Move the threshold: rows lost, groups, gate.", shown=True,
             fits=lambda session, stages: _found(session, set(stages) & set(THRESHOLDS)))  # fmt: skip
GROUPS = View("b", "Groups", "tui.fairness:FairnessScreen", "Each group against the others: intervals, outcomes.",
              shown=True, fits=lambda session, stages: _ran(session, stages) or bool(session.dataset.roles.group))
JUDGE = View("j", "Judge", "tui.judge:JudgeScreen", "Which answer is better? Two at a time, blind.", shown=True,
             fits=lambda session, stages: session.dataset.task != "classification")  # fmt: skip
CERTIFY = View("r", "Review", "tui.review:ReviewScreen", "Answer questions that certify how often a stage is right.",
               shown=True, fits=_found)  # fmt: skip
PANELS: tuple[Panel, ...] = (
    Panel("profile", "Profile", "tui.profile:ProfileScreen", "What the data is: rows, roles and why, labels, groups."),
    Panel(
        "duplicates", "Duplicates", QUEUE, "Rows that repeat another row, or leak between splits.",
        ("duplicate",), (SCRUB, CERTIFY),
    ),
    Panel(
        "labels", "Labels", QUEUE, "Likely wrong labels, and spellings of label names.",
        ("label",), (SCRUB, CERTIFY),
    ),
    Panel("pii", "PII", QUEUE, "Personal data and secrets, and what takes their place.", ("privacy", "erasure"),
          (CERTIFY,)),
    Panel(
        "quality", "Quality", QUEUE, "Texts that are bad to learn from.",
        ("quality", "other"), (CERTIFY,),
    ),
    Panel(
        "fairness", "Fairness", QUEUE, "How data and curation treat groups of people.",
        ("people",), (GROUPS, CERTIFY),
    ),
    Panel("train", "Train", "tui.training:TrainingScreen", "Train on raw and on curated data, and watch."),
    Panel("ablation", "Ablation", "tui.ablation:AblationScreen", "Does curation help? Arms, intervals, the verdict.",
          views=(JUDGE,)),
    Panel("report", "Report", "tui.report:ReportScreen", "The gate, what is written, and where."),
)  # fmt: skip


def panel(mode: str) -> Panel:
    """The panel of a mode; the first one for a mode that is none."""
    return next((p for p in PANELS if p.mode == mode), PANELS[0])


def panel_of(stage: str) -> Panel:
    """Where the findings of a stage wait."""
    about = concern_of(stage)
    return next(p for p in PANELS if about in p.concerns)


def stages_of(mode: str, stages: list[str]) -> list[str]:
    """Of a recipe's stages, those whose findings wait in a panel."""
    return [name for name in stages if panel_of(name).mode == mode]


def first_mode(session: Session) -> str:
    """The panel to begin on: where something waits; else where something was found; else the profile."""
    for wanted in (("pending", "stale"), ("applied", "rejected", "superseded")):
        for stage in session.stages:
            if any(session.counts(stage)[status] for status in wanted):
                return panel_of(stage).mode
    return PANELS[0].mode


def make(screen: str, mode: str) -> Screen[Any]:
    """A screen from `module:Class`, told which mode it belongs to; its module loads now, if not before."""
    module, _, name = screen.partition(":")
    made: Screen[Any] = getattr(importlib.import_module(module), name)()
    made.mode = mode  # type: ignore[attr-defined]
    # The sheet of styles is that of now. Left alone, Textual takes a screen that was never drawn for one that missed a
    # change of theme, and parses every style twice before the first look at it.
    made._css_update_count = made.app._css_update_count
    return made


def load_screens() -> None:
    """Import the modules of all panels and views, so that going to one for the first time costs what coming back does."""
    for place in PANELS:
        for screen in (place.screen, *(view.screen for view in place.views)):
            importlib.import_module(screen.partition(":")[0])
