"""Tell an architecture, and its hyper-parameters, from the names and shapes of tensors."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from vsr.errors import InvalidCheckpoint, InvalidOption
from vsr.models.blocks import Generator
from vsr.models.checkpoint import Tensors, count_numbered, read_tensors
from vsr.models.compact import compact_of, whole_scale
from vsr.models.dpsrgan import DILATION, DPSRGAN
from vsr.models.plain import Plain, ReparameterisedPlain
from vsr.models.rrdb import renamed, rrdb_of
from vsr.models.srgan import SRGAN
from vsr.models.swift_srgan import SwiftSRGAN

KNOWN = "swift-srgan, dpsrgan, srgan, plain (fast, quality, lite), compact, rrdb"
"""What can be recognised, for messages."""


def read_generator(path: Path) -> Generator:
    """Read a weights file and return its network with those weights, in eval mode, fp32.

    Raises:
        NoSuchFile: there is no such file.
        InvalidCheckpoint: it is not a weights file, is unsafe, or of unknown architecture.
    """
    return generator_of(read_tensors(path), str(path))


def generator_of(tensors: Tensors, where: str) -> Generator:
    """Build the network that ``tensors`` belong to and give it them; in eval mode.

    Args:
        where: the file's name, for messages.

    Raises:
        InvalidCheckpoint: no known architecture, or not all of one.
    """
    tensors = renamed(tensors)
    try:
        net = _build(tensors)
        if net is not None:
            net.load_state_dict(_completed(tensors, net))
    except (RuntimeError, LookupError, ValueError) as error:
        reason = " ".join(str(error).split())[:300]
        raise InvalidCheckpoint(
            f"{where}: does not fit the architecture it resembles: {reason}"
        ) from error
    if net is None:
        raise InvalidCheckpoint(f"{where}: not a known architecture. Known: {KNOWN}.")
    if isinstance(net, ReparameterisedPlain):
        net = net.plain()
    return net.eval().requires_grad_(False)


def _build(tensors: Tensors) -> Generator | None:
    """Return an untrained network of the right shape; None if nothing is recognised."""
    if "initial.cnn.depthwise.weight" in tensors and "final_conv.pointwise.weight" in tensors:
        channels = tensors["initial.cnn.pointwise.weight"].shape[0]
        depth = count_numbered(tensors, "residual")
        return SwiftSRGAN(2 ** count_numbered(tensors, "upsampler"), channels, depth)
    if "body.0.conv3.weight" in tensors and "head_act.weight" in tensors:
        dilation = int(tensors["dilation"]) if "dilation" in tensors else DILATION
        return DPSRGAN(*_residual_shape(tensors), dilation=dilation)
    if "body.0.conv2.weight" in tensors and "head_act.weight" in tensors:
        return SRGAN(*_residual_shape(tensors))
    for form, weight in ((Plain, "weight"), (ReparameterisedPlain, "kernel")):
        if f"head.{weight}" in tensors and f"tail.{weight}" in tensors:
            return _plain(form, tensors, weight)
    return compact_of(tensors) or rrdb_of(tensors)


def _residual_shape(tensors: Tensors) -> tuple[int, int, int]:
    """Return scale, channels and depth of SRGAN and DPSRGAN."""
    channels, depth = tensors["head.weight"].shape[0], count_numbered(tensors, "body")
    return 2 ** count_numbered(tensors, "up"), channels, depth


def _plain(
    form: type[Plain] | type[ReparameterisedPlain], tensors: Tensors, weight: str
) -> Generator:
    channels, image = tensors[f"head.{weight}"].shape[:2]
    if image not in (1, 3):
        raise InvalidOption(f"a network of {image} image channels.")
    scale = whole_scale(tensors[f"tail.{weight}"].shape[0], image)
    return form(scale, channels, count_numbered(tensors, "body"), "rgb" if image == 3 else "luma")


def _completed(tensors: Tensors, net: Generator) -> Tensors:
    """Add the buffers that older files lack: their defaults are right."""
    own = cast(Tensors, net.state_dict())
    optional = [n for n in own if n == "dilation" or n.endswith("num_batches_tracked")]
    return {name: own[name] for name in optional} | tensors
