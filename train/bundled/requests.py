"""Everyday requests, written by this project: short questions and complaints with several wordings of one meaning.

An encyclopaedia never says "my parcel has not arrived, what can I do?", while the texts that people classify often
do. Here a *need* is an action on a thing ("cancel", "hotel booking") or a problem with it ("has not arrived",
"parcel"), and every need has many wordings. Two wordings of one need are a positive pair; all of them are training
text. The things come from shops, travel, software, telephones and households; banks and payment cards are left out on
purpose, so that measuring on bank queries measures transfer.

Complexity: linear in the number of wordings drawn. Deterministic for a given generator. It is no substitute for real
queries.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_THINGS = """parcel; order; delivery; package; jacket; pair of shoes; sofa; bicycle; birthday present; book; voucher;
gift code; coupon; refund; invoice; receipt; subscription; membership; newsletter; account; profile;
password; user name; email address; phone number; home address; app; laptop; printer; router; phone; tablet;
headset; television; camera; washing machine; fridge; heating; electricity meter; water bill; phone bill;
internet connection; contract; data plan; SIM; voice mail; hotel booking; flight; train ticket; bus pass;
rental car; seat reservation; suitcase; passport; visa; insurance; appointment; prescription; doctor;
course; exam; library book; homework; report; document; photo; backup; file; calendar; meeting; playlist;
alarm; light; software update; licence key; warranty; spare part; recipe; table reservation; concert ticket;
job application; timetable"""

# The wordings of one problem, in which {} stands for the thing with "my", "the" or "our" before it.
_PROBLEMS = """
{} has not arrived yet | {} still isn't here | I am still waiting for {} | when will I get {} | {} never came
{} is broken | {} doesn't work | {} stopped working | {} is not working any more | something is wrong with {}
I lost {} | I can't find {} anywhere | {} is missing | {} has disappeared | where did I leave {}
somebody stole {} | {} was stolen | a thief took {} | {} has been taken by someone
{} is too expensive | why does {} cost so much | the price of {} is too high | I paid too much for {}
I was charged twice for {} | I paid for {} two times | there are two charges for {} | why was I billed twice for {}
{} is wrong | this is not the {} I asked for | I got the wrong {} | there is a mistake in {} | {} is incorrect
{} was rejected | why was {} declined | {} has not been accepted | they refused {} | {} didn't go through
{} is very slow | {} takes too long | why does {} take so long | how long does {} usually take
{} is damaged | there is a scratch on {} | {} came in pieces | {} arrived damaged
{} has expired | {} is no longer valid | {} ran out yesterday | how long is {} valid
I forgot {} | I don't remember {} | {} slipped my mind | help, I can't remember {}
I don't understand {} | can you explain {} | {} is confusing | what does {} mean | how does {} work
{} is locked | I am locked out of {} | {} is blocked | I can't get into {} | why can't I open {}
{} was cancelled without asking me | who cancelled {} | why has {} been cancelled | I never cancelled {}
{} is still pending | {} is not finished yet | why is {} still waiting | {} has been processing for days
I don't recognise {} | I never ordered {} | {} isn't mine | I did not ask for {}
{} keeps failing | {} gives an error message | I get an error with {} | {} crashes all the time
{} is too small | {} doesn't fit | I need {} in a larger size | {} is the wrong size"""

_ACTIONS = """cancel | stop | end | get rid of
change | update | edit | modify
return | send back | give back
track | follow | check the status of | find out where it is,
order | buy | get | purchase
activate | switch on | turn on | enable
deactivate | switch off | turn off | disable
renew | extend | prolong
replace | exchange | swap | get a new one for
repair | fix | mend
set up | install | configure
delete | remove | erase
pay for | settle | pay
reset | recover | restore
confirm | verify | prove
share | send to a friend | pass on
transfer | move | hand over
compare | choose | pick
print | download | save a copy of
complain about | report a problem with | give feedback on"""

_ASKING = """How do I {}?; How can I {}?; I want to {}.; I need to {}; I would like to {}, please.; Can you help me {}?;
Can I {}?; Is it possible to {}?; What do I have to do to {}?; Where can I {}?; Please help me to {}.; I'm
trying to {}; could you {}?; Tell me how to {}.; am I able to {} online?; What is the best way to {}?; I
can't {}, what should I do?; Why can't I {}?"""

_GREETINGS = ("Hi, ", "Hello, ", "Hey, ", "Good morning. ", "Sorry, ", "I have a question. ", "Please help! ")
_OPENINGS = ("", "", "", "", *_GREETINGS)
_FAREWELLS = (" Thanks.", " What can I do?", " Please help.", " Can you check?", " What now?", " Thank you!")
_CLOSINGS = ("", "", "", "", *_FAREWELLS)
_BLOCK = 12
_OWNERS = ("my", "my", "my", "the", "our", "this")


def _split(text: str, separator: str) -> tuple[str, ...]:
    return tuple(" ".join(part.split()) for part in text.split(separator) if part.strip())


THINGS = _split(_THINGS, ";")
PROBLEMS = tuple(_split(line, "|") for line in _PROBLEMS.strip().splitlines())
ACTIONS = tuple(_split(line, "|") for line in _ACTIONS.splitlines())
ASKING = _split(_ASKING, ";")


@dataclass(frozen=True)
class Need:
    """A meaning: what is wrong or wanted (problems first, then actions), and with what."""

    thing: int
    matter: int


def word(need: Need, rng: np.random.Generator) -> str:
    """Draws one wording of a need; one in four is all lower case, as people type."""

    def one(options: tuple[str, ...]) -> str:
        return options[int(rng.integers(len(options)))]

    owned = f"{one(_OWNERS)} {THINGS[need.thing]}"
    if need.matter < len(PROBLEMS):
        body = one(PROBLEMS[need.matter])
        body = body.replace("the {}", "the " + THINGS[need.thing]).replace("wrong {}", "wrong " + THINGS[need.thing])
        body = body.format(owned)
        body += "?" if body.startswith(("why", "when", "where", "how", "can", "who", "what")) else one((".", ".", "", "!"))
    else:
        body = one(ASKING).format(f"{one(ACTIONS[need.matter - len(PROBLEMS)])} {owned}")
    text = one(_OPENINGS) + body
    text = text[0].upper() + text[1:] + one(_CLOSINGS)
    return text.lower() if rng.random() < 0.25 else text


def sample_pairs(count: int, seed: int) -> list[tuple[str, str]]:
    """Draws pairs of two wordings of one need, in blocks about one thing.

    Neighbours in the result share the thing and differ in what is wrong or wanted, which makes them hard
    negatives of one another; blocks come in shuffled order, and no need comes twice within a block.
    """
    rng = np.random.default_rng(seed)
    matters = len(PROBLEMS) + len(ACTIONS)
    pairs: list[tuple[str, str]] = []
    while len(pairs) < count:
        for thing in rng.permutation(len(THINGS)):
            for matter in rng.permutation(matters)[:_BLOCK]:
                need = Need(int(thing), int(matter))
                pairs.append((word(need, rng), word(need, rng)))
    return pairs[:count]
