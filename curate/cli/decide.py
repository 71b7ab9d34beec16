"""`curate decide`: one decision, on findings by id or by filter, as the terminal interface takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from curate.cli.options import Choice
from curate.errors import ConfigError
from curate.words import plural

if TYPE_CHECKING:
    import numpy as np

    from curate.review.session import Session
    from curate.review.steps import Saved

WHAT = ("accept", "reject", "override", "flag", "unflag", "undo", "redo")
MARKS = ("flag", "unflag")
"""What changes no plan."""


@click.command("decide", epilog="\b\nExamples:\n"
    "  curate decide runs/tickets accept 5f3a91c2d4e67788\n"
    "  curate decide runs/tickets override 5f3a91c2d4e67788 --value billing\n"
    "  curate decide runs/tickets reject --where 'rule:likely_wrong score<0.8 state:waits' --dry-run\n"
    "  curate decide runs/tickets undo\n\n"
    "\b\nFilters: words of the text, or key:words (inside), key=word (whole), joined by and; - turns one round.\n"
    "Keys: stage, rule, action, field, state (waits, applies, rejected, ...), score (>=, <=), row (10-20),\n"
    "near (the witness row), from and to (labels, replacements), text, flag (yes, no).")  # fmt: skip
@click.argument("run", type=click.Path())
@click.argument("what", type=Choice(WHAT))
@click.argument("findings", nargs=-1, metavar="[FINDING]...")
@click.option("--where", help="All findings that this filter takes, as one decision.")
@click.option("--like", help="The findings of an earlier decision of this run, by its id.")
@click.option("--value", help="What `override` puts there.")
@click.option("--why", default="", help="A reason, kept with the decision.")
@click.option("--dry-run", is_flag=True, help="Only say how many findings, and whom it falls on.")
def decide_command(
    run: str, what: str, findings: tuple[str, ...], where: str | None, like: str | None, value: str | None, why: str,
    dry_run: bool,
) -> int:
    """Take a decision on findings, or take the last one back. It is saved at once; `curate apply RUN` writes the data.

    FINDING is the id of a finding, or enough of its first digits (`curate explain` shows them).
    """
    from curate.review.session import Session

    given = sum((bool(findings), where is not None, like is not None))
    if given != (0 if what in ("undo", "redo") else 1):
        wanted = "no findings" if what in ("undo", "redo") else "findings by id, by --where or by --like, one of the three"
        raise ConfigError(f"{what} takes {wanted}")
    if (what == "override") != (value is not None):
        raise ConfigError("override needs --value, and nothing else takes it")
    session = Session.open(run)
    if what in ("undo", "redo"):
        saved = session.undo() if what == "undo" else session.redo()
        click.echo("nothing to take back" if saved is None else _told(what, saved), err=True)
        return 0
    chosen, asked = _chosen(session, findings, where, like)
    if what not in MARKS and (dry_run or where is not None):
        _affected(session, chosen, what)
    if dry_run:
        click.echo(f"{plural(len(chosen), 'finding')}; nothing was saved", err=True)
        return 0
    if what == "unflag":
        gone = [session.unflag(int(index)) for index in chosen]
        click.echo(f"took off {plural(sum(g is not None for g in gone), 'flag')}", err=True)
        if None in gone:
            click.echo("flags set together are taken off together: `curate decide RUN undo`", err=True)
        return 0
    if len(chosen):
        saved = session.decide(chosen, what, value, why=why, filter=asked)  # type: ignore[arg-type]
        click.echo(_told(what, saved), err=True)
    else:
        click.echo("no finding fits; nothing was saved", err=True)
    return 0


def _chosen(
    session: Session, ids: tuple[str, ...], where: str | None, like: str | None
) -> tuple[np.ndarray, dict[str, object] | None]:
    import numpy as np

    from curate.review.filter import choose, parse

    everything = np.arange(session.findings.num_rows)
    if where is not None:
        choice = parse(where)
        return choose(session, choice, everything), choice.journal_filter()
    if like is not None:
        past = [d for d in session.state.journal.decisions if d.decision_id.startswith(like) and d.finding_ids]
        if len(past) != 1:
            raise ConfigError(f"{'no' if not past else 'more than one'} decision of this run has the id {like!r}")
        return session.indices(past[0].finding_ids), dict(past[0].filter or {})
    return np.array([session.index(one) for one in ids], np.int64), None


def _affected(session: Session, chosen: np.ndarray, what: str) -> None:
    """Whom the decision falls on: the rows that leave or come back by it."""
    from curate.cli.affected import say_change

    if len(chosen):
        plan = session.what_if(chosen, what, "" if what == "override" else None)  # type: ignore[arg-type]
        say_change(session.detected, session.plan.dropped, plan.dropped)


def _told(what: str, saved: Saved) -> str:
    n = len(saved.decision.finding_ids)
    done = {"accept": "accepted", "reject": "rejected", "override": "overridden", "flag": "flagged"}
    verb = {"undo": "took back:", "redo": "brought back:"}.get(what, "")
    return f"{verb} {done.get(saved.decision.verdict, what)} {plural(n, 'finding')}".strip()
