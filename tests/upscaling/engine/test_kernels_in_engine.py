"""The CUDA engine with kernels at both ends of its pass; all on the CPU, the kernels too."""

from functools import partial

import numpy as np
import pytest

from tests.device.nvrtc.on_cpu import compile_on_cpu
from tests.upscaling.engine.test_cuda_frames import Overflowing, bright_in_a_corner
from tests.upscaling.engine.test_kernel_trial import compile_wrongly
from tests.upscaling.passes.test_local_means import drawing, others
from tests.upscaling.stand_in import cuda_engine_on_cpu
from tests.upscaling.still_films import SIZE
from tests.upscaling.toys import TOYS, frame, model_of, pass_spec, plain
from vsr.frames import HostFrame, Layout
from vsr.upscaling.engine import cuda_network
from vsr.upscaling.engine.kernel_trial import trusted_kernels
from vsr.values import Size

TEN_BIT = Layout(10, 1, 1)
THIS_CPU = frozenset({""})
"""The stand-in device has no name."""


@pytest.fixture
def with_kernels(monkeypatch):
    """Return what lets the engine use kernels, as a proved device would."""

    def use(compiled=compile_on_cpu) -> None:
        trusted = partial(trusted_kernels, compiled=compiled, proved=THIS_CPU)
        monkeypatch.setattr(cuda_network, "trusted_kernels", trusted)

    return use


def enlarged(name: str, layout: Layout = TEN_BIT, **options) -> tuple[HostFrame, str, list[str]]:
    """Return an enlarged frame, by which path, and what was said."""
    said: list[str] = []
    spec = options.pop("spec", pass_spec(layout=layout))
    model = options.pop("as_model", model_of)(TOYS[name]())
    with cuda_engine_on_cpu(model, spec, precision="bf16", say=said.append, **options) as engine:
        result = engine.finish(engine.start(frame(layout=layout)))
        return result, engine.path, said


@pytest.mark.parametrize(
    ("name", "tile", "as_model"),
    [
        ("folded", 16, model_of),
        ("luma", None, model_of),
        ("swift", None, model_of),
        ("folded", None, drawing),
    ],
)
def test_frames_are_the_same_within_a_code(name, tile, as_model, with_kernels):
    by_torch, path, _ = enlarged(name, tile=tile, as_model=as_model)
    with_kernels()
    by_kernels, other_path, said = enlarged(name, tile=tile, as_model=as_model)
    assert not said
    assert "kernels" not in path
    assert "between kernels" in other_path, "a resumed film must know"
    for mine, theirs in zip(by_kernels.planes, by_torch.planes, strict=True):
        apart = np.abs(mine.astype(int) - theirs)
        assert apart.max() <= 1
        assert (apart > 0).mean() < 0.02


def test_a_base_that_the_network_adds_itself_is_not_rounded(with_kernels):
    """Resized, a network is not folded: what it makes stays in float32 up to the codes.

    Chroma that was halved would be mended, and local means kept, which no kernel does there.
    """
    whole = Layout(10, 0, 0)
    spec = pass_spec(layout=whole, output=Size(70, 50))
    by_torch, _, _ = enlarged("folded", whole, spec=spec, as_model=others)
    with_kernels()
    by_kernels, path, _ = enlarged("folded", whole, spec=spec, as_model=others)
    assert "between kernels" in path
    for mine, theirs in zip(by_kernels.planes, by_torch.planes, strict=True):
        assert np.abs(mine.astype(int) - theirs).max() <= 1


def test_with_a_text_that_does_not_compile_nothing_is_lost(with_kernels):
    by_torch, path, _ = enlarged("folded")
    with_kernels(compile_wrongly("fabsf(phase)", "oops"))
    by_fallback, other_path, said = enlarged("folded")
    assert by_fallback.has_equal_planes(by_torch)
    assert other_path == path
    (line,) = said
    assert "oops" in line
    assert line.endswith("torch's own operations are.")


def test_what_overflows_is_found_by_the_kernels_and_redone_by_torch(with_kernels):
    with_kernels()
    said: list[str] = []
    spec, bright = pass_spec(SIZE), bright_in_a_corner()
    with cuda_engine_on_cpu(
        model_of(Overflowing(2)), spec, precision="bf16", say=said.append
    ) as engine:
        assert "between kernels" in engine.path
        result = engine.finish(engine.start(bright))
    assert said == ["bf16 overflowed: such frames are redone in fp32."]
    assert result.planes[0][22:26, 22:26].min() > 200


def test_autocast_is_left_to_torch(with_kernels):
    with_kernels()
    spec = pass_spec()
    with cuda_engine_on_cpu(model_of(plain(2)), spec, precision="autocast") as engine:
        assert "kernels" not in engine.path
