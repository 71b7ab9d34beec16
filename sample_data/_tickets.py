"""Support tickets of a shop that does not exist, with every fault that the label and duplicate stages must find.

Order of work: clean texts (no two alike), then their splits and groups, then copies, then labels, then a shuffle; the
truth is written against the shuffled rows. About 4,000 rows; every share is a constant below.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sample_data._compose import MAX_WORDS, Message, Writer
from sample_data._draw import Draw
from sample_data._edits import reform, reword
from sample_data._grammar import Grammar
from sample_data._pii import Item, distractor, personal
from sample_data._shingles import Index, jaccard, shingles

CONFUSABLE: dict[str, tuple[str, ...]] = {
    "refund_request": ("refund_status", "return_item", "cancel_order"),
    "refund_status": ("refund_request", "return_item", "billing_question"),
    "cancel_order": ("cancel_subscription", "refund_request", "change_address"),
    "return_item": ("refund_request", "damaged_item"),
    "track_delivery": ("change_address", "damaged_item", "refund_status"),
    "change_address": ("track_delivery", "update_account"),
    "damaged_item": ("return_item", "refund_request"),
    "payment_failed": ("billing_question", "login_problem"),
    "billing_question": ("payment_failed", "cancel_subscription", "refund_status"),
    "login_problem": ("update_account", "payment_failed"),
    "update_account": ("login_problem", "change_address", "cancel_subscription"),
    "cancel_subscription": ("cancel_order", "update_account", "billing_question"),
}
MIXED_UP = {
    "refund_status": "refund_request", "change_address": "track_delivery", "cancel_subscription": "cancel_order",
    "billing_question": "payment_failed",
}  # fmt: skip
"""Confusable wrong labels go one way: annotators who were not sure chose the commoner word."""
INTENTS = tuple(CONFUSABLE)
N_TRAIN, N_TEST, N_SMALL = 3040, 600, 4
N_EXACT, N_NEAR, N_LEAKS, N_CONFLICTS = 120, 200, 40, 8
GROUPS = (("personal", 0.5), ("business", 0.31), ("marketplace_seller", 0.19))
BIASED, SMALL = "marketplace_seller", "beta_pilot"
WRONG_SHARE = {"personal": 0.055, "business": 0.055, BIASED: 0.19, SMALL: 0.0}
PII_SHARE, DISTRACTOR_SHARE, SPELLING_SHARE = 0.10, 0.08, 0.02
CHANNELS = {
    "personal": ("chat", "email", "app"), "business": ("email", "phone_note", "web_form"),
    BIASED: ("seller_portal", "email"), SMALL: ("app",),
}  # fmt: skip
CLOSE = 0.5
"""No two texts that are not planted copies are more similar than this (word 3-gram Jaccard)."""


@dataclass(eq=False)
class Ticket:
    """One row before it is written; `row` is set by the shuffle."""

    message: Message
    intent: str
    group: str
    split: str
    label: str = ""
    copy_of: Ticket | None = None
    truth: list[dict[str, Any]] = field(default_factory=list)
    row: int = -1
    copied: bool = False
    """Whether another row is a copy of this one."""


def build(seed: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """(rows, truth) of the tickets."""
    tickets = _originals(Draw(seed, "texts"))
    _copies(tickets, Draw(seed, "copies"))
    _labels(tickets, Draw(seed, "labels"))
    tickets = Draw(seed, "order").shuffled(tickets)
    for row, ticket in enumerate(tickets):
        ticket.row = row
    return _rows(tickets, Draw(seed, "columns")), _truth(tickets)


def _originals(draw: Draw) -> list[Ticket]:
    grammars = {intent: Grammar("common", intent) for intent in INTENTS}
    writer, index = Writer(grammars, CONFUSABLE, draw), Index()
    out: list[Ticket] = []
    for n in range(N_TRAIN + N_TEST):
        intent = INTENTS[n % len(INTENTS)]
        group = SMALL if n < N_SMALL else draw.weighted(GROUPS)
        while True:
            message = writer.write(intent, group == BIASED, _values(draw))
            words = len(message.text.split())
            new = shingles(message.text)
            if 4 <= words <= MAX_WORDS and index.closest(new) <= CLOSE:
                break
        index.add(new)
        out.append(Ticket(message, intent, group, "train" if n < N_TRAIN else "test"))
    return out


def _values(draw: Draw) -> tuple[tuple[str, Item], ...]:
    out = []
    if draw.chance(PII_SHARE):
        out.append(personal(draw))
        if draw.chance(0.15):
            out.append(personal(draw))
    if draw.chance(DISTRACTOR_SHARE):
        out.append(distractor(draw))
    return tuple(out)


def _copies(tickets: list[Ticket], draw: Draw) -> None:
    """Exact copies, near copies and leaks. A source of one kind is never a source of another; some have two copies."""
    train = draw.shuffled([t for t in tickets if t.split == "train" and t.group != SMALL])
    test = draw.shuffled([t for t in tickets if t.split == "test"])
    source = train.pop()
    for n in range(N_EXACT):
        if n % 10 != 9:  # every tenth copy is of the same row as the one before
            source = train.pop()
        tickets.append(_copy(source, source.message, "exact_duplicate"))
    plan = ["form"] * 36 + ["below"] * 24 + ["close"] * (N_NEAR - 60)
    for n, kind in enumerate(plan):
        while True:
            source = train.pop()
            copy = _near(source.message, kind, draw)
            if copy is not None:
                break
        tickets.append(_copy(source, copy, "near_duplicate", kind))
        if kind == "close" and n % 20 == 0 and (second := _near(source.message, kind, draw)) is not None:
            tickets.append(_copy(source, second, "near_duplicate", kind))
    for n in range(N_LEAKS):
        while True:
            source = test.pop()
            copy = source.message if n % 2 else _near(source.message, "close", draw)
            if copy is not None:
                break
        tickets.append(_copy(source, copy, "leak", "exact" if n % 2 else "near"))


def _near(message: Message, kind: str, draw: Draw) -> Message | None:
    if kind == "form":
        return reform(message, draw)
    low, high = (0.55, 0.76) if kind == "below" else draw.pick(((0.82, 0.86), (0.86, 0.9), (0.9, 0.96)))
    return reword(message, draw, low, high)


def _copy(source: Ticket, message: Message, kind: str, how: str | None = None) -> Ticket:
    source.copied = True
    copy = Ticket(message, source.intent, source.group, "train", copy_of=source)
    similarity = round(jaccard(shingles(source.message.text), shingles(message.text)), 4)
    copy.truth.append({"kind": kind, "how": how, "jaccard": similarity})
    return copy


def _labels(tickets: list[Ticket], draw: Draw) -> None:
    """Wrong labels and odd spellings, in train only; a copied row and its copy stay right but for a few conflicts."""
    conflicts = draw.sample([t for t in tickets if t.truth and t.truth[0]["kind"] == "exact_duplicate"], N_CONFLICTS)
    for t in conflicts:
        t.truth[0]["conflicting_label"] = True
    for t in tickets:
        t.label = t.intent
    alone = [t for t in tickets if t.split == "train" and t.copy_of is None and not t.copied]
    for group, share in WRONG_SHARE.items():
        n_group = sum(t.group == group and t.split == "train" for t in tickets)
        n_wrong, own = round(share * n_group), draw.shuffled([t for t in alone if t.group == group])
        # Half in one direction between two intents that annotators mix up, half anywhere.
        mixed = [t for t in own if t.intent in MIXED_UP][: n_wrong // 2]
        elsewhere = [t for t in own if t not in mixed][: n_wrong - len(mixed)]
        for t in mixed:
            t.label = MIXED_UP[t.intent]
        for t in elsewhere + [c for c in conflicts if c.group == group]:
            t.label = draw.pick([x for x in INTENTS if x != t.intent and x not in CONFUSABLE[t.intent]])
        for t in [*mixed, *elsewhere, *(c for c in conflicts if c.group == group)]:
            how = "uniform" if t.label not in CONFUSABLE[t.intent] else "confusable"
            t.truth.append({"kind": "wrong_label", "true": t.intent, "written": t.label, "how": how})
    right = [t for t in alone if t.label == t.intent]
    for t in draw.sample(right, round(SPELLING_SHARE * len(tickets))):
        t.label = _spelling(t.intent, draw)
        t.truth.append({"kind": "label_spelling", "written": t.label, "canonical": t.intent})


def _spelling(intent: str, draw: Draw) -> str:
    spaced = intent.replace("_", " ")
    joined = intent.title().replace("_", "")
    return draw.pick((spaced.title(), intent.replace("_", "-"), intent + " ", intent.upper(), spaced, joined))


def _rows(tickets: list[Ticket], draw: Draw) -> list[dict[str, Any]]:
    numbers = draw.sample(range(100_000, 110_000), len(tickets))
    return [
        {
            "ticket_id": f"T-{number}",
            "text": t.message.text,
            "intent": t.label,
            "customer_group": t.group,
            "channel": draw.pick(CHANNELS[t.group]),
            "created_at": f"2025-{draw.between(1, 12):02d}-{draw.between(1, 28):02d}"
            f"T{draw.between(0, 23):02d}:{draw.between(0, 59):02d}:00Z",
            "split": t.split,
        }
        for t, number in zip(tickets, numbers)
    ]


def _truth(tickets: list[Ticket]) -> list[dict[str, Any]]:
    rates = {k: v for k, v in WRONG_SHARE.items() if k not in (BIASED, SMALL)}
    out: list[dict[str, Any]] = [
        {"kind": "group_bias", "column": "customer_group", "group": BIASED, "wrong_label_share": WRONG_SHARE[BIASED],
         "others": rates},
        {"kind": "small_group", "column": "customer_group", "group": SMALL, "rows": N_SMALL},
    ]  # fmt: skip
    for t in tickets:
        for fact in t.truth:
            of = t.copy_of
            if fact["kind"] == "leak" and of is not None:
                out.append({"kind": "leak", "train_row": t.row, "test_row": of.row, **_rest(fact)})
            elif of is not None and fact["kind"].endswith("duplicate"):
                out.append({"row": t.row, "kind": fact["kind"], "of": of.row, **_rest(fact)})
            else:
                out.append({"row": t.row, **fact})
        for item, start, end in t.message.spans():
            span = {"field": "text", "start": start, "end": end}
            out.append({"row": t.row, "kind": item.kind, "type": item.type, **span})
    return out


def _rest(fact: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in fact.items() if k != "kind" and v is not None}
