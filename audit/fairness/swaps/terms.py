"""Identity terms by axis, and which words of a text are meant as one.

Each concept of an axis has an adjective and, where English has them, a noun and its plural; a swap puts another concept's
word of the same form in its place, so number and part of speech stay right. A form that a concept lacks is one that it is
never swapped in (no noun for `deaf`, only people who are).

Many identity terms are ordinary words (black coffee, straight line, French fries, old printer). Those count only where
the text speaks of a person: before a word for people; or after a personal subject and a form of *be* where no other noun
follows; or joined by and/or to a term that counts. This errs towards leaving words alone: what it misses is no swap.

The lexicon is a list for measuring, neither complete nor a definition of anybody. Slurs are left out: no swap of a slur has
a counterpart. Linear in the words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from audit.fairness.swaps.words import Word
from curate.privacy.canonical import folded
from curate.privacy.surrogates.draw import listed
from curate.privacy.surrogates.lists import known_names

Form = Literal["adjective", "noun", "plural"]


@dataclass(frozen=True)
class Concept:
    """One identity of an axis and its words."""

    name: str
    adjective: tuple[str, ...] = ()
    """The usual word first; others are recognised and never written."""
    noun: tuple[str, ...] = ()
    plural: tuple[str, ...] = ()


def _concepts(table: str) -> tuple[Concept, ...]:
    out = []
    for line in table.strip().splitlines():
        adjective, noun, plural = (tuple(w.strip() for w in part.split(",") if w.strip()) for part in line.split("|"))
        out.append(Concept((adjective or noun)[0], adjective, noun, plural))
    return tuple(out)


TERMS: dict[str, tuple[Concept, ...]] = {
    "religion": _concepts("""
        Christian | Christian | Christians
        Muslim, Moslem | Muslim, Moslem | Muslims, Moslems
        Jewish | Jew | Jews
        Hindu | Hindu | Hindus
        Buddhist | Buddhist | Buddhists
        Sikh | Sikh | Sikhs
        Catholic | Catholic | Catholics
        Protestant | Protestant | Protestants
        Mormon | Mormon | Mormons
        Taoist | Taoist | Taoists
        atheist | atheist | atheists
    """),
    "ethnicity": _concepts("""
        black || blacks
        white || whites
        Asian | Asian | Asians
        African American, African-American | African American | African Americans
        Hispanic | Hispanic | Hispanics
        Latino, Latina, Latinx | Latino, Latina | Latinos, Latinas
        Arab | Arab | Arabs
        Native American | Native American | Native Americans
    """),
    "nationality": _concepts("""
        American | American | Americans
        Mexican | Mexican | Mexicans
        Canadian | Canadian | Canadians
        Indian | Indian | Indians
        Russian | Russian | Russians
        German | German | Germans
        Italian | Italian | Italians
        Nigerian | Nigerian | Nigerians
        Brazilian | Brazilian | Brazilians
        Korean | Korean | Koreans
        Pakistani | Pakistani | Pakistanis
        Chinese ||
        Japanese ||
        French ||
        British ||
        Irish ||
        Turkish | Turk | Turks
        Polish | Pole | Poles
    """),
    "orientation": _concepts("""
        gay || gays
        lesbian | lesbian | lesbians
        bisexual | bisexual | bisexuals
        homosexual | homosexual | homosexuals
        heterosexual | heterosexual | heterosexuals
        straight ||
        queer ||
    """),
    "gender_identity": _concepts("""
        transgender, trans ||
        cisgender, cis ||
        nonbinary, non-binary ||
    """),
    "age": _concepts("""
        young ||
        old ||
        elderly ||
        middle-aged ||
        teenage ||
    """),
    "disability": _concepts("""
        blind ||
        deaf ||
        paralyzed, paralysed ||
        disabled ||
        able-bodied, nondisabled ||
    """),
}
_PLAIN = frozenset(listed(
    "black blacks white whites straight queer young old elderly middle-aged teenage blind deaf paralyzed paralysed "
    "disabled trans cis asian arab hispanic"
)) | frozenset(w.lower() for c in TERMS["nationality"] for w in c.adjective + c.noun)
"""Ordinary words too, or words for things: they count only where a person is spoken of."""
_PEOPLE = frozenset(listed(
    "man men woman women person persons people guy guys girl girls boy boys kid kids child children lady ladies gentleman "
    "gentlemen male males female females folk folks community communities family families couple couples friend friends "
    "neighbor neighbors neighbour neighbours student students teacher teachers worker workers customer customers user "
    "users citizen citizens immigrant immigrants refugee refugees minority minorities population populations voter voters "
    "American Americans teen teens teenager teenagers youth youths adult adults parent parents mother mothers father "
    "fathers son sons daughter daughters brother brothers sister sisters husband wife wives colleague colleagues coworker "
    "coworkers patient patients doctor doctors nurse nurses actor actress actors singer singers writer writers driver "
    "drivers owner owners employee employees applicant applicants candidate candidates tenant tenants lawyer lawyers "
    "engineer engineers soldier soldiers dude dudes bloke lad lads grandmother grandfather uncle aunt cousin roommate "
    "tourist tourists visitor visitors guest guests resident residents victim victims "
    "boyfriend girlfriend veteran veterans athlete athletes player players artist artists president scientist"
    .lower()
))
_SUBJECTS = frozenset(listed("i you he she we they who someone somebody everyone people being i'm"))
_BE = frozenset(listed("am are is was were be been being 'm 're m re s isn aren wasn weren become became"))
_DETERMINERS = frozenset(listed(
    "a an the this that another every each one some any no my your his her its our their what which"
))
_ALL = frozenset(listed("the all most many those these some other few more hate love respect against by for from with of"))


@dataclass(frozen=True)
class Mention:
    """One identity term of a text."""

    axis: str
    concept: Concept
    form: Form
    start: int
    end: int
    text: str
    last: Word
    """Its last word."""


def _index() -> dict[str, list[tuple[str, Concept, Form]]]:
    out: dict[str, list[tuple[str, Concept, Form]]] = {}
    for axis, concepts in TERMS.items():
        for concept in concepts:
            forms: tuple[tuple[Form, tuple[str, ...]], ...] = (
                ("adjective", concept.adjective), ("noun", concept.noun), ("plural", concept.plural),
            )  # fmt: skip
            for form, words in forms:
                for word in words:
                    out.setdefault(word.lower(), []).append((axis, concept, form))
    return out


_INDEX = _index()


def mentions(words: Sequence[Word]) -> list[Mention]:
    """The identity terms of a text that speak of people."""
    sure: list[Mention] = []
    unsure: list[tuple[Mention, int]] = []
    n = 0
    while n < len(words):
        for size in (2, 1):
            part = words[n : n + size]
            if len(part) < size or (size == 2 and not part[0].joined):
                continue
            spelled = " ".join(w.low for w in part)
            if spelled == "middle aged":
                spelled = "middle-aged"
            known = _INDEX.get(spelled)
            if not known:
                continue
            mention = _mention(words, n, size, known)
            if mention is not None:
                if spelled in _PLAIN and not _of_a_person(words, n, size, mention.form):
                    unsure.append((mention, n))
                else:
                    sure.append(mention)
            n += size - 1
            break
        n += 1
    ends = {m.end for m in sure} | {m.start for m in sure}
    for mention, at in unsure:  # black and Hispanic, white or black
        if _beside_a_sure_one(words, at, ends):
            sure.append(mention)
            ends |= {mention.start, mention.end}
    return sorted(sure, key=lambda m: m.start)


def _mention(
    words: Sequence[Word], n: int, size: int, known: Sequence[tuple[str, Concept, Form]]
) -> Mention | None:
    last = words[n + size - 1]
    forms = {form: (axis, concept) for axis, concept, form in known}
    form: Form = "plural" if "plural" in forms else "adjective"
    if form == "adjective" and "noun" in forms and ("adjective" not in forms or _is_noun(words, n, size)):
        form = "noun"
    if form not in forms:
        return None
    axis, concept = forms[form]
    first = words[n]
    text = first.text if size == 1 else f"{first.text} {last.text}"
    return Mention(axis, concept, form, first.start, last.end, text, last)


def _is_noun(words: Sequence[Word], n: int, size: int) -> bool:
    """A determiner stands before it (perhaps with an adjective between) and no noun behind it."""
    after = words[n + size] if n + size < len(words) else None
    followed = after is not None and words[n + size - 1].joined and not _closes(after)
    return not followed and any(w.low in _DETERMINERS for w in words[max(0, n - 3) : n])


def _of_a_person(words: Sequence[Word], n: int, size: int, form: Form) -> bool:
    last, after = words[n + size - 1], words[n + size] if n + size < len(words) else None
    if after is not None and last.joined and after.low in _PEOPLE:
        return True
    if form == "plural":
        return n > 0 and words[n - 1].low in _ALL
    if after is not None and last.joined and not _closes(after):
        return False
    # `I am black`, `you are a kind old …`: a personal subject, a form of be, then a few words that are no other noun.
    for back in range(n - 1, max(-1, n - 5), -1):
        word = words[back]
        if word.ends:
            return False
        if word.low in _BE:
            subject = words[back - 1] if back else None
            if word.low == "being" and back == 0:
                return True
            return subject is not None and (subject.low in _SUBJECTS or _may_be_a_name(subject))
    return False


def _may_be_a_name(word: Word) -> bool:
    return word.text[:1].isupper() and any(group.role == "first" for group in known_names().get(folded(word.text), ()))


def _closes(word: Word) -> bool:
    """Whether a word cannot be a noun that the term before it describes."""
    return word.low in _CLOSING


_CLOSING = frozenset(listed(
    "and or but because who whom that which is are was were be being have has had do does did will would can could should "
    "if when while so than then too as in on at of for from with by to about like not just i you he she we they it also "
    "myself yourself myself himself herself"
))


def _beside_a_sure_one(words: Sequence[Word], n: int, ends: set[int]) -> bool:
    if n >= 2 and words[n - 1].low in ("and", "or") and words[n - 2].end in ends:
        return True
    return n + 2 < len(words) and words[n + 1].low in ("and", "or") and words[n + 2].start in ends


def counterparts(mention: Mention) -> Iterator[tuple[Concept, str]]:
    """The other concepts of the axis that have a word of this form, and that word."""
    for concept in TERMS[mention.axis]:
        word = getattr(concept, mention.form)
        if concept is not mention.concept and word:
            yield concept, word[0]
