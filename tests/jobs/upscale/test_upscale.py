"""A clip through the whole tool: what goes in comes out, larger and otherwise unchanged."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import pytest

import vsr
from tests.clips import Attachment, Audio, Clip, Subtitle, indices_in, times_in, write_clip
from vsr.colour import Range
from vsr.errors import OutputExists, Refused, UnwritableOutput
from vsr.jobs.upscale import segment_worker
from vsr.jobs.upscale.preset_spec import spec_of_preset
from vsr.jobs.workers.upscale import upscale
from vsr.media.reading.probe import probe
from vsr.specs import EncodeSpec
from vsr.upscaling.steps import open_steps
from vsr.values import OutputSize, Size, TimeRange

FRAMES = 24


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "in.mp4", frames=FRAMES, audio=[Audio()])


def spec(**changes):
    values = {"model": "bicubic", "encode": EncodeSpec(encoder_preset="ultrafast"), **changes}
    return replace(spec_of_preset("1080p", OutputSize(scale=2)), **values)


def test_every_frame_arrives_once_in_order_and_in_time(clip: Path, tmp_path: Path):
    result = upscale(clip, tmp_path / "out.mp4", spec())
    assert result.frames_in == result.frames_out == FRAMES
    assert indices_in(result.output) == list(range(FRAMES))
    assert times_in(result.output) == times_in(clip)
    assert probe(result.output).video.size == Size(192, 128)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov"])
def test_a_variable_frame_rate_stays_exact(tmp_path: Path, suffix: str):
    pts = [0, 900, 1000, 5000, 5030, 20000, 20700, 90000]
    clip = write_clip(
        tmp_path / f"in{suffix}", frames=len(pts), pts=pts, time_base=Fraction(1, 30000)
    )
    upscale(clip, tmp_path / f"out{suffix}", spec())
    assert times_in(tmp_path / f"out{suffix}") == times_in(clip)


def test_sound_is_copied_bit_for_bit(clip: Path, tmp_path: Path):
    upscale(clip, tmp_path / "out.mp4", spec())
    assert _packets(tmp_path / "out.mp4", "audio") == _packets(clip, "audio") != []


def test_every_stream_of_a_rich_file_survives(tmp_path: Path):
    clip = write_clip(
        tmp_path / "in.mkv",
        frames=FRAMES,
        audio=[Audio(language="eng"), Audio(language="deu", codec="flac")],
        subtitles=[Subtitle(language="eng"), Subtitle(codec="ass", language="fra")],
        attachments=[Attachment()],
        chapters=[(0, 0.5, "one"), (0.5, 0.96, "two")],
    )
    upscale(clip, tmp_path / "out.mkv", spec())
    before, after = probe(clip), probe(tmp_path / "out.mkv")
    described = [(s.kind, s.codec, s.language) for s in before.others]
    assert [(s.kind, s.codec, s.language) for s in after.others] == described
    assert len(described) == 5
    assert len(after.chapters) == 2
    for kind in ("audio", "subtitle"):
        assert _packets(tmp_path / "out.mkv", kind) == _packets(clip, kind) != []


def test_audio_and_subtitles_can_be_left_out(tmp_path: Path):
    clip = write_clip(tmp_path / "in.mkv", frames=FRAMES, audio=[Audio()], subtitles=[Subtitle()])
    upscale(clip, tmp_path / "out.mkv", spec(keep_audio=False, keep_subtitles=False))
    assert probe(tmp_path / "out.mkv").others == ()


@pytest.mark.parametrize(
    "clip",
    [
        Clip(frames=4, pix_fmt="yuv420p10le", codec="libx265", matrix=9, primaries=9, transfer=16),
        Clip(frames=4, pix_fmt="yuv422p", matrix=1, primaries=1, transfer=1),
        Clip(frames=4, pix_fmt="yuv444p", color_range=Range.FULL, matrix=1),
        Clip(frames=4, pix_fmt="gray"),
    ],
    ids=["10bit", "422", "444-full", "gray"],
)
def test_depth_chroma_and_colour_tags_are_kept(tmp_path: Path, clip: Clip):
    write_clip(tmp_path / "in.mkv", clip)
    upscale(tmp_path / "in.mkv", tmp_path / "out.mkv", spec())
    before, after = probe(tmp_path / "in.mkv").video, probe(tmp_path / "out.mkv").video
    assert after.layout == before.layout
    if not before.layout.is_gray:
        assert after.colour == before.colour


def test_rotation_and_pixel_shape_are_kept_by_a_pure_scale(tmp_path: Path):
    clip = write_clip(tmp_path / "in.mp4", frames=4, rotation=90, sar=Fraction(4, 3))
    upscale(clip, tmp_path / "out.mp4", spec())
    before, after = probe(clip).video, probe(tmp_path / "out.mp4").video
    assert after.display_matrix == before.display_matrix is not None
    assert after.sar == before.sar == Fraction(4, 3)


def test_a_box_makes_square_pixels_and_turns_with_a_turned_picture(tmp_path: Path):
    clip = write_clip(tmp_path / "in.mp4", frames=2, size=Size(96, 64), rotation=90)
    upscale(clip, tmp_path / "out.mp4", spec(size=OutputSize(width=192)))
    assert probe(tmp_path / "out.mp4").video.size == Size(288, 192)  # shown 192 wide


@pytest.mark.parametrize(
    ("size", "matrix"), [(Size(96, 64), 2), (Size(640, 400), 1)], ids=["sd-to-sd", "sd-to-hd"]
)
def test_an_unknown_matrix_is_tagged_only_where_players_would_guess_anew(tmp_path, size, matrix):
    clip = write_clip(tmp_path / "in.mkv", frames=2, size=size)
    assert probe(clip).video.colour.matrix == 2
    notes: list[str] = []
    upscale(clip, tmp_path / "out.mkv", spec(), note=notes.append)
    expected = {2: 2, 1: 6}[matrix]  # the maths took BT.601 in both cases
    assert probe(tmp_path / "out.mkv").video.colour.matrix == expected
    assert any("BT.601 is assumed" in note for note in notes)


def test_a_part_begins_at_zero_with_its_sound(clip: Path, tmp_path: Path):
    part = TimeRange(start_seconds=0.2, end_seconds=0.6)
    upscale(clip, tmp_path / "out.mkv", spec(time=part))
    assert indices_in(tmp_path / "out.mkv") == list(range(5, 15))
    assert times_in(tmp_path / "out.mkv")[0] == 0
    assert [s.kind for s in probe(tmp_path / "out.mkv").others] == ["audio"]


def test_max_frames_stops_early(clip: Path, tmp_path: Path):
    result = upscale(clip, tmp_path / "out.mp4", spec(time=TimeRange(max_frames=3)))
    assert indices_in(result.output) == [0, 1, 2]


def test_repeated_pictures_are_not_computed_again(tmp_path: Path):
    path = write_clip(
        tmp_path / "in.mkv", frames=6, codec="ffv1", pts=[0, 1, 2, 3, 4, 5], first_index=7
    )
    assert upscale(path, tmp_path / "a.mkv", spec()).frames_reused == 0


def test_tiles_that_stood_still_are_in_the_report(clip: Path, tmp_path: Path, monkeypatch):
    seen: list[int] = []

    def counting(names, context, stack, counters):
        def step(frames):
            for frame in frames:
                counters.reused_tiles += 5
                seen.append(frame.pts)
                yield frame

        steps_of = open_steps(names, context, stack, counters)
        return lambda span: [step, *steps_of(span)]

    monkeypatch.setattr(segment_worker, "open_steps", counting)
    result = upscale(clip, tmp_path / "out.mp4", spec(time=TimeRange(max_frames=3)))
    assert result.as_dict()["reused_tiles"] == 5 * len(seen) > 0


def test_a_network_and_the_progress_of_it(clip: Path, tmp_path: Path):
    seen = []
    small = spec(model="fast", size=OutputSize(scale=4), time=TimeRange(max_frames=3))
    result = upscale(clip, tmp_path / "out.mp4", small, on_progress=seen.append)
    assert [(progress.phase.value, progress.frames) for progress in seen] == [
        *(("upscaling", frames) for frames in range(4)), ("joining", 3), ("verifying", 3),
    ]  # fmt: skip
    assert seen[-1].total_frames == 3
    assert indices_in(result.output) == [0, 1, 2]


def test_the_library_call_is_the_same_job(clip: Path, tmp_path: Path):
    result = vsr.upscale(str(clip), tmp_path / "out.mp4", scale=2, model="bicubic")
    assert isinstance(result, vsr.Result)
    assert indices_in(result.output) == list(range(FRAMES))
    assert vsr.probe(clip).video.size == Size(96, 64)


def test_an_existing_target_is_refused_kept_or_replaced(clip: Path, tmp_path: Path):
    target = tmp_path / "out.mp4"
    target.write_bytes(b"mine")
    with pytest.raises(OutputExists):
        upscale(clip, target, spec())
    assert upscale(clip, target, spec(existing="skip")).is_skipped
    assert target.read_bytes() == b"mine"
    assert upscale(clip, target, spec(existing="overwrite")).frames_out == FRAMES


def test_a_refusal_leaves_nothing_behind(clip: Path, tmp_path: Path):
    before = sorted(tmp_path.iterdir())
    with pytest.raises(UnwritableOutput):
        upscale(clip, clip, spec(existing="overwrite"))
    with pytest.raises(Refused, match="at or above the target"):
        upscale(clip, tmp_path / "out.mp4", spec(size=OutputSize(width=96)))
    part = TimeRange(start_seconds=50, end_seconds=60)
    with pytest.raises(Refused, match="no frame between"):
        upscale(clip, tmp_path / "out.mp4", spec(time=part))
    assert sorted(tmp_path.iterdir()) == before


def test_damaged_but_decodable_is_upscaled_with_its_losses_counted(tmp_path: Path):
    clip = write_clip(tmp_path / "in.mkv", frames=48, options={"crf": "10"})
    data = bytearray(clip.read_bytes())
    for start in range(len(data) // 3, len(data) // 2, 97):
        data[start] ^= 0xFF
    clip.write_bytes(data)
    result = upscale(clip, tmp_path / "out.mkv", spec())
    assert result.frames_out == result.frames_in == len(indices_in(tmp_path / "out.mkv")) > 12
    assert result.losses


def test_an_error_midway_leaves_nothing_behind(clip: Path, tmp_path: Path):
    def fail(_: object) -> None:
        raise OSError("the observer broke")

    with pytest.raises(OSError, match="the observer broke"):
        upscale(clip, tmp_path / "out.mp4", spec(), on_progress=fail)
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]


def test_a_gpu_decoder_that_is_not_there_is_said_and_software_decodes(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def refuse(path: Path, decoding: object) -> None:
        raise PermissionError(1, "Operation not permitted")  # what FFmpeg does without a driver

    monkeypatch.setattr("vsr.media.source.hardware.open_on_hardware", refuse)
    said: list[str] = []
    result = upscale(clip, tmp_path / "out.mp4", spec(hwaccel="cuda"), note=said.append)
    assert result.frames_out == FRAMES
    assert len([line for line in said if "--hwaccel cuda" in line]) == 1


def _packets(path: Path, kind: str) -> list[bytes]:
    with av.open(str(path)) as container:
        streams = [stream for stream in container.streams if stream.type == kind]
        return [bytes(packet) for packet in container.demux(streams) if packet.size]
