"""Ways to change a base model: one file each, behind one interface, found by name.

A method says which numbers of a model are trained, how they are put there (`prepare`) and at which rates (`groups`); what
it leaves behind is an adapter of peft's, a patch of the numbers it changed, or whole weights (`saved_as`). Everything
else, from encoding to watchdogs, is the same for all.

    METHODS["ia3"].when             # when to use it, one sentence
    METHODS["ia3"].prepare(model, config, "CAUSAL_LM")

`TrainConfig.method` names one; `lora` is the default.
"""

from __future__ import annotations

from train.methods.bitfit import BitFit
from train.methods.full import Full
from train.methods.ia3 import IA3
from train.methods.layernorm import LayerNorm
from train.methods.lora import Lora
from train.methods.lora_plus import LoraPlus
from train.methods.method import ADAPTER, PATCH, WHOLE, Method
from train.methods.qlora import QLora

__all__ = ["ADAPTER", "METHODS", "PATCH", "WHOLE", "Method"]
METHODS: dict[str, Method] = {
    method.name: method for method in (Lora(), LoraPlus(), QLora(), IA3(), BitFit(), LayerNorm(), Full())
}
