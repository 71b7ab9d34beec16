"""Months beside a day or a year: `14 Jun 12:25`, `9 Mei`, `14 Kasım 2024` name nobody, though lists of names hold them."""

from __future__ import annotations

import re

from curate.privacy.column import Block
from curate.privacy.phrases import fold
from curate.privacy.words import word_list

_MONTHS = frozenset(map(fold, word_list("""
    january february march april may june july august september october november december jan feb mar apr jun jul
    aug sep sept oct nov dec januar jänner februar märz mai juni juli oktober dezember mrz mär dez okt janvier
    février mars avril juin juillet août septembre octobre novembre décembre janv févr juil enero febrero marzo
    abril mayo junio julio agosto septiembre octubre noviembre diciembre ene abr ago dic gennaio febbraio aprile
    maggio giugno luglio settembre ottobre dicembre gen mag giu lug set ott janeiro fevereiro março maio junho julho
    setembro outubro novembro dezembro fev out januari februari maart mei augustus mrt maret agustus desember ogos
    mac disember julai stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada
    grudnia maj czerwiec lipiec ocak şubat mart nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık leden
    únor březen duben květen červen srpen září ledna února března dubna května června července srpna října január
    február marec máj jún júl március április május június július augusztus szeptember október ianuarie februarie
    martie aprilie iunie iulie septembrie octombrie noiembrie decembrie januára februára apríla mája júna júla
    siječnja veljače ožujka travnja svibnja lipnja srpnja kolovoza rujna studenoga prosinca marta aprila juna jula
    avgusta avgust septembra oktobra novembra decembra tammikuuta maaliskuuta huhtikuuta toukokuuta kesäkuuta
    heinäkuuta elokuuta augusti marts machi aprili agosti hulyo hunyo января февраля марта апреля мая июня июля
    августа сентября октября ноября декабря март май июнь июль август січня лютого березня квітня травня червня
    липня серпня вересня жовтня листопада грудня януари юни юли ιανουαρίου φεβρουαρίου μαρτίου απριλίου μαΐου
    ιουνίου ιουλίου αυγούστου σεπτεμβρίου
"""))) | {"maio", "mays"}  # fmt: skip
_DAY_BEFORE = re.compile(rb"(?<![\w.,:/-])(?:[12]?\d|3[01])(?:st|nd|rd|th|er|\.|\xc2\xba)?(?:[ /-]|\. | de | of )\Z")
_BEHIND = re.compile(
    rb"\.?(?:[ -](?:19|20)\d\d(?!\d)|[ ](?:[12]?\d|3[01])(?:st|nd|rd|th)?,? (?:(?:19|20)\d\d|[012]?\d:[0-5]\d)(?!\d))"
)


def is_month(text: Block, row: int, start: int, end: int, value: str) -> bool:
    """Whether the word [start, end) is a month where it stands; `Jan 14 Jahre` is somebody."""
    if fold(value).rstrip(".") not in _MONTHS:
        return False
    before = text.raw(max(int(text.starts[row]), start - 8), start)
    behind = text.raw(end, min(int(text.ends[row]), end + 16))
    return _DAY_BEFORE.search(before) is not None or _BEHIND.match(behind) is not None
