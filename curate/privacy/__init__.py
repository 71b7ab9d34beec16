"""Personal data and secrets in text: find typed spans, say why, replace them.

One idea: a *span* is a typed range of code points in a raw text, with a score and a reason that never holds the value.
Recognisers propose spans, one overlap rule chooses among them, operators replace them. `scan` works on whole columns.

    spans = scan(texts)                      # texts: pa.LargeStringArray
    clean = mask_column(texts, spans)        # "[EMAIL]", "[PHONE]", ...
    scan(clean)                              # finds nothing

The engine knows arrays and strings only; the `pii` stage turns spans into findings.
"""

from __future__ import annotations

from curate.privacy.config import ScanConfig, preview_config
from curate.privacy.custom import Recognizer, installed_recognizers, load_recognizers
from curate.privacy.operators import mask, mask_column
from curate.privacy.preview import masked_lines, masked_preview, masked_previews, shown_names
from curate.privacy.scanner import count_left, scan
from curate.privacy.spans import Spans
from curate.privacy.types import TYPES, PiiType
from curate.safetext import safe_text

__all__ = [
    "TYPES", "PiiType", "Recognizer", "ScanConfig", "Spans", "count_left", "installed_recognizers", "load_recognizers",
    "mask", "mask_column",
    "masked_lines", "masked_preview", "masked_previews", "preview_config", "safe_text", "scan", "shown_names",
]  # fmt: skip
