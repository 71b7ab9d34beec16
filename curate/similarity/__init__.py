"""Similarity: which rows say the same thing, and proof for each pair.

One idea: sketches only *propose*. Every pair that leaves this package was compared on its full shingle sets (or
byte by byte, for exact duplicates), so an edge is a fact that can justify removing a row. Arrays and strings in,
arrays out.
"""

from pathlib import Path

from curate.freshness import drop_stale_code
from curate.similarity.clusters import clusters
from curate.similarity.exact import exact_groups
from curate.similarity.minhash import Layout, choose_layout
from curate.similarity.near import Edges, NearConfig, near_duplicate_edges

drop_stale_code(Path(__file__).parent)

__all__ = [
    "Edges",
    "Layout",
    "NearConfig",
    "choose_layout",
    "clusters",
    "exact_groups",
    "near_duplicate_edges",
]
