"""Rules about what a text says of itself: stock phrases, refusals, places left open, an answer that does not stop.

Method: patterns of `curate.quality.phrases` in RE2, the beginning of an answer where the whole would find quotations, and
what the prompt asks for, which makes many of them right: a letter to nobody in particular ends in "[Your Name]".
Scores say how sure a rule is; they were set by reading. Complexity: O(bytes). Does not: understand.
"""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curate.quality import asks, phrases, refusing, speaking
from curate.quality.config import QualityConfig
from curate.quality.hits import Hits, Measured, among, hits

COMMON_PLACE = 0.25
"""A phrase that so many answers hold is the manner of the data, not a fault of a row."""
EXPLAINED = 25
"""Words from which on "it is not possible to say" comes with its reason."""
FIRST_WORDS = 60
"""Code points of an answer that is a refusal and nothing else."""
_CORRESPONDENCE = (
    r"\b(?:letters?|e-?mails?|post ?cards?|greeting|invitation|resumes?|cv|template|placeholder|voicemail|"
    r"thank[- ]you (?:note|message|card)|message to|note to|card)\b|"
    r"résumé|vorlage|\bbrief\b|modèle|\blettre|plantilla|\bcarta\b|modelo|письмо|邮件|メール|"
    r"(?:[写寫封书書]|感谢|感謝|求职|求職|道歉|推荐|推薦|辞职|辭職|邀请|邀請|介绍|介紹)信(?:[^息用任]|$)|一封[^。\n]{0,12}信(?:[^息用任]|$)"
)
"""Prompts whose answer may leave open who writes to whom, where they do not say so."""
_FOR_MODELS = (
    r"<\|(?:im_start|im_end|endoftext|assistant|user|system|eot_id)|\[/?INST\]|### (?:Instruction|Response|Input):|noinput"
)
"""Marks of chat formats, which are no code."""
_SPEAKER = phrases.python_pattern(phrases.NEXT_SPEAKER)
_EXPLAINED = (
    r"\b(?:api|endpoints?|urls?|paths?|rest|json|regex|patterns?|placeholders?|variables?|"
    r"str\.format|format\(|logg(?:er|ing)|strings?|latex)\b"
)
"""Texts about names in single braces."""
_FRAMEWORKS = r"\b(?:vue|angular|svelte|jinja2?|handlebars|mustache|liquid|django|ansible|helm|interpolation)\b"
_OWNER = re.compile(r"\[(?:your|ihre?|deine?|tu|su|seu|votre|uw|il tuo|ваш[аеи]?)[ \]]", re.IGNORECASE)
_SLOT = re.compile(
    r"name|nombre|nom\b|nome|naam|mail|address|adress|company|phone|date|city|title|position|signature|имя|адрес",
    re.IGNORECASE,
)
_VALUE = re.compile(r"[ \t]*(?![の様님さ,，、])[^\s\]】][^\n。.!?！？]{0,40}(?:\n|$)")
_SCREEN = re.compile(r"(?:という|と表示|欄|ボタン|を押|をクリック|那|栏|按钮)")
_AS_A_WORD = re.compile(r"(?:^|\s)(?:word|term|mot|terme|wort|begriff|palabra|palavra|parola|слово|термин)\s*$", re.I)
_GENERIC = r"\b(?:given|any|certain|specific|generic|particular) "


def template_leftover(m: Measured, config: QualityConfig) -> Hits:
    """A place that was to be filled in, with where it stands."""
    texts = m.pieces.texts
    # A text that is nothing but a placeholder has a rule of its own.
    where = m.holds(phrases.TEMPLATE, m.features["words"] > 2, ignore_case=False)
    syntax = m.holds(phrases.TEMPLATE_SYNTAX, where, ignore_case=False)
    syntax &= ~(m.holds(_FRAMEWORKS, syntax) | m.asks(_FRAMEWORKS, syntax)) | m.holds(_FOR_MODELS, syntax)
    letter = m.asks(_CORRESPONDENCE, where)
    # What the prompt holds itself is its subject; code says ${name} and means it.
    given = among(m.pieces.prompts, phrases.TEMPLATE, where, ignore_case=False)
    coded = (where & (m.features["fences"] > 0)) | m.holds(phrases.CODE, where, ignore_case=False)
    coded |= m.holds(r"`[^`\n]*(?:\$\{|\{\{|%\(|<[Yy]our)[^`\n]*`", where)
    coded |= m.holds(r"[\"'‘“„«`]lorem ipsum", where)  # a text about it
    coded |= m.holds(r"\{\{", where & ~syntax)
    braces = m.holds(phrases.BRACES, where & ~syntax, ignore_case=False)
    coded |= m.holds(_EXPLAINED, braces) | m.asks(_EXPLAINED, braces) | m.asks(r"\{\w+\}", braces)
    coded &= ~m.holds(_FOR_MODELS, where & coded)
    at = np.flatnonzero(where & (syntax | ~letter) & ~given & ~coded)
    form = m.asks(r"format|fill|script|code|program|jinja|regex|html", where)[at]
    spoken = m.holds(r"\bsay(?:ing)?\b[,:]? [\"“'][^\"”\n]{0,80}\[", where)[at] & ~syntax[at]
    pattern = phrases.python_pattern(phrases.TEMPLATE, ignore_case=False)
    start, end = np.zeros(len(at), np.int64), np.zeros(len(at), np.int64)
    keep = ~spoken
    prompts = [""] * len(at) if m.pieces.prompts is None else m.pieces.prompts.take(pa.array(at)).to_pylist()
    for k, (text, prompt) in enumerate(zip(texts.take(pa.array(at)).to_pylist(), prompts, strict=True)):
        match = next((one for one in pattern.finditer(text) if not _says(text, one)), None)
        if match is None or _meant(match[0], prompt or ""):
            keep[k] = False
            continue
        start[k], end[k] = match.start() + len(match[0]) - len(match[0].lstrip(" ,\t\n")), match.end()
    score = np.where(form, 0.4, 0.8)
    return Hits("template_leftover", at[keep], score[keep], {}, start[keep], end[keep])


