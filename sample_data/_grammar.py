"""A small grammar of phrases, read from the text files in `grammar/`.

A rule starts with a line `@name`; each line below it is one alternative. In an alternative, `(a|b|)` picks one part (no
nesting), `{rule}` expands another rule, `{rule!}` does so once a text and repeats the same words, `~` is a digit and
`^` a digit from 1 to 9. Lines that start with `#` are comments.
"""

from __future__ import annotations

import re
from pathlib import Path

from sample_data._draw import Draw

FOLDER = Path(__file__).parent / "grammar"
_CHOICE = re.compile(r"\(([^()]*\|[^()]*)\)")
_SLOT = re.compile(r"\{(\w+)(!?)\}")
_SPACES = re.compile(r" {2,}")


class Grammar:
    """Rules by name; a file's own rules hide those of the files before it."""

    def __init__(self, *names: str) -> None:
        self.rules: dict[str, list[str]] = {}
        for name in names:
            self._read(FOLDER / f"{name}.txt")

    def _read(self, path: Path) -> None:
        rule: list[str] = []
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("@"):
                rule = self.rules[line[1:].strip()] = []
            elif line.strip() and not line.startswith("#"):
                rule.append(line)

    def say(self, rule: str, draw: Draw, bound: dict[str, str]) -> str:
        """One expansion of a rule; `bound` holds the words of `{rule!}` slots and is filled as they come up."""
        return self.fill(draw.pick(self.rules[rule]), draw, bound)

    def nth(self, rule: str, n: int, draw: Draw, bound: dict[str, str]) -> str:
        """An expansion of the n-th alternative: so that an answer can fit its question."""
        return self.fill(self.rules[rule][n], draw, bound)

    def fill(self, text: str, draw: Draw, bound: dict[str, str]) -> str:
        """Expand the choices, slots and digits of one alternative."""

        def slot(match: re.Match[str]) -> str:
            name, repeats = match[1], bool(match[2])
            if repeats and name in bound:
                return bound[name]
            said = self.say(name, draw, bound)
            if repeats:
                bound[name] = said
            return said

        text = _CHOICE.sub(lambda m: draw.pick(m[1].split("|")), text.replace(r"\$", "$"))
        text = _SLOT.sub(slot, text)
        text = "".join(str(draw.below(10)) if c == "~" else str(draw.between(1, 9)) if c == "^" else c for c in text)
        return _SPACES.sub(" ", text).replace(" ,", ",").replace(" ?", "?").strip()
