"""A film in the hands of several workers: what they tell and leave is that of one."""

from dataclasses import replace
from pathlib import Path

from tests.clips import Subtitle, write_clip
from tests.cues import spoil_cue
from vsr.batch.crew import Crew
from vsr.batch.inline import open_inline
from vsr.jobs.film import FilmInWork
from vsr.jobs.upscale import spec_of_preset, upscale
from vsr.jobs.worker import opener
from vsr.specs import EncodeSpec, Target

SPEC = replace(
    spec_of_preset("1080p", Target(scale=2)),
    model="bicubic",
    encode=EncodeSpec(encoder_preset="ultrafast"),
    segment_frames=12,
    threads=1,
)


def test_damage_to_the_other_streams_is_told_as_of_one_worker(tmp_path: Path):
    source = write_clip(tmp_path / "in.mkv", frames=36, gop=12, subtitles=[Subtitle()])
    spoil_cue(source)
    film = FilmInWork(source, tmp_path / "shared.mp4", SPEC, is_shared=True)
    with open_inline(opener(SPEC)) as engine:
        list(Crew(engine).run([film]))
    alone = upscale(source, tmp_path / "alone.mp4", SPEC)
    assert film.outcome().losses == alone.losses == ("1 packets of sound or text",)
