"""What a model forgets while it learns: measured on a bundled probe, and four ways to keep it.

| remedy | setting | idea | costs |
|---|---|---|---|
| replay | `replay = "general.jsonl"`, `replay_fraction` | general rows among the user's own | steps |
| self-generated replay | `replay = "self"` | the base writes those rows itself, before training | writing, steps |
| divergence from the base | `base_kl` | at every learned token, stay near what the base would say | a forward pass a step |
| distillation | `teacher`, `distillation_weight` | learn a larger model's probabilities beside targets | its passes |

All but the last are for tasks that write: a classifier's base writes nothing any more. `benchmarks/bench_forgetting.py`
measures what each costs and saves; `docs/training.md` has the table.
"""

from __future__ import annotations

from train.forgetting.guide import Guide, Teacher, guide, open_teacher
from train.forgetting.probe import Probe, open_probe
from train.forgetting.replay import replay_rows
from train.forgetting.sound import check_remedies, writes

__all__ = ["Guide", "Probe", "Teacher", "check_remedies", "guide", "open_probe", "open_teacher", "replay_rows", "writes"]
