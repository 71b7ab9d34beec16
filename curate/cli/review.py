"""`curate review`: decide finding by finding in a plain terminal, in a spreadsheet, or by rule; see what that certifies."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from curate.cli.options import Choice
from curate.cli.review_rows import say_rates
from curate.errors import ConfigError
from curate.safetext import safe_text
from curate.words import ends, plural, share

if TYPE_CHECKING:
    from curate.review.findings import Question, Review

ORDERS = ("mixed", "random", "score", "value", "gate")
FEWEST_SHOWN = 10
MOST_NAMED = 20
Asked = tuple[str | None, float, float | None, float, str]
"""Stage, width of the interval that settles it, the reviewer's error rate where it is known, the width for rows, and what
was asked about."""
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
@click.option("--order", type=Choice(ORDERS), default="mixed", show_default=True,
              help="random certifies rates, value cures most a decision, gate what turns it red; mixed: both.")  # fmt: skip
@click.option("--ask", "what", type=Choice(ASK),
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
    from curate.ledger.decisions import login_name
    from curate.review.findings import Review
    from curate.review.session import Session
    from curate.review.value import expected, red_lines

    who = actor or login_name()
    review = Review(Session.open(run))
    review.chosen(stage)
    what = what or ("findings" if stage is not None or order in ("score", "gate") else "both")
    asked_of = (stage, width, error_rate, row_width, what)
    if merge is not None:
        _merge(review, Path(merge))
    elif rules or apply_rule is not None:
        return _rules(review, apply_rule, who)
    elif export_to is not None:
        from curate.review.sheet import write_sheet

        queue = review.questions(stage, order, what, limit)
        write_sheet(Path(export_to), review, queue)
        for of, fill_in in (("finding", "accept, reject or override"), ("row", "clean, wrong or unsure")):
            n = sum(kind == of for kind, _ in queue)
            if n:
                click.echo(f"{plural(n, of)} written to {export_to}; fill in verdict ({fill_in})", err=True)
        return 0
    elif import_from is not None:
        _import(review, Path(import_from), who)
    elif not status:
        if order == "gate":
            for line in red_lines(review.session):
                click.echo(line)
        _ask(review, review.questions(stage, order, what, limit), asked_of, who, expected(review, order))
    _say_rates(review, asked_of, as_json=as_json)
    return 0


def _ask(review: Review, queue: Sequence[Question], asked_of: Asked, actor: str,
         expected: Callable[[int], str]) -> None:  # fmt: skip
    """Put findings and rows before a person."""
    from curate.cli.review_ask import Asking

    if not queue:
        click.echo("nothing waits for an answer", err=True)
        return
    _, width, error, row_width, _ = asked_of
    settled: set[str] = set()

    def enough(question: Question) -> str:
        """That what was asked about is known well enough to stop, in words, once."""
        of, index = question
        name = "rows" if of == "row" else str(review.session.findings["stage"][index])
        if name in settled:
            return ""
        if of == "row":
            found = review.rows.rates(row_width, error)
            if found is None or found.more:
                return ""
            said = f"what is still wrong is known to {row_width:.0%}"
        else:
            (rate,) = review.rates(name, width, error)
            if rate.more or rate.findings.value is None:
                return ""
            said = next(_rate_lines(rate, width))
        settled.add(name)
        return f"{said}; you can stop here (q)"

    try:
        Asking(review, queue, actor, lambda: _say_rates(review, asked_of, as_json=False), enough, expected).run()
    except KeyboardInterrupt:
        click.echo("\nevery answer up to here is saved; the same command goes on from there", err=True)
        raise


def _import(review: Review, path: Path, actor: str) -> None:
    """Take the answers of a filled-in sheet."""
    from curate.review.sheet import read_sheet, take

    sheet = read_sheet(path, review)
    _say_affected(review, [index for index, verdict, _, _ in sheet.findings if verdict != "reject"])
    for said, n in sheet.new_labels.items():
        end = "" if said.endswith("?") else "."
        click.echo(f"{plural(n, 'line')}: {said}{end} It is taken as a new label.", err=True)
    taken = take(review, sheet, actor)
    more = [f"{n:,} {what}" for n, what in ((taken.changed, "in place of what you said before"),
                                            (taken.known, "more were taken before")) if n]  # fmt: skip
    said = f"{plural(taken.new, 'decision')} saved in {review.session.run.decisions_path}"
    if not sheet.findings and not sheet.rows:
        said = f"no line of {path} has a verdict"
    told = "; ".join(more)
    click.echo(f"{said} ({told})" if told else said, err=True)


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
    silent = []
    for rate in rates:
        if stage is None and not rate.findings.random + rate.findings.other:
            silent.append(f"{rate.findings.population:,} of {rate.stage}")
            continue
        for line in _rate_lines(rate, width):
            click.echo(line)
    if silent and what != "rows":
        click.echo(f"nothing answered about findings yet: {', '.join(silent)}")
    say_rates(of_rows, review.rows, row_width)
    if how.repeats:
        click.echo(f"asked twice: {plural(how.repeats, 'question')}, {how.agreeing} answered alike")
    for pair in how.pairs:
        click.echo(pair.words(safe_text(pair.a), safe_text(pair.b)))
    if how.conflicts:
        click.echo(f"{plural(len(how.conflicts), 'question')} on which people differ; what was taken in last holds")
    if strangers := review.strangers():
        click.echo(f"{_not_here(len(strangers), 'finding decided on')}; kept, and of no effect")


def _rate_lines(rate: Any, width: float) -> Iterator[str]:
    found = rate.findings
    if found.value is None:
        yield (
            f"{rate.stage}: insufficient evidence: {plural(found.population, 'finding')}, none decided in random order "
            f"({found.other:,} otherwise)"
        )
        return
    whole = plural(found.population, "finding is", "findings are") + f" right {ends(found.low, found.high)}"
    told = f"{share(found.value)} of {whole}"
    if found.random < FEWEST_SHOWN and not found.settled:  # a share of a few answers would be taken for more than it is
        told = f"too few answers to say how many of {whole}"
    enough = "settled"
    if rate.more:
        enough = f"about {plural(rate.more, 'more random decision')} for a width of {width:.0%}"
    yield f"{rate.stage}: {told}, from {found.random:,} random and {plural(found.other, 'other decision')}; {enough}"
    for name, part in (("applied by themselves", rate.by_itself), ("waiting", rate.waiting)):
        if part.value is not None and part.population and (part.random >= FEWEST_SHOWN or part.settled):
            yield f"  of {part.population:,} {name}: {share(part.value)} {ends(part.low, part.high)}"
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
            right = "insufficient evidence"
            if agree.value is not None:
                right = f"{share(agree.value)} {ends(agree.low, agree.high)}"
            basis = f"{plural(rule.decided, 'decision')}, all alike"
            click.echo(f"{n}. {rule.words()}: covers {len(rule.covers):,} more; {basis}; right for {right} of what it "
                       f"covers, from {plural(agree.random, 'random decision')}")  # fmt: skip
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
    click.echo(f"{found[number - 1].words()}: {plural(len(found[number - 1].covers), 'finding')} decided, as one; "
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
    try:
        theirs = read_journal(path)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {(error.strerror or '').lower()}") from None
    if not theirs.decisions:
        raise ConfigError(f"{path} holds no decision")
    known = set(review.strangers())
    new, conflicts = review.merge(theirs.decisions)
    say_change(review.session.detected, before, review.session.plan.dropped)
    click.echo(f"{plural(new, 'decision')} taken in, {plural(len(conflicts), 'question')} on which people differ", err=True)
    for finding in conflicts[:MOST_NAMED]:
        click.echo(f"  {finding}", err=True)
    strangers = [finding for finding in review.strangers() if finding not in known]
    if strangers:
        click.echo(f"{_not_here(len(strangers), 'finding')}; kept, and of no effect:", err=True)
        for finding in strangers[:MOST_NAMED]:
            click.echo(f"  {finding}", err=True)


def _not_here(n: int, of: str) -> str:
    name, _, rest = of.partition(" ")
    return f"{plural(n, name)}{rest and ' '}{rest} {'is' if n == 1 else 'are'} not in this run"
