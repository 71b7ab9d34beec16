"""Passwords where access is written down: arguments of commands, `login: root / ...`, cells under "password".

No key and no sentence stands before such a value: `mysql -p...` names it by an option of its own, a note by a slash, a
table by its heading, some lines above. `told` finds the words that wake these readings (the command, the login, the
heading); each reading is anchored at its word and bounded. What documentation writes for anybody's is refused as everywhere
(`strength`, made by `told`).

Cost: a few microseconds a word; a table's lines are read once, under its first heading.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from curate.privacy.column import Block
from curate.privacy.told_words import AMBIGUOUS, NAMES_ITSELF, NOTES, OF_PROGRAMS
from curate.privacy.words import word_list

Strength = Callable[[str], int]
Told = tuple[int, int, str, float]
"""Characters behind the word where the value begins and ends, its type, its score."""

# ---- commands

_UP_TO = r"""(?:[^\n;|&`"']|"[^"\n]{0,80}"|'[^'\n]{0,80}'){0,160}?"""
"""Arguments of the same command."""
_VALUE = r"""(?:"(?P<double>[^"\s]{4,80})"|'(?P<single>[^'\s]{4,80})'|(?P<plain>[^\s"'`;|&<>(){}$]{4,80}))(?=[\s"'`;)]|$)"""


def _option(written: str) -> re.Pattern[str]:
    return re.compile(_UP_TO + r"(?<=\s)" + written + _VALUE)


_MYSQL, _SHORT_P = _option("-p"), _option("-p ?")
_COMMANDS: dict[str, re.Pattern[str]] = {
    "mysql": _MYSQL, "mysqldump": _MYSQL, "mysqladmin": _MYSQL, "mysqlimport": _MYSQL, "mariadb": _MYSQL,
    "sshpass": re.compile(r"\s+-p\s?" + _VALUE),
    "docker": re.compile(r"\s+login\b" + _UP_TO + r"(?<=\s)(?:-p|--password)[ =]" + _VALUE),
    "podman": re.compile(r"\s+login\b" + _UP_TO + r"(?<=\s)(?:-p|--password)[ =]" + _VALUE),
    "redis": re.compile("-cli" + _option(r"(?:-a|--pass) ").pattern),
    "smbclient": _option(r"-U ?[\"']?[\w.\\@-]{1,40}%"),
    "openssl": _option(r"-pass(?:in|out|word)? pass:"),
    "xfreerdp": _option("/p:"),
    "htpasswd": re.compile(r"\s+-[a-zA-Z]{0,4}b[a-zA-Z]{0,4}\s+\S{1,80}\s+[\w.@-]{1,40}\s+" + _VALUE),
    **dict.fromkeys(("ldapsearch", "ldapadd", "ldapmodify", "ldapwhoami"), _option("-w ")),
}  # fmt: skip
_CURL = re.compile(
    _UP_TO + r"""(?<=\s)(?:-u|--user)[ =](?P<quote>["']?)(?P<user>[\w.@+-]{1,60}):(?P<plain>[^\s"'`$<{]{4,80})"""
    r"""(?P=quote)(?=[\s"'`;)]|$)"""
)
_NAMES_NONE = re.compile(r"[<{$%(\[/~-]|\d+$|.*[({]|x+$|\*")


_ITS_USER = re.compile(r"\s(?:-u|--user)")
_NO_MYSQL = re.compile(r"=|[\d.:]+(?:/\w+)?$|(?:ort|rotocol|lugin|rompt|ager|rint|re-)")
"""Options and mappings of ports that begin with `-p` as well."""
_PORT = re.compile(r"\d{2,5}(?:/|$)")


def of_command(written: str, rest: str, strength: Strength) -> Told | None:
    """The password among the arguments of a command, `written` so."""
    word = written.lower()
    form = _CURL if word == "curl" else _COMMANDS[word]
    found = form.match(rest)
    if found is None:
        return None
    name = next(name for name in ("double", "single", "plain") if name in form.groupindex and found[name])
    value = found[name]
    if form is _MYSQL and (word != written or _NO_MYSQL.match(value) or not _ITS_USER.search(rest[: found.start(name)])):
        return None
    if _NAMES_NONE.match(value) or not strength(value):
        return None
    if word == "curl" and (found["user"].lower() in value.lower() or found["user"].isupper() or _PORT.match(value)):
        return None  # `-u user:user123`, `-u CLIENT_ID:CLIENT_SECRET1`, `-u localhost:8080/path1`
    return found.start(name), found.end(name), "SECRET", 0.8


_HARDWARE = re.compile(r"(?i)[ -]?(?:addr|adr|адр)\w{0,6}\W{1,3}(?:is |ist |est |es )?([0-9a-f]{12})(?![\w-])")
_ADDRESS = re.compile(r"(?i)(?:adresse|dirección|indirizzo|endereço|adres|адрес)[ -]\Z")
_SIGN = re.compile(r"(?i)\s?[:=]\s?([0-9a-f]{12})(?![\w-])")


def of_hardware(before: str, rest: str) -> Told | None:
    """Twelve hexadecimal digits behind "MAC address", which need no letter among them there."""
    found = _HARDWARE.match(rest) or (_SIGN.match(rest) if _ADDRESS.search(before) else None)
    return (found.start(1), found.end(1), "MAC_ADDRESS", 0.8) if found and len(set(found[1])) > 2 else None


_SSHD = re.compile(r" for ([a-z_][\w.-]{2,30}) from \d{1,3}\.")


_OF_MACHINES = frozenset(word_list("""
    oracle mysql nobody anonymous ftp ftpuser www data jenkins ansible vagrant centos debian fedora core backup ec
    ec2 support tomcat hadoop zabbix nagios minecraft steam teamspeak demo dev devops deployer jira sonar gitlab
    runner sshd daemon mail postfix squid puppet chef elastic elasticsearch kafka spark solr weblogic odoo info
    office student nas plex rancher opc cloud azureuser ubnt monitor monitoring rsync sync svn cvs cron proxy news
    uucp games man lp irc gnats ntp
"""))
"""Accounts of programs and roles that servers' logs are full of."""


def _somebody(name: str) -> bool:
    """Whether an account may be a person's: no part of it names a program, a role or a machine."""
    parts = {part.rstrip("0123456789") for part in re.split(r"[._-]", name.lower())} | {name.lower()}
    return all(map(parts.isdisjoint, (_ROOTS, _OF_MACHINES, OF_PROGRAMS)))


def of_login(before: str, rest: str) -> Told | None:
    """Who logged in, in a line of a server's log: "Accepted publickey for ... from 192.0.2.1"."""
    found = _SSHD.match(rest) if before.endswith(("Accepted ", "Failed ")) else None
    return (found.start(1), found.end(1), "HANDLE", 0.6) if found and _somebody(found[1]) else None


# ---- notes

_ROOTS = frozenset(("root", "admin", "administrator", "sa", "postgres", "sysadmin", "superuser", "pi", "ubuntu"))
_NOTE = re.compile(
    r"(?:[ \t]{0,2}[:=][ \t]{1,3}(?P<user>[\w.+-]{2,40}(?:@[\w-]+(?:\.[\w-]+)+)?)"
    r"|[ \t](?P<mail>[\w.+-]{1,40}@[\w-]+(?:\.[\w-]+)+))"
    r"[ \t]{1,2}/[ \t]{1,2}(?P<value>[^\s/]{6,40})(?=[\s,;)]|$)"
)
_PRODUCT = re.compile(
    r"(?:[a-z]?[A-Z][A-Za-z]*|[a-z]+(?:[_-][a-z]+)+)[_-]?\d+(?:\.\d+)*(?:Pro|Max|Plus|Mini|Ultra|LTS|SP\d|[_-][A-Za-z\d.]+)?"
    r"|[A-Za-z]+\d+\.\d.*", re.ASCII
)
"""A product with its version, a field with its number: `Debian12`, `iPhone15Pro`, `api_key1`."""
_OF_FIELDS = frozenset(word_list("id key secret bucket token field name user access client api region"))
_NET_USE = re.compile(r":\S{1,60}[ \t]+(?P<value>\S{6,60})(?=\s|$)")


def of_note(word: str, before: str, rest: str, strength: Strength) -> list[Told]:
    """`login: root / ...`: the password, and a user name that somebody made up."""
    if word == "user" and before.endswith("/") and "net use " in before:  # net use Z: \\server\share /user:name ...
        given = _NET_USE.match(rest)
        sure = given is not None and strength(given["value"]) >= 2
        return [(given.start("value"), given.end("value"), "SECRET", 0.8)] if given and sure else []
    if (word != "login" and word not in NOTES) or (found := _NOTE.match(rest)) is None:
        return []
    value = found["value"].rstrip(".")
    user = found["user"] or found["mail"]
    strong = strength(value)
    root, invented = user.lower() in _ROOTS, any(map(str.isdigit, user)) or "_" in user
    made_up = "@" in user or (invented and not NAMES_ITSELF.fullmatch(user))
    if not _OF_FIELDS.isdisjoint(re.split(r"[._-]", user.lower())) or (word != "login" and not made_up and not root):
        return []
    if strong < 3 and (not strong or not (root or made_up) or user != user.lower() or _PRODUCT.fullmatch(value)):
        return []
    out: list[Told] = [(found.start("value"), found.start("value") + len(value), "SECRET", 0.8)]
    if made_up and "@" not in user and not root:
        out.append((found.start("user"), found.end("user"), "HANDLE", 0.6))
    return out


# ---- tables

_LINE = 600
_HEADING = re.compile(r"[^\W\d][^\d|,;\t\"]{0,31}")
_RULE = re.compile(r"[-+=:|\s]*\Z")
_BESIDE = re.compile(
    r"(?i)(?:(?:db|default|initial|temp(?:orary)?|user|wi-?fi|admin|root|current|your|the|mot de|login|ssh)[ _]?){0,2}\Z"
)
_USER = re.compile(
    r"(?i)(?:user(?: ?name|_?id)?|login|e-?mail|account|benutzer(?:name)?|usuario|utilisateur|identifiant|utente)\Z"
)
_PARTS = re.compile(r"[|,;\t]")


def _line(text: Block, row: int, at: int) -> tuple[int, int]:
    """The line around a byte, or nothing where it is longer than a row of a table."""
    low, high = max(int(text.starts[row]), at - _LINE), min(int(text.ends[row]), at + _LINE)
    around = text.raw(low, high)
    begin = around.rfind(b"\n", 0, at - low) + 1
    end = around.find(b"\n", at - low)
    if (begin == 0 and low > int(text.starts[row])) or (end < 0 and high < int(text.ends[row])):
        return at, at
    return low + begin, low + (end if end >= 0 else len(around))


def _cells(line: str, sign: str) -> list[tuple[int, str]]:
    """Place and text of each cell, without blanks and quotes; the empty ones at the edges of a Markdown row left out."""
    out, at = [], 0
    for piece in line.rstrip("\r").split(sign):
        bare = piece.strip(" \t\"'`")
        out.append((at + (piece.find(bare) if bare else 0), bare))
        at += len(piece) + 1
    return out[1:-1] if sign == "|" and len(out) > 2 and not out[0][1] and not out[-1][1] else out


@dataclass(frozen=True)
class Table:
    """A column of passwords."""

    low: int
    """Byte where the rows begin."""
    sign: str
    column: int
    heads: list[str]


def under_heading(text: Block, row: int, start: int, end: int) -> Table | None:
    """The column that the word [start, end) heads, if its line holds the headings of a table."""
    if text.read(start, end).lower() in AMBIGUOUS and not text.read(max(start - 7, 0), start).lower().endswith("mot de "):
        return None
    low, high = _line(text, row, start)
    if low == high or high >= int(text.ends[row]):
        return None
    line = text.read(low, high)
    at = len(text.read(low, start))
    behind = line[at + len(text.read(start, end)) :].lstrip(" \t\"'`\r")
    if behind and not _PARTS.match(behind):
        return None
    sign = "|" if "|" in line else behind[:1] or next((s for s in "\t;," if s in line[:at]), "")
    if not sign:
        return None
    cells = _cells(line, sign)
    if len(cells) < 2 or not all(_HEADING.fullmatch(cell) for _, cell in cells if cell):
        return None
    for n, (place, cell) in enumerate(cells):
        if place <= at < place + len(cell):
            return Table(high + 1, sign, n, [cell for _, cell in cells]) if _BESIDE.match(cell[: at - place]) else None
    return None


def rows_below(text: Block, row: int, table: Table, strength: Strength) -> tuple[list[tuple[int, int, str, float]], int]:
    """Passwords (bytes) in the column and user names beside them, and where the rows end."""
    users = [n for n, head in enumerate(table.heads) if _USER.match(head)]
    out: list[tuple[int, int, str, float]] = []
    low, row_end = table.low, int(text.ends[row])
    while low < row_end:
        line = text.raw(low, min(row_end, low + 2 * _LINE))
        line = line[: stop] if (stop := line.find(b"\n")) >= 0 else line
        read = line.decode("utf-8", "replace")
        if not read.strip():
            break
        if not _RULE.match(read):
            cells = _cells(read, table.sign)
            if len(cells) != len(table.heads):
                break
            place, value = cells[table.column]
            strong = strength(value) if value and not HASH_OR_CODE.search(value) else 0
            who = [name for _, name in map(cells.__getitem__, users) if _LOGIN.fullmatch(name)]
            known = any(not NAMES_ITSELF.fullmatch(name) for name in who)
            if strong == 3 or (strong == 2 and known and not OF_CODE.search(value)):
                out.append(_at(low, read, place, value, "SECRET", 0.8))
                for user in users:
                    place, name = cells[user]
                    if "@" not in name and 4 <= len(name) <= 30 and _LOGIN.fullmatch(name) and _made_up(name):
                        out.append(_at(low, read, place, name, "HANDLE", 0.6))
        low += len(line) + 1
    return out, low


_LOGIN = re.compile(r"[^\W\dA-Z_][\w.@+-]{1,60}")
HASH_OR_CODE = re.compile(r"^[$@:?]|[\s\"]|\w\$.*\$|^[0-9a-fA-F]{32,}$")
"""Hashes and pieces of programs, which stand under the names of columns of passwords as well."""
OF_CODE = re.compile(
    r"(?i)base\d\d|sha-?\d|hmac|md\d|pbkdf|b?crypt|argon|utf-?\d|oauth|api|url|hash|password|token|http|json|xml|uuid|string|char"
    r"|(?-i:^(?:[gs]et|is|has|to|on|use|only)[A-Z]|V\d)"
)
"""Pieces of names of methods, of types and of rules: `Pbkdf2Sha256`, `setPassword2Hash`."""


def _made_up(name: str) -> bool:
    if NAMES_ITSELF.fullmatch(name) or name != name.lower():
        return False
    parts = re.split(r"[._-]", name.lower())
    return (any(map(str.isdigit, name)) or len(parts) > 1) and OF_PROGRAMS.isdisjoint(parts)


def _at(low: int, line: str, place: int, value: str, kind: str, score: float) -> tuple[int, int, str, float]:
    begin = low + len(line[:place].encode())
    return begin, begin + len(value.encode()), kind, score
