"""CoNLL: one token a line in columns, a blank line between sentences, tags in BIO, IOB1, IOBES, BILOU or bare.

The token is in the first column, or in the second where the first numbers the tokens (CoNLL-U); the tag is in the last
column that holds tags throughout. Texts are rebuilt with one blank between tokens, none where the last column says
`SpaceAfter=No`; the offsets are those of the rebuilt text. A sentence is a text; `-DOCSTART-` begins a document, which
is then the unit of the bootstrap.
"""

from __future__ import annotations

import re

from audit.pii_eval.gold import Gold, checked_span
from curate.errors import DataError

_TAG = re.compile(r"(?:O|(?P<side>[BILUESM])-(?P<type>\S+)|(?P<bare>[A-Z][A-Z_]+))")
_PREFIXED = re.compile(r"O|[BILUESM]-\S+")


def looks_like_conll(text: str) -> bool:
    """Whether the first lines are tokens with a tag: columns, and one that holds only `O` and prefixed types."""
    head = text[:20_000].split("\n")[:-1][:200]
    lines = [line for line in head if line.strip() and not line.startswith(("#", "-DOCSTART"))]
    if not lines or lines[0].lstrip()[:1] in ("{", "["):
        return False
    rows = [_columns(line) for line in lines]
    width = min(map(len, rows))
    return any(all(_PREFIXED.fullmatch(row[at]) for row in rows) for at in range(1, width))


def read_conll(gold: Gold, text: str, name: str) -> None:
    """Append the sentences of one file."""
    documents = max(gold.documents, default=-1)
    marked = "-DOCSTART-" in text
    token_at, tag_at = _layout([line for line in text.split("\n")[:2000] if _is_token(line)], name)
    sentence: list[tuple[str, str, bool]] = []
    first = 1
    for number, line in enumerate([*text.split("\n"), ""], 1):
        line = line.rstrip("\r")
        if line.startswith("-DOCSTART-"):
            documents += 1
            continue
        if _is_token(line):
            columns = _columns(line)
            if len(columns) <= max(token_at, tag_at if tag_at >= 0 else 0) or not _TAG.fullmatch(columns[tag_at]):
                raise DataError(f"{name}, line {number}: expected a token and a tag such as B-PERSON or O")
            if not sentence:
                first = number
            sentence.append((columns[token_at], columns[tag_at], "SpaceAfter=No" not in columns[-1]))
        elif sentence and not line.strip():
            _sentence(gold, sentence, max(documents, 0) if marked else None, f"{name}, line {first}")
            sentence = []


def _is_token(line: str) -> bool:
    return bool(line.strip()) and not line.startswith(("-DOCSTART-", "# "))


def _columns(line: str) -> list[str]:
    line = line.rstrip("\r\n")
    return line.split("\t") if "\t" in line else line.split()


def _layout(lines: list[str], name: str) -> tuple[int, int]:
    """Columns of the token and of the tag."""
    rows = [_columns(line) for line in lines]
    if not rows or min(map(len, rows)) < 2:
        raise DataError(f"{name}: expected at least two columns, a token and its tag")
    width = min(map(len, rows))
    numbered = width > 2 and all(re.fullmatch(r"\d+(?:-\d+)?", row[0]) for row in rows)
    candidates = [at for at in range(width - 1, 0, -1) if all(_PREFIXED.fullmatch(row[at]) for row in rows)]
    if not candidates:
        candidates = [at for at in range(width - 1, 0, -1) if all(_TAG.fullmatch(row[at]) for row in rows)]
        candidates = [at for at in candidates if any(row[at] == "O" for row in rows)]
    if not candidates:
        raise DataError(f"{name}: no column holds tags such as B-PERSON, I-PERSON and O on every line")
    return int(numbered), candidates[0]


def _sentence(gold: Gold, tokens: list[tuple[str, str, bool]], document: int | None, where: str) -> None:
    text, places = "", []
    for token, _, blank in tokens:
        places.append((len(text), len(text) + len(token)))
        text += token + (" " if blank else "")
    row = gold.add(text.rstrip(" "), document)
    begin, kind = -1, ""
    for at, (_, tag, _) in enumerate([*tokens, ("", "O", True)]):
        match = _TAG.fullmatch(tag)
        named = (match["type"] or match["bare"] or "") if match else ""
        side = (match["side"] or ("I" if named else "")) if match else ""
        if begin >= 0 and (not named or named != kind or side in "BUS"):
            gold.spans.append(checked_span(gold, row, places[begin][0], places[at - 1][1], kind, where))
            begin = -1
        if named and begin < 0:
            begin, kind = at, named
        if begin >= 0 and side in ("L", "E", "U", "S"):
            gold.spans.append(checked_span(gold, row, places[begin][0], places[at][1], kind, where))
            begin = -1
