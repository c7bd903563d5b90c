import numpy as np
import pytest
import torch
from torch import nn

from tests.upscaling.toys import compact, frame, model_of, pass_spec, plain, swift
from vsr.device.select import is_bf16_native
from vsr.frames import Layout
from vsr.models.rewrites.fuse import fuse
from vsr.models.rewrites.onednn import PostOpConv, RowSlopes, with_bf16_features, with_post_ops
from vsr.upscaling.engine.cpu_engine import CpuEngine
from vsr.upscaling.passes.folding import fold
from vsr.values import Size

native = pytest.mark.skipif(
    not is_bf16_native(), reason="this CPU does not multiply in bf16; there it is refused"
)


def folded(colour: str = "rgb") -> nn.Module:
    net = fold(plain(2, colour), pass_spec())[1]
    return with_post_ops(net, 3 if colour == "rgb" else 1)


def dtypes(net: nn.Module) -> dict[str, torch.dtype]:
    return {
        name: module.conv.weight.dtype
        for name, module in net.named_children()
        if isinstance(module, PostOpConv)
    }


@native
@pytest.mark.parametrize("colour", ["rgb", "luma"])
def test_what_sees_the_picture_stays_in_float32(colour):
    rounded = with_bf16_features(folded(colour), 3 if colour == "rgb" else 1)
    assert dtypes(rounded) == {
        "merged_head": torch.float32,
        "bf16_body_0": torch.bfloat16,
        "bf16_body_1": torch.bfloat16,
        "bf16_tail": torch.bfloat16,
        "merged_base": torch.float32,
    }


@native
def test_a_compact_network_keeps_its_tail_too_and_its_inner_slopes_are_bf16():
    net = with_post_ops(fold(compact(2), pass_spec())[1], 3)
    rounded = with_bf16_features(net, 3, keeps_tail=True)
    assert dtypes(rounded) == {
        "bf16_body_0": torch.bfloat16,
        "bf16_body_1": torch.bfloat16,
        "merged_base": torch.float32,
    }
    assert rounded.head.weight.dtype == rounded.tail.weight.dtype == torch.float32
    assert rounded.activations.get_submodule("0").weight.dtype == torch.float32
    slopes = [m.slopes.dtype for m in rounded.modules() if isinstance(m, RowSlopes)]
    assert slopes == [torch.bfloat16, torch.bfloat16]


@pytest.mark.parametrize("channels", [1, 5, 48])
def test_slopes_by_the_row_are_prelu(channels):
    act = nn.PReLU(channels).requires_grad_(False)
    nn.init.uniform_(act.weight, -1, 2)
    x = torch.randn(2, channels, 5, 7).to(memory_format=torch.channels_last)
    out = RowSlopes(act.weight)(x)
    assert torch.equal(out, act(x))
    assert out.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(RowSlopes(act.weight)(x[:, :, 1:, 2:]), act(x[:, :, 1:, 2:]))


@native
def test_the_network_that_was_given_keeps_its_weights():
    net = folded()
    with_bf16_features(net, 3)
    assert set(dtypes(net).values()) == {torch.float32}


@native
def test_the_output_is_float32_and_near():
    net = folded()
    picture = torch.randint(-100, 100, (1, 3, 24, 24)).float()
    picture = picture.contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        out, expected = with_bf16_features(net, 3)(picture), net(picture)
    assert out.dtype == torch.float32
    assert 0 < (out - expected).abs().max() < 2


@native
@pytest.mark.parametrize("bits", [8, 10])
@pytest.mark.parametrize("output", [None, Size(60, 42)], ids=["folded", "resized"])
@pytest.mark.parametrize("make", [plain, compact])
def test_the_engine_is_within_a_code_of_float32(make, bits, output):
    layout = Layout(bits, 1, 1)
    spec, source = pass_spec(layout=layout, output=output), frame(layout=layout)
    outs = []
    for precision in ("fp32", "bf16"):
        with CpuEngine.open(model_of(make(2)), spec, precision=precision) as engine:
            outs.append(engine.finish(engine.start(source)))
    apart = [
        np.abs(a.astype(int) - b.astype(int))
        for a, b in zip(outs[0].planes, outs[1].planes, strict=True)
    ]
    assert max(int(own.max()) for own in apart) <= 1 << (bits - 8)


@native
@pytest.mark.parametrize("make", [plain, compact])
def test_a_network_that_supports_it_says_nothing(make):
    said: list[str] = []
    CpuEngine.open(model_of(make(2)), pass_spec(), precision="bf16", say=said.append).close()
    assert said == []


def test_a_residual_network_stays_in_fp32_and_says_so():
    said: list[str] = []
    model, spec, source = model_of(swift()), pass_spec(), frame()
    with CpuEngine.open(model, spec, precision="bf16", say=said.append) as engine:
        asked = engine.finish(engine.start(source))
    with CpuEngine.open(model, spec) as engine:
        plainly = engine.finish(engine.start(source))
    assert asked.has_equal_planes(plainly)
    assert said == ["toy runs in fp32: only plain and compact networks support bf16 on a CPU."]


def test_where_torch_cannot_the_network_stays_as_it_is(monkeypatch):
    def broken(*_: object, **__: object) -> bool:
        raise RuntimeError("bf16 is not supported")

    monkeypatch.setattr("vsr.models.rewrites.onednn.is_near", broken)
    assert with_bf16_features(folded(), 3) is None


def test_a_network_that_was_not_traced_is_left():
    assert with_bf16_features(plain(2), 3) is None


def test_a_trial_that_is_far_off_is_not_believed(monkeypatch):
    monkeypatch.setattr("vsr.models.rewrites.onednn.BF16_TOLERANCE", 0.0)
    assert with_bf16_features(with_post_ops(fuse(plain(2)), 3), 3) is None


def test_the_trial_is_the_same_in_every_run_and_leaves_the_random_numbers_alone():
    state, seen = torch.get_rng_state(), []
    net = with_post_ops(fuse(plain(2)), 3)
    net.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].clone()))
    for _ in range(2):
        with_bf16_features(net, 3)
    assert len(seen) == 2
    assert torch.equal(*seen)
    assert torch.equal(torch.get_rng_state(), state)
