"""The averaged network of a run, finished or not, and the file of it that vsr loads.

A network is levelled so that a flat colour comes out flat, without the pattern of a GAN. A
sub-pixel convolution has biases of its own for each place in a cell of s × s pixels. Nothing in an
adversarial stage holds them together, and where they drift apart, a grid of period s covers
everything smooth.
"""

from __future__ import annotations

from dataclasses import dataclass
from errno import ENOSPC
from itertools import product
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from vsr.disk import published, writing
from vsr.errors import InvalidCheckpoint, InvalidData
from vsr.models.blocks import Generator
from vsr.models.plain import Plain
from vsr.training.data.manifest import BICUBIC
from vsr.training.network.forms import plain_form, training_form
from vsr.training.network.start import start
from vsr.training.recipe.recipe import QuantiseValues, Recipe
from vsr.training.recipe.stages import learning_stages
from vsr.training.run.run_folder import RunFolder
from vsr.training.run.state import read_checkpoint

TONES = tuple(step / 4 for step in range(5))
"""Amplitudes of a channel; the flat colours are all their combinations."""


@torch.no_grad()
def level(net: Generator) -> Generator:
    """Take from each bias of the tail its mean deviation on flat colours, in place; return ``net``.

    A network whose tail is not linear, and is computed on the enlarged picture, is left as it is.
    """
    if isinstance(net, Plain):
        pattern = flat_pattern(net).mean(dim=0)
        bias = net.tail.bias
        assert bias is not None  # the plain networks have one everywhere
        bias -= pattern.flatten().to(bias)
    return net


@torch.no_grad()
def flat_pattern(net: Plain) -> Tensor:
    """Return how the places of a cell differ from its mean on flat colours: (colours, C, s, s)."""
    channels, scale = net.head.in_channels, net.scale
    radius = net.depth + 2  # 3×3 convolutions: head, body, tail
    side = 2 * radius + 1
    colours = torch.tensor(list(product(TONES, repeat=channels)), device=net.head.weight.device)
    flat = colours[:, :, None, None].expand(-1, -1, side, side)
    start = scale * radius
    cells: Tensor = net(flat)[:, :, start : start + scale, start : start + scale]  # sees no border
    return cells - cells.mean(dim=(2, 3), keepdim=True)


CPU = torch.device("cpu")

READABLE = 0o644


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedNetwork:
    """A run's network, and how it was trained.

    ``flavour`` is the kind of the last step that learnt, and for pictures of a video also the
    degradation; ``steps`` and ``seconds`` are over all of them; ``is_finished`` tells whether every
    one spent its budget.
    """

    net: Generator
    flavour: str
    steps: int
    seconds: float
    is_finished: bool


def trained_network(folder: RunFolder, recipe: Recipe) -> TrainedNetwork:
    """Return the averaged network of the last stage that has a checkpoint.

    Raises:
        InvalidData: the run has no checkpoint yet, or one that cannot be exported yet.
        InvalidCheckpoint: it is damaged, or does not fit the recipe.
    """
    run = folder.read()
    stages = learning_stages(recipe, run.pipeline)
    reached = [stage for stage in stages if folder.checkpoint(stage.name).exists()]
    if not reached:
        raise InvalidData(f"{folder.path}: has no checkpoint yet. Let it run longer.")
    tables = [read_checkpoint(folder.checkpoint(stage.name), CPU) for stage in reached]
    last, table = reached[-1], tables[-1]
    net = start(recipe.model, recipe.scale, recipe.seed, None)
    if last.values.slopes and table["slopes"] > 0:
        raise InvalidData(
            f"{folder.path}: has slopes that are not led to 0 yet, without which it computes "
            "something else. Let it run longer."
        )
    form = training_form(
        net,
        recipe.seed,
        is_reparameterised=last.values.reparameterise,
        is_sloped=last.values.slopes > 0,
        is_rounded=isinstance(last.values, QuantiseValues),
    )
    try:
        form.load_state_dict(table["net"])
        averaged = [value for value in form.state_dict().values() if value.is_floating_point()]
        with torch.no_grad():
            for value, average in zip(averaged, table["average"], strict=True):
                value.copy_(average)
    except (KeyError, RuntimeError, ValueError) as error:
        raise InvalidCheckpoint(
            f"{folder.checkpoint(last.name)}: does not fit the run's recipe. Undo what was changed "
            "there."
        ) from error
    made = plain_form(form).eval().requires_grad_(False)
    place = [step.name for step in run.pipeline].index(last.name)
    is_levelled = any(step.step == "level" for step in run.pipeline[place:])
    is_clean = recipe.degradation == BICUBIC
    return TrainedNetwork(
        net=level(made) if is_levelled else made,
        flavour=last.kind if is_clean else f"{last.kind}, {recipe.degradation}",
        steps=sum(table["step"] for table in tables),
        seconds=sum(table["seconds"] for table in tables),
        is_finished=all(stage.name in run.finished for stage in stages),
    )


def write_model(net: Generator, target: Path, *, is_half: bool) -> None:
    """Write a network as safetensors; it gets its name once it is complete and on disk.

    Raises:
        NoSpace, UnwritableOutput: no new file is left under that name.
    """
    dtype = torch.float16 if is_half else torch.float32
    tensors = {
        name: (value.to(dtype) if value.is_floating_point() else value).cpu().contiguous()
        for name, value in net.state_dict().items()
    }
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        with published(target) as part:
            try:
                save_file(tensors, part)
            except SafetensorError as error:  # its message for a short write
                raise OSError(ENOSPC, str(error)) from error
            part.chmod(READABLE)  # safetensors makes its files private
