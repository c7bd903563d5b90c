"""What torch's int8 operations have to give: the exact sums."""

import platform

import pytest
import torch
import torch.nn.functional as F

from tests.instruction_sets import printed
from vsr.models.int8 import convolution
from vsr.models.int8.convolution import LIMIT, PAIR, PEAK, IntegerConv, refusal

pytestmark = pytest.mark.skipif(refusal() is not None, reason=str(refusal()))


def test_sums_are_exact_and_rounded_half_to_even():
    x = torch.tensor([1, 2, 3, 5], dtype=torch.uint8).view(1, 1, 1, 4)
    x = x.contiguous(memory_format=torch.channels_last)
    weight = torch.zeros(1, 1, 3, 3)
    weight[..., 1, 1] = 1
    conv = IntegerConv(weight, torch.tensor([0]), torch.tensor([1]))
    assert conv(x).flatten().tolist() == [0, 1, 2, 2]  # 0.5, 1, 1.5, 2.5


def test_a_whole_bias_is_exact_and_what_is_out_of_range_is_clipped():
    x = torch.full((1, 1, 2, 2), PEAK, dtype=torch.uint8)
    x = x.contiguous(memory_format=torch.channels_last)
    weight = torch.zeros(3, 1, 3, 3)
    weight[:, :, 1, 1] = torch.tensor([127.0, -127.0, 127.0])[:, None]
    bias, shift = torch.tensor([1000, 0, -127 * PEAK + 3]), torch.tensor([4, 4, 0])
    assert IntegerConv(weight, bias, shift)(x)[0, :, 0, 0].tolist() == [PEAK, 0, 3]
    last = IntegerConv(weight, bias, shift, is_last=True)(x)[0, :, 0, 0].tolist()
    assert last == [(127 * PEAK + 1000) / 16, -127 * PEAK / 16, 3]


def test_two_neighbours_of_the_largest_sum_do_not_saturate():
    x = torch.full((1, 4, 8, 8), PEAK, dtype=torch.uint8)
    x = x.contiguous(memory_format=torch.channels_last)
    weight = torch.tensor([LIMIT, PAIR - LIMIT, -LIMIT, LIMIT - PAIR]).double()
    weight = weight.view(1, 4, 1, 1).expand(2, 4, 3, 3).clone()
    weight[1] = weight[1].abs() // 2
    sums = IntegerConv(weight, torch.zeros(2), torch.zeros(2), is_last=True)(x)
    assert torch.equal(sums.double(), F.conv2d(x.double(), weight, padding=1))


def test_a_processor_that_gives_other_sums_is_refused(monkeypatch):
    class Saturating(IntegerConv):
        def forward(self, x):
            return super().forward(x.clamp_max(PEAK - 1))

    monkeypatch.setattr(convolution, "IntegerConv", Saturating)
    assert "right sums" in refusal.__wrapped__()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [("machine", "aarch64", "x86"), ("capability", "DEFAULT", "AVX2"), ("op", None, "oneDNN")],
)
def test_where_they_are_absent_one_line_says_why(monkeypatch, name, value, said):
    if name == "machine":
        monkeypatch.setattr(platform, "machine", lambda: value)
    if name == "capability":
        monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: value)
    if name == "op":
        monkeypatch.setattr(convolution, "IntegerConv", None)
    reason = refusal.__wrapped__()
    assert said in reason
    assert "\n" not in reason


@pytest.mark.slow
@pytest.mark.parametrize(
    "onednn", ["AVX2", "AVX2_VNNI", "AVX512_CORE", "AVX512_CORE_VNNI", "AVX512_CORE_BF16", "ALL"]
)
def test_every_instruction_set_gives_the_exact_sums(onednn):
    code = "from vsr.models.int8.convolution import refusal; print(refusal())"
    assert printed(code, onednn) == "None"
