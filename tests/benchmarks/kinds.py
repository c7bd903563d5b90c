"""Judge films whose kind is known: clean, grainy or compressed (`vsr.jobs.upscale.strength`).

    VSR_DATA=… python -m tests.benchmarks.kinds [--fit]

Real clips are labelled by eye; the others are made from photographs and from clips that were
reduced, by codec, quality and grain, and labelled by how they were made. What lies between clean
and compressed (x264 at CRF 20 to 24) has no label and is only listed. Half of the contents serve to
fit the weights of the judge, half to test it. Measurements are kept in ``results/kinds.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import product
from math import log2
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.benchmarks.video_clips import Planes, Source, encode_as, truth
from vsr.jobs.upscale.strength import LINES, MOST_NOISE, Condition, condition_of
from vsr.media.reading.probe import probe

RESULTS = Path(__file__).with_name("results")
FRAMES = 24
SIZES = ((384, 216), (640, 360), (256, 192))
"""Of the clips made from photographs, in turn."""

CLEAN, GRAINY, COMPRESSED, BETWEEN = "clean", "grainy", "compressed", ""

REAL = {
    "bigbuckbunny.mp4": CLEAN,
    "carphone_pristine.mp4": CLEAN,
    "hlg10-color-test.mp4": CLEAN,
    "park_joy_420_720p50_frm0to9_480x270.y4m": CLEAN,
    "bear-vp9-odd-dimensions.webm": BETWEEN,
    "hdr10-av1.mp4": BETWEEN,
    "nasa_13013.mp4": BETWEEN,
    "sample_rotate_and_reflect.mp4": BETWEEN,
    "vfr_640x480.webm": BETWEEN,
    "bikes.mp4": COMPRESSED,
    "blue_sky_360p_60f_8b_converted_to_10b.mp4": COMPRESSED,
    "demo.mp4": COMPRESSED,
    "flipping_a_pancake.mkv": COMPRESSED,
    "part_0.mp4": COMPRESSED,
    "realshort.mp4": COMPRESSED,
    "video_90.mov": COMPRESSED,
    "video_270.mov": COMPRESSED,
}
"""Clips of ``$VSR_DATA/clips``, labelled by eye at twice their size. Test patterns are left out."""

PHOTOS = (
    "budgie_003", "cutefish_016", "debian_lomiri-wallpapers-16.04_022", "debian_mate-backgrounds",
    "deepin_unsplash", "elementary", "opensfm", "popos", "ubuntumate",
)  # fmt: skip
"""The first photograph of each of these names."""

CLIPS = (
    Source(file="bigbuckbunny.mp4", what="animation", start_seconds=2.0, halved=True),
    Source(file="cockatoo.mp4", what="bird", start_seconds=10.0, halved=True),
    Source(file="sample_rotate_and_reflect.mp4", what="face", halved=True),
    Source(file="hdr10-av1.mp4", what="roof", start_seconds=2.0, halved=True),
    Source(file="bikes.mp4", what="street", start_seconds=4.0, halved=True),
    Source(file="part_0.mp4", what="water", halved=True),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """How a clip is made, and what it then is.

    Attributes:
        grain: standard deviation in codes, and width in pixels.
        before: it was coded with this before, as what is uploaded is.
    """

    label: str
    encoder: str
    options: Mapping[str, str]
    grain: tuple[float, float] = (0.0, 0.0)
    before: Mapping[str, str] | None = None

    def __str__(self) -> str:
        told = {k: v for k, v in self.options.items() if not k.endswith("params")}
        values = " ".join(f"{key}={value}" for key, value in told.items())
        grain = f", grain {self.grain[0]:g}/{self.grain[1]:g}" if self.grain[0] else ""
        twice = f", after x264 crf={self.before['crf']}" if self.before else ""
        return f"{self.encoder} {values}{grain}{twice}"


def _x264(label: str, crf: int, **more: Any) -> Made:
    return Made(label=label, encoder="libx264", options={"crf": str(crf)}, **more)


def _x265(label: str, crf: int, **more: Any) -> Made:
    options = {"crf": str(crf), "x265-params": "log-level=none:pools=none:frame-threads=1"}
    return Made(label=label, encoder="libx265", options=options, **more)


def _av1(label: str, crf: int, **more: Any) -> Made:
    options = {"crf": str(crf), "preset": "9", "svtav1-params": "lp=1"}
    return Made(label=label, encoder="libsvtav1", options=options, **more)


def _mpeg(label: str, encoder: str, scale: int, **more: Any) -> Made:
    return Made(
        label=label, encoder=encoder, options={"qmin": str(scale), "qmax": str(scale)}, **more
    )


WAYS = (
    Made(label=CLEAN, encoder="ffv1", options={}),
    _x264(CLEAN, 12), _x264(CLEAN, 17), _x265(CLEAN, 16), _av1(CLEAN, 16),
    _mpeg(CLEAN, "mpeg2video", 2),
    Made(label=GRAINY, encoder="ffv1", options={}, grain=(4, 0.5)),
    _x264(GRAINY, 14, grain=(3, 0.0)), _x264(GRAINY, 17, grain=(6, 0.7)),
    _x265(GRAINY, 16, grain=(5, 0.6)), _av1(GRAINY, 16, grain=(4, 0.5)),
    _mpeg(GRAINY, "mpeg2video", 3, grain=(5, 0.6)),
    _x264(BETWEEN, 20), _x264(BETWEEN, 23), _x265(BETWEEN, 22), _x264(BETWEEN, 21, grain=(5, 0.6)),
    _x264(COMPRESSED, 27), _x264(COMPRESSED, 32), _x264(COMPRESSED, 37),
    _x265(COMPRESSED, 30), _x265(COMPRESSED, 35), _av1(COMPRESSED, 45), _av1(COMPRESSED, 55),
    _mpeg(COMPRESSED, "mpeg4", 8), _mpeg(COMPRESSED, "mpeg2video", 12),
    _x264(COMPRESSED, 30, grain=(5, 0.6)),
    _x264(COMPRESSED, 18, before={"crf": "33"}), _x264(COMPRESSED, 14, before={"crf": "36"}),
)  # fmt: skip
"""Every content takes every eighth of these, from another one on."""

LIMITS = (22.0, 22.25, 22.5, 22.75, 23.0, 23.5, 24.0)

Row = dict[str, Any]
Luma = NDArray[np.float64]


def main() -> None:
    """Measure what is not measured yet; write the table; print another fit if asked."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--fit", action="store_true", help="fit the weights of the judge again")
    is_fitting = parser.parse_args().fit
    file = RESULTS / "kinds.json"
    rows: list[Row] = json.loads(file.read_text()) if file.exists() else []
    known = {row["name"] for row in rows}
    data = Path(os.environ["VSR_DATA"])
    for name, path, label, half in films(data, known):
        rows.append({"name": name, "label": label, "half": half, **measured(path)})
        print(rows[-1], flush=True)
        file.write_text(json.dumps(rows, indent=1) + "\n")
    if is_fitting:
        fit(rows)
    (RESULTS / "kinds.md").write_text(table(rows))


