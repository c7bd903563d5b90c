"""Find a recipe by name or by path.

Recipes are TOML files in two folders, ``presets`` (values; those of looks and of training in
folders within it) and ``pipelines`` (order). They are looked for in the user's own folder first
(`vsr.folders`), then among the shipped ones: inside the installed package, or beside it in a
checkout. Anything that ends in ``.toml`` or holds a path separator is taken as a path.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Literal, TypeVar

from vsr.errors import InvalidRecipe, Refused, one_of
from vsr.folders import user_folder

T = TypeVar("T")

Kind = Literal["presets", "presets/looks", "presets/train", "pipelines"]


WHAT: Mapping[Kind, str] = {
    "presets": "preset",
    "presets/looks": "look",
    "presets/train": "recipe",
    "pipelines": "pipeline",
}
"""What a user calls a recipe of each kind."""


@dataclass(frozen=True, slots=True)
class Source:
    """The text of a recipe, its name, and where it was found (for messages)."""

    name: str
    text: str
    where: str


def find(kind: Kind, name: str) -> Source:
    """Return the recipe ``name``, or the one at that path.

    Raises:
        UnknownName: no recipe of that name; the message suggests close ones.
        InvalidRecipe: a path that cannot be read.
    """
    if name.endswith(".toml") or os.sep in name:
        return _read(Path(name), Path(name).stem)
    found = dict(_all(kind))
    return _read(found[one_of(name, sorted(found), WHAT[kind])], name)


def recipe_names(kind: Kind) -> list[str]:
    """Return the names of every recipe of a kind; nothing is read."""
    return sorted(dict(_all(kind)))


def readable(kind: Kind, load: Callable[[str], T]) -> tuple[dict[str, T], list[Refused]]:
    """Load every recipe of a kind by name.

    Returns:
        those that can be loaded, and why each of the others cannot: one broken file of the user's
        does not hide the rest.
    """
    found, refused = {}, []
    for name in recipe_names(kind):
        try:
            found[name] = load(name)
        except Refused as error:
            refused.append(error)
    return found, refused


def shipped_folder(kind: str) -> Traversable:
    """Return the shipped folder: in the wheel inside the package, in a checkout beside it."""
    inside = files("vsr").joinpath(kind)
    return inside if inside.is_dir() else files("vsr").joinpath("..", kind)


def _all(kind: Kind) -> Iterator[tuple[str, Traversable]]:
    """Yield shipped recipes, then the user's: a later one of the same name wins."""
    for folder in (shipped_folder(kind), user_folder(kind)):
        if folder.is_dir():
            for item in folder.iterdir():
                if item.name.endswith(".toml"):
                    yield item.name.removesuffix(".toml"), item


def _read(item: Traversable, name: str) -> Source:
    where = str(item) if isinstance(item, Path) and ".." not in item.parts else item.name
    try:
        return Source(name, item.read_text(encoding="utf-8"), where)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise InvalidRecipe(f"{where}: cannot be read: {reason}. Check the path.") from error
