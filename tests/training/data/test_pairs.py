"""Crops in pairs: the same place in two frames that follow each other."""

import numpy as np
import pytest
import torch

from tests.training.toys import prepared
from vsr.errors import InvalidData
from vsr.training.data.batches import held, sliced
from vsr.training.data.dataset import PairsChoice, Patches

LIGHT = "video-light"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return prepared(tmp_path_factory.mktemp("pairs"), patch=96, degradations=(LIGHT,))


@pytest.fixture(scope="module")
def patches(folder):
    return Patches.open(folder, PairsChoice(scale=4, degradation=LIGHT, is_paired=True))


def test_a_next_crop_is_the_reduction_of_its_high_crop(patches):
    crops = patches.draw(1, 0, 64, 8)
    low, high = patches.cut_next(crops, 8)
    _, unmoved = patches.cut(crops, 8)
    moved = np.abs(patches.next.move[crops.index]).max(axis=1) >= 3
    assert 4 < moved.sum() < 60  # there are some of both
    boxes, old_boxes = (
        codes.reshape(64, 8, 4, 8, 4, 3).mean(axis=(2, 4)) for codes in (high, unmoved)
    )
    error, old_error = (
        np.abs(low - reduced).mean(axis=(1, 2, 3)) for reduced in (boxes, old_boxes)
    )
    assert error[moved].mean() < 0.8 * old_error[moved].mean()


def test_pairs_stay_within_the_patch(patches):
    crops = patches.draw(2, 0, 500, 8)
    assert patches.margin == 2  # up to 6 pixels at ×4
    assert min(crops.row.min(), crops.column.min()) == 2
    assert max(crops.row.max(), crops.column.max()) == 24 - 8 - 2


@pytest.mark.parametrize("colour", ["rgb", "luma"])
def test_held_and_sliced_pairs_are_the_same(patches, colour):
    crops = patches.draw(5, 9, 32, 12)
    mine = held(patches, colour, torch.device("cpu"))(crops, 12)
    theirs = sliced(patches, colour)(crops, 12)
    assert len(mine.low) == len(mine.high) == 64
    assert torch.equal(mine.low, theirs.low)
    assert torch.equal(mine.high, theirs.high)


def test_the_first_half_is_the_batch_without_pairs(patches, folder):
    crops = patches.draw(5, 9, 8, 12)
    pairs = sliced(patches, "rgb")(crops, 12)
    alone = sliced(Patches.open(folder, PairsChoice(scale=4, degradation=LIGHT)), "rgb")(crops, 12)
    assert torch.equal(pairs.low[:8], alone.low)
    assert torch.equal(pairs.high[:8], alone.high)


def test_crops_that_leave_no_room_to_move_are_refused(patches, folder):
    patches.check_holds(20, folder)
    with pytest.raises(
        InvalidData,
        match=r"patch 21 .* room for 20 at ×4, as their frames move. Prepare with --patch 100",
    ):
        patches.check_holds(21, folder)


def test_a_missing_next_frame_is_refused(folder, tmp_path):
    for file in folder.iterdir():
        if "_move" not in file.name:
            (tmp_path / file.name).symlink_to(file)
    with pytest.raises(InvalidData, match="_move.i8: missing or truncated"):
        Patches.open(tmp_path, PairsChoice(scale=4, degradation=LIGHT, is_paired=True))


MEDIUM = "video-medium"


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    return prepared(
        tmp_path_factory.mktemp("two"), patch=96, degradations=(LIGHT, MEDIUM), scales=(4,)
    )


@pytest.mark.parametrize("is_paired", [True, False])
def test_mixed_pairs_are_drawn_by_their_weights_and_each_is_that_of_its_kind(two, is_paired):
    light, medium = (
        PairsChoice(scale=4, degradation=name, is_paired=is_paired, weight=weight)
        for name, weight in ((LIGHT, 1.0), (MEDIUM, 3.0))
    )
    mixed = Patches.open(two, light, medium)
    crops = mixed.draw(1, 0, 400, 8)
    assert 0.68 < crops.which.mean() < 0.82
    some = crops.of(np.arange(24))
    batch = sliced(mixed, "rgb")(some, 8)
    apart = [sliced(Patches.open(two, one), "rgb")(some, 8) for one in (light, medium)]
    which = np.concatenate((some.which, some.which)) if is_paired else some.which
    for n, kind in enumerate(which):
        assert torch.equal(batch.low[n], apart[kind].low[n])
        assert torch.equal(batch.high[n], apart[kind].high[n])
    assert not is_paired or torch.equal(batch.move, apart[0].move)
    mine = held(mixed, "rgb", torch.device("cpu"))(some, 8)
    assert torch.equal(mine.low, batch.low)
    assert torch.equal(mine.high, batch.high)


def test_moves_turn_with_the_crops(patches):
    batch = sliced(patches, "rgb")(patches.draw(3, 0, 64, 8), 8)
    for first, second, (down, right) in zip(*batch.high.chunk(2), batch.move.tolist(), strict=True):
        rows = slice(max(0, down), 32 + min(0, down))
        columns = slice(max(0, right), 32 + min(0, right))
        there = slice(max(0, -down), 32 + min(0, -down)), slice(max(0, -right), 32 + min(0, -right))
        assert torch.equal(first[:, rows, columns], second[:, there[0], there[1]])
