"""Passwords, PINs and user names told in sentences, in many languages; documentation of them. All made up."""

from __future__ import annotations

import re
import time

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.privacy import ScanConfig, scan
from curate.privacy.column import block
from curate.privacy.explain import explain_text
from curate.privacy.overlaps import Found
from curate.privacy.told import told

_TOLD = """
Telephone: 02 4411; Password: [[SECRET:r]iD1#8]]
su contraseña "[[SECRET:Gato_negro77!]]" ha sido actualizada.
user: [[HANDLE:ymqzrxvg9201]] pass: [[SECRET:7#kV!q2z]] last login at noon
My password is [[SECRET:Tr0ub4dor&3]] please reset it
Mot de passe : [[SECRET:Zx9!kmPq2]]
Mein Passwort lautet [[SECRET:Sommer2024!]] und ich komme nicht rein.
Please use password [[SECRET:Wg2a7NX3_tZ0]] to access the portal.
Card 4242, CVV [[SECRET:582]], valid until 08/27
The temporary password for the student account is [[SECRET:Blue$Fox19]].
I changed my password to [[SECRET:m0nkey!Tree]] yesterday and now it says wrong
Minha senha é [[SECRET:Verao@2023]] e não funciona
Minha senha: [[SECRET:flamengo81]]
La clave es [[SECRET:Toro#1980]], no la compartas.
La mia password è [[SECRET:Juve1897!]]; il nome utente è [[HANDLE:g.bianchi74]].
Mijn wachtwoord is [[SECRET:Fiets-2021x]].
Mitt lösenord är [[SECRET:Alg4kung!]] men det går inte
Moje hasło to [[SECRET:Kot#2019w]] i nie działa
Moje heslo je [[SECRET:Praha1989!]]
Şifrem [[SECRET:Fener1907!]] ama giremiyorum
Мой пароль [[SECRET:Qwerty12!x]], логин [[HANDLE:ivanov_84]]
我的密码是[[SECRET:Lw88!momo]]，请帮我登录
パスワードは[[SECRET:Sakura#55]]です。
비밀번호는 [[SECRET:seoul88!kr]] 입니다
كلمة المرور هي [[SECRET:Zamalek#22]]
Mật khẩu của tôi là [[SECRET:Hanoi@1010]]
Kata sandi saya [[SECRET:Garuda!45x]]
username is [[HANDLE:wynqvrh053]] and the password is [[SECRET:p4ss-W0rd-x]]
Usuario: [[HANDLE:quispe.hr8]]. Contraseña: [[SECRET:Llama99*]].
Benutzername: [[HANDLE:m.huber77]]
Nom d'utilisateur : [[HANDLE:lefevre_c]], mdp : [[SECRET:Loulou75!]]
Login: [[HANDLE:bruno.santos3]] / Senha: [[SECRET:xP9#aa1]]
wifi: Hotel_Guest, password "[[SECRET:Zimmer204!]]""
Passcode is [[SECRET:993817]].
The code PIN: [[SECRET:2290]], thanks
El PIN de mi tarjeta es [[SECRET:7741]].
Mein PIN-Code ist [[SECRET:5519]].
pw: [[SECRET:ln7Hq!!2]]
(pwd = [[SECRET:Q9_vault77]])
Adgangskode: [[SECRET:Hygge!88]]
Salasana on [[SECRET:Sauna99!]]
A jelszavam [[SECRET:Balaton!7x]]
Parola mea este [[SECRET:Dacia1310!]]
Ο κωδικός μου είναι [[SECRET:Athina2004!]]
The new password ("[[SECRET:h7!Kdee_2]]") was sent in plain text.
Hello support, I cannot sign in. User name: [[HANDLE:tkowalski_92]]  Password: [[SECRET:Zielony#Ptak4]]
The wifi password at the cottage is [[SECRET:lakeside42]], the router is upstairs.
hey can you log into netflix for me pass is [[SECRET:h0tdog!!9]]
Sure! I set your password to "[[SECRET:Welcome123]]" so you can log in again.
Bonjour, mon identifiant : [[HANDLE:mdurand33]] et mon mot de passe est [[SECRET:Soleil!44]].
Ihr neues Kennwort: [[SECRET:tK4-99xLp]]
Das WLAN-Passwort bei uns ist [[SECRET:kaffee2019bohne]].
Olá, meu login é [[HANDLE:carla.mendes8]] e a senha é [[SECRET:Gremio#1903]]
contraseña temporal: [[SECRET:Rx72_polo]]
We reset your password to [[SECRET:Summer2024!]]
Set password to [[SECRET:Sunshine1!]] please
Passwort auf [[SECRET:Sommer2024!]] geändert
Contraseña cambiada a [[SECRET:Verano2024!]]
| Password | [[SECRET:Tr0ub4dor3x]] |
username: [[HANDLE:k.osterloh]]
username is [[HANDLE:aylin_demir]]
Mi usuario es [[HANDLE:jlopez_1988]] y mi contraseña es [[SECRET:Perro.Loco7!]]
Gebruikersnaam: [[HANDLE:jdevries01]] werkt niet meer.
Användarnamn: [[HANDLE:sven.karlsson7]], lösenord: [[SECRET:ABBA1974x]]
Dobrý den, uživatelské jméno je [[HANDLE:novak_p]] a heslo je [[SECRET:Beruska7*]].
Kullanıcı adı: [[HANDLE:aylin_demir7]], şifre: [[SECRET:Gul*bahce34]]
Пароль от почты: [[SECRET:Zima2021snow]]
Имя пользователя: [[HANDLE:petrova.o]], пароль: [[SECRET:9kLs!wq]]
账号：[[HANDLE:zhang_wei88]] 密码：[[SECRET:Pan#da2020]]
ユーザー名は[[HANDLE:taro_y55]]、パスワードは「[[SECRET:Fuji3776m]]」です
아이디: [[HANDLE:minsu_kim2]] 비밀번호: [[SECRET:hanriver*9]]
اسم المستخدم: [[HANDLE:ahmed_s90]] كلمة المرور: [[SECRET:Nile*2030]]
Tên đăng nhập: [[HANDLE:lan.nguyen95]], mật khẩu: [[SECRET:PhoBo!24]]
Nama pengguna: [[HANDLE:budi_s77]], kata sandi: [[SECRET:Merapi#99]]
Agent: what is your PIN? Customer: my PIN is [[SECRET:0917]].
Le code PIN de ma carte est [[SECRET:6204]] et le CVC est [[SECRET:119]].
Security code (CVV): [[SECRET:4410]]
Passphrase: [[SECRET:correct!Horse7battery]]
password reset done, new pw is [[SECRET:Kiwi88$$]]
יש לי בעיה, הסיסמה שלי היא [[SECRET:Shalom!613]]
मेरा पासवर्ड [[SECRET:Delhi@2011]] है
รหัสผ่านคือ [[SECRET:Chang#456]]
"""
_SPOKEN_OF = r"""
The password must be at least 8 characters and contain 1 digit.
Passwords are hashed with SHA256 or bcrypt2 and salted.
The password is AES-256 encrypted before it is stored.
I forgot my password for Office365 and Windows10.
Use a password manager such as 1Password or KeePass2.
The password field is required; enter e-mail/password below.
password-protected ZIP files (see RFC2898, PBKDF2).
User: COVID19 symptoms? Assistant: fever and cough.
User: iPhone12 does not charge.
User: v2.0 is out
The user login page loads in 3.5s on Chrome120.
PIN 4 of the connector goes to GND, pin 1200 is unused
PIN Code: 400001, Mumbai
GPIO pin 2040 is not available on RP2040.
Your PIN will arrive by post within 10 days.
CVC 4 Euro; the CVV is printed on the back.
La clave del éxito es COVID-19 en 2020.
La clave de sol es un signo musical.
Parola d'ordine: cambiamento. La parola chiave è "B2B".
In una parola: Euro2024.
Das Passwort ist falsch. Das Passwort wurde am 12.03.2023 geändert.
Il mot de passe doit contenir 8 caractères.
my password is not working since update iOS17
The password is case-sensitive and 12-characters long.
The password is the same as last year's (see wiki/IT-Guide).
What is the password? "Swordfish", said the guard.
Set PASSWORD=${DB_PASSWORD} and USER=$USER
if password != "" and user.is_active: pass
password = get_password(user1)
username = request.POST["username"]
db_user = models.User2.objects.get()
login: required, password: optional
The login for area51.net is broken.
user: admin1 role
Passwort vergessen? Klicken Sie auf "Passwort-Reset".
Пароль должен содержать 8 символов.
密码长度为8-16位，必须包含A-Z和0-9。
パスワードは8文字以上で、A-Zと0-9を含めてください。
パスワードはUTF-8で保存されます。
비밀번호는 8자 이상이어야 합니다.
Mật khẩu phải có ít nhất 8 ký tự.
The password was changed in v3.2.1, commit 4fa9c2d1.
The chapter "Password: Swordfish" on page 12.
key pass 2nd-half 3rd-down
The boarding pass is A320-seat12B.
Password: ********  Username: ________
Password: <your password>, user name: [USERNAME]
Password strength: weak/medium/strong. Password length: 12+.
Change the password to something memorable, e.g. a phrase-with-hyphens.
A password is like a toothbrush: don't share it.
The user's password isn't stored; it's derived via HKDF-SHA512.
The username is case-insensitive.
Type your login and password into the form-fields.
usuario: persona que usa el sistema. Usuario/a
Utente: buongiorno, ho un problema con la TV55.
Benutzer: Windows11 startet nicht.
Login: OAuth2 or SAML2.
The password to enter the game is 2-player mode.
Your password expires in 30days (policy IT-77).
Kasutajanimi ja parool on Word2016
Salasana on Windows10
password on Galaxy21!
| Password | SHA256withRSA |
| User | Password | IPv4Address | Port |
| password | `PBKDF2WithHmacSHA1` | 10000 iterations |
The user's password will be PBKDF2-HMAC-SHA256 derived.
Benutzername: vorname.nachname
Benutzername: vorname_nachname (klein geschrieben)
Nom d'utilisateur: prenom.nom
Username: firstname.lastname
username: john.doe
username: docker_hub
username: flask_login, password: none
username is jwt.verify
username is case.insensitive
The username is auto-generated and the password is e-mailed at 9.
The user is well-known, the password is 2nd.
Login is rate-limited and password resets are logged.
user=systemd-network uid=101 gid=102
user=nginx-proxy pid=1234
user=www-data tty=7
username: alphanumeric_only
const STORAGE_KEY = "todos-vuejs-2.0";
const LOCAL_STORAGE_KEY = 'hengpan.rule-groups.v1';
"storage_key": "uploads/2024/05/report.pdf"
encryption_key: "AES-256-GCM"
The signing_key: ed25519 keys are recommended
ENCRYPTION_KEY="generate-with-openssl-rand-hex-32"
PIN: 2.4 V max
PIN is 3.3V tolerant
the PIN is a 4-digit number such as 1234? No comment.
senha deve ter 8 caracteres
Hasło musi mieć 8 znaków, np. litera/cyfra.
To reset your password, open Settings > Account > Security and click Reset2FA.
Passwords such as "letmein" or "password1" are weak.
The user named their file report2.docx.
User: gpt-4
password in 2FA+SMS flow
User: covid19
### user: windows10
user: req.user
username: t.string
user = session.query
user: node_exporter
username varchar100 not null
user id: bigint20
My account is level50 now
steps: login to server1.prod
username: user_42
PASS: libstdc++-v3 2021
pass = array[3];
const password = process.env.DB_PASSWORD2;
password: ENC[AES256_GCM,data:abc=]
Password incorrect! Error#502x
Password required: Abc#12x format
Passwort für FRITZ!Box7590
password was CVE-2021-44228
password: 1000000 attempts per second
Hasło dnia: Euro2012
Heslo: Apollo11
CVC 300
CVC 2019 conference
PIN: 1550 nm
const int PIN = 1023;
The most common PIN is 1234.
パスポートはA4サイズ2枚です
ユーロ圏のGDP2.5%
아이템: item_3042
用户使用iPhone15
Users: 1200, Logins: 340, Accounts: 56
user: what is 2+2? assistant: 4
user: gpt4 vs claude3, which one?
User: hello
login: 10:30, logout: 18:45
account: 4 people, 3 rooms
Konto: DE-Bank, Kontonummer folgt
Nutzer: ca. 2500/Monat
The key is a C#7 chord; the clave is 3-2 son.
Der Pass ist 2315m hoch und die B500 führt darüber.
He will pass the A-level exam (grade B+/A*).
Pass: 48%, fail: 52%; pass rate: 3.5x
The first pass is O(n^2), the second pass is O(n).
mot de passe oublié ? Cliquez ici : /compte/mot-de-passe
El usuario: [nombre], la contraseña: [contraseña]
Contraseña: mínimo 8 caracteres (A-Z, a-z, 0-9, !@#$).
Password requirements: [A-Za-z0-9!@#$%]{8,}
password: "string", username: "string"
{"username": "john", "password": "••••••"}
The password for Windows is stored in C:\Windows\System32\config.
What did Julius Caesar's password (ROT13) decode to?
PIN-compatible with the ATmega328P; PIN 1 is VCC, PIN: A0
PINs are 4 digits (0000 to 9999).
PIN code 560001 is for Bangalore
CVC-Wörter: CVC 3-Laut-Silben
CVV can't be stored (PCI-DSS 3.2).
The account is @acme_support on X.
Hasło przewodnie: "Razem 2030!"
hasło w krzyżówce: 7-literowe
Senha 12 chamada no guichê 4
пароль: не менее 8 символов
ユーザー名はA-Z、0-9のみ使用できます。
密码学中的AES-128和RSA-2048算法
暗证号码为4位数
비밀번호 8자리 이상
Şifre en az 8 karakter olmalı, örn. büyük harf+rakam
The passage in Gen 1:3 (KJV1611) says
Passport: see form I-94A
Your password hint is: favourite-pet
passwd(5), shadow(5) man-pages
sudo passwd user1
the password is stored as $2b$12$abcdefg
username=root password=root
login as user2@host3
mysql -u root -pSecret1
Use passwordless SSH (RSA4096).
passwordInput2.value = x
"""
NOTHING = Found(np.zeros((0, 4), np.int64), np.zeros(0), np.zeros(0, np.bool_))
_MARKED = re.compile(r"\[\[([A-Z]+):(.*?)\]\](?!\])")


