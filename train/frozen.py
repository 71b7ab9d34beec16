"""States of the frozen lower layers, computed once for each row: for runs that train only the upper layers of a decoder.

Where nothing below some layer learns (`[train] layers`), what enters that layer is the same in every epoch, arm and seed.
It is computed the first time that a row of tokens is seen and kept, up to `MOST_BYTES`; a step then runs the upper layers
forward and backward instead of all of them forward. A decoder never looks to the right, so the states of a row do not
depend on its padding.

Whether the short way is right is found out, not assumed: the first batch takes both ways, and where they differ by more
than rounding (positions added to embeddings, scaled embeddings) the long one is taken from then on.
This is another configuration than training every layer, so results of the two are never to be compared as one.

Shapes: states float[T, H] a row, in the base's format. Cost: T x H x 4 bytes a row (40 MB for 2,000 short rows of the
bundled base). Needs torch.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import torch

from train.noise import noises

if TYPE_CHECKING:
    from train.objective import Batch, Objective

MOST_BYTES = 1 << 30
_LISTS = ("layers", "h", "blocks")
"""What decoders call the list of their layers."""
_ABOVE = ("norm", "ln_f")
"""Parts of a trunk that stand behind its layers."""
Kept = dict[bytes, torch.Tensor]


def keep_lower_states(objective: Objective, kept: dict[tuple[int, str, str], Kept]) -> None:
    """Have `objective` keep the states of its frozen lower layers, where it is a decoder that has such.

    `kept` is shared by the runs of one base; states are kept by first learning layer, number format and device.
    """
    trunk = getattr(objective.inner, getattr(objective.inner, "base_model_prefix", ""), None)
    name = next((n for n in _LISTS if isinstance(getattr(trunk, n, None), torch.nn.ModuleList)), None)
    if not objective.causal or objective.extraction or trunk is None or name is None:
        return
    layers = getattr(trunk, name)
    learning = [any(p.requires_grad for p in layer.parameters()) for layer in layers]
    first = next((i for i, learns in enumerate(learning) if learns), len(learning))
    others = [n for n, p in trunk.named_parameters() if p.requires_grad and not n.startswith(f"{name}.")]
    if not 0 < first < len(layers) or not all(any(word in n for word in _ABOVE) for n in others):
        return
    lower = {id(module) for layer in layers[:first] for module in layer.modules()} | {id(getattr(trunk, "config", None))}
    if any(id(owner) in lower for owner, _ in noises(trunk)):
        return
    one = next(trunk.parameters())
    states = kept.setdefault((first, str(one.dtype), str(one.device)), {})
    objective.lower = LowerStates(trunk, name, first, states)


class LowerStates:
    """Runs the upper layers of one trunk on kept states of the lower ones."""

    def __init__(self, trunk: Any, name: str, first: int, kept: Kept) -> None:
        self.trunk, self._name, self.kept = trunk, name, kept
        self._whole = getattr(trunk, name)
        self._first = self._whole[first]
        self._upper = torch.nn.ModuleList(self._whole[first:])
        self._bytes = sum(s.numel() * s.element_size() for s in kept.values())
        self.usable: bool | None = None
        """None until the first batch has taken both ways."""

    def states(self, batch: Batch, whole: Callable[[], torch.Tensor]) -> torch.Tensor | None:
        """float[B, T, H]: the trunk's last states; None where the short way does not hold. `whole()` is the long way."""
        if self.usable is False:
            return None
        below = self._below(batch)
        if self.usable is None:
            with torch.no_grad():
                short, long = self._above(below), whole()
            atol = 1e-4 if long.dtype == torch.float32 else 5e-2
            mask = torch.arange(long.shape[1], device=long.device)[None, :] < batch.lengths[:, None]
            self.usable = bool(torch.allclose(short[mask], long[mask], atol=atol, rtol=1e-3))
            if not self.usable:
                return None
        return self._above(below)

    def _above(self, below: torch.Tensor) -> torch.Tensor:
        with self._only(self._upper):
            found: torch.Tensor = self.trunk(inputs_embeds=below, use_cache=False).last_hidden_state
        return found

    def _below(self, batch: Batch) -> torch.Tensor:
        """float[B, T, H]: what enters the upper layers, zero behind each row's end."""
        tokens, lengths = batch.tokens.cpu().numpy(), batch.lengths.tolist()
        keys = [tokens[i, :n].tobytes() for i, n in enumerate(lengths)]
        new = [i for i, key in enumerate(keys) if key not in self.kept]
        fresh: dict[int, torch.Tensor] = {}
        if new:
            widest = max(lengths[i] for i in new)
            entered = self._entering(batch.tokens[new][:, :widest])
            for place, i in enumerate(new):
                fresh[i] = entered[place, : lengths[i]].clone()
                size = fresh[i].numel() * fresh[i].element_size()
                if self._bytes + size <= MOST_BYTES:
                    self.kept[keys[i]] = fresh[i]
                    self._bytes += size
        rows = [fresh[i] if i in fresh else self.kept[key] for i, key in enumerate(keys)]
        padded = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)
        # Positions count in the width of the batch, which a part of one may not fill.
        return torch.nn.functional.pad(padded, (0, 0, 0, batch.tokens.shape[1] - padded.shape[1]))

    def _entering(self, tokens: torch.Tensor) -> torch.Tensor:
        """What enters the first of the upper layers."""
        held: list[torch.Tensor] = []

        def stop(module: Any, given: tuple[Any, ...], named: dict[str, Any]) -> None:
            held.append(given[0] if given else named["hidden_states"])
            raise _EnoughError

        hook = self._first.register_forward_pre_hook(stop, with_kwargs=True)
        try:
            with torch.no_grad(), contextlib.suppress(_EnoughError):
                self.trunk(input_ids=tokens, use_cache=False)
        finally:
            hook.remove()
        return held[0].detach()

    @contextlib.contextmanager
    def _only(self, layers: Any) -> Iterator[None]:
        self.trunk._modules[self._name] = layers
        try:
            yield
        finally:
            self.trunk._modules[self._name] = self._whole


class _EnoughError(Exception):
    """The lower layers are done."""
