"""Values that one sign gives away: webhooks, keys of bots, named keys, payment addresses, plates, MAC
addresses, places in degrees.

The lexer knows values by what they begin with, or by a word before them. Some have neither: `0011.22aa.4455`,
`name@okaxis`, the path of an incoming webhook, which is its key. One compiled pass looks at `@`, `.`, `/`, `:`, `=` and at
digits beside letters beyond ASCII, compares the few bytes around, and proposes; each proposal is matched once, anchored
and bounded.

Sources: the providers' documentation of incoming webhooks and of bots; NPCI's list of UPI handles; Cisco's notation of MAC
addresses; GOST R 50577, the plate letters of the Korean and the Japanese vehicle registers and the latter's offices.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

import numpy as np
import numpy.typing as npt
from numba import njit

from curate.privacy.column import Block
from curate.privacy.degrees import of_degrees
from curate.privacy.letters import HEX, WORD, fnv, hash_table, lookup
from curate.privacy.overlaps import Found
from curate.privacy.told.strength import drawn, strength
from curate.privacy.types import CODE
from curate.privacy.words import word_list

_BEFORE, _AFTER = 72, 320
"""Bytes around the sign that are read."""
_AT, _DOTS, _SLASH, _COLON, _PLATE, _EQUALS, _DEGREES = range(1, 8)
_UPI = word_list("""
    okaxis okhdfcbank okicici oksbi ybl ibl axl paytm ptaxis ptsbi pthdfc ptyes apl yapl rapl upi waicici wahdfcbank waaxis
    wasbi icici hdfcbank sbi axisbank axisb kotak kmbl fbl freecharge airtel postbank jupiteraxis pingpay timecosmos slice
    idfcbank idfcfirst yesbank ikwik indus federal barodampay cnrb pnb unionbank uboi mahb naviaxis superyes
