"""What a scan leaves behind: an estimate, with an interval, of the personal data that it missed.

One idea: nobody can count what nobody saw, but two more detectors that fail for other reasons show how often the scanner
fails. `look` runs them on a sample, `estimate` turns who saw what into missed spans a row, `from_reviewed` bounds the
same from rows that a person read. What no detector here looks for (names, places) is not in any of the numbers.
"""

from __future__ import annotations

from curate.privacy.residual.capture import FEWEST_ROWS, Missed, Read, Seen, estimate, from_reviewed
from curate.privacy.residual.look import Text, Unit, look, seen_of
from curate.privacy.residual.weak import KINDS, kind_of_type

__all__ = [
    "FEWEST_ROWS", "KINDS", "Missed", "Read", "Seen", "Text", "Unit", "estimate", "from_reviewed", "kind_of_type", "look",
    "seen_of",
]  # fmt: skip
