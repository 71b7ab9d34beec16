"""What the tagger takes for a name and words around it disprove: labels with numbers, kin and roles in front of names.

- `Ordernr 55012987`, `telem. 962 331 708`: a label and its number are no street address.
- `Sohn Detlef Wittkopp`, `Utente Deolinda Fragoso`: the role is no part of the name, and a role alone is no name; nor are
  small words in front of one with a capital, `ping Rajesh Iyer`, unless names begin with them (`van der Velde`).
- `Dunn tests`, `the Kruskal–Wallis test`, `Morbus Crohn`, `théorème de Bayes`: what is called after somebody is nobody.

Complexity: O(spans of these types), about 3 microseconds each.
"""

from __future__ import annotations

import re

import numpy as np

from curate.privacy.column import Block
from curate.privacy.context import CARD, COUNT, IDENTIFIER, MONEY, PAGE, PHONE, PHONE_AFTER, VERSION, word_classes
from curate.privacy.names.addresses import KIND_AT_END, KIND_FIRST
from curate.privacy.names.east_asian import no_person
from curate.privacy.names.listed import listed_first, listed_name, of_bodies
from curate.privacy.names.months import is_month
from curate.privacy.names.phrases import alternatives, words
from curate.privacy.overlaps import Found
from curate.privacy.phrases import fold
from curate.privacy.types import LOCATION, ORGANIZATION, PERSON, STREET_ADDRESS
from curate.privacy.words import LETTERS, word_list

_REGISTER = re.compile(r"[A-Z]{2,5}\.? ?\d{3,}")
"""`HRB 11204`."""
_CURRENCIES = frozenset(code.encode() for code in words("bodies", "currencies"))
_FRACTION = re.compile(rb"[.,]\d{1,3}(?!\d)")
_MEASURE = re.compile(r"\d*[.,]\d+")
_LABEL = PHONE | PHONE_AFTER | IDENTIFIER | CARD | MONEY | VERSION | COUNT
_WORD_AND_BLANK = re.compile(r"([^\W\d_][\w'’-]*+)\s+")
ROLES = frozenset(word_list("""
    berater beraterin conseiller conseillere asesor asesora atendente operador operadora operatore operator
    konsultant konsultantka musteri temsilci admin pelanggan pasien nasabah klant medewerker оператор консультант
    agente agent kundin arre arrey oye
    sohn tochter bruder schwester mutter vater ehefrau ehemann gattin gatte lebensgefahrtin lebensgefahrte nachbar nachbarin
    patient patientin pat klager klagerin beklagter beklagte zeuge zeugin mieter mieterin kunde kundin kollege kollegin
    mandant mandantin angehorige angehoriger angeklagter schuldner herr frau tante onkel oma opa
    husband wife son daughter brother sister neighbor neighbour plaintiff defendant customer client caller tenant landlord
    fils fille epoux epouse mari frere soeur voisin voisine cliente patiente locataire demandeur defendeur
    hijo hija esposo esposa marido hermano hermana vecino vecina paciente demandante demandado cliente senor senora
    filho filha esposo esposa utente doente irmao irma vizinho vizinha reu autor autora
    figlio figlia marito moglie fratello sorella vicino vicina paziente attore convenuto signor signora
    zoon dochter echtgenoot echtgenote broer zus buurman buurvrouw eiser gedaagde dhr mevr mw
    maz zona syn corka brat siostra sasiad sasiadka pacjent pacjentka powod pozwany klient klientka pan pani
    hasta davaci davali esim kizim oglum sayin musteri
    auntie aunt uncle mom mum dad grandma grandpa papa mama madam plaintiffs insured
    pasient pasienten patienten parorende anhorig sokeren kunden klienten naboen grannen potilas asiakas
    pacientka pacient klientka svedek zalobce zalovany paciens beteg ugyfel parat reclamant pacienta clienta
    муж жена сын дочь брат сестра сосед соседка пациент пациентка истец ответчик клиент клиентка гражданин гражданка
"""))
"""Folded words that stand before names and are none."""
_NEVER = frozenset(word_list("""
    referto saal salle sala esq zimmer befund anamnese protokoll rechnung ordernr kundennr bestellnr factura fattura facture
    tn ny nn sdr sdri bpk
    sirs lebenslauf vitae curriculum curriculo resume cv zyciorys ozgecmis zivotopis oneletrajz ansokan
    anschrift hypertonie diabetes diagnose diagnosen diagnosis diagnostico diagnostic medikation allergien allergies vitals
    verdacht aufnahme entlassung verlauf therapie
    ugyfelszolgalat kundenservice kundendienst helpdesk support resumen anamnesi terapia prognose impression assessment
    bitte danke gracias merci grazie obrigado obrigada thanks regards mfg lg vg mvh
    резюме анамнез диагноз паспорт снилс
    moin servus gruezi gott gluckwunsch mahlzeit hiermit coucou bonsoir bises buenas holi atte ojala salve boh uffa
    buonasera att venho goedemiddag goedenavond jammer merhaba selamlar tesekkurler iade siema namaste namaskar pranam
    kripya shukriya dhanyavaad bhaiya arre makasih mantap hejsan halloj tjena здравствуите привет ужас
    iban clabe kdnr artikelnr artnr rechnr krankenvers aidat ficha tlf clearingnr spz nif cif rfc
    pedido ordine commande ticket betreff objet asunto oggetto assunto onderwerp temat konu тема
"""))
"""Folded words of forms that are never a person by themselves."""


