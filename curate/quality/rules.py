"""The rules: each a name, a reason, and a function from what was counted to the pieces it speaks of.

Scores say how sure a rule is that the piece is bad to learn from; they were set by reading (docs/text-quality.md) and are
no calibrated probabilities. Complexity: O(bytes) over the texts; patterns in RE2, everything else on counts.
Does not: know whether an answer is true or follows its instruction.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curate.quality import answering, asked, asks, endings, language, lengths, manners, phrases, slips, web
from curate.quality.config import QualityConfig
from curate.quality.features import Features, Hashes, measure
from curate.quality.fluency import fluency
from curate.quality.hits import Bools, Hits, Measured, Pieces, hits
from curate.quality.words import common_words, relate, spelling

RULES: Mapping[str, str] = {
    "empty": "there is no text",
    "empty_prompt": "the answer has no prompt",
    "placeholder": "the text only stands for one that is missing",
    "placeholder_input": "a part of the prompt only says that there is none",
    "too_short": "the text is far shorter than the others",
    "too_long": "the text is far longer than the others",
    "cut_off": "the text ends in the middle of a sentence, and most others do not",
    "missing_end": "the answer lacks the line with which nearly all others end",
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
    "unrelated": "the answer is none to its prompt, as the prompts and answers of other rows go",
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
LIKELY = 0.25
"""Probability from which a prompt, which is short, is taken to be in the language of its answer."""
MOSTLY = 0.7
"""Share of repeated runs of words that is too much even of a song."""

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
        common,
        fluency(pieces.texts, threads, ascii_only=_bytes(pieces.texts) == int(f["chars"].sum())),
    ), common


def _bytes(texts: pa.LargeStringArray) -> int:
    return int(pc.sum(pc.binary_length(texts)).as_py() or 0)


def judge(measured: Measured, config: QualityConfig, threads: int = 1) -> list[Hits]:
    """What every rule that is on says of the pieces, rule by rule."""
    found = [rule(measured, config) for name, rule in _PIECE_RULES.items() if name not in config.off]
    if measured.relation is not None:
        found += [rule(measured, config) for name, rule in _ANSWER_RULES.items() if name not in config.off]
        if "unrelated" not in config.off:
            found.append(answering.unrelated(measured, config, threads))
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
    where = (visible > 0) & _stands_for_none(m.pieces.texts)
    # Words that are the right answer: a translation, one of the choices, a state.
    worded = m.holds(r"^\s*[\pL][\pL' .]*(?:/[\pL])?\.?\s*$", where)
    worded &= ~m.holds(r"^\s*(?:n/?a|nan|no ?input|no ?output)\b", worded)
    where &= ~(worded & m.asks(rf"{phrases.TRANSLATION}|\bword for\b|\bstatus\b|状态|狀態|状態", where))
    prompts = m.pieces.prompts
    for i in np.flatnonzero(where & worded).tolist():
        where[i] = prompts is None or not _offered(m.pieces.texts[i].as_py(), prompts[i].as_py() or "")
    return hits("placeholder", where, 0.7)


def _offered(text: str, prompt: str) -> bool:
    """Whether the prompt itself names the word, which is then a choice or the subject ("answer" stands in many)."""
    word = text.strip().rstrip(".").lower()
    if not word[:1].isalpha() or word in ("answer", "output", "test", "empty"):
        return False
    found = re.escape(word)
    return re.search(rf"(?<!\w){found}(?!\w)" if word.isascii() else found, prompt.lower()) is not None


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
    bare = pc.utf8_rtrim(short, ".")
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
        where &= ~m.asks(asks.SHORT, where)
        where &= ~m.asks(asks.QUESTION, where)
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
    where &= (again >= MOSTLY) | ~m.asks(asks.RETURNING, where)
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
    sung = m.asks(r"\b(?:each word|parts? of speech|plan|pattern)\b|" + asks.VERSES, able)
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
        # Where most texts are too short to be judged one by one, together they tell.
        told = readable if readable.sum() >= endings.FEWEST else f["letters"] >= 12
        expected, _ = language.majority(texts.filter(pa.array(told)), config.language_characters)
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
    if config.language == "majority" and m.pieces.prompts is not None:
        wrong &= ~_asked_in_it(m.pieces.prompts, found, wrong, config.language_characters)
    few = f.share("common", "alpha_words")
    score = np.clip(np.where(few < 0.05, 0.8, 0.5) * probability, 0.0, 0.89)
    return hits("wrong_language", wrong, score, language=found, probability=np.round(probability, 3), expected=expected)


def _asked_in_it(prompts: pa.LargeStringArray, found: Any, where: Bools, characters: int) -> Bools:
    """Pieces of those in `where` whose prompt is in the language of the answer: a question and answer of their own."""
    out = np.zeros(len(where), np.bool_)
    at = np.flatnonzero(where)
    codes, sure = language.detect(prompts.take(pa.array(at)), characters)
    out[at] = [language.alike(code, found[i]) and p >= LIKELY for code, p, i in zip(codes, sure, at.tolist(), strict=True)]
    return out


_PIECE_RULES: dict[str, Rule] = {
    "empty": _empty, "placeholder": _placeholder, "too_short": _too_short, "too_long": _too_long, "cut_off": _cut_off,
    "broken_fence": _broken_fence, "broken_json": _broken_json, "repetition_loop": _repetition_loop,
    "repetitive": _repetitive, "repeated_item": _repeated_item, "garbled": _garbled,
    "template_leftover": manners.template_leftover, "boilerplate": manners.boilerplate, "wrong_language": _wrong_language,
}  # fmt: skip
_ANSWER_RULES: dict[str, Rule] = {
    "empty_prompt": _empty_prompt, "refusal": manners.refusal, "as_an_ai": manners.as_an_ai, "runs_on": manners.runs_on,
    "prompt_echoed": answering.prompt_echoed, "stock_answer": answering.stock_answer,
    "missing_end": lambda m, config: endings.missing_end(m, config.language_characters),
    "wrong_count": lambda m, config: asked.wrong_count(m), "slipped": lambda m, config: slips.slipped(m),
}  # fmt: skip
