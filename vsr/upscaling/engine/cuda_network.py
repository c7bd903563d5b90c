"""A network on its device, in the one form in which all frames are computed, and its tiles."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import nn

from vsr.device.select import Device
from vsr.models.foreign.adapter import Foreign, with_float32_ends
from vsr.upscaling.engine.cuda_forms import Form, autocast, forms, with_exact_base
from vsr.upscaling.engine.cuda_pass import DevicePass
from vsr.upscaling.engine.cuda_slots import DeviceSlot
from vsr.upscaling.engine.cuda_trial import Trial
from vsr.upscaling.engine.kernel_pass import PassKernels
from vsr.upscaling.engine.kernel_trial import trusted_kernels
from vsr.upscaling.engine.tile_size import halo_of, is_tiled, pinned_tile, way_of_tiles
from vsr.upscaling.passes.folding import route
from vsr.upscaling.passes.passes import Pass, PassSpec
from vsr.upscaling.tiles.tiling import run_tiled, smaller, windows
from vsr.values import Size

if TYPE_CHECKING:
    from vsr.models.catalog import Model


class DeviceNetwork:
    """A network, or none, as a device computes it.

    Attributes:
        core: the largest core of a tile; it shrinks when memory is short.
        form: how the network runs: autocast until there was a choice.
        way: the pass in that form and these tiles.
    """

    def __init__(
        self,
        spec: PassSpec,
        device: Device,
        middle: tuple[Pass, nn.Module | None],
        core: Size,
        model: Model | None,
    ) -> None:
        self.core = core
        self._spec = spec
        self._device = device
        self._kernels: PassKernels | None = None
        self._pass, self._net = middle
        self._model = model
        self._dtype = device.torch_dtype if self._net is not None else torch.float32
        self._keeps_tiles = self._net is None or isinstance(self._net, Foreign)
        is_exact = self._keeps_tiles or self._dtype == torch.float32
        self._has_choice = not is_exact and device.precision != "autocast"
        self._take(autocast(self._net, self._dtype))

    @classmethod
    def open(
        cls, model: Model | None, device: Device, spec: PassSpec, tile: int | None
    ) -> DeviceNetwork:
        """Move a copy of the model's network to the device; None resizes without one."""
        way, net = route(model, spec, is_dense=True)
        if model is not None:
            tile = pinned_tile(model, spec.source, device, tile)
        if net is not None:
            # the model's own network stays where it is
            net = copy.deepcopy(net).to(device.torch_device)
            if isinstance(net, Foreign):
                net = with_float32_ends(net)
            else:
                net = with_exact_base(net.to(memory_format=torch.channels_last))  # type: ignore[call-overload] # a stub gap
        core = Size(tile, tile) if tile is not None else spec.source
        return cls(spec, device, (way, net), core, model)

    @property
    def path(self) -> str:
        """All that a frame's bits depend on beside the plan: precision, form, tiles."""
        source = self._spec.source
        is_whole = self.core.width >= source.width and self.core.height >= source.height
        dtype = {torch.float16: "fp16", torch.bfloat16: "bf16"}.get(self._dtype, "fp32")
        form = self.form.name if self._kernels is None else f"{self.form.name} between kernels"
        return f"{dtype} {form}, {'whole' if is_whole else f'tiles of {self.core}'}"

    def choose(self, slot: DeviceSlot, say: Callable[[str], None]) -> None:
        """Choose the fastest form that agrees with autocast, and kernels around it, once.

        Args:
            slot: memory to try them in; it runs `way`.
            say: called with a remark for the user.

        Raises:
            RuntimeError: there is not enough memory (`vsr.device.failures.is_shortage`).
        """
        if not self._has_choice or self._net is None:
            return
        reference = autocast(self._net, self._dtype)
        tried = Trial(slot, self._take, reference)
        if not any(tried.agrees(form) for form in forms(self._net, self._dtype)):
            self._take(reference)
            say("half precision differs from autocast, which is used instead.")
        else:
            self._kernels = trusted_kernels(self._pass, self.form.run, self._device, say)
            self._take(self.form)
        self._has_choice = False

    def full(self) -> DevicePass:
        """Return the pass in float32."""
        return self._in(autocast(self._net, torch.float32))

    def shrink(self) -> bool:
        """Halve the tiles; return False if they are the smallest, or others' and planned."""
        core = smaller(self.core)
        if core is None or self._keeps_tiles:
            return False
        self.core = core
        self._take(self.form)
        return True

    def _take(self, form: Form) -> None:
        self.form, self.way = form, self._in(form)
        if self._kernels is not None:
            self.way.use(self._kernels)

    def _in(self, form: Form) -> DevicePass:
        model, source, halo, multiple, in_tiles = self._model, self._spec.source, 0, 1, run_tiled
        if model is not None:
            halo = halo_of(model, is_tiled=is_tiled(source, self.core.width))
            multiple, in_tiles = model.traits.multiple, way_of_tiles(model)
        tiles = windows(source, self.core, halo, multiple)
        return DevicePass(self._spec, self._pass, form.run, tiles, in_tiles)
