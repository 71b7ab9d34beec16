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
    r"\{\{[ \t]*[A-Za-z_\x{A0}-\x{10FFFF}][\w .|\-\x{A0}-\x{10FFFF}]{0,40}\}\}|\$\{[A-Za-z_]\w{0,40}\}|%\([A-Za-z_]\w{0,30}\)[sdf]|\{%[^%\n]{1,80}%\}"
    r"|//EOM//|</?s>$|<(?:eos|EOS|pad|PAD|bos|BOS)>"
    r"|\[(?:[Ii]mage|[Pp]icture|[Ll]ink|[Ss]creenshot|[Vv]ideo|URL)(?: (?:of|to|here)[^\]\n()]{0,60})?\]"
    r"|<(?:no ?(?:input|output)|NOINPUT|NOOUTPUT|[Nn]o[Ii]nput|placeholder|PLACEHOLDER)>"
    r"|(?i:\blorem ipsum\b)|<\|(?:im_start|im_end|endoftext|assistant|user|system|eot_id|begin_of_text)[^>\n]{0,20}\|>|\[/?INST\]|<</?SYS>>|### (?:Instruction|Response|Input):"
)
"""What only a program leaves behind."""
BRACES = r"(?:^|[\s,])\{(?:(?:[a-z]+_)+(?:name|date|id|email|phone|address|company|customer|user|order|city|title|product|amount|number)|(?:name|date|id|email|phone|address|company|customer|user|order|city|title|product|amount|number)_[a-z]+)\}"
"""The same in single braces, which formulas, paths and formats have as well."""
TEMPLATE = (
    TEMPLATE_SYNTAX + "|" + BRACES + r"|\[(?:[Ii][Nn][Ss][Ee][Rr][Tt]|[Aa][Dd][Dd]|[Ee][Nn][Tt][Ee][Rr]|[Ff][Ii][Ll][Ll](?: in)?|[Yy][Oo][Uu][Rr]|YOUR|[Pp][Ll][Aa][Cc][Ee][Hh][Oo][Ll][Dd][Ee][Rr]"
    r"|EINFÜGEN|[Hh]ier |[Nn]ombre|[Ii]nsertar?|INSERTAR|[Ii]nsérer|[Vv]otre|[Ii]hre? |[Dd]eine? |[Tt]u |[Ss]u |[Ss]eu |[Ii]nserir|[Ii]nsira|[Ii]nserisci|[Ii]nserire|[Ii]l tuo"
    r"|[Nn]ome d[aeio]\w* |[Nn]om d[eu] |[Uu]w |[Vv]ul |[Ww]pisz|[Ww]staw|[Mm]asukkan |[Nn]ama |[Вв]аш[аеи]? |[Вв]став(?:ить|ьте) |[Ии]мя |أدخل |اسم |यहाँ )[^\]\n()]{0,60}\]"
    r"|\[[^\[\]\n()]{0,40} (?:EINFÜGEN|[Ee]infügen|[Ee]intragen|einsetzen|[Aa]dı|giriniz|girin|입력|삽입|डालें|लिखें)\]|\[(?:[Nn]ome|[Nn]om|[Pp]rénom|[Aa]dınız|[Ii]sim|[Ii]miona?|[Ii]mię|[Nn]aam|[Ии]мя|[Дд]ата|[Нн]азвание|이름|날짜|회사명|성함|नाम|तारीख|الاسم|اسمك|التاريخ|[Jj]ina)\]"
    r"|[\[【](?:此[处處]|[请請]?(?:填[写寫]|[输輸]入|插入))[^\]】\n]{0,20}[\]】]|(?m:^[ \t]*「(?:此[处處]|[请請]?(?:填[写寫]|[输輸]入|插入))[^」\n]{0,20}」[ \t]*$)|[\[【](?:姓名|名字|日期|公司名称?|您的[^\]】\n]{1,6}|你的[^\]】\n]{1,6}|お名前|氏名|名前|会社名|日付|[^\]】\n]{1,8}を(?:入力|記入|挿入))[\]】]"
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
_REST = r"[\x{80}-\x{BF}ƒ†‡€‚„…‰Šš‹›ŒœŽž™˜–—•ˆ‘’“”Ÿ]"
"""The bytes behind the first one of a character, as Western European ones."""
MOJIBAKE = (
    r"Ã[\x{80}-\x{BF}ƒ†‡€‚„…‰Šš‹›ŒœŽž™˜–—•¡-¿]|â€[\x{80}-\x{BF}™œ˜\x{9d}“”¦¢“šžŸ]|Â[\x{A0}-\x{BF}]|ï»¿|â€|Ã©|Ã¨|ðŸ"
    r"|[ÐÑ][\x{80}-\x{BF}][ÐÑ][\x{80}-\x{BF}]|(?:Р[\x{A0}°-џ]С[\x{80}-џ]){2}|锟斤拷|(?:[縺繧繝].){2}[縺繧繝]"
    # Two bytes of UTF-8 (Polish, Turkish; Arabic and Hebrew) and three (Indic, Thai, Chinese, kana) as Western Europe reads
    # them, and Cyrillic and Greek ones as Russian and Greek machines do.
    r"|[a-z][ÄÅ]" + _REST + r"|(?:[ØÙ×]" + _REST + r"){3}|(?:[à-ï]" + _REST + r"{2}){2}"
    r"|(?:[РС][ЂЃѓЉЊЌЋЏђ‚„…†‡€‰‹›‘’“”•–—™љњќћџ\x{98}\x{A0}ЎўЈ¤Ґ¦§Ё©Є«¬\x{AD}®Ї°±Ііґµ¶·ё№є»јЅѕї]){3}"
    r"|(?:[ΞΟ][\x{80}-\x{BF}΄΅Ά·ΈΉΊΌΎΏƒ„…†‡€‰‹›‘’“”‚•–—™]){3}"
)
LIST = r"^(?:[^\n]{0,80}:\s)?\s*(?:[^,\n.:;()]{2,40}(?:,|\n)\s*){3,}[^,\n:;()]{2,40}$"
ITEM = re.compile(r",? and |,|\n|^[^,\n]{0,80}:\s")
LINES = re.compile(r"\n+")
MARK = re.compile(r"^\s*(?:[-*•]|\d{1,2}[.)])\s*")
"""A short list, what parts its items, and what stands before them."""
NEXT_TASK = (
    r"\n\s*(?:#+ ?|/+ ?)?(?:\d+\. ?)?(?:Instruction|Prompt|Task|Anweisung|Consigne|Instrucción|Instrução|Istruzione|Instructie|"
    r"Polecenie|Talimat|Instruksi|Инструкция|指令|指示|지시|명령어|निर्देश|التعليمات)\s*[:：]"
)
ITS_ANSWER = (
    r"\n\s*(?:#+ ?|/+ ?)?(?:\d+\. ?)?(?:Input|Output|Response|Answer|Eingabe|Ausgabe|Antwort|Entrée|Sortie|Réponse|Entrada|"
    r"Salida|Respuesta|Saída|Resposta|Risposta|Antwoord|Odpowiedź|Yanıt|Cevap|Jawaban|Ответ|回答|答案|输入|输出|応答|出力|입력|출력|"
    r"응답|답변|उत्तर|الإجابة|الرد)\s*[:：]"
)
NEXT_SPEAKER = r"[.!?。！？।؟\n]\s*\n\s*(?:#+ ?)?(?:Human|User|用户|ユーザー|사용자|Пользователь|Utilisateur|Usuario|Nutzer|Utente)\s*[:：]"
"""An answer that does not stop and makes up what is asked next."""
LABELLED = re.compile(r"(?:^|\n)[ \t*#>-]*[^\W\d_][\w .'’-]{0,24}\**\s?[:：]\**[ \t]*(?=\S)")
ANSWERS_NEXT = re.compile(
    r"\s*(?:#+ ?)?(?:Assistant|AI|Bot|GPT|ChatGPT|Model|Human|User|Assistent|Asistente|Assistente|Ассистент|Бот|助手|助理|アシスタント|ボット|어시스턴트|봇)\s*[:：]",
    re.IGNORECASE,
)
"""A line under a label; the line of who answers."""
PLACEHOLDERS = frozenset((
    "n/a", "na", "none", "null", "nan", "nil", "tbd", "todo", "fixme", "-", "--", "...", "…", "?", ".", "test", "no output",
    "nooutput", "<nooutput>", "no input", "noinput", "<noinput>", "undefined", "empty", "[]", "{}", "xxx", "answer", "output",
    "<no input>", "<no output>", "(no input)", "[no input]", "(none)", "[none]", "not applicable", "no input needed", "no input required", "no input necessary", "no input provided", "input not needed",
    "[deleted]", "[removed]", "insert text here", "your answer here", "keine angabe", "leer", "vide", "vacío", "无", "なし",
    "k. a", "k.a", "antwort folgt", "keine eingabe", "keine antwort", "sin respuesta", "sin entrada", "no aplica", "s/d", "n/d",
    "sem resposta", "sem entrada", "não se aplica", "sans objet", "sans réponse", "pas d'entrée", "aucune entrée", "nessun input",
    "nessuna risposta", "non applicabile", "n.v.t", "geen invoer", "nie dotyczy", "brak odpowiedzi", "нет ответа", "нет данных",
    "не применимо", "暂无", "暂无内容", "暂无回答", "待补充", "无输入", "未填写", "該当なし", "入力なし", "未入力", "回答なし", "내용 없음",
    "해당 없음", "답변 없음", "입력 없음", "bilgi yok", "cevap yok", "giriş yok", "tidak ada jawaban", "tidak ada masukan",
    "لا ينطبق", "لا توجد إجابة", "لا يوجد إدخال", "कोई उत्तर नहीं", "लागू नहीं",
))  # fmt: skip
"""Whole texts that stand for none, in lower case."""

TRANSLATION = (
    r"translat|übersetz|tradu[ciz]|traduire|tradurre|tłumacz|перевед|перевод|переклад|翻译|翻譯|翻訳|번역|ترجم|अनुवाद|çevir|vertaal|"
    r"oversæt|översätt|käännä|μετάφρα|dịch|\b(?:in|into|using|auf|en|em|to) (?:spanish|french|german|italian|portuguese|chinese|japanese|korean|russian|"
    r"arabic|latin|dutch|hindi|greek|polish|turkish|swedish|english|deutsch|englisch|französisch|spanisch|anglais|français|"
    r"español|inglés|inglês|francés|alemán|mandarin|hebrew|vietnamese|thai)\b|\b(?:in inglese|inglese come|bahasa inggris|"
    r"almanca|fransızca|po angielsku|po niemiecku|på (?:engelska|engelsk)|kiingereza|tiếng anh)|"
    r"[iİ]ngilizce|英[语語文]|法[语語文]|德[语語文]|영어|프랑스어|по-английски|на английск|на немецк|الإنجليزية|بالإنجليزي|अंग्रेज|ภาษาอังกฤษ"
)
"""Prompts that may ask for another language."""
CODE = (
    r"(?m:^[ \t]*(?:def \w+\(|class \w+[(:{]|import \w+|from \w+ import |#include|public (?:static|class)|function \w*\(|(?:var|let|const) \w+ ?=|"
    r"SELECT .+ FROM|<(?:html|table|div|p|ul|body|head|style|script|svg|form)\b|print\(|return |for ?\(|while ?\(|if ?\(.*\) ?\{|\w+ = \w+\())"
    r"|(?m:^[$#]? ?(?:curl (?:-|http)|docker \w+ -|pip3? install |npm (?:install|run) |git (?:add|clone|commit|push|pull|reset|rebase) |"
    r"sudo \w|export \w+=|kubectl \w|chmod ))|\w\(\w*\)[;:{]|console\.log|\+=|==|\bSELECT\b.{1,200}\bFROM\b"
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
