"""The name of each result: a template filled in, unlike every other, inside the output folder."""

from __future__ import annotations

import string
import unicodedata
from pathlib import Path

from vsr.disk.publishing import name_around
from vsr.errors import InvalidOption, UnwritableOutput

FIELDS = ("stem", "name", "suffix", "model", "scale", "preset")
DEFAULT_TEMPLATE = "{stem}"
LONGEST_BYTES = 240
"""File systems take 255; the work folder next to a result adds a few."""


def check_template(template: str) -> None:
    """Check that a template can be filled in.

    Raises:
        InvalidOption: it has an unknown field, or can leave its folder.
    """
    try:
        named = [
            field for _, field, _, _ in string.Formatter().parse(template) if field is not None
        ]
    except ValueError as error:
        raise InvalidOption(f"--name {template}: {error}.") from error
    unknown = [field for field in named if field not in FIELDS]
    if unknown:
        raise InvalidOption(
            f"--name {template}: {{{unknown[0]}}} is not a field. Choose from "
            f"{', '.join(f'{{{field}}}' for field in FIELDS)}."
        )
    if "/" in template or "\\" in template or "\0" in template:
        raise InvalidOption(f"--name {template}: a path. Give a name only; folders are mirrored.")
    _formatted(template, dict.fromkeys(FIELDS, ""))


def filled(template: str, source: Path, suffix: str, values: dict[str, str]) -> str:
    """Return the name of the result of ``source``, with its suffix.

    Args:
        suffix: of the result, such as ``.mkv``.
        values: of the fields other than those of the source's name.

    Raises:
        InvalidOption: the name would be empty, too long or mean another folder.
    """
    own = {"stem": source.stem, "name": source.name, "suffix": source.suffix.lstrip(".")}
    name = _formatted(template, dict.fromkeys(FIELDS, "") | values | own) + suffix
    is_path = "/" in name or "\0" in name
    if is_path or name in ("", ".", "..", suffix) or name.startswith("."):
        raise InvalidOption(
            f"--name {template}: gives {name!r} for {source.name}, which is not a usable name."
        )
    if len(name.encode("utf-8", "surrogateescape")) > LONGEST_BYTES:
        raise InvalidOption(f"{source.name}: the output name would be too long. Use --name.")
    return name


def _formatted(template: str, values: dict[str, str]) -> str:
    try:
        return template.format(**values)
    except ValueError as error:  # a format of numbers, or one that is a field itself
        raise InvalidOption(
            f"--name {template}: {error}. Write fields as they are, such as {{stem}}."
        ) from error


def collision_key(place: Path) -> str:
    """Return a key that is equal for two paths that some file system treats as one."""
    return unicodedata.normalize("NFC", str(place)).casefold()


def check_inside(place: Path, folder: Path) -> None:
    """Check that writing to ``place`` stays inside ``folder``, wherever links lead.

    Raises:
        UnwritableOutput: it would write elsewhere.
    """
    root = folder.resolve()
    work = place.with_name(name_around(".", place.name, ".vsr"))
    is_inside = place.parent.resolve().is_relative_to(root) and not work.is_symlink()
    if not is_inside or ".." in place.relative_to(folder).parts:
        raise UnwritableOutput(
            f"{place}: a link leads out of {folder}; nothing is written there. Remove it."
        )
