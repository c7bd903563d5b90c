"""A network and its flavours, which are tuned together, whatever they are blended to.

What `tests.benchmarks.tune_int8` and `tests.benchmarks.tune_below_black` have in common: the
weights, the blends that are asked for, what they are shown, how they learn, and the command.
"""

import argparse
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.func import functional_call

from vsr.jobs.upscale.strength import CLEAR
from vsr.models.catalog import load
from vsr.models.flavours import added_up, flavours_of
from vsr.models.int8 import pictures
from vsr.models.plain import Plain
from vsr.training.data.dataset import mapped
from vsr.training.data.manifest import read_manifest
from vsr.values import Blend

BATCH, PATCH = 6, 32
BLEND_STEPS = 12
"""One blend, and its ranges, serve so many steps."""

DECAY, CLIP, WARM_UP = 0.995, 0.05, 50
"""Of the average of the weights; the largest norm of a gradient; steps until the full rate."""

LOOKS = ((0.35, None, CLEAR), (0.2, 0.0, 0.0), (0.2, None, 0.0), (0.25, None, None))
"""How often which strength and sharpness are asked; None is any: first what `auto` takes."""

DRAWN = 2
"""Crops of drawn scenes and letters in a batch: hard edges, as screens have."""

DARKER, LEAST = 0.4, -0.1
"""How much darker a crop becomes at most, and where that ends ([0, 1])."""

Weights = Mapping[str, Tensor]


class Family:
    """A network and its flavours, which learn together.

    Attributes:
        paths: of their files.
        states: name → parameter of each.
    """

    def __init__(self, name: str, scale: int) -> None:
        model = load(name, scale)
        assert isinstance(model.net, Plain)
        self.net = model.net
        self.flavours = flavours_of(name, scale)
        base = Path(str(model.path))
        self.paths = [path for path, _ in self.shares(None)] if self.flavours else [base]
        self.before = [{k: v.float() for k, v in load_file(path).items()} for path in self.paths]
        self.states = [
            {k: v.clone().requires_grad_() for k, v in one.items()} for one in self.before
        ]

    def shares(self, blend: Blend | None) -> tuple[tuple[Path, float], ...]:
        """Return the files of a blend and their shares; without one, all of them."""
        assert self.flavours is not None
        if blend is not None:
            return self.flavours.shares(blend)
        clear = (self.flavours.clear,) if self.flavours.clear else ()
        return tuple((one.path, 1.0) for one in (self.flavours.base, *self.flavours.video, *clear))

    def blended(self, states: list[dict[str, Tensor]], blend: Blend) -> dict[str, Tensor]:
        """Return the weights of a blend."""
        shares = dict(self.shares(blend)) if self.flavours else {self.paths[0]: 1.0}
        coefficients = [shares.get(path, 0.0) for path in self.paths]
        return added_up(states, coefficients, [path.name for path in self.paths])

    def learnt(
        self, rate: float, minutes: float
    ) -> Iterator[tuple[float, int, Callable[[Tensor], None]]]:
        """Yield share of the time, step, and what learns from a loss; then take the average.

        Args:
            rate: of Adam; it falls to 0 over the time.
        """
        parameters = [value for state in self.states for value in state.values()]
        averages = [value.detach().clone() for value in parameters]
        optimiser = torch.optim.Adam(parameters, lr=rate, fused=True)

        def learn(loss: Tensor) -> None:
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            known = [one for one in parameters if one.grad is not None]
            torch.nn.utils.clip_grad_norm_(known, CLIP)
            optimiser.step()
            with torch.no_grad():
                for average, value in zip(averages, parameters):
                    average.lerp_(value, 1 - min(DECAY, (step + 1) / (step + 10)))

        started, step = time.monotonic(), 0
        while (share := (time.monotonic() - started) / (60 * minutes)) < 1:
            for group in optimiser.param_groups:
                warm = min(1.0, (step + 1) / WARM_UP)
                group["lr"] = rate * warm * (0.5 + 0.5 * np.cos(np.pi * share))
            yield share, step, learn
            step += 1
        with torch.no_grad():
            for average, value in zip(averages, parameters):
                value.copy_(average)


def drawn_blend(rng: np.random.Generator, family: Family) -> Blend:
    """Return one of the blends that users get, those of ``auto`` most often."""
    if family.flavours is None:
        return Blend()
    look = LOOKS[rng.choice(len(LOOKS), p=[share for share, _, _ in LOOKS])]
    strength, sharpness = (float(rng.random()) if v is None else v for v in look[1:])
    if not family.flavours.video:
        strength = 0.0
    return Blend(strength=strength, sharpness=sharpness if family.flavours.clear else 0.0)


