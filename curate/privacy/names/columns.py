"""What the name of a column or key says about its cells: `customer_name`, `city`, `employer`, `billingAddress`."""

from __future__ import annotations

import re
from functools import lru_cache

from curate.privacy.names.characters import fold
from curate.privacy.words import word_list

NOTHING, OF_PERSON, OF_PLACE, OF_BODY, OF_ADDRESS, OF_NAME = range(6)
"""OF_NAME: just `name`, which may be of a person, a product or anything else."""


_WORDS = {
    OF_ADDRESS: """address addr street address1 address2 adresse anschrift strasse direccion indirizzo endereco adres rue
        calle""",
    OF_PLACE: """city town country state province county region village place location birthplace hometown nationality stadt
        ort land ville pays ciudad pais citta paese cidade plaats kraj miasto origin destination""",
    OF_BODY: """company employer organization organisation org business firm vendor supplier bank school university
    publisher brand manufacturer firma empresa societe entreprise azienda bedrijf hospital institution merchant
    arbeitgeber krankenkasse versicherung employeur werkgever pracodawca""",
    OF_PERSON: """firstname lastname fullname surname forename givenname familyname middlename vorname nachname prenom
    nombre apellido apellidos cognome sobrenome voornaam achternaam imie nazwisko author authors customer client
    patient person contact employee owner manager assignee reporter sender recipient buyer seller physician
    doctor nurse student teacher candidate applicant passenger guest tenant landlord witness judge attorney
    director actor actress artist player speaker signatory beneficiary holder cardholder insured payee maiden
    nickname kunde patientin client""",
}
_CLASS = {word: kind for kind, words in _WORDS.items() for word in words.split()}
_NAME = frozenset(word_list("name names nom nome naam navn namn nimi nev ad isim имя фио"))
_PLAIN = {
    OF_PERSON: """firstname lastname fullname surname forename givenname familyname vorname nachname prenom apellido
        apellidos cognome sobrenome voornaam achternaam imie nazwisko fornavn efternavn fornamn efternamn etunimi sukunimi
        jmeno prijmeni keresztnev vezeteknev prenume имя фамилия""",
    OF_PLACE: """city town stadt wohnort ville ciudad citta cidade plaats miasto birthplace geburtsort hometown kaupunki
        sehir varos oras mesto город""",
}
_PLAIN[OF_BODY] = """company employer organization organisation firma arbeitgeber krankenkasse versicherung empresa
    empleador societe entreprise employeur azienda datore empregador bedrijf werkgever pracodawca sirket isveren perusahaan
    företag virksomhed компания работодатель"""
_OF_NAMES = frozenset(("first", "last", "full", "given", "family", "middle", "maiden"))
_PLAIN_CLASS = {word: kind for kind, words in _PLAIN.items() for word in words.split()}
_BARRED = frozenset(
    word_list("""
    id ids email mail phone number no file filename path type code date count price product item user username url login
    host domain event table column field key variable function class method display package module model title status text
    message note notes comment comments description body content review summary question answer ip zip score""")
)


_CHOSEN = frozenset(
    word_list("""
    choice choices option options ending endings candidates distractor distractors tag tags topic topics keyword keywords
    category categories kind type types label labels status color colors colour colours concept concepts theme themes
    genre genres species ingredient ingredients""")
)


def _parts(name: str) -> list[str]:
    """The words of a column's name, folded: `customerName`, `customer_name`."""
    return [fold(word) for word in re.findall(r"[^\W_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name))]


_GOODS = frozenset(map(fold, word_list("""
    product products produit produits produkt producto prodotto produto produk ürün товар brand marke marque merk""")))
_BUYERS = frozenset(word_list("manager owner buyer user author contact reviewer person"))


@lru_cache(maxsize=4096)
def chosen(name: str) -> bool:
    """Whether a column's or key's name says that its cells are choices, tags or kinds, where one small word is nobody."""
    return not _CHOSEN.isdisjoint(_parts(name))


@lru_cache(maxsize=4096)
def of_things(name: str) -> bool:
    """Whether a column's or key's name says that its cells are goods or brands: `Sac Ventoux`, `Calvin Klein`."""
    words = _parts(name)
    return not _GOODS.isdisjoint(words) and _BUYERS.isdisjoint(words)


@lru_cache(maxsize=4096)
def plain_class(name: str) -> int:
    """OF_PERSON, OF_PLACE or OF_BODY where the name of a column leaves no doubt about its cells, else NOTHING."""
    words = _parts(name)
    if not words or len(words) > 3 or _BARRED.intersection(words):
        return NOTHING
    if len(words) == 2 and words[1] in _NAME and words[0] in _OF_NAMES:
        return OF_PERSON
    return _PLAIN_CLASS.get(words[-1], NOTHING)


@lru_cache(maxsize=4096)
def column_class(name: str) -> int:
    """Class of a column's name."""
    words = _parts(name)
    if not words or len(words) > 4 or _BARRED.intersection(words):
        return NOTHING
    kinds = [_CLASS[w] for w in words if w in _CLASS]
    if _NAME.intersection(words):
        if {"first", "last", "full", "given", "family", "middle", "maiden", "sur"}.intersection(words):
            return OF_PERSON
        return kinds[0] if kinds else OF_NAME
    return kinds[0] if kinds else NOTHING
