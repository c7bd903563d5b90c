"""Join segments and the source's other streams into the final file, packet by packet.

Nothing is encoded here. The frames keep the times that the segments give them; decoding times are
recomputed over the whole stream, as those of one encoder run do not continue the previous run's.
"""

from __future__ import annotations

import heapq
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from math import isinf
from operator import itemgetter
from pathlib import Path
from typing import cast

import av
from av.container import Flags, OutputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from vsr.errors import EncodingFailed
from vsr.media.clock import LONGEST_IN_MP4, clock_for_mp4, rescaled, rounded, ticks_per_frame
from vsr.media.encoding.encoding import OutputVideo
from vsr.media.encoding.projection import TELLING, hide_second_projection, projected
from vsr.media.reading.missing_frames import missing_frames
from vsr.media.source.decoder import has_alpha_aside
from vsr.media.source.info import MediaInfo
from vsr.media.source.opening import reopen_input
from vsr.media.splices.part import Cut, last_duration_of, shown_from, skipped_before
from vsr.media.splices.splice_search import splices_among
from vsr.media.splices.splices import Splices
from vsr.media.streams.copy_streams import SIDE_BY_SIDE
from vsr.media.streams.other_streams import StreamDamage, Timed
from vsr.media.streams.stream_plan import StreamPlan
from vsr.media.writing.output_file import OutputFile, open_output
from vsr.media.writing.segment_times import Scan, Times, scan
from vsr.media.writing.target import output_failure
from vsr.media.writing.track_flags import hide_subtitles
from vsr.media.writing.verify import JoinedFile
from vsr.values import TimeRange

PROFILE_IN_TAG = frozenset({"prores"})
"""Codecs whose profile only the tag of a stream tells: ``apch`` is 422 HQ, ``ap4h`` 4444. Muxers
know the tags of all others. Source: FFmpeg, libavcodec/proresenc_kostya.c.
"""


def join(
    segments: Sequence[Path],
    source: MediaInfo,
    plan: StreamPlan,
    target_part: Path,
    video: OutputVideo,
    *,
    time: TimeRange = TimeRange(),
    options: Sequence[tuple[str, str]] = (),
) -> JoinedFile:
    """Write the final file under a temporary name; `vsr.media.writing.verify` comes next.

    Args:
        segments: in the order of time; an empty file is a segment without frames.
        source: whose other streams, chapters and metadata are carried.
        plan: what happens to the other streams, as decided before the start.
        target_part: where to write.
        video: what the segments hold.
        time: the part of the source that was upscaled; if not all of it, the output starts at 0.
        options: of the muxer, such as ``("movflags", "+faststart")``.

    Raises:
        EncodingFailed: there are no frames, a segment is unreadable or of other settings, or the
            muxer gave up.
        DecodingFailed: the source cannot be read any more.
        NoSpace: the disk is full.
    """
    scans = [scan(path, video.time_base) for path in segments if path.stat().st_size]
    lost, telling = StreamDamage(), () if video.spherical is None else TELLING
    with reopen_input(source.path) as origin:
        times, splices = _timed(scans, source, plan, video, time)
        _check_distances(target_part, plan, times.longest * video.time_base)
        try:
            with open_output(f"file:{target_part}", source, plan, (*options, *telling)) as output:
                # No random identifiers: the file of a resumed run is the same, byte for byte.
                output.flags |= cast("int", Flags.bitexact.value)
                file = OutputFile(
                    output=output,
                    origin=origin,
                    source=source,
                    plan=plan,
                    video=video,
                    skipped=_skipped(source, times, time, video.time_base),
                )
                empty = _fill(file, times, _cut(file, times, time), splices, lost)
            _mend_header(target_part, plan, video)
        except (av.FFmpegError, OSError, ValueError) as error:
            raise output_failure(error, target_part) from error
    is_open = isinf(time.end_seconds) and time.max_frames is None
    missing = () if splices else _missing(source, scans, video, to_end=is_open)
    return JoinedFile.of(times, video.time_base, (*missing, *lost.losses), empty)


def _check_distances(target_part: Path, plan: StreamPlan, longest: Fraction) -> None:
    """Refuse more seconds between two frames than mp4 and mov can hold."""
    if plan.container in SIDE_BY_SIDE and longest > LONGEST_IN_MP4:
        raise EncodingFailed(
            f"{target_part}: {float(longest) / 3600:.0f} hours pass from one frame to the next, "
            "more than mp4 and mov can hold. Choose .mkv."
        )


def _fill(
    file: OutputFile, times: Times, cut: Cut, splices: Splices | None, lost: StreamDamage
) -> frozenset[int]:
    """Write the header and all packets; return which of the source's streams got none."""
    base = file.video.time_base
    stream = _add_video(file, times.scans[0].path)
    if file.plan.container in SIDE_BY_SIDE:
        stream.time_base = clock_for_mp4(base, times.longest * base)
    times.offset = rounded(cut.zero / base)
    carried, others = file.carry(cut, lost, splices)
    packets = heapq.merge(_pictures(times, stream, base), others, key=itemgetter(0))
    filled = _mux(file.output, packets, stream, lost)
    return frozenset(fate.stream.index for fate, one in carried if one.index not in filled)


