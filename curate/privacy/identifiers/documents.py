"""Documents, accounts, vehicles, wallets and places that many countries have; see `americas` for how to read an entry.

Most have no check that holds everywhere, so words must speak of them, in the languages listed.
"""

from __future__ import annotations

from curate.privacy.identifiers import further_languages as further
from curate.privacy.identifiers.model import Identifier as Id

_ACCOUNT = (
    "account number*; acct number; account no; acct no; bank account; bank acct; accountnumber*; account #; "
    "checking account; savings account; numero de cuenta; cuenta bancaria; kontonummer*; kontonr; "
    "numero de compte; compte bancaire; "
    "conto corrente; numero di conto; conta bancaria; conta corrente; numero da conta; rekeningnummer*; numer konta; "
    "a/c number; a/c no; nro de cuenta; n de cuenta; cta cte; cuenta corriente; "
    "hesap no*; banka hesabi; no rekening; no rek; 银行卡; 卡号; 收款账号; 汇款至; 口座; 계좌; 계좌번호; "
    "खाता संख्या; "
    "खाता नंबर; เลขที่บัญชี; เลขบัญชี; رقم حساب; מספר חשבון; חשבון בנק; р/с; расчетного счета; "
    "numer rachunku; rachunek bankowy; cislo uctu; bankszamlaszam*; bankkonto*; номер счета; расчетный счет; 银行账号; "
    "银行账户; 银行卡号; 口座番号; hesap numara*; رقم الحساب; nomor rekening; so tai khoan; tilinumero*"
) + "; " + further.ACCOUNT
_ACCOUNT_WEAK = (
    "account; acct; cuenta; konto; rek; norek; compte; conta; conto; rekening; rachunek; счет; 账号; tili"
)
_PASSPORT = (
    "passport*; pass no; passeport*; pasaporte*; passaporte*; passaporto; reisepass*; passnummer; paspoort*; "
    "passnr; reisepassnr; passport #; nr pasaportu; "
    "passi; passin; passinumero; pasport*; paszport*; utlevel*; pasaport*; паспорт*; διαβατηριο*; 护照; 護照; "
    "パスポート; 旅券; 여권; 여권번호; جواز سفر; جواز السفر; דרכון; ho chieu; paspor; putovnic*; cestovni pas; "
    "หนังสือเดินทาง; पासपोर्ट"
) + "; " + further.PASSPORT
_LICENCE = (
    "driver's license*; drivers license*; driver license*; driving license*; driver's licence*; drivers "
    "licence*; driving licence*; driver licence*; driverslicense*; driverlicense*; drivinglicence*; license "
    "number; licence number; license no; dl; dl no; dl number; dl#; d.l; driver's lic; fuhrerschein*; "
    "fahrerlaubnis*; permis de conduire; permis; licencia de conducir; carnet de conducir; permiso de "
    "conducir; licencia de manejo; patente di guida; patente; carteira de motorista; cnh; carta de conducao; "
    "rijbewijs*; korekort*; kørekort*; ajokort*; prawo jazdy; prawa jazdy; ridicsky prukaz; ridicskeho "
    "prukazu; jogositvany*; vezetoi engedely*; permis de conducere; водительское удостоверение; водительского "
    "удостоверения; права; 驾驶证; 驾照; 駕照; 運転免許証; 免許証番号; 운전면허; 운전면허번호; ehliyet*; "
    "surucu belgesi; رخصة القيادة; nomor sim; no sim"
) + "; " + further.LICENCE
_RECORD = (
    "mrn; medical record; medical record number; medical record no; medicalrecord*; patient id; patient "
    "number; patient no; patientid; patient identifier; chart number; hospital number; health record; record "
    "number; patientennummer; patienten-id; patientnummer; numero de dossier; dossier medical; historia "
    "clinica; numero de historia; nhc; n.h.c; n de historia; cartella clinica; prontuario; patientnr; "
    "numer pacjenta; номер карты; ipp; n.º de utente; numero de utente; n utente; numero do utente; fallnummer; "
    "krankenaktennummer; pasientnummer; journalnummer; journalnr; potilasnumero; dosya no; protokol no; numero sns; "
    "nº historia; hosp no; hospital no; hosp number; no rm; nomor rm; rekam medis; no rekam medis; nomor rekam medis; "
    "versichertennr; vers.-nr; versichertennummer*; tessera sanitaria; health card no; medicare no; 病案号; 医保卡号; "
    "保険証; "
    "住院号; 门诊号; 診察券番号; 차트번호; "
    "медкарта; 病历号; 病歷號; 患者番号; カルテ番号; 환자번호; 환자등록번호"
) + "; " + further.RECORD
_HEALTH = (
    "health insurance; insurance id; member id; member number; policy number; policy no; subscriber id; health "
    "card; insurance number; insurance policy; health plan; beneficiary number; medicaid; medicaid id; numero "
    "de poliza; numero de securite; versicherungsnummer; polizzennummer; numero di polizza; apolice"
)
_NATIONAL = (
    "national id; national identity; national id number; national identification*; identity card; identity "
    "number; id card; id number; id no; identification number; identification card; citizen id; personal id; "
    "personal number; personal identification*; personal code; nationalid*; idnumber; idcard*; government id; "
    "carta de identidad; cedula; documento de identidad; carte d'identite; piece d'identite; personalausweis*; "
    "ausweis*; carta d'identita; documento d'identita; bilhete de identidade; identiteitsbewijs; "
    "identitetskort; henkilokortti*; dowod osobisty; obcansky prukaz; szemelyi*; carte de identitate; лична "
    "карта; удостоверение личности; 身份证; 身分證; 신분증; kimlik; بطاقة الهوية; رقم الهوية; תעודת זהות; ktp"
) + "; " + further.NATIONAL
_TAX = (
    "tax id; tax number; tax identification*; tax identifier; taxpayer*; tin; taxid*; taxnumber; steuernummer; "
    "steuer-id*; numero fiscal; n fiscal; "
    "no fiscal; identificacion fiscal; identification fiscale; codice fiscale; numero de "
    "contribuinte; vat; vat id; vat number; vat no; vat registration; nif; skattenummer"
) + "; " + further.TAX
_GPS = (
    "latitude*; longitude*; lat; lon; lng; long; gps; coordinates; coords; coordinate; geo; geolocation; "
    "location; geotag*; latlng; latlong; coordenadas; latitud; longitud; ubicacion; "
    "koordinaten; breitengrad; langengrad; standort; coordonnees; coordinate; "
    "coordinaten; locatie; wspolrzedne; координаты; широта; долгота; 坐标; 座標; 经度; 纬度; 緯度; 経度; 좌표; "
    "위도; konum; koordinat*; إحداثيات; "
    "home; house; i live; we live; lives at; wohn*; zuhause; casa; vivo; moro; abito; habite; maison; domicile; domicilio; "
    "thuis; woon*; mieszkam; дом; дача; живу; живем; evim*; 自宅; منزل; بيت; البيت"
)
"""Words of positions, and those of living somewhere: a pair of decimal degrees beside them is somebody's place."""

