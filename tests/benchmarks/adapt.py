"""Measure what a network gains that is adapted to one film, beside `auto`, and write the table.

    VSR_DATA=… python -m tests.benchmarks.adapt [--scale 2] [--sheets FOLDER] [FILM ...]

A clip is the truth. Reduced and encoded by x264 it is the film that a user has, and all that the
adaptation sees: what `auto` makes of it, reduced to its size, is reduced once more, encoded as
coarsely as the film is, and the network of `auto`'s blend learns the way back. Both then enlarge
the film, from file to planes. The result is written beside this file: ``results/adapt.json``, where
films that are not measured this time keep their figures, and a table made of it.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import fmean
from time import process_time
from typing import Any

import av
import numpy as np
import torch
from PIL import Image
from torch import Tensor

from tests.benchmarks.adapt_table import table
from tests.benchmarks.video_clips import RATE, Planes, decode, encode, planes_of, reduced
from tests.benchmarks.video_methods import Method, enlarged
from vsr.device.yuv import rgb_of
from vsr.jobs.upscale.segment_worker import SegmentWorker
from vsr.jobs.upscale.strength import condition_of
from vsr.media.reading.probe import probe
from vsr.metrics.flicker import FlickerMeter
from vsr.metrics.scores import psnr
from vsr.models.blocks import Generator
from vsr.models.catalog import load
from vsr.training.damage.wear import SD_VIDEO
from vsr.training.recipe.recipe import learning_rate
from vsr.training.run.trained_network import write_model
from vsr.values import Blend, TimeRange

RESULTS = Path(__file__).with_name("results")
FRAMES, SHOWN = 64, 8
"""Of a film, and in its middle those that are compared with the truth."""

CRFS = {2: (28, 23), 4: (28,)}
STEPS, RATE_OF_LEARNING, WARM_UP = 800, 2e-4, 30
BATCH, PATCH, BORDER = 8, 40, 4
TAKEN, KEPT = 32, 4
"""Frames that are taken, spread over the film; the last ones are not learnt from."""

AVERAGE = 0.99
BLACK = 16
"""Code of luma, of limited range; truths are cut there, as no player shows what lies below."""

NEAR_ENOUGH, TRIES = 0.6, 3
"""Quantisers by which a coding may miss the film's, and how often it is tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A truth.

    Attributes:
        is_tuned: settings were chosen on it, or it was looked at before they were.
        focus: (row, column) of what a sheet shows, shares of the sides.
    """

    file: str
    what: str
    start_seconds: float = 0.0
    is_tuned: bool = False
    focus: tuple[float, float] = (0.5, 0.5)


CLIPS = {
    "bigbuckbunny": Clip(file="bigbuckbunny.mp4", what="animation", is_tuned=True),
    "cockatoo": Clip(file="cockatoo.mp4", what="bird", start_seconds=5, is_tuned=True),
    "bikes": Clip(file="bikes.mp4", what="street, bicycle", start_seconds=4, is_tuned=True),
    "face": Clip(file="sample_rotate_and_reflect.mp4", what="face, glasses", is_tuned=True),
    "shelf": Clip(file="vfr_640x480.webm", what="hand, shelf", is_tuned=True),
    "roof": Clip(file="hdr10-av1.mp4", what="roof, sky", focus=(0.6, 0.4)),
    "pancake": Clip(file="flipping_a_pancake.mkv", what="kitchen", start_seconds=2),
    "demo": Clip(file="demo.mp4", what="people, hands", start_seconds=1),
    "plant": Clip(file="realshort.mp4", what="plant, room"),
}


def main() -> None:
    """Measure, then write both files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=int, choices=tuple(CRFS), default=2)
    parser.add_argument("--crf", type=int, help="only this quality")
    parser.add_argument("--sheets", type=Path, help="write crops of the pictures there")
    parser.add_argument("names", nargs="*", metavar="FILM", help=", ".join(CLIPS))
    typed = parser.parse_args()
    torch.set_num_threads(1)
    file = RESULTS / "adapt.json"
    found = json.loads(file.read_text()) if file.exists() else {}
    for crf in [typed.crf] if typed.crf else CRFS[typed.scale]:
        for name in typed.names or CLIPS:
            row = measured(CLIPS[name], typed.scale, crf, typed.sheets)
            found[f"{name} ×{typed.scale} crf {crf}"] = row
            print(name, typed.scale, crf, row, flush=True)
            file.write_text(json.dumps(found, indent=1) + "\n")
    file.with_suffix(".md").write_text(table(found))


