"""The whole way from decoded bytes to encoded bytes on one device, as one callable.

The bytes of all planes come in one block and leave in one block (`Packing`): one copy across the
bus instead of three, and a CUDA graph can be captured around it. The network runs in half
precision if asked; the image base and the quantisation stay in float32; a flag tells whether every
number was finite.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from vsr.frames import Layout
from vsr.models.foreign.adapter import Foreign
from vsr.upscaling.passes.folding import FoldedPlain
from vsr.upscaling.passes.passes import Pass, PassSpec
from vsr.upscaling.tiles.tiling import Window, run_tiled
from vsr.values import Size

ALIGNMENT = 256
"""Where each plane begins, in bytes: what CUDA's own allocator keeps to."""


@dataclass(frozen=True, slots=True)
class Packing:
    """Where the planes of a layout lie in a block."""

    layout: Layout
    shapes: tuple[tuple[int, int], ...]
    offsets: tuple[int, ...]
    size: int

    @classmethod
    def of(cls, layout: Layout, size: Size) -> Packing:
        """Return the packing of a picture."""
        shapes = layout.plane_shapes(size)
        offsets, end = [], 0
        for shape in shapes:
            offsets.append(end)
            taken = prod(shape) * layout.dtype.itemsize
            end += -(-taken // ALIGNMENT) * ALIGNMENT
        return cls(layout, shapes, tuple(offsets), end)

    def arrays(self, block: NDArray[np.uint8]) -> tuple[NDArray[Any], ...]:
        """Return the planes of a host block, as views."""
        return tuple(
            block[at : at + prod(shape) * self.layout.dtype.itemsize]
            .view(self.layout.dtype)
            .reshape(shape)
            for at, shape in zip(self.offsets, self.shapes, strict=True)
        )

    def tensors(self, block: Tensor) -> tuple[Tensor, ...]:
        """Return the planes of a device block, as views."""
        dtype = torch.uint8 if self.layout.bits == 8 else torch.uint16
        return tuple(
            block[at : at + prod(shape) * self.layout.dtype.itemsize].view(dtype).view(shape)
            for at, shape in zip(self.offsets, self.shapes, strict=True)
        )


Forward = Callable[[Tensor], Tensor]


class Cast(nn.Module):
    """A module whose input is cast to its own dtype first, outside of autocast."""

    def __init__(self, inner: nn.Module, dtype: torch.dtype) -> None:
        super().__init__()
        self.inner = inner.to(dtype)
        self.dtype = dtype

    def forward(self, x: Tensor) -> Tensor:
        """Run the inner module in its dtype."""
        with torch.autocast(x.device.type, enabled=False):
            out: Tensor = self.inner(x.to(self.dtype))
            return out


def autocast_run(net: nn.Module, dtype: torch.dtype) -> Forward:
    """Return the reference way to run a network on its device: autocast, or float32 as it is."""
    net = _with_float32_base(net)

    def run(picture: Tensor) -> Tensor:
        # weights are cast each time: a cache would keep a copy of each alive
        with torch.autocast(
            picture.device.type, dtype, enabled=dtype != torch.float32, cache_enabled=False
        ):
            output: Tensor = net(picture)
            return output

    return run


def cast_run(net: nn.Module, dtype: torch.dtype) -> Forward:
    """Return the fast way: weights cast once, for a graph to be captured around."""
    if dtype == torch.float32:
        return net
    if isinstance(net, Foreign):
        return autocast_run(net, dtype)
    if not isinstance(net, FoldedPlain):
        return Cast(copy.deepcopy(net), dtype)
    net = _with_float32_base(net)
    assert isinstance(net, FoldedPlain)
    net.head = Cast(net.head, dtype)
    net.body.to(dtype)
    net.activations.to(dtype)
    net.tail.to(dtype)
    return net


def _with_float32_base(net: nn.Module) -> nn.Module:
    """Return a copy with the image base in float32: the frame itself must not be rounded."""
    net = copy.deepcopy(net)
    if isinstance(net, FoldedPlain):
        net.base = Cast(net.base, torch.float32)
    return net


@contextmanager
def exact_inference() -> Iterator[None]:
    """Compute without gradients, in kernels that give the same bits each time.

    float32 is float32: TF32 would round what the image base and chroma are made of; and a run
    resumed after a crash must make the same bytes.
    """
    exact = torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False)
    with torch.inference_mode(), exact:
        yield


class DevicePass:
    """Block of decoded planes → block of encoded planes and a flag (uint8: 1 is finite)."""

    def __init__(
        self,
        spec: PassSpec,
        way: Pass,
        run: Forward | None,
        tiles: Sequence[Window],
        in_tiles: Callable[..., Tensor] = run_tiled,
    ) -> None:
        self.source = Packing.of(spec.source_format.layout, spec.source)
        self.target = Packing.of(spec.output_format.layout, spec.output)
        self._way = way
        self._run = run
        self._tiles = tiles
        self._in_tiles = in_tiles

    def __call__(self, source: Tensor, target: Tensor, flag: Tensor) -> None:
        """Compute ``target`` (bytes) and ``flag`` (1,) from ``source`` (bytes), on their device."""
        with exact_inference():
            planes = self.source.tensors(source)
            output = self._network(self._way.prepare(planes)).float()
            flag.copy_(torch.isfinite(output).all())
            for plane, own in zip(
                self._way.complete(output, planes), self.target.tensors(target), strict=True
            ):
                own.copy_(plane)

    def with_kept(self, run: Forward) -> DevicePass:
        """Return this pass with ``run`` in its middle, whole; what it returns stays as it is."""

        def kept(picture: Tensor) -> Tensor:
            output = run(picture)
            return output.clone() if self._way.alters_output else output

        other = copy.copy(self)
        other._run, other._tiles = kept, ()
        return other

    def fill_randomly(self, source: Tensor) -> None:
        """Fill a block of decoded planes with codes that can occur.

        Others may overflow half precision, in two different ways.
        """
        peak = 1 << self.source.layout.bits
        for plane in self.source.tensors(source):
            plane.copy_(torch.randint(0, peak, plane.shape, device=plane.device))

    def _network(self, picture: Tensor) -> Tensor:
        if self._run is None:
            return picture
        if len(self._tiles) <= 1:
            return self._run(picture)
        return self._in_tiles(self._run, picture, self._tiles, self._way.scale)
