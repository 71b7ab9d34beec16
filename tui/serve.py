"""The interface in a browser: textual-serve on this machine alone, behind a random token, nothing from elsewhere.

It listens on 127.0.0.1 and nowhere else. Every path begins with a token of 256 random bits, made anew at each start,
without which nothing is answered. A websocket is opened only for a page of this very address (`Origin`), and every request
must name it as its host, so that a page from elsewhere cannot reach it by a name that it controls (DNS rebinding). At most
so many browsers at once; each gets a process of its own. The page loads what textual-serve ships (terminal, style, font)
and nothing else, which a content security policy enforces; so it works offline. Nothing typed or shown is logged.
"""

from __future__ import annotations

import contextlib
import hmac
import html
import os
import secrets
import shlex
import socket
import sys
from pathlib import Path
from typing import Any

from aiohttp import web
from textual_serve.app_service import AppService
from textual_serve.server import Server, to_int

HOST = "127.0.0.1"
MOST_SESSIONS = 4
TOKEN_BYTES = 32
_TIMES_TOLD = 5
_SMALLEST, _LARGEST = (20, 5), (500, 300)
"""Columns and lines that a browser may ask for."""

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{static}css/xterm.css">
<style>
@font-face {{ font-family: "Roboto Mono"; src: url("{static}fonts/RobotoMono-VariableFont_wght.ttf");
             font-weight: 100 700; }}
@font-face {{ font-family: "Roboto Mono"; src: url("{static}fonts/RobotoMono-Italic-VariableFont_wght.ttf");
             font-weight: 100 700; font-style: italic; }}
