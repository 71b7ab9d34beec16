"""Texts that are nearly the same and yet say something else: another figure, or a "not" more.

Method: the figures of a text (digits of any script, read as numbers), its number words in eleven languages and its
negations in the languages that write them as words of their own. Two texts differ in fact where each holds a figure that
the other lacks, or each a number word of one language, so that a figure left out or spelled out tells nothing; or where
one denies more often in nearly as many words, so that a sentence that was added tells nothing.
Only of short texts: in a long one a date or a price that was changed leaves the rest as it is. The number under which a
prompt stands in a list ("3. Why", "Question 3: why", "第3题：") is no figure of it.
Complexity: one pass of two patterns over the short ones of the texts that are asked for, then one comparison a pair of
different facts.
Does not: know other number words ("fourteenth", "one": articles are spelled so), nor what a figure counts; knows no
negation of Korean, Thai or Greek.
"""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

SHORT, SHORT_UNSPACED = 40, 120
"""Words, and characters of a text without blanks, of a text that has one fact to tell."""
QUESTION = 100
"""Words of a question at most that another figure makes another one."""
_AT_ONCE = 1 << 16
_BESIDE = 2
"""Words by which two texts differ in length at most where a negation more counts."""
_FIGURE = re.compile(r"\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?!\d)|\d+(?:[.,]\d+)*")
_ITEM = re.compile(
    r"^\W*(?:\d{1,3}|(?:q|question|item|no|nr|num(?:ber)?|n[°ºo]|exercise|problem|task|example|frage|aufgabe|pregunta|ejercicio|"
    r"pergunta|questão|exercice|domanda|esercizio|vraag|pytanie|zadanie|soru|вопрос|задача|задание|سؤال|प्रश्न|"
    r"问题|問題|题目|題目|质问|質問|問|문제|질문|第)\W{0,3}\d{1,6}\s*[题題问問]?)\s*[.):\]、．：）】](?!\d)",
    re.IGNORECASE,
)
_DENIES = re.compile(
    r"(?<!\w)(?:not|never|cannot|don['’]?t|doesn['’]?t|nicht|nichts|kein(?:e[nrms]?)?|nie(?:mals)?|pas|jamais|aucune?|no(?!\.)|nunca|"
    r"jamás|não|non|mai|niet|geen|nooit|inte|ikke|aldrig|не|нет|никогда|nie|nigdy|değil|tidak|bukan|không|لا|ليس)(?!\w)"
    r"|n['’]t(?!\w)|(?<!\S)नहीं(?!\S)|[不没沒](?![错錯])|ません|ない",
    re.IGNORECASE,
)
_NUMBER_WORDS = (
    "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen "
    "nineteen twenty thirty forty fifty sixty seventy eighty ninety",
    "zwei drei vier fünf sechs sieben acht neun zehn elf zwölf fünfzehn zwanzig dreißig vierzig fünfzig sechzig neunzig",
    "deux trois quatre cinq six sept huit neuf dix onze douze quatorze quinze vingt trente quarante cinquante soixante",
    "dos tres cuatro cinco seis siete ocho nueve diez doce catorce quince veinte treinta cuarenta cincuenta sesenta",
    "due tre quattro cinque sei sette otto nove dieci undici dodici quindici venti trenta quaranta cinquanta sessanta",
    "dois duas três quatro cinco seis sete oito nove dez onze doze quinze vinte trinta quarenta cinquenta sessenta",
    "twee drie vier vijf zes zeven acht negen tien elf twaalf vijftien twintig dertig veertig vijftig zestig",
    "dwa dwie trzy cztery pięć sześć siedem osiem dziewięć dziesięć dwanaście piętnaście dwadzieścia trzydzieści",
    "два две три четыре пять шесть семь восемь девять десять двенадцать пятнадцать двадцать тридцать сорок пятьдесят",
    "iki üç dört beş altı yedi sekiz dokuz on yirmi otuz kırk elli altmış",
    "två tre fyra fem sex sju åtta nio tio tolv femton tjugo trettio fyrtio femtio",
)
"""By language; one of them beside one of another language says nothing."""
_SPELLED: dict[str, int] = {}
for _one, _words in enumerate(_NUMBER_WORDS):
    for _word in _words.split():
        _SPELLED[_word] = _SPELLED.get(_word, 0) | 1 << _one
_SPELLED_OUT = re.compile(rf"(?<!\w)(?:{'|'.join(sorted(_SPELLED))})(?!\w)", re.IGNORECASE)
_Facts = tuple[frozenset[str], int, int, frozenset[str]]
_NONE: _Facts = (frozenset(), -1, 0, frozenset())
"""Of a text that is too long."""


def differ_in_fact(
    texts: pa.LargeStringArray, a: NDArray[np.int64], b: NDArray[np.int64], *, asked: bool = False
) -> NDArray[np.bool_]:
    """Which pairs (`a[i]`, `b[i]`, positions in `texts`: prompts where `asked`) say something else; nulls say nothing."""
    rows, place = np.unique(np.concatenate([a, b]), return_inverse=True)
    known: dict[_Facts, int] = {_NONE: 0}
    said = np.empty(len(rows), np.int64)
    for lo in range(0, len(rows), _AT_ONCE):
        for k, text in enumerate(texts.take(pa.array(rows[lo : lo + _AT_ONCE])).to_pylist(), lo):
            said[k] = known.setdefault(_facts(_ITEM.sub("", text or "") if asked else text or ""), len(known))
    facts = list(known)
    one, other = np.split(said[place], 2)
    pairs, which = np.unique(one * len(facts) + other, return_inverse=True)
    found = np.array([_apart(facts[pair // len(facts)], facts[pair % len(facts)]) for pair in pairs.tolist()], np.bool_)
    differ: NDArray[np.bool_] = found[which.reshape(-1)]
    return differ


def holds_other_figures(asked: str, held: str) -> bool:
    """Whether a question of at most `QUESTION` words names a figure that a longer text lacks, which has others instead."""
    if asked.count(" ") >= QUESTION:
        return False
    wanted, given = (frozenset(map(_number, _FIGURE.findall(_ITEM.sub("", text)))) for text in (asked, held))
    return bool(wanted - given and given - wanted)


def _facts(text: str) -> _Facts:
    if len(text) > 12 * SHORT:
        return _NONE
    words = text.count(" ") + 1
    if words > SHORT or len(text) > SHORT_UNSPACED * min(words, 4):
        return _NONE
    spelled = frozenset(word for word in map(str.lower, _SPELLED_OUT.findall(text)) if word in _SPELLED)
    return frozenset(map(_number, _FIGURE.findall(text))), len(_DENIES.findall(text)), words, spelled


def _number(figure: str) -> str:
    """The figure in ASCII digits: `1,000`, `1 000` and `1000` are one number, and so are `3.50` and `3.5`, `05` and `5`."""
    plain = "".join(str(int(c)) if c.isdecimal() else c for c in figure)
    groups = re.split(r"[.,\s]", plain)
    if len(groups) == 2 and len(groups[1]) != 3:
        return (groups[0].lstrip("0") or "0") + ("." + groups[1].rstrip("0")).rstrip(".")
    return "".join(groups).lstrip("0") or "0"


def _apart(x: _Facts, y: _Facts) -> bool:
    if x == y or _NONE in (x, y):
        return False
    if x[0] - y[0] and y[0] - x[0]:
        return True
    if any(_SPELLED[one] & _SPELLED[other] for one in x[3] - y[3] for other in y[3] - x[3]):
        return True
    return x[1] != y[1] and abs(x[2] - y[2]) <= _BESIDE
