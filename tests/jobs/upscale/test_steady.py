"""What is drawn is held steady from frame to frame, and a film is the same however it is cut."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.clips import write_clip
from tests.flavoured import SPEC
from tests.jobs.upscale.woven_runs import LOSSLESS, Stop
from tests.upscaling.steady.scenes import shown, texture
from tests.woven import write_fields, write_film, write_soft_film
from vsr.batch.engine import EngineSpec
from vsr.cli import run
from vsr.errors import InvalidOption
from vsr.jobs.progress import Progress
from vsr.jobs.upscale.choice import choose_steady
from vsr.jobs.upscale.plan import prepare
from vsr.jobs.upscale.strength import Condition
from vsr.jobs.workers.upscale import upscale
from vsr.media.frames.planes import video_frame_of
from vsr.media.reading.probe import probe
from vsr.values import Blend, Deinterlace, GrainProfile, Size, TimeRange

DRAWN = replace(SPEC, strength=0.5, sharpness=0.75, encode=LOSSLESS, precision="fp32")

STILL = tuple(np.full(shape, 100, np.uint8) for shape in ((64, 96), (32, 48), (32, 48)))
GRAIN = GrainProfile(deviations=(1.0,) * 8, spectrum=(1.0,) * 64)

pytestmark = pytest.mark.usefixtures("models")


def moving(path: Path, frames: int = 20) -> Path:
    """A film of a texture that moves and of noise, with a key frame every five frames."""
    whole, rng = texture(64, 96), np.random.default_rng(0)
    gray = np.full((32, 48), 128, np.uint8)
    options = {"crf": "18", "g": "5", "sc_threshold": "0"}
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for index in range(frames):
            luma = shown(whole, 0.5 * index, -index) + rng.normal(0, 3, (64, 96))
            planes = (np.clip(np.rint(luma), 16, 235).astype(np.uint8), gray, gray)
            frame = video_frame_of(planes, "yuv420p")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def lumas(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(frame.planes[0]) for frame in container.decode(video=0)]


def test_a_film_is_the_same_however_it_is_cut_and_resumed(tmp_path: Path):
    film = moving(tmp_path / "film.mp4")
    upscale(film, tmp_path / "whole.mkv", DRAWN)
    short = replace(DRAWN, segment_frames=5)
    job = prepare(film, tmp_path / "out.mkv", short)
    assert job.is_steady
    upscale(film, tmp_path / "cut.mkv", short)

    def cut(progress: Progress) -> None:
        if progress.frames == 12:
            raise Stop

    with pytest.raises(Stop):
        upscale(film, tmp_path / "resumed.mkv", short, on_progress=cut)
    upscale(film, tmp_path / "resumed.mkv", short)
    whole = (tmp_path / "whole.mkv").read_bytes()
    assert (tmp_path / "cut.mkv").read_bytes() == whole
    assert (tmp_path / "resumed.mkv").read_bytes() == whole


def test_a_part_is_as_it_is_in_the_whole(tmp_path: Path):
    film = moving(tmp_path / "film.mp4", 12)
    upscale(film, tmp_path / "whole.mkv", DRAWN)
    part = replace(DRAWN, time=TimeRange(start_seconds=0.16, end_seconds=0.36))
    upscale(film, tmp_path / "part.mkv", part)
    assert lumas(tmp_path / "part.mkv") == lumas(tmp_path / "whole.mkv")[4:9]


@pytest.mark.parametrize("mode", ["auto", "bob"])
def test_interlaced_film_is_the_same_however_it_is_cut(tmp_path: Path, mode: Deinterlace):
    film = write_fields(tmp_path / "film.mp4", frames=24)
    steady = replace(DRAWN, steps=("deinterlace", "upscale"), deinterlace=mode)
    whole = upscale(film, tmp_path / "whole.mkv", steady)
    upscale(film, tmp_path / "cut.mkv", replace(steady, segment_frames=7))
    assert whole.frames_out == (48 if mode == "bob" else 24)
    assert (tmp_path / "cut.mkv").read_bytes() == (tmp_path / "whole.mkv").read_bytes()


UNEVEN = [*range(9), *range(20, 29)]
"""Times with a hole."""


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv", "film.ts"])
def test_uneven_interlaced_film_of_key_frames_is_the_same_however_it_is_cut(
    tmp_path: Path, name: str
):
    whole, rng = texture(64, 96), np.random.default_rng(2)
    pictures = []
    for at in range(len(UNEVEN)):
        luma = shown(whole, at, -2 * at)
        luma[1::2] = shown(whole, at + 0.5, -2 * at - 1)[1::2]
        noisy = np.clip(luma + rng.normal(0, 3, luma.shape), 16, 235).astype(np.uint8)
        gray = np.full((32, 48), 128, np.uint8)
        pictures.append((noisy, gray, gray))
    film = write_clip(
        tmp_path / name, frames=len(UNEVEN), size=Size(96, 64), gop=1, pictures=pictures,
        pts=UNEVEN, is_interlaced=True, options={"crf": "10", "preset": "ultrafast"},
    )  # fmt: skip
    steady = replace(DRAWN, steps=("deinterlace", "upscale"))
    upscale(film, tmp_path / "whole.mkv", steady)
    for frames in (3, 9):
        upscale(film, tmp_path / f"{frames}.mkv", replace(steady, segment_frames=frames))
        cut = (tmp_path / f"{frames}.mkv").read_bytes()
        assert cut == (tmp_path / "whole.mkv").read_bytes()


def test_progressive_film_in_segments_is_not_refused_as_interlaced(tmp_path: Path):
    film = moving(tmp_path / "film.mp4")
    for steady in ("on", "off"):
        spec = replace(DRAWN, steps=("deinterlace", "upscale"), deinterlace="refuse")
        short = replace(spec, steady=steady, segment_frames=5)
        assert upscale(film, tmp_path / f"{steady}.mkv", short).frames_out == 20


def test_frames_that_are_only_looked_at_count_as_no_repetitions(tmp_path: Path):
    film = write_clip(tmp_path / "film.mkv", frames=20, codec="ffv1", gop=1, pictures=[STILL] * 20)
    result = upscale(film, tmp_path / "out.mkv", replace(DRAWN, segment_frames=5))
    assert result.frames_reused <= 20


def test_film_whose_fields_flags_repeat_is_the_same_however_it_is_cut(tmp_path: Path):
    film = write_soft_film(tmp_path / "in.ts")
    steady = replace(DRAWN, steps=("deinterlace", "upscale"))
    upscale(film, tmp_path / "whole.mkv", steady)
    upscale(film, tmp_path / "cut.mkv", replace(steady, segment_frames=13))
    assert (tmp_path / "cut.mkv").read_bytes() == (tmp_path / "whole.mkv").read_bytes()


@pytest.mark.slow
def test_workers_make_the_same_film(tmp_path: Path):
    film = moving(tmp_path / "film.mp4")
    short = replace(DRAWN, segment_frames=5)
    upscale(film, tmp_path / "one.mkv", short)
    upscale(film, tmp_path / "two.mkv", short, engine=EngineSpec(workers=2, cpus_per_worker=1))
    assert (tmp_path / "two.mkv").read_bytes() == (tmp_path / "one.mkv").read_bytes()


def test_it_differs_from_frames_of_their_own_and_the_file_says_which(tmp_path: Path):
    film = moving(tmp_path / "film.mp4", 5)
    upscale(film, tmp_path / "steady.mkv", DRAWN)
    upscale(film, tmp_path / "own.mkv", replace(DRAWN, steady="off"))
    pairs = zip(lumas(tmp_path / "steady.mkv"), lumas(tmp_path / "own.mkv"), strict=True)
    assert all(one != other for one, other in pairs)
    for name, is_said in (("steady", True), ("own", False)):
        with av.open(str(tmp_path / f"{name}.mkv")) as container:
            tags = container.metadata | container.streams.video[0].metadata
        assert (", steady" in str(tags)) is is_said


def test_unfinished_work_notices_that_it_was_asked_for_otherwise(tmp_path: Path):
    film = moving(tmp_path / "film.mp4", 5)
    auto, off = (
        prepare(film, tmp_path / "out.mkv", replace(DRAWN, steady=one)) for one in ("auto", "off")
    )
    assert (auto.fingerprint()["steady"], off.fingerprint()["steady"]) == (True, False)
    (note,) = (one for one in auto.notes() if "--steady off" in one)
    assert "steady: detail is averaged over three frames; --steady off for none." in note
    assert not any("--steady" in one for one in off.notes())


@pytest.mark.parametrize(
    ("changes", "is_steady"),
    [
        ({}, True),
        ({"sharpness": 0.0}, True),  # it is repaired
        ({"strength": 0.0, "sharpness": 0.0}, False),
        ({"strength": 0.0, "sharpness": 0.0, "steady": "on"}, True),
        ({"steady": "off"}, False),
        ({"grain": GRAIN}, False),
        ({"grain": GRAIN, "steady": "on"}, True),
        ({"model": "bicubic", "strength": 0.0, "sharpness": 0.0}, False),
        ({"model": "tape", "strength": 0.0, "sharpness": 0.0}, True),
        ({"steps": ("fit",), "steady": "on"}, False),
    ],
)
def test_auto_holds_what_is_drawn_or_repaired_and_no_grain(tmp_path: Path, changes, is_steady):
    film = moving(tmp_path / "film.mp4", 2)
    assert prepare(film, tmp_path / "out.mkv", replace(DRAWN, **changes)).is_steady is is_steady


@pytest.mark.parametrize(("quantiser", "kind"), [(10.0, "clean"), (38.0, "compressed")])
def test_what_is_judged_clean_is_not_held(tmp_path: Path, quantiser: float, kind: str):
    job = prepare(moving(tmp_path / "film.mp4", 4), tmp_path / "out.mkv", DRAWN)
    condition = Condition(codec="h264", quantiser=quantiser, blockiness=0.0)
    assert condition.kind == kind
    spec = replace(job.spec, steady="auto", sharpness=0.0)
    choice = replace(job.choice, spec=spec, condition=condition)
    model = replace(job.model, blend=Blend(strength=0.2))
    decided = choose_steady(choice, model, job.device, job.fields)
    assert decided.spec.steady == ("on" if kind == "compressed" else "off")


def test_restored_film_is_left_alone(tmp_path: Path):
    film = write_film(tmp_path / "film.mp4")
    spec = replace(DRAWN, deinterlace="film", steps=("deinterlace", "upscale"))
    assert not prepare(film, tmp_path / "out.mkv", spec).is_steady
    with pytest.raises(InvalidOption, match="--steady on: --deinterlace film restores frames"):
        prepare(film, tmp_path / "out.mkv", replace(spec, steady="on"))


def test_a_wrong_word_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    film = moving(tmp_path / "film.mp4", 2)
    assert run(["upscale", str(film), str(tmp_path / "out.mkv"), "--steady", "very"]) == 2
    assert "--steady" in capsys.readouterr().err
    assert probe(film).video.frames_in_header == 2
