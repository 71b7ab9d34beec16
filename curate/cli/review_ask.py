"""A review in plain lines: a question, what is typed, and what that comes to. The same in a terminal, over a pipe and for a
screen reader: no line is drawn over, nothing is told by colour alone."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from curate.cli.review_rows import answered, keys, shown
from curate.errors import ConfigError

if TYPE_CHECKING:
    from curate.review.findings import Question, Review

KEYS = ("a: right, apply it  x: wrong, leave the data  e TEXT: apply TEXT instead  f: flag, to look again  "
        "Enter or space: skip  u: undo  r: rates  ?: help  q: stop")  # fmt: skip
HELP = (
    "  a, x        count in the rates, and are what `curate apply` does",
    "  e TEXT      the finding is right, but TEXT belongs there: of labels and of text that is replaced",
    "  f           decides nothing; the finding is marked for another look",
    "  u           takes back your last answer, which is asked again; as often as you like",
    "  r           what the answers certify so far, and how many more it takes",
    "  each answer is on disk before the next question, so stop when you like: the same command goes on",
)
LOOK_EVERY = 5
"""After so many answers it is looked whether an interval has become narrow enough to stop."""


@dataclass
class Given:
    """An answer of this session."""

    question: Question
    number: int
    decision_id: str
    counts: bool
    """Whether it may be asked again, to learn how often the same person answers alike."""


class Asking:
    """One session. `enough` says, of a question's sort, in which words it is settled by now, and `expected` what a decision
    on a finding changes; both are empty where there is nothing to say."""

    def __init__(
        self,
        review: Review,
        queue: Sequence[Question],
        actor: str,
        rates: Callable[[], None],
        enough: Callable[[Question], str],
        expected: Callable[[int], str],
    ) -> None:
        self.expected = expected
        self.review, self.queue, self.actor, self.rates, self.enough = review, queue, actor, rates, enough
        wanted = [row for of, row in queue if of == "row"]
        self.like = review.rows.nearest(wanted) if wanted else {}
        self.given: list[Given] = []
        self._told: set[str] = set()
        self._lines = typed()
        self._new_label: tuple[int, str] | None = None

    def run(self) -> None:
        """Ask until the queue is through, or somebody stops."""
        repeated_at = -1
        for number, fresh in enumerate(self.queue, 1):
            waiting = [(fresh, number)]
            asked = [one.question for one in self.given if one.counts]
            due = self.review.due(asked) if len(asked) != repeated_at else None
            if due is not None:
                repeated_at = len(asked)
                waiting.append((due, number))
            while waiting:  # the last is asked first; what is taken back comes before what stood there
                question, at = waiting[-1]
                said = self._ask(question, at)
                if said == "stop":
                    return
                if said == "next":
                    waiting.pop()
                elif isinstance(said, Given):
                    waiting.append((said.question, said.number))

    def _ask(self, question: Question, number: int) -> str | Given:
        """`next`, `stop`, or the answer that was taken back and is to be asked again."""
        of, index = question
        if of not in self._told:  # what may be answered, before the first question of its sort
            self._told.add(of)
            click.echo(KEYS if of == "finding" else keys(self.review.rows))
        click.echo(f"\n{number} of {len(self.queue)}")
        self._show(question)
        while True:
            click.echo("> ", nl=False)
            try:
                said = next(self._lines, None)
            except ConfigError as error:
                click.echo(str(error))
                continue
            if said is None or said.lower() == "q":
                return "stop"
            if said == "":
                return "next"
            if said.lower() == "r":
                self.rates()
            elif said.lower() == "u":
                again = self._take_back()
                if again is not None:
                    return again
            else:
                try:
                    saved = self._answer(of, index, said)
                except ConfigError as error:
                    click.echo(str(error))
                    continue
                if saved is not None:
                    self.given.append(Given(question, number, saved, counts=said.lower() != "f"))
                    if len(self.given) % LOOK_EVERY == 0 and (words := self.enough(question)):
                        click.echo(words)
                    return "next"

    def _show(self, question: Question) -> None:
        of, index = question
        if of == "row":
            lines = list(shown(self.review.rows, index, self.like.get(index)))
        else:
            lines = list(finding_lines(self.review, index))
            lines += [f"  expected: {words}"] if (words := self.expected(index)) else []
        for line in lines:
            click.echo(line)

    def _take_back(self) -> Given | None:
        """The answer of this session that was taken back; None where it was another, or none was left."""
        from curate.review.words import told

        taken = self.review.undo(self.actor)
        if taken is None:
            click.echo("nothing of yours to undo")
            return None
        mine = next((one for one in reversed(self.given) if one.decision_id == taken.decision_id), None)
        click.echo(f"undone: {told(self.review, taken)}{'; here it is again' if mine else ''}")
        if mine is not None:
            self.given.remove(mine)
        return mine

    def _answer(self, of: str, index: int, said: str) -> str | None:
        """The id of the decision that is on disk now; None where nothing was decided. ConfigError says why an answer does
        not fit."""
        if of == "row":
            return answered(self.review.rows, index, said, self.actor)
        key, _, rest = said.partition(" ")
        key, rest = key.lower(), rest.strip()
        verdict = {"a": "accept", "x": "reject", "f": "flag"}.get(key)
        if verdict is not None and not rest:
            return self.review.decide(index, verdict, actor=self.actor)
        if key == "e" and rest:
            from curate.review.words import check_value

            new = check_value(self.review, index, rest)
            if new and self._new_label != (index, rest):
                self._new_label = index, rest
                raise ConfigError(f"{new}{'' if new.endswith('?') else '.'} The same line again makes it a new label.")
            return self.review.decide(index, "override", rest, actor=self.actor)
        if said == "?":
            click.echo(KEYS)
            for line in HELP:
                click.echo(line)
        elif key == "e":
            click.echo("e takes the text to put there, as in: e refund_status")
        else:
            click.echo(f"that answers no question about a finding; {KEYS}")
        return None


def typed() -> Iterator[str]:
    """What is typed, line by line, until there is no more, and shown where no terminal does that; ConfigError is raised
    for a line that is no text, and the next call goes on."""
    return _Typed()


_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class _Typed(Iterator[str]):
    def __init__(self) -> None:
        self._shown = not sys.stdin.isatty()

    def __next__(self) -> str:
        raw = sys.stdin.buffer.readline()
        if not raw:
            click.echo()  # the prompt has its line, whatever is said next
            raise StopIteration
        try:
            line = raw.decode(sys.stdin.encoding or "utf-8").strip()
        except UnicodeDecodeError:
            line = "\x00"
        said = _CONTROL.search(line) is None
        if self._shown:
            click.echo(line if said else "")
        if not said:
            raise ConfigError("that line holds keys or bytes that are no text (an arrow key?); type it again")
        return line


def finding_lines(review: Review, index: int) -> Iterator[str]:
    """A finding in plain lines; texts are masked previews."""
    from curate.review.words import proposal

    e = review.example(index)
    yield f"{e.action} ({e.rule}), score {e.score:.2f}: {e.reason}"
    yield f"  now: {review.standing(index)}"
    for name, text in (("row", e.text), ("like row", e.witness)):
        if text is not None:
            label = f" [{text.label}]" if text.label else ""
            yield f"  {name} {text.row}{label}: {text.plain}"
    if proposed := proposal(review, index, e):
        yield f"  proposed: {proposed}"
    for near in e.neighbours:
        yield f"  near it, row {near.row}{f' [{near.label}]' if near.label else ''}: {near.plain}"
    if e.evidence:
        yield "  " + ", ".join(f"{m.name} {m.value}" for m in e.evidence)
