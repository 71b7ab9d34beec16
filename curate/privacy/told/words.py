"""The words that are looked up: what speaks of passwords, PINs and user names in some forty languages, and what joins
them to a value."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from curate.privacy.letters import hash_table
from curate.privacy.words import word_list

PASSWORD, USER, NAMED, PIN, CARD_CODE, COMMAND, NOTE, HARDWARE, STATEMENT, ONCE, BORN, NETWORK, FOLDER, KEY = range(1, 15)
"""Kinds of words. USER speaks of a person as often as of an account ("user:", "utente:"), NAMED of an account alone;
COMMAND is a program that takes a password as an argument, NOTE a word for the data of an access, ONCE a code, BORN a
birth, NETWORK where people have a name of their own making, FOLDER what holds the folders of a machine's users, KEY what
programs are let in by."""
Word = tuple[int, int, int, int]
"""Row, first byte, byte behind and kind of a word in a text."""

_PASSWORDS = word_list("""
    password pgpassword passwort kennwort passcode passphrase passwd pwd pw pass passe mdp contraseña contrasenya
    clave senha parola parolă parolam wachtwoord lösenord lösenordet adgangskode adgangskoden kodeord passord
    passordet salasana salasanani hasło hasłem hasła heslo heslem jelszó jelszava jelszavam lozinka лозинка šifra
    geslo slaptažodis parole parool şifre şifrem şifresi şifreniz şifremiz sandi laluan khẩu пароль пароля паролем
    парола κωδικός συνθηματικό סיסמה סיסמא הסיסמה הסיסמא المرور السر عبور گذرواژه पासवर्ड পাসওয়ার্ড पासवर्डचा
    संकेतशब्द கடவுச்சொல் பாஸ்வேர்ட் పాస్వర్డ్ పాస్‌వర్డ్ પાસવર્ડ ಪಾಸ್ವರ್ಡ್ ಪಾಸ್‌ವರ್ಡ್ പാസ്‌വേഡ് പാസ്വേഡ് ਪਾਸਵਰਡ
    පාස්වර්ඩ් මුරපදය پسورد گذرواژه‌ام پاسورڈ پاسورد پاسوورڈ nenosiri wagwoord paswoord şifrə şifrəm parolum
    parolunuz парол паролата паролот лозинката шифра lozinku lozinkom zaporka zaporku šifru geslom slaptažodį
    salasõna salasõnaks fjalëkalimi fjalëkalim fjalëkalimin contrasenyes contrasinal pasahitza pasahitz cyfrinair
    initialkennwort initialpasswort einmalkennwort einmalpasswort zugangskennwort
    benutzerkennwort netzwerkschlüssel masterpasswort beginwachtwoord
    engångslösenord engangskodeord kertakäyttösalasana
    lykilorð lykilorðið құпиясөз құпиясөзім құпиясөзі паролім parolim პაროლი პაროლია პაროლის գաղտնաբառ գաղտնաբառը
    գաղտնաբառն գաղտնաբառս գաղտնաբառ՝ ይለፍ ቃል ቃሌ
""")
_USERS = word_list("""
    user login usuario usuária usuário utente utilisateur benutzer nutzer gebruiker identifiant логин логін pengguna
""")
_NAMES = word_list("""
    username userid benutzername nutzername gebruikersnaam användarnamn brugernavn brukernavn käyttäjätunnus
    użytkownika
    uživatelské пользователя користувача kullanıcı felhasználónév felhasználónevem korisničko المستخدم משתמש
    usuari nhập यूज़रनेम यूजरनेम उपयोगकर्ता ইউজারনেম χρήστη потребителско utilizator kasutajanimi
    anmeldename loginname kontoname inlognaam inloggningsnamn korisnika
""")
_CODES = word_list("""
    code otp tan mtan pushtan smstan codice código codigo cod codul codi kode koden kod kodu kodunuz
    kodum kodem kód kódja koodi koodisi kods kodas kood код кода кодом κωδικό رمز الرمز رمزك كود کد קוד הקוד कोड কোড
    ओटीपी ওটিপি mã bestätigungscode sicherheitscode zugangscode verifizierungscode anmeldecode einmalcode
    logincode verificatiecode bevestigingscode beveiligingscode inlogcode verifieringskod verifieringskoden
    säkerhetskod engångskod engångskoden bekräftelsekod bekræftelseskode bekreftelseskode sikkerhedskode sikkerhetskode
    engangskode engangskoden verifikationskode verifiseringskode tunnistautumiskoodi vahvistuskoodi varmistuskoodi
    turvakoodi kertakäyttökoodi varmennuskoodi
