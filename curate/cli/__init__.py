"""The command line: one file a verb, each loaded only when it is called.

stdout carries data, stderr narration. Exit codes: 0 done, 1 gate failed, 2 usage or unreadable input, 3 could not be
judged, 4 internal error, 130 interrupted.
"""

from __future__ import annotations

import atexit
import errno
import gc
import importlib
import os
import sys
from typing import Any

import click

from curate.cli.options import NamingGroup
from curate.errors import EXIT_INTERNAL, EXIT_INTERRUPTED, EXIT_USAGE, GOES_ON, Cancelled, CurateError
from curate.house import claim_process

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NOT_OURS = (errno.EROFS, errno.EACCES, errno.EPERM)
SECTIONS: dict[str, dict[str, tuple[str, str]]] = {
    "Start": {
        "run": ("curate.cli.run", "Run a whole recipe: detect, resolve, apply, train, report."),
        "init": ("curate.cli.init", "See what a file is, and write a commented curate.toml."),
        "config": ("curate.cli.config", "Show, check or document recipes."),
        "demo": ("curate.cli.demo", "Run the main job on the sample data and print a score card."),
        "doctor": ("curate.cli.doctor", "Check this installation."),
    },
    "Look for one thing": {
        "dedup": ("curate.cli.one_stage", "Find exact and near duplicates, and leaks between splits."),
        "labels": ("curate.cli.one_stage", "Find wrong labels and inconsistent label names."),
        "quality": ("curate.cli.one_stage", "Find texts that are bad to learn from, and score every row."),
        "pii": ("curate.cli.one_stage", "Find and mask personal data."),
        "fairness": ("curate.cli.fairness", "Audit how data, models and curation treat sensitive groups."),
        "drift": ("curate.cli.drift", "Say how new data differs from old: train again?"),
    },
    "Look and decide": {
        "tui": ("curate.cli.tui", "Browse findings and decide, in the terminal."),
        "review": ("curate.cli.review", "Decide in lines or a spreadsheet; see what that certifies."),
        "explain": ("curate.cli.explain", "Say what happened to a row, and why."),
        "decide": ("curate.cli.decide", "Take one decision, by finding or by filter; undo and redo."),
        "apply": ("curate.cli.apply", "Apply a run again, with the decisions taken since."),
        "report": ("curate.cli.report", "Show or write the report of a run."),
    },
    "Before a merge": {
        "gate": ("curate.cli.gate", "Say whether data may be trained on; for CI."),
        "index": ("curate.cli.index", "Keep evaluation sets or earlier data to compare with."),
    },
    "Runs, and what is made of them": {
        "diff": ("curate.cli.diff", "Say what changed between two runs."),
        "replay": ("curate.cli.replay", "Run a run again and prove that it gives the same bytes."),
        "runs": ("curate.cli.runs", "List the runs under a folder with their sizes; prune some."),
        "export": ("curate.cli.export", "Write curated data to publish, or to train on elsewhere."),
    },
    "Train and prove": {
        "ablate": ("curate.cli.ablate", "Train on raw and curated data and compare."),
        "train": ("curate.cli.train", "Train one LoRA adapter on the curated rows of a run."),
        "tune": ("curate.cli.tune", "Search the trainer's settings, and say whether that helped."),
        "compare-bases": ("curate.cli.compare_bases", "Compare base models by quality, size and cost."),
        "generate": ("curate.cli.generate", "Try an adapter: labels with probabilities, spans, answers."),
        "judge": ("curate.cli.judge", "Compare answers of base, raw and curated models, blind."),
        "feedback": ("curate.cli.feedback", "Bring ratings from production back to the rows."),
        "hand-over": ("curate.cli.hand_over", "Write an adapter for llama.cpp, lm-eval or several GPUs."),
        "vectors": ("curate.cli.vectors", "Write a vector for each row, by an encoder on disk."),
    },
    "Personal data": {
        "pii-explain": ("curate.cli.pii_explain", "Say why a text holds, or does not hold, personal data."),
        "pii-eval": ("curate.cli.pii_eval", "Score the scanner on texts whose personal data people marked."),
        "pii-review": ("curate.cli.pii_review", "Read a sample of rows and say what the scanner missed."),
        "forget": ("curate.cli.forget", "Say where a person's data stands, for an erasure request."),
        "vault": ("curate.cli.vault", "Make key files; put back what a run's vault holds."),
    },
}
"""As the help text has them: verbs, where each lives, and what it does."""
VERBS = {name: verb for verbs in SECTIONS.values() for name, verb in verbs.items()}
_WIDEST = max(map(len, VERBS))

