"""Names, addresses and firms in Chinese, Japanese and Korean, by their written forms.

These scripts have no capitals and mostly no blanks, so the tagger has little to go by, while the forms themselves are
strict: an address runs from the large to the small and ends in numbers of house and floor; a firm bears its legal form; a
form names the field before the name (`氏名：`, `收件人`, `예금주`). Sources: the postal services' rules for
addresses.

Rows without a byte of these scripts cost nothing; the others about 20 microseconds a kilobyte. All patterns are bounded.
It knows no town or person outside such forms.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt
from numba import njit

from curate.privacy.column import Block
from curate.privacy.names.phrases import words
from curate.privacy.types import CODE

_HAN = "一-龥々〆ヶ"
_NO_PERSON = re.compile(
    rf"(?:[{_HAN}]|[가-힣]|昭和|平成|令和|大正|[{_HAN}][りしれけえせいきくうるたっ])\Z|[{_HAN}]+[ぁ-ゖ]{{2,}}[{_HAN}]"
)
"""What the tagger takes for a person and is none: one sign, an era, a verb, letters of a sentence between two ideographs
(`初めて利`)."""
_WORDS_OF_EVERY_DAY = words("people", "every_day_east_asian")


@njit(cache=True, nogil=True)
def _rows_of_scripts(data, starts, ends):  # type: ignore[no-untyped-def]
    """bool[rows]: whether a row holds a byte that begins a sign of these scripts."""
    out = np.zeros(len(starts), dtype=np.bool_)
    for row in range(len(starts)):
        for p in range(starts[row], ends[row]):
            if 0xE3 <= data[p] <= 0xED:
                out[row] = True
                break
    return out


def written_forms(text: Block, types: list[str]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Spans (int64[n, 4]: row, start byte, end byte, type code) of the forms that are asked for, and their scores."""
    at: list[tuple[int, int, int, int]] = []
    scores: list[float] = []
    for row in np.flatnonzero(_rows_of_scripts(text.data, text.starts, text.ends)).tolist():
        from curate.privacy.names.east_asian_forms import forms_in

        base = int(text.starts[row])
        line = text.data[base : int(text.ends[row])].tobytes().decode("utf-8", "replace")
        place, byte = 0, base
        for a, b, kind, score in forms_in(line, types):
            if a < place:
                place, byte = 0, base
            byte += len(line[place:a].encode("utf-8", "replace"))
            place = a
            at.append((row, byte, byte + len(line[a:b].encode("utf-8", "replace")), CODE[kind]))
            scores.append(score)
    return np.array(at, np.int64).reshape(-1, 4), np.array(scores, np.float64)


def no_person(value: str) -> bool:
    """Whether what was taken for a person is a sign or a word that nobody is called."""
    return _NO_PERSON.match(value) is not None or value in _WORDS_OF_EVERY_DAY
