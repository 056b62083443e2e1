import numpy as np
import pytest
from scipy.ndimage import shift as shifted

import eowidgets as eow
from eowidgets.analysis.change.detect import change
from eowidgets.analysis.change.registration import misregistration
from eowidgets.errors import InputError


@pytest.fixture(scope="module")
def frames():
    cube = eow.open("romania")[["red", "nir", "valid", "clouds"]]
    return cube.sel(time=["2018-07-01"]), cube.sel(time=["2018-08-25"])


def moved(frame, y, x):
    out = frame.copy(deep=True)
    for band in ("red", "nir"):
        out[band].values[0] = shifted(frame[band].values[0], (y, x), order=3, mode="nearest")
    return out


@pytest.mark.parametrize(("y", "x"), [(0.0, 0.0), (0.3, -0.7), (-1.4, 0.2), (2.0, 3.0)])
def test_a_known_shift_is_found_to_a_tenth_of_a_pixel(frames, y, x):
    found = misregistration(frames[0], moved(frames[0], y, x))
    assert (found.y, found.x) == (pytest.approx(y, abs=0.1), pytest.approx(x, abs=0.1))
    assert found.metres == pytest.approx(10 * np.hypot(y, x), abs=1.5)
    assert found.too_far == (np.hypot(y, x) > 0.5)


def test_across_two_dates_and_under_clouds(frames):
    own = misregistration(*frames)
    late = moved(frames[1], 0.0, 1.0)
    late["clouds"][0, :40, :50] = True
    found = misregistration(frames[0], late)
    assert found.x - own.x == pytest.approx(1.0, abs=0.25)
    assert found.y - own.y == pytest.approx(0.0, abs=0.25)


def test_what_cannot_be_measured(frames):
    hidden = frames[1].copy(deep=True)
    hidden["clouds"][:] = True
    assert misregistration(frames[0], hidden) is None
    assert misregistration(*(f.isel(y=slice(0, 8)) for f in frames)) is None
    flat = frames[0].copy(deep=True)
    for band in ("red", "nir"):
        flat[band][:] = 0.2
    assert misregistration(flat, frames[1]) is None
    with pytest.raises(InputError, match="no band in common"):
        misregistration(frames[0].drop_vars("nir"), frames[1].drop_vars("red"))


def test_change_warns_above_half_a_pixel(frames):
    late = moved(frames[1], 0.0, 1.2)
    with pytest.warns(UserWarning, match="more than half a pixel"):
        found = change(frames[0], "change-otsu", after=late)
    assert found.attrs["misregistration_pixels"] > 0.5
