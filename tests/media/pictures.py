"""Clips with a second picture stream, which `tests.clips` does not make."""

from __future__ import annotations

from pathlib import Path

import av
from av.stream import Disposition

from tests.clips import av_frame
from vsr.values import Size

SIZE = Size(96, 64)


def with_cover_art(path: Path, *, is_second_video: bool = False) -> Path:
    """Write a clip of 10 pictures with cover art, or with a second, smaller video stream."""
    with av.open(str(path), "w") as output:
        video = output.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        video.width, video.height = SIZE.width, SIZE.height
        video.disposition = Disposition.default
        codec = "libx264" if is_second_video else "mjpeg"
        cover = output.add_stream(codec, rate=25)
        cover.width, cover.height = 32, 32
        cover.pix_fmt = "yuv420p" if is_second_video else "yuvj420p"
        if not is_second_video:
            cover.disposition = Disposition.attached_pic
        for index in range(10):
            frame = av_frame(index, SIZE, "yuv420p")
            frame.pts = index
            output.mux(video.encode(frame))
        small = av_frame(0, Size(32, 32), "yuv420p").reformat(format=cover.pix_fmt)
        small.pts = 0
        output.mux(cover.encode(small))
        output.mux(video.encode(None))
        output.mux(cover.encode(None))
    return path


def with_time_code(path: Path) -> Path:
    """Write a clip of 10 pictures with a time code track, as cameras do."""
    with av.open(str(path), "w") as output:
        video = output.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        video.width, video.height = SIZE.width, SIZE.height
        video.metadata["timecode"] = "01:02:03:04"
        for index in range(10):
            frame = av_frame(index, SIZE, "yuv420p")
            frame.pts = index
            output.mux(video.encode(frame))
        output.mux(video.encode(None))
    return path
