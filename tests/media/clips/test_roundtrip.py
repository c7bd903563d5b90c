import numpy as np
import pytest

from vsr.errors import EncodingFailed
from vsr.frames import HostFrame
from vsr.media.clips.roundtrip import Roundtrip

X264 = {"encoder": "libx264", "decoder": "h264"}
CODECS = [
    Roundtrip(**X264, options={"crf": "20", "preset": "medium"}),
    Roundtrip(encoder="libx265", decoder="hevc", options={"x265-params": "log-level=none"}),
    Roundtrip(encoder="mpeg4", decoder="mpeg4", options={"qmin": "2", "qmax": "2", "bf": "2"}),
]


def clip(frames=8, side=64):
    """A bright bar that moves two samples per frame: each frame is unlike the others."""
    pictures = []
    for index in range(frames):
        luma = np.full((side, side), 60, np.uint8)
        luma[:, 4 * index : 4 * index + 6] = 200
        chroma = np.full((side // 2, side // 2), 100 + index, np.uint8)
        pictures.append(HostFrame(planes=(luma, chroma, chroma), pts=index))
    return pictures


def error(one, other):
    return np.abs(one.planes[0].astype(float) - other.planes[0]).mean()


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.encoder)
def test_every_frame_comes_back_in_its_place_and_changed(codec):
    sent = clip()
    back = codec.of(sent)
    assert [frame.pts for frame in back] == list(range(8))
    for frame in back:
        assert min(range(8), key=lambda i: error(sent[i], frame)) == frame.pts
    assert any(error(one, other) > 0 for one, other in zip(sent, back, strict=True))


def test_the_same_frames_give_the_same_answer():
    codec = CODECS[0]
    once, again = codec.of(clip()), codec.of(clip())
    assert all(np.array_equal(a.planes[0], b.planes[0]) for a, b in zip(once, again, strict=True))


def test_more_compression_loses_more():
    rng = np.random.default_rng(1)
    chroma = np.full((32, 32), 128, np.uint8)
    noisy = HostFrame(planes=(rng.integers(0, 256, (64, 64), np.uint8), chroma, chroma), pts=0)
    losses = [error(Roundtrip(**X264, options={"crf": c}).of([noisy])[0], noisy) for c in "159"]
    assert losses == sorted(losses)
    assert losses[0] < losses[-1]


def test_a_codec_that_does_not_open_is_an_error_of_ours():
    with pytest.raises(EncodingFailed, match="libx264"):
        Roundtrip(**X264, options={"preset": "no such"}).of(clip(2))


def test_a_clip_too_small_for_a_codec_is_refused():
    with pytest.raises(EncodingFailed, match="48x48 is too small"):
        CODECS[0].of(clip(2, side=48))


def test_a_key_frame_in_the_middle_changes_what_seemed_to_stand_still():
    rng = np.random.default_rng(2)
    scene, chroma = rng.integers(10, 246, (64, 64)), clip(1)[0].planes[1:]
    grainy = [
        HostFrame(planes=((scene + rng.integers(-3, 4, (64, 64))).astype(np.uint8), *chroma), pts=i)
        for i in range(8)
    ]
    codec = Roundtrip(**X264, options={"crf": "35"})
    plain, broken = codec.of(grainy), codec.of(grainy, key=5)
    assert error(broken[4], broken[5]) > error(plain[4], plain[5]) + 1
