"""User names: which are made up, whose they are, and those that a sentence tells."""

from __future__ import annotations

import re

from curate.privacy.told import words as w
from curate.privacy.told.strength import strength
from curate.privacy.told.tokens import UNSPACED, Token, Value, is_mine, tokens, unspaced
from curate.privacy.words import word_list

_ACCOUNT = re.compile(r"[a-z0-9][a-z0-9._-]{3,29}", re.IGNORECASE)
_SIGNED = re.compile(r"(?=.*\d).*\w[._]\w")
_SITE = re.compile(r"\.(?:com|org|net|io|de|fr|uk|html?|php|py|js|txt|json|config|ya?ml|xml|ini)$", re.IGNORECASE)
_LAST_INITIAL = re.compile(r"[a-z]{3,}[._][a-z]")
_KEY_BEHIND = re.compile(r"""["'»”)]*[.,;|/]?[ \t]*(?:[|/][ \t]*)?(?:\w+[ \t]?){1,3}[:=]""")
_CLOSED = re.compile(
    r"""["'»”)]*(?:\s*(?:[,;|/)\]]|$)|\.?\s*\n|\.?\s*$|[.,]?\s+(?:\w+\s?){1,3}[:=]|\s+(?:and|und|et|y|e|i|en|и)\s)"""
)
_NAME_OF = re.compile(r"(?i)\b(?:no(?:me|m|mbre)(?: d[eo] | d['’]| )|nama )$")
_NAME = re.compile(r"(?i)[ -]?(?:name|id|navn|namn|naam)\b")
_PASSWORD_BESIDE = re.compile(
    r"(?i)pass(?:wor|e\b)|\bpwd?\b|kennwort|contrase|\bsenha|mot de passe|wachtwoord|hasł|парол|şifre|parola|sandi|mật khẩu"
    r"|lösenord|adgangskode|salasana|heslo|jelsz|κωδικ"
)
_LOGGED = re.compile(r"[ \t]+[a-z_]{2,16}=")
ROOTS = frozenset(("root", "admin", "administrator", "sa", "postgres", "sysadmin", "superuser", "pi", "ubuntu"))
OF_MACHINES = frozenset(
    word_list("""
    oracle mysql nobody anonymous ftp ftpuser www data jenkins ansible vagrant centos debian fedora core backup ec
    ec2 support tomcat hadoop zabbix nagios minecraft steam teamspeak demo dev devops deployer jira sonar gitlab
    runner sshd daemon mail postfix squid puppet chef elastic elasticsearch kafka spark solr weblogic odoo info
    office student nas plex rancher opc cloud azureuser ubnt monitor monitoring rsync sync svn cvs cron proxy news
    uucp games man lp irc gnats ntp
""")
)
"""Accounts of programs and roles that servers' logs are full of."""
_JOINTS = re.compile("[._-]")
_NO_WORD = re.compile(r"[\d_@]|\w\.\w")


def somebodys(name: str) -> bool:
    """Whether an account may be a person's: neither a part of it nor its end (`dbadmin`) names a program, a role or a
    machine."""
    if name.lower().rstrip("0123456789").endswith("admin"):
        return False
    parts = {part.rstrip("0123456789") for part in _JOINTS.split(name.lower())} | {name.lower()}
    return all(map(parts.isdisjoint, (ROOTS, OF_MACHINES, w.OF_PROGRAMS)))


def made_up(name: str) -> bool:
    """Whether a user name is no word: an address, or with a digit or a sign inside or of two words with a hyphen, and no
    name of a file."""
    if "@" in name:
        return True
    parts = _JOINTS.split(name)
    two = len(parts) == 2 and all(part.isalpha() and len(part) > 2 for part in parts)
    ours = w.NAMES_ITSELF.fullmatch(name) or _SITE.search(name)
    return (two or _NO_WORD.search(name) is not None) and max(map(len, parts)) > 2 and not ours


def a_handle(name: str) -> bool:
    """Whether it is made up and not out of a program, as names in lists of fields are: `app_user`."""
    return "@" not in name and made_up(name) and w.OF_PROGRAMS.isdisjoint(_JOINTS.split(name.lower()))


