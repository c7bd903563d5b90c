"""The integers of a network: the same on every instruction set."""

from hashlib import sha256

import pytest
import torch

from tests.instruction_sets import printed
from tests.upscaling.toys import plain
from vsr.models.int8.convolution import refusal
from vsr.models.int8.features import features_of, quantise

pytestmark = pytest.mark.skipif(refusal() is not None, reason=str(refusal()))


CODE = "from tests.models.int8.test_features import digest; print(digest())"


def digest() -> str:
    """Return a digest of what the layers of a network make of codes."""
    features = quantise(plain(2, channels=48, depth=3))
    always = torch.Generator().manual_seed(1)
    codes = torch.randint(0, 256, (1, 48, 37, 53), generator=always, dtype=torch.uint8)
    codes = codes.contiguous(memory_format=torch.channels_last)
    tail = torch.randn(12, 48, 3, 3, generator=always, dtype=torch.float64)
    with torch.inference_mode():
        for layer in features.body:
            codes = layer(codes)
        sums = features.tail(tail)(codes)
    return sha256(codes.numpy().tobytes() + sums.numpy().tobytes()).hexdigest()


@pytest.mark.parametrize(
    ("onednn", "aten"),
    [
        ("AVX2", "avx2"),
        *(
            pytest.param(*pair, marks=pytest.mark.slow)
            for pair in (
                ("AVX2_VNNI", "avx2"),
                ("AVX512_CORE", "avx512"),
                ("AVX512_CORE_VNNI", "avx512"),
                ("AVX512_CORE_BF16", "avx2"),
                ("ALL", "avx512"),
            )
        ),
    ],
)
def test_bits_do_not_depend_on_the_instruction_set(onednn, aten):
    assert printed(CODE, onednn, aten=aten) == digest()


def test_those_in_use_are_not_computed_again():
    net = plain()
    assert features_of(net, "a") is features_of(plain(), "a")
    assert features_of(net) is not features_of(net)
