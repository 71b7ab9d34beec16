"""Answers that refuse: in each language somebody who speaks of themselves, what they cannot, and something that assistants do.

Method: alternations for RE2 over the beginning of an answer, one group of languages a pattern (see `speaking`). "I can't come
to your wedding" is a person's; what an assistant refuses is to answer, give, write, open or help. What begins as somebody's
speech, behind a quotation mark or a dash, is a story.
Limits: a shop that cannot give a price reads like an assistant; who refuses without a verb of the list is missed.
"""

# ruff: noqa: E501  (tables of phrases, one language a line)

from __future__ import annotations

import pyarrow as pa

from curate.quality.hits import Bools, among, among_any
from curate.quality.phrases import matches

_HELP_EN = r"(?:help|assist|provid|answer|fulfil|complet|comply|engag|creat|generat|discuss|support|continu|access|writ|offer|perform|process|view|open|brows|shar|display|show|draw|play|produc|translat|summari|respond|participat|fabricat|giv)\w*"
_VERB_DE = r"(?:(?:weiter)?helfen|behilflich|beantworten|antworten|bereitstellen|liefern|erstellen|generieren|verfassen|schreiben|geben|erteilen|nennen|herausgeben|preisgeben|weitergeben|zugreifen|zugriff|zugang|öffnen|anzeigen|ansehen|abrufen|durchsuchen|unterstützen|erfüllen|nachkommen|ausführen|übersetzen|zusammenfassen|diskutieren|empfehlen|beurteilen|auskunft|anleitung\w*|diagnose\w*|durchführen|teilen)"
_VERB_FR = r"(?:répondre|fournir|aider|vous aider|t(?:'|’)aider|générer|créer|écrire|rédiger|donner|ouvrir (?:d|l|c|v)\S*|accéder|consulter|expliquer|divulguer|communiquer|traduire|afficher|produire|poser de diagnostic|assister|satisfaire|traiter|partager|effectuer|réaliser|participer|exécuter)"
_VERB_ES = r"(?:(?:ayudar|proporcionar|responder|contestar|facilitar|ofrecer|mostrar|explicar|asistir|dar)(?:te|le|les|lo|la|os)?|decir(?:te|le|les) cómo|cumplir|crear|generar|abrir (?:enlaces?|archivos?|ficheros?|documentos?|sitios?|páginas?|el enlace|el archivo)|acceder|escribir|redactar|compartir|traducir|revelar|completar|realizar|atender|procesar|diagnosticar|participar)"
_VERB_PT = r"(?:(?:ajudar|auxiliar|fornecer|responder|oferecer|mostrar|explicar|dar)(?:-?(?:te|lhe|lo|la|los))?|dizer-?(?:te|lhe) como|ajudá-l[oa]s?|cumprir|criar|gerar|abrir (?:links?|ficheiros?|arquivos?|páginas?|(?:o|os|esse|este) (?:links?|arquivos?|ficheiros?|anexos?|documentos?))|acessar|aceder|escrever|redigir|compartilhar|partilhar|traduzir|divulgar|revelar|completar|realizar|atender|atendê-l[oa]s?|fazer (?:ligações|chamadas)|emitir opini\S+|processar|diagnosticar|participar)"
_VERB_IT = r"(?:(?:aiutar|fornir|risponder|assister|mostrar|spiegar|dar)(?:e|ti|vi|la|le|gli)?|dir(?:ti|vi|le) come|soddisfare|creare|generare|accedere|scrivere|condividere|tradurre|divulgare|rivelare|completare|eseguire|elaborare|aprire (?:link|file|documenti|siti|pagine|collegamenti|(?:il|i|questo) (?:link|file|collegament[oi]|documento|sito))|visualizzare|partecipare)"
_VERB_NL = r"(?:helpen|beantwoorden|antwoorden|geven|verstrekken|genereren|schrijven|openen|bekijken|uitvoeren|vertalen|samenvatten|delen|tonen|bieden|verlenen|voldoen|meewerken|toegang|opstellen|inzien|weergeven|leveren|(?:afbeeldingen|teksten?|inhoud|code) [^.!?\n]*maken)"
_MODEL_EN = r"(?:ai|artificial|large|language|virtual|chat ?bot|text|computer|digital|machine|assistant)\b"
_ABLE = r"(?:unable|not able|not comfortable|not capable|not allowed|not permitted|not in a position)"

