"""A CUDA device that is not there: tensors say that they lie on it, hold a CPU tensor, and refuse what CUDA refuses.

What it finds: CPU and device tensors in one operation (0-dimensional ones aside), tensors made on the wrong side,
`.numpy()` of a device tensor, a generator of the other side, and state of the device's generator that a resumed run does
not put back, since random operations draw from a state of their own. What it cannot see: kernels that CUDA lacks or that
compute otherwise (attention is taken apart into matrix products here), streams and pinned memory, memory running out,
speed, quantised weights, several devices. Needs torch only; nothing of it outlives `pretended_cuda`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any
from unittest import mock

import numpy as np
import torch
import torch._dynamo  # reads torch.cuda when it is first imported, which must not be while that pretends
from torch.utils import _pytree as pytree
from torch.utils._device import DeviceContext
from torch.utils._python_dispatch import TorchDispatchMode

aten = torch.ops.aten
HERE = torch.device("cuda", 0)
_CROSSES = {aten.copy_.default, aten._to_copy.default}
_BY_HOST_NUMBERS = {aten.index.Tensor, aten.index_put_.default, aten.index_put.default, aten._index_put_impl_.default}


class OnCuda(torch.Tensor):
    """A tensor that says it is on CUDA; `held` is where its numbers are."""

    held: torch.Tensor

    @staticmethod
    def __new__(cls, held: torch.Tensor) -> OnCuda:
        made: OnCuda = torch.Tensor._make_wrapper_subclass(  # type: ignore[attr-defined]
            cls, held.shape, strides=held.stride(), storage_offset=held.storage_offset(), dtype=held.dtype,
            device=torch.device("meta"), requires_grad=False,
        )  # fmt: skip
        made.held = held.detach()
        return made

    __torch_function__ = torch._C._disabled_torch_function_impl
    device = property(lambda self: HERE)  # type: ignore[assignment]
    is_cuda = property(lambda self: True)  # type: ignore[assignment]
    is_meta = is_cpu = property(lambda self: False)  # type: ignore[assignment]

    @property
    def data(self) -> torch.Tensor:  # type: ignore[override]
        return self.detach()

    @data.setter
    def data(self, value: torch.Tensor) -> None:
        if not isinstance(value, OnCuda):
            raise RuntimeError("the data of a CUDA tensor was set to a tensor that is not there")
        torch.Tensor.data.__set__(self, value)  # type: ignore[attr-defined]
        self.held = value.held

    def untyped_storage(self) -> Any:
        return self.held.untyped_storage()

    def __getitem__(self, at: Any) -> Any:
        return super().__getitem__(_there(at))

    def __setitem__(self, at: Any, value: Any) -> None:
        super().__setitem__(_there(at), value)

    def numpy(self, *_: Any, **__: Any) -> Any:
        raise TypeError("can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() first")

    def tolist(self) -> Any:
        return self.held.tolist()

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        made: Any = OnCuda(self.held.clone())
        if isinstance(self, torch.nn.Parameter):
            made = torch.nn.Parameter(made, self.requires_grad)
        return memo.setdefault(id(self), made)

    def __repr__(self) -> str:  # type: ignore[override]
        return f"OnCuda({self.held!r})"

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _run(func, args, dict(kwargs or {}))


class _Factories(TorchDispatchMode):
    """Catches what is made on the device from nothing, or moved there."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _run(func, args, dict(kwargs or {}))


class _Random:
    """The state of the device's generator."""

    state = torch.empty(0, dtype=torch.uint8)

    @classmethod
    @contextlib.contextmanager
    def drawing(cls) -> Iterator[None]:
        before = torch.get_rng_state()
        torch.set_rng_state(cls.state)
        try:
            yield
        finally:
            cls.state = torch.get_rng_state()
            torch.set_rng_state(before)

    @classmethod
    def seed(cls, seed: int) -> None:
        cls.state = torch.Generator().manual_seed(int(seed)).get_state()


