"""The stretch of cubes that come without a cloud mask."""

import numpy as np

from eowidgets.render.source import FrameSource


def test_a_cloudy_date_does_not_make_the_ground_of_the_other_one_black(make_cube):
    cube = make_cube(dates=2, height=40, width=40, clouds=0.0).drop_vars(["clouds", "valid"])
    rng = np.random.default_rng(0)
    cube["red"].values[:] = rng.uniform(0.02, 0.1, cube["red"].shape)
    cube["red"].values[1, :30] = rng.uniform(0.6, 0.9, (30, 40))
    _, low, high, most = FrameSource(cube).quantiles("red")
    assert most > 0.8
    assert low < 0.03 and 0.09 < high < 0.12
