"""Which files a command takes, and where its results go, from the words that were typed."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
from click.shell_completion import CompletionItem

from vsr.batch.plan import VIDEO_SUFFIXES, Selection, common_folder
from vsr.cli.shared.completion import complete_file
from vsr.cli.shared.values import option_of_size
from vsr.disk.inputs import is_there
from vsr.errors import InvalidOption, NoSuchFile
from vsr.media.sequence import SUFFIXES, images_in, is_numbered

PIPE = "-"
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)


Film = Path | tuple[Path, ...]
"""A file, a folder of images, or several images."""


def name_of(film: Film) -> str:
    """Return what a film is called on the line of its job."""
    return film.name if isinstance(film, Path) else film[0].parent.name


@dataclass(frozen=True, slots=True)
class Places:
    """What is to be read, and where the results go.

    Attributes:
        sources: one or more files or folders.
        target: a file or a folder; None: next to the source.
        is_folder: the target was written as one, or is one.
    """

    sources: tuple[Path, ...]
    target: Path | None
    is_folder: bool = False

    @property
    def is_one_file(self) -> bool:
        """Whether this is about one film or image."""
        return len(self.sources) == 1 and not self.sources[0].is_dir()

    @property
    def film(self) -> Film:
        """What is read as one film, if this is about one."""
        return self.sources[0] if len(self.sources) == 1 else self.sources

    @property
    def is_sequence(self) -> bool:
        """Whether this makes one film of a folder of images, or of several."""
        if self.target is None or self.is_folder or self.is_one_file:
            return False
        return _is_film(self.target) and (
            is_of_images(self.sources[0])
            if len(self.sources) == 1
            else all(path.suffix.lower() in SUFFIXES for path in self.sources)
        )


def is_of_images(folder: Path) -> bool:
    """Return whether the images of a folder are one film: a result or two may lie beside them."""
    films = sum(path.suffix.lower() in VIDEO_SUFFIXES for path in folder.iterdir())
    return len(images_in(folder)) > films


def places(
    words: Sequence[str],
    inputs: Sequence[str] = (),
    output: str | None = None,
    *,
    fewest: int = 2,
) -> Places:
    """Tell inputs and output apart; expand patterns, ``~`` and ``file://``.

    Without ``output`` the last of several words is the output: of ``fewest`` always, of more if it
    is no file that exists.

    Args:
        fewest: words of which the last is the output even where it exists; 1 for a command that
            replaces no file.

    Raises:
        click.UsageError: there is no input.
        InvalidOption, NoSuchFile: an address, a size, or a pattern that matches nothing.
    """
    named = [*inputs, *words]
    if not named:
        raise click.UsageError("Missing argument 'IN'. Name a video, an image or a folder.")
    for word in (*named, *([] if output is None else [output])):
        _refuse_size(word)
    if output is None and len(named) > 1 and not (len(named) > fewest and _is_file(named[-1])):
        output = named.pop()
    sources = [path for word in named for path in _expanded(word)]
    if output is None:
        return Places(tuple(sources), None)
    target = _local(output)
    is_folder = output.endswith(("/", os.sep)) or is_there(target, "is_dir")
    return Places(tuple(sources), target, is_folder)


def _refuse_size(word: str) -> None:
    """Refuse a size where files are named, unless there is such a file or folder.

    Raises:
        InvalidOption: it is one; the message says how to write it.
    """
    option = option_of_size(word)
    if option is not None and not is_there(Path(word), "exists"):
        raise InvalidOption(f"{word}: a size, not a file name. Write {option} {word}.")


def _is_film(target: Path) -> bool:
    """Return whether a name is that of one film, or of an image for each of its frames."""
    suffix = target.suffix.lower()
    return suffix in VIDEO_SUFFIXES or (suffix in SUFFIXES and is_numbered(target))


def is_output_piped(words: Sequence[str], valued: Collection[str]) -> bool:
    """Return whether the words of a command, even of a refused one, name ``-`` as the output.

    Args:
        valued: options that take a value.
    """
    output, named, rest = None, [], list(words)
    while rest:
        word = rest.pop(0)
        name, separator, value = word.partition("=")
        if name in valued:
            given = value if separator else "".join(rest[:1])
            rest = rest if separator else rest[1:]
            output = given if name in ("-o", "--output") else output
            named += [given] * (name in ("-i", "--input"))
        elif word == PIPE or not word.startswith("-"):
            named.append(word)
    return (output or "".join(named[1:][-1:])) == PIPE


def target_of(
    found: Places,
    label: str,
    format_name: str | None = None,
    codec: str = "auto",
    *,
    of_pipe: str | None = None,
) -> Path:
    """Return the file that the result of one file goes to.

    In a folder it has the source's name, and in the source's own folder the size as well:
    ``in-1080p.mp4``. The suffix is the source's if vsr writes it, else ``.mkv``, unless a container
    or a codec was chosen that needs another one.

    Args:
        label: the size in a few letters.
        format_name: the container, if it was chosen.
        codec: that of the video, if it was chosen.
        of_pipe: what to call the result of a pipe, if it need not be named.

    Raises:
        InvalidOption: the source is a pipe, which has no name; several sources, one file.
    """
    (source,) = found.sources
    if found.target is not None and not found.is_folder:
        return found.target
    is_pipe = str(source) == PIPE
    if is_pipe and of_pipe is None:
        folder_too = ", not only a folder" if found.is_folder else ""
        raise InvalidOption(
            f"-: what comes from a pipe has no name. Name a file for its result{folder_too}."
        )
    from vsr.media.images.images import RESULTS

    chosen = Selection(pictures=RESULTS, container=format_name, codec=codec)
    suffix = chosen.suffix_for(source)
    folder = found.target or source.parent
    is_beside = folder.resolve() == source.parent.resolve()
    stem = of_pipe if is_pipe else source.stem
    return folder / f"{stem}{f'-{label}' * is_beside}{suffix}"


def folder_of(found: Places, label: str) -> tuple[Path, str | None]:
    """Return the folder that the results of several files go to, and the template of their names.

    Files keep their names in another folder, and get the size as well in their own. The results of
    a folder are put beside it: ``films-1080p``.

    Raises:
        InvalidOption: no folder is named, and the files are in several ones; a file is named.
    """
    target, sources = found.target, found.sources
    template = "{stem}-" + label.replace("{", "{{").replace("}", "}}")
    if target is not None:
        if (len(sources) > 1 or is_numbered(target)) and not found.is_folder and _is_film(target):
            inputs = f"{len(sources)} inputs" if len(sources) > 1 else "a folder"
            raise InvalidOption(f"{target}: names one video for {inputs}. Name a folder.")
        is_own = any(one.is_file() and one.parent.resolve() == target.resolve() for one in sources)
        return target, template if is_own else None
    if len(sources) == 1:
        folder = sources[0]
        name = folder.name if folder.name not in ("", "..") else folder.resolve().name
        if not name:
            raise InvalidOption(f"{folder}: name a folder for the results too.")
        beside = folder.parent if folder.name == name else folder.resolve().parent
        return beside / f"{name}-{label}", None
    return common_folder(sources), template


class LocalPath(click.ParamType[Path]):
    """A path as `places` understands one."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Return the path."""
        del param, ctx
        return value if isinstance(value, Path) else _local(value)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Complete it."""
        return complete_file(ctx, param, incomplete)


def _is_file(word: str) -> bool:
    return is_there(_local(word), "is_file")


def _expanded(word: str) -> list[Path]:
    """Return the files that a word means: itself, or those that match it where no shell did."""
    path = _local(word)
    if not has_magic(word) or is_there(path, "exists"):
        return [path]
    found = sorted(glob(str(path)))  # noqa: PTH207 - folders of it too, and no hidden files
    if not found:
        raise NoSuchFile(f"{word}: no file matches. Check the pattern.")
    return [Path(one) for one in found]


def _local(word: str) -> Path:
    """Return a word as a path of this machine.

    Raises:
        InvalidOption: an address elsewhere, or no name at all.
    """
    if not word:
        raise InvalidOption("'': an empty name. Name a file or a folder.")
    if word.lower().startswith("file:///"):
        from urllib.request import url2pathname  # it loads much

        return Path(url2pathname(urlsplit(word).path))
    if _ADDRESS.match(word):
        raise InvalidOption(
            f"{word}: vsr reads files, not addresses. Download it first, or pipe it: "
            "curl -L ADDRESS | vsr upscale - out.mkv."
        )
    path = Path(word)
    if word.startswith("~") and not is_there(path, "exists"):
        try:
            return path.expanduser()
        except RuntimeError as error:  # no such user
            raise NoSuchFile(f"{word}: no such user. Check the path.") from error
    return path
