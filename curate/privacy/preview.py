"""Safe previews: what a room shows of a row.

A preview holds no personal data that the scanner finds, no control, escape or direction characters (a terminal obeys
none of it), and no line breaks; it is cut to a width. It is for reading, not for parsing: markup of a particular view
(Rich, HTML) is escaped by that view.
"""

from __future__ import annotations

import re

import pyarrow as pa

from curate.privacy.config import ScanConfig
from curate.privacy.operators import mask_column
from curate.privacy.scanner import scan

_ANSI = re.compile(r"\x1b(?:\[[0-?]{0,64}[ -/]{0,8}[@-~]|\][^\x07\x1b]{0,256}(?:\x07|\x1b\\)?|[@-Z\\^_])")
_BREAKS = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029 ]+")
_UNSAFE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
_SLACK = 256
"""Code points scanned beyond the width, so that a value cut by it is still recognised."""


def safe_text(text: str) -> str:
    """`text` on one line, without ANSI sequences, control, zero-width or direction characters."""
    return _UNSAFE.sub("", _BREAKS.sub(" ", _ANSI.sub("", text)))


def masked_previews(texts: pa.Array, width: int = 120, config: ScanConfig | None = None) -> list[str | None]:
    """A safe preview of every text of a column, at most `width` code points each; null stays None."""
    # One code point shows as at most one, except that white space shrinks: read enough, but never megabytes.
    heads = [None if t is None else _encodable(t[: 8 * width + _SLACK]) for t in texts.to_pylist()]
    column = pa.array(heads, pa.large_string())
    masked = mask_column(column, scan(column, config)).to_pylist()
    cleaned = pa.array([None if t is None else safe_text(t) for t in masked], pa.large_string())
    # Taking characters away may join the parts of a value: look once more at what will be shown.
    final = mask_column(cleaned, scan(cleaned, config)).to_pylist()
    return [None if t is None else (t if len(t) <= width else t[: max(0, width - 1)] + "…") for t in final]


def masked_preview(text: str, width: int = 120, config: ScanConfig | None = None) -> str:
    """A safe preview of one text; for many rows use `masked_previews`, which scans them together."""
    shown = masked_previews(pa.array([_encodable(text[: 8 * width + _SLACK])], pa.large_string()), width, config)[0]
    return shown or ""


def _encodable(text: str) -> str:
    """Lone surrogates cannot be stored as UTF-8; they are shown by nothing."""
    return text.encode("utf-8", "ignore").decode("utf-8")
