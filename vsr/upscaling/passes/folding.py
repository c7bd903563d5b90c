"""Fold colour into a network: what the first and the last convolution become, in float64."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn

from vsr.colour import rgb_from_yuv, yuv_from_rgb
from vsr.device.yuv import HALF
from vsr.models.blocks import Generator
from vsr.models.foreign.adapter import Foreign
from vsr.models.plain import Compact, Plain
from vsr.models.rewrites.fuse import fuse
from vsr.upscaling.passes.chroma_from_luma import follows_luma
from vsr.upscaling.passes.even_colour import cell_of
from vsr.upscaling.passes.folded import FoldedLumaPass, FoldedPass
from vsr.upscaling.passes.passes import LumaPass, Pass, PassSpec, RgbPass
from vsr.upscaling.passes.toned import TonedPass, curved_spec

if TYPE_CHECKING:
    from vsr.models.catalog import Model


@dataclass(frozen=True, slots=True, kw_only=True)
class Layers:
    """A chain: head, activation, then each of the body with its activation, then the tail.

    The tail's output plus the nearest base of the input, shuffled, is what the network makes.

    Attributes:
        activations: one more than there are layers in the body; each acts on every number alone.
    """

    head: nn.Conv2d
    body: tuple[nn.Conv2d, ...]
    tail: nn.Conv2d
    activations: tuple[nn.Module, ...]


def layers_of(net: Generator) -> Layers | None:
    """Return the layers of a network that is such a chain; None for any other."""
    if isinstance(net, Plain):
        body = tuple(cast(nn.Conv2d, conv) for conv in net.body)
        relus = tuple(nn.ReLU() for _ in range(len(body) + 1))
        return Layers(head=net.head, body=body, tail=net.tail, activations=relus)
    if isinstance(net, Compact):
        head, *inner, tail = net.convolutions
        return Layers(head=head, body=tuple(inner), tail=tail, activations=net.activations)
    return None


class FoldedPlain(nn.Module):
    """A chain of layers, codes less offset → codes: (N, C, H, W) → (N, forms, H, W), no shuffle.

    The input is codes less their offset, chroma on the luma grid; the output holds, for each
    low-resolution cell, the luma codes (row by row) and the chroma forms, plus one half, so that
    cutting off the fraction rounds.
    """

    def __init__(
        self,
        head: nn.Module,
        body: Sequence[nn.Module],
        tail: nn.Module,
        base: nn.Module,
        activations: Sequence[nn.Module],
    ) -> None:
        super().__init__()
        self.head = head
        self.body = nn.ModuleList(body)
        self.activations = nn.ModuleList(activations)
        self.tail = tail
        self.base = base

    def forward(self, x: Tensor) -> Tensor:
        """Enlarge without leaving low resolution."""
        enlarged: Tensor = self.detail(x) + self.base(x)
        return enlarged

    def detail(self, x: Tensor) -> Tensor:
        """Return the tail's output, which is added to the base."""
        first, *others = self.activations
        features = first(self.head(x))
        for conv, act in zip(self.body, others, strict=True):
            features = act(conv(features))
        made: Tensor = self.tail(features)
        return made


def can_fold(net: Generator, spec: PassSpec, *, keeps_means: bool = False) -> bool:
    """Return whether `fold` takes a network.

    It has to be a chain of layers. Where chroma is halved, each of its cells must hold whole
    samples of it, and if the picture is resized, halving it must come first.
    """
    layout = spec.output_format.layout
    if layers_of(net) is None:
        return False
    if net.colour == "luma" or not (layout.x_shift or layout.y_shift):
        return True
    way = _rgb_pass(net, spec, keeps_means=keeps_means)
    is_halved_first = spec.network == spec.output or not way.keeps_colour
    return net.scale % 2 == 0 and is_halved_first


def fold(
    net: Generator, spec: PassSpec, *, keeps_means: bool = False
) -> tuple[FoldedPass | FoldedLumaPass, FoldedPlain]:
    """Return the folded pass and network; folding is computed in float64.

    Raises:
        ValueError: the network is no chain of layers (see `can_fold`).
    """
    layers = layers_of(net)
    if layers is None:
        raise ValueError(f"{net.architecture} is not a chain of layers")
    source, target = spec.source_format.codes, spec.output_format.codes
    subpixels = torch.eye(net.scale**2, dtype=torch.float64)
    if net.colour == "luma":
        forms = subpixels[:, None] * target.luma_scale
        to_image = torch.tensor([[1 / source.luma_scale]], dtype=torch.float64)
        offsets = torch.full((len(forms),), target.luma_offset + HALF, dtype=torch.float64)
        return FoldedLumaPass(spec), _folded(layers, forms, to_image, offsets)
    cell, follows = cell_of(net, spec), follows_luma(net, spec)
    way = FoldedPass.of(spec, cell, follows=follows, keeps_means=keeps_means)
    units = torch.tensor(
        [source.luma_scale, source.chroma_scale, source.chroma_scale], dtype=torch.float64
    )
    to_image = torch.tensor(rgb_from_yuv(spec.source_format.colour.matrix), dtype=torch.float64)
    forms, offsets = _colour_forms(way, subpixels)
    return way, _folded(layers, forms, (to_image / units)[:, : way.channels], offsets)


