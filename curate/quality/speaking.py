"""Answers that speak of themselves as a language model: each language's nouns, and a first person beside them.

Method: an alternation for RE2 (through Arrow), as in `phrases`. "GPT is known as a language model" is about a model and says
nothing of who speaks, so a noun alone is never enough: the same sentence holds an "I", or a verb that has one in it. What
stands directly behind a quotation mark is somebody's words and not looked at.
Limits: who leaves the person out ("作为AI，建议您咨询医生") is missed; a character of a story who says "I am an AI" is found.
"""

# ruff: noqa: E501  (tables of phrases, one language a line)

from __future__ import annotations

import pyarrow as pa

from curate.quality.hits import Bools, among_any

_MAKER = r"(?:openai|anthropic|google|deepmind|meta ai|microsoft|mistral|alibaba|deepseek|xai|cohere|阿里(?:巴巴|云)?|百度|naver|네이버)"
_BY = _MAKER + r"(?: ai| deepmind)?(?:[,.;:!?)\n]|$| (?:on|to|and|pour|sur|et|afin|para|y|con|sobre|e|com|per|su|en|om|op|met)\b)"
# What a model knows up to a year: who knows only Python knows it in any year.
_YEAR = r"[^.!?\n]*(?:19|20)\d\d"
_NAME = r"(?:(?:chat ?gpt|gpt-?[345]\w*|qwen[\d.]*|deepseek|通义千问|文心一言|copilot)(?:[\s,.;:!?()，。！？、；：（]|$)|claude,? (?:an?|une?|ein[e]?|um|un['’]|de|von|da|van|by|made|created|developed) ?(?:ai|ia|ki)?[^.!?\n]*anthropic)"
_END = r"(?:[ ,.;:!?)\n]|$)"
_PROGRAM = r"computer ?program\w*"

_EN = r"(?:ai|a\.i\.|artificial intelligence|(?:large )?language model|virtual assistant|chat ?bot|(?:machine[ -]learning |computer )program)(?: language| chat)?(?:[ -]?(?:model|assistant|system|chat ?bot|bot|program|entity|machine|tool|software|agent)(?: model)?)?"
_DE = r"(?:ein(?:e|en|em)? )?(?:große[sn]? |reine[srn]? |einfache[srn]? |von [^.!?,\n]* (?:programmierte|entwickelte|trainierte)[srn]? )?(?:ki-?(?:basierte[sr]? )?(?:[ -]?(?:sprach)?(?:modell|assistent(?:in)?|system|chatbot|programm))?|künstliche intelligenz|sprachmodell|chatbot|(?:virtuelle[rsn]?|digitale[rsn]?|ki-gestützte[rsn]?) assistent(?:in)?|" + _PROGRAM + r")"
_FR = r"(?:une? )?(?:simple |grand |petit )?(?:modèle (?:de langage|de langue|linguistique|d(?:'|’)ia|d(?:'|’)intelligence artificielle)|ia|intelligence artificielle|assistante? (?:ia|virtuel(?:le)?|d(?:'|’)ia|d(?:'|’)intelligence artificielle)|chatbot|robot conversationnel|programme informatique)"
_ES = r"(?:una? )?(?:simple |gran )?(?:modelo de (?:lenguaje|ia|inteligencia artificial)|ia|inteligencia artificial|asistente (?:de ia|virtual|de inteligencia artificial)|chatbot|programa(?: informático| de ordenador| de computadora)?)"
_PT = r"(?:uma? )?(?:simples |grande )?(?:modelo de (?:linguagem|língua|ia|inteligência artificial)|ia|inteligência artificial|assistente (?:de ia|virtual|de inteligência artificial)|chatbot|programa de computador)"
_IT = r"(?:una? |un(?:'|’))?(?:semplice |grande )?(?:modello (?:linguistico|di linguaggio|di ia|di intelligenza artificiale)|ia|ai|intelligenza artificiale|assistente (?:ia|ai|virtuale|di intelligenza artificiale)|chatbot|programma(?: informatico)?)"
_NL = r"(?:een )?(?:groot |grote |simpele? )?(?:ai(?:[ -](?:taal)?(?:model|assistent|systeem|chatbot))?|taalmodel|kunstmatige intelligentie|chatbot|(?:virtuele|digitale) assistent|" + _PROGRAM + r")"
_ZH = r"(?:一?[个個名款种種])?(?:大型?|大规模|大規模)?(?:人工智[能慧]|ai|[语語]言模型|聊天机器人|聊天機器人|(?:虚拟|智能|虛擬|智慧)助[手理])(?:[语語]言模型|小?助[手理]|模型|系[统統]|程序|聊天机器人)?"
_ZH_END = r"(?:[\s，,。！？!?；;、：:）)]|$|[不没沒无無也并並而所只尚还還是可很一仅僅必应應都呢哦啊吧呀罢嘛]|本身)"
_JA = r"(?:単なる|ただの)?(?:大規模)?(?:ai|人工知能|言語モデル|チャットボット)(?:言語モデル|アシスタント|モデル|チャットボット)?"
_KO = r"(?:단순한 |단지 |그저 |그냥 )?(?:대규모 )?(?:ai|인공 ?지능|언어 ?모델|챗봇)(?: ?(?:언어 ?모델|어시스턴트|비서|모델|챗봇|도우미))?"

