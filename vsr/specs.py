"""Frozen values that say what is to be done. They check themselves and import no library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import inf
from types import MappingProxyType
from typing import Any, Literal

from vsr.blend import DIALS, PLAIN, Blend, Dial, check_dial
from vsr.checks import check_between, check_choices, check_whole
from vsr.errors import InvalidOption

X264_PRESETS = (
    "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow",
    "placebo",
)  # fmt: skip
"""x264's names for speed, fastest first; they select every encoder's speed."""

Precision = Literal["auto", "fp16", "bf16", "fp32"]
Deinterlace = Literal["auto", "off", "refuse"]
Existing = Literal["refuse", "overwrite", "skip"]
Hwaccel = Literal["none", "auto", "cuda"]


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

    def scaled(self, factor: int) -> Size:
        """Return both sides multiplied by an integer."""
        return Size(self.width * factor, self.height * factor)


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

    start_seconds: float = 0.0
    end_seconds: float = inf
    max_frames: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.start_seconds < self.end_seconds:
            raise InvalidOption(
                f"the start, {self.start_seconds:g} s, must not be negative and must come before "
                f"the end, {self.end_seconds:g} s."
            )
        check_whole("max_frames", self.max_frames, 1)

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

    codec: str = "auto"
    crf: float | None = None
    encoder_preset: str | None = None
    options: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    pix_fmt: str | None = None

    def __post_init__(self) -> None:
        check_between("crf", self.crf, 0, 51)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The size to reach: a pure scale, or a box to fit with square pixels. Exactly one of them.

    A box is rotated for a portrait video. One side of a box may be left open (``None``).
    """

    scale: int | None = None
    width: int | None = None
    height: int | None = None

    def __post_init__(self) -> None:
        has_box = self.width is not None or self.height is not None
        if (self.scale is not None) == has_box:
            raise InvalidOption("give either a scale, or a width, a height or both.")
        for name in ("scale", "width", "height"):
            check_whole(name, getattr(self, name), 1)


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
        hwaccel: decode in software, or with the GPU's decoder where there is one.
        threads: CPU threads, for one worker of several; None takes all.
        segment_frames: frames per segment; None sizes it by its work.
    """

    target: Target
    steps: tuple[str, ...]
    model: str = "fast"
    strength: Dial = "auto"
    sharpness: Dial = "auto"
    suggested: tuple[str, ...] = ()
    encode: EncodeSpec = EncodeSpec()
    container: str | None = None
    is_faststart: bool = False
    device: str = "auto"
    precision: Precision = "auto"
    hwaccel: Hwaccel = "none"
    tile: int | None = None
    threads: int | None = None
    segment_frames: int | None = None
    time: TimeRange = TimeRange()
    keep_audio: bool = True
    keep_subtitles: bool = True
    deinterlace: Deinterlace = "auto"
    is_strict: bool = False
    existing: Existing = "refuse"
    keeps_work: bool = False
    is_restart: bool = False

    def __post_init__(self) -> None:
        check_choices(self)
        for name in DIALS:
            check_dial(name, getattr(self, name))
        check_whole("tile", self.tile, 16)
        check_whole("threads", self.threads, 1)
        check_whole("segment_frames", self.segment_frames, 1)

    def of_model(self, model: str) -> UpscaleSpec:
        """Return the spec with another model, without the blend chosen for the first one."""
        return replace(self, model=model, strength="auto", sharpness="auto")

    def typed(self, **fields: Any) -> UpscaleSpec:
        """Return the spec with fields that the user chose, whatever its preset says."""
        suggested = tuple(name for name in self.suggested if name not in fields)
        return replace(self, **fields, suggested=suggested)

    def blend(self, auto: Blend = PLAIN) -> Blend:
        """Return the blend to use, with the shares of ``auto`` where the source decides."""
        return Blend(
            strength=auto.strength if self.strength == "auto" else self.strength,
            sharpness=auto.sharpness if self.sharpness == "auto" else self.sharpness,
        )