def _mend_header(target_part: Path, plan: StreamPlan, video: OutputVideo) -> None:
    """Take from a finished mp4 or mov what FFmpeg's muxer tells of it wrongly."""
    if plan.container not in SIDE_BY_SIDE:
        return
    if not plan.shows_subtitles:
        hide_subtitles(target_part)
    if video.spherical is not None:
        hide_second_projection(target_part)


def _missing(
    source: MediaInfo, scans: Sequence[Scan], video: OutputVideo, *, to_end: bool
) -> tuple[str, ...]:
    finer = source.video.time_base / video.time_base
    given = array("q", (int(pts / finer) for one in scans for pts in one.times))
    return missing_frames(source, given, to_end=to_end)


def _timed(
    scans: Sequence[Scan],
    source: MediaInfo,
    plan: StreamPlan,
    video: OutputVideo,
    time: TimeRange,
) -> tuple[Times, Splices | None]:
    """Return the times of the frames, and the splices of the source if they matter."""
    finer = source.video.time_base / video.time_base
    given = (int(pts / finer) for one in scans for pts in one.times)
    # A clip whose timestamps restart is never cut into segments.
    splices = splices_among(source, given, may_start_again=bool(plan.carried) and len(scans) == 1)
    closed = (lambda pts: 0) if splices is None else splices.closing(video.time_base)
    step = max(1, rounded(ticks_per_frame(video.frame_rate, video.time_base)))
    last_duration = step
    if scans and finer == 1:
        last_duration = last_duration_of(source, scans[-1].times[-1], time)
    elif scans:  # frames of fields last as long as the one before
        last_duration = scans[-1].lasting or step
    counts = plan.container in SIDE_BY_SIDE
    return Times(scans, step, last_duration, closed, counts_decoding=counts), splices


def _mux(
    output: OutputContainer, packets: Iterable[Timed], video: VideoStream, lost: StreamDamage
) -> set[int]:
    """Write the packets, and return which streams got any.

    A source packet that the muxer finds damaged is counted and skipped.
    """
    filled: set[int] = set()
    for _, packet in packets:
        try:
            output.mux(packet)
            filled.add(packet.stream_index)
        except av.InvalidDataError:
            if packet.stream_index == video.index:
                raise
            lost.packets += 1
    return filled


def _pictures(times: Times, target: VideoStream, time_base: Fraction) -> Iterator[Timed]:
    """Yield the video packets with their final times; only one segment is open at a time."""
    index = 0
    for one in times.scans:
        with av.open(f"file:{one.path}") as segment:
            for packet in segment.demux(segment.streams.video[0]):
                if packet.size == 0:
                    continue
                given = rescaled(packet.pts or 0, packet.time_base, time_base) + one.shift
                pts = times.closed(given)
                packet.time_base = time_base
                packet.pts = pts - times.offset
                packet.dts, packet.duration = times.decoding(index, pts)
                packet.stream = target
                yield float(packet.dts * time_base), cast("Packet[Stream]", packet)
                index += 1


def _add_video(file: OutputFile, segment: Path) -> VideoStream:
    """Add the video stream of the segments, with the properties that a segment cannot hold."""
    video = file.video
    with av.open(f"file:{segment}") as first:
        template = first.streams.video[0]
        with _projected(template, segment, file) as told:
            stream = file.output.add_stream_from_template(told, opaque=True)
        stream.codec_context.extradata = template.codec_context.extradata
        codec = template.codec_context.codec.canonical_name
        if codec in PROFILE_IN_TAG:
            stream.codec_context.codec_tag = template.codec_context.codec_tag
        file.dress(stream, codec)
        if has_alpha_aside(template):
            stream.metadata["alpha_mode"] = "1"
    context, colour = stream.codec_context, video.colour
    context.color_primaries, context.color_trc = colour.primaries, colour.transfer
    context.colorspace, context.color_range = colour.matrix, int(colour.range)
    context.sample_aspect_ratio = video.sar
    stream.time_base = video.time_base
    if video.frame_rate is not None:
        context.framerate = video.frame_rate
    return stream


@contextmanager
def _projected(template: VideoStream, segment: Path, file: OutputFile) -> Iterator[VideoStream]:
    """Yield a stream like that of a segment, with the projection of a 360° video if it is one."""
    video = file.video
    if video.spherical is None:
        yield template
        return
    stereo = video.stereo if file.plan.container == "mp4" else None
    with av.open(f"file:{segment}") as container:
        first = next(one for one in container.demux(container.streams.video[0]) if one.size)
        with projected(template, first, video.spherical, stereo) as told:
            yield told


def _skipped(source: MediaInfo, times: Times, time: TimeRange, time_base: Fraction) -> Fraction:
    return Fraction(0) if time.is_whole else skipped_before(source, times.given_start * time_base)


def _cut(file: OutputFile, times: Times, time: TimeRange) -> Cut:
    base, source = file.video.time_base, file.source
    if time.is_whole:
        return Cut.whole(file.origin, file.plan.container, times.pts[0], base)
    end = None
    if not isinf(time.end_seconds) or time.max_frames is not None:
        end = times.given_end * base
    if end is not None and time.max_frames is None:  # sound may outlast the pictures
        end = max(end, shown_from(source) + Fraction(str(time.end_seconds)))
    return Cut(times.given_start * base, end, times.pts[0] * base)
