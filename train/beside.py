"""What the role `context` names, put where a model reads it: around the prompt, or before the text to be classified.

System prompts (`system`, `system_prompt`) are the system turn, where the row has none. Earlier turns (`history`) are turns
before the question where they go by turns, else a passage. Choices (`choices`, `A` to `D`, `option1` and `option2`) come
after the question, one a line, called what the answers call them: by their own keys, letters or numbers. `input` comes
after the instruction, and anything else before the question, in the order of the role.

An empty cell adds nothing, nor does what the prompt or the text holds already. A column of passages that in most rows are
little more than prompt and answer, or in nearly all the answer, is left out of all rows. No row's answer decides what that
row is given: its presence would tell the answer, and both answers of a preference need the same prompt.

Turns that came from columns are marked with `MARK`, and a turn that begins with a passage says in `SPARE` how long that is,
as `AboutText` does for texts: where a row is too long, they go first (`train.encoding`).
Cost: about 10 µs a row. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from curate.dataset.given import choice_columns, choices_in, listed, opened, words_in
from curate.dataset.names import LISTED_CHOICES, READ_AFTER, SYSTEM, TURNS_BEFORE, plain
from curate.dataset.shapes import is_conversation
from train.parts import preference_parts, prompt_and_completion
from train.turns import Conversation, Message, conversation, is_learned

if TYPE_CHECKING:
    from curate.dataset import Dataset

MARK, SPARE = "from_column", "passage_chars"
_NAMED = re.compile(r"\s*\(?([A-Ja-j1-9])\s?(?:\)|[.:](?!\d))")
"""A choice that names itself: `A)21`."""
_PROSE = 4
"""Words of a text in a nested passage: fewer are titles, addresses and marks."""
_ASKING = re.compile(r"(?i)(?<!\w)(?:q|a|question|answer|问|答|问题|答案)\s*[:：]")
_LITTLE_MORE = 1.2
"""Times the length of prompt and answer that a passage may have which is those two once more."""
_SAMPLE = 500
"""Rows whose answers are looked at."""


class AboutText(str):
    """A text that begins with what it is about."""

    about_chars: int = 0
    """Code points of that, which may go where the row is too long."""


class Beside:
    """What rows are given beside their prompt or text."""

    def __init__(self, dataset: Dataset) -> None:
        self.cells = {name: dataset.values(name).to_pylist() for name in dataset.roles.context}
        names = list(self.cells)
        self.families = [members for members, _ in choice_columns(names)]
        grown = {name for members in self.families for name in members}
        self.alone = {name: plain(name) for name in names if name not in grown}
        rows = _answered(dataset)
        self.again = [name for name, known in self.alone.items() if self._says_again(name, known, rows)]
        for name in self.again:
            del self.alone[name]
        self.labels = _labels([(answer, self._found(row)) for row, _, answer in rows if answer])

    def words(self) -> str:
        """A sentence or two for the notes of a training."""
        read = [name for name in self.cells if name not in self.again]
        said = [f"Read beside the prompt or the text: {', '.join(read)}."] if read else []
        if self.again:
            said.append(f"Not read, as it says the rows' answers once more: {', '.join(self.again)}.")
        return " ".join(said)

    def of_text(self, text: str, row: int) -> str:
        """The text with what it is about before it; the same text where that is nothing."""
        if not text:
            return text
        turns = [str(turn["content"]) for turn in self._turns(row, text)]
        before = "\n\n".join(one for one in (*self._system(row), *turns, *self._passages(row, text)) if one not in text)
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
        before = "\n\n".join(one for one in self._passages(row, said) if one not in said)
        after = [one for one in (*self._after(row), self._choices(row, said)) if one and one not in said]
        earlier = self._turns(row, said)
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

    def _passages(self, row: int, said: str) -> list[str]:
        found = []
        for name, known in self.alone.items():
            if known in SYSTEM or known in READ_AFTER or known in LISTED_CHOICES:
                continue
            if known in TURNS_BEFORE and self._spoken(name, row, said):
                continue
            found.append(_prose(self.cells[name][row]))
        return [text for text in found if text]

    def _system(self, row: int) -> list[str]:
        return self._of(row, lambda known: known in SYSTEM)

    def _after(self, row: int) -> list[str]:
        return self._of(row, lambda known: known in READ_AFTER)

    def _turns(self, row: int, said: str) -> list[Message]:
        held = [name for name, known in self.alone.items() if known in TURNS_BEFORE]
        return [turn for name in held for turn in self._spoken(name, row, said)]

    def _spoken(self, name: str, row: int, said: str) -> list[Message]:
        """Earlier turns where they begin with a question and end with its answer, or with the question `said` itself."""
        value = opened(self.cells[name][row])
        turns: list[Message] = []
        if is_conversation(value):
            turns = [dict(turn) for turn in conversation(value) if turn["role"] in ("user", "assistant")]
        elif isinstance(value, list):
            for pair in value:
                both = list(pair.values()) if isinstance(pair, dict) else pair
                if not isinstance(both, list) or len(both) != 2 or not all(isinstance(one, str) and one for one in both):
                    return []
                turns += [{"role": "user", "content": both[0]}, {"role": "assistant", "content": both[1]}]
        if turns and turns[-1]["role"] == "user" and str(turns[-1]["content"]).strip() == said.strip():
            turns.pop()
        alternate = all(turn["role"] == ("user", "assistant")[i % 2] for i, turn in enumerate(turns))
        return [{**turn, MARK: True} for turn in turns] if alternate and len(turns) % 2 == 0 else []

    def _found(self, row: int) -> list[tuple[str, str]] | str:
        """(key, text) of each choice of a row, or the line that holds them all."""
        found: list[tuple[str, str]] = []
        for name, known in self.alone.items():
            if known in LISTED_CHOICES:
                value = opened(self.cells[name][row])
                if isinstance(value, str):
                    return value.strip()
                found += choices_in(value)
        for members in self.families:
            found += [(_suffix(name), _plain(self.cells[name][row])) for name in members]
        return found

    def _choices(self, row: int, said: str) -> str:
        found = self._found(row)
        if isinstance(found, str):
            return found
        named = {own[1] for _, text in found if (own := _NAMED.match(text))}
        if len(named) == len(found) > 1:
            return "\n".join(text.strip() for _, text in found)
        lines = [(self.labels(i, key), text.strip()) for i, (key, text) in enumerate(found) if text.strip()]
        listed_already = all(any(f"{key}{mark} {text}" in said for mark in ".):") for key, text in lines)
        return "" if len(lines) < 2 or listed_already else "\n".join(f"{key}. {text}" for key, text in lines)

    def _says_again(self, name: str, known: str, rows: Sequence[tuple[int, str, str]]) -> bool:
        if known in SYSTEM or known in LISTED_CHOICES or known in READ_AFTER:
            return False
        held = [(text, said, answer) for row, said, answer in rows if (text := _prose(self.cells[name][row]))]
        same = sum(text == answer.strip() for text, _, answer in held)  # many, in texts to be corrected
        return 2 * sum(_again(*one) for one in held) > len(held) or 0 < 9 * len(held) <= 10 * same


def beside_of(dataset: Dataset) -> Beside | None:
    """What rows are given beside prompt or text; None where no column says it."""
    return Beside(dataset) if dataset.roles.context and dataset.task != "text" else None


def is_own(turn: Message) -> bool:
    """Whether a turn is an answer of the row's own that is to be learned."""
    return is_learned(turn) and not turn.get(MARK)


