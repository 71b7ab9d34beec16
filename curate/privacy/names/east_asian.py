"""Names, addresses and firms in Chinese, Japanese and Korean, by their written forms.

These scripts have no capitals and mostly no blanks, so the tagger has little to go by, while the forms themselves are
strict: an address runs from the large to the small and ends in numbers of house and floor; a firm bears its legal form; a
form names the field before the name (`氏名：`, `收件人`, `예금주`). Sources: the postal services' rules for
addresses.

Stretches without a byte of these scripts cost nothing; the others about 20 microseconds a kilobyte. All patterns are
bounded. It knows no town or person outside such forms.
"""

from __future__ import annotations

import re
from functools import partial

import numpy as np
import numpy.typing as npt
from numba import njit

from curate.privacy.column import Block
from curate.privacy.names.cues import in_bytes
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
def _in_these_scripts(data, starts, ends):  # type: ignore[no-untyped-def]
    """bool[n]: whether a stretch holds a byte that begins a sign of these scripts."""
    out = np.zeros(len(starts), dtype=np.bool_)
    for n in range(len(starts)):
        for p in range(starts[n], ends[n]):
            if 0xE3 <= data[p] <= 0xED:
                out[n] = True
                break
    return out


def written_forms(
    text: Block, types: list[str], silent: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Spans (int64[n, 4]: row, start byte, end byte, type code) of the forms that are asked for, and their scores.
    `silent`: of `cues`."""
    at: list[tuple[int, int, int, int]] = []
    scores: list[float] = []
    places = silent[_in_these_scripts(text.data, silent[:, 1].copy(), silent[:, 2].copy())]
    for row, begin, end in places.tolist():
        from curate.privacy.names.east_asian_forms import forms_in

        for _, start, stop, kind, score in in_bytes(text, row, begin, end, partial(forms_in, types=types)):
            at.append((row, start, stop, CODE[kind]))
            scores.append(score)
    return np.array(at, np.int64).reshape(-1, 4), np.array(scores, np.float64)


def no_person(value: str) -> bool:
    """Whether what was taken for a person is a sign or a word that nobody is called."""
    return _NO_PERSON.match(value) is not None or value in _WORDS_OF_EVERY_DAY
