"""What is forgotten is measured, and each remedy does what it says; what cannot work says what would."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_base import make_base, make_talks, make_tickets
from torch.nn import functional

from curate.errors import ConfigError, DataError
from train.config import TrainConfig
from train.examples import Examples
from train.fit import REPLAYED_FROM, with_replay
from train.forgetting import check_remedies, guide, open_probe, open_teacher, replay_rows
from train.forgetting.guide import Guide
from train.forgetting.probe import ITEMS, items
from train.forgetting.replay import PROMPTS, WRITTEN
from train.lora import adapted_model, open_workbench, score_examples, train_adapter
from train.objective import collate
from train.order import plan_steps
from train.watch import Probed, Watch


def general(n: int, first: int = 0) -> Examples:
    said = {"role": "assistant", "content": "my locked account"}
    made = tuple(({"role": "user", "content": f"why is {i % 7}"}, said) for i in range(n))
    return Examples("sft", np.arange(first, first + n), messages=made)


def batch_of(config: TrainConfig, rows: Examples) -> tuple[Any, Any, Any]:
    bench = open_workbench(config)
    objective = adapted_model(config, bench, None)
    encoded = bench.encoder.encode(rows)
    return objective, bench, collate(encoded, range(len(rows)), None, bench.tokenizer.pad_token_id)


def test_the_probe_holds_eighty_items_that_no_question_of_replay_repeats() -> None:
    parts = items()
    assert {name: len(rows) for name, rows in parts.items()} == {"statements": 40, "questions": 40}
    asked = {turns[0]["content"] for turns in parts["questions"].messages}
    replayed = set(PROMPTS.read_text().split("\n"))
    assert not asked & replayed
    assert len(set(ITEMS.read_text().splitlines())) == 80


def test_training_tells_what_was_forgotten_with_an_interval(quick: TrainConfig, tmp_path: Path) -> None:
    config = quick.replace(method="full", steps=40, learning_rate=1e-2, max_length_tokens=128, answer_rows=0)
    run = train_adapter(make_talks(60), config, tmp_path, evaluation=make_talks(9, 100), thorough=True)
    told = run.done["forgetting"]
    assert told["items"] == 80
    assert told["interval"][0] < told["rise"] < told["interval"][1]
    assert told["rise"] == pytest.approx(told["after"] - told["before"])
    assert told["rise"] > 0.5  # a rate far too high, on twelve words
    assert "forgetting" in {alert["kind"] for alert in run.done["alerts"]}
    quiet = quick.replace(steps=2, forgetting_probe=False, answer_rows=0)
    assert "forgetting" not in train_adapter(make_talks(60), quiet, tmp_path / "b", evaluation=make_talks(9, 100),
                                             thorough=True).done  # fmt: skip


def test_a_fresh_adapter_has_forgotten_nothing(quick: TrainConfig) -> None:
    bench = open_workbench(quick.replace(max_length_tokens=128))
    probe = open_probe(adapted_model(quick, bench, None), bench)
    assert probe is not None
    told, seen = probe.told(5)
    assert told["rise"] == pytest.approx(0.0, abs=1e-6)
    assert Watch().see(seen) == []


def test_the_watchdog_speaks_only_of_a_clear_rise() -> None:
    assert [a.kind for a in Watch().see(Probed(9, 4.0, 5.0, 0.6, 0.4))] == ["forgetting"]
    assert Watch().see(Probed(9, 4.0, 5.0, 0.3, 0.4)) == []


def test_replay_makes_up_its_part_of_the_rows_and_is_seen_in_every_stretch(quick: TrainConfig, tmp_path: Path) -> None:
    config = quick.replace(replay="general.jsonl", replay_fraction=0.25)
    bench = open_workbench(config)
    drawn = replay_rows(config, bench, make_talks(60), general(7), tmp_path)
    assert len(drawn) == 20
    both = with_replay(bench.encoder.encode(make_talks(60)), bench.encoder.encode(drawn))
    assert (both.ids[60:] <= REPLAYED_FROM).all()
    assert len(set(both.ids.tolist())) == 80
    plan = plan_steps(both.ids, both.lengths, steps=20, batch_rows=16, seed=0)
    assert np.mean(plan >= 60) == pytest.approx(0.25, abs=0.01)
    run = train_adapter(make_talks(60), config.replace(steps=3), tmp_path / "run", replay=general(7))
    assert (run.done["rows"], run.done["replayed_rows"]) == (60, 20)
    other = train_adapter(make_talks(60), config.replace(steps=3), tmp_path / "run", replay=general(6))
    assert not other.resumed  # other replay is another run


def test_replay_keeps_what_training_alone_loses(quick: TrainConfig, tmp_path: Path) -> None:
    before = train_adapter(general(60), quick.replace(steps=30, learning_rate=1e-2, method="full"), tmp_path / "general")
    old = str(tmp_path / "general" / "adapter")
    config = quick.replace(base=old, steps=25, learning_rate=1e-2)
    assert before.done["final_loss"] > 0
    lost = {}
    for name, change in (("alone", {}), ("replay", {"replay": "x", "replay_fraction": 0.3}), ("kl", {"base_kl": 2.0})):
        replay = general(30) if "replay" in change else None
        train_adapter(make_talks(60), config.replace(**change), tmp_path / name, replay=replay)
        from train.adapters import load_adapter

        loaded = load_adapter(tmp_path / name)
        lost[name] = score_examples(loaded.objective, general(9, 200), loaded.bench, None, None).mean()
    assert lost["replay"] < 0.5 * lost["alone"]
    assert lost["kl"] < lost["alone"]


def test_the_base_writes_its_own_replay_once(quick: TrainConfig, tmp_path: Path) -> None:
    config = quick.replace(replay="self", replay_fraction=0.2, steps=3)
    bench = open_workbench(config)
    rows = replay_rows(config, bench, make_talks(60), None, tmp_path)
    questions = set(PROMPTS.read_text().split("\n"))
    assert all(turns[0]["content"] in questions for turns in rows.messages)
    assert 8 <= len(rows) <= 15
    written = (tmp_path / WRITTEN).read_bytes()
    again = replay_rows(config, bench, make_talks(60), None, tmp_path)
    assert again.fingerprint() == rows.fingerprint()
    assert (tmp_path / WRITTEN).read_bytes() == written
    (tmp_path / WRITTEN).unlink()
    assert replay_rows(config, bench, make_talks(60), None, tmp_path).fingerprint() == rows.fingerprint()
    run = train_adapter(make_talks(60), config, tmp_path / "run")
    assert run.done["replayed_rows"] == len(rows)


def test_the_divergence_from_the_base_is_the_definition_and_nothing_for_a_fresh_adapter(quick: TrainConfig) -> None:
    config = quick.replace(base_kl=0.5)
    objective, bench, batch = batch_of(config, make_talks(6))
    objective.model.eval()
    plain = objective.loss(batch, config).item()
    guide(objective, config, bench, None)
    assert objective.loss(batch, config).item() == pytest.approx(plain, abs=1e-4)
    with torch.no_grad():
        base = objective.token_logits(batch).log_softmax(-1)
        for name, parameter in objective.model.named_parameters():
            if "lora_B" in name:
                parameter.add_(torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1)) * 0.2)
        model = objective.token_logits(batch).log_softmax(-1)
        targets = functional.nll_loss(model, batch.targets, reduction="sum").item()
        by_hand = targets + 0.5 * functional.kl_div(model, base, reduction="sum", log_target=True).item()
    assert by_hand > targets + 0.1
    assert objective.loss(batch, config).item() == pytest.approx(by_hand, rel=1e-4)


@pytest.mark.parametrize("method", ["full", "ia3"])
def test_every_method_can_be_held_to_its_base(method: str, quick: TrainConfig, tmp_path: Path) -> None:
    config = quick.replace(method=method, base_kl=0.3, steps=3, learning_rate=1e-2)
    assert np.isfinite(train_adapter(make_talks(30), config, tmp_path).done["final_loss"])


def test_distillation_is_the_papers_and_a_student_learns_from_its_teacher(quick: TrainConfig, tmp_path: Path) -> None:
    config = quick.replace(distillation_weight=0.25, distillation_temperature=3.0)
    objective, _, batch = batch_of(config, make_talks(6))
    objective.model.eval()
    wanted = torch.randn(len(batch.targets), 400, generator=torch.Generator().manual_seed(0))
    objective.guides.append(Guide(lambda asked: wanted, 0.25, 3.0, replaces=True))
    with torch.no_grad():
        logits = objective.token_logits(batch)
        size = min(logits.shape[-1], 400)
        ours, theirs = (x[:, :size].div(3.0).log_softmax(-1) for x in (logits, wanted))
        by_hand = 0.75 * functional.cross_entropy(logits, batch.targets, reduction="sum").item()
        by_hand += 0.25 * 9 * functional.kl_div(ours, theirs, reduction="sum", log_target=True).item()
    assert objective.loss(batch, config).item() == pytest.approx(by_hand, rel=1e-4)
    teach = quick.replace(method="full", steps=30, learning_rate=1e-2)
    train_adapter(make_talks(60), teach, tmp_path / "teacher")
    right = make_talks(60)
    other = {"role": "assistant", "content": "my locked account"}
    wrong = Examples("sft", right.ids, messages=tuple((turns[0], other) for turns in right.messages))
    taught = teach.replace(teacher=str(tmp_path / "teacher"), distillation_weight=1.0)
    run = train_adapter(wrong, taught, tmp_path / "student", evaluation=make_talks(9, 100))
    alone = train_adapter(wrong, teach, tmp_path / "alone", evaluation=make_talks(9, 100))
    assert run.scores is not None
    assert alone.scores is not None
    assert run.scores.mean() < alone.scores.mean() - 0.5  # it learned the teacher's answers, not the wrong ones


def test_a_classifier_teaches_another_whatever_its_tokens(quick: TrainConfig, tickets: Examples, tmp_path: Path) -> None:
    other = make_base(tmp_path / "other", vocabulary=300, hidden=64, seed=3)
    held = make_tickets(40, seed=2, first_id=900)
    train_adapter(tickets, quick.replace(base=str(other), steps=25), tmp_path / "teacher", evaluation=held)
    config = quick.replace(teacher=str(tmp_path / "teacher"), steps=25, distillation_weight=0.7)
    run = train_adapter(tickets, config, tmp_path / "student", evaluation=held)
    assert run.scores is not None
    assert run.scores.mean() > 0.6


def test_what_cannot_help_says_what_would(quick: TrainConfig, tickets: Examples, base: Path, tmp_path: Path) -> None:
    for name, value in (("replay", "self"), ("base_kl", 0.5)):
        with pytest.raises(ConfigError, match=rf"{name} keeps what a base can write.*fewer layers, method = 'ia3'"):
            check_remedies(quick.replace(**{name: value}), tickets)
    strange = make_base(tmp_path / "strange", vocabulary=300)
    with pytest.raises(ConfigError, match=r"has another vocabulary .* tokens are the same.*let it write the answers"):
        open_teacher(quick.replace(teacher=str(strange)), open_workbench(quick), None)
    with pytest.raises(ConfigError, match="is no trained classifier; train one with"):
        open_teacher(quick.replace(teacher=str(base)), open_workbench(quick), ["a", "b"])
    train_adapter(make_talks(20), quick.replace(steps=2), tmp_path / "writer")
    with pytest.raises(ConfigError, match="writes, and these rows are learned as classes"):
        open_teacher(quick.replace(teacher=str(tmp_path / "writer")), open_workbench(quick), ["a", "b"])
    train_adapter(tickets, quick.replace(steps=2), tmp_path / "judge")
    with pytest.raises(ConfigError, match="does not know 1 of the 2 classes"):
        open_teacher(quick.replace(teacher=str(tmp_path / "judge")), open_workbench(quick), ["card", "other"])
    texts = Examples("text", np.arange(3), texts=("a b", "c d", "e f"))
    bench = open_workbench(quick)
    with pytest.raises(DataError, match="both must be texts, or both hold answers"):
        replay_rows(quick.replace(replay="x"), bench, make_talks(9), texts, tmp_path)
    with pytest.raises(ConfigError, match="for task text name a file of texts"):
        replay_rows(quick.replace(replay="self"), bench, texts, None, tmp_path)


def test_a_teacher_of_the_same_family_may_be_a_plain_model(quick: TrainConfig, base: Path) -> None:
    teacher = open_teacher(quick.replace(teacher=str(base)), open_workbench(quick), None)
    assert not any(p.requires_grad for p in teacher.objective.model.parameters())
    assert teacher.fingerprint == open_workbench(quick).fingerprint
