"""Larger pixels: what stands for four."""

from __future__ import annotations

import numpy as np
import pytest

from eowidgets.cube.reduce import coarsen
from eowidgets.errors import InputError


@pytest.fixture
def fours(make_cube):
    """Four blocks of 2 x 2 pixels; in each another pixel is the odd one out."""
    cube = make_cube(dates=1, height=4, width=4, bands=("red",), clouds=0)
    odd = np.zeros((4, 4), bool)
    for row, column in ((0, 0), (0, 3), (3, 0), (3, 3)):
        odd[row, column] = True
    cube["red"][0] = np.where(odd, 0.5, 0.1)
    cube["clouds"][0] = ~odd
    cube["scl"] = (("time", "y", "x"), np.where(odd, 4, 8).astype("uint8")[None], {"role": "quality"})
    return cube


def test_masks_and_classes_take_what_is_most_frequent_and_bands_the_mean(fours):
    coarse = coarsen(fours, 20)
    assert dict(coarse.sizes) == {"time": 1, "y": 2, "x": 2}
    np.testing.assert_allclose(coarse.red, 0.2, atol=1e-6)
    assert coarse.clouds.dtype == bool
    assert coarse.clouds.all()
    assert coarse.scl.dtype == np.uint8
    assert (coarse.scl == 8).all()
    fours["clouds"][0] = ~fours["clouds"][0]
    assert not coarsen(fours, 20).clouds.any()


def test_the_same_resolution_changes_nothing_and_a_finer_one_is_refused(fours):
    assert coarsen(fours, 10) is fours
    for resolution in (5, 0, -20):
        with pytest.raises(InputError, match="finer than"):
            coarsen(fours, resolution)