def _meant(slot: str, prompt: str) -> bool:
    """Whether the prompt asks for something about any such thing: "[city]" for "a given city"."""
    inner = re.escape(slot.strip("[]<>{}$ ").lower())
    return slot[:1] == "[" and bool(inner) and re.search(_GENERIC + inner, prompt.lower()) is not None


def _says(text: str, match: re.Match[str]) -> bool:
    """Whether a bracket belongs to the text: a label before its value, a button, a word spoken of, a stage direction."""
    slot, before, after = match[0], text[: match.start()].rpartition("\n")[2], text[match.end() :]
    if slot[0] not in "[【":
        return False
    if _SCREEN.match(after) or _AS_A_WORD.search(before) or (not before.strip() and _VALUE.match(after)):
        return True
    if not _OWNER.match(slot):
        return False
    quoted = before.count("«") > before.count("»") or before.count("“") > before.count("”") or before.count('"') % 2 == 1
    small = slot[1].islower() and not _SLOT.search(slot)
    english = slot[1:5].lower() == "your"
    return quoted or small or (not english and (len(slot.split()) > 3 or "." in slot))


def boilerplate(m: Measured, config: QualityConfig) -> Hits:
    """Stock phrases of pages, or at the end of an answer, where few of the texts have them."""
    texts = m.pieces.texts
    webby, stock = np.zeros(len(texts), np.bool_), np.zeros(len(texts), np.bool_)
    if m.pieces.prompts is None:
        webby = phrases.matches(texts, phrases.WEB)
    else:
        stock = phrases.matches(pc.utf8_slice_codeunits(texts, -200, None), phrases.STOCK)
        stock &= ~m.asks(
            r"e-?mail|letter|message|dialogue|conversation|script|chat|customer|reply|respond|brief|carta", stock
        )
    for found in (webby, stock):
        if len(found) and found.mean() > COMMON_PLACE:
            found[:] = False
    return hits("boilerplate", webby | stock, np.where(webby, 0.4, 0.3), web=webby.astype(np.int64))


def refusal(m: Measured, config: QualityConfig) -> Hits:
    """A refusal at the beginning of an answer."""
    heads = phrases.heads(m.pieces.texts)
    words = m.features["words"]
    where = refusing.refuses(heads)
    # That something cannot be known is an answer, where it says why.
    reasons = among(heads, phrases.NOT_POSSIBLE, where) & (words > EXPLAINED)
    where &= ~reasons | among(heads, phrases.REFUSES, reasons)
    said = m.asks(
        r"sorry|apolog|refus|declin|reject|e-?mail|letter|dialogue|conversation|story|poem|tweet|reply|respond|message|"
        r"role ?play|\bact as\b|translat|rewrite|sentence|scenario|ticket|response|complain|issue",
        where,
    )
    first = refusing.refuses(phrases.heads(m.pieces.texts, FIRST_WORDS), said)
    where &= ~said | first  # who writes a letter may well be unable to do something
    return hits("refusal", where, np.where(said, 0.3, np.where(words <= 60, 0.8, 0.6)), words=words)


def as_an_ai(m: Measured, config: QualityConfig) -> Hits:
    """An answer that speaks of itself as a model."""
    where = speaking.speaks(m.pieces.texts)
    about = m.asks(
        r"\bai\b|a\.i\.|artificial intelligence|chat ?bot|language model|\bgpt|\bassistant\b|robot|\bki\b|\bia\b|人工智能",
        where,
    )
    head = speaking.speaks(phrases.heads(m.pieces.texts), where)
    return hits("as_an_ai", where, np.where(about, 0.3, np.where(head, 0.8, 0.6)))


def runs_on(m: Measured, config: QualityConfig) -> Hits:
    """An answer after which the next prompt stands."""
    lines = m.features["lines"] > 1
    task = m.holds(phrases.NEXT_TASK, lines)
    task = m.holds(phrases.ITS_ANSWER, task)
    task &= ~m.asks(rf"{phrases.NEXT_TASK}|{asks.EXERCISES}", task)
    task &= ~m.holds(rf"^[^\n]{{0,120}}(?:{asks.EXERCISES})", task)
    speaker = m.holds(phrases.NEXT_SPEAKER, lines)
    speaker &= ~m.holds(r"^[\s*#>-]*[\pL\d_]+\s*[:：]", speaker)
    speaker &= ~m.asks(asks.TALK, speaker)
    for i in np.flatnonzero(speaker).tolist():
        speaker[i] = _made_up(m.pieces.texts[i].as_py())
    return hits("runs_on", task | speaker, np.where(task, 0.85, 0.6))


def _made_up(text: str) -> bool:
    """Whether somebody asks after an answer in prose: no talk was under way, and it is no record ("User: admin")."""
    match = _SPEAKER.search(text)
    if match is None or phrases.LABELLED.search(text[: match.start() + 1]):
        return False
    rest = text[match.end() :].lstrip(" \t").partition("\n")[2]
    return not phrases.LABELLED.match(rest) or phrases.ANSWERS_NEXT.match(rest) is not None
