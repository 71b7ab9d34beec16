"""Keys of providers, private keys, tokens and passwords. Example keys are made here from parts: none stands in a file."""

from __future__ import annotations

import random
import re

import pyarrow as pa
import pytest

from curate.privacy import scan
from curate.privacy.key_shapes import ALPHABETS, SHAPES, KeyShape


def found(text: str) -> list[tuple[str, str]]:
    spans = scan(pa.array([text], pa.large_string()))
    return [(kind, text[a:b]) for a, b, kind in zip(spans.start, spans.end, spans.type.to_pylist())]


def characters(alphabet: str, size: int, draw: random.Random) -> str:
    """`size` characters of an alphabet, a digit among them; base64 ends in letters."""
    allowed = [chr(c) for c in range(33, 127) if re.fullmatch(f"[{ALPHABETS[alphabet]}]", chr(c)) and chr(c).isalnum()]
    return "".join(draw.choice(allowed) for _ in range(size - 1)) + draw.choice([c for c in allowed if c.isdigit()])


def example(shape: KeyShape, seed: int = 0) -> str:
    draw = random.Random(f"{shape.provider}{seed}")
    key = shape.prefix + characters(shape.alphabet, shape.low, draw)
    for between, alphabet, low, _ in shape.then:
        key += between + characters(alphabet, low, draw)
    return key


def test_more_than_eighty_providers_have_a_shape_of_their_own() -> None:
    assert len({s.provider for s in SHAPES}) == len(SHAPES) >= 80


@pytest.mark.parametrize("shape", SHAPES, ids=lambda s: s.provider)
@pytest.mark.parametrize("frame", ["{}", "use {} now.", 'x = "{}"', "curl -H {}\n", r"line\n{}", "(KEY:{})"])
def test_a_key_of_a_provider_is_found_wherever_it_stands(shape: KeyShape, frame: str) -> None:
    key = example(shape)
    assert found(frame.format(key)) == [("SECRET", key)]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda s: s.provider)
