"""What a row is given beside its prompt or text: a system prompt, passages, earlier turns, choices.

Columns count by their whole names, values by their kind: passages need eight words (a dozen characters where words are not
spaced), system prompts two or three, choices must be several. Dates, names of files, ids, votes and facts about the row
(`{"session": "a1"}`) are nothing that is said. `context_of` is the guess of the role `context` (a column is one where more
than half of its values say something); which of the choices is right is found by `picked`.
Cost: the values of at most `_SAMPLE` rows a column, spread evenly.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator, Sequence
from statistics import median
from typing import Any

import pyarrow as pa

from curate.dataset.column import Column
from curate.dataset.content import answers_in, is_answer, loaded
from curate.dataset.names import (
    ANSWER_KEYS,
    ASKED,
    CHOICE_COLUMNS,
    CHOICES,
    LETTERS,
    LISTED_CHOICES,
    READ_AFTER,
    READ_BEFORE,
    READ_BY_CLASSIFIERS,
    SAID_TWICE,
    SYSTEM,
    TURNS_BEFORE,
    is_id,
    plain,
    rank,
)
from curate.dataset.parts import ASSISTANT
from curate.dataset.shapes import UNSPACED, is_conversation, is_message
from curate.dataset.turns import who

_SAMPLE = 200
_PASSAGE = 8
"""Words of a passage."""
_ONE_OF = re.compile(r"(.+?)_?([a-d]|[0-9])")
_VERSIONS = 4
"""Versions of one thing at most; more columns of a name are parts of a sheet."""
_SAID = 5
"""Words of a text that is written as a list."""
_LISTED = re.compile(r"(?:^|[\s(])[A-Ea-e1-5]\s?[).:]")
_NUMBER = re.compile(r"\s*[-+]?\d*[.,]?\d+(?:[eE][-+]?\d+)?\s*")
_SQL = re.compile(
    r"\s*(?:(?:select|delete)\s.*\sfrom\s|with\s.+\sselect\s|insert\s+into\s|update\s.+\sset\s|create\s+table\s)",
    re.I | re.S,
)
_KEYS = frozenset("abcdefghijABCDEFGHIJ0123456789")
_TEXTS = ("text", "content", "option", "choice", "answer", "value")
_SPEAKERS = frozenset(("user", "assistant", "human", "bot", "gpt", "question", "answer", "input", "output", "system"))


def choice_columns(names: Sequence[str]) -> Iterator[tuple[list[str], bool]]:
    """Columns that hold one choice each, and whether they might be votes or measurements instead (`A`, `B`, `C`, `D`)."""
    for family in CHOICE_COLUMNS:
        members = [name for name in names if plain(name) in family]
        if len(members) > 1:
            yield members, False
    for letters in (LETTERS.upper(), LETTERS):
        members = [letter for letter in letters if letter in names]
        if len(members) >= len(LETTERS) - 1:
            yield members, True


def answers_side_by_side(names: Sequence[str], read: Container[str]) -> set[str]:
    """Columns that hold one of several answers, conversations or texts each, by names that differ in a last letter or
    figure: `response_0` and `response_1`, and `text_b` where `text_a` is among those `read`."""
    kin: dict[str, list[str]] = {}
    for name in names:
        if found := _ONE_OF.fullmatch(plain(name)):
            kin.setdefault(found[1], []).append(name)
    said = {stem: members for stem, members in kin.items() if 2 <= len(members) <= _VERSIONS and (
        rank(stem, SAID_TWICE) is not None or any(name in read for name in members))}  # fmt: skip
    return {name for members in said.values() for name in members}


def is_choice_column(name: str) -> bool:
    """Whether a column of the role `context` holds choices, or one of several."""
    known = plain(name)
    return known in LISTED_CHOICES or known in LETTERS or any(known in family for family in CHOICE_COLUMNS)


def filled_choices(values: Sequence[Any], *, votes: bool) -> list[str]:
    """The choices that stand in the columns of one row; none where fewer than two do, or where they might be votes and
    half of them are the same."""
    held = [str(value).strip() for value in values if isinstance(value, str | int | float)]
    filled = [value for value in held if value]
    return held if len(filled) > 1 and (not votes or 2 * len(set(filled)) > len(filled)) else []


def words_in(text: str) -> int:
    """Words; letters of scripts without blanks count two thirds of one."""
    return len(text.split()) + 2 * len(UNSPACED.findall(text)) // 3


def says(value: Any, known: str) -> bool:
    """Whether a value is something said or chosen from, not facts about the row; `known` is the column's plain name."""
    if isinstance(value, str):
        return words_in(value) >= SYSTEM.get(known, _PASSAGE) or (known in CHOICES and len(_LISTED.findall(value)) > 1)
    if known in CHOICES:
        return len(choices_in(value)) > 1
    if is_conversation(value) or is_message(value):
        return True
    if known in TURNS_BEFORE and isinstance(value, list) and value and all(_is_turn(turn) for turn in value):
        return True
    return sum(map(words_in, listed(value))) >= _PASSAGE


