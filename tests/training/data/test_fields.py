import numpy as np

from tests.training.toys import prepared
from vsr.training.data.dataset import PairsChoice, Patches
from vsr.training.data.fields import FIELD_EVERY, drawn_field, is_field
from vsr.training.data.manifest import read_manifest


def test_half_are_flat_half_are_gray_and_ramps_rise_in_even_steps():
    fields = [drawn_field(number, 64).astype(int) for number in range(80)]
    flat = [field for field in fields if (field == field[0, 0]).all()]
    gray = [field for field in fields if (field == field[..., :1]).all()]
    assert 28 < len(flat) < 52
    assert 28 < len(gray) < 52
    for field in fields:
        middle = field[64:128, 64:128, 0]
        if middle.min() > 0 and middle.max() < 255:
            assert np.abs(np.diff(middle, axis=0)).max() <= 3
            curved = middle[0, 0] + middle[-1, -1] - middle[0, -1] - middle[-1, 0]
            assert abs(curved) <= 2  # a plane


def test_a_set_for_clear_has_one_in_thirty_two_and_none_is_held_out(tmp_path):
    folder = prepared(tmp_path, pictures=9, degradations=("video-clear",), scales=(4,))
    manifest = read_manifest(folder)
    assert manifest.has_fields
    patches = Patches.open(folder, PairsChoice(scale=4, degradation="video-clear"))
    numbers = [number for number in range(manifest.count) if is_field(number)]
    assert len(numbers) == manifest.count // FIELD_EVERY > 0
    for number in numbers:
        assert np.array_equal(patches.hr[number], drawn_field(number, 64)[64:128, 64:128])
    low, high, true = patches.held_out()
    assert len(low) == len(high) == len(true) > 0
    assert high.std(axis=(1, 2)).min() > 1


def test_a_set_for_anything_else_has_none(tmp_path):
    folder = prepared(tmp_path, pictures=9, scales=(4,))
    assert not read_manifest(folder).has_fields
    assert Patches.open(folder, PairsChoice(scale=4)).hr.std(axis=(1, 2)).min() > 1
