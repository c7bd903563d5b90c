"""Animated images as films: GIF, APNG and WebP; FFmpeg reads the first two, Pillow the last."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.frame import VideoFrame

from vsr.media.images.images import told

ANIMATED = frozenset({".png", ".webp"})
"""Suffixes that still and moving images share."""

LOOPING = frozenset({"gif", "apng"})
"""FFmpeg's names of formats that say how often they are repeated, which it does not pass on."""

MILLISECOND = Fraction(1, 1000)


def is_animated(path: Path) -> bool:
    """Return whether an image of a name that still images have, too, holds several frames."""
    from PIL import Image

    if path.suffix.lower() not in ANIMATED or not path.is_file():
        return False
    try:
        with Image.open(path) as file:
            return getattr(file, "n_frames", 1) > 1
    except (OSError, ValueError, SyntaxError):  # told where it is read
        return False


def loops_of(path: Path) -> dict[str, str]:
    """Return how often an animation is repeated, 0 for ever, as a tag; empty if it does not say."""
    from PIL import Image

    try:
        with Image.open(path) as file:
            count = file.info.get("loop")
    except (OSError, ValueError, SyntaxError):
        return {}
    return {} if count is None else {"loop": str(count)}


@contextmanager
def as_film(source: Path) -> Iterator[Path]:
    """Yield an animation as a file that FFmpeg reads as a film; it exists as long as the ``with``.

    Raises:
        UnreadableMedia: it is damaged.
    """
    with tempfile.TemporaryDirectory(prefix="vsr-animation-") as folder:
        if source.suffix.lower() == ".png":
            film = Path(folder, f"{source.stem}.apng")
            try:
                film.symlink_to(source.absolute())
            except OSError:  # Windows lets only administrators make links
                shutil.copyfile(source, film)
        else:
            film = Path(folder, f"{source.stem}.mov")
            with told(source):
                _decode(source, film)
        yield film


def _decode(source: Path, film: Path) -> None:
    """Write the frames of a WebP, exactly and each at its time, as PNG in QuickTime."""
    from PIL import Image

    options = {"movflags": "use_metadata_tags", "movie_timescale": "1000"}
    with (
        Image.open(source) as file,
        av.open(str(film), "w", format="mov", container_options=options) as output,
    ):
        output.metadata.update(loops_of(source))
        stream = output.add_stream("png", rate=25)
        stream.width, stream.height = file.size
        stream.pix_fmt = "rgba" if file.has_transparency_data else "rgb24"
        stream.codec_context.time_base = stream.time_base = MILLISECOND
        stream.codec_context.thread_count = 1  # each frame gives its packet at once
        time = 0
        for index in range(_count_of(file)):
            file.seek(index)
            file.load()
            pixels = np.asarray(file.convert("RGBA"))
            frame = VideoFrame.from_ndarray(pixels, format="rgba").reformat(format=stream.pix_fmt)
            frame.pts, frame.time_base = time, MILLISECOND
            duration = max(1, int(file.info.get("duration", 0)))
            for packet in stream.encode(frame):
                packet.duration = duration
                output.mux(packet)
            time += duration
        output.mux(stream.encode(None))


def _count_of(file: Any) -> int:
    return int(getattr(file, "n_frames", 1))