_MONEY = "USD|EUR|GBP|CHF|PLN|CZK|SEK|NOK|DKK|TRY|RON|HUF|INR|JPY|CNY|KRW|RUB|BRL|MXN|ARS|IDR|VND|AUD|CAD"
_PLATE = (
    rf"(?!(?:{_MONEY}|ISO|EN|DIN|ASTM|IEC|IEEE)[- ]?\d+(?!\d|[- ]?[A-Z])|\d+[- ]?(?:{_MONEY})(?![A-Z]|[- ]?\d))(?:"
    r"\d[A-Z]\d ?\d{4}|"
    r"[A-Z]{2}[- ]?\d{1,2}[- ]?[A-Z]{1,3}[- ]?\d{1,4}|[A-Z]{3}\d[A-Z]\d{2}|[A-Z]{3} ?\d{2}[A-Z]|"
    r"[A-Z]{1,3}[- ]?\d{1,4}[- ]?[A-Z]{1,3}|\d{2}[A-Z]\d?[- ]?\d{3}\.?\d{2}|\d{1,4}[- ]?[A-Z]{1,3}[- ]?\d{1,4}|"
    r"[A-ZÄÖÜ]{1,3}[- ][A-Z]{1,2}[- ]?\d{1,4}[EH]?|[A-Z]{2}\d{2} ?[A-Z]{3}|\d{4}[- ]?[A-Z]{3}|"
    r"[A-Z]{2,3} (?=[A-Z]{0,2}\d)[A-Z0-9]{4,5}|[A-Z]{1,3}[- ]?\d{1,4}|\d{2,3}[가-힣] ?\d{4}|"
    r"[一-龥][A-Z][·. ]?[A-Z0-9]{5,6})"
)
"""No amount and no standard."""
_PLATE_NEAR = (
    r"(?!(?:\d+[- ]?)?(?:TL|RS|RP|KM|KG|CM|MM|AM|PM|NR|NO|ART|PAGE)(?![A-Z]))(?![IVXLCDM]+[- ]?\d{4})" + _PLATE
)
"""Nor a measure, or a year behind a Roman numeral."""
_NO_COUNT = r"(?! ?(?:円|元|원|개|個|枚|件|名|人|(?:kr|ks|szt)(?![a-z])))"
"""Nothing is counted."""

