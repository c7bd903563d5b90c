"""Everything about one upscale that can be decided, or refused, before the first frame."""

from __future__ import annotations

import logging
from dataclasses import replace
from fractions import Fraction
from functools import cache
from pathlib import Path

from vsr.colour import UNSPECIFIED, Colour, guessed_matrix
from vsr.device.cuda import share_context
from vsr.device.select import Device, select
from vsr.errors import InvalidOption, Refused
from vsr.jobs.progress import Note
from vsr.jobs.upscale.choice import (
    Choice,
    choose_blend,
    choose_grain,
    choose_steady,
    choose_tone,
    with_model,
)
from vsr.jobs.upscale.fields import Fields, fields_of
from vsr.jobs.upscale.job import Job, frames_expected
from vsr.jobs.upscale.lost_grain import lost_grain
from vsr.jobs.upscale.picture_plan import PictureJob, prepare_picture
from vsr.jobs.upscale.spool import PIPE
from vsr.jobs.upscale.strength import Condition, condition_in
from vsr.media.clock import USUAL_FRAME_RATE
from vsr.media.containers import Container, container_for
from vsr.media.encoding.choose_encoder import EncoderInput, choose
from vsr.media.encoding.codecs import Encoder
from vsr.media.encoding.encoding import OutputVideo
from vsr.media.frames.spherical import Spherical
from vsr.media.images.images import is_image
from vsr.media.reading.black_bars import asked_by_header, cropped
from vsr.media.reading.film_sample import sample_film
from vsr.media.reading.probe import at_part, probe
from vsr.media.source.hardware import Decoding, choose_decoding
from vsr.media.source.info import MediaInfo, VideoInfo
from vsr.media.streams.losses_before_start import (
    check_times,
    losses_among,
    losses_in,
    losses_of,
    losses_of_labels,
    refuse_losses,
)
from vsr.media.streams.stream_plan import StreamPlan
from vsr.media.streams.streams import plan_streams
from vsr.models import catalog
from vsr.models.catalog import Load, Model
from vsr.specs import UpscaleSpec
from vsr.upscaling.engine.precision import with_precision
from vsr.upscaling.engine.tile_size import pinned_tile
from vsr.upscaling.plan import SizePlan, plan_sizes
from vsr.upscaling.steps import output_size
from vsr.values import GrainProfile, Size

log = logging.getLogger(__name__)


def plan(
    source: Path, target: Path, spec: UpscaleSpec, load: Load = catalog.load
) -> Job | PictureJob:
    """Decide everything about a film or an image; write nothing.

    What `vsr probe`, a dry run and a forecast show is what the run itself starts from.

    Raises:
        Refused: whatever would fail later, found now.
    """
    decide = prepare_picture if is_image(source) else prepare
    return decide(source, target, spec, load)


def announce(job: Job | PictureJob, note: Note) -> None:
    """Log what is going to be done, and tell the user what is worth a remark."""
    log.info("%s", job.outline)
    for text in job.notes():
        note(text)


def prepare(source: Path, target: Path, spec: UpscaleSpec, load: Load = catalog.load) -> Job:
    """Decide everything about a film; write nothing.

    Args:
        load: returns the network for a name, a scale and a blend.

    Raises:
        Refused: whatever would fail later, found now.
    """
    container, spec = container_for(target, spec.container), with_model(spec)
    _check_index(container, spec)
    info = at_part(probe(source), spec.time.start_seconds)
    if crop := spec.crop or asked_by_header(info.video):
        info = cropped(info, crop)
        spec = replace(spec, crop=str(info.video.crop))  # decided once, for all workers
    check_times(info, container)
    fields = fields_of(info, spec)
    device = select(spec.device, spec.precision)
    sizes = _sizes(info, spec)
    choice, model = _choice(info, spec, sizes.scale, load)
    device = with_precision(device, spec.precision, model, info.video.layout, info.video.colour)
    choice = choose_steady(choice, model, device, fields)
    spec = choice.spec
    spec = replace(spec, tile=pinned_tile(model, sizes.source, device, spec.tile))
    size = output_size(spec.steps, sizes)
    colour = _output_colour(info.video, size)
    encoder = _encoder(spec, container, info, size, colour, device)
    streams = _streams(info, container, spec)
    video = _output_video(info.video, fields, size, sizes.sar, colour, choice.made_by(model))
    if target != PIPE:
        video = replace(video, spherical=_projection(info.video, size, container))
    losses = (
        *losses_of(info.video, video, encoder, container.name),
        *losses_in(info, container, spec.time),
        *losses_among(streams),
        *losses_of_labels(info, streams, video, spec.time),
    )
    if spec.is_strict:
        refuse_losses(source, losses)
    return Job(
        source=info,
        target=target,
        spec=spec,
        container=container,
        sizes=sizes,
        model=model,
        device=device,
        encoder=encoder,
        streams=streams,
        video=video,
        decoding=_decoding(source, spec, device),
        losses=losses,
        choice=choice,
        fields=fields,
    )


