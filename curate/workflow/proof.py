"""The trainer called on a run: every arm trained and compared, its events kept where a screen can follow them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import orjson

from curate.dataset import make_private_dir
from curate.dataset.compression import file_hash
from curate.errors import MissingExtraError
from curate.house import need, require
from curate.workflow.result import RunResult

TrainListener = Callable[[Mapping[str, Any]], None]


def prove(
    result: RunResult,
    training: TrainListener,
    cancelled: Callable[[], bool],
    asked: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Train every arm and compare; writes `ablation.json` and returns it."""
    from curate import arms

    log = result.run.path / "train" / "events.jsonl"
    make_private_dir(log.parent)
    with log.open("wb", buffering=0) as events:
        # Screens follow these events, so that training can run in a process of its own and be watched from another.
        def tell(event: Mapping[str, Any]) -> None:
            events.write(orjson.dumps(dict(event), option=orjson.OPT_SERIALIZE_NUMPY) + b"\n")
            training(event)

        wish = arms.Asked.of(result.detected.recipe, **(asked or {}))
        outcome = arms.prove(result.detected, result.curated, result.run.path, tell, cancelled, wish)
    outcome["plan_hash"] = file_hash(result.run.path / "plan.parquet")
    result.run.write_json("ablation.json", outcome)
    return outcome


def trainer_present() -> None:
    """Raise now, not after an hour of work, when the trainer's packages are missing."""
    require("train")
    try:
        need("train", "torch", "transformers", "peft", "accelerate", "safetensors")
    except MissingExtraError as error:
        raise MissingExtraError(error.extra, f"{error.module}; or leave training out with --no-train; the module") from None


def names_exist(asked: Mapping[str, Any], stages: Iterable[str]) -> None:
    """Raise ConfigError now, not after the data was read again, where a stage or a part that is asked about is none."""
    from curate import arms

    require("train.ablation.beyond.wish").checked_parts(asked.get("beyond") or ())
    arms.known_stages([name for name in asked.get("stages") or () if name != "all"], stages)
