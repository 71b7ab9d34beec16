"""Counterfactual swaps: the same text about another person.

A *swap* replaces what says who somebody is (an identity term, a gendered word, a name) by its counterpart of the same
axis and leaves everything else alone, grammar included. A model that answers the swapped text otherwise than the given
one answers to the identity. `engine.swaps` makes them, `measure.swap_effects` says how often a model's answer changes and
by how much its score moves, with intervals.

English, and for that said: other languages inflect by gender and need another grammar. Names by origin are swapped in any
text with Latin letters.
"""

from __future__ import annotations

from audit.fairness.swaps.engine import AXES, Swapped, apply_spans, english_rows, swaps
from audit.fairness.swaps.measure import SwapEffect, swap_effects

__all__ = ["AXES", "SwapEffect", "Swapped", "apply_spans", "english_rows", "swap_effects", "swaps"]
