"""The machine, and the whole of an upscale on it: what is there, and what keeps pace."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from itertools import islice
from pathlib import Path

import torch

from tests.benchmarks.measured import report_of
from tests.gpu_first.cases import SIZES, Task, first_line
from tests.gpu_first.plan import Row
from vsr.device.cuda import share_context
from vsr.jobs.bench.bench_stages import own_clip
from vsr.media.encoding.encoder_trial import openings
from vsr.media.reading.reader import Reader
from vsr.media.source.hardware import SOFTWARE, Decoding, choose_decoding
from vsr.upscaling.engine.kernel_verdict import verdict
from vsr.values import Size

PACKAGES = ("torch", "triton", "cupy-cuda13x", "cupy-cuda12x", "av", "numpy", "pillow")
CLIP_FRAMES = {"1080p": 1500, "4k": 400}

DRY_CLIP, DRY_FRAMES = Size(64, 36), 6
PIPELINES = (("fast", "1080p", 1500), ("fast", "4k", 400), ("swift-srgan", "1080p", 400))
"""Network, preset and frames: some seconds, beside which opening a file takes no time."""


DECODED = 200
SPARE_SECONDS = 12
"""For the stage's own start, and to say what was found."""

TEST_SECONDS = 60
"""After which one test is ended."""

ROOT = Path(__file__).parents[2]


def drawn(preset: str, clips: Path) -> Path:
    """Return the clip of a preset; draw it where it is not there."""
    return own_clip(SIZES[preset], CLIP_FRAMES[preset], clips)


def clip_of(preset: str, task: Task) -> Path:
    """Return the clip of a preset, or a tiny one."""
    if task.where.is_dry:
        return own_clip(DRY_CLIP, DRY_FRAMES, task.clips)
    return drawn(preset, task.clips)


def doctor(task: Task) -> None:
    """Say what is here: versions, the device, and what `vsr doctor` finds."""
    device = task.where.device
    row: Row = {"device": str(device), "packages": _versions(), "cuda": torch.version.cuda}
    row["cudnn"] = torch.backends.cudnn.version() if device.is_cuda else None
    if device.is_cuda:
        free, total = torch.cuda.mem_get_info(device.index)
        row |= {
            "capability": torch.cuda.get_device_capability(device.index),
            "compiled_for": torch.cuda.get_arch_list(),
            "free_gb": round(free / 1e9, 1),
            "total_gb": round(total / 1e9, 1),
            "smi": _smi(),
        }
    task.say(row)
    if task.where.is_dry:  # trying every encoder takes its time
        return
    from vsr.jobs.doctor import examine

    for finding in examine():
        task.say({"what": finding.what, "is_good": finding.is_good, "detail": finding.detail})


def _versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _smi() -> str:
    query = "driver_version,clocks.sm,clocks.max.sm,power.limit,utilization.gpu,mig.mode.current"
    command = ["nvidia-smi", f"--query-gpu={query}", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return first_line(error)
    return done.stdout.strip() or done.stderr.strip()


def gpu_tests(task: Task) -> None:
    """Run the tests that need a device."""
    files = [
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        if "mark.gpu" in path.read_text(encoding="utf-8")
    ]
    options = ["-q", "-m", "gpu", "-W", "default", "-p", "no:cacheprovider", "-rfEs"]
    command = [sys.executable, "-m", "pytest", *options, f"--timeout={TEST_SECONDS}", *files]
    if task.where.is_dry:
        task.say({"files": len(files)})
        return
    try:
        left = task.seconds - SPARE_SECONDS
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=left, check=False
        )
        code, text = done.returncode, done.stdout
    except subprocess.TimeoutExpired as error:
        out = error.stdout or b""
        code, text = None, out.decode() if isinstance(out, bytes) else out
    print(text)
    task.say({"files": len(files), "code": code, **summary_of(text)})


def summary_of(text: str) -> Row:
    """Return what the last lines of pytest say: counts by outcome, and what failed."""
    last = (text.strip().splitlines() or [""])[-1]
    counts = {word: int(count) for count, word in re.findall(r"(\d+) (\w+)", last)}
    named = ("passed", "failed", "error", "errors", "skipped")
    failed = re.findall(r"^(?:FAILED|ERROR) (.+)$", text, re.MULTILINE)
    return {name: counts[name] for name in named if name in counts} | {"failures": failed}


def overlap(task: Task) -> None:
    """Run the whole pipeline with its output discarded, beside each of its stages alone."""
    is_dry = task.where.is_dry
    for model, preset, frames in PIPELINES[:1] if is_dry else PIPELINES:
        target = ["-p", preset, "--frames", str(frames)]
        if is_dry:
            target = ["-s", "4", "--frames", "2", "--repeat", "1"]
        where = ["-d", "cpu" if is_dry else "cuda", "-m", model, "--discard-output"]
        row: Row = {"model": model, "preset": preset}
        task.attempt(
            row,
            lambda words=(*where, *target), preset=preset: _pipeline(
                [*words, str(clip_of(preset, task))]
            ),
        )


def _pipeline(words: list[str]) -> Row:
    found = report_of(words, has_loop=False)
    kept = ("whole_fps", "overlap_efficiency", "network_share", "peak_device_mb", "device")
    fps = {name: stage["fps"] for name, stage in found["stages"].items()}
    return {key: found[key] for key in kept} | {"stages_fps": fps}


def media(task: Task) -> None:
    """Decode on the GPU and in software, and compare; open the GPU's encoders."""
    device, is_dry = task.where.device, task.where.is_dry
    clip = clip_of("4k", task)
    sleeps = device.is_cuda and share_context(device.index)
    decoding = choose_decoding(clip, "cuda", device.index)
    task.say({"nvdec": decoding.hwaccel, "is_shared": decoding.is_shared, "sleeps": sleeps,
              "note": decoding.note})  # fmt: skip
    fps, sums = {}, {}
    for name, one in {"software": SOFTWARE, "nvdec": decoding}.items():
        fps[name], sums[name] = _decoded(clip, one)
    task.say({"decode_fps": fps, "is_equal": sums["software"] == sums["nvdec"]})
    for name, reason in () if is_dry else openings():
        if name.endswith("_nvenc"):
            task.say({"encoder": name, "opens": reason is None, "reason": reason})


def _decoded(clip: Path, decoding: Decoding) -> tuple[float, list[int]]:
    """Return frames per second, and a sum of each frame."""
    sums = []
    started = time.perf_counter()
    with Reader.open(clip, decoding=decoding) as reader:
        for frame in islice(reader.frames(), DECODED):
            sums.append(int(frame.planes[0][::16, ::16].sum()))
    return round(len(sums) / (time.perf_counter() - started), 1), sums


def kernels(task: Task) -> None:
    """Say whether the kernels of our own are right here, and faster."""
    task.attempt({}, lambda: verdict(task.where.device))
