"""The limits of a GPU's encoder, in FFmpeg's words; the encoder is simulated."""

from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import av
import av.logging
import pytest

from tests.media.encoding.test_encoders import chosen
from vsr.errors import EncoderUnavailable, EncodingFailed
from vsr.media.encoding import choose_encoder, encoder_trial
from vsr.media.writing.target import output_failure
from vsr.values import Size

NO_DEVICE = "No capable devices found"
FULL = "OpenEncodeSessionEx failed: out of memory (10): (no details)"


@pytest.fixture
def nvenc(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Make the encoder fail to open, with these lines in the log."""

    def failing(*lines: str) -> None:
        def opened() -> None:
            raise av.FFmpegError(38, "Function not implemented")

        @contextmanager
        def captured(*, local: bool = True):
            yield [(24, "h264_nvenc", f"{line}\n") for line in lines] if local else []

        context = SimpleNamespace(open=opened, flags=0)
        monkeypatch.setattr(encoder_trial, "_create", lambda name: context)
        monkeypatch.setattr(choose_encoder, "check_option_names", lambda name, options: None)
        monkeypatch.setattr(av.logging, "Capture", captured)

    return failing


def test_a_size_beyond_its_limit_is_refused_with_the_limit(nvenc):
    nvenc("Width 7680 exceeds 4096", NO_DEVICE)
    with pytest.raises(EncoderUnavailable) as refused:
        chosen("matroska", codec="h264_nvenc", size=Size(7680, 4320))
    assert str(refused.value) == (
        f"h264_nvenc does not open at {Size(7680, 4320)}, yuv420p (Width 7680 exceeds 4096). "
        "Choose another --codec, size or --pix-fmt."
    )


@pytest.mark.parametrize("line", [FULL, "OpenEncodeSessionEx failed: incompatible client key (21)"])
def test_without_a_free_session_it_is_refused_with_what_holds_them(nvenc, line):
    nvenc(line, NO_DEVICE)
    with pytest.raises(EncoderUnavailable, match="hold all sessions of the GPU.*fewer workers"):
        chosen("matroska", codec="h264_nvenc")


def test_a_gpu_without_an_encoder_is_refused_in_the_last_words(nvenc):
    nvenc("Codec not supported", NO_DEVICE)
    with pytest.raises(EncoderUnavailable, match=rf"\({NO_DEVICE}\)\. Choose another --codec"):
        chosen("matroska", codec="h264_nvenc")


def test_a_session_that_is_gone_in_the_middle_ends_the_run_and_keeps_its_segments():
    error = av.error.MemoryError(12, "Cannot allocate memory", "avcodec_open2",
                                 (16, "hevc_nvenc", f"{NO_DEVICE}\n"))  # fmt: skip
    failure = output_failure(error, Path("000003.nut.part"))
    assert isinstance(failure, EncodingFailed)
    assert "hevc_nvenc failed (No capable devices found): other encoders hold" in str(failure)
    assert "Finished segments are kept: repeat the command." in str(failure)
