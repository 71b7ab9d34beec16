"""Items as an index keeps them: one Arrow record an item, hashes only.

Method: see `curate.similarity.index`. Shapes: columns of `SCHEMA`; `grams` in reading order, `shingles` ascending and
distinct, `bands` one key a band. Cost: about 16 bytes a word and 8 bytes a band an item, on disk and in memory.
Does not: keep text, or anything that depends on the order in which items were added.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache, cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash
from numpy.typing import NDArray

from curate.similarity.containment_kernels import GRAM
from curate.similarity.minhash import sketch
from curate.similarity.near import NearConfig
from curate.similarity.passages import Passages, passages_of, starts_of, whole_texts
from curate.similarity.sets import build_sets
from curate.similarity.texts import as_large_strings, for_shingles

SCHEMA = pa.schema(
    [
        ("source", pa.string()),
        ("number", pa.int64()),
        ("hash", pa.binary(16)),
        ("whole", pa.uint64()),
        ("grams", pa.large_list(pa.field("item", pa.uint64(), nullable=False))),
        ("shingles", pa.large_list(pa.field("item", pa.uint64(), nullable=False))),
        ("bands", pa.large_list(pa.field("item", pa.uint64(), nullable=False))),
    ]
)
_PROBE = (
    "The quick brown fox, jumps over 12 lazy dogs; it's 3 + 4 = 7 (or C++)!",
    "",
    "Wo ist die nächste Straßenbahnhaltestelle, bitte?",
    "人工知能はどこへ行くのか。ไทยไม่มีช่องว่าง",
    "two words",
    "e\u0301tude \ufb01ne \u1e9e " + "again and again " * 40,
)


@dataclass(frozen=True)
class IndexConfig:
    """How the rows of an index are sketched for near-duplicate lookup."""

    similarity: float = 0.8
    """Jaccard similarity from which lookups must find near-duplicates."""
    words: int = 3
    """Words in a shingle."""
    permutations: int = 64
    """Most MinHash minima a row."""
    recall: float = 0.99
    """Share of the pairs at `similarity` that lookups must find."""
    seed: int = 0
    """Seed of the permutations."""

    def __post_init__(self) -> None:
        _ = self.near  # raises ValueError where a value is out of range

    @property
    def near(self) -> NearConfig:
        """The same as the near-duplicate engine says it."""
        return NearConfig(self.similarity, self.similarity, self.words, self.permutations, self.recall, seed=self.seed)


@cache
def engine_check(config: IndexConfig) -> str:
    """A hash of what today's kernels make of fixed texts: an index made by kernels that differ must not be compared."""
    texts = pa.array(_PROBE, pa.large_string())
    made = _table(texts, texts, pa.array([bytes(16)] * len(_PROBE), pa.binary(16)), "", config, 1)
    state = xxhash.xxh3_128(f"{GRAM} {sorted(asdict(config).items())}".encode())
    for name in ("whole", "grams", "shingles", "bands"):
        column = made[name].combine_chunks()
        values = column.flatten() if pa.types.is_large_list(column.type) else column
        state.update(values.to_numpy(zero_copy_only=False).tobytes())
    return state.hexdigest()


@dataclass(frozen=True)
class Items:
    """Some items, in canonical order: by file name, number, row id; exact repeats once."""

    table: pa.Table
    config: IndexConfig

    def __len__(self) -> int:
        return int(self.table.num_rows)

    @cached_property
    def passages(self) -> Passages:
        """N-grams of each item's question."""
        grams, size = self._ragged("grams")
        return Passages(grams, starts_of(size), size)

    @cached_property
    def whole(self) -> NDArray[np.uint64]:
        """One hash of each item's question."""
        hashes: NDArray[np.uint64] = self.table["whole"].combine_chunks().to_numpy(zero_copy_only=False)
        return hashes

    @cached_property
    def shingles(self) -> Passages:
        """Shingle set of each item's row, as a ragged table."""
        values, size = self._ragged("shingles")
        return Passages(values, starts_of(size), size)

    @cached_property
    def keys(self) -> NDArray[np.uint64]:
        """Band keys, (band, item)."""
        values, _ = self._ragged("bands")
        return np.ascontiguousarray(values.reshape(len(self), self.config.near.layout.bands).T)

    def name(self, item: int) -> tuple[str, int, str]:
        """(file name, number in it from 0, row id in hex)."""
        record = self.table.select(["source", "number", "hash"]).slice(item, 1).to_pylist()[0]
        return record["source"], record["number"], record["hash"].hex()

    def _ragged(self, column: str) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        lists = self.table[column].combine_chunks()
        if isinstance(lists, pa.ChunkedArray):
            lists = pa.concat_arrays(lists.chunks) if lists.num_chunks else pa.array([], SCHEMA.field(column).type)
        return lists.flatten().to_numpy(zero_copy_only=False), pc.list_value_length(lists).to_numpy(zero_copy_only=False)

    @classmethod
    def of(cls, tables: Sequence[pa.Table], config: IndexConfig) -> Items:
        """Items of several tables as one set; the order of the tables does not matter."""
        table = pa.concat_tables([SCHEMA.empty_table(), *tables])
        order = pc.sort_indices(table, [("source", "ascending"), ("number", "ascending"), ("hash", "ascending")])
        table = table.take(order).combine_chunks()
        keys = table.select(["source", "number", "hash"])
        if table.num_rows:
            again = np.ones(table.num_rows - 1, np.bool_)
            for name in keys.column_names:
                column = keys[name].combine_chunks()
                again &= pc.equal(column.slice(1), column.slice(0, len(column) - 1)).to_numpy(zero_copy_only=False)
            table = table.filter(pa.array(np.concatenate([[True], ~again])))
        return cls(table, config)


def make_items(
    questions: pa.Array | pa.ChunkedArray,
    contents: pa.Array | pa.ChunkedArray,
    hashes: pa.Array,
    source: str,
    config: IndexConfig | None = None,
    threads: int = 1,
) -> Items:
    """Items of one file: what each row asks, all of what it says, its 16-byte id, and the file's name."""
    config = config or IndexConfig()
    return Items(_table(questions, contents, hashes, source, config, threads), config)


def _table(
    questions: pa.Array | pa.ChunkedArray, contents: pa.Array | pa.ChunkedArray, hashes: pa.Array, source: str,
    config: IndexConfig, threads: int,
) -> pa.Table:  # fmt: skip
    n = len(contents)
    passages = passages_of(questions, threads)
    rows = for_shingles(as_large_strings(contents), threads)
    made = sketch(rows, config.near.layout, config.words, config.seed, threads)
    sets = build_sets(rows, np.arange(n), made.count, config.words, threads)
    packed = Passages(sets.values, sets.at, sets.size).take(np.arange(n))
    bands = np.ascontiguousarray(made.keys.T).reshape(-1).astype(np.uint64)
    return pa.table(
        {
            "source": pa.array([source] * n, pa.string()),
            "number": pa.array(np.arange(n), pa.int64()),
            "hash": hashes.cast(pa.binary(16)),
            "whole": pa.array(whole_texts(questions, threads)),
            "grams": _lists(passages.grams, passages.size),
            "shingles": _lists(packed.grams, packed.size),
            "bands": _lists(bands, np.full(n, config.near.layout.bands)),
        },
        schema=SCHEMA,
    )


def _lists(values: NDArray[np.uint64], size: NDArray[np.int64]) -> pa.Array:
    offsets = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
    return pa.LargeListArray.from_arrays(pa.array(offsets), pa.array(values), type=SCHEMA.field("grams").type)
