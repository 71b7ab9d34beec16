"""Encyclopaedia prose with what is known of it, and plain source code.

An article's first sentence often says what its title is ("... (born 1950) is", "is a town in"); its mentions then carry
that type. Every other run of capitals may be anything (ANY); words in small letters, numbers and calendar words are
outside. So prose teaches the model mostly what is *not* a name.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path

from curate.privacy.names.training.texts import ANY, LOCATION, ORGANIZATION, PERSON, Text

_PERSON = re.compile(r"\((?:[^()]{0,80}\b)?(?:born|\d{1,4}\s*[–-])[^()]{0,80}\)\s+(?:was|is)\s+(?:an?|the)\b")
_PLACE = re.compile(
    r"\bis (?:an?|the|one of the) (?:[\w'-]+,? ){0,7}?(?:city|town|country|state|province|village|river|island|"
    r"republic|county|municipality|capital|lake|mountain|borough|district|archipelago|continent|territory)\b"
)
_BODY = re.compile(
    r"\b(?:is|was) (?:an?|the) (?:[\w'-]+,? ){0,7}?(?:company|corporation|university|college|organi[sz]ation|band|club|"
    r"party|agency|airline|newspaper|institute|bank|association|manufacturer|broadcaster|orchestra|team)\b"
)
_CAPITAL = re.compile(r"[A-ZÀ-Þ][\w'’]*(?:(?:[ -]|\. | (?:of|the|de|la|von|van|der|and|&|du|del|al) )[A-ZÀ-Þ][\w'’]*)*")
_CALENDAR = re.compile(
    r"^(?:January|February|March|April|June|July|August|September|October|November|December|Monday|Tuesday|Wednesday|"
    r"Thursday|Friday|Saturday|Sunday|English|French|German|Spanish|Italian|Latin|Greek|American|British|Roman|European|Russian|"
    r"Chinese|Japanese|Christian|Jewish|Islamic|Muslim|Catholic|Americans|Germans|Romans|Greeks|The|A|An|In|On|At|It|This|He|"
    r"She|They|However|For|As|But|These|When|While|After|Although|There|I|II|III|IV|V|VI)$"
)


_EXAMPLE = re.compile(rf"(?:\d+ )?{_CAPITAL.pattern.replace(')*', ')+')}")
_NAMELESS = re.compile(
    r"(?:(?<=\. )|(?<=\n))(?:The|A|An|In|It|This|These|They|Some|Many|Most|There|When|If|As|For|However,|Other|Such|All|"
    r"One|He|She|His|Her|We|You|At|By|On|With|To|Since|While|Each|Both|But|And) [a-z0-9 ,;()'-]{25,160}\.(?= [A-Z]|\n)"
)


def kind_of(title: str, text: str) -> int | None:
    """What the first sentence says about the title, or None."""
    first = text[:500]
    if _PERSON.search(first) and len(title.split()) in (2, 3) and "(" not in title:
        return PERSON
    if _PLACE.search(first) and len(title.split()) < 4:
        return LOCATION
    if _BODY.search(first):
        return ORGANIZATION
    return None


def encyclopaedia(articles: list[tuple[str, str]], seed: int, share: float = 0.05) -> Iterator[Text]:
    """A share of the paragraphs, and more of those that mention the title of their article."""
    draw = random.Random(seed)
    for title, text in articles:
        plain = re.sub(r" \(.*\)$", "", title)
        kind = kind_of(plain, text)
        names = [plain] + ([plain.split()[-1]] if kind == PERSON else [])
        for paragraph in text.split("\n"):
            about = kind is not None and plain in paragraph
            if not 60 < len(paragraph) < 1500 or draw.random() > (share * 4 if about else share):
                continue
            yield paragraph, _spans(paragraph, names if kind is not None else [], kind)


def _spans(paragraph: str, names: list[str], kind: int | None) -> list[tuple[int, int, int]]:
    spans = []
    for match in _CAPITAL.finditer(paragraph):
        run = match[0]
        if _CALENDAR.match(run):
            continue
        known = [n for n in names if run in (n, n + "'s", n + "’s")]
        if known and kind is not None:
            spans.append((match.start(), match.start() + len(known[0]), kind))
        else:
            spans.append((match.start(), match.end(), ANY))
    return spans


def sentences(articles: list[tuple[str, str]], seed: int, count: int) -> Iterator[Text]:
    """Sentences with no capital but their first, which are free of names: as they are, in other cases, with slips of
    typing."""
    draw = random.Random(seed)
    made = 0
    while made < count:
        _, text = articles[draw.randrange(len(articles))]
        found = _NAMELESS.findall(text[: 40_000])
        if not found:
            continue
        parts = [draw.choice(found) for _ in range(draw.choice((1, 1, 2, 3)))]
        out = " ".join(parts)
        r = draw.random()
        if r < 0.3:
            out = out.lower()
        elif r < 0.4:
            out = out.upper()
        elif r < 0.5:
            out = out.title()
        elif r < 0.55:
            out = out[:60].rsplit(" ", 1)[0].title() + "\n\n" + out
        yield (slips(out, draw) if draw.random() < 0.4 else out), []
        made += 1


def slips(text: str, draw: random.Random) -> str:
    """The text with a letter doubled, dropped or swapped here and there."""
    letters = list(text)
    for _ in range(max(1, len(letters) // 40)):
        i = draw.randrange(len(letters))
        if letters[i].isalpha() and i + 1 < len(letters) and letters[i + 1].isalpha():
            r = draw.random()
            if r < 0.35:
                letters[i] = ""
            elif r < 0.65:
                letters[i] = letters[i] * 2
            else:
                letters[i], letters[i + 1] = letters[i + 1], letters[i]
    return "".join(letters)


def code(root: Path) -> Iterator[Text]:
    """The project's own modules in pieces of 40 lines: identifiers and headings are no names. Two words with capitals may
    be an example that somebody is named in (`Maria Lopez`), or an address: they may be anything."""
    for folder in ("curate/dataset", "curate/ledger", "curate/similarity", "curate/cli", "train", "tui", "audit"):
        for file in sorted((root / folder).rglob("*.py")):
            lines = file.read_text(encoding="utf-8").split("\n")
            for i in range(0, len(lines), 40):
                piece = "\n".join(lines[i : i + 40])
                yield piece, [(*match.span(), ANY) for match in _EXAMPLE.finditer(piece)]