""")
UPI_KEYS, UPI_VALUES = hash_table({name.encode(): 1 for name in _UPI})


def _wakes() -> npt.NDArray[np.uint8]:
    table = np.zeros(256, dtype=np.uint8)
    table[list(b"0123456789")] = _PLATE
    for sign, kind in ((b"@", _AT), (b".", _DOTS), (b"/", _SLASH), (b":", _COLON), (b"=", _EQUALS), (b"\xb0", _DEGREES)):
        table[sign[0]] = kind
    return table


_WAKES = _wakes()
_PATHS = np.array([int.from_bytes(part, "big") for part in (b"ser", b"web", b"wor", b"tri", b"hoo")], np.int64)
"""First letters of services/, webhook(s)/, webhookb2/, workflows/, triggers/, hooks/."""
_PROFILES = int.from_bytes(b"in/", "big")


@njit(cache=True, nogil=True)
def _dotted(data, start, end, i):  # type: ignore[no-untyped-def]
    """Whether the full stop at `i` is the first of a MAC address in three groups of four."""
    if i - 4 < start or i + 10 > end or data[i + 5] != 46:
        return False
    for k in range(i - 4, i + 10):
        if k != i and k != i + 5 and HEX[data[k]] == 0:
            return False
    if i - 5 >= start and (WORD[data[i - 5]] != 0 or data[i - 5] == 46 or data[i - 5] == 45):
        return False
    j = i + 10
    return j == end or (WORD[data[j]] == 0 and data[j] != 45 and not (data[j] == 46 and j + 1 < end and WORD[data[j + 1]]))


@njit(cache=True, nogil=True)
def _payee(data, end, i):  # type: ignore[no-untyped-def]
    """Whether the `@` at `i` stands before the name of a payment service, and no more."""
    j = i + 1
    while j < end and j - i < 16 and WORD[data[j]] == 1:
        j += 1
    if j - i < 4 or (j < end and (WORD[data[j]] != 0 or data[j] == 64 or data[j] == 45)):
        return False
    if j + 1 < end and data[j] == 46 and WORD[data[j + 1]] != 0:
        return False
    return lookup(fnv(data, i + 1, j), UPI_KEYS, UPI_VALUES) != 0


@njit(cache=True, nogil=True)
def _plate(data, start, end, i):  # type: ignore[no-untyped-def]
    """Whether two or three digits begin at `i`, between letters beyond ASCII as on a plate; blanks may stand between."""
    j = i
    while j < end and j - i < 4 and 48 <= data[j] <= 57:
        j += 1
    if not 2 <= j - i <= 3 or j + 3 >= end:
        return False
    k = j + 1 if data[j] == 32 else j
    c = data[k]
    if 0xEA <= c <= 0xED and k == j and k + 3 < end:  # Hangul
        k = k + 4 if data[k + 3] == 32 else k + 3
        return k + 4 <= end and 48 <= data[k] <= 57 and 48 <= data[k + 3] <= 57
    p = i - 2 if i > start and data[i - 1] == 32 else i - 1
    if p - 1 < start:
        return False
    if c == 0xE3 and data[p] >= 128 and k + 4 < end and (data[k + 1] == 0x81 or data[k + 1] == 0x82):  # Hiragana
        d = data[k + 4] if data[k + 3] == 32 else data[k + 3]
        return 48 <= d <= 57 or d == 0xE3
    if j - i == 3 and (c == 0xD0 or c == 0xD1) and (data[p - 1] == 0xD0 or data[p - 1] == 0xD1):
        k += 4
        return k + 2 <= end and (48 <= data[k] <= 57 or (data[k] == 32 and 48 <= data[k + 1] <= 57))
    return False


@njit(cache=True, nogil=True)
def _path(data, start, end, i):  # type: ignore[no-untyped-def]
    """Whether the slash at `i` begins a part of an address that webhooks and profiles have."""
    if i + 6 > end:
        return False
    three = (np.int64(data[i + 1]) << 16) | (np.int64(data[i + 2]) << 8) | np.int64(data[i + 3])
    if three == _PROFILES:
        return i - 12 >= start and data[i - 1] == 109 and data[i - 5] == 110  # linkedin.com
    for n in range(len(_PATHS)):  # noqa: SIM110 - compiled
        if three == _PATHS[n]:
            return True
    return False


@njit(cache=True, nogil=True)
def _named(data, start, end, i):  # type: ignore[no-untyped-def]
    """Whether a name that ends in `_key` or `_pass` stands before the colon or the sign of equality at `i`."""
    j, floor = i - 1, max(start + 4, i - 4)
    while j >= floor and (data[j] == 32 or data[j] == 34 or data[j] == 39 or data[j] == 92):
        j -= 1
    if j >= start + 5 and data[j - 4] == 95 and data[j] | 32 == 115 and data[j - 1] | 32 == 115 and i + 7 <= end:
        return data[j - 2] | 32 == 97 and data[j - 3] | 32 == 112
    if j < start + 4 or i + 20 >= end or (data[j - 3] != 95 and data[j - 3] != 45):
        return False
    return data[j] | 32 == 121 and data[j - 1] | 32 == 101 and data[j - 2] | 32 == 107


@njit(cache=True, nogil=True)
def _of_a_pair(data, start, end, i):  # type: ignore[no-untyped-def]
    """Whether the sign of degrees that ends at `i` stands between digits, and the next one as far behind as in a pair."""
    j = i - 3 if i - 3 >= start and data[i - 2] == 32 else i - 2
    k = i + 2 if i + 2 < end and data[i + 1] == 32 else i + 1
    if j < start or k >= end or data[i - 1] != 0xC2 or WORD[data[j]] != 2 or WORD[data[k]] != 2:
        return False
    for n in range(i + 2, min(end, i + 48)):
        if data[n] == 0xB0 and data[n - 1] == 0xC2:
            return n >= i + 8
    return False


@njit(cache=True, nogil=True)
def _places(data, starts, ends):  # type: ignore[no-untyped-def]
    """Row, place and kind of each sign that may stand in such a value."""
    out = [(np.int64(0), np.int64(0), np.int64(0)) for _ in range(0)]
    for row in range(len(starts)):
        start, end = starts[row], ends[row]
        for i in range(start, end):
            kind = _WAKES[data[i]]
            if kind == 0:
                continue
            if kind == _PLATE:
                take = (i == start or not 48 <= data[i - 1] <= 57) and _plate(data, start, end, i)
            elif kind == _DOTS:
                take = _dotted(data, start, end, i)
            elif kind == _AT:
                take = i > start and 1 <= WORD[data[i - 1]] <= 2 and _payee(data, end, i)
            elif kind == _COLON:  # 7104402817:AA...
                take = i + 30 < end and data[i + 1] == 65 and data[i + 2] == 65 and i > start and 48 <= data[i - 1] <= 57
                if not take and _named(data, start, end, i):
                    take, kind = True, _EQUALS
            elif kind == _EQUALS:
                take = _named(data, start, end, i)
            elif kind == _DEGREES:  # two bytes, of which this is the second
                take = _of_a_pair(data, start, end, i)
                i -= take
            else:
                take = _path(data, start, end, i)
            if take:
                out.append((np.int64(row), np.int64(i), np.int64(kind)))
    return out


# ---- each kind, as it is read: (before, behind) the sign -> signs taken on both sides, score


_Taken = tuple[int, int, str, float] | None
"""Characters before the sign (negative) or behind it where the value begins, where it ends, type, score."""

_HOOKS: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...] = tuple(
    (re.compile(host + r"\Z"), re.compile(path))
    for host, path in (
        (r"hooks\.slack(?:-gov)?\.com", r"/services/(T[A-Z0-9]{6,14}/B[A-Z0-9]{6,14}/[A-Za-z0-9]{18,32})(?![A-Za-z0-9])"),
        (r"hooks\.slack(?:-gov)?\.com", r"/(?:workflows|triggers)/([TE][A-Z0-9]{6,14}(?:/[A-Za-z0-9]{8,40}){2,3})"),
        (r"discord(?:app)?\.com/api(?:/v\d{1,2})?", r"/webhooks/(\d{17,20}/[\w-]{40,90})"),
        (r"\.(?:webhook\.)?office\.com",
         r"/webhookb?2?/([0-9a-f-]{36}(?:@[0-9a-f-]{36})?/IncomingWebhook/[0-9a-f]{32}/[0-9a-f-]{36}(?:/[\w-]{1,80})?)"),
        (r"hooks\.zapier\.com", r"/hooks/catch/(\d{4,10}/[0-9a-z]{6,12})(?![0-9A-Za-z])"),
    )
)  # fmt: skip
_PROFILE = re.compile(r"/in/([\w%-]{3,100})")
_ANYBODYS = re.compile(r"(?i)your|user|example|profile|name\Z|x{3}|<|johndoe|janedoe")
_BOT_BEFORE = re.compile(r"(?<![0-9A-Za-z])(?:bot)?(\d{8,10})\Z")
_BOT_BEHIND = re.compile(r":AA[\w-]{33}(?![\w-])")


def _hook(before: str, behind: str) -> _Taken:
    if behind.startswith("/in/"):
        profile = _PROFILE.match(behind) if before.lower().endswith("linkedin.com") else None
        none = profile is None or _ANYBODYS.search(profile[1])
        return None if none or profile is None else (profile.start(1), profile.end(1), "HANDLE", 0.8)
    for host, path in _HOOKS:
        found = path.match(behind)
        if found and host.search(before):
            last = found[1].rpartition("/")[2]
            return (found.start(1), found.end(1), "SECRET", 0.95) if len(set(last)) >= 5 else None
    return None


def _bot(before: str, behind: str) -> _Taken:
    number, key = _BOT_BEFORE.search(before), _BOT_BEHIND.match(behind)
    drawn = key is not None and len(set(key[0])) > 9 and key[0][3:] not in (key[0][3:].lower(), key[0][3:].upper())
    return (-len(number[1]), key.end(), "SECRET", 0.95) if number and key and drawn else None


_KEY_NAME = re.compile(
    r"(?:(?i:storage|account|signing|encryption|service_role)[_-](?i:key)"
    r"|(?<![A-Za-z0-9_])(?![A-Z0-9_]*(?:PUB|CACHE|PRIMARY|FOREIGN|SORT|PARTITION|HOST|HASH|ROW|IDEMPOTENCY))"
    r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*_KEY)[\\\"' ]*\Z"
)
"""Names of keys, and any in capitals: environments name the keys of services so."""
_KEY_VALUE = re.compile(r"[:=] ?[\\\"'`]*([A-Za-z0-9+/_=.~-]{20,200})(?![\w:])")


_PASS_NAME = re.compile(
    r"(?i)(?<![a-z])(?:db|database|smtp|e?mail|s?ftp|ssh|admin|root|user|login|mysql|postgres|pg|redis|mongo|rabbitmq|imap|ldap"
    r"|wifi|auth)_pass[\\\"' ]*\Z"
)
_PASS_VALUE = re.compile(
    r"(?P<sign>[:=])(?P<gap> ?)\\?(?P<quote>[\"'`]?)(?P<value>[^\s\"'`\\<>{}$%();,|]{6,60})(?P<end>.?)"
)
_NO_PASS = re.compile(r"[\w.-]+[:/]|[\w-]+(?:\.[\w-]+)+(?::|$)")
"""Servers, paths, what a form demands (`string:60`): what else stands under such a name."""


def _named_pass(before: str, behind: str) -> _Taken:
    """`DB_PASS=...`: without quotes a program's name may stand there, so a value with a blank before it must say more."""
    found = _PASS_VALUE.match(behind) if _PASS_NAME.search(before) else None
    if found is None or (found["quote"] and found["end"] not in (found["quote"], "\\")) or found["end"] in ("(", "{"):
        return None
    value = found["value"] if found["quote"] else found["value"].split("&")[0]  # of a query
    if found["end"] == "|" or _NO_PASS.match(value) or len(value) < 6:
        return None
    strong, tight = strength(value), found["sign"] == "=" and not found["gap"]
    if not found["quote"] and ("." in value or "[" in value):
        return None
    least = 3 if "pass" in value.lower() else 1 if found["quote"] or tight else 2
    begin = found.start("value")
    return (begin, begin + len(value), "SECRET", 0.8) if strong >= least else None


