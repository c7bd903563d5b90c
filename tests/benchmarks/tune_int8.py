"""Tune a network and its flavours together so that int8 loses little, whatever they are blended to.

Run: ``python -m tests.benchmarks.tune_int8 fast --scale 4 --data DATA --out FOLDER``; DATA is a set
of ``vsr train prepare … --degradation video --degradation video-clear``. Every step takes another
blend and asks two things: what int8 makes of compressed patches is what the float blend made of
them before, and on pictures that no camera makes, where ranges are largest, both forms agree. So
each flavour keeps what it was trained for. FOLDER then holds the weights, in half precision.

The `quantise` step of ``vsr train`` does the same for one network without flavours.
"""

import numpy as np
import torch
from torch import Tensor
from torch.func import functional_call

from tests.benchmarks.family import (
    BLEND_STEPS,
    Family,
    crops,
    darkened,
    drawn_blend,
    exact,
    run,
    wanted_of,
)  # fmt: skip
from vsr.models.int8 import pictures
from vsr.training.losses.cells import grid, ripples
from vsr.training.network.rounded_plain import RoundedPlain

HARD = 4
"""Hard or flat pictures in a step."""

RATE = 1.5e-4

FAITHFUL, ANCHOR = 2.5, 0.02
"""What patches weigh against the agreement on hard pictures, and what the float network was there:
without it both agree on what saturates, which is the nearest pixel."""

CELLS, GRID = 1.0, 2.0
"""What waves in smooth places, and an error that repeats from cell to cell, weigh beside the
mean error of patches. The latter does not keep float weights from learning a grid that takes back
that of int8 (docs/notebook.md).
"""

BELOW = 2
"""Crops in a batch that are darkened (`tests.benchmarks.tune_below_black`)."""

WITHIN = (-0.1, 1.1)
"""Beyond this a difference is not seen."""


def tune(family: Family, lows: list[np.ndarray], minutes: float, seed: int) -> None:
    """Learn for so many minutes; the averaged weights are left in ``family.states``."""
    rng = np.random.default_rng(seed)
    hard = torch.from_numpy(np.concatenate((pictures.hard(), pictures.flat()))).float() / 255
    net, plain = RoundedPlain(family.net), family.net
    is_luma = plain.colour == "luma"
    for share, step, learn in family.learnt(RATE, minutes):
        if step % BLEND_STEPS == 0:
            blend = drawn_blend(rng, family)
            with torch.no_grad():
                own = family.blended(family.states, blend)
                net.load_state_dict({**net.state_dict(), **own})
            net.take_ranges()
            teacher = family.blended(family.before, blend)
        low = darkened(rng, crops(rng, lows), BELOW)
        few = hard[torch.from_numpy(rng.choice(len(hard), HARD, replace=False))]
        if is_luma:
            low, few = low[:, 1:2], few[:, 1:2]
        with torch.no_grad():
            target = wanted_of(plain, teacher, low)
        own = family.blended(family.states, blend)
        integers = dict(net.named_buffers())
        rounded = functional_call(net, {**own, **integers}, (low,))
        there = functional_call(net, {**own, **integers}, (few,)).clamp(*WITHIN)
        here = exact(plain, own, few).clamp(*WITHIN)
        faithful = _distance(rounded, target, plain.scale) + 0.5 * _distance(
            exact(plain, own, low), target, plain.scale
        )
        apart = (there - here).abs()
        disagreement = apart.mean() + 4 * apart.square().mean()
        with torch.no_grad():
            was = exact(plain, teacher, few).clamp(*WITHIN)
        loss = FAITHFUL * faithful + disagreement + ANCHOR * (here - was).abs().mean()
        learn(loss)
        if step % 60 == 0:
            print(
                f"{share:5.1%} step {step}, {blend or 'plain'}: patches {faithful.item():.5f}, "
                f"hard {apart.mean().item():.5f}, at most {apart.max().item():.3f}", flush=True,
            )  # fmt: skip


def _distance(made: Tensor, target: Tensor, scale: int) -> Tensor:
    """Return the mean error, and what of it is a grid: else colours and lines get one again."""
    pattern = CELLS * ripples(made, target) + GRID * grid(made, target, scale)
    return (made - target).abs().mean() + pattern


if __name__ == "__main__":
    run(tune, __doc__, minutes=10)
