"""Images as films: numbered ones, a pattern or a folder, at a frame rate.

FFmpeg reads them through a list (``ffconcat``): each may have any name and number, and every time
is exact. The list is a file like any other, so that everything else need not know. Light to import.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from glob import glob, has_magic
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

from vsr.errors import NoSuchFile, UnreadableMedia
from vsr.temporary import temporary_folder

LIST_SUFFIX = ".images.ffconcat"

SUFFIXES = frozenset({
    ".bmp", ".dpx", ".exr", ".j2k", ".jp2", ".jpeg", ".jpg", ".pam", ".pbm", ".pgm", ".png", ".ppm",
    ".tga", ".tif", ".tiff", ".webp",
})  # fmt: skip
"""Suffixes of the images that a sequence may consist of."""

DEFAULT_RATE = Fraction(25)
"""FFmpeg's own, for images."""

NUMBER = re.compile(r"%(0\d+)?d")
_DIGITS = re.compile(r"\d+")
_LAST_DIGITS = re.compile(r"(\d+)(?=\D*$)")


@dataclass(frozen=True, slots=True)
class ImageSequence:
    """Images in order.

    Attributes:
        name: as the user wrote it.
        missing: numbers that are skipped, as (first, last).
    """

    name: Path
    images: tuple[Path, ...]
    missing: tuple[tuple[int, int], ...] = ()

    def __str__(self) -> str:
        first, last = self.images[0].name, self.images[-1].name
        several = f"{len(self.images)} images, {first} to {last}"
        text = f"{self.name}: {several if len(self.images) > 1 else f'one image, {first}'}"
        gaps = ", ".join(f"{a}" if a == b else f"{a} to {b}" for a, b in self.missing)
        what = f"number {gaps} is" if gaps.isdecimal() else f"numbers {gaps} are"
        return f"{text}; {what} missing and skipped" if gaps else text


def is_sequence(source: Path) -> bool:
    """Return whether a name means several images: a number, a pattern, or a folder."""
    try:
        if source.exists():
            return source.is_dir()
    except OSError:
        return False
    return _is_image(source) and (is_numbered(source) or has_magic(str(source)))


def images_in(folder: Path) -> list[Path]:
    """Return the images of a folder, in no order, without those of folders in it."""
    return [path for path in folder.iterdir() if _is_image(path) and path.is_file()]


def find_images(source: Path) -> ImageSequence:
    """Return the images that a name means, in the order of their numbers.

    Raises:
        NoSuchFile: there are none.
    """
    if source.is_dir():
        found = images_in(source)
        what = f"holds no images ({', '.join(sorted(SUFFIXES))})"
    elif is_numbered(source):
        found, what = numbered(source), "no image has such a name"
    else:
        found = [Path(path) for path in glob(str(source))]  # noqa: PTH207 - folders of it too
        what = "no image matches"
    return in_order(source, found, what)


def in_order(name: Path, images: Iterable[Path], what: str = "no image") -> ImageSequence:
    """Return images in the order of their numbers.

    Raises:
        NoSuchFile: there are none.
    """
    ordered = tuple(sorted(images, key=_natural))
    if not ordered:
        raise NoSuchFile(f"{name}: {what}. Check the name.")
    return ImageSequence(name, ordered, _missing(ordered))


@contextmanager
def as_film(sequence: ImageSequence, rate: Fraction) -> Iterator[Path]:
    """Yield a file that is read as a film of the images; it exists as long as the ``with``.

    Its time says which images it lists: an interrupted run resumes if they are the same.

    Raises:
        UnreadableMedia: a name or a file that cannot be listed.
    """
    text = "".join(_listed(path, rate) for path in sequence.images)
    with temporary_folder("images") as folder:
        name = _DIGITS.sub("", sequence.name.name.replace("%", "")) or "images"
        film = folder / f"{name}{LIST_SUFFIX}"
        film.write_text(f"ffconcat version 1.0\n{text}", encoding="utf-8")
        os.utime(film, ns=(0, int.from_bytes(sha256(text.encode()).digest()[:6])))
        yield film


def _listed(path: Path, rate: Fraction) -> str:
    try:
        facts = path.stat()
    except OSError as error:
        raise UnreadableMedia(f"{path}: {error.strerror}. Check the file.") from error
    if not facts.st_size:
        raise UnreadableMedia(f"{path}: the file is empty. Remove or replace it.")
    name = str(path.absolute())
    if "\n" in name:
        raise UnreadableMedia(f"{name!r}: a line break in its name. Rename it.")
    quoted = name.replace("'", "'\\''")
    return (
        f"file '{quoted}'\n# {facts.st_size} bytes, {facts.st_mtime_ns}\n"
        f"option framerate {rate}\nduration {float(1 / rate):.9f}\n"
    )


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES


def is_numbered(path: Path) -> bool:
    """Return whether a name has a place for a number: ``%05d``."""
    return len(NUMBER.findall(path.name)) == 1


def numbered(pattern: Path) -> list[Path]:
    """Return the images whose names are the pattern with some number in it."""
    match = NUMBER.search(pattern.name)
    assert match is not None
    before, after = pattern.name[: match.start()], pattern.name[match.end() :]
    width = int(match[1] or 0)
    digits = f"\\d{{{width},}}" if width else "0|[1-9]\\d*"
    name = re.compile(f"{re.escape(before)}({digits}){re.escape(after)}")
    folder = pattern.parent
    if not folder.is_dir():
        return []
    return [path for path in folder.iterdir() if name.fullmatch(path.name)]


def _natural(path: Path) -> tuple[object, ...]:
    """Return what orders names by the numbers in them: 2 before 10."""
    parts = re.split(r"(\d+)", path.name)
    return tuple((int(part), "") if part.isdigit() else (0, part) for part in parts), path.name


def _missing(images: Sequence[Path]) -> tuple[tuple[int, int], ...]:
    """Return the numbers left out, if all names differ in their last number alone."""
    numbers, shapes = [], set()
    for path in images:
        match = _LAST_DIGITS.search(path.stem)
        if match is None:
            return ()
        numbers.append(int(match[1]))
        shapes.add((path.stem[: match.start()], path.stem[match.end() :], path.suffix))
    if len(shapes) > 1:
        return ()
    return tuple((a + 1, b - 1) for a, b in pairwise(numbers) if b > a + 1)
