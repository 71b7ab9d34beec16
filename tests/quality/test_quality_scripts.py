"""Sound answers in ten languages are left alone, and what is broken in them is found."""

# ruff: noqa: E501  (whole answers, one a line)

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pytest

from curate.quality import Pieces, QualityConfig, judge, prepare

SOUND = {
    "zh": [
        ("光合作用是什么？", "光合作用是植物利用阳光把二氧化碳和水转化为糖类和氧气的过程。它主要发生在叶子的叶绿体里。"),
        ("给我三个提高睡眠质量的建议。", "1. 每天在同一时间睡觉和起床。\n2. 睡前一小时不看手机。\n3. 卧室保持安静和黑暗。"),
        (
            "怎么读取一个文件？",
            '可以使用内置的 open 函数：\n\n```python\nopen("data.txt").read()\n```\n\n这样就能读到全部内容。',
        ),
        ("中国的首都是哪里？", "中国的首都是北京。"),
        ("孔子说过什么名言？", "孔子说：“学而不思则罔，思而不学则殆。”"),
    ],
    "ja": [
        (
            "光合成とは何ですか。",
            "光合成とは、植物が太陽の光を使って二酸化炭素と水から糖と酸素を作る働きです。主に葉の葉緑体で行われます。",
        ),
        (
            "カレーの作り方を教えて",
            "まず、玉ねぎ、にんじん、肉を切ります。鍋で炒めて水を加え、二十分ほど煮ます。火を止めてルーを入れたら完成です！",
        ),
        ("俳句を一つ作ってください。", "古池や\n蛙飛び込む\n水の音"),
        ("日本の首都はどこですか。", "東京です。"),
    ],
    "th": [
        ("การสังเคราะห์แสงคืออะไร", "การสังเคราะห์แสงคือกระบวนการที่พืชใช้แสงอาทิตย์เปลี่ยนคาร์บอนไดออกไซด์และน้ำให้เป็นน้ำตาลและออกซิเจน"),
        ("เมืองหลวงของประเทศไทยคืออะไร", "กรุงเทพมหานคร"),
        ("วิธีทำต้มยำกุ้ง", "ต้มน้ำให้เดือด ใส่ตะไคร้ ข่า และใบมะกรูด จากนั้นใส่กุ้งและเห็ด ปรุงรสด้วยน้ำปลา น้ำมะนาว และพริก เสิร์ฟร้อน ๆ"),
    ],
    "ar": [
        (
            "ما هو التمثيل الضوئي؟",
            "التمثيل الضوئي هو عملية تستخدم فيها النباتات ضوء الشمس لتحويل الماء إلى سكر وأكسجين. تحدث أساسًا في الأوراق.",
        ),
        ("ما عاصمة مصر؟", "عاصمة مصر هي القاهرة."),
        ("لماذا السماء زرقاء؟", "لأن ضوء الشمس يتشتت عند اصطدامه بجزيئات الهواء، والضوء الأزرق يتشتت أكثر من الضوء الأحمر"),
    ],
    "hi": [
        (
            "प्रकाश संश्लेषण क्या है?",
            "प्रकाश संश्लेषण वह प्रक्रिया है जिसमें पौधे सूर्य के प्रकाश की मदद से शर्करा बनाते हैं। यह मुख्य रूप से पत्तियों में होती है।",
        ),
        ("भारत की राजधानी क्या है?", "भारत की राजधानी नई दिल्ली है।"),
        ("कोई किताब सुझाइए।", "मैं प्रेमचंद का उपन्यास ‘गोदान’ पढ़ने की सलाह दूँगा। इसमें भारतीय किसान के जीवन का मार्मिक चित्रण है।"),
    ],
    "ru": [
        (
            "Что такое фотосинтез?",
            "Фотосинтез — это процесс, при котором растения с помощью света превращают воду в сахара. Он происходит в листьях.",
        ),
        ("Столица России?", "Столица России — Москва."),
        ("Посоветуй роман.", "Советую прочитать роман Михаила Булгакова «Мастер и Маргарита»."),
    ],
    "el": [
        (
            "Τι είναι η φωτοσύνθεση;",
            "Η φωτοσύνθεση είναι η διαδικασία με την οποία τα φυτά χρησιμοποιούν το φως του ήλιου. Ξέρεις πού γίνεται;",
        ),
        ("Ποια είναι η πρωτεύουσα της Ελλάδας;", "Η πρωτεύουσα της Ελλάδας είναι η Αθήνα."),
        (
            "Πρότεινέ μου ένα βιβλίο.",
            "Σου προτείνω το «Βίος και Πολιτεία του Αλέξη Ζορμπά» του Νίκου Καζαντζάκη, που διαβάζεται εύκολα.",
        ),
    ],
    "tr": [
        (
            "Fotosentez nedir?",
            "Fotosentez, bitkilerin güneş ışığını kullanarak suyu şekere dönüştürdüğü süreçtir. Çoğunlukla yapraklarda gerçekleşir.",
        ),
        ("Türkiye'nin başkenti neresidir?", "Türkiye'nin başkenti Ankara'dır."),
        ("Bir roman öner.", 'Sabahattin Ali\'nin "Kürk Mantolu Madonna" adlı romanını öneririm.'),
    ],
    "vi": [
        (
            "Quang hợp là gì?",
            "Quang hợp là quá trình thực vật dùng ánh sáng mặt trời để biến nước thành đường. Quá trình này diễn ra chủ yếu ở lá cây.",
        ),
        ("Thủ đô của Việt Nam là gì?", "Thủ đô của Việt Nam là Hà Nội."),
        (
            "Gợi ý một cuốn tiểu thuyết.",
            'Tôi gợi ý "Nỗi buồn chiến tranh" của Bảo Ninh, một tác phẩm sâu sắc về ký ức và mất mát.',
        ),
    ],
    "ko": [
        (
            "광합성이 무엇인가요?",
            "광합성은 식물이 햇빛을 이용하여 이산화탄소와 물을 당과 산소로 바꾸는 과정입니다. 주로 잎에서 일어납니다.",
        ),
        ("한국의 수도는 어디인가요?", "서울입니다."),
        ("하늘은 왜 파란가요?", "햇빛이 공기 분자에 부딪혀 흩어질 때 파란빛이 붉은빛보다 훨씬 많이 흩어지기 때문이에요"),
    ],
}


