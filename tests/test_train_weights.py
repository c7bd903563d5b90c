"""``make train-weights``: one step in each call, in an order in which each network can start."""

from pathlib import Path

from tests.benchmarks.train_weights import DRAW, SHIPPED, TEACHER, TRAIN, next_step
from vsr.models import catalog
from vsr.recipes.read import recipe_names

DATA = Path("data")

TAUGHT = ("taught-crisp", "taught-crisp-x2", "taught-vivid", "taught-crisp-tape")
"""What says that targets are made."""


def make_targets(runs: Path) -> None:
    """Leave data and all targets of photographs, as they are when they are made."""
    (runs / "data").mkdir()
    for name in TAUGHT:
        (runs / name).touch()


def test_every_recipe_exists_and_follows_what_it_starts_from():
    assert {one.recipe for one in SHIPPED} <= set(recipe_names("presets/train"))
    before: set[str] = set()
    for one in SHIPPED:
        known = {Path(one.init).stem.removesuffix("_x4"), one.init}
        assert one.init in ("", TEACHER) or known & before, one.recipe
        before.add(one.name)


def test_the_weights_that_are_made_are_those_that_are_shipped():
    made = {(one.name, int(one.recipe[-1])) for one in SHIPPED if one.is_in_package}
    assert all(scale in catalog.scales(name) for name, scale in made)


def test_a_call_prepares_trains_or_exports(tmp_path: Path):
    step = next_step(tmp_path, DATA, 25)
    assert step is not None
    assert (step.arguments[0], step.is_piece) == ("prepare", False)
    (tmp_path / "data").mkdir()
    step = next_step(tmp_path, DATA, 25)
    assert step is not None
    assert (step.arguments[0], step.is_piece) == ("teach", True)
    (tmp_path / "taught").touch()
    for made, asked in (
        ("taught-crisp", ("--name", "crisp", "--scale", "4", "--sharpen", "0.8")),
        ("taught-crisp-x2", ("--name", "crisp", "--scale", "2", "--sharpen", "0.6")),
        ("taught-vivid", ("--name", "vivid", "--scale", "4", "--tone", "12")),
        ("taught-crisp-tape", ("--degradation", "video-tape", "--scale", "2")),
    ):
        step = next_step(tmp_path, DATA, 25)
        assert step is not None
        assert set(asked) <= set(step.arguments)
        (tmp_path / made).touch()
    run = tmp_path / "fast-x4"
    run.mkdir()
    for made, command in (("run.json", "fit"), ("trained", "resume"), ("exported", "export")):
        step = next_step(tmp_path, DATA, 25)
        assert step is not None
        assert (step.arguments[0], step.is_piece) == (command, command != "export")
        (run / made).touch()
    after = next_step(tmp_path, DATA, 25)
    assert after is not None
    assert after.arguments[:2] == ("fit", "fast-video-strong-x4")
    assert after.arguments[-2:] == ("--init", "fast")


def test_drawings_are_made_before_what_learns_from_them(tmp_path: Path):
    make_targets(tmp_path)
    first = next(index for index, one in enumerate(SHIPPED) if one.is_drawn)
    for one in SHIPPED[:first]:
        (tmp_path / one.recipe).mkdir()
        (tmp_path / one.recipe / "exported").touch()
    for made, program in (("pictures-drawn", DRAW), ("drawn", TRAIN), ("drawn-taught", TRAIN)):
        step = next_step(tmp_path, DATA, 25)
        assert step is not None
        assert step.program == program
        (tmp_path / made).mkdir()
    after = next_step(tmp_path, DATA, 25)
    assert after is not None
    assert after.arguments[:4] == ("fit", "anime-x4", "--data", str(tmp_path / "drawn"))


def test_nothing_is_left_to_do_when_all_is_exported(tmp_path: Path):
    make_targets(tmp_path)
    for one in SHIPPED:
        (tmp_path / one.recipe).mkdir()
        (tmp_path / one.recipe / "exported").touch()
    assert next_step(tmp_path, DATA, 25) is None