def choices_in(value: Any) -> list[tuple[str, str]]:
    """(key, text) of each choice of a nested value, the key empty where it has none; empty where it is no such value."""
    keys: list[str] = []
    if isinstance(value, dict):
        if value and set(value) <= _KEYS:
            held = [(key, one) for key, one in value.items() if one is not None]
            keys, value = [key for key, _ in held], [one for _, one in held]
        else:
            marks = value.get("label")
            value = next((value[key] for key in ("text", "choices", "options") if isinstance(value.get(key), list)), None)
            if isinstance(marks, list) and isinstance(value, list) and len(marks) == len(value):
                keys = list(map(str, marks))
    if not isinstance(value, list) or not value:
        return []
    keys = keys or [""] * len(value)
    found = [(key, one) for key, one in zip(keys, value, strict=True) if one is not None]
    return [_choice(key, one) for key, one in found] if all(_is_choice(one) for _, one in found) else []


def listed(value: Any) -> list[str]:
    """The texts of a list, and of lists in it or under names; a text that stands under a name alone must be a passage."""
    if isinstance(value, list):
        return [text for one in value for text in ([one] if isinstance(one, str) else listed(one))]
    if isinstance(value, dict):
        alone = [one for one in value.values() if isinstance(one, str) and words_in(one) >= _PASSAGE]
        return alone + [text for one in value.values() if not isinstance(one, str) for text in listed(one)]
    return []


def context_of(task: str, names: Sequence[str], talks: bool, column: Callable[[str], Column]) -> list[str]:
    """The columns among `names`, which play no other role, that training should read beside the prompt or the text, in
    their order. `talks`: the prompt is a conversation, which holds all but its system turn itself."""
    if task == "text" or not names:
        return []
    free = {name: plain(name) for name in names}
    whole = READ_BEFORE | READ_AFTER | TURNS_BEFORE | CHOICES | frozenset(SYSTEM)
    if task == "classification":
        whole = READ_BY_CLASSIFIERS | TURNS_BEFORE
    elif talks:
        whole = frozenset(SYSTEM)
    found = {name for name, known in free.items() if known in whole and says_mostly(column(name), known)}
    if task != "classification" and not talks:
        for members, votes in choice_columns(names):
            if not plain(members[0]).startswith("distractor") and _mostly_choices(members, votes, column):
                found.update(members)
    return [name for name in names if name in found]


def picked(names: Sequence[str], column: Callable[[str], Column]) -> tuple[list[str], str]:
    """(columns of choices, the column that says which is right); nothing where no column does, or where the choices are the
    same few in every row: those are the classes of a label."""
    free = {name: plain(name) for name in names}
    sets = [([name], False) for name, known in free.items() if known in LISTED_CHOICES and _choose(column(name))]
    sets += [(members, votes) for members, votes in choice_columns(names)
             if not plain(members[0]).startswith("distractor") and _mostly_choices(members, votes, column)]  # fmt: skip
    named = [name for name, known in free.items() if not ASKED.isdisjoint(known.split("_")) and not is_id(name)]
    asked = any(pa.types.is_large_string(column(name).array.type) for name in named)
    for members, votes in sets:
        rows = [str(row) for row in zip(*(_spread(column(name)) for name in members), strict=True)]
        if len(rows) > 1 and (len(set(rows)) < 2 or 5 * len(set(rows)) < len(rows)):
            continue
        keys = sorted((ANSWER_KEYS.index(known), name) for name, known in free.items() if known in ANSWER_KEYS)
        for _, key in keys:
            if not (asked or plain(key) not in ("label", "target")) and _counted([key], column):
                continue  # a class in numbers, as far as names tell
            if votes and _counted(members, column) and (_counted([key], column) or not asked):
                continue  # ratings and measurements
            if key not in members and _names_one(members, key, column):
                return [name for group, _ in sets for name in group], key
    return [], ""


def says_mostly(column: Column, known: str) -> bool:
    """Whether more than half of the filled values of a column say something; `known` is its plain name."""
    held = [value for value in _spread(column) if value not in (None, "", [], {})]
    return bool(held) and 2 * sum(says(value, known) for value in held) > len(held)


def _choose(column: Column) -> bool:
    return says_mostly(column, "choices")


def said_in(column: Column) -> float:
    """Words in the median row of a column whose rows are lists of texts, five at least; 0 for others."""
    held = [value for value in _spread(column) if value not in (None, "", [])]
    texts = [value for value in held if isinstance(value, list) and all(isinstance(one, str) for one in value)]
    words = median([sum(map(words_in, text)) for text in texts] or [0])
    return words if 10 * len(texts) >= 9 * len(held) and words >= _SAID else 0


def begins_conversations(column: Column) -> bool:
    """Whether all values are conversations from the first question on: then no other column is what they answer."""
    first = [opened(value) for value in column.array[:_SAMPLE].to_pylist() if value]
    return bool(first) and all(is_conversation(talk) and who(talk[0]) not in ASSISTANT for talk in first)


