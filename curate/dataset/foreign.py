"""Column names in other languages, as the English names that `curate.dataset.names` knows.

Written as `names.plain` writes them: lower case, words joined by `_`, Latin letters without their marks. German, Spanish,
Portuguese, French, Italian, Dutch, Polish, Turkish, Russian, Ukrainian, Chinese, Japanese, Korean, Arabic, Hindi; the
commonest also in Bengali, Thai, Vietnamese, Indonesian, Malay, Persian, Hebrew, Greek, Czech, Hungarian, Romanian, Swedish,
Danish, Norwegian and Finnish.
"""

from __future__ import annotations

_WORDS = {
    "text": (
        "inhalt nachricht kundenanfrage anfrage anliegen beschreibung satz kommentar bewertungstext "
        "betreff_und_text texto contenido mensaje consulta descripcion comentario resena oracion conteudo "
        "mensagem descricao comentario_do_cliente frase texte contenu description_du_probleme commentaire "
        "avis phrase demande testo contenuto messaggio descrizione commento recensione richiesta tekst "
        "bericht omschrijving zin opis wiadomosc tresc metin mesaj yorum aciklama текст сообщение описание "
        "комментарий отзыв запрос повідомлення опис 文本 文字 内容 正文 句子 评论 描述 用户输入 テキスト 本文 "
        "文章 内容文 텍스트 본문 문장 내용 النص نص الرسالة رسالة الوصف التعليق पाठ टेक्स्ट संदेश विवरण "
        "टिप्पणी "
        "teks isi pesan ulasan van_ban noi_dung binh_luan tin_nhan متن پیام نظر توضیحات טקסט הודעה תיאור "
        "תוכן κείμενο μήνυμα περιγραφή σχόλιο popis zprava szoveg uzenet leiras megjegyzes descriere "
        "comentariu beskrivning meddelande beskrivelse teksti kuvaus viesti kommentti পাঠ্য বার্তা মন্তব্য "
        "ข้อความ เนื้อหา ความคิดเห็น รายละเอียด รีวิว"
    ),
    "label": (
        "absicht kategorie klasse etikett stimmung thema kennzeichnung categoria etiqueta clase intencion "
        "sentimiento tema classe rotulo intencao sentimento categorie etichetta intento intenzione "
        "sentimento_del_testo etiquette intention sujet theme klas kategoria etykieta klasa kategori etiket "
        "sinif niyet duygu категория метка класс намерение тональность тема категорія мітка 标签 类别 分类 "
        "意图 情感 类型 ラベル カテゴリ カテゴリー 分類 意図 라벨 레이블 카테고리 분류 의도 التصنيف الفئة "
        "تصنيف فئة النية التسمية श्रेणी वर्ग लेबल इरादा भावना "
        "nhan danh_muc chu_de cam_xuc sentimen niat برچسب دسته دسته_بندی احساس תווית קטגוריה סיווג ετικέτα "
        "κατηγορία stitek trida cimke osztaly eticheta amne luokka বিভাগ শ্রেণী หมวดหมู่ ประเภท ป้ายกำกับ"
    ),
    "question": (
        "frage fragestellung pregunta pergunta domanda vraag pytanie soru вопрос питання 问题 提问 質問 問い "
        "질문 السؤال سؤال प्रश्न सवाल "
        "pertanyaan soalan cau_hoi سوال پرسش שאלה ερώτηση otazka kerdes intrebare fraga spørgsmål spørsmål "
        "kysymys প্রশ্ন คำถาม"
    ),
    "answer": (
        "antwort respuesta resposta reponse risposta antwoord odpowiedz cevap yanit ответ відповідь 答案 回答 "
        "回复 答复 答え 応答 답변 대답 الجواب جواب الإجابة إجابة उत्तर जवाब "
        "jawaban jawapan tra_loi cau_tra_loi پاسخ תשובה απάντηση odpoved valasz raspuns svar vastaus উত্তর "
        "คำตอบ"
    ),
    "instruction": (
        "anweisung aufgabe instruccion instruccion_del_usuario instrucao consigne istruzione opdracht "
        "instrukcja talimat инструкция задание інструкція 指令 任务 指示 命令 지시 지시문 تعليمات التعليمات "
        "निर्देश "
        "instruksi arahan perintah huong_dan yeu_cau دستور دستورالعمل הוראה οδηγία pokyn utasitas instructiune "
        "instruktion instruks ohje নির্দেশ คำสั่ง คำแนะนำ"
    ),
    "input": (
        "eingabe entrada entree invoer wejscie girdi ввод 输入 入力 입력 مدخل इनपुट "
        "masukan dau_vao ورودی קלט είσοδος vstup bemenet intrare indata syote ইনপুট ข้อมูลนำเข้า"
    ),
    "output": (
        "ausgabe salida saida sortie uitvoer wyjscie cikti вывод 输出 出力 출력 مخرج आउटपुट "
        "keluaran dau_ra خروجی פלט έξοδος vystup kimenet iesire utdata tuloste আউটপুট ผลลัพธ์"
    ),
    "context": (
        "kontext contexto contexte contesto контекст 上下文 背景 文脈 문맥 السياق संदर्भ "
        "konteks ngu_canh زمینه הקשר συμφραζόμενα szovegkornyezet sammanhang konteksti প্রসঙ্গ บริบท"
    ),
    "language": "sprache idioma lingua langue taal jezyk dil язык мова 语言 言語 언어 اللغة भाषा",
    "date": (
        "datum fecha data_abertura data_de_abertura date_de_creation tarih дата 日期 时间 日付 날짜 التاريخ "
        "तारीख दिनांक"
    ),
    "choices": (
        "optionen antwortoptionen opciones opcoes opzioni opties opcje secenekler варианты варіанти 选项 選択肢 "
        "선택지 الخيارات विकल्प"
    ),
    "system_prompt": "系统提示 系统提示词 システムプロンプト",
    "region": "regiao regione регион регіон 地区 地域 지역 المنطقة क्षेत्र",
    "gender": (
        "geschlecht sexo genre_de_la_personne sesso geslacht plec cinsiyet пол стать 性别 性別 성별 الجنس "
        "लिंग"
    ),
}

