"""Columns named by a language: `en`, `English`, `text_de`, `hindi_sentence`, `sentence_A_En`.

Names come here as `names.spelled` writes them. Pure look-ups: O(names).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

_CODES = (
    "aa ab af ak an ar av ay az ba be bg bi bm bn bo br bs ca ce ch cs cu cv cy da de dv dz ee el en eo es et eu fa "
    "ff fi fj fo fr fy ga gd gl gn gu gv ha he hi hr ht hu hy ia ig iu ja jv ka kg ki kk kl km kn ko ks ku kv kw ky "
    "la lb lg li ln lo lt lv mg mi mk ml mn mr ms mt nb ne nl nn ny oc om pa pl ps pt qu rm rn ro ru rw sa sc sd se "
    "sg si sk sl sm sn sq sr ss su sv sw ta te tg th ti tk tl tn tr tt ug uk ur uz ve vi vo wa wo xh yi yo za zh zu"
)
LANGUAGES = frozenset(_CODES.split())
"""Codes of ISO 639-1 but for those that are other names far more often."""
OTHER_LANGUAGES = frozenset(("am", "as", "co", "id", "is", "it", "my", "no", "or", "so", "st", "to", "ts"))
"""Those: they are languages beside a code that is one."""
_RARE = (
    "afr amh arz ast aze bel ben bos bul ceb ces ckb cym dan deu dsb ell eng eus fas fil fra gle glg guj hau heb hin hrv "
    "hsb hun hye ibo isl ita jpn kab kan kat kaz khm kmr kor lao lav lij mkd mon msa mya nds nep nld nno nob nor pes pol "
    "por pus ron rus slk slv som spa sqi srp swe swh szl tam tha tpi tur ukr urd uzb vie xho yor zho zul"
)
RARE_CODES = frozenset(_RARE.split())
"""Codes of ISO 639-3 that corpora name languages by, but for those that are words (`est`, `cat`)."""
_SCRIPTS = frozenset(("latn", "cyrl", "arab", "hans", "hant", "jpan", "hang", "deva", "beng", "thai", "grek", "hebr"))
"""Scripts as FLORES writes them behind a language."""
_SENTENCES = frozenset(("text", "sentence", "sent", "segment", "seg", "translation", "said", "utterance", "line"))
"""What corpora of translations call their texts."""
_NAMES = (
    "afrikaans albanian amharic arabic armenian assamese aymara azerbaijani bambara bangla bashkir basque belarusian "
    "bengali bhojpuri bosnian breton bulgarian burmese cantonese catalan cebuano chichewa chinese chuvash creole "
    "croatian czech danish dari dhivehi dogri dutch english esperanto estonian ewe faroese farsi filipino finnish "
    "french frisian fula fulani galician ganda georgian german greek guarani gujarati haitian hausa hawaiian hebrew "
    "hindi hinglish hmong hungarian icelandic igbo ilocano indonesian irish italian japanese javanese kannada "
    "kashmiri kazakh khmer kikuyu kinyarwanda kirundi kiswahili konkani korean krio kurdish kurmanji kyrgyz lao latin "
    "latvian lingala lithuanian luganda luo luxembourgish macedonian maithili malagasy malay malayalam maltese "
    "mandarin manipuri maori marathi mizo mongolian nahuatl navajo ndebele nepali newari norwegian nyanja occitan "
    "odia oriya oromo pashto persian pidgin polish portuguese punjabi quechua romanian romansh rundi runyankore "
    "runyoro russian rutooro samoan sanskrit santali sepedi serbian sesotho setswana shona sindhi sinhala slovak "
    "slovene slovenian somali sorani spanish sundanese swahili swedish tagalog tajik tamil tatar telugu thai tibetan "
    "tigrinya tsonga tswana tumbuka turkish turkmen twi ukrainian urdu uyghur uzbek venda vietnamese welsh wolof "
    "xhosa yiddish yoruba zulu deutsch espanol francais italiano nederlands polski portugues svenska turkce русский "
    "английский 中文 英文 日本語 英語 한국어 영어"
)
NAMED = frozenset(_NAMES.split())
"""Languages by their names: unlike codes they are little else."""
_TERMS = frozenset(("term", "word", "phrase", "expression", "proverb"))
"""What glossaries call theirs."""


def named(words: str) -> bool:
    """Whether a name writes out one language, as one of its words."""
    return sum(word in NAMED for word in words.split("_")) == 1


def language(words: str) -> str:
    """The language that a column is named by: `en`, `zh_cn`, `yor`, `english`, `english_translation`; empty for every other
    name."""
    parts = words.split("_")
    if named(words) and len(parts) < 3 and all(part in NAMED | _SENTENCES for part in parts):
        return next(part for part in parts if part in NAMED)
    found = re.fullmatch(r"([a-z]{2})(?:_(?:[a-z]{2}|hans|hant))?", words)
    return words if words in RARE_CODES else found[1] if found and found[1] in LANGUAGES else ""


def without_language(words: str) -> str:
    """What a column is called beside its language: `text` for `text_en`, `de_text` and `text_deu_latn`; `term` for
    `english_term`; empty for every other name. Codes are those of states and departments, too, so not every stem will do
    beside one (`notes_de`, `it_team`)."""
    parts = words.split("_")
    if named(words):
        return "_".join(part for part in parts if part not in NAMED)
    if len(parts) == 3 and parts[1] in RARE_CODES and parts[2] in _SCRIPTS:
        parts = parts[:2]
    codes = [part for part in parts if part in LANGUAGES | RARE_CODES]
    stem = next((part for part in parts if part not in codes), "")
    return stem if len(parts) == 2 and len(codes) == 1 and stem in _SENTENCES else ""


def in_language(words: str) -> tuple[str, str]:
    """What a column is called and its language, the last word of its name: `sentence_a` and `en` for `sentence_a_en`; two
    empty strings for every other name."""
    stem, _, code = words.rpartition("_")
    return (stem, code) if stem and code in LANGUAGES else ("", "")


def two_of(said: Mapping[str, str]) -> list[str]:
    """The two columns, by names and what `spelled` makes of them, that say one thing in two languages; empty where it is
    not two. Beside one language that is written out the other may be any (`english_term`, `runyakitara_term`)."""
    whole = [name for name, words in said.items() if language(words)]
    if len({language(said[name]) for name in whole}) == len(whole) == 2:
        return whole
    stems: dict[str, list[str]] = {}
    for name, words in said.items():
        if stem := without_language(words):
            stems.setdefault(stem, []).append(name)
    alone = [said[names[0]] for stem, names in stems.items() if len(names) == 1 and stem in _SENTENCES | _TERMS]
    beside = [[name for name, words in said.items() if _beside(words, one)] for one in alone if named(one)]
    return next((names for names in [*stems.values(), *beside] if len(names) == 2), [])


def _beside(words: str, one: str) -> bool:
    """Whether a name is another of two words, alike but for the word that is a language in it: that one, too."""
    parts, other = words.split("_"), one.split("_")
    return len(parts) == 2 and all(a == b or b in NAMED for a, b in zip(parts, other, strict=True))


def one_of(names: Mapping[str, str], pairs: Sequence[tuple[str, str]]) -> list[str]:
    """The first of `pairs` whose names end in one language: `sentence_a_en` and `sentence_b_en`."""
    spoken = {in_language(words): name for name, words in reversed(list(names.items()))}
    codes = dict.fromkeys(in_language(words)[1] for words in names.values())
    both = ([(first, code), (second, code)] for code in codes if code for first, second in pairs)
    return next(([spoken[one] for one in pair] for pair in both if spoken.keys() >= set(pair)), [])
