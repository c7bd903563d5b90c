import json

import pytest
from PIL import Image

from tests.training.toys import picture
from vsr.cli import run

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def photo(tmp_path):
    Image.fromarray(picture(1)).save(tmp_path / "a.png")
    return str(tmp_path / "a.png")


def test_prepare_with_a_teacher_makes_its_targets_and_names_them(tmp_path, photo, capsys):
    out = tmp_path / "out"
    arguments = ["train", "prepare", photo, "--out", str(out), "--patch", "64", "--scale", "2"]
    teacher = ["--teacher", "fast", "--teacher", "quality:0.25", "--texture", "1", "-d", "cpu"]
    assert run([*arguments, "--degradation", "video-clear", *teacher]) == 0
    printed = capsys.readouterr().out
    assert "targets 'teacher' ×2 video-clear: 0.75 × fast ×2 (" in printed
    assert "+ 0.25 × quality ×4 (" in printed
    assert "texture 1.0" in printed
    assert (out / "hr_x2_video-clear_teacher.u8").stat().st_size == 4 * 64 * 64 * 3
    assert run(["train", "teach", str(out), "--teacher", "fast", "--name", "b", "--json"]) == 0
    done = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in done["taught"]] == ["b"]


def test_the_same_command_goes_on_where_a_teacher_was_stopped(tmp_path, photo, monkeypatch, capsys):
    out = tmp_path / "out"
    command = ["train", "prepare", photo, "--out", str(out), "--patch", "64", "--scale", "2"]
    teacher = ["--teacher", "fast", "-d", "cpu"]
    with monkeypatch.context() as patched:
        patched.setattr("vsr.training.teacher.lesson.TargetFile.note", _killed)
        with pytest.raises(SystemExit):
            run([*command, *teacher])
    assert list(out.glob("*.part"))
    Image.fromarray(picture(2)).save(tmp_path / "b.png")
    for other in (["4"], ["2", str(tmp_path / "b.png")], ["2", "--shrink", "2"]):
        assert run([*command[:-1], *other, *teacher]) == 2
        assert "already exists" in capsys.readouterr().err
    assert run([*command, *teacher]) == 0
    assert {path.suffix for path in out.iterdir()} == {".u8", ".json"}
    assert run([*command, *teacher]) == 2


def test_so_it_does_where_the_teacher_could_not_begin(tmp_path, photo, monkeypatch):
    out = tmp_path / "out"
    command = ["train", "prepare", photo, "--out", str(out), "--patch", "64", "--scale", "2"]
    teacher = ["--teacher", "fast", "-d", "cpu"]
    with monkeypatch.context() as patched:
        patched.setattr("vsr.jobs.teach.Class", _killed)
        with pytest.raises(SystemExit):
            run([*command, *teacher])
    before = (out / "hr.u8").stat()
    assert run([*command, *teacher]) == 0
    assert (out / "hr.u8").stat() == before
    assert run([*command, *teacher]) == 2


def _killed(*_):
    raise SystemExit


@pytest.mark.parametrize(
    ("teacher", "message"),
    [
        (["--scale", "3", "--teacher", "quality"], "--teacher quality: ×4 cannot teach ×3"),
        (["--scale", "4", "--teacher", "lite"], "lite: produces luma only"),
        (["--teacher", "fast", "--window", "4"], "--window 4 must be odd"),
        (["--teacher", "fast", "-d", "cpu", "--precision", "fp16"], "--precision fp16: needs CUDA"),
        (["--teacher", "no/such:0.5"], "shares 0.5 must be above 0 and sum to 1"),
    ],
)
def test_a_wrong_teacher_is_refused_before_anything_is_cut(
    tmp_path, photo, teacher, message, capsys
):
    out = tmp_path / "out"
    assert run(["train", "prepare", photo, "--out", str(out), "--patch", "96", *teacher]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not out.exists()
