"""Texts that stop before they are done: in the middle of a sentence, inside a code fence or a JSON value.

Method: among texts that read as prose, the share that ends with a full stop (or a quote or bracket after one) is counted;
only where most do is an open end worth telling. Evidence that adds up: a comma, hyphen, colon or opening bracket at the
end, a last word that cannot end a sentence (article, conjunction), a bracket still open, several finished sentences before.
Lists, headings, code, verses and addresses may end as they like. JSON is parsed by orjson, only where a text starts as one.
Does not: notice a text that was cut at the end of a sentence.
"""

from __future__ import annotations

import json
import re
from collections import Counter

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from curate.quality import asks, language, refusing
from curate.quality import characters as c
from curate.quality.features import Features, hash_of
from curate.quality.hits import Bools, Hits, Measured, hits
from curate.quality.phrases import heads

FEWEST = 30
_OPEN_WORDS = frozenset((
    "the", "a", "an", "and", "or", "my", "your", "their", "our", "its", "because", "if", "than", "very", "whose", "und",
    "oder", "der", "die", "das", "dem", "den", "ein", "eine", "einen", "einem", "weil", "dass", "wenn", "le", "les", "un",
    "une", "et", "ou", "des", "du", "au", "aux", "parce", "que", "dans", "el", "los", "las", "una", "y", "o", "del",
    "porque", "con", "os", "um", "uma", "e", "em", "il", "lo", "gli", "che", "perché", "het", "een", "en", "of", "omdat",
    "w", "z", "i", "oraz", "и", "или", "в", "на", "с", "что", "ve", "ile", "bir", "la", "de", "di", "della", "delle", "dei",
    "degli", "nel", "nella", "im", "beim", "vom", "zum", "zur", "für", "yang", "और", "या",
))  # fmt: skip
_OWN = {
    "la": "fr es it ca pt",
    "de": "fr es pt nl ca gl", "di": "it id ms", "im": "de", "beim": "de", "vom": "de", "zum": "de", "zur": "de",
    "für": "de", "yang": "id ms jv", "della": "it", "delle": "it", "dei": "it", "degli": "it", "nel": "it", "nella": "it",
}  # fmt: skip
"""Open words that are names, notes or words of other languages as well, and the languages in which they end nothing."""
_NAMED = re.compile(
    r"(?:^|[\s'’])(?:(?P<word>\w+)[\s,]+(?P=word)|(?:is|are|called|named|word|wort|ist|lautet|heißt|est|mot|es|palabra|è|parola|adalah|kata)\s+\w+)$",
    re.IGNORECASE,
)
"""A last word said twice, or spoken of: "la la", "the article is la"."""
_OPEN_UNSPACED = (
    r"(?:因为|因為|所以|但是|而且|并且|並且|以及|如果|由于|由於|为了|為了|对于|關於|关于|例如|比如|或者?|"
    r"[^共温饱平缓总柔暖祥随不调亲求讲议附唱中谐违令昭調緩飽違総大協親]和|を|[^ちんと]は|および|または|しかし|そして)\s*$"
)
"""The same in scripts without spaces, where nothing else at the end shows that a sentence goes on. Particles that
also end whole sentences (的, が, の), and words that are nouns and verbs as well (通过, 根据, 与), are left out."""
_OPEN_MARKS = np.array([ord(mark) for mark in ",-–—:(&+=，、：（،؛"], np.int32)

SAMPLED, FEWEST_ENDS, NEARLY_ALL = 400, 100, 0.97
"""Answers drawn, the fewest that tell how they end, and the share of them that must end alike."""
_EMPHASIS = {ord(mark): None for mark in "*_"}
_ENDS = re.compile(
    r"(#{2,}(?= ?\S)|\$*\\boxed|</?[a-z|]+>|[^\W\d][^\n:：.,;!?\d]{0,30}[:：](?=\s*\S)|"
    r"[^\W\d]+(?: [^\W\d]+){1,3}(?= [$\\({-]*\d| [$(]*\\boxed| \(?[a-e]\b))"
)
_CLOSING = re.compile(
    r"hope|regards|sincerely|thank|best|yours|cheers|note|p\.?s\b|sources?\b|gr(?:ü|u)ß|quelle|cordialement|merci|saludos|gracias|fuente|obrigad|grazie|fonte"
)
"""Courtesies, closings and remarks, which not every answer needs."""
_OTHER_END = re.compile(
    r"[?？؟][\s)\"'”»]*$|####[^\n]*$|\\boxed[^\n]*$|(?:^|\n)[^\n:：]{1,40}[:：][ \t*]*\S{1,20}(?: \S{1,12})?$"
)
"""A question back, or an end that has a mark or a label of its own."""
_FORM = re.compile(r":[ \t]*\n+[^\n]*:[ \t]*(?:\n|$)")
_SOUND_END = re.compile(
    r"(?:(?:https?://|www\.)\S+|[#@]\w+|[-–—~] ?[\"“]?[A-Z][\w.'’]*(?: [A-Z][\w.'’]*){0,3}|: ?\S+(?: \S+){0,2}|"
    r"\b\w{1,12}/\w{1,12})$"
)
"""Ends that need no full stop: an address, a tag, who said it, a value after a colon, a choice (Yes/No)."""