def measured(clip: Clip, scale: int, crf: int, sheets: Path | None) -> dict[str, Any]:
    """Return the figures of one film."""
    truth = true_pictures(clip, scale)
    first = max(0, len(truth) // 2 - SHOWN // 2)
    shown = [planes[0] for planes in truth[first : first + SHOWN]]
    part = TimeRange(start_seconds=float(first / RATE), end_seconds=float((first + SHOWN) / RATE))
    with tempfile.TemporaryDirectory() as scratch, closing(SegmentWorker()) as worker:
        film = encode(Path(scratch) / "film.mkv", [reduced(one, scale) for one in truth], crf)

        def luma(method: Method) -> tuple[dict[str, Any], list[Any]]:
            told, pictures = enlarged(method, film, (), worker, time=part, scale=scale)
            return told, [planes[0] for planes in pictures]

        told, auto = luma(Method(strength="auto"))
        _, look = luma(Method(strength="auto", sharpness="auto"))
        low, high = lesson(film, scale, worker)
        net = load("fast", scale, Blend(strength=told["strength"])).net
        assert net is not None  # only bicubic has none
        before, begun = own_psnr(net, low[-KEPT:], high[-KEPT:]), process_time()
        adapt(net, low[:-KEPT], high[:-KEPT])
        seconds, after = process_time() - begun, own_psnr(net, low[-KEPT:], high[-KEPT:])
        weights = Path(scratch) / "adapted.safetensors"
        write_model(net, weights, is_half=True)
        _, adapted = luma(Method(model=str(weights)))
    ways = {"auto": auto, "default": look, "adapted": adapted}
    if sheets is not None:
        _show(sheets / f"{Path(clip.file).stem}_x{scale}_{crf}.png", clip, [*ways.values(), shown])
    return {
        "what": clip.what,
        "is_tuned": clip.is_tuned,
        "film": f"{low.shape[-1] * scale}×{low.shape[-2] * scale}",
        "strength": told["strength"],
        "own_gain": round(after - before, 3),
        "seconds": round(seconds),
        **{way: scores(shown, pictures, scale) for way, pictures in ways.items()},
        "truth_flicker": flicker(shown, shown, scale),
    }


def true_pictures(clip: Clip, scale: int) -> list[Planes]:
    """Return a clip's pictures; the sides divide by all that comes."""
    grid = 2 * scale**2
    path = Path(os.environ["VSR_DATA"]) / "clips" / clip.file
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        start = clip.start_seconds + float((stream.start_time or 0) * stream.time_base)
        frames = (one for one in container.decode(stream) if one.time is None or one.time >= start)
        pictures = [_cropped(planes_of(one), grid) for one in islice(frames, FRAMES)]
    return [(np.maximum(y, BLACK), u, v) for y, u, v in pictures]


def _cropped(planes: Planes, grid: int) -> Planes:
    rows, columns = (side // grid * grid for side in planes[0].shape)
    y, u, v = planes
    half = slice(rows // 2), slice(columns // 2)
    return y[:rows, :columns], u[half], v[half]


def lesson(film: Path, scale: int, worker: SegmentWorker) -> tuple[Tensor, Tensor]:
    """Return what is learnt from: (N, 3, h, w) and (N, 3, s·h, s·w), [0, 1].

    The high resolution is the film as `auto` cleans it, so that its artifacts are not learnt.
    """
    method = Method(strength="auto", precision="int8")
    _, large = enlarged(method, film, (), worker, scale=scale)
    high = [_cropped(reduced(planes, scale), 2 * scale) for planes in large]
    low = decode(_coded_like(film, [reduced(planes, scale) for planes in high]))
    taken = range(0, len(high), max(1, len(high) // TAKEN))
    return tuple(torch.stack([_rgb(pictures[n]) for n in taken]) for pictures in (low, high))


def _coded_like(film: Path, pictures: Sequence[Planes]) -> Path:
    """Return the pictures, encoded with the film's quantiser."""
    wanted = _quantiser(film)
    crf, path = wanted, film.with_name("again.mkv")
    for _ in range(TRIES):
        missing = wanted - _quantiser(encode(path, pictures, round(crf)))
        if abs(missing) < NEAR_ENOUGH:
            break
        crf += missing
    return path


def _quantiser(film: Path) -> float:
    condition = condition_of(probe(film))
    assert condition is not None  # it was just encoded
    return condition.quantiser


def _rgb(planes: Planes) -> Tensor:
    tensors = [torch.from_numpy(np.ascontiguousarray(plane)) for plane in planes]
    return rgb_of(tensors, SD_VIDEO)[0].clamp(0, 1)


def adapt(net: Generator, low: Tensor, high: Tensor) -> None:
    """Let a network learn ``high`` from ``low``, in place; what stays is its running average."""
    net.train().requires_grad_(True)
    optimiser = torch.optim.Adam(net.parameters(), betas=(0.9, 0.99))
    average = [parameter.detach().clone() for parameter in net.parameters()]
    inner = slice(BORDER * net.scale, -BORDER * net.scale)
    for step, (small, large) in enumerate(crops(low, high, net.scale)):
        rate = learning_rate(RATE_OF_LEARNING, step / STEPS, step, WARM_UP)
        for group in optimiser.param_groups:
            group["lr"] = rate
        with torch.autocast("cpu", dtype=torch.bfloat16):
            output = net(small)
        loss = (output.float() - large)[..., inner, inner].abs().mean()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        share = 1 - min(AVERAGE, (step + 1) / (step + 10))
        for mean, parameter in zip(average, net.parameters()):
            mean.lerp_(parameter.detach(), share)
    with torch.no_grad():
        for mean, parameter in zip(average, net.parameters()):
            parameter.copy_(mean)
    net.eval().requires_grad_(False)


def crops(low: Tensor, high: Tensor, scale: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the batches of all steps, turned and mirrored."""
    rng = np.random.default_rng(0)
    count, _, height, width = low.shape
    side = min(PATCH, height, width)
    for _ in range(STEPS):
        pairs = []
        for _ in range(BATCH):
            n, y, x = (int(rng.integers(k)) for k in (count, height - side + 1, width - side + 1))
            turns, is_mirrored = int(rng.integers(4)), rng.random() < 0.5
            for pictures, s in ((low, 1), (high, scale)):
                crop = pictures[n, :, s * y : s * (y + side), s * x : s * (x + side)]
                crop = torch.rot90(crop, turns, (1, 2))
                pairs.append(crop.flip(2) if is_mirrored else crop)
        yield torch.stack(pairs[::2]), torch.stack(pairs[1::2])


@torch.inference_mode()
def own_psnr(net: Generator, low: Tensor, high: Tensor) -> float:
    """Return what a verdict on the film's own reduced frames would go by, dB of R'G'B'."""
    errors = [
        (net(one[None])[0].clamp(0, 1) - true).square().mean() for one, true in zip(low, high)
    ]
    return fmean(float(-10 * error.log10()) for error in errors)


def scores(truth: Sequence[Any], result: Sequence[Any], scale: int) -> dict[str, float | None]:
    """Return PSNR, how much of the truth's gradients there is, and flicker where all is still."""
    inner = slice(scale, -scale)
    pairs = [(true[inner, inner], own[inner, inner]) for true, own in zip(truth, result)]
    return {
        "psnr_y": round(fmean(psnr(*pair) for pair in pairs), 3),
        "gradients": round(fmean(_gradients(own) / _gradients(true) for true, own in pairs), 3),
        "flicker": flicker(truth, result, scale),
    }


def _gradients(luma: Any) -> float:
    return float(np.abs(np.diff(luma.astype(np.float64), axis=1)).mean())


def flicker(truth: Sequence[Any], result: Sequence[Any], scale: int) -> float | None:
    """Return the deviation over time where the reduced truth stands still, in codes."""
    meter = FlickerMeter()
    for true, own in zip(truth, result, strict=True):
        small = np.asarray(Image.fromarray(true).reduce(scale), np.float64)
        meter.add(small.repeat(scale, 0).repeat(scale, 1), own.astype(np.float64))
    found = meter.flicker()
    return found and found.static_std and round(found.static_std, 3)


def _show(path: Path, clip: Clip, ways: Sequence[Sequence[Any]]) -> None:
    """Write one crop of `auto`, the default look, the adapted network and the truth."""
    side = min(160, *ways[0][0].shape)
    top, left = (
        int((length - side) * share) for length, share in zip(ways[0][0].shape, clip.focus)
    )
    row = [pictures[SHOWN // 2][top : top + side, left : left + side] for pictures in ways]
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(np.concatenate(row, axis=1))
    picture.resize((3 * picture.width, 3 * picture.height), Image.Resampling.NEAREST).save(path)


if __name__ == "__main__":
    main()
