"""Exports lie where the cube lies, for GDAL, rioxarray, odc-geo and plain xarray alike."""

import numpy as np
import odc.geo.xr  # noqa: F401
import pytest
import rasterio
import rioxarray
import xarray as xr

import eowidgets as eow
from eowidgets.cube.grid import georeference

GRIDS = {"EPSG:32633": (5e5, 5e6, 10.0), "EPSG:4326": (15.0, 45.0, 0.001), "EPSG:3035": (4.3e6, 3.2e6, 20.0)}


def marked(crs="EPSG:32633", *, south_up=False, east_first=False, mapping="spatial_ref"):
    """A cube of 12 x 9 pixels with one bright pixel, and where its centre is."""
    left, top, size = GRIDS[crs]
    y, x = top - size * (np.arange(12) + 0.5), left + size * (np.arange(9) + 0.5)
    values = np.zeros((2, 12, 9), "float32")
    values[:, 4, 6] = 0.5
    time = np.array(["2020-01-01", "2020-02-01"], "datetime64[ns]")
    cube = xr.Dataset({"red": (("time", "y", "x"), values)}, coords={"time": time, "y": y, "x": x})
    cube = cube.rio.write_crs(crs, grid_mapping_name=mapping).rio.write_transform(grid_mapping_name=mapping)
    return cube.isel(y=slice(None, None, -1 if south_up else 1), x=slice(None, None, -1 if east_first else 1)), (
        x[6],
        y[4],
    )


def brightest(values):
    return np.unravel_index(np.nanargmax(values), values.shape)


def places(cube, folder):
    """Where each reader finds the bright pixel in each export."""
    cube.eow.to_netcdf(folder / "a.nc")
    cube.eow.to_geotiff(folder / "a.tif")
    cube.eow.to_zarr(folder / "a.zarr")
    for name in (f"netcdf:{folder}/a.nc:red", folder / "a.tif"):
        with rasterio.open(name) as file:
            yield f"GDAL {name}", file.xy(*brightest(file.read(1))), file.crs
    array = rioxarray.open_rasterio(folder / "a.tif")
    row, column = brightest(array[0].values)
    yield "rioxarray", (float(array.x[column]), float(array.y[row])), array.rio.crs
    for name, engine in (("a.nc", "netcdf4"), ("a.zarr", "zarr")):
        with xr.open_dataset(folder / name, engine=engine, decode_coords="all") as back:
            row, column = brightest(back.red[0].values)
            yield f"xarray {name}", (float(back.x[column]), float(back.y[row])), back.rio.crs
            yield f"rioxarray {name}", back.rio.transform() * (column + 0.5, row + 0.5), back.rio.crs
            yield f"odc-geo {name}", back.odc.geobox.pix2wld(column + 0.5, row + 0.5), back.rio.crs


CUTS = {
    "whole": lambda c: c,
    "isel": lambda c: c.isel(x=slice(2, 8), y=slice(2, 11)),
    "thin": lambda c: c.isel(x=slice(0, None, 2), y=slice(1, None, 3)),
    "sel": lambda c: c.sel(x=c.x[5:8], y=c.y[3:6]),
    "flipped": lambda c: c.isel(x=slice(None, None, -1), y=slice(None, None, -1)),
    "one pixel": lambda c: c.isel(x=[6], y=[4]),
    "one column": lambda c: c.isel(x=[6]),
}


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("crs", GRIDS)
def test_a_part_lies_where_it_was_cut(tmp_path, crs, cut):
    cube, at = marked(crs)
    for reader, place, found in places(CUTS[cut](eow.open(cube)), tmp_path):
        np.testing.assert_allclose(place, at, rtol=1e-10, err_msg=reader)
        assert found == rasterio.CRS.from_user_input(crs), reader


@pytest.mark.parametrize("via_open", [False, True])
@pytest.mark.parametrize("mapping", ["spatial_ref", "crs", "transverse_mercator"])
@pytest.mark.parametrize(
    "orientation", [{"south_up": True}, {"east_first": True}, {"south_up": True, "east_first": True}]
)
def test_orientation_and_name_of_the_mapping_do_not_matter(tmp_path, orientation, mapping, via_open):
    cube, at = marked(mapping=mapping, **orientation)
    cube = eow.open(cube) if via_open else cube
    for reader, place, found in places(cube.isel(y=slice(1, 11)), tmp_path):
        np.testing.assert_allclose(place, at, rtol=1e-10, err_msg=reader)
        assert found.to_epsg() == 32633, reader
    with xr.open_dataset(tmp_path / "a.nc", decode_coords=False) as raw:
        assert raw["red"].attrs["grid_mapping"] == "spatial_ref"
        assert not {"crs", "transverse_mercator"} & set(raw.variables)


def test_clip_and_bbox_recompute_the_transform(tmp_path):
    cube = eow.open(marked()[0])
    west, south, east, north = cube.eow.bounds
    box = (west + (east - west) / 3, south, east, north - (north - south) / 4)
    for part in (cube.eow.clip(box), eow.open(marked()[0], bbox=box)):
        noted = part.spatial_ref.attrs["GeoTransform"].split()
        assert float(noted[0]) == float(part.x[0]) - 5
        assert float(noted[3]) == float(part.y[0]) + 5


def test_encodings_of_the_source_are_dropped(tmp_path):
    eow.open(marked()[0]).eow.to_zarr(tmp_path / "a.zarr")
    back = eow.open(tmp_path / "a.zarr")
    assert all(set(v.encoding) <= {"grid_mapping"} for v in back.variables.values())
    back.to_zarr(tmp_path / "v2.zarr", zarr_format=2)  # chunks and codecs of v3 would be refused here
    assert georeference(back).rio.crs == back.rio.crs


@pytest.mark.parametrize("out", ["zarr", "tif", "nc"])
@pytest.mark.parametrize("source", ["zarr", "tif", "nc"])
def test_a_model_runs_on_every_export_into_every_format(tmp_path, source, out):
    cube = eow.open(marked()[0])
    getattr(cube.eow, {"zarr": "to_zarr", "tif": "to_geotiff", "nc": "to_netcdf"}[source])(tmp_path / f"in.{source}")
    result = eow.run("fill-linear", eow.open(tmp_path / f"in.{source}"), out=tmp_path / f"r.{out}")
    np.testing.assert_allclose(result.red, cube.red, atol=1e-6)
    assert result.odc.geobox == cube.odc.geobox


def test_a_model_runs_on_one_pixel_with_a_known_size(tmp_path):
    result = eow.run("fill-linear", eow.open(marked()[0]).isel(x=[3], y=[3]), out=tmp_path / "r.tif")
    assert result.sizes["x"] == result.sizes["y"] == 1
    assert result.rio.transform().a == 10