_PARTICLE_FIRST = words("people", "begin_names")
_SICK = words("eponyms", "sick")
_ILLNESS = alternatives("eponyms", "illness")
_AFTER = re.compile(
    rf"(?:\s?[-–]\s?[^\W\d_][\w'’]{{1,20}}){{0,3}}[ -](?:{alternatives('eponyms', 'after')})\b"
    r"(?! (?:the|an?|his|her|its?|our|my|your|their|all|every|new|this|that|positive|negative|for)\b)"
)
_ILL_AFTER = re.compile(rf"(?:['’]s?)?(?:\s?[-–]\s?[^\W\d_][\w'’]{{1,20}}){{0,2}}[ -](?:{_ILLNESS})\b")
_BEFORE = re.compile(rf"\b(?:{alternatives('eponyms', 'before')})\Z")
_NOUN = re.compile(rb" [A-Za-z]{3,14}")
_ENDS = tuple(word.encode() for word in words("eponyms", "ends"))
_LEADS = frozenset(word.encode() for word in words("eponyms", "leads"))
_ILL_BEFORE = re.compile(rf"\b(?:{_ILLNESS}) \Z")
_CODE_OF_CAPITALS = re.compile(r"[A-Z]{2,5} [IVX]{1,4}\Z|[BIESLU]-[A-Z]{2,8}\Z")
"""`ISO IX`, and labels of tokens, `B-ORG`."""


def _after_somebody(text: Block, row: int, start: int, end: int) -> bool:
    """Whether the words around make it a thing that is called after somebody."""
    behind = text.raw(end, min(int(text.ends[row]), end + 64))
    ahead = text.raw(max(int(text.starts[row]), start - 40), start)
    noun, lead = _NOUN.match(behind), ahead[:-1].rpartition(b" ")[2]
    # Most names end here: neither the word behind nor the one before is in a list.
    if not (noun and noun[0].endswith(_ENDS)) and behind[:1] not in (b"-", b"'", b"\xe2") and lead not in _LEADS:
        return False
    after, before = behind.decode("utf-8", "replace"), ahead.decode("utf-8", "replace")
    if _AFTER.match(after) or _BEFORE.search(before):
        return True
    name = text.data[start:end].tobytes().decode("utf-8", "replace").lower()
    return re.split(r"['’-]", name)[0] in _SICK and bool(_ILL_AFTER.match(after) or _ILL_BEFORE.search(before))


_SIGN = re.compile(
    r"\b(?:CAPITAL|SMALL|MODIFIER|SUBJOINED|LATIN|GREEK|CYRILLIC|ARMENIAN|GEORGIAN|HEBREW|ARABIC|SYRIAC|THAANA|NKO|DEVANAGARI"
    r"|BENGALI|GURMUKHI|GUJARATI|ORIYA|TAMIL|TELUGU|KANNADA|MALAYALAM|SINHALA|THAI|LAO|TIBETAN|MYANMAR|KHMER|MONGOLIAN|HANGUL"
    r"|HIRAGANA|KATAKANA|BOPOMOFO|CHEROKEE|RUNIC|OGHAM|GOTHIC|COPTIC|TIFINAGH|JAVANESE) (?:LETTER|CHARACTER)(?: |\Z)"
)
"""How the names of letters in Unicode begin. A letter alone is one that somebody wrote: `COVER LETTER JOHN SMITH`."""


