"""Names of the months in the order of the year, in some forty languages: what names nobody beside a day, and what a written
date is moved to.

A language has a line for each form that dates are written in: the name by itself, the case that stands behind a day
(`14 sierpnia`), the short one where it is not the beginning of the long one (`mrt`). Names are compared without case and
accents. A few names are those of several languages (`april`, `mai`): who asks says which it prefers.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

_FORMS: tuple[tuple[str, str], ...] = (
    ("en", "January February March April May June July August September October November December"),
    ("en", "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"),
    ("en", "Jan Feb Mar Apr May June July Aug Sept Oct Nov Dec"),
    ("de", "Januar Februar März April Mai Juni Juli August September Oktober November Dezember"),
    ("de", "Jänner Feber März April Mai Juni Juli August September Oktober November Dezember"),
    ("de", "Jan Feb Mär Apr Mai Jun Jul Aug Sep Okt Nov Dez"),
    ("de", "Jan Feb Mrz Apr Mai Jun Jul Aug Sept Okt Nov Dez"),
    ("fr", "janvier février mars avril mai juin juillet août septembre octobre novembre décembre"),
    ("fr", "janv févr mars avr mai juin juil août sept oct nov déc"),
    ("es", "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"),
    ("es", "ene feb mar abr may jun jul ago sep oct nov dic"),
    ("es", "ene feb mar abr may jun jul ago set oct nov dic"),
    ("it", "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre"),
    ("it", "gen feb mar apr mag giu lug ago set ott nov dic"),
    ("pt", "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro"),
    ("pt", "jan fev mar abr mai jun jul ago set out nov dez"),
    ("nl", "januari februari maart april mei juni juli augustus september oktober november december"),
    ("nl", "jan feb mrt apr mei jun jul aug sep okt nov dec"),
    ("sv", "januari februari mars april maj juni juli augusti september oktober november december"),
    ("da", "januar februar marts april maj juni juli august september oktober november december"),
    ("no", "januar februar mars april mai juni juli august september oktober november desember"),
    ("is", "janúar febrúar mars apríl maí júní júlí ágúst september október nóvember desember"),
    ("fi", "tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesäkuuta heinäkuuta elokuuta syyskuuta lokakuuta "
           "marraskuuta joulukuuta"),
    ("fi", "tammikuu helmikuu maaliskuu huhtikuu toukokuu kesäkuu heinäkuu elokuu syyskuu lokakuu marraskuu joulukuu"),
    ("et", "jaanuar veebruar märts aprill mai juuni juuli august september oktoober november detsember"),
    ("lv", "janvāris februāris marts aprīlis maijs jūnijs jūlijs augusts septembris oktobris novembris decembris"),
    ("lv", "janvārī februārī martā aprīlī maijā jūnijā jūlijā augustā septembrī oktobrī novembrī decembrī"),
    ("lt", "sausio vasario kovo balandžio gegužės birželio liepos rugpjūčio rugsėjo spalio lapkričio gruodžio"),
    ("pl", "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia"),
    ("pl", "styczeń luty marzec kwiecień maj czerwiec lipiec sierpień wrzesień październik listopad grudzień"),
    ("cs", "ledna února března dubna května června července srpna září října listopadu prosince"),
    ("cs", "leden únor březen duben květen červen červenec srpen září říjen listopad prosinec"),
    ("sk", "januára februára marca apríla mája júna júla augusta septembra októbra novembra decembra"),
    ("sk", "január február marec apríl máj jún júl august september október november december"),
    ("hu", "január február március április május június július augusztus szeptember október november december"),
    ("ro", "ianuarie februarie martie aprilie mai iunie iulie august septembrie octombrie noiembrie decembrie"),
    ("hr", "siječnja veljače ožujka travnja svibnja lipnja srpnja kolovoza rujna listopada studenoga prosinca"),
    ("hr", "siječanj veljača ožujak travanj svibanj lipanj srpanj kolovoz rujan listopad studeni prosinac"),
    ("sl", "januarja februarja marca aprila maja junija julija avgusta septembra oktobra novembra decembra"),
    ("sr", "januara februara marta aprila maja juna jula avgusta septembra oktobra novembra decembra"),
    ("ru", "января февраля марта апреля мая июня июля августа сентября октября ноября декабря"),
    ("ru", "январь февраль март апрель май июнь июль август сентябрь октябрь ноябрь декабрь"),
    ("sr", "јануара фебруара марта априла маја јуна јула августа септембра октобра новембра децембра"),
    ("bg", "януари февруари март април май юни юли август септември октомври ноември декември"),
    ("mk", "јануари февруари март април мај јуни јули август септември октомври ноември декември"),
    ("uk", "січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня"),
    ("uk", "січень лютий березень квітень травень червень липень серпень вересень жовтень листопад грудень"),
    ("be", "студзеня лютага сакавіка красавіка мая чэрвеня ліпеня жніўня верасня кастрычніка лістапада снежня"),
    ("el", "Ιανουαρίου Φεβρουαρίου Μαρτίου Απριλίου Μαΐου Ιουνίου Ιουλίου Αυγούστου Σεπτεμβρίου Οκτωβρίου Νοεμβρίου "
           "Δεκεμβρίου"),
    ("el", "Ιανουάριος Φεβρουάριος Μάρτιος Απρίλιος Μάιος Ιούνιος Ιούλιος Αύγουστος Σεπτέμβριος Οκτώβριος Νοέμβριος "
           "Δεκέμβριος"),
    ("sq", "janar shkurt mars prill maj qershor korrik gusht shtator tetor nëntor dhjetor"),
    ("ca", "gener febrer març abril maig juny juliol agost setembre octubre novembre desembre"),
    ("gl", "xaneiro febreiro marzo abril maio xuño xullo agosto setembro outubro novembro decembro"),
    ("eu", "urtarrilaren otsailaren martxoaren apirilaren maiatzaren ekainaren uztailaren abuztuaren irailaren urriaren "
           "azaroaren abenduaren"),
    ("tr", "Ocak Şubat Mart Nisan Mayıs Haziran Temmuz Ağustos Eylül Ekim Kasım Aralık"),
    ("az", "yanvar fevral mart aprel may iyun iyul avqust sentyabr oktyabr noyabr dekabr"),
    ("id", "Januari Februari Maret April Mei Juni Juli Agustus September Oktober November Desember"),
    ("ms", "Januari Februari Mac April Mei Jun Julai Ogos September Oktober November Disember"),
    ("tl", "Enero Pebrero Marso Abril Mayo Hunyo Hulyo Agosto Setyembre Oktubre Nobyembre Disyembre"),
    ("sw", "Januari Februari Machi Aprili Mei Juni Julai Agosti Septemba Oktoba Novemba Desemba"),
    ("ar", "يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر"),
    ("he", "בינואר בפברואר במרץ באפריל במאי ביוני ביולי באוגוסט בספטמבר באוקטובר בנובמבר בדצמבר"),
    ("he", "ינואר פברואר מרץ אפריל מאי יוני יולי אוגוסט ספטמבר אוקטובר נובמבר דצמבר"),
    ("fa", "ژانویه فوریه مارس آوریل مه ژوئن ژوئیه اوت سپتامبر اکتبر نوامبر دسامبر"),
    ("ur", "جنوری فروری مارچ اپریل مئی جون جولائی اگست ستمبر اکتوبر نومبر دسمبر"),
    ("hi", "जनवरी फ़रवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर अक्टूबर नवंबर दिसंबर"),
    ("bn", "জানুয়ারি ফেব্রুয়ারি মার্চ এপ্রিল মে জুন জুলাই আগস্ট সেপ্টেম্বর অক্টোবর নভেম্বর ডিসেম্বর"),
    ("th", "มกราคม กุมภาพันธ์ มีนาคม เมษายน พฤษภาคม มิถุนายน กรกฎาคม สิงหาคม กันยายน ตุลาคม พฤศจิกายน ธันวาคม"),
)  # fmt: skip
_STROKES = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ß": "ss", "ı": "i"})


class Month(NamedTuple):
    """A month as it was named."""

    language: str
    form: int
    """Which of the lines."""
    number: int
    """1 to 12."""
    cut: int
    """Letters that a shortened name has; 0 for one of the line."""


def _key(word: str) -> str:
    """Without case and accents; signs of scripts without accents stay."""
    small = word.lower()
    if small.isascii():
        return small
    apart = unicodedata.normalize("NFKD", small)
    return "".join(c for c in apart if not "\u0300" <= c <= "\u036f").translate(_STROKES)


_NAMES = tuple(tuple(names.split()) for _, names in _FORMS)


@lru_cache(maxsize=1)
def _known() -> dict[str, list[Month]]:
    """Whole names, and beginnings of three or four letters of the whole names, which follow them."""
    out: dict[str, list[Month]] = {}
    for form, (language, names) in enumerate(zip((language for language, _ in _FORMS), _NAMES)):
        for number, name in enumerate(names, 1):
            out.setdefault(_key(name), []).append(Month(language, form, number, 0))
    for form, (language, names) in enumerate(zip((language for language, _ in _FORMS), _NAMES)):
        for number, name in enumerate(names, 1):
            for size in (3, 4):
                if len(_key(name)) > size:
                    out.setdefault(_key(name)[:size], []).append(Month(language, form, number, size))
    return out


@lru_cache(maxsize=1)
def _whole() -> frozenset[str]:
    return frozenset(_key(name) for names in _NAMES for name in names)


def is_month_name(word: str) -> bool:
    """Whether the word is a month in some language, whole or as it is shortened there."""
    return _key(word.rstrip(".")) in _whole()


def _best(word: str) -> list[Month]:
    """What the word names where it is written as each language writes it: whole, with these accents, in this case."""
    bare = word.rstrip(".")

    def apart(one: Month) -> tuple[bool, bool, bool]:
        name = written(one, one.number)
        same_case = bare.isupper() or name[0].isupper() == bare[0].isupper()
        return one.cut > 0, name.lower() != bare.lower(), not same_case

    said = _known().get(_key(bare), [])
    least = min(map(apart, said), default=None)
    return [one for one in said if apart(one) == least]


def languages(word: str) -> frozenset[str]:
    """The languages that write a month so."""
    return frozenset(one.language for one in _best(word))


def month(word: str, prefer: Sequence[str] = ()) -> Month | None:
    """The month that a word names, in the first of the preferred languages that write it so, else in the first of all."""
    ranks = {language: rank for rank, language in enumerate(prefer)}
    return min(_best(word), key=lambda one: ranks.get(one.language, len(ranks)), default=None)


def written(of: Month, number: int) -> str:
    """Another month's name in the same form."""
    name = _NAMES[of.form][number - 1]
    return name[: of.cut] if of.cut else name
