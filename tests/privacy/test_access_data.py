"""Passwords where access is written down: commands, notes, tables, statements; and what only looks like them."""

from __future__ import annotations

import time

import pyarrow as pa
import pytest

from benchmarks.pii.styles import found, read
from curate.privacy import ScanConfig, scan

TOLD = {
    "mysql -u root -pS3cretPw99 -h db1.internal shop < dump.sql": [("SECRET", "S3cretPw99")],
    "curl -s -u ops:t1nRoof42 https://api.example/v1": [("SECRET", "t1nRoof42")],
    "curl --user 'svc:9fTulip-22' -k https://db.example": [("SECRET", "9fTulip-22")],
    "sshpass -p 'Maple_9917' ssh ops@host uptime": [("SECRET", "Maple_9917")],
    "PGPASSWORD=owl7nest psql -h localhost -U app": [("SECRET", "owl7nest")],
    "docker login -u build -p pX44kestrel registry.example": [("SECRET", "pX44kestrel")],
    "redis-cli -h cache1 -a quartz91Fin ping": [("SECRET", "quartz91Fin")],
    "net use Z: \\\\fs01\\share /user:CORP\\jlee Tamarisk#4": [("SECRET", "Tamarisk#4")],
    "export DB_PASS='Larch!2218'": [("SECRET", "Larch!2218")],
    "SMTP_PASS=fern88Gully": [("SECRET", "fern88Gully")],
    "router, login: root / hunter2x": [("SECRET", "hunter2x")],
    "login: svc_print / ink3Jet9": [("HANDLE", "svc_print"), ("SECRET", "ink3Jet9")],
    "credentials: tmiller2 / F1nch_song": [("HANDLE", "tmiller2"), ("SECRET", "F1nch_song")],
    "Benutzer admin, Passwort Kiesel-4402": [("SECRET", "Kiesel-4402")],
    "| Host | User | Password |\n|---|---|---|\n| db1 | root | S3cretPw99 |\n| db2 | app | oak-Leaf41 |":
        [("SECRET", "S3cretPw99"), ("SECRET", "oak-Leaf41")],
    "+------+----------+\n| user | password |\n+------+----------+\n| kbell4 | t0rchWood |\n+------+----------+":
        [("HANDLE", "kbell4"), ("SECRET", "t0rchWood")],
    "username,password,host\ndkim77,Vale3rian!,db1\npdoyle_x,corn5Husk,db2":
        [("HANDLE", "dkim77"), ("SECRET", "Vale3rian!"), ("HANDLE", "pdoyle_x"), ("SECRET", "corn5Husk")],
    "INSERT INTO `patients` (`id`,`ward`,`date_of_birth`) VALUES (7,'B','1971-11-23'),(8,'C','1969-02-14');":
        [("DATE_OF_BIRTH", "1971-11-23"), ("DATE_OF_BIRTH", "1969-02-14")],
    "insert into staff (emp_id, ssn, birth_date, pay) values (1002, '512345678', '1990-07-19', 55000)":
        [("US_SSN", "512345678"), ("DATE_OF_BIRTH", "1990-07-19")],
    "INSERT INTO accounts (id, password) VALUES (4, 'Fen&Moor12')": [("SECRET", "Fen&Moor12")],
    'password="MyPassion4Dogs!"': [("SECRET", "MyPassion4Dogs!")],
    "\"api_key\": \"mysecretkey-a8f7d6c5b4a39281\"": [("SECRET", "mysecretkey-a8f7d6c5b4a39281")],
    "https://h.example/?user_pass=Abc12345&next=/home": [("SECRET", "Abc12345")],
    "INSERT INTO t (born_on, d, e, f, g, dob) VALUES (CAST('x' AS text), DATE '2001-01-01', 'a'::text, _binary 'a', "
    "f('b', 1) || 'c', '1980-05-01'), (1, 2, 3, 4, 5, '1981-05-01')":
        [("DATE_OF_BIRTH", "1980-05-01"), ("DATE_OF_BIRTH", "1981-05-01")],
    "mysql -pKumquat#88 shop < dump.sql": [("SECRET", "Kumquat#88")],
    "mysqldump -h db2 -pT1nRoof42x shop": [("SECRET", "T1nRoof42x")],
    "router, login: admin / Papillon64, wifi off": [("SECRET", "Papillon64")],
    "login: root / Mangrove2021": [("SECRET", "Mangrove2021")],
    "INSERT INTO usuarios (nombre, password) VALUES ('ana', 'gatito'), ('luz', 'sunshine')":
        [("SECRET", "gatito"), ("SECRET", "sunshine")],
    "INSERT INTO users (name, born, password) VALUES ('bob', DATE(COALESCE(NULLIF('1','2'), '3')), 'sommer')":
        [("SECRET", "sommer")],
    "| User | Password |\n|---|---|\n| root | toor |": [("SECRET", "toor")],
    "| Identifiant | Mot de passe |\n|---|---|\n| l.petit | nounours |": [("HANDLE", "l.petit"), ("SECRET", "nounours")],
    "username,password,city\nalice,sunshine,Rome\nbob,iloveyou,Ulm": [("SECRET", "sunshine"), ("SECRET", "iloveyou")],
    "login\tpassword\trole\nanna\tkartoffel\tadmin": [("SECRET", "kartoffel")],
    '"user","password"\n"tamara","pumpkin"': [("SECRET", "pumpkin")],
    "[client]\nuser=root\npassword=hunter\n": [("SECRET", "hunter")],
    "export SMTP_HOST=mx\nexport SMTP_PASSWORD=kiwi": [("SECRET", "kiwi")],
    "MAC address: 001122334455": [("MAC_ADDRESS", "001122334455")],
    "sshd[2198]: Accepted publickey for mtanaka from 198.51.100.77 port 5021":
        [("HANDLE", "mtanaka"), ("IP_ADDRESS", "198.51.100.77")],
    "Né le 22/09/1937 (82 ans)": [("DATE_OF_BIRTH", "22/09/1937")],
    "DOB: 03/14/1962 (62 years)": [("DATE_OF_BIRTH", "03/14/1962")],
    "<MRN>00482913</MRN>": [("MEDICAL_ID", "00482913")],
}  # fmt: skip

