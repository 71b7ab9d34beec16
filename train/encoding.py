"""From examples to tokens and loss masks, with every cut counted.

Classification appends the end token (its state closes the text) unless the tokenizer brackets texts itself, as encoders
do. sft and chat are rendered by the tokenizer's own chat template and their answers found in it (`train.chat`); inside
an answer tokens are supervised up to and including the last special token (the end of turn); where the template writes
none, the end token is appended and supervised. Tokens that straddle a border are not supervised. An encoder-decoder
reads the conversation up to its last answer and learns that answer. Extraction tags every token (`train.spans`).

Earlier turns from columns (`train.beside`) are read, never learned. Where a row is too long, the passages that its columns
gave beside the prompt or the text lose their ends first; where its answer would still be cut, system prompts and earlier
turns from columns go; where several answers are its own, only if none is in reach otherwise or all are without them.

Nothing after the last supervised token is kept, since it cannot change the loss. Rows with no supervised token left
are refused, counted and listed. Rows are memoised by content, so arms share the work, and may be kept on disk
(`train.cache`). Cost: 30 µs a short text, about 0.3 ms a conversation (the template is most of it).
"""

from __future__ import annotations

import dataclasses
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from curate.errors import DataError
from train.beside import MARK, SPARE, AboutText, has_passages
from train.chat import FALLBACK, TEMPLATE_FAULTS, ChatTemplate
from train.examples import CLASSIFICATION, EXTRACTION, OF_TEXTS, TEXT, Conversation, Examples, Span, Tools
from train.spans import tags_of_tokens

if TYPE_CHECKING:
    from train.cache import EncodedCache

MOST_LISTED = 1000
WORTH_KEEPING_SECONDS = 1.0
_VERSION = "2"
"""Of the rows made of the same examples: kept rows of another version are made again."""
_NO_MASK = np.empty(0, dtype=bool)
_NOTHING = np.empty(0, dtype=np.int32)
SILENT = "no token of an answer is supervised"


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
    source: np.ndarray = field(default_factory=lambda: _NOTHING)
    """int32[S]: what an encoder-decoder reads; empty for other models."""
    tags: np.ndarray = field(default_factory=lambda: _NOTHING)
    """int32[length]: the tag of each token (extraction), else empty."""


