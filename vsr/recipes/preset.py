"""A preset for upscaling: values, and the name of the pipeline that uses them; no order."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import MISSING, dataclass, field, make_dataclass

from vsr.errors import InvalidRecipe, Refused, UnknownName
from vsr.option import options_of
from vsr.recipes.decode import decode_toml
from vsr.recipes.find import Source, find, recipe_names
from vsr.specs import X264_PRESETS, EncodeSpec, OutputSize, UpscaleSpec


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


HEAD = {"description": str, "pipeline": str, "aliases": tuple[str, ...]}
"""The keys of a preset file about itself."""

TABLES = {"size": OutputSize, "encode": EncodeSpec}
"""Its tables; the options beside them are those declared for presets."""


def load_preset(name: str) -> Preset:
    """Find and decode a preset by name, alias or path.

    Raises:
        UnknownName: no such preset. A name of x264's (``slow``) is explained.
        InvalidRecipe: the file is malformed.
    """
    if name in X264_PRESETS:
        raise UnknownName(
            f"{name}: --preset chooses the output size here. "
            f"For the encoder's speed use --encoder-preset {name}."
        )
    return _decoded(find("presets", _named(name)))


def _decoded(source: Source) -> Preset:
    """Decode a file: its schema is its own keys, and the options declared for presets."""
    optional = {"aliases": (), "encode": EncodeSpec()}
    schema = make_dataclass(
        "PresetFile",
        [
            (name, kind, field(default=optional.get(name, MISSING)))
            for name, kind in (HEAD | TABLES).items()
        ]
        + [
            (leaf.name, leaf.kind, field(default=leaf.default))
            for leaf in options_of(UpscaleSpec)
            if leaf.option.is_in_presets
        ],
        kw_only=True,
    )
    found = dict(vars(decode_toml(source.text, schema, source.where)))
    head = {name: found.pop(name) for name in HEAD}
    try:
        spec = UpscaleSpec(target=found.pop("size"), steps=(), **found)
    except Refused as error:
        raise InvalidRecipe(f"{source.where}: {error}") from error
    return Preset(**head, spec=spec)


def _named(name: str) -> str:
    """Return the name behind an alias, else ``name`` itself. Names take precedence over aliases."""
    known = recipe_names("presets")
    if name.endswith(".toml") or name in known:
        return name
    for other in known:
        with suppress(Refused):  # a broken preset must not get in the way of the others
            if name in _decoded(find("presets", other)).aliases:
                return other
    return name