def ends_with_question(column: Column) -> bool:
    """Whether all values are conversations whose last turn is not the assistant's."""
    last = [opened(value) for value in column.array[:_SAMPLE].to_pylist() if value]
    return bool(last) and all(is_conversation(talk) and who(talk[-1]) not in ASSISTANT for talk in last)


def lists_objects(column: Column) -> bool:
    """Whether the filled values of a column are lists of objects, as definitions of tools are."""
    held = [opened(value) for value in column.array[:_SAMPLE].to_pylist() if value]
    return bool(held) and all(isinstance(value, list) and all(isinstance(one, dict) for one in value) for value in held)


def asks_databases(column: Column) -> bool:
    """Whether a column mostly holds SQL: beside a question it is the answer, whatever else stands there."""
    held = [text for text in column.array[:_SAMPLE].to_pylist() if isinstance(text, str)]
    return 5 * sum(_SQL.match(text) is not None for text in held) > 4 * len(held)


def holds_answers(column: Column) -> bool:
    """Whether every row holds an answer as SQuAD, TriviaQA or lists write it, be it that there is none."""
    held = [opened(value) for value in column.array[:_SAMPLE].to_pylist()]
    return not column.array.null_count and all(map(is_answer, held)) and any(map(answers_in, held))


def _choice(key: str, one: Any) -> tuple[str, str]:
    if _is_keyed(one):
        ((key, text),) = one.items()
        return key, str(text)
    if isinstance(one, dict):
        said = next(one[name] for name in _TEXTS if name in one)
        mark = one.get("label", one.get("key", one.get("id", key)))
        return str(mark) if isinstance(mark, str | int) else key, str(said)
    if isinstance(one, list):
        return str(one[0]), str(one[1])
    return key, str(one)


def _is_keyed(one: Any) -> bool:
    """A choice under its letter: `{"A": "albumin"}`."""
    return isinstance(one, dict) and len(one) == 1 and one.keys() <= _KEYS


def _is_choice(one: Any) -> bool:
    if isinstance(one, dict):
        return _is_keyed(one) or any(key in one for key in _TEXTS)
    return isinstance(one, str | int | float) or (isinstance(one, list) and len(one) == 2 and isinstance(one[1], str))


def _is_turn(turn: Any) -> bool:
    if isinstance(turn, dict):
        return bool(turn) and set(turn) <= _SPEAKERS
    return isinstance(turn, list) and bool(turn) and all(isinstance(said, str) for said in turn)


def _spread(column: Column) -> list[Any]:
    array = column.array
    step = max(1, len(array) // _SAMPLE)
    return [opened(value) for value in array.take(pa.array(range(0, len(array), step))).to_pylist()]


def opened(value: Any) -> Any:
    """A value, or what the JSON in a text means."""
    return loaded(value) if isinstance(value, str) and value.lstrip()[:1] in ("[", "{") else value


def _counted(names: Sequence[str], column: Callable[[str], Column]) -> bool:
    """Whether columns hold numbers alone, be they written as text."""
    held = [value for name in names for value in _spread(column(name)) if value not in (None, "")]
    return all(isinstance(value, int | float) or (isinstance(value, str) and _NUMBER.fullmatch(value)) for value in held)


def _mostly_choices(members: Sequence[str], votes: bool, column: Callable[[str], Column]) -> bool:
    rows = list(zip(*(_spread(column(name)) for name in members), strict=True))
    return 2 * sum(bool(filled_choices(row, votes=votes)) for row in rows) > len(rows)


def _names_one(members: Sequence[str], key: str, column: Callable[[str], Column]) -> bool:
    """Whether nearly every value of `key` names one of the row's choices: by its letter, its number or its text."""
    columns = [_spread(column(name)) for name in members]
    right = seen = 0
    for value, *held in zip(_spread(column(key)), *columns, strict=True):
        if value is None or isinstance(value, list | dict | bool) or str(value).strip() in ("", "-1"):
            continue
        choices = choices_in(held[0]) if len(members) == 1 else [("", text) for text in filled_choices(held, votes=False)]
        if len(choices) < 2:
            if not (len(members) == 1 and isinstance(held[0], str) and len(_LISTED.findall(held[0])) > 1):
                continue
            choices = [("", "")] * len(_LISTED.findall(held[0]))
        seen += 1
        right += _is_one(str(value).strip(), choices)
    return seen > 0 and 10 * right >= 9 * seen


def _is_one(answer: str, choices: Sequence[tuple[str, str]]) -> bool:
    if answer in {key for key, _ in choices if key} | {text.strip() for _, text in choices if text}:
        return True
    if answer.isdecimal() and len(answer) <= 2:
        return int(answer) <= len(choices)
    return len(answer) == 1 and "a" <= answer.lower() <= chr(ord("a") + len(choices) - 1)
