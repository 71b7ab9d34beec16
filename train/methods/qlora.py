"""QLoRA: LoRA over a base held in four bits (Dettmers et al. 2023, arXiv:2305.14314), by bitsandbytes.

NF4 with double quantisation; products are computed in the format that `dtype` says. A quarter of the memory that half
precision takes, for a slower step, on CUDA or on a CPU. What it leaves is an ordinary LoRA: it serves, and is merged, on
the base's own weights, where its logits differ from those it was trained with by what quantisation rounds away.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, ClassVar

from curate.errors import ConfigError
from train.extra import extra
from train.methods.lora import Lora

if TYPE_CHECKING:
    from train.config import TrainConfig


class QLora(Lora):
    """LoRA on four bits."""

    name: ClassVar[str] = "qlora"
    when: ClassVar[str] = "A base that does not fit into memory otherwise: four bits a weight, slower steps."
    learning_rate: ClassVar[float] = 3e-3

    def prepare(self, model: Any, config: TrainConfig, kind: str) -> Any:
        """The quantised model behind fresh adapters, in float32."""
        peft = extra("peft")
        model = peft.prepare_model_for_kbit_training(model, use_gradient_checkpointing=False)
        for module in model.modules():
            # An evaluation on a CPU with AVX512-BF16 would repack the weights for a kernel that has no backward pass, and
            # training after it would leave out what flows through them, without an error.
            if getattr(module, "support_avx512bf16_for_cpu", False):
                module.support_avx512bf16_for_cpu = False
        return peft.get_peft_model(model, self.peft_config(model, config, kind))

    def quantised(self) -> Any:
        """How to load the base; raises `ConfigError` where bitsandbytes is missing."""
        if find_spec("bitsandbytes") is None:
            raise ConfigError(
                "method 'qlora' needs bitsandbytes: pip install 'curate-toolkit[qlora]'; without it, 'lora' with "
                "activation_checkpointing = true, or a smaller base, saves memory"
            )
        torch = extra("torch")
        half = torch.cuda.is_available() and torch.cuda.get_device_capability() >= (8, 0)
        return extra("transformers").BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=torch.bfloat16 if half else torch.float32,
        )
