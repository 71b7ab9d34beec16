"""Learning from better and worse answers: what is learned (DPO, KTO, ranking) and how it is judged.

| objective | rows | what it lowers | reference model |
|---|---|---|---|
| `dpo` | chosen and rejected | -log sigmoid(beta x (gain of chosen - gain of rejected)), by TRL | the base |
| `kto` | answers marked wanted or not | 1 - sigmoid(+-beta x (gain - mean gain elsewhere)), by TRL | the base |
| `ranking` | chosen and rejected | -log sigmoid(20 beta x (nats a token of rejected - of chosen)) | none |

The *gain* of an answer is its log probability less the base's. `Preferences` measures, on held-out rows, how often the
better answer is put above the worse, by the base and by the adapter. `trl` is imported by `dpo` and `kto` alone.
"""

from __future__ import annotations

from train.preference.measure import Preferences
from train.preference.rows import Pairs, check_objective, paired, with_marks

__all__ = ["Pairs", "Preferences", "check_objective", "paired", "with_marks"]
