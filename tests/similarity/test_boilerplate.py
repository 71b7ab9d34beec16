"""Boilerplate: beside a plain Python statement of the rules, and as a stage on real files."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from similarity_corpus import strings
from similarity_reference import tokens

from curate import workflow
from curate.dataset import load
from curate.errors import ConfigError
from curate.recipe import Recipe
from curate.similarity.boilerplate import END, INSIDE, START, BlockConfig, Blocks, Part, find_boilerplate
from curate.stages import boilerplate
from curate.stages.base import Context, Detection
from tests.conftest import examples

FOOTER = "This message is confidential and meant for its reader alone."
SYSTEM = "You are a helpful assistant and answer briefly."
SMALL = BlockConfig(min_rows=2, min_share=0.0, min_characters=6, min_words=2)


def find(texts: list[str], config: BlockConfig = SMALL, threads: int = 1) -> Blocks:
    n = len(texts)
    found, rows = find_boilerplate([Part(strings(list(texts)), np.arange(n), np.ones(n, np.bool_))], config, threads)
    assert rows == n
    return found[0]


def spans(texts: list[str], blocks: Blocks) -> list[tuple[int, int, int]]:
    return list(zip(blocks.text.tolist(), blocks.start.tolist(), blocks.end.tolist(), strict=True))


def without(text: str, which: int, blocks: Blocks) -> str:
    for at, start, end in reversed(spans([], blocks)):
        if at == which:
            text = text[:start] + text[end:]
    return text


def plain(line: str) -> str:
    return " ".join(line.split()).casefold()


def words(line: str) -> int:
    return sum(any(c.isalnum() for c in token) for token in tokens(line))


def by_definition(texts: list[str], config: BlockConfig) -> list[tuple[int, int, int]]:
    """The spans that the module describes, by lists and string comparisons."""
    paragraphs: list[list[list[tuple[int, int]]]] = []
    for text in texts:
        mine: list[list[tuple[int, int]]] = [[]]
        for line in re.finditer(r"[^\n]*", text):
            trimmed = line[0].strip()
            if trimmed:
                start = line.start() + line[0].index(trimmed)
                mine[-1].append((start, start + len(trimmed)))
            elif line[0] or not mine[-1] or text[line.start() - 1 : line.start()] == "\n":
                mine.append([])
        paragraphs.append([p for p in mine if p])

    def said(text: str, lines: list[tuple[int, int]]) -> tuple[str, ...]:
        return tuple(plain(text[a:b]) for a, b in lines)

    def enough(block: tuple[str, ...]) -> bool:
        return sum(map(len, block)) >= config.min_characters and sum(map(words, block)) >= config.min_words

    holders: Counter[tuple[str, ...]] = Counter()
    for text, mine in zip(texts, paragraphs, strict=True):
        blocks = {said(text, p) for p in mine} | {said(text, [line]) for p in mine for line in p}
        holders.update(b for b in blocks if enough(b))
    often = {b for b, n in holders.items() if n >= config.min_rows}
    out = []
    for at, (text, mine) in enumerate(zip(texts, paragraphs, strict=True)):
        lines = [line for p in mine for line in p]
        chosen: list[list[tuple[int, int]]] = []
        for p in mine:
            if len(p) > 1 and said(text, p) in often:
                chosen.append(p)
            else:
                chosen += [[line] for line in p if said(text, [line]) in often]
        gone = {line for block in chosen for line in block}
        if not any(words(text[a:b]) for a, b in lines if (a, b) not in gone):
            continue
        tail = len(lines)
        while tail and lines[tail - 1] in gone:
            tail -= 1
        for block in chosen:
            first, last = lines.index(block[0]), lines.index(block[-1])
            end = lines[last + 1][0] if last + 1 < len(lines) else len(text)
            start = lines[first - 1][1] if first == tail else block[0][0]
            out.append((at, start, end))
    return out


LINES = st.sampled_from(
    ["one two three", "ONE  two three ", "four five six", "x", "…", " ", "", "漢字漢字漢字", "Ünï code\u3000words"]
)
TEXTS = st.lists(LINES, max_size=7).map("\n".join)


@settings(max_examples=examples(300), deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=8))
def test_spans_are_those_of_the_definition(texts: list[str]) -> None:
    assert spans(texts, find(texts)) == by_definition(texts, SMALL)


@settings(max_examples=examples(150), deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=8))
def test_what_is_left_always_says_something_and_lost_only_repeated_blocks(texts: list[str]) -> None:
    blocks = find(texts)
    for i in sorted(set(blocks.text.tolist())):
        left = without(texts[i], i, blocks)
        assert words(left)
        kept = [line for line in map(plain, left.split("\n")) if line]
        before = [line for line in map(plain, texts[i].split("\n")) if line]
        iterator = iter(before)
        assert all(line in iterator for line in kept)  # whole lines, in order


def test_a_footer_goes_with_the_white_space_before_it_and_a_header_with_that_after_it() -> None:
    texts = [f"Dear reader of ours,\r\n\r\nrow {i} says something\r\n\r\n-- \r\n{FOOTER}\r\n" for i in range(20)]
    blocks = find(texts, BlockConfig(min_rows=20))
    assert set(blocks.where.tolist()) == {START, END}
    assert without(texts[7], 7, blocks) == "row 7 says something"
    assert blocks.rows.tolist() == [20] * 40


def test_blocks_in_a_row_at_the_end_leave_no_hole_and_do_not_overlap() -> None:
    texts = [f"own words {i} here\n\n{FOOTER}\n\nUnsubscribe from this list at any time.\n" for i in range(30)]
    blocks = find(texts, BlockConfig())
    assert without(texts[3], 3, blocks) == "own words 3 here"
    mine = [s for s in spans(texts, blocks) if s[0] == 3]
    assert len(mine) == 2
    assert mine[0][2] == mine[1][1]
    assert set(blocks.where.tolist()) == {END}


def test_offsets_count_code_points_not_bytes() -> None:
    texts = [f"🙂 répondre à la {i}\n{FOOTER}\n漢字 の 行 {i} 番" for i in range(20)]
    blocks = find(texts, BlockConfig())
    assert texts[5][blocks.start[5] : blocks.end[5]] == FOOTER + "\n"
    assert blocks.where[5] == INSIDE


def test_code_between_fences_is_left_alone() -> None:
    code = "```python\nfrom somewhere import all that is needed\n```"
    texts = [f"here is the answer to question {i}\n{code}\nthat was it {i}" for i in range(30)]
    assert len(find(texts, BlockConfig())) == 0
    assert len(find([t.replace("```", "") for t in texts], BlockConfig())) == 30


def test_a_line_must_be_in_enough_rows_and_in_a_large_enough_share_of_them() -> None:
    def texts(n: int) -> list[str]:
        return [f"row number {i} of these{chr(10) + FOOTER if i < n else ''}" for i in range(1000)]

    assert len(find(texts(19), BlockConfig(min_share=0.0))) == 0
    assert len(find(texts(20), BlockConfig(min_share=0.0))) == 20
    assert len(find(texts(49), BlockConfig(min_share=0.05))) == 0
    assert len(find(texts(50), BlockConfig(min_share=0.05))) == 50


def test_a_line_repeated_inside_one_row_is_one_row() -> None:
    texts = ["\n".join(["first comes this", *["again and again the same line"] * 50]), *(f"other {i}" for i in range(30))]
    assert len(find(texts, BlockConfig(min_share=0.0))) == 0


def test_rows_that_are_not_counted_decide_nothing_and_lose_their_boilerplate_all_the_same() -> None:
    texts = strings([f"row {i} says its own thing\n{FOOTER}" for i in range(40)])
    few, many = np.arange(40) < 19, np.arange(40) < 20
    assert len(find_boilerplate([Part(texts, np.arange(40), few)], BlockConfig())[0][0]) == 0
    found, rows = find_boilerplate([Part(texts, np.arange(40), many)], BlockConfig())
    assert (len(found[0]), rows) == (40, 20)


def test_several_columns_of_one_role_are_counted_by_row() -> None:
    one = strings([f"left {i} of it\n{FOOTER}" for i in range(15)])
    two = strings([f"right {i} of it\n{FOOTER}" for i in range(15)])
    every = np.ones(15, np.bool_)
    parts = [Part(one, np.arange(15), every), Part(two, np.arange(15), every)]
    assert sum(map(len, find_boilerplate(parts, BlockConfig(min_share=0.0))[0])) == 0
    parts = [Part(one, np.arange(15), every), Part(two, np.arange(15, 30), every)]
    assert [len(b) for b in find_boilerplate(parts, BlockConfig(min_share=0.0))[0]] == [15, 15]


def test_blocks_do_not_depend_on_the_number_of_threads() -> None:
    rng = np.random.default_rng(0)
    lines = [f"this is line {i} of the many lines that repeat" for i in range(300)]
    texts = ["\n".join([f"row {i}", *(lines[k] for k in rng.integers(0, 300, 6))]) for i in range(5000)]
    one, four = find(texts, BlockConfig(min_share=0.0), 1), find(texts, BlockConfig(min_share=0.0), 4)
    assert len(one) > 20_000
    for field in ("text", "start", "end", "digest", "where", "rows"):
        assert np.array_equal(getattr(one, field), getattr(four, field))


@pytest.mark.parametrize("texts", [[], [""], ["\n\n\n"], ["\n" * 100_000] * 25, [FOOTER] * 25, ["Yes"] * 50])
def test_empty_and_blank_texts_and_texts_of_nothing_else_are_left_alone(texts: list[str]) -> None:
    assert len(find(texts, BlockConfig())) == 0


# ---- the stage ------------------------------------------------------------------------------------------------------


def detect(path: Path, rows: list[dict[str, Any]], **settings_: Any) -> tuple[Any, Detection]:
    path.write_text("".join(json.dumps(r) + "\n" for r in rows))
    data = load(path)
    return data, boilerplate.STAGE.detect(data, boilerplate.BoilerplateConfig(**settings_), Context(threads=2))


def chat(i: int, answer: str) -> dict[str, Any]:
    turns = [("system", SYSTEM), ("user", f"What about case {i}?"), ("assistant", answer)]
    return {"messages": [{"role": role, "content": said} for role, said in turns], "note": f"own note {i}\n{FOOTER}"}


def test_nested_answers_lose_a_footer_and_system_prompts_and_other_columns_stay(tmp_path: Path) -> None:
    rows = [chat(i, f"Case {i} is settled.\n\n{FOOTER}") for i in range(30)]
    data, found = detect(tmp_path / "rows.jsonl", rows)
    assert data.task == "chat"
    fields = set(found.findings["field"].to_pylist())
    assert fields == {"messages/2/content"}
    assert set(found.findings["action"].to_pylist()) == {"replace"}
    assert found.findings["replacement"].to_pylist() == [""] * 30
    evidence = json.loads(found.findings["evidence"][0].as_py())
    assert evidence == {"rows": 30, "share": 1.0, "place": "end", "text": FOOTER}
    assert not any(c.isdigit() for reason in found.findings["reason"].to_pylist() for c in reason)


def test_nothing_applies_by_itself_and_an_accepting_recipe_takes_out_just_the_block(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(chat(i, f"Yes\n\n{FOOTER}" if i else FOOTER)) + "\n" for i in range(30)))
    stages = {"run": {"stages": ["boilerplate"]}}
    waiting = workflow.run(Recipe.parse(stages).with_(input=str(path)), out=tmp_path / "a", train=False)
    assert waiting.plan.counts()["boilerplate"]["pending"] == 29
    assert (tmp_path / "a" / "curated.jsonl").read_bytes() == path.read_bytes()
    willing = Recipe.parse({**stages, "stages": {"boilerplate": {"on_finding": "apply"}}}).with_(input=str(path))
    workflow.run(willing, out=tmp_path / "b", train=False)
    out = [json.loads(line) for line in (tmp_path / "b" / "curated.jsonl").read_text().splitlines()]
    assert [row["messages"][2]["content"] for row in out] == [FOOTER, *["Yes"] * 29]
    assert [row["messages"][0]["content"] for row in out] == [SYSTEM] * 30
    assert out[3]["note"] == f"own note 3\n{FOOTER}"


def test_labels_are_never_touched_and_prompts_score_low(tmp_path: Path) -> None:
    label = "first line of this label\nsecond line of this label"
    rows = [{"text": f"own text of row {i}\n{FOOTER}", "label": label if i % 2 else "b"} for i in range(40)]
    data, found = detect(tmp_path / "a.jsonl", rows)
    assert data.roles.label == ("label",)
    assert set(found.findings["field"].to_pylist()) == {"text"}
    asked = "Answer the question that follows here."
    rows = [{"prompt": f"{asked}\nWhat is {i}?", "completion": f"It is {i}."} for i in range(40)]
    _, found = detect(tmp_path / "b.jsonl", rows)
    assert found.findings["score"].to_pylist() == pytest.approx([0.4] * 40)


def test_copies_of_a_row_make_none_of_its_lines_boilerplate(tmp_path: Path) -> None:
    rows = [{"text": f"the same long text in every row\nand a second line of it\n{FOOTER}"}] * 60
    rows += [{"text": f"own text number {i} about the sea"} for i in range(60)]
    _, found = detect(tmp_path / "rows.jsonl", rows)
    assert found.findings.num_rows == 0


def test_personal_data_of_a_footer_reaches_neither_evidence_nor_summary(tmp_path: Path) -> None:
    secret = "martha.kowalczyk@postbox-mail.com"
    rows = [{"text": f"own text of row {i}\nPlease send all complaints to {secret} at once"} for i in range(40)]
    _, found = detect(tmp_path / "rows.jsonl", rows)
    assert found.findings.num_rows == 40
    assert secret not in json.dumps([found.findings["evidence"].to_pylist(), dict(found.summary)])
    assert "complaints" in found.summary["passages"][0]["text"]


def test_the_stage_runs_only_where_it_is_asked_for() -> None:
    assert "boilerplate" not in Recipe().stage_names()
    assert "boilerplate" in Recipe.parse({"stages": {"boilerplate": {}}}).stage_names()
    assert Recipe.parse({"run": {"stages": ["boilerplate"]}}).stage_names() == ["boilerplate"]


def test_settings_out_of_range_are_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="boilerplate"):
        detect(tmp_path / "rows.jsonl", [{"text": "a b c"}], min_rows=1)
