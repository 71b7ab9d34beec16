"""Safe previews: what a room shows of a row.

A preview holds no personal data that the scanner finds, no control, escape or direction characters (a terminal obeys
none of it), and no line breaks; it is cut to a width. It is for reading, not for parsing: markup of a particular view
(Rich, HTML) is escaped by that view.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from curate.privacy.config import ScanConfig
from curate.privacy.operators import mask_column
from curate.privacy.scanner import scan
from curate.safetext import UNSAFE, safe_text

_CONTROL = re.compile(f"{UNSAFE.pattern}|[\t\n\v\f\r\x85\u2028\u2029]")
_SLACK = 256
"""Code points scanned beyond the width, so that a value cut by it is still recognised."""


def masked_previews(texts: pa.Array, width: int = 120, config: ScanConfig | None = None) -> list[str | None]:
    """A safe preview of every text of a column, at most `width` code points each; null stays None."""
    short = width + _SLACK
    heads = pc.utf8_slice_codeunits(texts, 0, short)
    shown: list[str | None] = heads.to_pylist()
    changed = _made_safe(shown, range(len(shown)), config)
    # Where nothing was masked and no character taken away, what is shown ends far before the cut. Elsewhere read enough
    # for characters that show as none, but never megabytes.
    longer = pc.fill_null(pc.greater(pc.binary_length(texts), pc.binary_length(heads)), False).to_pylist()
    again = [i for i in changed if longer[i]]
    more = pc.utf8_slice_codeunits(texts.take(pa.array(again, pa.int64())), 0, 8 * width + _SLACK).to_pylist()
    for i, text in zip(again, more, strict=True):
        shown[i] = text
    _made_safe(shown, again, config)
    return [None if t is None else (t if len(t) <= width else t[: max(0, width - 1)] + "…") for t in shown]


def _made_safe(shown: list[str | None], which: Sequence[int], config: ScanConfig | None) -> list[int]:
    """Replace texts by their masked, cleaned selves; returns those that lost characters or hold a placeholder."""
    heads = [shown[i] for i in which]
    column = pa.array(heads, pa.large_string())
    masked = mask_column(column, scan(column, config)).to_pylist()
    cleaned = [None if t is None else safe_text(t) for t in masked]
    first = list(cleaned)
    # Taking characters away may join the parts of a value: look once more at what has changed.
    changed = [k for k, (head, now) in enumerate(zip(heads, cleaned, strict=True)) if now != head]
    if changed:
        once_more = pa.array([cleaned[k] for k in changed], pa.large_string())
        for k, final in zip(changed, mask_column(once_more, scan(once_more, config)).to_pylist(), strict=True):
            cleaned[k] = final
    for i, now in zip(which, cleaned, strict=True):
        shown[i] = now
    return [
        i
        for i, head, hidden, plain, now in zip(which, heads, masked, first, cleaned, strict=True)
        if hidden != head or now != plain or len(now or "") != len(head or "")
    ]


def masked_preview(text: str, width: int = 120, config: ScanConfig | None = None) -> str:
    """A safe preview of one text; for many rows use `masked_previews`, which scans them together."""
    shown = masked_previews(pa.array([_encodable(text[: 8 * width + _SLACK])], pa.large_string()), width, config)[0]
    return shown or ""


def masked_lines(text: str, width: int = 120, config: ScanConfig | None = None) -> list[str]:
    """A safe preview of one text that keeps its lines, at most `width` code points in all; empty lines are left out.

    Personal data is looked for three times: in the text with its lines joined by blanks, since a number or a password may
    run over their ends; in the text as it is, since some of it is known by where a line begins; and in each line."""
    head = _encodable(text[: 8 * width + _SLACK].replace("\r\n", "\n").replace("\r", "\n"))
    column = pa.array([head], pa.large_string())
    joined = pa.array([head.replace("\n", " ")], pa.large_string())  # as long as the text: offsets are the same
    column = mask_column(column, scan(joined, config))
    whole = mask_column(column, scan(column, config))[0].as_py()
    # At no other sign that ends lines: what such a sign splits is one value once it is taken away.
    shown = masked_previews(pa.array([_encodable(line) for line in whole.split("\n")], pa.large_string()), width, config)
    out: list[str] = []
    for line in shown:
        if not line:
            continue
        if len(line) > width:
            line = f"{line[: max(0, width - 1)]}…"
        out.append(line)
        width -= len(line)
        if width <= 0:
            break
    return out


def shown_names(values: Iterable[str | None], config: ScanConfig | None = None) -> dict[str, str]:
    """How each distinct name (a label, a group) is written where its exact text is not needed.

    A name in which the scanner finds nothing stays as it is, however long; one with personal data or a control
    character becomes its safe preview. No two names become one: previews that coincide are numbered in the order of
    the names, `[EMAIL]`, `[EMAIL] (2)`. One scan over the distinct names.
    """
    names = sorted({value for value in values if value is not None})
    if not names:
        return {}
    column = pa.array([_encodable(name) for name in names], pa.large_string())
    found = set(scan(column, config).row.tolist())
    hidden = [i for i, name in enumerate(names) if i in found or _CONTROL.search(name)]
    shown = {name: name for name in names}
    if not hidden:
        return shown
    taken = set(names) - {names[i] for i in hidden}
    for i, preview in zip(hidden, masked_previews(column.take(pa.array(hidden)), config=config)):
        masked, number = preview or "", 1
        while masked in taken:
            number += 1
            masked = f"{preview} ({number})"
        taken.add(masked)
        shown[names[i]] = masked
    return shown


def _encodable(text: str) -> str:
    """Lone surrogates cannot be stored as UTF-8; they are shown by nothing."""
    return text.encode("utf-8", "ignore").decode("utf-8")
