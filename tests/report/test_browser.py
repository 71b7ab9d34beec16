"""The pages in a real browser, over data that tries to run in it and to call home from it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")
CURATE = [sys.executable, "-m", "curate"]


@pytest.fixture
def home() -> Iterator[tuple[str, list[str]]]:
    """A server on loopback, and the paths that somebody asked it for."""
    asked: list[str] = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()


def attacks(home: str) -> list[str]:
    """Texts that would leave a mark, were they taken for anything but text."""
    mark = "document.documentElement.setAttribute('data-owned','yes')"
    return [
        f"<script>{mark}</script>",
        f"<img src={home}/image onerror=\"{mark}\">",
        f"</td></table></style><script src='{home}/script'></script>",
        f"'\"><svg onload=\"{mark}\"><use href='{home}/use#x'/></svg>",
        f"<link rel=stylesheet href={home}/style><iframe src={home}/frame></iframe>",
        f"<meta http-equiv=refresh content='0;url={home}/refresh'>",
        f"<style>@import '{home}/import'; body {{ background: url({home}/background) }}</style>",
        f"{{{{ 7*7 }}}} {{% include 'x' %}} <a href=\"javascript:{mark}\">x</a> <form action={home}/form>",
        f"<base href={home}/base><object data={home}/object></object><embed src={home}/embed>",
        f"<!--><script>{mark}</script--> ]]> \u202e\u2066 \x1b[31m",
    ]


def dom(page: Path, folder: Path) -> str:
    """The page's document after everything on it has had its chance."""
    assert CHROMIUM is not None
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=3000", f"--user-data-dir={folder}"]
    done = subprocess.run(
        [CHROMIUM, *options, "--dump-dom", page.as_uri()], capture_output=True, text=True, timeout=120, check=True
    )
    return done.stdout


def test_hostile_data_runs_nothing_and_calls_nobody(home: tuple[str, list[str]], tmp_path: Path) -> None:
    where, asked = home
    texts = attacks(where)
    rows = [
        {"text": f"{text} case {i} of many, with words enough to be read", "label": texts[i % 3][:60], "group": text[:70]}
        for i in range(40)
        for text in (texts[i % len(texts)],)
    ]
    rows += rows[:12]
    data = tmp_path / "hostile.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    run = [*CURATE, "run", str(data), "--out", str(tmp_path / "run"), "--no-train", "-q", "--role", "group=group"]
    gate = [*CURATE, "gate", str(data), "--out", str(tmp_path / "gate"), "--format", "html", "-q", "--exit-zero"]
    subprocess.run(run, check=True, cwd=tmp_path)
    subprocess.run([*gate, "--output", str(tmp_path / "gate.html")], check=True, cwd=tmp_path)
    naive = tmp_path / "naive.html"
    naive.write_text(f"<p>{' '.join(texts)}</p>")
    assert 'data-owned="yes"' in dom(naive, tmp_path / "profile"), "the attacks are harmless: nothing is tested"
    assert asked
    asked.clear()
    for page in (tmp_path / "run" / "report.html", tmp_path / "gate.html"):
        shown = dom(page, tmp_path / "profile")
        assert "data-owned=\"yes\"" not in shown.split("<body", 1)[0]
        assert "<script" not in shown
        assert asked == [], page.name
