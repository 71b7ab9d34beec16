"""The evidence of one finding as text. Everything from the data is plain text: no markup is ever read from it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from curate.safetext import UNSPACED
from curate.stages.registry import concern_of
from curate.words import measure
from tui.evidence import Evidence, Side
from tui.keymap import key
from tui.words import FLAG, MEANING, NOTES, STYLE, in_capitals, said_of, stage_title

_WORDS = re.compile(rf"[{UNSPACED}] ?|[^ {UNSPACED}]+ ?")
MOST_WORDS = 600
"""Words compared in a diff; comparing takes time in the square of this for texts made to be slow."""
BAR = 16


def render(
    evidence: Evidence, effects: Sequence[str] = (), of_rule: Sequence[str] = (), *, chosen_by_number: bool = True
) -> RenderableType:
    """What is proposed, why, on what grounds, whom it falls on, and what has been decided; `chosen_by_number`: whether the
    screen has the keys 1 to 9."""
    notes = evidence.action == "flag"
    meaning = MEANING[evidence.status] if evidence.status in ("pending", "stale") else evidence.why
    meaning = NOTES.get(evidence.status, meaning) if notes else meaning
    state = Text.assemble((said_of(evidence.status, notes), STYLE[evidence.status]), f"  {meaning}")
    if evidence.flagged:
        state.append(f" {FLAG.strip()} flagged for another look", "bold")
    facts: dict[str, str | Text] = {"why": evidence.reason, "state": state, "effect": "; ".join(effects) or "…"}
    parts: list[RenderableType] = [headline(evidence), _facts(facts)]
    if evidence.revealed:
        hides = f"{key('reveal')} hides it, and so does moving on"
        parts.insert(0, Text(f"! personal data is shown as it stands; {hides}", "bold reverse"))
    parts += _texts(evidence)
    if evidence.beside:
        parts += [Text(""), _facts(evidence.beside)]
    if len(evidence.members) > 1:
        who = "who stays: 1 to 9 choose the survivor" if chosen_by_number else "who stays"
        parts += [_heading(who), _members(evidence)]
    if evidence.top:
        expects = "what a model expects that never saw this row"
        parts += [_heading(f"{expects}: 1 to 9 choose" if chosen_by_number else expects), _probabilities(evidence)]
    if evidence.neighbours:
        parts += [_heading("rows most like it"), _neighbours(evidence)]
    if of_rule:
        parts += [_heading("all findings of this rule, were they applied"), *(Text(line) for line in of_rule)]
    if evidence.numbers:
        parts += [_heading("numbers"), _facts({k.replace("_", " "): _plain(v) for k, v in evidence.numbers.items()})]
    if evidence.decisions:
        parts += [_heading("decisions"), *(Text(line) for line in evidence.decisions)]
    foot = f"{stage_title(evidence.stage)} · rule {evidence.rule} · finding {evidence.finding_id[:16]}"
    return Group(*parts, Text(""), Text(foot, style="dim"))


def choices(evidence: Evidence) -> tuple[str, ...]:
    """The labels that keys 1 to 9 stand for, as they are shown."""
    return tuple(name for name, _ in evidence.top[:9])


def headline(evidence: Evidence) -> Text:
    """The proposal as a sentence."""
    row = "" if evidence.side is None else f"row {evidence.side.row}"
    place = f" ({evidence.place})" if evidence.place else ""
    put = (evidence.span[2] or "nothing") if evidence.span else "another text"
    said = {
        "drop": f"Remove {row}",
        "relabel": f"Change the label of {row} from {evidence.given} to {evidence.suggested}",
        "replace": f"Put {put} in place of {_kind(evidence)} in {row}{place}",
        "reweight": f"Give {row} another weight",
        "add": f"Add a row made from {row}",
        "flag": f"Look at {row}" if row else f"About the dataset: {evidence.proposal}",
    }
    return Text(said.get(evidence.action, evidence.action), style="bold")


def _kind(evidence: Evidence) -> str:
    private = concern_of(evidence.stage) == "privacy"
    return f"the {in_capitals(evidence.kind)}" if private and evidence.kind else "what stands"


def _texts(evidence: Evidence) -> Iterator[RenderableType]:
    side, witness = evidence.side, evidence.witness
    if side is None:
        return
    if evidence.span is not None:
        before, stood, put, after = evidence.span
        yield _heading(_fate(side))
        marks = [(stood, "bold strike"), (" → ", "")] if stood else []
        kind = [(f"⟨{in_capitals(evidence.kind)}⟩", "italic")] if concern_of(evidence.stage) == "privacy" else []
        yield Text.assemble(before, *marks, (put or "(nothing)", "bold reverse"), *kind, after)
    elif witness is not None:
        here, there = word_diff(side.text, witness.text)
        same = side.text == witness.text
        yield _facts({"texts ": "the same" if same else "nearly the same; words that differ are underlined"})
        yield _heading(_fate(side))
        yield here
        yield _heading(_fate(witness))
        yield there
    else:
        if evidence.about not in ("", side.text):
            yield _heading(evidence.place)
            yield Text(evidence.about)
        yield _heading(_fate(side))
        yield Text(side.text)


def _fate(side: Side) -> str:
    return f"row {side.row}, {'leaves' if side.leaves else 'stays'}"


def _probabilities(evidence: Evidence) -> Table:
    table = Table.grid(padding=(0, 2))
    for place, (name, p) in enumerate(evidence.top, 1):
        note = {evidence.given: "given", evidence.suggested: "proposed"}.get(name, "")
        full = round(BAR * max(0.0, min(1.0, p)))
        number_key = Text(str(place) if place < 10 else "", "bold")
        bar = Text("█" * full + "░" * (BAR - full))
        table.add_row(number_key, Text(name), bar, Text(f"{p:.3f}"), Text(note, style="italic"))
    return table


def _members(evidence: Evidence) -> Table:
    table = Table.grid(padding=(0, 2), expand=True)
    for _ in range(3):
        table.add_column(no_wrap=True)
    table.add_column(overflow="ellipsis", no_wrap=True, ratio=1)
    for place, m in enumerate(evidence.members, 1):
        table.add_row(Text(str(place), "bold"), Text(f"row {m.row}"), Text("leaves" if m.leaves else "stays"), Text(m.text))
    return table


def _neighbours(evidence: Evidence) -> Table:
    table = Table.grid(padding=(0, 2), expand=True)
    rows = [(f"row {n.row}", f"{n.similarity:.2f}", n.label, n.text) for n in evidence.neighbours]
    for cells in list(zip(*rows))[:3]:
        table.add_column(no_wrap=True, min_width=min(28, max(len(cell) for cell in cells)))
    table.add_column(overflow="ellipsis", no_wrap=True, ratio=1)
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def _facts(facts: Mapping[str, str | Text]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts.items():
        table.add_row(Text(name), value if isinstance(value, Text) else Text(value))
    return table


def _heading(text: str) -> RenderableType:
    return Padding(Rule(Text(text, style="dim"), align="left", characters="─", style="dim"), (1, 0, 0, 0))


def word_diff(one: str, two: str) -> tuple[Text, Text]:
    """Both texts with the words that differ underlined, so that a difference does not rest on colour."""
    a, b = (_WORDS.findall(" ".join(text.split()) + " ") for text in (one, two))
    c, d = ([word.rstrip() for word in words[:MOST_WORDS]] for words in (a, b))
    left, right = Text(), Text()
    for kind, i, j, k, m in difflib.SequenceMatcher(a=c, b=d, autojunk=False).get_opcodes():
        style = "" if kind == "equal" else "bold underline"
        for side, words in ((left, a[i:j]), (right, b[k:m])):
            said = "".join(words)
            side.append(said.rstrip(), style).append(" " if said.endswith(" ") else "")
    return left.append("".join(a[MOST_WORDS:]).rstrip()), right.append("".join(b[MOST_WORDS:]).rstrip())


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{k} {_plain(v)}" for k, v in value.items())
    if isinstance(value, list):
        return ", ".join(_plain(v) for v in value)
    return measure(value)
