"""Processor seconds of the scanner on long lines made to hold it up.

    python -m benchmarks.pii.hostile [--mb 1] [--worst 20] [--only NAME] [--plain] [--dense]

One line for each pattern: fragments of every recogniser's words, shapes and signs repeated, with the same and with ever
new digits, plus plain floods (digits, blanks, brackets, base64, JSON, one giant word). The target is 2 s for a line of
10 MB (`--mb 10 --plain`: about two minutes). In lines of nothing but labelled, ever new values each is judged by the checks
that its label names, and none is skipped: most cost 0.5-3 microseconds, telephones one. `--dense` asks for lines of
nothing but values without words: ever new ones, spelled out, in tables and in other scripts. Those are linear too, but
each value costs what it costs.
"""

from __future__ import annotations

import argparse
import base64
import itertools
import json
import random
import time
from collections.abc import Iterator

import pyarrow as pa

from benchmarks.pii.use_curate import STRUCTURED
from curate.privacy import ScanConfig, scan
from curate.privacy.context import _SECRET_KEYS, _WORDS
from curate.privacy.identifiers import IDENTIFIERS
from curate.privacy.key_shapes import SHAPES

Made = tuple[str, str]
_VALUES = ("{n:07d}", "{n:09d}", "{n:011d}", "{a}-{b}-{c}", "{n:07d}A", "AB{n:07d}", "{n:03d}.{n:07d}-11", "+{n:011d}",
           "4{n:015d}", "0{n:09d}", "{n:02d}/{n:02d}/1980")  # fmt: skip