def test_a_key_that_is_too_short_or_of_other_letters_is_left_alone(shape: KeyShape) -> None:
    key = example(shape)
    size = sum(low for _, _, low, _ in shape.then) + shape.low
    for text in (shape.prefix, key[: len(shape.prefix) + min(6, size // 2)], key[: len(shape.prefix)] + "x" * size):
        assert not [v for kind, v in found(text) if kind == "SECRET"], len(text)


@pytest.mark.parametrize(
    "text",
    ["sk-learn is a library", "sk_learn_test_module_name_of_some_length", "xoxo-hugs-and-kisses-for-everyone-here",
     "hf_hub_download_with_a_long_name", "api_org_chart", "secret_santa_list", "re_compile_pattern_object",
     "key-value-store",
     "pat-a-cake", "test_function_name_that_is_long", "AKIA", "eyJhbGciOi", "AC Milan", "npm_config_registry_url_setting",
     "SG.com", "dp.pt.br", "version v1.2.3", "token = tokens[0]", 'sig: "ExportGraphSignature"', "signature=signature",
     'token == "integer"', 'TOKEN = "DATABRICKS_TOKEN"', 'secret="my-secret"', "password: required",
     "Authorization: Bearer [SECRET]", "sk-" + "x" * 48, "the secret: be kind", "pwd=$PWD"],
)  # fmt: skip
def test_names_that_only_look_like_keys_are_left_alone(text: str) -> None:
    assert found(text) == []


def word(size: int, seed: int) -> str:
    return characters("alnum", size, random.Random(seed))


@pytest.mark.parametrize(
    ("frame", "value"),
    [
        ("Authorization: Bearer {}", word(40, 1)), ("authorization: Basic {}", word(24, 2)), ("api_key={}", word(32, 3)),
        ('"client_secret": "{}"', word(30, 4)), ("X-Api-Key: {}", word(20, 5)), ("--token={}", word(16, 6)),
        ("export AWS_SECRET_ACCESS_KEY={}", word(40, 7)), ("Server=db;User Id=sa;Password={};", "Tr0ub4dor"),
        ("AccountName=x;AccountKey={};EndpointSuffix=y", word(86, 8)), ("passphrase: '{}'", "correct horse"[:7] + "9"),
    ],
)  # fmt: skip
def test_a_value_under_a_telling_name_is_a_secret(frame: str, value: str) -> None:
    assert ("SECRET", value) in found(frame.format(value))


@pytest.mark.parametrize("scheme", ["postgres", "mysql", "mongodb+srv", "redis", "amqps", "https", "ftp"])
def test_connection_strings_keep_their_address_and_lose_their_password(scheme: str) -> None:
    assert found(f"{scheme}://app:{word(9, 9)}@db.internal:5432/x") == [("URL_CREDENTIALS", f"app:{word(9, 9)}")]


@pytest.mark.parametrize("kind", ["", "RSA ", "EC ", "DSA ", "OPENSSH ", "ENCRYPTED ", "PGP "])
def test_private_key_blocks_of_every_kind_are_found_whole(kind: str) -> None:
    tail = " BLOCK" if kind == "PGP " else ""
    name = f"{kind}PRIVATE KEY{tail}"
    block = f"-----BEGIN {name}-----\n{word(64, 10)}\n{word(64, 11)}\n-----END {name}-----"
    assert found(f"key:\n{block}\nend") == [("PRIVATE_KEY", block)]


def test_a_random_string_without_a_telling_name_is_no_secret() -> None:
    assert found(f"checksum {word(40, 12)} and {word(32, 13)}") == []


@pytest.mark.parametrize("quote", ['"', "'", '\\"'])
@pytest.mark.parametrize("mark", "&<,;)]}")
def test_a_quoted_password_is_covered_to_its_closing_quote(quote: str, mark: str) -> None:
    value = f"a9B7$#fG3{mark}Z1"
    text = f"login {quote}password{quote}: {quote}{value}{quote} end"
    spans = scan(pa.array([text], pa.large_string()))
    (found,) = [text[a:b] for a, b in zip(spans.start.tolist(), spans.end.tolist())]
    assert found == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("password: a9B7$#fG3&Z1 is new", "a9B7$#fG3&Z1"), ("password=a9B7$#fG3&Z1", "a9B7$#fG3&Z1"),
        ("password: a9B7fG3&x=Z1", "a9B7fG3&x=Z1"), ("password = a9B7fG3&x=Z1", "a9B7fG3&x=Z1"),
        ("<td>password: a9B7fG3&amp;Z1x</td>", "a9B7fG3&amp;Z1x"),
    ],
)  # fmt: skip
def test_a_password_in_a_sentence_is_covered_past_its_ampersand(text: str, value: str) -> None:
    assert found(text) == [("SECRET", value)]


@pytest.mark.parametrize(
    "text",
    [
        "user=jo&password={}&next=home", "https://x.test/?password={}&page=2&Z1", "?password={}&amp;next=home",
        "password={}&filter[name]=x", "PASSWORD={}&& run", "password: {}&nbsp;and", "?password={}&api_key=",
    ],
)  # fmt: skip
def test_the_next_pair_of_a_query_string_is_no_part_of_a_password(text: str) -> None:
    assert found(text.format("a9B7hfG3")) == [("SECRET", "a9B7hfG3")]


@pytest.mark.parametrize(
    ("code", "password"),
    [
        ('server.login("ops","{}")', "hunter" + "22"),
        ("ftp.login('bob', '{}')", "sword" + "fish"),
        ('requests.get(url, auth=("admin", "{}"))', "s3cr" + "3t!!"),
        ('HTTPBasicAuth("svc", "{}")', "correct" + "-horse"),
        ("client.login(username='ana', password='{}')", "zebra" + "77"),
        ('{{"code": "s.login(\\"bob\\", \\"{}\\")"}}', "Tr0ub4" + "dor&3"),
        ('s.login(\n    "bob",\n    "{}",\n)', "pläne" + "2030"),
    ],
)
def test_passwords_as_arguments_of_calls_are_found(code: str, password: str) -> None:
    text = code.format(password)
    assert ("SECRET", password) in found("é " + text)
    masked = text.replace(password, "[SECRET]")
    assert not found(masked)


@pytest.mark.parametrize(
    "code",
    ['gtag.login("method", "facebook")', "view.login('home', 'indexpage')", 'showlogin("Error", "Failed2.")',
     'login("title", "Willkommen")',
     'login("user", "password")', "login(user, pw)", 'page.login("Sign in", "Go now")', 'auth=("user", "pass")',
     'auth=("u", "xxxxxx")', 'login("admin", os.environ["PW"])', 'app.login("home", "index")', 's.login("bob", "<secret>")',
     'login("bob", "bob")', 'login("ops", "your-password")', "login("],
)  # fmt: skip
def test_calls_without_a_password_hold_no_secret(code: str) -> None:
    assert not found(code)


DRAWN = "7f3Kd92mQx8Lw0Zr5TnYbVc1"


@pytest.mark.parametrize(
    "frame",
    ["my api key is {}", "API key: {}", "The token is {}, please rotate", "Der API-Schlüssel lautet {}",
     "la clé API est {}",
     "la mia chiave API è {}", "Ключ API: {}", "密钥：{}", "our license key is {}", "voici la clé maxmind : {}"],
)  # fmt: skip
def test_a_key_that_a_sentence_tells_is_a_secret_whoever_issued_it(frame: str) -> None:
    assert found(frame.format(DRAWN)) == [("SECRET", DRAWN)]


@pytest.mark.parametrize(
    "text",
    [f"The public key is {DRAWN}", f"Use the primary key {DRAWN} to join",
     "the cache key is " + "9f8c2b7a41d3e0f6" * 3,
     f'const key = "{DRAWN}"', f"key: {DRAWN}", "The key is com.example.settings2.window3.size4", "PUBLIC_KEY=" + DRAWN,
     "the key is MyApplication2024Settings3Page4"],
)  # fmt: skip
def test_keys_of_data_and_public_ones_are_no_secrets(text: str) -> None:
    assert found(text) == []


def test_an_environment_names_keys_of_any_service_in_capitals() -> None:
    assert found(f"export MAXMIND_KEY={DRAWN}") == [("SECRET", DRAWN)]
    assert found("DD_APP_KEY=7f3kd92a0b8c0d5e1f2a3b4c5d6e7f8a9b0c1d2e") != []