def films(data: Path, known: set[str]) -> Iterator[tuple[str, Path, str, str]]:
    """Yield (name, file, label, half) of each film that is not known yet."""
    for index, (name, label) in enumerate(REAL.items()):
        if name not in known:
            yield name, data / "clips" / name, label, "fit" if index % 2 else "test"
    with tempfile.TemporaryDirectory() as scratch:
        for index, (content, source) in enumerate(contents()):
            ways = WAYS[(3 * index) % 7 :: 7]
            names = [f"{content}: {way}" for way in ways]
            if known.issuperset(names):
                continue
            planes = source(data)
            for name, way in zip(names, ways, strict=True):
                if name not in known:
                    path = made(Path(scratch) / "film.mkv", planes, way, index)
                    yield name, path, way.label, "fit" if index % 2 else "test"


def contents() -> Iterator[tuple[str, Any]]:
    """Yield the name of each content, and what makes its frames from the data."""
    for index, photo in enumerate(PHOTOS):
        size = SIZES[index % len(SIZES)]
        yield photo, lambda data, photo=photo, size=size: panned(data, photo, size)
    for clip in CLIPS:
        yield clip.name, lambda data, clip=clip: truth(data / "clips", clip, FRAMES)


def panned(data: Path, photo: str, size: tuple[int, int]) -> list[Planes]:
    """Return a photograph as a slow pan, reduced to a frame's size."""
    path = sorted((data / "train" / "photos").glob(f"{photo}*.avif"))[0]
    with Image.open(path) as picture:
        small = picture.convert("YCbCr")
    width, height = size
    factor = max((width + 2 * FRAMES) / small.width, (height + FRAMES) / small.height)
    small = small.resize(
        (round(small.width * factor), round(small.height * factor)), Image.Resampling.BICUBIC
    )
    frames = []
    for index in range(FRAMES):
        box = (1.5 * index, 0.5 * index, 1.5 * index + width, 0.5 * index + height)
        moved = small.resize(size, Image.Resampling.BICUBIC, box=box)
        y, u, v = (np.asarray(plane) for plane in moved.split())
        frames.append((y.copy(), u[::2, ::2].copy(), v[::2, ::2].copy()))
    return frames


