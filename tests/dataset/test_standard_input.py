"""`-`: data that is piped in, by real processes."""

from __future__ import annotations

import gzip
import io
import json
import stat
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curate.dataset import load
from curate.dataset.standardinput import keep_standard_input
from curate.errors import DataError

ROWS = [{"text": f"row number {i} of the data", "label": "ab"[i % 2]} for i in range(40)]
LINES = "".join(json.dumps(row) + "\n" for row in ROWS).encode()


def curate(folder: Path, data: bytes, *args: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-m", "curate", *args], input=data, cwd=folder, capture_output=True, check=False)


def test_a_run_over_piped_data_can_be_opened_again_and_repeated(tmp_path: Path) -> None:
    first = curate(tmp_path, LINES, "run", "-", "--no-train", "--stages", "exact_duplicates", "-q")
    assert first.returncode == 0, first.stderr
    (kept,) = tmp_path.glob("runs/stdin-*.jsonl")
    assert kept.read_bytes() == LINES
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    (run,) = (path for path in (tmp_path / "runs").iterdir() if path.is_dir())
    assert (run / "curated.jsonl").read_bytes() == LINES
    assert curate(tmp_path, b"", "explain", str(run), "3").returncode == 0
    assert curate(tmp_path, LINES, "run", "-", "--no-train", "--stages", "exact_duplicates", "-q").returncode == 0
    assert len(list((tmp_path / "runs").iterdir())) == 2


def _parquet() -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(ROWS), sink)
    return sink.getvalue()


@pytest.mark.parametrize(
    ("data", "suffix"),
    [(LINES, ".jsonl"), (json.dumps(ROWS).encode(), ".json"), (b"text,label\nsome words,a\nother words,b\n", ".csv"),
     (b"text\tlabel\nsome words, here\ta\n", ".tsv"), (b"\xef\xbb\xbftext,label\nwords,a\n", ".csv"),
     (_parquet(), ".parquet")],
)  # fmt: skip
def test_the_format_is_told_by_the_bytes(tmp_path: Path, data: bytes, suffix: str) -> None:
    kept = keep_standard_input(io.BytesIO(data), tmp_path / "runs")
    assert kept.suffix == suffix
    assert kept.read_bytes() == data
    assert load(kept, roles={"text": "text", "label": "label"}).n_rows >= 1


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"", "is empty"), (b" \n\n", "is empty"), (gzip.compress(LINES), "compressed by gzip"),
     (b"just words", "of no format")],
)  # fmt: skip
def test_what_cannot_be_told_is_refused_and_nothing_is_left(tmp_path: Path, data: bytes, said: str) -> None:
    with pytest.raises(DataError, match=said):
        keep_standard_input(io.BytesIO(data), tmp_path / "runs")
    assert list((tmp_path / "runs").iterdir()) == []


def test_the_command_says_so_with_exit_2(tmp_path: Path) -> None:
    done = curate(tmp_path, b"", "run", "-", "--no-train")
    assert done.returncode == 2
    assert b"standard input is empty" in done.stderr
