"""A film whose plan says that every x86 processor makes the same bytes: it does."""

from dataclasses import replace
from pathlib import Path

import av
import pytest

from tests.flavoured import SPEC, natural
from tests.instruction_sets import printed
from tests.woven import write_fields
from vsr.jobs.upscale.plan import prepare
from vsr.models.int8.convolution import refusal

FFMPEG = sorted((Path(av.__file__).parents[1] / "av.libs").glob("libavutil*"))

CODE = """
import ctypes, sys
_, film, output, library = sys.argv
if library:
    ctypes.CDLL(library).av_force_cpu_flags(0)  # no assembly in FFmpeg
from vsr import upscale
upscale(film, output, scale=2, precision="int8", strength=0.5, sharpness=0.75, device="cpu")
print("done")
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(refusal() is not None, reason=str(refusal())),
    pytest.mark.skipif(not FFMPEG, reason="FFmpeg's libraries are not beside PyAV"),
]


@pytest.mark.parametrize("is_woven", [False, True])
def test_a_file_is_the_same_with_fewer_instructions(tmp_path: Path, is_woven: bool):
    path = tmp_path / "film.mkv"
    film = write_fields(path, frames=8) if is_woven else natural(path, 30)
    spec = replace(SPEC, model="fast", precision="int8", strength=0.5, sharpness=0.75)
    assert prepare(film, tmp_path / "out.mp4", spec).is_exact
    made = []
    for onednn, library in (("ALL", ""), ("AVX", str(FFMPEG[0]))):
        output = tmp_path / f"{onednn}.mp4"
        assert printed(CODE, onednn, str(film), str(output), library) == "done"
        made.append(output.read_bytes())
    assert made[0] == made[1]
