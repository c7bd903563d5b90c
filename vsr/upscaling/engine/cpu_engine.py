"""The engine on the CPU: ``start`` computes, ``finish`` returns."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import torch
from torch import Tensor, nn

from vsr.closing import Closing
from vsr.device.memory import available_host_bytes, one_compute_thread
from vsr.device.select import Chosen, Device, providers_here
from vsr.device.yuv import tensor_of
from vsr.disk.folders import cache_folder
from vsr.errors import Failed
from vsr.frames import HostFrame
from vsr.models.foreign.adapter import Foreign, Mixed, with_float32_ends
from vsr.models.int8.features import features_of
from vsr.models.int8.network import IntegerPlain, with_integers
from vsr.models.onnx_file import OnnxNetwork, exported, open_session
from vsr.models.plain import Compact, Plain
from vsr.models.rewrites.grouped_tail import with_grouped_tail
from vsr.models.rewrites.onednn import with_bf16_features, with_post_ops
from vsr.upscaling.engine.tile_size import (
    Run,
    bytes_beside_tiles,
    halo_of,
    is_tiled,
    peak_bytes_per_pixel,
    pinned_tile,
    way_of_tiles,
)
from vsr.upscaling.passes.folded import FoldedLumaPass, FoldedPass
from vsr.upscaling.passes.folding import FoldedPlain, route
from vsr.upscaling.passes.passes import Pass, PassSpec, Planes
from vsr.upscaling.tiles.tile_cache import TileMemory
from vsr.upscaling.tiles.tiling import Window, core_that_fits, run_tiled, windows
from vsr.values import Size

if TYPE_CHECKING:
    from vsr.models.catalog import Model


MEMORY_SHARE = 0.5
"""The share of free memory that the engine may use; decoder and encoder need the rest."""

FEW_PIXELS = 4096
"""A source with fewer is computed by one thread: starting several costs more than they save, and
where other programs want the cores too, waiting for them made a 64×36 clip five times slower."""

OUT_OF_MEMORY = "allocate memory"
"""The text of torch's out-of-memory error, which has no class of its own on the CPU."""


@dataclass(frozen=True, slots=True)
class CpuTicket:
    """A finished frame that has not been handed over yet."""

    frame: HostFrame
    planes: Planes


