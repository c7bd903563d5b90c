"""A plain PyTorch loop in a process of its own, run on request, to compare the pipeline with.

Eager, default layout, default allocator, torch's own threads, float32, one frame after the other.
It is another process because the program tunes its own allocator and threads
(`vsr.jobs.process_setup.settle`), and a user's loop would not.

`vsr.jobs.bench.plain_loop_process` is what runs there. The first line of its stdin is the request,
as JSON; each further line asks for one run, answered by a line with its frames and seconds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from vsr.errors import Failed
from vsr.jobs.upscale.upscale_plan import Job

SETTLED = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")
"""What the program sets for itself, and a user's loop does not."""


class PlainLoop:
    """The parent's end of the process. Use `open` in a ``with``."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    @classmethod
    def open(cls, job: Job, frames: int, target: Path, *, is_discarded: bool) -> Self:
        """Start the process, and let it load the network and warm up.

        Args:
            frames: of the clip, at most, in each run.
            is_discarded: encode nothing.
        """
        environment = {key: value for key, value in os.environ.items() if key not in SETTLED}
        process = subprocess.Popen(
            [sys.executable, "-m", "vsr.jobs.bench.plain_loop_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        loop = cls(process)
        loop._ask(_request(job, frames, target, is_discarded=is_discarded))
        return loop

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._process:  # closes its pipes, which ends its loop, and waits
            if kind is not None:
                self._process.kill()

    def run(self) -> float:
        """Have it enlarge the clip once; return its frames per second."""
        answer = self._ask("run")
        return float(answer["frames"]) / float(answer["seconds"])

    def _ask(self, question: str) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(f"{question}\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            line = ""
        else:
            line = self._process.stdout.readline()
        if not line:
            raise Failed("the plain loop ended early. See its own message above.")
        answer: dict[str, Any] = json.loads(line)
        return answer


def _request(job: Job, frames: int, target: Path, *, is_discarded: bool) -> str:
    encoder, size = job.encoder, job.video.size
    return json.dumps(
        {
            "source": str(job.source.path),
            "target": str(target),
            "frames": frames,
            "model": str(job.model.path or job.model.name),
            "scale": job.sizes.scale,
            "device": str(job.device.torch_device),
            "output": [size.width, size.height],
            "pix_fmt": encoder.pix_fmt,
            "encoder": None
            if is_discarded
            else {
                "name": encoder.name,
                "codec": encoder.codec,
                "options": dict(encoder.options),
                "threads": encoder.threads,
            },
        }
    )
