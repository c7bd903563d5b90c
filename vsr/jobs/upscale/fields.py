"""What becomes of the fields of a film, and how many frames that makes: decided while planning."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from vsr.errors import Refused
from vsr.frames import HostFrame
from vsr.media.frames.deinterlace import count_bobbed
from vsr.media.frames.inverse_telecine import CONTEXT
from vsr.media.frames.soft_telecine import Repeats
from vsr.media.frames.telecine import Cycles, Pulldown
from vsr.media.reading.cadence import (
    TELECINED,
    cadences_of,
    looks_telecined,
    pulldown_of,
)
from vsr.media.reading.repeated_fields import repeats_of
from vsr.media.source.info import MediaInfo, VideoInfo
from vsr.specs import UpscaleSpec
from vsr.values import FINER, FRAME_RATIOS, Deinterlace


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """What is done with fields.

    Attributes:
        film: how it was telecined, if its pictures are to be restored.
        is_telecined: they are not, and could be.
        repeats: how flags repeat its fields, if its frames get even times.
    """

    mode: Deinterlace = "auto"
    film: Pulldown | None = None
    is_telecined: bool = False
    repeats: Repeats | None = None

    @property
    def ratio(self) -> Fraction:
        """Frames that leave for each that comes."""
        return FRAME_RATIOS.get(self.mode, Fraction(1))

    @property
    def finer(self) -> int:
        """Ticks of the output's clock to one of the source's."""
        return FINER["film"] if self.repeats is not None else FINER.get(self.mode, 1)

    def frame_rate(self, video: VideoInfo) -> Fraction | None:
        """Return the frame rate of the output; None if that of the source is not known."""
        if self.repeats is not None and self.repeats.is_throughout:
            return self.repeats.frame_rate(video.time_base)
        return video.frame_rate and video.frame_rate * self.ratio

    @property
    def context(self) -> int:
        """How many frames beyond either end of a span are looked at."""
        if self.film is not None:
            return CONTEXT
        return 0 if self.mode in ("off", "refuse") else 1

    def counter(self) -> Callable[[HostFrame], int]:
        """Return what counts how many frames are made of each that is read, in order."""
        if self.film is not None:
            return Cycles(self.film).made_of
        return count_bobbed if self.mode == "bob" else _one

    def note(self, video: VideoInfo, asked: Deinterlace) -> str | None:
        """Return a remark for the user; None if there is nothing to say.

        Args:
            asked: by the user.
        """
        frame_rate = self.frame_rate(video)
        rate = f", {float(frame_rate):.4g} a second" if frame_rate else ""
        if self.film is not None:
            return f"telecined: the film's own frames are restored{rate}."
        if self.is_telecined:
            return TELECINED
        if self.repeats is not None:
            where = rate if self.repeats.is_throughout else ", in parts"
            return (
                f"telecined by flags{where}: frames shown for three and two fields in turn get "
                "even times (--deinterlace off keeps theirs)."
            )
        if not video.is_interlaced:
            text = "progressive by its first frames: --deinterlace bob changes nothing."
            return text if asked == "bob" and self.mode == "auto" else None
        if self.mode == "off":
            return "interlaced, and kept so: both fields of a frame are enlarged as one."
        if self.mode == "bob":
            return f"interlaced: every field becomes a frame{rate} (--deinterlace auto: every two)."
        return (
            "interlaced: deinterlaced at the same frame rate "
            "(--deinterlace bob: all motion, twice the rate; off keeps it)."
        )


def _one(frame: HostFrame) -> int:
    del frame
    return 1


def mode_of(spec: UpscaleSpec, video: VideoInfo) -> Deinterlace:
    """Return what is done with fields: bob needs a source that is interlaced from its beginning."""
    if "deinterlace" not in spec.steps:
        return "off"
    is_needless = spec.deinterlace == "bob" and not video.is_interlaced
    return "auto" if is_needless else spec.deinterlace


def fields_of(info: MediaInfo, spec: UpscaleSpec) -> Fields:
    """Decide what is done with the fields of a film.

    Raises:
        Refused: it is interlaced, which was ruled out; or not telecined as was said.
    """
    mode = mode_of(spec, info.video)
    if info.video.is_interlaced and spec.deinterlace == "refuse":
        raise Refused(
            f"{info.path}: interlaced, and --deinterlace refuse was given. "
            "Omit it to deinterlace at the same frame rate."
        )
    if mode == "film":
        return _film(info, spec)
    if spec.deinterlace == mode == "auto" and (repeats := repeats_of(info, spec.time)):
        return Fields(mode=mode, repeats=repeats)
    return Fields(mode=mode, is_telecined=mode != "off" and looks_telecined(info))


def _film(info: MediaInfo, spec: UpscaleSpec) -> Fields:
    """Return how a film was telecined.

    Raises:
        Refused: it was not, or not all of it.
    """
    seen = cadences_of(info, spec.time)
    if seen.is_mixed:
        raise Refused(
            f"{info.path}: telecined in {seen.count('film')} of {len(seen.places)} places, and "
            f"video in {seen.count('video')}, which --deinterlace film would spoil. "
            "Use --deinterlace bob."
        )
    if not seen.is_film and (repeats := repeats_of(info, spec.time)):
        return Fields(repeats=repeats)
    if not seen.is_film:
        raise Refused(
            f"{info.path}: --deinterlace film was given, and no telecine (2:3 pulldown, at 29.97 "
            "frames a second) was found. Omit it, or use --deinterlace bob."
        )
    film = pulldown_of(info, spec.time, is_top_first=seen.is_top_first)
    return Fields(mode="film", film=film)
