"""Tune a network and its flavours together so that nothing is drawn below black.

Run: ``python -m tests.benchmarks.tune_below_black fast --scale 2 --data DATA --out FOLDER``, with a
set as for `tests.benchmarks.tune_int8`. No training shows values below 0, films do (what x264
undershoots beside black), and ``fast`` ×2 made a grid of up to 85 codes of them. Half of each batch
is darkened until parts lie below black: there each blend is to draw what it drew at black, and what
lies lower stays lower. The other half is to come out as before. FOLDER then holds the weights.
"""

import numpy as np
import torch

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

RATE, NOISE, SQUARED = 1e-4, 0.004, 10.0
"""Of Adam; the most noise that is added ([0, 1]); what squared errors weigh beside others."""


def tune(family: Family, lows: list[np.ndarray], minutes: float, seed: int) -> None:
    """Learn for so many minutes; the averaged weights are left in ``family.states``."""
    rng = np.random.default_rng(seed)
    for share, step, learn in family.learnt(RATE, minutes):
        if step % BLEND_STEPS == 0:
            blend = drawn_blend(rng, family)
            teacher = family.blended(family.before, blend)
        low = crops(rng, lows)
        low = darkened(rng, low, len(low) // 2)
        low = low + torch.randn(low.shape) * NOISE * float(rng.random())
        with torch.no_grad():
            wanted = wanted_of(family.net, teacher, low)
        error = exact(family.net, family.blended(family.states, blend), low) - wanted
        loss = error.abs().mean() + SQUARED * error.square().mean()
        learn(loss)
        if step % 100 == 0:
            print(f"{share:5.1%} step {step}, {blend or 'plain'}: {loss.item():.5f}", flush=True)


if __name__ == "__main__":
    run(tune, __doc__, minutes=5)
