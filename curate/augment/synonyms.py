"""A short list of English words that stand in for one another in plain requests and descriptions; made for this project.

Each line is a group whose members may replace one another as they are spelt, so a group holds one form of each verb and
one number of each noun. Words with several common meanings are left out. Public domain (CC0). It is small on purpose:
where the data is large enough, its own words (`curate.augment.neighbours`) say more, and in any language.
"""

from __future__ import annotations

from functools import cache

_GROUPS = """
begin start
began started
buy purchase
bought purchased
assist help
helped assisted
show display
shown displayed
fix repair
fixed repaired
large big
small little
quick fast rapid
quickly fast rapidly
slow sluggish
happy glad pleased
sad unhappy
angry furious
annoyed irritated
wrong incorrect
correct accurate
important essential
difficult hard
easy simple
broken damaged
entire whole
enough sufficient
error mistake fault
errors mistakes faults
problem issue
problems issues
answer reply
answers replies
choose pick select
chosen picked selected
obtain get
received got
need require
needs requires
needed required
want wish
wanted wished
allow permit
allowed permitted
explain describe
verify confirm check
verified confirmed checked
refuse decline reject
refused declined rejected
cancel abort
cancelled aborted
finish complete
finished completed
end conclude
job task
modify change alter
modified changed altered
remove delete
removed deleted
attempt try
attempted tried
frequently often
rarely seldom
maybe perhaps
immediately instantly
currently presently
also additionally
however nevertheless
therefore thus
almost nearly
completely entirely
approximately roughly
additional extra further
various several
nobody no-one
everybody everyone
anybody anyone
somebody someone
near close
car automobile
phone telephone
shop store
movie film
child kid
children kids
parcel package
parcels packages
photo picture
photos pictures
client customer
clients customers
amount sum
cost price
costs prices
fee charge
fees charges
reason cause
reasons causes
method way
methods ways
place location
places locations
option choice
options choices
goal aim
goals aims
idea notion
rubbish trash
beautiful lovely
strange odd unusual
terrible awful dreadful
great excellent
bad poor
smart clever
ill sick
tired exhausted
afraid scared
calm quiet
rich wealthy
silent quiet
late overdue
mandatory compulsory
optional voluntary
missing absent
visible apparent
"""


@cache
def synonyms() -> dict[str, tuple[str, ...]]:
    """Each word and those that may stand in its place."""
    table: dict[str, list[str]] = {}
    for line in _GROUPS.split("\n"):
        group = line.split()
        for word in group:
            table.setdefault(word, []).extend(other for other in group if other != word)
    return {word: tuple(dict.fromkeys(others)) for word, others in table.items()}
