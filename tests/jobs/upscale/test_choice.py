"""What ``auto`` becomes, and how a run says so."""

from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

import vsr
from tests.clips import write_clip
from tests.flavoured import SIZE, SPEC, natural
from vsr.errors import InvalidOption
from vsr.jobs.upscale.choice import AUTO_MODEL, choose_blend, with_model
from vsr.jobs.upscale.plan import prepare
from vsr.jobs.upscale.preset_spec import spec_of_preset
from vsr.jobs.upscale.strength import CLEAR, Condition
from vsr.jobs.workers.upscale import upscale
from vsr.models import catalog
from vsr.models.weights_files import Card, sha256_of, write_card
from vsr.version import __version__

pytestmark = pytest.mark.usefixtures("models")

CLEAN = Condition(codec="ffv1", quantiser=0.0, blockiness=0.0)
HARD = Condition(codec="h264", quantiser=34.0, blockiness=0.5)


def no_look() -> Condition:
    """Fail where the source need not be looked at."""
    raise AssertionError("looked at the source")


@pytest.mark.parametrize(("condition", "sharpness"), [(CLEAN, 0.0), (HARD, CLEAR)])
def test_only_what_is_compressed_is_made_clear(condition: Condition, sharpness: float) -> None:
    choice = choose_blend(SPEC, 2, lambda: condition)
    assert choice.spec.sharpness == sharpness
    model = catalog.load("toy", 2, choice.spec.blend())
    note = choice.note(model)
    assert note is not None
    undo = "draws detail that was not in the source; --sharpness 0 for none."
    assert (f"sharpness {CLEAR:g} {undo}" in note) is bool(sharpness)
    assert condition.in_words in note


def test_what_draws_most_is_named_where_the_usual_network_draws() -> None:
    vivid, fast = (catalog.load(name, 4).traits for name in ("vivid", "fast"))
    ratio = vivid.macs_per_pixel / fast.macs_per_pixel
    assert round(ratio) == catalog.MORE_WORK

    def note(scale: int, *asked: str) -> str:
        choice = choose_blend(replace(SPEC, model="fast", asked=asked), scale, lambda: HARD)
        return choice.note(catalog.load("fast", scale, choice.spec.blend())) or ""

    assert note(4).endswith(
        "--sharpness 0 for none, --model vivid for more, at 6 times the work, on a CPU 8 to 16 "
        "times the time."
    )
    assert "vivid" not in note(2)
    assert "vivid" not in note(4, "model")


def test_what_was_asked_for_is_done_without_a_look_or_a_warning() -> None:
    choice = choose_blend(replace(SPEC, strength=1.0, sharpness=0.5), 2, no_look)
    assert choice.spec.blend() == replace(SPEC, strength=1.0, sharpness=0.5).blend()
    assert choice.note(catalog.load("toy", 2, choice.spec.blend())) is None


def test_one_dial_may_be_asked_for_and_the_other_found() -> None:
    spec = choose_blend(replace(SPEC, sharpness=0.25), 2, lambda: HARD).spec
    assert (spec.strength, spec.sharpness) == (HARD.strength, 0.25)


def test_without_a_clear_flavour_nothing_is_drawn(models: Path) -> None:
    (models / "toy-clear_x2.safetensors").unlink()
    spec = choose_blend(SPEC, 2, lambda: HARD).spec
    assert (spec.strength, spec.sharpness) == (HARD.strength, 0)
    with pytest.raises(InvalidOption, match="--sharpness 0.5: toy ×2 has no flavour for it"):
        catalog.load("toy", 2, replace(spec, sharpness=0.5).blend())


def test_the_dial_of_a_preset_is_dropped_where_it_does_not_fit(tmp_path: Path) -> None:
    preset = tmp_path / "mine.toml"
    preset.write_text(
        'description = "Mine."\npipeline = "upscale"\nmodel = "bicubic"\n'
        "strength = 0.5\nsharpness = 0.25\n[size]\nscale = 2\n"
    )
    film = natural(tmp_path / "film.mp4", 30)
    job = prepare(film, tmp_path / "out.mkv", replace(spec_of_preset(str(preset)), device="cpu"))
    assert str(job.model) == "bicubic ×2"
    with pytest.raises(InvalidOption, match="strength=0.5: bicubic ×2 has no flavour for it"):
        vsr.upscale(film, tmp_path / "out.mkv", preset=str(preset), strength=0.5)