def _flood(part: str, size: int) -> str:
    return part * (size // len(part.encode()) + 1)


def _numbered(form: str, size: int) -> str:
    out, length, n = [], 0, 1000003
    while length < size:
        n += 7919
        out.append(form.format(n=n % 10**9, a=n % 900 + 100, b=n // 7 % 900 + 100, c=n % 9000 + 1000))
        length += len(out[-1].encode())
    return "".join(out)


_PARTS = (
    "1", " ", "a", "@", "a@", "a.", "+1 ", "1 ", "12 34 ", "1.", "(1", "://", "eyJaaaaaaaaaa.", "=",
    "password=", "\u200b1", "[", "{", '{"a":', "-", "_", "a_", "sk_", "SG.", "a-b-", "00:", "::", "0x",
    "1e5 ", "\\n1", "٣", "1,", "http://a:b", "a@b.c ", "user: ", "@a1 ", "１", "one ", "one-", "a at b dot ",
    "[at]", "&#64;", "%40", "\n", "A1", "1A", "AA11", "DE89 ", "1/", "٠ ", "(", ")", "1-", "#1", "$1", "😀",
    "é1", "電話", "電話1", "電話12345678 ", "-----BEGIN PRIVATE KEY-----", "AKIA", "eyJ", "born 1 ", "born 1980 ",
    "a1b2c3 ", "0.1 ", "12:34:56 ", "1.2.3.4 ", "::1 ", "fe80::1 ", "00-11-22-33-44-55 ", "ssn ", "ssn 1",
    "BIC ", "SWIFT ABCDEFGH ",
)  # fmt: skip


def plain(size: int) -> Iterator[Made]:
    """Floods without words."""
    for part in _PARTS:
        yield f"flood {part!r}", _flood(part, size)
    rng = random.Random(0)
    yield "base64", base64.b64encode(rng.randbytes(size * 3 // 4)).decode()
    yield "hex", rng.randbytes(size // 2).hex()
    yield "random bytes as text", "".join(map(chr, rng.choices(range(32, 127), k=size)))
    yield "json of numbers", json.dumps([rng.randrange(10**9) for _ in range(size // 11)])
    yield "json of objects", json.dumps([{"id": n, "phone": f"{n:010d}"} for n in range(size // 40)])
    yield "csv of numbers", "\n".join(",".join(str(rng.randrange(10**7)) for _ in range(10)) for _ in range(size // 80))
    yield "digits and blanks", "".join(rng.choices("0123456789 ", k=size))
    yield "digits and signs", "".join(rng.choices("0123456789 -.()/+", k=size))
    yield "capitals and digits", "".join(rng.choices("ABCDEFGH0123456789 ", k=size))
    yield "nested json", "[" * (size // 2) + "]" * (size // 2)
    yield "escaped json", json.dumps({"a": json.dumps({"b": "call 212-555-0134\n" * (size // 22)})})


_DENSE = (
    "{a} {b} {c} ", "({a}) {b}-{c} ", "+49 {n:010d} ", "{a}-{b}-{c}\n", "{a}-45-{c} ", "DE89{n:09d}{n:09d} ",
    "4{n:09d}{c}{b}\n", "0x{n:020d}{n:020d} ", "bc1q{n:09d}{n:09d}{n:09d}abcdef ", "AKIA{n:09d}ABCDEFG ",
    "sk_live_{n:012d}aB{n:012d} ", "user{n}@mail{a}.com ", "user.{n} at host{a} dot com ", "u{a}&#64;host{b}&#46;com ",
    "call five five five one two one two now. ", "mail a.b at c dot com ", "at at dot ", "2001:db8:{a}::{b} ",
    "{a}.{n}, -{b}.{n} ", "{n:08d}-{c}-4{a}-8{b}-{n:012d} ", "12–34–", "1\ufe0f\u20e3", "电话{n:011d}身份证{n:018d}",
    "전화 010-{c}-{c} ", "טלפון 05{n:08d} ", "\u202e{a}\u202c-{b}-{c} ", "a\u0301\u0302", "name,phone,ssn\n",
    "| name | phone |\n|---|---|\n| a | 5551234567 |\n", "[PHONE_NUMBER_{n}] ",
    '{{"phone":"{n:010d}","ssn":"{a}-45-{c}"}},',
)  # fmt: skip


def dense(size: int) -> Iterator[Made]:
    """Values without words, nearly all of them new."""
    for form in _DENSE:
        yield f"dense {form!r}", _numbered(form, size)
    table = "id,ssn,dob\n" + "".join(f"{n},{n * 7919 % 10**9:09d},1970-01-{n % 28 + 1:02d}\n" for n in range(size // 24))
    yield "table of values", table


def labelled(size: int, sample: int) -> Iterator[Made]:
    """Words of every recogniser before ever new values."""
    rng = random.Random(1)
    words = {"class " + str(mask): rng.sample(text.split(), min(4, len(text.split()))) for mask, text in _WORDS.items()}
    for name, some in words.items():
        for form in rng.sample(_VALUES, 3):
            yield f"{name} {some[0]} {form}", _numbered(" ".join(some) + " " + form + " ", size)
    seen: set[tuple[str, str]] = set()
    for identifier in IDENTIFIERS:
        phrases = identifier.phrases()
        if not phrases or (identifier.check, identifier.pattern) in seen:
            continue
        seen.add((identifier.check, identifier.pattern))
        phrase = phrases[0].rstrip("*")
        for form in rng.sample(_VALUES, sample):
            yield f"{identifier.name} {form}", _numbered(f"{phrase} {form} ", size)
    for key in rng.sample(_SECRET_KEYS, 5):
        yield f"secret {key}", _numbered(key + "=x{n:09d}y ", size)
    for key_shape in rng.sample(SHAPES, 12):
        yield f"key {key_shape.provider}", _numbered(key_shape.prefix + "{n:09d}aB{n:09d} ", size)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--mb", type=float, default=1.0)
    parser.add_argument("--worst", type=int, default=20)
    parser.add_argument("--forms", type=int, default=1, help="values tried with each identifier")
    parser.add_argument("--only", default="")
    parser.add_argument("--plain", action="store_true", help="without the lines of labelled values")
    parser.add_argument("--dense", action="store_true", help="only lines of values without words")
    args = parser.parse_args()
    size = int(args.mb * 1e6)
    config = ScanConfig(types=STRUCTURED)
    scan(pa.array(["warm up 4111 1111 1111 1111 [at] \u200b"], pa.large_string()), config)
    times = []
    made = dense(size) if args.dense else itertools.chain(plain(size), () if args.plain else labelled(size, args.forms))
    for name, text in made:
        if args.only not in name:
            continue
        column = pa.array([text[:size]], pa.large_string())
        began = time.process_time()
        scan(column, config)
        times.append((time.process_time() - began, name))
    times.sort(reverse=True)
    print(f"{len(times)} lines of {args.mb:g} MB; over {0.2 * args.mb:.1f} s: {sum(t > 0.2 * args.mb for t, _ in times)}")
    for seconds, name in times[: args.worst]:
        print(f"  {seconds:7.3f} s  {name}")


if __name__ == "__main__":
    main()
