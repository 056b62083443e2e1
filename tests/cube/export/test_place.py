"""What an export may replace, and when it is refused before any work."""

import time

import dask.array as da
import numpy as np
import pytest
import xarray as xr

from eowidgets.cube import export
from eowidgets.cube.export import place
from eowidgets.errors import InputError

WRITERS = {"a.tif": export.to_geotiff, "a.nc": export.to_netcdf, "a.zarr": export.to_zarr}


def left(folder):
    return sorted(p.name for p in folder.rglob("*"))


@pytest.mark.parametrize("name", WRITERS)
def test_a_folder_that_is_no_store_stays(make_cube, tmp_path, name):
    (tmp_path / name).mkdir()
    (tmp_path / name / "thesis.docx").write_text("precious")
    before = left(tmp_path)
    with pytest.raises(InputError, match="not a Zarr store|is a folder"):
        WRITERS[name](make_cube(), tmp_path / name)
    assert left(tmp_path) == before


def test_a_file_called_like_a_store_stays(make_cube, tmp_path):
    (tmp_path / "a.zarr").write_text("precious")
    with pytest.raises(InputError, match="not a Zarr store"):
        export.to_zarr(make_cube(), tmp_path / "a.zarr")
    assert (tmp_path / "a.zarr").read_text() == "precious"


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("there", [False, True])
def test_links_are_not_followed(make_cube, tmp_path, name, there):
    elsewhere = tmp_path / "elsewhere"
    if there:
        WRITERS[name](make_cube(), tmp_path / f"real-{name}")
        elsewhere = tmp_path / f"real-{name}"
    (tmp_path / name).symlink_to(elsewhere)
    before = left(tmp_path)
    with pytest.raises(InputError, match="is a link"):
        WRITERS[name](make_cube(seed=1), tmp_path / name)
    assert left(tmp_path) == before


@pytest.mark.parametrize("name", WRITERS)
def test_what_cannot_fit_is_refused_at_once(make_cube, tmp_path, name):
    side = 1_000_000
    pixels = da.zeros((1, side, side), dtype="float32", chunks=(1, 4096, 4096))
    coords = {"time": [np.datetime64("2020-01-01", "ns")], "y": -10.0 * np.arange(side), "x": 10.0 * np.arange(side)}
    cube = xr.Dataset({"red": (("time", "y", "x"), pixels)}, coords=coords).rio.write_crs(32633)
    begin = time.perf_counter()
    with pytest.raises(InputError, match=r"4e\+03 GB, but the disk has only"):
        WRITERS[name](cube, tmp_path / name)
    assert time.perf_counter() - begin < 5
    assert left(tmp_path) == []


def test_failed_moves_are_undone(tmp_path):
    work, home = tmp_path / "work", tmp_path / "home"
    work.mkdir()
    home.mkdir()
    for name in ("side", "main"):
        (work / name).write_text("new")
        (home / name).write_text("old")
    (home / "stale").write_text("old")
    with pytest.raises(OSError):
        place.move([(work / "side", home / "side"), (work / "missing", home / "main")], [home / "stale"])
    assert {p.name: p.read_text() for p in home.iterdir()} == {"side": "old", "main": "old", "stale": "old"}
    place.move([(work / "side", home / "side"), (work / "main", home / "main")], [home / "stale"])
    assert {p.name: p.read_text() for p in home.iterdir()} == {"side": "new", "main": "new"}
