"""The form in which a network is trained, and the way back to the form that is exported.

A separable convolution may be trained as the one dense convolution that it is, a plain one as a sum
of branches or of standardised features, and the last doubling of a residual network on cells,
before its pixel shuffle: a 9×9 convolution to three channels at full size is the slowest part of
SRGAN, SwiftSRGAN and DPSRGAN on a CPU. Three channels leave most of a vector empty, and the
backward pass of a depthwise 9×9 takes longer than all other layers together. On cells of 2×2 pixels
it is a dense 5×5 to twelve channels of a quarter of the picture, with the same parameters
(`vsr.models.rewrites.fuse`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vsr.models.blocks import Generator
from vsr.models.plain import Plain, ReparameterisedPlain
from vsr.models.rewrites.fuse import lifted_kernel
from vsr.models.srgan import SeparableConv, UpsampleBlock
from vsr.training.network.rounded_plain import RoundedPlain
from vsr.training.network.standardised_plain import StandardisedPlain


class ComposedConv(nn.Module):
    """A separable convolution computed as a dense one.

    It shares its parameters with the separable one, under the same names. On a GPU the backward
    pass of a depthwise convolution is so slow that eight times the arithmetic is faster; on a CPU
    it is not for 3×3.
    """

    def __init__(self, separable: SeparableConv) -> None:
        super().__init__()
        self.depthwise, self.pointwise = separable.depthwise, separable.pointwise

    def forward(self, x: Tensor) -> Tensor:
        """Convolve with zero padding, as the separable one: (N, C, H, W) → (N, C', H, W)."""
        deep = self.depthwise
        with torch.autocast(x.device.type, enabled=False):
            weight, bias = dense_form(self)
        return F.conv2d(x, weight, bias, deep.stride, deep.padding)

    def separable(self) -> SeparableConv:
        """Return the separable convolution with these parameters."""
        deep, mix = self.depthwise, self.pointwise
        separable = SeparableConv(
            mix.in_channels,
            mix.out_channels,
            deep.kernel_size[0],
            stride=deep.stride[0],
            has_bias=mix.bias is not None,
        )
        separable.depthwise, separable.pointwise = deep, mix
        return separable


def dense_form(conv: nn.Conv2d | SeparableConv | ComposedConv) -> tuple[Tensor, Tensor | None]:
    """Return the weight (O, C, k, k) and the bias (O) of a convolution as a dense one."""
    if isinstance(conv, nn.Conv2d):
        return conv.weight, conv.bias
    deep, mix = conv.depthwise, conv.pointwise
    return composed(deep.weight, deep.bias, mix.weight, mix.bias)


def composed(
    deep: Tensor, deep_bias: Tensor | None, mix: Tensor, mix_bias: Tensor | None
) -> tuple[Tensor, Tensor | None]:
    """Return weight and bias of a depthwise (C, 1, k, k) and a pointwise (O, C, 1, 1), dense."""
    weight = mix * deep.transpose(0, 1)
    if deep_bias is None or mix_bias is None:
        return weight, mix_bias
    return weight, mix_bias + mix[:, :, 0, 0] @ deep_bias


LAST = {
    "srgan": ("up", "tail"),
    "dpsrgan": ("up", "tail"),
    "swift-srgan": ("upsampler", "final_conv"),
}
"""Where each architecture has its upsampling blocks and its last convolution."""

RATIO = 2
"""Pixels along a cell's side: those of the last pixel shuffle."""


def to_cells(net: Generator) -> None:
    """Make a network compute its last doubling on cells, in place; others are left unchanged."""
    if net.architecture in LAST:
        blocks, tail = LAST[net.architecture]
        sequence = getattr(net, blocks)
        sequence[-1] = CellUpsample(sequence[-1])
        setattr(net, tail, CellTail(getattr(net, tail)))


def from_cells(net: Generator) -> None:
    """Give a network its original modules back, in place."""
    if net.architecture in LAST:
        blocks, tail = LAST[net.architecture]
        sequence, last = getattr(net, blocks), getattr(net, tail)
        if isinstance(last, CellTail):
            (sequence[-1],) = sequence[-1].whole
            setattr(net, tail, last.whole[0])


class CellUpsample(nn.Module):
    """An upsampling block without its pixel shuffle: (N, C, H, W) → (N, 4C, H, W).

    It shares its parameters with the block, under the same names.
    """

    def __init__(self, block: UpsampleBlock) -> None:
        super().__init__()
        self.whole = (block,)  # in a tuple, where no module looks for parameters
        self.conv, self.act = block.conv, block.act

    def forward(self, x: Tensor) -> Tensor:
        """Convolve and activate."""
        cells = self.conv(x)
        slopes = self.act.weight.expand(cells.shape[1] // RATIO**2)
        return F.prelu(cells, slopes.repeat_interleave(RATIO**2).to(cells.dtype))


class CellTail(nn.Module):
    """The last convolution, of cells: (N, 4C, H, W) → (N, 3, 2H, 2W).

    It shares its parameters with that convolution, under the same names.
    """

    def __init__(self, tail: nn.Conv2d | SeparableConv | ComposedConv) -> None:
        super().__init__()
        self.whole = (tail,)
        for name, child in tail.named_children():
            setattr(self, name, child)
        for name, parameter in tail.named_parameters(recurse=False):
            setattr(self, name, parameter)

    def forward(self, cells: Tensor) -> Tensor:
        """Convolve with zero padding, then shuffle."""
        (tail,) = self.whole
        with torch.autocast(cells.device.type, enabled=False):
            weight, bias = dense_form(tail)
            lifted = lifted_kernel(weight, RATIO)
            assert bias is not None  # the tails have one
            biases = bias.repeat_interleave(RATIO**2)
        return F.pixel_shuffle(F.conv2d(cells, lifted, biases, padding="same"), RATIO)


def training_form(
    net: Generator,
    seed: int,
    *,
    is_reparameterised: bool,
    is_composed: bool = False,
    is_rounded: bool = False,
    is_standardised: bool = False,
) -> Generator:
    """Return a network that computes what ``net`` does and learns better or faster.

    Args:
        net: may be changed in place.
        seed: fixes the random weights of what is added.
        is_reparameterised: train plain convolutions as sums of branches.
        is_composed: compute separable convolutions as dense ones.
        is_rounded: let a plain network compute in steps of int8.
        is_standardised: let it learn as if its features had mean 0 and deviation 1.
    """
    if is_rounded and isinstance(net, Plain):
        return RoundedPlain(net, is_standardised=is_standardised)
    if is_standardised and isinstance(net, Plain):
        return StandardisedPlain(net)
    if is_composed:
        _exchange(net, SeparableConv, ComposedConv)
    to_cells(net)
    if not is_reparameterised or not isinstance(net, Plain):
        return net
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(seed)
        return ReparameterisedPlain.of(net)


def set_learning(net: nn.Module, *, is_norm_frozen: bool) -> None:
    """Put a network in training mode, its batch norm in evaluation mode where that is wanted."""
    net.train()
    if is_norm_frozen:
        for module in net.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()


def plain_weights(net: nn.Module) -> dict[str, Tensor]:
    """Return the parameters of a plain network in training, as they are exported, name → tensor.

    Gradients pass to what is learnt.
    """
    return net.weights() if isinstance(net, StandardisedPlain) else dict(net.named_parameters())


def plain_form(net: nn.Module) -> Generator:
    """Return the network to export: one that computes what the trained form does."""
    if isinstance(net, ReparameterisedPlain | StandardisedPlain):
        return net.plain()
    assert isinstance(net, Generator)
    from_cells(net)
    _exchange(net, ComposedConv, ComposedConv.separable)
    return net


def _exchange(net: nn.Module, kind: type[nn.Module], make: Callable[[Any], nn.Module]) -> None:
    """Replace every module of a kind, wherever it is held."""
    for parent in list(net.modules()):
        for name, child in list(parent.named_children()):
            if type(child) is kind:
                setattr(parent, name, make(child))
