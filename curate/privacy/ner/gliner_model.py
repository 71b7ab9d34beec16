"""Entities by a GLiNER model from a folder: the model is asked for the types in words ("street address").

Long texts are cut at blanks into pieces, which overlap; an entity cut by an edge is taken from the piece that holds it
whole. A piece has few enough words for the model not to cut it by itself, which it would do without a word.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from curate.privacy.ner.types import ASKED, Entity, settled, trimmed
from curate.privacy.ner.windows import pieces
from curate.privacy.types import ALL

WORDS, OVERLAP, BATCH = 200, 200, 8
_LEAST = 0.3


class GlinerTagger:
    """A GLiNER model."""

    def __init__(self, path: Path) -> None:
        """OSError or ValueError where the folder holds no such model."""
        from gliner import GLiNER

        config = json.loads((path / "gliner_config.json").read_text(encoding="utf-8"))
        self._words = min(WORDS, max(16, int(config.get("max_len") or WORDS) // 2))
        self._model = GLiNER.from_pretrained(str(path), local_files_only=True, map_location="cpu").eval()

    def entities(self, texts: Sequence[str], types: Sequence[str] = ALL) -> list[list[Entity]]:
        """See `Tagger`."""
        asked = {ASKED[name]: name for name in types if name in ASKED}
        cut = [
            (place, base, part)
            for place, text in enumerate(texts)
            for base, part in pieces(text, 16 * self._words, OVERLAP, self._words)
            if part.strip()
        ]
        found: list[list[Entity]] = [[] for _ in texts]
        if not cut or not asked:
            return found
        order = sorted(range(len(cut)), key=lambda i: (len(cut[i][2]), i))
        read = self._model.inference([cut[i][2] for i in order], list(asked), threshold=_LEAST, batch_size=BATCH)
        for i, entities in zip(order, read, strict=True):
            place, base, _ = cut[i]
            for entity in entities:
                start, end = trimmed(texts[place], base + int(entity["start"]), base + int(entity["end"]))
                found[place].append(Entity(start, end, asked[entity["label"]], float(entity["score"])))
        return [settled(entities) for entities in found]
