"""The corpora of the duplicates benchmark, built once into a cache folder outside the repository.

*Passages*: 1,000 characters a row, cut from real articles; where they run out, sentences of different articles are
joined to the same length. *Short texts*: three pieces of some sixty characters from different articles, for row counts
in the millions. In both, every tenth row is an edited copy of an earlier row, at one of `EDIT_RATES`; a slice of the
first rows holds the sources of its copies. What was planted is written beside the corpus.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

ARTICLES = Path(__file__).resolve().parents[3] / "shared" / "data" / "wiki" / "articles.parquet"
CACHE = Path(os.environ.get("CURATE_BENCH_CACHE") or Path.home() / ".cache" / "curate-benchmarks")
EDIT_RATES = (0.0, 0.005, 0.01, 0.02, 0.03, 0.05, 0.08)
"""Share of the words that an edited copy replaces, leaves out or adds."""
VERSION = 2
ROW_GROUP = 65_536
PASSAGE, PIECE, PIECES = 1000, 62, 3


@dataclass(frozen=True)
class Corpus:
    """A Parquet file with the columns `row` and `text`, and what was planted in it."""

    path: Path
    rows: int
    megabytes: float
    """UTF-8 bytes of the texts, in millions."""
    copy: np.ndarray
    """int64: rows that are edited copies, ascending."""
    source: np.ndarray
    """int64: the row that each was copied from."""
    rate: np.ndarray
    """float64: the edit rate of each."""

    def texts(self) -> pa.ChunkedArray:
        """The texts, read again."""
        return pq.read_table(self.path, columns=["text"])["text"]


def corpus(kind: str, rows: int, articles: Path = ARTICLES) -> Corpus:
    """The first `rows` rows of a kind (`passages` or `short`), from the cache or built now."""
    folder = CACHE / f"{kind}-v{VERSION}-{rows}"
    path, truth = folder / "corpus.parquet", folder / "planted.parquet"
    if not truth.is_file():
        print(f"building {rows:,} {kind} in {folder}", flush=True)
        folder.mkdir(parents=True, exist_ok=True)
        if not articles.is_file():
            raise SystemExit(f"{articles}: no such file; name a Parquet file of long texts with --articles")
        texts, planted = _build(kind, rows, articles)
        temporary = path.with_suffix(".tmp")
        table = pa.table({"row": np.arange(rows), "text": pa.array(texts, pa.string())})
        pq.write_table(table, temporary, row_group_size=ROW_GROUP)
        temporary.replace(path)
        temporary = truth.with_suffix(".tmp")
        metadata = {b"bytes": str(sum(len(t.encode()) for t in texts)).encode()}
        pq.write_table(planted.replace_schema_metadata(metadata), temporary)
        temporary.replace(truth)
    planted = pq.read_table(truth)
    size = int(planted.schema.metadata[b"bytes"]) / 1e6
    copy, source, rate = (planted[c].to_numpy() for c in ("copy", "source", "rate"))
    return Corpus(path, rows, size, copy, source, rate)


def respelled(data: Corpus, form: str, folder: Path) -> Path:
    """The rows of a corpus in another format: `jsonl`, `csv`, or conversations of two turns as JSONL (`turns.jsonl`)."""
    path = folder / f"rows.{form}"
    table = pq.read_table(data.path)
    if form == "csv":
        csv.write_csv(table, path)
        return path
    with path.open("wb") as file:
        for batch in table.to_batches(20_000):
            for row in batch.to_pylist():
                if form == "turns.jsonl":
                    text = row.pop("text")
                    said = (("user", text[:300]), ("assistant", text[300:]))
                    row["messages"] = [{"role": who, "content": what} for who, what in said]
                file.write(orjson.dumps(row) + b"\n")
    return path


def _build(kind: str, rows: int, articles: Path) -> tuple[list[str], pa.Table]:
    table = pq.read_table(articles)
    column = max(table.column_names, key=lambda name: len(str(table[name][0].as_py())))
    prose = [text for text in table[column].to_pylist() if text]
    out = _passages(prose, rows) if kind == "passages" else _short(prose, rows)
    # Edits are drawn row by row from one generator, so a smaller corpus holds the same copies.
    rng = np.random.default_rng(1)
    copy = np.arange(9, rows, 10)
    source, rate = np.empty(len(copy), np.int64), np.empty(len(copy))
    for i, at in enumerate(copy.tolist()):
        source[i] = rng.integers(0, at)
        rate[i] = EDIT_RATES[int(rng.integers(0, len(EDIT_RATES)))]
        out[at] = edited(out[int(source[i])], float(rate[i]), rng)
    return out, pa.table({"copy": copy, "source": source, "rate": rate})


def _passages(prose: list[str], rows: int) -> list[str]:
    cut = [text[i : i + PASSAGE] for text in prose for i in range(0, len(text) - PASSAGE + 1, PASSAGE)]
    np.random.default_rng(0).shuffle(cut)  # type: ignore[arg-type]
    sentences = [s for passage in cut for s in passage.split(". ")[1:-1] if len(s) > 20]
    rng = np.random.default_rng(2)
    while len(cut) < rows:
        drawn = rng.integers(0, len(sentences), (10_000, 24))
        cut += [". ".join([sentences[i] for i in some])[:PASSAGE] for some in drawn.tolist()]
    return cut[:rows]


def _short(prose: list[str], rows: int) -> list[str]:
    text = " ".join(" ".join(prose).split())
    rng = np.random.default_rng(3)
    out: list[str] = []
    while len(out) < rows:
        drawn = rng.integers(0, len(text) - PIECE - 20, (min(rows - len(out), 100_000), PIECES))
        out += [" ".join([text[i : i + PIECE].partition(" ")[2].rpartition(" ")[0] for i in some])
                for some in drawn.tolist()]  # fmt: skip
    return out


def edited(text: str, rate: float, rng: np.random.Generator) -> str:
    """A copy with about `rate` of its words replaced, left out or joined by another."""
    words = text.split(" ")
    places = np.sort(rng.integers(0, len(words), round(rate * len(words))))[::-1]
    for place in places.tolist():
        at = min(place, len(words) - 1)
        kind = int(rng.integers(0, 3))
        if kind == 0:
            words[at] = f"edit{rng.integers(10**6)}"
        elif kind == 1:
            words.insert(at, f"more{rng.integers(10**6)}")
        elif len(words) > 1:
            del words[at]
    return " ".join(words)