def account_like(value: str, joined: str = "") -> bool:
    """Made up by a person: with digits, or ending in an initial, or of words that programs do not use."""
    if not _ACCOUNT.fullmatch(value) or sum(map(str.isalpha, value)) < 2:
        return False
    if _SITE.search(value) or w.NAMES_ITSELF.fullmatch(value):
        return False
    digits = sum(map(str.isdigit, value))
    return 0 < digits <= 8 or _LAST_INITIAL.fullmatch(value) is not None or _two_parts(value, joined)


def _two_parts(value: str, joined: str) -> bool:
    """Whether two or three words joined by signs are no name out of a program: `aylin_demir`, behind a colon `k.osterloh`.
    Words with hyphens are services and adjectives ("auto-generated") more often than anybody."""
    parts = re.split(r"[._]" if joined == "sign" else r"_", value)
    fit = 2 <= len(parts) <= 3 and all(p.isalpha() for p in parts) and max(map(len, parts)) >= 4 and value == value.lower()
    return fit and w.OF_PROGRAMS.isdisjoint(parts)


_LETTERS = re.compile(r"[a-z]{5,24}")
_SECRET_BESIDE = re.compile(r"[^\W\d_]*[ \t]?[:=][ \t]?(\S{6,40})")


def of_letters(value: str, told: bool, behind: str, mine: bool = False) -> bool:
    """Whether a user name without digits and signs is one: put together of an initial or a first name and a name that the
    lists hold (`mkowalska`, `tannerfeeney`), or no listed word and a password beside it; somebody's own ("my username is
    ...", `mine`) must be a word that no list knows."""
    if not _LETTERS.fullmatch(value) or value in w.DENIED or not somebodys(value):
        return False
    from curate.privacy.names.listed import in_no_list, listed_otherwise, ordinary, unknown  # late: few need the names

    if ordinary(value) or listed_otherwise(value):
        return False
    if mine and told and unknown(value):
        return True
    secret = _PASSWORD_BESIDE.search(behind[:48])
    given = secret and _SECRET_BESIDE.match(behind, secret.end())
    if given and strength(given[1].rstrip(".,;")) and told:
        return True
    return (told or in_no_list(value)) and (_of_names(value) or (told and unknown(value) and _ODD.match(value) is not None))


_ODD = re.compile(
    "(?!b[lr]|c[hklnrtz]|d[hlnrwz]|f[jlr]|g[dhlnrw]|h[jlr]|k[hlnrtvw]|l[hl]|m[lnr]|n[dgh]|p[fhlnrst]|rh|rz|s[bcdfghklmnpqrtvwz]"
    "|t[hklrsvw]|v[lrs]|w[dhklnprsz]|z[bdghlmnprvw])[bcdfghjklmnpqrstvwxz]{2}[a-z]*[aeiou]"
)
"""An initial in front of a name: no word of the languages here begins with such two letters (`lzubizarreta`)."""


def _of_names(value: str) -> bool:
    from curate.privacy.names.listed import in_no_list, listed_first, listed_name

    for cut in range(1, len(value) - 3):
        first, last = value[:cut], value[cut:]
        if cut == 1 and len(last) >= 5 and listed_name(last):
            return True
        if cut >= 3 and len(last) >= 3 and listed_first(first) and not in_no_list(last):
            return True
    return len(value) >= 7 and listed_name(value[:-1])  # an initial behind it


_DOES = re.compile(
    r"[ ](?:was|is|has|had|changed|logged|signed|cannot|can['’]?t|could|did|reported|requested|tried|forgot|created|deleted"
    r"|updated|uploaded|posted|wurde|hat|ist|kann|a été|est|ha|fue|è|foi|heeft|werd|został)\b"
)
_OF_NETWORK = re.compile(r"@?[A-Za-z][A-Za-z0-9._-]{2,29}(?:#\d{4})?")
_CAMEL = re.compile(r"[A-Z][a-z]+(?:[A-Z][a-z]+)+")


