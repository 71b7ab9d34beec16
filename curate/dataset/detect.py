"""Which column is what: roles and task, each with a reason, the runners-up and a way to overrule.

Names decide first (`instruction`, `category`, `conversations`: the names that datasets in the field have), contents
second (median words, distinct values, shapes of nested values). A guess from contents says so. A label whose values are
all distinct is an id, not a label.

Cost: statistics over at most `SAMPLE_ROWS` rows spread evenly, distinct counts over all rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from curate.dataset import names as known
from curate.dataset.column import Column
from curate.dataset.foreign import RATINGS, RATINGS_OR_NOT
from curate.dataset.given import begins_conversations, context_of, holds_answers, picked, says_mostly
from curate.dataset.shapes import Facts, facts_of
from curate.dataset.side_by_side import asks, median_written, rates, speaks, tells, wordy
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
    column: Callable[[str], Column],
    *,
    roles: Roles | Mapping[str, str | Sequence[str]] | None = None,
    task: str | None = None,
) -> Detected:
    """Roles and task; what `roles` and `task` say is taken as it is and the rest fits itself around it."""
    given = _checked(roles, columns)
    if task is not None and task not in TASKS:
        raise ConfigError(f"no such task: {task!r}; {nearest(task, TASKS)}")
    facts = {name: facts_of(name, column(name)) for name in columns}
    taken = {name for names in given.values() for name in names}
    free = {name: fact for name, fact in facts.items() if name not in taken}
    finder = _Finder(free, facts, given, task, column)
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


def _checked(
    roles: Roles | Mapping[str, str | Sequence[str]] | None, columns: Sequence[str]
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
            if name not in columns:
                hint = nearest(name, columns)
                raise ConfigError(f"role {role!r} names the column {name!r}, which the data lacks; {hint}")
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
    ) -> None:
        self.free = free
        self.every = every
        self.given = given
        self.task = task
        self.column = column
        self.ratings = {
            name for name, fact in free.items() if known.spelled(name) in RATINGS and rates(fact, column(name))
        }
        self.by_name = set(self.ratings)
        """Columns of names that say what they are only beside others, or by their values."""
        self.found: dict[str, tuple[str, ...]] = {}
        self.why: dict[str, tuple[str, tuple[str, ...]]] = {}

    def run(self) -> tuple[str, str, tuple[str, ...]]:
        """(task, reason, other tasks that would fit); fills `found` and `why`."""
        self._metadata()
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
            return "classification" if self._labels() else "text"
        if "label" in given:
            return "unpaired_preference" if thumb and self._fits("unpaired_preference") else "classification"
        return None

    def _fits(self, task: str) -> bool:
        if task == "preference":
            return bool(self._one("chosen", _answer)) and bool(self._one("rejected", _answer))
        if task == "unpaired_preference":
            talk = bool(self._messages()) or (bool(self._prompts()) and bool(self._one("completion", wordy)))
            return talk and bool(self._thumb())
        if task == "chat":
            return bool(self._messages())
        if task == "sft":
            if self._prompts() and self._answers():
                return True
            return bool(self._picked) or (bool(self._prompted) and not self._labelled(self._prompted))
        if task == "classification":
            return bool(self._labels())
        return True

    def _assign(self, task: str) -> None:
        def put(role: str, columns: Sequence[str], reason: str, others: Sequence[str] = ()) -> None:
            if columns and role not in self.given:
                self.found[role] = tuple(columns)
                self.why[role] = (reason, tuple(others))

        if task == "preference":
            for role in ("chosen", "rejected"):
                columns = self._one(role, _answer)
                put(role, columns, self._says(columns))
        if task in ("chat", "preference", "unpaired_preference"):
            better = self._one("chosen", _answer) if task == "preference" else []
            talk = [] if better and begins_conversations(self.column(better[0])) else self._messages()
            put("messages", talk[:1], self._says(talk[:1]), talk[1:])
            tools = self._one("tools", lambda fact: True)
            put("tools", tools, self._says(tools))
        spoken = self.found.get("messages") or self.given.get("messages")
        if task in ("sft", "preference", "unpaired_preference") and not spoken:
            prompts, answers = self._prompts(), self._answers()
            if task == "sft" and not (prompts and answers) and self._picked:
                prompts, answers = self._picked[:-1], self._picked[-1:]
                self.by_name |= set(self._picked)
            elif task == "sft" and not (prompts and answers) and self._prompted:
                prompts, answers = self._prompted[:-1], self._prompted[-1:]
                self.by_name |= set(self._prompted)
            put("prompt", prompts, self._says(prompts))
            if task != "preference":
                put("completion", answers[:1], self._says(answers[:1]), answers[1:])
        if task == "unpaired_preference":
            thumb = self._thumb()
            put("label", thumb, self._says(thumb))
        if task == "classification":
            labels = self._labels()
            put("label", labels[:1], self._says(labels[:1]), labels[1:])
        judged = self._judged() if task == "classification" else []
        if task in ("classification", "text"):
            texts = self._texts(set(self.found.get("label", ())))
            chosen = judged[1:] or self._pair() or texts[:1]
            put("text", chosen, self._says(chosen), [name for name in texts if name not in (*chosen, *judged)])
        played = {name for columns in self.found.values() for name in columns}
        if any(self.found.get(role) or self.given.get(role) for role in ("text", "prompt", "messages")):
            talks = bool(self.found.get("messages") or self.given.get("messages"))
            beside = context_of(task, [name for name in self.free if name not in played], talks, self.column)
            beside = [name for name in self.free if name in (*beside, *judged[:1])]
            put("context", beside, "by name and contents: given beside the prompt or the text")
        content = {name for role in CONTENT_ROLES for name in self.found.get(role, ())}
        for role in ("group", "split", "source", "time", "weight"):
            if role in self.found:
                self.found[role] = tuple(name for name in self.found[role] if name not in content)

    # -- columns ----------------------------------------------------------------------------------------------------

    def _says(self, columns: Sequence[str]) -> str:
        if not columns:
            return ""
        by_name = columns[0] in self.by_name or known.rank(columns[0], known.ALL) is not None
        named = "by name and contents" if by_name else "by contents"
        facts = [self.every[name].describe() for name in columns]
        if len(columns) > 1:
            facts = [f"{name} has {fact}" for name, fact in zip(columns, facts, strict=True)]
        return f"{named}: {'; '.join(facts)}"

    def _all(self, role: str, fits: Callable[[Facts], bool]) -> list[str]:
        if role in self.given:
            return list(self.given[role])
        ranked = [(known.rank(name, known.NAMES[role]), name) for name, fact in self.free.items() if fits(fact)]
        return [name for rank, name in sorted((r, n) for r, n in ranked if r is not None)]

    def _one(self, role: str, fits: Callable[[Facts], bool]) -> list[str]:
        found = self._all(role, fits)
        return found if role in self.given else found[:1]

    def _messages(self) -> list[str]:
        if "messages" in self.given:
            return list(self.given["messages"])
        talks = [name for name, fact in self.free.items() if fact.conversation]
        answers = set(known.NAMES["chosen"]) | set(known.NAMES["rejected"])
        talks = [name for name in talks if known.plain(name) not in answers]
        if self._said_after() or (self._all("prompt", wordy) and self._answers()):  # turns before it are not the whole
            talks = [name for name in talks if known.plain(name) not in known.TURNS_BEFORE]
        return sorted(talks, key=lambda name: known.rank(name, known.NAMES["messages"]) is None)

    def _said_after(self) -> bool:
        """Whether prose that is no system prompt, no passage and not about the row stands beside the turns before it."""
        metadata = {name for columns in self.found.values() for name in columns}
        return self.task != "chat" and any(
            tells(fact) and fact.median_words >= 3 and name not in metadata
            and known.plain(name) not in {*known.SYSTEM, *known.READ_BEFORE} and not known.about_row(name)
            for name, fact in self.free.items()
        )  # fmt: skip

    def _prompts(self) -> list[str]:
        """`instruction` and `input` together, or the best single name."""
        found = self._all("prompt", lambda fact: fact.text_share > 0.5 or fact.conversation)
        if "prompt" in self.given or not found:
            return found
        by_name = {known.plain(name): name for name in found}
        if "instruction" in by_name:
            return [by_name[name] for name in ("instruction", "input", "context") if name in by_name]
        if "question" in by_name and "context" in by_name:
            passage = says_mostly(self.column(by_name["context"]), "context")  # it has the role `context` then
            return [by_name["question"]] if passage else [by_name["context"], by_name["question"]]
        return found[:1]

    def _answers(self) -> list[str]:
        """Completions, or else nested answers."""
        found = self._all("completion", wordy)
        if found or "completion" in self.given:
            return found
        named = [name for name in self.free if known.plain(name) in ("answers", "answer") and self.free[name].nested]
        return [name for name in named if holds_answers(self.column(name))]

    @cached_property
    def _picked(self) -> list[str]:
        """A question and the column that says which of its choices is right; empty for none."""
        if any(role in self.given for role in ("text", "label", "completion", "messages", "chosen", "rejected")):
            return []
        choices, key = picked(list(self.free), self.column)
        if not key or self.column(key).array.null_count:  # a row without its answer would be a bad one
            return []
        free = [name for name in self.free if name not in choices and name != key and self.free[name].text_share > 0.5]
        asked = [name for name in self._prompts() if name in free or name in self.given.get("prompt", ())]
        named = sorted((known.CHOSEN_FOR.index(known.plain(n)), n) for n in free if known.plain(n) in known.CHOSEN_FOR)
        prose = [name for name in self._texts({*choices, key}) if name in free]
        asked = asked or [name for _, name in named[:1]] or prose[:1]
        return [*asked, key] if asked else []

    @cached_property
    def _prompted(self) -> list[str]:
        """A prompt and its completion by names that say so only side by side, or two languages; empty for none."""
        if self.given.get("prompt") or self.given.get("completion"):
            return []
        free = {name: known.together(name) for name in self.free if speaks(self.free[name], self.column(name))}
        for first, second in known.PROMPTED:
            prompts = [name for name, called in free.items() if first in called and asks(self.free[name])]
            answers = [name for name, called in free.items() if second in called and tells(self.free[name])]
            if prompts and answers and prompts[0] != answers[0]:
                if first in ("source", "src") and not self._written([prompts[0], answers[0]], 3):
                    continue
                read = known.READ_BEFORE if first == "question" else ()
                beside = [name for name in self.free if known.plain(name) in read and wordy(self.free[name])]
                passages = [name for name in beside if says_mostly(self.column(name), known.plain(name))]
                short = [name for name in beside if known.plain(name) == "context" and name not in passages]
                if not self._lesser([*passages, *short, prompts[0], answers[0]]):
                    return [*short[:1], prompts[0], answers[0]]
        spoken = [name for name in free if known.language(name) and tells(self.free[name])]
        return spoken if len(spoken) == 2 and self._written(spoken, 2) and not self._lesser(spoken) else []

    def _lesser(self, pair: Sequence[str]) -> bool:
        """Whether a column without a role holds longer prose than both halves: then that is the text, and they say
        something about it."""
        longest = max(self.free[name].median_words for name in pair[-2:])
        others = set(self.free) - {*pair, *(name for columns in self.found.values() for name in columns)}
        prose = [self.free[name] for name in others if wordy(self.free[name]) and not self.free[name].nested]
        return any(fact.median_words > longest for fact in prose)

    def _written(self, pair: Sequence[str], words: int) -> bool:
        """Whether both hold so many words in the median, and more of them than numbers."""
        return all(median_written(self.column(name)) >= words for name in pair)

    def _thumb(self) -> list[str]:
        if "label" in self.given:
            return list(self.given["label"])
        # A `label` of 0 and 1 may be any class; under a name that means yes or no it is a thumb.
        found = [
            name
            for name, fact in self.free.items()
            if known.rank(name, known.THUMBS) is not None
            and fact.two_sided
            and (fact.kind == "bool" or not (fact.kind == "int" or fact.numeric) or known.plain(name) != "label")
        ]
        return found[:1]

    def _labels(self) -> list[str]:
        if "label" in self.given:
            return list(self.given["label"])
        groups = set(self.found.get("group", ())) | set(self.found.get("split", ())) | set(self.found.get("source", ()))
        groups |= set(self.found.get("time", ())) | set(self.found.get("weight", ()))
        fit = {name: fact for name, fact in self.free.items() if fact.labelish and name not in groups}
        rated = self._rated(fit)
        if not rated:
            return self._labels_among(fit)
        ranks = known.label_ranks(list(fit), rated)
        named = sorted(ranks, key=lambda name: (ranks[name], name))
        return named + [name for name, fact in fit.items() if name not in named and fact.repeats]

    def _labels_among(self, fit: Mapping[str, Facts]) -> list[str]:
        """Labels by name, or by contents where one column alone looks like it."""
        ranked = [(known.rank(name, known.NAMES["label"]), name) for name in fit]
        named = [name for rank, name in sorted((r, n) for r, n in ranked if r is not None)]
        if named:
            return named + [name for name, fact in fit.items() if name not in named and fact.repeats]
        # Without a name only an unmistakable column counts, and only beside a text.
        loose = [name for name, fact in fit.items() if fact.repeats and fact.kind in ("str", "bool")]
        loose = [name for name in loose if not known.is_id(name) or known.names_class(name)]
        return loose if len(loose) == 1 and self._texts(set(loose)) else []

    def _rated(self, fit: Mapping[str, Facts]) -> set[str]:
        """Ratings that are a label beside what they rate; those of names that mean other things as well only where
        nothing but the thing that is rated would be the label, and no pair of texts is."""
        rated = self.ratings & set(fit)
        if not rated or self._pair() or not any(asks(self.free[name]) for name in self._texts(rated)):
            return set()
        others = self._labels_among({name: fact for name, fact in fit.items() if name not in rated})
        if self._prompted or (others and not known.thing(others[0])):
            rated -= {name for name in rated if known.spelled(name) in RATINGS_OR_NOT}
        return rated

    def _labelled(self, pair: Sequence[str]) -> bool:
        """Whether anything beside a pair could be a label, by name or by contents; an id that comes back could not."""
        if "label" in self.given:
            return False
        metadata = {name for columns in self.found.values() for name in columns}
        for name, fact in self.free.items():
            if not fact.labelish or (name in pair and fact.filled < 10) or (name in metadata and name not in pair):
                continue
            if known.rank(name, known.NAMES["label"]) is not None:
                return True
            if name not in pair and not known.is_id(name) and (name in self.ratings or self._classes(fact)):
                return True
        return False

    def _classes(self, fact: Facts) -> bool:
        few = fact.kind in ("str", "bool") or fact.two_sided or rates(fact, self.column(fact.name))
        return fact.repeats and few

    def _texts(self, taken: set[str]) -> list[str]:
        if "text" in self.given:
            return list(self.given["text"])
        metadata = ("group", "split", "time", "weight", "source")
        used = taken | {name for role in metadata for name in self.found.get(role, ())}
        fit = {name: fact for name, fact in self.free.items() if name not in used and fact.text_share > 0.5}
        ranked = [(known.rank(name, known.NAMES["text"]), name) for name, fact in fit.items() if not fact.nested]
        named = [name for rank, name in sorted((r, n) for r, n in ranked if r is not None)]
        prose = [name for name, fact in sorted(fit.items(), key=lambda item: -item[1].median_words)
                 if fact.median_words >= 3 and name not in named]  # fmt: skip
        if not named and not prose:
            prose = [name for name, fact in fit.items() if not fact.numeric and fact.distinct_share > 0.5]
        return named + prose

    def _pair(self, pairs: Sequence[tuple[str, str]] = known.PAIRS) -> list[str]:
        """Two texts that are judged together: premise and hypothesis, `sentence1` and `sentence2`."""
        by_name = {known.plain(name): name for name, fact in self.free.items() if fact.text_share > 0.5}
        pair = next((pair for pair in pairs if pair[0] in by_name and pair[1] in by_name), ())
        return [by_name[name] for name in pair] if "text" not in self.given else []

    def _judged(self) -> list[str]:
        """A passage and the shorter text that is judged by it: document and claim. Read as one, the passage would hide
        that two claims about it differ."""
        pair = self._pair(known.JUDGED)
        if not pair or "context" in self.given or self._pair() not in ([], pair):
            return []
        passage, text = (self.free[name] for name in pair)
        longer = passage.median_words > text.median_words and not passage.nested and asks(text)
        return pair if longer and says_mostly(self.column(passage.name), known.plain(passage.name)) else []

    def _metadata(self) -> None:
        for role in ("group", "split", "source", "time", "weight"):
            if role in self.given:
                continue
            fits = _METADATA[role]
            names = [name for name, fact in self.free.items()
                     if known.rank(name, known.NAMES[role]) is not None and fits(fact)]  # fmt: skip
            if role == "split" and not names:
                names = [name for name, fact in self.free.items() if fact.split_words]
            if role != "group":
                names = names[:1]
            if names:
                self.found[role] = tuple(names)
                self.why[role] = (self._says(names), ())


def _answer(fact: Facts) -> bool:
    return fact.text_share > 0.5 or fact.message or fact.conversation


_METADATA: dict[str, Callable[[Facts], bool]] = {
    "group": lambda fact: 2 <= fact.distinct <= 60 and (fact.repeats or fact.rows < 10) and not fact.nested,
    "split": lambda fact: 1 <= fact.distinct <= 10 and fact.kind == "str" and fact.median_words <= 2,
    "source": lambda fact: fact.kind == "str" and fact.median_words <= 6,
    "time": lambda fact: not fact.nested and fact.median_words <= 6,
    "weight": lambda fact: fact.kind in ("int", "float") or fact.numeric,
}

_ORDER = ("preference", "unpaired_preference", "chat", "sft", "classification", "text")
_TASK_REASONS = {
    "preference": "a chosen and a rejected answer stand side by side",
    "unpaired_preference": "each answer has a yes or no beside it",
    "chat": "rows hold conversations: lists of turns with a role and a content",
    "sft": "a prompt and an answer to it stand side by side",
    "classification": "a label that repeats stands beside a text",
    "text": "no column holds labels, answers or conversations",
}
