"""The share of an area that was stable, as a finding reports it."""

import warnings

import numpy as np
import pytest
import xarray as xr

from eowidgets.analysis.change.detect import change
from eowidgets.analysis.change.report import changed_places, sentence


def area(share):
    """Five years of 20 by 20 pixels of which a share is cleared in the fourth."""
    rng = np.random.default_rng(6)
    days = np.datetime64("2015-01-01") + np.sort(rng.choice(5 * 365, 120, replace=False))
    ndvi = 0.7 + 0.03 * rng.standard_normal((120, 20, 20))
    ndvi -= np.where(rng.random(120) < 0.2, 0.12, 0)[:, None, None]
    ndvi[days >= np.datetime64("2018-03-01"), : round(20 * share)] -= 0.35
    dims = ("time", "y", "x")
    cube = xr.Dataset(
        {"red": (dims, ((1 - ndvi) / 4).astype("float32")), "nir": (dims, ((1 + ndvi) / 4).astype("float32"))},
        coords={
            "time": days.astype("datetime64[ns]"),
            "y": -10.0 * np.arange(20) + 5e6,
            "x": 10.0 * np.arange(20) + 5e5,
        },
    )
    return cube.rio.write_crs(32634)


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0.0, None),
        (0.6, None),
        (0.9, "less than 20% the offsets of haze are uncertain"),
        (1.0, "no common offset was removed"),
    ],
)
@pytest.mark.parametrize("method", ["break-ccdc", "break-bfast"])
def test_the_share_is_reported_and_too_little_is_warned_of(method, share, words):
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        found = change(area(share), method)
    said = " ".join(str(w.message) for w in told if w.category is UserWarning)
    assert (words in said) if words else "stable" not in said
    assert found.attrs["stable_share"] == pytest.approx(1 - share, abs=0.04)
    changed = found.change.values == 1
    rows = round(20 * share)
    if rows:
        assert changed[:rows].mean() > 0.95
    if rows < 20:
        assert changed[rows:].mean() < 0.03
    text = sentence(found, changed_places(found))
    assert f"Of the area, {found.attrs['stable_share']:.1%} was stable." in text
    assert ("inspect the places before you use the figures" in text) == (share >= 0.9)


def test_two_images_report_what_is_not_marked():
    cube = area(0.25)
    found = change(cube, "change-otsu", dates=("2016-06-01/2016-08-31", "2019-06-01/2019-08-31"))
    assert found.attrs["stable_share"] == pytest.approx(0.75, abs=0.05)
