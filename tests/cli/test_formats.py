"""A run gives back the format it was given, and changes only what its plan says."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from tests.cli.conftest import tickets
from tests.conftest import Curate

ROWS = [{**r, "code": f"0{i}", "amount": 1 if i % 2 else 1.0, "note": None} for i, r in enumerate(tickets(60))]


def as_csv(rows: list[dict[str, object]], path: Path, delimiter: str) -> None:
    with path.open("w", newline="") as handle:
        writer = csv.DictWriter(handle, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)


def write(name: str, folder: Path) -> Path:
    path = folder / name
    lines = "".join(json.dumps(r) + "\n" for r in ROWS)
    if name.endswith(".jsonl"):
        path.write_text(lines)
    elif name.endswith(".jsonl.gz"):
        path.write_bytes(gzip.compress(lines.encode()))
    elif name.endswith(".jsonl.zst"):
        path.write_bytes(zstandard.compress(lines.encode()))
    elif name.endswith(".json"):
        path.write_text(json.dumps(ROWS, indent=2))
    elif name.endswith(".parquet"):
        pq.write_table(pa.Table.from_pylist([{**r, "amount": 1.0} for r in ROWS]), path)
    else:
        as_csv(ROWS, path, "\t" if name.endswith(".tsv") else ",")
    return path


def read(path: Path) -> list[dict[str, object]]:
    if path.suffix == ".parquet":
        return pq.read_table(path).to_pylist()
    raw = path.read_bytes()
    raw = gzip.decompress(raw) if path.suffix == ".gz" else raw
    raw = zstandard.ZstdDecompressor().decompressobj().decompress(raw) if path.suffix == ".zst" else raw
    text = raw.decode()
    if ".jsonl" in path.name:
        return [json.loads(line) for line in text.splitlines()]
    if path.suffix == ".json":
        return list(json.loads(text))
    return list(csv.DictReader(text.splitlines(), delimiter="\t" if path.suffix == ".tsv" else ","))


@pytest.mark.parametrize(
    "name", ["a.jsonl", "a.jsonl.gz", "a.jsonl.zst", "a.json", "a.csv", "a.tsv", "a.parquet"]
)
def test_only_planned_changes_reach_the_curated_file(inside: Curate, tmp_path: Path, name: str) -> None:
    source = write(name, tmp_path)
    before = read(source)
    done = inside("run", source, "--no-train", "--out", tmp_path / "run", "--stages", "exact_duplicates,pii")
    assert done.returncode == 0, done.stderr
    after = read(tmp_path / "run" / f"curated{''.join(source.suffixes)}")
    plan = pq.read_table(tmp_path / "run" / "plan.parquet").to_pylist()
    gone = {f["row"] for f in plan if f["action"] == "drop" and f["status"] == "applied"}
    assert len(gone) == 3
    kept = [row for i, row in enumerate(before) if i not in gone]
    assert len(after) == len(kept)
    for old, new in zip(kept, after):
        assert {k: v for k, v in new.items() if k != "text"} == {k: v for k, v in old.items() if k != "text"}
        assert repr(new["amount"]) == repr(old["amount"])
        assert new["text"] == old["text"] or ("[EMAIL]" in str(new["text"]) and "@" in str(old["text"]))
    assert any("[EMAIL]" in str(r["text"]) for r in after)
