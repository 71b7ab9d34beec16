"""What the columns of a pair must hold: texts that mostly differ, words rather than numbers, ratings that rate.

Names propose a pair (`dialogue` and `summary`, two languages) or a rating; these say whether the contents bear it out.
Cost: the statistics of a column and, for words, at most `_WRITTEN_ROWS` rows spread evenly.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import permutations
from statistics import median

import pyarrow as pa
import pyarrow.compute as pc

from curate.dataset import languages
from curate.dataset.column import Column
from curate.dataset.names import ALL, NAMES, PAIRS, about_row, plain, rank, spelled, together
from curate.dataset.shapes import Facts

_WRITTEN_ROWS = 400
_MARKS = ".,;:!?()[]{}<>\"'"
_DENSE = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
"""Letters of scripts that put no blanks between words: Thai, Lao, Burmese, Khmer, Japanese, Chinese."""


def judged_together(names: Sequence[str]) -> bool:
    """Whether columns that are read as one text are texts whose label says how they stand to one another (premise and
    hypothesis, a question and an answer that is right or wrong), not a title and what stands below it."""
    for one, other in permutations(names, 2):
        if (rank(one, NAMES["prompt"]), rank(other, NAMES["completion"])).count(None) == 0:
            return True
        first, second = ({*together(name), plain(name)} for name in (one, other))
        if any(pair[0] in first and pair[1] in second for pair in PAIRS):
            return True
    return False


def wordy(fact: Facts) -> bool:
    """Mostly strings that are no conversations."""
    return fact.text_share > 0.5


def tells(fact: Facts) -> bool:
    """Strings that mostly differ."""
    differs = fact.distinct_share >= 0.5 or (fact.median_words > 8 and not fact.repeats) or fact.filled < 10
    return wordy(fact) and not fact.nested and not fact.numeric and differs


def asks(fact: Facts) -> bool:
    """The same, or texts too long for a class: one question has many answers."""
    return tells(fact) or (wordy(fact) and not fact.nested and fact.median_words > 8)


def rates(fact: Facts, column: Column) -> bool:
    """Whole and half numbers from a half to ten, and more than one of them."""
    if fact.nested or not 2 <= fact.distinct <= 21:
        return False
    cells = [str(value).replace(",", ".") for value in column.array.unique().to_pylist() if value not in (None, "")]
    try:
        numbers = {float(cell) for cell in cells}
    except ValueError:
        return False
    return len(numbers) > 1 and all(0.5 <= number <= 10 and (2 * number).is_integer() for number in numbers)


def speaks(fact: Facts, column: Column) -> bool:
    """Text in nearly every row: a summary that many rows lack is one more thing known about a text, and single words
    without a letter beyond ASCII are names, ids and addresses (other scripts may put no blanks between words)."""
    if not wordy(fact) or 20 * fact.filled < 19 * fact.rows:
        return False
    return fact.median_words >= 2 or not pc.all(pc.string_is_ascii(column.array[:200])).as_py()


def writes_out(name: str) -> bool:
    """Whether a column is named by a language that is written out: then a word of it is enough, as in a glossary."""
    return languages.named(spelled(name))


def in_two_languages(facts: Mapping[str, Facts], speaking: Sequence[str]) -> list[str]:
    """The two columns that say one thing in two languages, by their names; `speaking` are those that hold texts. What
    alone holds texts beside a language that is written out is the other (`english`, `lummi`), if its name means nothing
    else."""
    told = {name: spelled(name) for name, fact in facts.items() if tells(fact)}
    some = any(map(writes_out, told))
    found = languages.two_of({name: words for name, words in told.items() if some or name in speaking})
    one = [name for name in told if languages.language(told[name])]
    other = [name for name in speaking if name not in one]
    if found or not (len(one) == len(other) == 1 and writes_out(one[0]) and other[0] in told):
        return found
    strange = "_" not in told[other[0]] and plain(other[0]) not in ALL and not about_row(other[0])
    return [name for name in facts if name in (*one, *other)] if strange else []


def median_written(column: Column) -> float:
    """Words of a column in the median of its rows that hold some."""
    array = column.array
    spread = array.take(pa.array(range(0, len(array), max(1, len(array) // _WRITTEN_ROWS))))
    return median([_letters(text) for text in spread.to_pylist() if isinstance(text, str) and text.strip()] or [0.0])


def _letters(text: str) -> float:
    """Words of two letters or more, as numbers, dates and coordinates have none; none at all where as many words have
    digits. Two letters of a script without blanks count as one."""
    dense = len(_DENSE.findall(text))
    words = [word.strip(_MARKS) for word in _DENSE.sub(" ", text).split()]
    digits = sum(any(c.isdigit() for c in word) for word in words)
    found = sum(len(word) > 1 and any(c.isalpha() for c in word) and not any(c.isdigit() for c in word) for word in words)
    return found + dense / 2 if found + dense / 2 > digits else 0.0
