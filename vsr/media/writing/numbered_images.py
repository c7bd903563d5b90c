"""Numbered images as the output: each packet of PNG in a segment is one file.

As a film is joined, verified and published, so is a folder of them.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import av

from vsr.disk.publishing import sync_folder
from vsr.errors import VerificationFailed
from vsr.media.clock import rounded, ticks_per_frame
from vsr.media.encoding.encoding import OutputVideo
from vsr.media.sequence import NUMBER, in_order, numbered
from vsr.media.writing.segment_times import Times, scan
from vsr.media.writing.target import output_failure
from vsr.media.writing.verify import JoinedFile, OutputFacts
from vsr.values import Size

FIRST_NUMBER = 1
"""FFmpeg's own."""


def join_into_images(
    segments: Sequence[Path], folder: Path, pattern: str, video: OutputVideo
) -> JoinedFile:
    """Write every frame of the segments as an image into a new folder.

    Args:
        segments: in the order of time; an empty file is a segment without frames.
        folder: where to write; what an earlier run left in it is deleted.
        pattern: the names, such as ``%05d.png``.

    Raises:
        EncodingFailed: there are no frames, or a segment is unreadable.
        NoSpace: the disk is full.
    """
    scans = [scan(path, video.time_base) for path in segments if path.stat().st_size]
    step = max(1, rounded(ticks_per_frame(video.frame_rate, video.time_base)))
    times = Times(scans, step, step)
    number = FIRST_NUMBER
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for one in scans:
            with av.open(f"file:{one.path}") as segment:
                for packet in segment.demux(segment.streams.video[0]):
                    if packet.size:
                        (folder / numbered_name(pattern, number)).write_bytes(bytes(packet))
                        number += 1
    except (av.FFmpegError, OSError, ValueError) as error:
        raise output_failure(error, folder) from error
    return JoinedFile.of(times, video.time_base, (), frozenset())


def numbered_name(pattern: str, number: int) -> str:
    """Return the name of the image with a number: ``%05d.png`` and 7 give ``00007.png``."""
    return NUMBER.sub(lambda match: f"{number:{match[1] or ''}d}", pattern)


def verify_images(folder: Path, expected: OutputFacts) -> None:
    """Count the images; read the size of each, and decode the first and the last.

    Raises:
        VerificationFailed: anything differs; the message names the first difference.
    """
    from PIL import Image

    images = list(folder.iterdir())
    if len(images) != expected.frames:
        raise VerificationFailed(f"{folder}: {len(images)} images, not {expected.frames}.")
    ordered = in_order(folder, images).images
    for path in ordered:
        try:
            with Image.open(path) as image:
                size = Size(*image.size)
                if path in (ordered[0], ordered[-1]):
                    image.load()
        except (OSError, ValueError, SyntaxError) as error:
            raise VerificationFailed(f"{path}: cannot be read back ({error}).") from error
        if size != expected.size:
            raise VerificationFailed(f"{path}: is {size}, not {expected.size}.")


def publish_images(folder: Path, target: Path) -> None:
    """Move the images of a sequence to where they belong; earlier ones go first."""
    made = sorted(folder.iterdir())
    for path in {*numbered(target)} - {target.with_name(one.name) for one in made}:
        path.unlink()
    for path in made:
        path.replace(target.with_name(path.name))
    sync_folder(target.parent)
