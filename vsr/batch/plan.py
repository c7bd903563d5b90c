"""Which files of a folder to do, and where the result of each goes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

from vsr.batch.earlier import made_earlier
from vsr.batch.names import DEFAULT_TEMPLATE, check_template, collision_key, filled
from vsr.disk.nearby import hint_for_missing
from vsr.errors import InvalidOption, NoSuchFile, UnwritableOutput
from vsr.media.animation import is_animated, is_still
from vsr.media.containers import container_for, container_named
from vsr.media.encoding.codecs import codec_named

VIDEO_SUFFIXES = frozenset(
    {".264", ".265", ".3g2", ".3gp", ".apng", ".asf", ".avi", ".divx", ".dv", ".f4v", ".flv",
     ".gif", ".h264", ".h265", ".hevc", ".ivf", ".m1v", ".m2ts", ".m2v", ".m4v", ".mkv", ".mov",
     ".mp4", ".mpeg", ".mpg", ".mts", ".mxf", ".nut", ".obu", ".ogm", ".ogv", ".qt", ".rm",
     ".rmvb", ".ts", ".vob", ".webm", ".wmv", ".wtv", ".y4m"}
)  # fmt: skip
"""What counts as a clip in a folder; ``vsr upscale`` accepts any name."""

KEPT_SUFFIXES = frozenset({".mkv", ".mov", ".mp4", ".webm", ".m4v", ".ts"})
"""Containers that are kept; a clip in any other becomes ``.mkv``, which holds every stream."""

ROOMY = ".mkv"
"""The container that holds every stream."""

AT_HOME = {"prores": ".mov"}
"""Codec → where its users expect it, if that is not `ROOMY`."""

SHARED = ".mp4"
"""What is made to be passed on becomes what plays everywhere."""

SHARED_SUFFIXES = {".gif": SHARED, ".apng": SHARED}


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
        container: of the results of videos, if one was chosen.
        codec: of these; ``auto`` leaves it to the container.
        container: of the videos' results, if it was chosen.
        codec: of their video; where the usual container cannot hold it, another one is named.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    name: str = DEFAULT_TEMPLATE
    values: Mapping[str, str] = field(default_factory=dict)
    pictures: Mapping[str, str] = field(default_factory=dict)
    container: str | None = None
    codec: str = "auto"

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
        """Return the suffix of a result: the source's own if it can be written.

        Of an image that moves it is that of a film. A container or codec that was chosen decides.

        Raises:
            UnsuitableContainer, UnknownName: there is no such container or codec.
        """
        if is_still(source):
            return ".png"
        suffix = source.suffix.lower()
        if is_animated(source):
            return self._holding(SHARED)
        if suffix in self.pictures:
            return self.pictures[suffix]
        if suffix in KEPT_SUFFIXES:
            return self._holding(source.suffix)
        return self._holding(SHARED_SUFFIXES.get(suffix, ROOMY))

    def _holding(self, usual: str) -> str:
        """Return the suffix of what was chosen, which is the usual one wherever that holds it."""
        if self.container is not None:
            suffixes = container_named(self.container).suffixes
            return usual if usual.lower() in suffixes or not suffixes else suffixes[0]
        if self.codec == "auto":
            return usual
        codec = codec_named(self.codec).codec
        is_held = codec in container_for(Path(f"a{usual}")).video_codecs
        return usual if is_held else AT_HOME.get(codec, ROOMY)


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


Sources = Path | Sequence[Path]
"""One folder, or files and folders in any number."""


def named(sources: Sources) -> str:
    """Return the sources for a message: the first, and how many more."""
    if isinstance(sources, Path):
        return str(sources)
    return f"{sources[0]}" + f" and {len(sources) - 1} more" * (len(sources) > 1)


def plan(sources: Sources, target: Path, selection: Selection = Selection()) -> list[Item]:
    """Return each file under the sources with its path under ``target``; no two share one.

    What is in a folder that is one of several keeps that folder's name. Links to folders are not
    followed: they may form a cycle. A file that is the result of another one is left out.

    Raises:
        NoSuchFile, UnwritableOutput, InvalidOption: one of the sources, or the target, cannot be
            used.
    """
    check_sources(sources, target)
    return _planned(dict(sorted(_found(sources, target, selection))), target, selection)


def _planned(found: dict[Path, Path], target: Path, selection: Selection) -> list[Item]:
    """Return what is to be done of each file, by its path among the results."""
    earlier = made_earlier(found)
    found = {path: relative for path, relative in found.items() if path not in earlier}
    taken: set[str] = set()
    places: dict[Path, Path] = {}
    for keeps_name in (True, False):  # unchanged names come first: a.mkv before a.avi
        for path, relative in found.items():
            if (selection.suffix_for(path).lower() == path.suffix.lower()) is keeps_name:
                places[path] = _free_place(path, target / relative.parent, selection, taken)
    results = {collision_key(place) for place in places.values()}
    return [
        Item(name=relative.as_posix(), source=path, target=places[path])
        for path, relative in found.items()
        if collision_key(path) not in results
    ]


def check_sources(sources: Sources, target: Path) -> None:
    """Check that a folder, or several files and folders, can be upscaled into another folder.

    Raises:
        NoSuchFile, UnwritableOutput, InvalidOption: they cannot.
    """
    several = [sources] if isinstance(sources, Path) else sources
    for source in several:
        if not source.exists() and str(source) != "-":
            hint = hint_for_missing(source)
            raise NoSuchFile(f"{source}: no such file or folder. {hint}")
        if not (source.is_dir() or source.is_file()):
            raise NoSuchFile(f"{source}: neither a file nor a folder. Use vsr upscale for a pipe.")
    if target.suffix.lower() in VIDEO_SUFFIXES and not target.exists():
        folder = several[0] if several[0].is_dir() else "its input"
        raise InvalidOption(f"{target}: names a video, but {folder} is a folder. Name a folder.")
    if target.exists() and not target.is_dir():
        raise UnwritableOutput(f"{target}: is a file. Name a folder for the results.")
    if all(source.is_dir() and source.resolve() == target.resolve() for source in several):
        raise InvalidOption(f"{target}: is the source folder itself. Choose another one.")


def common_folder(files: Sequence[Path]) -> Path:
    """Return the folder that several files are in.

    Raises:
        InvalidOption: they are in several, or one of them is a folder.
    """
    folders = {path.parent for path in files}
    if len({folder.resolve() for folder in folders}) > 1 or any(path.is_dir() for path in files):
        raise InvalidOption("several inputs in several folders: name a folder for the results.")
    return files[0].parent


def _found(sources: Sources, target: Path, selection: Selection) -> Iterator[tuple[Path, Path]]:
    """Yield each file with its path among the results: what was named itself is always taken."""
    if isinstance(sources, Path) and sources.is_dir():
        for path in _files(sources, target, selection):
            yield path, path.relative_to(sources)
        return
    for source in [sources] if isinstance(sources, Path) else sources:
        if source.is_dir():
            if source.resolve() == target.resolve():  # of the results, as * names it too
                continue
            for path in _files(source, target, selection):
                yield path, source.resolve().name / path.relative_to(source)
        else:
            yield source, Path(source.name)


def _files(source: Path, target: Path, selection: Selection) -> Iterator[Path]:
    for here, _, names in _folders(source, target):
        for name in names:
            path = here / name
            leads_nowhere = path.is_symlink() and not path.exists()
            if selection.takes(path.relative_to(source)) and (path.is_file() or leads_nowhere):
                yield path


def _folders(source: Path, target: Path) -> Iterator[tuple[Path, list[str], list[str]]]:
    """Yield each folder with its folders and files, but none that is hidden or of results."""
    results = target.resolve()
    for folder, subfolders, names in os.walk(source):
        here = Path(folder)
        subfolders[:] = [
            name
            for name in subfolders
            if not name.startswith(".") and (here / name).resolve() != results
        ]
        yield here, subfolders, names


def left_out(sources: Sources, target: Path, selection: Selection = Selection()) -> list[str]:
    """Return what is left out, in a line for links to folders and one for earlier results."""
    found = dict(sorted(_found(sources, target, selection)))
    kept = {item.source for item in _planned(found, target, selection)}
    links, results = links_left_out(sources, target), [path for path in found if path not in kept]
    told = [] if links is None else [links]
    if results:
        what = "an earlier result, and is" if len(results) == 1 else "earlier results, and are"
        told.append(f"{named(results)}: {what} left out.")
    return told


def links_left_out(sources: Sources, target: Path) -> str | None:
    """Return in one line which links to folders are not followed; None if there is none."""
    links = [
        here / name
        for source in ([sources] if isinstance(sources, Path) else sources)
        for here, subfolders, _ in _folders(source, target)
        for name in subfolders
        if (here / name).is_symlink()
    ]
    if not links:
        return None
    what = "a link to a folder, and is" if len(links) == 1 else "links to folders, and are"
    return f"{named(sorted(links))}: {what} not followed. Name what is meant as another input."


def nothing_in(sources: Sources, target: Path) -> NoSuchFile:
    """Return the error of a batch without a file."""
    links = links_left_out(sources, target)
    return NoSuchFile(
        f"{named(sources)}: nothing to upscale in this folder. "
        f"{links or 'Check its files and --include.'}"
    )


def _free_place(path: Path, folder: Path, selection: Selection, taken: set[str]) -> Path:
    """Return the first free path: as named, with the old suffix in the name, or numbered."""
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
