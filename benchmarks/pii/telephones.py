"""Telephones as Faker's locales write them: how many are found behind a word of the language, and how many without.

    python -m benchmarks.pii.telephones [--each 200] [--worst 8]

Faker makes numbers by the layouts of each country, few of them assigned to anybody; the word is the usual one for a
telephone. `same` counts spans with the very ends of the number, `overlap` any shared character. Wilson intervals, 95 %.
"""

from __future__ import annotations

import argparse

import pyarrow as pa

from curate.privacy import ScanConfig, scan
from curate.privacy.residual.groups import Share, span
from curate.statistics import wilson

WORDS = {
    "ar": "هاتف", "az": "telefon", "bg": "телефон", "cs": "telefon", "da": "telefon", "de": "Telefon", "el": "τηλέφωνο",
    "en": "phone", "es": "teléfono", "fa": "تلفن", "fi": "puhelin", "fil": "phone", "fr": "téléphone", "he": "טלפון",
    "hi": "फोन", "hr": "telefon", "hu": "telefon", "hy": "phone", "id": "telepon", "it": "telefono", "ja": "電話",
    "ka": "phone", "ko": "전화", "lt": "telefonas", "lv": "phone", "ne": "फोन", "nl": "telefoon", "no": "telefon",
    "pl": "telefon", "pt": "telefone", "ro": "telefon", "ru": "телефон", "sk": "telefón", "sl": "telefon",
    "sv": "telefon", "ta": "phone", "th": "โทร", "tl": "phone", "tr": "telefon", "tw": "phone", "uk": "телефон",
    "vi": "điện thoại", "zh": "电话",
}  # fmt: skip
"""Language -> its usual word for a telephone; `phone` where letters and lists gave none."""


def numbers(each: int) -> dict[str, list[str]]:
    """Locale -> numbers."""
    import pkgutil

    import faker.providers.phone_number as phones
    from faker import Faker

    out = {}
    for locale in sorted(module.name for module in pkgutil.iter_modules(phones.__path__)):
        if locale.partition("_")[0] in WORDS:
            fake = Faker(locale)
            if not hasattr(fake, "phone_number"):
                continue
            fake.seed_instance(20261121)
            out[locale] = [fake.phone_number() for _ in range(each)]
    return out


def table(each: int = 200, worst: int = 8) -> None:
    """Print shares over all locales, and the worst locales."""
    config = ScanConfig(types=("PHONE_NUMBER",))
    every = numbers(each)
    read: dict[str, dict[str, list[int]]] = {}
    for kind in ("behind a word", "alone"):
        for locale, values in every.items():
            lead = f"{WORDS[locale.partition('_')[0]]}: " if kind == "behind a word" else ""
            spans = scan(pa.array([lead + value for value in values], pa.large_string()), config)
            same, any_ = set(), set()
            for row, start, end in zip(spans.row.tolist(), spans.start.tolist(), spans.end.tolist()):
                any_.add(row)
                if (start, end) == (len(lead), len(lead) + len(values[row])):
                    same.add(row)
            read.setdefault(kind, {})[locale] = [len(same), len(any_)]
    total = each * len(every)
    print(f"\nTelephones of {len(every)} locales of Faker, {each} each, default region US")
    print("\n| | same ends | overlap | worst locales by overlap |\n|---|---|---|---|")
    for kind, by_locale in read.items():
        hits = [sum(counts[n] for counts in by_locale.values()) for n in (0, 1)]
        shares = [Share("all", total, found, *wilson(found, total)) for found in hits]
        low = sorted(by_locale, key=lambda locale: (by_locale[locale][1], locale))[:worst]
        told = ", ".join(f"{locale} {100 * by_locale[locale][1] / each:.0f}" for locale in low)
        print(f"| {kind} | {span(shares[0])} | {span(shares[1])} | {told} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--each", type=int, default=200)
    parser.add_argument("--worst", type=int, default=8)
    args = parser.parse_args()
    table(args.each, args.worst)


if __name__ == "__main__":
    main()
