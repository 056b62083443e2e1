import numpy as np
import pytest
import spyndex

from eowidgets.cube.indices import available, index
from eowidgets.cube.schema import BAND_LETTERS
from eowidgets.errors import InputError

ALL = tuple(BAND_LETTERS)


def test_ndvi_is_the_ratio(romania):
    ndvi = index(romania, "NDVI")
    expected = (romania.nir - romania.red) / (romania.nir + romania.red)
    np.testing.assert_allclose(ndvi, expected, rtol=1e-5)
    assert ndvi.dtype == "float32"
    assert ndvi.dims == ("time", "y", "x")
    assert ndvi.attrs["long_name"] == "Normalized Difference Vegetation Index"
    assert ndvi.attrs["role"] == "index"


def test_every_index_of_the_catalogue_can_be_computed(make_cube):
    cube = make_cube(dates=2, height=3, width=4, bands=ALL)
    for i, band in enumerate(ALL):
        cube[band].attrs["center_wavelength"] = 400 + 50 * i
    names = available(cube)
    assert set(names) == {n for n, e in spyndex.indices.items() if "PAR" not in e.bands}
    for name in names:
        values = index(cube, name)
        assert values.shape == (2, 3, 4), name
        assert not np.isinf(values).any(), name


def test_formula_matches_the_catalogue_by_hand(make_cube):
    cube = make_cube(bands=("blue", "red", "nir"))
    n, r, b = (cube[k].astype("float64") for k in ("nir", "red", "blue"))
    np.testing.assert_allclose(index(cube, "EVI"), 2.5 * (n - r) / (n + 6 * r - 7.5 * b + 1), rtol=1e-5)
    np.testing.assert_allclose(index(cube, "SAVI", L=0.5), 1.5 * (n - r) / (n + r + 0.5), rtol=1e-5)
    kernel = np.exp(-((n - r) ** 2) / (2 * (0.5 * (n + r)) ** 2))
    np.testing.assert_allclose(index(cube, "kNDVI"), (1 - kernel) / (1 + kernel), rtol=1e-5)


def test_two_spellings_are_two_indices(make_cube):
    cube = make_cube(bands=ALL)
    assert not np.allclose(index(cube, "mSR705"), index(cube, "MSR705"))
    np.testing.assert_array_equal(index(cube, "ndvi"), index(cube, "NDVI"))


def test_division_by_zero_is_nan_without_a_warning(make_cube, recwarn):
    cube = make_cube()
    cube["red"][:], cube["nir"][:] = 0, 0
    assert np.isnan(index(cube, "NDVI")).all()
    assert not [w for w in recwarn if issubclass(w.category, RuntimeWarning)]


def test_lazy_cubes_stay_lazy(make_cube):
    lazy = make_cube().chunk({"time": 2})
    assert index(lazy, "NDVI").chunks
    np.testing.assert_array_equal(index(lazy, "NDVI").compute(), index(make_cube(), "NDVI"))


@pytest.mark.parametrize(
    ("name", "constants", "words"),
    [
        ("NDVV", {}, "Did you mean"),
        ("NBR", {}, "needs swir22, which this cube lacks"),
        ("NDVI", {"L": 0.5}, "has no constant 'L'"),
    ],
)
def test_refusals(make_cube, name, constants, words):
    with pytest.raises(InputError, match=words):
        index(make_cube(), name, **constants)
