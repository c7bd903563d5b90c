"""A job in a process of its own, to be killed: segments, join, verify, publish, without upscaling.

``python -m tests.media.crash_job SOURCE TARGET CODEC [LARGEST_FILE_BYTES]``
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from tests.media.written import encoder_for, video_of
from vsr.errors import VsrError
from vsr.media.reading.probe import probe
from vsr.media.reading.reader import Reader
from vsr.media.resume.manifest import source_facts
from vsr.media.resume.segments import plan
from vsr.media.resume.work import Work
from vsr.media.streams.streams import plan_streams
from vsr.media.writing.join import join
from vsr.media.writing.verify import OutputFacts, verify
from vsr.media.writing.writer import Writer

FRAMES_PER_SEGMENT = 8


def run(source: Path, target: Path, codec: str) -> None:
    info = probe(source)
    encoder = encoder_for(codec, size=info.video.size)
    video, streams = video_of(info), plan_streams(info, "matroska")
    fingerprint = {**source_facts(source), "encoder": encoder.name}
    with Work.begin(target, fingerprint, lambda: plan(info, FRAMES_PER_SEGMENT)) as work:
        for segment in work.pending:
            with (
                Reader.open(source, info, segment.span) as reader,
                Writer.create(work.path_of(segment), video, encoder) as writer,
            ):
                for frame in reader.frames():
                    writer.write(frame)
        paths = [work.path_of(segment) for segment in work.segments]
        joined = join(paths, info, streams, work.joined, video)
        verify(work.joined, OutputFacts.of(joined, streams, video.size))
        work.publish()
        work.remove()


def limit_files(largest_bytes: int) -> None:
    """Let every file end there, as a full disk would."""
    import resource

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest_bytes, largest_bytes))


if __name__ == "__main__":
    if len(sys.argv) > 4:
        limit_files(int(sys.argv[4]))
    print("started", flush=True)
    try:
        run(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
    except VsrError as error:
        print(type(error).__name__, error)
        sys.exit(error.exit_code)