def _colour_forms(way: FoldedPass, subpixels: Tensor) -> tuple[Tensor, Tensor]:
    """Return the forms (count, RGB, scale²), in codes, and the offset of each, rounding included.

    Luma forms come first, row by row; chroma forms by column form, row form, component.
    """
    target = way.spec.output_format
    to_yuv = torch.tensor(yuv_from_rgb(target.colour.matrix), dtype=torch.float64)
    luma = torch.einsum("fs,c->fcs", subpixels, to_yuv[0] * target.codes.luma_scale)
    offsets = torch.full((len(luma),), target.codes.luma_offset + HALF, dtype=torch.float64)
    if not way.has_chroma_out:
        return luma, offsets
    average = torch.einsum("ax,by->abyx", way.columns.matrix(), way.rows.matrix()).flatten(2)
    chroma = torch.einsum("abs,kc->abkcs", average, to_yuv[1:] * target.codes.chroma_scale)
    # what is carried adds to a sample that has its offset already
    own = torch.zeros(chroma.shape[:3], dtype=torch.float64)
    own[: way.columns.samples, : way.rows.samples] = target.codes.chroma_offset + HALF
    return torch.cat((luma, chroma.flatten(0, 2))), torch.cat((offsets, own.flatten()))


def _folded(layers: Layers, forms: Tensor, to_image: Tensor, offsets: Tensor) -> FoldedPlain:
    """Fold the input's units into the head, and the forms into tail and base.

    Args:
        forms: (count, image channels, scale²).
        to_image: (image channels, input channels).
        offsets: (count,).
    """
    head_weight, head_bias = _numbers(layers.head)
    tail_weight, tail_bias = _numbers(layers.tail)
    image = len(to_image)
    tail_weight, tail_bias = (t.reshape(image, -1, *t.shape[1:]) for t in (tail_weight, tail_bias))
    bias = torch.einsum("fcs,cs->f", forms, tail_bias) + offsets
    return FoldedPlain(
        _conv(torch.einsum("ocyx,ci->oiyx", head_weight, to_image), head_bias),
        [copy.deepcopy(conv) for conv in layers.body],
        _conv(torch.einsum("fcs,csiyx->fiyx", forms, tail_weight), None),
        _conv(torch.einsum("fcs,ci->fi", forms, to_image)[:, :, None, None], bias),
        [copy.deepcopy(act) for act in layers.activations],
    )


def _numbers(conv: nn.Conv2d) -> tuple[Tensor, Tensor]:
    """Return weight and bias in float64."""
    weight = conv.weight.detach().double()
    return weight, weight.new_zeros(len(weight)) if conv.bias is None else conv.bias.double()


def _conv(weight: Tensor, bias: Tensor | None) -> nn.Conv2d:
    """Return a float32 convolution of these numbers that keeps the size."""
    c_out, c_in, side, _ = weight.shape
    conv = nn.Conv2d(c_in, c_out, side, padding=side // 2, bias=bias is not None)
    conv.weight = nn.Parameter(weight.float(), requires_grad=False)
    if bias is not None:
        conv.bias = nn.Parameter(bias.detach().float(), requires_grad=False)
    return conv


def _rgb_pass(net: Generator, spec: PassSpec, *, keeps_means: bool) -> RgbPass:
    cell, follows = cell_of(net, spec), follows_luma(net, spec)
    return RgbPass(spec, cell=cell, follows=follows, keeps_means=keeps_means)


def route(
    model: Model | None, spec: PassSpec, *, is_dense: bool = False, is_rewritten: bool = True
) -> tuple[Pass, nn.Module | None]:
    """Return the pass of a model and the network that runs in its middle.

    A plain or compact network runs with its colour folded in; any other is fused, unless others
    wrote it, and sees RGB or luma; no network at all is Catmull-Rom in YUV.

    Args:
        is_dense: dense convolutions are cheap on the device, as `fuse` says, whose kernels resize
            whole pictures.
        is_rewritten: else the network stays as it is, for others to run.
    """
    net = model.net if model is not None else None
    if model is None or net is None:
        return LumaPass(spec), None
    if spec.tone is not None:
        inner, within = route(
            model, curved_spec(spec), is_dense=is_dense, is_rewritten=is_rewritten
        )
        return TonedPass.of(spec, inner, spec.tone), within
    is_rewritten = is_rewritten and not isinstance(net, Foreign)
    keeps = model.keeps_means
    is_folded = is_rewritten and can_fold(net, spec, keeps_means=keeps)
    if is_folded and (spec.network == spec.output or not is_dense):
        return fold(net, spec, keeps_means=keeps)
    is_luma = model.traits.colour == "luma"
    way = LumaPass(spec, follows=True) if is_luma else _rgb_pass(net, spec, keeps_means=keeps)
    return way, fuse(net, is_dense=is_dense) if is_rewritten else net
