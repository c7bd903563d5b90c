import errno

import pytest

from vsr.disk.publishing import writing
from vsr.errors import DecodingFailed, NoSpace, UnwritableOutput


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_told_from_other_failures(tmp_path, code):
    with pytest.raises(NoSpace, match=r"a: the disk is full"), writing(tmp_path / "a"):
        raise OSError(code, "no room")


def test_other_failures_name_the_file_and_the_reason(tmp_path):
    expected = pytest.raises(UnwritableOutput, match=r"a: cannot be written: Permission denied")
    with expected, writing(tmp_path / "a"):
        raise PermissionError(errno.EACCES, "Permission denied")


def test_an_error_of_vsr_stays_what_it_is(tmp_path):
    with pytest.raises(DecodingFailed, match="^film$"), writing(tmp_path / "a"):
        raise DecodingFailed("film")
