"""Tell an architecture, and its hyper-parameters, from the names and shapes of tensors."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import cast

from vsr.errors import InvalidCheckpoint
from vsr.models.blocks import Generator
from vsr.models.checkpoint import Tensors, read_tensors, within_attributes
from vsr.models.foreign.adapter import foreign_of
from vsr.models.foreign.facts import measure
from vsr.models.foreign.library import library
from vsr.models.plain import ReparameterisedPlain, compact_of, plain_of
from vsr.models.rrdb import renamed, rrdb_of
from vsr.models.srgan import dpsrgan_of, srgan_of, swift_srgan_of
from vsr.models.weights_files import sha256_of

NETWORKS: dict[str, Callable[[Tensors], Generator | None]] = {
    "swift-srgan": swift_srgan_of,
    "dpsrgan": dpsrgan_of,
    "srgan": srgan_of,
    "plain (fast, quality, lite)": plain_of,
    "compact": compact_of,
    "rrdb": rrdb_of,
}
"""Every kind of network, and what returns one of the shape of tensors, or None."""


def read_generator(path: Path) -> Generator:
    """Read a weights file and return its network with those weights, in eval mode, fp32.

    Raises:
        NoSuchFile: there is no such file.
        InvalidCheckpoint: it is not a weights file, is unsafe, or of unknown architecture.
    """
    tensors = read_tensors(path)
    return generator_of(tensors, str(path), sha256_of(path))


def generator_of(tensors: Tensors, where: str, sha256: str = "") -> Generator:
    """Build the network that ``tensors`` belong to and give it them; in eval mode.

    The networks of this program come first, then those of the library spandrel, if it is there.

    Args:
        where: the file's name, for messages.
        sha256: of the file, under which is remembered what was measured of it.

    Raises:
        InvalidCheckpoint: no known architecture, or not all of one.
    """
    for own in (tensors, *within_attributes(tensors)):
        if (found := _recognised(own, where, sha256)) is not None:
            return found
    raise InvalidCheckpoint(f"{where}: {_unknown(tensors)}")


def _recognised(tensors: Tensors, where: str, sha256: str) -> Generator | None:
    """Do what `generator_of` does for names as they are; None for no known architecture."""
    try:
        net = _own(tensors)
    except (RuntimeError, LookupError, ValueError) as error:
        with suppress(InvalidCheckpoint):  # the first reason is the better one
            if (foreign := _foreign(tensors, where, sha256)) is not None:
                return foreign
        reason = " ".join(str(error).split())[:300]
        raise InvalidCheckpoint(
            f"{where}: does not fit the architecture it resembles: {reason}"
        ) from error
    return net or _foreign(tensors, where, sha256)


def _own(tensors: Tensors) -> Generator | None:
    """Return the network of this program that the tensors belong to, or None."""
    tensors = renamed(tensors)
    net = next((net for of in NETWORKS.values() if (net := of(tensors)) is not None), None)
    if net is None:
        return None
    net.load_state_dict(_completed(tensors, net))
    if isinstance(net, ReparameterisedPlain):
        net = net.plain()
    return net.eval().requires_grad_(False)


def _foreign(tensors: Tensors, where: str, sha256: str) -> Generator | None:
    """Return the network of another's architecture, measured; None if it is of none."""
    net = foreign_of(tensors, where)
    if net is not None:
        measure(net, where, sha256)
    return net


OTHERS: dict[str, tuple[str, ...]] = {
    "SPAN": ("block_1.c1_r.eval_conv.weight",),
    "RCAN": ("body.0.body.0.body.3.conv_du.0.weight",),
    "SwinIR, or one like it": ("layers.0.residual_group.blocks.0.norm1.weight",),
    "DAT": ("layers.0.blocks.0.attn.attns.0.rpe_biases",),
    "PLKSR": ("feats.1.lk.conv.weight",),
    "SAFMN": ("feats.0.safm.aggr.weight",),
    "CodeFormer": ("quantize.embedding.weight", "generator.blocks.0.weight"),
    "Restormer": ("encoder_level1.0.norm1.body.weight",),
    "a network for video (BasicVSR)": ("spynet.basic_module.0.basic_module.0.conv.weight",),
}
"""Architectures of others by names of tensors that each has, to name what cannot be run."""


def _unknown(tensors: Tensors) -> str:
    """Return why tensors are refused: the architecture if it can be named, the extra if missing."""
    named = next((name for name, keys in OTHERS.items() if set(keys) <= tensors.keys()), None)
    known = ", ".join(NETWORKS)
    here = library()
    if here.module is None:
        kind = f"resembles {named}" if named else "not a known architecture"
        return f"{kind}. Known: {known}; many more with spandrel, which {here.detail}."
    kind = f"resembles {named}, but is not as it is known" if named else "not a known architecture"
    return f"{kind}. Known: {known}, and those of {here.detail.partition(',')[0]}."


def _completed(tensors: Tensors, net: Generator) -> Tensors:
    """Add the buffers that older files lack: their defaults are right."""
    own = cast(Tensors, net.state_dict())
    optional = [n for n in own if n == "dilation" or n.endswith("num_batches_tracked")]
    return {name: own[name] for name in optional} | tensors
