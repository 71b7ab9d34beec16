"""Recognisers of the user's own that are neural models: Hugging Face token classification, spaCy, GLiNER.

One idea: a *tagger* reads texts and gives entities (range, label, score); everything else is the scanner's. Labels become
types (`PER` is PERSON, `GPE` is LOCATION), what is already found keeps its place, and offsets are those of the raw text.

    tagger = load_ner("hf:models/bert-ner")      # or "spacy:models/core", "gliner:models/small"
    tagger.entities(["I am Jane Doe."])          # [[Entity(5, 13, "PERSON", 0.98)]]

Models are folders on this machine; nothing is ever downloaded. Weights of Hugging Face models are read from safetensors
only, those of GLiNER from safetensors or, by that library, from a checkpoint that may hold tensors only. The libraries
are loaded with the model (`pip install 'curate-toolkit[ner]'`), so importing this costs nothing.
"""

from __future__ import annotations

from curate.privacy.ner.load import check_ner, files_hash, load_ner, located_ner
from curate.privacy.ner.spans import find_ner, ner_spans
from curate.privacy.ner.types import Entity, Tagger, type_of_label

__all__ = [
    "Entity", "Tagger", "check_ner", "files_hash", "find_ner", "load_ner", "located_ner", "ner_spans", "type_of_label",
]  # fmt: skip
