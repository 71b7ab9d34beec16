"""From examples to tokens and loss masks, with every cut counted.

Classification appends the end token (its state closes the text) unless the tokenizer brackets texts itself, as encoders
do. sft and chat are rendered by the tokenizer's own chat template and their answers found in it (`train.chat`); inside
an answer tokens are supervised up to and including the special token that closes it (the end of turn); where the template
writes none, the end token is appended and supervised. Prompt and answer share no token (`Encoder.pieces`). An
encoder-decoder reads the conversation up to its last answer and learns that answer. Extraction tags every token
(`train.spans`).

Earlier turns from columns (`train.beside`) are read, never learned. Where a row is too long, the passages that its columns
gave beside the prompt or the text lose their ends first; where its answer would still be cut, system prompts and earlier
turns from columns go; where several answers are its own, only if none is in reach otherwise or all are without them.

Nothing after the last supervised token is kept, since it cannot change the loss. Rows with no supervised token left
are refused, counted and listed. Rows are memoised by content, so arms share the work, and may be kept on disk
(`train.cache`). Cost: 30 µs a short text, about 0.3 ms a conversation (the template is most of it).
"""

from __future__ import annotations

import dataclasses
import itertools
import re
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from curate.errors import ConfigError, DataError
from train.beside import MARK, SPARE, AboutText, has_passages, is_own
from train.chat import TEMPLATE_FAULTS, ChatTemplate, special_tokens, way_on
from train.encoded import BEYOND, NOTHING, Encoded, EncodedRow, answer_start, compared, report_of, with_last
from train.examples import CLASSIFICATION, EXTRACTION, OF_TEXTS, TEXT, Conversation, Examples, Span, Tools
from train.read_written import ReadWritten, read_and_written
from train.spans import tags_of_tokens
from train.thoughts import ENDS, OPENS, has_empty, in_field, says_nothing, thinks

if TYPE_CHECKING:
    from train.cache import EncodedCache

WORTH_KEEPING_SECONDS = 1.0
VERSION = "12"
"""Of the rows made of the same examples: kept rows of another version are made again, and runs that learned them."""
_NO_MASK = np.empty(0, dtype=bool)
SILENT = "no token of an answer is supervised"


class _OwnAnswers(ChatTemplate):
    """A chat template whose answers are the row's own: turns from columns are only read."""

    def answer_spans(self, messages: Conversation, tools: Tools = ()) -> tuple[str, list[tuple[int, int]]]:
        text, spans = super().answer_spans(messages, tools)
        answers = (turn for turn in self.fitted(messages) if turn["role"] == "assistant")
        return text, [span for turn, span in zip(answers, spans, strict=False) if is_own(turn)]