def _named_key(before: str, behind: str) -> _Taken:
    """Programs keep versions, paths and methods under such names too, so the value must look drawn at random."""
    if before.rstrip("\\\"' ")[-4:].lower() == "pass":
        return _named_pass(before, behind)
    value = _KEY_VALUE.match(behind) if _KEY_NAME.search(before) else None
    found = value[1].rstrip(".") if value else ""
    return (value.start(1), value.start(1) + len(found), "SECRET", 0.8) if value and drawn(found) else None


_PAYER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,49}\Z")
_PAYEE = re.compile(r"@([A-Za-z]+)(?![A-Za-z{(/\\]|:\S)")
_SAYS_ELSE = frozenset(word_list("slice federal apl yapl rapl upi indus airtel kotak pnb icici sbi postbank"))
"""Services whose names are words, hosts or banks as well: a word of payment, or a telephone before them, must say more."""
_HOSTS = frozenset(word_list("root admin ubuntu debian centos postgres git ec2-user jenkins deploy user www-data kafka"))
_PAYS = re.compile(
    r"(?i)\b(?:upi|pa(?:y|id|ying|yments?|yable|yee)|vpa|bhim|sen[dt])\b|g-?pay|phone-?pe|paytm|भुगतान|transfer|₹"
)


def _payment(before: str, behind: str) -> _Taken:
    name, service = _PAYER.search(before), _PAYEE.match(behind)
    if name is None or service is None or _ANYBODYS.search(name[0]) or before[: name.start()].endswith(("@", "/", "\\")):
        return None
    around = before[: name.start()] + " " + behind[service.end() : service.end() + 48]
    telephone = name[0].isdigit() and len(name[0]) >= 10
    if service[1].lower() in _SAYS_ELSE and not telephone and (name[0] in _HOSTS or not _PAYS.search(around)):
        return None
    return -len(name[0]), service.end(), "HANDLE", 0.8


