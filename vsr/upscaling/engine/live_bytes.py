"""How much memory a network takes: found beforehand, on shapes without numbers where that works."""

from __future__ import annotations

import copy
import weakref
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

PROBE_SIDE = 64
"""The side of the picture whose tensors are counted; large beside every kernel."""


def peak_bytes_per_pixel(net: nn.Module, channels: int) -> float:
    """Return the most bytes of tensors alive at once, per low-resolution pixel of float32 input.

    The network runs on the meta device: shapes without numbers. Networks of others that look at
    numbers on their way run where they are.
    """
    try:
        return _peak(copy.deepcopy(net).to("meta"), channels, torch.device("meta"))
    except (NotImplementedError, RuntimeError, ValueError):
        return _peak(net, channels, next(net.parameters()).device)


def _peak(net: nn.Module, channels: int, device: torch.device) -> float:
    picture = torch.zeros(1, channels, PROBE_SIDE, PROBE_SIDE, device=device)
    with torch.no_grad(), _LiveBytes() as count:
        net(picture.to(memory_format=torch.channels_last))
    return float(count.peak) / PROBE_SIDE**2


class _LiveBytes(TorchDispatchMode):  # type: ignore[no-untyped-call] # torch has no types there
    """Count the bytes of storages made inside it, while they live."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # torch has no types there
        self.alive = 0
        self.peak = 0
        self._seen: set[int] = set()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        for tensor in result if isinstance(result, (tuple, list)) else (result,):
            if isinstance(tensor, Tensor):
                self._watch(tensor)
        return result

    def _watch(self, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        key = storage._cdata
        if key in self._seen:
            return
        size = storage.nbytes()
        self._seen.add(key)
        self.alive += size
        self.peak = max(self.peak, self.alive)
        weakref.finalize(storage, self._forget, key, size)

    def _forget(self, key: int, size: int) -> None:
        self._seen.discard(key)
        self.alive -= size
