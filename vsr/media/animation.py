"""Animated images as films, and which images are any. Light to import.

FFmpeg reads GIF and APNG, Pillow WebP and AVIF, of which FFmpeg would give the first image alone.
"""

from __future__ import annotations

import os
import shutil
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

from vsr.disk.nearby import hint_for_missing
from vsr.errors import NoSuchFile, UnreadableMedia, VsrError
from vsr.temporary import temporary_folder

ANIMATED = frozenset({".avif", ".png", ".webp"})
"""Suffixes that still and moving images share."""

MOVING = frozenset({".gif", ".apng"})
"""Suffixes of moving images, of which some hold a single frame."""

LOOPING = frozenset({"gif", "apng"})
"""FFmpeg's names of formats that say how often they are repeated, which it does not pass on."""

MOVING_FORMATS = ("GIF", "PNG", "WEBP", "AVIF")
"""Pillow's names of formats whose images follow one another. Further images of others are pages, or
belong to the first, as the gain map of a phone's JPEG does.
"""

STILL_FORMATS = ("JPEG", "BMP", "PPM", "TIFF", "JPEG2000", "ICO")
"""Pillow's names of formats with a signature, which are recognised without a suffix; TGA has none.
"""

MILLISECOND = Fraction(1, 1000)


def is_animated(path: Path) -> bool:
    """Return whether an image of a name that still images have, too, holds several frames."""
    return path.suffix.lower() in ANIMATED and _moves(path) is True


def is_still(path: Path) -> bool:
    """Return whether an image of a name that moving images have, or of none, has one frame."""
    return path.suffix.lower() in (*MOVING, "") and _moves(path) is False


def _moves(path: Path) -> bool | None:
    """Return whether an image holds several frames; None if it cannot be read."""
    from PIL import Image

    try:
        if not path.is_file():
            return None
        # Pillow would leave a file open that cannot be read; and, of all the formats it knows, take
        # the header of an MPEG film for an image.
        known = (*MOVING_FORMATS, *STILL_FORMATS)
        with path.open("rb") as stream, Image.open(stream, formats=known) as file:
            return file.format in MOVING_FORMATS and bool(getattr(file, "is_animated", False))
    except reading_errors():  # told where it is read
        return None


def count_of(path: Path) -> int:
    """Return how many frames an animation has.

    Raises:
        UnreadableMedia: it is damaged.
    """
    from PIL import Image

    with pillow_errors(path), path.open("rb") as stream, Image.open(stream) as file:
        return int(getattr(file, "n_frames", 1))


def loops_of(path: Path) -> dict[str, str]:
    """Return how often an animation is repeated, 0 for ever, as a tag; empty if it does not say."""
    from PIL import Image

    try:
        with path.open("rb") as stream, Image.open(stream) as file:
            count = file.info.get("loop")
    except reading_errors():
        return {}
    return {} if count is None else {"loop": str(count)}


@contextmanager
def animation_as_film(source: Path) -> Iterator[Path]:
    """Yield an animation as a file that FFmpeg reads as a film; it exists as long as the ``with``.

    Raises:
        UnreadableMedia: it is damaged.
    """
    with temporary_folder("animation") as folder:
        if source.suffix.lower() == ".png":
            film = folder / f"{source.stem}.apng"
            try:
                film.symlink_to(source.absolute())
            except OSError:  # Windows lets only administrators make links
                shutil.copyfile(source, film)
        else:
            film = folder / f"{source.stem}.mov"
            with pillow_errors(source):
                _decode(source, film)
                facts = source.stat()
            os.utime(film, ns=(facts.st_atime_ns, facts.st_mtime_ns))  # a stopped run goes on
        yield film


def _decode(source: Path, film: Path) -> None:
    """Write the frames of a WebP or AVIF, exactly and each at its time, as PNG in QuickTime."""
    import av
    import numpy as np
    from av.video.frame import VideoFrame
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
        for index in range(getattr(file, "n_frames", 1)):
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


@contextmanager
def pillow_errors(path: Path) -> Iterator[None]:
    """Turn errors of Pillow, and of the system, while an image is read into errors of vsr.

    Raises:
        NoSuchFile: there is none.
        UnreadableMedia: for any other reason.
    """
    try:
        yield
    except VsrError:
        raise
    except FileNotFoundError as error:
        raise NoSuchFile(f"{path}: no such file. {hint_for_missing(path)}") from error
    except reading_errors() as error:
        what = str(error) or type(error).__name__
        raise UnreadableMedia(
            f"{path}: cannot be read as an image ({what}). Choose another file."
        ) from error


def reading_errors() -> tuple[type[Exception], ...]:
    """Return what Pillow raises of an image that is damaged, too large, or none.

    A page of a TIFF without its size is a TypeError, without another tag a KeyError; a damaged AVIF
    is a RuntimeError, a JPEG 2000 that claims an absurd size a MemoryError, a GIF that ends where
    its second image is described a ``struct.error``.
    """
    from PIL import Image

    documented = (OSError, ValueError, SyntaxError, Image.DecompressionBombError)
    return (*documented, TypeError, LookupError, RuntimeError, MemoryError, struct.error)
