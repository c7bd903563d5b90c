"""Sound that a container cannot hold is converted: in place, and without loss where it can be."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition
from numpy.typing import NDArray

from tests.clips import write_clip
from tests.media.written import carry
from vsr.errors import UnsuitableContainer
from vsr.media.reading.probe import probe
from vsr.media.streams.losses_before_start import losses_among, refuse_losses
from vsr.media.streams.stream_plan import Fate
from vsr.media.streams.streams import plan_streams
from vsr.values import TimeRange

RATE = 48_000
CLICKS = (0.25, 0.75, 1.5)
"""Seconds of the source's clock at which a sample stands out."""


def wave(seconds: float, start: float = 0.0, rate: int = RATE, channels: int = 2) -> NDArray:
    """Return quiet noise with loud clicks, int16 of shape (samples, channels)."""
    rng = np.random.default_rng(0)
    samples = rng.integers(-200, 200, (int(seconds * rate), channels)).astype(np.int16)
    for click in CLICKS:
        place = round((click - start) * rate)
        if 0 <= place < len(samples):
            samples[place - 2 : place + 3] = 28_000
    return samples


def with_sound(
    folder: Path,
    codec: str = "pcm_dvd",
    *,
    suffix: str = ".vob",
    start: float = 0.0,
    hole: tuple[float, float] | None = None,
    rate: int = RATE,
    layout: str = "stereo",
    seconds: float = 2.0,
    bits: int = 16,
) -> Path:
    """Write a clip of two seconds with sound from ``start`` on, without the part in ``hole``."""
    codec_of_film = "mpeg2video" if suffix == ".vob" else "libx264"
    options = {} if suffix == ".vob" else {"crf": "20", "preset": "ultrafast"}
    film = write_clip(
        folder / "film.mkv", frames=50, b_frames=0, codec=codec_of_film, options=options
    )
    path = folder / f"in{suffix}"
    channels = av.AudioLayout(layout).nb_channels
    samples = wave(seconds - start, start, rate, channels)
    with av.open(str(film)) as origin, av.open(str(path), "w") as output:
        video = output.add_stream_from_template(origin.streams.video[0], opaque=True)
        sound = output.add_stream(codec, rate=rate)
        sound.codec_context.layout = layout
        if bits > 16:
            sound.codec_context.format = "s32"
        if codec == "vorbis":
            sound.codec_context.options = {"strict": "experimental"}
        sound.metadata["language"] = "deu"
        sound.disposition = Disposition.default | Disposition.dub
        output.start_encoding()
        packets = [packet for packet in origin.demux() if packet.size]
        for packet in packets:
            packet.stream = video
        block = sound.codec_context.frame_size or 960
        for begin in range(0, len(samples), block):
            time = start + begin / rate
            if hole is not None and hole[0] <= time < hole[1]:
                continue
            part = samples[begin : begin + block].reshape(1, -1)
            if bits > 16:  # FFmpeg has 24 bits at the top of 32
                part = (part.astype(np.int32) << 16) + (part.astype(np.int32) % 128 << 8)
            kind = "s16" if bits == 16 else "s32"
            frame = av.AudioFrame.from_ndarray(part, format=kind, layout=layout)
            frame.rate, frame.pts = rate, round(start * rate) + begin
            frame.time_base = Fraction(1, rate)
            packets += sound.encode(frame)
        packets += sound.encode(None)
        for packet in sorted(packets, key=lambda one: one.dts * one.time_base):
            output.mux(packet)
    return path


def frames_in(path: Path) -> Iterator[tuple[Fraction, int, NDArray]]:
    """Yield when each decoded frame begins, its rate, and its first channel in [-1, 1]."""
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            samples = frame.to_ndarray()
            one = samples[0] if frame.format.is_planar else samples[0][:: frame.layout.nb_channels]
            scale = 1.0 if one.dtype.kind == "f" else np.iinfo(one.dtype).max + 1.0
            yield frame.pts * frame.time_base, frame.sample_rate, one / scale


def heard(path: Path) -> tuple[NDArray, Fraction]:
    """Return all samples of the first channel, and when they begin."""
    frames = list(frames_in(path))
    return np.concatenate([samples for _, _, samples in frames]), frames[0][0]