html, body {{ margin: 0; height: 100%; background: #121212; color: #e0e0e0; font-family: "Roboto Mono", monospace; }}
#terminal {{ position: absolute; inset: 0; }}
#said {{ display: none; position: absolute; inset: 0; padding: 20vh 10vw; z-index: 10; background: #121212; }}
body.-closed #said {{ display: block; }}
</style>
<script src="{static}js/textual.js"></script>
</head>
<body>
<div id="said" role="status"><p>This session has ended. Decisions are saved.</p>
<p><a id="again" href="" style="color: #8ab4f8">Open it again</a></p>
<p>(If it ended at once: at most {most} browsers may have it open; close another one first.)</p></div>
<div id="terminal" class="textual-terminal" data-session-websocket-url="{socket}" data-font-size="{size}"></div>
</body>
</html>
"""


class Focused(AppService):
    """A process that is told that it has the focus as it begins to draw: it starts blurred, and a blurred app shows no
    keys. Told more than once, because when it blurs itself is up to it."""

    _told = 0

    async def on_data(self, payload: bytes) -> None:
        """Pass on what is drawn."""
        await super().on_data(payload)
        if self._told < _TIMES_TOLD:
            self._told += 1
            await self.focus()


class LocalServer(Server):
    """textual-serve's server with locks on it."""

    def __init__(self, command: str, port: int, title: str, sessions: int = MOST_SESSIONS) -> None:
        super().__init__(command, host=HOST, port=port, title=title)
        self.token = secrets.token_urlsafe(TOKEN_BYTES)
        self.sessions = sessions
        self.open = 0

    @property
    def origin(self) -> str:
        """What a browser calls this server."""
        return f"http://{HOST}:{self.port}"

    @property
    def url(self) -> str:
        """The address to open, token included."""
        return f"{self.origin}/{self.token}/"

    async def _make_app(self) -> web.Application:
        app = web.Application(middlewares=[self.guard])
        app.add_routes([
            web.get("/{token}/", self.handle_index, name="index"),
            web.get("/{token}/ws", self.handle_websocket, name="websocket"),
            web.get("/{token}/static/{file:.+}", self.handle_static, name="static"),
        ])  # fmt: skip
        return app

    @web.middleware
    async def guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Nothing without the token, under another host's name, or from another page."""
        token = request.match_info.get("token", "")
        if not hmac.compare_digest(token.encode(), self.token.encode()):
            raise web.HTTPForbidden(text="open the address that `curate tui --serve` printed, token included\n")
        if request.headers.get("Host", "") != f"{HOST}:{self.port}":
            raise web.HTTPForbidden(text="this server answers to its own address only\n")
        origin = request.headers.get("Origin")
        if origin not in (self.origin, None) or (origin is None and request.path.endswith("/ws")):
            raise web.HTTPForbidden(text="this server answers its own page only\n")
        response: web.StreamResponse = await handler(request)
        return response

    async def handle_index(self, request: web.Request) -> web.Response:
        """The page: a terminal, and nothing from elsewhere."""
        size = min(40, max(6, to_int(request.query.get("fontsize", "16"), 16)))
        page = PAGE.format(
            title=html.escape(self.title), static=f"/{self.token}/static/", most=self.sessions, size=size,
            socket=f"ws://{HOST}:{self.port}/{self.token}/ws",
        )  # fmt: skip
        policy = (
            "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; "
            f"img-src 'self' data:; connect-src ws://{HOST}:{self.port}; base-uri 'none'; form-action 'none'; "
            "frame-ancestors 'none'"
        )
        return web.Response(text=page, content_type="text/html", headers=_headers({"Content-Security-Policy": policy}))

    async def handle_static(self, request: web.Request) -> web.FileResponse:
        """A file that textual-serve ships."""
        folder = Path(self.statics_path).resolve()
        path = (folder / request.match_info["file"]).resolve()
        if not path.is_relative_to(folder) or not path.is_file():
            raise web.HTTPNotFound(text="no such file\n")
        return web.FileResponse(path, headers=_headers())

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """One browser: a process of its own, as long as there is room."""
        if self.open >= self.sessions:
            raise web.HTTPServiceUnavailable(text=f"{self.sessions} browsers have it open already; close one first\n")
        self.open += 1
        try:
            return await self._session(request)
        finally:
            self.open -= 1

    async def _session(self, request: web.Request) -> web.WebSocketResponse:
        websocket = web.WebSocketResponse(heartbeat=15)
        sizes = (to_int(request.query.get(name, ""), usual) for name, usual in (("width", 80), ("height", 24)))
        width, height = (min(most, max(least, n)) for n, least, most in zip(sizes, _SMALLEST, _LARGEST, strict=True))
        await websocket.prepare(request)

        async def close() -> None:
            await websocket.close()

        app = Focused(
            self.command, write_bytes=websocket.send_bytes, write_str=websocket.send_str, close=close,
            download_manager=self.download_manager, debug=False,
        )  # fmt: skip
        await app.start(width, height)
        try:
            # What is no message of the terminal ends the session, and is not quoted anywhere.
            with contextlib.suppress(ValueError, TypeError, KeyError, IndexError, AssertionError, ConnectionError):
                await self._process_messages(websocket, app)
        finally:
            await app.stop()
            await websocket.close()
        return websocket


def _headers(more: dict[str, str] | None = None) -> dict[str, str]:
    return {
        "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
        "Cross-Origin-Resource-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin", **(more or {}),
    }  # fmt: skip


def command_of(what: str | None, out: str | None) -> str:
    """The command that each browser's process runs."""
    args = [sys.executable, "-P", "-m", "curate", "tui"]
    args += [] if what is None else [str(Path(what).expanduser().resolve()) if Path(what).exists() else what]
    args += [] if out is None else ["--out", str(Path(out).resolve())]
    return shlex.join(args)


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def serve(what: str | None, out: str | None, port: int = 0, sessions: int = MOST_SESSIONS) -> int:
    """Serve until Ctrl-C; the address goes to stderr, and nothing else is logged."""
    from curate.errors import ConfigError

    server = LocalServer(command_of(what, out), port or free_port(), "Curate", sessions)
    os.environ.pop("TEXTUAL_DRIVER", None)

    def ready(*_: Any) -> None:
        print(f"open this in a browser on this machine (Ctrl-C ends it):\n{server.url}", file=sys.stderr, flush=True)

    try:
        web.run_app(server._make_app(), host=HOST, port=server.port, print=ready, access_log=None)
    except OSError as error:
        raise ConfigError(f"port {server.port} cannot be listened on: {(error.strerror or '').lower()}") from None
    return 0
