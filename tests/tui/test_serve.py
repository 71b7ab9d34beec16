"""`curate tui --serve`: the interface in a browser, and who is kept out."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("textual_serve")

import aiohttp
import pyte

from tests.report.chromium import CHROMIUM, Page

PATIENCE_SECONDS = 300.0


@pytest.fixture
def served(run: Path) -> Iterator[str]:
    """The address that the verb prints; one browser at a time."""
    command = [sys.executable, "-P", "-m", "curate", "tui", str(run), "--serve", "--sessions", "1"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=run.parent)
    assert process.stderr is not None
    try:
        lines = iter(process.stderr.readline, "")
        yield next(line.strip() for line in lines if line.startswith("http://127.0.0.1:"))
    finally:
        process.terminate()
        process.wait(timeout=30)


def parts(address: str) -> tuple[str, str]:
    """Origin and token."""
    origin, _, token = address.rstrip("/").rpartition("/")
    return origin, token


async def test_nothing_is_answered_without_the_token_from_another_page_or_under_another_name(served: str) -> None:
    origin, token = parts(served)
    assert len(token) >= 43
    async with aiohttp.ClientSession() as browser:

        async def status(path: str, **headers: str) -> int:
            async with browser.get(f"{origin}{path}", headers=headers) as answer:
                return answer.status

        assert await status(f"/{token}/") == 200
        assert await status("/") == 403
        assert await status("/static/js/textual.js") == 403
        assert await status(f"/{token[:-1]}x/") == 403
        assert await status(f"/{token}/", Host="evil.example") == 403
        assert await status(f"/{token}/", Origin="http://evil.example") == 403
        assert await status(f"/{token}/static/js/textual.js") == 200
        assert await status(f"/{token}/static/..%2f..%2fserver.py") in (403, 404)
        for who in ({}, {"Origin": "http://evil.example"}, {"Origin": "null"}):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await browser.ws_connect(f"{origin.replace('http', 'ws')}/{token}/ws", headers=who)
            assert refused.value.status == 403


async def test_the_page_fetches_nothing_from_elsewhere_and_says_so(served: str) -> None:
    async with aiohttp.ClientSession() as browser, browser.get(served) as answer:
        page, policy = await answer.text(), answer.headers["Content-Security-Policy"]
    assert "googleapis" not in page
    assert "https://" not in page
    assert policy.startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in policy


async def test_a_session_shows_the_keys_takes_them_and_only_so_many_are_let_in(served: str) -> None:
    origin, token = parts(served)
    socket = f"{origin.replace('http', 'ws')}/{token}/ws"
    screen = pyte.Screen(100, 30)
    stream = pyte.ByteStream(screen)

    async def until(ws: aiohttp.ClientWebSocketResponse, words: str, first: int = 0) -> None:
        give_up = time.monotonic() + PATIENCE_SECONDS
        while words not in "\n".join(screen.display[first:]):
            assert time.monotonic() < give_up, "\n".join(screen.display)
            try:
                message = await ws.receive(timeout=1)
            except TimeoutError:
                continue
            assert message.type == aiohttp.WSMsgType.BINARY, message
            stream.feed(message.data)

    async with aiohttp.ClientSession(headers={"Origin": origin}) as browser:
        async with browser.ws_connect(f"{socket}?width=100&height=30") as ws:
            await until(ws, "Profile")
            await until(ws, "Undo", first=-1)
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await browser.ws_connect(socket)
            assert refused.value.status == 503
            await ws.send_json(["stdin", "?"])
            await until(ws, "Escape closes this help")
        for _ in range(200):  # the place is free again once the process has ended
            try:
                async with browser.ws_connect(socket):
                    break
            except aiohttp.WSServerHandshakeError:
                await asyncio.sleep(0.1)
        else:
            raise AssertionError("the place is never free again")


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")
def test_chromium_shows_the_interface_offline(served: str, tmp_path: Path) -> None:
    origin, _ = parts(served)
    with Page(served, tmp_path / "profile", 1200) as page:
        give_up = time.monotonic() + PATIENCE_SECONDS
        while "-first-byte" not in page.ask("document.body.className"):
            assert time.monotonic() < give_up
            time.sleep(0.2)
        time.sleep(1.0)
        asked = page.ask("JSON.stringify(performance.getEntriesByType('resource').map(e => e.name))")
        assert asked.count(origin) == asked.count('"http') >= 3
        assert page.ask("document.fonts.check('16px \"Roboto Mono\"')")
        picture = tmp_path / "page.png"
        page.picture(picture)
        while picture.stat().st_size <= 8_000:
            assert time.monotonic() < give_up, "an empty page is smaller"
            time.sleep(1.0)
            page.picture(picture)
