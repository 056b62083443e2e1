import numpy as np
import pandas as pd
import pytest
import xarray as xr

import eowidgets as eow
from eowidgets.errors import InputError


@pytest.mark.parametrize("name", ["crs", "transverse_mercator", "grid"])
def test_a_grid_mapping_under_any_name_becomes_spatial_ref(make_cube, tmp_path, name):
    cube = make_cube().drop_vars("spatial_ref").rio.write_crs(32635, grid_mapping_name=name)
    cube.to_netcdf(tmp_path / "a.nc")
    for opened in (eow.open(cube), eow.open(tmp_path / "a.nc")):
        assert opened.rio.crs.to_epsg() == 32635
        assert opened.odc.geobox.crs.epsg == 32635
        assert name not in opened.variables


def degrees(**attrs):
    times = pd.date_range("2020-01-01", periods=3, freq="MS")
    axes = {"time": times, "latitude": np.arange(-5, 4, 0.5), "longitude": np.arange(0, 20, 0.5)}
    values = np.random.default_rng(0).random((3, 18, 40)).astype("float32")
    ds = xr.Dataset({"sst": (("time", "latitude", "longitude"), values, {"grid_mapping": "mapping"})}, axes)
    ds["mapping"] = xr.DataArray(0, attrs=attrs)
    return ds


@pytest.mark.parametrize(
    "attrs",
    [
        {"grid_mapping_name": "latitude_longitude", "earth_radius": 6371229.0},
        {"grid_mapping_name": "latitude_longitude", "semi_major_axis": 6378137.0, "inverse_flattening": 298.257223563},
        {"spatial_ref": "EPSG:4326"},
    ],
)
def test_cf_parameters_without_wkt(tmp_path, attrs):
    degrees(**attrs).to_netcdf(tmp_path / "a.nc")
    opened = eow.open(tmp_path / "a.nc")
    assert opened.rio.crs.is_geographic
    assert opened.sst.shape == (3, 18, 40)


def test_a_rotated_pole(tmp_path):
    ds = degrees(
        grid_mapping_name="rotated_latitude_longitude",
        grid_north_pole_latitude=39.25,
        grid_north_pole_longitude=-162.0,
    ).rename(latitude="rlat", longitude="rlon")
    assert eow.open(ds).odc.crs is not None


@pytest.mark.parametrize("crs", ["+init=epsg:32635", "EPSG:32635", 32635])
def test_a_crs_in_the_attributes(make_cube, crs):
    cube = make_cube().drop_vars("spatial_ref").assign_attrs(crs=crs)
    assert eow.open(cube).rio.crs.to_epsg() == 32635


def test_an_epsg_coordinate_as_stackstac_writes_it(make_cube):
    assert eow.open(make_cube().drop_vars("spatial_ref").assign_coords(epsg=32635)).rio.crs.to_epsg() == 32635


@pytest.mark.parametrize("crs", [None, "local grid", 999999])
def test_no_crs_at_all(make_cube, crs):
    cube = make_cube().drop_vars("spatial_ref").assign_attrs({} if crs is None else {"crs": crs})
    with pytest.raises(InputError, match="no CRS: set it"):
        eow.open(cube)


@pytest.mark.parametrize("part", [{"x": [0]}, {"y": [0]}, {"x": [3], "y": [4]}])
def test_one_row_one_column_one_pixel(make_cube, part):
    cube = eow.open(make_cube(dates=6).isel(part))
    assert cube.rio.crs.to_epsg() == 32635
