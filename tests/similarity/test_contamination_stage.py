"""The contamination stage on real files: what goes, what is flagged, what each finding names."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

import curate
from curate.dataset import Dataset, load
from curate.errors import Cancelled, ConfigError, DataError, StageSkipped
from curate.recipe import Recipe
from curate.similarity.index import Index, IndexConfig
from curate.stages import contamination
from curate.stages.against import contents_hash, questions, read_items
from curate.stages.base import Context, Detection

DATA = Path(__file__).parents[2].parent / "shared" / "data"
ASKED = "how many litres of water does a thirsty camel drink at once"
TALE = (
    "a farmer keeps twelve hens and each of them lays five eggs a week so he sells the eggs at the market on saturday "
    "for three coins a dozen and wants to know how many weeks pass until he can buy a goat for forty coins"
)
CHATTER = "good morning I hope this finds you well because my teacher gave us homework again and here it is now"
OTHER = "the card machine in the shop on the corner does not accept my new card although it worked there yesterday"


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    text = "".join(json.dumps(row) + "\n" for row in rows).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path


def texts(tmp_path: Path, *rows: tuple[str, str]) -> Dataset:
    path = write(tmp_path / "rows.jsonl", [{"text": text, "split": split} for text, split in rows])
    return load(path, roles={"text": "text", "split": "split"}, task="text")


def sft(path: Path, *rows: tuple[str, str]) -> Dataset:
    return load(write(path, [{"prompt": prompt, "completion": answer} for prompt, answer in rows]))


def look(data: Dataset, context: Context | None = None, **settings: Any) -> Detection:
    config = contamination.ContaminationConfig(**settings)
    return contamination.STAGE.detect(data, config, context or Context(threads=2))


def brief(found: Detection) -> set[tuple[int, str, str, int | None]]:
    return set(zip(*(found.findings[c].to_pylist() for c in ("row", "rule", "action", "witness_row")), strict=True))


def evidence(found: Detection) -> list[dict[str, Any]]:
    return [json.loads(text) for text in found.findings["evidence"].to_pylist()]


def test_a_training_row_that_holds_an_evaluation_question_goes_and_names_it(tmp_path: Path) -> None:
    rows = [(f"{CHATTER} {ASKED} thanks", "train"), (OTHER, "train"), (ASKED, "test"), (TALE, "validation")]
    found = look(texts(tmp_path, *rows))
    assert brief(found) == {(0, "leaks_split", "drop", 2)}
    said = evidence(found)[0]
    assert said == {"split": "test", "covered": 1.0, "words": 12, "longest_run": 12, "at_word": len(CHATTER.split())}
    assert found.summary["leakage"] == [
        {"kind": "evaluation split", "set": "test", "items": 1, "found": 1, "rows": 1, "only_whole": 0},
        {"kind": "evaluation split", "set": "validation", "items": 1, "found": 0, "rows": 0, "only_whole": 0},
    ]


def test_evaluation_rows_never_go_for_training_rows_and_validation_gives_way_to_test(tmp_path: Path) -> None:
    long = f"{CHATTER} {ASKED}"
    assert brief(look(texts(tmp_path, (ASKED, "train"), (long, "test")))) == set()
    assert brief(look(texts(tmp_path, (long, "validation"), (ASKED, "test")))) == {(0, "leaks_split", "drop", 1)}
    assert brief(look(texts(tmp_path, (ASKED, "validation"), (long, "test")))) == set()


def test_an_evaluation_row_in_two_splits_counts_in_each(tmp_path: Path) -> None:
    found = look(texts(tmp_path, (ASKED, "validation"), (f"{CHATTER} {ASKED}", "train"), (ASKED, "test")))
    assert brief(found) == {(0, "leaks_split", "drop", 2), (1, "leaks_split", "drop", 2)}
    assert {(k["set"], k["found"]) for k in found.summary["leakage"]} == {("test", 1), ("validation", 1)}


def test_exact_copies_are_left_to_their_own_stage_but_counted(tmp_path: Path) -> None:
    data = texts(tmp_path, (ASKED, "train"), (f"{CHATTER} {ASKED}", "train"), (ASKED, "test"))
    found = curate.detect(data, Recipe().with_(stages=["exact_duplicates", "contamination"]))
    mine = found.outcomes["contamination"].detection
    assert brief(mine) == {(1, "leaks_split", "drop", 2)}
    assert mine.summary["training_rows_that_leak"] == 2
    plan = found.resolve()
    assert plan.kept_rows.tolist() == [2]


@pytest.mark.parametrize("policy", ["first", "last"])
def test_a_leaking_row_names_an_evaluation_row_that_stays(tmp_path: Path, policy: str) -> None:
    data = texts(tmp_path, (ASKED, "test"), (f"{CHATTER} {ASKED}", "train"), (TALE, "test"), (ASKED, "test"),
                 (f"{ASKED} {TALE}", "validation"), (f"{CHATTER} {ASKED} {TALE}", "train"))  # fmt: skip
    recipe = Recipe.parse({"keep": {"policy": policy}, "run": {"stages": ["exact_duplicates", "contamination"]}})
    plan = curate.detect(data, recipe).resolve()
    gone = plan.applied("drop").select(["row", "witness_row"]).to_pylist()
    kept = set(plan.kept_rows.tolist())
    assert kept == ({0, 2} if policy == "first" else {2, 3})
    assert all(drop["witness_row"] in kept for drop in gone)
    assert len(gone) == 4


def test_a_short_sentence_inside_a_longer_row_is_flagged_and_one_that_is_the_whole_question_goes(tmp_path: Path) -> None:
    rows = [
        {"prompt": f"{CHATTER} where is the old mill", "completion": "no idea", "split": "train"},
        {"prompt": "Where is the old mill?", "completion": "at the river", "split": "train"},
        {"prompt": "Who composed Tetris", "completion": "somebody", "split": "train"},
        {"prompt": "where is the old mill", "completion": "over there", "split": "test"},
        {"prompt": "who composed “Tetris”?", "completion": "Tanaka", "split": "test"},
    ]
    found = look(load(write(tmp_path / "a.jsonl", rows)))
    assert brief(found) == {(0, "shares_passage", "flag", 3), (1, "leaks_split", "drop", 3), (2, "leaks_split", "drop", 4)}
    assert found.summary["leakage"][0]["only_whole"] == 1


def test_an_evaluation_question_with_other_figures_is_another_question_but_no_other_text(tmp_path: Path) -> None:
    asked = "a bus leaves town with 53 passengers and at each of {} stops on its way 4 people get off how many are left"
    rows = [
        {"prompt": asked.format(4), "completion": "53 - 16 = 37", "split": "train"},
        {"prompt": f"{CHATTER} {asked.format(3)}", "completion": "53 - 12 = 41", "split": "train"},
        {"prompt": asked.format("some of the"), "completion": "that depends", "split": "train"},
        {"prompt": asked.format(3), "completion": "41", "split": "test"},
    ]
    found = look(load(write(tmp_path / "t.jsonl", rows)))
    assert brief(found) == {
        (0, "shares_passage", "flag", 3), (1, "leaks_split", "drop", 3), (2, "leaks_split", "drop", 3),
    }  # fmt: skip
    assert found.summary["leakage"][0]["rows"] == 2
    plain = texts(tmp_path, *((row["prompt"], row["split"]) for row in rows))
    assert {(row, action) for row, _, action, _ in brief(look(plain))} == {(0, "drop"), (1, "drop"), (2, "drop")}


def test_a_prompt_that_everybody_uses_is_flagged_not_removed(tmp_path: Path) -> None:
    rows = [{"prompt": "tell me a joke", "completion": f"joke {k}", "split": "train"} for k in range(30)]
    rows.append({"prompt": "tell me a joke", "completion": "the last one", "split": "test"})
    found = look(load(write(tmp_path / "a.jsonl", rows)))
    assert {rule for _, rule, _, _ in brief(found)} == {"shares_passage"}


def test_items_of_another_file_are_named_by_file_number_and_id_and_their_text_appears_nowhere(tmp_path: Path) -> None:
    bench = sft(tmp_path / "bench.jsonl.gz", (TALE, "27"), (ASKED, "a secret answer"))
    data = sft(tmp_path / "train.jsonl", (OTHER, "yes"), (f"{CHATTER} {TALE}", "no"))
    found = look(data, against=(str(tmp_path / "bench.jsonl.gz"),))
    assert brief(found) == {(1, "matches_benchmark", "drop", None)}
    said = evidence(found)[0]
    assert (said["set"], said["item"], said["item_id"]) == ("bench.jsonl.gz", 0, bench.row_ids[0].as_py().hex())
    assert "farmer" not in json.dumps(found.findings.drop(["row_id", "finding_id"]).to_pylist())
    leak = found.summary["leakage"][0]
    assert (leak["kind"], leak["items"], leak["found"], leak["rows"]) == ("named set", 2, 1, 1)


def test_an_index_and_the_files_it_was_made_of_give_the_same_findings(tmp_path: Path) -> None:
    names = ["a.jsonl", "b.jsonl"]
    sft(tmp_path / "a.jsonl", (TALE, "27"))
    sft(tmp_path / "b.jsonl", (ASKED, "57"), (OTHER, "no"))
    index = Index.create(tmp_path / "both.index")
    for name in reversed(names):
        index.add(read_items(str(tmp_path / name), IndexConfig(), 1))
    data = sft(tmp_path / "train.jsonl", (f"{CHATTER} {ASKED}", "x"), (TALE, "28"), (CHATTER, "y"))
    files = look(data, against=tuple(str(tmp_path / name) for name in names))
    one = look(data, against=(str(index.path),))
    assert brief(files) == brief(one) == {(0, "matches_benchmark", "drop", None), (1, "matches_benchmark", "drop", None)}
    assert [{k: v for k, v in e.items() if k != "index"} for e in evidence(one)] == evidence(files)
    assert {e["index"] for e in evidence(one)} == {"both.index"}
    assert [k["set"] for k in one.summary["leakage"]] == ["a.jsonl in both.index", "b.jsonl in both.index"]


def test_earlier_data_removes_what_nearly_repeats_it_and_nothing_that_merely_holds_it(tmp_path: Path) -> None:
    sft(tmp_path / "may.jsonl", (TALE, "the answer is twenty seven weeks"))
    data = sft(
        tmp_path / "june.jsonl",
        (TALE.replace("goat", "cow"), "the answer is twenty seven weeks"),
        (f"{CHATTER} {TALE} {OTHER}", "the answer is twenty seven weeks"),
    )
    found = look(data, earlier=(str(tmp_path / "may.jsonl"),))
    assert brief(found) == {(0, "matches_earlier", "drop", None)}
    assert evidence(found)[0]["jaccard"] > 0.8
    assert found.summary["leakage"][0]["kind"] == "earlier data"


def test_only_rows_of_the_training_side_are_compared_with_other_files(tmp_path: Path) -> None:
    sft(tmp_path / "bench.jsonl", (ASKED, "57"))
    rows = [{"prompt": ASKED, "completion": "57", "split": split} for split in ("train", "test", "validation")]
    found = look(load(write(tmp_path / "a.jsonl", rows)), against=(str(tmp_path / "bench.jsonl"),))
    rules = {(row, rule) for row, rule, _, _ in brief(found)}
    assert rules == {(0, "leaks_split"), (0, "matches_benchmark"), (2, "leaks_split")}


def test_conversations_are_items_by_the_longest_thing_a_user_says(tmp_path: Path) -> None:
    def talk(*turns: str) -> dict[str, Any]:
        roles = ("system", "user", "assistant", "user", "assistant")
        return {"messages": [{"role": r, "content": t} for r, t in zip(roles, turns, strict=False)]}

    bench = load(write(tmp_path / "bench.jsonl", [talk("you are kind", "hi", "hello there", ASKED, "57")]))
    assert questions(bench).to_pylist() == [ASKED]
    talks = [talk("be brief", f"{CHATTER} {ASKED}?", "57"), talk("be brief", OTHER, "yes")]
    data = load(write(tmp_path / "t.jsonl", talks))
    assert brief(look(data, against=(str(tmp_path / "bench.jsonl"),))) == {(0, "matches_benchmark", "drop", None)}


def test_with_nothing_to_compare_with_the_stage_says_so(tmp_path: Path) -> None:
    with pytest.raises(StageSkipped, match="no evaluation split"):
        look(sft(tmp_path / "a.jsonl", (TALE, "27")))
    with pytest.raises(StageSkipped):
        look(texts(tmp_path, (ASKED, "test"), (TALE, "test")))


@pytest.mark.parametrize("settings", [{"coverage": 0.0}, {"run_words": 3}, {"similarity": 1.5}])
def test_settings_out_of_range_name_the_stage(tmp_path: Path, settings: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=r"\[stages.contamination\]"):
        look(texts(tmp_path, (ASKED, "test"), (TALE, "train")), **settings)


def test_an_index_for_a_higher_similarity_than_asked_for_is_refused(tmp_path: Path) -> None:
    index = Index.create(tmp_path / "i", IndexConfig(similarity=0.9))
    data = sft(tmp_path / "a.jsonl", (TALE, "27"))
    with pytest.raises(ConfigError, match=r"--similarity 0\.8"):
        look(data, against=(str(index.path),))


def test_files_that_are_not_there_are_said_before_any_work(tmp_path: Path) -> None:
    data = sft(tmp_path / "a.jsonl", (TALE, "27"))
    ran: list[str] = []
    recipe = Recipe().with_settings("contamination", against=[str(tmp_path / "no.jsonl")])
    with pytest.raises(DataError, match=r"no\.jsonl: no such file"):
        curate.detect(data, recipe, listener=lambda event: ran.append(event.stage))
    with pytest.raises(DataError, match="folder and not an index"):
        contents_hash(str(tmp_path))
    assert ran == []


def test_paths_in_a_recipe_are_relative_to_it(tmp_path: Path) -> None:
    sft(tmp_path / "bench.jsonl", (ASKED, "57"))
    (tmp_path / "curate.toml").write_text('[stages.contamination]\nagainst = ["bench.jsonl"]\n')
    recipe = Recipe.load(tmp_path / "curate.toml")
    assert recipe.choice("contamination").config.against == (str(tmp_path / "bench.jsonl"),)
    assert Recipe.parse(recipe.to_dict()).choice("contamination") == recipe.choice("contamination")


def test_a_changed_set_is_compared_again_and_an_unchanged_one_is_not(tmp_path: Path) -> None:
    bench = write(tmp_path / "bench.jsonl", [{"prompt": OTHER, "completion": "x"}])
    write(tmp_path / "a.jsonl", [{"prompt": f"{CHATTER} {ASKED}", "completion": "57"}] * 2)
    recipe = Recipe().with_(input=str(tmp_path / "a.jsonl"), stages=["contamination"])
    recipe = recipe.with_settings("contamination", against=[str(bench)])

    def status() -> tuple[str, int]:
        done = curate.run(recipe, out=tmp_path / "run", train=False)
        outcome = done.detected.outcomes["contamination"]
        return outcome.status, outcome.detection.findings.num_rows

    assert [status(), status()] == [("done", 0), ("cached", 0)]
    write(bench, [{"prompt": ASKED, "completion": "x"}])
    assert [status(), status()] == [("done", 2), ("cached", 2)]


def test_it_stops_when_asked_to_and_threads_change_nothing(tmp_path: Path) -> None:
    rows = [(f"{OTHER} number {k} {ASKED if k % 3 == 0 else ''}", "train") for k in range(60)]
    data = texts(tmp_path, *rows, (ASKED, "test"), (TALE, "validation"))
    with pytest.raises(Cancelled):
        look(data, Context(cancelled=lambda: True))
    one, two = look(data, Context(threads=1)), look(data, Context(threads=3))
    assert one.findings.equals(two.findings)
    assert one.summary == two.summary
    seen: list[float] = []
    look(data, Context(progress=lambda done, total: seen.append(done / total)))
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


@pytest.mark.skipif(not DATA.is_dir(), reason="needs the shared data")
def test_every_test_question_is_found_in_the_file_of_model_solutions() -> None:
    data = load(DATA / "gsm8k/example_model_solutions.jsonl.gz")
    found = look(data, against=(str(DATA / "gsm8k/test.jsonl.gz"), str(DATA / "benchmarks/TruthfulQA.csv")))
    leaks = {k["set"]: (k["items"], k["found"], k["rows"]) for k in found.summary["leakage"]}
    assert leaks == {"test.jsonl.gz": (1319, 1319, 1319), "TruthfulQA.csv": (790, 0, 0)}
    assert [e["item"] for e in evidence(found)] == list(range(1319))


@pytest.mark.skipif(not DATA.is_dir(), reason="needs the shared data")
def test_training_and_test_questions_of_one_source_share_passages_but_no_question() -> None:
    found = look(load(DATA / "gsm8k/train.jsonl.gz"), against=(str(DATA / "gsm8k/test.jsonl.gz"),))
    assert {(row, rule) for row, rule, _, _ in brief(found)} == {(r, "shares_passage") for r in (20, 1314, 5162)}