NOBODYS = (
    "mysql -u root -p mydatabase < schema.sql", "mysql -p3306 -h db", "mysql -pPASSWORD -u root; mysql -p$MYSQL_PW",
    "curl -u username:password https://example.com/api", "curl -u $USER:$PASS https://example.com",
    "curl -u admin:admin123 http://localhost", 'sshpass -p "$SSH_PASS" ssh user@host', "PGPASSWORD=$DB_PASSWORD pg_dump",
    "docker run -p 8080:80 -v /srv:/data nginx:1.25", "docker run -e POSTGRES_PASSWORD=mysecretpassword postgres",
    "redis-cli -h 127.0.0.1 -p 6379 -n 2", "MULTI_PASS=2stage", "low_pass = filter2x", "db_pass = cfg.db1pass",
    "login: root / wheel group only", "login: yes / no, 2FA: on / off", "Login / Register / Forgot2Reset",
    "login: facebook / oauth2", "user admin, password required", "the user enters, password expires in 90 days",
    "| Field | Type |\n|---|---|\n| password | varchar(255) |", "| Password | Base64Url |", "| Password | Required, 8 |",
    "| Option | Password | Description |\n|---|---|---|\n| -p | yes | sets it, see RFC2617 |",
    "field,password,notes\nmin_length,8,required\nmax_length,128,optional", "Test,Pass,Fail\nunit,A12bc,3\nui,B7xyz,1",
    "INSERT INTO movies (title, release_date) VALUES ('Dune', '1984-12-14')",
    "INSERT INTO users (id, password) VALUES (1, '$2y$10$N9qo8uLOickgx2ZMRZoMye')",
    "INSERT INTO users VALUES (3, 'Bob', '1999-01-01')", "values (1990-07-19) of births", "the Mac costs 129900000000",
    "Accepted password for root from 10.0.0.1", "a user name must_contain1 letter", "a < 00482913 > MRN <",
    "Failed password for invalid user oracle from 192.0.2.7", "Failed password for oracle from 192.0.2.7 port 4",
    "Failed password for www-data from 192.0.2.7", "Accepted publickey for ec2-user from 192.0.2.7",
    "Failed password for test2 from 192.0.2.7", "Accepted publickey for deploy from 192.0.2.7",
    "Failed password for jenkins from 192.0.2.7", "Failed password for USERNAME from 192.0.2.7",
    '"proxy_pass": "http_backend1:8080"', "proxy_pass = backend_v2", '"user_pass": "required|min:6|confirmed"',
    "'user_pass' => 'string:60'", "DB_PASS=file:/run/secrets/db1", "redis_pass: cache1:6379", "DB_PASS=secrets/db1",
    "INSERT INTO users (id, password) VALUES (1, 'pbkdf2_sha256$260000$Ab1cD2eF3$gH4iJ5')",
    "INSERT INTO users (id, password) VALUES (1, 'sha1$Ab1cD2$gH4iJ5'), (2, 'bcrypt_sha256$$2b$12$Ab1cD2eF')",
    "| User | Password |\n|---|---|\n| sam | argon2$argon2i$v=19$Ab1cD2 |",
    "| User | Password |\n|---|---|\n| Utf8 | Base64Url |\n| OAuth2 | HmacSHA256 |\n| plain | Pbkdf2Sha256 |\n"
    "| getUser1 | setPassword2Hash |\n| admin | OnlyV2Api |",
    "login: root / Debian12", "login: postgres / PostgreSQL15", "login: ldap / OpenID2", "Login: mobile / iPhone15Pro",
    "credentials: user_id / api_key1", "creds: s3_bucket / us-east-1", "Credentials: access_key / secret_key2",
    "username param_1, and so on", "username col_1, col_2", "username rfc_2617, basic", "username python3.9 and later",
    "create table t (user text, password char64, mail text)", "Benutzer testen, Passwort Seite23, dann weiter",
    "mysql -port3306", "mysql -pre-10.5", "mysql -plugin_dir2", "docker run --name mysql -p3306:3306/tcp mysql:8",
    "mysql -u root -port3306", "mysql -u root -p=password1", "MySQL uses -probably-1", "curl -u localhost:8080/path1",
    "curl -u CLIENT_ID:CLIENT_SECRET1 https://x.example", "curl -u USER:API_KEY_V2 https://x.example",
    "POSTGRES_PASSWORD=mysecretpassword1", "password=mypass123",
    "mysql -p8.0.35-Debian", "mysql -pre8.0Beta", "mysql -pYourPassword1 shop", "mysql -p%DB_PW1%", "mysqladmin -p Status2",
    "mysql -pDatabase2 is what the old manual says", "mysql -pMEIN_PASSWORT shop", "mysql -p3307:3306/tcp -d mysql:8.0",
    "login: root / Rocky9", "login: admin / Windows11", "login: sa / Exchange2019", "login: pi / Bookworm12",
    "login: root / Python311", "login: root / MariaDB10", "login: administrator / Raum204", "login: root / Jammy22",
    *(f"INSERT INTO users (name, password) VALUES ('bob', {value})" for value in (
        "'password'", "'test'", "'*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19'", "'098f6bcd4621d373'",
        "'{SSHA}5en6G6MezRroT3'",
        "'YmFzZTY0IGVuY29kZWQgdGV4dCBoZXJl'", "SHA2(CONCAT('salt', 'x1Y2z3'), 256)", "'hashed_password'", "'encrypted'",
        "'motdepasse'", "'contraseña'", "'geen'", "'changeme'", "'********'", "'8'", "NULL", "DEFAULT", "@password")),
    *(f"| User | Password | Result |\n|---|---|---|\n| {row} | 401 |" for row in (
        "valid | wrong", "locked_user | wrong_password", "admin | admin", "text | varchar", "root | (hidden)",
        "bob | see wiki",
        "root | $ROOT_PW", "basic | required", "anna | unverändert", "anne | aucun", "ana | ninguna", "jan | n.v.t.",
        "mario | vuota", "jan | brak", "bob | none")),
    "username,password,role\nuser1,password1,admin\nuser2,password2,guest", "login\tpassword\trole\nstring\tstring\tenum",
    "Please note: user, password, and host are required.", "He typed user,password\nand nothing happened, again.",
    "login, password\nBitte beachten Sie, dass das Feld leer bleibt", "The columns are user,password\nsee below, thanks",
    "email,password\nname,phone", "username;password\nvorname;telefon",
    "host=db\npassword=string\nport=5432", "user = name\npassword = pwd\nhost = server", "user=$USER\npassword=$PW",
    "    user=user,\n    password=passwd,\n    host=host,", "export A=1\npassword=hidden\nexport B=2", "password=kiwi",
)  # fmt: skip