class _Rendered(NamedTuple):
    """A conversation, how the template writes it, and the spans of its answers."""

    messages: Conversation
    text: str
    spans: Sequence[tuple[int, int]]


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
        context_tokens: int | None = None,
        cache: EncodedCache | None = None,
    ) -> None:
        """`decoder_start` is the token that an encoder-decoder begins to write with; None for other models.

        `context_tokens` is the most that the base reads, where that is known.
        """
        self.tokenizer = tokenizer
        self.max_length_tokens = max_length_tokens
        self.side = side
        self._context_is_full = context_tokens is not None and context_tokens <= max_length_tokens
        self.chat = _OwnAnswers(tokenizer, plain=plain_template)
        self.decoder_start = decoder_start
        self.tag_names: list[str] = []
        """The tags of extraction, set by whoever knows all spans; their order gives the classes."""
        self._cache = cache
        self.special = special_tokens(tokenizer)
        self.brackets = tokenizer.sep_token_id is not None and tokenizer.cls_token_id is not None
        known = {str(name) for name in tokenizer.convert_ids_to_tokens(sorted(self.special))} - {OPENS, ENDS}
        names = sorted((name for name in known if len(name) > 2), key=len, reverse=True)
        self._marks = re.compile("|".join(map(re.escape, names)) or r"(?!)")
        self._memo: dict[tuple[str, str], EncodedRow] = {}

    def encode(self, examples: Examples, *, last: bool = False) -> Encoded:
        """Tokens and masks of the usable rows; raises `DataError` where no row is usable.

        With `last`, only the last answer of each row is learned, and only rows of which it is in reach are usable.
        """
        rows = self.rows(examples)
        return self._encoded(examples, list(map(with_last, rows)) if last else rows)

    def encode_pairs(self, examples: Examples) -> tuple[Encoded, Encoded]:
        """Chosen and rejected answers of rows that have both, behind the same tokens however long either answer is.

        Of what stands before the answers both lose as much as the longer row has to, so no length is given away there.
        """
        worse = dataclasses.replace(examples, messages=examples.rejected)
        good, bad = self.pair_rows(examples)
        return self._encoded(examples, good), self._encoded(worse, bad)

    def pair_rows(self, examples: Examples) -> tuple[list[EncodedRow], list[EncodedRow]]:
        """The same, every row of them, with the reason where one is refused."""
        good, bad = self.rows(examples), self.rows(dataclasses.replace(examples, messages=examples.rejected))
        for i, pair in enumerate(zip(good, bad, strict=True)):
            if any(row.refused for row in pair):
                continue
            talks = (examples.messages[i], examples.rejected[i])
            if self.decoder_start is None and any(row.cut_tokens for row in pair):
                good[i], bad[i] = self._conversations(talks, examples.tools[i] if examples.tools else ())
            good[i], bad[i] = compared(with_last(good[i]), with_last(bad[i]), uneven=len(set(map(thinks, talks))) > 1)
        return good, bad

    def _encoded(self, examples: Examples, rows: list[EncodedRow]) -> Encoded:
        kept = [i for i, row in enumerate(rows) if not row.refused]
        report = report_of(kept, rows, examples.ids, self.max_length_tokens, self.side)
        passages = bool(report.truncated_rows and has_passages(examples.texts, examples.messages))
        report = dataclasses.replace(report, passages_first=passages, context_is_full=self._context_is_full)
        if not kept:
            reasons = "; ".join(f"{count} rows: {reason}" for reason, count in report.refused_reasons.items())
            help_ = next((way_on(reason) for reason in report.refused_reasons if reason in TEMPLATE_FAULTS), "")
            first = ", ".join(map(str, next(iter(report.refused_row_numbers.values()), [])[:5]))
            raise DataError(f"no row has a token to learn from ({reasons}; first rows: {first}{help_})")
        seq2seq = self.decoder_start is not None and examples.task not in OF_TEXTS
        return Encoded(
            task=examples.task,
            kept=np.array(kept, dtype=np.int64),
            ids=examples.ids[kept],
            tokens=tuple(rows[i].tokens for i in kept),
            supervised=tuple(rows[i].supervised for i in kept),
            lengths=np.array([rows[i].length for i in kept], dtype=np.int64),
            report=report,
            sources=tuple(rows[i].source for i in kept) if seq2seq else None,
            tags=tuple(rows[i].tags for i in kept) if examples.task == EXTRACTION else None,
        )

    def rows(self, examples: Examples) -> list[EncodedRow]:
        salt = "\0".join([VERSION, examples.task, *(self.tag_names if examples.task == EXTRACTION else ())])
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
        if examples.task == TEXT and self.decoder_start is not None:
            raise ConfigError(
                "the base model is an encoder-decoder: it learns classes, spans and the answers to prompts, and no plain "
                "text; name a decoder"
            )
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
            if self.brackets:
                closing = [ids.pop()]
                if self.decoder_start is not None and closing != [end] and ids[-1:] == [end]:
                    closing = [ids.pop(), *closing]  # mBART opens with nothing and writes the language behind the end
                else:
                    opening, ids = ids[:1], ids[1:]
            else:
                closing = [end]
                if ids and ids[-1] == end:
                    ids.pop()
            if self.decoder_start is not None:  # heads of encoder-decoders read the state of the one end token
                ids = [token for token in ids if token != end]
            if ids[:2] == [self.tokenizer.bos_token_id] * 2:  # the text came with one, and the tokenizer adds its own
                del ids[0]
            room = limit - len(opening) - len(closing)
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
        return self._conversations((messages,), tools)[0]

    def _conversations(self, talks: Sequence[Conversation], tools: Tools) -> list[EncodedRow]:
        """The rows of one conversation, or of two that differ in their last answer and are cut alike."""
        try:
            rendered = [_Rendered(messages, *self.chat.answer_spans(messages, tools)) for messages in talks]
        except ValueError as error:
            return [EncodedRow(NOTHING, _NO_MASK, refused=str(error)) for _ in talks]
        if not all(each.spans for each in rendered):
            return [EncodedRow(NOTHING, _NO_MASK, refused="no assistant turn is to be learned") for _ in talks]
        if self.decoder_start is not None:
            first, limit = self.decoder_start, self.max_length_tokens
            return [self.read_written(text, spans[-1]).row(first, limit, SILENT) for _, text, spans in rendered]
        only_read = [sum(start == end for start, end in spans) for _, _, spans in rendered]
        empty = [sum(has_empty(text[start:end]) for start, end in spans) for _, text, spans in rendered]
        marked = [any(map(self._marks.search, _contents(messages))) for messages in talks]
        told = [self._told(messages, each.spans) for messages, each in zip(talks, rendered, strict=True)]
        silent = [sum(says_nothing(turn) for turn in messages if is_own(turn)) for messages in talks]
        rows = zip(self._reached(rendered, tools)[1], only_read, empty, marked, told, silent, strict=True)
        return [
            dataclasses.replace(row, only_read=n, thoughtless=m, marked=said, told=k, wordless=w)
            for row, n, m, said, k, w in rows
        ]

    def _told(self, messages: Conversation, spans: Sequence[tuple[int, int]]) -> int:
        """How many thoughts that have a field of their own are learned as text."""
        own = list(filter(is_own, messages))
        there = [start < end and in_field(turn) for turn, (start, end) in zip(own, spans, strict=True)]
        return 0 if not any(there) or self.chat.places().reads else sum(there)

    def shown(self, messages: Conversation, tools: Tools) -> Conversation:
        """The turns that a row's tokens are of: without those from columns where these would cut the answer."""
        if self.decoder_start is not None:
            return messages
        try:
            return self._reached([_Rendered(messages, *self.chat.answer_spans(messages, tools))], tools)[0][0]
        except ValueError:
            return messages

    def _reached(self, talks: Sequence[_Rendered], tools: Tools) -> tuple[list[Conversation], list[EncodedRow]]:
        """The turns that fit, and their tokens; of two conversations both keep their turns from columns, or neither."""
        whole, rows = [talk.messages for talk in talks], self._within(talks)
        own = [tuple(message for message in messages if not message.get(MARK)) for messages in whole]
        if not any(row.cut_supervised for row in rows) or own == whole:
            return whole, rows
        shorter = self._conversations(own, tools)
        for talk, row, short in zip(talks, rows, shorter, strict=True):
            if short.refused or (len(talk.spans) > 1 and not row.refused and short.cut_supervised):
                return whole, rows
        cut = [len(row.tokens) + row.cut_tokens - len(short.tokens) for row, short in zip(rows, shorter, strict=True)]
        return own, [dataclasses.replace(short, cut_tokens=n) for short, n in zip(shorter, cut, strict=True)]

    def pieces(self, text: str, spans: Sequence[tuple[int, int]] = ()) -> tuple[np.ndarray, np.ndarray]:
        """Tokens int32[T] and code points int64[T, 2] of a rendered conversation, without what tokenizers add.

        Where a token would hold the end of a prompt and the beginning of its answer, both are cut by themselves: that is
        how a model reads the prompt in use, and the whole answer can be learned. Not with tokenizers whose pieces alone are
        not those of the whole.
        """
        ids, offsets = self._cut_into_tokens(text)
        across = [s for s, end in spans if end > s and ((offsets[:, 0] < s) & (s < offsets[:, 1])).any()]
        if not across:
            return ids, offsets
        edges = [0, *across, len(text)]
        parts = [self._cut_into_tokens(text[a:b]) for a, b in itertools.pairwise(edges)]
        whole = np.concatenate([part for part, _ in parts])
        if self.tokenizer.decode(whole) != self.tokenizer.decode(ids):
            return ids, offsets
        return whole, np.concatenate([places + at for at, (_, places) in zip(edges, parts, strict=False)])

    def _cut_into_tokens(self, text: str) -> tuple[np.ndarray, np.ndarray]:
        batch = self.tokenizer(_readable(text), add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        offsets = np.array(batch["offset_mapping"], dtype=np.int64).reshape(-1, 2)
        return np.array(batch["input_ids"], dtype=np.int32), offsets

    def passage(self, messages: Conversation, text: str, over: int, spans: Sequence[tuple[int, int]] = ()) -> slice:
        """Which tokens of a rendered conversation go from the end of its passage where it is too long by `over` tokens."""
        turn = next((message for message in messages if message.get(SPARE)), None)
        content = str(turn["content"]) if turn else ""
        at = text.find(content.strip()) if content else -1
        return self.spared(text, at, at + turn[SPARE], over, spans) if turn and at >= 0 and over > 0 else slice(0, 0)

    def spared(self, text: str, start: int, end: int, over: int, spans: Sequence[tuple[int, int]] = ()) -> slice:
        """The last `over` tokens of `text` between two code points, or all of them where there are fewer."""
        _, offsets = self.pieces(text, spans)
        inside = np.flatnonzero((offsets[:, 0] >= start) & (offsets[:, 1] <= end) & (offsets[:, 1] > offsets[:, 0]))
        if not len(inside):
            return slice(0, 0)
        last = int(inside[-1]) + 1
        return slice(max(int(inside[0]), last - over), last)

    def _within(self, talks: Sequence[_Rendered]) -> list[EncodedRow]:
        masked = [self.masked(text, spans) for _, text, spans in talks]
        over = max(len(tokens) for tokens, _ in masked) - self.max_length_tokens
        rows = []
        for (messages, text, spans), (tokens, supervised) in zip(talks, masked, strict=True):
            gone = self.passage(messages, text, over, spans)
            keep, less = np.r_[: gone.start, gone.stop : len(tokens)], gone.stop - gone.start
            row = self._cut(tokens[keep], supervised[keep], over - less)
            rows.append(dataclasses.replace(row, cut_tokens=row.cut_tokens + less))
        return rows

    def _cut(self, tokens: np.ndarray, supervised: np.ndarray, over: int) -> EncodedRow:
        """Cut to the maximal length; at the start by what the longer of two rows is `over` it, answers spared."""
        limit = self.max_length_tokens
        cut = max(0, len(tokens) - limit)
        if self.side == "start" and supervised.any():
            cut = max(cut, min(over, answer_start(supervised) - 1))  # what stands before it predicts its first token
        keep = slice(cut, None) if self.side == "start" else slice(0, limit)
        whole = int(supervised[1:].sum())
        silent = whole > 0 and self.side == "end" and answer_start(supervised) >= limit
        tokens, supervised = tokens[keep], supervised[keep].copy()
        supervised[:1] = False  # nothing stands before it to predict it
        cut_supervised = whole - int(supervised.sum())
        if supervised.any():
            return EncodedRow(tokens, supervised, cut, cut_supervised, last_lost=silent)
        reason = BEYOND if cut_supervised else SILENT
        return EncodedRow(tokens, supervised, cut, cut_supervised, refused=reason)

    def masked(self, text: str, spans: Sequence[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
        """Tokens and mask of a rendered conversation, uncut: answers and their ends, and nothing after the last."""
        tokens, offsets = self.pieces(text, spans)
        supervised = np.zeros(len(tokens), dtype=bool)
        special = np.isin(tokens, list(self.special))
        closed = True
        for start, end in spans:
            inside = np.flatnonzero((offsets[:, 0] >= start) & (offsets[:, 1] <= end) & (offsets[:, 1] > start))
            if not len(inside):
                continue  # read, or empty and not even ended: an end behind it would be another answer's second one
            ends = inside[special[inside]]
            closed = len(ends) > 0 and not text[offsets[ends[-1], 1] : offsets[inside[-1], 1]].strip()
            supervised[inside[inside <= ends[-1]] if closed else inside] = True
            after = int(inside[-1]) + 1
            if not closed and after < len(tokens) and tokens[after] == self.tokenizer.eos_token_id:
                supervised[after] = closed = True  # a template that ends an answer only where turns follow (Apertus)
        last = int(np.flatnonzero(supervised)[-1]) + 1 if supervised.any() else 0
        tokens, supervised = tokens[:last], supervised[:last]
        if last and not closed:
            tokens = np.append(tokens, np.int32(self.tokenizer.eos_token_id))
            supervised = np.append(supervised, True)
        return tokens, supervised

    def read_written(self, text: str, span: tuple[int, int]) -> ReadWritten:
        """What an encoder-decoder reads and writes of a rendered conversation whose last answer stands at `span`."""
        return read_and_written(self.tokenizer, self.special, _readable(text), *span)


def _contents(messages: Conversation) -> list[str]:
    return [str(message["content"]) for message in messages]


def _readable(text: str) -> str:
    """The text with lone surrogates, which no tokenizer takes, replaced."""
    return text.encode("utf-8", "replace").decode("utf-8")
