"""The stretches of training rows that an adapter learnt by heart, for a person to look at.

What an adapter adds to a stretch is its log probability by the adapter less that by the base alone. In each text the
stretch with the largest sum over what is usual (mean plus half a standard deviation of all gains; maximal subarray,
Kadane) is taken. Left out are stretches that the scanner marks already, that also stand in other rows (a phrase, a
template), and that hold no letter or digit. What remains is said in few rows and known for all that: names, numbers,
secrets of kinds that no detector knows, and sometimes just a rare sentence. Places come out, never the text.

Needs torch. Cost: two forward passes over the rows.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from curate.privacy import ScanConfig, scan
from train.ablation.beyond.canaries import ANSWER, strings_of
from train.examples import OF_TEXTS, Examples
from train.objective import collate

if TYPE_CHECKING:
    from train.adapt import Workbench
    from train.objective import Objective

MOST = 50
LONGEST_TOKENS = 24
_FEW_ROWS = 2
"""Rows (or near-duplicate clusters) in which a stretch may stand to be of somebody rather than of everybody."""
_BATCH = 32
_WORD = re.compile(r"\w")


def memorised_spans(objective: Objective, bench: Workbench, rows: Examples, config: ScanConfig) -> list[list[float]]:
    """[row number, slot, start, end, nats] of the `MOST` stretches that the adapter adds most to."""
    gains = token_gains(objective, bench, rows)
    usual = np.concatenate([g for _, _, _, g in gains]) if gains else np.zeros(1)
    floor = float(usual.mean() + 0.5 * usual.std())
    clusters = rows.ids if rows.clusters is None else rows.clusters
    texts = {(i, slot): text for i, slot, _, text in strings_of(rows)}
    found: list[tuple[float, int, int, int, int]] = []
    for i, slot, offsets, gain in gains:
        a, b = _best(gain - floor)
        if b > a:
            start, end = _whole_words(texts[i, slot], int(offsets[a][0]), int(offsets[b - 1][1]))
            found.append((float(gain[a:b].sum()), i, slot, start, end))
    found.sort(key=lambda f: (-f[0], f[1], f[2]))
    taken = _marked(rows, config)
    said = _Phrases([(texts[key], int(clusters[key[0]])) for key in texts])
    out: list[list[float]] = []
    for nats, i, slot, start, end in found:
        piece = texts[i, slot][start:end]
        if nats <= 0 or not _WORD.search(piece) or any(s < end and start < e for s, e in taken.get((i, slot), ())):
            continue
        if said.rows_with(piece) <= _FEW_ROWS:
            out.append([int(rows.ids[i]), slot, start, end, round(nats, 4)])
        if len(out) == MOST:
            break
    return out


def token_gains(
    objective: Objective, bench: Workbench, rows: Examples
) -> list[tuple[int, int, np.ndarray, np.ndarray]]:
    """(position, slot, offsets int64[t, 2] in that text, nats float64[t] that the adapter adds) of each learnt text."""
    import torch

    encoded = bench.encoder.encode(rows)
    pad = bench.tokenizer.pad_token_id
    device = next(objective.model.parameters()).device
    objective.model.eval()
    by_row: dict[int, np.ndarray] = {}
    with torch.inference_mode():
        order = np.argsort(encoded.lengths, kind="stable")
        for start in range(0, len(order), _BATCH):
            at = order[start : start + _BATCH]
            batch = collate(encoded, at, None, pad).to(device)
            assert batch.positions is not None
            ours = objective.nats(batch)
            with objective.model.disable_adapter():
                base = objective.nats(batch)
            gain = (base - ours).double().cpu().numpy()
            row = (batch.positions // batch.tokens.shape[1]).cpu().numpy()
            for place, i in enumerate(at.tolist()):
                by_row[i] = gain[row == place]
    out = []
    for i, position in enumerate(encoded.kept.tolist()):
        targets = np.flatnonzero(encoded.supervised[i])
        out += _placed(rows, position, bench, by_row[i], targets)
    return out


def _placed(
    rows: Examples, position: int, bench: Workbench, gain: np.ndarray, targets: np.ndarray
) -> list[tuple[int, int, np.ndarray, np.ndarray]]:
    """The gains of one row, by the text that its tokens stand in."""
    if rows.task in OF_TEXTS:
        given = bench.tokenizer(rows.texts[position], return_offsets_mapping=True, verbose=False)["offset_mapping"]
        offsets = np.array(given, dtype=np.int64).reshape(-1, 2)
        inside = targets < len(offsets)
        at = targets[inside]
        return [(position, 0, offsets[at], gain[inside])] if len(at) else []
    text = bench.encoder.chat.render(rows.messages[position], rows.tools[position] if rows.tools else ())
    given = bench.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)["offset_mapping"]
    offsets = np.array(given, dtype=np.int64).reshape(-1, 2)
    out, behind = [], 0
    for slot, message in enumerate(rows.messages[position]):
        content = str(message.get("content") or "")
        first = text.find(content, behind) if content else -1
        if first < 0:
            continue
        behind = first + len(content)
        if message.get("role") != "assistant":
            continue
        known = targets[targets < len(offsets)]  # the end token may have been appended
        own = np.flatnonzero((offsets[known, 0] >= first) & (offsets[known, 1] <= behind))
        if len(own):
            out.append((position, slot, offsets[targets[own]] - first, gain[own]))
    return out


def _best(gain: np.ndarray) -> tuple[int, int]:
    """The stretch of at most `LONGEST_TOKENS` with the largest sum, half-open; empty where every sum is below 0."""
    best, at, total, start = 0.0, (0, 0), 0.0, 0
    for i, value in enumerate(gain.tolist()):
        if total <= 0:
            total, start = 0.0, i
        total += value
        if i + 1 - start > LONGEST_TOKENS:
            total -= float(gain[start])
            start += 1
        if total > best:
            best, at = total, (start, i + 1)
    return at


def _whole_words(text: str, start: int, end: int) -> tuple[int, int]:
    """The range without blanks at its ends, grown to whole words."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    while start > 0 and _WORD.match(text[start]) and _WORD.match(text[start - 1]):
        start -= 1
    while 0 < end < len(text) and _WORD.match(text[end]) and _WORD.match(text[end - 1]):
        end += 1
    return start, end


def _marked(rows: Examples, config: ScanConfig) -> dict[tuple[int, int], list[tuple[int, int]]]:
    """What the scanner finds in each text."""
    strings = [(i, slot, text) for i, slot, place, text in strings_of(rows) if rows.task in OF_TEXTS or place == ANSWER]
    spans = scan(pa.array([text for *_, text in strings], pa.large_string()), config)
    out: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for at, start, end in zip(spans.row.tolist(), spans.start.tolist(), spans.end.tolist(), strict=True):
        out.setdefault(strings[at][:2], []).append((start, end))
    return out


class _Phrases:
    """In how many clusters of rows a stretch of words stands."""

    def __init__(self, texts: list[tuple[str, int]]) -> None:
        self._texts = [(f" {_plain(text)} ", cluster) for text, cluster in texts]

    def rows_with(self, piece: str) -> int:
        """Clusters that hold it, counted no further than needed."""
        asked = f" {_plain(piece)} "
        seen: set[int] = set()
        for text, cluster in self._texts:
            if asked in text:
                seen.add(cluster)
                if len(seen) > _FEW_ROWS:
                    break
        return len(seen)


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))