def _lines(text: str) -> list[str]:
    return text.strip().splitlines()


def _found(text: str, config: ScanConfig | None = None) -> set[tuple[str, str]]:
    spans = scan(pa.array([text], pa.large_string()), config or ScanConfig())
    return {(kind, text[a:b]) for a, b, kind in zip(spans.start, spans.end, spans.type.to_pylist())}


@pytest.mark.parametrize("line", _lines(_TOLD))
def test_a_password_or_a_user_name_told_in_a_sentence_is_found(line: str) -> None:
    text = _MARKED.sub(lambda m: m[2], line)
    assert set(_MARKED.findall(line)) <= _found(text)


@pytest.mark.parametrize("line", _lines(_SPOKEN_OF))
def test_a_sentence_that_speaks_of_passwords_tells_none(line: str) -> None:
    assert not {(kind, value) for kind, value in _found(line) if kind in ("SECRET", "HANDLE")}


@pytest.mark.parametrize("between", ["\\t", "\\n", ' \\"', "&nbsp;", " **", " \u200e\u200b"])
def test_escapes_and_entities_are_no_part_of_it(between: str) -> None:
    assert ("SECRET", "Tango!77x") in _found(f"password:{between}Tango!77x")
    assert ("SECRET", "Tango!77x") in _found("my password is Tango!77x\\nand so on")


