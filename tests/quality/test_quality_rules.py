"""Each rule catches what it is for, and leaves alone what merely looks like it."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from curate.quality import Pieces, QualityConfig, asks, endings, judge, manners, phrases, prepare, rules
from curate.quality.language import alike, detect, majority
from curate.quality.lengths import out_of_line
from curate.quality.overall import answers, with_faults
from curate.quality.pairs import identical_pair
from curate.quality.turns import last_turn, role_order

QUESTION = "How do plants turn light into sugar, and what do they need for it?"
ANSWER = (
    "Plants catch light with chlorophyll in their leaves. The energy splits water, and the hydrogen is used to build sugar "
    "from carbon dioxide. They need light, water and air for it."
)


def _strings(texts: list[str]) -> pa.LargeStringArray:
    return pa.array(texts, pa.large_string())


def _company(n: int = 120) -> list[str]:
    """Sound answers of different lengths."""
    rng = np.random.default_rng(0)
    tails = ["It takes some time.", "Most people like that.", "There is more to say about it.", "This is well known."]
    words = [f"{a}{b}" for a in ("river", "stone", "garden", "window") for b in ("side", "wood", "ly", "ing", "er", "town")]
    out = []
    for _ in range(n):
        a, b, c = (words[int(i)] for i in rng.integers(24, size=3))
        rest = " ".join(rng.choice(tails, int(rng.integers(1, 4)), replace=False))
        out.append(f"The {a} and the {b} are part of what {c} people know. {rest}")
    return out


def _rules(text: str, prompt: str | None = QUESTION, config: QualityConfig | None = None) -> dict[str, float]:
    """Rules and scores of one text among sound ones."""
    company = _company()
    texts = [text, *company]
    prompts = None if prompt is None else _strings([prompt, *(f"Tell me about number {i}." for i in range(len(company)))])
    measured, _ = prepare(Pieces(_strings(texts), np.arange(len(texts)), prompts))
    found = judge(measured, config or QualityConfig())
    return {one.rule: float(one.score[one.at == 0][0]) for one in found if 0 in one.at.tolist()}


def test_a_sound_answer_is_left_alone() -> None:
    assert _rules(ANSWER) == {}
    assert _rules(ANSWER, prompt=None) == {}


@pytest.mark.parametrize("text", ["", "  \n\t", "\u200b"])
def test_a_text_without_a_visible_character_is_empty(text: str) -> None:
    assert _rules(text)["empty"] == 1.0


def test_an_answer_without_a_prompt_is_told_apart_from_an_empty_answer() -> None:
    assert set(_rules(ANSWER, prompt=" ")) == {"empty_prompt"}


@pytest.mark.parametrize("text", ["N/A", "<nooutput>", "todo", "None.", "[deleted]"])
def test_words_that_stand_for_a_missing_text_are_placeholders(text: str) -> None:
    assert "placeholder" in _rules(text)


@pytest.mark.parametrize("text", ["Yes.", "42", "C", "No, none of them."])
def test_short_answers_are_no_placeholders(text: str) -> None:
    assert "placeholder" not in _rules(text)


@pytest.mark.parametrize(
    "text",
    [
        ANSWER + " Some of the sugar is kept for the",
        ANSWER + " It is stored in roots, stems,",
        ANSWER + " There are three kinds of it:",
        ANSWER + " Some of it goes to the roots and stays there over wint",
    ],
)
def test_an_end_in_the_middle_of_a_sentence_is_cut_off(text: str) -> None:
    assert _rules(text)["cut_off"] >= 0.5


@pytest.mark.parametrize(
    "text",
    [
        ANSWER + "\n\n- light\n- water\n- carbon dioxide from the air",
        ANSWER + " See https://example.org/plants/light/",
        ANSWER + " #botany #plants",
        ANSWER + '\n\n"Plants are patient." - A. Gardener',
        "photosynthesis in the leaves of plants with light from the sun",
        "```python\nprint('sugar')\n```",
    ],
)
def test_other_ends_than_full_stops_are_not_cut_off(text: str) -> None:
    assert "cut_off" not in _rules(text)


def test_where_few_texts_end_as_sentences_no_end_is_cut_off() -> None:
    texts = _strings([text.rstrip(".") for text in _company()])
    measured, _ = prepare(Pieces(texts, np.arange(len(texts))))
    assert "cut_off" not in {one.rule for one in judge(measured, QualityConfig())}


def test_an_open_code_fence_and_broken_json_are_found_and_sound_ones_are_not() -> None:
    assert "broken_fence" in _rules("Here it is:\n```python\nx = 1\n")
    assert "broken_fence" not in _rules("Here it is:\n```python\nx = 1\n```\nDone.")
    assert "broken_json" in _rules('{"name": "leaf", "parts": ["vein", "stem"')
    assert "broken_json" not in _rules('{"name": "leaf", "parts": ["vein", "stem"]}')
    assert "broken_json" not in _rules('{"name": "leaf"}\n{"name": "stem"}')
    assert "broken_json" not in _rules('{"name": "leaf"}\n\nThis is what you asked for.')
    assert "broken_json" not in _rules("{name} is filled in later by the program that prints the letter.")


def test_a_last_label_without_content_is_cut_off_and_an_empty_form_is_not() -> None:
    assert "cut_off" in _rules("First: roots and stems\nSecond: leaves\nThird:")
    assert "cut_off" not in _rules("Name:\nStreet:\nTown:\nCountry of birth:")


def test_a_list_that_names_a_thing_twice_is_found_and_a_song_is_not() -> None:
    assert "repeated_item" in _rules("Potent, mighty, imposing, mighty, robust.")
    assert "repeated_item" in _rules("- milk\n- carrots\n- eggs\n- carrots\n- bread")
    assert "repeated_item" not in _rules("- milk\n- carrots\n- eggs\n- bread")
    assert "repeated_item" not in _rules("Rome, Italy\nVenice, Italy\nParis, France\nNice, France")
    assert "repeated_item" not in _rules("Go, go, have fun,\nbe brave,\nbe kind,\ngo, go, have fun", prompt="Write a song.")


def test_loops_are_found_and_choruses_tables_and_code_are_not() -> None:
    assert _rules("It grows. " + "It needs light to grow and " * 12)["repetition_loop"] >= 0.8
    assert "repetition_loop" in _rules("日本語の文章です。" * 12)
    assert "repetition_loop" not in _rules("Row, row, row your boat gently down the stream. " + ANSWER)
    assert "repetition_loop" not in _rules("\n".join(f"{i} x 7 = {i * 7}" for i in range(40)))
    assert "repetition_loop" not in _rules("for i in range(9):\n    print(list[j], list[j+1], list[j], list[j+1])")


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't help with that.",
        "I’m sorry, I cannot assist with this request.",
        "Sorry, I am not able to access the internet.",
        "I am unable to provide real-time data.",
        "Es tut mir leid, aber ich kann Ihnen dabei nicht helfen.",
        "Je suis désolé, mais je ne peux pas répondre à cette question.",
        "Lo siento, pero no puedo ayudarte con eso.",
        "Desculpe, mas não posso ajudar com isso.",
        "Mi dispiace, ma non posso aiutarti.",
        "Извините, но я не могу помочь с этим.",
        "对不起，我无法回答这个问题。",
        "申し訳ありませんが、そのご質問にはお答えできません。",
        "죄송하지만 그 요청은 도와드릴 수 없습니다.",
        "Üzgünüm, ancak bu konuda yardımcı olamam.",
        "عذرًا، لا يمكنني المساعدة في هذا الطلب.",
        "माफ कीजिए, मैं इसका उत्तर नहीं दे सकता।",
        "ขออภัย ฉันไม่สามารถช่วยเรื่องนี้ได้",
        "Xin lỗi, tôi không thể giúp bạn với yêu cầu này.",
        "Λυπάμαι, αλλά δεν μπορώ να βοηθήσω με αυτό.",
        "На жаль, я не можу відповісти на це запитання.",
        "מצטער, אני לא יכול לעזור בבקשה הזו.",
        "متأسفم، نمی‌توانم در این مورد کمک کنم.",
        "Omlouvám se, ale nemohu odpovědět.",
        "Tyvärr kan jag inte hjälpa till med det.",
        "Maaf, saya tidak dapat membantu permintaan itu.",
        "Maalesef bu bilgiyi veremiyorum.",
        "معذرت، میں اس میں آپ کی مدد نہیں کر سکتا۔",
        "দুঃখিত, আমি এই অনুরোধে সাহায্য করতে পারছি না।",
        "Îmi pare rău, dar nu pot răspunde la această întrebare.",
        "Sajnálom, de nem tudok segíteni ebben.",
    ],
)
def test_refusals_are_found_in_many_languages(text: str) -> None:
    assert _rules(text)["refusal"] >= 0.6


def test_apologies_that_answer_are_no_refusals() -> None:
    assert "refusal" not in _rules("I'm sorry that you're not happy with it. Here is a refund of what you paid.")
    assert "refusal" not in _rules("Hospitals apologised for the delay. " + ANSWER)
    for text in (
        "К сожалению, не все растения переживают зиму, поэтому их укрывают.",
        "للأسف، انقرضت هذه الحيوانات قبل آلاف السنين.",
        "Δυστυχώς δεν υπάρχει τρένο για εκεί, αλλά μπορείς να πάρεις το λεωφορείο.",
        "Xin lỗi vì sự chậm trễ, đơn hàng của bạn sẽ đến vào ngày mai.",
        "ขออภัยในความล่าช้า สินค้าจะถึงมือคุณพรุ่งนี้ครับ",
        "לצערי הרכבת כבר יצאה, אבל יש אוטובוס.",
        "ご不便をおかけして申し訳ありません。商品は明日届く予定です。",
        "Maalesef verem hâlâ yaygın bir hastalıktır.",
        "Maalesef dinozorlar adapte olamadılar.",
        "Maalesef bu ağaç artık meyve veremiyor.",
        "Maalesef o gün yola çıkmak mümkün değil, ama ertesi gün gidilir.",
        "معذرت، آپ کا آرڈر ابھی تک روانہ نہیں ہوا۔",
        "معذرت، آپ کا آرڈر لاہور میں نہیں پہنچ سکا۔",
        "क्षमा कीजिए, आपका ऑर्डर अभी तक नहीं पहुँचा है।",
        "माफ कीजिए, यह दुकान दिल्ली में नहीं है।",
        "দুঃখিত, তিনি হাঁটতে অক্ষম ছিলেন।",
        "เขาเสียใจมากที่ไม่สามารถไปงานแต่งงาน",
        "ขออภัย สินค้าไม่สามารถจัดส่งได้ในวันหยุด",
        "ขออภัย คอมพิวเตอร์ของฉันไม่สามารถเปิดได้",
        "Lan rất tiếc vì không thể đến dự.",
        "Rất tiếc, máy bay của tôi không thể cất cánh.",
        "לצערי לא ניתן לבטל הזמנה לאחר המשלוח, אבל אפשר להחזיר את המוצר.",
        "לצערי הילד לא אוכל ירקות.",
        "للأسف، لا يمكن إلغاء الطلب بعد الشحن، لكن يمكنك إرجاعه.",
        "К сожалению, не способны летать только пингвины.",
        "Tyvärr kan inte alla djur överleva vintern.",
        "Sajnálom, de nem áll rendelkezésre ebből a termékből.",
        "Din păcate, nu sunt bilete pentru astăzi.",
    ):
        assert "refusal" not in _rules(text)
    asked = "Write a short letter that declines an invitation."
    assert _rules("I'm sorry, but I can't come.", prompt=asked)["refusal"] < 0.5


@pytest.mark.parametrize(
    "text",
    [
        "As an AI language model, I have no leaves. " + ANSWER,
        "Als KI-Sprachmodell habe ich keine Blätter.",
        "En tant que modèle de langage, je n'ai pas de feuilles.",
        "Como modelo de lenguaje, no tengo hojas.",
        "作为一个人工智能，我没有叶子。",
        "Как ИИ, я не имею личного мнения.",
        "Ως γλωσσικό μοντέλο, δεν έχω προσωπικές απόψεις.",
        "ในฐานะโมเดลภาษา ฉันไม่มีความรู้สึก",
        "Là một mô hình ngôn ngữ, tôi không có ý kiến cá nhân.",
        "כמודל שפה, אין לי דעות אישיות.",
        "Som språkmodell kan jag inte känna något.",
        "Kielimallina en voi tuntea mitään.",
        "Omlouvám se, ale jako jazykový model nemohu mít názor.",
        "Jako model językowy nie mam własnych opinii.",
        "Nyelvi modellként nem rendelkezem érzésekkel.",
        "Sebagai model bahasa, saya tidak punya pendapat.",
        "Як мовна модель, я не маю власної думки.",
        "به عنوان یک مدل زبانی، من نظر شخصی ندارم.",
        "بصفتي نموذجًا لغويًا، لا أملك رأيًا شخصيًا.",
        "बतौर सहायक नहीं, एक भाषा मॉडल के रूप में, मैं राय नहीं रखता।",
        "Bir dil modeli olarak kişisel görüşlerim yok.",
        "Ca model lingvistic, nu am opinii.",
    ],
)
def test_answers_that_speak_as_a_model_are_found(text: str) -> None:
    assert _rules(text)["as_an_ai"] >= 0.6


def test_texts_about_models_do_not_speak_as_one() -> None:
    for text in (
        "GPT là một mô hình ngôn ngữ lớn do OpenAI phát triển.",
        "Искусственный интеллект — это раздел информатики.",
        "בינה מלאכותית היא תחום במדעי המחשב.",
        "هوش مصنوعی شاخه‌ای از علوم رایانه است.",
        "GPT är känd som en språkmodell och används i många program.",
        "GPT er kendt som en sprogmodel og bruges af mange.",
        "GPT toimii kielimallina, ja sitä käytetään monessa ohjelmassa.",
        "GPT funguje jako jazykový model a odpovídá na otázky.",
        "GPT działa jako model językowy i odpowiada na pytania.",
        "A GPT nyelvi modellként működik, és kérdésekre válaszol.",
        "GPT dikenal sebagai model bahasa yang besar.",
        "Το GPT είναι γνωστό ως γλωσσικό μοντέλο και απαντά σε ερωτήσεις.",
        "GPT працює як мовна модель і відповідає на запитання.",
        "GPT известен как языковая модель, которая отвечает на вопросы.",
        "GPT به عنوان یک مدل زبانی شناخته می‌شود.",
        "GPT ทำงานในฐานะโมเดลภาษาและตอบคำถามได้",
        "GPT פועל כמודל שפה ועונה על שאלות.",
        "GPT bir dil modeli olarak bilinir.",
        "GPT este cunoscut ca model lingvistic.",
        "GPT एक भाषा मॉडल है जो सवालों के जवाब देता है।",
        "बहुत लोग GPT को एक भाषा मॉडल के रूप में जानते हैं।",
        "عملت في الشركة بصفتي مساعدا إداريا لمدة عامين.",
        "باعتباري لغويا أدرس اللهجات العربية.",
        "يُعرف جي بي تي كنموذج لغوي كبير.",
    ):
        assert "as_an_ai" not in _rules(text)


def test_an_answer_about_models_is_less_surely_one_that_speaks_as_one() -> None:
    assert _rules("As an AI, I work with text.", prompt="What can an AI assistant do?")["as_an_ai"] < 0.5


def test_an_answer_that_repeats_its_prompt_is_found_and_an_asked_for_edit_is_not() -> None:
    assert _rules(QUESTION)["prompt_echoed"] >= 0.8
    assert "prompt_echoed" in _rules(f"{QUESTION} Plants use chlorophyll.")
    edit = "Correct the punctuation of the sentence:"
    given = "Plants need light water and air."
    assert "prompt_echoed" not in _rules("Plants need light, water, and air.", prompt=f"{edit} {given}")


def test_a_part_of_the_prompt_that_comes_back_unchanged_is_an_echo() -> None:
    given = "animal, dog, Labrador, Fido, things"
    texts = [given, *_company()]
    n = len(texts)
    parts = (_strings(["Say which word does not belong here."] * n), _strings([given] + ["No input"] * (n - 1)))
    whole = _strings(["\n".join(pair) for pair in zip(*(part.to_pylist() for part in parts))])
    measured, _ = prepare(Pieces(_strings(texts), np.arange(len(texts)), whole, parts))
    found = {(one.rule, one.source): one for one in judge(measured, QualityConfig())}
    assert 0 in found["prompt_echoed", None].at
    assert len(found["placeholder_input", 1]) == len(texts) - 1


def test_another_language_than_the_majority_is_found_unless_a_translation_was_asked_for() -> None:
    german = "Die Pflanzen fangen das Licht mit ihren Blättern ein und bauen daraus Zucker, den sie zum Wachsen brauchen."
    assert _rules(german)["wrong_language"] >= 0.5
    assert "wrong_language" not in _rules(german, prompt="Translate into German: plants catch light.")
    assert "wrong_language" not in _rules(ANSWER, config=QualityConfig(language="off"))
    assert "wrong_language" in _rules(ANSWER, config=QualityConfig(language="de"))
    assert "wrong_language" not in _rules("Aspirin, Paracetamol, Ibuprofen, Diclofenac, Naproxen, Metamizol, Codein")


def test_languages_are_told_and_relatives_are_not_told_apart() -> None:
    texts = ["Where is the next station, please?", "Wo ist denn hier der nächste Bahnhof?", "Где здесь ближайший вокзал?"]
    assert detect(_strings(texts), 400)[0] == ["en", "de", "ru"]
    assert majority(_strings(texts * 5 + texts[:1] * 100), 400)[0] == "en"
    assert majority(_strings(texts * 30), 400)[0] is None
    assert alike("da", "nb")
    assert not alike("de", "en")


@pytest.mark.parametrize(
    "text", ["The caf\u00c3\u00a9 is open.", "It\u00e2\u20ac\u2122s fine.", "Lost \ufffd here", "Bell \x07 here"]
)
def test_lost_and_misread_characters_are_garbled(text: str) -> None:
    assert "garbled" in _rules(text)


def test_other_scripts_and_emoji_are_not_garbled() -> None:
    assert "garbled" not in _rules("Çà et là, des cafés — “ouverts” … 👩‍🔬 Àéîõü ÑANDÚ Ðorđe")
    assert "garbled" not in _rules("Это обычный русский текст, в котором нет ничего странного.")


@pytest.mark.parametrize(
    "leftover",
    ["{{name}}", "[INSERT DATE]", "[Your Name]", "<your text>", "${customer}", "%(name)s", "Lorem ipsum", "<|im_end|>"],
)
def test_template_leftovers_are_found_with_their_place(leftover: str) -> None:
    text = f"Dear {leftover}, thank you for the plants."
    measured, _ = prepare(Pieces(_strings([text]), np.arange(1)))
    (found,) = (one for one in judge(measured, QualityConfig()) if one.rule == "template_leftover")
    assert found.start is not None
    assert found.end is not None
    assert text[found.start[0] : found.end[0]] == leftover


def test_brackets_that_say_something_are_no_leftovers() -> None:
    for text in ("See [1] and [Smith 2004].", "[laughs] Well.", "a[i] = b[j]", "Use <b> for bold.", "{a, b} is a set"):
        assert "template_leftover" not in _rules(text)


def test_a_length_unlike_all_others_is_found_and_two_humps_are_not() -> None:
    rng = np.random.default_rng(0)
    one = np.exp(rng.normal(5, 0.4, 2000)).astype(int)
    side, _ = out_of_line(np.append(one, [3, 9000]), 0.01)
    assert side[-2:].tolist() == [-1, 1]
    assert np.count_nonzero(side[:-2]) < 10
    two = np.concatenate([rng.integers(2, 6, 1000), np.exp(rng.normal(6, 0.3, 1000)).astype(int)])
    assert not out_of_line(two, 0.01)[0].any()
    assert not out_of_line(np.array([1, 1, 10_000]), 0.01)[0].any()


def test_limits_in_words_take_the_place_of_what_is_usual() -> None:
    assert "too_short" in _rules("Yes.", config=QualityConfig(min_words=3))
    assert "too_long" in _rules(ANSWER, config=QualityConfig(max_words=10))


def test_the_same_answer_under_many_prompts_is_a_stock_answer() -> None:
    texts = _strings(["I do not know much about that.", *_company(20)] * 6)
    prompts = _strings([f"What is thing {i}?" for i in range(len(texts))])
    measured, _ = prepare(Pieces(texts, np.arange(len(texts)), prompts))
    (found,) = (one for one in judge(measured, QualityConfig()) if one.rule == "stock_answer")
    assert 0 in found.at


def test_answers_to_other_prompts_are_found_only_where_answers_take_up_words() -> None:
    rng = np.random.default_rng(1)
    topics = ["".join(rng.choice(list("abcdefghiklmnoprstuvwz"), 7)) for _ in range(400)]
    prompts, texts = [], []
    for _ in range(600):
        own = rng.choice(topics, 6, replace=False)
        prompts.append("Please explain " + " ".join(own))
        texts.append(" ".join(f"The {t} is large and was there before all of us." for t in own))
    texts[0] = " ".join("This says nothing of what was there and is only here." for _ in range(6))
    measured, _ = prepare(Pieces(_strings(texts), np.arange(600), _strings(prompts)))
    found = {one.rule: one for one in judge(measured, QualityConfig())}
    assert found["unrelated"].at.tolist() == [0]


def test_an_answer_that_makes_up_the_next_prompt_runs_on_and_a_recipe_does_not() -> None:
    made_up = "\n7. Instruction: Write a poem.\n7. Input:\n<noinput>\n7. Output:\nRoses are red."
    assert _rules(ANSWER + made_up)["runs_on"] >= 0.8
    assert _rules(ANSWER + "\n\nHuman: And what of moss?\nAssistant: The same.")["runs_on"] >= 0.5
    assert "runs_on" not in _rules("Ingredients:\n- two eggs\n\nInstructions:\n1. Beat them.\n2. Fry them.")
    assert "runs_on" not in _rules("User: Hi!\nBot: Hello.\n\nUser: Bye.", prompt="Write a short dialogue of two people.")


def test_every_rule_can_be_switched_off() -> None:
    text = "As an AI language model, I'm sorry, but I can't help [Your Name] \ufffd"
    names = tuple(_rules(text))
    assert {"as_an_ai", "template_leftover", "garbled"} <= set(names)
    assert _rules(text, config=QualityConfig(off=names)) == {}


@pytest.mark.parametrize(
    ("order", "sound"),
    [
        ("ua", True), ("suaua", True), ("uctaua", True), ("uact", True), ("uattaua", True), ("ssua", True), ("u", True),
        ("au", False), ("uua", False), ("uaa", False), ("usua", False), ("uta", False), ("u?a", False), ("", True),
    ],
)  # fmt: skip
def test_turns_take_turns(order: str, sound: bool) -> None:
    assert (len(role_order([order])) == 0) is sound


def test_a_conversation_must_end_with_the_assistant_or_a_call() -> None:
    assert last_turn(["ua", "uc", "uau", "uact", "s", ""]).at.tolist() == [2, 3, 4]


def test_pairs_with_the_same_words_are_identical() -> None:
    one = _strings(["It is blue.", "It is blue.", "", "!!", "42"])
    other = _strings(["it is  BLUE", "It is red.", "", "??", "43"])
    assert identical_pair(one, other).at.tolist() == [0, 2]


def test_quality_falls_with_every_kind_of_damage() -> None:
    good = [f"{a} {b}" for a, b in zip(_company(200), _company(200)[::-1])]

    def scores(texts: list[str]) -> np.ndarray:
        prompts = _strings([f"What do people know about things such as number {i}?" for i in range(len(texts))])
        measured, _ = prepare(Pieces(_strings(texts), np.arange(len(texts)), prompts))
        return with_faults(answers(measured), judge(measured, QualityConfig()))

    whole = scores(good)
    assert ((whole >= 0) & (whole <= 1)).all()
    damages = {
        "cut": [t[: int(len(t) * 0.6)] for t in good],
        "lower": [t.lower() for t in good],
        "unpunctuated": [t.replace(".", "").replace(",", "") for t in good],
        "looping": [t + " and so on it goes" * 8 for t in good],
        "short": [t.split(". ")[0] + "." for t in good],
        "leftover": [t + " [INSERT NAME]" for t in good],
        "garbled": [t.replace("people", "pe\ufffdple") for t in good],
        "gaps": [t.replace(",", " ,").replace(".", " .") for t in good],
        "refusal": ["I'm sorry, but I can't help with that."] * len(good),
        "empty": [""] * len(good),
    }
    for name, bad in damages.items():
        assert (whole > scores(bad)).mean() > 0.95, name


@pytest.mark.parametrize(
    ("prompt", "answer", "marked"),
    [
        ("Name three ways to save energy.", "1. Insulate.\n2. Cycle.\n3. Unplug.\n4. Share.\n5. Reuse.", True),
        ("Name three ways to save energy.", "Three ways:\n- Insulate.\n- Cycle.\n- Unplug.", False),
        ("Name at least three ways to save energy.", "1. Insulate.\n2. Cycle.\n3. Unplug.\n4. Share.", False),
        ("List five pros and cons of dogs.", "Pros:\n1. Kind\n2. Warm\nCons:\n1. Loud\n2. Dear", False),
        ("Name three ways to save energy.", "Insulate, cycle, unplug, share and reuse what there is.", False),
        ("Explain tides in 20 words or less.", " ".join(["The moon pulls the water."] * 9), True),
        ("Explain tides in 20 words or less.", " ".join(["The moon pulls the water."] * 4), False),
        ("Write a 900-word report on tides.", " ".join(["The moon pulls the water."] * 9), True),
        ("Write a report on tides of at least 20 words.", " ".join(["The moon pulls the water."] * 20), False),
        ("Create four 15-word lines on tides.", " ".join(["The moon pulls the water."] * 12), False),
    ],
)
def test_another_number_of_points_or_words_than_was_asked_for_is_marked(prompt: str, answer: str, marked: bool) -> None:
    assert ("wrong_count" in _rules(answer, prompt)) == marked


@pytest.mark.parametrize(
    ("prompt", "short_is_right"),
    [
        ("Write a story where the hero dies at the end.", False),
        ("Schreibe eine Geschichte über eine Stadt, wo niemand schläft.", False),
        ("Raconte une histoire avec un héros qui meurt à la fin.", False),
        ("Ali ile Veli hakkında uzun bir hikaye yaz.", False),
        ("写一篇关于首都和几个公园的文章。", False),
        ("几何证明题应当怎样讲给学生听，请写一篇文章。", False),
        ("Where does the hero die at the end?", True),
        ("Le héros meurt où ?", True),
        ("Fransa'da kaç bölge var?", True),
        ("Ile osób tam mieszka", True),
        ("那里有几个公园？", True),
        ("ما اسم هذه المدينة؟", True),
    ],
)
def test_a_word_may_answer_a_question_and_not_every_prompt_that_holds_its_words(prompt: str, short_is_right: bool) -> None:
    assert ("too_short" not in _rules("Okay.", prompt=prompt)) == short_is_right


@pytest.mark.parametrize(
    ("prompt", "a_letter"),
    [
        ("请提供更多关于信息安全的内容。", False),
        ("为什么要相信他？", False),
        ("写信用卡的介绍。", False),
        ("帮我写一封感谢信。", True),
        ("写一封给房东的辞职信", True),
        ("给老师写信", True),
    ],
)
def test_chinese_prompts_for_letters_are_told_from_other_words_of_the_same_letter(prompt: str, a_letter: bool) -> None:
    text = ANSWER + "\n\nYours, [Your Name]"
    assert ("template_leftover" not in _rules(text, prompt=prompt)) == a_letter


def _edges(parsed: Any, last: bool) -> Iterator[str]:
    """Letters that a parsed pattern may end (or begin) with."""
    for operation, value in reversed(list(parsed)) if last else list(parsed):
        parts: list[Any] = []
        optional = False
        match str(operation):
            case "LITERAL":
                yield chr(value)
            case "IN":
                for kind, one in value:
                    if str(kind) == "LITERAL":
                        yield chr(one)
                    elif str(kind) == "RANGE":
                        yield chr(one[1])
            case "SUBPATTERN":
                parts = [value[-1]]
            case "BRANCH":
                parts = list(value[1])
            case "MAX_REPEAT" | "MIN_REPEAT":
                parts, optional = [value[2]], value[0] == 0
            case "AT":
                optional = True
        for part in parts:
            yield from _edges(part, last)
        if not optional and all(len(part) for part in parts):
            return


def _beside_boundaries(parsed: Any) -> Iterator[str]:
    """Letters that may stand beside a word boundary of a parsed pattern, its groups and repetitions included."""
    items = list(parsed)
    for i, (operation, value) in enumerate(items):
        match str(operation):
            case "AT" if str(value) == "AT_BOUNDARY":
                yield from _edges(items[:i], last=True)
                yield from _edges(items[i + 1 :], last=False)
            case "SUBPATTERN":
                yield from _beside_boundaries(value[-1])
            case "BRANCH":
                for part in value[1]:
                    yield from _beside_boundaries(part)
            case "MAX_REPEAT" | "MIN_REPEAT":
                yield from _beside_boundaries(value[2])


def _foreign(pattern: str) -> set[str]:
    parser: Any = importlib.import_module("re._parser")
    parsed = parser.parse(re.sub(r"\\x\{\w+\}", "x", pattern.replace(r"\pL", r"\w")))
    return {letter for letter in _beside_boundaries(parsed) if not letter.isascii()}


def test_no_word_boundary_stands_beside_a_letter_that_re2_does_not_know() -> None:
    for wrong in (r"\b(?:où|ou)\b", r"信\b", r"\b(?:foo|(?:é|e)t)", r"kaç?\b", r"x(?:ya|ии)\b", r"\b[aß]"):
        assert _foreign(wrong), wrong
    for module in (phrases, endings, rules, manners):
        read = 0
        for node in ast.walk(ast.parse(inspect.getsource(module))):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and r"\b" in node.value
                and "\n\n" not in node.value
            ):
                read += 1
                assert not _foreign(node.value), (module.__name__, _foreign(node.value))
        assert read, module.__name__
    for name in ("VERSES", "RETURNING", "SHORT", "QUESTION", "IN_PLACE", "BRIEF", "REASONS"):
        assert not _foreign(getattr(asks, name)), (name, _foreign(getattr(asks, name)))
