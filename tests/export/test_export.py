"""`curate export`: plain rows by split, a card, Croissant metadata, configurations that name what is there."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from curate import workflow
from curate.cli.export import export_command
from curate.errors import ConfigError
from curate.rundir import RunDir

FOOD = ("bread", "soup", "rice", "cheese", "salad", "noodles", "beans", "cake")
TURNS = [
    {"from": "human", "value": "What is the weather in Oslo?"},
    {"from": "function_call", "value": '{"name": "weather", "arguments": {"city": "Oslo"}}'},
    {"from": "observation", "value": '{"sky": "rain"}'},
    {"from": "gpt", "value": "It rains in Oslo."},
]
SHAPES: dict[str, list[dict[str, Any]]] = {
    "sft": [
        {"instruction": f"How do I make {food} for {n} people?", "input": f"I have {n * 3} pans.",
         "output": f"Take {n} bowls, then {food} needs about {n * 7} minutes of patience.", "split": split}
        for n, food in enumerate(FOOD, 2) for split in (("train", "validation")[n % 2],)
    ],
    "chat": [
        {"conversations": [{**TURNS[0], "value": f"What is the weather in town {n}?"}, *TURNS[1:3],
                           {"from": "gpt", "value": f"In town {n} it rains with {n * 3} millimetres."}],
         "tools": '[{"name": "weather", "parameters": {}}]'}
        for n in range(8)
    ],
    "preference": [
        {"prompt": f"Is {food} healthy?", "chosen": f"{food} is fine in moderation, {n} times a week.",
         "rejected": f"No idea about {food}."}
        for n, food in enumerate(FOOD, 2)
    ],
    "unpaired_preference": [
        {"prompt": f"Is {food} healthy?", "completion": f"{food} is fine {n} times a week, say those who know.",
         "label": n % 2 == 0}
        for n, food in enumerate(FOOD, 2)
    ],
    "text": [{"text": f"A long walk to the {food} shop took {n} hours and my patience."} for n, food in enumerate(FOOD)],
    "classification": [{"text": f"where is my {food} number {n}", "label": ("late", "lost")[n % 2]}
                       for n, food in enumerate(FOOD)],
}  # fmt: skip


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def exported(task: str, rows: list[dict[str, Any]] | None = None, *options: str) -> Path:
    data = Path(f"{task}.jsonl")
    data.write_text("".join(json.dumps(row) + "\n" for row in rows or SHAPES[task]))
    run = Path(f"run-{task}")
    recipe = workflow.as_recipe(data).with_(stages=["exact_duplicates", "pii"], task=task)
    workflow.run(recipe, out=run, train=False)
    result = CliRunner().invoke(export_command, [str(run), "--out", f"out-{task}", *options], standalone_mode=False)
    if result.exception:
        raise result.exception
    return Path(f"out-{task}")


def rows_of(folder: Path, split: str = "train") -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "data" / f"{split}.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("task", list(SHAPES))
def test_every_task_leaves_its_rows_in_one_plain_shape(task: str) -> None:
    folder = exported(task)
    splits = {path.stem for path in (folder / "data").iterdir()}
    rows = [row for split in splits for row in rows_of(folder, split)]
    assert len(rows) == len(SHAPES[task])
    shape = {"sft": {"prompt", "completion"}, "chat": {"messages", "tools"}, "text": {"text"},
             "preference": {"prompt", "chosen", "rejected"}, "unpaired_preference": {"prompt", "completion", "label"},
             "classification": {"text", "label"}}[task]  # fmt: skip
    assert {frozenset(row) for row in rows} == {frozenset(shape)}
    if task == "sft":
        assert splits == {"train", "validation"}
        assert rows_of(folder)[0]["prompt"] == "How do I make bread for 2 people?\n\nI have 6 pans."
    if task == "chat":
        assert [turn["role"] for turn in rows[0]["messages"]] == ["user", "assistant", "tool", "assistant"]
        assert rows[0]["messages"][1]["tool_calls"][0]["function"]["name"] == "weather"
    if task == "unpaired_preference":
        assert [row["label"] for row in rows] == [True, False] * 4


@pytest.mark.parametrize("task", ["sft", "preference", "unpaired_preference"])
def test_tools_go_along_beside_turns(task: str) -> None:
    tool = {"name": "weather", "parameters": {}}
    folder = exported(task, [{**row, "tools": json.dumps([tool] if n else [])} for n, row in enumerate(SHAPES[task])],
                      "--base", "some/model")  # fmt: skip
    rows = [row for split in (folder / "data").iterdir() for row in rows_of(folder, split.stem)]
    assert sorted(len(row["tools"]) for row in rows) == [0] + [1] * (len(rows) - 1)
    assert [{"type": "function", "function": tool}] in [row["tools"] for row in rows]
    for row in rows:
        assert [turn["role"] for turn in row["prompt"]] == ["user"]
        assert [turn["role"] for turn in row["chosen" if task == "preference" else "completion"]] == ["assistant"]
    assert [path.name for path in folder.rglob("*.yaml")] == ["trl.yaml"]  # the others read no tools there


def test_things_that_are_called_tools_define_none() -> None:
    things = json.dumps([{"name": "hammer", "qty": 2}])
    folder = exported("sft", [{**row, "tools": things} for row in SHAPES["sft"]], "--base", "some/model")
    assert all(isinstance(row["prompt"], str) and "tools" not in row for row in rows_of(folder))


@pytest.mark.parametrize("task", list(SHAPES))
def test_configurations_name_files_and_columns_that_are_there(task: str) -> None:
    folder = exported(task, None, "--base", "some/model")
    configurations = {path.name: yaml.safe_load(path.read_text()) for path in folder.rglob("*.yaml")}
    assert bool(configurations) == (task != "classification")
    columns = set().union(*rows_of(folder))
    for name, found in configurations.items():
        assert "some/model" in (found.get("base_model"), found.get("model_name_or_path")), name
    if "axolotl.yaml" in configurations:
        (source,) = configurations["axolotl.yaml"]["datasets"]
        assert (folder / source["path"]).is_file()
        fields = source["type"] if isinstance(source["type"], dict) else source
        named = {v for k, v in fields.items() if k.startswith("field")}
        assert named
        assert named <= columns
    if (folder / "llamafactory").is_dir():
        info = json.loads((folder / "llamafactory" / "dataset_info.json").read_text())
        assert configurations["train.yaml"]["dataset"] in info
        for described in info.values():
            assert (folder / "llamafactory" / described["file_name"]).resolve().is_file()
            assert set(described["columns"].values()) <= columns


ASKED, KIND = {"role": "user", "content": "what is {0}"}, {"role": "system", "content": "be kind"}


@pytest.mark.parametrize("before", ["\n\nHuman: what is {0}\n\nAssistant: ", [ASKED], [KIND, ASKED]])
def test_turns_that_both_answers_of_a_pair_stand_behind_are_their_prompt(before: Any) -> None:
    """A trainer that is given an empty prompt would learn the question as a part of both answers."""

    def side(n: int, word: str) -> Any:
        filled = json.loads(json.dumps(before).replace("{0}", f"row {n}"))
        return f"{filled}{word}" if isinstance(filled, str) else [*filled, {"role": "assistant", "content": word}]

    more = {"prompt": "what is row 0 "} if before == [KIND, ASKED] else {}
    rows = [{"chosen": side(0, f"yes {n}"), "rejected": side(0, f"no {n}"), **more} for n in range(8)]
    for row in rows_of(exported("preference", rows)):
        assert [turn["role"] for turn in row["prompt"]] == (["system", "user"] if more else ["user"])
        assert [turn["role"] for name in ("chosen", "rejected") for turn in row[name]] == ["assistant"] * 2


def test_preferences_that_are_turns_keep_their_turns() -> None:
    rows = [
        {"conversations": [TURNS[0]], "chosen": {"from": "gpt", "value": f"It rains {n} hours in Oslo."},
         "rejected": {"from": "gpt", "value": "No idea."}}
        for n in range(6)
    ]  # fmt: skip
    folder = exported("preference", rows)
    first = rows_of(folder)[0]
    assert first["prompt"] == [{"role": "user", "content": TURNS[0]["value"]}]
    assert first["rejected"] == [{"role": "assistant", "content": "No idea."}]
    assert not (folder / "llamafactory").exists()


def test_what_stands_beside_a_prompt_goes_along_as_it_is_trained() -> None:
    beside = [{"system": "Answer as a cook would.", "choices": [f"{food} A", f"{food} B"], **row}
              for food, row in zip(FOOD, SHAPES["preference"], strict=True)]  # fmt: skip
    row = rows_of(exported("preference", beside))[0]
    assert row["prompt"] == "Answer as a cook would.\n\nIs bread healthy?\n\nA. bread A\nB. bread B"


def test_answers_that_are_whole_conversations_leave_their_prompt_to_it() -> None:
    whole = []
    for row in SHAPES["preference"]:
        user = {"role": "user", "content": row["prompt"]}
        sides = {side: [user, {"role": "assistant", "content": row[side]}] for side in ("chosen", "rejected")}
        whole.append({"prompt": row["prompt"], "system": "Answer as a cook would.", **sides, "messages": sides["chosen"]})
    first = rows_of(exported("preference", whole))[0]
    system, user = {"role": "system", "content": "Answer as a cook would."}, whole[0]["chosen"][0]
    assert first == {"prompt": [system, user], "chosen": whole[0]["chosen"][1:], "rejected": whole[0]["rejected"][1:]}


def test_what_was_masked_and_removed_stays_so() -> None:
    secret = "ada.lovelace@mail.example.org"
    rows = [*SHAPES["text"], SHAPES["text"][0], {"text": f"Write to {secret} about the garden behind the house."}]
    folder = exported("text", rows)
    assert len(rows_of(folder)) == len(SHAPES["text"]) + 1
    assert secret not in "".join(path.read_text() for path in folder.rglob("*") if path.is_file())


def test_added_rows_and_weights_of_the_plan_go_along() -> None:
    people = [{"text": f"{who} waited {n} hours for the train to town.", "label": ("good", "bad")[(n * n) % 3 == 1],
               "group": group} for n in range(40) for who, group in (("She", "female"), ("The crew", "other"))]  # fmt: skip
    Path("people.jsonl").write_text("".join(json.dumps(row) + "\n" for row in people))
    recipe = workflow.as_recipe("people.jsonl").with_(stages=["mitigation"], task="classification")
    recipe = recipe.with_(roles={"text": ["text"], "label": ["label"], "group": ["group"]})
    recipe = recipe.with_settings("mitigation", methods=("reweighing", "counterfactual"), on_finding="apply")
    workflow.run(recipe, out="run-people", train=False)
    done = CliRunner().invoke(export_command, ["run-people", "--out", "out-people"], standalone_mode=False)
    assert done.exception is None
    rows = rows_of(Path("out-people"))
    written = [json.loads(line) for line in Path("run-people/curated.jsonl").read_text().splitlines()]
    assert [(row["text"], row["weight"]) for row in rows] == [(row["text"], row["_weight"]) for row in written]
    assert len(rows) == 120
    assert str(Path.cwd()) not in "".join(path.read_text() for path in Path("out-people").rglob("*") if path.is_file())


def test_the_card_has_a_header_that_the_hub_reads_and_its_numbers_are_those_of_the_files() -> None:
    folder = exported("sft")
    _, header, body = (folder / "README.md").read_text().split("---\n", 2)
    found = yaml.safe_load(header)
    assert found["task_categories"] == ["text-generation"]
    assert found["size_categories"] == ["n<1K"]
    (config,) = found["configs"]
    for split in config["data_files"]:
        assert (folder / split["path"]).is_file()
        assert f"| {split['split']} | {len(rows_of(folder, split['split']))} |" in body


TURNED: dict[str, tuple[str, list[dict[str, Any]]]] = {
    **{task: (task, rows) for task, rows in SHAPES.items()},
    "plain chat": ("chat", [{"messages": [{"role": "user", "content": f"Where is town {n}?"},
                                          {"role": "assistant", "content": f"North of hill {n * 3}."}][: 1 + n % 3]}
                            for n in range(1, 9)]),
    "calls as text": ("chat", [
        {"messages": [{"role": "user", "content": f"Weather in towns {n} and {n + 9}?"},
                      {"role": "assistant", "content": None, "tool_calls": [
                          {"id": f"c{m}", "type": "function",
                           "function": {"name": "weather", "arguments": f'{{"town": {m}}}'}} for m in (n, n + 9)]},
                      {"role": "tool", "tool_call_id": f"c{n}", "content": f"rain for {n} days"},
                      {"role": "assistant", "content": f"Rain for {n} days there."}],
         "tools": [{"type": "function", "function": {"name": "weather", "description": "Says it.", "parameters": {}}}]}
        for n in range(6)]),
    "dpo turns": ("preference", [
        {"conversations": [TURNS[0]], "chosen": {"from": "gpt", "value": f"It rains {n} hours in Oslo."},
         "rejected": {"from": "gpt", "value": "No idea."}} for n in range(6)]),
    "sft turns": ("sft", [
        {"prompt": [{"role": "user", "content": f"Is {food} healthy?"}],
         "completion": [{"role": "assistant", "content": f"{food} is fine {n} times a week."}]}
        for n, food in enumerate(FOOD, 2)]),
    "kto turns": ("unpaired_preference", [
        {"messages": [{"role": "user", "content": f"Is {food} healthy?"},
                      {"role": "assistant", "content": f"{food} is fine {n} times a week."}], "label": n % 2 == 0}
        for n, food in enumerate(FOOD, 2)]),
}  # fmt: skip


def described_part(value: Any, parts: list[dict[str, Any]]) -> Any:
    """What the metadata promises of a list of objects, looked up in the file's own row."""

    def at(item: Any, way: str) -> Any:
        for key in way.split("/"):
            try:
                item = item[int(key) if isinstance(item, list) else key]
            except (KeyError, IndexError, TypeError):
                return None
        return item

    return [{part["name"]: at(item, part["name"]) for part in parts} for item in value]