def prose(measured: Measured) -> Bools:
    """Texts of eight words or more that are no code and do not end in a list."""
    f = measured.features
    found: Bools = (f["words"] >= 8) & ~measured.code & (f["fences"] == 0) & (f["last_line_bullet"] == 0)
    return found


def finished_share(measured: Measured) -> float:
    """Share of the texts in prose that end as a sentence does; nan where too few are prose to tell."""
    of = prose(measured)
    return float(_finished(measured.features)[of].mean()) if of.sum() >= FEWEST else float("nan")


def _finished(f: Features) -> Bools:
    kind = f["last_class"]
    done: Bools = (kind == c.STOP) | (kind == c.CLOSE) | (kind == c.QUOTE)
    return done


def cut_off(measured: Measured, least_share: float) -> Hits:
    """Prose that ends in the middle of a sentence, where most texts do not."""
    f = measured.features
    share = finished_share(measured)
    if not share >= least_share:
        return hits("cut_off", np.zeros(len(f), np.bool_), 0.0)
    last, kind = f["last"], f["last_class"]
    lines_before = np.maximum(f["lines"] - 1, 1)
    punctuated = np.where(f["lines"] > 1, f["stopped_lines"] / lines_before >= 0.5, f["sentences"] >= 1)
    open_mark = np.isin(last, _OPEN_MARKS)
    known = np.array([hash_of(word) for word in sorted(_OPEN_WORDS)], np.uint64)
    open_word = np.isin(f.last_word, known) & (kind == c.LOWER)
    foreign = np.isin(f.last_word, np.array([hash_of(word) for word in sorted(_OWN)], np.uint64)) & open_word
    open_word &= ~foreign | _goes_on(measured, foreign & prose(measured))
    open_word |= measured.holds(_OPEN_UNSPACED, prose(measured) & (kind == c.SINGLE))
    bare = open_word | (kind == c.LOWER) | (kind == c.LETTER) | open_mark | (kind == c.OPEN)
    strong = open_mark | open_word | (kind == c.OPEN)
    running = (f["last_line_words"] >= 4) & bare & (strong | (f["hashes"] == 0))  # a post may end in tags
    where = prose(measured) & running & ((punctuated & (f["sentences"] >= 1)) | (strong & (last != ord("-"))))
    if measured.pieces.prompts is None:  # what people type may end without a full stop; answers are written out
        where &= strong
    label = (last == ord(":")) & (f["lines"] >= 2) & (f["words"] >= 4) & ~measured.code  # and nothing under it
    for i in np.flatnonzero(label).tolist():  # a form has one empty label under another
        label[i] = not _FORM.search(measured.pieces.texts[i].as_py())
    price = measured.holds(r"[^\d\s]\s+[$€£]\s*$", (kind == c.SYMBOL) & ~measured.code)  # "… is $", and no figure
    for i in np.flatnonzero(where).tolist():
        where[i] = not _SOUND_END.search(measured.pieces.texts[i].as_py()[-80:].rstrip())
    where &= ~foreign | open_word
    where &= ~measured.asks(asks.VERSES, where & (foreign | (last == ord("،"))))
    where |= label | price
    bracket = (f["round_open"] > 0) & punctuated
    score = 0.5 + 0.15 * (share - least_share) / max(1e-9, 1 - least_share)
    total = np.minimum(0.89, score + 0.2 * strong + 0.1 * bracket + 0.05 * (f["sentences"] >= 3))
    return hits("cut_off", where, total, finished_share=round(share, 3), sentences_before=f["sentences"])


def _goes_on(measured: Measured, where: Bools) -> Bools:
    """Texts of those in `where` in a language in which their last word ends no sentence, said once and not spoken of."""
    out = np.zeros(len(where), np.bool_)
    at = np.flatnonzero(where)
    if len(at) == 0:
        return out
    texts = measured.pieces.texts.take(pa.array(at))
    codes, _ = language.detect(texts, 1000)
    for i, code, text in zip(at.tolist(), codes, texts.to_pylist(), strict=True):
        end = text[-60:].rstrip()
        out[i] = code in _OWN.get(end.split()[-1].lower(), "").split() and not _NAMED.search(end)
    return out