""")
_NETWORKS = word_list("""
    gamertag psn discord insta instagram tiktok snapchat snap twitch reddit twitter skype bluesky mastodon
    xbox kik vkontakte
""")
_BIRTHS = word_list("""
    dob birth birthdate birthday born geb geboren geburtsdatum geburtstag né née
    geboortedatum urodzenia doğum födelsedatum fødselsdato
""")
_KEYS = word_list("""
    key keys token tokens schlüssel apischlüssel zugriffsschlüssel clé jeton chiave chave llave sleutel nyckel nyckeln nøgle
    nøkkel nøkkelen avain klucz klucza klíč kľúč ključ kulcs cheie cheia anahtar anahtarı κλειδί ключ ключа токен токена
    kunci khóa المفتاح مفتاح מפתח
""")
_UNSPACED_KEYS = word_list("密钥 密鑰 金鑰 令牌 トークン 토큰")
_UNSPACED_PASSWORDS = word_list("密码 密碼 口令 パスワード 暗証番号 비밀번호 패스워드 암호 รหัสผ่าน")
_UNSPACED_CODES = word_list("""
    验证码 驗證碼 校验码 動態碼 动态码 动态密码 認証コード 認証番号 確認コード 確認番号 인증번호 인증코드 확인코드 보안코드
    รหัสยืนยัน รหัสความปลอดภัย รหัสผ่าน
""")
_UNSPACED_NAMES = word_list("用户名 用戶名 账号 帐号 帳號 ユーザー名 ユーザID ユーザーID 아이디 사용자명")
"""Of scripts that write words together or hang endings on them."""
WHOLE: dict[str, tuple[str, ...]] = {}
"""Their first two signs, by which they are looked up, and what must follow."""
for _word in (*_UNSPACED_PASSWORDS, *_UNSPACED_NAMES):
    WHOLE[_word[:2]] = (*WHOLE.get(_word[:2], ()), _word[2:])
CODES_WHOLE: dict[str, tuple[str, ...]] = {}
for _word in _UNSPACED_CODES:
    CODES_WHOLE[_word[:2]] = (*CODES_WHOLE.get(_word[:2], ()), _word[2:])

SPEAKS = frozenset((*_PASSWORDS, *_NAMES, "pin"))
"""Words that begin a reading of their own."""


def a_word_for_it(value: str) -> bool:
    """Whether a value is a word for passwords itself, as in files of translations: `login.password=heslo`."""
    return value.lower() in SPEAKS or any(word in value for word in _UNSPACED_PASSWORDS)


COMMANDS = word_list("""
    curl mysql mysqldump mysqladmin mysqlimport mariadb sshpass docker podman redis smbclient openssl xfreerdp
    htpasswd
    ldapsearch ldapadd ldapmodify ldapwhoami
""")
NOTES = word_list("""
    publickey credentials creds zugangsdaten logindaten anmeldedaten identifiants credenciales credenziali credenciais
    inloggegevens
""")
"""What wakes the readings of `access`."""
AMBIGUOUS = frozenset(word_list("""
    pass passe clave parola parole geslo sandi hasło hasła hasłem heslo heslem jelszó عبور السر шифра ቃል ቃሌ
"""))
"""Words of passwords that mean other things as well: what follows must look more like one."""
PHRASE_OF_TWO = ("كلمة", "کلمه", "رمز", "kata", "құпия", "ይለፍ", "የይለፍ")
"""Words that, right before one of these, say that a password is meant: `كلمة المرور` is no traffic."""
KEYS = frozenset(word_list("password passwd pwd passphrase passcode passwort kennwort"))
"""Those that the lexer knows as keys: what it refuses behind a colon is taken only where it looks much like a password."""
LOGIN = frozenset(word_list("login логин логін"))
JOINS = frozenset(word_list("""
    is was be ist lautet war est es era sea è e é eh luidt är er je jest brzmi este là adalah ialah yra ir
    είναι это был
    является був це هو هي كانت היא הוא है ہے és ni ay është
    eshte yra е є է არის ነው ako