_HARDWARE = re.compile(
    r"(?i)\b(?:macs?|mac.?addr\w*|arp|hw.?addr\w*|hardware|ether(?:net)?|vlans?\d*|switch(?:es|port)?|cisco|interfaces?|stations?"
    r"|uplink|wlan|wi-?fi|aps?|dhcp|bssid|(?:gi|fa|te|eth|po)[a-z]*\d[\d/.]*)\b"
)
_OTHERS = re.compile(r"(?i)\b(?=[\d.]*[a-f])(?=[a-f.]*\d)[\da-f]{4}\.[\da-f]{4}\.[\da-f]{4}\b")


def _mac(before: str, behind: str) -> _Taken:
    value = before[-4:] + behind[:10]
    if not any(map(str.isdigit, value)) or not any(map(str.isalpha, value)) or len(set(value)) < 4:
        return None
    if not any(words.search(before[:-4]) or words.search(behind, 10, 58) for words in (_HARDWARE, _OTHERS)):
        return None  # a sum, a build; a table or a list holds more than one
    return -4, 10, "MAC_ADDRESS", 0.85


_RUSSIAN = re.compile(r"(?<![\w.-])([АВЕКМНОРСТУХ])( ?)\d{3}\2[АВЕКМНОРСТУХ]{2}\2\d{2,3}(?!\w)(?![.,-]\d)", re.IGNORECASE)
_NUMBER = r"номер(?! (?:заказ|дом|договор|телефон|сч[её]т|дел|детал|артик))"
_RUSSIAN_WORDS = re.compile(
    rf"(?i){_NUMBER}|\bзнак|\bавто(?!мат)|машин|\bгрз\b|г/н|\bгос(?:\b|номер|знак|рег|ударств)|\bт/?с\b|регистрацион|водител"
    r"|\bрег\b"
)
_RUSSIAN_STATE = re.compile(rf"(?i){_NUMBER}|\bзнак|\bгрз\b|г/н|\bгос(?:\b|номер|знак|рег)")
"""What is asked for small letters with blanks between, as prepositions and measures are: "с 100 км 15 литров"."""
_MEASURES = ("мм", "см", "км", "тн")
_CHIPS = re.compile(
    r"(?i)схем|серии|усилит|при[её]мник|триггер|\b(?:п|пп)?озу\b|ппзу|сталь|магнитол|радио|транзист|резист|телевиз|автомат\b"
)
_KOREAN = re.compile(
    r"(?<![\w.-])\d{2,3}(?P<letter>[가나다라마바사아자차카타파하거너더러머버서어저허고노도로모보소오조호구누두루무부수우주배])"
    r" ?\d{4}(?![\d-]|[.,]\d|[A-Za-z%])(?! ?(?:억|만|원|명|대|년|월|천|개|곳|건|톤|호|회|배|주|도|시즌|킬로|미터))"
    r"(?=$|[^\w]|[은는이가을를의에로와과도입번차])"
)
_KOREAN_WORDS = re.compile(r"번호판|차량 ?번호|차 ?번호|차번")
_KOREAN_UNITS = "조배주도부호바수구차자서사보무두로"
"""Plate letters that are units or counters as well."""
_JAPANESE = re.compile(
    r"(?P<office>[一-龥]{2,4}|[ぁ-ん]{3,4}) ?(?P<kind>\d{2,3}) ?(?P<letter>[あ-んヲ]) ?"
    r"(?:\d{1,2}-\d{2}|[・･]{1,3}\d{1,3}|[・･]{1,2}\d-\d{2})(?!\d)"
)
_JAPANESE_WORDS = re.compile(r"ナンバー|登録番号|車両|車体番号|車検|(?:の|愛|自家用)車(?!で)")
_PARTICLES = "のはがをにとでもかやへよ"
_OFFICES = frozenset(word_list("""
    品川 練馬 足立 八王子 多摩 世田谷 杉並 板橋 江東 葛飾 横浜 川崎 湘南 相模 大宮 所沢 熊谷 春日部 越谷 川口 川越
    千葉 習志野 野田 成田 市川 船橋 松戸 市原 水戸 土浦 つくば 宇都宮 とちぎ 那須 群馬 高崎 前橋 山梨 富士山 名古屋
    尾張小牧 三河 豊橋 岡崎 豊田 一宮 春日井 静岡 浜松 沼津 伊豆 岐阜 飛騨 三重 鈴鹿 四日市 大阪 なにわ 和泉 神戸
    姫路 京都 奈良 飛鳥 和歌山 滋賀 札幌 函館 室蘭 旭川 帯広 釧路 北見 知床 苫小牧 仙台 宮城 福島 いわき 会津 郡山
    白河 山形 庄内 秋田 岩手 盛岡 平泉 青森 八戸 弘前 新潟 長岡 上越 長野 松本 諏訪 南信州 富山 石川 金沢 福井 鳥取
    島根 出雲 岡山 倉敷 広島 福山 山口 下関 香川 高松 徳島 愛媛 高知 福岡 北九州 久留米 筑豊 佐賀 長崎 佐世保 熊本
    大分 宮崎 鹿児島 奄美 沖縄
"""))
"""What the first line of a plate names: the transport offices and regions."""