@pytest.mark.parametrize("shape", list(TURNED))
def test_croissant_is_valid_and_its_records_are_the_rows(shape: str) -> None:
    croissant = pytest.importorskip("mlcroissant")
    task, rows = TURNED[shape]
    folder = exported(task, rows)
    dataset = croissant.Dataset(jsonld=str(folder / "croissant.json"))
    assert not dataset.metadata.ctx.issues.errors
    metadata = json.loads((folder / "croissant.json").read_text())

    def plain(value: Any, prefix: str) -> Any:
        if isinstance(value, list):
            return [{key.removeprefix(prefix + "/"): plain(v, key) for key, v in item.items()} for item in value]
        return value.decode() if isinstance(value, bytes) else value

    for split in metadata["recordSet"]:
        name, fields = split["name"], {field["name"]: field for field in split["field"]}
        read = [{key.split("/")[1]: plain(value, key) for key, value in row.items()} for row in dataset.records(name)]
        want = rows_of(folder, name)
        assert set(fields) == set().union(*want)
        assert read == [
            {key: described_part(row[key], field["subField"]) if "subField" in field else row[key]
             for key, field in fields.items()} for row in want
        ]  # fmt: skip
    for file in metadata["distribution"]:
        assert file["sha256"] == hashlib.sha256((folder / file["contentUrl"]).read_bytes()).hexdigest()
    parts = {field["name"]: [part["name"] for part in field.get("subField", ())] for field in split["field"]}
    if task == "chat":
        assert parts["messages"][:2] == ["role", "content"]
    if shape == "chat":
        assert "tool_calls/0/function/name" in parts["messages"]
        assert parts["tools"] == ["type", "function/name"]
    if shape == "calls as text":
        assert {"tool_call_id", "tool_calls/1/id", "tool_calls/1/function/arguments"} <= set(parts["messages"])
        assert parts["tools"] == ["type", "function/name", "function/description"]
    if shape in ("dpo turns", "kto turns"):
        assert parts["prompt"] == ["role", "content"]


