"""A network on its device, and the passes from bytes to bytes that are made of it.

Its graphs: one per device slot, checked against the autocast path, and one for a tile.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from vsr.device.failures import is_shortage
from vsr.device.flight import Lane, StreamLane
from vsr.device.select import Device
from vsr.models.foreign.adapter import Foreign, with_float32_ends
from vsr.upscaling.engine.cuda_pass import (
    DevicePass,
    Forward,
    autocast_run,
    cast_run,
    exact_inference,
)
from vsr.upscaling.engine.cuda_slots import DeviceSlot
from vsr.upscaling.engine.tile_size import halo_of, is_tiled, pinned_tile, way_of_tiles
from vsr.upscaling.passes.folding import route
from vsr.upscaling.passes.passes import Pass, PassSpec
from vsr.upscaling.tiles.tile_cache import DirtyMap, KeptOutput
from vsr.upscaling.tiles.tiling import Window, run_tiled, smaller, windows
from vsr.values import Size

if TYPE_CHECKING:
    from vsr.models.catalog import Model

TOLERANCE = 2
"""How far, in 8-bit codes, a graph may be from autocast: the rounding of half precision."""

WARM_UPS = 3
"""Runs before a capture: cuDNN chooses its kernels in them."""


def capture_all(
    slots: Sequence[DeviceSlot],
    reference: DevicePass,
    fast: DevicePass,
    lane: Lane,
    say: Callable[[str], None],
) -> None:
    """Capture a graph of ``fast`` in each slot; keep them only where all agree with ``reference``.

    Raises:
        RuntimeError: there is not enough memory for them (`vsr.device.failures.is_shortage`).
    """
    assert isinstance(lane, StreamLane)
    for slot in slots:
        problem = _captured(slot, reference, fast, lane)
        if problem:
            say(f"{problem}: launching kernels one by one.")
            drop_all(slots)
            return


def drop_all(slots: Sequence[DeviceSlot]) -> None:
    """Release every graph and its memory."""
    for slot in slots:
        slot.graph = None


def captured_run(run: Forward, like: Tensor, lane: Lane) -> Forward:
    """Return ``run`` as a graph; its output is always in the same memory.

    If no graph can be captured, this is ``run`` itself.

    Args:
        like: an input, which may be a view; others must have its shape. The graph's own input has
            its memory order, or cuDNN would take another kernel than for the whole picture.

    Raises:
        RuntimeError: there is not enough memory for it (`vsr.device.failures.is_shortage`).
    """
    assert isinstance(lane, StreamLane)
    given = like.clone()  # dense, in the order of the view's strides
    output = given

    def compute() -> None:
        nonlocal output
        with exact_inference():
            output = run(given)

    try:
        graph = _graph(compute, lane)
    except RuntimeError as error:
        if is_shortage(error):
            raise
        return run

    def replayed(tile: Tensor) -> Tensor:
        given.copy_(tile)
        graph.replay()
        return output

    return replayed


def _captured(slot: DeviceSlot, reference: DevicePass, fast: DevicePass, lane: StreamLane) -> str:
    """Capture one graph and compare it on random codes; return what is wrong, or ``""``."""
    reference.fill_randomly(slot.source)
    torch.cuda.synchronize(slot.source.device)
    lane.run(lambda: slot.compute(reference))
    lane.stream.synchronize()
    expected = _codes(reference, slot)
    try:
        slot.graph = _graph(lambda: slot.compute(fast), lane)
    except RuntimeError as error:
        if is_shortage(error):
            raise
        return f"no CUDA graph ({str(error).splitlines()[0]})"
    lane.run(slot.graph.replay)
    lane.stream.synchronize()
    unit = 1 << (reference.target.layout.bits - 8)
    is_close = all(
        bool(((a - b).abs() <= TOLERANCE * unit).all())
        for a, b in zip(expected, _codes(reference, slot), strict=True)
    )
    return "" if is_close else "the CUDA graph differs from autocast"


def _graph(work: Callable[[], None], lane: StreamLane) -> torch.cuda.CUDAGraph:
    def warm_up() -> None:
        for _ in range(WARM_UPS):
            work()

    lane.run(warm_up)
    lane.stream.synchronize()
    graph = torch.cuda.CUDAGraph()

    def capture() -> None:
        # thread_local: a decoder thread may pin memory meanwhile
        with torch.cuda.graph(graph, stream=lane.stream, capture_error_mode="thread_local"):
            work()

    lane.run(capture)  # in the lane, as torch leaves its stream current where a capture fails
    return graph


def _codes(way: DevicePass, slot: DeviceSlot) -> list[Tensor]:
    return [plane.to(torch.int32) for plane in way.target.tensors(slot.target)]


STILL_CORE = 192
"""Side of a still tile's core: larger than on the CPU, as few pixels do not fill the device."""


