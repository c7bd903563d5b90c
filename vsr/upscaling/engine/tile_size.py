"""The tiles of networks that others wrote or run: chosen once, as a film's bytes depend on them.

Where such a network sees the whole frame no tile is exact, and where it does not, its kernels may
add up in another order for another size. So the plan chooses the side of a tile, and workers and
resumed runs keep to it. How much memory it takes is found beforehand, on shapes without numbers
where that works.
"""

from __future__ import annotations

import copy
import weakref
from collections.abc import Callable
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from vsr.device.cuda import free_bytes
from vsr.device.memory import available_host_bytes
from vsr.device.select import Device
from vsr.errors import Failed
from vsr.models.foreign.adapter import Foreign
from vsr.models.foreign.facts import overlap
from vsr.upscaling.tiles.tiling import run_blended, run_tiled
from vsr.values import Size

if TYPE_CHECKING:
    from vsr.models.catalog import Model
    from vsr.upscaling.passes.passes import PassSpec

SIDES = (1024, 768, 512, 384, 256, 192, 128, 96, 64, 48, 32, 16)
"""The sides to choose from: few, so that two runs with nearly the same memory choose the same."""

MEMORY_SHARE = 0.5
"""The share of free memory that tiles may use; decoder and encoder need the rest."""

Run = Callable[..., Tensor]


def pinned_tile(model: Model, source: Size, device: Device, asked: int | None = None) -> int | None:
    """Return the side of the tiles of a film, in low-resolution pixels.

    Args:
        asked: by the user, who knows best.

    Returns:
        None for a network of this program in torch, whose tiles change no bit; a side of at least
        the frame's where the whole frame fits memory.

    Raises:
        Failed: not even the smallest tile fits.
    """
    net = model.net
    if asked is not None or net is None:
        return asked
    if device.kind != "onnx" and not isinstance(net, Foreign):
        return None
    free = free_bytes(device.index) if device.is_cuda else available_host_bytes()
    longest = max(source.width, source.height, SIDES[-1])
    if free is None:
        return longest
    enlarged = 6 * model.traits.scale**2 * 3 * 4  # the frame itself, in several float32 copies
    budget = free * MEMORY_SHARE - source.pixels * enlarged
    each = peak_bytes_per_pixel(net, 3 if net.colour == "rgb" else 1)
    if source.pixels * each <= budget:
        return longest
    halo = halo_of(model, is_tiled=True)
    for side in SIDES:
        if (side + 2 * halo) ** 2 * each <= budget:
            return side
    raise Failed(
        f"{max(0, budget) / 2**20:.0f} MB of memory are free and the smallest tile of {model.name} "
        f"needs {(SIDES[-1] + 2 * halo) ** 2 * each / 2**20:.0f} MB. Free memory, or choose a "
        "smaller model."
    )


def is_tiled(source: Size, tile: int | None) -> bool:
    """Return whether a frame is computed in more than one tile."""
    return tile is not None and tile < max(source.width, source.height)


def halo_of(model: Model, *, is_tiled: bool) -> int:
    """Return how far a tile reaches over its core: the radius, or what seams need where none is."""
    if model.traits.is_global and is_tiled:
        assert isinstance(model.net, Foreign)
        return overlap(model.net)
    return model.traits.radius


def way_of_tiles(model: Model) -> Run:
    """Return how tiles become a frame: side by side, or blended where none of them is exact."""
    return run_blended if model.traits.is_global else run_tiled


def approximation(model: Model, source: Size, tile: int | None) -> str:
    """Return a remark for the user if a frame is only nearly what the network makes of it whole."""
    if not (model.traits.is_global and is_tiled(source, tile)):
        return ""
    return (
        f"tiles are approximate: {model.name} looks at the whole frame, which does not fit memory; "
        f"tiles of {tile} pixels are blended over {2 * halo_of(model, is_tiled=True)}."
    )


def tile_facts(model: Model, source: Size, tile: int | None) -> dict[str, Any]:
    """Return what the bytes of a film depend on beside the tile, for a network of others."""
    if not isinstance(model.net, Foreign):
        return {}
    facts: dict[str, Any] = {"spandrel": version("spandrel")}
    if model.traits.is_global and is_tiled(source, tile):
        facts["overlap"] = halo_of(model, is_tiled=True)
    return facts


NUMBERS_A_SAMPLE = 8
"""The most float32 numbers that are alive for each sample that leaves a network: its output twice,
as one is kept, and what chroma that follows luma takes, above all slopes between samples."""

NUMBERS_OF_RGB = 9
"""The least float32 numbers for each pixel: a network's output, R'G'B' and YUV of it."""

NUMBERS_WRITTEN = 3
"""Float32 numbers for each pixel of the output."""


def bytes_beside_tiles(spec: PassSpec) -> int:
    """Return what whole pictures take while a frame is computed on a CPU, beside the tiles.

    From 480×270 to 4096×2160 up to 53 bytes of resident memory for a pixel of 4:2:0, ×2 more than
    ×4, and up to 90 of 4:4:4 whose source has half the chroma; these numbers give 60 and 108.
    """
    layout = spec.output_format.layout
    chroma = 0.0 if layout.is_gray else 2 / (1 << layout.x_shift + layout.y_shift)
    each = max(NUMBERS_OF_RGB, NUMBERS_A_SAMPLE * (1 + chroma))
    return int(4 * (each * spec.network.pixels + NUMBERS_WRITTEN * spec.output.pixels))


PROBE_SIDE = 64
"""The side of the picture whose tensors are counted; large beside every kernel."""


def peak_bytes_per_pixel(net: nn.Module, channels: int) -> float:
    """Return the most bytes of tensors alive at once, per low-resolution pixel of float32 input.

    Our own networks, which are small, run on a picture. Those of others run on the meta device,
    shapes without numbers, unless they look at numbers on their way; the first such run of a
    process loads torch's compiler, which takes 2 s.
    """
    if isinstance(net, Foreign):
        try:
            return _peak(copy.deepcopy(net).to("meta"), channels, torch.device("meta"))
        except (NotImplementedError, RuntimeError, ValueError):
            pass
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

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Keep torch from loading its compiler, only to keep it from compiling this class."""
        return False

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
