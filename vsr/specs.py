"""Frozen values that say what is to be done. They check themselves and import no library."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import Any, Literal

from vsr.errors import InvalidOption, UnknownOption, closest
from vsr.notation import FrameRate, amount_of, rate_of
from vsr.option import Option, check_choices, check_kinds, check_ranges, option, options_of
from vsr.values import (
    DIALS,
    PLAIN,
    Blend,
    CropBox,
    Deinterlace,
    Dial,
    Grain,
    GrainProfile,
    OutputSize,
    TimeRange,
    check_dial,
    check_grain,
)

X264_PRESETS = (
    "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow",
    "placebo",
)  # fmt: skip
"""x264's names for speed, fastest first; they select every encoder's speed."""

Precision = Literal["auto", "fp16", "autocast", "bf16", "fp32", "int8"]
Steady = Literal["auto", "on", "off"]
Existing = Literal["refuse", "overwrite", "skip"]
Hwaccel = Literal["none", "auto", "cuda"]
AudioChoice = Literal["auto", "copy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodeSpec:
    """What the user asks of the encoder; ``auto`` and ``None`` are decided by the media layer.

    Attributes:
        codec: looked up by name in the media layer, as are the encoder preset and all options.
        crf: quality on x264's scale, 0 (best) to 51.
        encoder_preset: one of `X264_PRESETS`, or one of the encoder's own.
    """

    codec: str = option(
        "auto", entry="resolved", is_for_films=True, flags=("-c", "--codec"), metavar="NAME",
        help="Codec: auto, h264, hevc, av1, ffv1, ... .",
    )  # fmt: skip
    crf: float | None = option(
        None, entry="resolved", is_for_films=True, flags=("--crf",), least=0, most=51,
        help="Quality on x264's scale; mapped for other encoders.",
    )  # fmt: skip
    bitrate: int | str | None = option(
        None, entry="resolved", is_for_films=True, flags=("--bitrate",), metavar="BITS/S",
        is_amount=True,
        help="Average bits per second of the video, instead of a quality: 8M, 800k.",
    )  # fmt: skip
    file_size: int | str | None = option(
        None, entry="asked", is_for_films=True, flags=("--file-size",), metavar="BYTES",
        is_amount=True, help="Size of the finished file, about: 4GB, 700MB.",
    )  # fmt: skip
    encoder_preset: str | None = option(
        None, entry="resolved", is_for_films=True, flags=("--encoder-preset",), metavar="NAME",
        help="Encoder speed: superfast ... slow.",
    )  # fmt: skip
    options: Mapping[str, str] = option(
        MappingProxyType({}), entry="resolved", is_for_films=True, name="encoder_options",
        metavar="KEY=VALUE", flags=("-e", "--encoder-option"),
        help="Encoder-specific option; repeatable.",
    )  # fmt: skip
    pix_fmt: str | None = option(
        None, entry="resolved", is_for_films=True, flags=("--pix-fmt",), metavar="NAME",
        help="Pixel format; default: the source's.",
    )  # fmt: skip

    def __post_init__(self) -> None:
        check_kinds(self)
        check_ranges(self)
        if not isinstance(self.options, Mapping):
            raise InvalidOption(f"encoder options {self.options!r}: give a dict, such as g=50.")
        options = {str(name): str(value) for name, value in self.options.items()}  # g=50
        object.__setattr__(self, "options", options)  # a dict of its own can be pickled
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
class UpscaleSpec:
    """One complete upscale: which size, which network, where to run, and how to encode.

    Attributes:
        model: a network's name or file; ``auto`` is decided while planning.
        strength: of the network's flavour for compressed video, 0 to 1; ``auto`` looks at the
            source, and is 0 for a network without one.
        sharpness: of its clear flavour, which draws detail; likewise.
        suggested: which of the two come from a preset: for a network without that flavour they
            are 0, where one that was typed is refused.
        asked: the options that the user chose, by name, whatever a preset says.
        grain: how much of the grain that the network removes is given back: keep, remove, 0 to
            1; ``auto`` keeps it unless the source is judged compressed. A profile is what planning
            measured.
        steady: whether detail is averaged with that of the frames beside, along the motion;
            ``auto``: where a network draws or repairs it, on a CPU.
        hwaccel: decode in software, or with the GPU's decoder where there is one.
        threads: CPU threads, for one worker of several; None takes all.
        segment_frames: frames per segment; None sizes it by its work.
    """

    size: OutputSize
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
    asked: tuple[str, ...] = field(default=(), compare=False)
    grain: GrainProfile | Grain = option(
        "auto", entry="resolved", is_in_presets=True, is_for_films=True, flags=("--grain",),
        metavar="keep|remove|0...1|auto",
        help="Give back grain that the network removes; auto: unless the source is compressed.",
    )  # fmt: skip
    steady: Steady = option(
        "auto", entry="resolved", is_in_presets=True, is_for_films=True, flags=("--steady",),
        help="Hold detail steady from frame to frame; auto: what is drawn or repaired, on a CPU.",
    )  # fmt: skip
    encode: EncodeSpec = EncodeSpec()
    container: str | None = option(
        None, entry="none", is_for_films=True, flags=("--format",), metavar="NAME",
        help="Container; default: by suffix.",
    )  # fmt: skip
    is_faststart: bool = option(
        False, entry="none", is_for_films=True, flags=("--faststart",),
        help="Put the index of an MP4 or MOV at its start.",
    )  # fmt: skip
    device: str = option(
        "auto", entry="resolved", is_of_file=False, flags=("-d", "--device", "--gpu-id"),
        help="Device: auto, cpu, cuda, cuda:N or onnx[:PROVIDER].",
    )  # fmt: skip
    precision: Precision = option(
        "auto", entry="resolved", flags=("--precision",),
        help="Precision: auto is fp16 on CUDA (autocast: torch's own, the reference); on the CPU "
        "int8 for weights tuned for it, else fp32.",
    )  # fmt: skip
    hwaccel: Hwaccel = option(
        "none", entry="resolved", is_for_films=True, flags=("--hwaccel",),
        help="Decode on the GPU (NVDEC) where possible.",
    )  # fmt: skip
    tile: int | None = option(  # strips chosen by memory give the same bits (tested)
        None, entry="asked", flags=("-t", "--tile"), least=16,
        help="Tile side in source pixels; default: by memory.",
    )  # fmt: skip
    threads: int | None = option(None, entry="resolved", is_of_file=False, least=1)
    segment_frames: int | None = option(
        None, entry="none", is_of_file=False, is_for_films=True, is_of_segments=True,
        flags=("--segment-frames",), least=1, help="Frames per segment; default: automatic.",
    )  # fmt: skip
    time: TimeRange = TimeRange()
    crop: str | None = option(
        None, entry="resolved", flags=("--crop",), metavar="W:H:X:Y|auto",
        help="Keep this part of each frame; auto cuts black bars, and says which.",
    )  # fmt: skip
    fps: FrameRate | None = option(
        None, entry="asked", is_for_films=True, flags=("--fps",), metavar="RATE", is_rate=True,
        help="Frames per second of an image sequence; default: 25.",
    )  # fmt: skip
    keep_audio: bool = option(
        True, entry="none", flags=("--no-audio",), is_off_by_flag=True, help="Drop all audio."
    )
    audio: AudioChoice = option(
        "auto", entry="none", is_for_films=True, flags=("--audio",),
        help="Audio that the container cannot hold: auto converts it, copy refuses.",
    )  # fmt: skip
    keep_subtitles: bool = option(
        True, entry="none", flags=("--no-subs",), is_off_by_flag=True, help="Drop all subtitles."
    )
    deinterlace: Deinterlace = option(
        "auto", entry="asked", is_in_presets=True, is_for_films=True, flags=("--deinterlace",),
        help="Interlaced video: auto keeps the rate, bob doubles it (50i to 50p), film gives 24p.",
    )  # fmt: skip
    is_restart: bool = option(
        False, entry="none", is_of_file=False, is_for_films=True, is_of_segments=True,
        flags=("--restart",), help="Discard an unfinished run and start over.",
    )  # fmt: skip
    keeps_work: bool = option(
        False, entry="none", is_of_file=False, is_for_films=True, is_of_segments=True,
        flags=("--keep-work",), help="Keep the segments when the run is finished.",
    )  # fmt: skip
    work_dir: str | None = option(
        None, entry="none", is_of_file=False, is_for_films=True, is_of_segments=True,
        flags=("--work-dir",), metavar="FOLDER",
        help="Put the segments into this folder, such as one on another disk.",
    )  # fmt: skip
    is_strict: bool = option(
        False, entry="none", flags=("--strict",), help="Refuse if anything would be lost."
    )
    existing: Existing = option("refuse", entry="none", is_of_file=False)

    def __post_init__(self) -> None:
        check_kinds(self)
        check_choices(self)
        for name in DIALS:
            check_dial(name, getattr(self, name))
        check_grain(self.grain)
        check_ranges(self)
        if self.crop not in (None, "auto"):
            CropBox.read(str(self.crop))
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
                encoder options are added to those that are there. ``None`` is as if left out
                where an option has no such value.

        Raises:
            UnknownOption: there is none of that name; the message names the closest.
        """
        leaves = {leaf.name: leaf for leaf in options_of(type(self))}
        paths: dict[str, tuple[str, ...]] = {item.name: (item.name,) for item in fields(self)}
        paths |= {name: leaf.path for name, leaf in leaves.items()}
        never_none = {name for name in paths if name not in leaves or not leaves[name].admits_none}
        for name in [one for one in options if one in never_none and options[one] is None]:
            del options[name]
        found: dict[str, Any] = {}
        inner: dict[str, dict[str, Any]] = {}
        for name, value in options.items():
            if name not in paths:
                raise UnknownOption(f"{name}: no option of that name. {closest(name, paths)}")
            outer, last = paths[name][0], paths[name][-1]
            if len(paths[name]) > 1:
                inner.setdefault(outer, {})[last] = value
            else:
                found[outer] = value
        for outer, values in inner.items():
            before = found.get(outer, getattr(self, outer))
            if outer == "encode" and not values.keys().isdisjoint(RATES):
                before = replace(before, **dict.fromkeys(RATES))  # a preset's no longer counts
            if isinstance(values.get("options"), Mapping):
                values["options"] = {**before.options, **values["options"]}
            found[outer] = replace(before, **values)
        suggested = tuple(name for name in self.suggested if name not in options)
        asked = tuple(dict.fromkeys((*self.asked, *options)))
        return replace(self, **found, suggested=suggested, asked=asked)

    @property
    def asked_of_films(self) -> str:
        """The flags of what the user chose and only a film has, in words; empty if nothing."""
        return self._asked(lambda declared: declared.is_for_films)

    @property
    def asked_of_segments(self) -> str:
        """Likewise of what only a file has, as it is written in segments."""
        return self._asked(lambda declared: declared.is_of_segments)

    def _asked(self, is_meant: Callable[[Option], bool]) -> str:
        asked = [one for one in options_of(type(self)) if one.name in self.asked]
        chosen = [one for one in asked if is_meant(one.option) and one.value(self) != one.default]
        return ", ".join(one.option.flags[-1] for one in chosen)

    def blend(self, auto: Blend = PLAIN) -> Blend:
        """Return the blend to use, with the shares of ``auto`` where the source decides."""
        return Blend(
            strength=auto.strength if self.strength == "auto" else self.strength,
            sharpness=auto.sharpness if self.sharpness == "auto" else self.sharpness,
        )
