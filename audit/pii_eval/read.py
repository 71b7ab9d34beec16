"""Read a gold set: which format a path holds, and the JSON formats.

JSON comes as an array or as one object a line. An object needs a text (`full_text`, `text`, `source_text`, ...) and a
list of spans (`spans`, `entities`, `privacy_mask`, `labels`, ...); a span is an object (`start` or `start_position`,
`end` or `end_position`, `type`, `entity_type` or `label`) or a list of start, end and type. Where a span repeats its
text (`value`, `entity_value`), the offsets are checked against it. Gzip and Zstandard files are read as they are.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from audit.pii_eval.brat import read_brat
from audit.pii_eval.conll import looks_like_conll, read_conll
from audit.pii_eval.gold import Gold, check_value, checked_span, settle
from curate.errors import ConfigError, DataError

FORMATS = ("auto", "presidio", "brat", "conll", "curate")
_TEXT = ("full_text", "text", "source_text", "content", "sentence", "document")
_SPANS = ("spans", "entities", "privacy_mask", "labels", "label", "annotations", "ents")
_START = ("start_position", "start", "begin", "start_offset", "start_char")
_END = ("end_position", "end", "stop", "end_offset", "end_char")
_TYPE = ("entity_type", "type", "label", "tag", "entity", "entity_label", "label_name")
_VALUE = ("entity_value", "value", "entity_text")


def read_gold(path: str | Path, form: str = "auto", *, overlaps: bool = False) -> Gold:
    """The gold set at a path. `overlaps`: keep spans that overlap instead of refusing them.

    Raises DataError for a set that cannot be read or whose offsets do not fit, ConfigError for an unknown format.
    """
    place = Path(path)
    if form not in FORMATS:
        raise ConfigError(f"--format: unknown; allowed: {', '.join(FORMATS)}")
    if not place.exists():
        raise DataError(f"{place}: there is no such file or directory")
    if form == "brat" or (form == "auto" and place.is_dir() and any(place.rglob("*.ann"))):
        return settle(read_brat(place), str(place), overlaps=overlaps)
    if form == "brat" or (form == "auto" and place.suffix == ".ann"):
        raise DataError(f"{place}: give the directory that holds the .ann and .txt files")
    files = _files(place)
    if form == "conll" or (form == "auto" and all(looks_like_conll(read_text(f)) for f in files)):
        gold = Gold("conll")
        for file in files:
            read_conll(gold, read_text(file), file.name)
        return settle(gold, str(place), overlaps=overlaps)
    gold = Gold("curate" if form == "auto" else form)
    for file in files:
        _read_json(gold, file, guess=form == "auto")
    return settle(gold, str(place), overlaps=overlaps)


def _files(place: Path) -> list[Path]:
    if not place.is_dir():
        return [place]
    found = sorted(f for f in place.iterdir() if f.is_file() and not f.name.startswith("."))
    if not found:
        raise DataError(f"{place}: the directory holds no files")
    return found


def read_text(file: Path) -> str:
    """The whole file as text."""
    try:
        raw = file.read_bytes()
        if raw[:2] == b"\x1f\x8b":
            raw = gzip.decompress(raw)
        elif raw[:4] == b"\x28\xb5\x2f\xfd":
            import zstandard

            raw = zstandard.ZstdDecompressor().stream_reader(raw).read()
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{file}: not UTF-8 at byte {error.start}") from None
    except OSError as error:
        raise DataError(f"{file}: cannot be read: {type(error).__name__}") from error


def _records(file: Path) -> Iterator[tuple[str, Any]]:
    """(where, object) for each document of a JSON array or a file of JSON lines."""
    text = read_text(file)
    if text.lstrip()[:1] == "[":
        try:
            values = json.loads(text)
        except ValueError as error:
            raise DataError(f"{file}: not JSON: {_reason(error)}") from None
        for number, value in enumerate(values):
            yield f"{file.name}, document {number}", value
        return
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield f"{file.name}, line {number}", json.loads(line)
            except ValueError as error:
                raise DataError(
                    f"{file.name}, line {number}: not JSON ({_reason(error)}); "
                    "a gold set is JSON, a brat directory or CoNLL"
                ) from None


def _reason(error: ValueError) -> str:
    return f"line {error.lineno}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else "broken"


def _read_json(gold: Gold, file: Path, *, guess: bool) -> None:
    for where, record in _records(file):
        if not isinstance(record, dict):
            raise DataError(f"{where}: expected an object with a text and its spans")
        text_key = next((key for key in _TEXT if isinstance(record.get(key), str)), None)
        span_key = next((key for key in _SPANS if isinstance(record.get(key), list | str)), None)
        if text_key is None:
            raise DataError(f"{where}: no text; its key may be {', '.join(_TEXT)}")
        if span_key is None:
            raise DataError(f"{where}: no list of spans; its key may be {', '.join(_SPANS)}")
        if guess and text_key == "full_text":
            gold.format = "presidio"
        spans = record[span_key]
        if isinstance(spans, str):  # a list written as JSON inside a string
            try:
                spans = json.loads(spans)
            except ValueError:
                raise DataError(f"{where}: {span_key} is text that is not JSON") from None
        row = gold.add(record[text_key])
        for number, span in enumerate(spans):
            _add(gold, row, span, f"{where}, span {number}")


def _add(gold: Gold, row: int, span: Any, where: str) -> None:
    if isinstance(span, list | tuple) and len(span) >= 3:
        numbers = [part for part in span if isinstance(part, int) and not isinstance(part, bool)]
        names = [part for part in span if isinstance(part, str)]
        if len(numbers) == 2 and names:
            gold.spans.append(checked_span(gold, row, numbers[0], numbers[1], names[0], where))
            return
    if not isinstance(span, dict):
        raise DataError(f"{where}: a span is an object with start, end and type, or a list of the three")
    start, end, kind = (_first(span, keys) for keys in (_START, _END, _TYPE))
    if isinstance(kind, list) and kind:
        kind = kind[0]
    found = checked_span(gold, row, start, end, kind, where)
    check_value(gold, found, _first(span, _VALUE), where)
    gold.spans.append(found)


def _first(span: dict[str, Any], keys: tuple[str, ...]) -> Any:
    return next((span[key] for key in keys if key in span), None)
