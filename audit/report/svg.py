"""The little SVG that the plots need: escaped text, ticks, a drawing with a title and a description.

Colours are CSS variables of the page, so a drawing follows light, dark and print. Nothing tells by colour alone: series
carry letters and dashes, bars carry patterns. All coordinates are CSS pixels, rounded to a tenth.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from curate import words

CHARACTER = 6.9
"""Mean width of a character at the plots' 12 px, in pixels."""
ROOM = 1.02
"""Ticks may end this far beyond the data."""


class Drawing:
    """Shapes on a canvas of fixed width; the height is set when it is closed."""

    def __init__(self, width: int, name: str, title: str, description: str) -> None:
        self.width, self.name, self.title, self.description = width, name, title, description
        self.parts: list[str] = []

    def line(self, x1: float, y1: float, x2: float, y2: float, css: str = "axis") -> None:
        """A straight line."""
        self.parts.append(f'<line class="{css}" x1="{_n(x1)}" y1="{_n(y1)}" x2="{_n(x2)}" y2="{_n(y2)}"/>')

    def rect(self, x: float, y: float, w: float, h: float, css: str) -> None:
        """A rectangle; nothing when it has no width."""
        if w > 0 and h > 0:
            self.parts.append(f'<rect class="{css}" x="{_n(x)}" y="{_n(y)}" width="{_n(w)}" height="{_n(h)}"/>')

    def path(self, points: Sequence[tuple[float, float]], css: str, *, closed: bool = False) -> None:
        """A line through points."""
        if points:
            steps = "L".join(f"{_n(x)} {_n(y)}" for x, y in points)
            self.parts.append(f'<path class="{css}" d="M{steps}{"Z" if closed else ""}"/>')

    def mark(self, x: float, y: float, shape: str, css: str = "mark") -> None:
        """A point: `square`, `diamond` or `circle`."""
        if shape == "circle":
            self.parts.append(f'<circle class="{css}" cx="{_n(x)}" cy="{_n(y)}" r="4.5"/>')
        elif shape == "square":
            self.rect(x - 4.5, y - 4.5, 9, 9, css)
        else:
            self.path([(x, y - 6), (x + 6, y), (x, y + 6), (x - 6, y)], css, closed=True)

    def text(self, x: float, y: float, text: str, css: str = "", anchor: str = "start", room: float | None = None) -> None:
        """Text at a baseline, shortened to `room` pixels."""
        shown = text if room is None else fit(text, room)
        names = f' class="{css}"' if css else ""
        side = "" if anchor == "start" else f' text-anchor="{anchor}"'
        whole = f"<title>{escape(text)}</title>" if shown != text else ""
        self.parts.append(f'<text{names} x="{_n(x)}" y="{_n(y)}"{side}>{escape(shown)}{whole}</text>')

    def close(self, height: float) -> str:
        """The SVG element."""
        return (
            f'<svg class="plot" role="img" viewBox="0 0 {self.width} {_n(height)}" width="{self.width}" '
            f'height="{_n(height)}" aria-labelledby="{self.name}-t {self.name}-d">'
            f'<title id="{self.name}-t">{escape(self.title)}</title>'
            f'<desc id="{self.name}-d">{escape(self.description)}</desc>{"".join(self.parts)}</svg>'
        )


class Scale:
    """A linear scale from data to pixels, its ends on ticks."""

    def __init__(self, low: float, high: float, left: float, right: float, most: int = 6) -> None:
        self.ticks = ticks(low, high, most)
        self.low, self.high = self.ticks[0], self.ticks[-1]
        self.left, self.right = left, right

    def __call__(self, value: float) -> float:
        share = (value - self.low) / ((self.high - self.low) or 1.0)
        return self.left + min(max(share, -0.02), ROOM) * (self.right - self.left)

    def label(self, value: float, *, signed: bool = False, percent: bool = False) -> str:
        """A tick in as many decimals as the step needs."""
        step = self.ticks[1] - self.ticks[0]
        value, step = (100 * value, 100 * step) if percent else (value, step)
        decimals = max(0, -math.floor(math.log10(step) + 1e-9)) if step else 0
        text = words.signed(value, decimals)
        return (text if signed else text.removeprefix("+")) + ("%" if percent else "")


def ticks(low: float, high: float, most: int) -> list[float]:
    """Round numbers around [low, high], at most `most` + 1 steps of 1, 2 or 5 times a power of ten."""
    if not high > low:
        high = low + 1.0
    raw = (high - low) / most
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= raw * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(i * step, 12) for i in range(first, max(last, first + 1) + 1)]


def fit(text: str, room: float) -> str:
    """Text cut to a number of pixels."""
    most = max(3, int(room / CHARACTER))
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def two_lines(text: str, room: float) -> list[str]:
    """Text as it is where it fits into a number of pixels, else cut between two words as evenly as they allow."""
    words = text.split(" ")
    if len(text) <= max(3, int(room / CHARACTER)) or len(words) < 2:
        return [text]
    cuts = [(" ".join(words[:i]), " ".join(words[i:])) for i in range(1, len(words))]
    return [*min(cuts, key=lambda pair: max(len(pair[0]), len(pair[1])))]


def _n(x: float) -> str:
    return f"{x:.1f}".removesuffix(".0")
