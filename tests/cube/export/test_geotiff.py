import errno
import json
import os

import numpy as np
import pytest
import rasterio
import xarray as xr

from eowidgets.cube import export
from eowidgets.cube.export import place
from eowidgets.errors import InputError, SourceError


def left(folder):
    return sorted(p.name for p in folder.iterdir())


def test_geotiff_is_a_cog_with_named_layers(make_cube, tmp_path):
    cube = make_cube(dates=3, height=30, width=40)
    cube["valid"][1, :5] = False
    path = export.to_geotiff(cube, tmp_path / "cube.tif")
    with rasterio.open(path) as file:
        assert file.descriptions[:3] == ("red 2020-01-03", "nir 2020-01-03", "red 2020-01-14")
        assert file.count == 6
        assert file.crs.to_epsg() == 32635
        assert file.tags()["title"] == "made up"
        assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert json.loads(file.tags()["EOWIDGETS"])["bands"] == ["red", "nir"]
        values = file.read(3, masked=True)
        assert values.mask[:5].all()
        assert not values.mask[5:].any()
        restored = values * file.scales[2] + file.offsets[2]
    np.testing.assert_allclose(restored[5:], cube.red[1, 5:], atol=5.1e-5)
    assert left(tmp_path) == ["cube.json", "cube.qml", "cube.tif", "cube_quality.tif"]


def test_wide_ranges_keep_their_floats(make_cube, tmp_path):
    cube = make_cube()
    cube["height"] = (("y", "x"), np.linspace(0, 2500, 72, dtype="float32").reshape(8, 9))
    path = export.to_geotiff(cube, tmp_path / "cube.tif")
    with rasterio.open(path) as file:
        assert file.dtypes[0] == "float32"
        assert file.descriptions[-1] == "height"
        np.testing.assert_array_equal(file.read(file.count), cube.height)


@pytest.mark.parametrize("ending", ["nc", "zarr"])
def test_netcdf_and_zarr_come_back(make_cube, tmp_path, ending):
    cube = make_cube()
    cube["red"][0, 0, 0] = np.nan
    path = getattr(export, f"to_{'netcdf' if ending == 'nc' else 'zarr'}")(cube, tmp_path / f"cube.{ending}")
    engine = "netcdf4" if ending == "nc" else "zarr"
    with xr.open_dataset(path, engine=engine, decode_coords="all") as back:
        np.testing.assert_allclose(back.red, cube.red, atol=5.1e-5)
        np.testing.assert_array_equal(back.clouds, cube.clouds)
        assert back.rio.crs == cube.rio.crs
        assert back.attrs["title"] == "made up"
    assert left(tmp_path) == [f"cube.{ending}"]


def test_existing_files_are_replaced_whole(make_cube, tmp_path):
    for name, write in (("a.tif", export.to_geotiff), ("a.nc", export.to_netcdf), ("a.zarr", export.to_zarr)):
        write(make_cube(seed=1), tmp_path / name)
        write(make_cube(seed=2), tmp_path / name)
    with xr.open_dataset(tmp_path / "a.zarr", engine="zarr") as back:
        np.testing.assert_allclose(back.red, make_cube(seed=2).red, atol=5.1e-5)
    assert left(tmp_path) == ["a.json", "a.nc", "a.qml", "a.tif", "a.zarr", "a_quality.tif"]


