"""Every error that Curate raises on purpose.

An error carries what a person needs: what was wrong, where, and what to do about it. It never carries dataset text,
because messages reach logs and terminals. Each class states the exit code that the command line gives it, so that the
mapping lives in one place.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

EXIT_OK = 0
EXIT_GATE_FAILED = 1
EXIT_USAGE = 2
EXIT_NOT_JUDGED = 3
EXIT_INTERNAL = 4
EXIT_INTERRUPTED = 130
GOES_ON = "what was finished is kept, and the same command goes on from there"
"""What is said of every verb that is interrupted."""


class CurateError(Exception):
    """Base of all deliberate errors; `exit_code` is what `curate` returns for it."""

    exit_code = EXIT_INTERNAL


class ConfigError(CurateError):
    """A recipe, an option or an argument that cannot be used as given."""

    exit_code = EXIT_USAGE


class DataError(CurateError):
    """An input that cannot be read, or holds nothing that can be curated."""

    exit_code = EXIT_USAGE


class BadRowsError(DataError):
    """Some rows of an input cannot be used; the others can, once somebody says that these are left out."""


class RunError(CurateError):
    """A run directory that cannot be used: changed input, foreign files, damaged contents."""

    exit_code = EXIT_USAGE


class RunLockedError(RunError):
    """Another live process is writing this run directory."""


class StageSkipped(CurateError):  # noqa: N818 - it is an outcome with a reason, not a failure
    """A stage cannot say anything about this dataset; the message is the reason, a plain sentence."""

    exit_code = EXIT_NOT_JUDGED


class Cancelled(CurateError):  # noqa: N818 - asked for, not gone wrong
    """The user asked to stop; what was finished is kept. The message says where it stopped."""

    exit_code = EXIT_INTERRUPTED


class MissingExtraError(CurateError):
    """An optional part of the toolkit is not installed."""

    exit_code = EXIT_USAGE

    def __init__(self, extra: str, module: str | None = None) -> None:
        found = f" ({module} is missing)" if module else ""
        super().__init__(f"this needs the optional packages{found}: pip install 'curate-toolkit[{extra}]'")
        self.extra = extra
        self.module = module

    def __reduce__(self) -> tuple[type[MissingExtraError], tuple[str, str | None]]:
        return (type(self), (self.extra, self.module))


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint for an unknown name: the closest known one if it is close, else the whole list."""
    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"known: {', '.join(names)}" if names else "none are known here"