def test_a_model_that_is_left_open_is_named_in_the_plan(tmp_path: Path) -> None:
    preset = tmp_path / "mine.toml"
    preset.write_text(
        'description = "Mine."\npipeline = "upscale"\nmodel = "auto"\n[size]\nscale = 2\n'
    )
    spec = spec_of_preset(str(preset))
    assert with_model(spec).model == AUTO_MODEL
    job = prepare(natural(tmp_path / "film.mp4", 30), tmp_path / "out.mkv", spec)
    assert job.network.startswith(f"{AUTO_MODEL} ×2")
    assert job.fingerprint()["model"] == AUTO_MODEL


def test_a_network_that_draws_detail_sees_deep_film_on_a_curve(tmp_path: Path) -> None:
    for transfer, tone in ((16, "pq"), (18, "luma"), (1, "luma")):
        film = write_clip(
            tmp_path / f"{transfer}.mkv", frames=2, size=SIZE, codec="ffv1",
            pix_fmt="yuv420p10le", transfer=transfer, matrix=9, primaries=9,
        )  # fmt: skip
        plans = [
            prepare(film, tmp_path / "out.mkv", replace(SPEC, sharpness=sharpness))
            for sharpness in (0.5, 0.0)
        ]
        assert [plan.fingerprint()["tone"] for plan in plans] == [tone, None]
        assert any("SDR-like" in note for note in plans[0].notes()) is (tone == "pq")
    result = upscale(film, tmp_path / "out.mkv", replace(SPEC, sharpness=0.5))
    assert result.frames_out == 2
    with av.open(str(tmp_path / "out.mkv")) as container:
        made_by = container.streams.video[0].metadata["ENCODER"]
    assert made_by == f"vsr {__version__}: {result.model}, steady"
    assert "sharpness 0.50" in made_by


def test_what_is_too_far_from_sdr_stays_faithful(tmp_path: Path) -> None:
    film = write_clip(tmp_path / "film.mkv", frames=2, size=SIZE, codec="ffv1", transfer=8)
    plan = prepare(film, tmp_path / "out.mkv", replace(SPEC, strength=0.0, sharpness=0.5))
    assert plan.model.blend.is_plain
    assert any("transfer characteristic 8 is too far from SDR" in note for note in plan.notes())


def test_a_network_that_is_clear_by_itself_needs_a_film_near_sdr(tmp_path: Path) -> None:
    spec = replace(SPEC, model="toy-clear")
    weights = catalog.load("toy-clear", 2).path
    assert weights is not None
    card = Card(
        name="toy-clear", architecture="plain", scale=2, flavour="clear", licence="CC0-1.0",
        sha256=sha256_of(weights), command="", data="", seconds=0.0, device="cpu",
    )  # fmt: skip
    write_card(card, weights)
    deep = write_clip(
        tmp_path / "deep.mkv", frames=2, size=SIZE, codec="ffv1", pix_fmt="yuv420p10le",
        transfer=16, matrix=9, primaries=9,
    )  # fmt: skip
    assert prepare(deep, tmp_path / "out.mkv", spec).fingerprint()["tone"] == "pq"
    linear = write_clip(tmp_path / "film.mkv", frames=2, size=SIZE, codec="ffv1", transfer=8)
    with pytest.raises(InvalidOption, match=r"--model toy-clear: .* Choose --model fast\."):
        prepare(linear, tmp_path / "out.mkv", spec)


def seeded_noise() -> Image.Image:
    codes = np.random.default_rng(0).normal(128, 60, (128, 192))
    return Image.fromarray(np.clip(codes, 0, 255).astype(np.uint8)).convert("RGB")


def test_a_still_image_is_made_clear_where_it_is_compressed(tmp_path: Path) -> None:
    seeded_noise().save(tmp_path / "photo.jpg", quality=3)
    notes: list[str] = []
    result = upscale(tmp_path / "photo.jpg", tmp_path / "a.png", SPEC, note=notes.append)
    assert f"sharpness {CLEAR:.2f}" in result.model
    assert any("--sharpness 0 for none" in note for note in notes)
