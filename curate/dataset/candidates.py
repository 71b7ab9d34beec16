"""Which columns could play which part, the likeliest first: by names, then by what is in them.

Each answer stands by itself; which of them hold together is settled by `curate.dataset.detect`.
Cost: the statistics of the columns, and the samples that `given` and `side_by_side` look at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from curate.dataset import languages
from curate.dataset import names as known
from curate.dataset.column import Column
from curate.dataset.foreign import RATINGS, RATINGS_OR_NOT
from curate.dataset.given import asks_databases, ends_with_question, holds_answers, picked, said_in, says_mostly
from curate.dataset.inner import holder_of
from curate.dataset.shapes import Facts
from curate.dataset.side_by_side import asks, in_two_languages, median_written, rates, speaks, tells, wordy, writes_out
from curate.dataset.turns import SAID, SPEAKER


def answering(fact: Facts) -> bool:
    """Strings, turns or conversations."""
    return fact.text_share > 0.5 or fact.message or fact.conversation


_NUMBERED = ("ticket", "post", "message", "email", "sms", "tweet", "comment", "query", "review", "document", "article")
"""What people number: a column of that name may hold the texts or their numbers, so its values have to say which."""
_NUMBER = r"^[A-Za-z#]{0,6}[-_/.]?[0-9]+([-_/.][0-9]+)*$"
_HASH, _FAR_LONGER = r"^[0-9A-Fa-f-]{8,}$", 8
METADATA: dict[str, Callable[[Facts], bool]] = {
    "group": lambda fact: 2 <= fact.distinct <= 60 and (fact.repeats or fact.rows < 10) and not fact.nested,
    "split": lambda fact: 1 <= fact.distinct <= 10 and fact.kind == "str" and fact.median_blanks <= 2,
    "source": lambda fact: fact.kind == "str" and fact.median_blanks <= 6,
    "time": lambda fact: not fact.nested and fact.median_blanks <= 6,
    "weight": lambda fact: fact.kind in ("int", "float") or fact.numeric,
}
"""Roles of what is known about a row, and what their columns must hold."""


class Candidates:
    """Columns that could play a part, among those without one."""

    def __init__(
        self,
        free: dict[str, Facts],
        given: dict[str, tuple[str, ...]],
        task: str | None,
        column: Callable[[str], Column],
        halves: Mapping[str, Facts],
    ) -> None:
        self.free = free
        self.given = given
        self.task = task
        self.column = column
        self.halves = halves
        """The inner columns of the one column that holds two languages."""
        self.ratings = {name for name, fact in free.items() if known.spelled(name) in RATINGS and rates(fact, column(name))}
        self.metadata = {role: names for role in METADATA if (names := self._about_rows(role))}
        """Group, split, source, time and weight."""
        self._named_about_rows = {name for names in self.metadata.values() for name in names}

    def _about_rows(self, role: str) -> tuple[str, ...]:
        if role in self.given:
            return ()
        fits = [name for name, fact in self.free.items() if METADATA[role](fact)]
        names = [name for name in fits if known.rank(name, known.NAMES[role]) is not None]
        if role == "split" and not names:
            names = [name for name, fact in self.free.items() if fact.split_words]
        return tuple(names if role == "group" else names[:1])

    def all(self, role: str, fits: Callable[[Facts], bool]) -> list[str]:
        """The columns that a role could name, the surest first."""
        if role in self.given:
            return list(self.given[role])
        ranked = [(known.rank(name, known.NAMES[role]), name) for name, fact in self.free.items() if fits(fact)]
        return [name for rank, name in sorted((r, n) for r, n in ranked if r is not None)]

    def one(self, role: str, fits: Callable[[Facts], bool]) -> list[str]:
        """The surest of them."""
        return self.all(role, fits)[: None if role in self.given else 1]

    def messages(self) -> list[str]:
        """Conversations, the surest first."""
        if "messages" in self.given:
            return list(self.given["messages"])
        talks = [name for name, fact in self.free.items() if fact.conversation]
        if self.answers() and not self.one("chosen", answering):
            talks = [name for name in talks if name not in self._within]
        answers = set(known.NAMES["chosen"]) | set(known.NAMES["rejected"])
        talks = [name for name in talks if known.plain(name) not in answers]
        asked, answered = self.prompts(), self.answers()
        if asked and answered:  # turns that are asked, and what answers them
            talks = [n for n in talks if n not in (*asked, *answered) or known.rank(n, known.NAMES["messages"]) is not None]
        if self._said_after() or (self.all("prompt", wordy) and self.answers()):  # turns before it are not the whole
            talks = [name for name in talks if known.plain(name) not in known.TURNS_BEFORE]
        return sorted(talks, key=lambda name: known.rank(name, known.NAMES["messages"]) is None)

    def _said_after(self) -> bool:
        """Whether prose that is no system prompt, no passage and not about the row stands beside the turns before it."""
        return self.task != "chat" and any(
            tells(fact) and fact.median_words >= 3 and name not in self._named_about_rows
            and known.plain(name) not in {*known.SYSTEM, *known.READ_BEFORE}
            and (not known.about_row(name) or (known.plain(name) == "comment" and self.labels()))
            for name, fact in self.free.items()
        )  # fmt: skip

    def prompts(self) -> list[str]:
        """`instruction` and `input` together, or the best single name."""
        found = self.all("prompt", lambda fact: fact.text_share > 0.5 or fact.conversation)
        if "prompt" in self.given or not found:
            return found or self._q_and_a[:1] or [name for name in self._within if ends_with_question(self.column(name))]
        by_name = {known.plain(name): name for name in found}
        if "context" in by_name and says_mostly(self.column(by_name["context"]), "context"):
            del by_name["context"]  # a passage has the role `context`
        if "instruction" in by_name:
            return [by_name[name] for name in ("instruction", "input", "context") if name in by_name]
        if "question" in by_name and "context" in by_name:
            return [by_name["context"], by_name["question"]]
        return [name for name in found if name in by_name.values()][:1] or found[:1]

    @cached_property
    def _q_and_a(self) -> list[str]:
        """The columns `Q` and `A`; none where `B` makes a choice of `A`."""
        called = {known.spelled(name): name for name, fact in self.free.items() if wordy(fact) and not fact.numeric}
        return [called["q"], called["a"]] if {"q", "a"} <= called.keys() and "b" not in called else []

    @cached_property
    def _within(self) -> list[str]:
        """The conversations inside a column: beside an answer they are what was asked (`input/messages`, `output`)."""
        talks = [name for name, fact in self.free.items() if fact.conversation]
        return [name for name in talks if holder_of(name, [other for other in self.free if other != name])]

    def answers(self) -> list[str]:
        """Completions, or else nested answers. What repeats as classes do is none under a name that labels have, too."""
        found = self.all("completion", answering)
        if "completion" in self.given:
            return found
        found = [name for name in found if not known.plain(name).startswith(known.NO_ANSWERS) and not self._counts(name)
                 and not (known.plain(name) in known.NAMES["label"] and self.free[name].repeats)]  # fmt: skip
        named = [name for name in self.free if known.plain(name) in known.NESTED_ANSWERS and self.free[name].nested]
        keyed = any(known.plain(name).startswith(known.KEYS) for name in self.free)
        named = [name for name in named if name not in self.choices[0] and not keyed]
        return found or [name for name in named if holds_answers(self.column(name))] or self._q_and_a[1:]

    def graded(self) -> list[str]:
        """A question and an answer of which a column says in 0 and 1 whether it is right: what nobody should learn as it
        stands."""
        if any(role in self.given for role in ("text", "label", "prompt", "completion")) or not self._marks:
            return []
        asked, answered = self.prompts(), self.answers()[:1]
        told = asked and answered and all(wordy(self.free[name]) for name in asked + answered)
        return asked + answered if told else []

    @cached_property
    def _marks(self) -> list[str]:
        """What says in 0 and 1 whether an answer is right, and can be a label."""
        return [name for name, fact in self.free.items() if known.plain(name) in known.MARKS and fact.two_sided
                and fact.distinct == 2 and fact.kind != "bool" and fact.labelish]  # fmt: skip

    def _counts(self, name: str) -> bool:
        """Whether a column says how many answers there are: `answers`, in numbers."""
        return self.free[name].numeric and known.plain(name).rpartition("_")[2] == "answers"

    @cached_property
    def choices(self) -> tuple[list[str], str]:
        """The columns of choices, and the one that says which is right; empty where none does."""
        return picked(list(self.free), self.column)

    @cached_property
    def picked(self) -> list[str]:
        """A question and the column that says which of its choices is right; empty for none."""
        if any(role in self.given for role in ("text", "label", "completion", "messages", "chosen", "rejected")):
            return []
        choices, key = self.choices
        if not key or self.column(key).array.null_count:  # a row without its answer would be a bad one
            return []
        free = [name for name in self.free if name not in choices and name != key and self.free[name].text_share > 0.5]
        asked = [name for name in self.prompts() if name in free or name in self.given.get("prompt", ())]
        named = sorted((known.CHOSEN_FOR.index(known.plain(n)), n) for n in free if known.plain(n) in known.CHOSEN_FOR)
        prose = [name for name in self.texts({*choices, key}) if name in free]
        class_like = [name for name in asked if self.free[name].repeats and self.free[name].median_words < 2]
        named = [(rank, name) for rank, name in named if name not in class_like]
        if class_like == asked:  # COPA's `question` is "cause" or "effect" of the premise
            asked = [*([name for _, name in named[:1]] or prose[:1]), *asked]
        return [*asked, key] if asked else []

    @cached_property
    def prompted(self) -> list[str]:
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
                if asks_databases(self.column(answers[0])) or not self._lesser([*passages, *short, prompts[0], answers[0]]):
                    return [*short[:1], prompts[0], answers[0]]
        spoken = in_two_languages(self.free, list(free))
        both = spoken or [name for name, fact in self.halves.items() if tells(fact) and speaks(fact, self.column(name))]
        words = 1 if any(map(writes_out, spoken)) else 2
        return both if len(both) == 2 and self._written(both, words) and not self._lesser(both) else []

    def _lesser(self, pair: Sequence[str]) -> bool:
        """Whether a column without a role holds longer prose than both halves: what they say something about."""
        longest = max((self.free.get(name) or self.halves[name]).median_words for name in pair[-2:])
        about = {*pair, *self._named_about_rows}
        prose = [fact for name, fact in self.free.items() if name not in about and wordy(fact) and not fact.nested]
        return any(fact.median_words > longest for fact in prose)

    def _written(self, pair: Sequence[str], words: int) -> bool:
        """Whether both hold so many words in the median, and more of them than numbers."""
        return all(median_written(self.column(name)) >= words for name in pair)

    def thumb(self) -> list[str]:
        """A yes or no about an answer."""
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

    def labels(self) -> list[str]:
        """Classes, the surest first; no text that is judged is one, and a mark by which answers are judged comes first."""
        if "label" in self.given:
            return list(self.given["label"])
        graded = self.graded()
        other = {*self._named_about_rows, *self.pair(), *graded, *self._speakers}
        fit = {name: fact for name, fact in self.free.items() if fact.labelish and name not in other}
        rated = self._rated(fit)
        if rated:
            ranks = known.label_ranks(list(fit), rated)
            named = sorted(ranks, key=lambda name: (ranks[name], name))
            found = named + [name for name, fact in fit.items() if name not in named and fact.repeats]
        else:
            found = self._labels_among(fit)
        # What never changes tells nothing apart; where it is called a label, it is a label that took over.
        found.sort(key=lambda name: self.free[name].distinct < 2 and known.plain(name) not in known.SURE_LABELS)
        marks = self._marks[:1] if graded else []
        return [*marks, *(name for name in found if name not in marks)]

    @cached_property
    def _speakers(self) -> set[str]:
        """Columns that say who speaks (`role`: `user`, `assistant`), where each row is one message of a talk."""
        talks = any(known.TALKS & set(known.plain(name).split("_")) for name in self.free)
        said = any(known.plain(name) in SAID for name in self.free)
        return {
            name for name, fact in self.free.items()
            if ((talks and known.plain(name).rpartition("_")[2] in known.SPEAKS_IN_TALK)
                or (said and known.plain(name) in SPEAKER))
            and fact.kind == "str" and 0 < fact.distinct <= 10
            and {str(word).strip().lower() for word in pc.unique(self.column(name).array.drop_null()).to_pylist()}
            <= known.SPEAKERS
        }  # fmt: skip

    def _labels_among(self, fit: Mapping[str, Facts]) -> list[str]:
        """Labels by name, or by contents where one column alone looks like it."""
        ranked = [(known.rank(name, known.NAMES["label"]), name) for name in fit]
        named = [name for rank, name in sorted((r, n) for r, n in ranked if r is not None)]
        if named:
            return named + [name for name, fact in fit.items() if name not in named and fact.repeats]
        # Without a name only an unmistakable column counts, and only beside a text.
        loose = [name for name, fact in fit.items() if fact.repeats and fact.kind in ("str", "bool")]
        loose = [name for name in loose if not known.is_id(name) or known.names_class(name)]
        return loose if len(loose) == 1 and self.texts(set(loose)) else []

    def _rated(self, fit: Mapping[str, Facts]) -> set[str]:
        """Ratings that are a label beside what they rate; those of names that mean other things as well only where
        nothing but the thing that is rated would be the label, and no pair of texts is."""
        rated = self.ratings & set(fit)
        if not rated or self.pair() or not any(asks(self.free[name]) for name in self.texts(rated)):
            return set()
        others = self._labels_among({name: fact for name, fact in fit.items() if name not in rated})
        if self.prompted or (others and not known.thing(others[0])):
            rated -= {name for name in rated if known.spelled(name) in RATINGS_OR_NOT}
        return rated

    def labelled(self, pair: Sequence[str]) -> bool:
        """Whether anything beside a pair could be a label: no id that comes back, beside SQL nothing but a yes or no."""
        if "label" in self.given:
            return False
        sql = asks_databases(self.column(pair[-1]))
        for name, fact in self.free.items():
            about = (name in self._named_about_rows and name not in pair) or (sql and not fact.two_sided)
            same = fact.distinct < 2 and fact.rows >= 10
            if not fact.labelish or (name in pair and fact.filled < 10) or about or same or name in self._speakers:
                continue
            if known.rank(name, known.NAMES["label"]) is not None:
                return True
            if name not in pair and not known.is_id(name) and (name in self.ratings or self._classes(fact)):
                return True
        return False

    def _classes(self, fact: Facts) -> bool:
        few = fact.kind in ("str", "bool") or fact.two_sided or rates(fact, self.column(fact.name))
        return fact.repeats and few

    def texts(self, taken: set[str]) -> list[str]:
        """Texts but for those `taken`: by name, then the longest prose."""
        if "text" in self.given:
            return list(self.given["text"])
        used = taken | self._named_about_rows
        fit = {name: fact for name, fact in self.free.items() if name not in used and fact.text_share > 0.5}
        ranked = [(known.rank(name, known.NAMES["text"]), name) for name, fact in fit.items() if not fact.nested]
        named = [name for rank, name in sorted((r, n) for r, n in ranked if r is not None)]
        named.sort(key=lambda name: 2 * fit[name].filled < fit[name].rows)  # empty ones are read where there is no other
        prose = [name for name, fact in sorted(fit.items(), key=lambda item: (item[1].nested, -item[1].median_words))
                 if fact.median_words >= 3 and name not in named and (fact.distinct > 1 or fact.rows < 10)]  # fmt: skip
        numbers = [name for name in named if prose and self._numbers(fit[name])]
        named = [name for name in named if name not in numbers]
        below = next((name for name in prose if named and self._heads(fit[named[0]], fit[name])), "")
        full = next((name for name in prose if 2 * fit[name].filled >= fit[name].rows), "")
        if full and named and 2 * fit[named[0]].filled < fit[named[0]].rows:  # a remark that few rows have
            return [full, *named, *(name for name in prose if name != full)]
        if below:
            return [below, *named, *(name for name in prose if name != below)]
        if not named and not prose:
            prose = [n for n, fact in fit.items() if not fact.numeric and fact.distinct_share > 0.5 and not known.is_id(n)]
            prose = sorted(prose, key=lambda name: not self._far_longer(name, prose[0]))
            named = self._lists(used)
        return named + prose + numbers

    def _numbers(self, fact: Facts) -> bool:
        """Whether a column holds the numbers of tickets or posts (`Nº ticket`: `T-10423`) and not what they say."""
        called = known.plain(fact.name).rpartition("_")[2]
        if called not in _NUMBERED or fact.distinct_share < 0.9:
            return False
        return bool(pc.all(pc.match_substring_regex(self.column(fact.name).array, _NUMBER)).as_py())

    def _far_longer(self, name: str, first: str) -> bool:
        """Whether a column is of no hashes and many times as long as the first: sequences beside their names."""
        both = [self.column(one).array for one in (name, first)]
        if any(not pa.types.is_large_string(one.type) for one in both):
            return False
        longer, length = (pc.sum(pc.utf8_length(one)).as_py() or 0 for one in both)
        return longer > _FAR_LONGER * length and not pc.all(pc.match_substring_regex(both[0], _HASH)).as_py()

    def _heads(self, title: Facts, prose: Facts) -> bool:
        """Whether a title, by its name, stands over prose without a name that is read; words that come back under other
        titles are a notice."""
        last = known.plain(title.name).rpartition("_")[2]
        long = not known.about_row(prose.name) and prose.median_words >= 3 * title.median_words + 8
        differs = tells(prose) and prose.distinct_share >= max(0.5, title.distinct_share / 2)
        return last in known.TITLES and long and differs and speaks(prose, self.column(prose.name))

    def _lists(self, used: set[str]) -> list[str]:
        """Lists of words, sentences or things said, by name, that mostly differ; those that say most come first."""
        lists = {name: said_in(self.column(name)) for name, fact in self.free.items()
                 if name not in used and fact.nested and fact.distinct_share > 0.5
                 and known.rank(name, known.LISTED_TEXTS) is not None}  # fmt: skip
        return sorted((name for name, words in lists.items() if words), key=lambda name: -lists[name])

    def pair(self, pairs: Sequence[tuple[str, str]] = known.PAIRS) -> list[str]:
        """Texts that are judged together: premise and hypothesis, `sentence1` and `sentence2`; query, title and page."""
        read = {name: known.together(name) for name, fact in self.free.items() if fact.text_share > 0.5}
        by_name = {called: name for name, names in read.items() for called in names}
        by_name |= {known.plain(name): name for name in read}
        pair = next(([by_name[name] for name in pair] for pair in pairs if pair[0] in by_name and pair[1] in by_name), [])
        pair = pair or languages.one_of({name: known.spelled(name) for name in read}, pairs)
        if not pair or "text" in self.given:
            return []
        return [*pair, *self._page(pair)] if known.plain(pair[0]) == "query" else pair

    def _page(self, found: Sequence[str]) -> list[str]:
        """The longest prose beside a query and a title, where it is longer than both: what the title stands over."""
        longest, title = max(self.free[name].median_words for name in found), self.free[found[1]]
        prose = {
            name: fact.median_words for name, fact in self.free.items()
            if name not in (*found, *self._named_about_rows) and fact.median_words > longest and asks(fact)
            and 2 * fact.distinct_share >= title.distinct_share
            and (not known.about_row(name) or known.rank(name, known.NAMES["text"]) is not None)
        }  # fmt: skip
        return sorted(prose, key=lambda name: -prose[name])[:1]

    def judged(self) -> list[str]:
        """A passage and the shorter text that is judged by it: document and claim. Read as one, the passage would hide
        that two claims about it differ."""
        pair = self.pair(known.JUDGED)
        if not pair or "context" in self.given or self.pair() not in ([], pair):
            return []
        passage, text = (self.free[name] for name in pair)
        longer = passage.median_words > text.median_words and not passage.nested and asks(text)
        return pair if longer and says_mostly(self.column(passage.name), "passage") else []
