"""Which column is what: roles and task, each with a reason, the runners-up and a way to overrule.

What each column could be is found by `candidates`; here the task is settled that they make together.

Names decide first (`instruction`, `category`, `conversations`: the names that datasets in the field have), contents
second (median words, distinct values, shapes of nested values). A guess from contents says so. A label whose values are
all distinct is an id, not a label.

Cost: statistics over at most `shapes.SAMPLE_ROWS` rows spread evenly, distinct counts over all rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from curate.dataset import names as known
from curate.dataset.candidates import METADATA, Candidates, answering
from curate.dataset.column import Column
from curate.dataset.given import begins_conversations, context_of, lists_objects
from curate.dataset.inner import Columns, holder_of, one_class, talk_within, two_languages
from curate.dataset.shapes import Facts, facts_of
from curate.dataset.types import CONTENT_ROLES, ROLE_NAMES, TASKS, Roles
from curate.errors import ConfigError, nearest


@dataclass(frozen=True)
class Guess:
    """One role, or the task, and why."""

    what: str
    """A role name, or `task`."""
    value: tuple[str, ...]
    """The columns; for the task its name."""
    reason: str
    """A plain sentence; it names columns and counts, never contents."""
    alternatives: tuple[str, ...] = ()
    """Other columns (or tasks) that would have fitted."""
    given: bool = False
    """Said by the user, not guessed."""


@dataclass(frozen=True)
class Detected:
    """Task and roles of a table, with the reasons."""

    task: str
    roles: Roles
    guesses: tuple[Guess, ...]

    def explain(self) -> str:
        """One line a guess."""
        lines = []
        for guess in self.guesses:
            other = f" (or: {', '.join(guess.alternatives)})" if guess.alternatives else ""
            lines.append(f"{guess.what}: {', '.join(guess.value)} - {guess.reason}{other}")
        return "\n".join(lines)


def detect(
    columns: Sequence[str],
    column: Columns,
    *,
    roles: Roles | Mapping[str, str | Sequence[str]] | None = None,
    task: str | None = None,
) -> Detected:
    """Roles and task; what `roles` and `task` say is taken as it is and the rest fits itself around it."""
    given = _checked(roles, columns, column)
    if task is not None and task not in TASKS:
        raise ConfigError(f"no such task: {task!r}; {nearest(task, TASKS)}")
    taken = {name for names in given.values() for name in names}
    column.look_into(taken)
    halves = {} if _NO_HALVES & given.keys() or task not in (None, "sft") else _halves(columns, column)
    facts = {name: facts_of(name, column(name)) for name in dict.fromkeys((*columns, *taken))}
    said = any(fact.median_words >= _WORDS and not _answers(name) for name, fact in facts.items())
    if not (halves or said or _NO_TURNS & given.keys()):
        talks = [talk for name in columns if (talk := talk_within(name, column(name)))]
        if len(talks) == 1 and not column(talks[0]).array.null_count:  # a row without its turns would be a bad one
            facts[talks[0]] = facts_of(talks[0], column(talks[0]))
    if not (_NO_CLASS & given.keys() or any(map(_named_label, facts.values()))):
        facts |= _listed_class(columns, column)
    free = {name: fact for name, fact in facts.items() if name not in taken}
    finder = _Finder(free, facts | halves, given, task, column, halves)
    chosen_task, why, alternatives = finder.run()
    found = {**finder.found, **given}
    guesses = [Guess("task", (chosen_task,), why, alternatives, given=task is not None)]
    for role in ROLE_NAMES:
        if found.get(role):
            reason, others = finder.why.get(role, ("", ()))
            if role in given:
                reason, others = "named by the recipe or the command line", ()
            guesses.append(Guess(role, tuple(found[role]), reason, others, given=role in given))
    made = Roles.of({role: tuple(found.get(role, ())) for role in ROLE_NAMES})
    return Detected(chosen_task, made, tuple(guesses))


_NO_TURNS = {"text", "prompt", "messages"}
"""Beside these, turns inside a column are not asked for; nor beside a column of texts, unless those are answers to the
turns."""
_WORDS = 4
"""Words of the median value of one."""
_NO_CLASS = {"label", "completion", "messages", "chosen", "rejected"}
"""Beside these, a class in a list is not asked for."""
_NO_HALVES = {"text", "prompt", "completion", "messages", "chosen", "rejected"}
"""Beside these, two languages of one column are not asked for."""


def _answers(name: str) -> bool:
    return any(known.rank(name, known.NAMES[role]) is not None for role in ("chosen", "rejected", "completion"))


def _halves(columns: Sequence[str], column: Columns) -> dict[str, Facts]:
    """The two languages of the one column that holds two in all of its rows; empty for none and for more, and for answers,
    which belong to a question."""
    spoken = [both for name in columns if (both := two_languages(name, column(name)))]
    if len(spoken) != 1 or known.rank(holder_of(spoken[0][0], columns), known.NAMES["completion"]) is not None:
        return {}
    column.look_into(spoken[0])
    whole = all(column(half).kind == "str" and not column(half).array.null_count for half in spoken[0])
    return {half: facts_of(half, column(half)) for half in spoken[0]} if whole else {}


def _named_label(fact: Facts) -> bool:
    return fact.labelish and known.rank(fact.name, known.NAMES["label"]) is not None


def _listed_class(columns: Sequence[str], column: Columns) -> dict[str, Facts]:
    """The class of the one column whose lists hold a class each, in every row; empty for none and for more."""
    found = [one for name in columns if (one := one_class(name, column(name)))]
    if len(found) != 1:
        return {}
    more = f"{found[0].removesuffix('/0')}/1"
    column.look_into([found[0], more])
    first, second = column(found[0]).array, column(more).array
    fact = facts_of(found[0], column(found[0]))
    single = not first.null_count and second.null_count == len(second)
    return {found[0]: fact} if single and fact.kind == "str" and fact.repeats and fact.labelish else {}


def _checked(
    roles: Roles | Mapping[str, str | Sequence[str]] | None, columns: Sequence[str], column: Columns
) -> dict[str, tuple[str, ...]]:
    """The override as role → columns; ConfigError for a name that is not there. An empty role says: none."""
    if roles is None:
        return {}
    if isinstance(roles, Roles):
        roles = dict(roles.items())
    given = {}
    for role, value in roles.items():
        if role not in ROLE_NAMES:
            raise ConfigError(f"no such role: {role!r}; {nearest(role, ROLE_NAMES)}")
        wanted = (value,) if isinstance(value, str) else tuple(value)
        for name in wanted:
            holder = holder_of(name, columns)
            if name not in columns and not holder:
                hint = nearest(name, columns)
                raise ConfigError(f"role {role!r} names the column {name!r}, which the data lacks; {hint}")
            if holder and not column(holder).json:
                raise ConfigError(f"role {role!r} names {name!r}, but the column {holder!r} holds no objects to look into")
        given[role] = wanted
    return given


class _Finder:
    """Finds the task, then the columns of its roles among those that are free."""

    def __init__(
        self,
        free: dict[str, Facts],
        every: dict[str, Facts],
        given: dict[str, tuple[str, ...]],
        task: str | None,
        column: Callable[[str], Column],
        halves: Mapping[str, Facts],
    ) -> None:
        self.free = free
        self.every = every
        self.given = given
        self.task = task
        self.column = column
        self.could = Candidates(free, given, task, column, halves)
        self.by_name = set(self.could.ratings)
        """Columns of names that say what they are only beside others, or by their values."""
        self.found: dict[str, tuple[str, ...]] = dict(self.could.metadata)
        self.why: dict[str, tuple[str, tuple[str, ...]]] = {
            role: (self._says(columns), ()) for role, columns in self.found.items()
        }

    def run(self) -> tuple[str, str, tuple[str, ...]]:
        """(task, reason, other tasks that would fit); fills `found` and `why`."""
        fits = [task for task in _ORDER if self._fits(task)]
        task = self.task or self._implied() or next(iter(fits))
        self._assign(task)
        if self.task:
            return task, "named by the recipe or the command line", ()
        others = tuple(other for other in fits if other != task and other != "text")
        reason = _TASK_REASONS[task]
        if task == "classification" and not (self.found.get("text") or self.given.get("text")):
            reason = "a label that repeats stands in a table without text"
        return task, reason, others

    # -- tasks ------------------------------------------------------------------------------------------------------

    def _implied(self) -> str | None:
        """The task that the given roles can only mean."""
        given = {role for role, columns in self.given.items() if columns}
        if given & {"chosen", "rejected"}:
            return "preference"
        thumb = "label" in given and self.every[self.given["label"][0]].two_sided
        if "messages" in given:
            return "unpaired_preference" if thumb else "chat"
        if "completion" in given:
            return "unpaired_preference" if thumb else "sft"
        if "text" in given:
            return "classification" if self.could.labels() else "text"
        if "label" in given:
            return "unpaired_preference" if thumb and self._fits("unpaired_preference") else "classification"
        return None

    def _fits(self, task: str) -> bool:
        if task == "preference":
            return bool(self.could.one("chosen", answering)) and bool(self.could.one("rejected", answering))
        if task == "unpaired_preference":
            talk = bool(self.could.messages()) or (bool(self.could.prompts()) and bool(self.could.answers()))
            return talk and bool(self.could.thumb())
        if task == "chat":
            return bool(self.could.messages())
        if task == "sft":
            if self.could.prompts() and self.could.answers():
                return not self.could.graded()
            return bool(self.could.picked) or (bool(self.could.prompted) and not self.could.labelled(self.could.prompted))
        if task == "classification":
            return bool(self.could.labels())
        return True

    def _assign(self, task: str) -> None:
        def put(role: str, columns: Sequence[str], reason: str, others: Sequence[str] = ()) -> None:
            if columns and role not in self.given:
                self.found[role] = tuple(columns)
                self.why[role] = (reason, tuple(others))

        if task == "preference":
            for role in ("chosen", "rejected"):
                columns = self.could.one(role, answering)
                put(role, columns, self._says(columns))
        if task in ("chat", "preference", "unpaired_preference"):
            better = self.could.one("chosen", answering) if task == "preference" else []
            talk = [] if better and begins_conversations(self.column(better[0])) else self.could.messages()
            put("messages", talk[:1], self._says(talk[:1]), talk[1:])
        if task not in ("classification", "text"):
            tools = self.could.one("tools", lambda fact: task != "sft" or lists_objects(self.column(fact.name)))
            put("tools", tools, self._says(tools))
        spoken, choices = self.found.get("messages") or self.given.get("messages"), list[str]()
        if task in ("sft", "preference", "unpaired_preference") and not spoken:
            prompts, answers = self.could.prompts(), self.could.answers()
            if task == "sft" and not (prompts and answers) and self.could.picked:
                prompts, answers, choices = self.could.picked[:-1], self.could.picked[-1:], self.could.choices[0]
                self.by_name |= set(self.could.picked)
            elif task == "sft" and not (prompts and answers) and self.could.prompted:
                prompts, answers = self.could.prompted[:-1], self.could.prompted[-1:]
                self.by_name |= set(self.could.prompted)
            put("prompt", prompts, self._says(prompts))
            if task != "preference":
                put("completion", answers[:1], self._says(answers[:1]), answers[1:])
        if task == "unpaired_preference":
            thumb = self.could.thumb()
            put("label", thumb, self._says(thumb))
        if task == "classification":
            labels = self.could.labels()
            put("label", labels[:1], self._says(labels[:1]), labels[1:])
        judged = self.could.judged() if task in ("classification", "text") else []
        if task in ("classification", "text"):
            texts = self.could.texts(set(self.found.get("label", ())))
            graded = self.could.graded() if task == "classification" else []
            chosen = judged[1:] or list(dict.fromkeys((*self.could.pair(), *graded))) or texts[:1]
            put("text", chosen, self._says(chosen), [name for name in texts if name not in (*chosen, *judged)])
        played = {name for columns in (*self.found.values(), *self.given.values()) for name in columns}
        played |= {holder_of(name, [other for other in self.free if other != name]) for name in played}
        if any(self.found.get(role) or self.given.get(role) for role in ("text", "prompt", "messages")):
            talks = bool(self.found.get("messages") or self.given.get("messages"))
            beside = context_of(task, [name for name in self.free if name not in played], talks, self.column)
            beside = [name for name in self.free if name in (*beside, *judged[:1], *choices)]
            put("context", beside, "by name and contents: given beside the prompt or the text")
        content = {name for role in CONTENT_ROLES for name in self.found.get(role, ())}
        for role in METADATA:
            if role in self.found:
                self.found[role] = tuple(name for name in self.found[role] if name not in content)

    def _says(self, columns: Sequence[str]) -> str:
        if not columns:
            return ""
        by_name = columns[0] in self.by_name or known.rank(columns[0], known.ALL) is not None
        named = "by name and contents" if by_name else "by contents"
        facts = [self.every[name].describe() for name in columns]
        if len(columns) > 1:
            facts = [f"{name} has {fact}" for name, fact in zip(columns, facts, strict=True)]
        return f"{named}: {'; '.join(facts)}"

_ORDER = ("preference", "unpaired_preference", "chat", "sft", "classification", "text")
_TASK_REASONS = {
    "preference": "a chosen and a rejected answer stand side by side",
    "unpaired_preference": "each answer has a yes or no beside it",
    "chat": "rows hold conversations: lists of turns with a role and a content",
    "sft": "a prompt and an answer to it stand side by side",
    "classification": "a label that repeats stands beside a text",
    "text": "no column holds labels, answers or conversations",
}
