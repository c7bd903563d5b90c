"""What must stay true of the whole project."""

import ast
import importlib
import itertools
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import vsr
from tests.documented import Line, shell_lines
from vsr import errors
from vsr.cli.preview import settings_of
from vsr.cli.root import vsr as program
from vsr.cli.shared.command import typed_in
from vsr.cli.shared.options import label_of, spec_from
from vsr.models.catalog import names
from vsr.models.weights_files import is_path
from vsr.recipes.read import recipe_names
from vsr.specs import UpscaleSpec

ROOT = Path(__file__).parent.parent


def test_the_public_names_are_these():
    assert vsr.__all__ == [
        "EncodeSpec",
        "MediaInfo",
        "Outcome",
        "OutputSize",
        "Phase",
        "Progress",
        "Result",
        "TimeRange",
        "UpscaleSpec",
        "Upscaler",
        "VsrError",
        "probe",
        "spec_of",
        "upscale",
        "upscale_folder",
    ]
    for name in vsr.__all__:
        assert getattr(vsr, name).__doc__, name


def test_a_checkout_that_is_not_installed_knows_its_version():
    """Its metadata is looked up nowhere: a checkout has none."""
    asks = re.compile(r"(version|distribution|metadata)\(['\"]vsr-cli")
    assert not [path for path in (ROOT / "vsr").rglob("*.py") if asks.search(path.read_text())]
    assert re.fullmatch(r"\d+\.\d+\.\d+", vsr.__version__)


def test_an_unknown_public_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'upscail'"):
        vsr.upscail  # noqa: B018 - the access is the test


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["upscale", "--help"], ["presets"], ["--version"], ["completion", "bash"]],
)
def test_light_commands_import_no_heavy_library(arguments):
    code = f"""
import sys
from vsr.cli import run
assert run({arguments!r}) == 0
heavy = {{"torch", "av", "cupy", "ray"}} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)


def test_the_error_tree_is_the_one_that_is_drawn():
    drawn = {}
    for line in (errors.__doc__ or "").splitlines():
        if match := re.search(r"[├└]── (\w+) +(\d+)?(\w+)?", line):
            drawn[match[1]] = (match[2], match[3])
    kinds = {
        name: kind
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, errors.VsrError)
    }
    kinds.pop("VsrError")
    assert set(drawn) - {"MediaError", "OutputError"} <= set(kinds)
    assert set(kinds) - {"MediaError", "OutputError"} <= set(drawn)
    for name, (code, builtin) in drawn.items():
        if code:
            assert kinds[name].exit_code == int(code), name
        if builtin and builtin not in ("nothing", "started", "done", "by"):
            assert builtin in [base.__name__ for base in kinds[name].__bases__], name


def test_every_error_is_one_line_and_keeps_its_builtin():
    assert issubclass(errors.NoSuchFile, FileNotFoundError)
    assert str(errors.UnwritableOutput("out.mp4: no. Choose another.")) == (
        "out.mp4: no. Choose another."
    )


def words_in_errors(path: Path) -> Iterator[str]:
    """Yield the text of every error that a module raises, without what is filled in."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            texts = [one for one in node.exc.args if isinstance(one, ast.Constant | ast.JoinedStr)]
            parts = [part for text in texts for part in getattr(text, "values", [text])]
            yield " ".join(str(part.value) for part in parts if isinstance(part, ast.Constant))


def documented_constants(path: Path) -> Iterator[tuple[str, str]]:
    """Yield each module-level assignment that a docstring follows, and that docstring."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    for assigned, text in itertools.pairwise(body):
        if isinstance(assigned, ast.Assign | ast.AnnAssign) and isinstance(text, ast.Expr):
            yield ast.unparse(assigned), ast.literal_eval(text.value)


def test_the_docstring_of_a_constant_can_be_read_without_its_neighbours():
    """It says what the value is: neither ``Of the page`` nor ``Likewise``."""
    for path in (ROOT / "vsr").rglob("*.py"):
        for constant, text in documented_constants(path):
            first = text.split()[0]
            assert first not in ("Beside", "Between", "Likewise", "Nor", "Of", "Or"), constant


def test_errors_say_video_image_and_frame():
    """A file is a video or an image, as CONTRIBUTING.md has it."""
    for path in (ROOT / "vsr").rglob("*.py"):
        for text in words_in_errors(path):
            meant = re.sub(r"--deinterlace film|Scale or clip", "", text)
            assert not re.search(r"\b(films?|pictures?|clips?|movies?)\b", meant), (path, text)


def test_no_file_names_this_machine_or_a_registry():
    tracked = subprocess.run(
        ["git", "ls-files", "*.py", "*.toml", "*.md", "Makefile", ".ci/run"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if tracked.returncode != 0:
        pytest.skip("not a git checkout")
    forbidden = re.compile("/" + "work/|/" + "root/|py" + r"pi\.org|python" + r"hosted")
    for name in tracked.stdout.split():
        assert not forbidden.search((ROOT / name).read_text(encoding="utf-8")), name


def test_every_suppression_has_its_reason():
    for path in (ROOT / "vsr").rglob("*.py"):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if re.search(r"#\s*(type:\s*ignore|noqa)", line):
                reason = re.search(r"#\s*(type:\s*ignore|noqa)[^#]*?(#|- )\s*\S+", line)
                assert reason, f"{path.name}:{number}: say why"


CALLS = [(line, call) for line in shell_lines() for call in line.calls]
OWN = {
    name for line, _ in CALLS for name in re.findall(r"(?:export|add) .*--name (\w+)", line.text)
}
"""Models of the reader's own, which another line makes."""


