"""What players show of each frame is what is upscaled."""

from pathlib import Path

import numpy as np

from tests.clips import write_clip
from tests.jobs.upscale.woven_runs import LOSSLESS, bob_spec
from tests.media.sample_entries import clean_aperture, with_box
from vsr.jobs.probe.look import look
from vsr.jobs.upscale.plan import prepare
from vsr.jobs.workers.upscale import upscale
from vsr.media.reading.reader import Reader
from vsr.values import Size

WHOLE = Size(96, 64)


def test_what_players_show_is_upscaled_and_all_on_request(tmp_path: Path):
    plain = write_clip(tmp_path / "plain.mov", frames=5, size=WHOLE)
    clip = write_clip(tmp_path / "in.mov", frames=5, size=WHOLE)
    with_box(clip, clean_aperture((80, 1), (40, 1), (3, 1), (-2, 1)))
    notes: list[str] = []
    spec = bob_spec(encode=LOSSLESS, deinterlace="auto")
    shown = upscale(clip, tmp_path / "shown.mkv", spec, note=notes.append)
    assert (
        "each frame is cut to 82×40 of 96×64, as its header asks of players "  # whole chroma
        "(--crop 96:64:0:0 keeps all)."
    ) in notes
    typed = bob_spec(encode=LOSSLESS, deinterlace="auto", crop="82:40:10:10")
    same = upscale(plain, tmp_path / "same.mkv", typed)
    with Reader.open(shown.output) as one, Reader.open(same.output) as other:
        for ours, theirs in zip(one.frames(), other.frames(), strict=True):
            np.testing.assert_array_equal(ours.planes[0], theirs.planes[0])
    assert look(clip).words["video"].endswith(", cropped to 80×40 by its header")
    job = prepare(clip, tmp_path / "all.mkv", bob_spec(crop="96:64:0:0"))
    assert job.video.size == Size(192, 128)
    assert "each frame is kept whole, with what its header hides from players." in list(job.notes())