def exact(net: Plain, weights: Weights, x: Tensor) -> Tensor:
    """Return what the float network makes of a batch."""
    enlarged: Tensor = functional_call(net, dict(weights), (x,))
    return enlarged


def wanted_of(net: Plain, weights: Weights, x: Tensor) -> Tensor:
    """Return what it should make: nothing is drawn below black, and what lies there stays."""
    within = x.clamp_min(0)
    below = (x - within).repeat_interleave(net.scale, 2).repeat_interleave(net.scale, 3)
    return exact(net, weights, within) + below


def crops(rng: np.random.Generator, lows: list[np.ndarray]) -> Tensor:
    """Return a batch (N, 3, `PATCH`, `PATCH`) of all kinds of low resolution, in [0, 1]."""
    taken = []
    for _ in range(BATCH):
        low = lows[rng.integers(len(lows))]
        number, (top, left) = rng.integers(len(low)), rng.integers(0, low.shape[1] - PATCH + 1, 2)
        taken.append(np.array(low[number, top : top + PATCH, left : left + PATCH]))
    for index in range(DRAWN):
        drawn = written(rng) if index % 2 else pictures.scenes()[rng.integers(pictures.SCENES)]
        top, left = rng.integers(0, pictures.SIDE - PATCH + 1, 2)
        taken.append(drawn.transpose(1, 2, 0)[top : top + PATCH, left : left + PATCH])
    return torch.from_numpy(np.stack(taken)).permute(0, 3, 1, 2).float() / 255


def darkened(rng: np.random.Generator, batch: Tensor, count: int) -> Tensor:
    """Darken the first crops of a batch until parts of them may lie below black, in place."""
    darker = torch.from_numpy(rng.uniform(0, DARKER, (count, 1, 1, 1))).float()
    batch[:count] = (batch[:count] - darker).clamp_min(LEAST)
    return batch


def low_resolution(data: Path, scale: int) -> list[np.ndarray]:
    """Return every low resolution of a prepared set, (N, side, side, 3) each."""
    manifest = read_manifest(data)
    side = manifest.patch // scale
    paths = sorted(data.glob(f"lr_x{scale}*.u8"))
    return [mapped(path, manifest.count, side) for path in paths if "_next" not in path.name]


def written(rng: np.random.Generator) -> np.ndarray:
    """Return letters and lines of two colours, smooth or of whole pixels: (3, SIDE, SIDE)."""
    side, finer = pictures.SIDE, int(rng.choice((1, 3)))
    image = Image.new("RGB", (side * finer, side * finer), tuple(rng.integers(0, 256, 3).tolist()))
    draw, ink = ImageDraw.Draw(image), tuple(rng.integers(0, 256, 3).tolist())
    if rng.random() < 0.5:
        image.paste((255, 255, 255), (0, 0, *image.size))
        ink = (0, 0, 0)
    if rng.random() < 0.3:
        image, ink = Image.new("RGB", image.size), (255, 255, 255)
        draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(finer * int(rng.integers(8, 25)))
    letters = "".join(chr(code) for code in rng.integers(48, 123, 12))
    draw.text(tuple(rng.integers(-8, 12, 2).tolist()), f"{letters[:6]}\n{letters[6:]}", ink, font)
    for _ in range(3):
        ends = tuple(rng.integers(0, side * finer, 4).tolist())
        draw.line(ends, ink, finer * int(rng.integers(1, 3)))
    small = np.asarray(image).reshape(side, finer, side, finer, 3).mean((1, 3))
    return small.round().astype(np.uint8).transpose(2, 0, 1)


Tune = Callable[[Family, list[np.ndarray], float, int], None]
"""Tunes a family on low resolutions for so many minutes, from a seed."""


def run(tune: Tune, about: str | None, *, minutes: float) -> None:
    """Read the command line, tune, and write the weights."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("model")
    parser.add_argument("--scale", type=int, default=4)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=minutes)
    parser.add_argument("--seed", type=int, default=1)
    typed = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(typed.seed)
    family = Family(typed.model, typed.scale)
    tune(family, low_resolution(typed.data, typed.scale), typed.minutes, typed.seed)
    typed.out.mkdir(parents=True, exist_ok=True)
    for path, state in zip(family.paths, family.states):
        save_file({k: v.detach().half() for k, v in state.items()}, typed.out / path.name)
