"""Looks: what a kind of film needs, at any size."""

import json
from pathlib import Path

import pytest

import vsr
from tests.cli.command import vsr as run
from tests.clips import write_clip
from vsr.cli.shared.command import completed, parsed
from vsr.cli.shared.options import spec_from
from vsr.errors import InvalidOption, InvalidRecipe, UnknownName
from vsr.jobs.batch.outcome import fingerprint
from vsr.recipes.preset import load_look
from vsr.recipes.read import readable

SHIPPED = {"anime", "faithful", "film", "phone", "screen", "tape"}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's own folder, with a look and a preset that disagree."""
    monkeypatch.setenv("VSR_HOME", str(tmp_path))
    (tmp_path / "presets" / "looks").mkdir(parents=True)
    (tmp_path / "presets" / "looks" / "mine.toml").write_text(
        'description = "Mine."\nstrength = 0.4\nmodel = "lite"\n'
    )
    (tmp_path / "presets" / "sized.toml").write_text(
        'description = "Mine."\npipeline = "upscale"\nstrength = 0.2\nsharpness = 0.1\n'
        "[size]\nheight = 900\n"
    )
    return tmp_path


def typed(*arguments: str) -> vsr.UpscaleSpec:
    return spec_from(completed(parsed(list(arguments))))


def test_every_shipped_look_can_be_read_and_says_what_it_is_for():
    every, broken = readable("presets/looks", load_look)
    assert set(every) == SHIPPED
    assert not broken
    assert all(look.description and look.values for look in every.values())


@pytest.mark.parametrize("name", sorted(SHIPPED))
@pytest.mark.parametrize("size", [("--preset", "4k"), ("--scale", "2"), ("--height", "720")])
def test_a_look_goes_with_any_size(name: str, size: tuple[str, str]):
    spec, plain = typed("--look", name, *size), typed(*size)
    assert spec.size == plain.size
    assert spec.steps == plain.steps
    for key, value in load_look(name).values.items():
        assert getattr(spec, key) == value


def test_faithful_draws_and_repairs_nothing():
    spec = vsr.spec_of(look="faithful")
    assert (spec.strength, spec.sharpness, spec.grain) == (0, 0, "remove")


def test_a_typed_option_comes_before_the_look_and_that_before_the_preset(home: Path):
    spec = typed("--preset", "sized", "--look", "mine", "--grain", "keep")
    assert (spec.model, spec.strength, spec.sharpness, spec.grain) == ("lite", 0.4, "auto", "keep")
    spec = typed("--preset", "sized", "--look", "phone", "--sharpness", "0.3")
    assert (spec.strength, spec.sharpness) == ("auto", 0.3)
    spec = typed("--look", "mine", "--model", "fast")
    assert (spec.model, spec.strength) == ("fast", 0.4)
    assert vsr.spec_of(look="mine", model="fast") == spec


def test_a_look_that_leaves_a_value_open_leaves_it_to_the_preset(home: Path):
    (home / "presets" / "looks" / "open.toml").write_text('description = "x"\ngrain = "keep"\n')
    spec = typed("--preset", "sized", "--look", "open")
    assert (spec.strength, spec.sharpness, spec.grain) == (0.2, 0.1, "keep")


def test_a_dial_of_a_look_is_no_reason_to_refuse_a_network_without_it():
    spec = typed("--look", "phone", "--model", "bicubic")
    assert spec.suggested == ("strength", "sharpness")
    assert typed("--look", "phone", "--sharpness", "1").suggested == ("strength",)


def test_the_values_are_what_counts_and_not_the_name(home: Path):
    there = {**load_look("phone").values}
    options = [word for key, value in there.items() for word in (f"--{key}", str(value))]
    spec, by_hand = typed("--look", "phone"), typed(*options)
    assert fingerprint(spec) == fingerprint(by_hand) != fingerprint(typed())
    text = 'description = "x"\n' + "".join(f"{key} = {json.dumps(v)}\n" for key, v in there.items())
    (home / "presets" / "looks" / "other.toml").write_text(text)
    assert fingerprint(typed("--look", "other")) == fingerprint(spec)