"""))
"""Words that join a name and its value."""
LOOSE_JOINS = frozenset(word_list("to on a à auf zu til na på por para"))
"""Words that may join them, and stand everywhere."""
SAYS_ON = frozenset(word_list("salasana salasanani parool"))
"""Words in whose languages `on` is "is"."""
BECOMES = frozenset(word_list("will"))
"""Words between a name and what joins its value: "will be"."""
OF_PROGRAMS = frozenset(word_list("""
    name names user users username usernames userid id ids uid first last full display given family sur nick
    nickname real
    login email mail address password pass passwd pwd key keys value values field fields string str text type
    types table
    column row rows data db sql file files path url uri host port server client request response session token
    auth current
    self this that new old my your our case sensitive lower upper snake camel kebab account accounts admin root
    guest test
    default example sample demo placeholder input output form label attr attribute attributes env var variable config
    settings option options param params arg args obj object item items info get set is has not null none empty valid
    invalid required optional unique only must cn dn sam upn ldap sub claim claims preferred principal domain
    enabled object
    members member role roles group groups some any abc xyz foo bar baz word words character characters ad soyad nama
    usuario nombre nom benutzer clean cleaned hash hashed
    vorname nachname voornaam achternaam firstname lastname givenname surname forename familyname middlename lastname1
    prenom prénom cognome apellido apellidos sobrenome imie imię nazwisko doe johndoe mustermann
    service services daemon system systemd network proxy worker workers runner agent operator scheduler
    controller manager
    reader writer readonly bot build deploy deployment pipeline pipelines action actions ci cd dev prod staging
    backend
    frontend web www api app apps hub docker github gitlab azure aws google kube kubernetes nginx apache httpd
    postgres
    postgresql mysql mariadb mongo mongodb redis kafka rabbitmq elastic grafana prometheus airflow keycloak
    jenkins ansible
    rails django flask spring jwt oauth verify library package module class function method
    event evt target req res body props state store model query svc node document window max min length size
    limit count
    total sales team support staff marketing yaml yml toml xml csv
    letters digits numbers alphanumeric special space separated plain readable friendly specific based defined
    generated
"""))
"""Parts of names that programs and their documentation give: `first_name`, `row.user`."""
DENIED = frozenset(word_list("""
    not no nicht kein keine pas non não nao niet geen inte ikke nie ne nem не нет değil must should shall would can
    cannot can't could may might needs need has have had isn't wasn't doesn't won't don't muss soll sollte kann
    darf doit
    peut debe puede deve può moet mag måste skal skall musi może musí může kell должен должна может wrong invalid
    incorrect falsch incorrecta incorreta errata expired required forgotten
"""))
"""Words behind which no value is told: "must", "is not", "is wrong"."""
BEHIND = frozenset(word_list("""
    saya aku kamu anda mea mele benim mój moje moj moja мой мои mou μου של שלי لي من بي yangu langu changu yako lako
    ko im ime mano mans mana minu ми
"""))
"""Whose it is, where a language says so behind the word."""
MINE = frozenset(word_list("""
    my your his her our their mein meine dein ihr mon ma votre mi su tu meu minha seu sua mio mia suo mijn min mitt
