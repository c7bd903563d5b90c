"""The measures of the benchmark of looks, on pictures of which the answer is known."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from tests.benchmarks.looks import sharpness, tones
from tests.benchmarks.looks.filters import gaussian
from tests.benchmarks.looks.methods import by_candidate, detail, lanczos, to_codes
from tests.benchmarks.looks.score import lumas
from tests.benchmarks.periodicity import periodicity
from vsr.models import catalog
from vsr.models.plain import Compact
from vsr.values import PLAIN

WEIGHTS = Path(catalog.__file__).parent / "weights"
SCALE = 4
DARK, BRIGHT = 60, 190


def disc(side, radius, softness):
    """A bright disc on a dark ground; its border is ``softness`` wide."""
    down, right = np.mgrid[:side, :side] - (side - 1) / 2
    distance = np.hypot(down, right)
    share = 0.5 + 0.5 * np.tanh(2 * (radius - distance) / softness)
    return np.repeat(np.round(DARK + (BRIGHT - DARK) * share)[..., None], 3, 2).astype(np.uint8)


@pytest.fixture(scope="module")
def source():
    return disc(64, 20.3, 1.0)


@pytest.fixture(scope="module")
def enlarged(source):
    return lanczos(source)


@pytest.fixture(scope="module")
def truth():
    return disc(64 * SCALE, 20.3 * SCALE, 1.0)


def masked(picture, amount):
    return to_codes(picture + amount * detail(picture[None])[0])


def blurred(picture, sigma):
    return to_codes(gaussian(picture.astype(np.float32), sigma))


def acutance(picture, source, enlarged):
    edges = sharpness.sharp_edges(lumas(source))
    return sharpness.acutance(lumas(picture), lumas(enlarged), edges, SCALE)


def overshoot(picture, source, enlarged):
    steps = sharpness.step_edges(lumas(source))
    return sharpness.overshoot(lumas(picture), lumas(enlarged), steps, SCALE)


def test_lanczos_itself_scores_one(source, enlarged):
    assert acutance(enlarged, source, enlarged) == 1
    assert overshoot(enlarged, source, enlarged) == 0
    assert tones.shifts(enlarged, enlarged) == (0, 0)


def test_a_blurred_picture_is_less_acute(source, enlarged):
    assert acutance(blurred(enlarged, 2.0), source, enlarged) < 0.85


def test_the_truth_is_more_acute_and_leaves_no_range(source, enlarged, truth):
    assert acutance(truth, source, enlarged) > 1.25
    assert overshoot(truth, source, enlarged) == 0


def test_an_unsharp_mask_is_more_acute_and_overshoots(source, enlarged):
    sharpened = masked(enlarged, 1.5)
    assert acutance(sharpened, source, enlarged) > 1.25
    assert overshoot(sharpened, source, enlarged) > 1


def test_an_edge_out_of_focus_is_not_sharp_and_is_followed():
    source = disc(64, 20.3, 8.0)
    enlarged = lanczos(source)
    sharp, soft = (
        sum(map(len, find(lumas(source)))) for find in (sharpness.sharp_edges, sharpness.soft_edges)
    )
    assert sharp == 0
    assert soft > 100
    edges = sharpness.soft_edges(lumas(source))
    base, firmer = lumas(enlarged), lumas(lanczos(disc(64, 20.3, 5.0)))
    assert sharpness.focus(base, base, edges, SCALE) == 1
    assert sharpness.focus(firmer, base, edges, SCALE) == pytest.approx(8 / 5, rel=0.1)


def test_noise_does_not_sharpen_what_is_out_of_focus():
    source = disc(64, 20.3, 8.0)
    base = lumas(lanczos(source))
    noisy = base + np.random.default_rng(0).normal(0, 3, base.shape).astype(np.float32)
    edges = sharpness.soft_edges(lumas(source))
    assert sharpness.focus(noisy, base, edges, SCALE) == pytest.approx(1, abs=0.05)


def test_weak_texture_is_the_share_of_its_energy():
    rng = np.random.default_rng(1)
    strength = np.linspace(0.2, 8, 256, dtype=np.float32)
    texture = gaussian(rng.normal(0, 1, (256, 256)).astype(np.float32), 1.5) * strength
    assert sharpness.weak_texture(texture, texture) == 1
    assert sharpness.weak_texture(0.7 * texture, texture) == pytest.approx(0.49, abs=0.01)
    assert sharpness.weak_texture(gaussian(texture, 3.0), texture) < 0.5


def test_a_grid_of_four_pixels_stands_out():
    rng = np.random.default_rng(2)
    noise = gaussian(rng.normal(128, 60, (64, 64)).astype(np.float32), 0.7)
    base = lumas(lanczos(to_codes(np.repeat(noise[..., None], 3, 2))))
    woven = base + 2 * (np.arange(256) % 4 == 0)
    assert periodicity(woven, 4) > 1.4 * periodicity(base, 4)
    dotted = base + 2 * (np.arange(256) % 2)
    assert periodicity(dotted, 2) > 1.4 * periodicity(base, 2)


def test_thin_lines_are_no_steps():
    source = np.full((64, 64), 60, np.float32)
    source[:, 20] = source[30] = 200
    source[:, 40:] = 160
    (down, across) = sharpness.step_edges(source)
    assert set(down.columns) == {39}
    assert len(across) == 0
    assert set(sharpness.sharp_edges(source)[0].columns) == {19, 20, 39}


def test_texture_that_follows_the_source_is_kept_and_noise_is_not_texture():
    rng = np.random.default_rng(4)
    base = gaussian(rng.normal(128, 40, (256, 256)).astype(np.float32), 3.0)
    assert sharpness.kept_texture(base, base) == pytest.approx(1)
    assert sharpness.kept_texture(gaussian(base, 8.0), base) < 0.3
    other = gaussian(rng.normal(128, 40, (256, 256)).astype(np.float32), 3.0)
    assert abs(sharpness.kept_texture(other, base)) < 0.2


def test_a_shift_of_tone_is_told_in_codes(enlarged):
    luma, chroma = tones.shifts(enlarged + 3, enlarged)
    assert luma == pytest.approx(3, abs=0.01)
    assert chroma == pytest.approx(0, abs=0.01)
    warmer = enlarged.copy()
    warmer[..., 0] += 4
    luma, chroma = tones.shifts(warmer, enlarged)
    assert luma == pytest.approx(4 * 0.299, abs=0.01)
    assert chroma == pytest.approx(2, abs=0.01)


def test_a_steeper_edge_is_no_shift_of_tone(enlarged, truth):
    luma, _ = tones.shifts(truth, enlarged)
    assert luma < 0.5


def test_flat_fields_tell_the_worst_colour_and_what_is_not_exact():
    def enlarge(field):
        return field.repeat(SCALE, 0).repeat(SCALE, 1).astype(np.float32)

    def lifted(field):
        return enlarge(field) * 0.98 + 2

    assert tones.flat_fields(enlarge) == tones.FlatFields(worst=0, is_exact=True)
    found = tones.flat_fields(lifted)
    assert found.worst == pytest.approx(3.1, abs=0.01)  # white: 255 · 0.98 + 2
    assert not found.is_exact


def test_a_candidate_is_corrected_as_a_teacher_is(source, enlarged, tmp_path):
    bright = Compact(SCALE, 4, 1)  # a plain network would be held to the source's local means
    for weight in bright.parameters():
        torch.nn.init.zeros_(weight)
    torch.nn.init.constant_(bright.body[-1].bias, 10 / 255)
    save_file(bright.state_dict(), tmp_path / "bright.safetensors")
    frames = [
        by_candidate(f"bright={tmp_path}/bright.safetensors{wanted}").frames(source[None], PLAIN)[0]
        for wanted in ("", "@tone=6", "@tone=6,sharpen=1")
    ]
    luma = [tones.shifts(frame, enlarged)[0] for frame in frames]
    assert luma[0] == pytest.approx(10, abs=1)
    assert max(luma[1:]) < 0.5
    steepest = [np.abs(np.diff(lumas(frame[None])[0], axis=1)).max() for frame in frames]
    assert steepest[2] > 1.2 * steepest[1]


def test_a_network_of_a_larger_scale_is_reduced(source):
    fast = by_candidate(f"fast={WEIGHTS}/fast_x4.safetensors", 2)
    made = fast.frames(source[None], PLAIN)[0]
    base = lanczos(source, 2)
    assert made.shape == base.shape
    assert max(tones.shifts(made, base)) < 0.5
    assert np.abs(lumas(made) - lumas(base)).mean() < 3
