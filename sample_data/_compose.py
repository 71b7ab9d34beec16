"""How one person writes one ticket: which sentences, in which order, how carefully.

A text is kept as a template with one private-use character per planted value (`MARK` + its number), so that typing
slips and later edits never touch a value and its offsets are known exactly.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from sample_data._draw import Draw
from sample_data._grammar import Grammar
from sample_data._pii import Item

MARK = 0xE000
MAX_WORDS = 60
Planted = tuple[tuple[str, Item], ...]
"""Sentences with a place for a value, and the values."""
_MARKS = re.compile(r"[\ue000-\ue0ff]")
_SLANG = {
    "please": "pls", "you": "u", "your": "ur", "because": "cos", "thanks": "thx", "tomorrow": "tmrw", "and": "&",
    "received": "recieved", "address": "adress", "definitely": "definately", "cannot": "cant", "don't": "dont",
    "can't": "cant", "with": "w/", "delivery": "delivary", "subscription": "subscribtion",
    "I'm": "im", "I've": "ive", "hasn't": "hasnt", "it's": "its", "until": "untill", "which": "wich",
}  # fmt: skip
_TRADE = {
    "refund": "credit note", "order": "PO", "parcel": "consignment", "package": "consignment", "delivery": "inbound",
    "invoice": "statement", "address": "ship-to", "account": "vendor login", "card": "payment method",
    "subscription": "seller plan", "membership": "seller tier", "return": "RMA", "broken": "DOA", "damaged": "DOA",
    "payment": "remittance", "password": "credentials", "money": "funds", "tracking": "waybill",
}  # fmt: skip
_PARTS = {"small": ("detail",), "middle": ("detail", "ask"), "long": ("detail", "detail", "ask", "chitchat")}
_DROPPED = re.compile(
    r"(i|the|a|an|my|is|are|was|please|have|has|been|to|you|it|and|me|of|your|for|that|we|do)[?,]*", re.IGNORECASE
)


@dataclass(frozen=True)
class Message:
    """One text with the values planted in it."""

    template: str
    items: tuple[Item, ...] = ()

    @property
    def text(self) -> str:
        """The text as it is written to the file."""
        return _MARKS.sub(lambda m: self.items[ord(m[0]) - MARK].value, self.template)

    def spans(self) -> list[tuple[Item, int, int]]:
        """(value, start, end) in code points of `text`."""
        out, shift = [], 0
        for match in _MARKS.finditer(self.template):
            item = self.items[ord(match[0]) - MARK]
            start = match.start() + shift
            out.append((item, start, start + len(item.value)))
            shift += len(item.value) - 1
        return out

    def with_template(self, template: str) -> Message:
        """The same values in other words."""
        return replace(self, template=template)


@dataclass
class Writer:
    """Writes the tickets of one group of people."""

    grammars: dict[str, Grammar]
    confusable: dict[str, tuple[str, ...]]
    draw: Draw
    background_share: float = 0.6
    """Share of tickets that also speak of a neighbouring intent."""
    vague_share: float = 0.26
    """Share of tickets that leave out the sentence that says what is wanted."""
    second_issue_share: float = 0.19
    """Share of tickets that raise a second issue, of a neighbouring intent, after the one that counts."""

    def write(self, intent: str, trade: bool, planted: Planted = ()) -> Message:
        """A ticket of an intent; `trade` writes it in clipped trade jargon."""
        draw, grammar, bound = self.draw, self.grammars[intent], dict[str, str]()
        if draw.chance(0.10) and not planted:
            sentences = [grammar.say("short", draw, bound)]
        else:
            sentences = self._sentences(intent, bound, planted, trade)
        sentences = [self._slip(s) for s in sentences]
        if trade:
            sentences = [self._clip(s) for s in sentences]
        return Message(self._join(sentences, trade), tuple(item for _, item in planted))

    def _sentences(self, intent: str, bound: dict[str, str], planted: Planted, trade: bool) -> list[str]:
        draw, grammar = self.draw, self.grammars[intent]
        if draw.chance(self.vague_share):
            core = [grammar.say("detail", draw, bound)]
        else:
            core = [grammar.say("core", draw, bound)]
        size = draw.weighted((("small", 0.33), ("middle", 0.42), ("long", 0.25)))
        after: list[str] = []
        for rule in _PARTS[size]:
            if size != "small" or draw.chance(0.5):
                said = grammar.say(rule, draw, bound)
                if said not in after:
                    after.append(said)
        if size == "middle" and draw.chance(0.35):
            after.append(grammar.say(draw.pick(("chitchat", "aboutproduct")), draw, bound))
        if draw.chance(self.background_share):
            neighbour = draw.pick(self.confusable[intent])
            after.append(self.grammars[neighbour].say(draw.pick(("background", "detail")), draw, bound))
        second = ""
        if draw.chance(self.second_issue_share * (1.5 if trade else 1.0)):
            neighbour = draw.pick(self.confusable[intent])
            second = grammar.say("also", draw, bound) + " " + self.grammars[neighbour].say("core", draw, bound)
            after = after[:2]
        for number, (sentence, _) in enumerate(planted):
            after.append(sentence.replace("¤", chr(MARK + number)))
        sentences = draw.shuffled(after)
        sentences.insert(0 if draw.chance(0.6) or second else draw.below(len(sentences) + 1), core[0])
        if second:
            sentences.append(second)
        budget = MAX_WORDS - 10
        while sum(len(s.split()) for s in sentences) > budget and len(sentences) > 2:
            extra = next((s for s in reversed(sentences) if s not in (core[0], second) and not _MARKS.search(s)), None)
            if extra is None:
                break
            sentences.remove(extra)
        if draw.chance(0.1 if trade else 0.35):
            opening = grammar.say("opening", draw, bound)
            if draw.chance(0.5):
                sentences[0] = f"{opening}, {sentences[0]}"
            else:
                sentences.insert(0, opening)
        if draw.chance(0.1 if trade else 0.3):
            sentences.append(grammar.say("closing", draw, bound))
        return sentences

    def _slip(self, sentence: str) -> str:
        """Typing slips and chat spelling, in some tickets more than in others."""
        draw = self.draw
        if not draw.chance(0.35):
            return sentence
        words = sentence.split(" ")
        for i, word in enumerate(words):
            if word in _SLANG and draw.chance(0.4):
                words[i] = _SLANG[word]
            elif len(word) > 4 and word.isalpha() and draw.chance(0.06):
                at = draw.between(1, len(word) - 2)
                head, tail = word[:at], word[at:]
                words[i] = draw.pick((head + tail[1] + tail[0] + tail[2:], head + tail[1:], head + tail[0] + tail))
        return " ".join(words)

    def _clip(self, sentence: str) -> str:
        """Trade style: small words left out, trade terms for common ones."""
        draw, out = self.draw, []
        for word in sentence.split(" "):
            bare = word.rstrip("?,").lower()
            if _DROPPED.fullmatch(word) and draw.chance(0.5):
                continue
            if bare in _TRADE and draw.chance(0.5):
                word = _TRADE[bare] + word[len(bare) :]
            out.append(word)
        return " ".join(out) or sentence

    def _join(self, sentences: list[str], trade: bool) -> str:
        """Punctuation and capitals: careful, hurried, shouting or clipped."""
        draw = self.draw
        manner = draw.weighted((("careful", 0.5), ("lower", 0.27), ("run on", 0.13), ("dashes", 0.05), ("shout", 0.05)))
        if trade and draw.chance(0.6):
            prefix = draw.pick(("SKU ~~~~", "PO ~~~~~", "acct ^~~", "re LK-~~~~~", "store ^~", "seller desk", "FYI"))
            prefix = "".join(str(draw.below(10)) if c in "~^" else c for c in prefix)
            return draw.pick((" / ", "; ", " - ")).join([prefix, *sentences])
        if manner == "shout" and not any(_MARKS.search(s) for s in sentences):
            return " ".join(s.upper() + ("" if s.endswith("?") else draw.pick(("!", "!!", "."))) for s in sentences)
        if manner == "run on":
            return draw.pick((", ", " and ", ", ", " ... ")).join(sentences)
        if manner == "dashes":
            return " - ".join(sentences)
        out = []
        for s in sentences:
            if manner == "careful":
                s = s[0].upper() + s[1:]
            elif manner == "lower":
                s = s.replace("I ", "i ").replace("I'", "i'")
            mark = "" if s.endswith("?") else draw.weighted(((".", 0.86), ("!", 0.1), ("...", 0.04)))
            out.append(s + (" " if _MARKS.search(s[-1]) and mark and draw.chance(0.5) else "") + mark)
        return " ".join(out)
