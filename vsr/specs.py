"""Frozen values that say what is to be done. They check themselves and import no library."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from fractions import Fraction
from math import floor, inf
from types import MappingProxyType
from typing import Any, Literal

from vsr.blend import DIALS, PLAIN, Blend, Dial, check_dial
from vsr.errors import InvalidOption, UnknownOption
from vsr.grain import Grain, GrainProfile, check_grain
from vsr.option import check_choices, check_ranges, option, options_of

X264_PRESETS = (
    "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow",
    "placebo",
)  # fmt: skip
"""x264's names for speed, fastest first; they select every encoder's speed."""

Precision = Literal["auto", "fp16", "bf16", "fp32", "int8"]
Deinterlace = Literal["auto", "bob", "off", "refuse"]

FRAME_RATIOS: Mapping[Deinterlace, Fraction] = MappingProxyType({"bob": Fraction(2)})
"""Frames that leave the deinterlacer for each that comes, where they are not as many."""

FINER: Mapping[Deinterlace, int] = MappingProxyType({"bob": 2})
"""Ticks of the output's clock to one of the source's: so many that every new time is exact."""
Existing = Literal["refuse", "overwrite", "skip"]
Hwaccel = Literal["none", "auto", "cuda"]
AudioChoice = Literal["auto", "copy"]


_CLOCK = re.compile(r"(?:(\d+):)?([0-5]?\d):([0-5]?\d(?:\.\d*)?)")
_PLAIN = re.compile(r"\d+(?:\.\d*)?")


def seconds_of(value: float | str) -> float:
    """Return a time in seconds, which may be written as ``90``, ``1:30`` or ``0:01:30.5``.

    Raises:
        InvalidOption: it is not a time.
    """
    if not isinstance(value, str):
        return value
    if _PLAIN.fullmatch(value):
        return float(value)
    match = _CLOCK.fullmatch(value)
    if match is None:
        raise InvalidOption(f"{value!r} is not a time; write 90, 1:30 or 0:01:30.5.")
    hours, minutes, seconds = match.groups()
    return 3600 * int(hours or 0) + 60 * int(minutes) + float(seconds)


FrameRate = Fraction | float | str

NTSC = tuple(Fraction(rate * 1000, 1001) for rate in (24, 30, 48, 60, 120))
"""What people mean by 23.976, 29.97, 47.95, 59.94 and 119.88."""


def rate_of(value: FrameRate) -> Fraction:
    """Return frames per second exactly; they may be written as ``25``, ``23.976``, ``24000/1001``.

    Raises:
        InvalidOption: it is not a rate from 1/1000 to 1000.
    """
    try:
        rate = Fraction(str(value).strip())
    except (ValueError, ZeroDivisionError):
        rate = Fraction(0)
    if not Fraction(1, 1000) <= rate <= 1000:
        raise InvalidOption(f"{value} is not a frame rate; write 25, 23.976 or 24000/1001.")
    return next((one for one in NTSC if abs(one - rate) < Fraction(1, 200)), rate)


_AMOUNT = re.compile(r"(\d+(?:\.\d*)?)\s*([kmgt]?)(i?)(?:b|bit|bits|bps|b/s|bit/s)?", re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}


def amount_of(value: float | str) -> int:
    """Return a number of bits or bytes, which may be written as ``800k``, ``8M``, ``1.5GiB``.

    Raises:
        InvalidOption: it is not a number above 0.
    """
    match = _AMOUNT.fullmatch(str(value).strip())
    amount = 0
    if match is not None:
        number, letter, binary = match.groups()
        amount = floor(Fraction(number) * (1024 if binary else 1000) ** _POWERS[letter.lower()])
    if amount < 1:
        raise InvalidOption(f"{value!r} is not an amount; write 800k, 8M or 4GB.")
    return amount


Factor = Fraction | float
"""By what the sides of a frame are multiplied; exact once a spec holds it."""

HALF = Fraction(1, 2)


def factor_of(value: Factor | str) -> Fraction:
    """Return a factor exactly; it may be written as ``2``, ``1.5``, ``3/2``, ``4x`` or ``x4``.

    Raises:
        InvalidOption: it is not a number.
    """
    text = str(value).strip().lower().replace("×", "x").strip("x")
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise InvalidOption(f"scale {value}: give a number such as 2 or 1.5.") from None


@dataclass(frozen=True, slots=True)
class Size:
    """Width and height in pixels, both at least 1."""

    width: int
    height: int

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise InvalidOption(f"{self}: width and height must be at least 1.")

    def __str__(self) -> str:
        return f"{self.width}×{self.height}"

    @property
    def pixels(self) -> int:
        """The area."""
        return self.width * self.height

    def turned(self) -> Size:
        """Return the size with width and height swapped."""
        return Size(self.height, self.width)

    def scaled(self, factor: Factor) -> Size:
        """Return both sides multiplied by a factor, to the nearest pixel."""
        sides = (floor(side * factor + HALF) for side in (self.width, self.height))
        return Size(*sides)


@dataclass(frozen=True, slots=True)
class PtsSpan:
    """A half-open range of presentation times, in ticks of the video stream: start <= pts < end.

    ``None`` leaves that side open.
    """

    start: int | None = None
    end: int | None = None

    def __contains__(self, pts: int) -> bool:
        return (self.start is None or pts >= self.start) and (self.end is None or pts < self.end)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeRange:
    """The part of a clip to upscale: seconds from its first frame, half-open, and a frame limit."""

    start_seconds: float = option(
        0.0, entry="asked", name="start", flags=("--start",), is_time=True,
        help="Start time: 90, 1:30, 0:01:30.5.",
    )  # fmt: skip
    end_seconds: float = option(
        inf, entry="asked", name="end", flags=("--end",), is_time=True, help="End time, exclusive."
    )
    max_frames: int | None = option(
        None, entry="asked", flags=("--max-frames",), least=1, help="Stop after this many frames."
    )

    def __post_init__(self) -> None:
        for name in ("start_seconds", "end_seconds"):
            object.__setattr__(self, name, seconds_of(getattr(self, name)))
        if not 0 <= self.start_seconds < self.end_seconds:
            raise InvalidOption(
                f"the start, {self.start_seconds:g} s, must not be negative and must come before "
                f"the end, {self.end_seconds:g} s."
            )
        check_ranges(self)

    @property
    def is_whole(self) -> bool:
        """Whether nothing is cut off."""
        return self.start_seconds == 0 and self.end_seconds == inf and self.max_frames is None


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodeSpec:
    """What the user asks of the encoder; ``auto`` and ``None`` are decided by the media layer.

    Attributes:
        codec: looked up by name in the media layer, as are the encoder preset and all options.
        crf: quality on x264's scale, 0 (best) to 51.
        encoder_preset: one of `X264_PRESETS`, or one of the encoder's own.
    """

    codec: str = option(
        "auto", entry="resolved", flags=("-c", "--codec"), metavar="NAME",
        help="Codec: auto, h264, hevc, av1, ffv1, ... .",
    )  # fmt: skip
    crf: float | None = option(
        None, entry="resolved", flags=("--crf",), least=0, most=51,
        help="Quality on x264's scale; mapped for other encoders.",
    )  # fmt: skip
    bitrate: int | str | None = option(
        None, entry="resolved", flags=("--bitrate",), metavar="BITS/S", is_amount=True,
        help="Average bits per second of the video, instead of a quality: 8M, 800k.",
    )  # fmt: skip
    file_size: int | str | None = option(
        None, entry="asked", flags=("--file-size",), metavar="BYTES", is_amount=True,
        help="Size of the finished file, about: 4GB, 700MB.",
    )  # fmt: skip
    encoder_preset: str | None = option(
        None, entry="resolved", flags=("--encoder-preset",), metavar="NAME",
        help="Encoder speed: superfast ... slow.",
    )  # fmt: skip
    options: Mapping[str, str] = option(
        MappingProxyType({}), entry="resolved", name="encoder_options", metavar="KEY=VALUE",
        flags=("-e", "--encoder-option"), help="Encoder-specific option; repeatable.",
    )  # fmt: skip
    pix_fmt: str | None = option(
        None, entry="resolved", flags=("--pix-fmt",), metavar="NAME",
        help="Pixel format; default: the source's.",
    )  # fmt: skip

    def __post_init__(self) -> None:
        check_ranges(self)
        for name in ("bitrate", "file_size"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, amount_of(getattr(self, name)))
        chosen = [name for name in RATES if getattr(self, name) is not None]
        if len(chosen) > 1:
            names = " and ".join(name.replace("_", "-") for name in chosen)
            raise InvalidOption(f"{names} each choose the size of the file; give only one of them.")


RATES = ("crf", "bitrate", "file_size")
"""The options that choose how many bits are spent; one at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputSize:
    """The size to reach: a pure scale, or a box to fit with square pixels. Exactly one of them.

    A box is rotated for a portrait video. One side of a box may be left open (``None``).
    """

    scale: Factor | None = option(
        None, entry="resolved", flags=("-s", "--scale"), metavar="NUMBER",
        help="Enlarge by this factor: 2, 1.5, 4x.",
    )  # fmt: skip
    width: int | None = option(
        None, entry="resolved", flags=("--width",), metavar="PIXELS", least=1,
        help="Fit this width, with square pixels.",
    )  # fmt: skip
    height: int | None = option(
        None, entry="resolved", flags=("--height",), metavar="PIXELS", least=1,
        help="Fit this height, with square pixels.",
    )  # fmt: skip

    def __post_init__(self) -> None:
        has_box = self.width is not None or self.height is not None
        if (self.scale is not None) == has_box:
            raise InvalidOption("give either a scale, or a width, a height or both.")
        if self.scale is not None:
            object.__setattr__(self, "scale", factor_of(self.scale))
            if self.scale < 1:
                raise InvalidOption(f"scale {float(self.scale):g} must be at least 1.")
        check_ranges(self)

    @property
    def label(self) -> str:
        """The size in a few letters, for the name of a file: ``1080p``, ``x2``, ``1280w``."""
        if self.scale is not None:
            return f"x{float(self.scale):g}"
        return f"{self.height}p" if self.height is not None else f"{self.width}w"


