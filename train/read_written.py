"""What an encoder-decoder reads of a conversation, and what it learns to write.

It reads everything before the last answer, as the chat template writes it, and writes the words of that answer without the
template's marks, behind its own first token and up to its end token. Each is cut at the maximal length by itself: what is
read at its start, so that the last turns stay, what is written at its end. Cost: two calls of the tokenizer.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from train.encoded import NOTHING, EncodedRow


@dataclass(frozen=True)
class ReadWritten:
    """Both sides of one row, uncut, with their code points in the rendered text; added tokens have none, start = end."""

    read: np.ndarray
    """int32[S]."""
    read_at: np.ndarray
    """int64[S, 2]."""
    written: np.ndarray
    """int32[T], the end token last; empty where the answer says nothing."""
    written_at: np.ndarray
    """int64[T, 2]."""

    def cut(self, limit: int) -> tuple[int, int]:
        """How many tokens do not fit: of what is read, and of what is written behind the first token."""
        return max(0, len(self.read) - limit), max(0, len(self.written) + 1 - limit)

    def row(self, first: int, limit: int, silent: str) -> EncodedRow:
        """The row as it is trained on, written behind the token `first`; refused as `silent` where nothing is said."""
        if not len(self.written):
            return EncodedRow(NOTHING, np.empty(0, dtype=bool), refused=silent)
        before, behind = self.cut(limit)
        tokens = np.array([first, *self.written[: len(self.written) - behind]], dtype=np.int32)
        return EncodedRow(tokens, np.arange(len(tokens)) > 0, before + behind, behind, source=self.read[before:])


def read_and_written(tokenizer: Any, special: Collection[int], text: str, start: int, end: int) -> ReadWritten:
    """Of a rendered conversation whose last answer stands between two code points; lone surrogates are replaced before."""
    read, read_at = _tokens(tokenizer, text[:start], added=True)
    answer = text[start:end]
    written, written_at = _tokens(tokenizer, answer.strip(), added=False)
    written_at += start + len(answer) - len(answer.lstrip())
    words = np.flatnonzero(~np.isin(written, list(special)))  # the template's own marks are no words
    written, written_at = written[words], written_at[words]
    if len(words):
        place = written_at[-1, 1]
        written = np.append(written, np.int32(tokenizer.eos_token_id))
        written_at = np.vstack([written_at, [[place, place]]])
    return ReadWritten(read, read_at, written, written_at)


def _tokens(tokenizer: Any, text: str, *, added: bool) -> tuple[np.ndarray, np.ndarray]:
    batch = tokenizer(text, add_special_tokens=added, return_offsets_mapping=True, verbose=False)
    places = np.array(batch["offset_mapping"], dtype=np.int64).reshape(-1, 2)
    return np.array(batch["input_ids"], dtype=np.int32), places
