"""Which encoding a text that is no UTF-8 was most likely written in, so that the advice to convert it does no harm.

A wrong guess turns a sound file into letters that mean nothing (Japanese read as cp1252 decodes without an error, nearly),
so a name is given only where the decoded text reads like a language: kana, Hangul and the commonest Chinese characters in
double-byte encodings, the commonest letters beyond ASCII of each alphabet in the others. Text of no such kind gets no name.
Cost: a few decodings of the first `_HEAD` bytes.
"""

from __future__ import annotations

import re
from pathlib import Path

_HEAD = 1 << 16
_KANA = re.compile(r"[\u3041-\u3096\u30a1-\u30fa]")
_HANGUL = re.compile(r"[\uac00-\ud7a3]")
_HAN = re.compile(r"[\u4e00-\u9fff]")
_COMMON_HAN = frozenset(
    "的一是不了人我在有他这這为為中大来來上个個国國到说說们們时時要就出会會可也你对對生能而子那得于着下自之年"
    "过過发發后後作里用道行所然家种種事成方多经經么麼去法学學如都同现現当當没沒"
)
_BYTES_TWO = (("cp932", _KANA, 0.1), ("euc_jp", _KANA, 0.1), ("cp949", _HANGUL, 0.6))
_ALPHABETS = {
    "cp1252": "äöüßéèàçñáóíúãõêôâîïëœåøæÄÖÜÉ–—„“”‘’…€«»°§²ºª",
    "cp1250": "ąćęłńóśźżčďěňřšťůýžáéíőűâăîşţÁÉŁŚŻČŠ„”–",
    "cp1251": "оеаинтсрвлкмпуяОЕАИНТСРВКМП",
    "koi8-r": "оеаинтсрвлкмпуя",
    "cp1253": "αοιετσνρηςκπλμάέίόή",
    "cp1254": "ığşçöüİâ",
    "cp1255": "יוהלאתרמשבנ",
    "cp1256": "اليمونرتبةعدسفه",
    "cp874": "านรอกเงมยลวดทสตะ",
}
"""The commonest letters and marks beyond ASCII."""
_LATIN = ("cp1252", "cp1250", "cp1254")
_BEYOND, _RUN = re.compile(rb"[\x80-\xff]+"), 2
_READS = 0.5
"""Share of what is not ASCII that has to be common."""


def likely_encoding(data: bytes) -> str:
    """The encoding that text which is no UTF-8 reads best in, as `iconv` names it; empty where none does."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    head = data[:_HEAD]
    if len(data) > _HEAD:
        head = head[: head.rfind(b"\n") + 1] or head
    for name, script, share in _BYTES_TWO:
        text = _beyond_ascii(head, name)
        if text and len(script.findall(text)) >= share * len(text):
            return name.replace("_", "-")
    for name in ("gb18030", "big5"):
        text = _beyond_ascii(head, name)
        han = _HAN.findall(text)
        if len(han) >= _READS * max(1, len(text)) and 12 * sum(c in _COMMON_HAN for c in han) >= len(han):
            return name
    runs = _BEYOND.findall(head)
    long = sum(map(len, runs)) >= _RUN * max(1, len(runs))  # letters of words, not marks on some of them
    shares = {}
    for name, letters in _ALPHABETS.items():
        text = _beyond_ascii(head, name) if (name in _LATIN) != long else ""
        shares[name] = sum(c in letters for c in text) / len(text) if text else 0.0
    best = max(shares, key=lambda name: shares[name])  # the first of equals: cp1252
    return best if shares[best] >= _READS else ""


def conversion(data: bytes) -> str:
    """How to make UTF-8 of it, as a sentence."""
    lines = [line for line in data[:_HEAD].split(b"\n")[:-1] if not line.isascii()]
    if 2 * sum(map(_is_utf8, lines)) > len(lines):
        return "Mend what is not UTF-8 (the rest is, and converting the file would break it)."
    name = likely_encoding(data)
    return f"Convert the file to UTF-8 ({_command(name)})." if name else f"Convert the file to UTF-8 ({_UNKNOWN})."


def conversion_of(path: Path) -> str:
    """The same of a file as it lies, which may be packed or be several."""
    try:
        with path.open("rb") as file:
            return conversion(file.read(_HEAD))
    except OSError:
        return conversion(b"")


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


_UNKNOWN = "for example with iconv, from the encoding that the program which wrote it used"


def _command(name: str) -> str:
    return f"it reads as {name}: iconv -f {name} -t utf-8"


def _beyond_ascii(data: bytes, encoding: str) -> str:
    """The characters beyond ASCII, a broken last one left out; empty where the bytes are not of that encoding."""
    for cut in range(4):
        try:
            text = data[: len(data) - cut].decode(encoding)
        except UnicodeDecodeError as error:
            if error.start < len(data) - 4:
                return ""
            continue
        return "".join(c for c in text if ord(c) > 127)
    return ""
