"""How strong a flavour a source needs."""

import itertools
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from PIL import Image

from tests.clips import write_clip
from tests.flavoured import SIZE, SPEC, natural
from vsr.batch.engine import EngineSpec
from vsr.errors import InvalidOption
from vsr.jobs.upscale.choice import Choice
from vsr.jobs.upscale.plan import prepare
from vsr.jobs.upscale.strength import CLEAR, Condition, condition_of, condition_of_picture
from vsr.jobs.workers.shared_film import Crew, FilmInWork
from vsr.jobs.workers.tasks import PlanFilm
from vsr.jobs.workers.upscale import upscale
from vsr.jobs.workers.worker import FilmSpec, FilmWorker
from vsr.media.reading.probe import probe
from vsr.models.catalog import load
from vsr.values import Blend

pytestmark = pytest.mark.usefixtures("models")


def test_the_same_film_compressed_harder_asks_for_no_less(tmp_path: Path) -> None:
    films = [natural(tmp_path / f"{crf}.mp4", crf) for crf in (10, 23, 36)]
    found = [condition_of(probe(film)) for film in films]
    quantisers = [condition.quantiser for condition in found]
    blocks = [condition.blockiness for condition in found]
    strengths = [condition.strength for condition in found]
    assert quantisers == sorted(quantisers)
    assert blocks == sorted(blocks)
    assert strengths == sorted(strengths)
    assert strengths[0] < strengths[-1]


def test_a_second_glance_sees_the_same(tmp_path: Path) -> None:
    film = natural(tmp_path / "film.mp4", 30)
    assert condition_of(probe(film)) == condition_of(probe(film))


@pytest.mark.parametrize(
    ("quantiser", "noise", "lines", "kind"),
    [
        (15.0, 0.5, 360, "clean"),
        (30.0, 0.5, 360, "compressed"),
        (24.0, 0.0, 360, "compressed"),
        (24.0, 0.0, 720, "clean"),  # its blocks are half as large
        (24.0, 3.0, 360, "grainy"),  # what was quantised away cannot be there
        (36.0, 3.0, 360, "compressed"),
        (15.0, 3.0, 1080, "grainy"),
        (0.0, 0.0, 1080, "clean"),
    ],
)
def test_kinds_of_films(quantiser: float, noise: float, lines: int, kind: str) -> None:
    condition = Condition(
        codec="h264", quantiser=quantiser, blockiness=0.1, noise=noise, lines=lines
    )
    assert condition.kind == kind
    assert (condition.blend.sharpness > 0) is (kind == "compressed")
    assert str(condition).startswith(f"{kind}, quantiser {quantiser:.0f}, ")


def test_a_film_is_judged_by_how_coarsely_it_is_quantised(tmp_path: Path) -> None:
    found = [condition_of(probe(natural(tmp_path / f"{crf}.mp4", crf))) for crf in (10, 38)]
    assert [one.kind for one in found] == ["grainy", "compressed"]
    assert found[0].quantiser < found[1].quantiser


@pytest.mark.parametrize("codec", ["ffv1", "prores", "rawvideo"])
def test_what_is_not_compressed_with_loss_needs_none(codec: str) -> None:
    assert Condition(codec=codec, quantiser=0.0, blockiness=4.0).strength == 0


def test_strength_is_monotone_and_stays_between_0_and_1() -> None:
    values = [
        [Condition(codec="h264", quantiser=q, blockiness=k).strength for k in (0, 0.2, 1)]
        for q in (0, 12, 24, 36, 51)
    ]
    assert all(list(row) == sorted(row) for row in (*values, *zip(*values, strict=True)))
    assert {0.0, 1.0} <= set(itertools.chain(*values))
    assert min(itertools.chain(*values)) == 0
    assert max(itertools.chain(*values)) == 1


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_strength_rises_with_the_rate_factor(tmp_path: Path, codec: str) -> None:
    films = [natural(tmp_path / f"{crf}.mkv", crf, codec) for crf in (8, 20, 36)]
    strengths = [condition_of(probe(film)).strength for film in films]
    assert strengths[0] < strengths[1] < strengths[2]


