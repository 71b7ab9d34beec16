"""What documentation, tables and configurations write in the place of a password, or of it."""

from __future__ import annotations

import re

from curate.privacy.words import word_list

PLACEHOLDER = re.compile(r"\[[A-Z][A-Z_0-9]*\]")
ANY_USER, ANY_PASSWORD = ("user", "username", "login", "name"), ("password", "pass", "passwd", "pwd", "pw")
"""What documentation writes for anybody's: `ftp://username:password@...`."""
NOT_VALUES = frozenset(word_list("""
    none null nil true false required optional string str bytes undefined empty missing invalid expired unknown hidden
    redacted secret password token changed wrong correct example yourpassword your_password yourtoken your_token self
"""))  # fmt: skip
MINE = re.compile(r"(?i)my(?:super)?(?:secret)?(?:pass(?:word|wd|phrase|code)?|secret|pw|pwd|token|key)\d{0,4}!?")
"""What documentation writes, whole: `mysecretpassword`, `mypass1`."""
_ANYBODYS = ("your", "my_", "my-")
_SAID = frozenset(word_list("""
    passwort kennwort motdepasse mdp contraseña contrasena clave senha parola wachtwoord hasło haslo şifre sifre
    lösenord secreto geheim blank leer vide vacío vacía vacio vazio vazia vuoto vuota leeg unset yes no ja nein oui
    non sí si sim não nao nee erforderlich requis obligatoire obligatorio obrigatório obbligatorio verplicht valid
    incorrect falsch richtig bad good weak strong short long masked encrypted hashed hash salted plain plaintext
    cleartext random generated prompt default same unchanged unverändert geändert inchangé changé forgotten disabled
    enabled locked keins keine kein aucun aucune ninguna ninguno nenhum nenhuma nessuna nessuno geen brak yok puste
    text varchar char nvarchar byte int integer boolean bool enum type value field data input key user users admin
    root guest test testing tester demo sample dummy foobar foo bar change changeme changeit tbd n/a here file vault
    manual basic digest anonymous public private padlock schema rotated inherited stored weekly monthly daily protected
    never publickey abgelaufen gesetzt expiré expirée scaduta verlopen expirada caducada истёк mismatched unchecked checked
    uppercase lowercase umlaute remember register serialnumber stdin req environ
"""))  # fmt: skip
_WORDS = _SAID | NOT_VALUES | frozenset((*ANY_USER, *ANY_PASSWORD))
_PARTS = re.compile(r"[^\w/]|_")


def anybodys(user: str, password: str) -> bool:
    """Whether a user and password are what documentation writes for anybody's, or a placeholder."""
    value = password.lower()
    if value in NOT_VALUES or value in ANY_PASSWORD or len(set(value)) < 3 or value == user.lower():
        return True
    written = value[0] in "<{$%[*" or value.startswith(_ANYBODYS) or MINE.fullmatch(value) is not None
    return written or bool(PLACEHOLDER.search(password))


def says_what_it_is(value: str) -> bool:
    """Whether a part of it is a word for passwords, for kinds of values or for anybody: `wrong_pass`, `varchar`, `root`."""
    return not _WORDS.isdisjoint(_PARTS.split(value.lower()))
