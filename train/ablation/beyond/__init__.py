"""Beyond accuracy: what curation does to fairness, memory and privacy, decision by decision.

The one idea: the arms that say whether curation helped can be asked more. Every question here is a contrast of trained
models on rows that none of them has seen (or of secrets that were planted for the purpose), with an interval over seeds
and near-duplicate clusters, one verdict of the same grammar, and Holm's correction over all questions of its part.
Opt-in: it trains more arms, under a shorter configuration of its own, which the result names.
"""

from __future__ import annotations

from train.ablation.beyond.result import BeyondResult
from train.ablation.beyond.wish import PARTS, DecisionClass, Wish

__all__ = ["PARTS", "BeyondResult", "DecisionClass", "Wish"]
