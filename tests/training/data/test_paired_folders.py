import numpy as np
import pytest
from PIL import Image

from tests.training.toys import picture
from vsr.errors import InvalidData, InvalidOption, OutputExists
from vsr.jobs.train import FitSpec, fit
from vsr.metrics.protocol import low_resolution
from vsr.training.data.dataset import PairsChoice, Patches
from vsr.training.data.pairs import PairsSpec, prepare_pairs


@pytest.fixture
def folders(tmp_path):
    for name in ("low", "high"):
        (tmp_path / name).mkdir()
    return tmp_path


def add(folders, name, high, low, suffix="png"):
    Image.fromarray(low).save(folders / "low" / f"{name}.{suffix}")
    Image.fromarray(high).save(folders / "high" / f"{name}.png")


def pair(seed, scale=4, height=160, width=192):
    high = picture(seed, 160, 192)[:height, :width]
    return high, low_resolution(high, scale)


def made(folders, **values):
    spec = PairsSpec(low=folders / "low", high=folders / "high", out=folders / "out", **values)
    return prepare_pairs(spec)


def test_patches_are_of_one_place_in_both_and_the_scale_follows(folders):
    for seed in range(3):
        add(folders, f"p{seed}", *pair(seed, scale=3, height=150), suffix="bmp")
    manifest = made(folders, patch=48, weights=(("p1*", 0.5),))
    assert (manifest.scales, manifest.degradations, manifest.sources) == ((3,), ("pairs",), 3)
    assert set(manifest.weights) == {0.5, 1.0}
    patches = Patches.open(folders / "out", PairsChoice(scale=3, degradation="pairs"))
    for low, high in zip(patches.lr, patches.hr, strict=True):
        boxes = high.reshape(16, 3, 16, 3, 3).mean(axis=(1, 3))
        assert np.abs(low - boxes).mean() < 8  # bicubic, not boxes, but of the same place


def test_the_patch_is_the_largest_that_fits_unless_given(folders):
    add(folders, "a", *pair(1, scale=3, height=150))
    assert made(folders).patch == 150
    (folders / "out").rename(folders / "first")
    with pytest.raises(InvalidOption, match="--patch 64 must be at least 32 and a multiple of 3"):
        made(folders, patch=64)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        (((160, 192), (40, 47)), r"a\.png: 47×40 and 192×160 are not 1 to 8 times"),
        (((160, 192), (60, 72)), "not 1 to 8 times"),
        (((40, 48), (160, 192)), "not 1 to 8 times"),
    ],
)
def test_sizes_that_do_not_fit_are_refused_and_nothing_is_left(folders, sizes, message):
    add(folders, "a", *(picture(1, 160, 192)[:h, :w] for h, w in sizes))
    with pytest.raises(InvalidData, match=message) as refused:
        made(folders)
    assert "\n" not in str(refused.value)
    assert sorted(path.name for path in folders.iterdir()) == ["high", "low"]


def test_single_pairs_whose_sizes_do_not_fit_are_left_out_and_named(folders):
    for seed in range(2):
        add(folders, str(seed), *pair(seed))
    add(folders, "cut", picture(5, 160, 192)[:, 1:], low_resolution(picture(5, 160, 192), 4))
    manifest = made(folders, patch=64)
    assert manifest.skipped == {"of sizes that do not fit": ("cut.png",)}
    assert manifest.sources == 2


def test_two_scales_are_refused(folders):
    add(folders, "a", *pair(1))
    add(folders, "b", *pair(2, scale=2))
    with pytest.raises(InvalidData, match=r"b\.png: ×2, where others are ×4"):
        made(folders)


def shifted(seed, down, right):
    whole = picture(seed, 176, 208)
    return whole[8:168, 8:200], low_resolution(
        whole[8 + down : 168 + down, 8 + right : 200 + right], 4
    )


