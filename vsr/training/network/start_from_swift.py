"""Start a dense residual network from SwiftSRGAN's weights: a separable convolution is one of it.

All carries over exactly but two things: SRGAN has one slope where SwiftSRGAN has one for each
channel (their mean is taken), and the tails of both dense networks are linear where SwiftSRGAN's
is a tanh (the line nearest to it is taken). DPSRGAN's first convolution of each block, dilated in
every other one, begins as the identity. The statistics of batch norm carry over, so that training
should keep them (``freeze_norm``).
"""

from __future__ import annotations

import torch
from torch import Tensor

from vsr.models.blocks import Generator
from vsr.training.network.forms import composed
from vsr.training.network.start_from_srgan import Weights, depth_of, identity

TANH_SLOPE = 0.44
"""½ + 0.44·z stands for (tanh z + 1) / 2: of 0.25 to 0.5 this was measured to be nearest, in dB,
on photographs, which have few amplitudes near 0 and 1."""


@torch.no_grad()
def densify(source: Generator, target: Generator) -> None:
    """Give SRGAN's or DPSRGAN's generator the weights of a SwiftSRGAN of the same scale and size.

    Raises:
        RuntimeError, KeyError: of another width or depth.
    """
    old, new = source.state_dict(), target.state_dict()
    made: Weights = {}
    _biased(old, "initial.cnn", made, "head")
    made["head_act.weight"] = _slopes(old["initial.act.weight"], new["head_act.weight"])
    depth = depth_of(new, "body")
    if depth != depth_of(old, "residual"):
        raise KeyError("residual")
    for i in range(depth):
        if target.architecture == "dpsrgan":
            _three_layer_block(old, f"residual.{i}", made, f"body.{i}", new)
        else:
            _two_layer_block(old, f"residual.{i}", made, f"body.{i}", new)
    _normed(old, "convblock", made, "mid", "mid_bn", new)
    for j in range(depth_of(new, "up")):
        _biased(old, f"upsampler.{j}.conv", made, f"up.{j}.conv")
        slopes = new[f"up.{j}.act.weight"]
        made[f"up.{j}.act.weight"] = _slopes(old[f"upsampler.{j}.act.weight"], slopes)
    _biased(old, "final_conv", made, "tail")
    made["tail.weight"] = TANH_SLOPE * made["tail.weight"]
    made["tail.bias"] = 0.5 + TANH_SLOPE * made["tail.bias"]
    target.load_state_dict(new | made)


def _two_layer_block(old: Weights, source: str, made: Weights, block: str, new: Weights) -> None:
    _normed(old, f"{source}.block1", made, f"{block}.conv1", f"{block}.bn1", new)
    slopes = new[f"{block}.act.weight"]
    made[f"{block}.act.weight"] = _slopes(old[f"{source}.block1.act.weight"], slopes)
    _normed(old, f"{source}.block2", made, f"{block}.conv2", f"{block}.bn2", new)


def _three_layer_block(old: Weights, source: str, made: Weights, block: str, new: Weights) -> None:
    made.update(identity(new, block))
    _normed(old, f"{source}.block1", made, f"{block}.conv2", f"{block}.bn2", new)
    made[f"{block}.act2.weight"] = old[f"{source}.block1.act.weight"]
    _normed(old, f"{source}.block2", made, f"{block}.conv3", f"{block}.bn3", new)


def _normed(old: Weights, source: str, made: Weights, conv: str, norm: str, new: Weights) -> None:
    """Take a separable convolution without bias and its batch norm."""
    made[f"{conv}.weight"], _ = _dense(old, f"{source}.cnn")
    if f"{conv}.bias" in new:
        made[f"{conv}.bias"] = torch.zeros_like(new[f"{conv}.bias"])
    for part in ("weight", "bias", "running_mean", "running_var"):
        made[f"{norm}.{part}"] = old[f"{source}.bn.{part}"]


def _biased(old: Weights, source: str, made: Weights, conv: str) -> None:
    """Take a separable convolution with biases."""
    made[f"{conv}.weight"], bias = _dense(old, source)
    assert bias is not None
    made[f"{conv}.bias"] = bias


def _dense(old: Weights, source: str) -> tuple[Tensor, Tensor | None]:
    deep, mix = f"{source}.depthwise", f"{source}.pointwise"
    biases = old.get(f"{deep}.bias"), old.get(f"{mix}.bias")
    return composed(old[f"{deep}.weight"], biases[0], old[f"{mix}.weight"], biases[1])


def _slopes(old: Tensor, new: Tensor) -> Tensor:
    """Return slopes for as many channels as ``new`` has."""
    return old if len(old) == len(new) else old.mean().expand(len(new)).clone()
