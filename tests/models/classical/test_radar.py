import numpy as np
import pytest
import xarray as xr

import eowidgets as eow
from eowidgets.cube.grid import georeference
from eowidgets.errors import ModelError

SIDE = 120
PATCHES = ((slice(20, 50), slice(20, 60), 8.0), (slice(70, 100), slice(60, 90), 1 / 8))


def radar_cube(images, names=("vv",), attrs=None):
    times = np.array(["2018-06-01", "2019-06-01"], "datetime64[ns]")
    where = {"y": 5e6 - 10.0 * np.arange(images.shape[-2]), "x": 5e5 + 10.0 * np.arange(images.shape[-1])}
    cube = xr.Dataset(coords={"time": times, **where})
    for i, name in enumerate(names):
        cube[name] = (("time", "y", "x"), images[:, i].astype("float32"), dict(attrs or {}))
    return georeference(cube.rio.write_crs("EPSG:32634"))


def scene(looks, seed, bands=1, patches=PATCHES):
    """Two dates of gamma speckle over one ground, (2, bands, side, side), and where the ground changed."""
    rng = np.random.default_rng(seed)
    ground = np.stack([np.full((SIDE, SIDE), 0.1)] * 2)
    ground[:, :, SIDE // 2 :] *= 3
    truth = np.zeros((SIDE, SIDE), bool)
    for rows, columns, factor in patches:
        ground[1, rows, columns] *= factor
        truth[rows, columns] = True
    return ground[:, None] * rng.gamma(looks, 1 / looks, (2, bands, SIDE, SIDE)), truth


@pytest.mark.parametrize("looks", [1, 4])
def test_patches_of_another_brightness_are_found_and_speckle_is_not(looks):
    images, truth = scene(looks, 0)
    found = eow.run("change-logratio", radar_cube(images))
    marked = found.change.values == 1
    assert marked[truth].mean() > 0.9
    assert marked[~truth].mean() < 0.06  # the border of a patch, as wide as the Gaussian
    brighter, darker = (found.magnitude.values[p[:2]].mean() for p in PATCHES)
    assert brighter == pytest.approx(9, abs=1.5)
    assert darker == pytest.approx(-9, abs=1.5)


@pytest.mark.parametrize("seed", range(3))
def test_speckle_alone_is_no_change(seed):
    images, _ = scene(1, seed, patches=())
    assert (eow.run("change-logratio", radar_cube(images)).change.values == 1).mean() <= 0.002


def test_the_same_whatever_the_windows_the_order_the_unit_and_the_calibration():
    images, _ = scene(4, 1, bands=2)
    cube = radar_cube(images, ("vv", "vh"))
    whole = eow.run("change-logratio", cube).change.values
    assert (whole == 1).any()
    np.testing.assert_array_equal(eow.run("change-logratio", cube, window=64).change.values, whole)
    swapped = eow.run("change-logratio", radar_cube(images[::-1], ("vv", "vh")))
    np.testing.assert_array_equal(swapped.change.values, whole)
    brighter = images * np.array([1.0, 2.0])[:, None, None, None]
    calibrated = eow.run("change-logratio", radar_cube(brighter, ("vv", "vh"))).change.values
    assert (calibrated != whole).mean() < 0.01
    decibel = radar_cube(10 * np.log10(images), ("vv", "vh"), {"units": "dB"})
    assert (eow.run("change-logratio", decibel).change.values != whole).mean() < 0.02


def test_what_was_not_seen_is_not_known():
    images, _ = scene(4, 2)
    images[1, 0, :10, :10] = np.nan
    found = eow.run("change-logratio", radar_cube(images))
    assert (found.change.values[:10, :10] == 255).all()
    assert (found.change.values[10:, 10:] != 255).all()


def test_optical_bands_are_refused_and_left_out(make_cube):
    with pytest.raises(ModelError, match="needs the band vv, and this cube has red, nir"):
        eow.run("change-logratio", make_cube(dates=2))
    images, _ = scene(4, 0)
    alone = radar_cube(images)
    both = alone.assign(red=alone["vv"] * 0 + 0.1)
    found = [eow.run("change-logratio", cube).change.values for cube in (alone, both)]
    np.testing.assert_array_equal(*found)


def test_grey_images_of_other_names_are_compared():
    images, truth = scene(4, 0)
    found = eow.run("change-logratio", radar_cube(np.sqrt(images), ("grey",), {"quantity": "amplitude"}))
    assert (found.change.values == 1)[truth].mean() > 0.9
    assert abs(found.magnitude.values[truth]).mean() == pytest.approx(9, abs=1.5)