_SPOKEN = (
    # English
    r"(?:^|[.!?\n] ?|\bbut |\bhowever,? )as an? (?:ai (?:language )?(?:model|assistant|chat ?bot)|(?:large )?language model),|\b(?:as|being|speaking as|since i(?: am|(?:'|’)m)|because i(?: am|(?:'|’)m)) (?:just |only |merely )?an? " + _EN + r"(?: (?:trained|developed|created|designed|made|built|that|who|without|with)\b[^.!?,\n]*)?(?:(?:,| |, )(?:i|my)\b|,[^.!?\n]* (?:i|my|me)\b|, (?:it(?:'|’)?s|it is|there(?:'|’)?s|there is|there are) (?:not|no|im|un)\w*)"
    r"|\bi(?: am|(?:'|’)m| was| work| operate| exist| can| cannot| can(?:'|’)t| do not| don(?:'|’)t| have)\b[^.!?\n]* as an? " + _EN + r"(?:[.,;:!?)\n]|$| (?:trained|developed|created|designed|and|that|without|so|but|i)\b)"
    r"|\bi(?:'|’)?(?: a)?m (?:just |only |simply |merely |actually )?(?:an? )?" + _EN + r"(?:[.,;:!?)\n]|$| (?:and (?:i|do|don|can|cannot|have|my|am|not|as|was|so|therefore|there|will|lack)|that|who|without|so|but|with|here|developed|trained|created|designed|made|built|from|by)\b)|\b(?:talking|speaking|chatting) (?:to|with) an ai\b|\bi (?:do not|don(?:'|’)t) have (?:personal |real |human )?(?:emotions|feelings|consciousness|experiences|beliefs|opinions|a (?:physical )?body)\b[^.!?\n]*\b(?:humans?|ai|like (?:you|people))\b|\bjust an? (?:ai|chat ?bot|virtual assistant|language model) here\b"
    r"|\bmy (?:training data|knowledge|training) (?:(?:only |currently |was |is |has )*(?:cuts? off|goes|ends?|ended|extends?|stops?|stopped|last updated|up to|until|as of|limited to|does ?n(?:o|'|’)t)\b[^.!?\n]*(?:(?:19|20)\d\d|cut-?off|certain (?:point|date))|cut-?off\b)|\bbased on my training data,"
    r"|\bi (?:was|am|have been) (?:an? [^.!?,\n]*)?(?:trained|developed|created|made|built) by " + _BY + r"|\b(?:i am|i(?:'|’)m|my name is) " + _NAME,
    # German
    r"\bals " + _DE + r"(?:(?:,? |, [^.!?\n]*, )(?:[a-zäöüß]+ (?:es |bitte )?)?(?:ich|mir|mich)|,? [a-zäöüß]+ meine?[nrms]?)\b|\b(?:ich (?:bin|kann|habe|verfüge|besitze|darf|existiere)?|(?:bin|kann|habe|darf) ich) ?(?:[^.!?\n]* )?als " + _DE + r"(?:[,.;!?\n]|$| [^.!?\n]*\b(?:nicht|kein\w*)\b)|(?:\bich bin (?:doch |ja )?(?:nur |bloß |lediglich )?|\bbin ich (?:doch |ja )?(?:nur |bloß |lediglich )|^bin (?:doch |ja )?(?:nur |bloß ))eine? (?:reine[srn]? |große[sn]? )?(?:ki|sprachmodell|chatbot|künstliche intelligenz|ki[ -](?:sprach)?(?:modell|assistent(?:in)?|system|chatbot|programm)|ki-(?:gestützt|basiert)e[rs]? [a-z-]+)" + _END + r"|\bda ich (?:nur |bloß )?eine? " + _DE + r" bin\b"
    r"|\bmein (?:wissen(?:sstand)?|kenntnisstand) (?:reicht (?:nur )?bis|endet|geht (?:nur )?bis|stammt|ist auf)" + _YEAR + r"|\bmeine trainingsdaten (?:reichen|enden|gehen|stammen)" + _YEAR + r"|\b(?:ich (?:wurde|bin)|wurde ich) (?:von|durch) " + _MAKER + r"[^.!?\n]*\b(?:entwickelt|trainiert|erstellt|erschaffen|geschaffen|programmiert)|\b(?:ich bin|ich heiße|mein name ist) (?:" + _NAME + r"|[^\s.,!?]+, (?:ein|eine) [^.!?\n]*(?:sprachmodell|chatbot|ki-assistent))",
    # French
    r"\b(?:en tant qu(?:e |'|’)|comme |en qualité d(?:e |'|’)|étant |n(?:'|’)étant qu(?:e |'|’))" + _FR + r"(?: (?:de |d(?:'|’)|entraîné|développé|créé|conçu|qui |basé|sans )[^.!?,\n]*)?(?:, (?:[^.!?\n]* )?| )(?:je |j(?:'|’)|mon |ma |mes |m(?:'|’)|(?:pour |à |de )moi\b)|(?:^|[\s,.])étant " + _FR + r",? je |\bje (?:ne )?suis (?:qu(?:'|’)|juste |seulement |simplement )?une? (?:simple |grand )?(?:modèle (?:de lang|linguist|d(?:'|’)i|entraîné)|ia\b|intelligence art|assistante? (?:ia|virtuel)|chatbot|robot conv|programme inf)|\bje (?:ne |n(?:'|’))[^.!?\n]*\ben tant qu(?:e |'|’)" + _FR + _END + r"|\bmoi,? (?:simple|qui (?:ne )?suis) [^.!?\n]*" + _FR + _END
    + r"|\bmes connaissances (?:s(?:'|’)arrêtent|sont limitées|vont jusqu|se limitent|ne vont)" + _YEAR + r"|\bmes données d(?:'|’)(?:entraînement|apprentissage)(?:" + _YEAR + r"| ne )|\bj(?:'|’)ai été (?:entraîné|créé|développé|conçu|programmé)e? (?:par " + _BY + r"|(?:sur|à partir|avec)\b[^.!?\n]*\b(?:données|textes?|corpus|quantités?)\b|pour (?:répondre|aider))|\b(?:je suis|je m(?:'|’)appelle) (?:" + _NAME + r"|[^.,!?\n]+, une? (?:assistante? conv|modèle de l|ia\b|intelligence art|chatbot))",
    # Spanish
    r"\b(?:como|al ser|siendo|por ser|dado que soy|ya que soy|en mi calidad de|en calidad de) (?:solo |sólo )?" + _ES + r"(?: (?:de |entrenad|desarrollad|cread|diseñad|que |basad|sin )[^.!?,\n]*)?(?:, (?:[^.!?\n]* )?| )(?:yo|no (?:tengo|puedo|soy|estoy|poseo|siento|experimento|cuento|dispongo|sé|he|me|[a-zñ]+o)|mis?|me (?:es|resulta)|tengo|puedo|soy|estoy|carezco|(?:nunca|jamás) he)" + _END + r"|\bsoy (?:solo |sólo |solamente |simplemente )?un(?:a inteligencia artificial| modelo de (?:lengua|ia\b|inteligencia)|a ia| asistente (?:de ia|virtual)| chatbot| programa (?:inf|de (?:ordenador|computador|ia\b|inteligencia|software)))|\bsoy (?:solo|sólo|solamente) un programa(?:[,.;:!?)\n]|$| (?:y|que|sin)\b)|\bno soy [^.!?\n]* sino (?:solo )?" + _ES + _END
    + r"|\bmi función,? como " + _ES + r"|\bmis? (?:datos de entrenamiento|conocimientos?) (?:llegan?|se extienden?|están? (?:actualizad|limitad)|solo|alcanzan?|termina)" + _YEAR + r"|\b(?:fui|he sido) (?:entrenad[oa] (?:(?:con|en|sobre|a partir)\b[^.!?\n]*\b(?:datos|textos?)\b|por " + _BY + r")|(?:cread|desarrollad|diseñad)[oa] por " + _BY + r")|\b(?:soy|me llamo|mi nombre es) (?:" + _NAME + r"|[^.,!?\n]+, una? (?:modelo (?:de (?:lengua|ia\b|inteligencia)|desarrollad|entrenad)|ia\b|inteligencia artificial|asistente (?:virtual|de ia)|chatbot))",
    # Portuguese
    r"\b(?:como|sendo(?: eu)?|por ser|enquanto|na qualidade de|já que sou) (?:apenas )?" + _PT + r"(?: (?:de |treinad|desenvolvid|criad|que |basead|sem )[^.!?,\n]*)?(?:, (?:[^.!?\n]* )?| )(?:eu|não (?:tenho|posso|sou|consigo|possuo|estou|sinto|experimento|sei|disponho|me|[a-zç]+o)|meus?|minhas?|tenho|posso|sou|estou|engano-me|nunca [^\s.,]+i)" + _END + r"|\bsou (?:apenas |só |somente |simplesmente )?um(?: modelo de (?:linguagem|língua|ia\b|inteligência)|a ia\b| assistente (?:de ia|virtual)| chatbot| programa de comp|a inteligência art)"
    r"|\bmeus? (?:conhecimentos?|dados de (?:treinamento|treino)) (?:vai|vão|é limitado|se estende|foi atualizado|está|estão|alcança|termina|só)" + _YEAR + r"|\bfui (?:treinad[oa] (?:(?:com|em|sobre|a partir)\b[^.!?\n]*\b(?:dados|textos?)\b|(?:pela?|por) " + _BY + r")|(?:criad|desenvolvid|projetad)[oa] (?:pela?|por) " + _BY + r")|\b(?:sou o|sou a|me chamo|chamo-me|meu nome é) (?:" + _NAME + r"|[^.,!?\n]+, uma? (?:modelo de (?:linguagem|língua|ia\b|inteligência)|ia\b|inteligência artificial|assistente virtual|chatbot))",
    # Italian
    r"\b(?:in quanto|come|essendo|in qualità di|da) (?:solo )?" + _IT + r"(?: (?:di |addestrat|sviluppat|creat|progettat|che |basat|senza |quale )[^.!?,\n]*)?(?:, (?:[^.!?\n]* )?| )(?:io|non (?:ho|posso|sono|possiedo|provo|dispongo|so|mi|mangio|dormo)|mi[oa]|miei|mie|ho|posso|sbaglio)" + _END + r"|\bsono (?:solo |soltanto |semplicemente )?un(?:(?:a |'|’)(?:intelligenza artificiale|ia\b|ai\b)| modello (?:linguistico|di (?:linguaggio|ia\b|ai\b|intelligenza)|addestrat)| assistente (?:virtuale|ia|ai)| chatbot| programma inf)|\bsono (?:solo|soltanto) un programma(?:[,.;:!?)\n]|$| (?:e|che|senza)\b)|\bnon sono un[^.!?\n]* ma un (?:chatbot|assistente virtuale|modello linguistico)"
    r"|\b(?:le mie (?:conoscenze|informazioni)|la mia conoscenza) (?:sono aggiornate|arrivano|si fermano|è aggiornata|si ferma|arriva|sono limitate)" + _YEAR + r"|\bi miei dati di addestramento(?:" + _YEAR + r"| non )|\bsono stat[oa] (?:addestrat[oa] (?:(?:su|con|a partire)[^.!?\n]*\b(?:dati|testi|mole)\b|da " + _BY + r")|(?:creat|sviluppat|progettat)[oa] da " + _BY + r")|\b(?:sono|mi chiamo|il mio nome è) " + _NAME,
    # Dutch
    r"\bals " + _NL + r"(?:,? |, [^.!?\n]*, )(?:(?:[a-z]+|is het) )?(?:ik|mij)\b|(?:\bik ben (?:slechts |maar |alleen |gewoon )?|\bben ik (?:slechts |maar |gewoon )|^ben (?:maar|slechts) )" + _NL + r"(?:[,.;!?\n]|$| (?:en|zonder|dat|die|van|getraind|ontwikkeld)\b)|\b(?:dat|omdat|aangezien) ik (?:slechts |maar )?" + _NL + r" ben\b|\bdat ik (?:slechts|maar) " + _NL + r"|\bik (?:kan|heb|ben|mag) [^.!?\n]*\bals " + _NL + _END
    + r"|\bmijn (?:kennis|trainingsdata) (?:(?:loopt|reikt|gaat|gaan|lopen) (?:slechts |maar )?tot|stopt|eindigt|is (?:bij|beperkt))" + _YEAR + r"|\bik als " + _NL + _END + r"|\bik besta alleen als (?:software|programma)|\bik (?:ben|werd) (?:getraind (?:op|met)\b[^.!?\n]*\b(?:data\w*|teksten|tekst|hoeveelhe\w+)\b|(?:ontwikkeld|gemaakt|getraind) door " + _BY + r")|\b(?:ik ben|ik heet|mijn naam is) (?:" + _NAME + r"|[^\s.,!?]+, een [^.!?\n]*(?:taalmodel|chatbot|ai-assistent))",
    # Chinese
    r"(?:作[为為]|身[为為])" + _ZH + r"(?:[，,](?:[^。！？!?\n]*[^。！？!?\n])?)?(?:我(?:[^们們国國]|$)|本人|[无無]法|不能|[没沒]有|不具[备備])|(?:我|俺)(?:[只就]是|是|并不是[^。！？\n，]*，而是|不是[^。！？\n，]*，而是)" + _ZH + _ZH_END + r"|(?:并不是|不是)[^。！？\n，]*，而是(?:聊天机器人|人工智能|ai)" + _ZH_END + r"|我作[为為]" + _ZH + _ZH_END + r"|我只是一?[个段個]程序"
    r"|我的(?:训练数据|訓練資料|训练|知识库?|知識庫?)(?:只?截[止至]|只?到|更新|仅|僅)|我(?:是|叫)" + _NAME + r"|我(?:是由|由)[^。，]*" + _MAKER + r"[^。，]*(?:训练|开发|訓練|開發|研发)",
    # Japanese
    r"(?:^|[。！？\n]|なお、|が、|[^は]、)(?:私は、?)?" + _JA + r"(?:として(?:は|も)?|なので|ですので|であるため|のため|だから|である私は)、?(?:[^。\n]*(?:私|でき(?:ません|ない)|できかねます|ありません|ございません|おりません|いません|持ちません|お答え|訂正))|(?:私|わたし|僕|俺)は、?(?:[^。\n]*(?:では|じゃ)なく、?)?" + _JA + r"(?:です|だ|であり|なので|ですので|であるため|として|で、)|(?:私|僕)は(?:、|[^。\n]*、)?" + _MAKER + r"[^。\n]*モデル(?:です|で、|であり|として|なので|と申します|だ)|(?:^|[。！？\n]|は、?)" + _MAKER + r"(?:が|に|によって)[^。\n]*(?:作|開発)[^。\n]*(?:claude|chatgpt|gemini|アシスタント)(?:です|と申します)"
    r"|(?:私の)?(?:学習|訓練|トレーニング)データは(?:19|20)\d\d年|私の知識は(?:19|20)\d\d|" + _JA + r"である(?:私|僕)|(?:^|[。！？\n、])" + _JA + r"(?:ですから|なんです)|" + _MAKER + r"[^。\n]*モデル[^。\n]*と申します|(?:^|[。！？\n])" + _MAKER + r"[^。\n]*モデル[^は。\n]*です(?:[。\s]|$)|(?:私|僕|実は)、?(?:は|も)?、?(?:ただの|単なる)プログラム|aiアシスタントとして[^。\n]*(?:ご紹介|お手伝い|ご案内|お答え)(?:します|いたします)",
    # Korean
    r"(?:^|[.!?\n,] ?|(?:죄송하지만|하지만|그러나|저는|제가|난|나는|아니라) )" + _KO + r"(?:(?:으?로서|으?로써|이기 때문에|이므로|이라서|라서),? ?(?:[^.\n]*(?:저는|제가|저의|제 |없습니다|못합니다|않습니다|없어요|못해요|않아요|없어(?:[\s.,!?]|$)|가끔))|인 (?:저는|제가))|(?:저는|나는|난|전) (?:[^.\n]*아니라 )?" + _KO + r"(?:입니다|이며|이기|이므로|이라서|라서|로서|일 뿐|이에요|예요)|의사가 아니라 " + _KO + r"|저는 프로그램일 뿐|저는 " + _MAKER + r"[^.\n]*(?:(?:개발|만든|만들|훈련|학습)[^.\n]*(?:모델|챗봇|어시스턴트|chatgpt)|(?:모델|챗봇|어시스턴트|chatgpt)[^.\n]*(?:개발된|개발되|만들어|훈련된|훈련되|훈련받))|(?:^|[.!?] ?)(?:(?:저는|나는|난|전) [^.\n]*|안녕하세요[.!,]? ?)" + _MAKER + r"[이가] (?:만든|개발한)[^.\n]*(?:이에요|예요|입니다)"
    r"|(?:제|저의) (?:학습|훈련) 데이터[^.\n]*(?:19|20)\d\d|제 지식은 (?:19|20)\d\d|(?:프로그램|" + _KO + r")인 (?:저|제)|(?:^|[.!?\n] ?)[^.!?\n]*" + _KO + r"이?라(?:서)? [^.\n]*(?:적은 없|않아요|않습니다|못하|없지만)|" + _KO + r"로서[^.\n]*(?:드릴|드리|않지만)|(?:저는|나는|난|전|제가) [^.\n]*" + _MAKER + r"에서 개발한[^.\n]*모델(?:[이로인]|입니다|예요)",
)
_OTHERS = (
    r"\bjako (?:(?:velký |veľký |duży )?(?:jazykový model|model językowy)|umělá inteligence|umelá inteligencia|sztuczna inteligencja|ai)(?: ai)?,? (?:já|ja|nemohu|nemůžu|nemám|nejsem|neumím|nedokážu|mohu|nemôžem|nedokážem|nie (?:som|mogę|mam|jestem|potrafię|posiadam)|mogę|jestem)(?:[\s,.]|$)"
    r"|как (?:(?:большая )?языковая модель|искусственный интеллект|ии)(?:,? я не |, я |,? (?:не (?:могу|имею|умею|обладаю)|у меня нет) )|(?:^|[\s(])я,? как (?:(?:большая )?языковая модель|искусственный интеллект|ии),"
    r"|як (?:(?:велика )?мовна модель|штучний інтелект|ші)(?:,? я не |, я |,? (?:не (?:можу|маю|вмію)|у мене немає) )|(?:^|[\s(])я,? як (?:(?:велика )?мовна модель|штучний інтелект|ші),"
    r"|\bbir (?:yapay zek[aâ](?: dil)?(?: modeli| asistanı)?|(?:büyük )?dil modeli) olarak,? (?:[^.,\n]* )?(?:ben|benim|bana|bende|[^\s.,]*(?:amam|emem|[ıiuü]yorum|değilim)|[^\s.,]{1,16}[ıiuü]m yok)(?:[\s.,!]|$)"
    r"|(?:بصفتي|باعتباري) ?(?:نموذج[ًا]{0,2} (?:لغ(?:وي|ة)|ذكاء)|ذكاء|مساعد[ًا]{0,2} (?:ذكي|ذكاء|(?:يعمل )?بالذكاء))|كنموذج (?:لغوي|لغة|ذكاء اصطناعي)(?: كبير)?،? (?:أنا|لا (?:أستطيع|يمكنني|أملك)|ليس لدي|ليست لدي)"
    r"|एक (?:(?:एआई|ai) )?(?:भाषा मॉडल|एआई|ai|कृत्रिम बुद्धिमत्ता|एआई (?:मॉडल|सहायक)) (?:के रूप में|होने के नाते),? (?:मैं|मेरे|मेरी|मेरा|मुझे) |मैं (?:केवल |सिर्फ |बस )?एक (?:(?:एआई|ai) )?(?:भाषा मॉडल|एआई|ai|सहायक|कृत्रिम बुद्धिमत्ता) (?:हूँ|हूं)"
    r"|\bsom (?:en |ein )?(?:stor )?(?:ai[- ])?(?:språkmodell|sprogmodel),? [^\s.,]{1,14} (?:jag|jeg)\b|(?:kielimallina|tekoälynä),? (?:en|minä|minulla|minun|olen|voin|osaan|pystyn) "
    r"|(?:nyelvi modellként|mesterséges intelligenciaként),? (?:én |nem (?:tudok|vagyok|rendelkezem|áll módomban))|\bca (?:(?:un )?model (?:lingvistic|de limbaj)|inteligență artificială),? (?:eu |nu (?:am|pot) )"
    r"|ως (?:ένα )?(?:(?:μεγάλο )?γλωσσικό μοντέλο|μοντέλο (?:γλώσσας|τεχνητής νοημοσύνης)|(?:σύστημα )?τεχνητής? νοημοσύνης?|βοηθός (?:τεχνητής νοημοσύνης|ai)),? (?:εγώ |δεν (?:μπορώ|έχω|είμαι|διαθέτω) |μπορώ )"
    r"|כ(?:מודל שפה(?: גדול)?|מודל בינה מלאכותית|בינה מלאכותית|עוזר (?:בינה מלאכותית|ai)),? (?:אני |אין לי |איני |אינני )|به ?عنوان (?:یک )?(?:مدل زبانی?(?: بزرگ)?|هوش مصنوعی|دستیار هوش مصنوعی)(?:، ?من |،? نمی.?توانم)"
    r"|ในฐานะ(?:ที่เป็น)? ?(?:โมเดลภาษา|แบบจำลองภาษา|ปัญญาประดิษฐ์|เอไอ|ai|ผู้ช่วย ?(?:ai|เอไอ))(?:ขนาดใหญ่)?,? ?(?:ฉัน|ดิฉัน|ผม)"
    r"|(?:^|[.!?\n] ?)(?:là|với tư cách(?: là)?) (?:một )?(?:mô hình ngôn ngữ|trí tuệ nhân tạo|trợ lý ảo|(?:trợ lý )?ai\b)[^.\n]*, ?(?:tôi|mình|em) "
    r"|\bsebagai (?:sebuah )?(?:model bahasa(?: besar| ai)?|kecerdasan buatan|asisten (?:ai|virtual)|ai),? (?:saya|aku)\b"
    r"|(?:^|[\s(—-])я (?:всего лишь |просто |лишь |только |— |– |- )*(?:(?:большая )?языковая модель|искусственный интеллект|ии[ ,.]|нейросет|чат-?бот[ ,.]|виртуальный (?:помощник|ассистент)|(?:компьютерная )?программа[ ,.])|(?:^|[\s(])будучи (?:большой |виртуальн\S+ )?(?:языковой моделью|искусственным интеллектом|нейросетью|чат-?ботом|программой|ассистентом)|меня (?:(?:разработал|создал)[^.!?\n]*(?:сбер|яндекс|openai|google|компани|команд)|обучил[^.!?\n]*(?:сбер|яндекс|openai|google))|(?:^|[\s])(?:я|меня зовут|зовут меня) (?:gigachat|yandexgpt|chatgpt|гигачат)|мои знания (?:ограничены|заканчиваются)" + _YEAR
    + r"|\bjestem (?:tylko |jedynie |po prostu )?(?:[^.,!?\n]+, )?(?:polski |duży |dużym |wirtualnym )?(?:program(?:em)? komputerow|asystentem (?:ai|wirtualnym|pozbawionym)|model(?:em)? językowy|sztuczną inteligencją|chatbotem)|\bbędąc (?:sztuczną inteligencją|modelem językowym|chatbotem)|\bjako (?:chatbot|sztuczna inteligencja|wirtualny asystent|ai),? (?:[^.!?\n]* )?nie [^\s.,]+(?:m|ę)[ ,.]|\bmoja wiedza (?:kończy|sięga)" + _YEAR + r"|\bzosta(?:łem|łam) (?:(?:stworzon|opracowan)\S+ przez |wytrenowan\S+ (?:przez " + _MAKER + r"|na [^.!?\n]*(?:dan|tekst)))"
    r"|\bjag är (?:ju |bara |endast )*(?:en|ett) (?:stor |virtuell )?(?:ai(?:[.,;:!?)\n]|$| (?:och|utan|som|utveckla[dt]|träna[dt]|skapa[dt]|men) |[- ](?:modell|assistent|språkmodell|chatt?bot|system|program)(?:[\s.,;:!?)]|$))|språkmodell|chatt?bot|virtuell assistent|datorprogram|artificiell intelligens)|\bjag heter [^.!?\n]*\b(?:språkmodell|chatt?bot)|\bsom artificiell intelligens [^.!?,\n]* ?jag\b|\bmin kunskap sträcker sig" + _YEAR
    + r"|(?:dil modeli|yapay zek[aâ](?: asistanı)?|sohbet robotu|sanal (?:bir )?asistan|bilgisayar programı)(?:y?[ıiuü]m[ ,.]| olduğum)|bilgilerim" + _YEAR + r"|(?:veri|metin)[^.!?\n]* üzerinde eğitildim"
)
"""The other languages."""

_EN_, _DE_, _FR_, _ES_, _PT_, _IT_, _NL_, _ZH_, _JA_, _KO_ = _SPOKEN
AS_AN_AI = tuple(
    r"(?:^|[^\"„“”«»‘「『])(?:" + "|".join(group) + ")"
    for group in ((_EN_,), (_DE_, _NL_), (_FR_, _IT_), (_ES_, _PT_), (_ZH_, _KO_), (_JA_,), (_OTHERS,))
)
"""That an answer speaks as a model, in some thirty languages. Several patterns, because the automaton of all languages at
once does not fit the memory that RE2 gives it: together 1 MB/s, in these groups 30 to 60."""


def speaks(texts: pa.LargeStringArray, where: Bools | None = None) -> Bools:
    """The texts, of those in `where`, that speak of themselves as a model."""
    return among_any(texts, AS_AN_AI, where)
