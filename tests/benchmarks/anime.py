"""Judge ``anime`` on drawn film: ``python -m tests.benchmarks.anime [--sheets DIR] [NAME=FILE …]``.

Big Buck Bunny and drawings of seeds that nothing was trained on are reduced, coded by x264 and
enlarged by Lanczos, by the look ``anime`` (`fast`, sharpness 0.75), by `anime` and
by realesr-animevideov3. Needs the shared data of ``VSR_DATA``; writes ``results/anime.md``.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import fmean

import av
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from tests.benchmarks.drawn.scenes import drawn
from tests.benchmarks.looks import motion, sharpness, tones
from tests.benchmarks.looks.clips import crf
from tests.benchmarks.looks.material import blend_of
from tests.benchmarks.looks.planar import Rgb, planes_from_rgb, rgb_from_planes
from tests.benchmarks.looks.score import lumas
from tests.benchmarks.video_clips import decode, encode_as
from vsr.kernels import imresize
from vsr.metrics.scores import psnr
from vsr.models import catalog
from vsr.values import Blend

RESULTS = Path("tests/benchmarks/results/anime.md")
SEEDS = (1000, 1001, 1003)
"""Of drawings that are kept out."""

QUALITIES = (23, 28, 33)
FRAMES, SHOWN = 6, 3
SOURCE = (160, 240)
"""Rows and columns of what is enlarged."""

BORDER = 16
LOOK = 0.75
"""The sharpness of the look."""

Enlarge = Callable[[Rgb, Blend], Rgb]
"""A frame, and the blend that ``auto`` chooses, to a frame."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Case:
    """A film: its truth and what is left of it, (T, H, W, 3)."""

    name: str
    scale: int
    quality: int
    truth: Rgb
    source: Rgb
    blend: Blend
    is_still: bool

    @property
    def looked_at(self) -> list[int]:
        """The frames that are enlarged, the one that is judged as a picture first."""
        return [SHOWN, *range(FRAMES)] if self.is_still else [SHOWN]


def cases(scale: int) -> Iterator[Case]:
    """Yield every film in every quality."""
    for name, truth in (("bunny", _bunny()), *_drawings()):
        rows, columns = SOURCE
        shown = truth[:, : scale * rows, : scale * columns]
        small = [_codes(imresize(one, rows, columns)) for one in shown]
        for quality in QUALITIES:
            source, blend = _coded(small, quality)
            yield Case(
                name=name, scale=scale, quality=quality, truth=shown, source=source, blend=blend,
                is_still=name.endswith("still"),
            )  # fmt: skip


def _bunny() -> Rgb:
    path = Path(os.environ["VSR_DATA"]) / "clips" / "bigbuckbunny.mp4"
    with av.open(str(path)) as container:
        frames = (frame.to_ndarray(format="rgb24") for frame in container.decode(video=0))
        return np.stack(list(islice(frames, 60, 60 + FRAMES)))[:, 40:680, 160:1120]


def _drawings() -> Iterator[tuple[str, Rgb]]:
    """Yield drawings that are panned, and one that stands still."""
    for index, seed in enumerate(SEEDS):
        picture = np.asarray(drawn(seed))[100:740, 100:1100]
        yield f"drawn {index + 1}", np.stack([picture[:, 3 * i :][:, :960] for i in range(FRAMES)])
        if index == 0:
            yield "drawn 1, still", np.stack([picture[:, :960]] * FRAMES)


def _coded(frames: Sequence[Rgb], quality: int) -> tuple[Rgb, Blend]:
    coding = crf(quality)
    with tempfile.TemporaryDirectory() as scratch:
        planes = [planes_from_rgb(frame) for frame in frames]
        path = encode_as(Path(scratch) / "clip.mkv", planes, coding.encoder, coding.options)
        return np.stack([rgb_from_planes(one) for one in decode(path)]), blend_of(path)


def methods(scale: int, others: Sequence[str]) -> dict[str, Enlarge]:
    """Return every way to enlarge, by name; others are ``NAME=FILE``."""

    def look(frame: Rgb, blend: Blend) -> Rgb:
        wanted = Blend(strength=blend.strength, sharpness=LOOK)
        return _through(catalog.load("fast", scale, wanted), frame, scale)

    public = Path(os.environ["VSR_DATA"]) / "weights/public/realesr-animevideov3.pth"
    files = {"anime": "anime", "animevideov3": str(public)}
    files |= dict(text.split("=", 1) for text in others)
    known = {"lanczos": lambda frame, _: _lanczos(frame, scale), "look": look}
    for name, file in files.items():
        wanted = next(s for s in sorted(catalog.scales(file)) if s % scale == 0)
        known[name] = _enlarging(catalog.load(file, wanted), scale)
    return known


def _enlarging(model: catalog.Model, scale: int) -> Enlarge:
    return lambda frame, _: _through(model, frame, scale)


