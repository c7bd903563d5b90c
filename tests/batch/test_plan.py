"""Which files of a folder are done, and where each result goes."""

import os
from pathlib import Path

import av
import pytest
from av.video.stream import VideoStream
from hypothesis import given
from hypothesis import strategies as st

from vsr.batch.ledger import open_ledger
from vsr.batch.names import LONGEST_BYTES, check_inside, collision_key, filled
from vsr.batch.plan import Selection, left_out, plan
from vsr.errors import InvalidOption, NoSuchFile, UnwritableOutput
from vsr.media.resume.manifest import source_facts

PICTURES = {".png": ".png", ".bmp": ".png"}


def folder(tmp_path: Path, *names: str) -> Path:
    for name in names:
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path / "in"


def places(tmp_path: Path, *names: str, **selection) -> dict[str, str]:
    source, target = folder(tmp_path, *names), tmp_path / "out"
    return {
        item.name: item.target.relative_to(target).as_posix()
        for item in plan(source, target, Selection(**selection))
    }


def test_the_tree_is_mirrored(tmp_path: Path):
    found = places(
        tmp_path, "a.mp4", "x/b.mkv", "x/y z/c.MOV", "notes.txt", ".hidden/d.mp4", ".e.mp4"
    )
    assert found == {"a.mp4": "a.mp4", "x/b.mkv": "x/b.mkv", "x/y z/c.MOV": "x/y z/c.MOV"}


def test_a_container_that_is_not_written_becomes_matroska(tmp_path: Path):
    became = {"a.avi": "a.mkv", "b.m2ts": "b.mkv", "c.qt": "c.mkv", "d.264": "d.mkv"}
    assert places(tmp_path, *became) == became


def test_a_gif_becomes_what_plays_everywhere(tmp_path: Path):
    assert places(tmp_path, "a.gif", "b.GIF") == {"a.gif": "a.mp4", "b.GIF": "b.mp4"}


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({"container": "webm"}, ["a.webm", "b.webm", "c.webm", "d.png", "e.webm"]),
        ({"container": "MKV"}, ["a.mkv", "b.mkv", "c.mkv", "d.png", "e.mkv"]),
        ({"container": "mp4"}, ["a.M4V", "b.mp4", "c.mp4", "d.png", "e.mp4"]),
        ({"container": "y4m"}, ["a.M4V", "b.mkv", "c.mov", "d.png", "e.mp4"]),  # refused later
        ({"codec": "ffv1"}, ["a.mkv", "b.mkv", "c.mkv", "d.png", "e.mkv"]),
        ({"codec": "prores"}, ["a.mov", "b.mkv", "c.mov", "d.png", "e.mov"]),
        ({"codec": "hevc"}, ["a.M4V", "b.mkv", "c.mov", "d.png", "e.mp4"]),
    ],
)
def test_a_container_or_codec_that_was_chosen_decides_the_suffix(tmp_path: Path, chosen, expected):
    names = ("a.M4V", "b.avi", "c.mov", "d.png", "e.gif")
    found = places(tmp_path, *names, pictures=PICTURES, **chosen)
    assert [found[name] for name in names] == expected


def test_no_two_inputs_share_a_place(tmp_path: Path):
    found = places(tmp_path, "a.avi", "a.mkv", "a.wmv", "a.flv")
    assert found["a.mkv"] == "a.mkv"  # who keeps the name has it first
    assert found["a.avi"] == "a.avi.mkv"
    assert len(set(found.values())) == 4


def test_a_template_that_makes_all_names_equal_still_collides_nowhere(tmp_path: Path):
    found = places(tmp_path, "a.mp4", "b.mp4", "c.mp4", name="film")
    assert len(set(found.values())) == 3


def test_names_that_differ_in_case_or_form_alone_do_not_collide_on_any_disk(tmp_path: Path):
    found = places(tmp_path, "A.mp4", "a.mp4", "caf\u00e9.mp4", "cafe\u0301.mp4")
    assert len({collision_key(Path(place)) for place in found.values()}) == 4


def test_pictures_are_taken_where_the_selection_knows_them(tmp_path: Path):
    found = places(tmp_path, "a.png", "b.bmp", "c.jpeg", pictures=PICTURES)
    assert found == {"a.png": "a.png", "b.bmp": "b.png"}


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ({"include": ("*.mkv",)}, {"b.mkv", "x/c.mkv"}),
        ({"exclude": ("x/*",)}, {"a.mp4", "b.mkv"}),
        ({"include": ("x/*", "a*"), "exclude": ("*.mp4",)}, {"x/c.mkv"}),
        ({"include": ("*.txt",)}, set()),
    ],
)
def test_patterns_select(tmp_path: Path, selection, expected):
    assert set(places(tmp_path, "a.mp4", "b.mkv", "x/c.mkv", "d.txt", **selection)) == expected


