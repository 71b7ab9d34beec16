"""What encoding makes: rows as tokens and loss masks, and a count of what was kept, cut and refused."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from train.chat import way_on

MOST_LISTED = 1000
BEYOND = "the answer lies beyond the maximal length"
NOTHING = np.empty(0, dtype=np.int32)


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
    source: np.ndarray = field(default_factory=lambda: NOTHING)
    """int32[S]: what an encoder-decoder reads; empty for other models."""
    tags: np.ndarray = field(default_factory=lambda: NOTHING)
    """int32[length]: the tag of each token (extraction), else empty."""
    only_read: int = 0
    """Answers that are read and not learned, since the template writes them otherwise once turns follow them."""
    marked: bool = False
    """Whether what is said holds special tokens, which the template writes itself."""
    thoughtless: int = 0
    """Answers that are learned behind an empty thought, since the template writes one and the row has none."""
    told: int = 0
    """Answers whose thought is learned as text, since the template has no place for the field that holds it."""
    wordless: int = 0
    """Answers that are learned and say nothing: no word, thought or call."""
    last_lost: bool = False
    """Whether nothing of the last answer fitted, though an earlier one did."""
    uneven: bool = False
    """Whether only one answer of a pair thinks."""

    @property
    def length(self) -> int:
        """Tokens that a model works through: an encoder-decoder's are those that it reads and those that it writes."""
        return len(self.tokens) + len(self.source)


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
    """Which end was cut; an encoder-decoder reads and writes apart, and may lose both a start and an end."""
    reads_apart: bool = False
    """Whether the model reads and writes apart: lengths are of both together, and each has the maximal length."""
    passages_first: bool = False
    """Whether passages beside the prompt or text lost tokens before anything else did."""
    context_is_full: bool = False
    """Whether the base reads no more than `max_length_tokens`."""
    refused_rows: int = 0
    refused_reasons: dict[str, int] = field(default_factory=dict)
    refused_row_numbers: dict[str, list[int]] = field(default_factory=dict)
    """Row numbers by reason, the first thousand of each."""
    only_read_answers: int = 0
    """Answers that are read and not learned, since the template writes them otherwise once turns follow them."""
    only_read_row_numbers: list[int] = field(default_factory=list)
    """Rows that hold them, the first thousand."""
    marked_rows: int = 0
    """Rows that say special tokens, which the template writes itself."""
    marked_row_numbers: list[int] = field(default_factory=list)
    """Their numbers, the first thousand."""
    thoughtless_answers: int = 0
    """Answers that are learned behind an empty thought, since the template writes one and the rows have none."""
    thoughts_as_text: int = 0
    """Answers whose thought is learned as text, since the template has no place for the field that holds it."""
    wordless_row_numbers: list[int] = field(default_factory=list)
    """Rows with answers that say nothing and are learned, the first thousand."""
    wordless_answers: int = 0
    """How many answers these are."""
    uneven_pairs: int = 0
    """Pairs of which only one answer thinks."""
    uneven_row_numbers: list[int] = field(default_factory=list)
    """Their numbers, the first thousand."""

    def words(self) -> list[str]:
        """What a person should know before training, one sentence each."""
        quantiles = ", ".join(f"{name} {value}" for name, value in self.length_tokens.items())
        both = "; read and written together" if self.reads_apart else ""
        said = [f"{self.rows:,} rows, {self.tokens:,} tokens ({quantiles}, longest {self.longest_tokens}{both})"]
        if self.supervised_tokens:
            said[0] += f", {self.supervised_tokens:,} of them supervised"
        if self.truncated_rows:
            lost = f", {self.truncated_supervised_tokens:,} of them supervised" if self.truncated_supervised_tokens else ""
            where = f"{self.truncated_side}, passages first" if self.passages_first else self.truncated_side
            over = "read or write more than" if self.reads_apart else "are longer than"
            said.append(
                f"Cut at the {where}: {self.truncated_rows:,} rows {over} {self.max_length_tokens} "
                f"tokens and lose {self.truncated_tokens:,} tokens{lost}; "
                + ("the base reads no more" if self.context_is_full else "raise max_length_tokens to keep them")
            )
        if self.only_read_answers:
            said.append(
                f"Read and not learned: {self.only_read_answers:,} answers, because the chat template writes them "
                f"otherwise once turns follow, without thinking ({_rows(self.only_read_row_numbers)}); end conversations "
                "with them to learn them"
            )
        if self.marked_rows:
            said.append(
                f"Special tokens in what is said: {self.marked_rows:,} rows ({_rows(self.marked_row_numbers)}); where a "
                "chat template wrote them they stand there twice now: give turns without them"
            )
        if self.thoughtless_answers:
            said.append(
                f"Learned behind an empty thought: {self.thoughtless_answers:,} answers, because the chat template writes "
                "one and the rows have none; a model learns from them to answer without thinking"
            )
        if self.thoughts_as_text:
            said.append(
                f"Thoughts written into the text: {self.thoughts_as_text:,} answers begin with <think> and their thought, "
                "because the chat template has no place for the field that holds it; leave the field out to learn the "
                "answers alone"
            )
        if self.wordless_answers:
            said.append(
                f"Empty answers: {self.wordless_answers:,} ({_rows(self.wordless_row_numbers)}); a model learns from them "
                "to say nothing: leave them out where that is not meant"
            )
        if self.uneven_pairs:
            said.append(
                f"Thoughts on one side only: {self.uneven_pairs:,} pairs ({_rows(self.uneven_row_numbers)}); they teach to "
                "think, or not to, before they teach which answer is better"
            )
        for reason, count in self.refused_reasons.items():
            named = _rows(self.refused_row_numbers.get(reason, []))
            said.append(f"Not trained on: {count:,} rows, because {reason} ({named}){way_on(reason)}")
        return [f"{sentence}." for sentence in said]


