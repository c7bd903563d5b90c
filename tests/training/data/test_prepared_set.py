"""The prepared set as a folder: whole or not there, and told from every other one."""

import errno
import json
import os
import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from tests.training.data.preparing import prepare_in, save
from tests.training.toys import picture
from vsr.errors import InvalidData, NoSpace, OutputBusy, OutputExists, UnknownName
from vsr.models.weights_files import sha256_of
from vsr.training.damage.degradation import DEGRADATIONS, STRENGTHS
from vsr.training.data.dataset import PairsChoice, Patches
from vsr.training.data.manifest import digest_of
from vsr.training.data.new_set import new_set
from vsr.training.data.prepare import PrepareSpec, prepare


def test_an_existing_output_is_left_alone(tmp_path, source):
    save(source / "a.png", Image.fromarray(picture(1)))
    prepare_in(tmp_path)
    with pytest.raises(OutputExists):
        prepare_in(tmp_path)


def test_what_a_killed_run_left_is_cleared_and_no_source(tmp_path, source):
    save(source / "a.png", Image.fromarray(picture(1)))
    part = source / "out.part"
    part.mkdir()
    (part / "hr.u8").write_bytes(b"half")
    manifest = prepare(PrepareSpec(sources=(source,), out=source / "out", patch=64))
    assert (manifest.sources, manifest.skipped) == (1, {})
    assert {path.name for path in source.iterdir()} == {"a.png", "out"}


def test_a_set_that_another_run_is_making_is_left_to_it(tmp_path):
    out = tmp_path / "out"
    with new_set(out) as part:
        (part / "hr.u8").write_bytes(b"first")
        with pytest.raises(OutputBusy, match=f"process {os.getpid()}, which is preparing it"):
            new_set(out).__enter__()
        assert (part / "hr.u8").read_bytes() == b"first"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_mistyped_source_leaves_no_folder_for_the_set(tmp_path):
    spec = PrepareSpec(sources=(tmp_path / "typo",), out=tmp_path / "sets/new/out", patch=64)
    with pytest.raises(InvalidData, match="typo: does not exist"):
        prepare(spec)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_nothing(tmp_path, source, monkeypatch):
    save(source / "a.png", Image.fromarray(picture(1)))

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("vsr.training.data.prepare.DatasetManifest.write", full)
    with pytest.raises(NoSpace):
        prepare_in(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in"]


def test_degradations_lie_beside_the_bicubic_patches_and_are_the_same_again(tmp_path, source):
    for seed in range(2):
        save(source / f"{seed}.png", Image.fromarray(picture(seed)))
    manifest, out = prepare_in(tmp_path, scales=(4,), degradations=("video-medium",))
    assert manifest.degradations == ("bicubic", "video-medium")
    low, after, plain = (
        np.fromfile(out / f"lr_x4{name}.u8", np.uint8).reshape(manifest.count, 16, 16, 3)
        for name in ("_video-medium", "_video-medium_next", "")
    )
    move = np.fromfile(out / "lr_x4_video-medium_move.i8", np.int8).reshape(manifest.count, 2)
    assert not np.array_equal(low, plain)
    still = (move == 0).all(axis=1)
    assert np.abs(low[still].astype(int) - after[still]).mean() < 10
    bytes_before = (out / "lr_x4_video-medium.u8").read_bytes()
    out.rename(tmp_path / "before")
    prepare_in(tmp_path, scales=(4,), degradations=("video-light", "video-medium"))
    assert (out / "lr_x4_video-medium.u8").read_bytes() == bytes_before


def test_a_set_prepared_otherwise_is_another_though_its_patches_are_the_same(
    tmp_path, source, monkeypatch
):
    for seed in range(2):
        save(source / f"{seed}.png", Image.fromarray(picture(seed)))

    def digest(**values):
        manifest, out = prepare_in(tmp_path, scales=(4,), **values)
        high = sha256_of(out / "hr.u8")
        shutil.rmtree(out)
        return manifest.sha256, high

    plain, light = digest(), digest(degradations=("video-light",))
    assert digest() == plain
    assert digest(degradations=("video-light",)) == light
    strong = replace(STRENGTHS["video-light"], crf=(40.0, 45.0))
    monkeypatch.setitem(DEGRADATIONS, "video-light", strong)
    other = digest(degradations=("video-light",))
    assert len({plain[0], light[0], other[0]}) == 3
    assert len({plain[1], light[1], other[1]}) == 1


def test_every_file_of_a_set_counts_and_what_is_beside_does_not(tmp_path):
    names = ("hr.u8", "lr_x4.u8", "lr_x4_video-light_move.i8")
    for name in names:
        (tmp_path / name).write_bytes(b"0")
    whole = digest_of(tmp_path, ["crf 23"])
    (tmp_path / "notes.txt").touch()
    assert digest_of(tmp_path, ["crf 23"]) == whole != digest_of(tmp_path, ["crf 24"])
    for name in names:
        (tmp_path / name).write_bytes(b"1")
        assert digest_of(tmp_path, ["crf 23"]) != whole
        (tmp_path / name).write_bytes(b"0")


@pytest.mark.parametrize("format_read", [1, 2, 3])
def test_sets_prepared_before_keep_what_their_manifest_says(tmp_path, source, format_read):
    save(source / "a.png", Image.fromarray(picture(1)))
    _, out = prepare_in(tmp_path)
    table = json.loads((out / "dataset.json").read_text())
    table |= {"format": format_read, "sha256": sha256_of(out / "hr.u8")}
    del table["has_fields"], table["taught"]
    if format_read == 1:
        del table["degradations"]
    (out / "dataset.json").write_text(json.dumps(table))
    assert Patches.open(out, PairsChoice(scale=4)).sha256 == table["sha256"]


def test_an_unknown_degradation_is_refused_with_the_nearest_name(tmp_path, source):
    with pytest.raises(UnknownName, match="video-medum: no degradation.*Did you mean video-medium"):
        prepare_in(tmp_path, degradations=("video-medum",))
