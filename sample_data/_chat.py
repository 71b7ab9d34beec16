"""Short helpful dialogues in OpenAI's `messages` shape, with copies, personal data and tool calls planted in them.

About 500 rows. Topics are everyday questions and the shop's own assistant, which calls tools; the arguments of a tool
call are a JSON string, so a value in there has to be replaced without breaking the JSON.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from sample_data._compose import MARK, Message
from sample_data._draw import Draw
from sample_data._edits import reform, reword
from sample_data._grammar import Grammar
from sample_data._pii import TYPES, Item, personal
from sample_data._shingles import Index, jaccard, shingles

TOPICS = ("cook", "travel", "sheet", "write", "garden", "study")
N_TALKS, N_TOOLS, N_EXACT, N_NEAR, N_REPEATED = 400, 48, 16, 24, 12
PII_SHARE, SYSTEM_SHARE, FOLLOW_SHARE = 0.12, 0.3, 0.5
CLOSE = 0.6
SHOP = tuple(Grammar("common", name) for name in ("track_delivery", "refund_status", "change_address", "return_item"))


NOTHING = Message("")


@dataclass(eq=False)
class Turn:
    """One message; `arguments` is a tool call's JSON text and then `said` is empty."""

    role: str
    said: Message = NOTHING
    arguments: Message | None = None
    tool: str = ""


@dataclass(eq=False)
class Talk:
    """One row before it is written."""

    turns: list[Turn]
    topic: str
    copy_of: Talk | None = None
    truth: list[dict[str, Any]] = field(default_factory=list)
    row: int = -1
    line: int = -1
    """Which question of the topic's grammar it asks."""
    bound: dict[str, str] = field(default_factory=dict)

    def content(self) -> str:
        """All that is said, one message a line."""
        return "\n".join(t.arguments.text if t.arguments else t.said.text for t in self.turns)


