"""The whole way from decoded bytes to encoded bytes on one device, as one callable.

The bytes of all planes come in one block and leave in one block (`Packing`): one copy across the
bus instead of three, and a CUDA graph can be captured around it. The network runs in half
precision if asked; the image base and the quantisation stay in float32; a flag tells whether every
number was finite.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vsr.frames import Layout
from vsr.upscaling.engine.cuda_forms import Forward
from vsr.upscaling.engine.kernel_pass import PassKernels
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
    places: tuple[slice, ...]
    size: int

    @classmethod
    def of(cls, layout: Layout, size: Size) -> Packing:
        """Return the packing of a picture."""
        shapes, places, end = layout.plane_shapes(size), list[slice](), 0
        for shape in shapes:
            places.append(slice(end, end + prod(shape) * layout.dtype.itemsize))
            end = -(-places[-1].stop // ALIGNMENT) * ALIGNMENT
        return cls(layout, shapes, tuple(places), end)

    def arrays(self, block: NDArray[np.uint8]) -> tuple[NDArray[Any], ...]:
        """Return the planes of a host block, as views."""
        pairs = zip(self.places, self.shapes, strict=True)
        return tuple(block[at].view(self.layout.dtype).reshape(shape) for at, shape in pairs)

    def tensors(self, block: Tensor) -> tuple[Tensor, ...]:
        """Return the planes of a device block, as views."""
        dtype = torch.uint8 if self.layout.bits == 8 else torch.uint16
        pairs = zip(self.places, self.shapes, strict=True)
        return tuple(block[at].view(dtype).view(shape) for at, shape in pairs)


Planes = Sequence[Tensor]

Prepare = Callable[[Planes], Tensor]
"""Decoded planes → the network's input (1, channels, H, W); by kernels in the network's dtype."""

Complete = Callable[[Tensor, Planes, Planes, Tensor], None]
"""The network's output, which it may alter, and the decoded planes → the encoded planes and the
flag (1,) uint8: 1 if every number of the output was finite."""


def completed_by(way: Pass) -> Complete:
    """Return what completes a frame by the operations of torch."""

    def complete(output: Tensor, planes: Planes, target: Planes, flag: Tensor) -> None:
        output = output.float()
        flag.copy_(torch.isfinite(output).all())
        for own, plane in zip(target, way.complete(output, planes), strict=True):
            own.copy_(plane)

    return complete


_EXACT = threading.RLock()
"""The flags below are the whole process's: engines of several threads take turns to launch."""


@contextmanager
def exact_inference() -> Iterator[None]:
    """Compute without gradients, in kernels that give the same bits each time.

    float32 is float32: TF32 would round what the image base and chroma are made of; and a run
    resumed after a crash must make the same bytes. Afterwards the flags are what they were.
    """
    cudnn: Any = torch.backends.cudnn  # torch has no types for its flags
    with _EXACT, torch.inference_mode():
        before = cudnn.enabled, cudnn.deterministic, cudnn.benchmark
        precision = cudnn.conv.fp32_precision
        if precision == cudnn.fp32_precision:
            precision = "none"  # as it may follow that one
        try:
            cudnn.enabled, cudnn.deterministic, cudnn.benchmark = True, True, False
            cudnn.conv.fp32_precision = "ieee"
            yield
        finally:
            cudnn.enabled, cudnn.deterministic, cudnn.benchmark = before
            cudnn.conv.fp32_precision = precision


class DevicePass:
    """Block of decoded planes → block of encoded planes and a flag (uint8: 1 is finite).

    Attributes:
        prepare: what makes the network's input, and
        complete: what makes planes of its output: kernels may take their place.
    """

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
        self.prepare: Prepare = way.prepare
        self.complete: Complete = completed_by(way)
        self._scale = way.scale
        self._run = run
        self._tiles = tiles
        self._in_tiles = in_tiles

    def use(self, kernels: PassKernels) -> None:
        """Let kernels prepare and complete, and add the base of a folded network."""
        self.prepare, self.complete = kernels.prepare, kernels.complete
        if isinstance(self._run, FoldedPlain):
            self._run = self._run.detail

    def __call__(self, source: Tensor, target: Tensor, flag: Tensor) -> None:
        """Compute ``target`` (bytes) and ``flag`` (1,) from ``source`` (bytes), on their device."""
        with exact_inference():
            planes = self.source.tensors(source)
            output = self._network(self.prepare(planes))
            self.complete(output, planes, self.target.tensors(target), flag)

    def _network(self, picture: Tensor) -> Tensor:
        if self._run is None:
            return picture
        if len(self._tiles) <= 1:
            return self._run(picture)
        return self._in_tiles(self._run, picture, self._tiles, self._scale)
