import numpy as np

from eowidgets.engine.reader import Reader


def test_a_pixel_that_is_not_valid_was_not_measured_and_reads_as_0(make_cube):
    cube = make_cube(dates=2, height=6, width=6, clouds=0)
    cube["valid"] = (("time", "y", "x"), np.ones((2, 6, 6), bool))
    cube["valid"][0, 2, 3] = False
    block = Reader(cube, ("red", "nir"))(slice(1, 5), slice(2, 6))
    assert not block.measured[0, 1, 1]
    assert not block.usable[0, 1, 1]
    assert block.measured.sum() == 2 * 4 * 4 - 1
    assert (block.raw[0, :, 1, 1] == 0).all()
    assert block.raw[1, 0, 1, 1] == cube["red"].values[1, 2, 3]


def test_a_cloud_was_measured_and_is_not_usable_and_a_missing_band_hides_the_pixel(make_cube):
    cube = make_cube(dates=1, height=4, width=4, clouds=0)
    cube["clouds"] = (("time", "y", "x"), np.zeros((1, 4, 4), bool))
    cube["clouds"][0, 0, 0] = True
    cube["nir"][0, 3, 3] = np.nan
    block = Reader(cube, ("red", "nir"))(slice(0, 4), slice(0, 4))
    assert block.measured[0, 0, 0]
    assert not block.usable[0, 0, 0]
    assert not block.measured[0, 3, 3]
    assert (block.raw[0, :, 3, 3] == 0).all()
