"""Dates of birth: a full date behind a field's name or a verb, in some thirty languages.

A date is read in digits (`14.2.1991`, `1990-01-31`, `12/31/49`), with the month in words of any language
(`23 de agosto de 1990`, `Dec. 31, 1949`) or with the signs of year, month and day (`1990年5月3日`). What stands before it
must be the name of such a field ("date of birth", "Geb.-Datum", "дата рождения") or a verb ("born", "née le", "nato a
Torino il"); behind a verb the score is lower, because biographies speak so of public persons. Bounded: 32 bytes of a
date, 48 before it.
"""

from __future__ import annotations

import re

from curate.privacy.candidates import Candidate, Span, View
from curate.privacy.months import is_month_name
from curate.privacy.phrases import fold
from curate.privacy.types import CODE

_DOB = CODE["DATE_OF_BIRTH"]
_YEAR = r"(?:19|20)\d\d"
_DAY = r"\d{1,2}(?:st|nd|rd|th|er|[.ºª°])?"
_WORD = r"[^\W\d_]{3,12}\.?"
_OF = r"(?:(?:of|de|di|del|do)\s)?"
_DATES = re.compile(
    rf"(?:\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}|\d{{1,2}}[-/. ]\d{{1,2}}[-/. ]{_YEAR}|\d{{1,2}}\.\s\d{{1,2}}\.\s{_YEAR}"
    rf"|\d{{1,2}}[-/.]\d{{1,2}}[-/.]\d\d)(?!\d)"
    rf"|(?<!\d){_YEAR}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?!\d)"
    rf"|{_DAY}[ ,-]{{1,2}}{_OF}{_WORD}[ ,-]{{1,2}}{_OF}{_YEAR}(?!\d)"
    rf"|{_WORD}[ ]{_DAY}[ ,]{{1,2}}{_YEAR}(?!\d)",
    re.IGNORECASE,
)
_ASIAN = re.compile(rf"(?:{_YEAR}|\d{{1,2}})\s?[年년]\s?\d{{1,2}}\s?[月월](?:\s?\d{{1,2}}\s?[日일]?)?")
_ERA = re.compile(r"(?:昭和|平成|大正|令和|民國|民国)\Z")
_FIELDS = r"""
    date of birth|birth[ _-]?date|d\.?o\.?b\.?(?:/age)?|b-?day|birthday(?=[ ]is|[ ]?[:=])|geburts(?:datum|tag)
    |geb\.?[- ]{0,2}dat(?:um)?\.?|date de naissance|fecha (?:de )?nac(?:imiento)?\.?|f\.? ?nac\.?|data di nascita
    |data de nasc(?:imento)?\.?|geboortedatum
    |data urodzenia|datum naro[zd]eni[aey]?|fodelse(?:datum|dag)|fodsels(?:dato|dag)|syntyma(?:aika|paiva)(?:ni|si|nsa)?
    |dogum tarihi(?:m|n|miz|niz)?|szuletesi (?:ido|datum)(?:om|a|ja|m)?|szul\.? ?ido|data nasterii
    |дата (?:\w{2,6} )?рождения|дата рожд\.?|дата (?:\w{2,5} )?народження|дата на раждане|ημερομηνια γεννησης
    |datum rod[j]?enja|ngay sinh(?: cua \w+)?|(?:tanggal|tgl\.?|tarikh) ?lahir(?:ku|nya| saya)?|जन्म ?\S{0,8}
    |fecha de nac\.?|data nasc\.|ne\(e\)
    |dogum tarix(?:i|im|imiz|iniz)|datum rojstva|gimimo (?:data|diena)|dzimsanas (?:datums|diena|dati)
    |sunni(?:aeg|aja|kuupaev|paev)(?:\w{1,2})?|data e lindjes|datelindja|data de naixement|data de nacemento
    |jaiote[- ]?data|fæðingardag\w{0,3}|датум на ра[ѓг]ање|датум ро[ђд]ења|дата (?:на )?раждане|туған күн(?:і|ім|іңіз)
    |tug['ʻ‘’`]?ilgan (?:sana|kun)\w{0,4}|төрсөн (?:өдөр|огноо)\w{0,3}|petsa ng kapanganakan|kaarawan|tarehe ya kuzaliwa
    |জন্ম ?তারিখ|பிறந்த ?(?:தேதி|நாள்)|పుట్టిన ?(?:తేదీ|తేది|రోజు)|જન્મ ?તારીખ|(?:ಜನ್ಮ|ಹುಟ್ಟಿದ) ?ದಿನಾಂಕ|ജനന ?തീയതി|ਜਨਮ ?(?:ਮਿਤੀ|ਤਾਰੀਖ)
    |උපන් දිනය|დაბადების თარიღი|ծննդյան (?:ամսաթիվ|օր)\w{0,3}|የትውልድ (?:ቀን|ዘመን)
    |و?(?:تاريخ|تاریخ) (?:(?:ال)?ميلاد(?:ه|ها|ي|ك|هم|نا)?|تولد|پیدائش)|ו?תאריך ה?לידה(?: של\S{0,4})?|birth day|birthdt
"""
_WHOSE = (
    r"(?:\s(?:of|des|der|du|de la|de l['’]|del|della|dell['’]|do|da|van|van de|van het|av|til)\s?(?:the )?"
    r"[^\W\d_]{2,20}(?: [^\W\d_]{2,20})?)?"
)
"""Whose birth it is, between a field's name and the date: `Geburtsdatum des Kindes: 12.03.2015`."""
_EAST = re.compile(
    r"(?:生年月日|出生(?:日期|年月日|年月|[于於])?|[誕诞]生日|(?:(?<![^\W\d_])|(?<=[的の]))生日|생년월일|출생(?:일|연월일)?"
    r"|(?<![^\W\d_])생일|วัน(?:เดือนปี)?เกิด)(?:[^\w\n]{0,3}(?:[是为為は은는이가]|คือ))?[^\w\n]{0,5}\Z"
)
"""Scripts without blanks before the field (`患者出生日期`) and behind it (`誕生日は`). `発生日` tells of no birth."""
_SHORT = r"""
    (?:naissance|nacimiento|nascimento|nascita|nasterii|urodzenia|narozen[ií]|dogum|lahir|sinh)(?=[ ]?[:=])
    |nasc\.|nac\.|nar\.
"""
"""Words that speak of the beginning of leagues and firms as well."""
_VERBS = r"""
    geb\.?|geboren(?: am| op)?|geborene?r?|nee?(?:\(e\))? le|nacid[oa](?: el)?|naci el|nasci em
    |nat[oa](?: a [\w' ]{2,24})? il|nat[oa]:
    |nascid[oa](?: em| a| no dia)?|nasceu(?: em| a)?|ur\.|urodzon[ya](?: dnia)?|urodzi[lł](?:a|am|em)? sie
    |d\. ?t\.|naro[zd]en[ay]?|fodd|fodt|syntynyt|szulett?(?:ett|em)|nascut(?:a)?(?: el| la| pe)?
    |gimiau|gimes?|gimusi|dzim(?:is|usi)|sundinud|(?:kam |ka |i |e )?lindur me|neixer el|jaioa|naroden[ay]?
    |narodila? (?:som )?sa
    |rodj?en[ao]?|rojena?|родена?|народи(?:вся|лася|лась)|γεννηθηκα|γεννημεν(?:ος|η)|nilizaliwa|alizaliwa
    |ipinanganak|დავიბადე|დაბადებული|ծնվել|ծնված|የተወለድኩት|و?ولدت|و?ولد|مواليد|متولد|נולד(?:ת|תי|ה)?|tug['ʻ‘’`]?ilgan|төрсөн
    |szul\.|sz\.|род(?:ился|илась)|р\. ?р\.|γεννηθηκε|roden[a]?|sinh(?: ngay)?|lahir
"""
_ASKED = (
    r"(?:[^\n?:;]{0,24}\?\s{1,2}[-–—]|[^\n?:;]{0,24}(?:\?\s{1,2}(?:\[?\d\d:\d\d\]?\s)?[^\W\d_]\w{0,15}|(?:[dmyjat]{2,4}\W{1,3}){3}\s?"
    r"(?:user|customer|client|caller|patient|visitor|guest|human|kund[ei]n?|cliente|klient|klant|paciente))\s?:)?\s?"
    r"(?:(?:it['’]?s|yes|sure|ok|ja|oui|sí|sim|sì),?\s)?"
)
"""A question that the field ends, and who answers: `date of birth? Customer: 14/03/1986`."""
_LINK = (
    r"[^\w\n]{0,5}(?:\b(?:it'?s|is|was|ist|war|est|es|e|on|in|le|el|il|am|em|op|den|la|o|to|dnia|der|the|yra|ni|ay|eshte|je|na"
    r"|sam|sem|som|ja|se|ako|siya|noong|tarehe|mana|mano|mans|minu|me|με|ειναι|στις|на|съм|сам|е|من|است|هو|في|ב|של|שלי)"
    r"\b[^\w\n]{0,4}){0,2}"
)


