"""The corpus of the bundled base model: articles in, one stream of token ids with its sentence boundaries out.

Method: articles are read from one Parquet file (columns `id`, `title`, `text`), a fixed hundredth of them is
held out by the hash of the article id, and all text becomes one `uint16` stream with an end-of-text token after
each article. Sentence boundaries are found on tokens (a full stop, question or exclamation mark before a word with a
capital letter, or a new line), so that pairs of neighbouring sentences can be drawn without touching strings again.

Shapes: `Tokens.ids` is one-dimensional, `Tokens.starts` holds n+1 ascending offsets of n sentences and
`Tokens.paragraph` the paragraph number of each sentence. Complexity: linear in the text. Cost: 75 MB of prose takes
about half a minute on two cores. It does not clean the text, detect languages or handle more than 65,536 token ids.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import xxhash
from tokenizers import Tokenizer

HELD_OUT_ONE_IN = 100
_LEAD_SENTENCE = re.compile(r"(.{40,400}?[a-z)][.])\s+[A-Z]")
_QUESTIONS = (
    "Tell me about {}.",
    "What do you know about {}?",
    "Can you explain {} to me?",
    "I would like to read about {}.",
    "Please describe {} in one sentence.",
    "Who or what is {}?",
)
_SYSTEM = "You answer in one sentence."


@dataclass(frozen=True)
class Article:
    """One article of the corpus."""

    article_id: str
    title: str
    text: str

    @property
    def held_out(self) -> bool:
        """True for the fixed hundredth of the articles that training never sees."""
        return xxhash.xxh3_64_intdigest(self.article_id.encode()) % HELD_OUT_ONE_IN == 0


@dataclass(frozen=True)
class Tokens:
    """A token stream with sentence and paragraph boundaries."""

    ids: np.ndarray
    starts: np.ndarray
    paragraph: np.ndarray


def read_articles(path: Path) -> list[Article]:
    """Reads the articles of a Parquet file with the columns `id`, `title` and `text`, in file order.

    KeyError where a column is missing.
    """
    table = pq.read_table(path, columns=["id", "title", "text"])
    columns = (table.column(name).to_pylist() for name in ("id", "title", "text"))
    return [Article(str(key), title, text) for key, title, text in zip(*columns, strict=True) if text]


def dialogues(articles: Sequence[Article]) -> Iterator[list[dict[str, str]]]:
    """Short dialogues made from titles and first sentences, so that the role tokens are trained too."""
    for number, article in enumerate(articles):
        body = article.text.removeprefix(article.title).strip()
        found = _LEAD_SENTENCE.match(body)
        if found is None:
            continue
        question = _QUESTIONS[number % len(_QUESTIONS)].format(article.title)
        turns = [{"role": "user", "content": question}, {"role": "assistant", "content": found.group(1)}]
        if number % 4 == 0:
            turns.insert(0, {"role": "system", "content": _SYSTEM})
        yield turns


def encode_stream(tokenizer: Tokenizer, texts: Sequence[str], eos_id: int, batch_size: int = 256) -> np.ndarray:
    """Encodes texts into one `uint16` stream with `eos_id` after each text."""
    parts: list[np.ndarray] = []
    for first in range(0, len(texts), batch_size):
        encodings = tokenizer.encode_batch(list(texts[first : first + batch_size]), add_special_tokens=False)
        parts.extend(np.asarray([*encoding.ids, eos_id], dtype=np.uint16) for encoding in encodings)
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.uint16)


def find_sentences(tokenizer: Tokenizer, ids: np.ndarray, eos_id: int) -> Tokens:
    """Finds sentence starts on tokens: after a new line or end of text, or after `. ? !` before a capital letter."""
    size = tokenizer.get_vocab_size()
    pieces = [tokenizer.id_to_token(i) or "" for i in range(size)]
    ends = np.array([piece.endswith((".", "?", "!")) for piece in pieces])
    breaks = np.array(["Ċ" in piece for piece in pieces])
    breaks[eos_id] = True
    capital = np.array([len(piece) > 1 and piece[0] == "Ġ" and piece[1].isupper() for piece in pieces])
    after_break = np.zeros(len(ids), dtype=bool)
    after_break[0] = True
    after_break[1:] = breaks[ids[:-1]]
    after_stop = np.zeros(len(ids), dtype=bool)
    after_stop[1:] = ends[ids[:-1]] & capital[ids[1:]]
    starts = np.flatnonzero(after_break | after_stop)
    paragraph = np.cumsum(after_break)[starts]
    return Tokens(ids, np.append(starts, len(ids)).astype(np.int64), paragraph.astype(np.int64))


def sentence_pairs(tokens: Tokens, shortest: int, longest: int) -> np.ndarray:
    """Sentences that have a following sentence in their paragraph, both of a fitting length.

    These are indices `i` into `tokens.starts` such that sentences `i` and `i + 1` form a pair.
    """
    length = np.diff(tokens.starts)
    fits = (length >= shortest) & (length <= longest)
    same = tokens.paragraph[1:] == tokens.paragraph[:-1]
    return np.flatnonzero(fits[:-1] & fits[1:] & same)
