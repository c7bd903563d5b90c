"""What is decided before the first frame, and what is said of it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.clips import Audio, write_clip
from tests.device.gpus import simulate
from vsr.device.select import is_bf16_native
from vsr.errors import Refused
from vsr.jobs.probe.look_ahead import look_ahead
from vsr.jobs.upscale.plan import prepare
from vsr.models.int8.convolution import refusal
from vsr.specs import EncodeSpec, UpscaleSpec
from vsr.values import OutputSize, Size, TimeRange

FAST = EncodeSpec(encoder_preset="ultrafast")
TWICE = UpscaleSpec(
    size=OutputSize(scale=2), steps=("deinterlace", "upscale"), model="bicubic", encode=FAST
)


def notes_of(source: Path, target: str, **changes: object) -> str:
    spec = UpscaleSpec(**({name: getattr(TWICE, name) for name in SPEC} | changes))  # type: ignore[arg-type]  # the fields under test
    return " ".join(prepare(source, source.with_name(target), spec).notes())


SPEC = ("size", "steps", "model", "encode")


def test_what_becomes_of_interlaced_pictures_is_said(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mkv", frames=3, is_interlaced=True)
    assert "deinterlaced at the same frame rate" in notes_of(source, "out.mkv")
    assert "interlaced, and kept so" in notes_of(source, "out.mkv", deinterlace="off")


def test_strict_refuses_to_lose_an_alpha_plane(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mkv", frames=2, codec="ffv1", pix_fmt="yuva444p")
    assert "alpha, opaque in the first frames, is lost" in notes_of(source, "out.mkv")
    with pytest.raises(Refused, match="--strict.*alpha, opaque in the first frames, is lost"):
        notes_of(source, "out.mkv", is_strict=True)


def test_a_lossless_film_is_known_to_need_more_disk(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mkv", frames=8)
    needed = {
        codec: prepare(
            source, tmp_path / "out.mkv", replace(TWICE, encode=EncodeSpec(codec=codec))
        ).least_bytes
        for codec in ("h264", "ffv1")
    }
    assert needed["ffv1"] > 50 * needed["h264"] > 0


def test_tags_that_a_container_does_not_hold_are_named(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mkv", frames=2, metadata={"title": "A", "my key": "b"})
    assert "mpegts cannot store the tags MY_KEY. Choose .mkv" in notes_of(source, "out.ts")
    assert not any("the tags" in notes_of(source, name) for name in ("out.mkv", "out.mp4"))


def test_chapters_that_a_container_does_not_hold_are_counted(tmp_path: Path) -> None:
    chapters = [(0, 0.04, "one"), (0.04, 0.08, "two")]
    source = write_clip(tmp_path / "in.mkv", frames=2, chapters=chapters)
    assert "mpegts cannot store chapters; 2 are lost. Choose .mkv." in notes_of(source, "out.ts")
    assert not any("chapters" in notes_of(source, name) for name in ("out.mkv", "out.mp4"))


@pytest.mark.parametrize(
    ("part", "lost"),
    [
        ({"start_seconds": 0.4}, "2 are lost"),
        ({"start_seconds": 0.12, "end_seconds": 0.2}, "1 is lost"),
        ({"max_frames": 2}, "1 is lost"),
        ({"start_seconds": 0.88}, ""),
    ],
)
def test_only_the_chapters_of_a_part_can_be_lost(tmp_path: Path, part: Any, lost: str) -> None:
    chapters = [(2, 2.2, "one"), (2.2, 2.6, "two"), (2.6, 2.8, "three")]
    source = write_clip(tmp_path / "in.mkv", frames=25, pts=range(50, 75), chapters=chapters)
    said = notes_of(source, "out.ts", time=TimeRange(**part))
    assert lost in said
    assert ("chapters" in said) is bool(lost)


def test_a_rotation_that_a_container_does_not_hold_is_told(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mp4", frames=2, rotation=90)
    for name in ("out.ts", "out.nut"):
        assert "cannot store the rotation; players will show" in notes_of(source, name)
    assert not any("rotation" in notes_of(source, f"out.{kind}") for kind in ("mkv", "mp4", "webm"))


def test_titles_of_streams_that_a_container_does_not_hold_are_named(tmp_path: Path) -> None:
    audio = [Audio(title="Stereo"), Audio(), Audio(title="Commentary")]
    source = write_clip(tmp_path / "in.mkv", frames=2, audio=audio)
    assert "titles of streams: Stereo, Commentary." in notes_of(source, "out.ts")
    assert "titles" not in notes_of(source, "out.mkv")


@pytest.mark.skipif(not is_bf16_native(), reason="this CPU does not multiply in bf16")
def test_work_of_one_precision_is_not_gone_on_with_in_another(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mkv", frames=2)
    auto, bf16 = (
        prepare(source, tmp_path / "out.mkv", replace(TWICE, device="cpu", precision=precision))
        for precision in ("auto", "bf16")
    )
    apart = auto.fingerprint().items() ^ bf16.fingerprint().items()
    assert {name for name, _ in apart} == {"precision"}
    assert ("precision", "bf16") in apart


def test_work_under_autocast_is_told_apart_from_that_in_cast_weights(tmp_path, monkeypatch):
    simulate(monkeypatch, (9, 0))
    source = write_clip(tmp_path / "in.mkv", frames=2)
    spec = replace(TWICE, model="fast", sharpness=0, device="cuda")
    jobs = [
        prepare(source, tmp_path / "out.mkv", replace(spec, precision=precision))
        for precision in ("auto", "fp16", "autocast")
    ]
    assert [job.fingerprint()["precision"] for job in jobs] == ["fp16", "fp16", "autocast"]
    assert jobs[2].outline.startswith("cuda:0 (GPU 0, autocast); ")
    told = look_ahead(source, tmp_path / "out.mkv", replace(spec, precision="autocast"))
    assert told.values["upscale"]["precision"] == "autocast"


@pytest.mark.skipif(refusal() is not None, reason=str(refusal()))
@pytest.mark.parametrize(
    ("changes", "is_exact"),
    [
        ({}, True),
        ({"precision": "fp32"}, False),
        ({"size": OutputSize(height=120)}, False),
        ({"model": "lite"}, False),
        ({"encode": EncodeSpec(codec="hevc", encoder_preset="ultrafast")}, False),
    ],
    ids=["int8", "fp32", "resized", "chroma resampled", "another encoder"],
)
def test_what_is_all_integers_goes_on_with_on_any_x86_processor(
    tmp_path: Path, changes: dict[str, object], is_exact: bool
) -> None:
    source = write_clip(tmp_path / "in.mkv", frames=2)
    spec = UpscaleSpec(
        size=OutputSize(scale=4), steps=("deinterlace", "upscale", "fit"), device="cpu",
        precision="int8", model="fast", strength=0.0, sharpness=0.0, encode=FAST,
    )  # fmt: skip
    spec = replace(spec, **changes)  # type: ignore[arg-type]  # the fields under test
    job = prepare(source, tmp_path / "out.mkv", spec)
    assert job.is_exact == is_exact
    assert job.fingerprint()["device"] == ("x86" if is_exact else job.device.hardware)


def test_a_turned_clip_is_refused_in_the_size_that_is_seen(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mp4", frames=2, size=Size(96, 64), rotation=90)
    for target, said in (
        (OutputSize(height=90), r"in\.mp4: the source is 64×96, .* target any×90\."),
        (OutputSize(width=40, height=30), r"in\.mp4: the source is 64×96, .* target 30×40\."),
    ):
        with pytest.raises(Refused, match=said):
            prepare(source, tmp_path / "out.mp4", replace(TWICE, size=target))


def test_the_sizes_of_a_turned_clip_are_told_as_they_are_seen(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mp4", frames=2, size=Size(96, 64), rotation=90)
    told = look_ahead(source, tmp_path / "out.mp4", TWICE)
    assert "96×64, shown turned, as 64×96" in told.words["video"]
    assert ": 128×192," in told.words["output"]
    found = told.details
    assert found["sizes"].startswith("64×96 → ×2 128×192 (stored rotated, as 192×128)")
    assert found["display"].startswith("displayed rotated, as 64×96")
