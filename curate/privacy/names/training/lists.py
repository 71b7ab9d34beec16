"""Word lists: names and places from Faker's locales (MIT), and words of streets, organisations and titles written here.

A list entry is a folded word and what it may be (bits of `labels`). Locales in HELD_OUT give nothing, so that recall on
their names tells how the model does on names that it has never seen.
"""

from __future__ import annotations

import importlib
import pkgutil
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import faker.providers.address
import faker.providers.date_time
import faker.providers.lorem
import faker.providers.person

from curate.privacy.names import labels as b
from curate.privacy.names.characters import DIGIT, LOWER, SIZE, fold, tables
from curate.privacy.names.kin import HANGUL

HELD_OUT = frozenset({"hr_HR", "lv_LV", "az_AZ", "tw_GH"})
"""Locales whose names and places are in no list and no training text."""

SCRIPTS = tomllib.loads((Path(__file__).parent / "scripts.toml").read_text(encoding="utf-8"))
STREET_WORDS = """street st road rd avenue ave av lane ln drive dr boulevard blvd court ct place pl square sq terrace way
highway hwy parkway pkwy circle cir crescent cres close grove mews trail turnpike alley plaza quay row walk gardens rise
strasse straße str gasse weg platz allee ufer chaussee damm ring rue chemin impasse quai allee place cours calle avenida
avda paseo plaza camino carretera carrera cra ronda via viale piazza corso vicolo largo rua avenida travessa praca estrada
alameda straat laan plein weg gracht kade dreef steenweg singel ulica ul aleja al osiedle os plac pl ulice namesti trida
gata gatan vagen vag vej vejen gade gate veien vei allé plass torg katu tie kuja polku utca ut ter korut strada bulevardul
aleea calea soseaua sokak sokagi cadde caddesi bulvar bulvari mahallesi mah jalan jl marg nagar road chowk duong pho ngo
jirón jr улица ул проспект пр переулок пер бульвар шоссе площадь наб вулиця вул"""
UNIT_WORDS = """apt apartment suite ste unit flat floor fl room rm box po dpo apo fpo building bldg block level lot no nr
appartement etage étage bat piso puerta planta portal escalera interno scala andar apto sala lote bus bte etg etagé
wohnung stock hinterhaus lgh lejl etasje m mieszkanie lok кв квартира дом д корпус д. building nº n°"""
ORG_WORDS = """inc incorporated corp corporation co company llc llp ltd limited plc gmbh ag kg ohg se mbh ug sa sas sarl
eurl srl spa snc bv nv vof ab aktiebolag oy oyj as asa aps sro doo dd kft zrt nyrt sp zoo ooo oao ооо оао зао пао
pvt pte pty group groupe gruppe grupo gruppo holding holdings partners associates ventures industries enterprises
solutions systems technologies technology consulting services logistics foundation stiftung fondation fundacion
fondazione institute institut instituto istituto university universitat universite universidad universita
universidade universiteit college school schule hochschule ecole escuela scuola academy akademie academie bank
banque banco banca hospital klinik clinic clinique krankenhaus hopital ospedale ministry ministerium ministere
ministerio department agency agentur agence council committee commission union association verein verband verlag
society club fc orchestra band party church museum bureau office authority trust fund insurance versicherung
assurance airlines airways motors pharma pharmaceuticals labs laboratories media press times post news radio
television records studios entertainment restaurant cafe hotel times энерго банк университет завод компания"""
TITLE_WORDS = """mr mrs ms miss mx dr doctor prof professor sir madam madame lady lord dame rev reverend father sister
brother judge justice senator sen rep representative congressman congresswoman president governor gov mayor minister
chancellor captain capt major colonel col general gen lieutenant lt sergeant sgt officer detective det inspector
king queen prince princess duke saint pope bishop rabbi imam sheikh coach uncle aunt auntie grandma grandpa nurse
attorney ambassador chairman herr herrn frau fraulein doktor professorin ing dipl mag mme mlle monsieur madame
mademoiselle m mgr maitre docteur señor senor sr sra srta señora senora señorita don dona doña sig sigra sigrina
signor signora signorina dott dottssa dottor dottoressa avv avvocato prof profssa senhor senhora doutor doutora dra
exmo exma dhr mevr mevrouw meneer heer pan pani panem pana dr hab inz mgr herra rouva fru bay bayan hanim bey sayin
av op uzm ong ba anh chi em co chu bac shri smt kumari kum sheikh haji hajah datuk tuan puan bapak ibu pak bu г г-н
г-жа господин госпожа доктор пани"""
ANCHOR_WORDS = """name names named nickname surname lastname firstname fullname called call dear hi hello hey from to cc
bcc sincerely regards cheers yours signed signature attn attention contact patient customer client employee
applicant author manager user username owner recipient sender beneficiary tenant landlord guardian spouse wife
husband son daughter mother father sister brother colleague friend boss assistant candidate passenger guest student
teacher member agent representative witness defendant plaintiff nominee insured holder cardholder payee regarding re
thanks ask speak met married meet heiße heisse heißt heisst bin name vorname nachname familienname liebe lieber
hallo sehr geehrte geehrter grüße grussen patient patientin kunde kundin ansprechpartner mitarbeiter unterzeichnet
nom prenom prénom appelle bonjour cher chere chère cordialement salutations patiente cliente nombre apellido
apellidos llamo llama hola querido querida estimado estimada saludos atentamente paciente nome cognome chiamo chiama
ciao caro cara gentile egregio saluti paziente nome sobrenome chamo chama ola olá prezado prezada caro
atenciosamente abraço abraços naam voornaam achternaam heet beste geachte groeten groet patient imie imię nazwisko
nazywam czesc cześć szanowny szanowna drogi droga pozdrawiam pacjent navn heter hedder hej kære kjære mvh hilsen
namn nimi nimeni terveisin név nevem hívnak üdvözlettel nume numele salut stimate adı ad soyad adım isim merhaba
sayın tên họ chào kính nama имя фамилия зовут уважаемый уважаемая здравствуйте привет"""
PARTICLES = """de del della di da dos das do du des la le les el al bin ibn bint ben abu abd van von der den ter ten te zu
zum zur vom und af av e y y mac mc o d l van't st ste san santa"""
CALENDAR = """january february march april may june july august september october november december jan feb mar apr jun
jul aug sep sept oct nov dec monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur
thurs fri sat sun januar februar märz mai juni juli oktober dezember montag dienstag mittwoch donnerstag freitag
samstag sonntag janvier février mars avril juin juillet août septembre octobre novembre décembre lundi mardi
mercredi jeudi vendredi samedi dimanche enero febrero marzo abril mayo junio julio agosto septiembre octubre
noviembre diciembre lunes martes miércoles jueves viernes sábado domingo gennaio febbraio maggio giugno luglio
settembre ottobre dicembre lunedì martedì mercoledì giovedì venerdì sabato domenica janeiro fevereiro março maio
junho julho setembro outubro novembro dezembro segunda terça quarta quinta sexta maandag dinsdag woensdag donderdag
vrijdag zaterdag zondag januari februari maart christmas easter ramadan thanksgiving halloween english french german
spanish italian portuguese dutch polish russian turkish arabic chinese japanese korean greek latin hebrew hindi
swedish norwegian danish finnish hungarian czech american british canadian australian mexican brazilian indian
african european asian irish scottish welsh swiss austrian belgian ukrainian vietnamese thai indonesian filipino
egyptian israeli iranian iraqi turkish christian muslim jewish catholic protestant buddhist hindu islamic americans
germans romans greeks jews muslims christians europeans deutsch deutsche deutschen deutscher français française
española español italiano italiana"""
PLACES = """london paris berlin madrid rome vienna munich hamburg cologne frankfurt milan naples turin lisbon porto
amsterdam rotterdam brussels antwerp copenhagen stockholm oslo helsinki warsaw krakow prague budapest bucharest
sofia athens istanbul ankara moscow kiev kyiv minsk dublin edinburgh glasgow manchester liverpool birmingham leeds
bristol cardiff belfast oxford cambridge york newcastle sheffield nottingham chicago boston seattle denver houston
dallas austin philadelphia phoenix detroit atlanta miami orlando portland sacramento oakland cleveland pittsburgh
baltimore cincinnati milwaukee minneapolis nashville memphis charlotte brooklyn manhattan queens toronto montreal
vancouver ottawa calgary sydney melbourne brisbane perth adelaide auckland wellington tokyo osaka kyoto seoul
beijing shanghai shenzhen guangzhou taipei singapore bangkok hanoi saigon jakarta manila mumbai delhi bangalore
chennai kolkata hyderabad karachi lahore islamabad dhaka kathmandu colombo dubai doha riyadh jeddah tehran baghdad
damascus beirut jerusalem cairo alexandria casablanca algiers tunis lagos abuja accra nairobi kampala johannesburg
durban pretoria havana bogota medellin lima quito caracas santiago montevideo texas california florida ohio virginia
georgia michigan arizona oregon nevada utah colorado kansas iowa alaska hawaii montana maine vermont england
scotland wales bavaria catalonia andalusia tuscany sicily normandy brittany siberia europe asia africa america
australia antarctica britain uk usa us uae eu nyc la dc zurich zürich geneva genf geneve basel bern salzburg graz
wien münchen köln düsseldorf stuttgart leipzig dresden hannover nürnberg bremen lyon marseille toulouse nice
bordeaux lille nantes strasbourg barcelona sevilla valencia bilbao zaragoza málaga roma milano napoli torino firenze
venezia bologna genova palermo verona são rio brasília salvador fortaleza lisboa coimbra braga gdańsk wrocław poznań
łódź praha brno москва петербург киев россия"""


