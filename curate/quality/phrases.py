"""Phrases that give a text away: template leftovers, boilerplate of the web, lost encodings, what a prompt asks for.

Method: alternations for RE2 (through Arrow) over a whole column, linear in its bytes; where a place is wanted, Python's
`re` runs over the few texts that matched. Mostly English; what web pages, templates and translations say also in ten to
twenty other languages. Refusals and speaking as a model: `refusing`, `speaking`. RE2's `\\b` knows ASCII letters only:
it never stands beside another letter. Cost: 100 to 400 MB/s a pattern. Does not: understand.
"""

# ruff: noqa: E501  (tables of phrases, one language a line)

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

NOT_POSSIBLE = (
    r"\b(?:it(?:'|’)?s| is|it is) not possible (?:for me )?to (?:answer|complete|generate|provide|determine|fulfil+|give|create)\b"
    r"|\bcan(?:'|’)?(?:no)?t (?:be )?(?:determined?|calculated?|estimated?|computed?|found|find|solved?|concluded?)\b"
)
"""That something cannot be known, which may be the answer."""
REFUSES = r"\b(?:sorry|apolog|unable|cannot (?:help|assist|provide|answer|complete)|as an ai)\b"
HEAD = 160
"""Code points of an answer in which a refusal begins."""

TEMPLATE_SYNTAX = (
    r"\{\{[ \t]*[A-Za-z_][\w .|\-]{0,40}\}\}|\$\{[A-Za-z_]\w{0,40}\}|%\([A-Za-z_]\w{0,30}\)[sdf]|\{%[^%\n]{1,80}%\}"
    r"|//EOM//|</?s>$|<(?:eos|EOS|pad|PAD|bos|BOS)>"
    r"|\[(?:[Ii]mage|[Pp]icture|[Ll]ink|[Ss]creenshot|[Vv]ideo|URL)(?: (?:of|to|here)[^\]\n()]{0,60})?\]"
    r"|<(?:no ?(?:input|output)|NOINPUT|NOOUTPUT|[Nn]o[Ii]nput|placeholder|PLACEHOLDER)>"
    r"|(?i:\blorem ipsum\b)|<\|(?:im_start|im_end|endoftext|assistant|user|system|eot_id|begin_of_text)[^>\n]{0,20}\|>|\[/?INST\]|<</?SYS>>|### (?:Instruction|Response|Input):"
)
"""What only a program leaves behind."""
TEMPLATE = (
    TEMPLATE_SYNTAX + r"|\[(?:[Ii][Nn][Ss][Ee][Rr][Tt]|[Aa][Dd][Dd]|[Ee][Nn][Tt][Ee][Rr]|[Ff][Ii][Ll][Ll](?: in)?|[Yy][Oo][Uu][Rr]|YOUR|[Pp][Ll][Aa][Cc][Ee][Hh][Oo][Ll][Dd][Ee][Rr]"
    r"|EINFÜGEN|[Hh]ier |[Nn]ombre|[Ii]nsertar?|[Ii]nsérer|[Vv]otre|[Ii]hr|[Tt]u |[Ss]u )[^\]\n()]{0,60}\]"
    r"|\[(?:[Nn]ame|[Dd]ate|[Cc]ompany(?: [Nn]ame)?|[Cc]ity|[Aa]ddress|[Ff]irst [Nn]ame|[Ll]ast [Nn]ame|[Tt]itle|[Pp]hone(?: [Nn]umber)?|[Ee]mail(?: [Aa]ddress)?|[Rr]ecipient(?:'s [Nn]ame)?|[Pp]roduct(?: [Nn]ame)?|NAME|DATE|COMPANY|TITLE)\]"
    r"|<(?:[Yy]our|[Ii]nsert|[Ee]nter|YOUR|INSERT|ENTER|[Aa]dd)[ _-][^>\n]{1,50}>"
)
WEB = (
    r"all rights reserved|privacy policy|terms of (?:use|service)|cookie policy|we use cookies|this (?:web)?site uses cookies"
    r"|enable javascript|javascript is (?:disabled|required)|subscribe to (?:our|the) newsletter|sign up for our newsletter"
    r"|click here to|share (?:this )?on (?:facebook|twitter)|alle rechte vorbehalten|datenschutzerklärung|diese website verwendet cookies"
    r"|tous droits réservés|politique de confidentialité|todos los derechos reservados|política de (?:privacidad|cookies)"
    r"|todos os direitos reservados|tutti i diritti riservati|alle rechten voorbehouden|版权所有|все права защищены"
)
STOCK = (
    r"\b(?:i )?hope (?:that |this )?helps?\b|let me know if (?:you|there)|feel free to (?:ask|reach|contact|let)"
    r"|is there anything else|if you (?:have|need) any (?:other|more|further|additional) (?:questions|help|information)"
    r"|(?:please )?(?:don(?:'|’)t|do not) hesitate to"
)
MOJIBAKE = (
    r"Ã[\x{80}-\x{BF}ƒ†‡€‚„…‰Šš‹›ŒœŽž™˜–—•¡-¿]|â€[\x{80}-\x{BF}™œ˜\x{9d}“”¦¢“šžŸ]|Â[\x{A0}-\x{BF}]|ï»¿|â€|Ã©|Ã¨|ðŸ"
    r"|[ÐÑ][\x{80}-\x{BF}][ÐÑ][\x{80}-\x{BF}]|(?:Р[\x{A0}°-џ]С[\x{80}-џ]){2}"
)
LIST = r"^(?:[^\n]{0,80}:\s)?\s*(?:[^,\n.:;()]{2,40}(?:,|\n)\s*){3,}[^,\n:;()]{2,40}$"
ITEM = re.compile(r",? and |,|\n|^[^,\n]{0,80}:\s")
LINES = re.compile(r"\n+")
MARK = re.compile(r"^\s*(?:[-*•]|\d{1,2}[.)])\s*")
"""A short list, what parts its items, and what stands before them."""
NEXT_TASK = r"\n\s*(?:#+ ?|/+ ?)?(?:\d+\. ?)?(?:Instruction|Prompt|Task|Anweisung|Consigne|Instrucción)\s*:"
ITS_ANSWER = r"\n\s*(?:#+ ?|/+ ?)?(?:\d+\. ?)?(?:Input|Output|Response|Answer|Eingabe|Ausgabe|Entrée|Sortie|Entrada|Salida)\s*:"
NEXT_SPEAKER = r"[.!?\n]\s*\n\s*(?:#+ ?)?(?:Human|User)\s*:"
"""An answer that does not stop and makes up what is asked next."""
PLACEHOLDERS = frozenset((
    "n/a", "na", "none", "null", "nan", "nil", "tbd", "todo", "fixme", "-", "--", "...", "…", "?", ".", "test", "no output",
    "nooutput", "<nooutput>", "no input", "noinput", "<noinput>", "undefined", "empty", "[]", "{}", "xxx", "answer", "output",
    "<no input>", "<no output>", "(no input)", "[no input]", "(none)", "[none]", "not applicable", "no input needed", "no input required", "no input necessary", "no input provided", "input not needed",
    "[deleted]", "[removed]", "insert text here", "your answer here", "keine angabe", "leer", "vide", "vacío", "无", "なし",
))  # fmt: skip
"""Whole texts that stand for none, in lower case."""