def _of_vehicle(before: str, behind: str) -> _Taken:
    whole, at = before + behind[:40], len(before)
    for form, sure in ((_RUSSIAN, _russian), (_KOREAN, _korean), (_JAPANESE, _japanese)):
        for found in form.finditer(whole, max(0, at - 8)):
            if found.start() <= at < found.end() and sure(found, before[-48:], whole[found.end() : found.end() + 24]):
                return found.start() - at, found.end() - at, "LICENSE_PLATE", 0.8
    return None


def _russian(found: re.Match[str], before: str, behind: str) -> bool:
    around, blanks = before + " " + behind, bool(found[2])
    if _CHIPS.search(around):
        return False
    if found[0] == found[0].lower() and blanks:
        return found[0].split()[2] not in _MEASURES and _RUSSIAN_STATE.search(around) is not None
    return _RUSSIAN_WORDS.search(around) is not None


def _korean(found: re.Match[str], before: str, behind: str) -> bool:
    vehicle = behind.lstrip().startswith("차량") and found["letter"] not in _KOREAN_UNITS
    return vehicle or _KOREAN_WORDS.search(before[-16:] + " " + behind[:16]) is not None


def _japanese(found: re.Match[str], before: str, behind: str) -> bool:
    office = found["office"] in _OFFICES and len(found["kind"]) == 3 and found["letter"] not in _PARTICLES
    return office or _JAPANESE_WORDS.search(before[-24:] + " " + behind[:8]) is not None


