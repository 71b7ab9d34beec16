"""The tools: ours and the peers, each as a command on a Parquet file, and how to read which rows it kept.

Settings are as equal as the tools allow: threshold 0.8, word 3-grams, 64 permutations (datatrove: 12 buckets of 5
hashes, the layout of 60 that reaches 0.99 at the threshold; ours is 16 bands of 4), two processes or threads.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

HERE = Path(__file__).resolve().parent
PEERS_PYTHON = HERE.parents[1] / ".venv-peers" / "bin" / "python"
THRESHOLD, WORDS, PERMUTATIONS, PROCESSES = 0.8, 3, 64, 2
# A peer must not count on a warm hub or phone home.
ENV = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "RAYON_NUM_THREADS": "2"}


@dataclass(frozen=True)
class Tool:
    """A way to remove near-duplicates."""

    name: str
    what: str
    command: Callable[[Path, Path], list[str]]
    """(input, empty folder) -> command."""
    kept: Callable[[Path], pa.Array]
    """folder -> the `row` column of what was kept."""
    peer: bool = True


def _peer(script: str, *settings: object) -> Callable[[Path, Path], list[str]]:
    def command(source: Path, folder: Path) -> list[str]:
        return [str(PEERS_PYTHON), str(HERE / "peers" / script), str(source), str(folder / "kept"), *map(str, settings)]

    return command


def _curate(source: Path, folder: Path) -> list[str]:
    return [sys.executable, "-m", "curate", "dedup", str(source), "--out", str(folder / "run"), "--quiet"]


def _rows_of_file(name: str) -> Callable[[Path], pa.Array]:
    return lambda folder: pq.read_table(folder / name, columns=["row"])["row"].combine_chunks()


def _rows_of_parts(folder: Path) -> pa.Array:
    return ds.dataset(folder / "kept", format="parquet").to_table(columns=["row"])["row"].combine_chunks()


def _rows_of_arrow_folder(folder: Path) -> pa.Array:
    parts = []
    for file in sorted((folder / "kept").glob("*.arrow")):
        with pa.memory_map(str(file)) as source:
            parts.append(pa.ipc.open_stream(source).read_all()["row"])
    return pa.chunked_array([chunk for part in parts for chunk in part.chunks]).combine_chunks()


TOOLS = (
    Tool("curate", "curate dedup: all files of a run, pairs verified, a second look", _curate,
         _rows_of_file("run/curated.parquet"), peer=False),
    Tool("rensa-rho", "rensa 0.5.0, rho batch path (samples word positions, no shingles)",
         _peer("use_rensa.py", THRESHOLD, WORDS, PERMUTATIONS, "rho"), _rows_of_file("kept")),
    Tool("rensa", "rensa 0.5.0, RMinHashDeduplicator over all shingles",
         _peer("use_rensa.py", THRESHOLD, WORDS, PERMUTATIONS, "full"), _rows_of_file("kept")),
    Tool("text-dedup", "text-dedup 0.4.0, python -m text_dedup.minhash, 2 processes",
         _peer("use_text_dedup.py", THRESHOLD, WORDS, PERMUTATIONS, PROCESSES), _rows_of_arrow_folder),
    Tool("datasketch", "datasketch 2.0.0, MinHash.bulk in 2 processes, MinHashLSH",
         _peer("use_datasketch.py", THRESHOLD, WORDS, PERMUTATIONS, PROCESSES), _rows_of_file("kept")),
    Tool("datatrove", "datatrove 0.10.1, four steps by the local executor, 2 tasks",
         _peer("use_datatrove.py", THRESHOLD, WORDS, 12, 5, PROCESSES), _rows_of_parts),
)  # fmt: skip


def named(names: str | None) -> tuple[Tool, ...]:
    """The tools of a comma-separated list, ours always first; all of them when none is named."""
    if names is None:
        return TOOLS
    wanted = names.split(",")
    unknown = set(wanted) - {tool.name for tool in TOOLS}
    if unknown:
        raise SystemExit(f"there is no tool {sorted(unknown)[0]!r}; known: {', '.join(t.name for t in TOOLS)}")
    return tuple(tool for tool in TOOLS if tool.name in wanted or tool.name == "curate")


def kept_rows(tool: Tool, folder: Path) -> np.ndarray:
    """Rows that a tool kept, ascending."""
    return np.sort(tool.kept(folder).to_numpy(zero_copy_only=False).astype(np.int64))
