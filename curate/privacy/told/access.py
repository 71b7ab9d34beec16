"""Passwords where access is written down: arguments of commands, `login: root / ...`; who logged in, whose folder a path
names; hardware addresses.

No key and no sentence stands before such a value: `mysql -p...` names it by an option of its own, a note by a slash. The
command or the word wakes the reading, which is anchored there and bounded. What documentation writes for anybody's is
refused as everywhere (`strength`). Cost: a few microseconds a word.
"""

from __future__ import annotations

import re

from curate.privacy.told.accounts import OF_MACHINES, ROOTS, made_up, somebodys
from curate.privacy.told.strength import strength
from curate.privacy.told.words import COMMAND, FOLDER, HARDWARE, NOTES, OF_PROGRAMS, PASSWORD
from curate.privacy.words import word_list

Told = tuple[int, int, str, float]
"""Characters behind the word where the value begins and ends, its type, its score."""

_UP_TO = r"""(?:[^\n;|&`"']|"[^"\n]{0,80}"|'[^'\n]{0,80}'){0,160}?"""
"""Arguments of the same command."""
_VALUE = r"""(?:"(?P<double>[^"\s]{4,80})"|'(?P<single>[^'\s]{4,80})'|(?P<plain>[^\s"'`;|&<>(){}$]{4,80}))(?=[\s"'`;)]|$)"""


def _option(written: str) -> re.Pattern[str]:
    return re.compile(_UP_TO + r"(?<=\s)" + written + _VALUE)


_MYSQL = _option("-p")
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
_OPTIONS_ALONE = re.compile(r"(?:\s+-\S+(?:\s+[^-\s]\S*)?)*\s+-p")
"""Nothing but options, each with a value or none: no other command whose `-p` it is."""
_NO_MYSQL = re.compile(r"=|[\d.:]+(?:/\w+)?$|\d+\.\d|(?:ort|rotocol|lugin|rompt|ager|rint|re-?\d+(?:[.-]|$))")
"""Options and mappings of ports that begin with `-p` as well."""
_PORT = re.compile(r"\d{2,5}(?:/|$)")
_HARDWARE = re.compile(r"(?i)[ -]?(?:addr|adr|адр)\w{0,6}\W{1,3}(?:is |ist |est |es )?([0-9a-f]{12})(?![\w-])")
_ADDRESS = re.compile(r"(?i)(?:adresse|dirección|indirizzo|endereço|adres|адрес)[ -]\Z")
_SIGN = re.compile(r"(?i)\s?[:=]\s?([0-9a-f]{12})(?![\w-])")
_SSHD = re.compile(r" for ([a-z_][\w.-]{2,30}) from \d{1,3}\.")
_OF_ROOT = re.compile(r"(?:(?:^|[\s\"'`=:(,\[<>|;@])|file://|/[a-z]|[A-Za-z]:\\?)[/\\]\Z")
_OWNER = re.compile(r"(?:/|\\{1,2})([A-Za-z][\w.-]{2,30}?)(?=[/\\])")
_OF_NOBODY = frozenset(word_list("""
    all shared default defaultuser public username yourname yourusername youruser you me myname myuser myusername somebody
    someone anyone person node vscode codespace gitpod jovyan coder circleci travis linuxbrew app site sites linux mac ci
    container builder foo bar baz joe jane john alice bob xxx user1 user2
"""))
"""Folders of everybody, of machines that build, and of documentation."""
_NOTE = re.compile(
    r"(?:[ \t]{0,2}[:=][ \t]{1,3}(?P<user>[\w.+-]{2,40}(?:@[\w-]+(?:\.[\w-]+)+)?)"
    r"|[ \t](?P<mail>[\w.+-]{1,40}@[\w-]+(?:\.[\w-]+)+))"
    r"[ \t]{1,2}/[ \t]{1,2}(?P<value>[^\s/]{6,40})(?=[\s,;)]|$)"
)
_PRODUCT = re.compile(
    r"(?:[a-z]?[A-Z][A-Za-z]*|[a-z]+(?:[_-][a-z]+)+)[_-]?\d+(?:\.\d+)*(?:Pro|Max|Plus|Mini|Ultra|LTS|SP\d|[_-][A-Za-z\d.]+)?"
    r"|[A-Za-z]+\d+\.\d.*",
    re.ASCII,
)
"""A product with its version, a field with its number: `Debian12`, `iPhone15Pro`, `api_key1`."""
_NUMBERED = re.compile(r"([A-Z][a-z]+)\d{2,4}")
_NUMBERED_THINGS = OF_MACHINES | OF_PROGRAMS | frozenset(word_list("""
    debian ubuntu rocky alma fedora mint kali arch gentoo raspbian bullseye bookworm trixie buster jammy focal noble windows
    server proxmox solaris android python ruby java node perl firefox chrome safari edge exchange office outlook word excel
    access kernel oracle postgres redis nginx apache tomcat docker galaxy pixel iphone release version build level team
    group room floor rack disk port host switch router seite raum rhel suse opensuse freebsd esxi vmware hyperv macos cisco
    kapitel chapter page zimmer etage vlan slot drucker printer
"""))
_OF_FIELDS = frozenset(word_list("id key secret bucket token field name user access client api region"))
_NET_USE = re.compile(r":\S{1,60}[ \t]+(?P<value>\S{6,60})(?=\s|$)")


