import numpy as np
import pytest

import eowidgets as eow
from eowidgets.errors import InputError


def test_a_file_for_each_date(make_cube, tmp_path):
    cube = make_cube(dates=3)[["red", "nir"]]
    for i in range(3):
        cube.isel(time=[i]).to_netcdf(tmp_path / f"x_{2 - i}.nc")
    for source in (tmp_path, f"{tmp_path}/*.nc"):
        np.testing.assert_allclose(eow.open(source).red, cube.red)


def test_files_with_dates_in_their_names_only(make_cube, tmp_path):
    cube = make_cube(dates=2)[["red"]]
    for i, day in enumerate(("20200105", "20200216")):
        cube.isel(time=i, drop=True).to_netcdf(tmp_path / f"x_{day}.nc")
    assert [str(t)[:10] for t in eow.open(tmp_path).time.values] == ["2020-01-05", "2020-02-16"]


def test_a_file_for_each_variable(make_cube, tmp_path):
    cube = make_cube(dates=3)
    for name in ("red", "nir"):
        cube[[name]].to_netcdf(tmp_path / f"{name}.nc")
    opened = eow.open(tmp_path)
    assert set(opened.eow.bands) == {"red", "nir"}
    np.testing.assert_allclose(opened.nir, cube.nir)


def test_a_file_for_each_tile(make_cube, tmp_path):
    cube = make_cube(dates=2)[["red"]]
    cube.isel(x=slice(0, 4)).to_netcdf(tmp_path / "a.nc")
    cube.isel(x=slice(4, None)).to_netcdf(tmp_path / "b.nc")
    np.testing.assert_allclose(eow.open(tmp_path).red, cube.red)


def test_dates_that_lack_a_band(make_cube, tmp_path):
    cube = make_cube(dates=2, clouds=0)[["red", "nir"]]
    cube.isel(time=[0]).to_netcdf(tmp_path / "a.nc")
    cube.isel(time=[1])[["red"]].to_netcdf(tmp_path / "b.nc")
    with pytest.warns(UserWarning, match="lack bands, which are NaN there: nir"):
        opened = eow.open(tmp_path)
    assert np.isnan(opened.nir[1]).all()
    assert opened.valid[1].all()


def test_files_that_do_not_fit_together(make_cube, tmp_path):
    make_cube(dates=1).to_netcdf(tmp_path / "a.nc")
    make_cube(dates=1, crs="EPSG:32636").to_netcdf(tmp_path / "b.nc")
    with pytest.raises(InputError, match="do not fit together.*several CRS"):
        eow.open(tmp_path)


def test_a_file_in_it_that_cannot_be_a_cube_is_named(make_cube, tmp_path):
    make_cube(dates=1).to_netcdf(tmp_path / "a.nc")
    make_cube(dates=1).drop_vars("spatial_ref").to_netcdf(tmp_path / "b.nc")
    with pytest.raises(InputError, match="'b.nc': The data have no CRS"):
        eow.open(tmp_path)
