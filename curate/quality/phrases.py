"""Phrases that give a text away: refusals, speaking as a model, template leftovers, boilerplate of the web, lost encodings.

Method: alternations for RE2 (through Arrow) over a whole column, linear in its bytes; where a place is wanted, Python's
`re` runs over the few texts that matched. Written for English, German, French, Spanish, Portuguese, Italian, Dutch, Polish,
Russian, Turkish, Arabic, Hindi, Chinese, Japanese and Korean; refusals and speaking as a model also for Czech, Slovak,
Swedish, Norwegian, Danish, Finnish, Hungarian, Romanian, Greek, Ukrainian, Hebrew, Persian, Urdu, Bengali, Thai,
Vietnamese and Indonesian. RE2's `\\b` knows ASCII letters only: it never stands beside another letter.
Cost: 100 to 400 MB/s a pattern. Does not: understand; a text about refusals looks like one, which is why only the beginning
of an answer is read for them.
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

AS_AN_AI = (
    r"\bas an? (?:ai|a\.i\.|artificial intelligence|(?:large )?language model)\b"
    r"|\bi(?:'|’)?(?: a)?m (?:just |only )?an? (?:ai\b|artificial intelligence|(?:large )?language model)"
    r"|\b(?:my (?:training data|knowledge cut-?off)|trained by openai|i am chatgpt|i(?:'|’)m chatgpt|gpt-?[34](?:\.5)? can(?:no|'|’)t?)"
    r"|\bals (?:eine? )?(?:ki\b|künstliche intelligenz|ki-|sprachmodell)"
    r"|\ben tant qu(?:e |'|’)(?:ia\b|modèle (?:de langage|linguistique)|intelligence artificielle|assistant)"
    r"|\bcomo (?:una? )?(?:ia\b|modelo de (?:lenguaje|linguagem)|inteligencia artificial|inteligência artificial)"
    r"|\bin quanto (?:ia\b|modello (?:linguistico|di linguaggio)|intelligenza artificiale)"
    r"|\bals (?:een )?(?:ai\b|taalmodel|kunstmatige intelligentie)"
    r"|\bjako (?:(?:velký |veľký |duży )?(?:jazykový model|model językowy)|umělá inteligence|umelá inteligencia|sztuczna inteligencja|ai)(?: ai)?,? (?:já|ja|nemohu|nemůžu|nemám|nejsem|neumím|nedokážu|mohu|nemôžem|nedokážem|nie (?:som|mogę|mam|jestem|potrafię|posiadam)|mogę|jestem)(?:[\s,.]|$)"
    r"|как (?:(?:большая )?языковая модель|искусственный интеллект|ии)(?:,? я не |, я |,? (?:не (?:могу|имею|умею|обладаю)|у меня нет) )|(?:^|[\s(])я,? как (?:(?:большая )?языковая модель|искусственный интеллект|ии),"
    r"|як (?:(?:велика )?мовна модель|штучний інтелект|ші)(?:,? я не |, я |,? (?:не (?:можу|маю|вмію)|у мене немає) )|(?:^|[\s(])я,? як (?:(?:велика )?мовна модель|штучний інтелект|ші),"
    r"|\bbir (?:yapay zek[aâ](?: dil)?(?: modeli| asistanı)?|(?:büyük )?dil modeli) olarak,? (?:[^.,\n]{0,40} )?(?:ben|benim|bana|bende|[^\s.,]{0,16}(?:amam|emem|[ıiuü]yorum|değilim)|[^\s.,]{1,16}[ıiuü]m yok)(?:[\s.,!]|$)"
    r"|作为(?:一个|一名|一款)?(?:人工智能|ai|大?语言模型|大型语言模型)|作為(?:一個)?(?:人工智慧|ai|語言模型)"
    r"|(?:ai|人工知能|言語モデル)(?:アシスタント)?(?:として|なので|ですので)"
    r"|(?:ai|인공지능|언어 모델)(?: 언어 모델)?(?:로서|이기 때문에|로써)"
    r"|(?:بصفتي|باعتباري) ?(?:نموذج[ًا]{0,2} (?:لغ(?:وي|ة)|ذكاء)|ذكاء|مساعد[ًا]{0,2} (?:ذكي|ذكاء|(?:يعمل )?بالذكاء))|كنموذج (?:لغوي|لغة|ذكاء اصطناعي)(?: كبير)?،? (?:أنا|لا (?:أستطيع|يمكنني|أملك)|ليس لدي|ليست لدي)"
    r"|एक (?:(?:एआई|ai) )?(?:भाषा मॉडल|एआई|ai|कृत्रिम बुद्धिमत्ता|एआई (?:मॉडल|सहायक)) (?:के रूप में|होने के नाते),? (?:मैं|मेरे|मेरी|मेरा|मुझे) |मैं (?:केवल |सिर्फ |बस )?एक (?:(?:एआई|ai) )?(?:भाषा मॉडल|एआई|ai|सहायक|कृत्रिम बुद्धिमत्ता) (?:हूँ|हूं)"
    r"|\bsom (?:en |ein )?(?:stor )?(?:ai[- ])?(?:språkmodell|sprogmodel),? [^\s.,]{1,14} (?:jag|jeg)\b|(?:kielimallina|tekoälynä),? (?:en|minä|minulla|minun|olen|voin|osaan|pystyn) "
    r"|(?:nyelvi modellként|mesterséges intelligenciaként),? (?:én |nem (?:tudok|vagyok|rendelkezem|áll módomban))|\bca (?:(?:un )?model (?:lingvistic|de limbaj)|inteligență artificială),? (?:eu |nu (?:am|pot) )"
    r"|ως (?:ένα )?(?:(?:μεγάλο )?γλωσσικό μοντέλο|μοντέλο (?:γλώσσας|τεχνητής νοημοσύνης)|(?:σύστημα )?τεχνητής? νοημοσύνης?|βοηθός (?:τεχνητής νοημοσύνης|ai)),? (?:εγώ |δεν (?:μπορώ|έχω|είμαι|διαθέτω) |μπορώ )"
    r"|כ(?:מודל שפה(?: גדול)?|מודל בינה מלאכותית|בינה מלאכותית|עוזר (?:בינה מלאכותית|ai)),? (?:אני |אין לי |איני |אינני )|به ?عنوان (?:یک )?(?:مدل زبانی?(?: بزرگ)?|هوش مصنوعی|دستیار هوش مصنوعی)(?:، ?من |،? نمی.?توانم)"
    r"|ในฐานะ(?:ที่เป็น)? ?(?:โมเดลภาษา|แบบจำลองภาษา|ปัญญาประดิษฐ์|เอไอ|ai|ผู้ช่วย ?(?:ai|เอไอ))(?:ขนาดใหญ่)?,? ?(?:ฉัน|ดิฉัน|ผม)"
    r"|(?:^|[.!?\n] ?)(?:là|với tư cách(?: là)?) (?:một )?(?:mô hình ngôn ngữ|trí tuệ nhân tạo|trợ lý ảo|(?:trợ lý )?ai\b)[^.\n]{0,30}, ?(?:tôi|mình|em) "
    r"|\bsebagai (?:sebuah )?(?:model bahasa(?: besar| ai)?|kecerdasan buatan|asisten (?:ai|virtual)|ai),? (?:saya|aku)\b"
)
REFUSAL = (
    r"\bi(?:'|’)?(?: a)?m (?:very |so |really |truly |afraid )?sorry[,.]? (?:but |however,? )?(?:i |as |this (?:is|cannot|instruction|request|question) )(?:can|am|do not|don|won|could|was not|wasn|an?\b|not|’|')"
    r"|\b(?:sorry|apologi[sz]e|apologies|unfortunately),? (?:but )?,?(?:i|we) (?:can(?:'|’)?t|cannot|can not|am not able|am unable|do not have|don(?:'|’)t have|won(?:'|’)t)\b"
    r"|\bi(?: am|(?:'|’)m) (?:sorry,? but i(?: am|(?:'|’)m) )?(?:unable|not able|not comfortable|not capable|not allowed|not permitted) (?:to |of |with )(?:help|assist|provid|answer|fulfil|complet|comply|engag|creat|generat|discuss|support|continu|access|writ|offer|perform|process|view|open|brows|shar|display|show|draw|play|produc|physically|directly)"
    r"|\bi (?:can(?:'|’)?t|cannot|can not|won(?:'|’)t|will not|must decline|have to decline|refuse to)(?: to)? (?:help|assist|provide|answer|fulfil+|complete|comply|engage|create|generate|do that|discuss|support|continue|access|write|offer|give|perform|process|see|view|open|browse)\b"
    r"|\b(?:this|the) (?:instruction|request|task|question|prompt|input)s? (?:cannot|can(?:'|’)?t|can not|could not) be (?:completed|answered|fulfilled|done|processed|executed)"
    r"|\b(?:it(?:'|’)?s| is|it is) not possible (?:for me )?to (?:answer|complete|generate|provide|determine|fulfil+|give|create)\b"
    r"|\b(?:no|without) (?:an? )?(?:input|image|picture|text|passage|context|article|audio|video) (?:was |is |has been |were )?(?:provided|given|supplied)"
    r"|\bes tut mir leid,? (?:aber )?(?:ich|das|diese)|\bich kann (?:ihnen |dir )?(?:dabei |damit |hierbei |diese |das )?(?:leider )?nicht (?:helfen|weiterhelfen|beantworten|erfüllen)|\bleider kann ich"
    r"|\bje suis (?:vraiment )?désolée?,? (?:mais )?(?:je|cela)|\bje ne (?:peux|suis) pas (?:en mesure |capable )?(?:de |d(?:'|’)|vous |répondre|fournir|aider|faire)"
    r"|\blo siento,? (?:pero )?(?:no|como|esto)|\bno puedo (?:ayudar|proporcionar|responder|cumplir|hacer|ofrecer|crear|generar|asistir)|\blamento,? (?:pero|mas) "
    r"|\b(?:desculpe|sinto muito|lamento),? (?:mas )?(?:não|eu não|como)|\bnão posso (?:ajudar|fornecer|responder|cumprir|criar|gerar|fazer)"
    r"|\bmi dispiace,? (?:ma )?(?:non|come|questa)|\bnon posso (?:aiutar|fornire|rispondere|soddisfare|creare|generare)"
    r"|\bhet spijt me,? (?:maar )?(?:ik|dat)|\bik kan (?:u |je )?(?:hier|daar|dat|dit) ?(?:mee|bij)? niet|\bsorry,? (?:maar )?ik kan"
    r"|\b(?:przykro mi|przepraszam),? (?:ale )?(?:nie|jako)|\bnie mogę (?:pomóc|udzielić|odpowiedzieć|spełnić)"
    r"|(?:извините|к сожалению|простите|мне жаль),? (?:но )?(?:(?:я )?не (?:могу|смогу|имею|умею)|я не (?:способ|в состоянии|в силах)|(?:я )?как (?:языков|большая|искусств|ии[ ,]))"
    r"|я не могу (?:помочь|ответить|предоставить|выполнить|создать|обсуждать)"
    r"|(?:вибачте|перепрошую|пробачте|на жаль|мені (?:дуже )?шкода),? (?:але )?(?:я )?(?:не (?:можу|зможу|маю|вмію)|як (?:мовн|велика|штучн|ші[ ,]))|я не можу (?:допомогти|відповісти|надати|виконати|створити)"
    r"|(?:üzgünüm|maalesef|özür dilerim)[^.]{0,60}(?:yapam|edem|verem|olam|sağlayam|yanıtlayam|cevaplayam)(?:am|em|ıyorum|iyorum|ayız|eyiz)(?:[^\pL]|$)"
    r"|(?:对不起|很抱歉|抱歉)[，,]?[^。]{0,12}(?:无法|不能|不会|没有?办法)|我(?:无法|不能)(?:提供|回答|帮助|满足|协助|生成|完成)|(?:對不起|很抱歉|抱歉)[，,]?[^。]{0,12}(?:無法|不能)"
    r"|(?:申し訳(?:ありません|ございません)|すみません|ごめんなさい)[^。]{0,40}(?:できません|できかねます|お答えできません|ありません)"
    r"|(?:죄송|미안)[^.]{0,40}(?:없습니다|어렵습니다|못합니다|할 수 없)"
    r"|(?:عذر[ًا]{1,2}|آسف|أعتذر|للأسف)،? ?(?:ولكن |لكن )?(?:لا (?:يمكنني|أستطيع|أقدر|يسعني)|أنا (?:لا|غير|مجرد))|لا (?:يمكنني|أستطيع) (?:المساعدة|مساعدتك|الإجابة|تقديم|تنفيذ|إنشاء|كتابة)"
    r"|(?:क्षमा (?:करें|कीजिए|चाहत)|मा(?:फ़|फ़|फ) (?:करें|कीजिए)|मुझे खेद है)[^।]{0,40}\sमैं [^।]{0,60}(?:नहीं (?:[^\s।]{1,12} )?सक(?:ता|ती)|असमर्थ हू[ँं])|দুঃখিত[^।]{0,60}(?:পারি না|পারছি না|পারব না)"
    r"|(?:omlouvám se|bohužel|je mi líto|ospravedlňujem sa|žiaľ|bohužiaľ),? (?:ale )?(?:vám )?(?:s tím |s tým )?(?:nemohu|nemůžu|nemôžem|nejsem schop|nie som schop)"
    r"|\b(?:tyvärr|förlåt|jag är ledsen|jag beklagar|beklager|desværre|dessverre|undskyld),? (?:men )?(?:(?:jag|jeg) kan|kan (?:jag|jeg)) (?:tyvärr |desværre |dessverre )?(?:inte|ikke) "
    r"|\b(?:valitettavasti|pahoittelen|olen pahoillani|anteeksi),? (?:mutta )?en (?:voi|pysty|osaa)|\bsajnálom,? (?:de )?nem (?:tudok|áll módomban|vagyok)|îmi pare rău,? (?:dar )?nu pot |\bdin păcate,? (?:dar )?(?:eu )?nu pot să (?:vă |te )?(?:ajut|răspund|ofer|generez|creez)(?:[^\pL]|$)"
    r"|(?:λυπάμαι|συγγνώμη|ζητώ συγγνώμη|δυστυχώς),? (?:αλλά )?(?:δεν (?:μπορώ|είμαι σε θέση|έχω τη δυνατότητα)|ως (?:γλωσσικό|τεχνητ))|δεν (?:μπορώ|είμαι σε θέση) να (?:βοηθήσω|απαντήσω|παρέχω|παράσχω|δημιουργήσω|εκπληρώσω)"
    r"|(?:מצטער(?:ת|ים)?|סליחה|אני מתנצל(?:ת)?|לצערי)[^.\n]{0,30}(?:אני לא יכול|אינ?ני יכול|לא אוכל ל(?:עזור|סייע|ענות|השיב|ספק|בצע|מלא|כתוב|יצור))"
    r"|(?:مت[أا]سف(?:م|انه)|ببخشید|عذر ?می|پوزش)[^.\n]{0,40}(?:نمی.?توانم|نمی.?توانیم|قادر به [^.\n]{1,25} نیستم)|معذرت(?: خواہ ہوں| چاہت[اے] ہوں)?[،,]? (?:لیکن |مگر |کہ )?میں [^۔\n]{0,50}(?:نہیں (?:[^\s۔]{1,8} )?سکت[ای]|قاصر ہوں)"
    r"|(?:ขออภัย|ขอโทษ)(?:[^\n]{0,29}[^ง\n])?(?:ฉัน|ผม)ไม่(?:สามารถ|อาจ)|(?:^|[^ง])(?:ฉัน|ผม)ไม่สามารถ(?:ช่วย|ตอบ|ให้ข้อมูล|ทำตาม|สร้าง|เขียน)"
    r"|(?:xin lỗi|rất tiếc),? (?:nhưng |là )?(?:tôi|mình|em|chúng tôi) (?:hiện |vẫn )?(?:không thể|chưa thể|không có khả năng)|tôi không thể (?:giúp|hỗ trợ|trả lời|cung cấp|thực hiện|tạo|viết)"
    r"|\bmaaf,? (?:tetapi |tapi |namun )?(?:saya|kami) (?:tidak|belum) (?:dapat|bisa|mampu)"
)
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
