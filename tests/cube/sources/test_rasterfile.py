"""Kinds of raster: rotated, located by points, masked, with palettes, complex, very large."""

import time

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.control import GroundControlPoint
from rasterio.enums import ColorInterp
from support.rasters import flat, write

import eowidgets as eow
from eowidgets.errors import InputError, SourceError


def ramp(side=20):
    return np.arange(side * side, dtype="uint16").reshape(side, side) + 1000


@pytest.mark.parametrize("angle", [30, 90, -10])
def test_a_rotated_raster_is_resampled_to_the_north(tmp_path, angle):
    place = Affine.translation(500_000, 5_000_000) * Affine.rotation(angle) * Affine.scale(10, -10)
    path = write(tmp_path / "r_20200630.tif", ramp(), transform=place, names=("red",))
    with pytest.warns(UserWarning, match="is rotated"):
        cube = eow.open(path, sensor="sentinel2-l2a")
    x, y = place * (5.5, 12.5)
    found = float(cube.red[0].sel(x=x, y=y, method="nearest"))
    assert found == pytest.approx(ramp()[12, 5] * 1e-4, abs=0.0045)  # within two rows of the place
    assert 0.3 < float(cube.valid.mean()) <= 1


def test_a_raster_located_by_ground_control_points(tmp_path):
    path = write(
        tmp_path / "g_20200630.tif", flat(1500, side=20), crs=None, transform=Affine.identity(), names=("red",)
    )
    corners = [(0, 0, 500000, 5000000), (0, 20, 500200, 5000010), (20, 0, 499990, 4999800), (20, 20, 500190, 4999810)]
    with rasterio.open(path, "r+") as file:
        file.gcps = ([GroundControlPoint(*c) for c in corners], rasterio.crs.CRS.from_epsg(32633))
    with pytest.warns(UserWarning, match="ground control points"):
        cube = eow.open(path, sensor="sentinel2-l2a")
    assert float(cube.red.median()) == pytest.approx(0.15)
    assert abs(float(cube.x.mean()) - 500095) < 10
    assert 0.8 < float(cube.valid.mean()) < 1


def test_rows_from_south_to_north(tmp_path):
    place = Affine(10, 0, 500_000, 0, 10, 5_000_000)
    cube = eow.open(
        write(tmp_path / "s_20200630.tif", ramp(6), transform=place, names=("red",)), sensor="sentinel2-l2a"
    )
    assert float(cube.y[0]) > float(cube.y[-1])
    np.testing.assert_allclose(cube.red[0], ramp(6)[::-1] * 1e-4, rtol=1e-6)


def test_without_place_or_crs(tmp_path):
    nowhere = write(tmp_path / "a_20200630.tif", flat(1500), crs=None)
    with pytest.raises(InputError, match="no CRS: assign one"):
        eow.open(nowhere)
    unplaced = write(tmp_path / "b_20200630.tif", flat(1500), transform=Affine.identity())
    with pytest.raises(InputError, match="no location"):
        eow.open(unplaced)


RGB = [ColorInterp.red, ColorInterp.green, ColorInterp.blue]


def test_alpha_is_validity(tmp_path):
    alpha = np.where(np.arange(36).reshape(6, 6) < 18, 0, 255).astype("uint8")
    path = write(tmp_path / "a_20200630.tif", [*[flat(100, "uint8")] * 3, alpha], colors=[*RGB, ColorInterp.alpha])
    with pytest.warns(UserWarning, match="8 bits"):
        cube = eow.open(path)
    assert set(cube.eow.bands) == {"red", "green", "blue"}
    np.testing.assert_array_equal(cube.valid[0], alpha > 0)


def test_names_given_for_four_layers_make_the_fourth_a_band(tmp_path):
    layers = [flat(v, "uint8") for v in (50, 100, 150, 0)]
    path = write(tmp_path / "a_20200630.tif", layers, colors=[*RGB, ColorInterp.alpha])
    with pytest.warns(UserWarning, match="8 bits"):
        cube = eow.open(path, bands=["red", "green", "blue", "nir"])
    assert cube.valid.all()
    assert float(cube.nir.max()) == 0


