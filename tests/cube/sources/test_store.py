import json
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


def _store(make_cube, folder, zarr_format=2):
    cube = make_cube().assign_coords(item=("time", np.array(["a", "b", "c", "d"], object)))
    cube.drop_encoding().to_zarr(folder, zarr_format=zarr_format, consolidated=False)
    return cube


@pytest.mark.parametrize(
    "codec",
    [
        '[{"id": "pickle"}]',
        '[{"id": "pi\\u0063kle", "protocol": 5}]',
        '[{"\\u0069d": "pickle"}]',
        '[{"name": "numcodecs.pickle"}]',
        '[{"id": "shard", "configuration": {"codecs": [{"id": "bytes"}, {"id": "\\u0070ickle"}]}}]',
    ],
)
@pytest.mark.parametrize("where", ["item", "time", "deep/item"])
def test_disguised_pickles_are_refused_before_anything_is_decoded(make_cube, tmp_path, monkeypatch, codec, where):
    import xarray as xr

    store = tmp_path / "a.zarr"
    _store(make_cube, store)
    if where.startswith("deep"):
        _store(make_cube, store / "deep")
    meta = store / where / ".zarray"
    note = json.loads(meta.read_text())
    note["filters"] = "HERE"
    meta.write_text(json.dumps(note).replace('"HERE"', codec))

    def read(*args, **kwargs):
        raise AssertionError("the store was opened")

    monkeypatch.setattr(xr, "open_zarr", read)
    with pytest.raises(InputError, match="pickled Python objects"):
        eow.open(store)


def test_an_attribute_may_say_pickle(make_cube, tmp_path):
    cube = make_cube()
    cube.attrs["title"] = "pickle"
    cube.red.attrs["id"] = "pickle"
    cube.drop_encoding().to_zarr(tmp_path / "a.zarr", zarr_format=3, consolidated=False)
    assert eow.open(tmp_path / "a.zarr").attrs["title"] == "pickle"


@pytest.mark.parametrize("ending", ["v2", "v3", "nc"])
def test_text_of_other_stores_opens_as_text(make_cube, tmp_path, ending):
    cube = make_cube().assign_coords(item=("time", np.array(["a", "bc", "", "ü"], object)))
    path = tmp_path / ("a.nc" if ending == "nc" else "a.zarr")
    if ending == "nc":
        cube.drop_encoding().to_netcdf(path)
    else:
        cube.drop_encoding().to_zarr(path, zarr_format=int(ending[1]), consolidated=False)
    item = eow.open(path)["item"]
    assert item.dtype.kind == "U"
    assert item.values.tolist() == ["a", "bc", "", "ü"]


def test_broken_metadata_are_one_sentence(make_cube, tmp_path):
    _store(make_cube, tmp_path / "a.zarr")
    (tmp_path / "a.zarr" / "red" / ".zarray").write_text('{"shape": [')
    with pytest.raises(SourceError, match="may be incomplete"):
        eow.open(tmp_path / "a.zarr")


@pytest.mark.parametrize("consolidated", [False, True])
@pytest.mark.parametrize("zarr_format", [2, 3])
def test_numbered_bands_of_other_stores_keep_their_order(make_cube, tmp_path, zarr_format, consolidated):
    names = tuple(f"layer{i}" for i in range(1, 13))
    cube = make_cube(bands=names).drop_encoding()
    cube.to_zarr(tmp_path / "a.zarr", zarr_format=zarr_format, consolidated=consolidated)
    assert eow.open(tmp_path / "a.zarr").eow.bands == names
    cube[list(reversed(names))].to_netcdf(tmp_path / "a.nc")
    assert eow.open(tmp_path / "a.nc").eow.bands == tuple(reversed(names))


def in_group(cube, path, group, mode="w"):
    if path.suffix == ".nc":
        cube.to_netcdf(path, group=group, mode=mode)
    else:
        cube.to_zarr(path, group=group, mode=mode, zarr_format=3 if "v3" in path.name else 2, consolidated=False)
    return path


@pytest.mark.parametrize("name", ["a.nc", "a.zarr", "v3.zarr"])
@pytest.mark.parametrize("group", ["data", "level/data"])
def test_groups_of_a_file(make_cube, tmp_path, name, group):
    cube = make_cube()[["red", "nir"]]
    path = in_group(cube, tmp_path / name, group)
    for opened in (eow.open(path, group=group), eow.open(path, group=f"/{group}/"), eow.open(path)):
        np.testing.assert_allclose(opened.red, cube.red)
    with pytest.raises(InputError, match="no group named 'other'"):
        eow.open(path, group="other")


@pytest.mark.parametrize("name", ["a.nc", "a.zarr"])
def test_one_of_several_groups_must_be_chosen(make_cube, tmp_path, name):
    cube = make_cube()[["red"]]
    path = in_group(cube, tmp_path / name, "one")
    in_group(cube * 0.5, path, "two", mode="a")
    with pytest.raises(InputError, match=r"several groups \(one, two\): choose one with group="):
        eow.open(path)
    np.testing.assert_allclose(eow.open(path, group="two").red, cube.red * 0.5)
