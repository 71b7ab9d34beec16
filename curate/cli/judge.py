"""`curate judge`: which of two answers is better? Base, raw and curated, side by side and blind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from curate.cli.options import json_option
from curate.errors import ConfigError

if TYPE_CHECKING:
    from curate.privacy import ScanConfig
    from curate.review.judging import Judging, Question

KEYS = "1, 2: that answer is better   =: neither   Enter: skip   u: take the last one back   q: stop"
BACK = -2
WIDTH = 1200


@click.command("judge", epilog="\b\nExamples:\n  curate judge runs/answers\n"
    "  curate judge runs/answers --prompts 60 --actor bo\n"
    "  curate judge runs/answers --status --json")  # fmt: skip
@click.argument("run", type=click.Path())
@click.option("--prompts", type=click.IntRange(1), default=30, show_default=True, help="Held-out prompts to answer.")
@click.option("--max-tokens", type=click.IntRange(1), default=96, show_default=True, help="Most tokens of an answer.")
@click.option("--actor", help="Who judges (default: the login name).")
@click.option("--status", is_flag=True, help="Ask nothing; say what the votes come to.")
@json_option
def judge_command(run: str, prompts: int, max_tokens: int, actor: str | None, status: bool, as_json: bool) -> int:
    """Compare answers of the base and of the adapters of a run's ablation on held-out prompts.

    Neither names nor places tell which answer is whose. Votes are kept in RUN/judge, so a comparison can be left and taken
    up again, by several people. A prompt that two models answer word for word alike is a tie, and is not asked about.
    """
    import dataclasses

    import orjson

    from curate.ledger.decisions import login_name
    from curate.review.judging import Judging
    from curate.rundir import RunDir

    judging = Judging(RunDir.open(run), prompts, max_tokens, lambda words: click.echo(words, err=True))
    who = actor or login_name()
    if not status:
        queue = judging.questions(who)
        click.echo(KEYS if queue else "every question has been answered", err=not queue)
        _ask(judging, queue, who)
    rates = judging.conclude()
    if judging.votes() and not judging.report():
        click.echo("the run is in use, or its data cannot be read: its report shows these rates when it is written next "
                   "(`curate apply`)", err=True)
    if as_json:
        click.echo(orjson.dumps([dataclasses.asdict(r) for r in rates], option=orjson.OPT_INDENT_2).decode())
    else:
        for line in [*(rate.words() for rate in rates), *judging.agreement()]:
            click.echo(line)
    return 0


def _ask(judging: Judging, queue: Sequence[Question], who: str) -> None:
    """Put the questions before a person, until they are through or somebody stops."""
    from curate.cli.review_ask import typed
    from curate.outputs import looked_for_in_rows
    from curate.recipe import Recipe
    from curate.review.judging import REPEAT_EVERY

    lines = typed()
    masks = looked_for_in_rows(Recipe.parse(judging.run.manifest()["recipe"]))
    asked: list[tuple[Question, int]] = []
    repeated_at = 0
    for number, fresh in enumerate(queue, 1):
        waiting = [(fresh, number)]
        if len(asked) % REPEAT_EVERY == 0 and len(asked) > repeated_at:
            repeated_at = len(asked)
            waiting.append((judging.again(asked[len(asked) // REPEAT_EVERY - 1][0]), number))
        while waiting:  # the last is asked first; what is taken back comes before what stood there
            question, at = waiting[-1]
            _show(question, at, len(queue), masks)
            said = _answer(lines)
            if said is None:
                return
            if said == BACK:
                click.echo("taken back; here it is again" if asked else "nothing to take back")
                if asked:
                    judging.take_back(asked[-1][0], who)
                    waiting.append(asked.pop())
                continue
            if said >= 0:
                judging.vote(question, said, who)
                asked.append((question, at))
            waiting.pop()


def _show(question: Question, number: int, of: int, masks: ScanConfig) -> None:
    from curate.privacy.preview import masked_lines, masked_preview

    click.echo(f"\n{number} of {of}")
    for line in masked_lines(question.asked, WIDTH, masks):
        click.echo(line)
    for place, text in enumerate(question.answers, 1):
        click.echo(f"\n  [{place}] {masked_preview(text, WIDTH, masks) or '(nothing)'}")


def _answer(lines: Iterator[str]) -> int | None:
    """0 for neither, 1 or 2 for an answer, -1 to skip, -2 to take the last one back, None to stop."""
    known = {"": -1, "=": 0, "1": 1, "2": 2, "u": BACK}
    while True:
        click.echo("> ", nl=False)
        try:
            said = next(lines, None)
        except ConfigError as error:
            click.echo(str(error))
            continue
        if said is None or said.lower() == "q":
            return None
        if said.lower() in known:
            return known[said.lower()]
        click.echo(KEYS)
