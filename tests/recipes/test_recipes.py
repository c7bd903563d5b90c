from pathlib import Path

import pytest

from vsr.errors import InvalidRecipe, UnknownName
from vsr.recipes.pipeline import load_pipeline
from vsr.recipes.preset import load_preset
from vsr.recipes.read import find, readable, recipe_names

STEPS = ("deinterlace", "upscale", "fit")


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A user's own folder, empty."""
    monkeypatch.setenv("VSR_HOME", str(tmp_path))
    (tmp_path / "presets").mkdir()
    (tmp_path / "pipelines").mkdir()
    return tmp_path


MINE = 'description = "Mine."\npipeline = "upscale"\n[size]\nheight = 1440\n'


def test_every_shipped_preset_names_a_shipped_pipeline():
    every, broken = readable("presets", load_preset)
    assert set(every) >= {"1080p", "4k"}
    assert not broken
    for preset in every.values():
        assert load_pipeline(preset.pipeline, "upscale", STEPS).steps


@pytest.mark.parametrize(
    ("alias", "name"), [("270p-1080p", "1080p"), ("540p-4k", "4k"), ("uhd", "4k")]
)
def test_an_alias_is_the_preset(alias, name):
    assert load_preset(alias) == load_preset(name)


def test_the_upscale_pipeline_is_data():
    steps = load_pipeline("upscale", "upscale", STEPS).steps
    assert [step.name for step in steps] == list(STEPS)


def test_a_users_preset_is_found_by_name_and_by_path(home: Path):
    path = home / "presets" / "mine.toml"
    path.write_text(MINE)
    assert load_preset("mine") == load_preset(str(path))
    assert load_preset("mine").spec.size.height == 1440


def test_a_users_preset_wins_over_a_shipped_one(home: Path):
    (home / "presets" / "4k.toml").write_text(MINE)
    assert load_preset("4k").description == "Mine."
    assert recipe_names("presets").count("4k") == 1


def test_a_users_preset_of_the_name_of_a_shipped_alias_wins(home: Path):
    (home / "presets" / "uhd.toml").write_text(MINE)
    assert load_preset("uhd").description == "Mine."


def test_a_broken_preset_does_not_stand_in_the_way_of_others(home: Path):
    (home / "presets" / "broken.toml").write_text("modle = 1")
    (home / "presets" / "mine.toml").write_text(MINE)
    assert load_preset("mine").description == "Mine."
    assert load_preset("uhd") == load_preset("4k")
    with pytest.raises(InvalidRecipe, match="broken.toml"):
        load_preset("broken")


@pytest.mark.parametrize("name", ["slow", "ultrafast", "medium"])
def test_an_encoder_preset_is_explained(name):
    with pytest.raises(UnknownName, match=f"--encoder-preset {name}"):
        load_preset(name)


def test_a_close_name_is_suggested():
    with pytest.raises(UnknownName, match="Did you mean 1080p"):
        load_preset("1080i")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (MINE.replace("height", "heigth"), "unknown key 'heigth'. Did you mean 'height'"),
        (MINE.replace("1440", '"1440"'), "size: height is '1440'; a whole number is needed"),
        (MINE.replace("height = 1440", ""), "size: give either a scale, or a width, a height"),
        (MINE.replace("1440", "0"), "size: height 0 must be at least 1"),
        (MINE.replace("[size]\nheight = 1440\n", ""), "the key 'size' is missing"),
        ("description = ", "not valid TOML"),
        (MINE.replace('pipeline = "upscale"', 'pipeline = "upscale"\naliases = "a"'), "a list is"),
        (
            MINE.replace("[size]", 'deinterlace = "yes"\n[size]'),
            "choose from auto, bob, film, off, refuse",
        ),
    ],
)
def test_a_malformed_preset_is_refused_with_its_place(home: Path, text, message):
    path = home / "presets" / "mine.toml"
    path.write_text(text)
    with pytest.raises(InvalidRecipe, match="mine.toml: .*") as caught:
        load_preset("mine")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('steps = ["upscail"]', "upscail: no step of that name. Did you mean upscale"),
        ('steps = ["fit", "fit"]', "two steps share a name"),
        ("steps = []", "at least one step"),
        ('steps = ["fit", { step = "fit" }]', "two steps share a name"),
        ("steps = [3]", "is 3; a table is needed"),
    ],
)
def test_a_malformed_pipeline_is_refused(home: Path, text, message):
    (home / "pipelines" / "mine.toml").write_text(f'description = "x"\njob = "upscale"\n{text}\n')
    with pytest.raises(InvalidRecipe) as caught:
        load_pipeline("mine", "upscale", STEPS)
    assert message in str(caught.value)


def test_a_repeated_step_has_a_name_of_its_own(home: Path):
    (home / "pipelines" / "twice.toml").write_text(
        'description = "x"\njob = "upscale"\nsteps = ["fit", { step = "fit", name = "again" }]\n'
    )
    steps = load_pipeline("twice", "upscale", STEPS).steps
    assert [(step.step, step.name) for step in steps] == [("fit", "fit"), ("fit", "again")]


def test_a_pipeline_of_another_job_is_refused():
    with pytest.raises(InvalidRecipe, match="is a pipeline for 'upscale', not for 'train'"):
        load_pipeline("upscale", "train", STEPS)


def test_a_path_that_cannot_be_read_says_so(tmp_path: Path):
    with pytest.raises(InvalidRecipe, match="No such file"):
        find("presets", str(tmp_path / "none.toml"))
