"""Identifiers of western and southern Europe; see `americas` for how to read an entry."""

from __future__ import annotations

from curate.privacy.identifiers.model import Identifier as Id

_SOCIAL_DE = "sozialversicherungsnummer; sv-nummer; svnr; sv-nr; versicherungsnummer; rentenversicherungsnummer"

AT = (
    Id("at_vnr", "NATIONAL_ID", "Dachverband, three digits, check digit, date of birth", r"\d{4}[ -]?\d{6}", _SOCIAL_DE,
       "at.vnr"),
    Id("at_tin", "TAX_ID", "Finanzamt, nine digits, Luhn-like", r"\d{2}[-/ ]?\d{3}[-/ ]?\d{4}",
       "steuernummer; abgabenkontonummer; st.nr; steuer-nr", "at.tin"),
    Id("at_uid", "TAX_ID", "VAT number, U and eight digits", r"AT ?U ?\d{8}", "uid; umsatzsteuer*; ust-id*; vat",
       "at.uid", "AAA99999999", 0.8),
)  # fmt: skip
BE = (
    Id("be_nn", "NATIONAL_ID", "Rijksregister, date of birth, serial, mod 97",
       r"\d{2}[. ]?\d{2}[. ]?\d{2}[- ]?\d{3}[. ]?\d{2}",
       "rijksregister*; registre national; numero national; niss; insz; numero de registre national", "be.nn",
       "99.99.99-999.99", 0.9, 0.95),
    Id("be_vat", "TAX_ID", "enterprise number, ten digits, mod 97", r"(?:BE ?)?[01]\d{3}[. ]?\d{3}[. ]?\d{3}",
       "tva; btw; ondernemingsnummer; numero d'entreprise; vat", "be.vat", "AA9999999999 AA9999.999.999 9999.999.999",
       0.7),
)  # fmt: skip
CH = (
    Id("ch_ahv", "NATIONAL_ID", "ZAS, 13 digits that begin with 756, EAN check", r"756[. ]?\d{4}[. ]?\d{4}[. ]?\d{2}",
       "ahv*; avs; sozialversicherungsnummer; numero avs; svnr", "ch.ssn", "999.9999.9999.99", 0.95, 0.95),
    Id("ch_uid", "TAX_ID", "BFS, CHE and nine digits, mod 11", r"CHE[- ]?\d{3}[. ]?\d{3}[. ]?\d{3}",
       "uid; ide; mehrwertsteuer*; mwst*", "ch.uid", "AAA-999.999.999 AAA999999999", 0.85),
)  # fmt: skip
CY = (
    Id("cy_vat", "TAX_ID", "nine characters, the last a check letter", r"(?:CY)?\d{8}[A-Z]",
       "vat; tic; fpa; tax identification*", "cy.vat", "AA99999999A", 0.75),
)  # fmt: skip
DE = (
    Id("de_idnr", "TAX_ID", "BZSt, eleven digits, ISO 7064 mod 11,10", r"\d{2} ?\d{3} ?\d{3} ?\d{3}",
       "steuer-id*; steuerid*; steueridentifikations*; steuerliche identifikations*; identifikationsnummer; "
       "idnr; id-nr; steuer id; tax id", "de.idnr"),
    Id("de_stnr", "TAX_ID", "Finanzamt, ten to thirteen digits by state", r"\d{2,3}[/ ]\d{3,4}[/ ]\d{4,5}|\d{10,13}",
       "steuernummer; steuer-nr; st-nr; steuernr", "de.stnr", score=0.75),
    Id("de_vat", "TAX_ID", "BZSt, DE and nine digits, ISO 7064", r"(?:DE ?)?\d{3} ?\d{3} ?\d{3}",
       "umsatzsteuer*; ust-id*; ustid*; ust-idnr; vat", "de.vat", "AA999999999", 0.65),
    Id("de_pension", "NATIONAL_ID", "DRV, area, date of birth, letter, serial, check digit",
       r"\d{2} ?\d{6} ?[A-Z] ?\d{3}", _SOCIAL_DE + '; rvnr', ".german_pension", "99999999A999", 0.75),
    Id("de_ausweis", "NATIONAL_ID", "identity card or passport, nine characters, ICAO 9303 check digit",
       r"[CFGHJKLMNPRTVWXYZ][CFGHJKLMNPRTVWXYZ0-9]{8}\d?",
       "personalausweis*; ausweisnummer; ausweis-nr; ausweis; ausweisnr", ".german_card", score=0.85),
    Id("de_kvnr", "MEDICAL_ID", "health insurance number, a letter and nine digits", r"[A-Z] ?\d{3} ?\d{3} ?\d{3}",
       "krankenversicherten*; krankenversicherung*; kvnr; versichertenn*; versicherten-nr; krankenkasse*", score=0.8),
)  # fmt: skip
ES = (
    Id("es_dni", "NATIONAL_ID", "Policía Nacional, eight digits and a letter, mod 23",
       r"\d{2}\.?\d{3}\.?\d{3}[- ]?[A-Za-z]",
       "dni; nif; documento nacional de identidad; documento de identidad; d.n.i", "es.dni",
       "99999999A 99999999-A 99.999.999-A 99.999.999A", 0.8, 0.95),
    Id("es_nie", "NATIONAL_ID", "Policía Nacional, X, Y or Z, seven digits and a letter",
       r"[XYZxyz][- ]?\d{7}[- ]?[A-Za-z]", "nie; numero de identidad de extranjero; nif; tarjeta de residencia; dni",
       "es.nie", "A9999999A A-9999999-A A-9999999A A9999999-A", 0.85, 0.95),
    Id("es_cif", "TAX_ID", "Agencia Tributaria, a letter, seven digits, a check character",
       r"(?:ES)?[ABCDEFGHJNPQRSUVW][- ]?\d{7}[- ]?[0-9A-J]", "cif; nif; identificacion fiscal; vat; iva", "es.nif",
       "AA99999999 AAA9999999A AA9999999A AAA99999999", 0.6),
    Id("es_nss", "NATIONAL_ID", "Seguridad Social, twelve digits", r"\d{2}[/ ]?\d{8}[/ ]?\d{2}",
       "seguridad social; nss; numero de afiliacion; naf", score=0.75, reach=5),
)  # fmt: skip
FR = (
    Id("fr_nir", "NATIONAL_ID", "INSEE, sex, year, month, department, serial, mod 97",
       r"[1-478] ?\d{2} ?\d{2} ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}",
       "numero de securite sociale; securite sociale; nir; insee; numero de secu; secu; carte vitale", "fr.nir",
       "9_99_99_99_999_999_99 999999999999999 9_99_99_9A_999_999_99 999999A99999999", 0.85, 0.95),
    Id("fr_nif", "TAX_ID", "DGFiP, thirteen digits", r"[0-3]\d ?\d{2} ?\d{3} ?\d{3} ?\d{3}",
       "numero fiscal; spi; reference fiscale; identifiant fiscal; numero d'imposition", "fr.nif"),
    Id("fr_siret", "TAX_ID", "INSEE, nine or fourteen digits, Luhn", r"\d{3} ?\d{3} ?\d{3} ?\d{5}",
       "siret; numero siret", "fr.siret"),
    Id("fr_siren", "TAX_ID", "INSEE, nine digits, Luhn", r"\d{3} ?\d{3} ?\d{3}", "siren; rcs", "fr.siren"),
    Id("fr_tva", "TAX_ID", "VAT number, two characters and the SIREN", r"FR ?[0-9A-Z]{2} ?\d{3} ?\d{3} ?\d{3}",
       "tva; tva intracommunautaire; vat", "fr.tva", "AA99999999999 AA99_999_999_999", 0.8),
    Id("fr_cni", "NATIONAL_ID", "identity card, twelve digits or nine characters", r"\d{12}|[A-Z0-9]{9}",
       "carte nationale d'identite; carte d'identite; cni; piece d'identite", score=0.7, reach=4),
)  # fmt: skip
GB = (
    Id("gb_nino", "NATIONAL_ID", "HMRC, two letters, six digits, A to D",
       r"[A-Z]{2} ?\d{2} ?\d{2} ?\d{2} ?[A-D]",
       "national insurance*; national insurance number*; national insurance no; ni number; nino; ni no; insurance number",
       ".nino", "AA999999A AA_99_99_99_A", 0.75, 0.95),
    Id("gb_nhs", "MEDICAL_ID", "NHS, ten digits, mod 11", r"\d{3}[- ]?\d{3}[- ]?\d{4}",
       "nhs; nhs number; national health service", "gb.nhs", score=0.95),
    Id("gb_utr", "TAX_ID", "HMRC, ten digits, mod 11", r"\d{5} ?\d{5}",
       "utr; unique taxpayer*; self assessment; tax reference", "gb.utr"),
    Id("gb_vat", "TAX_ID", "HMRC, nine or twelve digits, mod 97", r"(?:GB ?)?\d{3} ?\d{4} ?\d{2}(?: ?\d{3})?",
       "vat; vat number; vat registration; vat reg", "gb.vat", "AA999999999 AA_999_9999_99", 0.7),
    Id("gb_sort_code", "ROUTING_NUMBER", "six digits in pairs", r"\d{2}[- ]\d{2}[- ]\d{2}|\d{6}",
       "sort code; sortcode; sort-code", score=0.8, reach=3),
)  # fmt: skip
GR = (
    Id("gr_amka", "NATIONAL_ID", "IDIKA, date of birth and serial, Luhn", r"\d{11}", "αμκα; amka; α.μ.κ.α", "gr.amka"),
    Id("gr_afm", "TAX_ID", "AADE, nine digits, powers of two mod 11", r"(?:EL ?|GR ?)?\d{9}",
       "αφμ; afm; α.φ.μ; αριθμος φορολογικου μητρωου; vat", "gr.vat", "AA999999999", 0.7),
    Id("gr_adt", "NATIONAL_ID", "identity card, two letters and six digits", r"[Α-ΩA-Z]{1,2}[- ]?\d{6}",
       "αριθμος ταυτοτητας; ταυτοτητα*; αδτ", score=0.8),
)  # fmt: skip
IE = (
    Id("ie_pps", "NATIONAL_ID", "seven digits and one or two letters, mod 23", r"\d{7} ?[A-W][ABWTX]?",
       "pps; ppsn; pps number; personal public service; pps no", "ie.pps", "9999999AA 9999999A", 0.55),
    Id("ie_vat", "TAX_ID", "Revenue, eight or nine characters", r"IE ?\d[0-9A-Z+*]\d{5}[A-W][A-I]?", "vat; vat number",
       "ie.vat", "AA9999999A AA9999999AA", 0.75),
)  # fmt: skip
IT = (
    Id("it_codice_fiscale", "TAX_ID", "Agenzia delle Entrate, name, date, town, check letter",
       r"[A-Z]{3} ?[A-Z]{3} ?[0-9LMNPQRSTUV]{2}[ABCDEHLMPRST][0-9LMNPQRSTUV]{2} ?[A-Z][0-9LMNPQRSTUV]{3} ?[A-Z]|"
       r"[a-z]{6}\d{2}[a-z]\d{2}[a-z]\d{3}[a-z]", "codice fiscale; c.f; cod. fiscale; cf", "it.codicefiscale",
       "AAAAAA99A99A999A aaaaaa99a99a999a", 0.95, 0.95),
    Id("it_iva", "TAX_ID", "Agenzia delle Entrate, eleven digits, Luhn", r"(?:IT ?)?\d{11}",
       "partita iva; p.iva; p. iva; iva; vat", "it.iva", "AA99999999999", 0.7),
    Id("it_cie", "NATIONAL_ID", "electronic identity card, CA, five digits, two letters",
       r"C[A-Z]\d{5}[A-Z]{2}|[A-Z]{2} ?\d{7}", "carta d'identita; carta di identita; carta identita; cie; documento",
       score=0.8),
)  # fmt: skip
LU = (
    Id("lu_tva", "TAX_ID", "AED, eight digits, mod 89", r"LU ?\d{8}", "tva; vat", "lu.tva", "AA99999999", 0.8),
    Id("lu_matricule", "NATIONAL_ID", "CTIE, date of birth, serial, two check digits", r"(?:19|20)\d{6} ?\d{5}",
       "matricule; numero d'identification national", score=0.8),
)  # fmt: skip
MC = (
    Id("mc_tva", "TAX_ID", "as in France, SIREN begins with 000", r"FR ?\d{2} ?000\d{6}", "tva; vat", "mc.tva"),
)  # fmt: skip
MT = (
    Id("mt_vat", "TAX_ID", "eight digits, mod 37", r"MT ?\d{4}[- ]?\d{4}", "vat; vat number", "mt.vat", "AA99999999",
       0.8),
    Id("mt_id", "NATIONAL_ID", "Identità, up to seven digits and a letter", r"\d{3,7}[MGAPLHBZ]",
       "karta tal-identita; identity card; id card", score=0.7, reach=4),
)  # fmt: skip
NL = (
    Id("nl_bsn", "NATIONAL_ID", "RvIG, nine digits, the eleven test",
       r"\d{4}[. ]?\d{2}[. ]?\d{3}|\d{3}[. ]\d{3}[. ]\d{3}",
       "bsn; burgerservicenummer; sofinummer; sofi-nummer; sofi; bsn-nummer", "nl.bsn"),
    Id("nl_btw", "TAX_ID", "Belastingdienst, nine digits, B and two digits", r"NL ?\d{9}B\d{2}",
       "btw*; vat; omzetbelasting*", "nl.btw", "AA999999999A99", 0.85),
    Id("nl_document", "NATIONAL_ID", "passport or identity card, nine characters", r"[A-NP-Z]{2}[A-NP-Z0-9]{6}\d",
       "identiteitskaart*; id-kaart*; paspoort*; paspoortnummer; documentnummer", "nl.identiteitskaartnummer",
       score=0.85),
)  # fmt: skip
PT = (
    Id("pt_nif", "TAX_ID", "AT, nine digits, mod 11", r"(?:PT ?)?\d{3}[ .]?\d{3}[ .]?\d{3}",
       "nif; contribuinte; numero de contribuinte; numero de identificacao fiscal; nipc; vat", "pt.nif", "AA999999999",
       0.7),
    Id("pt_cc", "NATIONAL_ID", "citizen card, eight digits, check digit, two letters, check digit",
       r"\d{8} ?\d ?[A-Z0-9]{2}\d", "cartao de cidadao; cartao do cidadao; cc; bilhete de identidade", "pt.cc",
       "99999999_9_AA9 999999999AA9", 0.85, 0.95),
    Id("pt_niss", "NATIONAL_ID", "Segurança Social, eleven digits", r"[12]\d{10}", "niss; seguranca social", score=0.8,
       reach=5),
)  # fmt: skip
SM = (
    Id("sm_coe", "TAX_ID", "up to five digits", r"SM ?\d{2,5}", "coe; codice operatore economico", "sm.coe"),
)  # fmt: skip

TABLE = {
    "AT": AT, "BE": BE, "CH": CH, "CY": CY, "DE": DE, "ES": ES, "FR": FR, "GB": GB, "GR": GR, "IE": IE, "IT": IT,
    "LU": LU, "MC": MC, "MT": MT, "NL": NL, "PT": PT, "SM": SM,
}  # fmt: skip