class DeviceNetwork:
    """A network, or none, in every way that the device computes it.

    Attributes:
        core: the largest core of a tile; it shrinks when memory is short.
        reference: the pass of the autocast path.
    """

    def __init__(
        self,
        spec: PassSpec,
        device: Device,
        way: Pass,
        net: nn.Module | None,
        core: Size,
        model: Model | None,
    ) -> None:
        traits = model.traits if model is not None else None
        self.core = core
        self._spec = spec
        self._way = way
        self._net = net
        self._model = model
        self._radius = traits.radius if traits is not None else 0
        self._multiple = traits.multiple if traits is not None else 1
        self._autocast = autocast_run(net, device.torch_dtype) if net is not None else None
        self._cast = self._autocast
        if net is not None and device.precision != "autocast":
            self._cast = cast_run(net, device.torch_dtype)
        self.reference = self._pass(self._autocast)

    @classmethod
    def open(
        cls, model: Model | None, device: Device, spec: PassSpec, tile: int | None
    ) -> DeviceNetwork:
        """Move a copy of the model's network to the device; None resizes without one."""
        way, net = route(model, spec, is_dense=True)
        if model is not None:
            tile = pinned_tile(model, spec.source, device, tile)
        if model is not None and net is not None:
            # the model's own network stays where it is
            net = copy.deepcopy(net).to(device.torch_device)
            if isinstance(net, Foreign):
                assert tile is not None  # it is pinned
                return cls(spec, device, way, with_float32_ends(net), Size(tile, tile), model)
            net = net.to(memory_format=torch.channels_last)  # type: ignore[call-overload] # a stub gap
        core = Size(tile, tile) if tile is not None else spec.source
        return cls(spec, device, way, net, core, model)

    @property
    def can_keep(self) -> bool:
        """Whether there is a network, and memory for its whole output."""
        source = self._spec.source
        is_whole = self.core.width >= source.width and self.core.height >= source.height
        is_exact = self._model is not None and not self._model.traits.is_global
        return self._net is not None and is_whole and is_exact

    def fast(self) -> DevicePass:
        """Return the pass of weights cast once, for a graph to be captured around."""
        return self._pass(self._cast)

    def full(self) -> DevicePass:
        """Return the pass in float32."""
        assert self._net is not None
        return self._pass(autocast_run(self._net, torch.float32))

    def changes(self) -> DirtyMap:
        """Return the tiles that may stand still."""
        return DirtyMap(self._spec.source, STILL_CORE, self._radius, self._multiple)

    def kept(self, changes: DirtyMap, lane: Lane, *, is_fast: bool) -> KeptOutput:
        """Return an output that is kept, and a graph of one tile.

        Args:
            is_fast: computed as `fast` does, else as `reference`.

        Raises:
            RuntimeError: there is not enough memory for it (`vsr.device.failures.is_shortage`).
        """
        run: Forward | None = self._cast if is_fast else self._autocast
        assert run is not None
        tile_run = captured_run(run, self._example(changes.windows[0]), lane)
        return KeptOutput(run, tile_run, self._way.scale)

    def shrink(self) -> bool:
        """Halve the tiles; return False if they are already the smallest."""
        core = smaller(self.core)
        if core is None or self._net is None or isinstance(self._net, Foreign):
            return False  # what others wrote keeps the tiles that were planned
        self.core = core
        self.reference = self._pass(self._autocast)
        return True

    def _example(self, tile: Window) -> Tensor:
        """Return what a tile reads of a frame, in the memory order that it is prepared in."""
        assert self._net is not None
        source, device = self.reference.source, next(self._net.parameters()).device
        blank = torch.zeros(source.size, dtype=torch.uint8, device=device)
        return tile.read(self._way.prepare(source.tensors(blank)))

    def _pass(self, run: Forward | None) -> DevicePass:
        halo, model, source = self._radius, self._model, self._spec.source
        if model is not None:
            halo = halo_of(model, is_tiled=is_tiled(source, self.core.width))
        tiles = windows(source, self.core, halo, self._multiple)
        in_tiles = way_of_tiles(model) if model is not None else run_tiled
        return DevicePass(self._spec, self._way, run, tiles, in_tiles)
