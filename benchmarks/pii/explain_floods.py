"""Processor seconds of `curate pii-explain` on lines of 10 MB, start-up and the names' model counted.

    python -m benchmarks.pii.explain_floods [--mb 10] [--only NAME]

Twenty-two floods: telephones, e-mail addresses, names, cards, keys, sentences, commands, statements, tables and a mixture,
ever new values, and prose. Each is explained by a process of its own (`curate pii-explain --file`), so what is counted is
what a person waits for. The target is 2 s for a line of 10 MB.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from curate.privacy.words import word_list

_FIRST = word_list("Anna Peter Maria John Elena David Sofia Lukas Emma Paul Nina Omar Julia Victor Clara Hugo")
_LAST = word_list("Miller Weber Rossi Novak Silva Jensen Dubois Kowalski Garcia Virtanen Horvat Meyer Okafor Tanaka")
_PROSE = (
    "The committee met in the old hall to talk about the bridge, and after some hours it was agreed that the work could "
    "begin in spring if the river allowed it. "
)
_FORMS = (
    ("prose", _PROSE),
    ("telephones", "({a}) {b}-{c} "),
    ("telephones with a plus", "+1 {a} {b} {c}, "),
    ("e-mail addresses", "user{n}@mail{a}.com "),
    ("names", "{first} {last}, "),
    ("names in sentences", "Dear {first} {last}, please send the parcel to me. "),
    ("cards", "4111 1111 1111 1111 4{a}{b}{c}{n:06d} "),
    ("social security numbers", "ssn {a}-45-{c} "),
    ("addresses of machines", "10.{o}.{p}.7 203.{p}.{o}.9 "),
    ("IBANs", "IBAN DE89{n:09d}{n:09d} "),
    ("keys", "AKIA{n:09d}ABCDEFG "),
    ("passwords", "password: Xy{n}!q "),
    ("JSON", '{{"name": "{first}", "phone": "{a}{b}{c}", "mail": "u{n}@mail.com"}}, '),
    ("table", "{n},{first},{last},{a}-{b}-{c},u{n}@mail.com\n"),
    ("passwords in sentences", "my password is Xy{n}!q and I am {first}. "),
    ("PINs in sentences", "my pin is {c}. "),
    ("notes of access", "login: {first}{n} / ink3Jet{n}\n"),
    ("commands", "curl -u ops{a}:t1nRoof{n} https://api.example/v1\n"),
    ("table of passwords", "{first}{n},Val!rian{n},db{a}\n"),
    ("statements", "INSERT INTO people (id, dob, password) VALUES ({n}, '19{m:02d}-05-01', 'Fen&Moor{n}');\n"),
    ("rows of a statement", "({n}, '{first}', '19{m:02d}-05-01', 'Fen&Moor{n}'),\n"),
    ("mixture", "{first} {last} lives at {a} Oak Street, call ({a}) {b}-{c} or u{n}@mail.com; card 4{a}{b}{c}{n:06d}. "),
)
_HEADS = {
    "table of passwords": "username,password,host\n",
    "rows of a statement": "INSERT INTO people (id, name, dob, password) VALUES ",
}


def floods(size: int) -> Iterator[tuple[str, str]]:
    """Name and text of each flood."""
    rng = random.Random(0)
    for name, form in _FORMS:
        out, length = [], 0
        while length < size:
            out.append(form.format(
                n=rng.randrange(10**6), a=rng.randrange(200, 990), b=rng.randrange(200, 990), c=rng.randrange(1000, 9999),
                m=rng.randrange(40, 100), o=rng.randrange(256), p=rng.randrange(256),
                first=rng.choice(_FIRST), last=rng.choice(_LAST),
            ))  # fmt: skip
            length += len(out[-1])
        yield name, (_HEADS.get(name, "") + "".join(out))[:size]


def explained(path: Path) -> float:
    """Processor seconds, user and system, of one `curate pii-explain`."""
    before = os.times()
    subprocess.run(
        [sys.executable, "-m", "curate", "pii-explain", "--file", str(path)], stdout=subprocess.DEVNULL, check=True
    )
    after = os.times()
    return after.children_user - before.children_user + after.children_system - before.children_system


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--mb", type=float, default=10.0)
    parser.add_argument("--only", default="")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "line.txt"
        path.write_text("call 212-555-0134\n")
        print(f"start-up {explained(path):.2f} s")
        over = 0
        for name, text in floods(int(args.mb * 1e6)):
            if args.only not in name:
                continue
            path.write_text(text)
            seconds = explained(path)
            over += seconds > 2
            print(f"  {seconds:6.2f} s  {name}", flush=True)
        print(f"over 2 s: {over}")


if __name__ == "__main__":
    main()
