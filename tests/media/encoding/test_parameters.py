"""Parameters of the library come before the user's own, which win."""

import pytest

from vsr.media.encoding.parameters import with_parameters


@pytest.mark.parametrize(
    ("options", "parameters", "found"),
    [
        ({}, ["a=1", "b=2"], {"p": "a=1:b=2"}),
        ({"p": "b=3"}, ["a=1", "b=2"], {"p": "a=1:b=2:b=3"}),
        ({"p": ""}, ["a=1"], {"p": "a=1"}),
        ({"crf": "20"}, [], {"crf": "20"}),
    ],
)
def test_they_are_put_before_those_that_are_there(options, parameters, found):
    before = dict(options)
    assert with_parameters(options, "p", parameters) == found
    assert options == before
