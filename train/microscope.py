"""One row as a model sees it: every token, and whether it is learned from.

A token is `learned` (a target of the loss), `read` (context only), `cut` (beyond the maximal length) or `left` (behind
the last answer, where nothing is learned). A preference has two sides: what is learned of each follows from the objective;
where it learns from good answers alone, the rejected side is only read. Pieces are slices of the rendered text, so joined
they give it back; a token that shares its characters with the one before shows none of its own. Personal data that the
scanner finds is masked, token by token, unless asked for; control and direction characters never pass. Pure but for the
tokenizer.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from train.chat import way_on
from train.encoded import answer_start, with_last
from train.examples import CLASSIFICATION, EXTRACTION, OF_TEXTS, Examples
from train.preference.rows import DPO, KTO, LIKELIHOOD, RANKING

if TYPE_CHECKING:
    from train.adapt import Workbench
    from train.encoded import EncodedRow

LEARNED, READ, CUT, LEFT = "learned", "read", "cut", "left"
MASK = "•"


@dataclass(frozen=True)
class Token:
    """One token of a row."""

    id: int
    piece: str
    """Its text, safe to show."""
    state: str
    """`learned`, `read`, `cut` or `left`."""
    special: bool
    masked: bool = False
    tag: str = ""
    """The tag to be learned (extraction)."""

    def to_json(self) -> dict[str, Any]:
        """All fields; empty ones left out."""
        tag = {"tag": self.tag} if self.tag else {}
        masked = {"masked": True} if self.masked else {}
        return {"id": self.id, "piece": self.piece, "state": self.state, "special": self.special, **masked, **tag}


@dataclass(frozen=True)
class Seen:
    """A row under the microscope."""

    row: int
    task: str
    tokens: tuple[Token, ...]
    refused: str
    """Why the row cannot be trained on, and what would help where that is known; empty where it can."""
    target: str = ""
    """The class (classification), as reports show it."""
    rejected: Seen | None = None
    """The other side of a preference, where the row has one."""

    def counts(self) -> dict[str, int]:
        """Tokens by state."""
        return {state: sum(t.state == state for t in self.tokens) for state in (LEARNED, READ, CUT, LEFT)}

    def to_json(self) -> dict[str, Any]:
        """Everything."""
        head = {"row": self.row, "task": self.task, "refused": self.refused, "target": self.target}
        other = {} if self.rejected is None else {"rejected": self.rejected.to_json()}
        return {**head, "counts": self.counts(), "tokens": [token.to_json() for token in self.tokens], **other}


def look(examples: Examples, position: int, bench: Workbench, *, reveal: bool = False, objective: str = LIKELIHOOD) -> Seen:
    """The tokens of one row and what `objective` learns of them; `reveal` shows personal data."""
    one = examples.take([position])
    if any(one.rejected):
        return _pair(one, bench, reveal, learned=objective in (DPO, RANKING))
    (row,) = bench.encoder.rows(one)
    row = with_last(row) if objective == KTO else row
    target = ""
    if examples.task == CLASSIFICATION:
        from train.evaluate import shown_classes

        label = one.labels[0]
        target = label if reveal else shown_classes([label], None, None)[label]
    if examples.task in OF_TEXTS:
        tokens = _of_text(one.texts[0], row, bench, examples.task, reveal)
    else:
        tokens = _of_conversation(one, row, bench, reveal)
        tokens = _last_learned(tokens) if objective == KTO else tokens
    return _seen(one, row, tokens, target)


def _seen(one: Examples, row: EncodedRow, tokens: Sequence[Token], target: str = "", other: Seen | None = None) -> Seen:
    return Seen(int(one.ids[0]), one.task, tuple(tokens), f"{row.refused}{way_on(row.refused)}", target, other)


def _pair(one: Examples, bench: Workbench, reveal: bool, *, learned: bool) -> Seen:
    """Both sides of a preference; where the pair is `learned`, cut alike and only the last answer of each."""
    encoder, worse = bench.encoder, dataclasses.replace(one, messages=one.rejected)
    if not learned:
        (good,), (bad,) = encoder.rows(one), encoder.rows(worse)
        read = [_read(token) for token in _of_conversation(worse, bad, bench, reveal)]
        return _seen(one, good, _of_conversation(one, good, bench, reveal), other=_seen(worse, bad, read))
    (good,), (bad,) = encoder.pair_rows(one)
    over = max(len(row.tokens) + row.cut_tokens for row in (good, bad)) - encoder.max_length_tokens
    both = ((one, good), (worse, bad))
    chosen, rejected = (_last_learned(_of_conversation(side, row, bench, reveal, over=over)) for side, row in both)
    return _seen(one, good, chosen, other=_seen(worse, bad, rejected))


def _last_learned(tokens: Sequence[Token]) -> list[Token]:
    """The tokens with only their last run of learned ones left as such."""
    mask = np.array([token.state == LEARNED for token in tokens], dtype=bool)
    start = answer_start(mask) if mask.any() else 0
    return [_read(token) if i < start else token for i, token in enumerate(tokens)]


def _read(token: Token) -> Token:
    return dataclasses.replace(token, state=READ) if token.state == LEARNED else token


def _of_text(text: str, row: EncodedRow, bench: Workbench, task: str, reveal: bool) -> list[Token]:
    ids, offsets, special = bench.encoder.tokens_of(text)
    if task != EXTRACTION and not bench.encoder.brackets and (not len(ids) or ids[-1] != bench.tokenizer.eos_token_id):
        ids = np.append(ids, np.int32(bench.tokenizer.eos_token_id))
        offsets, special = np.vstack([offsets, [[len(text), len(text)]]]), np.append(special, True)
    kept = _kept(ids, row.tokens)
    learned = np.zeros(len(ids), dtype=bool)
    if len(row.supervised):
        learned[kept] = row.supervised
    if task == CLASSIFICATION:
        learned[:] = False
    states = [LEARNED if learned[i] else READ if kept[i] else CUT for i in range(len(ids))]
    tags = [""] * len(ids)
    if task == EXTRACTION:
        names = bench.encoder.tag_names
        for i, tag in zip(np.flatnonzero(kept).tolist(), row.tags.tolist(), strict=True):
            tags[i] = names[tag] if learned[i] and names else ""
    return _tokens(text, ids, offsets, special, states, bench, reveal, tags)


def _of_conversation(
    one: Examples, row: EncodedRow, bench: Workbench, reveal: bool, *, over: int | None = None
) -> list[Token]:
    """`over`: by how many tokens the row, or the longer one of a pair, is too long; default: this one."""
    encoder = bench.encoder
    messages, tools = one.messages[0], one.tools[0] if one.tools else ()
    messages = encoder.shown(messages, tools)
    try:
        text, spans = encoder.chat.answer_spans(messages, tools)
    except ValueError:
        try:
            text, spans = encoder.chat.render(messages, tools), []
        except Exception:  # a template that takes no such conversation: nothing to look at
            return []
    text = text.encode("utf-8", "replace").decode("utf-8")
    if encoder.decoder_start is not None and spans:
        return _read_and_written(text, spans[-1], bench, reveal)
    ids, offsets = encoder.pieces(text, spans)
    special = np.isin(ids, list(encoder.special))
    masked, learned = encoder.masked(text, spans)
    if len(masked) > len(ids) or (len(masked) and not np.array_equal(masked, ids[: len(masked)])):  # an end was added
        at = len(masked) - 1
        place = offsets[at - 1, 1] if at else 0
        ids, special = np.insert(ids, at, masked[-1]), np.insert(special, at, True)
        offsets = np.insert(offsets, at, [place, place], axis=0)
    gone = encoder.passage(messages, text, len(masked) - encoder.max_length_tokens if over is None else over, spans)
    cut = len(masked) - (gone.stop - gone.start) - len(row.tokens) if len(row.tokens) else 0
    first, last = (cut, len(masked)) if encoder.side == "start" else (0, len(masked) - cut)
    if first > gone.start:
        first += gone.stop - gone.start
    states = []
    for i in range(len(ids)):
        if i >= len(masked):
            states.append(LEFT)
        elif not first <= i < last or gone.start <= i < gone.stop:
            states.append(CUT)
        else:
            states.append(LEARNED if learned[i] and i > first else READ)
    return _tokens(text, ids, offsets, special, states, bench, reveal)


def _read_and_written(text: str, span: tuple[int, int], bench: Workbench, reveal: bool) -> list[Token]:
    """What an encoder-decoder reads, then what it writes (behind its own first token), then what is left out."""
    encoder = bench.encoder
    row = encoder.read_written(text, span)
    before, behind = row.cut(encoder.max_length_tokens)
    states = [CUT] * before + [READ] * (len(row.read) - before)
    states += [LEARNED] * (len(row.written) - behind) + [CUT] * behind if len(row.written) else []
    left, left_at = encoder.pieces(text[span[1] :])
    states += [LEFT] * len(left)
    ids = np.concatenate([row.read, row.written, left])
    places = np.concatenate([row.read_at, row.written_at, left_at + span[1]])
    return _tokens(text, ids, places, np.isin(ids, list(encoder.special)), states, bench, reveal)


def _kept(ids: np.ndarray, tokens: np.ndarray) -> np.ndarray:
    """bool[len(ids)]: which of all tokens a cut row holds: a run from either end, and the last ones."""
    kept = np.ones(len(ids), dtype=bool)
    missing = len(ids) - len(tokens)
    if missing <= 0:
        return kept
    head = 0
    while head < len(tokens) and ids[head] == tokens[head]:
        head += 1
    kept[head : head + missing] = False
    return kept


def _tokens(
    text: str,
    ids: np.ndarray,
    offsets: np.ndarray,
    special: np.ndarray,
    states: Sequence[str],
    bench: Workbench,
    reveal: bool,
    tags: Sequence[str] = (),
) -> list[Token]:
    hidden = np.zeros(len(text) + 1, dtype=bool)
    if not reveal:
        for start, end in _personal(text):
            hidden[start:end] = True
    out, shown = [], 0
    for i, (token, (start, end)) in enumerate(zip(ids.tolist(), offsets.tolist(), strict=True)):
        begin = max(start, shown)
        piece = text[begin:end] if end > start else str(bench.tokenizer.convert_ids_to_tokens(token))
        masked = bool(end > start and hidden[start:end].any())
        shown = max(shown, end)
        safe = "".join(MASK if not c.isspace() else c for c in piece) if masked else piece
        tag = visible(tags[i]) if tags else ""
        out.append(Token(int(token), visible(safe), states[i], bool(special[i]), masked, tag))
    return out


def _personal(text: str) -> list[tuple[int, int]]:
    from curate.privacy.scanner import scan

    found = scan(pa.array([text], pa.large_string()))
    return list(zip(found.start.tolist(), found.end.tolist(), strict=True))


def visible(piece: str) -> str:
    """A piece with what cannot be seen, or would move what can, written out."""
    named = {"\n": "↵", "\t": "→", "\r": "␍"}
    kept = [named.get(c) or (c if c.isprintable() else f"\\u{{{ord(c):x}}}") for c in piece]
    return "".join(kept)
