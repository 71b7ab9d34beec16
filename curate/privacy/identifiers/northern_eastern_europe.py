"""Identifiers of northern and eastern Europe; see `americas` for how to read an entry."""

from __future__ import annotations

from curate.privacy.identifiers.model import Identifier as Id

_EMSO = r"\d{13}"
_EMSO_WORDS = (
    "jmbg; emso; jmb; maticni broj; jedinstveni maticni broj; јединствени матични број; матичен број; embg; "
    "емшо; јмбг; ембг; матични број"
)

AL = (
    Id("al_nipt", "TAX_ID", "a letter, eight digits, a letter", r"[JKLM]\d{8}[A-Z]", "nipt; nuis", "al.nipt",
       "", 0.0),
)  # fmt: skip
BA = (
    Id("ba_jmb", "NATIONAL_ID", "date of birth, region, serial, mod 11", _EMSO, _EMSO_WORDS, "si.emso"),
)  # fmt: skip
BG = (
    Id("bg_egn", "NATIONAL_ID", "GRAO, date of birth with shifted months, mod 11", r"\d{10}",
       "егн; единен граждански номер; egn; e.g.n", "bg.egn"),
    Id("bg_pnf", "NATIONAL_ID", "number of a foreigner, ten digits", r"\d{10}", "лнч; личен номер на чужденец; lnch",
       "bg.pnf"),
    Id("bg_vat", "TAX_ID", "nine or ten digits", r"(?:BG ?)?\d{9,10}", "еик; ддс; булстат; eik; bulstat; vat", "bg.vat",
       "AA999999999 AA9999999999", 0.7),
)  # fmt: skip
BY = (
    Id("by_unp", "TAX_ID", "nine characters", r"(?:УНП|UNP)? ?[0-9A-ZА-Я]{2}\d{7}", "унп; унн; unp", "by.unp"),
)  # fmt: skip
CZ = (
    Id("cz_rc", "NATIONAL_ID", "date of birth, serial, mod 11", r"\d{6}/?\d{3,4}",
       "rodne cislo; rodneho cisla; r.c; rc; rodnym cislem; birth number", "cz.rc", "999999/9999", 0.75, 0.95),
    Id("cz_dic", "TAX_ID", "CZ and eight to ten digits", r"CZ ?\d{8,10}", "dic; vat; ico", "cz.dic",
       "AA99999999 AA999999999 AA9999999999", 0.75),
    Id("cz_op", "NATIONAL_ID", "identity card, nine digits", r"\d{9}",
       "obcansky prukaz; obcanskeho prukazu; cislo op; cislo obcanskeho prukazu", score=0.8, reach=4),
)  # fmt: skip
DK = (
    Id("dk_cpr", "NATIONAL_ID", "CPR office, date of birth and serial; the check digit is no longer used",
       r"\d{6}[- ]?\d{4}", "cpr*; personnummer; cpr-nummer; cpr-nr", "dk.cpr"),
    Id("dk_cvr", "TAX_ID", "eight digits, mod 11", r"(?:DK ?)?\d{2} ?\d{2} ?\d{2} ?\d{2}", "cvr*; se-nummer; vat",
       "dk.cvr", "AA99999999", 0.7),
)  # fmt: skip
EE = (
    Id("ee_ik", "NATIONAL_ID", "sex and century, date of birth, serial, mod 11", r"[1-8]\d{10}",
       "isikukood*; isikukoodi; personal code", "ee.ik"),
    Id("ee_kmkr", "TAX_ID", "EE and nine digits", r"EE ?\d{9}", "kmkr; vat; kaibemaksu*", "ee.kmkr", "AA999999999", 0.75),
)  # fmt: skip
FI = (
    Id("fi_hetu", "NATIONAL_ID", "DVV, date of birth, century sign, serial, check character mod 31",
       r"\d{6}[-+A-FU-Y]\d{3}[0-9A-FHJ-NPR-Y]", "henkilotunnu*; hetu; sotu; sosiaaliturvatunnu*; personbeteckning*",
       "fi.hetu", "999999-9999 999999-999A 999999A9999 999999A999A 999999+999A", 0.85, 0.95),
    Id("fi_ytunnus", "TAX_ID", "PRH, seven digits and a check digit", r"\d{7}-\d|FI ?\d{8}",
       "y-tunnu*; ytunnu*; alv-numero; alv; arvonlisavero*", "fi.ytunnus", "9999999-9", 0.5),
)  # fmt: skip
FO = (
    Id("fo_vn", "TAX_ID", "six digits", r"\d{6}", "v-tal; vinnutal; vn", "fo.vn", reach=3),
)  # fmt: skip
HR = (
    Id("hr_oib", "NATIONAL_ID", "eleven digits, ISO 7064 mod 11,10", r"(?:HR ?)?\d{11}",
       "oib; osobni identifikacijski broj", "hr.oib", "AA99999999999", 0.75, 0.95),
    Id("hr_jmbg", "NATIONAL_ID", "date of birth, region, serial, mod 11", _EMSO, _EMSO_WORDS, "si.emso"),
)  # fmt: skip
HU = (
    Id("hu_taj", "MEDICAL_ID", "social security number, nine digits, weights 3 and 7", r"\d{3}[- ]?\d{3}[- ]?\d{3}",
       "taj; taj-szam*; tajszam*; taj szam*; tarsadalombiztositasi*", ".hungarian_taj"),
    Id("hu_tax", "TAX_ID", "tax number of persons, ten digits that begin with 8", r"8\d{9}",
       "adoazonosito*; adoazonosito jel*; ado azonosito", ".hungarian_tax"),
    Id("hu_anum", "TAX_ID", "tax number of companies, eight digits", r"\d{8}(?:-\d-\d{2})?|HU ?\d{8}",
       "adoszam*; kozossegi adoszam*", "hu.anum", "AA99999999", 0.7),
    Id("hu_id", "NATIONAL_ID", "identity card, six digits and two letters", r"\d{6} ?[A-Z]{2}",
       "szemelyi igazolvany*; szemelyi szam*; igazolvanyszam*; szemelyi", score=0.85),
)  # fmt: skip
IS = (
    Id("is_kennitala", "NATIONAL_ID", "date of birth, serial, mod 11, century", r"\d{6}[- ]?\d{4}",
       "kennitala*; kennitolu*; kt", "is_.kennitala"),
)  # fmt: skip
LT = (
    Id("lt_asmens", "NATIONAL_ID", "sex and century, date of birth, serial, mod 11", r"[1-6]\d{10}",
       "asmens kod*; a.k; asmens kodas", "lt.asmens"),
    Id("lt_pvm", "TAX_ID", "LT and nine or twelve digits", r"LT ?(?:\d{12}|\d{9})", "pvm*; vat", "lt.pvm",
       "AA999999999 AA999999999999", 0.75),
)  # fmt: skip
LV = (
    Id("lv_pk", "NATIONAL_ID", "date of birth, century, serial, mod 11; or 32 and nine digits", r"\d{6}-?\d{5}",
       "personas kod*; pers. kods; personas koda", "lv.pvn", "999999-99999", 0.75, 0.95),
)  # fmt: skip
MD = (
    Id("md_idno", "NATIONAL_ID", "thirteen digits, weights 7, 3, 1", r"\d{13}", "idnp; idno; cod personal", "md.idno"),
)  # fmt: skip
ME = (
    Id("me_jmbg", "NATIONAL_ID", "date of birth, region, serial, mod 11", _EMSO, _EMSO_WORDS, "si.emso"),
    Id("me_pib", "TAX_ID", "eight digits, mod 11", r"\d{8}", "pib; pib broj; пиб", "me.pib"),
)  # fmt: skip
MK = (
    Id("mk_embg", "NATIONAL_ID", "date of birth, region, serial, mod 11", _EMSO, _EMSO_WORDS, "si.emso"),
    Id("mk_edb", "TAX_ID", "thirteen digits, mod 11", r"(?:MK ?)?\d{13}", "едб; edb; даночен број", "mk.edb"),
)  # fmt: skip
NO = (
    Id("no_fodselsnummer", "NATIONAL_ID", "Skatteetaten, date of birth, serial, two check digits", r"\d{6} ?\d{5}",
       "fodselsnummer*; fodselsnr; personnummer*; personnr; fnr; d-nummer; fødselsnummer*", "no.fodselsnummer",
       "999999_99999", 0.75, 0.95),
    Id("no_orgnr", "TAX_ID", "nine digits, mod 11", r"\d{3} ?\d{3} ?\d{3}(?: ?MVA)?",
       "organisasjonsnummer*; orgnr; org.nr; org nr; mva", "no.orgnr"),
    Id("no_konto", "BANK_ACCOUNT", "eleven digits, mod 11", r"\d{4}[. ]?\d{2}[. ]?\d{5}",
       "kontonummer*; kontonr; bankkonto*", "no.kontonr", "9999.99.99999", 0.6),
)  # fmt: skip
PL = (
    Id("pl_pesel", "NATIONAL_ID", "date of birth with shifted months, serial, weights mod 10", r"\d{11}",
       "pesel*; numer pesel; nr pesel", "pl.pesel", score=0.95),
    Id("pl_nip", "TAX_ID", "ten digits, mod 11",
       r"(?:PL ?)?\d{3}[- ]?\d{3}[- ]?\d{2}[- ]?\d{2}|\d{3}-\d{2}-\d{2}-\d{3}",
       "nip; numer identyfikacji podatkowej; vat", "pl.nip", "999-999-99-99 999-99-99-999 AA9999999999", 0.75, 0.95),
    Id("pl_dowod", "NATIONAL_ID", "identity card, three letters and six digits", r"[A-Z]{3} ?\d{6}",
       "dowod osobist*; dowodu osobist*; dowod; dowodu; nr dowodu; seria i numer", score=0.85),
    Id("pl_regon", "TAX_ID", "GUS, nine or fourteen digits", r"\d{9}|\d{14}", "regon", "pl.regon"),
)  # fmt: skip
RO = (
    Id("ro_cnp", "NATIONAL_ID", "sex and century, date of birth, county, serial, mod 11", r"[1-9]\d{12}",
       "cnp; cod numeric personal; cnp-ul; cnp-ului", "ro.cnp", score=0.95),
    Id("ro_cf", "TAX_ID", "up to ten digits, mod 11", r"RO ?\d{2,10}", "cui; cif; cod fiscal; tva; vat", "ro.cf"),
)  # fmt: skip
RS = (
    Id("rs_jmbg", "NATIONAL_ID", "date of birth, region, serial, mod 11", _EMSO, _EMSO_WORDS, "si.emso"),
    Id("rs_pib", "TAX_ID", "nine digits, ISO 7064", r"\d{9}", "pib; пиб; poreski identifikacioni broj", "rs.pib"),
)  # fmt: skip
RU = (
    Id("ru_inn", "TAX_ID", "FNS, ten or twelve digits, weights mod 11", r"\d{12}|\d{10}",
       "инн; inn; идентификационный номер налогоплательщика", "ru.inn", score=0.95),
    Id("ru_snils", "NATIONAL_ID", "pension fund, eleven digits, mod 101", r"\d{3}[- ]?\d{3}[- ]?\d{3}[- ]?\d{2}",
       "снилс; snils; страховой номер*", ".snils", "999-999-999_99 999-999-999-99", 0.8, 0.95),
    Id("ru_passport", "PASSPORT", "MVD, four digits and six digits", r"\d{2} ?\d{2} ?(?:№ ?)?\d{6}",
       "паспорт*; серия; серия и номер", score=0.8, reach=6),
    Id("ru_ogrn", "TAX_ID", "thirteen or fifteen digits", r"\d{13}|\d{15}", "огрн; огрнип; ogrn", "ru.ogrn"),
)  # fmt: skip
SE = (
    Id("se_personnummer", "NATIONAL_ID", "Skatteverket, date of birth, serial, Luhn", r"(?:19|20)?\d{6}[-+ ]?\d{4}",
       "personnummer*; personnr; samordningsnummer*; pnr", "se.personnummer", "999999-9999 99999999-9999 999999+9999",
       0.65, 0.95),
    Id("se_orgnr", "TAX_ID", "ten digits, Luhn", r"\d{6}-?\d{4}",
       "organisationsnummer*; orgnr; org.nr; momsnummer; org nr", "se.orgnr"),
    Id("se_vat", "TAX_ID", "SE and twelve digits", r"SE ?\d{12}", "moms*; vat", "se.vat", "AA999999999999", 0.8),
)  # fmt: skip
SI = (
    Id("si_emso", "NATIONAL_ID", "date of birth, region, serial, mod 11", _EMSO, _EMSO_WORDS, "si.emso"),
    Id("si_ddv", "TAX_ID", "eight digits, mod 11", r"(?:SI ?)?\d{8}", "davcna stevilka; davcna; id za ddv; ddv",
       "si.ddv", "AA99999999", 0.65),
)  # fmt: skip
SK = (
    Id("sk_rc", "NATIONAL_ID", "date of birth, serial, mod 11", r"\d{6}/?\d{3,4}", "rodne cislo; rodneho cisla; rc",
       "sk.rc", "999999/9999", 0.75, 0.95),
    Id("sk_dph", "TAX_ID", "SK and ten digits", r"SK ?\d{10}", "dic; ic dph; vat", "sk.dph", "AA9999999999", 0.75),
)  # fmt: skip
UA = (
    Id("ua_rntrc", "TAX_ID", "tax number of persons, ten digits", r"\d{10}",
       "іпн; ркнопп; рнокпп; ідентифікаційний код; ідентифікаційний номер; инн; rnokpp", "ua.rntrc"),
    Id("ua_edrpou", "TAX_ID", "eight digits", r"\d{8}", "єдрпоу; едрпоу; edrpou", "ua.edrpou"),
    Id("ua_passport", "PASSPORT", "two Cyrillic letters and six digits, or nine digits",
       r"[А-ЯІЇЄҐ]{2} ?(?:№ ?)?\d{6}|\d{9}", "паспорт*; серія", score=0.8, reach=5),
)  # fmt: skip

TABLE = {
    "AL": AL, "BA": BA, "BG": BG, "BY": BY, "CZ": CZ, "DK": DK, "EE": EE, "FI": FI, "FO": FO, "HR": HR, "HU": HU,
    "IS": IS, "LT": LT, "LV": LV, "MD": MD, "ME": ME, "MK": MK, "NO": NO, "PL": PL, "RO": RO, "RS": RS, "RU": RU,
    "SE": SE, "SI": SI, "SK": SK, "UA": UA,
}  # fmt: skip
