"""Token classification by a Hugging Face model from a folder.

Long texts are read in windows of at most `WINDOW` tokens that overlap by `STRIDE`; a token in two windows is judged by
the one in which it stands further from an edge. A word has the label of its first token (as such models are trained),
and its probability; words of one type in a row are one entity unless the label begins anew (`B-`), with the least of
their probabilities as its score. Offsets are the fast tokenizer's, which counts code points.

Cost: that of the model, on one process; texts are batched by length. Same machine, same threads, same result. Weights are
read from safetensors; no code that stands in the model's folder is run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from curate.privacy.ner.types import Entity, settled, trimmed, type_of_label
from curate.privacy.types import ALL

WINDOW, STRIDE, BATCH = 256, 64, 16


class _Word(NamedTuple):
    start: int
    end: int
    label: int
    score: float
    far: int
    """Words between it and the nearer edge of its window."""


class HuggingFaceTagger:
    """A token classification model with its tokenizer."""

    def __init__(self, path: Path) -> None:
        """OSError or ValueError where the folder holds no such model."""
        import torch
        from transformers import AutoModelForTokenClassification, AutoTokenizer

        self._torch = torch
        own = {"local_files_only": True, "trust_remote_code": False}
        self._tokenizer = AutoTokenizer.from_pretrained(str(path), use_fast=True, **own)
        if not self._tokenizer.is_fast:
            raise ValueError("the tokenizer is not a fast one, so it knows no offsets")
        self._model = AutoModelForTokenClassification.from_pretrained(str(path), use_safetensors=True, **own).eval()
        names: dict[int, str] = {int(k): str(v) for k, v in self._model.config.id2label.items()}
        self._types = [type_of_label(names[i]) for i in range(len(names))]
        self._begins = [names[i].upper().startswith(("B-", "B_", "S-", "U-")) for i in range(len(names))]
        if not any(self._types):
            raise ValueError("none of the model's labels means personal data")
        limit = min(int(self._tokenizer.model_max_length), int(getattr(self._model.config, "max_position_embeddings", 512)))
        self._window = max(8, min(WINDOW, limit - 2))
        self._stride = min(STRIDE, self._window // 4)

    def entities(self, texts: Sequence[str], types: Sequence[str] = ALL) -> list[list[Entity]]:
        """See `Tagger`."""
        wanted = frozenset(types)
        order = sorted(range(len(texts)), key=lambda i: (len(texts[i]), i))
        out: list[list[Entity]] = [[] for _ in texts]
        for first in range(0, len(order), BATCH):
            chosen = order[first : first + BATCH]
            for place, words in zip(chosen, self._read([texts[i] for i in chosen]), strict=True):
                found = _entities(texts[place], words, self._types, self._begins)
                out[place] = settled([e for e in found if e.type in wanted])
        return out

    def _read(self, texts: list[str]) -> list[list[_Word]]:
        """The words of each text, in order, each judged by the window in which it stands further from an edge."""
        coded = self._tokenizer(
            texts, truncation=True, max_length=self._window, stride=self._stride, return_overflowing_tokens=True,
            return_offsets_mapping=True, padding=True, return_tensors="pt",
        )  # fmt: skip
        of = coded.pop("overflow_to_sample_mapping").tolist()
        offsets = coded.pop("offset_mapping").tolist()
        words: list[dict[int, _Word]] = [{} for _ in texts]
        for low in range(0, len(of), BATCH):
            part = {name: value[low : low + BATCH] for name, value in coded.items()}
            with self._torch.inference_mode():
                share = self._model(**part).logits.float().softmax(-1)
            best, label = share.max(-1)
            for row, (scores, labels) in enumerate(zip(best.tolist(), label.tolist(), strict=True), low):
                text, known = of[row], words[of[row]]
                spans = list(_words(coded.word_ids(row), offsets[row]))
                first = row == 0 or of[row - 1] != text
                last = row + 1 == len(of) or of[row + 1] != text
                for n, (start, end, token) in enumerate(spans):
                    if (n == 0 and not first) or (n + 1 == len(spans) and not last):
                        continue  # it may be cut; the window beside has it whole
                    far = min(n, len(spans) - 1 - n)
                    if start not in known or far > known[start].far:
                        known[start] = _Word(start, end, labels[token], scores[token], far)
        return [[known[start] for start in sorted(known)] for known in words]


def _words(ids: Sequence[int | None], offsets: Sequence[Sequence[int]]) -> Iterator[tuple[int, int, int]]:
    """(start, end, first token) of each word of a window."""
    before: int | None = None
    held: tuple[int, int, int] | None = None
    for token, (word, (start, end)) in enumerate(zip(ids, offsets, strict=True)):
        if word is None or end <= start:
            continue
        if held is not None and word == before:
            held = (held[0], end, held[2])
            continue
        if held is not None:
            yield held
        held, before = (start, end, token), word
    if held is not None:
        yield held


def _entities(
    text: str, words: Sequence[_Word], types: Sequence[str | None], begins: Sequence[bool]
) -> list[Entity]:
    """Words of one type in a row as one entity."""
    out: list[Entity] = []
    for word in words:
        kind = types[word.label]
        if kind is None:
            continue
        start, end = trimmed(text, word.start, word.end)
        last = out[-1] if out else None
        joined = last is not None and last.type == kind and not begins[word.label] and _close(text, last.end, start)
        if last is not None and joined:
            out[-1] = Entity(last.start, end, kind, min(last.score, word.score))
        else:
            out.append(Entity(start, end, kind, word.score))
    return out


def _close(text: str, end: int, start: int) -> bool:
    """Whether nothing but a blank, a hyphen or a stop stands between two words."""
    between = text[end:start]
    return len(between) <= 2 and all(c in " -.'’\u00a0" for c in between)