class CpuEngine(Closing):
    """Enlarge frames on the CPU: channels_last, fused, in strips that fit memory."""

    depth = 1
    path = "host"
    """Always: strips by memory change no bit here, and all else is in the plan."""

    def __init__(
        self,
        spec: PassSpec,
        way: Pass,
        net: nn.Module | None,
        tiles: tuple[Window, ...],
        radius: int = 0,
        *,
        multiple: int = 1,
        remembers: bool = True,
        run: Run = run_tiled,
    ) -> None:
        self.spec = spec
        self.tiles = tiles
        self._run_tiles = run
        self._way = way
        self._net = net
        self._is_closed = False
        # if memory is short, the last output is not kept
        self._memory = (
            TileMemory(net, spec.source, radius, way.scale, multiple)
            if remembers and net is not None and len(tiles) == 1
            else None
        )

    @property
    def reused_tiles(self) -> int:
        """How many tiles reused the output of the previous frame."""
        return self._memory.reused if self._memory is not None else 0

    @classmethod
    def open(
        cls,
        model: Model | None,
        spec: PassSpec,
        *,
        tile: int | None = None,
        remembers: bool = True,
        precision: Chosen = "fp32",
        say: Callable[[str], None] = lambda line: None,
        mark: Callable[[], None] | None = None,
    ) -> Self:
        """Fuse the network and choose the tiles.

        Args:
            tile: the largest core side in low-resolution pixels; None fits the available memory.
            remembers: reuse the unchanged tiles of the previous frame.
            precision: bf16 is for a CPU that multiplies in it (`vsr.device.select`), int8 for
                plain networks (`vsr.upscaling.engine.engine`).
            say: called if a network stays in fp32 although bf16 was requested.
            mark: called with every tile.

        Raises:
            Failed: not even the smallest tile fits memory.
        """
        way, net = route(model, spec)
        if model is None or net is None:
            return cls(spec, way, None, ())
        if isinstance(model.net, Foreign):
            run = _of_others(model.net, precision)
            if mark is not None:
                run.register_forward_hook(lambda *_: mark())
            return cls._planned(model, run, spec, way, tile, remembers=remembers)
        net = net.to(memory_format=torch.channels_last)  # type: ignore[call-overload] # a stub gap
        radius, multiple = model.traits.radius, model.traits.multiple
        core = Size(tile, tile) if tile is not None else _core(net, way, spec, radius)
        if precision == "int8" and isinstance(model.net, Plain):
            net = _integer(net, model.net, model.sha256, way)
        else:
            net = with_post_ops(with_grouped_tail(net), way.channels)
        if precision == "bf16":
            net = _rounded(net, model, way, say)
        if mark is not None:
            net.register_forward_hook(lambda *_: mark())
        tiles = windows(spec.source, core, radius, multiple)
        return cls(spec, way, net, tiles, radius, multiple=multiple, remembers=remembers)

    @classmethod
    def by_onnx(
        cls,
        model: Model,
        device: Device,
        spec: PassSpec,
        *,
        tile: int | None = None,
        mark: Callable[[], None] | None = None,
    ) -> Self:
        """Let ONNX Runtime run the network; colour and resizing stay here.

        Its file is written once for each size of the tiles, checked, and kept by the weights' hash.

        Raises:
            Refused, VerificationFailed: ONNX cannot hold the network.
        """
        way, net = route(model, spec, is_rewritten=False)
        if net is None or model.net is None:
            return cls(spec, way, None, ())
        engine = cls._planned(model, net, spec, way, tile, device=device, remembers=False)
        rows, columns = engine.tiles[0].rows, engine.tiles[0].columns
        path = exported(
            model.net,
            cache_folder() / "onnx",
            model.sha256,
            Size(columns.end - columns.first, rows.end - rows.first),
            is_half=device.precision == "fp16",
        )
        run = OnnxNetwork(open_session(path, providers_here()[device.provider]))
        if mark is not None:
            run.register_forward_hook(lambda *_: mark())
        engine._net = run
        return engine

    @classmethod
    def _planned(
        cls,
        model: Model,
        net: nn.Module,
        spec: PassSpec,
        way: Pass,
        tile: int | None,
        *,
        device: Device = Device(kind="cpu"),  # noqa: B008 - frozen
        remembers: bool,
    ) -> Self:
        """Open a network whose tiles were chosen in the plan."""
        tile = pinned_tile(model, spec.source, device, tile)
        halo = halo_of(model, is_tiled=is_tiled(spec.source, tile))
        core = spec.source if tile is None else Size(tile, tile)
        tiles = windows(spec.source, core, halo, model.traits.multiple)
        is_exact = not model.traits.is_global
        return cls(
            spec,
            way,
            net,
            tiles,
            halo,
            multiple=model.traits.multiple,
            remembers=remembers and is_exact,
            run=way_of_tiles(model),
        )

    def close(self) -> None:
        """Release the network."""
        self._net = self._memory = None
        self._is_closed = True

    def start(self, frame: HostFrame) -> CpuTicket:
        """Compute the frame.

        Raises:
            Failed: the frame is of another size or layout than the engine was opened for, it is
                closed, or memory ran out.
        """
        self.spec.check(frame)
        if self._is_closed:  # without its network it would only resize
            raise Failed(f"the frame at pts {frame.pts} came after its engine was closed.")
        try:
            # inference mode is thread-local: it is entered where the work is done
            with torch.inference_mode(), self._threads():
                planes = tuple(tensor_of(plane) for plane in frame.planes)
                output = self._run(frame, self._way.prepare(planes))
                return CpuTicket(frame, self._way.complete(output, planes))
        except RuntimeError as error:
            if OUT_OF_MEMORY not in str(error):
                raise
            raise Failed(
                f"memory ran out at pts {frame.pts}. Choose smaller tiles (--tile 128), "
                "or a smaller model, or close other programs."
            ) from error

    def finish(self, ticket: CpuTicket) -> HostFrame:
        """Return the enlarged frame, with the source's time and extras."""
        return self.spec.enlarged(ticket.frame, tuple(p.numpy() for p in ticket.planes))

    def _threads(self) -> AbstractContextManager[None]:
        return one_compute_thread() if self.spec.source.pixels < FEW_PIXELS else nullcontext()

    def _run(self, frame: HostFrame, picture: Tensor) -> Tensor:
        if self._net is None:
            return picture
        if self._memory is not None:
            output = self._memory.run(frame, picture)
            return output.clone() if self._way.alters_output else output
        return self._run_tiles(self._net, picture, self.tiles, self._way.scale)


def _rounded(net: nn.Module, model: Model, way: Pass, say: Callable[[str], None]) -> nn.Module:
    """Return the network with its features in bf16 if that pays, else unchanged."""
    rounded = None
    if isinstance(model.net, (Plain, Compact)):
        keeps_tail = isinstance(model.net, Compact)
        rounded = with_bf16_features(net, way.channels, keeps_tail=keeps_tail)
    if rounded is None:
        say(f"{model.name} runs in fp32: only plain and compact networks support bf16 on a CPU.")
    return rounded or net


def _of_others(net: Foreign, precision: Chosen) -> nn.Module:
    """Return a network that others wrote as it is run: as it is, or its middle in bf16."""
    if precision == "bf16":
        return Mixed(with_float32_ends(net), torch.bfloat16)
    return Mixed(net, torch.float32)


def _integer(net: nn.Module, plain: Plain, sha256: str, way: Pass) -> nn.Module:
    """Return the network, folded or not, with its features in 8-bit integers."""
    features = features_of(plain, sha256)
    if not isinstance(net, FoldedPlain):
        return with_integers(plain, features)
    fraction = None
    if isinstance(way, (FoldedPass, FoldedLumaPass)) and way.spec.source_format.layout.bits == 8:
        fraction = way.fraction
    return IntegerPlain(features, net, nn.Identity(), fraction=fraction)


def _core(net: nn.Module, way: Pass, spec: PassSpec, radius: int) -> Size:
    """Return the largest core that fits the available memory."""
    free = available_host_bytes()
    if free is None:
        return spec.source
    budget = max(0, int(free * MEMORY_SHARE) - bytes_beside_tiles(spec))
    return core_that_fits(spec.source, radius, peak_bytes_per_pixel(net, way.channels), budget)