def _before(text: str, then: str = "") -> re.Pattern[str]:
    words = "".join(line.strip() for line in text.split("\n"))
    return re.compile(rf"(?:(?<![^\W\d_])(?:{words}){then}){_ASKED}{_LINK}\Z", re.IGNORECASE)


_FIELD = _before(_FIELDS, _WHOSE)
_SHORT_FIELD = _before(_SHORT)
_RECENT = re.compile(r"(?<!\d)20(?:1[6-9]|[2-9]\d)(?!\d)|[-/.](?:1[6-9]|2\d)\Z")
"""A year from 2016 on: whoever was born then fills in few forms."""
_VERB = _before(_VERBS)
_BORN = re.compile(r"\bborn\W{1,3}(?:(?:on|the|in|date)\W{1,2}){0,2}\Z", re.IGNORECASE)
_BORN_ON = re.compile(
    r"(?:\bborn\W{1,3}(?:on|the)\b.{0,12}|(?:\b(?:was|were|is|am)\s|\(|'m\s)born\W{1,3}(?:in\s)?)\Z", re.IGNORECASE
)
"""Not "a film, born March 5, 1971 in a studio"."""
_NAME_BORN = re.compile(r"(?:[A-Z][\w'’-]+ [A-Z][\w'’-]+,? \(?born|(?:^|[.!?\n] ?)Born)\W{1,3}(?:on )?\Z")
_STAR = re.compile(r"(?:([^\W\d_][\w'’.-]*)[ ])?([^\W\d_][\w'’-]*\.?)([)\"”»]?,?)[ ]?\(?[ ]?\*[ ]?\Z")
"""The sign of birth in German and Nordic papers, with the one or two words before it; it marks items of lists and products
of numbers as well."""
_STATUS = frozenset(("ledig", "verheiratet", "geschieden", "verwitwet", "gift", "ugift", "ogift", "skild"))
_F_DOT = re.compile(rf"([^\W\d_][\w'’-]*\.?)\)?,[ ]?f\.{_LINK}\Z")
_BEHIND = re.compile(
    r"\s?(?:in [^\W\d_]{2,12} )?\b(?:geboren|născut|született|syntynyt|doğ(?:du|muş|umlu)|г\.? ?р\b|(?:года? |г\. ?)?рожд)"
    r"|\s?[(（]?\s?(?:出生|生まれ|生(?![产產成活])|생(?![가-힣])|생(?=입니다|이고|이며|으로))",
    re.IGNORECASE,
)
"""Languages in which the verb stands behind the date."""
_GLUED = re.compile(r"(?<=[a-z])(?=[A-Z])")
_AGE = re.compile(r"(?: \(\d{1,3})?")
"""What may end the candidate behind the date: the years of age that stand in brackets."""


