import warnings

import numpy as np
import pytest

import eowidgets as eow
from eowidgets.errors import InputError


def test_a_sensor_named_for_reflectance_changes_nothing(make_cube, tmp_path):
    cube = make_cube()
    np.testing.assert_array_equal(eow.open(cube, sensor="sentinel2-l2a").red, cube.red)
    cube.eow.to_netcdf(tmp_path / "own.nc")
    np.testing.assert_allclose(eow.open(tmp_path / "own.nc", sensor="sentinel2-l2a").red, cube.red, atol=5.1e-5)


def test_wrong_scale_is_seen_in_lazy_data_too(make_cube):
    lazy = (make_cube()[["red", "nir"]] * 10_000).chunk()
    with pytest.raises(InputError, match="look like unscaled numbers"):
        eow.open(lazy, chunks={})


def test_newer_sentinel2_numbers_without_a_word_about_the_offset_are_doubted(make_cube):
    cube = make_cube(dates=3)[["red", "nir"]]
    counts = ((cube * 10_000).round() + 1000).astype("uint16").assign_attrs(sensor="sentinel2-l2a")
    late = counts.assign_coords(time=counts.time + np.timedelta64(1200, "D"))
    with pytest.warns(UserWarning, match="@04.00"):
        eow.open(late)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        eow.open(counts)  # older than the offset
        np.testing.assert_allclose(eow.open(late, sensor="sentinel2-l2a@04.00").red, cube.red, atol=5.1e-5)
