"""Textual's list, which fails with a KeyError when it is paged before it is laid out: a key typed ahead is enough.

It is mended for every list, those inside Textual's own screens (the palette) included: no size yet, no page to go.
"""

from __future__ import annotations

from typing import Any

from textual.widgets import OptionList

_move_page = OptionList._move_page


def _paged(self: OptionList, direction: Any) -> None:
    if self._lines:
        _move_page(self, direction)


def mend() -> None:
    """Have every list wait for its size."""
    OptionList._move_page = _paged  # type: ignore[method-assign]