def read(kind: int, written: str, before: str, rest: str) -> list[Told]:
    """What stands behind a word of a kind, `written` so."""
    word = written.lower()
    if kind == COMMAND:
        found = _of_command(written, rest)
    elif kind == FOLDER:
        found = _of_folder(written, before, rest)
    elif kind == HARDWARE:
        found = _of_hardware(before, rest)
    elif kind == PASSWORD or word == "publickey":
        found = _of_login(before, rest)
    else:
        return _of_note(word, before, rest)
    return [] if found is None else [found]


def _of_command(written: str, rest: str) -> Told | None:
    """The password among the arguments of a command, `written` so."""
    word = written.lower()
    form = _CURL if word == "curl" else _COMMANDS[word]
    found = form.match(rest)
    if found is None:
        return None
    name = next(name for name in ("double", "single", "plain") if name in form.groupindex and found[name])
    value = found[name]
    needed = 1
    if form is _MYSQL:
        if word != written or _NO_MYSQL.match(value):
            return None
        before_it = rest[: found.start(name)]
        needed = 1 if _ITS_USER.search(before_it) else 2
        if needed == 2 and not _OPTIONS_ALONE.fullmatch(before_it.rstrip("\"'")):
            return None
    if _NAMES_NONE.match(value) or strength(value) < needed:
        return None
    if word == "curl" and (found["user"].lower() in value.lower() or found["user"].isupper() or _PORT.match(value)):
        return None  # `-u user:user123`, `-u CLIENT_ID:CLIENT_SECRET1`, `-u localhost:8080/path1`
    return found.start(name), found.end(name), "SECRET", 0.8


def _of_hardware(before: str, rest: str) -> Told | None:
    """Twelve hexadecimal digits behind "MAC address", which need no letter among them there."""
    found = _HARDWARE.match(rest) or (_SIGN.match(rest) if _ADDRESS.search(before) else None)
    return (found.start(1), found.end(1), "MAC_ADDRESS", 0.8) if found and len(set(found[1])) > 2 else None


def _of_folder(written: str, before: str, rest: str) -> Told | None:
    """Whose folder a path leads through: `/home/...`, `C:\\Users\\...`; no route of a page (`/users/list`)."""
    if written not in ("home", "Users") or not _OF_ROOT.search(before) or (found := _OWNER.match(rest)) is None:
        return None
    from curate.privacy.names.listed import listed_first, ordinary  # late: few need the names

    name = found[1].lower()
    if ordinary(name) and not listed_first(name):
        return None  # `/home/about/...` is a page
    if name in _OF_NOBODY or not somebodys(name) or name.startswith(("your", "my-", "my_")):
        return None
    return found.start(1), found.end(1), "HANDLE", 0.6


def _of_login(before: str, rest: str) -> Told | None:
    """Who logged in, in a line of a server's log: "Accepted publickey for ... from 192.0.2.1"."""
    found = _SSHD.match(rest) if before.endswith(("Accepted ", "Failed ")) else None
    return (found.start(1), found.end(1), "HANDLE", 0.6) if found and somebodys(found[1]) else None


def _a_product(value: str, root: bool) -> bool:
    """Whether it is called so: beside the user name of an administrator a word and a year or so is chosen by somebody,
    unless it is known to stand before a number."""
    numbered = _NUMBERED.fullmatch(value) if root else None
    return numbered[1].lower() in _NUMBERED_THINGS if numbered else _PRODUCT.fullmatch(value) is not None


def _of_note(word: str, before: str, rest: str) -> list[Told]:
    """`login: root / ...`: the password, and a user name that somebody made up."""
    if word == "user" and before.endswith("/") and "net use " in before:  # net use Z: \\server\share /user:name ...
        given = _NET_USE.match(rest)
        sure = given is not None and strength(given["value"]) >= 2
        return [(given.start("value"), given.end("value"), "SECRET", 0.8)] if given and sure else []
    if (word != "login" and word not in NOTES) or (found := _NOTE.match(rest)) is None:
        return []
    value = found["value"].rstrip(".,;\"'`)]")
    user = found["user"] or found["mail"]
    strong = strength(value)
    root, invented = user.lower() in ROOTS, made_up(user)
    if not _OF_FIELDS.isdisjoint(re.split(r"[._-]", user.lower())) or (word != "login" and not invented and not root):
        return []
    if strong < 3 and (not strong or not (root or invented) or user != user.lower() or _a_product(value, root)):
        return []
    out: list[Told] = [(found.start("value"), found.start("value") + len(value), "SECRET", 0.8)]
    if invented and "@" not in user and not root:
        out.append((found.start("user"), found.end("user"), "HANDLE", 0.6))
    return out
