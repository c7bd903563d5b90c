"""Weights files reach workers on machines that do not have them."""

import os
import time
from hashlib import sha256
from pathlib import Path

import pytest
import torch

from vsr.errors import InvalidCheckpoint
from vsr.models import sent_model
from vsr.models.catalog import load
from vsr.models.plain import Plain
from vsr.models.sent_model import LONGEST_RUN_SECONDS, SentFile, SentModel


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """Be another machine from when it is called on: with no models and an empty cache."""

    def move():
        monkeypatch.setenv("VSR_HOME", str(tmp_path / "other"))
        monkeypatch.setenv("VSR_MODELS", str(tmp_path / "other" / "models"))

    return move


def write(path, seed=0):
    torch.manual_seed(seed)
    path.parent.mkdir(exist_ok=True)
    torch.save(Plain(2, 4, 1).state_dict(), path)
    return path


def test_what_comes_with_the_program_is_not_sent():
    assert SentModel.of("fast") == SentModel("fast")
    assert SentModel("fast").arrive() == "fast"


def test_a_file_arrives_under_its_name_and_hash(tmp_path, elsewhere):
    path = write(tmp_path / "mine.pth")
    model, sent = load(str(path)), SentModel.of(str(path))
    assert sent.arrive() == str(path)  # it is here
    path.unlink()
    elsewhere()
    there = load(sent.arrive())
    assert (there.name, there.sha256) == (model.name, model.sha256)


def test_another_file_in_its_place_is_not_taken_for_it(tmp_path, elsewhere):
    path = write(tmp_path / "mine.pth")
    sent = SentModel.of(str(path))
    write(path, seed=1)
    elsewhere()
    assert load(sent.arrive()).sha256 == sent.files[0].sha256


def test_a_name_is_found_there_with_its_card(tmp_path, monkeypatch, elsewhere):
    from vsr.jobs.user_models import AddSpec, add

    monkeypatch.setenv("VSR_HOME", str(tmp_path / "here"))
    kept = add(AddSpec(file=write(tmp_path / "own.pth"), name="mine"))
    sent = SentModel.of("mine")
    assert [file.name for file in sent.files] == ["mine_x2.safetensors", "mine_x2.json"]
    elsewhere()
    there = load(sent.arrive())
    assert (there.name, there.sha256, there.card) == ("mine", kept.card.sha256, kept.card)


def test_what_arrived_long_ago_makes_room(tmp_path, elsewhere, monkeypatch):
    monkeypatch.setattr(sent_model, "MOST_SENT_BYTES", 1)
    elsewhere()
    old, recent = (tmp_path / "other" / "cache" / "sent" / name for name in ("old", "recent"))
    for folder, age in ((old, 2 * LONGEST_RUN_SECONDS), (recent, LONGEST_RUN_SECONDS / 2)):
        folder.mkdir(parents=True)
        (folder / "a.pth").write_bytes(bytes(10))
        os.utime(folder, times=(time.time() - age,) * 2)
    file = SentFile("mine.pth", sha256(b"weights").hexdigest(), b"weights")
    there = Path(SentModel("mine.pth", (file,)).arrive())
    assert there.read_bytes() == b"weights"
    assert set(old.parent.iterdir()) == {recent, there.parent}


def test_what_arrives_damaged_is_refused(tmp_path, elsewhere):
    elsewhere()
    with pytest.raises(InvalidCheckpoint, match="arrived damaged"):
        SentModel("gone.pth", (SentFile("gone.pth", "0" * 64, b"other"),)).arrive()