def _degrees(before: str, behind: str) -> _Taken:
    place = of_degrees(before, behind)
    return None if place is None else (*place, "COORDINATES", 0.8)


_READ: dict[int, Callable[[str, str], _Taken]] = {
    _AT: _payment, _DOTS: _mac, _SLASH: _hook, _COLON: _bot, _PLATE: _of_vehicle,
    _EQUALS: _named_key, _DEGREES: _degrees,
}  # fmt: skip


BY_SIGNS = frozenset(("HANDLE", "MAC_ADDRESS", "SECRET", "LICENSE_PLATE", "COORDINATES"))
"""Types of which such values are."""


def by_signs(text: Block, types: Collection[str]) -> Found:
    """Spans (bytes) of such values, as far as `types` asks for them."""
    at: list[tuple[int, int, int, int]] = []
    scores: list[float] = []
    for row, place, kind in _places(text.data, text.starts, text.ends):
        before = text.read(max(int(text.starts[row]), place - _BEFORE), place)
        behind = text.read(place, min(int(text.ends[row]), place + _AFTER))
        taken = _READ[kind](before, behind)
        if taken is None or taken[2] not in types:
            continue
        left, right, name, score = taken
        start = place + (len(behind[:left].encode()) if left >= 0 else -len(before[left:].encode()))
        at.append((row, start, place + len(behind[:right].encode()), CODE[name]))
        scores.append(score)
    return Found(np.array(at, np.int64).reshape(-1, 4), np.array(scores, np.float64), np.zeros(len(at), np.bool_))