@dataclass(frozen=True, slots=True, kw_only=True)
class UpscaleSpec:
    """One complete upscale: which size, which network, where to run, and how to encode.

    Attributes:
        model: a network's name or file; ``auto`` is decided while planning.
        strength: of the network's flavour for compressed video, 0 to 1; ``auto`` looks at the
            source, and is 0 for a network without one.
        sharpness: of its clear flavour, which draws detail; likewise.
        suggested: which of the two come from a preset: for a network without that flavour they
            are 0, where one that was typed is refused.
        grain: how much of the grain that the network removes is given back: keep, remove, 0 to
            1; ``auto`` keeps it unless the source is judged compressed. A profile is what planning
            measured.
        hwaccel: decode in software, or with the GPU's decoder where there is one.
        threads: CPU threads, for one worker of several; None takes all.
        segment_frames: frames per segment; None sizes it by its work.
    """

    target: OutputSize
    steps: tuple[str, ...]
    model: str = option(
        "fast", entry="resolved", is_in_presets=True, flags=("-m", "--model"), metavar="NAME|FILE",
        help="Network (see vsr models), or weights file.",
    )  # fmt: skip
    strength: Dial = option(
        "auto", entry="resolved", is_in_presets=True, flags=("--strength",), metavar="0...1|auto",
        help="How strongly to repair compression artifacts; auto decides by the source.",
    )  # fmt: skip
    sharpness: Dial = option(
        "auto", entry="resolved", is_in_presets=True, flags=("--sharpness",), metavar="0...1|auto",
        help="How much detail to draw that was not there; auto: on compressed sources.",
    )  # fmt: skip
    suggested: tuple[str, ...] = ()
    grain: GrainProfile | Grain = option(
        "auto", entry="resolved", is_in_presets=True, flags=("--grain",),
        metavar="keep|remove|0...1|auto",
        help="Give back grain that the network removes; auto: unless the source is compressed.",
    )  # fmt: skip
    encode: EncodeSpec = EncodeSpec()
    container: str | None = option(
        None, entry="none", flags=("--format",), metavar="NAME",
        help="Container; default: by suffix.",
    )  # fmt: skip
    is_faststart: bool = option(
        False, entry="none", flags=("--faststart",),
        help="Put the index of an MP4 or MOV at its start.",
    )  # fmt: skip
    device: str = option(
        "auto", entry="resolved", is_of_file=False, flags=("-d", "--device", "--gpu-id"),
        help="auto, cpu, cuda or cuda:N.",
    )  # fmt: skip
    precision: Precision = option(
        "auto", entry="resolved", flags=("--precision",),
        help="auto is fp16 on CUDA; on the CPU int8 for weights tuned for it, else fp32.",
    )  # fmt: skip
    hwaccel: Hwaccel = option(
        "none", entry="resolved", flags=("--hwaccel",),
        help="Decode on the GPU (NVDEC) where possible.",
    )  # fmt: skip
    tile: int | None = option(  # strips chosen by memory give the same bits (tested)
        None, entry="asked", flags=("-t", "--tile"), least=16,
        help="Tile side in source pixels; default: by memory.",
    )  # fmt: skip
    threads: int | None = option(None, entry="resolved", is_of_file=False, least=1)
    segment_frames: int | None = option(
        None, entry="none", is_of_file=False, flags=("--segment-frames",), least=1,
        help="Frames per segment; default: automatic.",
    )  # fmt: skip
    time: TimeRange = TimeRange()
    fps: FrameRate | None = option(
        None, entry="asked", flags=("--fps",), metavar="RATE", is_rate=True,
        help="Frames per second of an image sequence; default: 25.",
    )  # fmt: skip
    keep_audio: bool = option(
        True, entry="none", flags=("--no-audio",), is_off_by_flag=True, help="Drop all audio."
    )
    audio: AudioChoice = option(
        "auto", entry="none", flags=("--audio",),
        help="auto converts audio that the container cannot hold; copy refuses.",
    )  # fmt: skip
    keep_subtitles: bool = option(
        True, entry="none", flags=("--no-subs",), is_off_by_flag=True, help="Drop all subtitles."
    )
    deinterlace: Deinterlace = option(
        "auto", entry="asked", is_in_presets=True, flags=("--deinterlace",),
        help="Interlaced video: auto keeps the rate, bob makes a frame of each field (50i to 50p).",
    )  # fmt: skip
    is_restart: bool = option(
        False, entry="none", is_of_file=False, flags=("--restart",),
        help="Discard an unfinished run and start over.",
    )  # fmt: skip
    keeps_work: bool = option(
        False, entry="none", is_of_file=False, flags=("--keep-work",),
        help="Keep the segments next to the output.",
    )  # fmt: skip
    work_dir: str | None = option(
        None, entry="none", is_of_file=False, flags=("--work-dir",), metavar="FOLDER",
        help="Put the segments into this folder, on another disk.",
    )  # fmt: skip
    is_strict: bool = option(
        False, entry="none", flags=("--strict",), help="Refuse if anything would be lost."
    )
    existing: Existing = option("refuse", entry="none", is_of_file=False)

    def __post_init__(self) -> None:
        check_choices(self)
        for name in DIALS:
            check_dial(name, getattr(self, name))
        check_grain(self.grain)
        check_ranges(self)
        if self.fps is not None:
            object.__setattr__(self, "fps", rate_of(self.fps))
        if self.audio == "copy" and not self.keep_audio:
            raise InvalidOption("audio is to be copied and to be dropped; give only one of them.")

    def of_model(self, model: str) -> UpscaleSpec:
        """Return the spec with another model, without the blend chosen for the first one."""
        return replace(self, model=model, strength="auto", sharpness="auto")

    def with_options(self, **options: Any) -> UpscaleSpec:
        """Return the spec with options that the user chose, whatever its preset says.

        Args:
            options: fields, or options of a spec within this one, such as ``crf`` or ``start``;
                encoder options are added to those that are there.

        Raises:
            UnknownOption: there is none of that name; the message names the closest.
        """
        paths: dict[str, tuple[str, ...]] = {item.name: (item.name,) for item in fields(self)}
        paths |= {leaf.name: leaf.path for leaf in options_of(type(self))}
        found: dict[str, Any] = {}
        inner: dict[str, dict[str, Any]] = {}
        for name, value in options.items():
            if name not in paths:
                raise _unknown(name, paths)
            outer, last = paths[name][0], paths[name][-1]
            if len(paths[name]) > 1:
                inner.setdefault(outer, {})[last] = value
            else:
                found[outer] = value
        for outer, values in inner.items():
            before = found.get(outer, getattr(self, outer))
            if outer == "encode" and not values.keys().isdisjoint(RATES):
                before = replace(before, **dict.fromkeys(RATES))  # a preset's no longer counts
            if "options" in values:
                values["options"] = {**before.options, **values["options"]}
            found[outer] = replace(before, **values)
        suggested = tuple(name for name in self.suggested if name not in options)
        return replace(self, **found, suggested=suggested)

    def blend(self, auto: Blend = PLAIN) -> Blend:
        """Return the blend to use, with the shares of ``auto`` where the source decides."""
        return Blend(
            strength=auto.strength if self.strength == "auto" else self.strength,
            sharpness=auto.sharpness if self.sharpness == "auto" else self.sharpness,
        )


SIZE = tuple(leaf.name for leaf in options_of(OutputSize))
"""The options that choose a size."""


def _unknown(name: str, known: Iterable[str]) -> UnknownOption:
    close = get_close_matches(name, known, n=1)
    hint = f"Did you mean {close[0]}?" if close else f"Choose from: {', '.join(sorted(known))}."
    return UnknownOption(f"{name}: no option of that name. {hint}")
