"""RGB becomes what every player shows, or keeps its chroma where that is wanted."""

import pytest

from vsr.frames import Layout
from vsr.media.encoding.choose_encoder import EncoderInput, choose
from vsr.media.encoding.codecs import Encoder
from vsr.specs import EncodeSpec
from vsr.values import Size

SMALL = Size(96, 64)


@pytest.mark.parametrize(
    ("container", "bits", "pix_fmt"),
    [("mp4", 8, "yuv420p"), ("webm", 8, "yuv420p"), ("mp4", 10, "yuv420p10le")],
)
def test_rgb_becomes_what_players_show_and_is_told(container: str, bits: int, pix_fmt: str) -> None:
    encoder = of_rgb(bits, container)
    assert (encoder.pix_fmt, encoder.layout) == (pix_fmt, Layout(bits))
    full = pix_fmt.replace("420", "444")
    assert encoder.notes == (
        "RGB is written as 4:2:0, which every player shows. "
        f"Choose --pix-fmt {full} to keep full chroma.",
    )


def test_rgb_keeps_its_chroma_for_editing_and_on_demand() -> None:
    assert of_rgb(8, "matroska", codec="ffv1").pix_fmt == "yuv444p"
    assert of_rgb(8, "mov", codec="prores").pix_fmt == "yuv444p10le"
    assert of_rgb(8, "mp4", pix_fmt="yuv444p").layout == Layout(8, 0, 0)


def of_rgb(bits: int, container: str, **spec: object) -> Encoder:
    return choose(
        EncodeSpec(**spec),  # type: ignore[arg-type]  # the fields under test
        container,
        EncoderInput(size=SMALL, layout=Layout(bits, 0, 0), is_rgb=True),
        is_cpu_device=True,
    )