def test_a_set_that_is_shifted_is_refused_by_how_much(folders):
    for seed in range(3):
        add(folders, str(seed), *shifted(seed, 2, -1))
    with pytest.raises(
        InvalidData, match=r"by \+1\.\d px to the right and -(1\.9|2\.[01]) px down \(median of 3"
    ):
        made(folders)


def test_single_pairs_that_are_shifted_are_left_out_and_named(folders):
    for seed in range(3):
        add(folders, str(seed), *pair(seed))
    add(folders, "off", *shifted(7, 0, 3))
    (folders / "high" / "alone.png").write_bytes((folders / "high" / "0.png").read_bytes())
    (folders / "low" / "2.png").write_bytes(b"no image")
    manifest = made(folders, patch=64)
    assert manifest.skipped == {
        "without a partner of the same name": ("alone.png",),
        "not an image": ("2.png",),
        "shifted against their partners": ("off.png",),
    }
    assert manifest.sources == 2


@pytest.mark.parametrize(
    ("low", "high"),
    [
        ("{}/001.png", "{}/001.png"),  # one name in several folders
        ("X4/{}x4.png", "{}.png"),  # as DIV2K has it
        ("{}.png", "all/{}.png"),
    ],
)
def test_pairs_are_found_by_where_they_lie_or_what_they_are_called(folders, low, high):
    for name in ("a", "b", "c"):
        for folder, pattern, image in zip(("high", "low"), (high, low), pair(ord(name))):
            path = folders / folder / pattern.format(name)
            path.parent.mkdir(exist_ok=True)
            Image.fromarray(image).save(path)
    manifest = made(folders, patch=64)
    assert (manifest.sources, manifest.skipped) == (3, {})


def test_a_name_that_several_pictures_have_pairs_none_of_them(folders):
    for seed in range(2):
        add(folders, str(seed), *pair(seed))
    add(folders, "1", *pair(1), suffix="bmp")
    manifest = made(folders, patch=64)
    assert manifest.skipped == {
        "without a partner of the same name": ("1.bmp", "1.png", "1.png"),
    }
    assert manifest.sources == 1


def test_nothing_that_belongs_together_is_refused(folders):
    Image.fromarray(picture(1)).save(folders / "low" / "a.png")
    Image.fromarray(picture(1)).save(folders / "high" / "b.png")
    with pytest.raises(InvalidData, match="no two images have the same name"):
        made(folders)


def test_a_weight_for_no_file_and_an_output_that_is_there_are_refused(folders):
    add(folders, "a", *pair(1))
    with pytest.raises(InvalidOption, match="no file name matches"):
        made(folders, weights=(("x*", 2.0),))
    (folders / "out").mkdir()
    with pytest.raises(OutputExists):
        made(folders)


@pytest.mark.usefixtures("one_thread")
def test_a_recipe_for_pairs_learns_them_and_another_is_told_so(folders):
    for seed in range(3):
        add(folders, str(seed), *pair(seed))
    made(folders, patch=64)
    text = (
        'description = "A toy."\npipeline = "train-pixel"\nmodel = "lite"\nscale = 4\n'
        'degradation = "{}"\n[steps.pixel]\nsteps = 2\nbatch = 2\npatch = 8\n'
    )
    run = FitSpec(
        recipe=str(folders / "toy.toml"), data=folders / "out", out=folders / "run", device="cpu"
    )
    (folders / "toy.toml").write_text(text.format("bicubic"))
    with pytest.raises(InvalidData, match="prepared with pairs.*such as fast-x4-pairs"):
        fit(run)
    (folders / "toy.toml").write_text(text.format("pairs").replace("scale = 4", "scale = 2"))
    with pytest.raises(
        InvalidData, match="its pairs are ×4, not ×2. Write a recipe with scale = 4"
    ):
        fit(run)
    (folders / "toy.toml").write_text(text.format("pairs"))
    fit(run)
    assert (run.out / "lite_x4.safetensors").exists()