def test_the_second_of_two_names_before_two_values_is_the_password() -> None:
    assert ("SECRET", "Tango!77") in _found("Username/Password: anna99 / Tango!77")
    assert any("Tango!77" in value for _, value in _found("user name and password: anna99/Tango!77"))


@pytest.mark.parametrize("lead", ["my password is ", "密码："])
def test_a_long_value_is_covered_to_its_end(lead: str) -> None:
    value = "Aa1!xyZ9" * 40
    assert _found(f"{lead}{value} and more") == {("SECRET", value)}


def test_a_letter_that_the_window_cuts_ends_no_span_outside_its_row() -> None:
    text = block(pa.array(["password:" + " " * 190 + "Tango!77ü", "next"], pa.large_string()))
    found = told(text, ("SECRET",), NOTHING)
    assert found.at[:, 1:3].tolist() == [[199, 209]]


@pytest.mark.parametrize("unit", ["密码", "비밀", "รหัส", "这段文字讲用户如何设置密码，"])
def test_scripts_without_blanks_cost_time_in_proportion(unit: str) -> None:
    text = block(pa.array([unit * (600_000 // len(unit))], pa.large_string()))
    told(block(pa.array([unit], pa.large_string())), ("SECRET",), NOTHING)
    began = time.process_time()
    told(text, ("SECRET",), NOTHING)
    assert time.process_time() - began < 20  # quadratic: many minutes


def test_only_the_types_that_are_asked_for_are_looked_for() -> None:
    text = "Benutzername: m.huber77, mein Passwort lautet Sommer2024!"
    assert _found(text, ScanConfig(types=("HANDLE",))) == {("HANDLE", "m.huber77")}
    assert _found(text, ScanConfig(types=("SECRET",))) == {("SECRET", "Sommer2024!")}


_PARTS = [
    "password", "пароль", "密码", "PIN", "user", "pw", "CVV", " ", ":", "=", " is ", "x1!Y", "é", "\\n", "\n", '"', "(",
    "4711", "🙂",
]  # fmt: skip


@given(st.lists(st.sampled_from(_PARTS), max_size=30))
def test_spans_lie_in_their_rows_on_whole_characters(parts: list[str]) -> None:
    text = block(pa.array(["".join(parts), "password: zZ9!zz", None], pa.large_string()))
    found = told(text, ("SECRET", "HANDLE"), NOTHING)
    for row, start, end, _ in found.at.tolist():
        assert text.starts[row] <= start < end <= text.ends[row]
        text.raw(start, end).decode()
    assert 1 in found.at[:, 0]


def test_the_explanation_says_that_a_sentence_told_it() -> None:
    told_of = explain_text("my password is Tr0ub4dor&3").candidates[-1]
    assert "sentence that tells" in told_of.rule
