"""Decoding on a GPU, as far as a machine without one can show it."""

from pathlib import Path
from types import SimpleNamespace

import av
import pytest
from av.codec.hwaccel import HWAccel

from tests.clips import write_clip
from vsr.media.reading.delivery import Delivery
from vsr.media.reading.probe import probe
from vsr.media.reading.reader import Reader
from vsr.media.source import hardware
from vsr.media.source.hardware import SHARED, Decoding, choose_decoding


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "in.mkv", frames=6)


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Raise what FFmpeg does if there is no driver."""

    def refuse(path: Path, decoding: Decoding) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(hardware, "open_on_hardware", refuse)


def test_asked_for_and_not_there_is_said(clip: Path, no_gpu: None):
    decoding = choose_decoding(clip, "cuda")
    assert decoding.hwaccel == "none"
    assert decoding.note is not None
    assert "Operation not permitted" in decoding.note
    assert "software" in decoding.note


def test_nobody_is_told_of_what_nobody_asked_for(clip: Path, no_gpu: None):
    assert choose_decoding(clip, "auto") == choose_decoding(clip, "none") == Decoding()


def test_pictures_are_those_of_software_where_the_gpu_is_gone(clip: Path, no_gpu: None):
    with Reader.open(clip) as reader:
        expected = list(reader.frames())
    with Reader.open(clip, decoding=Decoding("cuda")) as reader:
        got = list(reader.frames())
    assert len(got) == 6
    for mine, theirs in zip(got, expected, strict=True):
        assert mine.pts == theirs.pts
        assert mine.has_equal_planes(theirs)


class Nvdec:
    """Stands for `HWAccel`: opens in software what it is asked for, and remembers it."""

    def __init__(self, *, takes_shared: bool) -> None:
        self.takes_shared = takes_shared
        self.opened: list[tuple[str | None, dict | None]] = []

    def __call__(self, kind, device=None, allow_software_fallback=False, options=None):
        assert kind == "cuda"
        self.opened.append((device, options))
        return options

    def open_input(self, path: Path, options: dict | None = None):
        if options == SHARED and not self.takes_shared:
            raise av.FFmpegError(95, "Operation not supported")
        return Opened(path)


class Opened:
    """A container whose frames came from a GPU."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def decode(self, stream):
        return iter([])


@pytest.mark.parametrize("takes_shared", [True, False])
def test_the_gpu_of_the_network_decodes_in_its_context_where_that_can_be(
    clip: Path, monkeypatch: pytest.MonkeyPatch, takes_shared: bool
):
    nvdec = Nvdec(takes_shared=takes_shared)
    stream = SimpleNamespace(codec_context=SimpleNamespace(is_hwaccel=True))
    monkeypatch.setattr(hardware, "HWAccel", nvdec)
    monkeypatch.setattr(hardware, "open_input", nvdec.open_input)
    monkeypatch.setattr(hardware, "best_video", lambda container, path: stream)
    decoding = choose_decoding(clip, "cuda", 1)
    assert (decoding.hwaccel, decoding.gpu, decoding.is_shared) == ("cuda", 1, takes_shared)
    assert nvdec.opened == [("1", SHARED), ("1", None)][: 1 if takes_shared else 2]
    nvdec.opened.clear()
    hardware.open_decoding(clip, decoding)
    assert nvdec.opened == [("1", SHARED if takes_shared else None)]


def test_pyav_takes_device_and_context_as_they_are_given():
    accelerator = HWAccel("cuda", device="1", options=SHARED)
    assert (accelerator.device_id, accelerator.options) == (1, SHARED)


@pytest.mark.parametrize(("planar", "surface"), [("yuv420p", "nv12"), ("yuv420p10le", "p010le")])
def test_a_surface_that_came_down_is_read_without_conversion(tmp_path: Path, planar, surface):
    clip = write_clip(tmp_path / "in.mkv", frames=2, codec="libx265", pix_fmt=planar)
    delivery = Delivery(probe(clip).video)
    with av.open(str(clip)) as container:
        frame = next(container.decode(video=0))
    on_gpu = frame.reformat(format=surface)
    assert not delivery.differs(on_gpu)
    mine, theirs = delivery.deliver(on_gpu, 0), delivery.deliver(frame, 0)
    assert mine.layout == theirs.layout
    assert mine.has_equal_planes(theirs)


def test_a_surface_of_another_depth_is_a_change(tmp_path: Path):
    clip = write_clip(tmp_path / "in.mkv", frames=2)
    with av.open(str(clip)) as container:
        frame = next(container.decode(video=0))
    assert Delivery(probe(clip).video).differs(frame.reformat(format="p010le"))
