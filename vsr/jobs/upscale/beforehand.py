"""What an upscale is refused for by the names of its files and its network. Light to import.

The command line asks before torch is loaded, which takes seconds; a run asks again.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vsr.disk.inputs import check_is_file, check_there, is_there
from vsr.disk.nearby import UNKNOWN
from vsr.errors import InvalidOption, NoSuchFile, UnreadableMedia, UnsuitableContainer
from vsr.jobs.upscale.source_film import animates
from vsr.jobs.upscale.spool import PIPE, check_pipe
from vsr.media.images.images import RESULTS, WRITTEN, is_image, is_written
from vsr.media.sequence import SUFFIXES, find_images, is_numbered, is_sequence
from vsr.media.writing.target import check_no_folder, check_target, is_wanted
from vsr.models.catalog import check_named
from vsr.specs import UpscaleSpec


def check_beforehand(source: Path | Sequence[Path], target: Path | None, spec: UpscaleSpec) -> None:
    """Refuse what a run would refuse, as far as names tell; read no film.

    Args:
        source: as `vsr.jobs.workers.upscale.upscale` takes it.
        target: the file to write; None where none is written.

    Raises:
        Refused: the input cannot be read, the target cannot be written, or there is no such model.
    """
    if isinstance(source, Path):
        if target is not None:
            check_clip(source, target, spec)
            is_read_itself = not (is_sequence(source) or animates(source, target))
            if is_read_itself and not _is_left_over(target):
                is_kept(source, target, spec)
        check_source(source)
    if spec.model != "auto":
        check_named(spec.model)


def _is_left_over(target: Path) -> bool:
    """Return whether a crash left the work folder of a finished file, which a run removes first."""
    if not is_there(target, "exists"):
        return False
    from vsr.media.resume.work import is_published

    return is_published(target)


def check_source(source: Path) -> None:
    """Refuse a source that cannot be read: a file, a pipe, or a name that means images.

    Raises:
        NoSuchFile, UnreadableMedia: it cannot be read.
    """
    if is_sequence(source):
        find_images(source)
    elif source != PIPE and not is_there(source, "is_fifo"):
        check_is_file(source)


def check_clip(source: Path | Sequence[Path], target: Path, spec: UpscaleSpec) -> None:
    """Refuse what is no clip: one that is missing, or has a frame rate of its own.

    Raises:
        NoSuchFile: there is nothing of that name.
        InvalidOption: a frame rate for what has its own.
        UnsuitableContainer: an image is named for what comes from a pipe.
    """
    if not isinstance(source, Path) or is_sequence(source):
        return
    if source != PIPE:
        try:
            check_there(source)
        except NoSuchFile as error:
            if not (str(error).endswith(UNKNOWN) and is_there(target, "is_file")):
                raise
            raise NoSuchFile(
                f"{source}: no such file, while {target} exists. The input comes before the "
                "output: swap them, or check the path."
            ) from error
    if spec.fps is not None:
        raise InvalidOption(
            f"{source}: --fps is for image sequences; vsr keeps the frame rate and every "
            "timestamp of the source. Omit it."
        )
    if source == PIPE and makes_image(target) and spec.container is None:
        raise UnsuitableContainer(
            f"{target}: names an image, and what comes from a pipe is read as a video. Name a "
            "video, such as out.mkv, or the image file itself instead of -."
        )


def makes_image(target: Path) -> bool:
    """Return whether a name is that of one image."""
    return is_image(target) and not is_numbered(target)


def is_kept(source: Path, target: Path, spec: UpscaleSpec) -> bool:
    """Return whether an existing target is to be kept, after checking it; write nothing.

    Raises:
        Refused: it exists and may not be replaced, cannot be written, or is a pipe of no format.
    """
    if is_image(source):
        check_name(source, target)
        check_no_folder(target)
        return not is_wanted(source, target, spec.existing)
    if target == PIPE:
        check_pipe(spec)
        return False
    if not is_numbered(target):
        check_film(source, target, spec.container)
    return check_target(source, target, spec.existing, spec.container) is None


def check_name(source: Path, target: Path) -> None:
    """Refuse a name that is not an image's.

    Raises:
        UnsuitableContainer: its suffix is of another kind of file, or missing.
    """
    if not is_written(target):
        raise UnsuitableContainer(
            f"{target}: {source.name} is an image, and so is its result. "
            f"Name it with one of {', '.join(WRITTEN)}."
        )


def check_film(source: Path, target: Path, container: str | None) -> None:
    """Refuse a film whose target names an image, and an image that only a sequence can hold.

    Raises:
        UnreadableMedia: the source is an image that cannot be read as one.
        UnsuitableContainer: the target is the name of an image.
    """
    kind = source.suffix.lower()
    if kind in SUFFIXES - RESULTS.keys() and source.is_file():
        raise UnreadableMedia(
            f"{source}: {kind[1:].upper()} is read as the frames of a sequence, and not as one "
            f"image. Convert it to PNG or TIFF, or name {source.stem}/%05d.png as the output."
        )
    if container is None and is_written(target):
        raise UnsuitableContainer(
            f"{target}: names an image, and {source.name} is read as a video. Name a video, such "
            f"as {source.stem}.mp4, or {source.stem}/%05d.png for an image of every frame."
        )
