"""Words that make a number more or less likely to be personal data.

Each word belongs to one or more classes (bits). The kernel looks at up to eight words before a number and two after it,
compares 64-bit FNV-1a hashes of the lower-cased words, and hands on two masks: the classes of the *nearest* word that
is in the list, and the union over all of them. Letters with accents are hashed as their UTF-8 bytes (no case folding),
so such words are listed in both spellings where it matters. Words of `PHONE_AFTER` help only behind a number or as a
field's name ("Desk:"), because "the office at" speaks of a place. English first, with the common words of other
languages.
"""

from __future__ import annotations

import re

from curate.privacy.identifiers import IDENTIFIERS
from curate.privacy.key_shapes import PLAIN_PREFIXES, SHAPES
from curate.privacy.letters import hash_table
from curate.privacy.words import EXACT, STEMS, spellings, word_list

PHONE, IDENTIFIER, CARD, SSN, IP, VERSION, BIRTH, MONEY, PAGE, COUNT, PHONE_AFTER = (1 << i for i in range(11))

_WORDS: dict[int, str] = {
    PHONE: """phone phones telephone tel telefon telefono teléfono téléphone telefone telefoon tlf mobile mobil movil
        móvil cell cellphone cellular handy fax faks call calls calling dial message messages whatsapp sms signal viber
        telegram contact hotline helpline callback fon landline phonenumber phoneno mobilenumber ring reach answering
        rufnummer telefonnummer celular portable pager voicemail textme hablar llame llamar appelez appeler anrufen
        erreichen erreichbar zap zapzap telem tlm""",
    IDENTIFIER: """order orders invoice tracking ticket isbn issn doi ref reference id ids uid guid serial sku part
        model catalog catalogue case docket account acct acc booking reservation confirmation transaction txn policy
        member membership employee patent article item barcode ean upc asin pmid arxiv rfc commit hash timestamp unix
        epoch parcel shipment receipt po rma batch lot licence license permit passport routing zip postcode postal
        quantity population coordinates latitude longitude lat lon lng score scores record bestellung bestellnummer
        rechnung pedido factura commande facture oclc lccn issue vol volume userid orderid number_id vin imei port
        cep plz postleitzahl postnummer postnr pincode eircode""",
    CARD: "card cards credit debit visa mastercard maestro amex cc pan creditcard cardnumber kreditkarte tarjeta carte",
    SSN: "ssn ssns social socialsecurity itin taxpayer socialsecuritynumber",
    IP: "ip ips ipv ipv4 ipv6 address addr host server hostname dns gateway ping client remote subnet netmask cidr",
    VERSION: """version versions v ver release releases build rev revision firmware driver update section chapter
        clause paragraph sec dotnet assembly patch""",
    BIRTH: "born birth birthday birthdate dob geboren nacido nacida née naissance nacimiento geburtsdatum bday",
    MONEY: "usd eur gbp dollars euros euro dollar pounds price total cost amount paid sum revenue budget worth",
    PHONE_AFTER: """office desk home work phone mobile cell fax tel direct numarasından numarasına numarasını numaralı
        numaramdan arayın numeroon számon számot számra 致电""",
    PAGE: "page pages pp p line lines row verse column zeile zeilen spalte seite ligne colonne fila columna rad wiersz",
    COUNT: "number num nummer numero numéro número numer nomor numara numaram номер नंबर नम्बर",
}
_CLASS_OF = {"PHONE": PHONE, "IDENTIFIER": IDENTIFIER, "BIRTH": BIRTH}
for _name, _more in EXACT.items():
    _WORDS[_CLASS_OF[_name]] += " " + _more


def _classes() -> dict[bytes, int]:
    merged: dict[bytes, int] = {}
    for mask, words in _WORDS.items():
        for word in words.split():
            for spelling in spellings(word):
                merged[spelling.encode()] = merged.get(spelling.encode(), 0) | mask
    for word in _trigger_words():
        if len(word) < STEM:
            merged[word.encode()] = merged.get(word.encode(), 0) | ID_WORD
    return merged


FOREIGN, ID_WORD, VALUE = (1 << i for i in range(11, 14))
"""FOREIGN, ID_WORD and COUNT are set in the union alone: a word with letters beyond ASCII; one that may belong to a phrase
of an identifier; one that says "number" of anything. VALUE: the column's name is such a phrase, so its whole cells are
judged."""
STEM = 5
"""Letters from which a word of an identifier counts as a stem: `passportnumber`, `henkilotunnukseni`."""
_COMMON = frozenset(word_list("number numbers numero nummer numer nomor code card carte carta cod no nr id de la the of"))


def _trigger_words() -> set[str]:
    """The most telling ASCII word of each phrase of each identifier, abbreviations without their full stops."""
    out = set()
    for identifier in IDENTIFIERS:
        for phrase in identifier.phrases():
            words = re.findall(r"[a-z]+", phrase) if phrase.isascii() else []
            if words and max(map(len, words)) == 1:
                out.add("".join(words))  # `t.c`, which the lexer reads as one word
            elif words:
                out.add(max(words, key=lambda w: (w not in _COMMON, len(w), w)))
    return out


def _shapes() -> dict[bytes, int]:
    return {shape.encode(): 1 for i in IDENTIFIERS if i.alone for shape in i.shapes.split()}