def build(seed: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """(rows, truth) of the dialogues."""
    draw, grammar, index = Draw(seed, "chat"), Grammar("common", "chat"), Index()
    talks = [_distinct(lambda: _talk(grammar, draw), index) for _ in range(N_TALKS)]
    talks += [_distinct(lambda: _tool_talk(grammar, draw), index) for _ in range(N_TOOLS)]
    _repeat_prompts(talks, grammar, draw, index)
    _copy(talks, draw)
    talks = draw.shuffled(talks)
    for row, talk in enumerate(talks):
        talk.row = row
    rows = [
        {"id": f"chat-{n:04d}", "messages": [_message(t) for t in talk.turns], "topic": talk.topic}
        for n, talk in zip(draw.shuffled(range(len(talks))), talks)
    ]
    return rows, [fact for talk in talks for fact in _facts(talk)]


def _distinct(make: Any, index: Index) -> Talk:
    while True:
        talk: Talk = make()
        new = shingles(talk.content())
        if index.closest(new) <= CLOSE:
            index.add(new)
            return talk


_START = re.compile(r"(?:^|[.?!] )[a-z]")


def _sentence(text: str) -> str:
    text = _START.sub(lambda m: m[0].upper(), text.strip())
    return text if text[-1] in '.!?")' else text + "."


def _talk(grammar: Grammar, draw: Draw) -> Talk:
    topic, bound = draw.pick(TOPICS), dict[str, str]()
    turns = [Turn("system", Message(grammar.say("system", draw, bound)))] if draw.chance(SYSTEM_SHARE) else []
    line = draw.below(len(grammar.rules[f"{topic}_ask"]))
    ask = grammar.nth(f"{topic}_ask", line, draw, bound)
    ask = grammar.say("hello", draw, bound) + " " + ask if draw.chance(0.4) else ask
    if draw.chance(0.3):
        ask += " " + _sentence(grammar.say("chitchat", draw, bound))
    turns += [Turn("user", Message(_sentence(ask)))]
    turns += [Turn("assistant", Message(_sentence(grammar.nth(f"{topic}_answer", line, draw, bound))))]
    if draw.chance(FOLLOW_SHARE):
        n = draw.below(len(grammar.rules[f"{topic}_more"]))
        turns.append(Turn("user", Message(_sentence(grammar.nth(f"{topic}_more", n, draw, bound)))))
        turns.append(Turn("assistant", Message(_sentence(grammar.nth(f"{topic}_then", n, draw, bound)))))
    if draw.chance(0.3):
        turns.append(Turn("user", Message(_sentence(grammar.say("thanks", draw, bound)))))
        turns.append(Turn("assistant", Message(grammar.say("welcome", draw, bound))))
    if draw.chance(PII_SHARE):
        asking = [t for t in turns if t.role == "user"]
        for turn in draw.sample(asking, 1 + draw.below(min(2, len(asking)))):
            sentence, item = personal(draw, draw.pick(TYPES[:2] + TYPES))
            turn.said = Message(turn.said.template + " " + _ended(sentence), (item,))
        value = next(t.said.items[0] for t in turns if t.said.items)
        if draw.chance(0.3) and value.type != "URL_CREDENTIALS":  # the assistant repeats it; a password it does not
            last = turns[-1]
            last.said = Message(f"I have noted {chr(MARK)} , as you asked. " + last.said.template, (value,))
    return Talk(turns, topic, line=line, bound=bound)


def _ended(sentence: str) -> str:
    sentence = sentence.replace("¤", chr(MARK))
    return sentence[0].upper() + sentence[1:] + (" ." if sentence.endswith(chr(MARK)) else ".")


def _tool_talk(grammar: Grammar, draw: Draw) -> Talk:
    """The shop's assistant looks an order up or writes to a customer, by a tool call whose arguments hold a value."""
    bound: dict[str, str] = {}
    tool = draw.pick(("find_order", "send_email", "open_ticket"))
    kind = "EMAIL_ADDRESS" if tool == "send_email" or draw.chance(0.6) else draw.pick(("PHONE_NUMBER", "IP_ADDRESS"))
    sentence, item = personal(draw, kind)
    shop = SHOP[draw.below(len(SHOP))]
    ask = _sentence(shop.say("core", draw, bound)) + " " + _ended(sentence)
    note = grammar.say("chitchat", draw, bound)
    key = {"EMAIL_ADDRESS": "email", "PHONE_NUMBER": "phone", "IP_ADDRESS": "ip"}[kind]
    product = bound.setdefault("product", grammar.say("product", draw, {}))
    body: dict[str, Any] = {key: chr(MARK), "product": product, "note": note.replace('"', "'")}
    if draw.chance(0.4):
        body = {"customer": {key: chr(MARK)}, "tags": [draw.pick(("late", "vip", "new")), "web"], "note": body["note"]}
    done = draw.pick(("I found it", "The record is open", "That is passed on", "It is in the system"))
    answer = f"{done}: {product}, last change {grammar.say('when', draw, {})}. " + draw.pick(
        (
            "You will hear from us within a day.",
            "Is there anything else?",
            "A colleague will confirm it.",
            "Keep the box.",
        )
    )
    turns = [
        Turn("system", Message(grammar.say("shop", draw, bound))),
        Turn("user", Message(ask, (item,))),
        Turn("assistant", arguments=Message(json.dumps(body, ensure_ascii=False), (item,)), tool=tool),
        Turn("tool", Message(json.dumps({"status": draw.pick(("ok", "found")), "id": draw.between(1000, 9999)}))),
        Turn("assistant", Message(answer)),
    ]
    return Talk(turns, "shop")


def _repeat_prompts(talks: list[Talk], grammar: Grammar, draw: Draw, index: Index) -> None:
    """The same question, answered in another way."""
    sources = [t for t in talks if t.topic != "shop" and len(t.turns) == 2 and not any(x.said.items for x in t.turns)]
    for source in draw.sample(sources, N_REPEATED):
        while True:
            answer = Message(_sentence(grammar.nth(f"{source.topic}_answer", source.line, draw, source.bound)))
            talk = Talk([source.turns[0], Turn("assistant", answer)], source.topic, copy_of=source)
            if jaccard(shingles(talk.content()), shingles(source.content())) <= 0.65:
                break
        talk.truth.append({"kind": "repeated_prompt"})
        index.add(shingles(talk.content()))
        talks.append(talk)


def _copy(talks: list[Talk], draw: Draw) -> None:
    used = {id(t.copy_of) for t in talks} | {id(t) for t in talks if t.copy_of}
    free = draw.shuffled([t for t in talks if id(t) not in used])
    for _ in range(N_EXACT):
        source = free.pop()
        talks.append(Talk(list(source.turns), source.topic, source, [{"kind": "exact_duplicate", "jaccard": 1.0}]))
    for n in range(N_NEAR):
        while True:
            source = free.pop()
            turns = [Turn(t.role, t.said, t.arguments, t.tool) for t in source.turns]
            last = turns[-1]
            new = reform(last.said, draw) if n % 6 == 0 else reword(last.said, draw, 0.3, 0.97)
            if new is None:
                continue
            last.said = new
            copy = Talk(turns, source.topic, source)
            similarity = round(jaccard(shingles(source.content()), shingles(copy.content())), 4)
            if similarity >= 0.82:
                break
        how = "form" if n % 6 == 0 else "close"
        copy.truth.append({"kind": "near_duplicate", "how": how, "jaccard": similarity})
        talks.append(copy)


def _message(turn: Turn) -> dict[str, Any]:
    if turn.arguments is None:
        said: dict[str, Any] = {"role": turn.role, "content": turn.said.text}
        return said | {"tool_call_id": "call_1"} if turn.role == "tool" else said
    function = {"name": turn.tool, "arguments": turn.arguments.text}
    call = {"id": "call_1", "type": "function", "function": function}
    return {"role": turn.role, "content": None, "tool_calls": [call]}


def _facts(talk: Talk) -> list[dict[str, Any]]:
    out = []
    for fact in talk.truth:
        of = {} if talk.copy_of is None else {"of": talk.copy_of.row}
        out.append({"row": talk.row, "kind": fact["kind"], **of, **{k: v for k, v in fact.items() if k != "kind"}})
    for n, turn in enumerate(talk.turns):
        message, pointer = (turn.said, f"messages/{n}/content")
        if turn.arguments is not None:
            message, pointer = turn.arguments, f"messages/{n}/tool_calls/0/function/arguments"
        item: Item
        for item, start, end in message.spans():
            span = {"field": pointer, "start": start, "end": end}
            out.append({"row": talk.row, "kind": item.kind, "type": item.type, **span})
    return out