def has_passages(texts: Sequence[str], talks: Sequence[Conversation]) -> bool:
    """Whether any text or conversation begins with a passage."""
    return any(isinstance(text, AboutText) for text in texts) or any(SPARE in turn for talk in talks for turn in talk)


def _answered(dataset: Dataset) -> list[tuple[int, str, str]]:
    """Row, question and answer of some rows, spread evenly; none where the task has no answers in columns."""
    pairs: list[Any] = []
    if dataset.task == "preference":
        pairs = [(prompt, chosen) for prompt, chosen, _ in preference_parts(dataset)]
    elif dataset.task in ("sft", "unpaired_preference") and dataset.roles.completion:
        pairs = list(prompt_and_completion(dataset))
    rows = []
    for row in range(0, len(pairs), max(1, len(pairs) // _SAMPLE)):
        prompt, answer = pairs[row]
        asked = prompt or (answer if isinstance(answer, tuple) else "")  # an answer may hold the whole conversation
        last = answer[::-1] if isinstance(answer, tuple) else answer
        rows.append((row, _of_role("user", asked), _of_role("assistant", last)))
    return rows


def _of_role(role: str, part: str | Conversation) -> str:
    """A text, or what the first turn of a role says."""
    if isinstance(part, str):
        return part
    return next((str(turn["content"]) for turn in part if turn["role"] == role), "")


def _again(part: str, said: str, answer: str) -> bool:
    """Whether a text is prompt and answer with little else."""
    part, said, answer = (" ".join(_ASKING.sub(" ", one).split()) for one in (part, said, answer))
    if not said or not answer or _size(part) > _LITTLE_MORE * (_size(said) + _size(answer)):
        return False
    return _stands(said, part) and _stands(answer, part)


def _size(text: str) -> int:
    return len(text.replace(" ", ""))


def _stands(part: str, text: str) -> bool:
    """Whether a text stands in another, not as a piece of a word."""
    at = text.find(part)
    while at >= 0:
        end = at + len(part)
        begins = at == 0 or not text[at - 1 : at + 1].isalnum()
        if begins and (end == len(text) or not text[end - 1 : end + 1].isalnum()):
            return True
        at = text.find(part, at + 1)
    return False


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


def _labels(rows: Sequence[tuple[str, list[tuple[str, str]] | str]]) -> Callable[[int, str], str]:
    """What a choice is called, by its place and its own key, so that it fits the answers.

    Nearly all answers are texts of choices, or their keys, letters or numbers; the first that fits most decides. Numbers of
    which nothing says whether they begin with 0 or 1 leave the choices their keys or letters.
    """
    seen = [(answer.strip(), found) for answer, found in rows if isinstance(found, list) and len(found) > 1]
    seen = [(answer, found) for answer, found in seen if answer not in ("", "-1")]
    counts = dict.fromkeys(("texts", "keys", "letters", "from 0", "from 1"), 0)
    for answer, found in seen:
        number = int(answer) if answer.isdecimal() and len(answer) <= 2 else -1
        counts["texts"] += answer in {text.strip() for _, text in found}
        counts["keys"] += answer.casefold() in {key.casefold() for key, _ in found}
        counts["letters"] += answer.casefold() in [chr(ord("a") + i) for i in range(len(found))]
        counts["from 0"] += 0 <= number < len(found)
        counts["from 1"] += 1 <= number <= len(found)
    kind = max(counts, key=lambda name: counts[name])
    if 10 * counts[kind] < 9 * len(seen) or not seen:
        kind = ""
    if kind.startswith("from") and counts["from 0"] != counts["from 1"]:
        return lambda i, _key: str(i + int(kind[-1]))
    by_place, named = kind == "letters", kind in ("keys", "letters")
    small, big = (named and all(map(cased, (answer for answer, _ in seen))) for cased in (str.islower, str.isupper))

    def label(i: int, key: str) -> str:
        called = (not by_place and key) or chr(ord("A") + i)
        return called.lower() if small else called.upper() if big else called

    return label
