"""Strips are chosen before the start from what the address space leaves."""

import subprocess
import sys
from pathlib import Path

import pytest
from safetensors.torch import save_file

from tests.clips import write_clip
from vsr.media.reading.probe import probe
from vsr.models import catalog
from vsr.values import Size

SPARE_MB = 900
"""More than the program's threads and strips take, less than the whole picture's features do."""

LIMITED = """
import resource, sys
import av, torch, vsr.jobs.workers.upscale
from vsr.cli import main
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
limit = used + int(sys.argv.pop(1)) * 2**20
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
main()
"""


def upscale(source: Path, target: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", LIMITED, str(SPARE_MB), "upscale", str(source), str(target)]
    return subprocess.run(
        [*command, "-q", "-s", "4", "-d", "cpu", "--encoder-preset", "ultrafast", *options],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_AS and /proc are Linux's")
def test_a_large_network_runs_in_strips_where_the_whole_would_not_fit(tmp_path: Path):
    weights = tmp_path / "random.safetensors"
    save_file(catalog.build("swift-srgan", 4).state_dict(), weights)
    clip = write_clip(tmp_path / "in.mkv", frames=1, size=Size(640, 360))
    target = tmp_path / "out.mkv"
    whole = upscale(clip, target, "-m", str(weights), "--tile", "640")
    assert whole.returncode == 1
    assert "memory" in whole.stderr
    assert not target.exists()
    strips = upscale(clip, target, "-m", str(weights))
    assert strips.returncode == 0, strips.stderr
    assert probe(target).video.size == Size(2560, 1440)
