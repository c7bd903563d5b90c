"""What writing in segments costs against writing directly, and memory over a long clip.

Run: ``python -m tests.benchmarks.segments``. Both ways take turns in one process; the pictures,
their times and the other streams must be the same. Memory is read after 500 and 10,000 frames.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import av

from tests.benchmarks.device import RESULTS, write
from tests.clips import Audio, write_clip
from vsr.device.select import select
from vsr.jobs.upscale.plan import prepare
from vsr.jobs.upscale.preset_spec import spec_of_preset
from vsr.jobs.upscale.segment_worker import SegmentWorker
from vsr.jobs.upscale.standard_streams import WHOLE
from vsr.jobs.workers.upscale import upscale
from vsr.media.resume.segments import plan
from vsr.media.writing.direct import DirectWriter
from vsr.specs import EncodeSpec
from vsr.values import OutputSize, Size

FRAMES, PER_SEGMENT, REPEATS = 960, 160, 5
SIZE, TINY = Size(480, 270), Size(64, 36)
FIRST, LAST = 500, 10_000


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=RESULTS)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        result = {**cost(Path(temporary)), **memory(Path(temporary))}
    print(result)
    print(write(select("cpu"), "segments", result, wanted.results))


def cost(folder: Path) -> dict[str, object]:
    """Time the same clip in six segments and directly, in turns."""
    clip = write_clip(folder / "in.mkv", frames=FRAMES, size=SIZE, gop=40, audio=[Audio()])
    segmented, direct = folder / "segmented.mkv", folder / "direct.mkv"
    spec = replace(
        spec_of_preset("1080p", OutputSize(scale=2), "overwrite"),
        model="bicubic",
        encode=EncodeSpec(encoder_preset="superfast"),
        segment_frames=PER_SEGMENT,
    )
    pairs = []
    for _ in range(REPEATS):
        in_segments = _seconds(lambda: upscale(clip, segmented, spec))
        pairs.append((in_segments, _seconds(lambda: _directly(clip, direct, spec))))
    assert _content(segmented) == _content(direct), "the two ways differ"
    ratios = [a / b for a, b in pairs]
    return {
        "frames": FRAMES,
        "segments": FRAMES // PER_SEGMENT,
        "size": f"{SIZE} → {SIZE.scaled(2)}",
        "encoder": "libx264 superfast",
        "segmented_seconds": round(statistics.median(a for a, _ in pairs), 2),
        "direct_seconds": round(statistics.median(b for _, b in pairs), 2),
        "segmented_over_direct": round(statistics.median(ratios), 3),
    }


def memory(folder: Path) -> dict[str, object]:
    """Read the resident set as a long tiny clip goes through."""
    clip = write_clip(folder / "long.mkv", frames=LAST, size=TINY, audio=[Audio()])
    spec = replace(spec_of_preset("1080p", OutputSize(scale=2), "overwrite"), model="bicubic")
    resident: dict[int, float] = {}

    def on_progress(progress) -> None:
        if progress.frames % FIRST == 0:
            resident[progress.frames] = _resident_mb()

    upscale(clip, folder / "long-out.mkv", spec, on_progress=on_progress)
    first, most = resident[FIRST], max(resident.values())
    return {
        f"resident_mb_at_{FIRST}": round(first, 1),
        f"most_resident_mb_until_{LAST}": round(most, 1),
        "growth": round(most / first - 1, 4),
    }


def _directly(clip: Path, target: Path, spec) -> None:
    with closing(SegmentWorker()) as worker:
        job = prepare(clip, target, spec)
        (whole,) = plan(job.source, WHOLE)
        with DirectWriter.create(
            str(target), job.source, job.streams, job.video, job.encoder, whole.span
        ) as writer:
            worker.run(job, whole.span, writer, lambda frame: None)


def _content(path: Path) -> list[tuple[int, list[float], int]]:
    """Return kind, times and number of packets of each stream; times of video are of pictures."""
    with av.open(str(path)) as container:
        times = [float(frame.pts * frame.time_base) for frame in container.decode(video=0)]
    with av.open(str(path)) as container:
        count = sum(1 for packet in container.demux(audio=0) if packet.size)
    return [(len(times), times, count)]


def _seconds(do: Callable[[], object]) -> float:
    started = time.perf_counter()
    do()
    return time.perf_counter() - started


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    main()
