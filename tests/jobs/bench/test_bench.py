"""Every stage alone, all of them together, and how long a film takes."""

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from tests.clips import write_clip
from tests.upscaling import toys
from tests.upscaling.stand_in import cuda_engine_on_cpu
from vsr.cli import run
from vsr.device import flight
from vsr.device.overlap import double_buffered
from vsr.errors import InvalidOption
from vsr.jobs.bench.bench import BenchSpec, bench
from vsr.jobs.bench.bench_report import draw_chart, in_words
from vsr.jobs.bench.bench_stages import Stages, bounced, own_clip, source_size
from vsr.jobs.upscale.preset_spec import spec_of_preset
from vsr.media.reading.probe import probe
from vsr.media.reading.reader import Reader
from vsr.upscaling.engine.cuda_slots import OUTPUTS
from vsr.values import OutputSize, Size

TOY = Size(64, 36)
KEYS = {"stages", "whole_fps", "core_use", "device", "encoder", "model", "size", "film_seconds"}


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "in.mp4", frames=6, size=TOY)


def spec(**changes) -> BenchSpec:
    upscale = replace(spec_of_preset("1080p", OutputSize(scale=2)), model="bicubic", device="cpu")
    return BenchSpec(**{"upscale": upscale, "frames": 4, "repeats": 1, **changes})


def test_the_whole_and_the_stages_are_measured(clip: Path):
    report = bench(clip, spec(repeats=2))
    assert list(report.stages) == ["decode", "network", "encode"]
    assert report.size == "64×36 → 128×72"
    assert report.encoder is not None
    assert report.encoder.startswith("libx264 preset=superfast crf=18, ")
    rates = [report.whole_fps, *(stage.fps for stage in report.stages.values())]
    assert all(rate > 0 for rate in rates)
    assert report.film_seconds == 90 * 60 * 25 / report.whole_fps
    cpu_seconds = sum(stage.cpu_ms or 0 for stage in report.stages.values()) / 1000
    assert report.core_use == pytest.approx(cpu_seconds * report.whole_fps / report.cores)


def test_discarded_output_is_not_encoded(clip: Path):
    report = bench(clip, spec(is_discarded=True))
    assert list(report.stages) == ["decode", "network"]
    assert report.encoder is None


def test_pictures_that_are_kept_hold_no_slot_of_a_gpu(monkeypatch: pytest.MonkeyPatch):
    """A CUDA engine lends a few slots of memory; more pictures than that lie ready to encode."""
    monkeypatch.setattr(flight, "STARVED_SECONDS", 0.1)
    frames = [toys.frame(pts=pts, seed=pts) for pts in range(OUTPUTS + 3)]
    with cuda_engine_on_cpu(toys.model_of(None), toys.pass_spec()) as engine:

        def step(flow):
            return double_buffered(flow, engine.start, engine.finish, engine.depth)

        kept = Stages(job=None, steps=[step], folder=Path()).enlarged(frames)
    assert [one.pts for one in kept] == [one.pts for one in frames]


def test_a_clip_shorter_than_asked_is_measured_whole(clip: Path):
    assert bench(clip, spec(frames=99)).frames == 6


def test_the_command_prints_one_json_object_for_each_model(clip: Path, tmp_path: Path, capsys):
    options = ["--frames", "2", "--repeat", "1", "-s", "4", "--json"]
    picture = tmp_path / "stages.png"
    command = ["bench", str(clip), "-m", "bicubic", "-m", "fast", "--png", str(picture)]
    assert run(command + options) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["model"] for line in lines] == ["bicubic", "fast"]
    assert all(set(line) >= KEYS for line in lines)
    assert picture.stat().st_size > 0


def test_the_command_prints_a_table_for_a_person(clip: Path, capsys):
    arguments = ["--frames", "2", "--repeat", "1", "-m", "bicubic", "-s", "2"]
    assert run(["bench", str(clip), *arguments, "--discard-output"]) == 0
    shown = capsys.readouterr().out
    for word in ("decode", "network", "whole", "output discarded", "core use", "a 90-minute video"):
        assert word in shown


@pytest.mark.parametrize("wrong", [{"frames": 0}, {"repeats": 0}])
def test_no_frames_and_no_repeats_are_refused(wrong):
    with pytest.raises(InvalidOption, match="at least 1"):
        spec(**wrong)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (20, "1 minute"),
        (600, "10 minutes"),
        (3600, "1 hour"),
        (13_200, "3 hours 40 minutes"),
        (180_000, "50 hours"),
    ],
)
def test_a_time_is_said_in_words(seconds: float, words: str):
    assert in_words(seconds) == words


def test_a_chart_grows_with_its_reports(clip: Path):
    report = bench(clip, spec())
    one, two = draw_chart([report]), draw_chart([report, report])
    assert two.height > one.height
    assert len(one.getcolors(1 << 16) or []) > 4  # text and three bars at least


def test_our_own_clip_leaves_nothing_in_the_temporary_folder(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("VSR_HOME", str(tmp_path))
    assert own_clip(TOY, 2).parent == tmp_path / "cache" / "bench"


def test_our_own_clip_leaves_nothing_where_it_is_interrupted(tmp_path: Path, monkeypatch):
    def interrupted(path: Path, *_: object) -> None:
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr("vsr.media.clips.h264.write_clip", interrupted)
    with pytest.raises(KeyboardInterrupt):
        own_clip(TOY, 30, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_our_own_clip_is_drawn_once(tmp_path: Path):
    clip = own_clip(TOY, 30, tmp_path)
    written = clip.stat().st_mtime_ns
    assert own_clip(TOY, 30, tmp_path) == clip

    assert clip.stat().st_mtime_ns == written
    assert probe(clip).video.size == TOY
    with Reader.open(clip) as reader:
        frames = list(reader.frames())
    assert len(frames) == 30
    assert all((a.planes[0] != b.planes[0]).any() for a, b in pairwise(frames))


@pytest.mark.parametrize(
    ("target", "size"),
    [
        (OutputSize(width=1920, height=1080), Size(480, 270)),
        (OutputSize(width=3840, height=2160), Size(960, 540)),
        (OutputSize(scale=2), Size(480, 270)),
    ],
)
def test_our_own_clip_is_a_quarter_of_the_target(target: OutputSize, size: Size):
    assert source_size(target) == size


def test_pictures_go_forwards_and_backwards_with_rising_times(tmp_path: Path):
    clip = write_clip(tmp_path / "in.mkv", frames=3)
    with Reader.open(clip) as reader:
        frames = list(reader.frames())
    places = {id(frame.planes[0]): index for index, frame in enumerate(frames)}
    shown = list(bounced(frames, 7, 10))
    assert [places[id(frame.planes[0])] for frame in shown] == [0, 1, 2, 1, 0, 1, 2]
    assert [frame.pts for frame in shown] == [0, 10, 20, 30, 40, 50, 60]
