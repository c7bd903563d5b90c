"""What names alone can refuse is refused before torch is loaded, which takes seconds."""

import subprocess
import sys
from pathlib import Path

REFUSED = [
    "upscale missing.mp4 out.mp4",
    "upscale missing.mp4 out.mp4 --dry-run",
    "upscale missing.mp4 out.mp4 --workers 2",
    "upscale missing%05d.png out.mp4",
    "upscale empty.mp4 out.mp4",
    "upscale in.mp4 in.mp4",
    "upscale in.mp4 there.mp4",
    "upscale in.mp4 out.png",
    "upscale in.mp4 out.xyz",
    "upscale in.mp4 out.mp4 --fps 25",
    "upscale in.mp4 out.mp4 --preset nope",
    "upscale in.mp4 out.mp4 --look nope",
    "upscale in.mp4 out.mp4 --model nope",
    "upscale in.mp4 out.mp4 --model nope.pth",
    "upscale in.mp4 out.mp4 --crf 99",
    "upscale in.mp4 -",
    "upscale in.mp4 --format y4m",
    "upscale in.mp4 --format avi",
    "probe missing.mp4 --preset 4k",
    "batch missing out",
    "batch folder out --model nope",
    "preview missing.mp4",
    "preview in.mp4 --model nope",
    "preview in.mp4 page.html",
    "compare in.mp4 there.mp4 page.html",
    "compare in.mp4 there.mp4 page.pdf",
    "compare in.mp4 missing.mp4",
    "evaluate in.mp4 missing.mp4",
    "bench missing.mp4",
    "train resume missing",
]

CODE = """
import sys
from vsr.cli import run
for line in sys.argv[1:]:
    assert run(line.split()) == 2, line
    assert "torch" not in sys.modules, line
"""


def test_what_names_alone_can_refuse_is_refused_before_torch_is_loaded(tmp_path: Path) -> None:
    for name in ("in.mp4", "there.mp4", "page.html"):
        (tmp_path / name).write_bytes(b"not empty")
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "in.mp4").write_bytes(b"not empty")
    before = sorted(tmp_path.rglob("*"))
    ran = subprocess.run(
        [sys.executable, "-c", CODE, *REFUSED],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert len(ran.stderr.splitlines()) == len(REFUSED)
    assert sorted(tmp_path.rglob("*")) == before
