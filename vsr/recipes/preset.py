"""A preset for upscaling: values, and the name of the pipeline that uses them; no order.

A look holds some of the same values, for a kind of film, and goes with any size.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import MISSING, dataclass, field, make_dataclass, replace
from typing import Any

from vsr.errors import InvalidRecipe, Refused, UnknownName
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
"""Its tables; the options beside them are those declared for presets."""


def load_preset(name: str) -> Preset:
    """Find and decode a preset by name, alias or path; a name is found in any case.

    ``720p``, and any other height with a ``p``, is the first preset with another size.

    Raises:
        UnknownName: no such preset. A name of x264's (``slow``) is explained.
        InvalidRecipe: the file is malformed.
    """
    if name in X264_PRESETS:
        raise UnknownName(
            f"{name}: --preset chooses the output size here. "
            f"For the encoder's speed use --encoder-preset {name}."
        )
    named = _named(name)
    if (height := _LINES.fullmatch(named.lower())) and named not in recipe_names("presets"):
        return _of_height(int(height[1]))
    return _decoded(find("presets", named))


_LINES = re.compile(r"(\d{2,5})p")


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
    """Find and decode a look by name or path.

    Raises:
        UnknownName: no such look.
        InvalidRecipe: the file is malformed.
    """
    source = find("presets/looks", name)
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


def _named(name: str) -> str:
    """Return the name behind an alias, else ``name`` itself. Names take precedence over aliases."""
    known = recipe_names("presets")
    if name.endswith(".toml") or name in known:
        return name
    for other in known:
        if other.lower() == name.lower():
            return other
    for other in known:
        with suppress(Refused):  # a broken preset must not get in the way of the others
            if name.lower() in map(str.lower, _decoded(find("presets", other)).aliases):
                return other
    return name