def _crowd(language: str, n: int = 60) -> list[tuple[str, str]]:
    """Sound rows of a language, and pairs of them in one row until there are `n`: a crowd with lengths of its own."""
    rng, rows = np.random.default_rng(0), list(SOUND[language])
    while len(rows) < n:
        i, j = (int(x) for x in rng.choice(len(SOUND[language]), 2, replace=False))
        (a, b), (c, d) = SOUND[language][i], SOUND[language][j]
        rows.append((f"{a} {c}", f"{b}\n\n{d}"))
    return rows


def _judged(rows: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """(rule, answer) of every finding."""
    prompts, texts = (pa.array(part, pa.large_string()) for part in zip(*rows, strict=True))
    measured, _ = prepare(Pieces(texts, np.arange(len(rows)), prompts))
    return [(h.rule, rows[i][1]) for h in judge(measured, QualityConfig()) for i in h.at.tolist()]


@pytest.mark.parametrize("language", sorted(SOUND))
def test_sound_answers_in_any_script_are_left_alone(language: str) -> None:
    assert _judged(_crowd(language)) == []


def test_sound_answers_in_ten_languages_together_are_left_alone() -> None:
    assert _judged([row for rows in SOUND.values() for row in rows]) == []


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("zh", "光合作用是植物利用阳光的过程。它主要发生在叶子的叶绿体里，并且"),
        ("zh", "红烧肉先切块焯水。加入生抽、老抽、料酒和"),
        ("ja", "光合成は葉の葉緑体で行われます。植物は太陽の光を使って二酸化炭素と水を"),
    ],
)
def test_an_end_that_cannot_be_one_is_cut_off_in_scripts_without_spaces(language: str, text: str) -> None:
    finished = [row for row in _crowd(language, 90) if row[1][-1] in "。！”"]
    assert ("cut_off", text) in _judged([("这是什么？", text), *finished])


@pytest.mark.parametrize(
    "text",
    [
        "白天大气散射蓝光最多，所以看上去天空是蓝色的",
        "这个问题是可以解决的",
        "我们检查了每一个模块，所有测试都通过",
        "他查阅了档案，发现它没有根据",
        "有人说这是真的，也有人说这是假的",
        "这张椅子还少一个门把",
        "天气冷的时候要多盖一床棉被",
        "とても良い考えだと思うが",
        "この本は間違いなく私の",
        "会議の決定に深く関与",
        "それではみなさん、ではまた",
    ],
)
def test_whole_sentences_without_a_full_stop_are_not_cut_off_in_scripts_without_spaces(text: str) -> None:
    finished = [row for row in _crowd("ja" if re.search("[ぁ-ん]", text) else "zh", 90) if row[1][-1] in "。！”"]
    assert "cut_off" not in {rule for rule, answer in _judged([("这是什么？", text), *finished]) if answer == text}


@pytest.mark.parametrize("language", sorted(SOUND))
def test_lost_characters_another_language_and_loops_are_found_in_any_script(language: str) -> None:
    long = max((answer for _, answer in SOUND[language] if "`" not in answer), key=len)
    other = SOUND["el" if language == "ru" else "ru"][0][1]
    loop = long + long[:18] * 12
    found = _judged(
        [(SOUND[language][0][0], text) for text in (long[:20] + "\ufffd" + long[20:], other, loop)] + _crowd(language)
    )
    assert {("garbled", long[:20] + "\ufffd" + long[20:]), ("wrong_language", other), ("repetition_loop", loop)} <= set(
        found
    )
