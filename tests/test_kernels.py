import numpy as np
import pytest

from vsr.kernels import BOX, CATMULL_ROM, LANCZOS3, TRIANGLE

KERNELS = [BOX, TRIANGLE, CATMULL_ROM, LANCZOS3]


def test_catmull_rom_is_keys_with_a_half():
    near = [0, 0.25, 0.75, 1, 1.25, 1.75, 2, 3]
    keys = [1, 0.8671875, 0.2265625, 0, -0.0703125, -0.0234375, 0, 0]
    assert CATMULL_ROM.value(np.array(near)).tolist() == keys
    assert CATMULL_ROM.value(-np.array(near)).tolist() == keys


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_kernel_is_even_keeps_samples_and_ends_at_its_radius(kernel):
    x = np.linspace(-4, 4, 801)
    values = kernel.value(x)
    np.testing.assert_allclose(values, values[::-1], atol=1e-15)
    np.testing.assert_allclose(kernel.value(np.arange(-3.0, 4.0)), np.eye(7)[3], atol=1e-15)
    assert not values[np.abs(x) > kernel.radius].any()
    assert values[np.abs(x) < kernel.radius].any()