def _names_a_sign(text: Block, row: int, start: int, value: str) -> bool:
    """Whether capitals are the name of a character: `LATIN CAPITAL LETTER V`, `THAI CHARACTER MAI THO`."""
    before = text.raw(max(int(text.starts[row]), start - 24), start).decode("utf-8", "replace")
    found = _SIGN.search(before + value)
    return found is not None and found.end() >= len(before)


_INTRODUCES = re.compile(
    r"(?i)(?:\b(?:my|his|her|their|your|whose|first|last|full|mein|sein|ihr) name(?: is| was| ist|:)|\bname['’]s|\bdear"
    r"|\b(?:mrs?|ms|dr|prof|frau|herr|sra?|mme)\.?|\bnamed|\b(?:ich heiße|(?:er|sie) heißt|[ms]['’]appelle|me llamo"
    r"|se llama|mi chiamo|si chiama)|\bmeet|\bi(?:['’]m| am)) \Z"
)


def _introduced(text: Block, row: int, start: int) -> bool:
    """Whether the words in front of a code of money introduce somebody: `Her name is AUD`."""
    before = text.raw(max(int(text.starts[row]), start - 32), start).decode("utf-8", "replace")
    return _INTRODUCES.search(before) is not None


_VERSION = re.compile(
    rb" (?:v[0-9]|(?![0-3]?[0-9]\.[01]?[0-9]\.(?:[0-9]{2}){1,2}(?![0-9]))[0-9]{1,3}\.[0-9]{1,3}\.(?:[0-9]{1,3}|x)(?![0-9]))"
    rb"|(?P<short> [0-9]{1,2}\.[0-9]{1,2}(?![0-9%.]))"
)
"""A version of three parts that is no date, or of two, which may be a mark or a time as well."""
_RELEASED = re.compile(
    rb"(?i)(?:upgrad|version|releas|install|compil|migrat|download|built? )(?:[^.:;!?\n]|\.(?=[0-9]))* "
    rb"(?:from|to|with|on|of|than) \Z"
    rb"|\b(?:requires?|install(?:ed)?|releases?|versions?(?: of)?|downgraded|upgraded?) \Z"
)
_SERVES = re.compile(
    rb" (?:pipeline|plug-?in|server|cluster|compiler|APIs?|SDK|CLI|runtime|interpreter|codebase|programming language)\b"
)
_RUNS = re.compile(
    rb" (?:pipelines|plug-?ins|servers|instances?|scripts?|librar(?:y|ies)|kernels?|clusters|compilers|modules?|packages?"
    rb"|notebooks?|containers?|repositor(?:y|ies)|frameworks?)\b"
    rb"(?! (?:the|an?|his|her|its?|our|my|your|their|all|every|new|this|that|some|them|everything)\b)"
)
"""The same, where no first name stands before them: it may be what somebody does (`Maria scripts`)."""


def _product(text: Block, row: int, start: int, end: int) -> bool:
    """Whether one word is a thing: it has a version (`Julia 1.10`) or serves (`Jenkins pipeline`)."""
    behind = text.raw(end, min(int(text.ends[row]), end + 40))
    if behind[:1] != b" ":
        return False
    version = _VERSION.match(behind)
    if version and version["short"]:  # `Anna 3.7` may be a mark
        version = _RELEASED.search(text.raw(max(int(text.starts[row]), end - 64), start))
    if version is not None or _SERVES.match(behind) is not None:
        return True
    return _RUNS.match(behind) is not None and not listed_first(text.read(start, end))