def providers(package: object) -> Iterator[tuple[str, type]]:
    """Faker's providers of one kind by locale, without those held out."""
    for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda m: m.name):  # type: ignore[attr-defined]
        if module.name not in HELD_OUT:
            provider = importlib.import_module(f"{package.__name__}.{module.name}").Provider  # type: ignore[attr-defined]
            yield module.name, provider


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (key for key in value if isinstance(key, str))
    elif isinstance(value, (list, tuple, set, frozenset)):
        for item in value:
            yield from _strings(item)


def locale_names() -> dict[str, tuple[list[str], list[str]]]:
    """By locale: given names and family names as Faker has them."""
    out: dict[str, tuple[list[str], list[str]]] = {}
    for locale, provider in providers(faker.providers.person):
        given: set[str] = set()
        family: set[str] = set()
        for key in dir(provider):
            if key.startswith("_") or callable(getattr(provider, key)) or "pairs" in key or "kana" in key:
                continue
            words = set(_strings(getattr(provider, key)))
            if key.startswith(("first_", "middle_name")):
                given |= words
            elif key.startswith("last_") or "last_name" in key:
                family |= words - {"Doe"}  # what Faker has where a locale has none
        if given:
            out[locale] = (sorted(w for w in given if "{" not in w), sorted(w for w in family if "{" not in w))
    return out


