import json

import numpy as np
import pytest

import eowidgets as eow
from eowidgets.contract.registry import get_model
from eowidgets.errors import InputError
from eowidgets.models.classical.stats import otsu


def test_vectors_are_numpys(make_cube):
    cube = make_cube(dates=6, bands=("red", "nir", "swir16"))
    out = eow.run("change-cva", cube, split="2020-02-01")
    x = np.stack([cube[b].where(~cube.clouds).values for b in ("red", "nir", "swir16")])
    late = cube.time.values >= np.datetime64("2020-02-01")
    with np.errstate(invalid="ignore"):
        d = np.nanmedian(x[:, late], axis=1) - np.nanmedian(x[:, ~late], axis=1)
    np.testing.assert_allclose(out.magnitude, np.linalg.norm(d, axis=0), rtol=1e-4, equal_nan=True)
    angle = np.degrees(np.arccos(d.sum(0) / np.sqrt(3) / np.linalg.norm(d, axis=0)))
    np.testing.assert_allclose(out.direction, angle, atol=0.05, equal_nan=True)


def test_two_dates_and_the_meaning_of_directions(make_cube):
    cube = make_cube(dates=2, clouds=0.0)
    for band in ("red", "nir"):
        cube[band][0] = 0.2
        cube[band][1] = 0.2
    cube["red"][1, 0, 0] = cube["nir"][1, 0, 0] = 0.4
    cube["red"][1, 0, 1] = cube["nir"][1, 0, 1] = 0.1
    cube["red"][1, 0, 2], cube["nir"][1, 0, 2] = 0.3, 0.1
    out = eow.run("change-cva", cube)
    np.testing.assert_allclose(out.direction[0, :3], [0, 180, 90], atol=0.1)
    np.testing.assert_allclose(out.magnitude[0, :4], [0.2 * 2**0.5, 0.1 * 2**0.5, 0.1 * 2**0.5, 0], atol=1e-5)
    assert np.isnan(out.direction[4, 4])


def test_one_threshold_for_the_whole_area_whatever_the_windows(romania):
    options = {"split": "2019-01-01", "season": "Jun-Aug"}
    whole = eow.run("change-otsu", romania, **options)
    cut = eow.run("change-otsu", romania, window=16, **options)
    np.testing.assert_array_equal(whole.change, cut.change)
    length = eow.run("change-cva", romania, **options).magnitude.values
    threshold = otsu(__import__("torch").as_tensor(length[np.isfinite(length)]))
    np.testing.assert_array_equal(whole.change.values == 1, length > threshold)
    assert f"threshold {threshold:.4g}" in whole.change.attrs["long_name"]
    noted = json.loads(whole.attrs["provenance"])["settings"]
    assert noted["threshold"] == pytest.approx(threshold, rel=1e-6)


def test_a_given_threshold_is_used(romania):
    out = eow.run("change-otsu", romania, split="2019-01-01", threshold=0.2)
    np.testing.assert_array_equal(out.change == 1, out.magnitude > 0.2)


def test_nothing_changed_and_never_seen(make_cube):
    cube = make_cube(dates=4, clouds=0.0)
    for band in ("red", "nir"):
        cube[band][:] = 0.25
    cube["clouds"][:, 1, 1] = True
    out = eow.run("change-otsu", cube)
    assert int(out.change[1, 1]) == 255
    assert int((out.change == 1).sum()) == 0


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"split": "soon"}, "is not a date: write it as YYYY-MM-DD"),
        ({"split": "2031-01-01"}, "No date lies after the split"),
        ({"split": "2001-01-01"}, "No date lies before the split"),
        ({"season": "Jun-Aug"}, "No date lies"),
    ],
)
def test_splits_that_cannot_be(make_cube, params, words):
    with pytest.raises(InputError, match=words):
        eow.run("change-cva", make_cube(), **params)


def test_halves_are_taken_in_order_of_days():
    model = get_model("change-cva")
    assert model.sides(np.array(["2020-03-01", "2020-01-01", "2020-02-01"], "datetime64[D]")) == ([1, 2], [0])
