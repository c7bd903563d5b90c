"""Measure which value of each encoder gives the luma PSNR of x264 at a crf: the table in codecs.py.

Run: ``VSR_DATA=... python -m tests.benchmarks.quality_scale``; it prints one row for each crf.
Clips of detail, animation and faces are enlarged twice, as what is encoded here is upscaled video.
"""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

CLIPS = ("park_joy_420_720p50_frm0to9_480x270.y4m", "bigbuckbunny.mp4", "carphone_pristine.mp4")
FRAMES = 10
LARGEST_WIDTH = 640
CRFS = (8, 13, 18, 23, 28, 34, 40)
TRIALS: dict[str, tuple[dict[str, str], tuple[int, ...]]] = {
    "libx264": ({"preset": "medium"}, CRFS),
    "libx265": (
        {"preset": "medium", "x265-params": "log-level=none"},
        (6, 12, 18, 24, 30, 36, 42),
    ),
    "libsvtav1": ({"preset": "6"}, (4, 12, 20, 28, 36, 44, 52, 60)),
    "libvpx-vp9": (
        {"deadline": "good", "cpu-used": "3", "b": "0"},
        (4, 12, 20, 28, 36, 44, 52, 60),
    ),
}


def pictures(path: Path) -> list[av.VideoFrame]:
    """Return the first pictures of a clip, enlarged twice with swscale's bicubic."""
    found = []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            width = min(2 * frame.width, LARGEST_WIDTH) // 2 * 2
            height = round(frame.height * width / frame.width) // 2 * 2
            found.append(frame.reformat(width, height, "yuv420p", interpolation="BICUBIC"))
            if len(found) == FRAMES:
                break
    return found


def psnr(frames: Sequence[av.VideoFrame], codec: str, options: dict[str, str]) -> float:
    """Encode, decode, and return the luma PSNR over all pictures in dB."""
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as output:
        stream = output.add_stream(codec, rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = frames[0].width, frames[0].height, "yuv420p"
        stream.codec_context.thread_count = 1
        for index, frame in enumerate(frames):
            frame.pts, frame.time_base, frame.pict_type = index, Fraction(1, 25), 0
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    file.seek(0)
    with av.open(file) as coded:
        errors = [
            np.mean((luma(a) - luma(b)) ** 2)
            for a, b in zip(frames, coded.decode(video=0), strict=True)
        ]
    return float(10 * np.log10(255**2 / np.mean(errors)))


def luma(frame: av.VideoFrame) -> NDArray[np.float64]:
    """Return the luma plane."""
    plane = frame.planes[0]
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    return rows[: plane.height, : plane.width].astype(np.float64)


def main() -> None:
    """Print the table, the mean over the clips."""
    folder = Path(os.environ["VSR_DATA"]) / "clips"
    equal: dict[str, list[NDArray[np.float64]]] = {name: [] for name in TRIALS}
    for clip in CLIPS:
        frames = pictures(folder / clip)
        wanted = None
        for codec, (options, values) in TRIALS.items():
            got = [psnr(frames, codec, options | {"crf": str(value)}) for value in values]
            print(clip, codec, [f"{value}: {db:.2f}" for value, db in zip(values, got)], flush=True)
            wanted = got if wanted is None else wanted
            equal[codec].append(np.interp([-db for db in wanted], [-db for db in got], values))
    for codec, rows in equal.items():
        print(codec, dict(zip(CRFS, np.round(np.mean(rows, axis=0), 1))))


if __name__ == "__main__":
    main()
