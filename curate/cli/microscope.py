"""The token-mask microscope on a terminal: colours where there are any, brackets always."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

STYLES = {"learned": "bold green", "read": "default", "cut": "strike red", "left": "dim"}
MARKS = {"learned": ("⟦", "⟧"), "read": ("", ""), "cut": ("✂⟨", "⟩"), "left": ("⟨", "⟩")}
WHAT = {
    "learned": "learned from",
    "read": "read only",
    "cut": "cut: beyond the maximal length",
    "left": "left out: behind the last answer",
}


def show(seen: Any, console: Console) -> None:
    """Print one row: runs of one state in the state's brackets, tokens apart by a thin bar; both sides of a preference."""
    from rich.text import Text

    from curate.safetext import safe_text

    counts = seen.counts()
    side = ", the chosen side" if seen.rejected else ""
    head = f"row {seen.row}, {seen.task}{side}: {len(seen.tokens)} tokens"
    told = ", ".join(f"{counts[state]} {state}" for state in WHAT if counts[state])
    console.print(Text(f"{head} ({told})" if told else head))
    if seen.task == "classification":
        console.print(Text(f"class to learn: {safe_text(seen.target)}"))
    if seen.refused:
        console.print(Text(f"not trained on: {seen.refused}"))
    body, state = Text(), ""
    for token in seen.tokens:
        if token.state != state:
            if state:
                body.append(MARKS[state][1], STYLES[state])
            state = token.state
            body.append(MARKS[state][0], STYLES[state])
        elif body:
            body.append("│", "dim")
        style = STYLES[state] + (" italic" if token.special else "")
        body.append(token.piece + (f"/{token.tag}" if token.tag and token.tag != "O" else ""), style)
        if "↵" in token.piece:
            body.append("\n")
    if state:
        body.append(MARKS[state][1], STYLES[state])
    console.print(body)
    for name, words in WHAT.items():
        if counts[name]:
            left, right = MARKS[name]
            console.print(Text.assemble((f"{left}{name}{right}", STYLES[name]), f"  {words}"))
    if any(token.masked for token in seen.tokens):
        console.print(Text("• personal data, masked; --reveal shows it"))
    if seen.rejected:
        console.print(Text("\nthe rejected side:"))
        show(seen.rejected, console)
