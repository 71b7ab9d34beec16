"""What a review says of findings and decisions, in words; personal data is masked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

from curate.dataset.content import flatten, loaded
from curate.dataset.given import choices_in
from curate.dataset.shapes import is_conversation, is_message
from curate.dataset.turns import who
from curate.errors import ConfigError, nearest
from curate.ledger.added import derivation
from curate.ledger.sightings import answer_of, places
from curate.privacy.preview import shown_names
from curate.safetext import safe_text
from curate.words import plural

if TYPE_CHECKING:
    from curate.dataset import Dataset
    from curate.ledger.decisions import Decision
    from curate.review.findings import Review

LABEL_WIDTH = 60
ROW_WIDTH, LIKE_WIDTH = 4000, 400
"""Characters of a row shown to somebody who is to say that nothing is wrong with it, and of the row most like it."""
MOST_TOLD = 1000
"""Characters up to which all labels are named."""
_IN_TURNS = ("chat", "preference", "unpaired_preference")
_DONE = {"accept": "accepted", "reject": "rejected", "override": "given another value", "flag": "flagged"}


def proposal(review: Review, index: int, shown: Any) -> str:
    """What a finding would write, masked; empty where it removes, masks or notes. `shown`: its `example`."""
    if shown.change is not None:
        return f"{shown.change.before or '(none)'} -> {shown.change.after or '(none)'}"
    if shown.action == "reweight":
        return f"weight {review.session.plan.table['value'][index].as_py()}"
    if shown.action != "add":
        return ""
    new = review.session.findings["replacement"][index].as_py()
    body = derivation(new)
    if body is None:
        return str(review.previews.sentence(new))
    # Spans of the parent stand in the evidence: words cut out of their text could not be masked well.
    given = {field: review.previews.sentence(str(value)) for field, value in body.get("values", {}).items()}
    told = "; ".join(f"{field} = {value}" for field, value in given.items())
    return f"the row once more, with {told}" if given and not body["edits"] else (
        "the row once more, changed as told below"
    )


def told(review: Review, decision: Decision) -> str:
    """A decision in a few words: what was said of which row, or of how many findings."""
    said = answer_of(decision)
    if said is not None:
        at = places(review.session.dataset.row_ids, [said.row_id]).get(said.row_id)
        where = "a row that is not in this data" if at is None else f"row {at}"
        return f"{where}, {'cannot tell' if said.answer == 'unsure' else said.answer}"
    done = _DONE.get(decision.verdict, decision.verdict)
    if decision.filter is not None or len(decision.finding_ids) != 1:
        return f"{plural(len(decision.finding_ids), 'finding')} {done} at once"
    here = review.session.indices(decision.finding_ids)
    if not len(here):
        return f"a finding that is not in this run, {done}"
    found = review.session.findings.slice(int(here[0]), 1).to_pylist()[0]
    return f"{found['action']} of row {found['row']}, {done}"


def check_value(review: Review, index: int, value: str) -> str:
    """That no row has this label, in words, where an override would make a new one; else nothing. ConfigError where the
    finding takes no value."""
    action = str(review.session.findings["action"][index])
    if action not in ("relabel", "replace"):
        raise ConfigError(f"another value can be given to labels and to text that is replaced, not to a {action}")
    labels = review.session.dataset.labels()
    if action == "replace" or labels is None:
        return ""
    known = [name for name in pc.unique(labels).to_pylist() if name is not None]
    if value in known:
        return ""
    shown = shown_names(known)
    names = [safe_text(shown[name])[:LABEL_WIDTH] for name in known]
    hint = nearest(value, names)
    return f"no row has that label; {hint}" if len(hint) < MOST_TOLD else "no row has that label, nor one like it"


def in_words(value: Any) -> str:
    """A value in words; choices by the key that an answer names: their letter, or their number from 0."""
    choices = choices_in(value) if isinstance(value, list | dict) else []
    return "; ".join(f"{key or i}: {text}" for i, (key, text) in enumerate(choices)) or str(value)


def spoken(dataset: Dataset, row: int) -> str:
    """A row's text with who says each turn of it, and which of two answers is which; raw. Other rows as they read."""
    said: list[str] = []
    for role in ("messages", "prompt", "completion", "chosen", "rejected") if dataset.task in _IN_TURNS else ():
        for name in getattr(dataset.roles, role):
            value = dataset.value(name, row)
            value = loaded(value) if isinstance(value, str) and value.lstrip()[:1] in ("[", "{") else value
            turns = value if is_conversation(value) else [value] if is_message(value) else None
            which = f"{role}: " if dataset.task == "preference" and role in ("chosen", "rejected") else ""
            said += [f"{which}{who(turn) or '?'}: {flatten(turn)}" for turn in turns or ()]
            if turns is None and value not in (None, "", []):
                said.append(f"{which}{flatten(value)}")
    return "\n".join(f"▸ {one}" if len(said) > 1 else one for one in said) or str(dataset.content()[row].as_py() or "")


def beside(dataset: Dataset, row: int) -> dict[str, str]:
    """What a row is given beside its prompt or text, by column, raw; choices in words."""
    held = {name: dataset.value(name, row) for name in dataset.roles.context}
    return {name: in_words(value) for name, value in held.items() if value not in (None, "", [], {})}
