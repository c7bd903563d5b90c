"""The public functions: the same jobs and errors as the command line."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from vsr.errors import Interrupted, InvalidOption
from vsr.jobs.arrays.upscaler import Upscaler
from vsr.jobs.batch.outcome import Outcome
from vsr.jobs.keywords import naming_keywords, with_keywords
from vsr.jobs.progress import Phase, Progress, Result, ignore
from vsr.jobs.upscale.preset_spec import spec_of_preset
from vsr.jobs.workers.upscale import upscale as run
from vsr.notation import Factor, FrameRate, Pixels
from vsr.option import checked_text
from vsr.specs import (
    AudioChoice,
    EncodeSpec,
    Existing,
    Hwaccel,
    Precision,
    Steady,
    UpscaleSpec,
)
from vsr.values import Deinterlace, Dial, Grain, GrainProfile, OutputSize, TimeRange

if TYPE_CHECKING:
    from vsr.media.source.info import MediaInfo

__all__ = [
    "Outcome",
    "Phase",
    "Progress",
    "Result",
    "Upscaler",
    "probe",
    "spec_of",
    "upscale",
    "upscale_folder",
]

StrPath = str | PathLike[str]

DEFAULT_PRESET = "1080p"


class Options(TypedDict, total=False):
    """Keyword options of an upscale; omitted ones come from the preset, or the spec.

    Attributes:
        preset: a preset's name or TOML file, such as ``4k``; without a size, ``1080p``.
        look: what a kind of film needs: a name or TOML file, such as ``phone``, for any size.
        scale: enlarge by this factor, such as 2 or 1.5. Or fit a box of square pixels:
        width: of the box, in pixels, with ``height`` or alone.
        height: of the box, in pixels.

    The others are the fields of `UpscaleSpec`, and those of its ``encode`` and ``time``. ``None``
    is as if left out.
    """

    preset: StrPath
    look: StrPath
    scale: Factor | str
    width: Pixels
    height: Pixels
    model: StrPath
    strength: Dial
    sharpness: Dial
    grain: GrainProfile | Grain
    steady: Steady
    encode: EncodeSpec
    codec: str
    crf: float
    bitrate: int | str
    file_size: int | str
    encoder_preset: str
    encoder_options: Mapping[str, str | float]
    pix_fmt: str
    container: str
    is_faststart: bool
    device: str
    precision: Precision
    hwaccel: Hwaccel
    tile: int
    threads: int
    segment_frames: int
    time: TimeRange
    start: float | str
    end: float | str
    max_frames: int
    crop: str
    fps: FrameRate
    keep_audio: bool
    audio: AudioChoice
    keep_subtitles: bool
    deinterlace: Deinterlace
    is_strict: bool
    existing: Existing
    keeps_work: bool
    work_dir: StrPath
    is_restart: bool


def spec_of(spec: UpscaleSpec | None = None, **options: Unpack[Options]) -> UpscaleSpec:
    """Return a complete spec: that of a preset, or the given one, changed by keywords.

    Args:
        options: see `Options`.

    Raises:
        Refused: an invalid value or combination; no such preset.
        UnknownOption: no such keyword.
    """
    with naming_keywords():
        return _spec_of(spec, dict(options))


def _spec_of(spec: UpscaleSpec | None, fields: dict[str, Any]) -> UpscaleSpec:
    """Return a complete spec: that of a preset, or the given one, with these fields."""
    named = {name: fields.pop(name, None) for name in ("preset", "look")}
    texts = {name: checked_text(name, it) for name, it in named.items() if it is not None}
    preset, look = texts.get("preset"), texts.get("look")
    box = {name: fields.pop(name) for name in ("scale", "width", "height") if name in fields}
    box = {name: side for name, side in box.items() if side is not None}
    target = OutputSize(**box) if box else None
    if spec is None:
        model = fields.pop("model", None)
        name = DEFAULT_PRESET if preset is None else preset
        spec = spec_of_preset(name, target, look=look, model=model)
    elif preset is not None or look is not None:
        name = f"look {look}" if preset is None else f"preset {preset}"
        raise InvalidOption(f"{name}: a spec is given too. Give only one of them.")
    elif target is not None:
        spec = replace(spec, size=target)
    if (other := fields.pop("model", None)) is not None:
        spec = spec.of_model(other)
    return spec.with_options(**fields)


def upscale(
    source: StrPath,
    target: StrPath,
    spec: UpscaleSpec | None = None,
    *,
    on_progress: Callable[[Progress], None] | None = None,
    note: Callable[[str], None] | None = None,
    **options: Unpack[Options],
) -> Result:
    """Upscale one clip or image; audio, subtitles and timestamps are kept.

    Args:
        source: the clip.
        target: the file to write; it appears under this name only once it is complete.
        spec: the complete settings; by default those of ``options``.
        on_progress: called with a `Progress` for every finished frame, and with each phase.
        note: called with each remark for the user: what is converted, dropped or guessed.
        options: a size (``preset``, ``scale``, ``width``, ``height``), and fields of `UpscaleSpec`
            (``model``, ``encode``, ``device``, ``time``, ``existing="overwrite"``, …).

    Returns:
        What was done: frames in and out, speed, losses.

    Raises:
        Refused: nothing was started (input, target, option, preset, model or codec).
        Failed: it was started and could not be finished; no file is left under the target's name.
        KeyboardInterrupt: Ctrl-C came; its text says what the same call resumes.
    """
    with _as_in_python():
        result = run(
            Path(source),
            Path(target),
            spec_of(spec, **options),
            on_progress=on_progress or ignore,
            note=_in_keywords(note),
        )
    return replace(result, losses=tuple(map(with_keywords, result.losses)))


def upscale_folder(
    source: StrPath,
    target: StrPath,
    spec: UpscaleSpec | None = None,
    *,
    include: str | Sequence[str] = (),
    exclude: str | Sequence[str] = (),
    workers: int | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    note: Callable[[str], None] | None = None,
    **options: Unpack[Options],
) -> Iterator[Outcome]:
    """Upscale every clip and image under one folder to the same path under another.

    Files already done with the same settings are skipped; a file that fails does not stop the rest.
    The work is done as the outcomes are consumed.

    Args:
        include: patterns such as ``*.mkv``, of which one must match; by default every known type.
        exclude: patterns of which none may match.
        workers: processes; they need a script guarded by ``if __name__ == "__main__"``.
        on_progress: called with the `Progress` over all files.
        note: called with each remark for the user.
        options: as of `upscale`.

    Yields:
        one `Outcome` for each file, as it ends.

    Raises:
        Refused: one of the folders or the spec cannot be used, or another batch is running.
        KeyboardInterrupt: Ctrl-C came; the same call goes on.
    """
    from vsr.batch.engine import EngineSpec
    from vsr.batch.plan import Selection
    from vsr.jobs.batch.batch import BatchSpec, batch
    from vsr.media.images.images import RESULTS

    each = spec_of(spec, **options)
    job = BatchSpec(
        upscale=each,
        selection=Selection(
            include=_patterns(include),
            exclude=_patterns(exclude),
            pictures=RESULTS,
            container=each.container,
            codec=each.encode.codec,
        ),
        engine=EngineSpec(workers=workers),
    )
    outcomes = batch(
        Path(source),
        Path(target),
        job,
        on_progress=on_progress or ignore,
        note=_in_keywords(note),
    )
    return _told(outcomes)


def _in_keywords(note: Callable[[str], None] | None) -> Callable[[str], None]:
    """Return a ``note`` for the job, which names flags; the caller's one gets keywords instead."""
    return ignore if note is None else lambda text: note(with_keywords(text))


def _patterns(given: str | Sequence[str]) -> tuple[str, ...]:
    """Return the patterns; one alone may be given as a text."""
    return (given,) if isinstance(given, str) else tuple(given)


def _told(outcomes: Generator[Outcome]) -> Iterator[Outcome]:
    """Yield the outcomes, with keywords in the place of the flags in their messages."""
    with _as_in_python(), closing(outcomes):
        for one in outcomes:
            losses = tuple(map(with_keywords, one.losses))
            yield replace(one, losses=losses, error=with_keywords(one.error))


@contextmanager
def _as_in_python() -> Iterator[None]:
    """Replace flags in errors by keywords, and `Interrupted` by KeyboardInterrupt.

    No ``except VsrError`` in a loop swallows that.
    """
    try:
        with naming_keywords():
            yield
    except Interrupted as error:
        raise KeyboardInterrupt(*error.args) from error


def probe(source: StrPath) -> MediaInfo:
    """Return what is in a file: its video with size, times and colour, and its other streams.

    Raises:
        MediaError: it cannot be opened, or has no video.
    """
    from vsr.media.reading.probe import probe as look

    return look(Path(source))
