import time

import dask.array as da
import numpy as np
import pytest
import rioxarray  # noqa: F401  (gives .rio)
import xarray as xr

import eowidgets as eow
from eowidgets.render.blocks import MOST_BLOCKS, _middles, read_thinned, thinning, touched
from eowidgets.render.result import thin
from eowidgets.render.source import FrameSource


def raster(side, block, read=None):
    """A lazy raster whose pixels are their row, and a list of the blocks that were computed."""

    def rows(info):
        (top, bottom), (left, right) = info[None]["array-location"]
        read.append((top, left))
        return np.broadcast_to(np.arange(top, bottom, dtype="float32")[:, None], (bottom - top, right - left))

    read = [] if read is None else read
    sizes = (block,) * (side // block)
    data = da.map_blocks(
        lambda block_info=None: rows(block_info),
        chunks=(sizes, sizes),
        dtype="float32",
        meta=np.zeros((0, 0), "float32"),
    )
    cube = xr.Dataset(
        {"dem": (("y", "x"), data, {"units": "m"})}, coords={"y": -1.0 * np.arange(side), "x": 1.0 * np.arange(side)}
    )
    return cube.assign_coords(y=cube.y + 6e6, x=cube.x + 4e5).rio.write_crs(32633)


def test_a_raster_of_very_many_pixels_is_shown_by_a_bounded_read():
    read = []
    cube = raster(400_000, 2000, read)  # 1.6e11 pixels in 40 000 blocks of 16 MB
    began = time.monotonic()
    source = FrameSource(cube)
    picture = source.values("dem", slice(None), source.coarse)[0]
    assert time.monotonic() - began < 60
    assert picture.shape == source.coarse.shape
    assert 0 < len(set(read)) <= MOST_BLOCKS
    rows = np.arange(picture.shape[0]) * source.coarse.stride
    # A pixel of the picture is within the pixels that one read pixel stands for.
    assert np.abs(picture[:, 0] - rows).max() <= source.thinned**0.5
    assert source.head()["thinned"] == source.thinned > source.coarse.stride**2


@pytest.mark.parametrize("stride", [1, 3, 10])
@pytest.mark.parametrize("limit", [1, 4, 9, 10_000])
def test_thinned_windows_have_the_shape_and_nearly_the_values_of_the_whole(monkeypatch, stride, limit):
    monkeypatch.setattr("eowidgets.render.blocks.MOST_BLOCKS", limit)
    cube = raster(120, 10)  # in blocks of 400 bytes
    at = (slice(3, 117, stride), slice(0, 120, stride))
    exact = cube.dem.isel(y=at[0], x=at[1]).values
    found = read_thinned(cube.dem, *at)
    assert found.shape == exact.shape
    factor = thinning(cube.dem, *at)
    assert np.abs(found - exact).max() <= factor * stride
    if limit == 10_000:
        np.testing.assert_array_equal(found, exact)
    else:
        assert factor > 1
        assert touched(cube.dem, slice(3, 117, stride * factor), slice(0, 120, stride * factor)) <= limit


def test_large_blocks_are_read_in_smaller_number(monkeypatch):
    monkeypatch.setattr("eowidgets.render.blocks.MOST_BYTES", 4000)
    cube = raster(120, 10)
    factor = thinning(cube.dem, slice(0, 120), slice(0, 120))
    assert touched(cube.dem, slice(0, 120, factor), slice(0, 120, factor)) <= 10
    monkeypatch.setattr("eowidgets.render.blocks.MOST_BYTES", 1)
    assert read_thinned(cube.dem, slice(0, 120), slice(0, 120)).shape == (120, 120)  # one block must do


def test_blocks_are_counted_as_they_are_read():
    cube = raster(120, 10)
    for rows, columns in (
        (slice(0, 120), slice(0, 120)),
        (slice(5, 120, 50), slice(0, 30)),
        (slice(7, 8), slice(7, 8)),
    ):
        read = []
        raster(120, 10, read).dem.isel(y=rows, x=columns).compute(scheduler="single-threaded")
        assert touched(cube.dem, rows, columns) == len(set(read))
    assert touched(cube.dem.compute(), slice(None), slice(None)) == 0


def test_a_cube_in_memory_and_a_usual_lazy_one_are_not_thinned(make_cube):
    for cube in (make_cube(height=600, width=700), make_cube(height=600, width=700).chunk({"y": 100, "x": 100})):
        assert FrameSource(cube).thinned == 1
        assert thin(cube).sizes == cube.sizes


def test_viewer_and_map_of_a_huge_raster(tmp_path):
    cube = raster(400_000, 2000)
    viewer = eow.TimeViewer(cube)
    assert viewer.head["sources"][0]["thinned"] > 1
    area_map = eow.AreaMap(cube)
    assert max(area_map.frames.sources["cube"].cube.sizes.values()) <= 64
    west, south, east, north = cube.eow.bounds
    part = (
        west + 0.4 * (east - west),
        south + 0.4 * (north - south),
        west + 0.6 * (east - west),
        south + 0.6 * (north - south),
    )
    from eowidgets.render.feed import _window_of

    window, inside = _window_of(viewer.sources["cube"], part)
    assert inside.size <= 5e6
    assert 0.5 < inside.mean() <= 1
    assert window.shape == inside.shape


def test_a_sparse_geotiff_of_a_million_by_a_million_pixels_is_shown(tmp_path):
    import rasterio
    from rasterio.transform import from_origin

    path = tmp_path / "huge_20200601.tif"
    options = {
        "driver": "GTiff",
        "width": 1_000_000,
        "height": 1_000_000,
        "count": 1,
        "dtype": "uint8",
        "sparse_ok": True,
    }
    with rasterio.open(
        path,
        "w",
        crs=32633,
        transform=from_origin(4e5, 6e6, 1, 1),
        tiled=True,
        blockxsize=4096,
        blockysize=4096,
        bigtiff="YES",
        **options,
    ) as file:
        file.write(np.full((1, 4096, 4096), 7, "uint8"), window=rasterio.windows.Window(0, 0, 4096, 4096))
        file.set_band_description(1, "elevation")
    opened = xr.open_dataset(path, engine="rasterio", chunks={"x": 4096, "y": 4096})["band_data"].isel(
        band=0, drop=True
    )
    cube = opened.to_dataset(name="elevation")
    began = time.monotonic()
    viewer = eow.TimeViewer(cube)
    source = viewer.sources["cube"]
    assert source.values("elevation", slice(None), source.coarse).shape[1:] == source.coarse.shape
    assert source.thinned > 1
    assert time.monotonic() - began < 60


@pytest.mark.parametrize(
    ("at", "factor", "count", "read"),
    [
        (slice(0, 100, 2), 5, 50, [4 + 10 * i for i in range(10)]),  # the third of every five samples
        (slice(10, 110, 1), 4, 100, [12 + 4 * i for i in range(25)]),
        (slice(0, 7, 1), 4, 7, [2, 6]),
        (slice(0, 5, 1), 4, 5, [0, 4]),  # the last group has one sample only
        (slice(3, 4, None), 6, 1, [3]),
    ],
)
def test_each_group_of_samples_is_read_in_its_middle(at, factor, count, read):
    assert list(range(200))[_middles(at, factor, count)] == read