def missing_end(measured: Measured, characters: int = 240) -> Hits:
    """Answers without the line with which nearly all others end: "#### 18", "Answer: B". The beginning of that line (a
    mark, a label or some words before a value) is learned from answers of several lines, drawn evenly. Questions back,
    refusals, ends in another form and answers in another language (told from `characters`) are left out; so is what
    looks like code, unless it is arithmetic, which nearly always ends so as well."""
    texts = measured.pieces.texts
    able = (measured.features["words"] > 0) & (measured.features["fences"] == 0)
    if measured.pieces.calls is not None:
        able &= ~measured.pieces.calls
    none = hits("missing_end", np.zeros(len(texts), np.bool_), 0.0)
    prose = able & ~measured.code
    begin, rows = _usual_beginning(texts, able)
    if not begin:
        begin, rows = _usual_beginning(texts, prose)
    if not begin:
        return none
    at = np.flatnonzero(able)
    ended = np.zeros(len(texts), np.bool_)
    ended[at] = [begin in _plain(text.strip().rpartition("\n")[2]) for text in texts.take(pa.array(at)).to_pylist()]
    kinds = [kind for kind in (prose, able & measured.code) if kind.any() and ended[kind].mean() >= NEARLY_ALL]
    if not kinds:
        return none
    said = np.logical_or.reduce(kinds)
    share = float(ended[said].mean())
    without = said & ~ended
    if not without.any():
        return none
    without &= ~refusing.refuses(heads(texts), without)
    left = [i for i in np.flatnonzero(without).tolist() if not _OTHER_END.search(texts[i].as_py().strip())]
    usual, _ = language.majority(texts.take(pa.array(rows)), characters)
    codes, sure = language.detect(texts.take(pa.array(left, pa.int64())), characters)
    without[:] = False
    without[[i for i, code, p in zip(left, codes, sure) if usual is None or p < 0.9 or language.alike(code, usual)]] = True
    return hits("missing_end", without, np.clip(0.5 + 3.5 * (share - 0.9), 0.5, 0.85), ended_share=round(share, 3))


def _usual_beginning(texts: pa.LargeStringArray, where: Bools) -> tuple[str, list[int]]:
    """How the last line begins in nine of ten answers of several lines, and the answers that were looked at."""
    at = np.flatnonzero(where)
    if len(at) < FEWEST_ENDS:
        return "", []
    rows = at[np.unique(np.linspace(0, len(at) - 1, min(len(at), SAMPLED)).astype(np.int64))]
    lasts = [text.strip().rpartition("\n") for text in texts.take(pa.array(rows)).to_pylist()]
    counts = Counter(_beginning(line) for before, _, line in lasts if before)
    del counts[""]
    begin, times = max(counts.items(), key=lambda item: (item[1], item[0]), default=("", 0))
    return (begin, rows.tolist()) if times >= 0.9 * len(rows) else ("", [])


def _plain(line: str) -> str:
    return line.translate(_EMPHASIS).strip().casefold()


def _beginning(line: str) -> str:
    """A mark, a label with a value after it, or the words before a value, at the beginning of a line; else empty."""
    found = _ENDS.match(_plain(line))
    return "" if found is None or _CLOSING.match(found[1]) else found[1].rstrip()


def broken_fence(measured: Measured) -> Hits:
    """An odd number of code fences: one was never closed, or never opened."""
    f = measured.features
    return hits("broken_fence", f["fences"] % 2 == 1, 0.85, fences=f["fences"])


def broken_json(measured: Measured) -> Hits:
    """Texts that start as a JSON object or list of objects and cannot be parsed."""
    texts = measured.pieces.texts
    start = pc.match_substring_regex(texts, r"^\s*(?:\{\s*\"[^\"\n]{1,60}\"\s*:|\[\s*\{\s*\")").fill_null(False)
    at = np.flatnonzero(start.to_numpy(zero_copy_only=False))
    bad = [i for i, text in zip(at.tolist(), texts.take(pa.array(at)).to_pylist()) if not _parses(text)]
    mask = np.zeros(len(texts), np.bool_)
    mask[bad] = True
    open_ = measured.features["curly_open"] + measured.features["square_open"]
    # With every bracket closed it may be another notation on purpose, unless JSON was asked for.
    mask &= (open_ > 0) | measured.asks("json", mask)
    return hits("broken_json", mask, np.where(open_ > 0, 0.85, 0.6), brackets_left_open=open_)


def _parses(text: str) -> bool:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        try:  # a whole value, and something after it: prose, or one value a line
            json.JSONDecoder().raw_decode(text.lstrip())
        except (ValueError, RecursionError):
            return False
    return True
