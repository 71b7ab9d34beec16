"""The evidence of one finding as text. Everything from the data is plain text: no markup is ever read from it."""

from __future__ import annotations

import difflib

from rich.console import Group, RenderableType
from rich.text import Text

from tui.session import Evidence


def render(evidence: Evidence) -> RenderableType:
    """What is proposed, why, on what grounds, and what has been decided."""
    parts: list[RenderableType] = [
        Text(evidence.head, style="bold"),
        Text(evidence.reason),
        Text(f"{evidence.status}: {evidence.why}", style="italic"),
        Text(""),
    ]
    if evidence.label:
        parts.append(Text(f"label now: {evidence.label}   proposed: {evidence.suggestion}", style="bold"))
    if evidence.span is not None:
        before, put, after = evidence.span
        parts.append(Text.assemble(before, (put or "(nothing)", "bold reverse"), after))
    elif evidence.witness_row is not None:
        here, there = word_diff(evidence.text, evidence.witness_text)
        parts += [Text.assemble((f"row {evidence.row}: ", "bold"), here), Text("")]
        parts.append(Text.assemble((f"row {evidence.witness_row}: ", "bold"), there))
    elif evidence.row is not None:
        parts.append(Text.assemble((f"row {evidence.row}: ", "bold"), evidence.text))
    if evidence.numbers:
        parts += [Text(""), *(Text(f"{key}: {_plain(value)}") for key, value in evidence.numbers.items())]
    if evidence.decisions:
        parts += [Text(""), *(Text(line, style="italic") for line in evidence.decisions)]
    return Group(*parts)


def word_diff(one: str, two: str) -> tuple[Text, Text]:
    """Both texts with the words that differ marked: underlined here, so that it does not rest on colour."""
    a, b = one.split(), two.split()
    left, right = Text(), Text()
    for kind, i, j, k, m in difflib.SequenceMatcher(a=a, b=b, autojunk=False).get_opcodes():
        style = "" if kind == "equal" else "bold underline"
        left.append(" ".join(a[i:j]), style).append(" " if j > i else "")
        right.append(" ".join(b[k:m]), style).append(" " if m > k else "")
    return left, right


def _plain(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, dict):
        return ", ".join(f"{k} {_plain(v)}" for k, v in value.items())
    if isinstance(value, list):
        return ", ".join(_plain(v) for v in value)
    return str(value)
