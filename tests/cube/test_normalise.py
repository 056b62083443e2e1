import numpy as np
import pytest

import eowidgets as eow

SHAPE = (4, 8, 9)


@pytest.mark.parametrize(
    ("name", "values", "cloudy", "missing"),
    [
        ("CLM", [0, 1, 255], [1], [2]),
        ("cloud_mask", [0, 1, 2], [1, 2], []),
        ("dataMask", [1, 0, 1], [], [1]),
        ("MSK_CLDPRB", [0, 39, 40], [2], []),
        ("CLP", [0, 101, 103], [2], []),
        ("clear_mask", [1, 0, 1], [1], []),
        ("pixel_qa", [322, 328, 352], [1, 2], []),
        ("oa_fmask", [1, 2, 0], [1], [2]),
        ("QA_PIXEL", [21824, 22280, 1], [1], [2]),
    ],
)
def test_masks_of_other_software(make_cube, name, values, cloudy, missing):
    cube = make_cube(clouds=0)[["red", "nir"]]
    mask = np.full(SHAPE, values[0], "uint16")
    mask[:, 0, : len(values)] = values
    cube[name] = (("time", "y", "x"), mask)
    opened = eow.open(cube)
    assert opened.eow.bands == ("red", "nir")
    seen = [i for i in range(3) if opened.clouds[0, 0, i]]
    hidden = [i for i in range(3) if not opened.valid[0, 0, i]]
    assert (seen, hidden) == (cloudy, missing)


@pytest.mark.parametrize("name", ["QA_RADSAT", "snow_mask", "VI_Quality", "forest"])
def test_flags_of_unknown_coding_are_no_bands(make_cube, name):
    cube = make_cube(clouds=0)[["red", "nir"]]
    cube[name] = (("time", "y", "x"), np.ones(SHAPE, bool if name == "forest" else "uint8"))
    with pytest.warns(UserWarning, match=f"{name}: flags of unknown coding"):
        opened = eow.open(cube)
    assert opened.eow.bands == ("red", "nir")
    assert opened[name].attrs["role"] == "quality"
    assert not opened.clouds.any()


def test_classes_keep_their_numbers(make_cube):
    cube = make_cube()[["red"]]
    cube["landcover"] = (("time", "y", "x"), np.full(SHAPE, 7, "uint8"))
    opened = eow.open(cube)
    assert opened.landcover.dtype == "uint8"
    assert opened.eow.bands == ("red",)


@pytest.mark.parametrize(
    ("name", "value", "units", "quantity"),
    [
        ("t2m", 280.0, "K", "temperature"),
        ("sst", 15.0, "degC", "celsius"),
        ("elevation", 1600.0, "m", "elevation"),
        ("NDVI", 0.7, None, "index"),
        ("vv", -12.0, "dB", "backscatter_db"),
        ("rain", 12.0, "mm", "unknown"),
    ],
)
def test_other_quantities_are_not_reflectance(make_cube, name, value, units, quantity):
    cube = make_cube()[["red"]].rename(red=name) * 0 + value
    cube[name].attrs = {} if units is None else {"units": units}
    opened = eow.open(cube)
    assert opened[name].attrs["quantity"] == quantity
    assert opened[name].attrs["units"] == (units or "1")
    assert float(opened[name].median()) == pytest.approx(value)
