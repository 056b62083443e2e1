"""Limits of the rules of land cover and snow, one side and the other."""

from __future__ import annotations

import numpy as np
import pytest

from eowidgets.analysis.ask.landcover import CODE, classify, snow


def ground(make_cube, **bands):
    """Six equal dates of one kind of ground."""
    cube = make_cube(dates=6, height=2, width=2, bands=("green", "red", "nir", "swir16"), clouds=0.0)
    for name, value in bands.items():
        cube[name][:] = value
    return cube


def pair(index, total=0.2):
    """Two reflectances of this normalised difference: the larger first where it is positive."""
    return total * (1 + index) / 2, total * (1 - index) / 2


def kind(make_cube, ndvi, mndwi, green=0.1):
    nir, red = pair(ndvi)
    swir = green * (1 - mndwi) / (1 + mndwi)
    return int(classify(ground(make_cube, green=green, red=red, nir=nir, swir16=swir)).cover[0, 0])


@pytest.mark.parametrize(
    ("ndvi", "mndwi", "name"),
    [
        (0.18, 0.05, "water"),
        (0.22, 0.05, "built-up"),
        (-0.5, 0.05, "water"),
        (0.18, -0.05, "built-up"),
        (0.42, 0.05, "field"),
        (0.38, -0.36, "built-up"),
        (0.38, -0.40, "bare"),
    ],
)
def test_water_needs_more_green_than_infrared_and_no_plants(make_cube, ndvi, mndwi, name):
    assert kind(make_cube, ndvi, mndwi) == CODE[name]


@pytest.mark.parametrize(
    ("ndvi", "green", "name"),
    [(0.77, 0.056, "forest"), (0.73, 0.056, "field"), (0.77, 0.060, "field"), (0.42, 0.056, "field")],
)
def test_forest_is_very_green_and_dark(make_cube, ndvi, green, name):
    assert kind(make_cube, ndvi, -0.5, green) == CODE[name]


@pytest.mark.parametrize(
    ("ndsi", "nir", "both", "found"),
    [
        (0.42, 0.5, 0.4, True), (0.38, 0.5, 0.4, False), (0.42, 0.12, 0.15, True), (0.42, 0.10, 0.15, False),
        (0.42, 0.5, 0.6, False), (0.8, 0.5, 0.6, True), (0.7, 0.8, 0.95, True), (0.42, 0.12, 0.4, False),
    ],
)  # fmt: skip
def test_snow_is_bright_and_dark_in_the_shortwave_infrared(make_cube, ndsi, nir, both, found):
    """Clouds of ice have the index of snow, but not its darkness at 1.6 µm: with both at 0.6 that is 0.17 there.

    Deep snow is bright there, too, but its index is higher; foam on water lacks near infrared.
    """
    green, swir = pair(ndsi, both)
    cube = ground(make_cube, green=green, red=0.5, nir=nir, swir16=swir)
    cube["clouds"][1] = True
    mask = snow(cube)
    assert mask.dims == ("time", "y", "x")
    assert bool(mask[0].all()) is found
    assert not mask[1].any()
    assert np.unique(mask[0]).size == 1


def test_too_few_dates_are_no_year(make_cube):
    cube = ground(make_cube, green=0.1, red=0.08, nir=0.1, swir16=0.05)
    cube["clouds"][2:, 0, 0] = True
    cube["clouds"][3:, 0, 1] = True
    land = classify(cube)
    assert land.cover[0].values.tolist() == [255, CODE["water"]]
    assert np.isnan(land.sure[0, 0])
    assert 0.5 <= float(land.sure[0, 1]) <= 1
