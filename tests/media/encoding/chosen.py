"""The encoder that is chosen for a small video."""

from vsr.frames import Layout
from vsr.media.encoding.choose_encoder import EncoderInput, choose
from vsr.media.encoding.codecs import Encoder
from vsr.specs import EncodeSpec
from vsr.values import Size

SMALL = Size(96, 64)


def chosen(
    container: str = "mp4", size: Size = SMALL, layout: Layout = Layout(), **spec: object
) -> Encoder:
    asked = EncodeSpec(**spec)  # type: ignore[arg-type]  # the fields under test
    frames = EncoderInput(size=size, layout=layout)
    return choose(asked, container, frames, is_cpu_device=True, threads=1)