@pytest.mark.parametrize("inside", [True, False])
def test_masks_of_the_file(tmp_path, inside):
    path = write(tmp_path / "m_20200630.tif", flat(1500), names=("red",))
    seen = np.arange(36).reshape(6, 6) < 9
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=inside), rasterio.open(path, "r+") as file:
        file.write_mask(seen)
    assert (tmp_path / "m_20200630.tif.msk").exists() is not inside
    cube = eow.open(path, sensor="sentinel2-l2a")
    np.testing.assert_array_equal(cube.valid[0], seen)
    np.testing.assert_array_equal(eow.open(tmp_path, sensor="sentinel2-l2a").valid[0], seen)


def test_a_palette_makes_classes(tmp_path):
    path = write(tmp_path / "p_20200630.tif", np.array([[1, 2], [2, 0]], "uint8"), nodata=0)
    with rasterio.open(path, "r+") as file:
        file.write_colormap(1, {1: (255, 0, 0, 255), 2: (0, 128, 0, 255)})
    cube = eow.open(path)
    values = cube["value"]
    assert values.dtype == "uint8"
    np.testing.assert_array_equal(values[0], [[1, 2], [2, 0]])
    assert list(values.attrs["flag_values"]) == [1, 2]
    assert values.attrs["colors"] == "#ff0000 #008000"
    np.testing.assert_array_equal(cube.valid[0], [[True, True], [True, False]])


@pytest.mark.parametrize("dtype", ["complex64", "complex128", "complex_int16"])
def test_complex_radar_becomes_amplitude(tmp_path, dtype):
    values = np.full((6, 6), 3 + 4j, "complex64" if dtype == "complex_int16" else dtype)
    options = {"dtype": dtype} if dtype == "complex_int16" else {}
    path = tmp_path / "slc_20200630.tif"
    if options:
        profile = {"count": 1, "height": 6, "width": 6, "crs": "EPSG:32633", "dtype": "complex_int16"}
        with rasterio.open(path, "w", driver="GTiff", transform=Affine(10, 0, 5e5, 0, -10, 5e6), **profile) as file:
            file.write(values, 1)
            file.descriptions = ("VV",)
    else:
        write(path, values, names=("VV",))
    with pytest.warns(UserWarning, match="amplitude"):
        cube = eow.open(path)
    assert (float(cube.vv.median()), cube.vv.attrs["quantity"]) == (5.0, "amplitude")


@pytest.mark.parametrize("fill", [-9999, -32768])
def test_numbers_that_mark_missing_data_without_a_declaration(tmp_path, fill):
    values = flat(1600, "int16")
    values[0, 0] = fill
    with pytest.warns(UserWarning, match=f"{fill}, which its source does not declare"):
        layer = eow.open(write(tmp_path / "dem.tif", values))
    assert np.isnan(layer.dem[0, 0])
    assert not layer.valid[0, 0]
    assert float(layer.dem.median()) == 1600


def test_a_very_large_raster_opens_lazily_and_quickly(tmp_path):
    path, side = tmp_path / "big_20190101.tif", 1_000_000
    profile = {"count": 1, "height": side, "width": side, "dtype": "uint8", "crs": "EPSG:32635", "compress": "deflate"}
    blocks = {"tiled": True, "blockxsize": 4096, "blockysize": 4096, "SPARSE_OK": True, "BIGTIFF": "YES"}
    with rasterio.open(path, "w", driver="GTiff", transform=Affine(10, 0, 5e5, 0, -10, 5e6), **profile, **blocks):
        pass
    start = time.perf_counter()
    with pytest.warns(UserWarning, match="opened lazily"):
        cube = eow.open(path)
    assert time.perf_counter() - start < 10  # a second on an idle machine
    assert cube["value"].shape == (1, side, side)
    assert float(cube["value"][0, 5000:5010, 7000:7010].max()) == 0


def test_files_that_are_not_rasters(tmp_path):
    (tmp_path / "a_20200630.tif").write_bytes(b"II*\x00" + bytes(20))
    with pytest.raises(SourceError, match="cannot be read as a raster"):
        eow.open(tmp_path / "a_20200630.tif")
    (tmp_path / "b.docx").write_text("text")
    with pytest.raises(InputError, match="'b.docx' is not a file that can be opened"):
        eow.open(tmp_path / "b.docx")
