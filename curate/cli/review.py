"""`curate review`: decide finding by finding in a plain terminal, in a spreadsheet, or by rule; see what that certifies."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from curate.cli.review_rows import answered, say_rates, shown
from curate.cli.review_rows import keys as row_keys
from curate.errors import ConfigError

if TYPE_CHECKING:
    from curate.reviewing import Question, Review

ORDERS = ("mixed", "random", "score", "value", "gate")
FEWEST_SHOWN = 10
Asked = tuple[str | None, float, float | None, float, str]
"""Stage, width of the interval that settles it, the reviewer's error rate where it is known, the width for rows, and what
was asked about."""
KEYS = ("a: right, apply it  x: wrong, leave the data  e TEXT: apply TEXT instead  f: flag, to look again  Enter: skip  "
        "u: undo  r: rates  ?: help  q: stop")  # fmt: skip
ASK = ("both", "findings", "rows")


@click.command("review", epilog="\b\nExamples:\n"
    "  curate review runs/tickets                            one finding after the other\n"
    "  curate review runs/tickets --stage label_issues --order random --limit 60\n"
    "  curate review runs/tickets --ask rows --limit 100     rows without a finding: what was missed?\n"
    "  curate review runs/tickets --status                   what the decisions certify so far\n"
    "  curate review runs/tickets --rules                    rules that the decisions suggest\n"
    "  curate review runs/tickets --apply-rule 1\n"
    "  curate review runs/tickets --export queue.csv         for a spreadsheet; --import takes it back\n"
    "  curate review runs/tickets --merge decisions-of-bo.jsonl\n"
    "  curate apply runs/tickets                             write the data under the decisions")  # fmt: skip
@click.argument("run", type=click.Path())
@click.option("--stage", help="Only findings of this stage.")
@click.option("--order", type=click.Choice(ORDERS), default="mixed", show_default=True,
              help="random certifies rates, value cures most a decision, gate what turns it red; mixed: both.")  # fmt: skip
@click.option("--ask", "what", type=click.Choice(ASK),
              help="Findings, rows that nothing (or nothing else) was found in, or both in turn (default: both; with "
                   "--stage or an order by score or gate, findings).")  # fmt: skip
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="Questions to ask, or to export.")
@click.option("--width", type=click.FloatRange(0.01, 1), default=0.2, show_default=True,
              help="Width of the interval at which a stage's precision counts as settled.")  # fmt: skip
@click.option("--row-width", type=click.FloatRange(0.001, 1), default=0.05, show_default=True,
              help="Width of the interval of what is still wrong, at which the rows count as settled.")  # fmt: skip
@click.option("--error-rate", type=click.FloatRange(0, 0.49),
              help="How often the reviewer errs, where known (default: told from questions asked twice).")  # fmt: skip
@click.option("--actor", help="Who decides (default: the login name).")
@click.option("--status", is_flag=True, help="Ask nothing; say what the decisions certify.")
@click.option("--rules", is_flag=True, help="List rules that the decisions suggest.")
@click.option("--apply-rule", type=click.IntRange(1), help="Take the answer of a listed rule for all that it covers.")
@click.option("--export", "export_to", type=click.Path(), help="Write the queue as CSV, with columns to fill in.")
@click.option("--import", "import_from", type=click.Path(), help="Take the answers of such a CSV.")
@click.option("--merge", type=click.Path(), help="Take in another person's decisions.jsonl of the same run.")
@click.option("--json", "as_json", is_flag=True, help="Print the rates as JSON on stdout.")
def review_command(
    run: str, stage: str | None, order: str, what: str | None, limit: int, width: float, row_width: float,
    error_rate: float | None, actor: str | None, status: bool, rules: bool,
    apply_rule: int | None, export_to: str | None, import_from: str | None, merge: str | None, as_json: bool,
) -> int:
    """Decide on findings of a run, and say what is wrong with rows in which nothing was found.

    Each answer is saved as it is given; the data changes with `curate apply`.
    """
    from curate.reviewing import Review
    from curate.session import Session

    review = Review(Session.open(run))
    review.chosen(stage)
    what = what or ("findings" if stage is not None or order in ("score", "gate") else "both")
    asked_of = (stage, width, error_rate, row_width, what)
    if merge is not None:
        _merge(review, Path(merge))
    elif rules or apply_rule is not None:
        return _rules(review, apply_rule, actor or "")
    elif export_to is not None:
        from curate.review_sheet import write_sheet

        queue = review.questions(stage, order, what, limit)
        write_sheet(Path(export_to), review, queue)
        for of, fill_in in (("finding", "accept, reject or override"), ("row", "clean, wrong or unsure")):
            n = sum(kind == of for kind, _ in queue)
            if n:
                click.echo(f"{_count(n, of)} written to {export_to}; fill in verdict ({fill_in})", err=True)
        return 0
    elif import_from is not None:
        from curate.review_sheet import read_sheet

        answers, of_rows = read_sheet(Path(import_from), review)
        _say_affected(review, [index for index, verdict, _, _ in answers if verdict != "reject"])
        review.decide_all(answers, actor or "", of_rows)
        given = len(answers) + len(of_rows)
        click.echo(f"{_count(given, 'decision')} saved in {review.session.run.decisions_path}", err=True)
    elif not status:
        _ask(review, review.questions(stage, order, what, limit), asked_of, actor or "")
    _say_rates(review, asked_of, as_json=as_json)
    return 0


def _ask(review: Review, queue: Sequence[Question], asked_of: Asked, actor: str) -> None:
    """Put findings and rows before a person, a line each way: the same over a pipe, a dumb terminal and a screen reader."""
    if not queue:
        click.echo("nothing waits for an answer", err=True)
        return
    wanted = [row for of, row in queue if of == "row"]
    like = review.rows.nearest(wanted) if wanted else {}
    asked: list[Question] = []
    told: set[str] = set()
    answers = _lines()
    for number, first in enumerate(queue, 1):
        for question in (review.due(asked), first):
            if question is None:
                continue
            of, index = question
            if of not in told:  # what may be answered, before the first question of its sort
                told.add(of)
                click.echo(KEYS if of == "finding" else row_keys(review.rows))
            click.echo(f"\n{number} of {len(queue)}")
            for line in _shown(review, index) if of == "finding" else shown(review.rows, index, like.get(index)):
                click.echo(line)
            while True:
                click.echo("> ", nl=False)
                said = next(answers, None)
                if said is None or said == "q":
                    return
                if said == "r":
                    _say_rates(review, asked_of, as_json=False)
                elif said == "u":
                    saved = review.session.undo()
                    click.echo("nothing to undo" if saved is None else "undone")
                elif said == "" or _answer(review, of, index, said, actor):
                    asked += [question] if said not in ("", "f") else []
                    break


def _lines() -> Iterator[str]:
    """What is typed, line by line, until there is no more."""
    for line in sys.stdin:
        yield line.strip()


def _answer(review: Review, of: str, index: int, said: str, actor: str) -> bool:
    """Whether what was said is an answer, which is then on disk."""
    if of == "row":
        return answered(review.rows, index, said, actor)
    key, _, rest = said.partition(" ")
    if key in ("a", "x") and not rest:
        review.decide(index, "accept" if key == "a" else "reject", actor=actor)
        return True
    if key == "f" and not rest:
        review.decide(index, "flag", actor=actor)
        return True
    if key == "e" and rest:
        review.decide(index, "override", rest, actor=actor)
        return True
    click.echo(KEYS)
    return False


def _shown(review: Review, index: int) -> Iterator[str]:
    """A finding in plain lines; texts are masked previews."""
    e = review.example(index)
    yield f"{e.action} ({e.rule}), score {e.score:.2f}: {e.reason}"
    yield f"  now: {review.standing(index)}"
    for name, text in (("row", e.text), ("like row", e.witness)):
        if text is not None:
            label = f" [{text.label}]" if text.label else ""
            yield f"  {name} {text.row}{label}: {text.plain}"
    if proposal := review.proposal(index, e):
        yield f"  proposed: {proposal}"
    for near in e.neighbours:
        yield f"  near it, row {near.row}{f' [{near.label}]' if near.label else ''}: {near.plain}"
    if e.evidence:
        yield "  " + ", ".join(f"{m.name} {m.value}" for m in e.evidence)


def _say_rates(review: Review, asked_of: Asked, *, as_json: bool) -> None:
    stage, width, error, row_width, what = asked_of
    rates = review.rates(stage, width, error)
    of_rows = review.rows.rates(row_width, error)
    how = review.reliability()
    if as_json:
        import orjson

        out = {"rates": [r.to_json() for r in rates], "rows": None if of_rows is None else of_rows.to_json(),
               "reliability": _reliability(how)}  # fmt: skip
        click.echo(orjson.dumps(out, option=orjson.OPT_INDENT_2).decode())
        return
    for rate in rates:
        if what == "rows" and not rate.findings.random + rate.findings.other:
            continue
        for line in _rate_lines(rate, width):
            click.echo(line)
    say_rates(of_rows, review.rows, row_width)
    if how.repeats:
        click.echo(f"asked twice: {_count(how.repeats, 'question')}, {how.agreeing} answered alike")
    for pair in how.pairs:
        kappa = "not defined (no variety)" if pair.value is None else f"{pair.value:.2f} [{pair.low:.2f}, {pair.high:.2f}]"
        click.echo(f"{pair.a} and {pair.b}: {_count(pair.findings, 'question')}, {pair.agreed:.0%} alike, kappa {kappa}")
    if how.conflicts:
        click.echo(f"{_count(len(how.conflicts), 'question')} on which people differ; what was taken in last holds")


def _rate_lines(rate: Any, width: float) -> Iterator[str]:
    found = rate.findings
    if found.value is None:
        yield (
            f"{rate.stage}: insufficient evidence: {_count(found.population, 'finding')}, none decided in random order "
            f"({found.other:,} otherwise)"
        )
        return
    span = f"[{found.low:.0%}, {found.high:.0%}]"
    whole = f"{_count(found.population, 'finding')} {'is' if found.population == 1 else 'are'} right {span}"
    told = f"{found.value:.0%} of {whole}"
    if found.random < FEWEST_SHOWN and not found.settled:  # a share of a few answers would be taken for more than it is
        told = f"too few answers to say how many of {whole}"
    enough = "settled"
    if rate.more:
        enough = f"about {_count(rate.more, 'more random decision')} for a width of {width:.0%}"
    yield f"{rate.stage}: {told}, from {found.random:,} random and {_count(found.other, 'other decision')}; {enough}"
    for name, part in (("applied by themselves", rate.by_itself), ("waiting", rate.waiting)):
        if part.value is not None and part.population and (part.random >= FEWEST_SHOWN or part.settled):
            yield f"  of {part.population:,} {name}: {part.value:.0%} [{part.low:.0%}, {part.high:.0%}]"
    if rate.left:
        yield f"  {rate.left:,} still wait{'s' if rate.left == 1 else ''}"


def _reliability(how: Any) -> dict[str, Any]:
    return {
        "repeats": how.repeats, "agreeing": how.agreeing, "error_rate": [how.error_low, how.error_high],
        "pairs": [pair.__dict__ for pair in how.pairs], "conflicts": list(how.conflicts),
    }  # fmt: skip


def _rules(review: Review, number: int | None, actor: str) -> int:
    found = review.rules()
    if number is None:
        for n, rule in enumerate(found, 1):
            agree = rule.agreement
            span = f"[{agree.low:.0%}, {agree.high:.0%}]"
            share = "insufficient evidence" if agree.value is None else f"{agree.value:.0%} {span}"
            basis = f"{_count(rule.decided, 'decision')}, all alike"
            click.echo(f"{n}. {rule.words()}: covers {len(rule.covers):,} more; {basis}; right for {share} of what it "
                       f"covers, from {_count(agree.random, 'random decision')}")  # fmt: skip
            if rule.verdict == "accept":
                _say_affected(review, rule.covers)
        if not found:
            click.echo("no rule: it takes six decisions on one rule of a stage, all alike", err=True)
        return 0
    if number > len(found):
        raise ConfigError(f"there is no rule {number}; `--rules` lists {len(found)}")
    if found[number - 1].verdict == "accept":
        _say_affected(review, found[number - 1].covers)
    review.apply_rule(found[number - 1], actor)
    click.echo(f"{found[number - 1].words()}: {_count(len(found[number - 1].covers), 'finding')} decided, as one; "
               "`u` in a review undoes it")  # fmt: skip
    return 0


def _say_affected(review: Review, indices: Sequence[int]) -> None:
    """Whom a change of so many rows at once would fall on."""
    from curate.cli.affected import say_affected

    if len(indices) > 1:
        say_affected(review.session.detected, indices)


def _merge(review: Review, path: Path) -> None:
    from curate.cli.affected import say_change
    from curate.ledger.decisions import read_journal

    if not path.is_file():
        raise ConfigError(f"there is no decision file at {path}")
    before = review.session.plan.dropped
    new, conflicts = review.merge(read_journal(path).decisions)
    say_change(review.session.detected, before, review.session.plan.dropped)
    click.echo(f"{_count(new, 'decision')} taken in, {_count(len(conflicts), 'question')} on which people differ", err=True)
    for finding in conflicts[:20]:
        click.echo(f"  {finding}", err=True)


def _count(n: int, one: str) -> str:
    """`1 finding`, `2 findings`."""
    return f"{n:,} {one}{'' if n == 1 else 's'}"