def _rows(numbers: Sequence[int]) -> str:
    return "rows " + ", ".join(map(str, numbers[:10])) + (" …" if len(numbers) > 10 else "")


@dataclass(frozen=True)
class Encoded:
    """Rows ready for batches; `kept` are their positions in the examples they came from."""

    task: str
    kept: np.ndarray
    ids: np.ndarray
    tokens: tuple[np.ndarray, ...]
    supervised: tuple[np.ndarray, ...]
    lengths: np.ndarray
    """int64[n]: tokens that a model works through, both those that it reads and those that it writes."""
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


def joined(one: Encoded, two: Encoded) -> Encoded:
    """The rows of both, one behind the other; the report stays the first's."""
    return dataclasses.replace(
        one,
        kept=np.concatenate([one.kept, two.kept]),
        ids=np.concatenate([one.ids, two.ids]),
        tokens=one.tokens + two.tokens,
        supervised=one.supervised + two.supervised,
        lengths=np.concatenate([one.lengths, two.lengths]),
        sources=None if one.sources is None or two.sources is None else one.sources + two.sources,
    )


def report_of(kept: Sequence[int], rows: Sequence[EncodedRow], ids: np.ndarray, limit: int, side: str) -> EncodingReport:
    """What became of `rows`, of which those at `kept` can be trained on; `ids` are their numbers in the raw input."""
    numbers: dict[str, list[int]] = {}
    for i, row in enumerate(rows):
        if row.refused:
            listed = numbers.setdefault(row.refused, [])
            if len(listed) < MOST_LISTED:
                listed.append(int(ids[i]))
    whole = np.array([row.length + row.cut_tokens for row in rows], dtype=np.int64)
    apart = any(len(row.source) for row in rows)
    if apart:
        cut = {"start of what is read": any(row.cut_tokens > row.cut_supervised for row in rows)}
        cut["end of answers"] = any(row.cut_supervised for row in rows)
        side = " and the ".join(end for end, there in cut.items() if there) or side
    quantiles = {f"p{q}": int(np.percentile(whole[kept], q, method="higher")) for q in (50, 90, 99)} if kept else {}
    return EncodingReport(
        rows=len(kept),
        tokens=sum(rows[i].length for i in kept),
        supervised_tokens=sum(int(rows[i].supervised.sum()) for i in kept),
        max_length_tokens=limit,
        longest_tokens=int(whole.max()) if len(whole) else 0,
        length_tokens=quantiles,
        truncated_rows=sum(row.cut_tokens > 0 for row in rows),
        truncated_tokens=sum(row.cut_tokens for row in rows),
        truncated_supervised_tokens=sum(row.cut_supervised for row in rows),
        truncated_side=side,
        reads_apart=apart,
        refused_rows=len(rows) - len(kept),
        refused_reasons=dict(sorted(Counter(row.refused for row in rows if row.refused).items())),
        refused_row_numbers=dict(sorted(numbers.items())),
        only_read_answers=sum(rows[i].only_read for i in kept),
        marked_rows=sum(rows[i].marked for i in kept),
        marked_row_numbers=[int(ids[i]) for i in kept if rows[i].marked][:MOST_LISTED],
        thoughtless_answers=sum(rows[i].thoughtless for i in kept),
        thoughts_as_text=sum(rows[i].told for i in kept),
        wordless_answers=sum(rows[i].wordless for i in kept),
        wordless_row_numbers=[int(ids[i]) for i in kept if rows[i].wordless][:MOST_LISTED],
        uneven_pairs=sum(rows[i].uneven for i in kept),
        uneven_row_numbers=[int(ids[i]) for i in kept if rows[i].uneven][:MOST_LISTED],
        only_read_row_numbers=[int(ids[i]) for i in kept if rows[i].only_read][:MOST_LISTED],
    )


def answer_start(mask: np.ndarray) -> int:
    """Where the last run of supervised tokens begins."""
    end = int(np.flatnonzero(mask)[-1])
    gaps = np.flatnonzero(~mask[:end])
    return int(gaps[-1]) + 1 if len(gaps) else 0


def with_last(row: EncodedRow) -> EncodedRow:
    """The row with its last answer alone to learn; refused where that was cut off: an earlier one would be taken for it."""
    if row.refused or row.last_lost:
        return dataclasses.replace(row, refused=row.refused or BEYOND)
    supervised = row.supervised.copy()
    supervised[: answer_start(supervised)] = False
    return dataclasses.replace(row, supervised=supervised, only_read=0)


def compared(good: EncodedRow, bad: EncodedRow, *, uneven: bool) -> tuple[EncodedRow, EncodedRow]:
    """A better and a worse answer, both refused where they cannot be compared; `uneven` where only one of them thinks."""
    if good.refused or bad.refused:
        return good, bad
    starts = [answer_start(row.supervised) for row in (good, bad)]
    (asked, answer), (again, other) = (
        (row.source if len(row.source) else row.tokens[:at], row.tokens[at:])
        for row, at in zip((good, bad), starts, strict=True)
    )
    refused = ""
    if np.array_equal(answer, other):
        refused = "the better and the worse answer are the same within the maximal length"
    elif not good.cut_supervised and not bad.cut_supervised and not np.array_equal(asked, again):
        refused = "the better and the worse answer do not follow the same turns"
    one, two = (dataclasses.replace(row, refused=refused, uneven=uneven) for row in (good, bad))
    return one, two