_EN = (
    r"\b(?:sorry|afraid|apologi[sz]e|apologies|unfortunately|regret)[,.]? (?:(?:but|however|that),? )?,?(?:i|we) (?:can(?:(?:'|’)?t|not| not)|am unable|am not able|do not have|don(?:'|’)t have|won(?:'|’)t|will not|am not|do not feel|don(?:'|’)t feel|was unable|am (?:just |only )?an? (?:" + _MODEL_EN + r"))"
    r"|\bsorry[,.]? (?:but |however,? )?(?:as (?:(?:just |only )?an? (?:" + _MODEL_EN + r")|i(?: am|(?:'|’)m) (?:an? (?:" + _MODEL_EN + r")|not (?:able|allowed)|unable)|i (?:cannot|can(?:'|’)?t|do not|don(?:'|’)t))|this (?:is not (?:something|possible|appropriate|allowed|an? (?:appropriate|valid|suitable))|cannot|instruction|request|question) )"
    r"|\bi(?: am|(?:'|’)m) " + _ABLE + r" (?:to |of |with )(?:directly |physically |currently )?" + _HELP_EN
    + r"|\bi (?:can(?:'|’)?t|cannot|can not|won(?:'|’)t|will not|must decline|have to decline|refuse to|won(?:'|’)t be able to|will not be able to|am unable to|am not able to)(?: to)? (?:directly |actually |currently )?(?:do that|see\b|" + _HELP_EN + r")"
    r"|\bi (?:must|have to|need to|will have to) (?:respectfully |politely )?(?:decline|refuse)(?:[.,;:!?\n]|$| (?:to " + _HELP_EN + r"|(?:your|this|that|the|any|such) (?:request|task|prompt|question|instruction|query|topic)|(?:this|that|it|as|because|since|here)\b))|\bi (?:do not|don(?:'|’)t) (?:currently )?have (?:the ability|direct access|access to (?:your|real|live|current|the internet(?:[,.;:!?\n]|$| (?:or|and|to|so|as|in real)\b)|external|personal|private|that|this|up|any))|\bi (?:do not|don(?:'|’)t|wouldn(?:'|’)t) feel comfortable"
    r"|\b(?:this|the) (?:instruction|request|task|question|prompt|input)s? (?:cannot|can(?:'|’)?t|can not|could not) be (?:completed|answered|fulfilled|done|processed|executed)"
    r"|\b(?:it(?:'|’)?s| is|it is) not possible (?:for me )?to (?:answer|complete|generate|provide|determine|fulfil+|give|create)\b|(?:not possible|n(?:'|’)t possible|\bno way|not be (?:appropriate|right|ethical)|not appropriate) for me to \w|\bnot something (?:that )?i(?:(?:'|’)m| am)? (?:able to|can|will|comfortable)\b"
    + r"|\b(?:no|without) (?:an? )?(?:input|image|picture|text|passage|context|article|audio|video) (?:was |is |has been |were )?(?:provided|given|supplied)"
)
_DE = (
    r"\b(?:ich (?:kann|darf|werde|möchte)|(?:kann|darf|werde|möchte) ich)\b[^.!?\n]*\b(?:nicht|keine?[nrms]?)(?: [^.!?,\n]*)? " + _VERB_DE + r"\b|\bkann ich keine (?:übersetzung|zusammenfassung|auskunft|diagnose|bilder|links)|\bmir (?:leider |bedauerlicherweise )?nicht (?:gestattet|erlaubt|möglich)|\bmöchte ich mich (?:lieber )?nicht äußern|\bgebe ich (?:grundsätzlich |leider )?nicht (?:heraus|weiter|preis)"
    r"|\bich (?:bin|sehe mich)[^.!?\n]*(?:nicht in der lage|außerstande|nicht befugt|nicht berechtigt|nicht imstande)|\bbin ich [^.!?\n]*(?:nicht in der lage|nicht befugt|nicht berechtigt)"
    r"|\b(?:ich habe|habe ich) [^.!?\n]*\bkeinen (?:direkten )?(?:zugriff|zugang)\b|\b(?:muss ich|ich muss) [^.!?\n]*\bablehnen\b|\bich lehne (?:[^.!?\n]*(?:anfrage|bitte|anweisung|aufforderung|wunsch|aufgabe|anliegen|hilfe|auskunft|inhalte?|antwort|text\w*|erstellung) (?:[^.!?,\n]* )?ab|(?:(?:es|das|dies|diese|hiermit|leider|daher|deshalb|höflich|entschieden|grundsätzlich|aber|jedoch) )*ab)\b|\b(?:schreibe|verfasse|erstelle|generiere|beantworte) ich (?:leider |grundsätzlich )?nicht\b"
    r"|\bdass ich (?:[^.!?\n]* )?(?:nicht|keine?[nrms]?)(?: [^.!?\n]*)? " + _VERB_DE + r" (?:kann|darf|möchte|werde)\b|\bes tut mir leid,? (?:aber )?als (?:ki|sprachmodell)"
)
_NL = (
    r"\b(?:ik (?:kan|mag|wil|zal|ga)|(?:kan|mag|wil|zal|ga) ik)\b[^.!?\n]*\b(?:niet|geen)\b[^.!?,\n]*\b" + _VERB_NL + r"\b|\bik [^.!?\n]*\b(?:niet|geen)\b[^.!?\n]*\b(?:kan|mag|wil) " + _VERB_NL + r"\b|\b(?:ik ben|ben ik) [^.!?\n]*\bniet in staat\b|\b(?:heb ik|ik heb) (?:helaas )?geen (?:directe )?toegang\b|\bis (?:voor mij|mij) (?:helaas )?niet (?:mogelijk|toegestaan)|\bik ben (?:niet bevoegd|niet gemachtigd)|\blukt (?:het )?(?:mij|me) niet|\bgeef ik (?:liever |helaas )?geen|\bmoet ik (?:[^.!?\n]* )?(?:afwijzen|weigeren|afslaan)\b|\b(?:schrijf|genereer|beantwoord) ik niet\b|\b(?:openen|bekijken|genereren) lukt me niet\b|\b(?:daar|hier|daarmee|hiermee) (?:kan|mag) ik (?:je |u )?(?:helaas )?niet\b"
)
_FR = (
    r"\bje ne (?:peux|puis|saurais|pourrai|pourrais)\b[^.!?\n]*?(?: |'|’)" + _VERB_FR + r"|\bje ne suis (?:malheureusement )?pas (?:en mesure|autorisée?|capable|habilitée?|programmée?|à l(?:'|’)aise)|\bje n(?:'|’)ai (?:malheureusement )?pas (?:accès|la possibilité|la capacité)\b|\bje préfère(?:rais)? ne pas (?:donner suite|me prononcer|" + _VERB_FR + r")"
    r"|\bje (?:dois|suis contrainte? de|me vois contrainte? de) (?:décliner|refuser)|\bje (?:refuse|décline) (?:de |d(?:'|’))" + _VERB_FR + r"|\bil m(?:'|’)est impossible (?:de |d(?:'|’))" + _VERB_FR + r"|\bne (?:pas )?(?:pouvoir|être en mesure) (?:de )?(?:vous |t(?:'|’)|te )?" + _VERB_FR
)
_ES = (
    r"\bno (?:puedo|podré|podría|me es posible|voy a|estoy en condiciones de|estoy autorizad[oa] (?:a|para)|estoy capacitad[oa] para|soy capaz de|tengo permitido|tengo la capacidad de) (?:[^.!?,\n]* )?" + _VERB_ES + r"\b|\bno tengo acceso (?:directo )?a (?:la |las |tus?|sus?|los |información|datos|internet|tiempo)|\b(?:debo|tengo que) (?:rechazar|declinar)|\bme (?:es|resulta) imposible " + _VERB_ES + r"|\bprefiero no " + _VERB_ES + r"|\b(?:siento|lamento) (?:mucho )?no poder " + _VERB_ES + r"|\blo siento,? (?:pero )?(?:como|esto no|no es posible)"
)
_PT = (
    r"\bnão (?:posso|poderei|poderia|consigo|vou|estou (?:apt[oa]|autorizad[oa]) a|sou capaz de(?: fazer)?|tenho como|me é possível|tenho permissão para|tenho a capacidade de) (?:[^.!?,\n]* )?" + _VERB_PT + r"\b|\bnão (?:tenho|possuo) acesso (?:direto )?(?:a|ao|aos|à|às) |\b(?:devo|tenho (?:de|que)|preciso) (?:recusar|declinar)|\b(?:recuso-me|me recuso) a\b|\bnão devo (?:emitir|dar|fornecer|divulgar)|\bprefiro não " + _VERB_PT + r"|\b(?:receio|lamento|sinto) (?:muito )?não poder " + _VERB_PT + r"|\b(?:desculpe|sinto muito|lamento),? (?:mas )?como "
)
_IT = (
    r"\bnon (?:posso|potrò|potrei|sono in grado di|sono autorizzat[oa] a|sono capace di|mi è possibile|riesco a|ho la possibilità di|ho la capacità di) (?:[^.!?,\n]* )?" + _VERB_IT + r"\b|\bnon (?:scriverò|fornirò|creerò|genererò|risponderò|tradurrò)|\bnon ho (?:diretto )?accesso (?:a|ai|al|alle|alla|in) |\b(?:devo|sono costrett[oa] a) (?:declinare|rifiutare)|\bmi rifiuto di\b|\bnon (?:ho modo di|mi è (?:consentito|permesso|possibile)) \w|\bnon posso procedere|\bpreferi(?:sco|rei) non (?:esprimermi|pronunciarmi|" + _VERB_IT + r")|\b(?:temo|mi spiace|mi dispiace|mi scuso) di non poter(?:e|ti|vi|la|le)? |\bmi dispiace,? (?:ma )?(?:come|questa richiesta) "
)
_ZH = (
    r"(?:对不起|很抱歉|抱歉|不好意思|很?遗憾)[，,。！]?(?:但是?|不过|可是|因为)?(?:作[^。，,]*[，,])?(?:我们?|本人)?(?:目前|暂时|现在|也|并|实在|还)?(?:无法|不能|不会|没有?办法|没有(?:权限|能力))|(?:對不起|很抱歉|抱歉|不好意思)[，,。]?(?:但是?|不過|因為)?(?:作[^。，,]*[，,])?(?:我們?|本人)?(?:目前|暫時|現在|也|並|實在|還)?(?:無法|不能|沒有?辦法|沒有(?:權限|能力))"
    r"|(?:我|本人)(?:目前|暂时|暫時|现在|現在|也|并|並|实在)?(?:无法|無法|不能|不便|没法|没办法|没有(?:权限|能力|办法)|沒有(?:權限|能力|辦法))(?:直接|为[您你]|為[您你]|给[您你]|給[您你]|向[您你])*(?:提供|回答|帮助?|幫助?|满足|滿足|协助|協助|生成|完成|打开|打開|访问|訪問|存取|给出|撰写|撰寫|写|寫|创建|建立|执行|執行|透露|讨论|討論|翻译|翻譯|浏览|查看|获取|做出|推荐|评论|支持|参与|進行|进行|处理)|(?:我|本人)(?:目前|也|并|並)?不[会會](?:直接)?(?:(?:为[您你]|為[您你]|给[您你]|給[您你]|向[您你])(?:提供|写|寫|做出|翻译|翻譯)|提供|帮[您你助]|幫[您你助]|回答[您你这這此]|满足[您你这此]|滿足|协助|協助|生成|透露|讨论这|参与|支持|撰[写寫](?:任何|[。！，]|$)|写任何|创建任何)"
    r"|我(?:必须|只能|不得不|必須)?拒[绝絕](?:[^过過了]|$)|我(?:回答|帮|做|处理|翻译)不了|我不方便|我不具[备備][^。！？\n]*(?:功能|能力)|(?:我|目前)[^。，！？\n]{0,4}(?:不能|无法)(?:联网|上网)|^(?:暂时|目前|暂|暫時)?不支持(?:生成|访问|打开|查看)|[，,]我(?:必须|只能|不得不)?拒绝(?:[^过了]|$)"
)
_JA = (
    r"(?:申し訳(?:ありません|ございません|ない)|すみません|ごめんなさい|恐れ入ります|恐縮です|残念ながら)[^。]*(?:私|わたし|僕|お答え|回答|ご?提供|お手伝い|お応え|生成|作成|翻訳|要約|アクセス|ご質問|リクエスト|ご?要望|診断|内容)[^。]*(?:できません|できかねます|しかねます|できない|ありません|おりません|書けない|書けません)"
    r"|^[^。]*(?:お手伝い|お答え|お応え|回答|お教え|診断を|画像を?[^。]*生成|文章を?[^。]*作成|(?:リンク|ファイル|ウェブ|サイト)[^。]*(?:開|アクセス))[^。]*(?:できません|できかねます|しかねます|できないため|できませんので)|^[^。]*(?:答えられ(?:ない|ません)|差し控えさせて|(?:生成|作成|翻訳|回答)[^。]*(?:することができません|対応して(?:おりません|いません)))|^[^。]*(?:お断り(?:します|いたします|させて)|拒否(?:します|いたします)|ご遠慮させて)"
)
_KO = (
    r"(?:죄송|미안|유감|안타깝)[^.\n]*(?:(?:저는|제가|저로서는|전) |답변|응답|제공|도움|도와|생성|작성|수행|번역|요약|접근|요청|질문)[^.\n]*(?:수(?:가|는)? 없|어렵습니다|못합니다|못해요|권한이 없|지원하지 않)|(?:죄송|미안)[^\n]{0,6}\. [^.\n]*(?:작성|제공|생성|답변)하지 (?:않습니다|못합니다)"
    r"|^[^.\n]*(?:드릴 수(?:가|는|도)? 없|드리기(?:는|가)? (?:어렵|힘들)|거절(?:하겠|합니다|할게))|드리기(?:가|는)? 곤란|알려 ?드리지 않|^[^.\n]*(?:써|만들어|작성해) ?줄 수 없|^[^.\n]*번역[^.\n]*수 없|(?:만들|쓸|작성할|제공할) 수 없음을 양해|^(?:아쉽게도 |안타깝게도 |유감스럽게도 )?(?:저는|제가) [^.\n]*(?:제공|답변|생성|작성|접근|수행|번역|도와)[^.\n]*(?:수(?:가|는)? 없|못합니다)|^[^.\n]*링크[^.\n]*(?:열|열어 볼|열어볼|접속할|접근할) 수(?:가|는)? 없"
)
_OTHERS = (
    r"\b(?:przykro mi|przepraszam),? (?:ale )?(?:nie|jako)|\bnie mogę (?:pomóc|udzielić|odpowiedzieć|spełnić)"
    r"|(?:извините|к сожалению|простите|мне жаль),? (?:но )?(?:(?:я )?не (?:могу|смогу|имею|умею)|я не (?:способ|в состоянии|в силах)|(?:я )?как (?:языков|большая|искусств|ии[ ,]))"
    r"|я не могу (?:помочь|ответить|предоставить|выполнить|создать|обсуждать)"
    r"|(?:вибачте|перепрошую|пробачте|на жаль|мені (?:дуже )?шкода),? (?:але )?(?:я )?(?:не (?:можу|зможу|маю|вмію)|як (?:мовн|велика|штучн|ші[ ,]))|я не можу (?:допомогти|відповісти|надати|виконати|створити)"
    r"|(?:üzgünüm|maalesef|özür dilerim)[^.]{0,60}(?:yapam|edem|verem|olam|sağlayam|yanıtlayam|cevaplayam)(?:am|em|ıyorum|iyorum|ayız|eyiz)(?:[^\pL]|$)"
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
    r"|(?:^|[\s,])не (?:могу|смогу|вправе|умею|буду|стану|в состоянии|имею (?:права|возможности)) (?:[^.!?\n]* )?(?:помо[чг]\S*|отве[чт]\S+|предостав\S+|выполн\S+|созда\S+|откры\S+|написать|писать|перевести|дать|давать|разглашать|обсуждать|(?:с)?генерировать|поставить|показать|назвать|раскры\S+|комментировать|получить доступ|посмотреть|зайти)"
    r"|(?:^|[\s,])(?:перевести|открыть|создавать|создать|давать|дать|писать|написать|ответить|помочь|обсуждать|генерировать)(?: [^.!?\n]*)? (?:я )?не (?:могу|смогу|буду|умею|стану)(?:[\s,.]|$)|вынужден(?:а)? отказать|у меня нет доступа [кв] |предпоч(?:ту|итаю|ёл бы) не "
    r"|\bnie (?:mogę|potrafię|jestem w stanie|będę|chcę|mam możliwości) (?:[^.!?\n]* )?(?:pomóc|udzieli\S+|udzielać|odpowiedzieć|spełnić|otworzyć|(?:wy)?generować|napisać|pisać|przetłumaczyć|stawiać|podać|dostarczyć|stworzyć|tworzyć|wyświetlić|udostępni\S+|sprawdzić|wykonać|ujawni\S+)|\bnie (?:udzielam|wykonam|sprawdzę|napiszę|udostępniam|przetłumaczę)[ ,.]|\b(?:muszę|zmuszon[ya] jestem) odmówić|\bnie mam (?:bezpośredniego )?dostępu do |nie jest dla mnie możliwe|\bwol(?:ałbym|ałabym|ę) się nie wypowiadać"
    r"|\b(?:(?:jag|jeg) (?:kan|får|vill|tänker|ska)|(?:kan|får|vill|tänker) (?:jag|jeg)) (?:[^.!?\n]* )?(?:inte|ikke|ingen|inget|inga) (?:[^.!?\n]* )?(?:hjälpa|hjælpe|hjelpe|svara|svare|besvara|besvare|ge|gi|give|skapa|skriva|skrive|öppna|åpne|åbne|översätta|oversette|oversætte|visa|vise|återge|generera|generere|lämna|ställa)(?:[ ,.]|$)|\bavstår (?:jag )?från att|\b(?:jag måste|måste jag) (?:säga nej|avböja|tacka nej)|\b(?:har jag|jag har) (?:tyvärr |dessvärre )?ingen (?:tillgång|åtkomst)|(?:inte möjligt|går det inte) för mig att|\bklarar jag (?:dessvärre |tyvärr )?inte"
    r"|(?:yardımcı ol|yanıtla|cevapla|cevap ver|yanıt ver|sağlaya|sağla|oluştur|üret|çeviri yap|bağlantıyı aç|öneride bulun|söyle|söyleye|paylaş|görüntüle|bilgi ver)y?[ae]?m(?:am|em|[ıiuü]yorum|ayacağım|eyeceğim)(?:[ ,.;]|$)|[^\s]*metin yazmayacağım|(?:reddetmek|geri çevirmek) zorundayım|erişimim (?:yok|bulunma)|(?:oluşturma|üretme|açma|çevirme) yeteneğim yok|cevap vermemeyi tercih|(?:vermem|yazmam|yapmam) mümkün değil|çeviri yapamıyorum|açamıyorum"
)

REFUSAL = tuple(
    r"(?:" + "|".join(group) + ")" for group in ((_EN,), (_DE, _NL), (_FR, _IT), (_ES, _PT), (_ZH, _JA, _KO), (_OTHERS,))
)
"""That somebody refuses, in some thirty languages."""
_SPEECH = r"^\s*(?:[\"„“”«»‘「『]|[—–] ?\S|-\pL)"
_SPEECH_ENDS = r"[\"”“»」』]\s*$"


def refuses(heads: pa.LargeStringArray, where: Bools | None = None) -> Bools:
    """The beginnings of answers, of those in `where`, that refuse."""
    out = among_any(heads, REFUSAL, where)
    return out & ~(among(heads, _SPEECH, out) & ~matches(heads, _SPEECH_ENDS))
