"""Named entities by a spaCy pipeline from a folder.

Long texts are cut at blanks into pieces of at most `PIECE` characters, which overlap by `OVERLAP`, so that the memory of a
parser stays bounded; an entity cut by an edge is taken from the piece that holds it whole. spaCy gives no probabilities:
every entity scores `SCORE`. Components that do not serve entities are left out where the pipeline allows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from curate.privacy.ner.types import Entity, settled, trimmed, type_of_label
from curate.privacy.ner.windows import pieces
from curate.privacy.types import ALL

PIECE, OVERLAP, BATCH = 20_000, 200, 64
SCORE = 0.85
_NEEDLESS = ("parser", "lemmatizer", "textcat", "morphologizer")


class SpacyTagger:
    """A spaCy pipeline with an entity recogniser or ruler."""

    def __init__(self, path: Path) -> None:
        """OSError or ValueError where the folder holds no pipeline that marks entities."""
        import spacy

        self._pipeline = spacy.load(path, exclude=[])
        names = set(self._pipeline.pipe_names)
        if not names & {"ner", "entity_ruler", "span_ruler", "beam_ner"}:
            raise ValueError("the pipeline has no component that marks entities")
        ruled = bool(names & {"entity_ruler", "span_ruler"})
        if not ruled:  # rules may look at what these components say
            self._pipeline.select_pipes(disable=[name for name in _NEEDLESS if name in names])

    def entities(self, texts: Sequence[str], types: Sequence[str] = ALL) -> list[list[Entity]]:
        """See `Tagger`."""
        wanted = frozenset(types)
        cut = [(place, base, part) for place, text in enumerate(texts) for base, part in pieces(text, PIECE, OVERLAP)]
        found: list[list[Entity]] = [[] for _ in texts]
        read = self._pipeline.pipe((part for _, _, part in cut), batch_size=BATCH)
        for (place, base, _), document in zip(cut, read, strict=True):
            for span in document.ents:
                kind = type_of_label(span.label_)
                if kind in wanted and kind is not None:
                    start, end = trimmed(texts[place], base + span.start_char, base + span.end_char)
                    found[place].append(Entity(start, end, kind, SCORE))
        return [settled(entities) for entities in found]
