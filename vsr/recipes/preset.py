"""A preset for upscaling: values, and the name of the pipeline that uses them; no order."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from vsr.blend import DIALS, Dial, check_dial
from vsr.errors import InvalidOption, Refused, UnknownName
from vsr.recipes.decode import decode_toml
from vsr.recipes.find import Source, find, recipe_names
from vsr.specs import X264_PRESETS, Deinterlace, EncodeSpec, Target


@dataclass(frozen=True, slots=True)
class EncodeTable:
    """The ``[encode]`` table; omitted values are decided as without a preset."""

    codec: str = "auto"
    crf: float | None = None
    encoder_preset: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    pix_fmt: str | None = None

    def spec(self) -> EncodeSpec:
        """Return the same values as an `EncodeSpec`."""
        return EncodeSpec(
            codec=self.codec,
            crf=self.crf,
            encoder_preset=self.encoder_preset,
            options=self.options,
            pix_fmt=self.pix_fmt,
        )


@dataclass(frozen=True, slots=True)
class SizeTable:
    """The ``[size]`` table: the box to fit (it turns with a portrait picture), or a pure scale."""

    width: int | None = None
    height: int | None = None
    scale: int | None = None

    def __post_init__(self) -> None:
        try:
            self.target()
        except InvalidOption as error:
            raise InvalidOption("needs width and height, one of them, or scale.") from error

    def target(self) -> Target:
        """Return the same values as a `Target`."""
        return Target(scale=self.scale, width=self.width, height=self.height)


@dataclass(frozen=True, slots=True)
class Preset:
    """One file of ``presets/``: the schema is this class."""

    description: str
    pipeline: str
    size: SizeTable
    model: str = "fast"
    strength: Dial = "auto"
    sharpness: Dial = "auto"
    aliases: tuple[str, ...] = ()
    deinterlace: Deinterlace = "auto"
    encode: EncodeTable = EncodeTable()

    def __post_init__(self) -> None:
        for name in DIALS:
            check_dial(name, getattr(self, name))


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
    return decode_toml(source.text, Preset, source.where)


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
