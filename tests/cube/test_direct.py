"""Windows that are read past dask are those that dask computes."""

import numpy as np
import pytest
import rasterio
import rioxarray  # noqa: F401  (accessor)
from rasterio.enums import Resampling
from rasterio.transform import from_origin

import eowidgets as eow
from eowidgets.cube.direct import Cells, Superseded, checkpoint, direct, unless

BLOCKS = {"x": 64, "y": 64}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    target = tmp_path_factory.mktemp("files")
    rng = np.random.default_rng(5)
    options = {
        "driver": "GTiff", "dtype": "uint16", "count": 2, "width": 160, "height": 128, "nodata": 0, "crs": "EPSG:32634",
        "transform": from_origin(6e5, 5e6, 10, 10), "tiled": True, "blockxsize": 64, "blockysize": 64, "interleave": "band",
    }  # fmt: skip
    for day in ("20210105", "20210205", "20210305"):
        with rasterio.open(target / f"s_{day}.tif", "w", **options) as raster:
            raster.descriptions, raster.scales = ("red", "nir"), (1e-4, 1e-4)
            raster.write(rng.integers(0, 6000, (2, 128, 160)).astype("uint16"))
            raster.build_overviews([2, 4], Resampling.average)
    return target


@pytest.fixture
def cube(folder):
    return eow.open(folder, chunks=BLOCKS)


def test_a_window_has_the_values_that_dask_computes(cube):
    for name in ("red", "nir", "clouds"):
        found = direct(cube[name]).read(1, Cells(7, 30, 100, 60))
        np.testing.assert_array_equal(found, cube[name].values[1, 30:90, 7:107])
        assert found.dtype == cube[name].dtype


def test_dates_and_a_part_that_were_cut_out_are_found(cube):
    part = cube[["nir"]].isel(time=[0, 2], x=slice(20, 140)).isel(y=slice(5, 90))
    np.testing.assert_array_equal(direct(part.nir).read(1, Cells(3, 4, 50, 40)), part.nir.values[1, 4:44, 3:53])


def test_a_coarse_window_comes_from_the_overviews(cube, folder):
    with rasterio.open(folder / "s_20210205.tif", OVERVIEW_LEVEL=1) as raster:
        small = raster.read(1)
    found = direct(cube.red).read(1, Cells(0, 0, 40, 32, 4))
    np.testing.assert_allclose(found, np.where(small == 0, np.nan, small * np.float32(1e-4)), rtol=1e-6)
    assert direct(cube.red).cost(Cells(0, 0, 40, 32, 4)) == 40 * 32


def test_what_was_computed_or_is_strided_has_no_reader(cube):
    assert direct(cube.red * 2) is None
    assert direct(cube.red.isel(x=slice(None, None, 2))) is None
    assert direct(cube.red.isel(y=slice(None, None, -1))) is None
    assert direct(cube.red.load()) is None


def test_a_zarr_store_gives_the_values_in_the_middle_of_the_cells(cube, tmp_path):
    cube.load().drop_encoding().to_zarr(tmp_path / "s.zarr", zarr_format=2)
    store = eow.open(tmp_path / "s.zarr", chunks=BLOCKS)
    found = direct(store.nir).read(2, Cells(8, 16, 30, 20, 4))
    np.testing.assert_array_equal(found, cube.nir.values[2, 18:96:4, 10:128:4])


def test_a_read_stops_where_it_is_not_needed(cube):
    with unless(lambda: True), pytest.raises(Superseded):
        direct(cube.red).read(0, Cells(0, 0, 10, 10))
    checkpoint()
