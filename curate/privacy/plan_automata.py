# mypy: disable-error-code="assignment"
"""Numbering plans as automata: which rows of a matrix of digits are assigned telephone numbers, in one pass of numba.

Method: the plans of `phonenumbers` are regular expressions over digits without look-around or back-references; each is
parsed into a non-deterministic automaton (Thompson 1968) and made deterministic by subsets (Rabin and Scott 1959). Every
state that is reached gets ten next states. Numbers that need a national prefix taken off first go by the regular
expressions where the prefix is more than one word of digits.

Shapes: a plan is int32[states, 10] and bool[states]; state 0 is dead, 1 the start. Cost: 5-60 ms a plan when it is first
asked for (a few hundred to some thousand states), then about 10 nanoseconds a digit. The tests compare every plan with
the regular expressions it was made from.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

Digits = npt.NDArray[np.uint8]
_Edges = dict[int, list[tuple[int, int]]]
"""By state: bits of digits and the state that they lead to."""
_EVERY = (1 << 10) - 1


@dataclass(frozen=True)
class Automaton:
    """A deterministic automaton over digits."""

    step: npt.NDArray[np.int32]
    """Next state by state and digit."""
    final: npt.NDArray[np.bool_]

    def accepts(self, digits: Digits) -> npt.NDArray[np.bool_]:
        """bool[rows]: whether each row of uint8[rows, length] of digits 0-9 is in the language."""
        return np.asarray(_run(self.step, self.final, np.ascontiguousarray(digits)))


@njit(cache=True, nogil=True)
def _run(step, final, digits):  # type: ignore[no-untyped-def]
    out = np.zeros(len(digits), dtype=np.bool_)
    for n in range(len(digits)):
        state = np.int32(1)
        for k in range(digits.shape[1]):
            state = step[state, digits[n, k]]
            if state == 0:
                break
        out[n] = final[state]
    return out


class _Pattern:
    """A parser of one pattern into edges of a non-deterministic automaton."""

    def __init__(self, pattern: str, edges: _Edges, free: dict[int, list[int]], count: int) -> None:
        self.pattern, self.at = pattern, 0
        self.edges, self.free, self.count = edges, free, count

    def state(self) -> int:
        self.count += 1
        return self.count

    def alternatives(self, begin: int) -> int:
        """Parse `a|b|...` from `begin`; returns the state behind it."""
        end = self.state()
        while True:
            self.free[self.sequence(begin)].append(end)
            if self.at >= len(self.pattern) or self.pattern[self.at] != "|":
                return end
            self.at += 1

    def sequence(self, begin: int) -> int:
        while self.at < len(self.pattern) and self.pattern[self.at] not in "|)":
            first = self.at
            end = self.item(begin)
            low, high, after = self.times()
            if (low, high) != (1, 1):
                last = self.at
                end, done = begin, self.state()
                if low == 0:
                    self.free[end].append(done)
                for n in range(high):
                    self.at = first
                    end = self.item(end)
                    if n + 1 >= low:
                        self.free[end].append(done)
                end, self.at = done, last
            self.at = after
            begin = end
        return begin

    def item(self, begin: int) -> int:
        c = self.pattern[self.at]
        if c == "(":
            self.at += 3 if self.pattern.startswith("(?:", self.at) else 1
            if self.pattern[self.at] == "?":
                raise ValueError("look-around in a numbering plan")
            inner = self.state()
            self.free[begin].append(inner)
            end = self.alternatives(inner)
            self.at += 1
            return end
        digits = self.digits()
        end = self.state()
        self.edges[begin].append((digits, end))
        return end

    def digits(self) -> int:
        """Bits of the digits that one sign stands for."""
        c = self.pattern[self.at]
        if c == "\\" and self.pattern[self.at + 1] == "d":
            self.at += 2
            return _EVERY
        if c == "[":
            close = self.pattern.index("]", self.at)
            inside, self.at = self.pattern[self.at + 1 : close].replace("\\d", "0-9"), close + 1
            bits, k = 0, 0
            while k < len(inside):
                low = high = int(inside[k])
                if inside[k + 1 : k + 2] == "-":
                    high, k = int(inside[k + 2]), k + 2
                bits |= ((1 << (high + 1)) - 1) & ~((1 << low) - 1)
                k += 1
            return bits
        self.at += 1
        return 1 << int(c)

    def times(self) -> tuple[int, int, int]:
        """How often the item before is repeated, and where the pattern goes on."""
        c = self.pattern[self.at : self.at + 1]
        if c == "?":
            return 0, 1, self.at + 1
        if c == "{":
            close = self.pattern.index("}", self.at)
            low, _, high = self.pattern[self.at + 1 : close].partition(",")
            return int(low), int(high or low), close + 1
        return 1, 1, self.at


def automaton(patterns: list[str]) -> Automaton:
    """The automaton of all numbers that one of the patterns matches in full. Raises ValueError for what is no pattern of
    digits."""
    edges: _Edges = defaultdict(list)
    free: dict[int, list[int]] = defaultdict(list)
    start, count, finals = 0, 0, set()
    for pattern in patterns:
        parser = _Pattern(pattern, edges, free, count)
        inner = parser.state()
        free[start].append(inner)
        finals.add(parser.alternatives(inner))
        if parser.at != len(pattern):
            raise ValueError("a bracket too many in a numbering plan")
        count = parser.count

    def closed(states: set[int]) -> frozenset[int]:
        todo, seen = list(states), set(states)
        while todo:
            for other in free.get(todo.pop(), ()):
                if other not in seen:
                    seen.add(other)
                    todo.append(other)
        return frozenset(s for s in seen if s in edges or s in finals)

    first = closed({start})
    number = {frozenset[int](): 0, first: 1}
    order, rows = [frozenset[int](), first], [[0] * 10]
    while len(rows) < len(order):
        reach: list[set[int]] = [set() for _ in range(10)]
        for state in order[len(rows)]:
            for bits, target in edges.get(state, ()):
                for digit in range(10):
                    if bits >> digit & 1:
                        reach[digit].add(target)
        row = []
        for states in reach:
            key = closed(states)
            if key not in number:
                number[key] = len(order)
                order.append(key)
            row.append(number[key])
        rows.append(row)
    return Automaton(np.array(rows, np.int32), np.array([not finals.isdisjoint(states) for states in order]))
