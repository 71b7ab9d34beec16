"""The order of turns in conversations.

Method: the turns of a row are written as one letter each (`s` system, `u` user, `a` assistant, `c` a call of a tool, `t`
its result, `?` another) and distinct orders are looked at once. Sound: system turns at the start, then users and the
assistant in turns, whose answer may go through calls and results. Cost: one regular expression a distinct order.
Does not: know which roles a chat template accepts; that is the trainer's business.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from curate.quality.hits import Hits, hits

NAMES = {
    "system": "s", "developer": "s", "user": "u", "human": "u", "prompter": "u", "customer": "u", "assistant": "a",
    "gpt": "a", "chatgpt": "a", "bot": "a", "chatbot": "a", "model": "a", "function_call": "c", "tool_call": "c",
    "tool": "t", "function": "t", "observation": "t", "function_response": "t", "ipython": "t", "tool_response": "t",
}  # fmt: skip
_SOUND = re.compile(r"s*(?:u[act]*)*")
_BROKEN = re.compile(r"uu|aa|[us]t")


def letter(role: object) -> str:
    """The letter of a role's name."""
    return NAMES.get(role.strip().lower(), "?") if isinstance(role, str) else "?"


def role_order(orders: Sequence[str]) -> Hits:
    """Rows whose turns do not take turns; one order a row, as letters."""
    known = {order: _judged(order) for order in set(orders)}
    score = np.array([known[order] for order in orders], np.float64)
    return hits("role_order", score > 0, score, order=np.array([shown(order) for order in orders], dtype=object))


def last_turn(orders: Sequence[str]) -> Hits:
    """Rows that do not end with the assistant: the last turn teaches nothing, or the answer is missing."""
    wrong = np.array([bool(order) and order[-1] not in "ac" for order in orders], np.bool_)
    return hits("last_turn", wrong, 0.85, turns=np.array([len(order) for order in orders], np.int64))


def _judged(order: str) -> float:
    if _SOUND.fullmatch(order) and not _BROKEN.search(order):
        return 0.0
    return 0.6 if "?" in order else 0.8


def shown(order: str) -> str:
    """An order as evidence: at most forty letters."""
    return order if len(order) <= 40 else order[:39] + "…"