_NO_STREET = re.compile(
    r"(?i:(?:ley|lei|legge|loi|real decreto|decreto|décret|gesetz|artículo|artigo|articolo|article|artikel|art\.|abs\.|§"
    r"|кодекс|закон|gleis|bahnsteig|platform|binario|andén|quai|spoor|perron|peron|eircode|postcode|zip(?: code)?"
    r"|postal code|plz|cep)(?: org[aâá]nica| complementar| federal| general| n[.ºo°]{1,2}| nr\.?| núm\.)?"
    r"[ :]{0,2}\d[\d/.-]{0,12}[a-z]?(?: de \d{1,2} de [a-zç]{4,10})?\Z"
    r"|(?:[^\W\d_]+(?:code|kode?|felkod)|ошибка|error|fehler|erreur|błąd|hata) [A-ZА-Я]?-?\d{1,4}\Z)"
    r"|(?:[^\W\d_]+-[Nn]r\.? und )?[^\W\d_]{3,}(?<!haus)(?<!huis)(?<!hus)(?<!fach)nummer[ :]{0,2}[\d/.-]*\Z"
    r"|[Pp]aragraph \d+"
    r"|[^\n]{0,40}(?<!\w)ст\. ?\d+|[a-zà-ÿ]+ (?:alle|om|um|às|à|a las|kl\.?|saat|o godz\.?) \d{1,2}\Z"
)
"""Laws, platforms, numbers of other things (`Mitarbeiternummer 118`) and times of the day, as far as no post code stands
in them."""
_SEATS = re.compile(
    r"(?i)(?:wagen|wag(?:g)?on|voiture|carrozza|coche|vagón|vagao|vagão|rijtuig|vogn|vagn|coach|reihe|row|rang|fila|rij|rad|seat|sitz"
    r"|sitzplatz|asiento|posto|poltrona|gate)\.? \d{1,3}[A-Z]?(?:[,;/ ]{1,2}[^\W\d_]{3,10}\.? \d{1,3}[A-Z]?)*\Z"
)
_FIELDS = frozenset(word_list("cvv cvc exp auth pin otp zip expiry expires valid thru"))
"""Fields of cards; `_SEATS`: `Wagen 21, Platz 44`."""
_POST_CODE = re.compile(r"\b(?:\d{5}(?:-\d{3})?|\d{4}-\d{3}|\d{2}-\d{3}|[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2})\b")


def _in_code(text: Block, row: int, end: int) -> bool:
    """Whether a small word is called or has an attribute: `ast.stmt`, `ceil(`."""
    behind = text.data[end : min(int(text.ends[row]), end + 2)].tobytes()
    return behind[:1] in (b"(", b"[") or (behind[:1] == b"." and (behind[1:].isalpha() or behind[1:] == b"_"))


def plausible(text: Block, found: Found) -> Found:
    """The spans of names without those that are none; roles in front of people are left out."""
    at = found.at
    keep = np.ones(len(at), np.bool_)
    for n in np.flatnonzero(at[:, 2] - at[:, 1] == 3).tolist():  # whatever the tagger takes a code of money for
        if text.raw(at[n, 1], at[n, 2]) in _CURRENCIES:
            keep[n] = at[n, 3] == PERSON and _introduced(text, int(at[n, 0]), int(at[n, 1]))
    for n in np.flatnonzero(at[:, 3] == LOCATION).tolist():  # a number alone is no place
        keep[n] &= LETTERS.search(text.read(at[n, 1], at[n, 2])) is not None
    asked = np.flatnonzero(keep & np.isin(at[:, 3], (STREET_ADDRESS, PERSON, ORGANIZATION)))
    for n, (row, start, end, kind) in zip(asked.tolist(), at[asked].tolist()):
        value = text.read(start, end)
        capitals = value.isupper()
        if capitals and _names_a_sign(text, row, start, value):
            keep[n] = False
            continue
        if kind == ORGANIZATION:
            keep[n] = not _REGISTER.fullmatch(value)
            continue
        if kind == STREET_ADDRESS:
            spelled = LETTERS.findall(value)
            ahead = text.raw(max(int(text.starts[row]), start - 2), start)
            behind = text.raw(end, min(int(text.ends[row]), end + 5))
            if (ahead[:1].isdigit() and ahead[1:] == b".") or _MEASURE.fullmatch(value) or (
                value[-1:].isdigit() and _FRACTION.match(behind) and not any(map(KIND_AT_END.search, spelled))
            ):
                keep[n] = False  # digits of a decimal number: `5.06667`, `0.003981 Newtons`, `Trombosit 240,8`
                continue
            keep[n] = not (len(spelled) == 1 and _labelled(value, spelled[0])) and not _number_with_label(value, spelled)
            no_street = bool(_NO_STREET.match(value) or _SEATS.match(value) or _short_sign(value))
            no_street = no_street or _FIELDS.issuperset(map(str.lower, spelled))
            keep[n] &= (bool(spelled) and not no_street) or _POST_CODE.search(value) is not None
            continue
        if no_person(value) or (capitals and _CODE_OF_CAPITALS.match(value)):
            keep[n] = False
            continue
        if " " not in value and len(value) < 16 and is_month(text, row, start, end, value):
            keep[n] = False
            continue
        if " " not in value and (_after_somebody(text, row, start, end) or _product(text, row, start, end)):
            keep[n] = False
            continue
        if value.islower() and " " not in value and _in_code(text, row, end) and not listed_name(value):
            keep[n] = False
            continue
        if value.startswith("M. ") and _FRENCH.search(_around(text, row, start, end)):
            start += 3
            at[n, 1], value = start, value[3:]
        body = _WORD_OF_BODY.search(value) if value.count(" ") > 1 else None
        if body is not None and of_bodies(body[1][1:]):  # `Karen Miller Consulting`
            end -= len(body[1].encode())
            at[n, 2], value = end, value[: body.start(1)]
        cut = _small_words(value)
        if cut:
            start += len(value[:cut].encode())
            at[n, 1], value = start, value[cut:]
        word = LETTERS.match(value)
        if word is None:
            continue
        folded = fold(word[0])
        if folded not in ROLES and folded not in _NEVER:
            continue
        rest = LETTERS.search(value, word.end())
        if rest is None:
            keep[n] = not (folded in _NEVER or (folded in ROLES and _followed(text, row, end)))
        elif folded in ROLES and value[word.end()] in " .":
            keep[n] = fold(value[rest.start() :]) not in _NEVER
            at[n, 1] = start + len(value[: rest.start()].encode())
    return found.take(keep) if not keep.all() else found


