"""`curate judge`: which of two answers is better? Base, raw and curated, side by side and blind."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from curate.cli.options import json_option

if TYPE_CHECKING:
    from curate.judging import Question

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

    from curate.judging import REPEAT_EVERY, Judging
    from curate.ledger.decisions import login_name
    from curate.privacy.preview import masked_preview
    from curate.rundir import RunDir

    judging = Judging(RunDir.open(run), prompts, max_tokens)
    who = actor or login_name()
    if not status:
        queue = judging.questions(who)
        click.echo(KEYS if queue else "every question has been answered", err=not queue)
        answers = (line.strip() for line in sys.stdin)
        asked: list[Question] = []
        for number, fresh in enumerate(queue, 1):
            due = len(asked) >= REPEAT_EVERY and len(asked) % REPEAT_EVERY == 0
            for question in ([judging.again(asked[len(asked) // REPEAT_EVERY - 1])] if due else []) + [fresh]:
                click.echo(f"\n{number} of {len(queue)}\n{masked_preview(question.asked, WIDTH)}")
                for place, text in enumerate(question.answers, 1):
                    click.echo(f"\n  [{place}] {masked_preview(text, WIDTH) or '(nothing)'}")
                while (said := _answer(answers)) == BACK:
                    if asked:
                        judging.take_back(asked.pop(), who)
                        click.echo("taken back: it will be asked again")
                    else:
                        click.echo("nothing to take back")
                if said is None:
                    break
                if said >= 0:
                    judging.vote(question, said, who)
                    asked.append(question)
            else:
                continue
            break
    rates = judging.conclude()
    if judging.votes() and not judging.report():
        click.echo("the run is in use: its report shows these rates when it is written next (`curate apply`)", err=True)
    if as_json:
        click.echo(orjson.dumps([dataclasses.asdict(r) for r in rates], option=orjson.OPT_INDENT_2).decode())
    else:
        for rate in rates:
            click.echo(rate.words())
    return 0


def _answer(lines: object) -> int | None:
    """0 for neither, 1 or 2 for an answer, -1 to skip, -2 to take the last one back, None to stop."""
    while True:
        click.echo("> ", nl=False)
        said = next(lines, None)  # type: ignore[call-overload]
        if said is None or said == "q":
            return None
        known = {"": -1, "=": 0, "1": 1, "2": 2, "u": BACK}
        if said in known:
            return known[said]
        click.echo(KEYS)
