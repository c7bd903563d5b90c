import json
import shutil

import numpy as np
import pytest
import torch

from vsr.errors import InvalidData
from vsr.training.data.batches import held, normalised, sliced
from vsr.training.data.dataset import PairsChoice, Patches, held_out
from vsr.training.data.manifest import MANIFEST


def test_a_low_crop_is_the_reduction_of_its_high_crop(data):
    patches = Patches.open(data, PairsChoice(scale=4))
    low, high = patches.cut(patches.draw(1, 0, 64, 8), 8)
    assert low.shape == (64, 8, 8, 3)
    assert high.shape == (64, 32, 32, 3)
    boxes = high.reshape(64, 8, 4, 8, 4, 3).mean(axis=(2, 4))
    assert np.abs(low - boxes).mean() < 8  # bicubic, not box, but of the same place and turn


def test_a_crop_depends_on_seed_and_step_alone(data):
    patches = Patches.open(data, PairsChoice(scale=4))
    once, again = patches.draw(3, 17, 8, 8), patches.draw(3, 17, 8, 8)
    other = patches.draw(3, 18, 8, 8)
    assert np.array_equal(once.row, again.row)
    assert not np.array_equal(once.row, other.row)


def test_the_parts_of_a_team_are_the_whole_batch(data):
    crops = Patches.open(data, PairsChoice(scale=4)).draw(1, 0, 6, 8)
    parts = [crops.part(rank, 2) for rank in range(2)]
    rows = np.concatenate([part.row for part in parts])
    assert sorted(rows) == sorted(crops.row)


def test_held_out_patches_are_never_drawn(data):
    patches = Patches.open(data, PairsChoice(scale=4))
    drawn = patches.draw(1, 0, 4000, 8).index
    assert set(drawn) == set(range(len(patches.hr) - held_out(len(patches.hr))))


def test_a_weight_of_a_third_draws_a_third_as_often(data, tmp_path):
    folder = shutil.copytree(data, tmp_path / "weighed")
    table = json.loads((folder / MANIFEST).read_text())
    table["weights"][0] = 1 / 3
    (folder / MANIFEST).write_text(json.dumps(table))
    drawn = Patches.open(folder, PairsChoice(scale=4)).draw(1, 0, 60_000, 8).index
    assert np.sum(drawn == 0) / np.sum(drawn == 1) == pytest.approx(1 / 3, rel=0.1)


@pytest.mark.parametrize("colour", ["rgb", "luma"])
def test_a_gather_on_the_device_is_the_slices_of_the_cpu(data, colour):
    patches = Patches.open(data, PairsChoice(scale=2))
    crops = patches.draw(5, 9, 32, 12)
    assert set(crops.symmetry) == set(range(8))
    mine = held(patches, colour, torch.device("cpu"))(crops, 12)
    theirs = sliced(patches, colour)(crops, 12)
    assert torch.equal(mine.low, theirs.low)
    assert torch.equal(mine.high, theirs.high)


def test_luma_is_that_of_bt601():
    codes = torch.tensor([[[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]]]).byte()
    assert normalised(codes, "luma")[0, 0, 0].tolist() == pytest.approx([0.299, 0.587, 0.114, 1])


def test_another_scale_is_refused_with_the_remedy(data):
    with pytest.raises(InvalidData, match=r"prepared for ×2, ×4, not for ×3.*--scale 3"):
        Patches.open(data, PairsChoice(scale=3))


def test_a_folder_that_is_not_prepared_is_refused(tmp_path):
    with pytest.raises(InvalidData, match="vsr train prepare"):
        Patches.open(tmp_path, PairsChoice(scale=4))


def test_a_cut_file_is_refused(data, tmp_path):
    folder = shutil.copytree(data, tmp_path / "cut")
    (folder / "hr.u8").write_bytes(b"short")
    with pytest.raises(InvalidData, match="truncated"):
        Patches.open(folder, PairsChoice(scale=4))


def test_a_broken_manifest_is_refused(data, tmp_path):
    folder = shutil.copytree(data, tmp_path / "broken")
    (folder / MANIFEST).write_text('{"format": 1, "patch": "large"}')
    with pytest.raises(InvalidData, match="'large'"):
        Patches.open(folder, PairsChoice(scale=4))


def test_a_degradation_that_was_not_prepared_is_refused_with_the_remedy(data):
    with pytest.raises(
        InvalidData, match=r"with bicubic, not with video-light.*--degradation video-light"
    ):
        Patches.open(data, PairsChoice(scale=4, degradation="video-light"))


def test_a_set_of_format_1_is_one_with_bicubic_patches(data, tmp_path):
    folder = shutil.copytree(data, tmp_path / "first")
    table = json.loads((folder / MANIFEST).read_text()) | {"format": 1}
    del table["degradations"]
    (folder / MANIFEST).write_text(json.dumps(table))
    assert np.array_equal(
        Patches.open(folder, PairsChoice(scale=4)).lr, Patches.open(data, PairsChoice(scale=4)).lr
    )
    with pytest.raises(InvalidData, match="prepared with bicubic"):
        Patches.open(folder, PairsChoice(scale=4, degradation="video-strong"))
    (folder / MANIFEST).write_text(json.dumps(table | {"format": 5}))
    with pytest.raises(InvalidData, match="format 5, this vsr reads 4"):
        Patches.open(folder, PairsChoice(scale=4))
