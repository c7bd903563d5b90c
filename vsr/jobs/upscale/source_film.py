"""What is given as a film: a file, an animated image, or images in order. Light to import."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from pathlib import Path

from vsr.jobs.progress import Note, ignore
from vsr.jobs.upscale.spool import named
from vsr.media.animation import animation_as_film, is_animated
from vsr.media.images.images import is_image
from vsr.media.sequence import DEFAULT_RATE, as_film, find_images, in_order, is_sequence
from vsr.notation import FrameRate, rate_of


@contextmanager
def film_of(
    source: Path | Sequence[Path], note: Note = ignore, fps: FrameRate | None = None
) -> Iterator[Path]:
    """Yield one file that is read as a film: the source, or what stands for it in this ``with``.

    Args:
        note: called with what the images are, and with their rate if it is not given.
        fps: frames per second of images.

    Raises:
        NoSuchFile: there are no images of that name.
        UnreadableMedia: an animation is damaged.
    """
    if isinstance(source, Path) and not is_sequence(source):
        if not is_animated(source):
            yield source
            return
        with animation_as_film(source) as film, named(film, source):
            yield film
        return
    images = find_images(source) if isinstance(source, Path) else in_order(source[0].parent, source)
    note(f"{images}.")
    if fps is None:
        note(f"{DEFAULT_RATE} frames per second, as --fps is not given.")
    rate = DEFAULT_RATE if fps is None else rate_of(fps)
    with as_film(images, rate) as film, named(film, images.name):
        yield film


@contextmanager
def films_of(first: Path, second: Path, note: Note = ignore) -> Iterator[tuple[Path, Path]]:
    """Yield two films that are held against each other; images have the rate of the other one.

    Args:
        note: called with the rate that images are taken to have.

    Raises:
        MediaError: as `film_of`, or a film cannot be opened.
    """
    with ExitStack() as stack:
        films = {
            path: stack.enter_context(film_of(path))
            for path in (first, second)
            if not is_sequence(path)
        }
        rate, why = DEFAULT_RATE, "as the other file has no frame rate"
        if len(films) == 1:
            ((path, film),) = films.items()
            known = _rate_of(film)
            rate, why = (rate, why) if known is None else (known, f"as {path.name} has")
        for path in (first, second):
            if path not in films:
                films[path] = stack.enter_context(film_of(path, fps=rate))
                note(f"{path.name}: images, read as {float(rate):.6g} frames a second, {why}.")
        yield films[first], films[second]


def _rate_of(film: Path) -> Fraction | None:
    """Return the rate of a film, if it has one."""
    from vsr.media.reading.probe import probe

    return probe(film).video.frame_rate


def is_picture(source: Path) -> bool:
    """Return whether this is one image, and not a film in one of the forms of `film_of`."""
    return is_image(source) and not (is_sequence(source) or is_animated(source))


def animates(source: Path, target: Path) -> bool:
    """Return whether an animated image becomes a film: another file is read in its place."""
    return not is_image(target) and is_animated(source)


def makes_picture(source: Path, target: Path) -> bool:
    """Return whether an image is made of an image, be it the first of an animation."""
    return is_image(source) and not animates(source, target)


def size_bytes(source: Path) -> int:
    """Return how large it is on disk, all images together, in bytes."""
    paths = find_images(source).images if is_sequence(source) else (source,)
    return sum(path.stat().st_size for path in paths)