def _check_index(container: Container, spec: UpscaleSpec) -> None:
    """Refuse ``--faststart`` for a container without an index; in a batch it is for the others.

    Raises:
        InvalidOption: the option was typed, and the container has no index.
    """
    if spec.is_faststart and "is_faststart" in spec.asked and not container.has_index:
        raise InvalidOption(
            f"--faststart: only mp4 and mov have an index to put first, not {container.name}. "
            "Omit it, or choose one of them."
        )


def _decoding(source: Path, spec: UpscaleSpec, device: Device) -> Decoding:
    if spec.hwaccel != "none":
        share_context(device.index)
    return choose_decoding(source, spec.hwaccel, device.index)


def _choice(info: MediaInfo, spec: UpscaleSpec, scale: int, load: Load) -> tuple[Choice, Model]:
    """Decide the network, its blend, and the grain."""
    sample = cache(lambda: sample_film(info))
    video = info.video

    def look() -> Condition | None:
        return condition_in(info, sample())

    choice = choose_blend(spec, scale, look)
    choice = choose_tone(choice, video.layout.bits, video.colour.transfer, scale)
    model, tone = load(choice.spec.model, scale, choice.spec.blend()), choice.tone

    def measure(amount: float) -> GrainProfile | None:
        seen = sample()
        if seen is None:
            return None
        return lost_grain(model, seen.pairs, video.resolved_colour, amount, tone)

    if model.net is not None:
        choice = choose_grain(choice, look, measure)
    return choice, model


def _sizes(info: MediaInfo, spec: UpscaleSpec) -> SizePlan:
    video, scales = info.video, catalog.scales(spec.model)
    turned = video.is_quarter_turned
    try:
        return plan_sizes(video.size, video.sar, spec.size, scales, is_turned=turned)
    except Refused as error:
        raise type(error)(f"{info.path}: {error}") from error


def _encoder(
    spec: UpscaleSpec,
    container: Container,
    info: MediaInfo,
    size: Size,
    colour: Colour,
    device: Device,
) -> Encoder:
    return choose(
        spec.encode,
        container.name,
        EncoderInput.of(info.video, size, colour),
        is_cpu_device=not device.is_cuda,
        threads=spec.threads,
        bit_rate=_average_rate(info, spec),
    )


def _average_rate(info: MediaInfo, spec: UpscaleSpec) -> int | None:
    """Return the rate by which a file gets the size that was asked for, as far as headers tell.

    The rates of the segments follow when they are planned.
    """
    file_bytes, rate = spec.encode.file_size, info.video.frame_rate or USUAL_FRAME_RATE
    if not isinstance(file_bytes, int):
        return None
    frames = frames_expected(info, spec.time) or 1
    return max(1, int(8 * file_bytes * rate / frames))


def _output_colour(video: VideoInfo, size: Size) -> Colour:
    """Return the tags to write: the source's, and what the maths used where a guess would differ.

    An unknown matrix stays unknown while players guess the same for source and output.
    """
    used = video.resolved_colour.matrix
    if video.colour.matrix != UNSPECIFIED or guessed_matrix(size.width, size.height) == used:
        return video.colour
    return replace(video.colour, matrix=used)


def _streams(info: MediaInfo, container: Container, spec: UpscaleSpec) -> StreamPlan:
    return plan_streams(
        info,
        container.name,
        keep_audio=spec.keep_audio,
        keep_subtitles=spec.keep_subtitles,
        audio=spec.audio,
    )


def _projection(video: VideoInfo, size: Size, container: Container) -> Spherical | None:
    """Return what a file tells of the projection of a 360° video: nothing of a part of its frames.

    The header of what goes into a pipe is written by its encoder's stream, which has none.
    """
    if video.spherical is None or video.is_cut:
        return None
    factor = Fraction(size.width, video.size.width)
    return video.spherical.enlarged(factor).held_in(container.name)


def _output_video(
    video: VideoInfo, fields: Fields, size: Size, sar: Fraction, colour: Colour, made_by: str
) -> OutputVideo:
    return OutputVideo(
        size=size,
        time_base=video.time_base / fields.finer,
        frame_rate=fields.frame_rate(video),
        colour=colour,
        sar=sar,
        display_matrix=video.display_matrix,
        hdr=video.hdr,
        stereo=video.stereo,
        made_by=made_by,
    )
