"""How far colour folded into the network, never clamped, is from a path that clamps RGB.

Run: ``python -m tests.benchmarks.clamping`` with VSR_DATA naming the data. A picture of a real film
holds colours outside of the RGB cube (its codec made them), and a network overshoots at edges; a
path through RGB cuts both off, ours keeps them as far as codes go. No time is measured. The result
goes to ``tests/benchmarks/results``.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from tests.benchmarks.device import RESULTS, write
from vsr.device.select import select
from vsr.device.yuv import YuvFormat, tensor_of
from vsr.frames import HostFrame
from vsr.media.reading.reader import Reader
from vsr.models import catalog
from vsr.models.plain import Plain
from vsr.upscaling.passes.folded import FoldedPass
from vsr.upscaling.passes.folding import fold
from vsr.upscaling.passes.passes import PassSpec, Planes, RgbPass
from vsr.values import Size

CLIPS = (
    "bikes.mp4",
    "blue_sky_360p_60f_8b_converted_to_10b.mp4",
    "bt709_full_range.mp4",
    "carphone_pristine.mp4",
    "cockatoo.mp4",
    "h265_10bits.mp4",
    "nasa_13013.mp4",
)
FRAMES = 3
EVERY = 12
COLUMNS = ("luma", "cb", "cr")
MODEL, SCALE = "fast", 4
MOST = Size(320, 180)
"""Of larger pictures the middle is taken."""


def folded(net: Plain, spec: PassSpec, planes: Sequence[Tensor]) -> Planes:
    """Return code planes by the folded network, chroma as it makes it."""
    way, middle = fold(net, spec)
    assert isinstance(way, FoldedPass)
    way = replace(way, follows=False)
    with torch.inference_mode():
        return way.complete(middle(way.prepare(planes)), planes)


def clamped(net: nn.Module, spec: PassSpec, planes: Sequence[Tensor]) -> Planes:
    """Return code planes by way of RGB in [0, 1] before and after the network."""
    way = RgbPass(spec)
    with torch.inference_mode():
        return way.complete(net(way.prepare(planes).clamp(0, 1)).clamp(0, 1), planes)


def out_of_gamut(rgb: Tensor) -> float:
    """Return the share of pixels (1, 3, H, W) that lie more than half a code out of [0, 1]."""
    return float(((rgb - 0.5).abs() > 0.5 + 0.5 / 255).any(1).double().mean())


def middle_of(frame: HostFrame) -> tuple[Size, tuple[Tensor, ...]]:
    """Return the middle of a picture, on even samples so that chroma keeps its siting."""
    size = Size(min(frame.size.width, MOST.width), min(frame.size.height, MOST.height))
    left, top = (frame.size.width - size.width) // 4 * 2, (frame.size.height - size.height) // 4 * 2
    planes = []
    for index, plane in enumerate(frame.planes):
        across, down = (frame.layout.x_shift, frame.layout.y_shift) if index else (0, 0)
        height, width = frame.layout.plane_shapes(size)[index]
        own = plane[top >> down : (top >> down) + height, left >> across : (left >> across) + width]
        planes.append(tensor_of(own))
    return size, tuple(planes)


def compare(path: Path, net: Plain) -> dict[str, Any]:
    """Return the difference of the two ways on a few pictures of a clip, in 8-bit codes."""
    apart: list[list[Tensor]] = []
    outside: list[float] = []
    with Reader.open(path) as reader:
        video = reader.info.video
        colour = video.colour.resolved(video.size.width, video.size.height)
        for frame in islice(reader.frames(), 0, FRAMES * EVERY, EVERY):
            size, planes = middle_of(frame)
            given = YuvFormat(video.layout, colour)
            spec = PassSpec(
                source=size, source_format=given, output=size.scaled(SCALE), output_format=given,
                scale=SCALE,
            )  # fmt: skip
            outside.append(out_of_gamut(RgbPass(spec).prepare(planes)))
            ways = folded(net, spec, planes), clamped(net, spec, planes)
            apart.append(apart_in_codes(*ways, video.layout.bits))
    return {
        "clip": path.name,
        "pixels": f"{video.layout.subsampling} {video.layout.bits} bit",
        "frames": len(apart),
        "source_out_of_gamut_share": round(sum(outside) / len(outside), 4),
        **{
            name: summary(torch.cat([frame[index] for frame in apart]))
            for index, name in enumerate(COLUMNS)
        },
    }


def apart_in_codes(one: Planes, other: Planes, bits: int) -> list[Tensor]:
    """Return the difference of each plane, flat, in 8-bit codes."""
    unit = 1 << (bits - 8)
    return [(a.double() - b.double()).flatten() / unit for a, b in zip(one, other, strict=True)]


def summary(apart: Tensor) -> dict[str, float | None]:
    """Return the largest and the mean difference, how many differ, and the PSNR."""
    squared = float(apart.square().mean())
    return {
        "max": round(float(apart.abs().max()), 2),
        "mean": round(float(apart.abs().mean()), 4),
        "changed_share": round(float((apart != 0).double().mean()), 4),
        "psnr_db": round(float(10 * torch.tensor(255**2 / squared).log10()), 2)
        if squared
        else None,
    }


def main() -> None:
    """Compare, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--threads", type=int, default=1)
    wanted = parser.parse_args()
    data = os.environ.get("VSR_DATA")
    if data is None:
        print("clamping: VSR_DATA names no folder. Let it name the data.", file=sys.stderr)
        sys.exit(2)
    torch.set_num_threads(wanted.threads)
    model = catalog.load(MODEL, SCALE)
    assert isinstance(model.net, Plain)
    rows = []
    for name in CLIPS:
        rows.append(compare(Path(data) / "clips" / name, model.net))
        print(rows[-1], flush=True)
    result = {"model": MODEL, "scale": SCALE, "weights": model.sha256[:12], "clips": rows}
    print(write(select("cpu"), "clamping", result, wanted.results))


if __name__ == "__main__":
    main()
