"""From an adapter to other tools: llama.cpp (GGUF), lm-evaluation-harness (a task), accelerate (several GPUs).

Each writes files and says the command that uses them; nothing here runs another tool but the converter that is asked for.
"""

from __future__ import annotations

from train.hand_over.gguf import find_converter, write_gguf
from train.hand_over.launch import write_launch
from train.hand_over.lm_eval import write_lm_eval

__all__ = ["find_converter", "write_gguf", "write_launch", "write_lm_eval"]
