"""What the tagger takes for a name and words around it disprove: labels with numbers, kin and roles in front of names.

- `Ordernr 55012987`, `telem. 962 331 708`: a label and its number are no street address.
- `Sohn Detlef Wittkopp`, `Utente Deolinda Fragoso`: the role is no part of the name, and a role alone is no name.

Complexity: O(spans of these types), about 3 microseconds each.
"""

from __future__ import annotations

import re

import numpy as np

from curate.privacy.column import Block
from curate.privacy.context import CARD, COUNT, IDENTIFIER, MONEY, PHONE, PHONE_AFTER, VERSION, _words, word_classes
from curate.privacy.names.east_asian import no_person
from curate.privacy.overlaps import Found
from curate.privacy.phrases import fold
from curate.privacy.types import CODE

_ADDRESS, _PERSON = CODE["STREET_ADDRESS"], CODE["PERSON"]
_LABEL = PHONE | PHONE_AFTER | IDENTIFIER | CARD | MONEY | VERSION | COUNT
_WORD = re.compile(r"[^\W\d_]+")
_ROLES = frozenset(_words("""
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
    муж жена сын дочь брат сестра сосед соседка пациент пациентка истец ответчик клиент клиентка гражданин гражданка
"""))
"""Folded words that stand before names and are none."""
_NEVER = frozenset(_words("""
    referto saal salle sala esq zimmer befund anamnese protokoll rechnung ordernr kundennr bestellnr factura fattura facture
    pedido ordine commande ticket betreff objet asunto oggetto assunto onderwerp temat konu тема
"""))
"""Folded words of forms that are never a person by themselves."""


def plausible(text: Block, found: Found) -> Found:
    """The spans of names without those that are none; roles in front of people are left out."""
    at = found.at
    keep = np.ones(len(at), np.bool_)
    for n in np.flatnonzero((at[:, 3] == _ADDRESS) | (at[:, 3] == _PERSON)).tolist():
        start, end = int(at[n, 1]), int(at[n, 2])
        value = text.data[start:end].tobytes().decode("utf-8", "replace")
        if at[n, 3] == _ADDRESS:
            words = _WORD.findall(value)
            keep[n] = not (len(words) == 1 and _labelled(value, words[0]))
            continue
        if no_person(value):
            keep[n] = False
            continue
        word = _WORD.match(value)
        if word is None:
            continue
        folded = fold(word[0])
        if folded not in _ROLES and folded not in _NEVER:
            continue
        rest = _WORD.search(value, word.end())
        if rest is None:
            keep[n] = not (folded in _NEVER or (folded in _ROLES and _followed(text, int(at[n, 0]), end)))
        elif folded in _ROLES and value[word.end()] in " .":
            at[n, 1] = start + len(value[: rest.start()].encode())
    return found.take(keep) if not keep.all() else found


def _labelled(value: str, word: str) -> bool:
    """Whether one word and digits are a label and its number."""
    return bool(word_classes(word) & _LABEL) or fold(word) in _NEVER or (
        value.startswith(word) and sum(ch.isdigit() for ch in value) >= 6
    )


def _followed(text: Block, row: int, end: int) -> bool:
    """Whether a colon follows: the role is a field's name."""
    return end < int(text.ends[row]) and text.data[end] == 58


def left_of_address(piece: bytes) -> bool:
    """Whether what a number inside leaves of an address is still one: it has a number, and a word of some weight."""
    return re.search(rb"[0-9]", piece) is not None and re.search(rb"[A-Z\x80-\xff]", piece) is not None
