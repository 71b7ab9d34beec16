"""What the role `context` names, put where a model reads it: around the prompt, or before the text to be classified.

System prompts (`system`, `system_prompt`) are the system turn, where the row has none. Earlier turns (`history`) are turns
before the question where they go by turns, else a passage. Choices (`choices`, `A` to `D`, `option1` and `option2`) come
after the question, one a line: by numbers where the answers are numbers, else by their own keys or by letters. `input`
comes after the instruction, and anything else before the question, in the order of the role.

An empty cell adds nothing. Neither does what the prompt, the text or the answer holds already, nor what holds prompt and
answer both: that is the row once more. Turns that came from columns are marked with `MARK`, and a turn that begins with a
passage says in `SPARE` how long that is, as `AboutText` does for texts: where a row is too long, they go first
(`train.encoding`).
Cost: about 10 µs a row. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from curate.dataset.given import choice_columns, choices_in, is_choice_column, listed, opened, words_in
from curate.dataset.names import CHOICES, READ_AFTER, SYSTEM, TURNS_BEFORE, plain
from curate.dataset.shapes import is_conversation
from train.turns import Conversation, Message, conversation

if TYPE_CHECKING:
    from curate.dataset import Dataset

MARK, SPARE = "from_column", "passage_chars"
_NAMED = re.compile(r"\s*\(?([A-Ja-j1-9])\s?(?:\)|[.:](?!\d))")
"""A choice that names itself: `A)21`."""
_PROSE = 4
"""Words of a text in a nested passage: fewer are titles, addresses and marks."""


class AboutText(str):
    """A text that begins with what it is about."""

    about_chars: int = 0
    """Code points of that, which may go where the row is too long."""


class Beside:
    """What rows are given beside their prompt or text."""

    def __init__(self, dataset: Dataset) -> None:
        self.cells = {name: dataset.values(name).to_pylist() for name in dataset.roles.context}
        self.first = _first_number(dataset)
        names = list(self.cells)
        self.families = [members for members, _ in choice_columns(names)]
        grown = {name for members in self.families for name in members}
        self.alone = {name: plain(name) for name in names if name not in grown}

    def words(self) -> str:
        """A sentence for the notes of a training."""
        return f"Read beside the prompt or the text: {', '.join(self.cells)}."

    def of_text(self, text: str, row: int) -> str:
        """The text with what it is about before it; the same text where that is nothing."""
        if not text:
            return text
        turns = [str(turn["content"]) for turn in self._turns(row)]
        before = "\n\n".join(one for one in (*self._system(row), *turns, *self._passages(row)) if one not in text)
        after = [one for one in (*self._after(row), self._choices(row, text)) if one]
        whole = AboutText("\n\n".join(part for part in (before, text, *after) if part))
        whole.about_chars = len(before)
        return whole if before or after else text

    def around(self, talk: Conversation, row: int) -> Conversation:
        """The turns with all that they are given; the same turns where that is nothing."""
        if not talk:
            return talk
        at = next((i for i, turn in enumerate(talk) if turn["role"] == "user"), None)
        said = str(talk[at]["content"]) if at is not None else ""
        answer = str(talk[-1]["content"]) if talk[-1]["role"] == "assistant" else ""
        passages = [one for one in self._passages(row) if _adds(one, said, answer)]
        after = [one for one in (*self._after(row), self._choices(row, said)) if _adds(one, said, answer)]
        before, earlier = "\n\n".join(passages), self._turns(row)
        content = "\n\n".join(part for part in (before, said, *after) if part)
        turns = list(talk)
        if content != said:
            turn = {"role": "user", "content": content, **({SPARE: len(before)} if before else {})}
            turns[at or 0 : (at or 0) + (at is not None)] = [turn]
        if earlier and at is not None:
            turns[at:at] = earlier
        system = "\n\n".join(self._system(row))
        if system and all(turn["role"] != "system" for turn in talk):
            turns.insert(0, {"role": "system", "content": system, MARK: True})
        return tuple(turns)

    def _of(self, row: int, wanted: Callable[[str], bool]) -> list[str]:
        return [text for name, known in self.alone.items() if wanted(known) and (text := _prose(self.cells[name][row]))]

    def _passages(self, row: int) -> list[str]:
        found = []
        for name, known in self.alone.items():
            if known in SYSTEM or known in READ_AFTER or known in CHOICES:
                continue
            if known in TURNS_BEFORE and self._spoken(name, row):
                continue
            found.append(_prose(self.cells[name][row]))
        return [text for text in found if text]

    def _system(self, row: int) -> list[str]:
        return self._of(row, lambda known: known in SYSTEM)

    def _after(self, row: int) -> list[str]:
        return self._of(row, lambda known: known in READ_AFTER)

    def _turns(self, row: int) -> list[Message]:
        return [turn for name, known in self.alone.items() if known in TURNS_BEFORE for turn in self._spoken(name, row)]

    def _spoken(self, name: str, row: int) -> list[Message]:
        """Earlier turns where they begin with a question and end with its answer."""
        value = opened(self.cells[name][row])
        turns: list[Message] = []
        if is_conversation(value):
            turns = [dict(turn) for turn in conversation(value) if turn["role"] in ("user", "assistant")]
        elif isinstance(value, list):
            for pair in value:
                said = list(pair.values()) if isinstance(pair, dict) else pair
                if not isinstance(said, list) or len(said) != 2 or not all(isinstance(one, str) and one for one in said):
                    return []
                turns += [{"role": "user", "content": said[0]}, {"role": "assistant", "content": said[1]}]
        alternate = all(turn["role"] == ("user", "assistant")[i % 2] for i, turn in enumerate(turns))
        return [{**turn, MARK: True} for turn in turns] if alternate and len(turns) % 2 == 0 else []

    def _choices(self, row: int, said: str) -> str:
        found: list[tuple[str, str]] = []
        for name, known in self.alone.items():
            if known in CHOICES:
                value = opened(self.cells[name][row])
                if isinstance(value, str):
                    return value.strip()
                found += choices_in(value)
        for members in self.families:
            found += [(_suffix(name), _plain(self.cells[name][row])) for name in members]
        named = {own[1] for _, text in found if (own := _NAMED.match(text))}
        if len(named) == len(found) > 1:
            return "\n".join(text.strip() for _, text in found)
        lines = []
        for i, (key, text) in enumerate(found):
            key = str(self.first + i) if self.first is not None else key or chr(ord("A") + i)
            if text.strip():
                lines.append((key, text.strip()))
        listed_already = all(any(f"{key}{mark} {text}" in said for mark in ".):") for key, text in lines)
        return "" if len(lines) < 2 or listed_already else "\n".join(f"{key}. {text}" for key, text in lines)


def beside_of(dataset: Dataset) -> Beside | None:
    """What rows are given beside prompt or text; None where no column says it."""
    return Beside(dataset) if dataset.roles.context and dataset.task != "text" else None


def has_passages(texts: Sequence[str], talks: Sequence[Conversation]) -> bool:
    """Whether any text or conversation begins with a passage."""
    return any(isinstance(text, AboutText) for text in texts) or any(SPARE in turn for talk in talks for turn in talk)


def _adds(part: str, said: str, answer: str) -> bool:
    if not part or part in said or part == answer.strip():
        return False
    return not (said and len(answer) > 1 and said in part and answer in part)


def _prose(value: Any) -> str:
    """What a cell says: a text, or the texts in it that are no titles."""
    value = opened(value)
    if isinstance(value, str):
        return value.strip()
    return "\n".join(text.strip() for text in listed(value) if words_in(text) >= _PROSE)


def _plain(value: Any) -> str:
    return "" if value is None or isinstance(value, bool | list | dict) else str(value)


def _suffix(name: str) -> str:
    """What tells a column of choices from its brothers: `A` of `option_a` and `opa`, `1` of `sol1`."""
    return plain(name)[-1].upper()


def _first_number(dataset: Dataset) -> int | None:
    """The number of the first choice where all answers are numbers of choices: 0 where any is 0, else 1; else None."""
    names = dataset.roles.completion
    if not any(map(is_choice_column, dataset.roles.context)) or len(names) != 1 or dataset.is_json(names[0]):
        return None
    seen = {str(value).strip() for value in dataset.values(names[0]).unique().to_pylist() if value is not None} - {"", "-1"}
    if not seen or len(seen) > 10 or not all(answer.isdecimal() and len(answer) == 1 for answer in seen):
        return None
    return 0 if "0" in seen else 1
