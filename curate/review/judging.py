"""Answers of the base, the raw and the curated adapter to held-out prompts, for a person to compare blindly.

`judge/outputs.jsonl` in the run holds what each arm wrote, made once for a set of adapters; `judge/votes.jsonl` what people
said, one line a vote, appended and flushed; `judge/judged.json` the win rates, which the run's report shows. The base
always takes part.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import xxhash

from curate import workflow
from curate.arms import training_sides
from curate.arms.evaluation import held_out, together
from curate.dataset import atomic_write_bytes, make_private_dir
from curate.dataset.compression import file_hash
from curate.dataset.content import flatten
from curate.errors import ConfigError, CurateError, DataError
from curate.house import require
from curate.ledger import answer_file
from curate.ledger.apply import apply
from curate.ledger.decisions import login_name, read_journal
from curate.pipeline import Detected
from curate.privacy.config import ScanConfig
from curate.privacy.operators import mask_column
from curate.privacy.scanner import scan
from curate.recipe import Recipe
from curate.rundir import RunDir
from curate.safetext import safe_text
from curate.stages.private import private_values
from curate.words import plural

FOLDER = "judge"
BASE = "base"
ARMS = ("raw", "curated")
REPEAT_EVERY = 10
WEIGHTS = "adapter_model.safetensors"


@dataclass(frozen=True)
class Question:
    """A prompt and two answers to it."""

    prompt: int
    """Row of the raw data; what was found to be private there is hidden in the texts."""
    asked: str
    first: str
    second: str
    """The arms, by name."""
    answers: tuple[str, str]
    """In the order in which they are shown."""
    swapped: bool
    """Whether the second arm's answer is shown first."""


