"""The rules: each a name, a reason, and a function from what was counted to the pieces it speaks of.

Scores say how sure a rule is that the piece is bad to learn from; they were set by reading (docs/text-quality.md) and are
no calibrated probabilities. Complexity: O(bytes) over the texts; patterns in RE2, everything else on counts.
Does not: know whether an answer is true or follows its instruction.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curate.quality import asked, endings, language, lengths, manners, phrases, slips, web
from curate.quality import characters as c
from curate.quality.config import QualityConfig
from curate.quality.features import Features, Hashes, measure
from curate.quality.fluency import fluency
from curate.quality.hits import Bools, Hits, Measured, Pieces, hits
from curate.quality.words import common_words, relate, repeats, spelling

RULES: Mapping[str, str] = {
    "empty": "there is no text",
    "empty_prompt": "the answer has no prompt",
    "placeholder": "the text only stands for one that is missing",
    "placeholder_input": "a part of the prompt only says that there is none",
    "too_short": "the text is far shorter than the others",
    "too_long": "the text is far longer than the others",
    "cut_off": "the text ends in the middle of a sentence, and most others do not",
    "broken_fence": "a code fence is opened and not closed",
    "broken_json": "the text begins as JSON and is not valid JSON",
    "wrong_count": "the answer has another number of points or words than was asked for",
    "runs_on": "the answer does not stop and makes up the next prompt",
    "repetition_loop": "a phrase follows on itself again and again",
    "repetitive": "most of the text says again what it has said before",
    "repeated_item": "a list names the same thing twice",
    "refusal": "the answer refuses, or says that it cannot answer",
    "as_an_ai": "the answer speaks of itself as a language model",
    "prompt_echoed": "the answer repeats what it was asked",
    "wrong_language": "the text is in another language than the others",
    "garbled": "characters were lost or read in a wrong encoding",
    "template_leftover": "a place in a template was never filled in",
    "boilerplate": "the text holds stock phrases of web pages or of chat assistants",
    "stock_answer": "the same answer stands under many different prompts",
    "unrelated": "the answer takes up no word of its prompt, where others do",
    "slipped": "prompt and answer stand some rows apart, as in the rows around",
    "role_order": "the turns of the conversation do not take turns",
    "last_turn": "the conversation does not end with the assistant",
    "identical_pair": "the chosen and the rejected answer say the same",
    "swapped_pair": "the rejected answer looks better than the chosen one",
    "c4_bad_words": "the text holds a word of the list that the recipe names",
    **web.RULES,
}
"""Every rule and the sentence that says what it found."""

GRAVE = frozenset({
    "empty", "placeholder", "cut_off", "repetition_loop", "refusal", "as_an_ai", "garbled", "broken_fence",
    "template_leftover", "prompt_echoed", "runs_on",
})  # fmt: skip
"""Rules about the answer itself that decide between the two of a pair."""
TAKEN_UP = 0.2
"""Words of its prompt in an answer, by words of the answer, from which on it is about the prompt."""
COURTESY = 12
"""Words that a turn which only thanks or agrees has at most."""
TITLED = 5
"""Times the words of a prompt from which on an answer that begins with it has it for a title."""
MOSTLY = 0.7
"""Share of repeated runs of words that is too much even of a song."""
_RETURNING = (
    r"\b(?:plan|schedule|routine|calendar|songs?|jingles?|lyrics?|poems?|chorus|verses?|rhymes?|chords?|notes|patterns?|tables?|"
    r"repeat\w*|sequence|menu|workout|drill|each|every)\b"
)
_SHORT = (
    r"\b(?:(?:one|single|which|the best|correct|right|missing) (?:word|letter|number|digit|option|answer|choice)|yes or no|"
    r"true|false|output (?:a )?\d|classif\w+|categori[sz]e|options?|choices?|how many|how much|what is \d|calculate|label|"
    r"answer with|sentiment|identify|name|find|which|who|when|in what year|translate|convert)\b"
)
"""Prompts that a word may answer."""
_ASKED = (
    r"(?:where|capital of|wer|wann|wo|wohin|welche[mnrs]?|wie ?viele?|wie hei(?:ß|ss)t|hauptstadt|qui|quand|où|"
    r"quel(?:le)?s?|combien|capitale|quién|cuándo|dónde|cuál|cuánt[oa]s?|quem|quando|onde|qual|quant[oaie]s?|chi|dove|quale|kto|kiedy|"
    r"gdzie|kim(?:dir|in)|nere\w*|kaç|hangi|başkent\w*|siapa|kapan|di mana|berapa|"
    r"кто|когда|где|куда|сколько|какой|какая|какие|какое|столица|хто|коли|де|скільки|яка|який|столиця|"
    r"ποιος|ποια|ποιο|πότε|πού|πόσ[αοει]|πρωτεύουσα|"
    r"من هو|من هي|متى|أين|كم|ما عاصمة|ما اسم|هل|کجا|کجاست|چه کسی|کی|چند|پایتخت|מי|מתי|איפה|היכן|כמה|בירת|"
    r"khi nào|bao nhiêu|thủ đô|ở đâu|là ai)"
)
_ASKED_UNSPACED = (
    r"(?:哪|谁|誰|[几幾][^何乎]|多少|何时|首都|どこ|いつ[^も]|何[人年月日時個本歳]|だれ|どれ|いくつ|いくら|어디|누구|언제|몇|얼마|수도|"
    r"कौन|कब|कहाँ|कहां|कितन|राजधानी|ที่ไหน|เมื่อไ|ใคร|กี่|เท่าไ|เมืองหลวง)"
)
_QUESTION = (
    r"^\s*¿?(?:" + _ASKED + r"(?:[\s,.:;?？؟]|$)|ile\s|" + _ASKED_UNSPACED + r")"
    r"|(?:^|[\s¿(])" + _ASKED + r"(?:[\s,;][^.!?？؟。\n]*)?[?？؟]\s*$"
    r"|" + _ASKED_UNSPACED + r"[^.!?？؟。\n]*(?:[?？؟]|か[。.]?)\s*$|吗[?？]\s*$"
)
"""The same with words that stand in many a sentence: they begin the prompt, or the question that ends it."""
_IN_PLACE = (
    r"\b(?:sort|order|arrange|re-?arrange|organi[sz]e|rank|select (?:all|any|the|those|only)|extract|pick|filter|find all|"
    r"check|proof-?read|correct|fix|remove|delete)\b"
)
"""Prompts that what they give may already satisfy."""

Rule = Callable[["Measured", QualityConfig], Hits]


def prepare(pieces: Pieces, threads: int = 1) -> tuple[Measured, Hashes]:
    """Count everything that rules look at; and the words that most texts hold."""
    common = common_words(pieces.texts)
    spelt = spelling(pieces.texts)
    f = measure(pieces.texts, threads, common, spelt)
    prompts = pieces.prompts
    visible = np.maximum(f["chars"] - f["spaces"], 1)
    marks = f["code_marks"] / visible
    code = (marks > 0.04) | ((f["fences"] >= 2) & (marks > 0.01))
    maybe = np.flatnonzero(~code & ((f["round_pairs"] > 0) | (marks > 0)))
    code[maybe] = phrases.matches(pieces.texts.take(pa.array(maybe)), phrases.CODE, ignore_case=False)
    return Measured(
        pieces,
        f,
        None if prompts is None else measure(prompts, threads, spelling=spelt),
        None if prompts is None else relate(prompts, pieces.texts, common, threads),
        code,
        fluency(pieces.texts, threads, ascii_only=_bytes(pieces.texts) == int(f["chars"].sum())),
    ), common


def _bytes(texts: pa.LargeStringArray) -> int:
    return int(pc.sum(pc.binary_length(texts)).as_py() or 0)


def judge(measured: Measured, config: QualityConfig, threads: int = 1) -> list[Hits]:
    """What every rule that is on says of the pieces, rule by rule."""
    found = [rule(measured, config) for name, rule in _PIECE_RULES.items() if name not in config.off]
    if measured.relation is not None:
        found += [rule(measured, config) for name, rule in _ANSWER_RULES.items() if name not in config.off]
    if "placeholder_input" not in config.off:
        found += _no_input(measured, config)
    if config.web != "off" and measured.pieces.prompts is None:
        found += [h for h in web.judge(measured, config.web, threads) if h.rule not in config.off]
    return [h for h in found if len(h)]


def _visible(f: Features) -> Any:
    return f["chars"] - f["spaces"] - f["control"] - f["format"]


def _empty(m: Measured, config: QualityConfig) -> Hits:
    nothing = _visible(m.features) == 0
    if m.pieces.calls is not None:
        nothing &= ~m.pieces.calls
    return hits("empty", nothing, 1.0)


def _empty_prompt(m: Measured, config: QualityConfig) -> Hits:
    assert m.prompt_features is not None
    return hits("empty_prompt", (_visible(m.prompt_features) == 0) & (_visible(m.features) > 0), 0.7)


def _placeholder(m: Measured, config: QualityConfig) -> Hits:
    visible = _visible(m.features)
    return hits("placeholder", (visible > 0) & _stands_for_none(m.pieces.texts), 0.7)


def _no_input(m: Measured, config: QualityConfig) -> list[Hits]:
    """Parts of a prompt that say that there is none: the words reach the model."""
    out = []
    for number, part in enumerate(m.pieces.sources):
        found = hits("placeholder_input", _stands_for_none(part), 0.6)
        out.append(dataclasses.replace(found, source=number))
    return out


def _stands_for_none(texts: pa.LargeStringArray) -> Bools:
    out = np.zeros(len(texts), np.bool_)
    size = pc.binary_length(texts).fill_null(0).to_numpy()
    at = np.flatnonzero((size > 0) & (size <= 40))
    short = pc.utf8_lower(pc.utf8_trim_whitespace(texts.take(pa.array(at))))
    bare = pc.utf8_rtrim(short, ".>")
    known = pa.array(sorted(phrases.PLACEHOLDERS), pa.large_string())
    found = pc.or_(pc.is_in(short, known), pc.and_(pc.is_in(bare, known), pc.greater(pc.utf8_length(bare), 1)))
    out[at] = found.fill_null(False).to_numpy(zero_copy_only=False)
    return out


def _lengths(m: Measured, config: QualityConfig) -> tuple[Any, Any]:
    side, beyond = lengths.out_of_line(_visible(m.features), config.length_tail)
    return side, np.clip(0.3 + 0.1 * beyond, 0.3, 0.6)


def _too_short(m: Measured, config: QualityConfig) -> Hits:
    side, score = _lengths(m, config)
    words = m.features["words"]
    where = (side < 0) & (_visible(m.features) > 0)
    if config.min_words is not None:
        where = (words < config.min_words) & (_visible(m.features) > 0)
    else:
        where &= ~m.asks(_SHORT, where)
        where &= ~m.asks(_QUESTION, where)
    return hits("too_short", where, np.maximum(score, 0.3), words=words)


def _too_long(m: Measured, config: QualityConfig) -> Hits:
    side, score = _lengths(m, config)
    words = m.features["words"]
    where = side > 0 if config.max_words is None else words > config.max_words
    return hits("too_long", where, np.maximum(score, 0.3), words=words)


def _cut_off(m: Measured, config: QualityConfig) -> Hits:
    return endings.cut_off(m, config.finished_share)


def _broken_fence(m: Measured, config: QualityConfig) -> Hits:
    return endings.broken_fence(m)


def _broken_json(m: Measured, config: QualityConfig) -> Hits:
    return endings.broken_json(m)


def _repetition_loop(m: Measured, config: QualityConfig) -> Hits:
    f = m.features
    share = f.share("loop_words", "alpha_words")
    times = f["loop_times"]
    where = (times >= config.loop_times) & (share >= config.loop_share) & (f["loop_words"] >= 8)
    where &= f.share("alpha_words", "words") >= 0.6  # tables of numbers
    where &= ~m.code | (times >= 20)
    run = (f["longest_run"] >= 60) & ~m.code
    score = np.where(m.code, 0.4, np.clip(0.5 + 0.4 * share, 0.5, 0.89))
    told = {"times": times, "share": np.round(share, 3), "longest_run": f["longest_run"]}
    return hits("repetition_loop", where | run, score, **told)


def _repetitive(m: Measured, config: QualityConfig) -> Hits:
    f = m.features
    again, distinct = f.share("repeated", "alpha_words"), f.share("distinct", "alpha_words")
    where = (f["alpha_words"] >= 30) & (again >= config.repeated_share) & ~m.code
    # A plan by days, a song, a table say much again; it takes more to be too much.
    where &= (again >= MOSTLY) | ~m.asks(_RETURNING, where)
    score = np.clip(0.4 + 0.5 * (again - config.repeated_share), 0.4, 0.7)
    return hits("repetitive", where, score, repeated=np.round(again, 3), distinct=np.round(distinct, 3))


def _repeated_item(m: Measured, config: QualityConfig) -> Hits:
    """Short lists by commas or lines; what is asked for in groups (schedules, notes of a song) repeats more than once."""
    f, texts = m.features, m.pieces.texts
    able = (f["distinct"] < f["alpha_words"]) & (f["alpha_words"] <= 80) & (f["alpha_words"] >= 4) & ~m.code
    at = np.flatnonzero(able)
    at = at[phrases.matches(texts.take(pa.array(at)), phrases.LIST)]
    where = np.zeros(len(f), np.bool_)
    again = np.zeros(len(f), np.int64)
    sung = m.asks(
        r"\b(?:songs?|jingles?|lyrics?|poems?|chorus|verses?|rhymes?|each word|parts? of speech|plan|pattern)\b", able
    )
    for i, text in zip(at.tolist(), texts.take(pa.array(at)).to_pylist()):
        parts = (phrases.LINES if text.count("\n") >= 3 else phrases.ITEM).split(text)
        items = [item for item in map(_bare, parts) if item]
        again[i] = len(items) - len(set(items))
        where[i] = len(items) >= 4 and 0 < again[i] <= len(items) // 3 and not sung[i]
    return hits("repeated_item", where, 0.6, repeated=again)


def _bare(item: str) -> str:
    return phrases.MARK.sub("", item).strip(" .\"'").lower()


def _garbled(m: Measured, config: QualityConfig) -> Hits:
    f = m.features
    mojibake = phrases.matches(m.pieces.texts, phrases.MOJIBAKE, ignore_case=False)
    visible = np.maximum(_visible(f), 1)
    noise = ((f["symbols"] + f["punctuation"]) / visible > 0.6) & (visible >= 40) & (f["words"] >= 3) & ~m.code
    noise &= ~m.holds(r"[|+][ \t]*[|+]|[-=_*.~]{5}|\|[-: ]+\|", noise)  # tables and lines drawn with marks
    odd = f["private"] + f["control"]
    where = (f["replaced"] > 0) | mojibake | (odd > 0) | noise
    score = np.where((f["replaced"] > 0) | mojibake, 0.85, np.where(odd > 0, 0.6, 0.4))
    told = {"replaced": f["replaced"], "odd_characters": odd, "wrong_encoding": mojibake.astype(np.int64)}
    return hits("garbled", where, score, **told)


def _wrong_language(m: Measured, config: QualityConfig) -> Hits:
    f, texts = m.features, m.pieces.texts
    none = hits("wrong_language", np.zeros(len(texts), np.bool_), 0.0)
    if config.language == "off":
        return none
    readable = (f["letters"] >= 40) & ~m.code & (f["fences"] == 0)
    # Scripts without spaces have more to say in fewer characters.
    readable |= (f["letters"] >= 15) & (f["words"] >= 0.8 * f["letters"])
    expected: str | None = config.language
    unsure = readable & ~m.asks(phrases.TRANSLATION)
    if config.language == "majority":
        unsure &= f.share("common", "alpha_words") < 0.12
        if not unsure.any():  # every text has the words that most have: the detector need not be loaded
            return none
        expected, _ = language.majority(texts.filter(pa.array(readable)), config.language_characters)
    if expected is None:
        return none
    at = np.flatnonzero(unsure)
    codes, sure = language.detect(texts.take(pa.array(at)), config.language_characters)
    other = np.array([not language.alike(code, expected) for code in codes], np.bool_)
    ascii_word = np.array([code in ("la", "eo", "vo", "zxx") for code in codes], np.bool_)  # lists of names read like these
    wrong = np.zeros(len(texts), np.bool_)
    wrong[at] = other & ~ascii_word & (sure >= config.language_probability)
    probability = np.zeros(len(texts))
    probability[at] = sure
    found = np.full(len(texts), "", dtype=object)
    found[at] = codes
    few = f.share("common", "alpha_words")
    score = np.clip(np.where(few < 0.05, 0.8, 0.5) * probability, 0.0, 0.89)
    return hits("wrong_language", wrong, score, language=found, probability=np.round(probability, 3), expected=expected)


def _prompt_echoed(m: Measured, config: QualityConfig) -> Hits:
    r = m.relation
    assert r is not None
    edits = m.asks(phrases.REWRITES)
    whole = _repeated(m, m.pieces.prompts, edits, 3)
    same = whole.copy()
    for part in m.pieces.sources:
        again = _repeated(m, part, edits, 4)
        same |= again & ~m.asks(_IN_PLACE, again)
    begins = (r.prefix == r.prompt_words) & (r.prompt_words >= 8) & (r.answer_words > r.prompt_words)
    begins &= r.answer_words < TITLED * r.prompt_words
    share = r.covered / np.maximum(r.grams, 1)
    copied = (share >= config.echo_share) & (r.grams >= 12)
    score = np.where(same, np.where(edits & ~whole, 0.5, 0.85), np.where(begins, 0.6, 0.4))
    score = np.where(m.code & ~same, 0.2, score)
    return hits("prompt_echoed", same | (begins & ~edits) | (copied & ~edits), score, share=np.round(share, 3))


def _repeated(m: Measured, given: Any, edits: Bools, least: int) -> Bools:
    """Answers that say what was given; to the letter where an edit was asked for, which may be of a comma."""
    out = np.zeros(len(m.pieces), np.bool_)
    size, own = pc.binary_length(given).fill_null(0).to_numpy(), pc.binary_length(m.pieces.texts).fill_null(0).to_numpy()
    at = np.flatnonzero((size > 0.6 * own) & (size < 1.6 * own + 4))
    one, other = given.take(pa.array(at)), m.pieces.texts.take(pa.array(at))
    found = relate(one, other, np.zeros(0, np.uint64))
    equal = pc.equal(pc.utf8_trim_whitespace(one), pc.utf8_trim_whitespace(other)).to_numpy(zero_copy_only=False)
    out[at] = found.same & (found.prompt_words >= least) & (equal | ~edits[at])
    return out


def _stock_answer(m: Measured, config: QualityConfig) -> Hits:
    r = m.relation
    assert r is not None
    often = np.zeros(len(m.features), np.int64)
    at = np.flatnonzero(m.features["words"] >= 5)
    often[at] = repeats(r.hashes[0, at], r.hashes[1, at])
    # One question asked in many words has one answer; a stock answer takes up nothing of what was asked. A call of a tool
    # is the same whoever makes it.
    prose = ~m.code & (m.features["last_class"] != c.SYMBOL)
    where = prose & (often >= config.stock_prompts) & ((r.shared < 2) | (r.shared < TAKEN_UP * r.answer_words))
    # Later in a conversation a few words that ask nothing ("Great, thanks!") are rightly met with the same courtesy.
    later = np.r_[False, np.diff(m.pieces.row) == 0]
    brief = np.zeros(len(where), np.bool_) if m.prompt_features is None else m.prompt_features["words"] <= COURTESY
    courteous = where & later & brief
    courteous &= ~m.asks(r"[?？؟]", courteous)
    return hits("stock_answer", where & ~courteous, 0.5, prompts=often)


def _unrelated(m: Measured, config: QualityConfig) -> Hits:
    r, f = m.relation, m.features
    assert r is not None
    able = (r.stems >= 4) & (r.answer_words >= 25) & ~m.code & (f["last_class"] != c.SYMBOL)
    where = np.zeros(len(f), np.bool_)
    rate = np.ones(len(f))
    # Peers: as many stems to take up, as many words to do it with.
    cell = np.minimum(r.stems, 12) * 8 + np.minimum(np.log2(np.maximum(r.answer_words, 1)).astype(np.int64), 7)
    for one in np.unique(cell[able]).tolist():
        peers = able & (cell == one)
        nothing = peers & (r.shared == 0)
        share = (nothing.sum() + 1.0) / (peers.sum() + 2.0)
        if peers.sum() >= 50 and share <= config.unrelated_rate:
            where |= nothing
            rate[peers] = share
    # One answer in a hundred belongs elsewhere, say, and nine in ten of those share no word with their prompt.
    score = np.minimum(0.6, 0.009 / (0.009 + rate))
    return hits("unrelated", where, score, usual=np.round(rate, 4), words_in_prompt=r.stems)


_PIECE_RULES: dict[str, Rule] = {
    "empty": _empty, "placeholder": _placeholder, "too_short": _too_short, "too_long": _too_long, "cut_off": _cut_off,
    "broken_fence": _broken_fence, "broken_json": _broken_json, "repetition_loop": _repetition_loop,
    "repetitive": _repetitive, "repeated_item": _repeated_item, "garbled": _garbled,
    "template_leftover": manners.template_leftover, "boilerplate": manners.boilerplate, "wrong_language": _wrong_language,
}  # fmt: skip
_ANSWER_RULES: dict[str, Rule] = {
    "empty_prompt": _empty_prompt, "refusal": manners.refusal, "as_an_ai": manners.as_an_ai, "runs_on": manners.runs_on,
    "prompt_echoed": _prompt_echoed, "stock_answer": _stock_answer, "unrelated": _unrelated,
    "wrong_count": lambda m, config: asked.wrong_count(m), "slipped": lambda m, config: slips.slipped(m),
}  # fmt: skip