"""))
NAMES_ITSELF = re.compile(
    r"(?i:(?:sha-?\d{0,3}|md[45]|aes|rsa|des3?|rc4|base(?:32|58|64)|utf-?(?:8|16|32)\w*|argon2\w{0,2}|b?crypt\w{0,2}|pbkdf2"
    r"|rot13|wpa[23]?|[2m]fa|oauth2?|saml2?|ipv[46]|http2?|tls1?|ssl[23]?|[1l]password\d*|keepass\w*|iso-?\d+|rfc-?\d+"
    r"|socks(?:v?\d\w?)?|windows\d+|win(?:\d{1,2}|xp)|office\d+|word\d{4}|excel\d{4}|outlook\d{4}|exchange\d{4}|access\d{4}|android\d+|ubuntu\d+"
    r"|ascii|unicode|(?:var|n|nvar)char\d*|(?:big|tiny|u)?int\d+|uuid\w*|float\d+)(?:[-_.]\w+){0,3})"
    r"|v?\d+(?:\.\d+)+\w{0,3}|\d{1,4}-?[a-zà-ÿ]{2,}(?:-[a-z]+)*|[A-Z]{1,8}(?:-?[A-Z]*\d+)+|\d{1,2}[-/:.]\d{1,2}\S*"
    r"|[A-Z]+(?:_[A-Z]+)*_\d+|(?i:user|admin|test|guest|default|person|name|client|customer|student|handle|secret)_?\d+"
    r"|[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*){2,}"
)
"""What has letters and digits and is neither password nor account: methods, types, versions, measures, dates, placeholders,
members of a program."""
LONGEST = 48
"""Bytes of the longest word that is looked up."""


def _forms(word: str) -> set[bytes]:
    """As a word may be written; letters of ASCII in small, as the hash takes them."""
    forms = (word, word.capitalize(), word.upper())
    return {bytes(b + 32 if 65 <= b <= 90 else b for b in form.encode()) for form in forms}


def _entries() -> dict[bytes, int]:
    cards = word_list("cvv cvc cvv2 cvc2")
    pins = word_list("pin pin1 pin2 puk puk1 puk2")
    kinds = ((_PASSWORDS, PASSWORD), (_USERS, USER), (_NAMES, NAMED), (pins, PIN), (cards, CARD_CODE),
             (COMMANDS, COMMAND), (NOTES, NOTE), (["mac"], HARDWARE), (["values"], STATEMENT), (_CODES, ONCE),
             (_BIRTHS, BORN), (_NETWORKS, NETWORK), (["home", "users"], FOLDER), (_KEYS, KEY))  # fmt: skip
    out = {form: kind for words, kind in kinds for word in words for form in _forms(word)}
    for words, kind in ((_UNSPACED_CODES, ONCE), (_UNSPACED_PASSWORDS, PASSWORD), (_UNSPACED_NAMES, NAMED),
                        (_UNSPACED_KEYS, KEY)):
        out |= {word.encode()[:6]: kind for word in words}
    return out


def window_hash(window: int) -> int:
    """Place of four bytes in `PREFIXES`; `places` compiles it."""
    return ((window * 0x9E3779B1) >> 16) & 0xFFFF


def _prefixes(words: dict[bytes, int]) -> npt.NDArray[np.uint8]:
    """Which values of `window_hash` begin a word of the table; a short one with what may stand behind it."""
    out = np.zeros(1 << 16, dtype=np.uint8)
    any_byte = [bytes((b,)) for b in range(256)]
    no_letter = [b for b in any_byte[:128] if not b.isalpha()]
    behind = {2: [a + b for a in no_letter for b in any_byte], 3: no_letter}
    for word in words:
        for more in behind.get(len(word), [b""]):
            out[window_hash(int.from_bytes((word + more)[:4], "big"))] = 1
    return out


def _signs() -> npt.NDArray[np.bool_]:
    """bool[kinds, 256]: bytes of which one stands behind a word of a kind, or there is nothing to read."""
    out = np.zeros((KEY + 1, 256), dtype=np.bool_)
    out[:, list(b"0123456789")] = True
    out[PASSWORD, list(b"!@#$%^&*+~?|[]{}()")] = True
    out[STATEMENT] = False
    out[STATEMENT, ord("(")] = True
    out[COMMAND, list(b"!@#%^*+~?")] = out[NOTE, list(b"/")] = True
    out[USER, list(b"._")] = out[NETWORK, list(b"._:")] = True
    out[NAMED] = True  # a name of letters needs no sign
    return out


def _pairs(words: dict[bytes, int]) -> npt.NDArray[np.uint8]:
    """Which two bytes begin a word of the table, in either case."""
    out = np.zeros(1 << 16, dtype=np.uint8)
    for word in words:
        for first in {word[:1], word[:1].upper()}:
            for second in {word[1:2], word[1:2].upper()}:
                out[int.from_bytes(first + second, "big")] = 1
    return out


_ENTRIES = _entries()
TOLD_KEYS, TOLD_VALUES = hash_table(_ENTRIES, 11)
PREFIXES, PAIRS, SIGNS = _prefixes(_ENTRIES), _pairs(_ENTRIES), _signs()
