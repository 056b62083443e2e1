import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import eowidgets as eow
from eowidgets.errors import InputError
from eowidgets.models.classical.irmad import match

BANDS = ("green", "red", "nir", "swir16")


def two_dates(make_cube, seed=0, size=60, noise=0.004):
    """Two dates of one ground whose second has other light, and a square that changed."""
    rng = np.random.default_rng(seed)
    cube = make_cube(dates=2, clouds=0.0, bands=BANDS, height=size, width=size)
    mixing = rng.normal(size=(len(BANDS), 3))
    ground = np.einsum("bk,kyx->byx", mixing, rng.normal(size=(3, size, size))) * 0.04 + 0.3
    gain, offset = rng.uniform(0.4, 2.0, len(BANDS)), rng.uniform(-0.03, 0.03, len(BANDS))
    truth = np.zeros((size, size), bool)
    truth[10:25, 10:25] = True
    for b, name in enumerate(BANDS):
        later = ground[b] * gain[b] + offset[b]
        later[truth] += (0.08, -0.08, 0.1, -0.1)[b]
        cube[name].values[:] = np.stack([ground[b], later]) + rng.normal(0, noise, (2, size, size))
    return cube, truth


def test_another_light_is_no_change_and_another_ground_is(make_cube):
    cube, truth = two_dates(make_cube)
    found = eow.run("change-irmad", cube)
    marked = found.change.values == 1
    assert marked[truth].mean() > 0.95
    assert marked[~truth].mean() < 0.005
    by_vectors = eow.run("change-otsu", cube).change.values == 1
    assert (by_vectors == truth).mean() < (marked == truth).mean()
    assert json.loads(found.attrs["provenance"])["settings"]["threshold"] > 3


def test_where_nothing_changed_next_to_nothing_is_marked(make_cube):
    cube, _ = two_dates(make_cube)
    quiet = cube.isel(y=slice(26, None))
    assert (eow.run("change-irmad", quiet).change.values == 1).mean() <= 0.005


def test_windows_do_not_matter_and_a_threshold_is_used(make_cube):
    cube, _ = two_dates(make_cube)
    whole = eow.run("change-irmad", cube)
    np.testing.assert_array_equal(whole.change, eow.run("change-irmad", cube, window=32).change)
    given_ = eow.run("change-irmad", cube, threshold=30.0)
    np.testing.assert_array_equal(given_.change == 1, given_.magnitude > 30)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_linear_changes_of_the_bands_do_not_matter(seed):
    rng = np.random.default_rng(seed)
    before = rng.normal(size=(400, 3)) @ rng.normal(size=(3, 3))
    after = before + rng.normal(scale=0.3, size=before.shape)
    mixed = after @ (rng.normal(size=(3, 3)) + 3 * np.eye(3)) + rng.normal(size=3)
    first, second = match(before, after), match(before, mixed)
    np.testing.assert_allclose(first.variance, second.variance, rtol=0.02, atol=1e-4)


def test_a_constant_band_and_too_few_pixels(make_cube):
    cube, truth = two_dates(make_cube)
    cube["green"].values[:] = 0.2
    assert (eow.run("change-irmad", cube).change.values == 1)[truth].mean() > 0.9
    with pytest.raises(InputError, match=r"have 16 pixels in common, but matching 4 bands needs 40"):
        eow.run("change-irmad", cube.isel(y=slice(0, 4), x=slice(0, 4)))