_PLACE_KEYS = ("cities", "countries", "states", "provinces", "regions", "counties", "cantons", "municipalities", "communes",
               "departments", "districts", "prefectures", "estados", "distritos", "concelhos", "wilayas", "city_names",
               "real_city_names", "localities", "towns", "union_territories", "metropolitan_cities", "amphoes")  # fmt: skip


def locale_places() -> dict[str, tuple[list[str], list[str]]]:
    """By locale: towns and regions, and countries."""
    out = {}
    for locale, provider in providers(faker.providers.address):
        towns: set[str] = set()
        countries: set[str] = set()
        for key in _PLACE_KEYS:
            words = {w for w in _strings(getattr(provider, key, ())) if len(w) > 2 and "{" not in w and "%" not in w}
            if key == "countries":
                countries |= words
            else:
                towns |= words
        if locale == "it_IT":
            towns = set(sorted(towns)[::3])
        out[locale] = (sorted(towns), sorted(countries))
    return out


def words_of(phrase: str) -> list[str]:
    """Folded words as the lexer cuts them."""
    kinds, _ = tables()
    parts = "".join(c if (ord(c) < SIZE and LOWER <= kinds[ord(c)] <= DIGIT) or c.isalnum() else " " for c in phrase)
    return [fold(word) for word in parts.split()]


