"""What goes into a pipe is what would go into a file."""

import io
import os
import threading
from fractions import Fraction
from pathlib import Path

import av
import pytest

from tests.clips import Audio, Subtitle, indices_in, times_in, write_clip
from tests.media.torn import tearing
from tests.media.written import encoder_for, packets_in, video_of
from vsr.errors import DecodingFailed, EncodingFailed
from vsr.media.reading.probe import probe
from vsr.media.reading.reader import Reader
from vsr.media.streams.streams import plan_streams
from vsr.media.writing.direct import DirectWriter
from vsr.values import PtsSpan


class Pipe(io.RawIOBase):
    """A file that can be written but not sought, as a pipe."""

    def __init__(self) -> None:
        self.content = bytearray()

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def write(self, data: object) -> int:
        self.content += data  # type: ignore[arg-type]  # whatever bytes FFmpeg hands over
        return len(data)  # type: ignore[arg-type]


def send(
    source: Path, container: str, target: object, span: PtsSpan = PtsSpan(), **encode: str
) -> None:
    info = probe(source)
    plan = plan_streams(info, container)
    encoder = encoder_for("h264" if container != "webm" else "av1", **encode)
    with (
        Reader.open(source, info, span) as reader,
        DirectWriter.create(target, info, plan, video_of(info), encoder, span) as writer,  # type: ignore[arg-type]
    ):
        for frame in reader.frames():
            writer.write(frame)


@pytest.mark.parametrize("container", ["mp4", "mov", "matroska", "mpegts", "nut", "webm"])
def test_every_picture_goes_through_a_pipe_at_its_time(tmp_path: Path, container: str) -> None:
    source = write_clip(tmp_path / "in.mkv", frames=30, b_frames=2)
    pipe = Pipe()
    send(source, container, pipe)
    out = tmp_path / "out"
    out.write_bytes(pipe.content)
    assert indices_in(out) == list(range(30))
    shifts = {a - b for a, b in zip(times_in(out), times_in(source), strict=True)}
    assert len(shifts) == 1


@pytest.mark.parametrize("container", ["mp4", "mov"])
@pytest.mark.parametrize("ending", [[440, 480], [440, 5480], [5440, 5480], [5440, 5480, 5520]])
def test_a_slide_among_the_last_frames_lasts_as_long_in_a_pipe(
    tmp_path: Path, ending: list[int], container: str
) -> None:
    pts = [*range(0, 440, 40), *ending]
    source = write_clip(
        tmp_path / "in.mkv", frames=len(pts), pts=pts, time_base=Fraction(1, 1000), b_frames=0
    )
    for preset in ("ultrafast", "medium"):
        pipe = Pipe()
        send(source, container, pipe, encoder_preset=preset)
        out = tmp_path / "out"
        out.write_bytes(pipe.content)
        assert times_in(out) == times_in(source)
        with av.open(str(out)) as file:
            assert file.duration == pytest.approx((pts[-1] + 40) * 1000, abs=1000)


def test_the_last_slide_stands_in_a_pipe_as_long_as_in_its_source(tmp_path: Path) -> None:
    source = write_clip(
        tmp_path / "in.mp4", frames=3, pts=[0, 100, 200],
        time_base=Fraction(1, 1000), rate=Fraction(1, 2),
    )  # fmt: skip
    pipe = Pipe()
    send(source, "mp4", pipe)
    (tmp_path / "out.mp4").write_bytes(pipe.content)
    with av.open(str(tmp_path / "out.mp4")) as file:
        assert file.duration == pytest.approx(2_200_000, abs=1000)


