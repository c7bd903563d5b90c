"""A tag that the new container does not hold is named."""

import pytest

from vsr.media.lost_tags import lost_tags

TAGS = {"title": "A film", "comment": "Great", "com.android.version": "14", "my key": "mine"}


@pytest.mark.parametrize("container", ["mp4", "mov"])
def test_what_mp4_has_no_box_for_is_named(container: str) -> None:
    assert lost_tags(TAGS, container) == ("com.android.version", "my key")


@pytest.mark.parametrize("container", ["matroska", "webm", "nut"])
def test_matroska_and_nut_hold_every_tag(container: str) -> None:
    assert lost_tags(TAGS, container) == ()


def test_a_transport_stream_holds_a_title_alone() -> None:
    assert lost_tags(TAGS, "mpegts") == ("comment", "com.android.version", "my key")


def test_what_a_muxer_says_of_itself_is_no_loss() -> None:
    assert lost_tags({"encoder": "Lavf", "major_brand": "qt"}, "mp4") == ()
