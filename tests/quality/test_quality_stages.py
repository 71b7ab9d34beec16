"""The text quality and normalise stages over real files, and the verb."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from repaired_text import repaired

from curate.cli import cli
from curate.dataset import Dataset, load
from curate.dataset.pointer import get, parse_pointer
from curate.errors import ConfigError, DataError, StageSkipped
from curate.ledger.keep_order import keep_rank
from curate.recipe import Recipe
from curate.stages.base import Context, Detection, Stage
from curate.stages.normalise import STAGE as NORMALISE
from curate.stages.text_quality import STAGE as TEXT_QUALITY

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
GOOD = "Plants catch light with their leaves. They build sugar from water and carbon dioxide, and keep some of it."
WORDS = "river garden window market winter letter island bridge forest engine needle pepper".split()  # noqa: SIM905


def _answer(i: int) -> str:
    a, b, c = WORDS[i % 12], WORDS[i * 5 % 11], WORDS[i * 7 % 9]
    return f"The {a} near the {b} is number {i}. People who know the {c} say that it has been there for a long time."


def _load(tmp_path: Path, rows: list[dict[str, Any]], **kwargs: Any) -> Dataset:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(r) + "\n" for r in rows))
    return load(path, **kwargs)


def _run(stage: Stage, dataset: Dataset, **config: Any) -> Detection:
    return stage.detect(dataset, stage.config(**config), Context(threads=2))


def _found(detection: Detection) -> set[tuple[int, str, str]]:
    return {(f["row"], f["rule"], f["field"]) for f in detection.findings.to_pylist()}


def _sft(n: int = 80) -> list[dict[str, Any]]:
    rows = [{"instruction": f"Tell me about item {i}.", "input": "", "output": _answer(i)} for i in range(n)]
    rows[0]["output"] = ""
    rows[1]["output"] = "I'm sorry, but I can't help with that."
    rows[2]["input"] = "No input."
    rows[3]["output"] = "Dear [Your Name], " + GOOD
    return rows


def test_rows_of_instructions_are_judged_by_their_answers(tmp_path: Path) -> None:
    dataset = _load(tmp_path, _sft())
    assert dataset.task == "sft"
    detection = _run(TEXT_QUALITY, dataset)
    assert {
        (0, "empty", "output"), (1, "refusal", "output"), (2, "placeholder_input", "input"),
        (3, "template_leftover", "output"),
    } <= _found(detection)  # fmt: skip
    by_rule = {f["rule"]: f for f in detection.findings.to_pylist()}
    leftover, no_input = by_rule["template_leftover"], by_rule["placeholder_input"]
    assert dataset.row(3)["output"][leftover["start"] : leftover["end"]] == "[Your Name]"
    assert (no_input["action"], no_input["replacement"], no_input["start"], no_input["end"]) == ("replace", "", 0, 9)
    assert by_rule["empty"]["action"] == "drop"
    assert {f["row"] for f in detection.findings.to_pylist() if f["score"] >= 0.9} == {0}


def test_every_row_has_a_score_and_sound_rows_score_above_bad_ones(tmp_path: Path) -> None:
    detection = _run(TEXT_QUALITY, _load(tmp_path, _sft()))
    assert detection.scores is not None
    assert detection.scores["row"].to_pylist() == list(range(80))
    score = detection.scores["score"].to_numpy()
    assert ((score >= 0) & (score <= 1)).all()
    assert score[[0, 1]].max() < score[4:].min()


def test_lines_that_c4_deletes_are_proposed_for_removal_where_they_stand(tmp_path: Path) -> None:
    page = f"Home\n{GOOD}\n{_answer(3)}\nThis site uses cookies to serve you better.\n{_answer(4)}\nContact"
    dataset = _load(tmp_path, [{"text": page}, *({"text": _answer(i)} for i in range(40))], task="text")
    found = [f for f in _run(TEXT_QUALITY, dataset, web="c4").findings.to_pylist() if f["rule"] == "c4_lines"]
    assert {(f["row"], f["action"], f["replacement"]) for f in found} == {(0, "replace", "")}
    left = page
    for one in sorted(found, key=lambda f: -f["start"]):
        left = left[: one["start"]] + left[one["end"] :]
    assert left == f"{GOOD}\n{_answer(3)}\n{_answer(4)}"
    assert max(f["score"] for f in found) < 0.9  # a person decides


def test_a_list_of_bad_words_is_read_from_a_file_and_one_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    dataset = _load(tmp_path, _sft())
    words = tmp_path / "words.txt"
    words.write_text("# of item 7\nnumber 7\n")
    detection = _run(TEXT_QUALITY, dataset, bad_words=str(words))
    assert [f["row"] for f in detection.findings.to_pylist() if f["rule"] == "c4_bad_words"] == [7]
    assert not [f for f in _run(TEXT_QUALITY, dataset).findings.to_pylist() if f["rule"] == "c4_bad_words"]
    before = TEXT_QUALITY.depends_on(TEXT_QUALITY.config(bad_words=str(words)))
    words.write_text("# nothing\n")
    assert TEXT_QUALITY.depends_on(TEXT_QUALITY.config(bad_words=str(words))) != before
    with pytest.raises(DataError, match=r"words.txt holds no word; write one a line"):
        _run(TEXT_QUALITY, dataset, bad_words=str(words))
    with pytest.raises(DataError, match=r"bad_words: .*missing.txt cannot be read"):
        _run(TEXT_QUALITY, dataset, bad_words=str(tmp_path / "missing.txt"))
    words.write_bytes(b"caf\xe9\n")
    with pytest.raises(DataError, match="is not UTF-8"):
        _run(TEXT_QUALITY, dataset, bad_words=str(words))


def test_a_list_of_bad_words_is_looked_for_beside_the_recipe(tmp_path: Path) -> None:
    (tmp_path / "words_beside.txt").write_text("mist\n")
    recipe = tmp_path / "curate.toml"
    recipe.write_text('[data]\ninput = "rows.jsonl"\n[stages.text_quality]\nbad_words = "words_beside.txt"\n')
    config = Recipe.load(recipe).choice("text_quality").config
    assert config.bad_words == str(tmp_path / "words_beside.txt")
    assert TEXT_QUALITY.config().located(tmp_path) == TEXT_QUALITY.config()


def test_reasons_and_evidence_hold_nothing_of_the_text(tmp_path: Path) -> None:
    rows = _sft()
    rows[5]["output"] = "My number is 555-0199 and [INSERT NAME] lives here, call Zebedee because"
    for finding in _run(TEXT_QUALITY, _load(tmp_path, rows)).findings.to_pylist():
        told = f"{finding['reason']} {finding['evidence']}"
        assert "Zebedee" not in told
        assert "555" not in told
        assert not any(char.isdigit() for char in finding["reason"])


def test_conversations_are_judged_turn_by_turn(tmp_path: Path) -> None:
    def chat(*turns: tuple[str, str]) -> dict[str, Any]:
        return {"messages": [{"role": role, "content": said} for role, said in turns]}

    rows = [chat(("user", f"What about {i}?"), ("assistant", _answer(i))) for i in range(60)]
    rows[0] = chat(("user", "Hi"), ("assistant", _answer(0)), ("user", "And?"), ("assistant", " "))
    rows[1] = chat(("user", "Hi"), ("assistant", _answer(1)), ("user", "And?"))
    rows[2] = chat(("user", "Hi"), ("user", "Hello?"), ("assistant", _answer(2)))
    rows[3] = chat(("system", "Be kind."), ("user", "Hi"), ("assistant", f"Dear {{{{name}}}}, {GOOD}"))
    dataset = _load(tmp_path, rows)
    assert dataset.task == "chat"
    found = _found(_run(TEXT_QUALITY, dataset))
    assert {
        (0, "empty", "messages/3/content"), (1, "last_turn", "messages"), (2, "role_order", "messages"),
        (3, "template_leftover", "messages/2/content"),
    } <= found  # fmt: skip
    assert not {f for f in found if f[0] > 3}


def test_calls_of_tools_may_say_nothing(tmp_path: Path) -> None:
    call = {"role": "assistant", "content": None, "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]}
    result, done = {"role": "tool", "content": "3"}, {"role": "assistant", "content": "There are three of them."}
    rows = [{"messages": [{"role": "user", "content": f"How many of {i}?"}, call, result, done]} for i in range(10)]
    found = {rule for _, rule, _ in _found(_run(TEXT_QUALITY, _load(tmp_path, rows)))}
    assert not found & {"empty", "role_order", "last_turn"}


def test_pairs_that_are_the_same_or_look_swapped_are_found(tmp_path: Path) -> None:
    rows = [{"prompt": f"Tell me about {i}.", "chosen": _answer(i), "rejected": f"It is {i}."} for i in range(60)]
    rows[0]["rejected"] = rows[0]["chosen"].upper()
    rows[1]["chosen"], rows[1]["rejected"] = "I'm sorry, but I can't help with that.", _answer(1)
    dataset = _load(tmp_path, rows)
    assert dataset.task == "preference"
    found = {(row, rule) for row, rule, _ in _found(_run(TEXT_QUALITY, dataset))}
    assert {(0, "identical_pair"), (1, "swapped_pair"), (1, "refusal")} <= found
    assert not {(row, rule) for row, rule in found if rule.endswith("pair") and row > 1}


def test_answers_that_are_not_wanted_may_be_bad(tmp_path: Path) -> None:
    rows = [{"prompt": f"Tell me about {i}.", "completion": _answer(i), "label": i % 2 == 0} for i in range(60)]
    rows[1]["completion"] = rows[2]["completion"] = "I'm sorry, but I can't help with that."
    dataset = _load(tmp_path, rows)
    assert dataset.task == "unpaired_preference"
    assert {row for row, rule, _ in _found(_run(TEXT_QUALITY, dataset)) if rule == "refusal"} == {2}


def test_the_heuristics_for_pages_run_on_request(tmp_path: Path) -> None:
    pages = [{"text": f"{_answer(i)} " * 8} for i in range(30)]
    pages[0]["text"] = "Home\nAbout\nContact\nLogin\nImprint"
    dataset = _load(tmp_path, pages, task="text")
    assert not {rule for _, rule, _ in _found(_run(TEXT_QUALITY, dataset)) if rule.startswith(("gopher", "c4", "fineweb"))}
    found = {rule for row, rule, _ in _found(_run(TEXT_QUALITY, dataset, web="all")) if row == 0}
    assert {"gopher_words", "gopher_stop_words", "c4_sentences", "fineweb_line_ends", "fineweb_short_lines"} <= found
    assert "gopher_runs" in {rule for row, rule, _ in _found(_run(TEXT_QUALITY, dataset, web="gopher")) if row == 1}


def test_settings_that_mean_nothing_are_said(tmp_path: Path) -> None:
    dataset = _load(tmp_path, _sft())
    with pytest.raises(ConfigError, match="refusal"):
        _run(TEXT_QUALITY, dataset, off=("refusals",))
    with pytest.raises(ConfigError, match="language"):
        _run(TEXT_QUALITY, dataset, language="klingon")
    with pytest.raises(ValueError, match="web must be one of"):
        TEXT_QUALITY.config(web="gofer")
    with pytest.raises(ConfigError, match="likely_typo"):
        _run(NORMALISE, dataset, off=("likely_typos",))


def test_a_table_of_numbers_is_not_judged(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("age,income,label\n" + "".join(f"{i},{i * 7},{i % 2}\n" for i in range(60)))
    with pytest.raises(StageSkipped):
        _run(TEXT_QUALITY, load(path))


def test_findings_do_not_depend_on_the_number_of_threads(tmp_path: Path) -> None:
    dataset = _load(tmp_path, _sft(3000))
    one, two = (TEXT_QUALITY.detect(dataset, TEXT_QUALITY.config(), Context(threads=n)) for n in (1, 3))
    assert one.findings.equals(two.findings)
    assert one.scores is not None
    assert one.scores.equals(two.scores)


def test_the_best_copy_is_kept_by_the_scores_of_the_stage(tmp_path: Path) -> None:
    dataset = _load(tmp_path, _sft())
    score = _run(TEXT_QUALITY, dataset).hints["score"]
    rank = keep_rank(dataset, "highest_quality", quality_column="text_quality", scores=score)
    assert score[np.argsort(rank)].tolist() == sorted(score.tolist(), reverse=True)
    with pytest.raises(ConfigError, match="needs the stage"):
        keep_rank(dataset, "highest_quality", quality_column="text_quality")


def test_repairs_of_nested_and_plain_strings_give_the_repaired_text(tmp_path: Path) -> None:
    said = ["caf\u00c3\u00a9 &amp; bar", "two  words \x07here", "fine"]
    rows = [{"messages": [{"role": "user", "content": text}, {"role": "assistant", "content": _answer(i)}]}
            for i, text in enumerate(said)]  # fmt: skip
    dataset = _load(tmp_path, rows)
    edits: dict[tuple[int, str], list[tuple[int, int, str]]] = {}
    for f in _run(NORMALISE, dataset).findings.to_pylist():
        assert f["action"] == "replace"
        edits.setdefault((f["row"], f["field"]), []).append((f["start"], f["end"], f["replacement"]))
    assert {row for row, _ in edits} == {0, 1}
    for (row, pointer), spans in edits.items():
        column, path = parse_pointer(pointer)
        text = get(dataset.row(row)[column], path)
        for start, end, new in sorted(spans, reverse=True):
            text = text[:start] + new + text[end:]
        assert text == repaired(said[row])


def test_formats_and_old_rows_are_flagged_in_the_columns_beside_the_text(tmp_path: Path) -> None:
    rows = [{"text": _answer(i), "date": f"2024-01-{i % 28 + 1:02d}"} for i in range(40)]
    rows[0]["date"], rows[1]["date"] = "13/02/2024", "2019-05-05"
    dataset = _load(tmp_path, rows, roles={"text": "text", "time": "date"}, task="text")
    detection = _run(NORMALISE, dataset, stale_before="2020-01-01")
    found = {(f["row"], f["rule"], f["replacement"]) for f in detection.findings.to_pylist()}
    assert {(0, "mixed_dates", None), (1, "stale", None)} <= found
    told = {f["rule"]: f["evidence"] for f in detection.findings.to_pylist()}
    assert json.loads(told["mixed_dates"]) == {"format": "slashes", "usual": "iso"}
    assert set(detection.findings["action"].to_pylist()) == {"flag"}


def test_flags_on_birthdays_salaries_and_slips_hold_no_value_of_any_row(tmp_path: Path) -> None:
    rows = [
        {"text": f"Mr {i} will receive it here.", "born": f"1984-01-{i % 28 + 1:02d}", "pay": str(51_000 + i)}
        for i in range(80)
    ]
    rows[3]["born"], rows[4]["pay"] = "27/11/1984", "98,765.43"
    rows[5]["text"], rows[6]["text"] = "they will recieve it", "please write to recieve@example.org"
    detection = _run(NORMALISE, _load(tmp_path, rows, roles={"text": "text"}, task="text"))
    assert _found(detection) == {(3, "mixed_dates", "born"), (4, "mixed_numbers", "pay"), (5, "likely_typo", "text")}
    found = detection.findings.to_pylist()
    assert [f["replacement"] for f in found] == [None] * 3
    (slip,) = [f for f in found if f["rule"] == "likely_typo"]
    assert json.loads(slip["evidence"]) == {"times": 1, "times_likelier": 78}
    assert (slip["start"], slip["end"]) == (10, 17)
    assert not [word for word in ("1984-11-27", "98765", "receive", "27/11") if word in json.dumps([str(f) for f in found])]


def test_repairs_that_would_write_a_name_or_an_address_are_not_proposed(tmp_path: Path) -> None:
    garbled = "Иванов".encode().decode("cp1252")
    rows = [
        {"text": f"Уважаемый {garbled}, спасибо."},
        {"text": "Please write to &#97;nna.berg@example.org today  please."},
        {"text": "The caf\u00c3\u00a9 was good and it\u00e2\u20ac\u2122s open."},
    ]
    detection = _run(NORMALISE, _load(tmp_path, rows, roles={"text": "text"}, task="text"))
    found = [(f["row"], f["rule"], f["replacement"]) for f in detection.findings.to_pylist()]
    assert sorted(found) == [(1, "white_space", " "), (2, "mojibake", "\u00e9"), (2, "mojibake", "\u2019")]
    assert detection.summary["repairs_left_in_personal_data"] == 2


@pytest.mark.parametrize(
    "times",
    [
        [1_500_000_000, 1_700_000_000], [1_500_000_000_000, 1_700_000_000_000], [1.5e9, 1.7e9], [2017, 2023],
        ["2017-07-14T02:40:00Z", "2020-01-01"], ["2019-12-31 23:59:59", "2020-01-01 00:00:00"],
        [1_577_836_799, 1_577_836_800],
    ],
)  # fmt: skip
def test_rows_before_a_date_are_told_whatever_form_the_times_have(tmp_path: Path, times: list[Any]) -> None:
    rows = [{"text": _answer(i), "date": time} for i, time in enumerate([*times, times[-1], None])]
    dataset = _load(tmp_path, rows, roles={"text": "text", "time": "date"}, task="text")
    assert _found(_run(NORMALISE, dataset, stale_before="2020-01-01")) == {(0, "stale", "date")}


def test_times_of_a_parquet_file_are_compared_as_times(tmp_path: Path) -> None:
    when = [dt.datetime(2019, 12, 31, 23), dt.datetime(2020, 1, 1)]
    for name, kind in (("seconds", pa.timestamp("s")), ("zone", pa.timestamp("us", "UTC")), ("date", pa.date32())):
        path = tmp_path / f"{name}.parquet"
        pq.write_table(pa.table({"text": [_answer(1), _answer(2)], "date": pa.array(when, kind)}), path)
        dataset = load(path, roles={"text": "text", "time": "date"}, task="text")
        assert _found(_run(NORMALISE, dataset, stale_before="2020-01-01")) == {(0, "stale", "date")}


@pytest.mark.parametrize("time", ["31/01/2019", "1500000000", "Jan 2019", 20190131, True])
def test_times_that_cannot_be_compared_are_said_by_the_name_of_their_column(tmp_path: Path, time: Any) -> None:
    dataset = _load(tmp_path, [{"text": GOOD, "date": time}] * 3, roles={"text": "text", "time": "date"}, task="text")
    with pytest.raises(ConfigError, match="time column 'date'") as told:
        _run(NORMALISE, dataset, stale_before="2020-01-01")
    assert str(time) not in str(told.value).replace("2020-01-31", "")
    with pytest.raises(ValueError, match="stale_before"):
        NORMALISE.config(stale_before="31/01/2020")


def test_a_turn_in_parts_has_no_offsets_because_its_field_names_no_string(tmp_path: Path) -> None:
    said = "Dear [Your Name], " + GOOD
    rows = [
        {"messages": [{"role": "user", "content": "Tell me of plants"}, {"role": "assistant", "content": content}]}
        for content in (said, [{"type": "text", "text": "One."}, {"type": "text", "text": said}])
    ]
    found = [f for f in _run(TEXT_QUALITY, _load(tmp_path, rows)).findings.to_pylist() if f["rule"] == "template_leftover"]
    assert [(f["field"], f["start"], f["end"]) for f in found] == [
        ("messages/1/content", 5, 16), ("messages/1", None, None),
    ]  # fmt: skip


@pytest.mark.filterwarnings("error")
def test_chats_without_a_turn_of_the_assistant_are_judged_without_a_warning(tmp_path: Path) -> None:
    detection = _run(TEXT_QUALITY, _load(tmp_path, [{"messages": [{"role": "user", "content": "Hello you"}]}] * 3))
    assert set(detection.findings["rule"].to_pylist()) == {"last_turn"}


def test_the_verb_writes_a_run_with_scores_and_repairs(tmp_path: Path) -> None:
    rows = _sft()
    rows[6]["output"] += "\x07"
    _load(tmp_path, rows)
    out = tmp_path / "run"
    told = CliRunner().invoke(cli, ["quality", str(tmp_path / "rows.jsonl"), "--out", str(out), "--normalise", "--quiet"])
    assert told.exit_code == 0, told.output
    assert (out / "scores" / "text_quality.parquet").exists()
    kept = [json.loads(line) for line in (out / "curated.jsonl").read_text().splitlines()]
    assert len(kept) == len(rows) - 1
    assert kept[5]["output"] == _answer(6)


@pytest.mark.skipif(not SHARED.exists(), reason="the shared data is not here")
def test_raw_instructions_have_their_known_faults_and_the_better_answers_score_higher() -> None:
    dataset = load(SHARED / "alpaca" / "random_9k.json.gz")
    found = _found(_run(TEXT_QUALITY, dataset))
    with gzip.open(SHARED / "alpaca" / "random_9k.json.gz") as file:
        rows = json.load(file)
    empty = {i for i, row in enumerate(rows) if not row["output"].strip()}
    assert {row for row, rule, _ in found if rule == "empty"} == empty
    assert sum(rule == "placeholder_input" for _, rule, _ in found) > 50
    assert len({row for row, _, _ in found}) < 0.05 * len(rows)
