"""Names, places, organisations and street addresses: a small sequence model that ships with the package.

One idea: a linear-chain conditional random field over the few tokens that could be part of a name, with hashed features of
words, shapes, lists, clusters and anchors, trained by this project (`python -m curate.privacy.names.build`; card in
docs/names-model.md). No download, no deep-learning library; about 10 MB of prose a second on one core.

    spans = find_names(texts, ("PERSON",))       # texts: pa.LargeStringArray
"""

from __future__ import annotations

from curate.privacy.names.find import apart, find_names

__all__ = ["apart", "find_names"]