def birth(view: View, c: Candidate) -> list[Span]:
    """The date that ends with the candidate, or in Asian scripts begins with it, if a birth is spoken of before it."""
    low = _whole_from(view, max(view.starts[c.row], c.start - 32), c.start)
    text = view.text(low, c.end)
    found = next((m for m in _DATES.finditer(text) if _AGE.fullmatch(text, m.end())), None)
    if found is not None and not (found.start() and text[found.start() - 1].isdigit()) and _possible(found[0]):
        start, end = (low + len(text[:place].encode()) for place in found.span())
        written = found[0]
    else:
        ahead = view.text(c.start, min(view.ends[c.row], c.start + 32))
        asian = _ASIAN.match(ahead)
        if asian is None:
            return []
        start, end, written = c.start, c.start + len(asian[0].encode()), "0"
        if asian[0][-1] in "月월" and not _BEHIND.match(view.text(end, min(view.ends[c.row], end + 16))):
            return []  # a month alone is no date of birth, unless a birth is what is said of it
        if not asian[0][:4].isdigit():
            if not _ERA.search(view.text(max(view.starts[c.row], start - 6), start)):
                return []
            start -= 6
    first = _whole_from(view, max(view.starts[c.row], start - 48), start)
    raw = view.text(first, start)
    if not raw.strip() and view.column(c.row):
        raw = re.sub(r"[_\-.]+", " ", _GLUED.sub(" ", view.column(c.row))) + ": "
    behind = view.text(end, min(view.ends[c.row], end + 32))
    score = _score(_GLUED.sub(" ", raw), written, behind)
    if not score and _BEHIND.match(behind):
        score = 0.6 if found is not None else 0.75
    return [(start, end, _DOB, score)] if score else []


_SHORT_DATE = re.compile(
    r"(?<![\w.,-])(?P<day>\d{1,2})(?:\. ?|[ -])?([^\W\d_]{3,12})(?:\. ?|[ -])?['’]?((?:19|20)?\d\d)(?![\w%€$]|[.,]\d)"
)


