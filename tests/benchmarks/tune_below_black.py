"""Tune a network and its flavours together so that nothing is drawn below black.

Run: ``python -m tests.benchmarks.tune_below_black fast --scale 2 --data DATA --out FOLDER``, with a
set as for `tests.benchmarks.tune_int8`. No training shows values below 0, films do (what x264
undershoots beside black), and ``fast`` ×2 made a grid of up to 85 codes of them. Half of each batch
is darkened until parts lie below black: there each blend is to draw what it drew at black, and what
lies lower stays lower. The other half is to come out as before. FOLDER then holds the weights.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from tests.benchmarks.tune_int8 import (
    BLEND_STEPS,
    DECAY,
    Family,
    crops,
    darkened,
    drawn_blend,
    exact,
    low_resolution,
    wanted_of,
)  # fmt: skip

RATE, NOISE, SQUARED = 1e-4, 0.004, 10.0
"""Of Adam; the most noise that is added ([0, 1]); what squared errors weigh beside others."""


def tune(family: Family, lows: list[np.ndarray], minutes: float, seed: int) -> None:
    """Learn for so many minutes; the averaged weights are left in ``family.states``."""
    rng = np.random.default_rng(seed)
    parameters = [value for state in family.states for value in state.values()]
    averages = [value.detach().clone() for value in parameters]
    optimiser = torch.optim.Adam(parameters, lr=RATE, fused=True)
    started, step = time.monotonic(), 0
    while (share := (time.monotonic() - started) / (60 * minutes)) < 1:
        if step % BLEND_STEPS == 0:
            blend = drawn_blend(rng, family)
            teacher = family.blended(family.before, blend)
        for group in optimiser.param_groups:
            group["lr"] = RATE * min(1.0, (step + 1) / 50) * (0.5 + 0.5 * np.cos(np.pi * share))
        low = crops(rng, lows)
        low = darkened(rng, low, len(low) // 2)
        low = low + torch.randn(low.shape) * NOISE * float(rng.random())
        with torch.no_grad():
            wanted = wanted_of(family.net, teacher, low)
        error = exact(family.net, family.blended(family.states, blend), low) - wanted
        loss = error.abs().mean() + SQUARED * error.square().mean()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_([p for p in parameters if p.grad is not None], 0.05)
        optimiser.step()
        with torch.no_grad():
            for average, value in zip(averages, parameters):
                average.lerp_(value, 1 - min(DECAY, (step + 1) / (step + 10)))
        if step % 100 == 0:
            print(f"{share:5.1%} step {step}, {blend or 'plain'}: {loss.item():.5f}", flush=True)
        step += 1
    with torch.no_grad():
        for average, value in zip(averages, parameters):
            value.copy_(average)


def main() -> None:
    """Tune and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--scale", type=int, default=2)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--seed", type=int, default=3)
    wanted = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(wanted.seed)
    family = Family(wanted.model, wanted.scale)
    tune(family, low_resolution(wanted.data, wanted.scale), wanted.minutes, wanted.seed)
    wanted.out.mkdir(parents=True, exist_ok=True)
    for path, state in zip(family.paths, family.states):
        save_file({k: v.detach().half() for k, v in state.items()}, wanted.out / path.name)


if __name__ == "__main__":
    main()