_FRENCH = re.compile(r"[éèàçêù]|\b(?:le|la|les|des|du|et|est|une?|par|pour|avec)\b")
"""Where `M.` is a title rather than an initial."""


def _around(text: Block, row: int, start: int, end: int) -> str:
    low, high = max(int(text.starts[row]), start - 48), min(int(text.ends[row]), end + 48)
    return (text.data[low:start].tobytes() + b" " + text.data[end:high].tobytes()).decode("utf-8", "replace")


_WORD_OF_BODY = re.compile(r"(?<= )[^\W\d_]+( [^\W\d_]{3,})\Z")
"""The last of three words and more."""


def _small_words(value: str) -> int:
    """Length of the small words in front of the first word with a capital that are no part of a name."""
    place = 0
    if value[:1].isupper():
        return 0
    word = _WORD_AND_BLANK.match(value)
    while word is not None and word[1].islower() and word[1] not in _PARTICLE_FIRST:
        place = word.end()
        word = _WORD_AND_BLANK.match(value, place)
    return place if value[place : place + 1].isupper() or value[place:].split(" ", 1)[0] in _PARTICLE_FIRST else 0


def _short_sign(value: str) -> bool:
    """Whether a sign of one or two letters and a number are all: `Na 138`, `pH 7`. `AV 68` is a street."""
    return re.fullmatch(r"[A-Za-z][a-z]? \d{1,4}|p[HK] \d{1,2}", value) is not None and KIND_FIRST.match(value) is None


def _is_label(word: str) -> bool:
    """Whether numbers of other things stand behind the word; `P` may be of a post box."""
    return bool(word_classes(word) & (_LABEL | PAGE if len(word) > 2 else _LABEL))


def _labelled(value: str, word: str) -> bool:
    """Whether one word and digits are a label and its number."""
    return (
        _is_label(word)
        or fold(word) in _NEVER
        or (value.startswith(word) and sum(ch.isdigit() for ch in value) >= 6)
    )


def _number_with_label(value: str, spelled: list[str]) -> bool:
    """Whether numbers too long for houses and post codes stand behind a label: `Ihre Ordernr 55012987`."""
    runs = re.findall(r"\d+", value)
    if value.startswith(("IBAN ", "BIC ")) or (runs and min(map(len, runs)) >= 7) or (not spelled and len(value) > 10):
        return True
    short = len(spelled) <= 4 and sum(map(len, runs)) >= 6 and len(runs[0]) > 3
    return short and any(map(_is_label, spelled))


def _followed(text: Block, row: int, end: int) -> bool:
    """Whether a colon follows: the role is a field's name."""
    behind = text.data[end : min(int(text.ends[row]), end + 2)].tobytes()
    return behind[:1] == b":" or behind == b" :"


def left_of_address(piece: bytes) -> bool:
    """Whether what a number inside leaves of an address is still one: it has a number, and a word of some weight."""
    return re.search(rb"[0-9]", piece) is not None and re.search(rb"[A-Z\x80-\xff]", piece) is not None
