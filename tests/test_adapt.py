"""What a network is adapted to one film with, and the table of what that gains."""

from itertools import islice

import torch

from tests.benchmarks.adapt import BATCH, PATCH, crops
from tests.benchmarks.adapt_table import table


def test_crops_of_both_resolutions_show_the_same():
    low = torch.rand(3, 3, PATCH + 7, PATCH + 20)
    high = low.repeat_interleave(2, 2).repeat_interleave(2, 3)
    for small, large in islice(crops(low, high, 2), 3):
        assert small.shape == (BATCH, 3, PATCH, PATCH)
        assert torch.equal(large[..., ::2, ::2], small)


def test_films_kept_out_have_a_mean_of_their_own():
    found = {
        f"{name} ×2 crf 28": {
            "what": "a film",
            "is_tuned": is_tuned,
            "film": "320×240",
            "strength": 0.8,
            "own_gain": 0.5,
            "seconds": 60,
            "truth_flicker": None,
            **{
                way: {"psnr_y": psnr, "gradients": 1.0, "flicker": None}
                for way, psnr in (("auto", 30.0), ("default", 29.5), ("adapted", after))
            },
        }
        for name, is_tuned, after in (("a", False, 30.4), ("b", False, 29.8), ("c", True, 31.0))
    }
    lines = table(found).splitlines()
    assert any("kept out, ×2" in line and "| +0.10 |" in line for line in lines)
    assert len({line.count("|") for line in lines if line.startswith("|")}) == 1