class _Unread:
    """Whether a tensor is being made under `with torch.device("meta")`, as models are before they are read."""

    now = False
    plain = DeviceContext.__torch_function__

    @staticmethod
    def made(self: Any, *given: Any) -> Any:
        before, _Unread.now = _Unread.now, self.device.type == "meta"
        try:
            return _Unread.plain(self, *given)
        finally:
            _Unread.now = before


def _run(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    kwargs.pop("pin_memory", None)  # nothing to pin for
    if func._can_decompose():  # made of other operations: without gradients it comes here whole
        with _Factories():
            return func.decompose(*args, **kwargs)
    flat = [x for x in pytree.tree_leaves((args, kwargs)) if isinstance(x, torch.Tensor)]
    there = [x for x in flat if isinstance(x, OnCuda)]
    asked = kwargs.get("device")
    if func is aten._fused_sdp_choice.default:
        return 0  # taken apart into matrix products: the CPU's kernel has another name than CUDA's
    if func in _CROSSES or asked is not None:
        on_cuda = isinstance(args[0], OnCuda) if func is aten.copy_.default else _on_cuda(asked, flat)
    else:
        on_cuda = bool(there)
        _check(func, args, flat, there)
    if not on_cuda and not there:
        return func(*args, **kwargs)
    generator = kwargs.get("generator")
    if on_cuda and generator is not None:
        raise RuntimeError(f"{func}: expected a 'cuda' device type for generator but found '{generator.device}'")
    plain_args, plain = pytree.tree_map(lambda x: x.held if isinstance(x, OnCuda) else x, (args, kwargs))
    if asked is not None:
        plain["device"] = torch.device("cpu")
    random = torch.Tag.nondeterministic_seeded in func.tags and on_cuda
    with _Random.drawing() if random else contextlib.nullcontext():
        out = func(*plain_args, **plain)
    if func._schema.is_mutable:
        return _given_back(func, args, kwargs, out, on_cuda)
    return pytree.tree_map(lambda x: OnCuda(x) if isinstance(x, torch.Tensor) else x, out) if on_cuda else out


def _on_cuda(asked: Any, flat: list[torch.Tensor]) -> bool:
    if asked is None:
        return isinstance(flat[0], OnCuda)
    kind = torch.device(asked).type  # to torch's own code our tensors are on `meta`, as are models that are not read yet
    return kind == "cuda" or (kind == "meta" and not _Unread.now)


def _check(func: Any, args: Any, flat: list[torch.Tensor], there: list[OnCuda]) -> None:
    """Raise what CUDA raises where tensors of both sides meet."""
    strange = [x for x in flat if not isinstance(x, OnCuda) and x.dim() > 0] if there else []
    if func in _BY_HOST_NUMBERS and isinstance(args[0], OnCuda):
        strange = [x for x in strange if all(x is not i for i in args[1])]  # CUDA takes host indices
    first_on_host = bool(there) and isinstance(args[0], torch.Tensor) and not isinstance(args[0], OnCuda)
    if strange or (first_on_host and func._schema.is_mutable):
        raise RuntimeError(f"{func}: expected all tensors to be on the same device, but found cuda:0 and cpu")


def _given_back(func: Any, args: Any, kwargs: dict[str, Any], out: Any, on_cuda: bool) -> Any:
    """What an operation in place returns: the very tensors that it was given."""
    named = {**dict(zip((a.name for a in func._schema.arguments), args, strict=False)), **kwargs}
    changed = [named[a.name] for a in func._schema.arguments if a.alias_info is not None and a.alias_info.is_write]
    flat = [x for x in pytree.tree_leaves(changed) if isinstance(x, OnCuda)]
    by_held = {id(x.held): x for x in flat}
    return pytree.tree_map(
        lambda x: by_held.get(id(x), OnCuda(x) if on_cuda else x) if isinstance(x, torch.Tensor) else x, out
    )


@contextlib.contextmanager
def pretended_cuda() -> Iterator[None]:
    """A machine with one card of compute capability 9.0, for as long as this lasts."""
    _Random.seed(0)
    seeded = torch.manual_seed

    def both(seed: int) -> Any:
        _Random.seed(seed)
        return seeded(seed)

    def put(state: torch.Tensor, device: Any = "cuda") -> None:
        _Random.state = state.clone()

    pretended = {
        "is_available": lambda: True, "device_count": lambda: 1, "current_device": lambda: 0, "set_device": _nothing,
        "get_device_capability": lambda device=None: (9, 0), "get_device_name": lambda device=None: "Pretended",
        "mem_get_info": lambda device=None: (80 << 30, 80 << 30), "max_memory_allocated": lambda device=None: 1 << 20,
        "memory_reserved": lambda device=None: 0, "memory_allocated": lambda device=None: 0,
        "reset_peak_memory_stats": _nothing, "_lazy_init": _nothing, "get_rng_state": lambda device="cuda": _Random.state,
        "set_rng_state": put, "empty_cache": _nothing, "synchronize": _nothing, "is_initialized": lambda: True,
        "is_bf16_supported": lambda *a, **k: True,
    }  # fmt: skip
    with contextlib.ExitStack() as stack:
        for name, value in pretended.items():
            stack.enter_context(mock.patch.object(torch.cuda, name, value))
        stack.enter_context(mock.patch.object(torch, "manual_seed", both))
        stack.enter_context(mock.patch.object(torch.Tensor, "to", _to))
        stack.enter_context(mock.patch.object(torch, "tensor", _tensor))
        stack.enter_context(mock.patch.object(DeviceContext, "__torch_function__", _Unread.made))
        for name, value in {"__enter__": _without_gradients, "__exit__": _with_gradients}.items():
            stack.enter_context(mock.patch.object(torch.inference_mode, name, value))
        swapped = torch.__future__.get_swap_module_params_on_conversion()
        torch.__future__.set_swap_module_params_on_conversion(True)
        stack.callback(torch.__future__.set_swap_module_params_on_conversion, swapped)
        stack.enter_context(_Factories())
        yield


_PLAIN_TO, _PLAIN_TENSOR = torch.Tensor.to, torch.tensor


def _to(self: torch.Tensor, *args: Any, copy: bool = False, **kwargs: Any) -> torch.Tensor:
    """As `Tensor.to`, where a device without a number is the first, and nothing is to do for what is there."""
    device, dtype, *_ = torch._C._nn._parse_to(*args, **kwargs)
    dtype = dtype or self.dtype
    if device is None or (isinstance(self, OnCuda) and device.type in ("cuda", "meta")):
        return self if dtype == self.dtype and not copy else _PLAIN_TO(self, dtype, copy=copy)
    return _PLAIN_TO(self, HERE if device.type == "cuda" else device, dtype, copy=copy)


def _tensor(data: Any, *, device: Any = None, requires_grad: bool = False, **kwargs: Any) -> torch.Tensor:
    made = _PLAIN_TENSOR(data, **kwargs)
    return _to(made, device=device).requires_grad_(requires_grad)


def _there(at: Any) -> Any:
    """Lists of numbers as tensors: torch would make empty ones of them on the device that it sees."""
    if isinstance(at, tuple):
        return tuple(_there(one) for one in at)
    return torch.tensor(at, device=HERE) if isinstance(at, (list, np.ndarray)) else at


def _without_gradients(self: Any) -> None:
    """Inference mode, which tensors of a kind of their own do not know, as `no_grad`."""
    self.held = torch.no_grad()
    self.held.__enter__()


def _with_gradients(self: Any, *error: Any) -> None:
    self.held.__exit__(*error)


def _nothing(*_: Any, **__: Any) -> None:
    return
