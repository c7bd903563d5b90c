"""Open an input, and yield its packets past broken places.

Why it cannot be opened is said in one line.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from errno import ENOMEM
from pathlib import Path
from typing import Protocol

import av
from av.codec.hwaccel import HWAccel
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from vsr.disk.inputs import check_is_file
from vsr.disk.nearby import hint_for_missing
from vsr.errors import DecodingFailed, MediaError, NoSuchFile, NoVideo, UnreadableMedia
from vsr.media.sequence import LIST_SUFFIX
from vsr.media.station_clock import S

NOT_A_MOVING_PICTURE = (
    Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.dependent
)
"""A dependent stream is a part of another one: a tile of a HEIC photo, a layer."""


def open_input(path: Path, hwaccel: HWAccel | None = None) -> InputContainer:
    """Open a media file for reading. The caller closes it.

    Args:
        hwaccel: the device to decode on; software if not given.

    Raises:
        NoSuchFile: it does not exist.
        UnreadableMedia: a directory, an empty file, text, or damaged beyond opening.
    """
    check_is_file(path)
    try:
        # "file:" keeps a colon or a leading dash in a name from being read as a protocol.
        container = av.open(
            f"file:{path}",
            "r",
            metadata_errors="ignore",
            hwaccel=hwaccel,
            options={"safe": "0"} if path.name.endswith(LIST_SUFFIX) else {},
        )
    except (av.FFmpegError, OSError, ValueError, RuntimeError) as error:
        if hwaccel is not None:  # the device, not the file: the caller says so
            raise
        raise _opening_error(path, error) from error
    if container.format.name == "tty":
        container.close()
        raise UnreadableMedia(f"{path}: is a text file, not a video. Choose another file.")
    return container


def reopen_input(path: Path) -> InputContainer:
    """Reopen an earlier input: failing to open it is no longer a refusal.

    Raises:
        DecodingFailed: it is gone, or cannot be read.
    """
    try:
        return open_input(path)
    except MediaError as error:
        raise DecodingFailed(str(error)) from error


def best_video(container: InputContainer, path: Path) -> VideoStream:
    """Return the stream to upscale: what moves, then the default one, then the largest frame size.

    Cover art, thumbnails and tiles of a photo do not count as video.

    Raises:
        NoVideo: there is none; the message counts what there is.
        UnreadableMedia: there is no decoder for it.
    """
    candidates = [
        stream
        for stream in container.streams.video
        if not stream.disposition & NOT_A_MOVING_PICTURE
    ]
    if not candidates and any(
        stream.disposition & Disposition.dependent for stream in container.streams.video
    ):
        raise NoVideo(
            f"{path}: a photo in tiles (HEIC), not a video. Give it a name that ends in .heic, and "
            "install the extra: pip install 'vsr-cli[heic]'."
        )
    if not candidates:
        raise NoVideo(f"{path}: no video stream ({_counted(container)}). Choose another file.")
    decodable = [stream for stream in candidates if stream.codec_context is not None]
    if not decodable:
        raise UnreadableMedia(f"{path}: no decoder for its video stream. Convert it first.")
    return max(decodable, key=_merit)


def _merit(stream: VideoStream) -> tuple[bool, bool, int, int]:
    moves = stream.frames != 1  # 0 is unknown
    is_default = bool(stream.disposition & Disposition.default)
    return moves, is_default, stream.width * stream.height, -stream.index


ADVANTAGES = ("moves", "is the default", "is larger", "comes first")
"""What decides between two streams, in the order of `_merit`."""


def why_better(best: VideoStream, other: VideoStream) -> str:
    """Return in which way the best stream is better than another, as the end of a sentence."""
    pairs = zip(ADVANTAGES, _merit(best), _merit(other), strict=True)
    return next(words for words, mine, its in pairs if mine != its)


def _counted(container: InputContainer) -> str:
    kinds = [stream.type for stream in container.streams if stream.type != "video"]
    covers = len(container.streams.video)
    counts = [f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds)]
    if covers:
        counts.append(f"{covers} cover art")
    return ", ".join(counts) or "no streams at all"


def _opening_error(path: Path, error: Exception) -> MediaError:
    if isinstance(error, FileNotFoundError):
        return NoSuchFile(f"{path}: no such file. {hint_for_missing(path)}")
    if isinstance(error, PermissionError):
        return UnreadableMedia(f"{path}: no permission to read it. Check its permissions.")
    reason = getattr(error, "strerror", None) or type(error).__name__
    return UnreadableMedia(
        f"{path}: not a media file, or damaged beyond opening ({reason}). Choose another file."
    )


def is_header(packet: Packet[S]) -> bool:
    """Return whether a packet is a header of its codec, which each link of a chained Ogg repeats.

    Source: Theora specification, 6.1: the first bit of a header is set; On2 VP8 in Ogg.
    """
    context = packet.stream.codec_context
    codec = context.codec.canonical_name if context is not None else ""
    if codec == "theora":
        return packet.size > 0 and bool(memoryview(packet)[0] & 0x80)
    return codec == "vp8" and bytes(memoryview(packet)[:5]) == b"OVP80"


MOST_BROKEN_READS = 100
"""After so many failed reads in a row, the rest of a file is given up."""


class Breaks(Protocol):
    """Counts broken places: `Damage` in `decoder`, `StreamDamage` in `other_streams`."""

    broken_reads: int


def demuxed(
    container: InputContainer, streams: Sequence[Stream], breaks: Breaks
) -> Iterator[Packet[Stream]]:
    """Yield the packets of the given streams, in file order; none is empty.

    Raises:
        DecodingFailed: the file cannot be read any further (a disk or network error).
    """
    failures = 0
    while failures < MOST_BROKEN_READS:
        try:
            for packet in container.demux(list(streams)):
                if packet.size:
                    failures = 0
                    yield packet
        except (av.InvalidDataError, EOFError):
            breaks.broken_reads += failures == 0
            failures += 1
        except (av.FFmpegError, OSError) as error:
            if error.errno == ENOMEM:  # a damaged size: more than there is
                breaks.broken_reads += failures == 0
                failures += 1
                continue
            name = container.name.removeprefix("file:")
            raise DecodingFailed(f"{name}: reading failed ({error}). Check the disk.") from error
        else:
            return
