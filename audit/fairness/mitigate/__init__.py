"""Mitigation: what can be done about a disparity, as proposals about the data.

Proposals are findings (weights, rows left out, rows copied, rows with identities swapped, rows to collect), so that people
review them, plans apply them and an ablation says whether they helped. Nothing here decides that a difference is unfair:
base rates may differ for good reasons.

- `curate.ledger.balance`: the weights and sizes themselves (they are worked out again for every plan);
- `collect.rows_to_collect`: how many more rows of which group and label would level base rates;
- `resample.proposal`: which rows to leave out and which to copy.
"""

from __future__ import annotations

from audit.fairness.mitigate.collect import Shortfall, rows_to_collect
from audit.fairness.mitigate.resample import Proposal, proposal

__all__ = ["Proposal", "Shortfall", "proposal", "rows_to_collect"]
