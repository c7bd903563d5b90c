"""How strong a flavour a source needs, and that every job takes it."""

import itertools
import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from tests.clips import indices_in, write_clip
from vsr.batch.engine import EngineSpec
from vsr.cli import run
from vsr.errors import InvalidOption, OutputError
from vsr.jobs import upscale as job
from vsr.jobs.film import FilmInWork
from vsr.jobs.plan import prepare
from vsr.jobs.spread import upscale_spread
from vsr.jobs.strength import Condition, condition_of
from vsr.jobs.tasks import Begin
from vsr.jobs.upscale import upscale
from vsr.jobs.worker import FilmWorker
from vsr.media.probe import probe
from vsr.models.plain import Plain
from vsr.specs import EncodeSpec, Size, Target, UpscaleSpec

SIZE = Size(96, 64)
SPEC = UpscaleSpec(
    target=Target(scale=2),
    steps=("upscale",),
    model="toy",
    encode=EncodeSpec(encoder_preset="ultrafast"),
    device="cpu",
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folder with a network ``toy`` ×2, a flavour for video and a perceptual one."""
    monkeypatch.setenv("VSR_MODELS", str(tmp_path / "models"))
    (tmp_path / "models").mkdir()
    for seed, end in enumerate(("", "-video-medium", "-perceptual")):
        torch.manual_seed(seed)
        save_file(Plain(2, 4, 1).state_dict(), tmp_path / "models" / f"toy{end}_x2.safetensors")
    return tmp_path


def natural(path: Path, crf: int) -> Path:
    """A film of moving smooth noise, as hard to compress as real pictures."""
    import av

    from vsr.media.planes import frame_of

    rng = np.random.default_rng(0)
    field = np.cumsum(np.cumsum(rng.normal(size=(160, 200)), 0), 1)
    field = 128 + 60 * (field - field.mean()) / field.std() + rng.normal(0, 8, field.shape)
    field = np.clip(field, 16, 235).astype(np.uint8)
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=25, options={"crf": str(crf)})
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        gray = np.full((48, 64), 128, np.uint8)
        for index in range(6):
            luma = np.ascontiguousarray(field[index : index + 96, 2 * index : 2 * index + 128])
            frame = frame_of((luma, gray, gray), "yuv420p")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def test_the_same_film_compressed_harder_asks_for_no_less(tmp_path: Path) -> None:
    films = [natural(tmp_path / f"{crf}.mp4", crf) for crf in (10, 23, 36)]
    found = [condition_of(probe(film)) for film in films]
    bits = [condition.bits_per_pixel for condition in found]
    blocks = [condition.blockiness for condition in found]
    strengths = [condition.strength for condition in found]
    assert bits == sorted(bits, reverse=True)
    assert blocks == sorted(blocks)
    assert strengths == sorted(strengths)
    assert strengths[0] < strengths[-1]


def test_a_second_glance_sees_the_same(tmp_path: Path) -> None:
    film = natural(tmp_path / "film.mp4", 30)
    assert condition_of(probe(film)) == condition_of(probe(film))


@pytest.mark.parametrize("codec", ["ffv1", "prores", "rawvideo"])
def test_what_is_not_compressed_with_loss_needs_none(codec: str) -> None:
    assert Condition(codec=codec, bits_per_pixel=0.01, blockiness=1.0).strength == 0


def test_strength_is_monotone_and_stays_between_0_and_1() -> None:
    values = [
        [Condition(codec="h264", bits_per_pixel=b, blockiness=k).strength for k in (0, 0.2, 1)]
        for b in (10, 1, 0.1, 0.01, 0)
    ]
    assert all(list(row) == sorted(row) for row in (*values, *zip(*values, strict=True)))
    assert {0.0, 1.0} <= set(itertools.chain(*values))
    assert min(itertools.chain(*values)) == 0
    assert max(itertools.chain(*values)) == 1


def test_a_better_codec_needs_fewer_bits() -> None:
    def strength(codec: str) -> float:
        return Condition(codec=codec, bits_per_pixel=0.1, blockiness=0.05).strength

    assert strength("av1") <= strength("h264") <= strength("mpeg2video")
    assert strength("av1") < strength("mpeg2video")


def test_what_auto_found_is_said_and_stands_in_the_plan(folder: Path) -> None:
    film = natural(folder / "film.mp4", 40)
    planned = prepare(film, folder / "out.mkv", SPEC)
    strength = planned.fingerprint()["strength"]
    assert strength > 0
    assert planned.model.blend.strength == strength
    (note,) = (note for note in planned.notes() if note.startswith("model"))
    assert note.startswith(f"model toy ×2, strength {strength:.2f} (auto: 0.")
    assert "bits per pixel, blockiness" in note


def test_a_network_without_flavours_is_taken_as_it_is(folder: Path) -> None:
    film = write_clip(folder / "film.mp4", frames=2, size=SIZE)
    planned = prepare(film, folder / "out.mkv", replace(SPEC, model="bicubic"))
    assert planned.condition is None
    assert planned.model.blend.is_plain
    with pytest.raises(InvalidOption, match="bicubic ×2 comes in no such flavour"):
        prepare(film, folder / "out.mkv", replace(SPEC, model="bicubic", strength=0.5))


def test_work_of_another_strength_is_not_gone_on_with(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "frames_per_segment", lambda seconds: 12)
    film, target = write_clip(folder / "film.mp4", frames=24, size=SIZE), folder / "out.mkv"

    class PowerCut(Exception):
        pass

    def cut(progress: object) -> None:
        if progress.frames == 14:
            raise PowerCut

    with pytest.raises(PowerCut):
        upscale(film, target, replace(SPEC, strength=0.5), observe=cut)
    with pytest.raises(OutputError, match=r"strength was 0.5, is 0.75"):
        upscale(film, target, replace(SPEC, strength=0.75))
    with pytest.raises(OutputError, match=r"sharpness was 0.0, is 0.5"):
        upscale(film, target, replace(SPEC, strength=0.5, sharpness=0.5))
    result = upscale(film, target, replace(SPEC, strength=0.5))
    assert result.as_dict()["model"] == "toy ×2, strength 0.50"
    assert indices_in(target) == list(range(24))


def test_what_auto_found_is_decided_once_for_all_workers(folder: Path) -> None:
    film = natural(folder / "film.mp4", 40)
    spec = replace(SPEC, segment_frames=2)
    work = FilmInWork(film, folder / "out.mkv", spec, is_shared=True)
    worker = FilmWorker("cpu", "fp32")
    begin = Begin(work.film)
    begun = begin.run(worker, lambda text: None)
    parts = work.ended(begin, begun)
    work.release()
    worker.close()
    assert begun.blend.strength > 0
    assert {part.film.spec.strength for part in parts} == {begun.blend.strength}


@pytest.mark.slow
def test_workers_agree_on_what_auto_found(folder: Path) -> None:
    film = write_clip(folder / "film.mp4", frames=96, size=SIZE, options={"crf": "45"})
    engine = EngineSpec(workers=2, cpus_per_worker=1)
    spec = replace(SPEC, segment_frames=48)
    spread = upscale_spread(film, folder / "spread.mkv", spec, engine=engine)
    alone = upscale(film, folder / "alone.mkv", replace(spec, threads=1))
    assert spread.model == alone.model
    assert "strength" in alone.model
    assert (folder / "spread.mkv").read_bytes() == (folder / "alone.mkv").read_bytes()


def test_a_batch_does_a_file_again_for_another_strength(folder: Path, capsys) -> None:
    films = folder / "films"
    films.mkdir()
    write_clip(films / "film.mp4", frames=3, size=SIZE)

    def states(*options: str) -> list[str]:
        command = ["batch", str(films), str(folder / "out"), "-s", "2", "-m", "toy", "--json"]
        assert run([*command, *options]) == 0
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        return [line["state"] for line in lines if line["event"] == "file"]

    assert states("--strength", "0.5") == ["done"]
    assert states("--strength", "0.5") == ["skipped"]
    assert states("--strength", "0.25") == ["done"]
    assert states("--strength", "0.25", "--sharpness", "0.5") == ["done"]


def test_a_jpeg_is_looked_at_and_a_png_is_not(folder: Path) -> None:
    rng = np.random.default_rng(1)
    codes = np.clip(rng.normal(128, 40, (64, 64, 3)), 0, 255).astype(np.uint8)
    for name in ("photo.jpg", "photo.png"):
        Image.fromarray(codes).save(folder / name, quality=5)
    notes: list[str] = []
    hard = upscale(folder / "photo.jpg", folder / "a.png", SPEC, note=notes.append)
    plain = upscale(folder / "photo.png", folder / "b.png", SPEC)
    assert "strength" in hard.model
    assert plain.model == "toy ×2"
    assert any("auto:" in note for note in notes)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--strength", "2"], "--strength 2 must lie between 0 and 1"),
        (["--strength", "some"], "'some' is no strength"),
        (["--sharpness", "-1"], "--sharpness -1 must lie between 0 and 1"),
        (["--model", "bicubic", "--strength", "1"], "bicubic ×2 comes in no such flavour"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    folder: Path, capsys, options: list[str], message: str
) -> None:
    film = write_clip(folder / "film.mp4", frames=2, size=SIZE)
    command = ["upscale", str(film), str(folder / "out.mkv"), "-s", "2", "-m", "toy"]
    assert run([*command, *options]) == 2
    assert message in capsys.readouterr().err