def test_the_last_frame_of_a_part_is_whole_in_a_pipe(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mkv", frames=12)
    pipe = Pipe()
    send(source, "mp4", pipe, PtsSpan(0, 210))
    (tmp_path / "out.mp4").write_bytes(pipe.content)
    with av.open(str(tmp_path / "out.mp4")) as file:
        assert file.duration == pytest.approx(6 * 40_000, abs=1000)


def test_the_other_streams_go_along(tmp_path: Path) -> None:
    source = write_clip(
        tmp_path / "in.mkv",
        frames=30,
        audio=[Audio(), Audio(language="deu")],
        subtitles=[Subtitle()],
    )
    pipe = Pipe()
    send(source, "matroska", pipe)
    out = tmp_path / "out.mkv"
    out.write_bytes(pipe.content)
    for index in range(2):
        sent, had = packets_in(out, "audio", index), packets_in(source, "audio", index)
        assert [data for _, data in sent] == [data for _, data in had]
    assert [data for _, data in packets_in(out, "subtitle")] == [b"one", b"two"]


def test_a_part_starts_at_zero(tmp_path: Path) -> None:
    chapters = [(0.0, 0.3, "before"), (0.3, 1.0, "cut")]
    source = write_clip(tmp_path / "in.mkv", frames=50, audio=[Audio()], chapters=chapters)
    pipe = Pipe()
    send(source, "matroska", pipe, PtsSpan(400, 1200))
    out = tmp_path / "out.mkv"
    out.write_bytes(pipe.content)
    assert indices_in(out) == list(range(10, 30))
    start = packets_in(out, "video")[0][0]
    sound = packets_in(out, "audio")
    assert abs(sound[0][0] - start) < Fraction(1, 20)
    assert sound[-1][0] - start < Fraction(8, 10)
    with av.open(str(out)) as container:
        (chapter,) = container.chapters()
    assert (chapter["start"], chapter["metadata"]["title"]) == (0, "cut")
    assert chapter["end"] * (chapter["time_base"] or 0) == Fraction(6, 10)


def test_the_clock_of_a_recording_is_set_to_zero(tmp_path: Path) -> None:
    ticks = [36_000 * 90_000 + 3600 * index for index in range(10)]
    base = Fraction(1, 90_000)
    source = write_clip(tmp_path / "in.ts", frames=10, time_base=base, pts=ticks)
    pipe, out = Pipe(), tmp_path / "out.mkv"
    send(source, "matroska", pipe)
    out.write_bytes(pipe.content)
    assert 0 <= min(times_in(out)) < 1


def test_a_real_pipe_works(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mkv", frames=20)
    reading, writing = os.pipe()
    received = bytearray()

    def receive() -> None:
        with os.fdopen(reading, "rb") as end:
            received.extend(end.read())

    thread = threading.Thread(target=receive)
    thread.start()
    try:
        send(source, "mp4", f"pipe:{writing}")
    finally:
        os.close(writing)
        thread.join()
    (tmp_path / "out.mp4").write_bytes(received)
    assert indices_in(tmp_path / "out.mp4") == list(range(20))


def test_a_source_that_fails_is_not_called_the_pipe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_clip(tmp_path / "in.mkv", frames=20, audio=[Audio()])
    with monkeypatch.context() as patched:
        torn = tearing({2: OSError(5, "Input/output error")})
        patched.setattr("vsr.media.writing.direct.reopen_input", torn)
        with pytest.raises(DecodingFailed, match=r"in\.mkv: reading failed"):
            send(source, "matroska", Pipe())
    info, (frame, *_) = probe(source), list(Reader.open(source).frames())
    plan = plan_streams(info, "matroska")
    source.unlink()
    writing = DirectWriter.create(Pipe(), info, plan, video_of(info), encoder_for())  # type: ignore[arg-type]  # it can be written
    with pytest.raises(DecodingFailed, match=r"in\.mkv: no such file"), writing as writer:
        writer.write(frame)


@pytest.mark.parametrize("container", ["mp4", "matroska", "mpegts"])
def test_whatever_waits_for_the_reader_says_so(tmp_path: Path, container: str) -> None:
    source = write_clip(tmp_path / "in.mkv", frames=30, audio=[Audio()])
    info, waiting = probe(source), []

    class Slow(Pipe):
        def write(self, data: bytes) -> int:
            waiting.append(writer.is_sending)
            return super().write(data)

    plan = plan_streams(info, container)
    writer = DirectWriter.create(Slow(), info, plan, video_of(info), encoder_for())  # type: ignore[arg-type]  # it can be written
    with Reader.open(source, info) as reader, writer:
        for frame in reader.frames():
            writer.write(frame)
            assert not writer.is_sending
    assert waiting
    assert all(waiting)


def test_nobody_at_the_other_end_is_an_error_in_words(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mkv", frames=20)
    reading, writing = os.pipe()
    os.close(reading)
    try:
        with pytest.raises(EncodingFailed, match="the pipe: its reader closed it before the end"):
            send(source, "matroska", f"pipe:{writing}")
    finally:
        os.close(writing)
