"""Files of ratings: JSON lines with a prompt, and the answer, how it was rated and its correction where there are any.

Prompts and answers are texts, or turns of a conversation (`role` and `content`, `from` and `value`; text may come in
parts): of those the longest question counts, and the answer that follows it. Files may be compressed (gzip, zstd). Nothing
of a line is ever quoted.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from curate.dataset.compression import read_bytes
from curate.errors import ConfigError, DataError
from curate.stages.against import longest_question
from curate.stages.corrections import last_answer, said, turn_that_answers, words_of

_NAMES = {
    "prompt": ("prompt", "input", "question", "text", "messages", "conversations"),
    "output": ("output", "response", "completion", "answer"),
    "rating": ("rating", "score", "thumbs", "thumb", "vote", "feedback"),
    "correction": ("correction", "corrected", "expected"),
}
_BAD = {"down", "bad", "no", "false", "negative", "dislike", "thumbs_down", "downvote", "\U0001f44e"}
_GOOD = {"up", "good", "yes", "true", "positive", "like", "thumbs_up", "upvote", "\U0001f44d"}
_TONES = dict.fromkeys(range(0x1F3FB, 0x1F400))
"""Skin tones, which a thumb may have."""


@dataclass(frozen=True)
class Rating:
    """One line of a file."""

    where: str
    """File and line."""
    prompt: str
    output: str
    good: bool | None
    """None where the line has a correction only."""
    correction: str


def read_ratings(path: Path, good_from: float, left_out: list[str] | None = None) -> list[Rating]:
    """The ratings of a file. DataError names the first line that is none, unless `left_out` is there to take its name."""
    out: list[Rating] = []
    try:
        raw = bytes(read_bytes(path)[0])
    except OSError as error:
        raise DataError(f"{path}: ratings cannot be read: {(error.strerror or '').lower()}") from None
    for number, line in enumerate(raw.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            out.append(_rating(path, number, line, good_from))
        except DataError:
            if left_out is None:
                raise
            left_out.append(f"{path.name} line {number}")
    if not out:
        raise DataError(f"{path}: holds no ratings")
    return out


def _rating(path: Path, number: int, line: bytes, good_from: float) -> Rating:
    where = f"{path}: line {number}"
    try:
        raw = orjson.loads(line)
    except orjson.JSONDecodeError:
        raise DataError(f"{where} is not JSON; ratings are one JSON object a line") from None
    if not isinstance(raw, dict):
        raise DataError(f"{where} is not a JSON object")
    found = {key: next((raw[n] for n in names if raw.get(n) is not None), None) for key, names in _NAMES.items()}
    if found["rating"] is None and isinstance(raw.get("label"), bool):  # the shape that unpaired preferences come in
        found["rating"] = raw["label"]
    turns = _turns(found["prompt"])
    prompt = longest_question([turns]) if turns is not None else _text(found["prompt"])
    output = _text(found["output"])
    correction = _text(found["correction"], words_of)  # it is written as a text, so a call of a tool cannot be one
    good = _good(found["rating"], good_from, where)
    if not prompt.strip() or (good is None and not correction):
        raise DataError(f"{where} needs a prompt, and a rating or a correction")
    return Rating(f"{path.name} line {number}", prompt, output or turn_that_answers(turns), good, correction)


def _turns(value: Any) -> list[Any] | None:
    """The turns of a conversation, which may be one; None where the value is none."""
    turns = [value] if isinstance(value, dict) else value if isinstance(value, list) else []
    return turns if any(isinstance(turn, dict) and turn.keys() & {"role", "from", "content"} for turn in turns) else None


def _text(value: Any, of: Callable[[Any], str] = said) -> str:
    """A value as a text; `of` reads a turn."""
    turns = _turns(value)
    if turns is not None:
        answer = last_answer(turns)
        return "" if answer is None else of(answer)
    if isinstance(value, str):
        return value if value.strip() else ""
    if isinstance(value, list) and any(isinstance(part, dict) and "type" in part for part in value):
        return of({"content": value})
    return "" if value is None or value in ([], {}) else orjson.dumps(value).decode()


def _good(value: Any, good_from: float, where: str) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        said = value.strip().lower().translate(_TONES).replace(" ", "_").replace("-", "_").rstrip("\ufe0f")
        if said in _BAD | _GOOD:
            return said in _GOOD
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise DataError(f"{where}: a rating is true or false, up or down, or a number")
    if number > 1 and good_from <= 1:
        raise ConfigError(f"{where}: ratings run beyond 1; say from which number on they are good (good_from)")
    return number >= good_from