@pytest.mark.parametrize(("name", "write"), [("a.tif", "to_geotiff"), ("a.nc", "to_netcdf"), ("a.zarr", "to_zarr")])
def test_full_disk_leaves_the_old_file_and_nothing_else(make_cube, tmp_path, monkeypatch, name, write):
    function = getattr(export, write)
    function(make_cube(), tmp_path / name)
    before = left(tmp_path)

    real = rasterio.open

    def full(*args, **kwargs):
        if args[1:] == ("r",) or args[1:] == ():
            return real(*args, **kwargs)
        raise OSError(errno.ENOSPC, "No space left on device")

    def full_store(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(xr.Dataset, "to_netcdf", full_store)
    monkeypatch.setattr(xr.Dataset, "to_zarr", full_store)
    monkeypatch.setattr(rasterio, "open", full)
    with pytest.raises(SourceError, match="disk is full: make room"):
        function(make_cube(), tmp_path / name)
    assert left(tmp_path) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_read_only_folder(make_cube, tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(SourceError, match="read-only"):
        export.to_geotiff(make_cube(), tmp_path / "a.tif")


def test_read_only_folder_is_said(make_cube, tmp_path, monkeypatch):
    monkeypatch.setattr(place.os, "access", lambda *_: False)
    with pytest.raises(SourceError, match="read-only: choose another"):
        export.to_geotiff(make_cube(), tmp_path / "a.tif")


def test_bad_names(make_cube, tmp_path):
    with pytest.raises(InputError, match=r"must end in \.tif or \.tiff"):
        export.to_geotiff(make_cube(), tmp_path / "a.jpg")
    with pytest.raises(InputError, match="There is no folder"):
        export.to_netcdf(make_cube(), tmp_path / "no" / "a.nc")
    with pytest.raises(InputError, match="no band to write"):
        export.to_geotiff(make_cube()[["spatial_ref"]], tmp_path / "a.tif")


def test_a_store_that_cannot_be_moved_into_place_leaves_the_old_one(make_cube, tmp_path, monkeypatch):
    path = export.to_zarr(make_cube(seed=1), tmp_path / "a.zarr")
    rename = type(path).rename

    def fails_once(self, target):
        if self.name == "a.zarr" and self.parent != tmp_path:
            raise OSError(errno.EACCES, "Permission denied")
        return rename(self, target)

    monkeypatch.setattr(place, "exchange", lambda *_: False)  # a system that cannot exchange two folders in one step
    monkeypatch.setattr(type(path), "rename", fails_once)
    with pytest.raises(SourceError, match="could not be written: .*Permission denied"):
        export.to_zarr(make_cube(seed=2), path)
    assert left(tmp_path) == ["a.zarr"]
    with xr.open_dataset(path, engine="zarr") as back:
        np.testing.assert_allclose(back.red, make_cube(seed=1).red, atol=5.1e-5)


@pytest.mark.parametrize("ending", ["tif", "nc", "zarr"])
def test_an_interrupted_write_leaves_nothing(make_cube, tmp_path, monkeypatch, ending):
    def stop(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(xr.Dataset, "to_netcdf", stop)
    monkeypatch.setattr(xr.Dataset, "to_zarr", stop)
    monkeypatch.setattr(rasterio, "open", stop)
    write = {"tif": export.to_geotiff, "nc": export.to_netcdf, "zarr": export.to_zarr}[ending]
    with pytest.raises(KeyboardInterrupt):
        write(make_cube(), tmp_path / f"a.{ending}")
    assert left(tmp_path) == []


@pytest.mark.parametrize("ending", ["tif", "nc", "zarr"])
def test_what_is_written_opens_as_the_same_cube(romania, tmp_path, ending):
    import eowidgets as eow

    cube = romania.isel(time=slice(60, 64))
    write = {"tif": export.to_geotiff, "nc": export.to_netcdf, "zarr": export.to_zarr}[ending]
    back = eow.open(write(cube, tmp_path / f"a.{ending}"))
    assert back.eow.bands == cube.eow.bands
    np.testing.assert_array_equal(back.time, cube.time)
    np.testing.assert_allclose(back.x, cube.x, atol=1e-6)
    for band in cube.eow.bands:
        np.testing.assert_allclose(back[band], cube[band], atol=5.1e-5)
    np.testing.assert_array_equal(back.tree_cover, cube.tree_cover)
    assert back.odc.geobox.crs == cube.odc.geobox.crs
    assert back.attrs["title"] == cube.attrs["title"]
    np.testing.assert_array_equal(back.clouds, cube.clouds)
    np.testing.assert_array_equal(back.scl, cube.scl)


def class_map(cube, **attrs):
    values = np.arange(72, dtype="uint8").reshape(8, 9) % 3
    values[0, 0] = 255
    legend = {"flag_values": np.array([0, 1, 2], "uint8"), "flag_meanings": "water open_land forest"}
    return (
        cube[["valid"]]
        .isel(time=0, drop=True)
        .assign(
            cover=(("y", "x"), values, {"role": "result", "colors": "#0000ff #e69f00 #009e73", **legend, **attrs}),
            cover_probability=(("y", "x"), np.full((8, 9), 0.75, "float32"), {"role": "result"}),
        )
    )


def test_class_maps_are_whole_numbers_with_a_colour_table(make_cube, tmp_path):
    result = class_map(make_cube())
    path = export.to_geotiff(result, tmp_path / "cover.tif")
    with rasterio.open(path) as file:
        assert (file.dtypes, file.nodata, file.count) == (("uint8",), 255, 1)
        np.testing.assert_array_equal(file.read(1), result.cover)
        assert file.colormap(1)[1] == (0xE6, 0x9F, 0x00, 255)
        assert file.colormap(1)[255][3] == 0
        assert file.tags(1)["flag_meanings"] == "water open_land forest"
    with rasterio.open(tmp_path / "cover_probability.tif") as file:
        np.testing.assert_allclose(file.read(1) * file.scales[0], 0.75)
    assert left(tmp_path) == ["cover.qml", "cover.tif", "cover_probability.tif", "cover_quality.tif"]


def test_a_colour_that_is_none_leaves_the_table_out(make_cube, tmp_path):
    result = class_map(make_cube(), colors="red green; blue")
    with rasterio.open(export.to_geotiff(result, tmp_path / "cover.tif")) as file:
        assert file.dtypes == ("uint8",)
        with pytest.raises(ValueError, match="color table"):
            file.colormap(1)


def test_classes_beside_numbers_become_floats_without_a_class_255(make_cube, tmp_path):
    result = class_map(make_cube()).rename(cover_probability="magnitude")
    with rasterio.open(export.to_geotiff(result, tmp_path / "change.tif")) as file:
        assert set(file.dtypes) == {"float32"}
        assert np.isnan(file.read(1)[0, 0])