def test_a_look_is_found_by_path_too(home: Path):
    path = home / "presets" / "looks" / "mine.toml"
    assert load_look(str(path)) == load_look("mine")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('description = "x"\nscale = 2', "unknown key 'scale'"),
        ('description = "x"\npipeline = "upscale"', "unknown key 'pipeline'"),
        ('description = "x"\nstrenght = 1', "Did you mean 'strength'"),
        ('description = "x"\nsharpness = 2.5', "sharpness 2.5 must be between 0 and 1"),
        ('description = "x"\ndeinterlace = "yes"', "choose from auto"),
        ("strength = 1", "'description' is missing"),
    ],
)
def test_a_look_holds_nothing_else(home: Path, text: str, message: str):
    (home / "presets" / "looks" / "bad.toml").write_text(text)
    with pytest.raises(InvalidRecipe, match=message):
        load_look("bad")


def test_an_unknown_name_is_refused_with_the_closest(capsys):
    with pytest.raises(UnknownName, match=r"phne: no look of that name. Did you mean phone\?"):
        vsr.spec_of(look="phne")
    assert run("upscale", "a.mp4", "b.mp4", "--look", "phne") == 2
    assert capsys.readouterr().err == "vsr: phne: no look of that name. Did you mean phone?\n"


def test_a_look_beside_a_whole_spec_is_refused():
    with pytest.raises(InvalidOption, match="look film: a spec is given too"):
        vsr.spec_of(vsr.spec_of(), look="film")


def test_the_presets_are_listed_with_the_looks(home: Path, capsys):
    assert run("presets") == 0
    shown = capsys.readouterr().out
    assert "sharpness 0.9" in shown
    assert "mine" in shown
    assert run("presets", "--json") == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    kinds = {item["name"]: item["kind"] for item in found}
    assert (kinds["4k"], kinds["mine"], kinds["film"]) == ("preset", "look", "look")
    assert {"strength": 0.4, "model": "lite"} in [item.get("values") for item in found]


def test_a_broken_look_does_not_hide_the_others(home: Path, capsys):
    (home / "presets" / "looks" / "bad.toml").write_text("strenght = 1")
    assert run("presets") == 3
    shown = capsys.readouterr()
    assert "faithful" in shown.out
    assert "bad.toml: unknown key 'strenght'" in shown.err


def test_probe_batch_and_a_dry_run_take_a_look(tmp_path: Path, capsys):
    folder = tmp_path / "in"
    folder.mkdir()
    clip = write_clip(folder / "a.mp4", frames=3)
    assert run("probe", clip, "--look", "faithful") == 0
    assert "strength" not in _network(capsys.readouterr().out)
    assert run("upscale", clip, tmp_path / "b.mp4", "--look", "faithful", "--dry-run") == 0
    assert "auto" not in _network(capsys.readouterr().out)
    assert run("batch", folder, tmp_path / "out", "--look", "faithful", "--dry-run") == 0
    assert "1 to do" in capsys.readouterr().out


def test_a_look_takes_the_network_for_drawn_film_and_a_typed_dial_is_answered(
    tmp_path: Path, capsys
):
    clip = write_clip(tmp_path / "a.mp4", frames=3)
    anime = (clip, tmp_path / "b.mp4", "--model", "anime", "--look", "anime", "--dry-run")
    assert run("upscale", *anime) == 0
    assert "anime ×4" in _network(capsys.readouterr().out)
    assert run("upscale", *anime, "--sharpness", "0.3") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "--sharpness 0.3: anime ×4 has no flavour for it" in line
    assert line.endswith("Omit it, or choose one of those (--model).")


def test_the_look_of_tapes_says_what_it_draws_and_how_to_have_none(tmp_path: Path, capsys):
    clip = write_clip(tmp_path / "a.mp4", frames=3)
    tape = ("upscale", clip, tmp_path / "b.mp4", "--look", "tape", "--preset", "4k", "--dry-run")
    assert run(*tape) == 0
    shown = capsys.readouterr().out
    assert "tape ×2" in _network(shown)
    shown = " ".join(shown.split())
    assert "tape draws edges that were not in the source; --model fast for none, and for" in shown
    for model in ("fast", "tape"):  # what is typed needs no remark
        assert run(*tape, "--model", model) == 0
        shown = capsys.readouterr().out
        assert f"{model} ×" in _network(shown)
        assert "draws edges" not in shown


def _network(text: str) -> str:
    (line,) = (line for line in text.splitlines() if line.startswith("network"))
    return line
