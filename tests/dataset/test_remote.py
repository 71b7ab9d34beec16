"""Files behind URLs, from a server on loopback and from fsspec's own memory."""

from __future__ import annotations

import functools
import gzip
import http.server
import json
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from curate.dataset import load
from curate.dataset.remote import fetch
from curate.errors import DataError

LINES = "".join(json.dumps({"text": f"row number {i} of it", "label": "ab"[i % 2]}) + "\n" for i in range(30)).encode()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        return None


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "tickets.jsonl").write_bytes(LINES)
    handler = functools.partial(_Quiet, directory=str(tmp_path / "served"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_a_run_over_a_url_keeps_the_data_and_can_be_opened_again(served: str, tmp_path: Path) -> None:
    def curate(*args: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run([sys.executable, "-m", "curate", *args], cwd=tmp_path, capture_output=True, check=False)

    url = f"http://{served}/tickets.jsonl"
    done = curate("run", url, "--no-train", "--stages", "exact_duplicates", "-q")
    assert done.returncode == 0, done.stderr
    (kept,) = tmp_path.glob("runs/tickets-*.jsonl")
    assert kept.read_bytes() == LINES
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert curate("explain", f"runs/{kept.name.split('.')[0]}", "3").returncode == 0
    missing = curate("run", f"http://{served}/gone.jsonl?token=hush", "--no-train")
    assert missing.returncode == 2
    assert b"there is no such file" in missing.stderr
    assert b"hush" not in missing.stderr


def test_endings_survive_so_that_formats_are_told(tmp_path: Path) -> None:
    fsspec = pytest.importorskip("fsspec")
    with fsspec.open("memory://box/data.v2.jsonl.gz", "wb") as file:
        file.write(gzip.compress(LINES))
    kept = fetch("memory://box/data.v2.jsonl.gz", tmp_path)
    assert kept.name.endswith(".v2.jsonl.gz")
    assert load(kept).n_rows == 30
    assert fetch("memory://box/data.v2.jsonl.gz", tmp_path) == kept


class _Cutting(_Quiet):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(LINES)))
        self.end_headers()
        self.wfile.write(LINES[:100])
        self.close_connection = True


def test_a_transfer_that_breaks_off_is_no_shorter_dataset(tmp_path: Path) -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Cutting) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(DataError, match=r"broke off after 100 of|cannot be fetched \(IncompleteRead\)"):
            fetch(f"http://127.0.0.1:{server.server_address[1]}/data.jsonl", tmp_path / "runs")
        server.shutdown()
    assert list((tmp_path / "runs").iterdir()) == []


@pytest.mark.parametrize(
    ("url", "said"),
    [("memory://box/none.jsonl", "there is no such file"), ("nosuch://a/b.jsonl", "no such scheme"),
     ("https://ana:hush@127.0.0.1:1/x.jsonl", r"^https://127.0.0.1:1/x.jsonl: cannot be fetched"),
     ("memory://", "names no file")],
)  # fmt: skip
def test_what_cannot_be_fetched_is_said_and_nothing_is_left(tmp_path: Path, url: str, said: str) -> None:
    pytest.importorskip("fsspec")
    with pytest.raises(DataError, match=said):
        fetch(url, tmp_path / "runs")
    assert not (tmp_path / "runs").exists() or list((tmp_path / "runs").iterdir()) == []


@pytest.fixture
def box() -> str:
    """Files in fsspec's own memory: two shards, one below, and what is no data."""
    fsspec = pytest.importorskip("fsspec")
    system = fsspec.filesystem("memory")
    for name, data in {
        "shards/b.jsonl": LINES, "shards/a.jsonl": LINES[: LINES.index(b"\n") + 1],
        "shards/deep/c.jsonl.gz": gzip.compress(LINES),
        "shards/README.md": b"about", "shards/dataset_infos.json": b"{}", "shards/.hidden.jsonl": LINES,
    }.items():  # fmt: skip
        with system.open(f"memory://{name}", "wb") as file:
            file.write(data)
    return "memory://shards"


def test_a_remote_folder_is_all_its_data_files(box: str, tmp_path: Path) -> None:
    kept = fetch(box, tmp_path)
    assert kept.name.startswith("shards-")
    data = load(kept)
    assert {file.path: file.rows for file in data.source.files} == {"a.jsonl": 1, "b.jsonl": 30, "deep/c.jsonl.gz": 30}
    assert fetch(box, tmp_path) == kept
    assert [path.name for path in tmp_path.iterdir()] == [kept.name]
    assert {stat.S_IMODE(path.stat().st_mode) for path in kept.rglob("*.jsonl*")} == {0o600}


def test_a_remote_pattern_names_what_it_says(box: str, tmp_path: Path) -> None:
    assert load(fetch(f"{box}/*.jsonl", tmp_path)).n_rows == 31
    assert load(fetch(f"{box}/**/*.gz", tmp_path)).n_rows == 30
    with pytest.raises(DataError, match="names no data file"):
        fetch(f"{box}/*.parquet", tmp_path)


def test_a_hub_name_without_a_network_is_a_plain_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("huggingface_hub")
    code = "import sys; from curate.cli import main; main(['gate', 'hf://datasets/nobody/nothing', '-q'])"
    env = {**os.environ, "HF_ENDPOINT": "http://127.0.0.1:9", "HF_TOKEN": "hf_hush"}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("error: hf://datasets/nobody/nothing: cannot be fetched")
    assert "hush" not in done.stderr
    assert "Traceback" not in done.stderr
