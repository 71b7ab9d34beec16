"""Identity terms: which texts name which groups of people, and which labels come with them.

Where no column holds sensitive groups, this is what can be said: a text that names a group is not a person of that group,
but a model that learns "texts naming this group are toxic" harms the people named (Dixon et al., 2018).
"""

from __future__ import annotations

from audit.fairness.identity.find import groups_named, lexicon, named_in
from audit.fairness.identity.pmi import Association, associations

__all__ = ["Association", "associations", "groups_named", "lexicon", "named_in"]
