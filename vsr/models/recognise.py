"""Tell an architecture, and its hyper-parameters, from the names and shapes of tensors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

from vsr.errors import InvalidCheckpoint
from vsr.models.blocks import Generator
from vsr.models.checkpoint import Tensors, read_tensors
from vsr.models.compact import compact_of
from vsr.models.dpsrgan import dpsrgan_of
from vsr.models.plain import ReparameterisedPlain, plain_of
from vsr.models.rrdb import renamed, rrdb_of
from vsr.models.srgan import srgan_of
from vsr.models.swift_srgan import swift_srgan_of

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
        net = next((net for of in NETWORKS.values() if (net := of(tensors)) is not None), None)
        if net is not None:
            net.load_state_dict(_completed(tensors, net))
    except (RuntimeError, LookupError, ValueError) as error:
        reason = " ".join(str(error).split())[:300]
        raise InvalidCheckpoint(
            f"{where}: does not fit the architecture it resembles: {reason}"
        ) from error
    if net is None:
        raise InvalidCheckpoint(f"{where}: not a known architecture. Known: {', '.join(NETWORKS)}.")
    if isinstance(net, ReparameterisedPlain):
        net = net.plain()
    return net.eval().requires_grad_(False)


def _completed(tensors: Tensors, net: Generator) -> Tensors:
    """Add the buffers that older files lack: their defaults are right."""
    own = cast(Tensors, net.state_dict())
    optional = [n for n in own if n == "dilation" or n.endswith("num_batches_tracked")]
    return {name: own[name] for name in optional} | tensors