@dataclass(frozen=True)
class EncodingReport:
    """What encoding kept, cut and refused."""

    rows: int = 0
    tokens: int = 0
    supervised_tokens: int = 0
    max_length_tokens: int = 0
    longest_tokens: int = 0
    length_tokens: dict[str, int] = field(default_factory=dict)
    """Quantiles of the rows' lengths before any cut: `p50`, `p90`, `p99`."""
    truncated_rows: int = 0
    truncated_tokens: int = 0
    truncated_supervised_tokens: int = 0
    truncated_side: str = "end"
    passages_first: bool = False
    """Whether passages beside the prompt or text lost tokens before anything else did."""
    refused_rows: int = 0
    refused_reasons: dict[str, int] = field(default_factory=dict)
    refused_row_numbers: dict[str, list[int]] = field(default_factory=dict)
    """Row numbers by reason, the first thousand of each."""

    def words(self) -> list[str]:
        """What a person should know before training, one sentence each."""
        quantiles = ", ".join(f"{name} {value}" for name, value in self.length_tokens.items())
        said = [f"{self.rows:,} rows, {self.tokens:,} tokens ({quantiles}, longest {self.longest_tokens})"]
        if self.supervised_tokens:
            said[0] += f", {self.supervised_tokens:,} of them supervised"
        if self.truncated_rows:
            lost = f", {self.truncated_supervised_tokens:,} of them supervised" if self.truncated_supervised_tokens else ""
            where = f"{self.truncated_side}, passages first" if self.passages_first else self.truncated_side
            said.append(
                f"Cut at the {where}: {self.truncated_rows:,} rows are longer than {self.max_length_tokens} "
                f"tokens and lose {self.truncated_tokens:,} tokens{lost}; raise max_length_tokens to keep them"
            )
        for reason, count in self.refused_reasons.items():
            numbers = self.refused_row_numbers.get(reason, [])
            shown = ", ".join(map(str, numbers[:10])) + (" …" if count > 10 else "")
            help_ = f"; {FALLBACK}" if reason in TEMPLATE_FAULTS else ""
            said.append(f"Not trained on: {count:,} rows, because {reason} (rows {shown}){help_}")
        return [f"{sentence}." for sentence in said]


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
    sources: tuple[np.ndarray, ...] | None = None
    tags: tuple[np.ndarray, ...] | None = None

    def __len__(self) -> int:
        return len(self.tokens)

    def take(self, positions: np.ndarray) -> Encoded:
        """Some of the rows, in that order; the report stays that of all."""
        at = positions.tolist()

        def chosen(rows: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
            return tuple(rows[i] for i in at)

        return dataclasses.replace(
            self,
            kept=self.kept[positions],
            ids=self.ids[positions],
            tokens=chosen(self.tokens),
            supervised=chosen(self.supervised),
            lengths=self.lengths[positions],
            sources=None if self.sources is None else chosen(self.sources),
            tags=None if self.tags is None else chosen(self.tags),
        )


class _OwnAnswers(ChatTemplate):
    """A chat template whose answers are the row's own: turns from columns are only read."""

    def answer_spans(self, messages: Conversation, tools: Tools = ()) -> tuple[str, list[tuple[int, int]]]:
        text, spans = super().answer_spans(messages, tools)
        answers = [turn for turn in self.fitted(messages) if turn["role"] == "assistant"]
        return text, [span for turn, span in zip(answers, spans, strict=True) if not turn.get(MARK)]


class Encoder:
    """Encodes examples for one tokenizer and one maximal length; remembers what it has encoded."""

    def __init__(
        self,
        tokenizer: Any,
        max_length_tokens: int,
        *,
        side: str = "end",
        plain_template: bool = False,
        decoder_start: int | None = None,
        cache: EncodedCache | None = None,
    ) -> None:
        """`decoder_start` is the token that an encoder-decoder begins to write with; None for other models."""
        self.tokenizer = tokenizer
        self.max_length_tokens = max_length_tokens
        self.side = side
        self.chat = _OwnAnswers(tokenizer, plain=plain_template)
        self.decoder_start = decoder_start
        self.tag_names: list[str] = []
        """The tags of extraction, set by whoever knows all spans; their order gives the classes."""
        self._cache = cache
        self._special = frozenset(tokenizer.all_special_ids) | {tokenizer.eos_token_id}
        self._brackets = tokenizer.sep_token_id is not None and tokenizer.cls_token_id is not None
        self._memo: dict[tuple[str, str], EncodedRow] = {}

    def encode(self, examples: Examples) -> Encoded:
        """Tokens and masks of the usable rows; raises `DataError` where no row is usable."""
        rows = self._rows(examples)
        kept = [i for i, row in enumerate(rows) if not row.refused]
        report = _report(kept, rows, examples.ids, self.max_length_tokens, self.side)
        if report.truncated_rows and has_passages(examples.texts, examples.messages):
            report = dataclasses.replace(report, passages_first=True)
        if not kept:
            reasons = "; ".join(f"{count} rows: {reason}" for reason, count in report.refused_reasons.items())
            help_ = f"; {FALLBACK}" if set(TEMPLATE_FAULTS) & set(report.refused_reasons) else ""
            first = ", ".join(map(str, next(iter(report.refused_row_numbers.values()), [])[:5]))
            raise DataError(f"no row has a token to learn from ({reasons}; first rows: {first}{help_})")
        seq2seq = self.decoder_start is not None and examples.task not in OF_TEXTS
        return Encoded(
            task=examples.task,
            kept=np.array(kept, dtype=np.int64),
            ids=examples.ids[kept],
            tokens=tuple(rows[i].tokens for i in kept),
            supervised=tuple(rows[i].supervised for i in kept),
            lengths=np.array([len(rows[i].tokens) for i in kept], dtype=np.int64),
            report=report,
            sources=tuple(rows[i].source for i in kept) if seq2seq else None,
            tags=tuple(rows[i].tags for i in kept) if examples.task == EXTRACTION else None,
        )

    def _rows(self, examples: Examples) -> list[EncodedRow]:
        salt = "\0".join([_VERSION, examples.task, *(self.tag_names if examples.task == EXTRACTION else ())])
        keys = [(salt, key) for key in examples.keys()]  # noqa: SIM118 - not a mapping
        new: dict[tuple[str, str], int] = {}
        for position, key in enumerate(keys):
            if key not in self._memo:
                new.setdefault(key, position)
        if new:
            made = self._cache.read(list(new)) if self._cache is not None else None
            if made is None:
                started = time.perf_counter()
                made = self._made(examples, list(new.values()))
                if self._cache is not None and time.perf_counter() - started >= WORTH_KEEPING_SECONDS:
                    self._cache.write(list(new), made)
            self._memo.update(zip(new, made, strict=True))
        return [self._memo[key] for key in keys]

    def _made(self, examples: Examples, positions: list[int]) -> list[EncodedRow]:
        if examples.task == EXTRACTION:
            return self._tagged([(examples.texts[i], examples.spans[i]) for i in positions])
        if examples.task in OF_TEXTS:
            return self._texts([examples.texts[i] for i in positions], examples.task)
        tools = examples.tools
        return [self._conversation(examples.messages[i], tools[i] if tools else ()) for i in positions]

    def _texts(self, texts: Sequence[str], task: str) -> list[EncodedRow]:
        limit, end = self.max_length_tokens, self.tokenizer.eos_token_id
        batch = self.tokenizer(
            [_readable(text) for text in texts], add_special_tokens=True, return_attention_mask=False, verbose=False
        )
        rows = []
        for text, ids in zip(texts, batch["input_ids"], strict=True):
            opening: list[int] = []
            if self._brackets:
                closing = [ids.pop()]
                opening, ids = ids[:1], ids[1:]
            else:
                closing = [end]
                if ids and ids[-1] == end:
                    ids.pop()
            room = limit - len(opening) - 1
            cut = max(0, len(ids) - room)
            if cut and isinstance(text, AboutText):
                gone = self.spared(text, 0, text.about_chars, cut)
                ids = ids[: gone.start] + ids[gone.stop :]
            over = max(0, len(ids) - room)
            kept = ids[over:] if self.side == "start" else ids[:room]
            tokens = np.array([*opening, *kept, *closing], dtype=np.int32)
            supervised = _NO_MASK if task == CLASSIFICATION else np.arange(len(tokens)) > 0
            too_short = task == TEXT and len(tokens) < 2
            refused = "a single token predicts nothing" if too_short else ""
            rows.append(EncodedRow(tokens, supervised, cut, cut if task == TEXT else 0, refused))
        return rows

    def _tagged(self, pairs: Sequence[tuple[str, Sequence[Span]]]) -> list[EncodedRow]:
        column = {name: i for i, name in enumerate(self.tag_names)}
        rows = []
        for text, spans in pairs:
            tokens, offsets, special = self.tokens_of(text)
            tags = tags_of_tokens(offsets, spans, column)
            limit = self.max_length_tokens
            cut = max(0, len(tokens) - limit)
            lost = int((~special[limit:]).sum())
            refused = "" if (~special[:limit]).any() else "the text has no token to tag"
            rows.append(EncodedRow(tokens[:limit], ~special[:limit], cut, lost, refused, tags=tags[:limit]))
        return rows

    def tokens_of(self, text: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Tokens int32[T], their code points int64[T, 2], and whether each is a special one, of a text as it is."""
        batch = self.tokenizer(
            _readable(text), return_offsets_mapping=True, return_special_tokens_mask=True, verbose=False
        )
        offsets = np.array(batch["offset_mapping"], dtype=np.int64).reshape(-1, 2)
        special = np.array(batch["special_tokens_mask"], dtype=bool) | (offsets[:, 0] == offsets[:, 1])
        return np.array(batch["input_ids"], dtype=np.int32), offsets, special

    def _conversation(self, messages: Conversation, tools: Tools) -> EncodedRow:
        try:
            text, spans = self.chat.answer_spans(messages, tools)
        except ValueError as error:
            return EncodedRow(_NOTHING, _NO_MASK, refused=str(error))
        if not spans:
            return EncodedRow(_NOTHING, _NO_MASK, refused="no assistant turn")
        if self.decoder_start is not None:
            start, end = spans[-1]
            return self._pair(text[:start], text[start:end])
        return self._reached(messages, tools, text, spans)[1]

    def shown(self, messages: Conversation, tools: Tools) -> Conversation:
        """The turns that a row's tokens are of: without those from columns where these would cut the answer."""
        if self.decoder_start is not None:
            return messages
        try:
            return self._reached(messages, tools, *self.chat.answer_spans(messages, tools))[0]
        except ValueError:
            return messages

    def _reached(
        self, messages: Conversation, tools: Tools, text: str, spans: Sequence[tuple[int, int]]
    ) -> tuple[Conversation, EncodedRow]:
        """The turns that fit, and their tokens."""
        row = self._within(messages, text, spans)
        own = tuple(message for message in messages if not message.get(MARK))
        if not row.cut_supervised or len(own) == len(messages):
            return messages, row
        shorter = self._conversation(own, tools)
        if shorter.refused or (len(spans) > 1 and not row.refused and shorter.cut_supervised):
            return messages, row
        cut = len(row.tokens) + row.cut_tokens - len(shorter.tokens)
        return own, dataclasses.replace(shorter, cut_tokens=cut)

    def passage(self, messages: Conversation, text: str, tokens: int) -> slice:
        """Which tokens of a rendered conversation, of so many, go from the end of its passage; an empty slice for none."""
        turn = next((message for message in messages if message.get(SPARE)), None)
        content = str(turn["content"]) if turn else ""
        at = text.find(content.strip()) if content else -1
        over = tokens - self.max_length_tokens
        return self.spared(text, at, at + turn[SPARE], over) if turn and at >= 0 and over > 0 else slice(0, 0)

    def spared(self, text: str, start: int, end: int, over: int) -> slice:
        """The last `over` tokens of `text` between two code points, or all of them where there are fewer."""
        batch = self.tokenizer(_readable(text), add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        offsets = np.array(batch["offset_mapping"], dtype=np.int64).reshape(-1, 2)
        inside = np.flatnonzero((offsets[:, 0] >= start) & (offsets[:, 1] <= end) & (offsets[:, 1] > offsets[:, 0]))
        if not len(inside):
            return slice(0, 0)
        last = int(inside[-1]) + 1
        return slice(max(int(inside[0]), last - over), last)

    def _within(self, messages: Conversation, text: str, spans: Sequence[tuple[int, int]]) -> EncodedRow:
        tokens, supervised = self.masked(text, spans)
        limit, gone = self.max_length_tokens, self.passage(messages, text, len(tokens))
        if gone.stop:
            keep = np.r_[: gone.start, gone.stop : len(tokens)]
            shorter = self._cut(tokens[keep], supervised[keep], limit)
            return dataclasses.replace(shorter, cut_tokens=shorter.cut_tokens + gone.stop - gone.start)
        return self._cut(tokens, supervised, limit)

    def _cut(self, tokens: np.ndarray, supervised: np.ndarray, limit: int) -> EncodedRow:
        cut = max(0, len(tokens) - limit)
        keep = slice(cut, None) if self.side == "start" else slice(0, limit)
        supervised = supervised.copy()
        supervised[: max(1, cut + 1) if self.side == "start" else 1] = False  # nothing stands before it to predict it
        cut_supervised = int(supervised.sum() - supervised[keep].sum())
        tokens, supervised = tokens[keep], supervised[keep]
        if supervised.any():
            return EncodedRow(tokens, supervised, cut, cut_supervised)
        reason = "the answer lies beyond the maximal length" if cut_supervised else SILENT
        return EncodedRow(tokens, supervised, cut, cut_supervised, refused=reason)

    def masked(self, text: str, spans: Sequence[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
        """Tokens and mask of a rendered conversation, uncut: answers and their ends, and nothing after the last."""
        batch = self.tokenizer(_readable(text), add_special_tokens=False, return_offsets_mapping=True, verbose=False)
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
        return tokens, supervised

    def _pair(self, prompt: str, answer: str) -> EncodedRow:
        """What an encoder-decoder reads and writes; both are cut at the maximal length, the prompt at its start."""
        assert self.decoder_start is not None
        limit, end = self.max_length_tokens, int(self.tokenizer.eos_token_id)
        read = self.tokenizer(_readable(prompt), verbose=False)["input_ids"]
        wrote = self.tokenizer(_readable(answer).strip(), add_special_tokens=False, verbose=False)["input_ids"]
        wrote = [token for token in wrote if token not in self._special]
        if not wrote:
            return EncodedRow(_NOTHING, _NO_MASK, refused=SILENT)
        whole = [self.decoder_start, *wrote, end]
        cut = max(0, len(whole) - limit)
        source = np.array(read[-limit:], dtype=np.int32)
        tokens = np.array(whole[:limit], dtype=np.int32)
        lost = cut + max(0, len(read) - limit)
        return EncodedRow(tokens, np.arange(len(tokens)) > 0, lost, cut, source=source)


def _readable(text: str) -> str:
    """The text with lone surrogates, which no tokenizer takes, replaced."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _report(kept: list[int], rows: list[EncodedRow], ids: np.ndarray, limit: int, side: str) -> EncodingReport:
    numbers: dict[str, list[int]] = {}
    for i, row in enumerate(rows):
        if row.refused:
            listed = numbers.setdefault(row.refused, [])
            if len(listed) < MOST_LISTED:
                listed.append(int(ids[i]))
    whole = np.array([len(row.tokens) + row.cut_tokens for row in rows], dtype=np.int64)
    quantiles = {f"p{q}": int(np.percentile(whole[kept], q, method="higher")) for q in (50, 90, 99)} if kept else {}
    return EncodingReport(
        rows=len(kept),
        tokens=sum(len(rows[i].tokens) + len(rows[i].source) for i in kept),
        supervised_tokens=sum(int(rows[i].supervised.sum()) for i in kept),
        max_length_tokens=limit,
        longest_tokens=int(whole.max()) if len(whole) else 0,
        length_tokens=quantiles,
        truncated_rows=sum(row.cut_tokens > 0 for row in rows),
        truncated_tokens=sum(row.cut_tokens for row in rows),
        truncated_supervised_tokens=sum(row.cut_supervised for row in rows),
        truncated_side=side,
        refused_rows=len(rows) - len(kept),
        refused_reasons=dict(sorted(Counter(row.refused for row in rows if row.refused).items())),
        refused_row_numbers=dict(sorted(numbers.items())),
    )
