"""The code that opens a cube again gives that cube, or is None."""

import numpy as np
import pytest
import xarray as xr

import eowidgets as eow
from eowidgets.cube.opened import note, noted
from eowidgets.cube.opening import opening

OPTIONS = [
    {},
    {"clouds": None},
    {"bands": ["red", "nir"]},
    {"dates": "2023-01/2023-12"},
    {"dates": slice(None, "2100")},
    {"resolution": 50.0},
    {"bbox": None},
]


def again(code):
    """What the code gives; it is ours, and of one shape."""
    return eval(code, {"eow": eow})


@pytest.fixture(scope="module")
def middle():
    """A box in the middle of the sample, in degrees."""
    west, south, east, north = eow.open("bouconne").eow.bounds
    return (west + (east - west) / 3, south + (north - south) / 3, east - (east - west) / 3, north)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_the_same_cube_again(options, middle, bouconne):
    if "bbox" in options:
        options = {"bbox": middle}
    if "2023" in str(options):
        year = str(bouconne.time.values[1])[:7]
        options = {"dates": f"{year}/{str(bouconne.time.values[-2])[:7]}"}
    cube = eow.open("bouconne", **options)
    code = opening(cube)
    xr.testing.assert_identical(again(code), cube)
    assert (code == "eow.open('bouconne')") == (not options)


def test_clouds_found_afterwards(bouconne):
    assert opening(bouconne.eow.robust_clouds()) == "eow.open('bouconne', clouds='robust')"


@pytest.mark.parametrize(
    "cut", [{"time": slice(1, 4)}, {"y": slice(3, None)}, {"time": slice(1, 2), "y": slice(2, 9), "x": slice(4, 5)}]
)
def test_a_cut_is_written_as_one(bouconne, cut):
    part = bouconne.isel(cut)
    assert opening(part) != opening(bouconne)
    xr.testing.assert_identical(again(opening(part)), part)


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c.isel(x=slice(None, None, 2)),
        lambda c: c.isel(time=[0, 2]),
        lambda c: c.drop_vars("red"),
        lambda c: c.assign(red=c.red * 2),
        lambda c: c.assign_coords(x=c.x + 10),
    ],
)
def test_what_cannot_be_opened_has_no_code(bouconne, change):
    changed = change(bouconne)
    changed.attrs = dict(bouconne.attrs)
    assert opening(changed) is None


def test_a_cube_of_ones_own_has_none(make_cube):
    assert opening(make_cube()) is None


def test_an_address_is_believed_and_not_visited(make_cube):
    assert (
        opening(note(make_cube(), "https://example.org/stac", clouds="mask")) == "eow.open('https://example.org/stac')"
    )
    moved = note(make_cube(), "https://example.org/stac", dates=("2020-01-01", np.datetime64("2020-06-01")))
    assert opening(moved.isel(x=slice(2))) == "eow.open('https://example.org/stac', dates=['2020-01-01', '2020-06-01'])"


@pytest.mark.parametrize("told", ["[1, 2]", "{", '{"signer": "os.system"}', 3])
def test_a_hostile_note_is_no_option(told):
    assert noted({"opened": "romania", "opened_with": told}) == ("romania", {})
    assert noted({"opened": 3}) == (None, {})
