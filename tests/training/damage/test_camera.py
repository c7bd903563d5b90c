import numpy as np
import pytest

from tests.training.toys import picture
from vsr.metrics.protocol import low_resolution
from vsr.training.damage.camera import FRAMES, KERNELS, MAX_SPEED, Camera, margin

INNER = slice(margin(16), margin(16) + 16)


def rounded(frames):
    return np.clip(np.rint(frames), 0, 255).astype(int)


@pytest.mark.parametrize("corner", [(0, 0), (32, 64), (32, 20)])
def test_a_still_camera_sees_what_the_standard_protocol_makes(corner):
    pixels = picture(1)
    low = low_resolution(pixels, 4).astype(int)
    y, x = (k // 4 for k in corner)
    seen = rounded(Camera().clip(pixels, corner, 64, 4))
    assert seen.shape == (FRAMES, 64, 64, 3)
    for frame in seen:
        # float32 here and float64 there: a tie may be rounded the other way
        assert np.abs(frame[INNER, INNER] - low[y : y + 16, x : x + 16]).max() <= 1


@pytest.mark.parametrize("shown", [1, 6])
def test_a_pan_sees_the_picture_shifted_by_whole_pixels(shown):
    pixels, (down, right) = picture(2, 160, 192), (3, -5)
    seen = rounded(
        Camera(velocity=(down, right), shown=shown).clip(pixels, (48, 64), 64, 4)[:, INNER, INNER]
    )
    for index, frame in enumerate(seen):
        steps = index - shown
        moved = np.roll(pixels, (-down * steps, -right * steps), (0, 1))
        truth = low_resolution(moved, 4)[12:28, 16:32].astype(int)
        assert np.abs(frame - truth).max() <= 1


def test_a_zoom_is_wide_before_the_shown_frame_and_rests_after_it():
    clip = Camera(zoom=0.01, shown=4).clip(picture(3), (0, 64), 64, 4)
    still = Camera().clip(picture(3), (0, 64), 64, 4)[0]
    assert np.array_equal(clip[4], clip[7])
    assert np.allclose(clip[4], still, atol=1e-3)
    distances = [np.abs(frame - still).mean() for frame in clip[:5]]
    assert distances == sorted(distances, reverse=True)
    assert distances[0] > 1


@pytest.mark.parametrize("kernel", KERNELS)
def test_every_kernel_keeps_the_brightness_of_a_flat_picture(kernel):
    flat = np.full((96, 128, 3), 77, np.uint8)
    clip = Camera(kernel=kernel, softness=0.5, velocity=(3, 2)).clip(flat, (32, 64), 64, 4)
    assert np.allclose(clip, 77, atol=1e-3)


def test_softness_takes_contrast():
    sharp, soft = (Camera(softness=s).clip(picture(4), (0, 0), 64, 4)[0].std() for s in (0, 0.6))
    assert soft < 0.98 * sharp


def test_drawn_cameras_cover_what_they_may_and_no_more():
    rng = np.random.default_rng(0)
    cameras = [Camera.drawn(rng) for _ in range(400)]
    assert {camera.kernel for camera in cameras} == set(KERNELS)
    assert {camera.shown for camera in cameras} == set(range(1, FRAMES - 1))
    speeds = [abs(v) for camera in cameras for v in camera.velocity]
    assert max(speeds) == MAX_SPEED
    assert 0.15 < np.mean([camera.is_still for camera in cameras]) < 0.35
    assert not any(camera.zoom and camera.velocity != (0, 0) for camera in cameras)
