"""The network a run starts from: fresh, or from weights there are."""

from __future__ import annotations

import torch

from vsr.errors import InvalidOption
from vsr.models.blocks import Generator
from vsr.models.catalog import build, load, scales
from vsr.models.compact import Compact
from vsr.models.plain import Plain
from vsr.training.network.initialise import start_near_interpolation
from vsr.training.network.start_from_compact import sloped
from vsr.training.network.start_from_smaller import transplant


def start(name: str, scale: int, seed: int, init: str | None) -> Generator:
    """Return the network that a recipe trains, as it is before the first step.

    A plain network that begins with a compact one is a `SlopedPlain`.

    Args:
        seed: fixes the random weights.
        init: a model's name or a weights file to begin with. A name with weights for ``scale`` and
            for others stands for ``scale``.

    Raises:
        UnknownName, NoSuchFile, InvalidOption, InvalidCheckpoint: no such weights, or weights that
            do not fit.
    """
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(seed)
        net = build(name, scale)
        start_near_interpolation(net)
    if init is not None:
        there = load(init, scale if scale in scales(init) else None).net
        if there is None:
            raise InvalidOption(f"--init {init}: has no weights. Choose a network.")
        if isinstance(there, Compact) and isinstance(net, Plain):
            net = sloped(there, net, f"--init {init}")
        else:
            transplant(there, net, f"--init {init}")
    return net.train().requires_grad_(True)
