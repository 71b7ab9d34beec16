"""Small labelled data with copies and personal data in it."""

from __future__ import annotations

import random

INTENTS = {
    "refund": ["money back for the broken lamp", "return my payment for the late order", "refund the second charge"],
    "delivery": ["where is my parcel today", "the courier never came with the box", "track the shipment to my flat"],
    "account": ["cannot log in with my password", "change the mail address on my profile", "close my account please"],
}
OPENINGS = ["hello", "good morning", "hi there", "please help", "urgent", "dear team", "quick question", "again"]
ENDINGS = ["thanks", "regards", "as soon as you can", "since monday", "it is the third time", "much appreciated"]


def tickets(n: int = 120, seed: int = 0) -> list[dict[str, object]]:
    """Labelled rows with a few exact copies and e-mail addresses."""
    rng = random.Random(seed)
    rows: list[dict[str, object]] = []
    for i in range(n):
        intent = rng.choice(list(INTENTS))
        words = [rng.choice(OPENINGS), rng.choice(INTENTS[intent]), f"order {rng.randrange(10**5)}", rng.choice(ENDINGS)]
        text = ", ".join(words)
        if i % 12 == 0:
            text += f" write to user{i}@example.org"
        rows.append({"ticket": i, "text": text, "intent": intent})
    rows += [dict(rows[k], ticket=n + k) for k in range(0, n, 20)]
    return rows