def made(path: Path, frames: Sequence[Planes], way: Made, seed: int) -> Path:
    """Write the film that a content becomes this way."""
    from tests.benchmarks.video_clips import decode

    rng = np.random.default_rng(seed)
    frames = [(with_grain(y, way.grain, rng), u, v) for y, u, v in frames]
    if way.before is not None:
        frames = decode(encode_as(path, frames, "libx264", way.before))
    return encode_as(path, frames, way.encoder, way.options)


def with_grain(
    luma: NDArray[Any], grain: tuple[float, float], rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Return luma with Gaussian grain, strongest in middle tones as on film."""
    deviation, width = grain
    if not deviation:
        return luma.astype(np.uint8)
    squares = np.fft.fftfreq(luma.shape[0])[:, None] ** 2 + np.fft.rfftfreq(luma.shape[1]) ** 2
    shape = np.exp(-2 * (np.pi * width) ** 2 * squares)
    noise = np.fft.irfft2(np.fft.rfft2(rng.standard_normal(luma.shape)) * shape, luma.shape)
    tone = np.clip((luma.astype(np.float64) - 16) / 219, 0, 1)
    strength = 0.4 + 1.2 * np.sqrt(tone * (1 - tone))
    grainy = luma + deviation * strength * noise / noise.std()
    return np.clip(np.rint(grainy), 0, 255).astype(np.uint8)


def measured(path: Path) -> Row:
    """Return what the judge sees of a film."""
    condition = condition_of(probe(path))
    assert condition is not None
    facts = asdict(condition)
    return {key: round(v, 4) if isinstance(v, float) else v for key, v in facts.items()}


def fit(rows: Sequence[Row]) -> None:
    """Print the weights that serve one half best, and how they serve the other.

    In doubt faithful: the limit stays above what x264 gives at CRF 20, and before all else no clean
    or grainy film may be restored.
    """
    found = []
    for per_noise, per_octave in product((1.0, 1.5, 2.0, 2.5, 3.0), (0.0, 1.0, 2.0, 3.0, 4.0, 5.0)):
        halves: dict[str, tuple[list[float], list[float]]] = {"fit": ([], []), "test": ([], [])}
        for row in (row for row in rows if row["label"]):
            score = row["quantiser"] - per_noise * min(row["noise"], MOST_NOISE)
            score += per_octave * log2(LINES / row["lines"])
            halves[row["half"]][row["label"] == COMPRESSED].append(score)
        for limit in LIMITS:
            wrong, missed = zip(*(_counts(*halves[half], limit) for half in halves), strict=True)
            margin = min(abs(score - limit) for kind in halves["fit"] for score in kind)
            weights = (per_noise, per_octave, limit)
            found.append((wrong[0], missed[0], -margin, *weights, wrong[1], missed[1]))
    print("wrong, missed, -margin, per noise, per octave, limit | the other half: wrong, missed")
    for one in sorted(found)[:12]:
        print(*(round(value, 2) for value in one))


def _counts(faithful: list[float], others: list[float], limit: float) -> tuple[int, int]:
    return sum(score >= limit for score in faithful), sum(score < limit for score in others)


def table(rows: Sequence[Row]) -> str:
    """Return the table of all films, and what it comes to."""
    lines = [
        "# What films are judged to be", "",
        "`python -m tests.benchmarks.kinds`, which explains the labels. A clean or grainy film",
        "that is judged compressed would be restored wrongly.", "",
        "| half | films | wrongly restored | compressed ones not restored |", "|---|---|---|---|",
    ]  # fmt: skip
    for half in ("fit", "test"):
        some = [row for row in rows if row["half"] == half and row["label"]]
        wrong = [row for row in some if row["label"] != COMPRESSED and kind(row) == COMPRESSED]
        missed = [row for row in some if row["label"] == COMPRESSED and kind(row) != COMPRESSED]
        hard = sum(row["label"] == COMPRESSED for row in some)
        lines.append(f"| {half} | {len(some)} | {len(wrong)} | {len(missed)} of {hard} |")
    lines += ["", "| film | half | label | judged | quantiser | noise | blockiness |"]
    lines.append("|" + "---|" * 7)
    for row in sorted(rows, key=lambda row: (row["label"], row["quantiser"])):
        label, judged = row["label"] or "between", kind(row)
        mark = "**" if row["label"] and (label == COMPRESSED) != (judged == COMPRESSED) else ""
        numbers = f"{row['quantiser']:.1f} | {row['noise']:.2f} | {row['blockiness']:.2f}"
        films = f"{row['name']} | {row['half']} | {label}"
        lines.append(f"| {films} | {mark}{judged}{mark} | {numbers} |")
    return "\n".join(lines) + "\n"


def kind(row: Row) -> str:
    """Return what a film that was measured is judged to be."""
    return Condition(**{item.name: row[item.name] for item in fields(Condition)}).kind


if __name__ == "__main__":
    main()
