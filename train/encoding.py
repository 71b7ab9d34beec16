"""From examples to tokens and loss masks, with every cut counted.

Classification appends the end token (its state closes the text) unless the tokenizer brackets texts itself, as encoders
do. sft and chat are rendered by the tokenizer's own chat template; the answer of turn i is what the template writes
between rendering turns 0..i-1 *with* the generation prompt and rendering turns 0..i. That span is checked: the full
conversation must begin with both, and the span must hold the turn's content; a row where it does not is refused, not
guessed. Inside the span tokens are supervised up to and including the last special token (the end of turn); where the
template writes none, the end token is appended and supervised. Tokens that straddle a border are not supervised.

Nothing after the last supervised token is kept, since it cannot change the loss. Rows with no supervised token left
are refused and counted. Rows are memoised by content, so arms share the work. Cost: 30 µs a short text, about
0.3 ms a conversation (the template is most of it).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from curate.errors import DataError
from train.examples import CLASSIFICATION, TEXT, Conversation, Examples

PLAIN_TEMPLATE = (
    "{% for message in messages %}{{ message['role'] }}:\n{{ message['content'] }}"
    "{% if message['role'] == 'assistant' %}{{ eos_token }}{% endif %}\n{% endfor %}"
    "{% if add_generation_prompt %}assistant:\n{% endif %}"
)
_NO_MASK = np.empty(0, dtype=bool)


@dataclass(frozen=True)
class EncodedRow:
    """One row as tokens."""

    tokens: np.ndarray
    """int32[length]."""
    supervised: np.ndarray
    """bool[length]: whether the token is a target; empty for classification."""
    cut_tokens: int = 0
    """Tokens that did not fit."""
    cut_supervised: int = 0
    """Supervised tokens that did not fit."""
    refused: str = ""
    """Why the row cannot be used; empty where it can."""


@dataclass(frozen=True)
class EncodingReport:
    """What encoding kept, cut and refused."""

    rows: int = 0
    tokens: int = 0
    supervised_tokens: int = 0
    max_length_tokens: int = 0
    longest_tokens: int = 0
    truncated_rows: int = 0
    truncated_tokens: int = 0
    truncated_supervised_tokens: int = 0
    truncated_side: str = "end"
    refused_rows: int = 0
    refused_reasons: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Encoded:
    """Rows ready for batches; `kept` are their positions in the examples they came from."""

    task: str
    kept: np.ndarray
    ids: np.ndarray
    tokens: tuple[np.ndarray, ...]
    supervised: tuple[np.ndarray, ...]
    lengths: np.ndarray
    report: EncodingReport

    def __len__(self) -> int:
        return len(self.tokens)


class Encoder:
    """Encodes examples for one tokenizer and one maximal length; remembers what it has encoded."""

    def __init__(self, tokenizer: Any, max_length_tokens: int) -> None:
        self.tokenizer = tokenizer
        self.max_length_tokens = max_length_tokens
        self._special = frozenset(tokenizer.all_special_ids) | {tokenizer.eos_token_id}
        self._brackets = tokenizer.sep_token_id is not None and tokenizer.cls_token_id is not None
        self._template = None if tokenizer.chat_template else PLAIN_TEMPLATE
        self._memo: dict[tuple[str, str], EncodedRow] = {}

    def encode(self, examples: Examples) -> Encoded:
        """Tokens and masks of the usable rows; raises `DataError` where no row is usable."""
        rows = self._rows(examples)
        kept = [i for i, row in enumerate(rows) if not row.refused]
        report = _report([rows[i] for i in kept], rows, self.max_length_tokens)
        if not kept:
            reasons = "; ".join(f"{count} rows: {reason}" for reason, count in report.refused_reasons.items())
            raise DataError(f"no row has a token to learn from ({reasons})")
        return Encoded(
            task=examples.task,
            kept=np.array(kept, dtype=np.int64),
            ids=examples.ids[kept],
            tokens=tuple(rows[i].tokens for i in kept),
            supervised=tuple(rows[i].supervised for i in kept),
            lengths=np.array([len(rows[i].tokens) for i in kept], dtype=np.int64),
            report=report,
        )

    def _rows(self, examples: Examples) -> list[EncodedRow]:
        keys = [(examples.task, key) for key in examples.keys()]  # noqa: SIM118 - not a mapping
        new: dict[tuple[str, str], int] = {}
        for position, key in enumerate(keys):
            if key not in self._memo:
                new.setdefault(key, position)
        if new:
            positions = list(new.values())
            if examples.task in (CLASSIFICATION, TEXT):
                made = self._texts([examples.texts[i] for i in positions], examples.task)
            else:
                made = [self._conversation(examples.messages[i]) for i in positions]
            self._memo.update(zip(new, made, strict=True))
        return [self._memo[key] for key in keys]

    def _texts(self, texts: Sequence[str], task: str) -> list[EncodedRow]:
        limit, end = self.max_length_tokens, self.tokenizer.eos_token_id
        clean = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]  # lone surrogates
        batch = self.tokenizer(clean, add_special_tokens=True, return_attention_mask=False, verbose=False)
        rows = []
        for ids in batch["input_ids"]:
            closing = [ids.pop()] if self._brackets else [end]
            if not self._brackets and ids and ids[-1] == end:
                ids.pop()
            cut = max(0, len(ids) + 1 - limit)
            tokens = np.array([*ids[: limit - 1], *closing], dtype=np.int32)
            supervised = _NO_MASK if task == CLASSIFICATION else np.arange(len(tokens)) > 0
            too_short = task == TEXT and len(tokens) < 2
            refused = "a single token predicts nothing" if too_short else ""
            rows.append(EncodedRow(tokens, supervised, cut, cut if task == TEXT else 0, refused))
        return rows

    def render(self, messages: Conversation, *, prompt: bool = False) -> str:
        """The conversation as the template writes it, with the generation prompt if `prompt`."""
        if not messages and prompt is False:
            return ""
        return str(
            self.tokenizer.apply_chat_template(
                list(messages), chat_template=self._template, tokenize=False, add_generation_prompt=prompt
            )
        )

    def answer_spans(self, messages: Conversation) -> tuple[str, list[tuple[int, int]]]:
        """The rendered conversation and the character spans of its answers.

        Raises `ValueError` with a plain reason where the template does not render turns in order and in full.
        """
        try:
            full = self.render(messages)
        except Exception as error:  # jinja2 raises what the template's author chose
            raise ValueError("the chat template rejects the order or the roles of the turns") from error
        spans = []
        for turn, message in enumerate(messages):
            if message["role"] != "assistant":
                continue
            try:
                before = self.render(messages[:turn], prompt=True)
                after = self.render(messages[: turn + 1])
            except Exception as error:
                raise ValueError("the chat template rejects the order or the roles of the turns") from error
            end = _common_length(full, after)
            if not full.startswith(before) or end < len(before):
                raise ValueError("the chat template does not render the turns one after the other")
            if message["content"].strip() not in full[len(before) : end]:
                raise ValueError("the chat template rewrites or drops an answer")
            spans.append((len(before), end))
        return full, spans

    def _conversation(self, messages: Conversation) -> EncodedRow:
        none = np.empty(0, dtype=np.int32)
        try:
            text, spans = self.answer_spans(messages)
        except ValueError as error:
            return EncodedRow(none, _NO_MASK, refused=str(error))
        if not spans:
            return EncodedRow(none, _NO_MASK, refused="no assistant turn")
        text = text.encode("utf-8", "replace").decode("utf-8")
        batch = self.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        tokens = np.array(batch["input_ids"], dtype=np.int32)
        offsets = np.array(batch["offset_mapping"], dtype=np.int64).reshape(-1, 2)
        supervised = np.zeros(len(tokens), dtype=bool)
        special = np.isin(tokens, list(self._special))
        closed = True
        for start, end in spans:
            inside = np.flatnonzero((offsets[:, 0] >= start) & (offsets[:, 1] <= end) & (offsets[:, 1] > start))
            ends = inside[special[inside]]
            closed = len(ends) > 0
            supervised[inside[inside <= ends[-1]] if closed else inside] = True
        last = int(np.flatnonzero(supervised)[-1]) + 1 if supervised.any() else 0
        tokens, supervised = tokens[:last], supervised[:last]
        if last and not closed:
            tokens = np.append(tokens, np.int32(self.tokenizer.eos_token_id))
            supervised = np.append(supervised, True)
        supervised[:1] = False  # nothing stands before the first token to predict it from
        limit = self.max_length_tokens
        cut, cut_supervised = max(0, len(tokens) - limit), int(supervised[limit:].sum())
        tokens, supervised = tokens[:limit], supervised[:limit]
        if supervised.any():
            return EncodedRow(tokens, supervised, cut, cut_supervised)
        reason = "the answer lies beyond the maximal length" if cut_supervised else "no token of an answer is supervised"
        return EncodedRow(tokens, supervised, cut, cut_supervised, refused=reason)


def _common_length(a: str, b: str) -> int:
    """Characters that two strings have in common at their beginning, by bisection."""
    low, high = 0, min(len(a), len(b))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if a[:middle] == b[:middle] else (low, middle - 1)
    return low


def _report(kept: list[EncodedRow], rows: list[EncodedRow], limit: int) -> EncodingReport:
    reasons = Counter(row.refused for row in rows if row.refused)
    return EncodingReport(
        rows=len(kept),
        tokens=sum(len(row.tokens) for row in kept),
        supervised_tokens=sum(int(row.supervised.sum()) for row in kept),
        max_length_tokens=limit,
        longest_tokens=max((len(row.tokens) + row.cut_tokens for row in rows), default=0),
        truncated_rows=sum(row.cut_tokens > 0 for row in rows),
        truncated_tokens=sum(row.cut_tokens for row in rows),
        truncated_supervised_tokens=sum(row.cut_supervised for row in rows),
        refused_rows=len(rows) - len(kept),
        refused_reasons=dict(sorted(reasons.items())),
    )