class Judging:
    """One run's comparison of answers."""

    def __init__(
        self, run: RunDir, prompts: int, new_tokens: int, tell: Callable[[str], None] = lambda words: None,
        detected: Detected | None = None,
    ) -> None:  # fmt: skip
        self.run = run
        self._detected = detected
        self.folder = run.path / FOLDER
        self._judged = require("audit.review.judged")
        self._tell = tell
        self.outputs = self._outputs(prompts, new_tokens)
        self.arms = tuple(name for name in next(iter(self.outputs.values())) if name != "prompt")

    # -- outputs ----------------------------------------------------------------------------------------------------

    @classmethod
    def ready(cls, run: RunDir, prompts: int, new_tokens: int) -> bool:
        """Whether the answers are there already, so that nobody waits for a model."""
        adapters = cls._adapters_of(run)
        try:
            with (run.path / FOLDER / "outputs.jsonl").open("rb") as held:
                head = orjson.loads(held.readline())
        except (OSError, ValueError):
            return False
        return bool(adapters) and head == _asked_for(adapters, prompts, new_tokens)

    def _outputs(self, prompts: int, new_tokens: int) -> dict[int, dict[str, str]]:
        """What each arm answers, by row; read where it was written for the same adapters and settings."""
        adapters = self._adapters_of(self.run)
        if not adapters:
            raise ConfigError(f"{self.run.path} holds no trained arms; `curate ablate {self.run.path}` trains them")
        asked = _asked_for(adapters, prompts, new_tokens)
        self._wrote = {arm: (folder, asked["adapters"][arm]) for arm, folder in adapters.items()}
        path = self.folder / "outputs.jsonl"
        if path.is_file():
            head, *lines = [orjson.loads(line) for line in path.read_bytes().splitlines()]
            if head == asked:
                return {int(line.pop("row")): line for line in lines}
        made = self._written(adapters, prompts, new_tokens)
        make_private_dir(self.folder)
        rows = [asked, *({"row": row, **answers} for row, answers in made.items())]
        atomic_write_bytes(path, b"".join(orjson.dumps(row) + b"\n" for row in rows))
        return made

    @staticmethod
    def _adapters_of(run: RunDir) -> dict[str, Path]:
        """The arms' adapters of the lowest seed that they share, else each one's lowest."""
        found: dict[str, dict[int, Path]] = {}
        for arm in ARMS:
            files = (run.path / "train" / arm).glob(f"*/adapter/{WEIGHTS}")
            if by_seed := {int(f.parts[-3]): f.parent for f in files if f.parts[-3].isdecimal()}:
                found[arm] = by_seed
        shared = set.intersection(*map(set, found.values())) if found else set()
        return {arm: by_seed[min(shared or by_seed)] for arm, by_seed in found.items()}

    def _written(self, adapters: Mapping[str, Path], prompts: int, new_tokens: int) -> dict[int, dict[str, str]]:
        workflow.trainer_present()
        detected = workflow.reopen(self.run)
        group = together(detected)
        curated = apply(detected.dataset, detected.resolve(read_journal(self.run.decisions_path)))
        *_, evaluation, _ = training_sides(detected, curated, held_out(detected, group), group)
        if not evaluation.messages:
            raise ConfigError(f"answers are judged where a model writes them; a {evaluation.task} model's are scored")
        answered = (any(turn["role"] == "assistant" for turn in turns[1:]) for turns in evaluation.messages)
        with_prompt = [i for i, found in enumerate(answered) if found]
        if not with_prompt:
            raise DataError("no held-out row has a prompt and an answer to it, so there is nothing to compare")
        step = max(1, len(with_prompt) // prompts)
        chosen = evaluation.take(np.array(with_prompt[::step][:prompts], np.int64))
        out: dict[int, dict[str, str]] = {int(row): {"prompt": _asked(turns)} for row, turns in
                                          zip(chosen.ids.tolist(), chosen.messages, strict=True)}  # fmt: skip
        write, context_tokens = require("train.decode").write_answers, require("train.base").context_tokens
        answers = f"{plural(len(chosen), 'prompt')}, at most {new_tokens} tokens each"
        for number, (arm, folder) in enumerate(adapters.items()):
            self._tell(f"{arm}{' and base write' if number == 0 else ' writes'} for {answers} …")
            loaded = require("train.adapters").load_adapter(folder)
            asked = (loaded.objective, loaded.bench, chosen, new_tokens, context_tokens(loaded.bench.source))
            if number == 0:
                with loaded.objective.model.disable_adapter():
                    self._take(out, BASE, chosen, write(*asked)[0])
            self._take(out, arm, chosen, write(*asked)[0])
        return out

    @staticmethod
    def _take(out: dict[int, dict[str, str]], arm: str, chosen: Any, answers: Sequence[str]) -> None:
        for row, answer in zip(chosen.ids.tolist(), answers, strict=True):
            out[int(row)][arm] = answer

    # -- questions and votes ----------------------------------------------------------------------------------------

    @property
    def votes_path(self) -> Path:
        """Where votes are kept."""
        return self.folder / "votes.jsonl"

    def votes(self) -> list[Any]:
        """All votes on the present answers, oldest first; those on answers of other adapters stay in the file."""
        out = self._judged.standing(answer_file.read(self.votes_path, self._judged.vote_of, "vote"))
        return [vote for vote in out if vote.answers == self._hash(vote.prompt, vote.first, vote.second)]

    def _hash(self, row: int, a: str, b: str) -> str | None:
        """Of the present answers of two arms to a prompt; None where one of them gave none."""
        said = self.outputs.get(row, {})
        return xxhash.xxh3_64_hexdigest(orjson.dumps([said[a], said[b]])) if a in said and b in said else None

    def questions(self, actor: str) -> list[Question]:
        """What this person has not been asked yet, pairs in turn; prompts that both answer alike are left out."""
        done = {(v.prompt, v.first, v.second) for v in self.votes() if v.actor == actor}
        order = self._judged.question_order(sorted(self.outputs), self._judged.pairs_of(self.arms))
        return [
            self._question(row, a, b) for row, a, b in order if (row, a, b) not in done and not self._alike(row, a, b)
        ]

    def again(self, question: Question) -> Question:
        """The same question with its answers the other way round."""
        return self._question(question.prompt, question.first, question.second, again=True)

    @cached_property
    def _hidden(self) -> Callable[[int, str], str]:
        """Takes out of a text of a row what the run found there, noted names too: nobody needs to read them to weigh two
        answers. Where the data is gone, what lies here is judged all the same, without the people that the scanner sees."""
        try:
            detected = self._detected or workflow.reopen(self.run, as_found=True)
        except CurateError:
            recipe = Recipe.parse(self.run.manifest()["recipe"])
            named = "pii" in recipe.stage_names() and recipe.choice("pii").config.names != "off"
            return lambda row, text: _without_people(text) if named else text
        return private_values(detected.dataset, detected.findings).hidden

    def _question(self, row: int, a: str, b: str, *, again: bool = False) -> Question:
        said = {name: self._hidden(row, text) for name, text in self.outputs[row].items()}
        swapped = self._judged.swapped(row, a, b, again)
        answers = (said[b], said[a]) if swapped else (said[a], said[b])
        return Question(row, said["prompt"], a, b, answers, swapped)

    def _alike(self, row: int, a: str, b: str) -> bool:
        return self.outputs[row][a].strip() == self.outputs[row][b].strip()

    def vote(self, question: Question, better: int, actor: str) -> None:
        """Save that the answer shown first (1) or second (2) is better, or neither (0)."""
        names = (self._judged.TIE, self._judged.FIRST, self._judged.SECOND)
        self._say(question, names[better if better == 0 or not question.swapped else 3 - better], actor)

    def take_back(self, question: Question, actor: str) -> None:
        """Take back this person's last vote on a question."""
        self._say(question, self._judged.TAKEN_BACK, actor)

    def _say(self, question: Question, winner: str, actor: str) -> None:
        asked = (question.prompt, question.first, question.second)
        vote = self._judged.Vote(*asked, winner, actor or login_name(), self._hash(*asked))
        answer_file.append(self.votes_path, dataclasses.asdict(vote))

    def conclude(self) -> list[Any]:
        """The win rate of every pair; also written to `judge/judged.json`."""
        votes = self.votes()
        rates = self.rates(votes)
        twice, same = self._judged.agreement(votes)
        wrote = {str((folder / WEIGHTS).relative_to(self.run.path)): digest for folder, digest in self._wrote.values()}
        out = {
            "schema_version": 3, "pairs": [dataclasses.asdict(r) for r in rates], "people": len({v.actor for v in votes}),
            "asked_twice": twice, "alike": same, "between": [dataclasses.asdict(k) for k in self._judged.between(votes)],
            "adapters": wrote,
        }  # fmt: skip
        atomic_write_bytes(self.folder / "judged.json", orjson.dumps(out, option=orjson.OPT_INDENT_2))
        return rates

    def agreement(self) -> list[str]:
        """How far people agree with themselves and with one another, in lines."""
        votes = self.votes()
        twice, same = self._judged.agreement(votes)
        lines = [f"asked twice: {plural(twice, 'question')}, {same:,} answered alike"] if twice else []
        return lines + [k.words(safe_text(k.a), safe_text(k.b)) for k in self._judged.between(votes)]

    def rates(self, votes: Sequence[Any] | None = None) -> list[Any]:
        """The win rate of every pair so far."""
        votes = self.votes() if votes is None else votes
        return [
            self._judged.win_rate(votes, a, b, sum(self._alike(row, a, b) for row in self.outputs))
            for a, b in self._judged.pairs_of(self.arms)
        ]

    def report(self) -> bool:
        """Write the run's report again, with the rates in it; False where it is in use or its data cannot be read, or where
        there is none."""
        if not (self.run.path / "plan.parquet").is_file():
            return False
        try:
            workflow.rewrite_report(self.run)
        except CurateError:
            return False
        return True


def _asked_for(adapters: Mapping[str, Path], prompts: int, new_tokens: int) -> dict[str, Any]:
    """What answers depend on: the first line of their file."""
    hashes = {arm: file_hash(folder / WEIGHTS) for arm, folder in adapters.items()}
    return {"adapters": hashes, "prompts": prompts, "new_tokens": new_tokens}


def _without_people(text: str) -> str:
    column = pa.array([text], pa.large_string())
    return str(mask_column(column, scan(column, ScanConfig(types=("PERSON",))))[0])


def _asked(turns: Sequence[Mapping[str, Any]]) -> str:
    """The turns before the answer, as a person reads them, calls of tools among them."""
    last = max((k for k, turn in enumerate(turns) if turn["role"] == "assistant"), default=len(turns))
    return "\n".join(f"{turn['role']}: {flatten(turn)}" for turn in turns[:last])
