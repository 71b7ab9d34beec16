"""Gendered words turned into their counterparts: pronouns, nouns, titles.

Method: every gendered word of the text is turned, female to male and male to female (counterfactual data augmentation of
Lu et al., 2018, without its lists). Two forms are ambiguous, and one rule decides both, by the word that follows:

| word | becomes | when |
|---|---|---|
| her | his | a word follows directly that can start or be part of a noun phrase |
| her | him | the clause ends, or a preposition, conjunction, determiner, pronoun, auxiliary or -ly adverb follows |
| his | her | as for `his` above |
| his | hers | as for `him` above |

How often the rule is right is measured on text whose gold is known (see `benchmarks/bench_mitigation.py`: turn the `his`
and `him` of real prose into `her` and back). Not turned: fixed phrases (`mother tongue`, `man page`, `oh man`),
`Miss` and `miss` that are no title, singular they. People named in the text are turned by `names`.

Linear in the words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from audit.fairness.swaps.words import Span, Word
from curate.privacy.surrogates.draw import like_case, listed

_PAIRS = (
    "he/she himself/herself man/woman men/women boy/girl boys/girls father/mother fathers/mothers dad/mom dads/moms "
    "daddy/mommy papa/mama son/daughter sons/daughters brother/sister brothers/sisters husband/wife husbands/wives "
    "uncle/aunt uncles/aunts nephew/niece nephews/nieces prince/princess princes/princesses actor/actress "
    "actors/actresses waiter/waitress waiters/waitresses gentleman/lady gentlemen/ladies male/female males/females "
    "boyfriend/girlfriend boyfriends/girlfriends grandfather/grandmother grandfathers/grandmothers grandpa/grandma "
    "grandson/granddaughter grandsons/granddaughters stepfather/stepmother stepson/stepdaughter stepbrother/stepsister "
    "businessman/businesswoman businessmen/businesswomen chairman/chairwoman policeman/policewoman "
    "policemen/policewomen salesman/saleswoman salesmen/saleswomen spokesman/spokeswoman spokesmen/spokeswomen "
    "congressman/congresswoman congressmen/congresswomen widower/widow widowers/widows groom/bride grooms/brides "
    "fiancé/fiancée monk/nun monks/nuns landlord/landlady landlords/landladies stewards/stewardesses "
    "steward/stewardess masculine/feminine masculinity/femininity fatherhood/motherhood manhood/womanhood "
    "schoolboy/schoolgirl schoolboys/schoolgirls godfather/godmother son-in-law/daughter-in-law "
    "father-in-law/mother-in-law brother-in-law/sister-in-law hero/heroine heroes/heroines"
)
_TO_FEMALE = dict(pair.split("/") for pair in listed(_PAIRS)) | {"mr": "ms", "sir": "ma'am"}
_TO_MALE = {female: male for male, female in _TO_FEMALE.items()} | {
    "mrs": "mr", "ms": "mr", "miss": "mr", "mum": "dad", "mums": "dads", "mummy": "daddy", "madam": "sir", "ma": "sir",
    "hers": "his",
}  # fmt: skip
_TITLES = frozenset(listed("mr mrs ms miss"))
_AFTER = {  # what may not stand behind the word for it to be a person
    "mother": frozenset(listed("tongue tongues nature board boards earth ship ships lode")),
    "father": frozenset(listed("christmas time")),
    "man": frozenset(listed("page pages hour hours made power utd united city up down")),
    "male": frozenset(listed("connector connectors plug plugs socket sockets end adapter adapters")),
    "female": frozenset(listed("connector connectors plug plugs socket sockets end adapter adapters")),
    "sister": frozenset(listed("company companies site sites project projects city cities ship ships")),
    "brother": frozenset(listed("printer printers")),
    "prince": frozenset(listed("edward albert")),
    "lady": frozenset(listed("bug bugs gaga luck")),
}  # fmt: skip
_BEFORE = {
    "man": frozenset(listed("oh hey isle best")), "boy": frozenset(listed("oh")), "hero": frozenset(listed("super guitar")),
}  # fmt: skip
_NOT_A_NOUN_PHRASE = frozenset(listed(
    # prepositions
    "about above across after against along among around as at before behind below beneath beside between beyond by "
    "despite down during except for from in inside into like near of off on onto out outside over since through "
    "throughout till to toward towards under until up upon with within without via per "
    # conjunctions and what opens a clause
    "and or but nor so yet because although though while when whenever where wherever if unless whether that than "
    "which who whom whose what why how once "
    # determiners and pronouns
    "a an the this these those some any each every no another both either neither all i you he she it we they me us "
    "them him his my your its our their mine yours ours theirs myself yourself himself herself itself themselves "
    "everyone everybody everything someone something anyone anything nothing "
    # auxiliaries and other verbs that follow an object
    "is are was were am be been being has have had having do does did will would can could shall should may might must "
    "not isn wasn won wouldn didn doesn don couldn "
    # adverbs that stand behind an object
    "again now then today tonight tomorrow yesterday here there too also back away alone instead anyway either "
    "forever never always often sometimes soon ever just even much enough rather apart aside otherwise "
    # verbs in the bare form or infinitive that complete: make her cry, let her go, saw her leave
    "go come leave cry know feel think believe get take understand stop want sit stand speak become wait die "
    "realize realise forget marry"
))
_LY_ADJECTIVES = frozenset(listed(
    "only early daily weekly monthly yearly family friendly lovely elderly lively lonely likely holy ugly silly curly "
    "ally belly bully daily jelly reply supply fly july italy assembly anomaly monopoly"
))

_APPOSED = re.compile(r" +(?:[\"“‘'*(\[]+|[0-9][0-9.,]*[ -]?)?")
"""What may stand between a possessive and what is owned: blanks, then an opening quotation or a number."""


def gender_spans(words: Sequence[Word]) -> tuple[list[Span], set[str]]:
    """What to replace, and which genders the text speaks of."""
    spans: list[Span] = []
    found: set[str] = set()
    for n, word in enumerate(words):
        before = words[n - 1] if n else None
        after = words[n + 1] if n + 1 < len(words) else None
        new, gender = _counterpart(word, before, after)
        if new is None:
            continue
        found.add(gender)
        end = word.end
        if word.low == "ma":
            end = after.end if after else word.end
        spans.append((word.start, end, like_case(word.text, new)))
    return spans, found


def _counterpart(word: Word, before: Word | None, after: Word | None) -> tuple[str | None, str]:
    low = word.low
    if low in ("her", "his"):
        noun_follows = owns(word, after)
        if low == "her":
            return ("his" if noun_follows else "him"), "female"
        return ("her" if noun_follows else "hers"), "male"
    if low == "him":
        return "her", "male"
    if low in _TITLES:
        titled = word.text[0].isupper() and after is not None and after.text[0].isupper() and word.after in (" ", ". ")
        if not titled:
            return None, ""
    if low == "ma" and not (word.after in ("'", "’") and after is not None and after.low == "am"):
        return None, ""
    if after is not None and word.joined and after.low in _AFTER.get(low, ()):
        return None, ""
    if before is not None and before.joined and before.low in _BEFORE.get(low, ()):
        return None, ""
    if low == "man" and word.after[:1] == "," and (before is None or before.ends):
        return None, ""  # Man, that was slow
    if low in _TO_FEMALE:
        return _TO_FEMALE[low], "male"
    if low in _TO_MALE:
        return _TO_MALE[low], "female"
    return None, ""


def owns(word: Word, after: Word | None) -> bool:
    """Whether `her` or `his` stands before what it owns."""
    if after is None or not _APPOSED.fullmatch(word.after):
        return False
    if not word.joined:  # his "Elements", his 1998 book
        return True
    if after.low in _NOT_A_NOUN_PHRASE:
        return False
    return not (after.low.endswith("ly") and after.low not in _LY_ADJECTIVES)