def of_network(word: str, before: str, rest: str) -> Value | None:
    """A name behind that of a network: somebody's ("my discord is ..."), or a label's ("PSN: mossy_otter"), which must look
    made up. Addresses of pages and names that programs give are none."""
    mine = is_mine(before)
    for token in tokens(rest):
        value, told_so = token.value, token.joined in ("told", "sign")
        if told_so and not token.away:
            parts = re.split(r"[._#-]", value.lower().lstrip("@"))
            plain = _OF_NETWORK.fullmatch(value) is None or _SITE.search(value) or not w.OF_PROGRAMS.isdisjoint(parts)
            if plain or w.NAMES_ITSELF.fullmatch(value):
                return None
            digits = 0 < sum(map(str.isdigit, value)) <= 8
            signed = len(parts) > 1 and max(map(len, parts)) >= 3 and "-" not in value
            made = digits or signed or (mine and (_CAMEL.fullmatch(value) or _nobodys_word(value)))
            return Value(token.start, value, 0.6) if made and (mine or token.joined == "sign") else None
        if told_so or token.away > 1:
            return None
    return None


def _nobodys_word(value: str) -> bool:
    from curate.privacy.names.listed import unknown

    return value.islower() and value.isalpha() and len(value) > 4 and unknown(value)


def account(word: str, before: str, rest: str) -> Value | None:
    """Of words that speak of persons as well, as turns of a talk do: where another key stands behind it in the line
    ("user: … pass: …"), where it is somebody's, or a login with digits and a sign."""
    if _NAME_OF.search(before) or _NAME.match(rest):
        return name_of_account(word, before, rest)
    mine, login = is_mine(before), word.lower() in w.LOGIN
    for token in tokens(rest):
        value = token.value
        joined = token.joined in ("told", "sign") or (login and not token.joined)
        made_up = not token.away and value == value.lower() and account_like(value, token.joined)
        if made_up and (_credentials(before, rest[token.start :]) or _logged(rest, token)):
            return Value(token.start, value, 0.6)
        if joined and not token.away and value == value.lower() and any(map(str.isdigit, value)):
            behind = rest[token.start + len(value) :]
            known_by = mine or (login and _SIGNED.match(value) is not None)
            known = _CLOSED.match(behind) if known_by else token.joined and _KEY_BEHIND.match(behind)
            return Value(token.start, value, 0.6) if known and account_like(value) else None
        told_so = token.joined in ("told", "sign")
        if token.joined == "told" and not token.away and _two_parts(value, "sign"):
            if _credentials(before, rest[token.start + len(value) :]):
                return Value(token.start, value, 0.6)
        elif not token.away and (told_so or not token.joined) and _LETTERS.fullmatch(value) and value not in w.JOINS:
            behind = rest[token.start + len(value) :]
            alone = _CLOSED.match(behind) or (mine if told_so or login else _DOES.match(behind))
            if alone and of_letters(value, told_so and (mine or login), behind):
                return Value(token.start, value, 0.6)
        if token.joined or token.away:
            return None
    return None


def name_of_account(word: str, before: str, rest: str) -> Value | None:
    mine = is_mine(before) and word.isascii()
    if ord(word[0]) >= UNSPACED and word in w.WHOLE:
        match = unspaced(word, rest)
        found = _ACCOUNT.match(match["value"]) if match and match["join"].strip() else None
        return Value(match.start("value"), found[0], 0.6) if match and found and account_like(found[0]) else None
    for token in tokens(rest):
        value = token.value
        if (
            not token.away
            and account_like(value, token.joined)
            and (token.joined in ("told", "sign") or (not token.joined and _credentials(before, rest[token.start :])))
        ):
            return Value(token.start, value, 0.6)
        told_so = token.joined in ("told", "sign")
        label = token.joined == "sign" and rest[:1] != "=" and _CLOSED.match(rest, token.start + len(value))
        if told_so and not token.away and of_letters(value, True, rest[token.start + len(value) :], mine or bool(label)):
            return Value(token.start, value, 0.6)
        if mine and not told_so and token.text.isalpha():
            continue  # "my username on the site is"
        if token.joined or token.away > 1:
            return None
    return None


def _credentials(before: str, behind: str) -> bool:
    """Whether a word of a password stands near as well: both are somebody's."""
    return _PASSWORD_BESIDE.search(before) is not None or _PASSWORD_BESIDE.search(behind[:60]) is not None


def _logged(rest: str, token: Token) -> bool:
    """Whether a line of a log says it: `user=j.whitlock ip=...`."""
    return rest.startswith("=") and token.start == 1 and _LOGGED.match(rest[1 + len(token.value) :]) is not None
