"""Which way a model takes from planes to planes: folded where it can, else plain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn

from vsr.models.rewrites.fuse import fuse
from vsr.upscaling.passes.folding import can_fold, fold
from vsr.upscaling.passes.passes import LumaPass, Pass, PassSpec, RgbPass

if TYPE_CHECKING:
    from vsr.models.catalog import Model


def route(
    model: Model | None, spec: PassSpec, *, is_dense: bool = False
) -> tuple[Pass, nn.Module | None]:
    """Return the pass of a model and the network that runs in its middle.

    A plain or compact network with nothing to resize runs with its colour folded in; any other is
    fused and sees RGB or luma; no network at all is Catmull-Rom in YUV.

    Args:
        is_dense: dense convolutions are cheap on the device, as `fuse` says.
    """
    net = model.net if model is not None else None
    if model is None or net is None:
        return LumaPass(spec), None
    if can_fold(net, spec):
        return fold(net, spec)
    return (LumaPass(spec) if model.traits.colour == "luma" else RgbPass(spec)), fuse(
        net, is_dense=is_dense
    )