TRANSLATION = (
    r"translat|übersetz|tradu[ciz]|traduire|tłumacz|перевед|перевод|переклад|翻译|翻譯|翻訳|번역|ترجم|अनुवाद|çevir|vertaal|"
    r"oversæt|översätt|käännä|μετάφρα|dịch|\b(?:in|into|using|auf|en|em|to) (?:spanish|french|german|italian|portuguese|chinese|japanese|korean|russian|"
    r"arabic|latin|dutch|hindi|greek|polish|turkish|swedish|english|deutsch|englisch|französisch|spanisch|anglais|français|"
    r"español|inglés|inglês|francés|alemán|mandarin|hebrew|vietnamese|thai)\b"
)
"""Prompts that may ask for another language."""
CODE = (
    r"(?m:^[ \t]*(?:def \w+\(|class \w+[(:{]|import \w+|from \w+ import |#include|public (?:static|class)|function \w*\(|(?:var|let|const) \w+ ?=|"
    r"SELECT .+ FROM|<(?:html|table|div|p|ul|body|head|style|script|svg|form)\b|print\(|return |for ?\(|while ?\(|if ?\(.*\) ?\{|\w+ = \w+\())"
    r"|\w\(\w*\)[;:{]|console\.log|\+=|==|\bSELECT\b.{1,200}\bFROM\b"
)
"""Lines that only code has."""
REWRITES = (
    r"\b(?:re-?writ|edit|match|re-?organi[sz]|organi[sz]|rank|list|label|mark|tag|comma|quot|correct|fix|proof-?read|change|convert|replace|paraphrase|re-?phrase|insert|add|remove|delete|sort|arrange|"
    r"order|capitali[sz]e|punctuat|format|grammar|translat|complete|continue|extend|fill in|copy|repeat|quote|extract|identify|"
    r"find|highlight|underline|select|choose|pick|classify|categori[sz]e|tokeni[sz]e|split|parse|modify|transform|combine|merge|"
    r"re-?arrange|re-?order|reverse|update|improve|revise|code|function|program|create|generate|summari[sz]e|check|detect|evaluate|"
    r"determine|rearrange|make (?:all|each|every|the|this|it|these)|divid|separat|segment|capital|put (?:the|this|these)|turn (?:the|this|these)|switch|adjust|enhance|simplify|shorten|expand)"
)
"""Prompts whose answer rightly repeats what they give."""


def matches(texts: pa.LargeStringArray, pattern: str, ignore_case: bool = True) -> NDArray[np.bool_]:
    """Whether each text holds the pattern; null holds none."""
    found: NDArray[np.bool_] = (
        pc.match_substring_regex(texts, pattern, ignore_case=ignore_case).fill_null(False).to_numpy(zero_copy_only=False)
    )
    return found


def python_pattern(pattern: str, ignore_case: bool = True) -> re.Pattern[str]:
    """The same pattern for Python's `re`."""
    written = re.sub(r"\\x\{([0-9A-Fa-f]+)\}", lambda m: re.escape(chr(int(m[1], 16))), pattern)
    return re.compile(written, re.IGNORECASE if ignore_case else 0)


def heads(texts: pa.LargeStringArray, characters: int = HEAD) -> pa.LargeStringArray:
    """The beginning of each text, straight apostrophes and collapsed white space left as they are."""
    return pc.utf8_slice_codeunits(texts, 0, characters)
