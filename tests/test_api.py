"""The library does what the command line does, by keywords or by a whole spec."""

import contextlib
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import vsr
from tests.clips import SMALL, Audio, indices_in, write_clip
from vsr.errors import InvalidOption, OutputExists, UnwritableOutput

FAST = vsr.EncodeSpec(encoder_preset="ultrafast")
QUICK = {"model": "bicubic", "scale": 2, "encode": FAST}


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    return write_clip(tmp_path / "in" / "a.mkv", frames=3, audio=[Audio()], is_interlaced=True)


def test_keywords_make_the_spec_that_a_whole_one_says():
    spec = vsr.spec_of(preset="4k", model="lite", deinterlace="off", is_strict=True)
    assert (spec.size.width, spec.model, spec.deinterlace, spec.is_strict) == (
        3840,
        "lite",
        "off",
        True,
    )
    assert vsr.spec_of(spec) == spec
    assert vsr.spec_of(spec, height=720, tile=64) == replace(
        spec, size=vsr.OutputSize(height=720), tile=64
    )


def test_what_cannot_be_meant_is_refused():
    spec = vsr.spec_of()
    with pytest.raises(InvalidOption, match="preset 4k: a spec is given too"):
        vsr.spec_of(spec, preset="4k")
    with pytest.raises(InvalidOption, match="deinterlace maybe: choose"):
        vsr.spec_of(deinterlace="maybe")
    with pytest.raises(TypeError, match="sharp"):
        vsr.spec_of(sharp=1)


def test_a_whole_spec_and_the_same_keywords_give_the_same_film(clip: Path, tmp_path: Path):
    options = {**QUICK, "keep_audio": False, "deinterlace": "off", "container": "matroska"}
    vsr.upscale(clip, tmp_path / "keywords.mkv", **options)
    vsr.upscale(clip, tmp_path / "spec.mkv", vsr.spec_of(**options))
    assert (tmp_path / "keywords.mkv").read_bytes() == (tmp_path / "spec.mkv").read_bytes()
    info = vsr.probe(tmp_path / "spec.mkv")
    assert info.others == ()
    assert info.video.size == SMALL.scaled(2)


def test_a_target_that_exists_is_replaced_only_when_that_is_asked(clip: Path, tmp_path: Path):
    target = tmp_path / "out.mkv"
    target.write_bytes(b"mine")
    with pytest.raises(OutputExists, match='Give existing="overwrite" to overwrite it'):
        vsr.upscale(clip, target, **QUICK)
    vsr.upscale(clip, target, existing="overwrite", **QUICK)
    assert indices_in(target) == [0, 1, 2]


def test_a_folder_is_done_as_the_command_does_it(clip: Path, tmp_path: Path):
    write_clip(clip.with_name("b.mkv"), frames=3)
    clip.with_name("bad.mkv").write_bytes(b"no film")
    outcomes = vsr.upscale_folder(clip.parent, tmp_path / "out", exclude="b.mkv", **QUICK)
    assert {one.source.name: one.state for one in outcomes} == {
        "a.mkv": "done",
        "bad.mkv": "failed",
    }
    again = vsr.upscale_folder(clip.parent, tmp_path / "out", include=["a.*"], **QUICK)
    assert [one.state for one in again] == ["skipped"]


def test_ctrl_c_ends_a_loop_that_catches_the_errors_of_vsr(clip: Path, tmp_path: Path):
    def stop(progress: vsr.Progress) -> None:
        if progress.frames >= 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match="the same call starts over") as caught:
        vsr.upscale(clip, tmp_path / "out.mkv", on_progress=stop, **QUICK)
    assert not isinstance(caught.value, Exception)
    with pytest.raises(KeyboardInterrupt):
        list(vsr.upscale_folder(clip.parent, tmp_path / "out", on_progress=stop, **QUICK))
    assert not (tmp_path / "out.mkv").exists()


def test_callbacks_may_be_none_as_all_keywords(clip: Path, tmp_path: Path):
    result = vsr.upscale(clip, tmp_path / "out.mkv", on_progress=None, note=None, **QUICK)
    assert result.frames_out == 3
    folder = vsr.upscale_folder(clip.parent, tmp_path / "out", on_progress=None, note=None, **QUICK)
    assert [one.state for one in folder] == ["done"]
    with vsr.Upscaler("bicubic", scale=2, note=None) as up:
        assert up(np.zeros((8, 8), np.uint8)).shape == (16, 16)


@pytest.mark.parametrize("target", ["", ".", "/", "here"])
def test_a_folder_is_no_target(clip: Path, tmp_path: Path, target: str):
    (tmp_path / "here").mkdir()
    with contextlib.chdir(tmp_path), pytest.raises(UnwritableOutput, match="is a folder. Name a"):
        vsr.upscale(clip, target, **QUICK)


PROGRAM = """
from collections import deque
from pathlib import Path
import numpy as np
import torch
import vsr

def show(progress: vsr.Progress) -> None:
    print(progress.frames, progress.phase is vsr.Phase.JOINING)

def size(info: vsr.MediaInfo) -> tuple[int, int]:
    return info.video.size.width, info.video.size.height

def main(up: vsr.Upscaler) -> None:
    done: vsr.Result = vsr.upscale("a.mp4", Path("b"), height="480p", on_progress=show, end="1m")
    spec = vsr.spec_of(scale="1.5", model=Path("own.pth"), encoder_options={"g": 50})
    for one in vsr.upscale_folder("a", "b", spec, include="*.mp4", note=print):
        print(one.state, done.fps, size(vsr.probe(one.source)))
    frame = np.zeros((8, 8, 3), np.uint8)
    print(up(frame).shape, up((frame, frame))[0].shape, next(up(deque([frame]))).shape)
    tensor = torch.rand(3, 8, 8)
    print(up(tensor).device, [big.dtype for big in up(tensor for _ in range(2))])
"""


@pytest.mark.slow
def test_a_typed_program_finds_the_types_that_the_pages_promise(tmp_path: Path):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path), str(program)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr


def test_remarks_losses_and_outcomes_name_keywords_too(tmp_path: Path):
    folder = tmp_path / "in"
    folder.mkdir()
    source = write_clip(folder / "a.mkv", frames=2, codec="ffv1", pix_fmt="yuva444p")
    notes: list[str] = []
    result = vsr.upscale(source, tmp_path / "a.nut", note=notes.append, **QUICK, max_frames=1)
    said = [*notes, *result.losses]
    assert any('Choose .mov with codec="prores"' in text for text in said)
    assert not any("--" in text for text in said)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.mkv").write_bytes(b"mine")
    Image.new("RGB", (32, 24)).save(folder / "b.png")
    notes.clear()
    options = {**QUICK, "deinterlace": "off"}
    film, _ = vsr.upscale_folder(folder, tmp_path / "out", note=notes.append, **options)
    assert 'Give existing="overwrite"' in film.error
    assert "Ignored for 1 image: deinterlace." in notes


def test_frames_in_memory_are_refused_by_keywords():
    frame = np.zeros((8, 8, 3), np.uint8)
    refused = pytest.raises(InvalidOption, match='^device="onnx:none": choose a provider')
    with vsr.Upscaler("bicubic", device="onnx:none") as up, refused:
        up(frame)
