"""What a person likes: theme and keys, from `tui.toml` in `$XDG_CONFIG_HOME/curate` (`~/.config/curate`).

    theme = "textual-light"    # or ansi-dark, ansi-light: the colours of the terminal

    [keys]                     # id of a key, as help shows it = the key or keys that do it
    accept = "d"
    stage_after = "right_square_bracket,ctrl+n"

What cannot be used is told on the first screen and left out; it never stops the app.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from curate.errors import nearest
from curate.safetext import safe_text
from tui.keymap import Place, clashes


@dataclass(frozen=True)
class Settings:
    """Read once, when the app starts."""

    theme: str = ""
    keys: dict[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def settings_path() -> Path:
    """Where they stand."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "curate" / "tui.toml"


def read_settings(path: Path, themes: Collection[str], known: Callable[[], Sequence[Place]]) -> Settings:
    """The settings, with every problem in words; `known`: the keys of each screen by id, asked for only where keys are
    set."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Settings()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return Settings(problems=(safe_text(f"{path} cannot be read: {error}"),))
    problems = [f"{path.name} has no key {k!r}; {nearest(k, ('theme', 'keys'))}" for k in raw if k not in ("theme", "keys")]
    theme = raw.get("theme", "")
    if theme and theme not in themes:
        problems.append(f"there is no theme {theme!r}; {nearest(str(theme), themes)}")
        theme = ""
    keys, given = {}, raw.get("keys", {})
    places = known() if given else ()
    ids = sorted({name for place in places for name in place})
    for name, key in given.items() if isinstance(given, dict) else ():
        if name not in ids:
            problems.append(f"there is no key id {name!r}; {nearest(name, ids)}")
        elif not isinstance(key, str) or not key.strip():
            problems.append(f"[keys] {name} must be the name of a key, such as \"y\" or \"ctrl+n\"")
        else:
            keys[name] = key.replace(" ", "") if key.strip() else key
    while wrong := clashes(places, keys):  # one wish less may leave another without its key
        problems += wrong.values()
        keys = {name: key for name, key in keys.items() if name not in wrong}
    return Settings(str(theme), keys, tuple(safe_text(p) for p in problems))
