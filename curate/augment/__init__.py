"""New texts out of old ones that say the same: spans to replace in a text, never a new text out of nothing.

The one idea: an edit is a list of spans (start, end, new) over the raw text, so that what made a row can be read off it,
and whoever applies it can let other edits of the same words go first. Every edit is drawn from the caller's generator.

Knows strings and arrays only. Words come from the texts themselves (`curate.augment.neighbours`) or from a short list in
English (`curate.augment.synonyms`); nothing is downloaded.
"""

from __future__ import annotations

from curate.augment.edits import METHODS, Edit, edited, edits_of
from curate.augment.neighbours import Neighbours, neighbours_of
from curate.augment.synonyms import synonyms
from curate.augment.words import Word, words_of

__all__ = ["METHODS", "Edit", "Neighbours", "Word", "edited", "edits_of", "neighbours_of", "synonyms", "words_of"]
