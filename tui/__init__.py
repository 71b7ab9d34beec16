"""The face: a Textual app over the ledger.

It holds no rule of its own. What a person sees is `resolve` on the run's findings; what a person does is appended to
`decisions.jsonl`; undo appends an inverse. So the same decisions, replayed headless by `curate apply`, give the same
bytes. Training runs in a process of its own and survives the interface.
"""

from __future__ import annotations

__all__ = ["main"]


def main(what: str | None = None, out: str | None = None) -> int:
    """Run the app on a data file, on a run directory, or on nothing (it asks); returns the exit code."""
    import os
    import sys

    from curate.errors import ConfigError

    # A driver other than the terminal's (a browser's) brings its own input and output.
    streams = (sys.__stdin__, sys.__stderr__)
    if "TEXTUAL_DRIVER" not in os.environ and not all(s is not None and s.isatty() for s in streams):
        raise ConfigError("the terminal interface needs a terminal for input and stderr; without one use `curate run`")
    if "TEXTUAL_DRIVER" not in os.environ and os.environ.get("TERM") == "dumb":
        raise ConfigError("the terminal cannot show screens (TERM=dumb); `curate review RUN` asks in plain lines")
    from tui.app import CurateApp

    return CurateApp(what, out).run() or 0