WORD_KEYS, WORD_MASKS = hash_table(_classes(), 12)



def _stems() -> dict[bytes, int]:
    out = {word.encode(): ID_WORD for word in _trigger_words() if len(word) >= STEM}
    for name, stems in STEMS.items():
        for stem in stems.split():
            for spelling in spellings(stem):
                if len(spelling.encode()) >= STEM:
                    out[spelling.encode()] = out.get(spelling.encode(), 0) | _CLASS_OF[name]
    return out


_STEM_CLASSES = _stems()
STEM_KEYS, STEM_VALUES = hash_table(_STEM_CLASSES, 13)
SHAPE_KEYS, SHAPE_VALUES = hash_table(_shapes(), 9)

_TLDS = word_list("""
    com org net edu gov mil int info biz name pro aero coop museum mobi jobs travel tel cat asia post xxx arpa app
    dev page blog shop store online site tech cloud space website email live life world today news media agency company
    solutions services group global digital design studio systems software network support center academy school
    university college health care clinic dental hospital church community foundation fund finance financial bank
    insurance loans money market markets consulting ventures capital partners holdings international energy solar green
    eco farm garden food kitchen cafe bar pub restaurant pizza beer wine club fun game games play bet casino poker sport
    fitness yoga run bike auto car cars taxi tours vacations holiday hotel flights photos photography pictures gallery
    art music band movie film video theater show tickets events wedding dating singles social chat wiki guru expert tips
    guide how review reviews report press works work careers jobs hiring house homes land estate properties property
    rent rentals apartments construction build builders tools supply industries engineering science bio lab legal law
    lawyer attorney tax accountant codes computer xyz top icu vip win bid trade zone city town london nyc berlin paris
    tokyo amsterdam wien koeln hamburg bayern swiss scot wales cymru irish eus gal quebec africa local example test
    invalid localhost lan internal corp home onion
""")
_FILES = word_list("""
    png jpg jpeg gif svg webp bmp tif tiff ico pdf doc docx xls xlsx ppt pptx txt csv tsv json xml yaml yml html htm
    css scss js ts jsx tsx mjs vue java kt cpp hpp cs php jar zip gz bz2 xz tar rar exe dll so bin iso mp3 mp4 wav
    avi mov log ini cfg conf toml lock sql ipynb parquet
""")
# `py`, `rs`, `pl`, `sh`, `md`, `mp` and other two-letter endings are country codes as well: left to the country.
TLD_KEYS, TLD_VALUES = hash_table({**{t.encode(): 1 for t in _TLDS}, **{f.encode(): 2 for f in _FILES}}, 10)

_SECRET_KEYS = word_list("""
    password passwd pwd passphrase passcode secret token apikey api_key access_token auth_token refresh_token
    id_token client_secret secret_key access_key secret_access_key aws_secret_access_key private_key api_token
    authtoken accesstoken auth_key authorization bearer_token api_secret app_secret session_token sessionid
    session_id jwt sig signature connection_string accountkey sharedaccesskey db_password dbpassword
    user_password admin_password passwort kennwort
""")
_HANDLE_KEYS = word_list("""
    username user_name userid user_id login handle screen_name screenname nickname twitter instagram telegram discord
    github gitlab tiktok snapchat skype benutzername usuario utente identifiant gebruikersnaam
""")
SECRET_KEYS, SECRET_VALUES = hash_table({k.encode(): 1 for k in _SECRET_KEYS} | {k.encode(): 2 for k in _HANDLE_KEYS}, 9)
"""Names before `=` or `:`: 1 of a secret, 2 of a user name."""
_SIGNED = sorted({shape.word() for shape in SHAPES if shape.signed()})
KEY_KEYS, KEY_VALUES = hash_table({word.encode(): 1 for word in _SIGNED}, 9)
"""What stands before the first sign of a provider's key; compared with regard to case."""
PLAIN_KEYS, PLAIN_VALUES = hash_table({word.encode(): 1 for word in PLAIN_PREFIXES}, 7)


def word_classes(word: str) -> int:
    """Classes of one word as it is written, by itself or by its stem."""
    raw = word.encode()
    small = bytes(b + 32 if 65 <= b <= 90 else b for b in raw)
    found = _CLASSES.get(small, 0)
    for size in range(STEM, min(len(small), 24) + 1):
        found |= _STEM_CLASSES.get(small[:size], 0)
    return found


def column_masks(name: str, spoken: bool) -> tuple[int, int]:
    """What a column's name says of its short cells: mask of its last listed word and union; `spoken`: some identifier's
    phrase is in it. Words that name columns of ordinary text (`message`, `contact`) say nothing."""
    near = union = 0
    for word in re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()):
        mask = _CLASSES.get(word.encode(), 0) & (PHONE | CARD | SSN | IP | BIRTH) | (word_classes(word) & BIRTH)
        if mask and word not in _TEXT_COLUMNS:
            near, union = mask, union | mask
    return near, union | (ID_WORD | VALUE if spoken else 0)


_CLASSES = _classes()
_TEXT_COLUMNS = frozenset(word_list("""
    message messages contact call calls calling signal ring reach answering handy dial telegram text address pan cards cc
    client host server remote social
"""))