FOREIGN = {word.casefold(): name for name, words in _WORDS.items() for word in words.split()}
"""The name in another language, and the English one that it is read as."""

_TOGETHER = {
    "summary": (
        "zusammenfassung kurzfassung resumen resumo résumé riassunto sintesi samenvatting streszczenie ozet "
        "резюме краткое_содержание підсумок 摘要 总结 概括 要約 まとめ 요약 요약문 الملخص ملخص सारांश"
    ),
    "article": ("artikel articulo artigo articolo artykul makale haber статья стаття 文章 新闻 記事 기사 المقال مقال लेख"),
    "headline": (
        "schlagzeile uberschrift titular manchete titolo kop naglowek baslik заголовок 标题 見出し 제목 العنوان शीर्षक"
    ),
    "highlights": "kernpunkte puntos_clave destaques points_cles",
    "document": "dokument documento dokuman документ 文档 文書 문서 الوثيقة दस्तावेज़",
    "dialogue": ("gesprach dialogo dialoog gesprek rozmowa diyalog диалог діалог 对话 対話 会話 대화 الحوار حوار संवाद"),
    "transcript": (
        "transkript mitschrift transcripcion transcricao transcription trascrizione transcriptie transkrypcja "
        "расшифровка 会议记录 議事録 회의록 النص_المنسوخ"
    ),
    "question": (
        "kundenfrage nutzerfrage benutzerfrage pregunta_del_cliente pregunta_cliente pregunta_usuario "
        "pergunta_do_cliente question_client question_du_client domanda_cliente domanda_del_cliente klantvraag "
        "pytanie_klienta musteri_sorusu вопрос_клиента вопрос_пользователя 客户问题 用户问题 客户提问 用户提问 "
        "顧客の質問 고객_질문"
    ),
    "answer": (
        "kundenantwort respuesta_del_agente respuesta_agente resposta_do_agente reponse_agent risposta_operatore "
        "ответ_оператора 客服回复 客服回答 상담원_답변"
    ),
    "message": (
        "nachricht anfrage kundenanfrage kundennachricht anliegen mensaje consulta mensagem demande messaggio "
        "richiesta bericht wiadomosc mesaj сообщение запрос повідомлення 消息 メッセージ 메시지 الرسالة رسالة "
        "संदेश"
    ),
    "comment": (
        "kommentar comentario commentaire commento opmerking komentarz yorum комментарий коментар 评论 コメント "
        "댓글 التعليق टिप्पणी"
    ),
    "post": "beitrag publicacion publicacao publicazione wpis gonderi пост 帖子 投稿 게시물 منشور",
    "reply": (
        "antwort respuesta resposta reponse risposta antwoord odpowiedz cevap yanit ответ відповідь 答案 回答 "
        "回复 答复 返信 答え 応答 답변 대답 답글 الجواب جواب الرد رد उत्तर जवाब"
    ),
    "resolution": (
        "losung solucion solucao soluzione oplossing rozwiazanie cozum решение рішення 解决方案 解決策 해결 الحل समाधान"
    ),
    "premise": "pramisse premisa premissa premisse premessa посылка предпосылка 前提 전제 مقدمة आधार",
    "hypothesis": "hypothese hipotesis hipotese ipotesi hipoteza hipotez гипотеза гіпотеза 假设 仮説 가설 فرضية परिकल्पना",
    "sentence1": "satz1 satz_1 frase1 frase_1 oracion1 oracion_1 phrase1 phrase_1 zdanie1 предложение1 句子1 文1 문장1",
    "sentence2": "satz2 satz_2 frase2 frase_2 oracion2 oracion_2 phrase2 phrase_2 zdanie2 предложение2 句子2 文2 문장2",
    "evidence": "beleg belege nachweis evidencia preuve prova dowod kanit доказательство 证据 証拠 증거 دليل",
    "claim": (
        "behauptung afirmacion alegacao affirmation affermazione bewering twierdzenie утверждение 主张 主張 주장 ادعاء"
    ),
    "source": "ausgangstext quelltext texto_origen texto_de_origem texte_source testo_sorgente brontekst 源文本 原文",
    "target": "zieltext texto_destino texto_de_destino texte_cible testo_destinazione doeltekst 译文 訳文",
}
TOGETHER: dict[str, tuple[str, ...]] = {}
"""Words that say what a column is only beside their other half (an `Artikel` is an article beside its
`Zusammenfassung`, and a thing for sale elsewhere), and the English ones that they may stand for there."""
for _name, _words in _TOGETHER.items():
    for _word in _words.split():
        TOGETHER[_word] = (*TOGETHER.get(_word, ()), _name)

_RATINGS = (
    "bewertung sterne punktzahl puntuacion estrellas calificacion valoracion voto voti valutazione stelle avaliacao "
    "estrelas pontuacao nota notas note etoiles notation ocena gwiazdki puan yildiz оценка рейтинг оцінка "
    "评分 星级 打分 評価 評点 星 별점 평점 التقييم تقييم beoordeling sterren cijfer waardering betyg arvosana "
    "karakter रेटिंग score"
)
RATINGS = frozenset(_RATINGS.split())
"""How many stars a review gives. In English or another language most of them are other things as well: only the numbers
tell."""
_OR_NOT = "score note notes nota notas voto voti cijfer betyg notation karakter"
RATINGS_OR_NOT = frozenset(_OR_NOT.split())
"""Those that are remarks, marks of a model or votes as often: any label that stands beside them is surer."""