@pytest.mark.parametrize("quality", [20, 92])
def test_motion_jpeg_is_judged_as_its_pictures_are(tmp_path: Path, quality: int) -> None:
    codes = np.random.default_rng(0).integers(0, 256, (96, 128), dtype=np.uint8)
    picture, film = tmp_path / "a.jpg", tmp_path / "film.avi"
    Image.fromarray(codes).save(picture, quality=quality)
    with av.open(str(film), "w") as output:
        stream = output.add_stream("mjpeg", rate=25)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuvj420p"
        for index in range(4):
            packet = av.Packet(picture.read_bytes())
            packet.stream, packet.pts, packet.dts = stream, index, index
            packet.time_base, packet.is_keyframe = Fraction(1, 25), True
            output.mux(packet)
    moving, still = condition_of(probe(film)), condition_of_picture(picture, codes)
    assert moving is not None
    assert still is not None
    assert moving.quantiser == still.quantiser
    assert moving.kind == {20: "compressed", 92: "clean"}[quality]


def test_what_auto_found_is_said_and_stands_in_the_plan(tmp_path: Path) -> None:
    film = natural(tmp_path / "film.mp4", 40)
    planned = prepare(film, tmp_path / "out.mkv", SPEC)
    strength = planned.fingerprint()["strength"]
    assert strength > 0
    assert planned.model.blend.strength == strength
    (note,) = (note for note in planned.notes() if note.startswith("model"))
    found = f"toy ×2, strength {strength:.2f}, sharpness {CLEAR:.2f}, steady (auto: "
    assert note.startswith(f"model {found}the source is compressed). sharpness")
    assert planned.network.startswith(f"{found}compressed, quantiser ")
    assert ", blockiness " in planned.network


def test_a_film_whose_compression_hardly_shows_is_not_called_clean() -> None:
    model = load("toy", 2, Blend(strength=0.5))
    seen = Condition(codec="h264", quantiser=21, blockiness=0.05)
    assert seen.kind == "clean"
    choice = Choice(SPEC, seen, ("strength", "sharpness"))
    why = "coded with loss, though it hardly shows"
    assert f"(auto: {why})" in choice.in_short(model)
    for quantiser, blocks, why in (
        (12, 0.05, "compression hardly shows"),
        (14, 0.9, "blocks show, though it is finely coded"),
    ):
        assert Condition(codec="h264", quantiser=quantiser, blockiness=blocks).in_words == why
    grainy = Condition(codec="h264", quantiser=24, blockiness=0.05, noise=3.0)
    assert grainy.in_words == "coarsely coded; the source is grainy"


def test_auto_goes_between_the_network_and_its_only_flavour(tmp_path: Path, models: Path) -> None:
    (models / "toy-video-medium_x2.safetensors").rename(models / "toy-video-strong_x2.safetensors")
    films = [natural(tmp_path / f"{crf}.mp4", crf) for crf in (1, 40)]
    spec = replace(SPEC, sharpness=0.0)
    easy, hard = (prepare(film, tmp_path / "out.mkv", spec).model for film in films)
    assert easy.blend.strength < hard.blend.strength
    plain, strong = (load(f"toy{end}", 2).net.state_dict() for end in ("", "-video-strong"))
    share = hard.blend.strength
    for name, tensor in hard.net.state_dict().items():
        torch.testing.assert_close(tensor, (1 - share) * plain[name] + share * strong[name])


def test_a_network_without_flavours_is_taken_as_it_is(tmp_path: Path) -> None:
    film = write_clip(tmp_path / "film.mp4", frames=2, size=SIZE)
    planned = prepare(film, tmp_path / "out.mkv", replace(SPEC, model="bicubic"))
    assert planned.choice.condition is None
    assert planned.model.blend.is_plain
    with pytest.raises(InvalidOption, match="bicubic ×2 has no flavour for it"):
        prepare(film, tmp_path / "out.mkv", replace(SPEC, model="bicubic", strength=0.5))


