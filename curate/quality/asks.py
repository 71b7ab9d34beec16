"""What prompts ask for: a word, a fact, a song, what they give in another order. Alternations for RE2, as in `phrases`.

Written for some fifteen languages; RE2's `\\b` knows ASCII letters only. Cost: 50 to 400 MB/s a pattern. Does not: understand.
"""

# ruff: noqa: E501  (tables of phrases, one language a line)

from __future__ import annotations

VERSES = (
    r"\b(?:songs?|jingles?|lyrics?|poems?|chorus|vers(?:e|es|os?|i)\b|rhym|haiku|limerick|sonnet|sonett|ballad|lullab|chants?\b|"
    r"litany|prayer|mantra|tongue.twister|gedicht|(?:ein(?: [^\s]+)?|das|kinder|volks|liebes|schlaf|weihnachts) ?lied\b|lieder\b|liedtext|stroph|strof|estrof|refrain|refrän|reim(?:en?|t)?\b|zungenbrecher|gebet|"
    r"po[eè]m|poes[iy]|chanson|comptine|berceuse|rim[ae]s?\b|canci[oó]n|(?:un|il|del|el|um) canto\b|can[cç][aã]o|estribillo|refrão|nana\b|trabalenguas|"
    r"canzon|ritornell|filastrocc|ninna|wiersz|piosenk|zwrotk|refren|bir mani\b|mani (?:yaz|söyle)|ninni|tekerleme|puisi|lagu\b|pantun|shairi|wimbo|"
    r"bài (?:thơ|hát))|şiir|şarkı|đồng dao|стих|песн|куплет|припев|колыбельн|частушк|[诗詩](?:[^意经經]|$)|(?:^|[^谷])歌(?:[^德]|$)|绕口令|顺口溜|俳句|早口言葉|"
    r"시를|시 한|노래|동요|가사|قصيد|أغني|شعر|أنشود|بيت[ًا ]|कविता|गीत|गाना|दोहा|लोरी|เพลง|กลอน"
)
"""Prompts for what is sung or recited, which says things again on purpose."""
RETURNING = (
    r"\b(?:plan|schedule|routine|calendar|chords?|notes|patterns?|tables?|repeat\w*|sequence|menu|workout|drill|each|every|"
    r"wochenplan|tabelle|tableau|tabla|tabela|tabella|horario|horário|programma)\b|表格|计划|予定|표를|جدول|" + VERSES
)
SHORT = (
    r"\b(?:(?:one|single|which|the best|correct|right|missing) (?:word|letter|number|digit|option|answer|choice)|yes or no|"
    r"true|false|output (?:a )?\d|classif\w+|categori[sz]e|options?|choices?|how many|how much|what is \d|calculate|label|"
    r"answer with|sentiment|identify|name|find|which|who|when|in what year|translate|convert)\b|synonym|antonym|sinón|sinôn|"
    r"sinonim|klassifizier|kategori|catégor|categor[ií]a|clas+ifi[cq]|gegenteil|\breimt? |\brim[ea]\b|\bein(?:em)? wort\b|en un mot|"
    r"una palabra|uma palavra|una parola|satu kata|tek kelime|oui ou non|ja oder nein|s[ií] o no\b|sim ou não|sì o no|vero o falso|"
    r"vrai ou faux|evet mi|\bcomplet[ae]\b|berechne|calcul[ae]|hesapla|hitung|übersetze|tradu[cizs]|çevir|terjemah|tafsiri|"
    r"классифиц|синоним|одним словом|да или нет|перевед|вычисли|分[类類]|翻[译譯訳]|[同反][义義]词|[标標][签題题]|等于|計算|计算|判断|"
    r"はいかいいえ|類義語|対義語|번역|분류|동의어|صنف|ترجم|مرادف|بكلمة واحدة|वर्गीकृत|अनुवाद|एक शब्द|पर्यायवाची"
)
"""Prompts that a word may answer."""
_ASKED = (
    r"(?:where|capital of|wer|wann|wo|wohin|welche[mnrs]?|wie ?viele?|wie hei(?:ß|ss)t|hauptstadt|qui|quand|où|"
    r"quel(?:le)?s?|combien|capitale|quién|cuándo|dónde|cuál|cuánt[oa]s?|quem|quando|onde|qual|quant[oaie]s?|chi|dove|quale|kto|kiedy|"
    r"gdzie|kim(?:dir|in)|nere\w*|kaç|hangi|başkent\w*|siapa|kapan|di mana|berapa|"
    r"кто|когда|где|куда|сколько|какой|какая|какие|какое|столица|хто|коли|де|скільки|яка|який|столиця|"
    r"ποιος|ποια|ποιο|πότε|πού|πόσ[αοει]|πρωτεύουσα|"
    r"من هو|من هي|متى|أين|كم|ما عاصمة|ما اسم|هل|کجا|کجاست|چه کسی|کی|چند|پایتخت|מי|מתי|איפה|היכן|כמה|בירת|"
    r"khi nào|bao nhiêu|thủ đô|ở đâu|là ai)"
)
_ASKED_UNSPACED = (
    r"(?:哪|谁|誰|[几幾][^何乎]|多少|何时|首都|どこ|いつ[^も]|何[人年月日時個本歳]|だれ|どれ|いくつ|いくら|어디|누구|언제|몇|얼마|수도|"
    r"कौन|कब|कहाँ|कहां|कितन|राजधानी|ที่ไหน|เมื่อไ|ใคร|กี่|เท่าไ|เมืองหลวง)"
)
QUESTION = (
    r"^\s*¿?(?:" + _ASKED + r"(?:[\s,.:;?？؟]|$)|ile\s|" + _ASKED_UNSPACED + r")"
    r"|(?:^|[\s¿(])" + _ASKED + r"(?:[\s,;][^.!?？؟。\n]*)?[?？؟]\s*$"
    r"|" + _ASKED_UNSPACED + r"[^.!?？؟。\n]*(?:[?？؟]|か[。.]?)\s*$|吗[?？]\s*$"
)
"""The same with words that stand in many a sentence: they begin the prompt, or the question that ends it."""
IN_PLACE = (
    r"\b(?:sort|order|arrange|re-?arrange|organi[sz]e|rank|select (?:all|any|the|those|only)|extract|pick|filter|find all|"
    r"check|proof-?read|correct|fix|remove|delete)\b"
)
"""Prompts that what they give may already satisfy."""
_NAMED = r"(?:titles?|headlines?|slogans?|tag ?lines?|mott?os?|hashtags?)(?: (?:for|of|about|that|to) |\W*$)"
BRIEF = (
    r"^\W*(?:who (?:wrote|invented|discovered|painted|won|directed|composed|founded)\b|when (?:did|was|were)\b|in (?:what|which) year|how (?:many|tall|far|old)\b|"
    r"what(?:(?:'|’)s| is| was) the (?:capital|currency|chemical (?:symbol|formula)|square root|population|plural|opposite)\b|"
    r"(?:please )?(?:suggest|write|give(?: me)?|create|generate|come up with|propose|think of|make|craft) (?:an?|one|the|some) (?:[a-z-]+ ){0,2}" + _NAMED + r"|"
    r"wer (?:hat|schrieb|erfand|malte|gewann|entdeckte)|wann |wie ?viele? |qui a |quand |combien |quién (?:escribió|inventó|pintó|descubrió|ganó)|cuándo|cuánt[oa]s|"
    r"quem (?:escreveu|inventou|pintou|descobriu|ganhou)|quando |quant[oaie]s? |chi ha |siapa (?:yang )?\w|kapan |berapa )"
    r"|^(?:кто (?:написал|изобр|открыл|нарисовал)|когда |сколько |谁(?:写|发明|发现|画)|من كتب|متى |كم )"
    r"|(?:hauptstadt von|capitale d[eu]|capital de|capital d[ao]|capitale del|ibu kota)|\b(?:slogan|motto|titel|titre|título|titolo|eslogan) (?:für|pour|para|per|de|di) "
    r"|überschrift für |столица |عاصمة |राजधानी|başkent|首都|수도는|哪一?年|口号|标语|的标题|キャッチコピー|タイトルを|슬로건|слоган для|नारा"
)
"""Prompts to which the right answer is a few words: a name, a date, a figure, a title."""
LONG = (
    r"[?？؟]\s*[^\s\"'”’»)]|,? (?:and|und|et|y|e|и) (?:what|how|why|was|wie|warum|comment|pourquoi|cómo|como|come|perché|как|почему)\b"
    r"|^(?:when|wann|quand|quando|cuándo|когда)\b[^?]*,"
    r"|\b(?:discuss|biograph|in (?:great |full )?detail|detailed|history of|\d+ words|write an? (?:[a-z-]+ )?(?:essay|article|story|report|poem|plan|letter|review|paper|speech)|"
    r"and (?:an? )?(?:article|essay|story|text|post)\b|all of them|them all|aufsatz|aufsätze|geschichte|gedicht|bericht|biogra|ausführlich|ensay[oa]|redact[ae]|relato|historia|poema|essai|"
    r"histoire|rédige|dissertation|ensaio|redação|história|escreva|saggio|storia|dettagli|scrivi|esai|karangan|lengkap|cerita|tulis|kompozisyon|hikaye|opowiadanie|rozprawk)"
    r"|écri[st]|эссе|сочинени|рассказ|напиши|подробн|отч[её]т|план |文章|作文|论文|論文|故事|历史|歷史|歴史|详细|詳細|詳し|物語|怎么办|에세이|이야기|역사|자세|مقال|قصة|بالتفصيل|निबंध|कहानी|विस्तार"
)
"""Prompts that ask for much, or for more than one thing."""
TALK = (
    r"dialog|conversation|script|chat|interview|transcript|\buser\b|human|story|classif|scenario|\b(?:gespräch|unterhaltung|geschichte|szene|entretien|histoire|"
    r"conversaci|entrevista|guion|guión|historia|escena|conversa\b|cena\b|roteiro|conversazione|intervista|storia|scena|copione|gesprek|verhaal|rozmow|wywiad|opowiadani|"
    r"sohbet|konuşma|röportaj|hikaye|percakapan|wawancara|cerita|obrolan)|échange|scène|diálogo|diyalog|диалог|разговор|бесед|интервью|рассказ|чат|сцен|对话|對話|会话|聊天|采访|訪談|访谈|故事|剧本|"
    r"会話|対話|チャット|インタビュー|物語|台本|대화|채팅|인터뷰|이야기|대본|حوار|محادثة|مقابلة|قصة|دردشة|संवाद|बातचीत|साक्षात्कार|कहानी"
)
"""Prompts whose answer has speakers."""
EXERCISES = (
    r"\b(?:tasks?|instructions?|prompts?|exercises?|template|quiz\w*|worksheets?|questionnaires?|question set|manual|aufgabe|fragebogen|anleitung|arbeitsblatt|vorlage|"
    r"exercice|tâche|consigne|fiche|ejercicio|tarea|cuestionario|ficha|consigna|plantilla|exercício|tarefa|questionário|eserciz|compit|scheda|questionario|oefening|opdracht|"
    r"vragenlijst|zadani|egzersiz|görev|alıştırma|latihan|tugas|soal|kuis)|übung|ćwicze|aufgaben|упражнени|задани|задач|викторин|анкет|инструкци|练习|練習|习题|题目|阅读题|[道套]题|任务|测验|问卷|"
    r"作业|说明书|問題|クイズ|課題|説明書|연습|문제|과제|퀴즈|설문|사용법|설명서|تمرين|تمارين|مهم[ةا]|مهام|اختبار|استبيان|أسئلة|अभ्यास|प्रश्नावली|क्विज़|कार्य"
)
"""Prompts, and openings of answers, for tasks with what is to be written under them."""
REASONS = r"\b(?:why|explain|describe|reason|because|warum|erklär|pourquoi|expli[cq]|perché|spiega|waarom|neden|kenapa|jelaskan)|por ?qu[eé]|почему|объясни|为什么|解释|なぜ|説明|왜|설명|لماذا|اشرح|क्यों"
"""Prompts that want to be told more."""
