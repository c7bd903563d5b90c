"""Where the page of a preview or a comparison goes."""

from pathlib import Path

import pytest

from vsr.cli.shared.page_report import page_path
from vsr.errors import InvalidOption


def test_a_page_goes_where_it_is_meant_to(tmp_path: Path) -> None:
    (tmp_path / "with.dot").mkdir()
    named = "in-preview.html"
    assert page_path(None, named, tmp_path) == tmp_path / named
    assert page_path(tmp_path / "other.htm", named, tmp_path) == tmp_path / "other.htm"
    for folder in (tmp_path, tmp_path / "with.dot", tmp_path / "new"):
        assert page_path(folder, named, tmp_path) == folder / named
    with pytest.raises(InvalidOption, match=r"Give a name that ends in \.html"):
        page_path(tmp_path / "page.pdf", named, tmp_path)