def spans(text: str) -> list[tuple[str, str]]:
    got = scan(pa.array([text], pa.large_string()))
    return [(kind, text[a:b]) for a, b, kind in zip(got.start.tolist(), got.end.tolist(), got.type.to_pylist())]


@pytest.mark.parametrize("text", TOLD)
def test_it_is_found_where_access_is_written_down(text: str) -> None:
    assert spans(text) == TOLD[text]


@pytest.mark.parametrize("text", NOBODYS)
def test_what_documentation_writes_is_nobodys(text: str) -> None:
    never = ("SECRET", "HANDLE", "DATE_OF_BIRTH", "MEDICAL_ID", "MAC_ADDRESS")
    assert [kind for kind, _ in spans(text) if kind in never] == []


def test_bytes_are_counted_in_letters_of_several() -> None:
    text = "| Gerät | Benutzer | Passwort |\n|---|---|---|\n| Küche | käthe7 | Süß&Holz9 |\n"
    text += "INSERT INTO leute (größe, dob) VALUES ('ß', '1980-05-01')"
    assert spans(text)[1:] == [("SECRET", "Süß&Holz9"), ("DATE_OF_BIRTH", "1980-05-01")]


def test_only_what_is_asked_for_is_found() -> None:
    text = "MAC address: 001122334455, login: svc_print / ink3Jet9, INSERT INTO a (b, password) VALUES (1, 'Fen&Moor12')"
    for kind in ("MAC_ADDRESS", "HANDLE", "SECRET"):
        assert set(scan(pa.array([text], pa.large_string()), ScanConfig(types=(kind,))).type.to_pylist()) == {kind}


