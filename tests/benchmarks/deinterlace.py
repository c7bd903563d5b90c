"""Compare the deinterlacers of PyAV's build, field by field: what flickers, and what is lost.

Run: ``python -m tests.benchmarks.deinterlace``; it takes a minute. `vsr.media.clips.scene` (text, a
Siemens star of diagonals, a zone plate of rings) at 720×576 with a little noise is woven into 50i
and bobbed to 50p. Flicker is the mean difference of neighbouring frames, over that of the
progressive source; PSNR is of luma, against it. The figures are in ``docs/notebook.md``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import av
import numpy as np
from av.filter import Graph
from numpy.typing import NDArray
from PIL import Image

from tests.woven import interlaced
from vsr.media.clips.scene import render
from vsr.media.frames.planes import video_frame_of
from vsr.values import Size

SIZE = Size(720, 576)
COUNT = 24
NOISE = 1.0
"""The standard deviation, in codes: without any, the progressive source does not flicker."""

REGIONS = {
    "text": (slice(385, 518), slice(36, 432)),
    "diagonals": (slice(58, 345), slice(460, 670)),
    "rings": (slice(58, 345), slice(50, 260)),
}

FILTERS = {
    "bwdif": ("bwdif", "mode=send_field:parity=tff:deint=all"),
    "yadif": ("yadif", "mode=send_field:parity=tff:deint=all"),
    "w3fdif complex": ("w3fdif", "filter=complex:mode=field:parity=tff:deint=all"),
    "w3fdif simple": ("w3fdif", "filter=simple:mode=field:parity=tff:deint=all"),
    "estdif": ("estdif", "mode=field:parity=tff:deint=all"),
}

Luma = NDArray[np.uint8]


def clip(seconds_per_picture: float) -> list[Luma]:
    """Return the scene, at so many seconds from picture to picture."""
    noise = np.random.default_rng(1)
    pictures = []
    for index in range(COUNT):
        large = Image.fromarray(render(Size(2048, 1152), 0.5 + index * seconds_per_picture))
        small = large.resize((SIZE.width, SIZE.height), Image.Resampling.BICUBIC)
        luma = 16 + 219 / 255 * (np.asarray(small) @ np.array([0.2126, 0.7152, 0.0722]))
        noisy = luma + noise.normal(0, NOISE, luma.shape)
        pictures.append(np.clip(np.rint(noisy), 0, 255).astype(np.uint8))
    return pictures


def bobbed(frames: Sequence[Luma], name: str, options: str) -> list[Luma]:
    """Return a picture for each field."""
    graph = Graph()
    size = f"{SIZE.width}x{SIZE.height}"
    source = graph.add("buffer", video_size=size, pix_fmt="gray", time_base="1/1")
    graph.link_nodes(source, graph.add(name, options), graph.add("buffersink")).configure()
    done: list[Luma] = []
    for index, luma in enumerate(frames):
        frame = video_frame_of((luma,), "gray")
        frame.pts = index
        graph.vpush(frame)
        done += _pulled(graph)
    graph.vpush(None)
    return done + list(_pulled(graph))


def _pulled(graph: Graph) -> Iterator[Luma]:
    while True:
        try:
            plane = graph.vpull().planes[0]
        except (av.BlockingIOError, EOFError):
            return
        rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
        yield rows[:, : plane.width].copy()


def flicker(pictures: Sequence[Luma], region: tuple[slice, slice]) -> float:
    """Return the mean difference of neighbours, without the ends of the clip."""
    seen = [picture[region].astype(float) for picture in pictures[4:-4]]
    return float(np.mean([np.abs(b - a).mean() for a, b in pairwise(seen)]))


def psnr(pictures: Sequence[Luma], truth: Sequence[Luma], region: tuple[slice, slice]) -> float:
    """Return the PSNR in dB."""
    errors = [(a[region].astype(float) - b[region]) ** 2 for a, b in zip(pictures, truth)]
    return float(10 * np.log10(255**2 / np.mean(errors[4:-4])))


def main() -> None:
    for what, pace in (("still", 0.0), ("moving", 1 / 50)):
        truth = clip(pace)
        woven = list(interlaced(truth))
        print(f"\n| {what} | " + " | ".join(REGIONS) + " |")
        print("|---" * (1 + len(REGIONS)) + "|")
        for label, (name, options) in FILTERS.items():
            done = bobbed(woven, name, options)
            cells = (
                f"{flicker(done, one) / flicker(truth, one):.2f}, {psnr(done, truth, one):.1f} dB"
                for one in REGIONS.values()
            )
            print(f"| {label} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