def test_a_template_names_the_results(tmp_path: Path):
    values = {"model": "fast", "scale": "4", "preset": "4k"}
    found = places(tmp_path, "x/a.mp4", name="{stem}_{model}_{scale}x", values=values)
    assert found == {"x/a.mp4": "x/a_fast_4x.mp4"}


@pytest.mark.parametrize(
    "template",
    ["{film}", "../{stem}", "a/{stem}", "{stem", "a\0b", "a\\b", "{scale:03d}", "{stem!x}"],
)
def test_a_template_that_cannot_be_meant_is_refused(template: str):
    with pytest.raises(InvalidOption, match="--name"):
        Selection(name=template)


def test_a_field_in_the_format_of_another_is_refused_by_name():
    with pytest.raises(InvalidOption, match=r"--name \{stem:\{name\}\}: "):
        filled("{stem:{name}}", Path("in/a.mp4"), ".mp4", {})
    assert filled("{stem:.3}", Path("in/abcdef.mp4"), ".mp4", {}) == "abc.mp4"


@pytest.mark.parametrize("preset", ["a/b", "a\0b"])
def test_a_value_that_no_name_holds_is_refused(preset: str):
    with pytest.raises(InvalidOption, match="not a usable name"):
        filled("{preset}", Path("in/a.mp4"), ".mp4", {"preset": preset})


def test_a_name_is_as_long_as_file_systems_take_beside_a_work_folder():
    source = Path("in/a.mp4")
    longest = "x" * (LONGEST_BYTES - len(".mp4"))
    assert filled(longest, source, ".mp4", {}) == f"{longest}.mp4"
    with pytest.raises(InvalidOption, match="too long"):
        filled(f"{longest}x", source, ".mp4", {})


@given(st.text(st.characters(blacklist_characters="/\0", blacklist_categories=["Cs"]), min_size=1))
def test_whatever_a_file_is_called_its_result_is_a_name_in_its_folder(stem: str):
    try:
        name = filled("{stem}", Path("in") / f"{stem}.mp4", ".mp4", {})
    except InvalidOption:
        return
    assert "/" not in name
    assert name not in ("", ".", "..")
    assert (Path("out") / name).parent == Path("out")


def test_odd_names_survive(tmp_path: Path):
    names = ("a\nb.mp4", "-y.mp4", "a'\"b.mp4", " .mp4", "日本.mp4", "%d{stem}.mp4")
    assert places(tmp_path, *names) == {name: name for name in names}


def test_a_name_that_is_no_text_survives(tmp_path: Path):
    source = folder(tmp_path, "a.mp4")
    odd = os.fsdecode(b"\xff.mp4")
    try:
        (source / odd).touch()
    except OSError:
        pytest.skip("this file system takes text alone")
    assert (tmp_path / "out" / odd) in [item.target for item in plan(source, tmp_path / "out")]


def test_results_inside_the_source_folder_are_not_done_again(tmp_path: Path):
    assert set(places(tmp_path, "a.mp4")) == {"a.mp4"}
    source = folder(tmp_path, "out/a.mp4")
    assert [item.name for item in plan(source, source / "out")] == ["a.mp4"]


def test_links_in_a_circle_are_not_followed(tmp_path: Path):
    source = folder(tmp_path, "x/a.mp4")
    (source / "x" / "round").symlink_to(source)
    assert [item.name for item in plan(source, tmp_path / "out")] == ["x/a.mp4"]


def test_a_link_that_leads_nowhere_is_not_left_out_in_silence(tmp_path: Path):
    source = folder(tmp_path, "a.mp4")
    (source / "gone.mp4").symlink_to("elsewhere.mp4")
    (source / "gone.txt").symlink_to("elsewhere.txt")
    assert [item.name for item in plan(source, tmp_path / "out")] == ["a.mp4", "gone.mp4"]