def is_only_named(call: list[str]) -> bool:
    """Return whether a text speaks of a command, such as ``vsr train fit``."""
    return all(re.fullmatch("[a-z]+", word) for word in call)


@pytest.mark.parametrize(("line", "call"), CALLS, ids=[str(line) for line, _ in CALLS])
def test_a_documented_command_means_a_spec(
    line: Line, call: list[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(click.Command, "invoke", lambda self, context: context)
    words = [*call, "--help"] if is_only_named(call) else call
    context = program.main(words, prog_name="vsr", standalone_mode=False)
    if not isinstance(context, click.Context):  # the help was printed
        assert context == 0
        return
    options = context.params
    model = options.get("model")
    for name in model if isinstance(model, tuple) else (model,):
        assert name in (None, "auto", *names(), *OWN) or is_path(name), line
    if "recipe" in options:
        assert options["recipe"] in recipe_names("presets/train")
    if "deinterlace" in options:
        assert isinstance(spec_from(options), UpscaleSpec)
        assert label_of(options)
    if "tries" in options:
        assert settings_of(options["source"], typed_in(context), options["tries"])


def test_the_readme_is_short_and_every_page_says_what_to_type():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150
    typed = {line.page.stem for line, call in CALLS if not is_only_named(call)}
    assert typed >= {"README", "looks", "training", "quality", "encoders", "speed", "workers"}


def leads_somewhere(name: str) -> bool:
    """Return whether ``vsr.media.clock.Timeline`` is a module, or a word in the one it names."""
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        place = ROOT.joinpath(*parts[:count])
        for module in (place.with_suffix(".py"), place / "__init__.py"):
            if module.exists():
                text = module.read_text(encoding="utf-8")
                return all(re.search(rf"\b{word}\b", text) for word in parts[count:])
    return False


def test_what_a_text_refers_to_is_there():
    for path in (ROOT / "vsr").rglob("*.py"):
        for name in re.findall(r"(?<!`)`(vsr(?:\.\w+)+)`(?!`)", path.read_text(encoding="utf-8")):
            assert leads_somewhere(name), f"{path.relative_to(ROOT)}: {name}"
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    for name in re.findall(r"`((?:\w+/)+\w+\.py)`", text):
        assert (ROOT / name).exists() or (ROOT / "vsr" / name).exists(), name


def test_every_folder_is_on_the_map_and_none_is_too_full():
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    shown = re.findall(r"^([a-z]+(?:/[a-z0-9]+)?)  +\S", text.split("## The map")[1], re.MULTILINE)
    folders = {path.parent for path in (ROOT / "vsr").rglob("*.py")} - {ROOT / "vsr"}
    missing = {path.relative_to(ROOT / "vsr").as_posix() for path in folders} - set(shown)
    assert not missing, f"{missing}: give each a line in the map of ARCHITECTURE.md"
    for folder in folders:
        assert len(set(folder.glob("*.py")) - {folder / "__init__.py"}) <= 16, folder


@pytest.mark.parametrize(
    "path", sorted((ROOT / "tests/benchmarks").rglob("*.py")), ids=lambda path: path.stem
)
def test_no_benchmark_lags_behind_the_house(path):
    if path.stem not in ("__init__", "__main__"):
        importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))


def test_no_module_is_longer_than_300_lines():
    for path in (ROOT / "vsr").rglob("*.py"):
        count = len(path.read_text(encoding="utf-8").splitlines())
        assert count <= 300, f"{path.relative_to(ROOT)}: {count} lines: split it by idea"


def test_the_checks_pin_their_tools():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert "av>=18.1,<19" in project["dependencies"]
    assert "torch>=2.11" in project["dependencies"]
    core = {re.split(r"[<>=]", item)[0] for item in project["dependencies"]}
    assert core == {"torch", "av", "numpy", "click", "tqdm", "safetensors", "Pillow"}


@pytest.mark.slow
def test_the_wheel_carries_recipes_and_weights(tmp_path):
    import zipfile

    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob(f"vsr_cli-{vsr.__version__}-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        weights = sum(
            item.file_size for item in archive.infolist() if item.filename.endswith("safetensors")
        )
    for folder in ("presets", "pipelines"):
        for path in (ROOT / folder).rglob("*.toml"):
            assert f"vsr/{path.relative_to(ROOT).as_posix()}" in names
    assert "vsr/models/weights/fast_x4.safetensors" in names
    assets = {"page.css", "page.js", "viewer.html"}
    assert {f"vsr/jobs/preview/assets/{name}" for name in assets} <= names
    for path in (ROOT / "vsr/device/nvrtc").glob("*.cu"):
        assert f"vsr/device/nvrtc/{path.name}" in names
    assert 0 < weights <= 20e6
