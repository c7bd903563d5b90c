"""A preset for upscaling: values, and the name of the pipeline that uses them; no order.

A look holds some of the same values, for a kind of film, and goes with any size.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import MISSING, dataclass, field, make_dataclass, replace
from typing import Any

from vsr.errors import InvalidRecipe, Refused, UnknownName, one_of
from vsr.option import Leaf, options_of
from vsr.recipes.read import Source, decode_toml, find, recipe_names
from vsr.specs import X264_PRESETS, EncodeSpec, UpscaleSpec
from vsr.values import OutputSize


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """One file of ``presets/``.

    Attributes:
        spec: its values, in a spec without steps; those are the pipeline's.
    """

    description: str
    pipeline: str
    spec: UpscaleSpec
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One file of ``presets/looks/``.

    Attributes:
        values: of the options declared for presets, those that it decides, by name.
    """

    description: str
    values: Mapping[str, Any]

    def __str__(self) -> str:
        texts = {name: f"{v:g}" if isinstance(v, float) else v for name, v in self.values.items()}
        return ", ".join(f"{name} {text}" for name, text in texts.items())


HEAD = {"description": str, "pipeline": str, "aliases": tuple[str, ...]}
"""The keys of a preset file about itself."""

TABLES = {"size": OutputSize, "encode": EncodeSpec}
"""The tables of a preset file; its other keys are the options declared for presets."""


def load_preset(name: str) -> Preset:
    """Find and decode a preset by name, alias or path; a name is found in any case.

    ``720p``, and any other height with or without a ``p``, is the first preset with another size.

    Raises:
        UnknownName: no such preset. A name of x264's (``slow``), or of a look, is explained.
        InvalidRecipe: the file is malformed.
    """
    if name in X264_PRESETS:
        raise UnknownName(
            f"{name}: --preset is for the output size here. "
            f"For the encoder's speed use --encoder-preset {name}."
        )
    named = _named(f"{name}p" if _BARE_LINES.fullmatch(name) else name)
    is_look = named in recipe_names("presets/looks") and named not in recipe_names("presets")
    if is_look or is_look_file(named):
        raise UnknownName(f"{name}: is a look, not a size. Write --look {name}.")
    if (height := _LINES.fullmatch(named.lower())) and named not in recipe_names("presets"):
        return _of_height(int(height[1]))
    return _decoded(find("presets", named))


_LINES = re.compile(r"(\d{2,5})p")
_BARE_LINES = re.compile(r"\d{3,5}")


def _of_height(height: int) -> Preset:
    """Return the preset of Full HD for another height, and the width that is 16:9 with it."""
    width = 2 * round(height * 8 / 9)
    base = _decoded(find("presets", "1080p"))
    return replace(
        base,
        description=f"Fits {width}×{height}, or {height}×{width} for a portrait clip.",
        spec=replace(base.spec, size=OutputSize(width=width, height=height)),
        aliases=(),
    )


def _decoded(source: Source) -> Preset:
    """Decode a file: its schema is its own keys, and the options declared for presets."""
    optional = {"aliases": (), "encode": EncodeSpec()}
    schema = make_dataclass(
        "PresetFile",
        [
            (name, kind, field(default=optional.get(name, MISSING)))
            for name, kind in (HEAD | TABLES).items()
        ]
        + [(leaf.name, leaf.kind, field(default=leaf.default)) for leaf in _options()],
        kw_only=True,
    )
    found = dict(vars(decode_toml(source.text, schema, source.where)))
    head = {name: found.pop(name) for name in HEAD}
    try:
        spec = UpscaleSpec(steps=(), **found)
    except Refused as error:
        raise InvalidRecipe(f"{source.where}: {error}") from error
    return Preset(**head, spec=spec)


def _options() -> Iterator[Leaf]:
    return (leaf for leaf in options_of(UpscaleSpec) if leaf.option.is_in_presets)


def load_look(name: str) -> Look:
    """Find and decode a look by name, in any case, or by path.

    Raises:
        UnknownName: no such look; a size is explained.
        InvalidRecipe: the file is malformed.
    """
    known = recipe_names("presets/looks")
    named = _in_any_case(name, known)
    if named not in known and (_LINES.fullmatch(name) or _named(name) in recipe_names("presets")):
        raise UnknownName(f"{name}: is a size, not a look. Write --preset {name}.")
    source = find("presets/looks", named)
    open_ones = [(leaf.name, leaf.kind | None, field(default=None)) for leaf in _options()]
    schema = make_dataclass("LookFile", [("description", str), *open_ones], kw_only=True)
    found = dict(vars(decode_toml(source.text, schema, source.where)))
    description = found.pop("description")
    values = {name: value for name, value in found.items() if value is not None}
    try:
        UpscaleSpec(size=OutputSize(scale=1), steps=(), **values)
    except Refused as error:
        raise InvalidRecipe(f"{source.where}: {error}") from error
    return Look(description=description, values=values)


def is_look_file(name: str) -> bool:
    """Return whether this is the path of a file that is a look, and could not be a preset."""
    with suppress(Refused):
        return name.endswith(".toml") and load_look(name) is not None
    return False


def text_of(name: str) -> str:
    """Return the text of the file of a preset or look, to begin one's own with.

    Raises:
        UnknownName: neither has that name.
    """
    looks, sizes = recipe_names("presets/looks"), recipe_names("presets")
    if (look := _in_any_case(name, looks)) in looks:
        return find("presets/looks", look).text
    return find("presets", one_of(_named(name), [*sizes, *looks], "preset or look")).text


def _named(name: str) -> str:
    """Return the name behind an alias, else ``name`` itself. Names take precedence over aliases."""
    known = recipe_names("presets")
    if name.endswith(".toml") or (name := _in_any_case(name, known)) in known:
        return name
    for other in known:
        with suppress(Refused):  # a broken preset must not get in the way of the others
            if name.lower() in map(str.lower, _decoded(find("presets", other)).aliases):
                return other
    return name


def _in_any_case(name: str, known: Iterable[str]) -> str:
    """Return the known name that this is in another case, else ``name`` itself."""
    names = {one.lower(): one for one in known}
    return name if name in names.values() else names.get(name.lower(), name)