def test_a_link_that_leads_out_of_the_output_folder_is_refused(tmp_path: Path):
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    out.mkdir()
    elsewhere.mkdir()
    (out / "x").symlink_to(elsewhere)
    with pytest.raises(UnwritableOutput, match="leads out"):
        check_inside(out / "x" / "a.mp4", out)
    with pytest.raises(UnwritableOutput, match="leads out"):
        check_inside(out / ".." / "a.mp4", out)
    (out / ".b.mp4.vsr").symlink_to(elsewhere)
    with pytest.raises(UnwritableOutput, match="leads out"):
        check_inside(out / "b.mp4", out)
    check_inside(out / "y" / "a.mp4", out)


def test_folders_that_cannot_be_meant_are_refused(tmp_path: Path):
    source = folder(tmp_path, "a.mp4")
    with pytest.raises(NoSuchFile):
        plan(tmp_path / "nowhere", tmp_path / "out")
    with pytest.raises(InvalidOption, match="is the source folder itself"):
        plan(source, source)
    with pytest.raises(UnwritableOutput, match="is a file"):
        plan(source, source / "a.mp4")


def made(source: Path, target: Path) -> None:
    """Make a result as a batch does, and record it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if not source.stat().st_size:
        source.write_bytes(f"film {source.name}".encode())
    with open_ledger(target.parent) as ledger:
        target.write_bytes(b"a larger " + source.read_bytes())
        ledger.write("done", source.name, target, source_facts(source), {})


def test_earlier_results_among_the_sources_are_left_out_in_one_line(tmp_path: Path):
    source = folder(tmp_path, "a.mp4", "b.mp4")
    for name in ("a", "b"):
        made(source / f"{name}.mp4", source / "out" / f"{name}.mp4")  # vsr batch in in/out
        made(source / f"{name}.mp4", source / f"{name}-1080p.mp4")  # vsr in/*.mp4
    everything = [source, *sorted(source.glob("*.mp4"))]
    for several in (source, everything[1:]):
        items = plan(several, source / "4k", Selection())
        assert [item.source.name for item in items] == ["a.mp4", "b.mp4"]
    (told,) = left_out(source, source / "4k", Selection())
    first = source / "a-1080p.mp4"
    assert told == f"{first} and 3 more: earlier results, and are left out."


def test_results_whose_sources_are_elsewhere_are_sources_themselves(tmp_path: Path):
    source = folder(tmp_path, "a.mp4")
    made(source / "a.mp4", tmp_path / "once" / "a.mp4")
    items = plan(tmp_path / "once", tmp_path / "twice", Selection())
    assert [item.source for item in items] == [tmp_path / "once" / "a.mp4"]
    assert left_out(tmp_path / "once", tmp_path / "twice", Selection()) == []


def video(path: Path, made_by: str) -> None:
    """Write one frame, and what encoded it."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream("ffv1", rate=25)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = 16, 16, "yuv420p"
        stream.metadata["encoder"] = made_by
        file.mux(stream.encode(av.VideoFrame(16, 16, "yuv420p")))
        file.mux(stream.encode())


def test_what_vsr_made_of_one_video_is_not_enlarged_with_it(tmp_path: Path):
    """As after ``vsr in/a.mkv``: no ledger knows of it."""
    source = folder(tmp_path, "a.avi", "b.mkv")
    video(source / "a-1080p.mkv", "vsr 0.1.0: fast ×4")
    video(source / "b-part-x2.mkv", "vsr 0.1.0 from 2.5 s: fast ×4")
    video(source / "b-cut.mkv", "Lavf62")
    video(source / "c-1080p.mkv", "vsr 0.1.0: fast ×4")
    for several in (source, list(source.iterdir())):
        items = plan(several, tmp_path / "out", Selection())
        names = [item.source.name for item in items]
        assert names == ["a.avi", "b-cut.mkv", "b.mkv", "c-1080p.mkv"]


def test_what_else_vsr_left_beside_films_is_left_out(tmp_path: Path):
    source = folder(tmp_path, "a.mp4", "a-preview.html", "a-preview.png", "b-preview.png")
    (source / "vsr-report.json").touch()
    selection = Selection(pictures=PICTURES)
    for several in (source, list(source.iterdir())):
        items = plan(several, tmp_path / "out", selection)
        assert [item.source.name for item in items] == ["a.mp4", "b-preview.png"]


def test_the_folder_of_results_may_be_among_the_sources(tmp_path: Path):
    """As in ``vsr batch * out``, run again."""
    source = folder(tmp_path, "a.mp4", "out/a.mp4")
    items = plan([source / "a.mp4", source / "out"], source / "out", Selection())
    assert [item.source for item in items] == [source / "a.mp4"]
