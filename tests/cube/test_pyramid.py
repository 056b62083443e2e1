"""Coarse levels of a raster: their values and how they are stated."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from eowidgets.cube.pyramid import assets_of, coarser, factors_of, statement

FLOATS = st.one_of(st.just(float("nan")), st.floats(-1e3, 1e3, width=32))
SHAPES = st.tuples(st.integers(1, 21), st.integers(1, 21))


@given(arrays.arrays("float32", SHAPES, elements=FLOATS))
def test_a_level_is_the_mean_of_the_valid_pixels_of_each_cell(values):
    for k, level in zip((2, 4, 8), coarser(values, (2, 4, 8)), strict=True):
        assert level.dtype == values.dtype and level.shape == tuple(-(-n // k) for n in values.shape)
        for i, j in np.ndindex(level.shape):
            cell = values[i * k : (i + 1) * k, j * k : (j + 1) * k].astype("float64")
            valid = cell[~np.isnan(cell)]
            expected = valid.mean() if len(valid) else np.nan
            np.testing.assert_allclose(level[i, j], expected, rtol=1e-6, atol=1e-6)


@given(arrays.arrays(st.sampled_from(["uint8", "int16", "bool"]), SHAPES))
def test_classes_and_flags_are_the_pixel_in_the_middle_of_each_cell(values):
    for k, level in zip((2, 4, 8), coarser(values, (2, 4, 8)), strict=True):
        assert level.dtype == values.dtype and level.shape == tuple(-(-n // k) for n in values.shape)
        for i, j in np.ndindex(level.shape):
            y, x = (min(n * k + k // 2, size - 1) for n, size in zip((i, j), values.shape, strict=True))
            assert level[i, j] == values[y, x]


@given(st.integers(1, 300_000), st.integers(1, 300_000))
def test_the_coarsest_level_is_the_first_that_is_small_enough(height, width):
    factors = factors_of(height, width)
    assert list(factors) == [2 ** (i + 1) for i in range(len(factors))]
    longest = max(height, width)
    assert -(-longest // (factors[-1] if factors else 1)) <= 512
    assert not factors or -(-longest // (factors[-1] // 2)) > 512


def test_what_is_stated_is_read():
    assert assets_of(statement((2, 4))) == [".", "levels/2", "levels/4"]


@pytest.mark.parametrize(
    ("stated", "found"),
    [
        ({"layout": [{"asset": "0"}, {"asset": "1", "derived_from": "0"}]}, ["0", "1"]),
        ([{"datasets": [{"path": "0"}, {"path": "1"}], "type": "reduce"}], ["0", "1"]),
        ({"tile_matrix_set": {"tileMatrices": [{"id": "0"}, {"id": "1"}]}}, ["0", "1"]),
        ({"layout": [{"asset": "../elsewhere"}, {"asset": 3}, "text"]}, []),
        ({"layout": "text"}, []),
        ([], []),
        ("text", []),
    ],
)
def test_statements_of_other_software(stated, found):
    assert assets_of({"multiscales": stated}) == found
