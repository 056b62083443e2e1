"""Coarse windows of Zarr stores come from the levels that the stores state."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
import zarr

import eowidgets as eow
from eowidgets.cube import pyramid
from eowidgets.cube.direct import Cells, direct
from eowidgets.errors import SourceError


@pytest.fixture
def cube(make_cube):
    return make_cube(dates=2, height=37, width=45)[["red", "nir", "clouds", "valid"]]


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A folder for one store that is written once."""
    return tmp_path_factory.mktemp("levels")


@pytest.fixture
def store(kept, cube, tmp_path):
    """A store with levels of a small raster, in several chunks and regions."""
    if not (kept / "a.zarr").exists():
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(pyramid, "ENOUGH", 12)
            patch.setattr("eowidgets.engine.fetching.levels.SIDE", 8)
            patch.setattr("eowidgets.engine.fetching.levels.REGION", 24)
            eow.fetch(cube, kept / "a.zarr", chunks={"time": 1, "y": 20, "x": 32})
    return Path(shutil.copytree(kept / "a.zarr", tmp_path / "a.zarr"))


def lazy(path, **options):
    return eow.open(path, chunks={"time": 1, "y": 16, "x": 16}, **options)


def test_a_coarse_window_has_the_means_and_costs_no_more_than_it_shows(store, cube):
    opened = lazy(store)
    for k, expected in zip((2, 4), pyramid.coarser(cube["red"].values[1], (2, 4)), strict=True):
        cells = Cells(0, 0, 45 // k, 37 // k, k)
        np.testing.assert_array_equal(direct(opened.red).read(1, cells), expected[: 37 // k, : 45 // k])
        assert direct(opened.red).cost(cells) == (45 // k) * (37 // k)


def test_cells_of_any_size_at_any_place_have_the_pixel_of_a_level_in_their_middle(store, cube):
    levels = dict(zip((2, 4), pyramid.coarser(cube["red"].values[0], (2, 4)), strict=True))
    found = direct(lazy(store).red).read(0, Cells(3, 5, 6, 4, 5))
    for i, j in np.ndindex(4, 6):
        assert found[i, j] == levels[4][(5 + 5 * i + 2) // 4, (3 + 5 * j + 2) // 4]


def test_masks_and_exact_windows_are_as_without_levels(store, cube, tmp_path):
    eow.fetch(cube, tmp_path / "b.zarr", levels=False)
    assert not (tmp_path / "b.zarr" / "levels").exists()
    one, two = lazy(store), lazy(tmp_path / "b.zarr")
    assert set(one.attrs) == set(two.attrs)  # the statement is true of the store only
    xr.testing.assert_equal(one, two)
    for name, cells in (("clouds", Cells(0, 0, 11, 9, 4)), ("red", Cells(2, 3, 20, 20))):
        np.testing.assert_array_equal(*(direct(lazy(p)[name]).read(1, cells) for p in (store, tmp_path / "b.zarr")))


def test_a_level_opens_as_a_cube_on_its_own_grid(store, cube):
    coarse = eow.open(store, group="levels/4")
    np.testing.assert_array_equal(coarse.red[0], list(pyramid.coarser(cube["red"].values[0], (2, 4)))[1])
    step = float(cube.x[1] - cube.x[0])
    assert float(coarse.x[0]) == float(cube.x[:4].mean()) and float(coarse.x[1] - coarse.x[0]) == 4 * step
    assert coarse.rio.crs == cube.rio.crs
    assert coarse.rio.transform().a == 4 * step


def test_a_level_that_lost_a_chunk_is_reported(store):
    (store / "levels" / "4" / "red" / "c" / "1" / "0" / "0").unlink()
    opened = lazy(store)
    with pytest.raises(SourceError, match="incomplete"):
        direct(opened.red).read(1, Cells(0, 0, 11, 9, 4))
    assert direct(opened.red).read(1, Cells(0, 0, 18, 18, 2)).shape == (18, 18)


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_levels_of_other_software_in_groups_of_their_own(cube, tmp_path, zarr_format):
    path = tmp_path / "other.zarr"
    plain = cube[["red", "nir"]].drop_encoding()
    coarse = plain.isel(y=slice(0, 36), x=slice(0, 44)).coarsen(y=2, x=2).mean()  # without the last part of a cell
    root = zarr.open_group(path, mode="w", zarr_format=zarr_format)
    for name, level in (("0", plain), ("1", coarse)):
        level.to_zarr(path, group=name, mode="a", zarr_format=zarr_format, consolidated=False)
    root.attrs["multiscales"] = {
        "layout": [{"asset": "1", "derived_from": "0", "transform": {"scale": [2, 2]}}, {"asset": "0"}]
    }
    opened = lazy(path)
    assert opened.sizes["y"] == 37
    cells = Cells(0, 0, 22, 18, 2)
    np.testing.assert_allclose(direct(opened.red).read(1, cells), coarse.red.values[1], rtol=1e-6)
    assert direct(opened.red).cost(cells) == 22 * 18
    again = lazy(path, group="0")
    np.testing.assert_array_equal(direct(again.nir).read(0, cells), coarse.nir.values[0].astype("float32"))


def test_a_statement_that_fits_no_array_is_left_alone(cube, tmp_path):
    path = tmp_path / "a.zarr"
    cube.drop_encoding().to_zarr(path, zarr_format=3, consolidated=False)
    note = json.loads((path / "zarr.json").read_text())
    note["attributes"]["multiscales"] = {"layout": [{"asset": "."}, {"asset": "gone"}, {"asset": "red"}]}
    (path / "zarr.json").write_text(json.dumps(note))
    opened = lazy(path)
    np.testing.assert_array_equal(direct(opened.red).read(0, Cells(0, 0, 10, 9, 4)), cube.red.values[0, 2:36:4, 2:40:4])