def test_a_split_is_a_file_below_the_folder_whatever_it_is_called() -> None:
    rows = [{**row, "split": ("train", "../../escaped")[n % 2]} for n, row in enumerate(SHAPES["text"])]
    folder = exported("text", rows)
    assert {path.name for path in (folder / "data").iterdir()} <= {"train.jsonl", "_escaped.jsonl"}
    assert not list(Path().glob("*escaped*"))


def test_a_folder_that_holds_something_is_left_alone() -> None:
    folder = exported("text")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    result = CliRunner().invoke(export_command, ["run-text", "--out", str(folder)], standalone_mode=False)
    assert isinstance(result.exception, ConfigError)
    assert "holds something" in str(result.exception)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_decisions_that_were_not_applied_are_asked_for_before_anything_is_exported() -> None:
    from curate.ledger.decisions import append_decisions, decide

    exported("text", [*SHAPES["text"], SHAPES["text"][0]])
    findings = workflow.reopen(RunDir.open("run-text")).findings
    append_decisions(Path("run-text/decisions.jsonl"), [decide(findings, [0], "reject")])
    again = CliRunner().invoke(export_command, ["run-text", "--out", "again"], standalone_mode=False)
    assert isinstance(again.exception, ConfigError)
    assert "curate apply run-text" in str(again.exception)
    workflow.reapply("run-text")
    assert CliRunner().invoke(export_command, ["run-text", "--out", "again"], standalone_mode=False).exception is None