def short_birth(before: str, rest: str) -> tuple[int, int, float] | None:
    """A date whose year has two digits, or that is written in one piece (`12AUG83`), behind a field or a verb: its place in
    `rest`, which begins with the word that woke the reading, and its score."""
    found = _SHORT_DATE.search(rest, 0, 72)
    if found is None or not is_month_name(found[2]) or not 1 <= int(found["day"]) <= 31:
        return None
    score = _score(_GLUED.sub(" ", before + rest[: found.start()])[-48:], "0")
    return (*found.span(), score) if score else None


def _whole_from(view: View, low: int, start: int) -> int:
    """The first byte from `low` on that begins a character: one cut in two would shift all offsets behind it."""
    while low < start and view.data[low] & 0xC0 == 0x80:
        low += 1
    return low


def _possible(written: str) -> bool:
    """Whether a date in digits has a day and a month."""
    parts = [int(part) for part in re.findall(r"\d+", written)]
    if len(parts) != 3 or any(ch.isalpha() for ch in written):
        return True
    first, second, third = parts
    day, month = (third, second) if first > 31 else (first, second)
    return 1 <= min(day, month) <= 12 and 1 <= max(day, month) <= 31


def _starred(raw: str) -> bool:
    """Whether a sign of birth stands at the end behind somebody, a word with a capital or a civil status; a blank alone
    between them needs two such words. An item of a list is written small (`item, * 12.11.2013`), so small words count only
    if both are listed names (`hans müller, * 04.05.1948`)."""
    star = _STAR.search(raw)
    if star is None:
        return False
    first, last, signs = star.groups()
    alone = not signs and "(" not in star[0]
    if signs.endswith(",") and (last.endswith(".") or last in _STATUS):
        return True
    if last[0].islower():
        return signs.endswith(",") and first is not None and _two_names(first, last)
    return not alone or (first is not None and first[0].isupper())


def _two_names(first: str, last: str) -> bool:
    """Whether the lists hold both words as names, the first as a first name."""
    from curate.privacy.names.listed import listed_first, listed_name  # late: its package reads this module

    return listed_first(first) and listed_name(last)


_NEW = re.compile(r"(?<!\d)20(?:1[6-9]|[2-9]\d)(?!\d)")
_FINITE = re.compile(
    r"(?i)\b(?:born|nasceu|naci[oó]|nacque|родил(?:ся|ась|ось)|народи(?:вся|лася|лось)|született|urodził[ao]? się)\b"
)
_PEOPLE = re.compile(
    r"(?i)\b(?:i|you|he|she|they|who|son|daughter|bab(?:y|ies)|child|kid|girl|boy|twins?|triplets|patient|infant|newborn"
    r"|filh[oa]|hij[oa]|bambin[oa]|nen[eé]|fils|fille|eu|ele|ela|él|ella|yo|lui|lei|я|он|она|сын|дочь|дочка|реб[её]нок|син|fia|lánya|syn|córka|dziecko)\b"
)
_PARENTS = re.compile(r",? ?(?:to|weighing|at \d|zu|de|a|в) (?:the )?[A-ZА-Я\d]")


def _of_a_thing(raw: str, written: str, behind: str) -> bool:
    """Whether a sentence says since a few years ago that something was born and nobody is named in it: leagues, firms and
    projects are, and of children somebody's name or kin stands there."""
    if not _NEW.search(written) or not _FINITE.search(raw) or _PARENTS.match(behind):
        return False
    from curate.privacy.names.listed import listed_first  # late: its package reads this module

    sentence = re.split(r"[.!?\n]\s", raw)[-1]
    named = any(word[0].isupper() and listed_first(word) for word in re.findall(r"[^\W\d_]{2,}", sentence))
    return not named and _PEOPLE.search(sentence) is None


def _score(raw: str, written: str, behind: str = "") -> float:
    """Of a date, by what stands before it, and behind it."""
    if _of_a_thing(raw, written, behind):
        return 0.0
    numeric = not any(ch.isalpha() for ch in written)
    before, folded = raw.lower(), fold(raw)
    forms = (before,) if folded == before else (before, folded)
    if any(map(_FIELD.search, forms)) or _EAST.search(raw):
        return 0.85
    if any(map(_SHORT_FIELD.search, forms)):
        return 0.0 if _RECENT.search(written) else 0.85
    if _BORN.search(before):
        return 0.6 if numeric or _BORN_ON.search(before) or _NAME_BORN.search(raw) else 0.0
    if _starred(raw):
        return 0.6 if numeric else 0.0
    somebody = _F_DOT.search(raw)
    if somebody is not None and somebody[1][0].isupper():
        return 0.75 if numeric else 0.6
    if any(map(_VERB.search, forms)):
        return 0.75 if numeric else 0.6
    return 0.0
