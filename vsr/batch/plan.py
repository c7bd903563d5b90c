"""Which files of a folder to do, and where each result goes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

from vsr.batch.names import DEFAULT_TEMPLATE, check_template, collision_key, filled
from vsr.errors import InvalidOption, NoSuchFile, UnwritableOutput

VIDEO_SUFFIXES = frozenset(
    {".264", ".265", ".3g2", ".3gp", ".asf", ".avi", ".divx", ".dv", ".f4v", ".flv", ".gif",
     ".h264", ".h265", ".hevc", ".ivf", ".m1v", ".m2ts", ".m2v", ".m4v", ".mkv", ".mov", ".mp4",
     ".mpeg", ".mpg", ".mts", ".mxf", ".nut", ".obu", ".ogm", ".ogv", ".qt", ".rm", ".rmvb", ".ts",
     ".vob", ".webm", ".wmv", ".wtv", ".y4m"}
)  # fmt: skip
"""What counts as a clip in a folder; ``vsr upscale`` accepts any name."""

KEPT_SUFFIXES = frozenset({".mkv", ".mov", ".mp4", ".webm", ".m4v", ".ts"})
"""Containers that are kept; a clip in any other becomes ``.mkv``, which holds every stream."""

SHARED_SUFFIXES = {".gif": ".mp4"}
"""What is made to be passed on becomes what plays everywhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which files, and what their results are called.

    Attributes:
        include: patterns of which one must match the relative path or the name; empty
            takes every file of a known kind.
        exclude: patterns of which none may match.
        name: the template of a result's name, without its suffix.
        values: of the template's fields other than those of the source's name.
        pictures: suffix of an image → suffix of its result.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    name: str = DEFAULT_TEMPLATE
    values: Mapping[str, str] = field(default_factory=dict)
    pictures: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_template(self.name)

    def takes(self, relative: Path) -> bool:
        """Return whether a file is selected, by its relative path alone."""
        if any(part.startswith(".") for part in relative.parts):
            return False
        if any(_matches(relative, pattern) for pattern in self.exclude):
            return False
        if self.include and not any(_matches(relative, pattern) for pattern in self.include):
            return False
        suffix = relative.suffix.lower()
        return suffix in VIDEO_SUFFIXES or suffix in self.pictures

    def suffix_for(self, source: Path) -> str:
        """Return the suffix of a result: the source's own if it can be written."""
        suffix = source.suffix.lower()
        if suffix in self.pictures:
            return self.pictures[suffix]
        if suffix in KEPT_SUFFIXES:
            return source.suffix
        return SHARED_SUFFIXES.get(suffix, ".mkv")


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One file to do.

    Attributes:
        name: the source's path relative to its folder, as used in the ledger.
        target: where its result goes.
    """

    name: str
    source: Path
    target: Path


def plan(source: Path, target: Path, selection: Selection = Selection()) -> list[Item]:
    """Return each file under ``source`` with its path under ``target``; no two share one.

    Links to folders are not followed: they may form a cycle.

    Raises:
        NoSuchFile, UnwritableOutput, InvalidOption: one of the folders cannot be used.
    """
    check_folders(source, target)
    found = sorted(_files(source, target, selection))
    taken: set[str] = set()
    places: dict[Path, Path] = {}
    for keeps_name in (True, False):  # unchanged names come first: a.mkv before a.avi
        for path in found:
            if (selection.suffix_for(path).lower() == path.suffix.lower()) is keeps_name:
                places[path] = _free_place(path, source, target, selection, taken)
    return [
        Item(name=path.relative_to(source).as_posix(), source=path, target=places[path])
        for path in found
    ]


def check_folders(source: Path, target: Path) -> None:
    """Check that one folder can be upscaled into the other.

    Raises:
        NoSuchFile, UnwritableOutput, InvalidOption: it cannot.
    """
    if not source.is_dir():
        is_file = source.exists()
        hint = "is a file. Use vsr upscale for one" if is_file else "no such folder. Check the path"
        raise NoSuchFile(f"{source}: {hint}.")
    if target.suffix.lower() in VIDEO_SUFFIXES and not target.exists():
        raise InvalidOption(f"{target}: names a video, but {source} is a folder. Name a folder.")
    if target.exists() and not target.is_dir():
        raise UnwritableOutput(f"{target}: is a file. Name a folder for the results.")
    if source.resolve() == target.resolve():
        raise InvalidOption(f"{target}: is the source folder itself. Choose another one.")


def _files(source: Path, target: Path, selection: Selection) -> Iterator[Path]:
    results = target.resolve()
    for folder, subfolders, names in os.walk(source):
        here = Path(folder)
        subfolders[:] = [
            name
            for name in subfolders
            if not name.startswith(".") and (here / name).resolve() != results
        ]
        for name in names:
            path = here / name
            if selection.takes(path.relative_to(source)) and path.is_file():
                yield path


def _free_place(
    path: Path, source: Path, target: Path, selection: Selection, taken: set[str]
) -> Path:
    """Return the first free path: as named, with the old suffix in the name, or numbered."""
    folder = target / path.relative_to(source).parent
    suffix = selection.suffix_for(path)
    name = filled(selection.name, path, suffix, dict(selection.values))
    stem = name.removesuffix(suffix)
    number = 1
    while collision_key(folder / name) in taken:
        old = path.suffix if number == 1 else f"{path.suffix}.{number}"
        name = f"{stem}{old}{suffix}"
        number += 1
    taken.add(collision_key(folder / name))
    return folder / name


def _matches(relative: Path, pattern: str) -> bool:
    return fnmatch(relative.as_posix(), pattern) or fnmatch(relative.name, pattern)