INTERNATIONAL = (
    Id("intl_passport", "PASSPORT",
       "ICAO 9303: up to nine characters, by country one or two letters and digits, or digits",
       r"[A-Z]{1,3} ?\d{5,8}[A-Z]{0,2}|[A-Z]\d{2}[A-Z0-9]{2}\d{4}|\d{2}[A-Z]{2}\d{5}|[A-Z0-9]{2}\d{6,7}|\d{8,9}|"
       r"[CFGHJKLMNPRTVWXYZ][CFGHJKLMNPRTVWXYZ0-9]{7,8}(?<=[0-9])", _PASSPORT, score=0.85),
    Id("intl_driving_licence", "DRIVER_LICENSE", "issued by states; letters and digits, sometimes in groups",
       r"[A-Z]{2,6}[. ]\d{4,6}(?:[. ][A-Z0-9]{1,5}){1,3}|"
       r"[A-Z]{1,5}[ -]?\d{2,12}(?:[ -](?=[A-Z]*\d)[A-Z0-9]{2,8}|[A-Z0-9]{2,8}){0,3}|"
       r"\d{5}/\d{2}/\d{4}|\d{6,14}|\d{1,3}(?:[ -]\d{2,4}){2,3}|"
       r"\d{2}[A-Z]{2,3}\d{3,7}|[A-Z0-9]{1,4}\d[A-Z0-9]{4,14}|\d{2} ?\d{2} ?\d{6}", _LICENCE, score=0.85),
    Id("gb_driving_licence", "DRIVER_LICENSE", "DVLA, name, date of birth, initials, check characters, 16 characters",
       r"[A-Z9]{5}\d[0156]\d[0-3]\d{2}[A-Z9]{2}[A-Z0-9]\d?[A-Z]{2}", "driv*; licence*; dvla", "",
       "AAAAA999999AA9AA AAAAA999999A99AA AAA99999999AA9AA AAAA9999999AA9AA", 0.8, 0.95),
    Id("intl_medical_record", "MEDICAL_ID", "issued by hospitals; digits, sometimes after letters",
       r"[A-Z]{0,4}[- ]?\d{5,12}(?:-\d{1,4})?|\d{1,4}(?:-\d{1,4}){1,3}|[A-Z]{2,4}-\d{2,8}(?:-\d{2,8})?", _RECORD,
       score=0.85, reach=5),
    Id("intl_health_plan", "MEDICAL_ID", "issued by insurers; letters and digits",
       r"[A-Z]{2,5}(?:-\d{3,6}){1,3}|"
       r"[A-Z]{1,5}[- ]?\d{5,12}[A-Z]{0,2}|\d{4}(?:[- ]\d{3,4}){1,3}|\d{8,14}|[A-Z0-9]{2,5}\d[A-Z0-9]{4,12}(?<=[0-9])",
       _HEALTH, score=0.7, reach=3),
    Id("intl_bank_account", "BANK_ACCOUNT", "issued by banks; six to twenty digits, sometimes in groups",
       r"(?:\d{6,20}|\d{2,8}(?:[- ]\d{2,10}){2,5}|\d{4}[. ]\d{2}[. ]\d{5}|"
       r"\d{2,6}[-/ ]\d{6,10}(?:/\d{4})?|\d{5}-\d{3}|[Xx*]{2,12}\d{4,6})" + _NO_COUNT, _ACCOUNT,
       score=0.8, reach=4),
    Id("intl_account", "BANK_ACCOUNT", "as above, right behind a word that speaks of accounts alone",
       r"(?:\d{8,17}|\d{3,6}(?:-\d{2,8}){2,3}|\d{3,4}(?: \d{3}){2}-\d)" + _NO_COUNT,
       _ACCOUNT_WEAK, score=0.6, reach=1),
    Id("intl_account_linked", "BANK_ACCOUNT", "as above, in shorter groups or behind words that mean other things as well",
       r"\d{8,17}|\d{4} \d{4}", _ACCOUNT_WEAK + "; acc; cta", score=0.6, reach=1, linked=True),
    Id("ar_cbu", "BANK_ACCOUNT", "Clave Bancaria Uniforme, Clave Virtual Uniforme, 22 digits", r"\d{22}", "cbu; cvu",
       score=0.8, reach=3),
    Id("mx_clabe", "BANK_ACCOUNT", "Clave Bancaria Estandarizada, 18 digits", r"\d{18}", "clabe", score=0.8, reach=3),
    Id("vn_account", "BANK_ACCOUNT", "nine to sixteen digits", r"\d{9,16}", "stk; so tk", score=0.8, reach=1),
    Id("se_giro", "BANK_ACCOUNT", "Bankgirot, PlusGirot, two to eight digits", r"\d{3,4}-\d{4}|\d{1,4}(?: \d{2}){0,3}-\d",
       "bankgiro*; plusgiro*", score=0.8, reach=1),
    Id("se_giro_linked", "BANK_ACCOUNT", "as above, behind its abbreviation",
       r"\d{3,4}-\d{4}|\d{1,4}(?: \d{2}){1,3}-\d", "bg; pg", score=0.8, reach=1, linked=True),
    Id("jp_account", "BANK_ACCOUNT", "seven digits behind the kind of account", r"\d{7}" + _NO_COUNT,
       "普通; 普通預金; 当座; 当座預金", score=0.8, reach=1),
    Id("intl_swift", "SWIFT_BIC", "ISO 9362: bank, country, place, branch",
       "[A-Z]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?",
       "bic; swift; swift code; bic code; swift/bic; bic/swift; swiftcode; bic-code; codigo swift; code bic", ".swift",
       "AAAAAA99 AAAAAA9A AAAAAA9AAAA", 0.0, 0.9, 5),
    Id("intl_vin", "VIN", "ISO 3779: 17 characters; check digit by 49 CFR 565 in North America", "[A-HJ-NPR-Z0-9]{17}",
       "vin; chassis*; vehicle identification*; vin number; vehicle id; fahrgestellnummer; fahrgestell*; numero "
       "de chasis; bastidor; numero de bastidor; telaio; numero de serie; chasis; fin; châssis", ".vin_shape", score=0.9),
    Id("intl_vin_checked", "VIN", "ISO 3779 with a valid check digit", "[A-HJ-NPR-Z0-9]{17}", "", ".vin", "", 0.85),
    Id("intl_plate", "LICENSE_PLATE", "issued by states; letters and digits", _PLATE,
       "license plate*; licence plate*; plate number; number plate*; registration plate*; plate no; "
       "kennzeichen*; autokennzeichen*; nummernschild*; immatricul*; plaque d'immatriculation; "
       "matricula*; targato; targata; patente vehicular; vehicle registration; "
       "registration number; registration no; reg no; reg number; reg nr; regnr; registreringsnummer*; "
       "vehicle no; vehicle number; vehicle reg; rego; vrm; kenteken*; nummerplade*; rekisterinumero*; rekisteritunnus; "
       "numer rejestracyjny; numerze rejestracyjnym; numerem rejestracyjnym; nr rej; "
       "nr rejestracyjny; rejestracj*; spz; registracni znacka; rendszam*; plaka; "
       "गाड़ी नंबर; वाहन संख्या; गाड़ी संख्या; "
       "plakali; plakasi; nopol; plat nomor; no polisi; nomor polisi; bien so; bien kiem soat; numar de inmatriculare; "
       "гос номер; госномер*; 车牌; 車牌; 车牌号; 車號; ナンバープレート; ナンバー; 차량번호; 차량 번호; ทะเบียน; "
       + further.PLATE,
       score=0.8, reach=3, signs=4),
    Id("intl_plate_near", "LICENSE_PLATE", "as above, behind a word that means other plates as well", _PLATE_NEAR,
       "plate; plates; plaque; placa; placas; targa; kfz", score=0.7, reach=3, linked=True, signs=5),
    Id("intl_plate_form", "LICENSE_PLATE", "Brazil and the Mercosur, Italy and France, California",
       r"[A-Z]{3}\d[A-Z]\d{2}|[A-Z]{2}[- ]?\d{3}[- ]?[A-Z]{2}|\d[A-Z]{3}\d{3}",
       "plate; plates; plaque; placa; placas; targa", score=0.7, reach=2),
    Id("gb_plate", "LICENSE_PLATE", "two letters, half-year, three letters, since 2001",
       r"[A-HJ-PR-Y]{2}(?:0[1-9]|[1-9]\d) ?[A-HJ-PR-Z]{3}", "registration; reg", score=0.7, reach=3),
    Id("de_plate", "LICENSE_PLATE", "district, one or two letters, one to four digits",
       r"[A-ZÄÖÜ]{1,3}[- ][A-Z]{1,2}[- ]?\d{1,4}[EH]?", "kfz", score=0.7, reach=2),
    Id("intl_imei", "DEVICE_ID", "3GPP TS 23.003: fifteen digits, Luhn", r"\d{2}[- ]?\d{6}[- ]?\d{6}[- ]?\d", "imei",
       ".luhn_only", score=0.95),
    Id("intl_iccid", "DEVICE_ID", "ITU-T E.118: 89, nineteen or twenty digits", r"89\d{2}(?:[- ]?\d){14,16}",
       "iccid; sim card number; sim serial", score=0.85),
    Id("intl_national_id", "NATIONAL_ID", "of a country that the words do not name",
       r"[A-Z]{0,3}[- ]?\d{6,14}[- ]?[A-Z]{0,2}|\d{1,6}(?:[-. ]\d{2,7}){1,4}|[A-Z0-9]{2,4}\d[A-Z0-9]{4,10}(?<=[0-9])|"
       r"[A-Z]{2}\d{5}[A-Z]{2}|[A-Z]{2}\d{3,6}[A-Z]{2,3}|\d[A-Z]\d{2}[A-Z]\d{4,5}",
       _NATIONAL, score=0.65, reach=3),
    Id("intl_tax_id", "TAX_ID", "of a country that the words do not name",
       r"[A-Z]{0,3}[- ]?\d{6,14}[A-Z]{0,3}|\d{1,6}(?:[-./ ]\d{2,7}){1,4}", _TAX, score=0.65, reach=3),
    Id("intl_coordinates", "COORDINATES", "WGS 84, decimal degrees",
       r"-?\d{1,2}\.\d{3,}°? ?[NSns]?,? ?-?\d{1,3}\.\d{3,}°? ?[EWew]?", _GPS, ".latitude_longitude", score=0.8),
    Id("intl_latitude", "COORDINATES", "WGS 84, one decimal of a pair", r"-?\d{1,3}\.\d{4,}°?",
       "latitude; longitude; lat; lon; lng; latitud; longitud; breitengrad; langengrad; широта; долгота; 纬度; "
       "经度; 緯度; 経度; 위도; 경도", ".degrees", score=0.7, reach=1),
    Id("crypto_bitcoin", "CRYPTO_WALLET",
       "Base58Check of 25 bytes: Bitcoin, Litecoin, Dogecoin, Dash, Tron, Zcash, Ripple",
       "(?:[13LMDXT][1-9A-HJ-NP-Za-km-z]{25,34}|t[13][1-9A-HJ-NP-Za-km-z]{33}|r[1-9A-HJ-NP-Za-km-z]{24,34})", "",
       ".base58check", "", 0.95),
    Id("crypto_bech32", "CRYPTO_WALLET", "BIP 173 and BIP 350: Bitcoin, Litecoin, Cardano, Cosmos",
       "(?:bc1|BC1|tb1|ltc1|LTC1|addr1|cosmos1)[02-9ac-hj-np-zAC-HJ-NP-Z]{20,100}", "", ".bech32", "", 0.95),
    Id("crypto_ethereum", "CRYPTO_WALLET", "twenty bytes in hexadecimal", "0x[0-9a-fA-F]{40}", "", ".ethereum", "", 0.7),
    Id("crypto_other", "CRYPTO_WALLET", "Monero, Solana and others without a check here",
       "[48][0-9AB][1-9A-HJ-NP-Za-km-z]{93}|[1-9A-HJ-NP-Za-km-z]{32,44}|[13LM](?=[A-Za-z]*\\d)[1-9A-HJ-NP-Za-km-z]{25,33}",
       "wallet*; crypto*; bitcoin*; btc; litecoin*; ltc; dogecoin; "
       "solana; sol; monero; xmr; wallet address; billetera; portefeuille; кошелек; 钱包", score=0.8),
)  # fmt: skip

TABLE = {"": INTERNATIONAL}
