"""The change of a vector from year to year is an angle."""

import dask.array as da
import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import eowidgets as eow
from eowidgets.errors import InputError


def cube_of(values):
    return xr.Dataset({"embedding": (("time", "feature", "y", "x"), values)}, {"time": np.arange(len(values))})


@given(st.integers(0, 2**32 - 1), st.floats(0.01, 100))
def test_length_does_not_count_and_opposites_are_two(seed, factor):
    rng = np.random.default_rng(seed)
    one = rng.normal(size=(5, 2, 3)) + 0.1
    found = eow.vector_change(cube_of(np.stack([one, one * factor, -one]))).change
    np.testing.assert_allclose(found[0], 0, atol=1e-5)
    np.testing.assert_allclose(found[1], 2, atol=1e-5)


def test_a_missing_vector_gives_no_change_and_lazy_stays_lazy():
    values = np.random.default_rng(0).random((2, 4, 3, 3)).astype("float32")
    values[1, 2, 0, 0] = np.nan
    lazy = eow.vector_change(cube_of(da.from_array(values, chunks=(1, 4, 2, 2))))
    assert lazy.change.chunks is not None
    assert np.isnan(lazy.change.values[0, 0, 0]) and int(lazy.valid.sum()) == 8
    np.testing.assert_array_equal(lazy.change, eow.vector_change(cube_of(values)).change)


def test_one_date_is_refused():
    with pytest.raises(InputError, match="one date"):
        eow.vector_change(cube_of(np.zeros((1, 2, 2, 2))))
