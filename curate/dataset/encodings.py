"""What to do about text that is no UTF-8, in words.

No encoding is named for it: bytes that read well in one read well in others, and a wrong name turns a sound file into
letters that mean nothing. Files that are UTF-8 but for some lines are not to be converted.
"""

from __future__ import annotations

from pathlib import Path

from curate.dataset.compression import PACKED

_HEAD = 1 << 16
_OFTEN = (
    "often cp1252 in Western and cp1250 in Central Europe, cp1251 for Cyrillic, cp932 for Japanese, gb18030 for Chinese, "
    "cp949 for Korean"
)


def conversion(path: Path, *, mixed: bool) -> str:
    """How to make UTF-8 of a file, as a sentence; `mixed` where most of its text beyond ASCII is."""
    if mixed:
        return "Mend what is not UTF-8 (the rest is, and converting the file would break it)."
    it = "Unpack the file, and convert it" if path.suffix.lower() in PACKED else "Convert the file"
    return f"{it} to UTF-8 (iconv -f ENCODING -t utf-8, with the encoding that it was written in: {_OFTEN})."


def is_mixed(data: bytes) -> bool:
    """Whether most lines beyond ASCII at the beginning of a text are UTF-8."""
    lines = [line for line in data[:_HEAD].split(b"\n")[:-1] if not line.isascii()]
    return 2 * sum(map(_is_utf8, lines)) > len(lines)


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
