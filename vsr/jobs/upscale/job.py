"""One upscale, fully decided: what is printed is what is done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from functools import cache
from importlib.metadata import version
from math import inf
from pathlib import Path
from typing import Any

from vsr.colour import UNSPECIFIED, Colour, guessed_matrix
from vsr.device.cuda import unused_gpu
from vsr.device.select import Device
from vsr.jobs.upscale.choice import Choice
from vsr.jobs.upscale.fields import Fields, mode_of
from vsr.media.clock import USUAL_FRAME_RATE, Timing, rounded, ticks_per_frame
from vsr.media.containers import Container
from vsr.media.encoding.codecs import Encoder
from vsr.media.encoding.encoding import OutputVideo
from vsr.media.reading.black_bars import crop_note
from vsr.media.resume.manifest import source_facts
from vsr.media.source.hardware import Decoding
from vsr.media.source.info import MediaInfo, VideoInfo
from vsr.media.streams.losses_before_start import Loss, content_of
from vsr.media.streams.stream_plan import StreamPlan
from vsr.media.writing.target import least_bytes
from vsr.models.catalog import Model
from vsr.option import options_of
from vsr.specs import UpscaleSpec
from vsr.upscaling.engine.tile_size import approximation, tile_facts
from vsr.upscaling.plan import SizePlan
from vsr.upscaling.steady.step import CONTEXT
from vsr.values import FRAME_RATIOS, GrainProfile, TimeRange
from vsr.version import revision

INTEGER_BITS = 8
"""The depth of codes that int8 takes as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One upscale, fully decided: `vsr probe` prints it, `vsr upscale` runs it.

    Attributes:
        losses: everything that the output will not hold, though no option declined it.
        spec: as asked, with everything decided that was ``auto`` about the network.
        choice: what that was decided by.
        fields: what becomes of them.
    """

    source: MediaInfo
    target: Path
    spec: UpscaleSpec
    container: Container
    sizes: SizePlan
    model: Model
    device: Device
    encoder: Encoder
    streams: StreamPlan
    video: OutputVideo
    decoding: Decoding
    choice: Choice
    fields: Fields
    losses: tuple[Loss, ...] = ()

    @property
    def colour(self) -> Colour:
        """The colour that the maths uses."""
        return self.source.video.resolved_colour

    @property
    def source_step(self) -> int:
        """How long a frame of the source lasts at its frame rate, in ticks; at least 1."""
        video = self.source.video
        return max(1, rounded(ticks_per_frame(video.frame_rate, video.time_base)))

    @property
    def frames_expected(self) -> int | None:
        """How many frames to expect, according to the header."""
        info, repeats = self.source, self.fields.repeats
        if repeats is not None and repeats.is_throughout:  # the header counts the repetitions
            rate = repeats.frame_rate(info.video.time_base)
            info = replace(info, video=replace(info.video, frame_rate=rate))
            return frames_expected(info, self.spec.time)
        return frames_made(info, self.spec)

    @property
    def grain(self) -> GrainProfile | None:
        """The grain to be drawn, as it was measured."""
        return self.spec.grain if isinstance(self.spec.grain, GrainProfile) else None

    @property
    def is_steady(self) -> bool:
        """Whether detail is held steady from frame to frame, as it was decided."""
        return self.spec.steady == "on"

    @property
    def context(self) -> int:
        """How many frames beyond either end of a span the steps look at."""
        return self.fields.context + CONTEXT * self.is_steady

    @property
    def is_exact(self) -> bool:
        """Whether every x86 processor makes the same bytes: nothing is rounded in float.

        So it is with int8 from 8-bit planes to 8-bit planes without a resize (`vsr.models.int8`),
        alpha or grain, encoded by x264. Whole files were the same with FFmpeg's decoders and
        deinterlacer without assembly, and x264 held to SSE 4.2, as with all that AVX2 offers; and
        with torch and oneDNN held to AVX2, as with AVX-512.
        """
        layout = self.source.video.layout
        return (
            self.device.kind == "cpu"
            and self.device.precision == "int8"
            and self.model.traits.colour == "rgb"
            and layout.bits == INTEGER_BITS
            and not layout.is_gray
            and self.encoder.layout == layout
            and self.sizes.network == self.sizes.output
            and self.sizes.scale % 2 == 0
            and self.choice.tone is None
            and self.grain is None
            and not self.encoder.has_alpha
            and self.encoder.name == "libx264"
        )

    def fingerprint(self) -> dict[str, Any]:
        """Return everything that the bytes of the output depend on, by name, as JSON values."""
        spec, encoder = self.spec, self.encoder
        return {
            **source_facts(self.source.path),
            **versions(),
            **tile_facts(self.model, self.sizes.source, spec.tile),
            "steps": list(spec.steps),
            "sizes": str(self.sizes),
            "model": self.model.name,
            "weights": self.model.sha256,
            "strength": self.model.blend.strength,
            "sharpness": self.model.blend.sharpness,
            "tone": self.choice.tone,
            "grain": asdict(self.grain) if self.grain else None,
            "steady": self.is_steady,
            "device": "x86" if self.is_exact else self.device.hardware,
            "precision": self.device.precision,
            "decoding": self.decoding.hwaccel,
            "encoder": encoder.name,
            "pixel format": encoder.pix_fmt,
            "alpha": encoder.has_alpha,
            "crop": str(self.source.video.crop) if self.source.video.crop else None,
            "encoder options": dict(encoder.options),
            "encoder threads": encoder.threads,
            "colour": asdict(self.video.colour),
            "time base": str(self.video.time_base),
            "film": asdict(self.fields.film) if self.fields.film else None,
            "repeated fields": str(self.fields.repeats) if self.fields.repeats else None,
            **asked(spec),
        }

    @property
    def lost(self) -> tuple[str, ...]:
        """What somebody would miss: it is reported at the end, and the exit code is 3."""
        return content_of(self.losses)

    @property
    def network(self) -> str:
        """The model with its blend, and what decided it."""
        return self.choice.in_words(self.model)

    @property
    def outline(self) -> str:
        """Where, by which network, through which sizes and into which encoder, on one line."""
        encoder = self.encoder
        options = [f"{key}={value}" for key, value in encoder.options.items()]
        written = ", ".join((encoder.name, encoder.pix_fmt, *options))
        return f"{self.device}; {self.network}; {self.sizes}; {written}"

    def seconds(self, pts: int) -> float:
        """Return the time of a finished frame in seconds from the start of the output."""
        source = self.source.video
        shown = float(pts * self.video.time_base - (source.start_pts or 0) * source.time_base)
        return max(0.0, shown - self.spec.time.start_seconds)

    @property
    def is_length_counted(self) -> bool:
        """Whether `frames_expected` is of the video's own header: other streams may last longer."""
        video = self.source.video
        return bool(video.frames_in_header or video.duration_seconds)

    @property
    def least_bytes(self) -> int:
        """The least disk space that the run needs: the segments, and the file joined from them."""
        return least_bytes(self.encoder.codec, self.video.size.pixels, self.frames_expected or 0)

    def notes(self) -> Iterator[str]:
        """Yield the remarks for the user before the start, one line each."""
        video = self.source.video
        if note := self.choice.note(self.model):
            yield note
        if note := self.sizes.restoring_note:
            yield note
        if note := crop_note(video):
            yield note
        if note := approximation(self.model, self.sizes.source, self.spec.tile):
            yield note
        if video.conversion and not video.reading.is_lossy:
            yield f"{video.conversion}."
        if video.implausible_rate and video.timing is Timing.FRAME_RATE:
            yield (
                f"the header says {float(video.implausible_rate):g} frames per second: "
                f"{USUAL_FRAME_RATE} are assumed."
            )
        if note := self.fields.note(video, self.spec.deinterlace):
            yield note
        if video.colour.matrix == UNSPECIFIED and not video.layout.is_gray:
            yield _matrix_note(video, self.video)
        yield from map(str, self.losses)
        if self.container.is_bare:
            own = self.video.frame_rate
            rate = f"{float(own):.5g} a second" if own else "unknown"
            what = "images hold" if self.container.is_sequence else f"{self.container.name} holds"
            yield f"{what} no times: the frame rate is {rate}."
        if self.spec.device == "auto" and not self.device.is_cuda and (note := unused_gpu()):
            yield note
        if self.decoding.note:
            yield self.decoding.note
        yield from (f"{fate}." for fate in self.streams.converted if not fate.is_loss)
        yield from (note if note.endswith(".") else f"{note}." for note in self.encoder.notes)