def test_what_auto_found_is_decided_once_for_all_workers(tmp_path: Path) -> None:
    film = natural(tmp_path / "film.mp4", 40)
    spec = replace(SPEC, segment_frames=2)
    work = FilmInWork(
        FilmSpec(source=film, target=tmp_path / "out.mkv", spec=spec), Crew(is_shared=True)
    )
    worker = FilmWorker("cpu", "fp32")
    begin = PlanFilm(work.film)
    begun = begin.run(worker, lambda text: None)
    parts = work.ended(begin, begun)
    work.release()
    worker.close()
    assert begun.spec.strength > 0
    assert parts
    assert all(part.film.spec == begun.spec for part in parts)


@pytest.mark.slow
def test_workers_agree_on_what_auto_found(tmp_path: Path) -> None:
    film = write_clip(tmp_path / "film.mp4", frames=96, size=SIZE, options={"crf": "45"})
    engine = EngineSpec(workers=2, cpus_per_worker=1)
    spec = replace(SPEC, segment_frames=48)
    spread = upscale(film, tmp_path / "spread.mkv", spec, engine=engine)
    alone = upscale(film, tmp_path / "alone.mkv", replace(spec, threads=1))
    assert spread.model == alone.model
    assert "strength" in alone.model
    assert (tmp_path / "spread.mkv").read_bytes() == (tmp_path / "alone.mkv").read_bytes()


def test_a_jpeg_is_looked_at_and_a_png_is_not(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    codes = np.clip(rng.normal(128, 40, (64, 64, 3)), 0, 255).astype(np.uint8)
    for name in ("photo.jpg", "photo.png"):
        Image.fromarray(codes).save(tmp_path / name, quality=5)
    notes: list[str] = []
    hard = upscale(tmp_path / "photo.jpg", tmp_path / "a.png", SPEC, note=notes.append)
    plain = upscale(tmp_path / "photo.png", tmp_path / "b.png", SPEC)
    assert "strength" in hard.model
    assert plain.model == "toy ×2"
    assert any("auto:" in note for note in notes)


def test_a_jpeg_tells_how_coarse_it_is(tmp_path: Path) -> None:
    codes = np.random.default_rng(0).integers(0, 256, (96, 128), dtype=np.uint8)
    kinds, found = [], []
    for quality in (3, 30, 60, 90, 98):
        path = tmp_path / f"{quality}.jpg"
        Image.fromarray(codes).save(path, quality=quality)
        condition = condition_of_picture(path, np.asarray(Image.open(path)))
        assert condition is not None
        kinds.append(condition.kind)
        found.append(condition.quantiser)
    assert found == sorted(found, reverse=True)
    assert kinds == ["compressed", "compressed", "compressed", "clean", "clean"]
    assert found[0] > 40  # steps of 128 or so
    assert found[-1] < 10  # steps of 1


@pytest.mark.parametrize("name", ["a.jfif", "a.png", "a.heic.jpg", "a"])
def test_what_compressed_an_image_is_told_by_what_is_in_it(tmp_path: Path, name: str) -> None:
    codes = np.random.default_rng(0).integers(0, 256, (96, 128), dtype=np.uint8)
    Image.fromarray(codes).save(tmp_path / name, "JPEG", quality=30)
    condition = condition_of_picture(tmp_path / name, codes)
    assert condition is not None
    assert (condition.codec, condition.kind) == ("mjpeg", "compressed")
    Image.fromarray(codes).save(tmp_path / "b.jpg", "PNG")
    assert condition_of_picture(tmp_path / "b.jpg", codes) is None


def test_other_images_are_judged_by_their_bits(tmp_path: Path) -> None:
    codes = np.random.default_rng(0).integers(0, 256, (96, 128), dtype=np.uint8)
    found = []
    for quality in (10, 90):
        path = tmp_path / f"{quality}.webp"
        Image.fromarray(codes).save(path, quality=quality)
        condition = condition_of_picture(path, np.asarray(Image.open(path).convert("L")))
        assert condition is not None
        found.append(condition.quantiser)
    assert found[0] > found[1]
