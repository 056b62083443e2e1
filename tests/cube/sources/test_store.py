import shutil

import numpy as np
import pytest

import eowidgets as eow
from eowidgets.errors import InputError, SourceError


@pytest.mark.parametrize("zipped", [False, True])
def test_pickles_in_a_store_are_refused_before_they_are_read(make_cube, tmp_path, zipped):
    store = tmp_path / "a.zarr"
    make_cube().drop_encoding().to_zarr(store, zarr_format=2, consolidated=False)
    meta = store / "time" / ".zarray"
    meta.write_text(meta.read_text().replace('"filters": null', '"filters": [{"id": "pickle"}]'))
    assert "pickle" in meta.read_text()
    if zipped:
        shutil.make_archive(str(store), "zip", store)
        store = tmp_path / "a.zarr.zip"
    with pytest.raises(InputError, match="pickled Python objects"):
        eow.open(store)


def test_names_of_latitude_and_longitude_in_a_large_file(make_cube, tmp_path, monkeypatch):
    cube = make_cube()[["red", "nir"]].rename(y="lat", x="lon")
    cube.drop_encoding().to_netcdf(tmp_path / "a.nc")
    monkeypatch.setattr("eowidgets.cube.open.EAGER", 10)
    opened = eow.open(tmp_path / "a.nc")
    assert opened.red.chunks
    np.testing.assert_allclose(opened.red, cube.red)


def test_latitude_and_longitude_without_crs_are_degrees(make_cube):
    cube = make_cube()[["red", "nir"]].drop_vars("spatial_ref")
    lat, lon = 45 - 0.001 * np.arange(8), 22 + 0.001 * np.arange(9)
    opened = eow.open(cube.assign_coords(y=lat, x=lon).rename(y="latitude", x="longitude"))
    assert opened.rio.crs.to_epsg() == 4326
    with pytest.raises(InputError, match="no CRS"):
        eow.open(cube.rename(y="latitude", x="longitude"))  # metres, whatever they are called


def test_pixels_damaged_behind_a_good_header(romania, tmp_path):
    romania.eow.to_netcdf(tmp_path / "a.nc")
    data = bytearray((tmp_path / "a.nc").read_bytes())
    data[len(data) // 2 : len(data) // 2 + 5000] = bytes(5000)
    (tmp_path / "a.nc").write_bytes(data)
    with pytest.raises(SourceError, match="may be incomplete"):
        eow.open(tmp_path / "a.nc")