def frames_made(info: MediaInfo, spec: UpscaleSpec) -> int | None:
    """Return how many frames an upscale makes, according to the header."""
    count = frames_expected(info, spec.time)
    return count and rounded(count * FRAME_RATIOS.get(mode_of(spec, info.video), Fraction(1)))


def frames_expected(info: MediaInfo, time: TimeRange) -> int | None:
    """Return how many frames a part of a clip has, according to the header."""
    video = info.video
    count = video.frames_in_header
    duration_seconds = video.duration_seconds or info.duration_seconds
    if not count and duration_seconds and video.frame_rate:
        count = round(duration_seconds * video.frame_rate)
    if count and video.frame_rate and not time.is_whole:
        last_seconds = min(time.end_seconds, float(count / video.frame_rate))
        count = max(0, round((last_seconds - time.start_seconds) * video.frame_rate))
    if time.max_frames is not None:
        count = min(count or time.max_frames, time.max_frames)
    return count or None


def asked(spec: UpscaleSpec) -> dict[str, Any]:
    """Return the options on which the bytes depend as they were asked for, as JSON values."""
    values = {
        leaf.name.replace("_", " "): leaf.value(spec)
        for leaf in options_of(UpscaleSpec)
        if leaf.option.entry == "asked"
    }
    values["fps"] = None if spec.fps is None else str(spec.fps)
    return {name: None if value == inf else value for name, value in values.items()}


@cache
def versions() -> dict[str, str]:
    """Return the versions that the bytes of an output depend on; looked up once in a process."""
    return {"vsr": revision(), "torch": version("torch"), "av": version("av")}


def _matrix_note(video: VideoInfo, output: OutputVideo) -> str:
    used = guessed_matrix(video.size.width, video.size.height)
    name = {1: "BT.709", 6: "BT.601"}[used]
    tag = "stays untagged" if output.colour.matrix == UNSPECIFIED else f"is tagged {name}"
    return (
        f"the colour matrix is not tagged: {name} is assumed, as players do for {video.size}; "
        f"the output {tag}."
    )
