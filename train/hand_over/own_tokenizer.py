"""llama.cpp's converter, told of the bundled base's tokenizer: `python -m train.hand_over.own_tokenizer CONVERTER MODEL …`.

The converter knows a byte-level BPE by a hash of the ids that it gives one text, so it knows published vocabularies and
refuses every tokenizer that somebody trained. That of the bundled base cuts text as GPT-2 does with digits one by one,
which llama.cpp calls `smollm`, but cuts out runs of line breaks first. In its vocabulary that shows in one token alone,
the double line break: no other token holds two white spaces, or a line break beside anything. Marked as user-defined,
that token is cut out before any pattern is tried, and both cut every text alike (`tests/train/test_hand_over.py` asks
llama.cpp itself). The marks of what is learned are taken out of the chat template, which llama.cpp does not know.

Other BPE tokenizers of one's own have to be added to llama.cpp. Cost: none beside the converter's.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

PATTERN, BREAKS = "smollm", "\n\n"
IN_BYTES = "ĊĊ"
"""The double line break as byte-level BPE writes it."""
_MARKS = re.compile(r"\{%-?\s*(?:end)?generation\s*-?%\}")


def is_bundled(model: Path) -> bool:
    """Whether the model in a folder has the bundled base's tokenizer."""
    from train.headers import BUNDLED_PATH

    found = [_tokenizer(folder / "tokenizer.json") for folder in (BUNDLED_PATH, model)]
    return found[0] is not None and found[0] == found[1]


def _tokenizer(path: Path) -> Any:
    """What decides how text is cut; None where it cannot be read."""
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        return [held["normalizer"], held["pre_tokenizer"], held["model"]["vocab"], held["model"]["merges"]]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def teach(converter: ModuleType) -> None:
    """Have a loaded converter name the pattern, mark the double line break, and write a plain template."""
    gguf = importlib.import_module("gguf")
    homes = [converter, *(m for name, m in sys.modules.items() if name.startswith("conversion"))]
    kinds: set[Any] = {kind for home in homes for kind in vars(home).values() if isinstance(kind, type)}
    for kind in kinds:
        if "get_vocab_base_pre" in vars(kind):
            kind.get_vocab_base_pre = lambda self, tokenizer: PATTERN
            kind.get_vocab_base = _marked(kind.get_vocab_base, gguf.TokenType.USER_DEFINED)
    plain = gguf.GGUFWriter.add_chat_template
    gguf.GGUFWriter.add_chat_template = lambda self, value: plain(self, _MARKS.sub("", value))


def _marked(usual: Any, user_defined: Any) -> Any:
    def get_vocab_base(self: Any) -> Any:
        tokens, kinds, pattern = usual(self)
        at = tokens.index(IN_BYTES)
        tokens[at], kinds[at] = BREAKS, user_defined
        return tokens, kinds, pattern

    return get_vocab_base


def main() -> None:
    """Run the converter that is named first, with the arguments behind it."""
    sys.argv = sys.argv[1:]
    path = Path(sys.argv[0])
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location("convert_hf_to_gguf", path)
    assert spec is not None
    assert spec.loader is not None
    converter = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(converter)
    teach(converter)
    converter.main()


if __name__ == "__main__":
    main()
