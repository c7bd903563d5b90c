"""Code that makes other frames does not go on with what an earlier one began."""

from pathlib import Path

import vsr
from vsr.version import MAKERS, __version__, code_in, revision


def test_whatever_makes_frames_is_in_the_hash(tmp_path: Path) -> None:
    for name in ("upscaling/passes/passes.py", "device/nvrtc/yuv.cu", "colour.py", "cli/lines.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1")
    before = code_in(tmp_path)
    (tmp_path / "cli" / "lines.py").write_text("2")
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "fast_x4.json").write_text("2")  # of weights, which have their own
    assert code_in(tmp_path) == before
    for name in ("upscaling/passes/passes.py", "device/nvrtc/yuv.cu", "colour.py"):
        (tmp_path / name).write_text("2")
        assert code_in(tmp_path) != before
        before = code_in(tmp_path)


def test_what_makes_frames_is_there() -> None:
    package = Path(vsr.__file__).parent
    assert [name for name in MAKERS if not (package / name).exists()] == []
    assert revision() == f"{__version__} (code {code_in(package)})"