def clicks_in(path: Path) -> list[float]:
    """Return the seconds at which clicks are heard, counted from the first frame of the video."""
    with av.open(str(path)) as container:
        zero = next(container.decode(video=0)).time
    loud = [
        float(time + Fraction(int(place), rate)) - zero
        for time, rate, samples in frames_in(path)
        for place in np.flatnonzero(np.abs(samples) > 0.3)
    ]
    groups = np.split(loud, np.flatnonzero(np.diff(loud) > 0.01) + 1)
    return [float(group[len(group) // 2]) for group in groups]


@pytest.mark.parametrize(
    ("codec", "suffix", "container", "target"),
    [
        ("pcm_dvd", ".vob", "mp4", "flac"),
        ("pcm_dvd", ".vob", "matroska", "pcm_s16le"),
        ("pcm_bluray", ".m2ts", "mov", "pcm_s16le"),
        ("pcm_s16be", ".mov", "webm", "libopus"),
        ("pcm_s16le", ".mov", "mpegts", "aac"),
        ("aac", ".mov", "webm", "libopus"),
        ("libopus", ".mkv", "mp4", None),
        ("vorbis", ".mkv", "mov", "aac"),
    ],
)
def test_what_does_not_fit_is_converted_to_the_nearest_that_does(
    tmp_path: Path, codec: str, suffix: str, container: str, target: str | None
) -> None:
    plan = plan_streams(probe(with_sound(tmp_path, codec, suffix=suffix)), container)
    (fate,) = plan.fates
    assert fate.target_codec == target
    assert fate.fate is (Fate.COPY if target is None else Fate.CONVERT)


@pytest.mark.parametrize("bits", [16, 24])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov"])
def test_sound_of_a_dvd_arrives_sample_by_sample(tmp_path: Path, suffix: str, bits: int) -> None:
    source = with_sound(tmp_path, bits=bits)
    plan, _ = carry(source, tmp_path / f"out{suffix}")
    assert list(losses_among(plan)) == []
    got, _ = heard(tmp_path / f"out{suffix}")
    wanted, _ = heard(source)
    np.testing.assert_array_equal(got, wanted)
    assert np.any(got * 2**15 % 1) == (bits == 24)


def test_the_language_and_the_disposition_are_kept(tmp_path: Path) -> None:
    carry(with_sound(tmp_path, "aac", suffix=".mkv"), tmp_path / "out.webm", codec="vp9")
    with av.open(str(tmp_path / "out.webm")) as container:
        sound = container.streams.audio[0]
        assert (sound.language, sound.codec_context.name) == ("deu", "opus")
        assert sound.disposition & Disposition.default


@pytest.mark.parametrize(
    ("codec", "suffix", "to"),
    [
        ("aac", ".mp4", ".webm"),
        ("pcm_s16le", ".mkv", ".ts"),
        ("vorbis", ".mkv", ".mov"),
        ("pcm_dvd", ".vob", ".mp4"),
        ("pcm_s16be", ".mov", ".webm"),
    ],
)
@pytest.mark.parametrize("start", [0.0, 0.12])
def test_a_delay_and_a_hole_keep_every_sound_at_its_time(
    tmp_path: Path, codec: str, suffix: str, to: str, start: float
) -> None:
    """Both encoders have priming samples, which must not make anything late."""
    source = with_sound(tmp_path, codec, suffix=suffix, start=start, hole=(0.9, 1.3))
    target = tmp_path / f"out{to}"
    carry(source, target, codec="vp9" if to == ".webm" else "h264")
    # FFmpeg writes times into MPEG-PS that are up to one packet off
    allowed = 0.0105 if suffix == ".vob" else 0.0011
    assert clicks_in(target) == pytest.approx(clicks_in(source), abs=allowed)
    assert len(clicks_in(target)) == len(CLICKS)


def test_a_part_has_the_sound_of_that_part_to_the_sample(tmp_path: Path) -> None:
    source = with_sound(tmp_path)
    time = TimeRange(start_seconds=0.52, end_seconds=1.6)
    carry(source, tmp_path / "out.mov", time=time)
    got, first = heard(tmp_path / "out.mov")
    assert 0 <= first <= Fraction(1, RATE)
    assert len(got) == pytest.approx(1.08 * RATE, abs=1)
    assert clicks_in(tmp_path / "out.mov") == pytest.approx([0.24, 0.99], abs=0.0015)


def test_another_sampling_rate_and_side_channels_fit_opus(tmp_path: Path) -> None:
    source = with_sound(tmp_path, "pcm_s16le", suffix=".mov", rate=44_100, layout="5.1(side)")
    plan, _ = carry(source, tmp_path / "out.webm", codec="vp9")
    assert plan.fates[0].target_codec == "libopus"
    with av.open(str(tmp_path / "out.webm")) as container:
        assert container.streams.audio[0].codec_context.layout.name == "5.1"
    assert clicks_in(tmp_path / "out.webm") == pytest.approx(list(CLICKS), abs=0.0011)


def test_a_lossy_conversion_is_listed_and_refused_only_if_strict(tmp_path: Path) -> None:
    plan = plan_streams(probe(with_sound(tmp_path, "aac", suffix=".mp4")), "webm")
    (loss,) = losses_among(plan)
    assert not loss.is_content  # the exit code stays 0
    assert str(loss) == (
        "audio stream 1 (aac, deu): converted to opus, with loss: webm cannot hold aac; "
        ".mp4, .mov, .mkv, .ts and .nut can."
    )
    with pytest.raises(UnsuitableContainer, match="converted to opus, with loss"):
        refuse_losses(tmp_path, losses_among(plan))


def test_copy_refuses_instead_of_converting(tmp_path: Path) -> None:
    source = with_sound(tmp_path)
    with pytest.raises(UnsuitableContainer, match=r"--audio copy: mp4 cannot hold pcm_dvd"):
        plan_streams(probe(source), "mp4", audio="copy")
    assert plan_streams(probe(source), "mp4", keep_audio=False).losses == ()


def test_damaged_sound_becomes_silence_and_is_counted(tmp_path: Path) -> None:
    source = with_sound(tmp_path, "flac", suffix=".mkv")
    data = bytearray(source.read_bytes())
    with av.open(str(source)) as container:
        packets = [one for one in container.demux(audio=0) if one.size]
        place = packets[3].pos
    data[place + 20 : place + 400] = bytes(380)
    source.write_bytes(data)
    _, joined = carry(source, tmp_path / "out.webm", codec="vp9")
    assert any(" of audio or subtitles" in loss for loss in joined.losses)
    assert clicks_in(tmp_path / "out.webm")[-1] == pytest.approx(1.5, abs=0.0011)
