"""A set of items, kept on disk, that later data is compared with: benchmark questions, or data that was used before.

One idea: an index is a bag of *segments*, each written once, each named by the hash of its bytes, and a manifest that
lists them. Adding writes a segment and then a manifest; merging is the union of segments. So the same input gives the
same files, the order of merging changes nothing, and a writer that is killed at any moment leaves the old index.

An item keeps what comparing needs and nothing else: the hashed n-grams of its question in order (containment), one
hash of the whole question, the hashed shingles of the whole row as a set and their band keys (near-duplicates), the
row's id, the name of its file and its number there. **No text is stored, but hashes are not secrecy**: they are
unsalted, because two parties must be able to compare, so whoever has an index can test whether a given text, or a
phrase of five words, is in it, and can extend a phrase that they found word by word from a vocabulary. What an index
protects is against reading by accident and against search engines; treat one made from confidential data as
confidential. File names are stored without their folders.
"""

from curate.similarity.index.items import IndexConfig, Items, engine_check, make_items
from curate.similarity.index.nearby import Nearby, find_near
from curate.similarity.index.store import Index, IndexInfo, is_index

__all__ = [
    "Index",
    "IndexConfig",
    "IndexInfo",
    "Items",
    "Nearby",
    "engine_check",
    "find_near",
    "is_index",
    "make_items",
]