EXAMPLES = """\b
Examples:
  curate init tickets.jsonl            write curate.toml, with reasons
  curate run                           run the recipe in this folder
  curate run tickets.jsonl --no-train  curate a file with the defaults
  curate explain runs/tickets 85       why is row 85 gone?
  curate tui runs/tickets              look, decide, undo
  curate gate tickets.jsonl            may this be trained on? exit 1 if not

\b
Shell completion:
  eval "$(_CURATE_COMPLETE=bash_source curate)"    (or zsh_source, fish_source)
"""


class _Lazy(NamingGroup):
    """A group that imports a verb's module when the verb is called, and knows its help line before."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        module = importlib.import_module(VERBS[cmd_name][0])
        return getattr(module, f"{cmd_name.replace('-', '_')}_command")  # type: ignore[no-any-return]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, verbs in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(_WIDEST), text) for name, (_, text) in verbs.items()])


def _version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if not value or ctx.resilient_parsing:
        return
    from importlib import metadata

    click.echo(f"curate {metadata.version('curate-toolkit')}")
    ctx.exit()


@click.group(
    cls=_Lazy,
    epilog=EXAMPLES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option("--version", is_flag=True, expose_value=False, is_eager=True, callback=_version, help="Show the version.")
@click.option(
    "--traceback", is_flag=True, expose_value=False, envvar="CURATE_TRACEBACK",
    help="Show Python tracebacks of errors; may stand anywhere.",
)
def cli() -> None:
    """Find what is wrong with fine-tuning data, mend it with a reason on record, and say with numbers whether it helped."""


def main(args: list[str] | None = None) -> Any:
    """Entry point of the console script: runs a verb and exits with the code that the outcome has."""
    # Arrow's buffers of hundreds of megabytes in large pages: a third of a large run was the system handing out small ones.
    os.environ.setdefault("MIMALLOC_ALLOW_LARGE_OS_PAGES", "1")
    # Or numba's colours write an escape sequence at exit, on a terminal that knows none as well.
    os.environ.setdefault("NUMBA_DISABLE_ERROR_MESSAGE_HIGHLIGHTING", "1")
    if args is None:  # started from a command line, not called by another program
        claim_process()
        # Imports make 200,000 objects that stay: by default the collector goes through all of them again and again.
        gc.set_threshold(20_000)
        atexit.register(gc.freeze)  # or it goes through them several times more before it ends: seconds after an answer
    if "_CURATE_COMPLETE" in os.environ:
        importlib.import_module("curate.cli.completing")
    args, show = _without_traceback(sys.argv[1:] if args is None else args)
    show = show or bool(os.environ.get("CURATE_TRACEBACK"))
    try:
        code = cli.main(args=args, prog_name="curate", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except (click.exceptions.Abort, KeyboardInterrupt):
        _say(f"interrupted; {GOES_ON}")
        sys.exit(EXIT_INTERRUPTED)
    except Cancelled as error:
        _say(f"interrupted: {error}; {GOES_ON}")
        sys.exit(EXIT_INTERRUPTED)
    except click.ClickException as error:
        error.show(file=sys.stderr)
        sys.exit(EXIT_USAGE)
    except CurateError as error:
        if show:
            raise
        _say(f"error: {error}")
        sys.exit(error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        if show:
            raise
        if isinstance(error, OSError) and error.errno in (*_NO_ROOM, *_NOT_OURS):  # compiled kernels, journals
            where = f"{error.filename}: " if error.filename else ""
            full = "the disk is full; free some space and run again"
            closed = f"{error.strerror}; copy what you work on to where you may write"
            _say(f"error: {where}{full if error.errno in _NO_ROOM else closed}")
            sys.exit(EXIT_USAGE)
        # The message of an unforeseen error may quote data, so only its kind and place are shown.
        place = error.__traceback__
        while place is not None and place.tb_next is not None:
            place = place.tb_next
        where = f" at {place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place else ""
        _say(f"internal error: {type(error).__name__}{where}; run again with --traceback to see all of it")
        sys.exit(EXIT_INTERNAL)


def _without_traceback(args: list[str]) -> tuple[list[str], bool]:
    """The arguments without `--traceback`, which may stand anywhere before a `--`, and whether it was there."""
    end = args.index("--") if "--" in args else len(args)
    options = [arg for arg in args[:end] if arg != "--traceback"]
    return [*options, *args[end:]], len(options) < end


def _say(text: str) -> None:
    if live := sys.modules.get("curate.cli.live"):
        live.end_all()
    click.echo(text, err=True)
