"""Folders of images and videos → a prepared data set (see `dataset`).

Images are cut into equally large patches on a regular grid that covers them whole. Dropped, and
counted: patches without detail, which teach nothing, and patches that look like one kept before.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from fnmatch import fnmatch
from hashlib import sha256
from math import lcm
from pathlib import Path

from vsr.device.yuv import picture_of
from vsr.errors import DecodingFailed, InvalidData, InvalidOption, MediaError, one_of
from vsr.frames import HostFrame
from vsr.media.reading.reader import Reader
from vsr.metrics.protocol import low_resolution
from vsr.training.damage.degradation import DEGRADATIONS
from vsr.training.data.cutting import Cutter, Footage, Tally
from vsr.training.data.manifest import BICUBIC, DatasetManifest, digest_of
from vsr.training.data.new_set import new_set
from vsr.training.pictures import Pixels, UnusablePicture, decode_picture, is_picture
from vsr.wording import counted

Weights = tuple[tuple[str, float], ...]
"""(pattern of a file's name, how much likelier than another its patches are drawn), …"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrepareSpec:
    """What to prepare and how.

    ``weights`` are (pattern of the file name, weight): a series of near-duplicates is drawn less
    often when its weight is below 1. ``degradations`` are made besides the standard protocol's
    bicubic, which is always made: names of `degradation.DEGRADATIONS`. ``video-clear`` also puts
    `fields` among the patches. ``shrink`` reduces every image first: sharper truth from soft
    photographs, or, for a set at ×2, the very low resolution that a larger scale has.
    """

    sources: tuple[Path, ...]
    out: Path
    patch: int = 256
    scales: tuple[int, ...] = (2, 4)
    weights: Weights = ()
    frames_per_video: int = 16
    degradations: tuple[str, ...] = ()
    shrink: int = 1

    def __post_init__(self) -> None:
        if not self.scales or any(not 1 <= scale <= 8 for scale in self.scales):
            raise InvalidOption("--scale must be between 1 and 8.")
        if self.patch < 32 or self.patch % self.grid:
            raise InvalidOption(
                f"--patch {self.patch} must be at least 32 and a multiple of {self.grid}."
            )
        for pattern, weight in self.weights:
            if not weight >= 0:
                raise InvalidOption(f"--weight {pattern}={weight:g} must not be negative.")
        if not 1 <= self.shrink <= 8:
            raise InvalidOption(f"--shrink {self.shrink} must be between 1 and 8.")
        if self.frames_per_video < 1:
            raise InvalidOption("--frames-per-video must be at least 1.")
        for name in self.degradations:
            one_of(name, DEGRADATIONS, "degradation")

    @property
    def has_fields(self) -> bool:
        """Flat fields and ramps are put among the patches for a network that restores."""
        return not {"video-clear", "video-tape"}.isdisjoint(self.degradations)

    @property
    def grid(self) -> int:
        """Corners and sides are multiples of this many pixels, so that every scale divides."""
        return lcm(*self.scales)

    @property
    def digest(self) -> str:
        """The SHA-256 of all that decides what is prepared, but for what is in the sources."""
        values = asdict(self) | {"sources": [str(path.absolute()) for path in self.sources]}
        del values["out"]
        return sha256(repr(values).encode()).hexdigest()


def weight_of(weights: Weights, path: Path) -> float:
    """Return the weight of the first pattern that the file's name matches, else 1."""
    return next((weight for pattern, weight in weights if fnmatch(path.name, pattern)), 1.0)


def check_weights(weights: Weights, files: Iterable[Path]) -> None:
    """Refuse a pattern that matches no file.

    Raises:
        InvalidOption: names the first.
    """
    names = [path.name for path in files]
    for pattern, weight in weights:
        if not any(fnmatch(name, pattern) for name in names):
            raise InvalidOption(f"--weight {pattern}={weight:g}: no file name matches.")


def prepare(
    spec: PrepareSpec, on_file: Callable[[int, int], None] = lambda *_: None
) -> DatasetManifest:
    """Prepare a data set. The folder appears under its name only once it is complete.

    Args:
        on_file: called with (files done, files in all).

    Raises:
        InvalidData: nothing usable was found; the message says what was skipped.
        InvalidOption: a weight matches no file.
        OutputExists, UnwritableOutput, NoSpace: the output folder.
    """
    with new_set(spec.out) as part:
        files = list(find_sources(spec.sources))  # what a killed run left among them is gone
        check_weights(spec.weights, files)
        manifest = _write(spec, files, part, on_file)
        manifest.write(part)
    return manifest


def find_sources(sources: Iterable[Path]) -> Iterator[Path]:
    """Yield every file under the folders (and the files named) once, in a fixed order.

    Raises:
        InvalidData: a source does not exist, or holds no file.
    """
    seen: set[Path] = set()
    for source in sources:
        if not source.exists():
            raise InvalidData(f"{source}: does not exist. Name folders of images or videos.")
        files = [source] if source.is_file() else sorted(p for p in _walk(source))
        if not files:
            raise InvalidData(f"{source}: is empty. Name folders of images or videos.")
        for path in files:
            if (place := path.resolve()) not in seen:
                seen.add(place)
                yield path


def _walk(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(root) / name for name in names if not name.startswith("."))


def _write(
    spec: PrepareSpec, files: list[Path], part: Path, on_file: Callable[[int, int], None]
) -> DatasetManifest:
    tally = Tally()
    with ExitStack() as stack:
        high = stack.enter_context((part / "hr.u8").open("wb"))
        low = {s: stack.enter_context((part / f"lr_x{s}.u8").open("wb")) for s in spec.scales}
        footage = (stack.enter_context(Footage.open(part, s, spec.degradations)) for s in low)
        cutter = Cutter(
            spec.patch,
            spec.grid,
            high,
            low,
            tuple(footage) if spec.degradations else (),
            has_fields=spec.has_fields,
        )
        for done, path in enumerate(files):
            on_file(done, len(files))
            for pixels in _pictures(path, spec.frames_per_video, tally):
                cutter.cut(_shrunk(pixels, spec.shrink), weight_of(spec.weights, path), tally)
        on_file(len(files), len(files))
    if not tally.weights:
        raise InvalidData(
            f"{spec.sources[0]}: no usable image in {counted(len(files), 'file')} "
            f"({_reasons(tally)}). "
            "Give other images, or a smaller --patch."
        )
    return tally.manifest(
        patch=spec.patch,
        scales=spec.scales,
        sha256=digest_of(part, (f"{name} {DEGRADATIONS[name]}" for name in spec.degradations)),
        degradations=(BICUBIC, *spec.degradations),
        has_fields=spec.has_fields,
        asked=spec.digest,
    )


def _shrunk(pixels: Pixels, factor: int) -> Pixels:
    """Reduce an image as the standard protocol does, all of it that divides."""
    if factor == 1:
        return pixels
    height, width = (side - side % factor for side in pixels.shape[:2])
    return low_resolution(pixels[:height, :width], factor) if min(height, width) else pixels[:0, :0]


def _reasons(tally: Tally) -> str:
    counts = {reason: len(names) for reason, names in tally.skipped.items()} | tally.dropped
    return ", ".join(f"{count} {reason}" for reason, count in counts.items()) or "nothing read"


def _pictures(path: Path, frames_per_video: int, tally: Tally) -> Iterator[Pixels]:
    """Yield the image or the frames of one file; count what is unusual."""
    count = 0
    try:
        if is_picture(path):
            picture = decode_picture(path)
            tally.converted.update(picture.conversions)
            count = 1
            yield picture.pixels
        else:
            for pixels in film_frames(path, frames_per_video):
                count += 1
                yield pixels
    except UnusablePicture as error:
        tally.skipped[str(error)].append(path.name)
    tally.sources += count > 0


STRIDE_WITHOUT_DURATION = 24
"""Every this many frames, if the container does not say how long it is."""


def film_frames(path: Path, count: int) -> Iterator[Pixels]:
    """Yield up to ``count`` frames (H, W, 3), uint8.

    Raises:
        UnusablePicture: no video, interlaced, HDR, or damaged before the first frame.
    """
    try:
        with Reader.open(path) as reader:
            video = reader.info.video
            if video.is_interlaced:
                raise UnusablePicture("interlaced video")
            if video.colour.is_hdr:  # its codes are not what the networks are trained on
                raise UnusablePicture("HDR video")
            seconds = video.duration_seconds or reader.info.duration_seconds
            ticks = seconds / float(video.time_base) if seconds else None
            yield from (picture_of(frame) for frame in _spread(reader.frames(), ticks, count))
    except (MediaError, InvalidOption) as error:
        raise UnusablePicture("neither image nor video") from error
    except DecodingFailed as error:
        raise UnusablePicture("damaged video") from error


def _spread(frames: Iterator[HostFrame], duration: float | None, count: int) -> Iterator[HostFrame]:
    """Yield the first frame at or past each of ``count`` evenly spread times.

    Args:
        duration: in ticks; None if unknown.
    """
    step = duration / count if duration is not None else None
    taken, due = 0, float("nan")
    for index, frame in enumerate(frames):
        if taken == count:
            return
        due = frame.pts if index == 0 else due
        is_due = frame.pts >= due if step is not None else index % STRIDE_WITHOUT_DURATION == 0
        if is_due:
            taken += 1
            due += step or 0
            yield frame