@torch.inference_mode()
def _through(model: catalog.Model, frame: Rgb, scale: int) -> Rgb:
    assert model.net is not None
    x = torch.from_numpy(np.moveaxis(frame, 2, 0)[None].copy()).float() / 255
    y = 255 * model.net(x.contiguous(memory_format=torch.channels_last))[0]
    codes = y.permute(1, 2, 0).numpy()
    larger = model.traits.scale // scale
    if larger > 1:
        codes = imresize(codes, codes.shape[0] // larger, codes.shape[1] // larger)
    return _codes(codes)


def _lanczos(frame: Rgb, scale: int) -> Rgb:
    size = (scale * frame.shape[1], scale * frame.shape[0])
    return np.asarray(Image.fromarray(frame).resize(size, Image.Resampling.LANCZOS))


def _codes(picture: NDArray[np.generic]) -> Rgb:
    codes: Rgb = np.clip(np.round(picture), 0, 255).astype(np.uint8)
    return codes


def measured(case: Case, result: Rgb, lanczos: Rgb) -> dict[str, float]:
    """Return the figures of one result of the frames that are looked at, (T, H, W, 3)."""
    shown = (result[0], lanczos[0], case.truth[SHOWN], case.source[SHOWN])
    own, base, true, source = (lumas(one[None])[0] for one in shown)
    inner = (slice(BORDER, -BORDER),) * 2
    edges, steps = sharpness.sharp_edges(source), sharpness.step_edges(source)
    luma, chroma = tones.shifts(result[0], lanczos[0])
    found = {
        "psnr": psnr(own[inner], true[inner]),
        "acutance": sharpness.acutance(own, base, edges, case.scale),
        "overshoot": sharpness.overshoot(own, base, steps, case.scale),
        "luma": luma,
        "chroma": chroma,
    }
    if case.is_still:
        still = np.ones((FRAMES - 1, *own.shape), bool)
        flickers = [motion.still_flicker(lumas(one[1:]), still) for one in (result, lanczos)]
        found["flicker"] = float(flickers[0] or 0) / float(flickers[1] or 1)
    return found


COLUMNS = ("psnr", "acutance", "overshoot", "luma", "chroma", "flicker")


def table(scale: int, rows: dict[tuple[str, int, str], dict[str, float]], flat: list[str]) -> str:
    """Return the tables of a scale."""
    names = list(dict.fromkeys(name for _, _, name in rows))
    films = list(dict.fromkeys((film, quality) for film, quality, _ in rows))
    lines = [f"## ×{scale}: Y-PSNR, dB", "", f"| film | CRF | {' | '.join(names)} |"]
    lines += ["|---" * (len(names) + 2) + "|"]
    for film, quality in films:
        cells = [f"{rows[film, quality, name]['psnr']:.2f}" for name in names]
        lines.append(f"| {film} | {quality} | {' | '.join(cells)} |")
    lines += ["", f"## ×{scale}: means", ""]
    lines += ["| | " + " | ".join(("film", *COLUMNS)) + " |", "|---" * (len(COLUMNS) + 2) + "|"]
    for kind in ("bunny", "drawn"):
        for name in names:
            every = [row for (film, _, own), row in rows.items() if own == name and kind in film]
            cells = []
            for column in COLUMNS:
                values = [row[column] for row in every if column in row]
                cells.append(f"{fmean(values):.2f}" if values else "")
            lines.append(f"| {name} | {kind} | {' | '.join(cells)} |")
    return "\n".join([*lines, "", *flat, ""])


def flat_fields(known: dict[str, Enlarge]) -> list[str]:
    """Return what becomes of flat fields, one line for each way but Lanczos."""
    lines = []
    for name, enlarge in known.items():
        if name != "lanczos":
            found = tones.flat_fields(partial(_as_floats, enlarge))
            exact = "exact" if found.is_exact else "not exact"
            lines.append(f"- {name}: flat fields within {found.worst:.2f} codes, ends {exact}")
    return lines


def _as_floats(enlarge: Enlarge, field: Rgb) -> NDArray[np.float32]:
    return enlarge(field, Blend()).astype(np.float32)


def sheet(case: Case, results: dict[str, Rgb], folder: Path) -> None:
    """Write crops of one frame, side by side; of a still, below them, one row over time."""
    rows, columns = (slice(side // 2 - 160, side // 2 + 160) for side in case.truth.shape[1:3])
    shown = {**results, "truth": case.truth[case.looked_at]}
    page = Image.new("RGB", (320 * len(shown), 320 + 8 * FRAMES * case.is_still))
    for index, (name, frames) in enumerate(shown.items()):
        page.paste(Image.fromarray(frames[0][rows, columns]), (320 * index, 0))
        ImageDraw.Draw(page).text((320 * index + 4, 4), name, fill=(255, 0, 0))
        if case.is_still:
            over_time = frames[1:, frames.shape[1] // 2, columns].repeat(8, axis=0)
            page.paste(Image.fromarray(over_time), (320 * index, 320))
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{case.name} x{case.scale} {case.quality}"
    page.save(folder / f"{name.replace(', ', '_').replace(' ', '_')}.png")


def judged(scale: int, others: Sequence[str], sheets: Path | None) -> str:
    """Enlarge every film of a scale, and return the tables."""
    known, rows = methods(scale, others), {}
    for case in cases(scale):
        results = {
            name: np.stack([enlarge(case.source[at], case.blend) for at in case.looked_at])
            for name, enlarge in known.items()
        }
        for name, result in results.items():
            rows[case.name, case.quality, name] = measured(case, result, results["lanczos"])
        if sheets is not None:
            sheet(case, results, sheets)
        print(case.name, scale, case.quality, flush=True)
    return table(scale, rows, flat_fields(known))


HEAD = """# `anime` on drawn film

`python -m tests.benchmarks.anime`. Films reduced (bicubic), coded by x264 and enlarged. look: the
look `anime`, `fast` with sharpness 0.75. PSNR against the truth; acutance over Lanczos's
at edges that are sharp in the source; overshoot in codes beyond Lanczos's range beside steps; 95th
percentiles of shifted tones against Lanczos, in codes; flicker of a still, over Lanczos's.

"""


def main() -> None:
    """Judge, and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("others", nargs="*", help="NAME=FILE")
    parser.add_argument("--scale", type=int, nargs="+", default=[4])
    parser.add_argument("--sheets", type=Path)
    parser.add_argument("--out", type=Path, default=RESULTS)
    wanted = parser.parse_args()
    parts = [judged(scale, wanted.others, wanted.sheets) for scale in wanted.scale]
    wanted.out.write_text(HEAD + "\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main()
