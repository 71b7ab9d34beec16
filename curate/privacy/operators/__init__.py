"""What happens to a span.

One idea: an operator is a function from what is known of a span (its type, its value, its row) to the text that takes
its place. `placeholder` needs the type only, `mask`, `redact` and `hash` the value, `numbered` the order in which values
appear, `surrogate` every value in the data set, `vault` a key that can undo it.

    choice = chosen_operators({"default": "placeholder", "EMAIL_ADDRESS": "hash"}, known=NAMES)
    work = Rewriter(choice, spans.book, key=load_key("curate.key"))
    work.add(texts, spans, rows)          # once a column
    [rewritten] = work.finish()           # replacement, start and end of every span
"""

from __future__ import annotations

from curate.privacy.operators.choice import OPERATORS, Choice, chosen_operators
from curate.privacy.operators.placeholders import mask, mask_bytes, mask_column
from curate.privacy.operators.rewrite import Rewriter, Rewritten

__all__ = ["OPERATORS", "Choice", "Rewriter", "Rewritten", "chosen_operators", "mask", "mask_bytes", "mask_column"]
