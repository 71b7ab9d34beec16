"""The pages in a real browser, over data that tries to run in it and to call home from it."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.conftest import Curate
from tests.report.chromium import CHROMIUM, Page

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")


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


def test_hostile_data_runs_nothing_and_calls_nobody(
    home: tuple[str, list[str]], tmp_path: Path, inside: Curate
) -> None:
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
    ran = inside("run", data, "--out", tmp_path / "run", "--no-train", "-q", "--role", "group=group")
    assert ran.returncode == 0, ran.stderr
    gate = ["gate", data, "--out", tmp_path / "gate", "--format", "html", "-q", "--exit-zero"]
    judged = inside(*gate, "--output", tmp_path / "gate.html")
    assert judged.returncode == 0, judged.stderr
    naive = tmp_path / "naive.html"
    naive.write_text(f"<p>{' '.join(texts)}</p>")
    assert 'data-owned="yes"' in dom(naive, tmp_path / "profile"), "the attacks are harmless: nothing is tested"
    assert asked
    asked.clear()
    for page in (tmp_path / "run" / "report.html", tmp_path / "gate.html"):
        shown = dom(page, tmp_path / "profile")
        assert "data-owned=\"yes\"" not in shown.split("<body", 1)[0]
        assert shown.count("<script") == 1  # our own, which sorts tables
        assert asked == [], page.name


TABLE = """<h2>Things</h2><div class="table" tabindex="0"><table>
<thead><tr><th>Name</th><th class="n">Count</th><th class="n">Time</th></tr></thead><tbody>
<tr><td>pear</td><td class="n">1,200</td><td class="n">3 min 05 s</td></tr>
<tr><td>Apple</td><td class="n">–</td><td class="n">3 min 20 s</td></tr>
<tr><td>fig</td><td class="n">\u22123.5%</td><td class="n">730 ms</td></tr>
<tr><td>date</td><td class="n">90</td><td class="n">10.1 s</td></tr>
</tbody></table></div>"""


def table_page(folder: Path, table: str = TABLE) -> str:
    """A page of the house's style and policy with one table, as a report has them."""
    from audit.gate import judge, parse_policy, render
    from audit.gate.facts import Fact

    asked = parse_policy({})
    asked = type(asked)({"rows": asked.limits["rows"]}, (), "starter", "preset")
    result = judge({"rows": Fact(5.0, 5)}, asked, today=dt.date(2026, 1, 1), subject={"path": "things.jsonl"})
    page = render(result, "html", lambda positions: [], list)
    path = folder / "table.html"
    path.write_text(page.replace("</main>", f"{table}</main>"))
    return path.as_uri()


def test_a_caption_is_as_wide_as_the_page_where_its_table_is_wider(tmp_path: Path) -> None:
    said = f"<table><caption>{'how well the stage looked, ' * 9}</caption>"
    wide = TABLE.replace("<table>", said).replace("pear", "pear" * 30).replace('<td>', '<td style="white-space: nowrap">')
    with Page(table_page(tmp_path, wide), tmp_path / "profile", width=420) as page:
        page.ask("window.box = [...document.querySelectorAll('.table')].at(-1)")
        page.ask("window.words = document.createRange()")
        page.ask("words.selectNodeContents(box.querySelector('caption'))")
        assert page.ask("box.scrollWidth") > page.ask("box.clientWidth") + 100
        assert page.ask("words.getBoundingClientRect().right") <= page.ask("box.getBoundingClientRect().right")
        page.ask("box.scrollTo(500, 0)")
        assert page.ask("words.getBoundingClientRect().left") >= page.ask("box.getBoundingClientRect().left")


NAMES = "[...document.querySelectorAll('main table')].at(-1).querySelectorAll('tbody tr td:first-child')"
SHOWN = f"[...{NAMES}].map(cell => cell.textContent)"


def test_tables_sort_by_keyboard_and_say_how(tmp_path: Path) -> None:
    with Page(table_page(tmp_path), tmp_path / "profile") as page:
        written = ["pear", "Apple", "fig", "date"]
        assert page.ask(SHOWN) == written
        page.ask("[...document.querySelectorAll('.table')].at(-1).focus()")
        page.press("Tab")
        assert page.ask("document.activeElement.textContent") == "Name"
        page.press("Enter")
        assert page.ask(SHOWN) == ["Apple", "date", "fig", "pear"]
        page.press("Tab")
        page.press("Enter")
        assert page.ask(SHOWN) == ["fig", "date", "pear", "Apple"]  # what has no number comes last
        assert page.ask("document.activeElement.closest('th').getAttribute('aria-sort')") == "ascending"
        page.press("Enter")
        assert page.ask(SHOWN) == ["pear", "date", "fig", "Apple"]
        page.press("Enter")
        assert page.ask(SHOWN) == written
        assert page.ask("document.querySelectorAll('[aria-sort]').length") == 0
        page.press("Tab")
        page.press("Enter")
        assert page.ask(SHOWN) == ["fig", "date", "pear", "Apple"]


def test_without_script_the_page_is_as_it_was_written(tmp_path: Path) -> None:
    with Page(table_page(tmp_path), tmp_path / "profile", script=False) as page:
        found = page.call("DOM.getDocument", depth=-1)["root"]
        assert '"BUTTON"' not in json.dumps(found)
        assert '"TABLE"' in json.dumps(found)


def test_a_printed_table_is_not_cut_off_and_has_its_headings_on_every_page(tmp_path: Path) -> None:
    """A box that scrolls prints what is in sight, and a heading with a control in it is not painted a second time."""
    with Page(table_page(tmp_path), tmp_path / "profile", width=680) as page:
        page.ask("window.box = [...document.querySelectorAll('.table')].at(-1)")
        style = "getComputedStyle(box{}).{}"
        assert page.ask(style.format("", "overflowX")) == "auto"
        page.call("Emulation.setEmulatedMedia", media="print")
        assert page.ask(style.format("", "overflowX")) == "visible"
        assert page.ask(style.format(".querySelector('thead')", "breakInside")) == "avoid"
        assert page.ask(style.format(".querySelector('thead button')", "display")) == "contents"
