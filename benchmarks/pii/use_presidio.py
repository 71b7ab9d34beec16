"""presidio-analyzer with its English pattern recognisers on a blank spaCy pipeline; run by `.venv-peers-pii`.

    python benchmarks/pii/use_presidio.py JOB.json OUT.json

The job holds lists of texts; the answer, for each list, every span (row, start, end, entity, score), and wall and
processor seconds of one pass over the list after a warm-up. No model is loaded: the recogniser that reads a model's
entities is taken out, and no weights are downloaded.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import spacy
from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
from presidio_analyzer.nlp_engine import SpacyNlpEngine


class Blank(SpacyNlpEngine):
    """spaCy's tokenizer and nothing else."""

    def load(self) -> None:
        self.nlp = {"en": spacy.blank("en")}


def engine() -> AnalyzerEngine:
    nlp = Blank(models=[{"lang_code": "en", "model_name": "blank"}])
    nlp.load()
    registry = RecognizerRegistry(supported_languages=["en"])
    registry.load_predefined_recognizers(languages=["en"], nlp_engine=nlp)
    registry.recognizers = [r for r in registry.recognizers if "Spacy" not in type(r).__name__]
    return AnalyzerEngine(registry=registry, nlp_engine=nlp, supported_languages=["en"])


def run(analyzer: AnalyzerEngine, texts: list[str]) -> dict[str, Any]:
    analyzer.analyze("warm up jane@example.com 4111 1111 1111 1111", language="en")
    spans: list[tuple[int, int, int, str, float]] = []
    wall, cpu = time.perf_counter(), time.process_time()
    for row, text in enumerate(texts):
        spans += [(row, r.start, r.end, r.entity_type, r.score) for r in analyzer.analyze(text, language="en")]
    return {"spans": spans, "wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}


def main() -> None:
    logging.disable(logging.CRITICAL)
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    analyzer = engine()
    out = {name: run(analyzer, texts) for name, texts in job.items()}
    out["version"] = version("presidio-analyzer")
    out["recognizers"] = len(analyzer.registry.recognizers)
    Path(sys.argv[2]).write_text(json.dumps(out), encoding="utf-8")


if __name__ == "__main__":
    main()