def test_tables_of_headings_and_statements_without_end_are_read_once() -> None:
    for text in ("user,password\n" * 20 + "a1,b\n" * 3000 + "user,password\n1,2\n" * 3000, "(a,password) VALUES (1" * 5000,
                 "INSERT INTO t (dob) VALUES (1" * 5000, "mysql 1 " * 8000, "curl -u 1 " * 8000,
                 "login: a / 1" * 5000):  # fmt: skip
        began = time.process_time()
        assert len(scan(pa.array([text], pa.large_string()))) == 0
        assert time.process_time() - began < 20  # quadratic readings would take minutes


def test_a_table_is_read_to_its_end() -> None:
    rows = "user,password\n" + "".join(f"kbell{n},t0rchWood{n}!\n" for n in range(20_500))
    assert ("SECRET", "t0rchWood20499!") in spans(rows)


def test_most_of_what_was_written_before_the_rules_is_found_and_nothing_else() -> None:
    gold = read("commands_held.txt")
    wanted = {(s.row, s.start, s.end) for s in gold.spans if s.type == "SECRET"}
    got = {(s.row, s.start, s.end) for s in found(gold.texts, "US") if s.type == "SECRET"}
    assert len(wanted & got) / len(wanted) > 0.75
    assert got <= wanted


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("user,password\njan-peter,Xk9!pq7z\n", ["jan-peter", "Xk9!pq7z"]),
        ("| user | password |\n|---|---|\n| db_user | Xk9!pq7z |\n", ["Xk9!pq7z"]),
        ("user,password\nanna,dragon\nkarl,qwerty\n", ["dragon", "qwerty"]),
        ("I have forgotten my\nemail, password\nthanks, Martin", []),
        ("| user | password |\n|---|---|\n| alice | rotated |\n", []),
        ("login.username=User\nlogin.password=heslo\nlogin.submit=OK", []),
        ("login.username=User\nlogin.password=パスワード\nlogin.submit=OK", []),
        ("mysql -u root -pre5Secret shop", ["re5Secret"]),
        ("mysql -h db -pKw9sjTq2 shop", ["Kw9sjTq2"]),
        ("to install mysql, use tar -pXf9Archive", []),
        ("login: node.js / Passw0rdX", []),
        ("login: root / Vlan12", []),
        ('"login: root / Debian12", "x"', []),
    ],
)
def test_tables_translations_and_other_commands_are_told_apart(text: str, found: list[str]) -> None:
    assert [value for _, value in spans(text)] == found
