"""`curate train` and `curate generate` as a person uses them, on a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tiny_base import make_tickets

from curate import finetune
from curate.cli import main
from curate.errors import RunLockedError

Captured = pytest.CaptureFixture[str]


def curate(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)


@pytest.fixture(scope="module")
def tickets_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "tickets.jsonl"
    rows = make_tickets(150, seed=1)
    lines = [{"text": text, "label": label} for text, label in zip(rows.texts, rows.labels, strict=True)]
    lines[3]["text"] = "my visa card, mail ann.lee@example.com \x1b[31m[bold]"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def settings(base: Path, **more: Any) -> list[str]:
    given = {"base": json.dumps(str(base)), "lora_rank": 4, "steps": 30, "batch_rows": 16, "threads": 1, **more}
    return [part for key, value in given.items() for part in ("--set", f"{key}={value}")]


def test_a_file_is_trained_on_tried_and_merged(
    base: Path, tickets_file: Path, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert curate("train", tickets_file, *settings(base), "--merge", "full", "--json", "--role", "label=label") == 0
    done = json.loads(capsys.readouterr().out)
    assert done["steps"] == 30
    assert done["validation_hash"]  # a part that watches is never left out by itself
    assert done["evaluation"]["accuracy"] > 0.5
    lines = (tmp_path / "runs/tickets-train/train/final/0/metrics.jsonl").read_text().splitlines()
    assert any("validation" in json.loads(line) for line in lines)
    assert curate("generate", "runs/tickets-train", "--prompt", "visa card", "--prompt", "password", "--json") == 0
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [len(one["labels"]) for one in said] == [3, 3]
    assert curate("generate", "full", "--prompt", "visa card", "--json") == 0
    assert json.loads(capsys.readouterr().out)["labels"][0]["label"] == said[0]["labels"][0]["label"]
    for where, why in (("full", "no longer told apart"), ("runs/tickets-train", "a base has no labels")):
        assert curate("generate", where, "--prompt", "visa card", "--with-base") == 2
        assert why in capsys.readouterr().err
    assert curate("train", tickets_file, *settings(base), "--role", "label=label", "-q") == 0  # found done
    # Other settings are another run: what is there is never replaced unasked, finished or not.
    assert curate("train", tickets_file, *settings(base, steps=3), "--role", "label=label", "-q") == 2
    assert "holds a finished adapter of other settings; name another folder with --out, or replace it with --restart" in (
        capsys.readouterr().err
    )
    assert curate("train", tickets_file, *settings(base, steps=3), "--role", "label=label", "--json", "--restart") == 0
    assert json.loads(capsys.readouterr().out)["steps"] == 3
    folder = "runs/tickets-train"
    assert curate("report", folder) == 0
    assert "accuracy" in capsys.readouterr().out
    assert curate("report", folder, "--format", "markdown") == 0
    shown = capsys.readouterr().out
    assert "| held-out rows (" in shown
    assert "| accuracy |" in shown
    assert curate("report", folder, "--format", "json") == 0
    assert json.loads(capsys.readouterr().out)["steps"] == 3


def test_time_memory_disk_and_price_are_told_before_training(
    base: Path, tickets_file: Path, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    steps = finetune.WORTH_MEASURING_STEPS
    assert curate("train", tickets_file, *settings(base, steps=steps), "--price-per-hour", 2, "--role", "label=label") == 0
    before = " ".join(capsys.readouterr().err.split()).partition(f"step {steps}")[0]
    assert f"1 training run of {steps} steps with 16 rows: about" in before
    assert "At 2 an hour that costs about" in before
    assert "of memory" in before
    assert "of disk" in before


def test_rows_without_an_answer_are_told_before_training(base: Path, tmp_path: Path, capsys: Captured) -> None:
    rows = [{"prompt": f"say {i}", "completion": "" if i % 4 == 0 else f"card {i}"} for i in range(80)]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    given = settings(base, steps=2, answer_rows=0, forgetting_probe="false", max_length_tokens=64)
    assert curate("train", path, *given, "--out", tmp_path / "out") == 0
    told = capsys.readouterr().err
    assert "rows lack a text, a label or an answer and are not trained on." in told.partition("held-out rows (")[0]


def test_alerts_stand_in_markdown_and_on_the_terminal_with_what_to_do(tmp_path: Path, capsys: Captured) -> None:
    from train.watch import Facts, Watch

    (alert, *_) = Watch().see(Facts("sft", rows=9, steps=5, batch_rows=2, evaluation_rows=3, validation_rows=3))
    lines = [{"step": 1, "loss": 2.0}, {"step": 0, "alert": alert.to_json()}]
    (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    for form in ("markdown", "text", "html"):
        assert curate("report", tmp_path, "--format", form) == 0
        shown = " ".join(capsys.readouterr().out.split())
        assert "few rows" in shown.lower()
        assert "Collect more rows" in shown
    assert curate("report", tmp_path, "--format", "json") == 2
    assert "has not reached its end" in capsys.readouterr().err


def test_what_is_refused_leaves_no_folder_and_no_lock(
    base: Path, tickets_file: Path, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for more in (("--set", "lora_rnak=3"), ("--set", "target_modules=['nope']")):
        assert curate("train", tickets_file, "--role", "label=label", *settings(base), *more, "--out", "deep/out") == 2
        assert not Path("deep").exists()
    assert curate("train", "nowhere.jsonl") == 2
    assert "there is no run and no file at nowhere.jsonl; name one, or - for standard input" in capsys.readouterr().err


def test_two_trainings_never_share_a_folder(tmp_path: Path) -> None:
    again = finetune._only_trainer(tmp_path / "out")
    with finetune._only_trainer(tmp_path / "out"), pytest.raises(RunLockedError, match="another folder with --out"):
        again.__enter__()
    with finetune._only_trainer(tmp_path / "out"):
        pass


def test_spans_in_a_file_are_learned_and_marked(
    base: Path, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = []
    for i in range(90):
        head = ["please help with my", "the", "why is the"][i % 3]
        kind, label = [("visa", "CARD"), ("password", "KEY")][i % 2]
        text = f"{head} {kind} now {i}"
        rows.append({"text": text, "spans": [{"start": len(head) + 1, "end": len(head) + 1 + len(kind), "label": label}]})
    Path("rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    asked = ["train", "rows.jsonl", "--task", "text", *settings(base, spans_column="spans", learning_rate=0.01, steps=40)]
    assert curate(*asked, "--json") == 0
    done = json.loads(capsys.readouterr().out)
    assert done["evaluation"]["span_f1"] > 0.7
    assert curate("generate", "runs/rows-train", "--prompt", "why is the visa now", "--json") == 0
    assert json.loads(capsys.readouterr().out)["spans"] == [{"start": 11, "end": 15, "label": "CARD"}]
    assert curate(*asked, "--inspect", "1", "--json") == 0
    tokens = json.loads(capsys.readouterr().out)["tokens"]
    assert next(t["tag"] for t in tokens if t.get("tag", "O") != "O") == "B-KEY"


def test_the_microscope_prints_a_row_safely(
    base: Path, tickets_file: Path, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    asked = ["train", tickets_file, *settings(base), "--inspect", 3, "--role", "label=label"]
    assert curate(*asked) == 0
    shown = capsys.readouterr().out
    assert "row 3, classification" in shown
    assert "read only" in shown
    assert "[" in shown
    assert "•" in shown
    assert "\x1b" not in shown
    assert "ann" not in shown.replace("│", "")
    assert curate(*asked, "--reveal") == 0
    assert "ann.lee@example.com" in capsys.readouterr().out.replace("│", "").replace("\n", "")
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--inspect", 999), "there is no row 999"),
        (("--reveal",), "belongs to --inspect"),
        (("--set", "lora_rank"), "write KEY=VALUE"),
        (("--set", "lora_rnak=3"), "lora_rank"),
        (("--set", "target_modules=['nope']"), "valid: down_proj"),
        (("--set", "target_modules=q_proj"), 'must be a list, as in ["a", "b"]'),
    ],
)
def test_what_cannot_work_is_said_with_exit_2(
    base: Path, tickets_file: Path, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch,
    more: tuple[object, ...], said: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert curate("train", tickets_file, "--role", "label=label", *settings(base), *more) == 2
    assert said in capsys.readouterr().err


def test_generate_says_what_is_missing(tmp_path: Path, capsys: Captured) -> None:
    assert curate("generate", tmp_path / "none", "--prompt", "x") == 2
    assert "there is no adapter" in capsys.readouterr().err
    assert curate("generate", tmp_path, "--prompt", "x") == 2
    assert "holds no adapter" in capsys.readouterr().err