def word_bits() -> dict[str, int]:
    """Every listed word and its bits."""
    bits: dict[str, int] = defaultdict(int)
    seen: Counter[str] = Counter()
    for given, family in locale_names().values():
        for word in {w for name in given for w in words_of(name)}:
            bits[word] |= b.GIVEN
            seen[word] += 1
        for word in {w for name in family for w in words_of(name)}:
            bits[word] |= b.FAMILY
    for word, times in seen.items():
        if times >= 3:
            bits[word] |= b.WIDESPREAD
    for towns, countries in locale_places().values():
        for names, country in ((towns, 0), (countries, b.COUNTRY)):
            for name in names:
                words = words_of(name)
                for word in words:
                    if len(words) == 1:
                        bits[word] |= b.PLACE | country
                    elif len(word) > 3:
                        bits[word] |= b.PART
    written = {b.STREET: STREET_WORDS, b.UNIT: UNIT_WORDS, b.ORG: ORG_WORDS,
               b.TITLE: TITLE_WORDS + " " + SCRIPTS["titles"], b.ANCHOR: ANCHOR_WORDS + " " + SCRIPTS["anchors"],
               b.PARTICLE: PARTICLES, b.CALENDAR: CALENDAR,
               b.PLACE: PLACES + " " + SCRIPTS["places"]}  # fmt: skip
    for bit, text in written.items():
        for phrase in text.split():
            for word in words_of(phrase):
                bits[word] |= bit
    for word in list(bits):
        if len(word) < 2 and bits[word] & (b.GIVEN | b.FAMILY | b.PLACE) and ord(word) < 0x3000:
            bits[word] &= ~(b.GIVEN | b.FAMILY | b.PLACE | b.PART)
        if bits[word] & b.PARTICLE and len(word) <= 3:
            bits[word] &= ~(b.GIVEN | b.FAMILY | b.PLACE)
        if 0x3000 <= ord(word[0]) < HANGUL and len(word) > 1:  # ideographs are read one by one
            entry = bits.pop(word)
            for character in word:
                bits[character] |= entry & (b.GIVEN | b.FAMILY | b.PART)
    for name in locale_names()["ko_KR"][0]:
        if len(name) == 2:  # what a given name that no list has is made of
            bits[name[0]] |= b.GIVEN
            bits[name[1]] |= b.PART
    return {word: entry for word, entry in bits.items() if entry}


def locale_words() -> dict[str, list[str]]:
    """By locale: ordinary words, where Faker has them in the language itself."""
    every = {locale: list(_strings(getattr(p, "word_list", ()))) for locale, p in providers(faker.providers.lorem)}
    every |= {locale: text.split() for locale, text in SCRIPTS["ordinary"].items()}
    latin = set(every["la"])
    bits = word_bits()
    out = {}
    for locale, words in every.items():
        if words and len(latin.intersection(words)) < len(words) / 4:
            # Word lists hold a few names; German writes every noun with a capital.
            out[locale] = [w for w in words if (locale[:2] == "de" or not w[:1].isupper())
                           and not bits.get(fold(w), 0) & b.WIDESPREAD]  # fmt: skip
    return out


def common_words() -> set[str]:
    """Ordinary words of other languages than English."""
    return {fold(word) for words in locale_words().values() for word in words if not word[:1].isupper()}
