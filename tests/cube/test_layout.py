import numpy as np
import pytest
import rioxarray
import xarray as xr
from support.rasters import flat, write

import eowidgets as eow
from eowidgets.errors import InputError


def test_a_variable_with_a_band_dimension(make_cube):
    cube = make_cube()[["red", "nir"]]
    ds = cube.to_dataarray("band").to_dataset(name="reflectance")
    assert set(eow.open(ds).eow.bands) == {"red", "nir"}
    np.testing.assert_allclose(eow.open(ds).nir, cube.nir)


def test_two_variables_with_a_band_dimension(make_cube):
    array = make_cube()[["red", "nir"]].to_dataarray("band")
    opened = eow.open(xr.Dataset({"mean": array, "std": array * 0.1}))
    assert set(opened.eow.bands) == {"mean_red", "mean_nir", "std_red", "std_nir"}


def test_a_band_dimension_next_to_a_quality_band(make_cube):
    cube = make_cube()[["red", "nir"]]
    ds = cube.to_dataarray("bands").to_dataset(name="reflectance")
    ds["SCL"] = (("time", "y", "x"), np.full((4, 8, 9), 9, "uint8"))
    opened = eow.open(ds)
    assert set(opened.eow.bands) == {"red", "nir"}
    assert opened.clouds.all()


@pytest.mark.parametrize("time", ["before", "after"])
def test_names_scales_and_offsets_of_a_rioxarray_array(tmp_path, time):
    import rasterio

    path = write(tmp_path / "a_20200630.tif", [flat(1000, "int16"), flat(5000, "int16")], names=("red", "nir"))
    with rasterio.open(path, "r+") as file:
        file.scales, file.offsets = (1e-4, 2e-4), (0, -0.1)
    array = rioxarray.open_rasterio(path)
    day = np.datetime64("2020-06-30", "ns")
    array = array.expand_dims(time=[day]) if time == "before" else array.assign_coords(time=day)
    opened, expected = eow.open(array), eow.open(path)
    assert opened.eow.bands == expected.eow.bands == ("red", "nir")
    for name, value in (("red", 0.1), ("nir", 0.9)):
        assert float(opened[name].median()) == pytest.approx(value)
        np.testing.assert_allclose(opened[name], expected[name])


def test_a_dataset_of_the_rasterio_engine(tmp_path):
    path = write(tmp_path / "a_20200630.tif", [flat(0.1, "float32"), flat(0.3, "float32")], names=("red", "nir"))
    ds = xr.open_dataset(path, engine="rasterio").expand_dims(time=[np.datetime64("2020-06-30", "ns")])
    assert set(eow.open(ds).eow.bands) == {"red", "nir"}


def test_a_multi_index_is_unstacked(make_cube):
    cube = make_cube()[["red", "nir"]]
    stacked = cube.to_dataarray("band").stack(layer=("time", "band"))
    np.testing.assert_allclose(eow.open(stacked).nir, cube.nir)
    points = cube.stack(pixel=("y", "x"))
    np.testing.assert_allclose(eow.open(points).nir, cube.nir)


def test_a_multi_index_with_repeated_entries(make_cube):
    stacked = make_cube()[["red", "nir"]].to_dataarray("band").stack(layer=("time", "band"))
    with pytest.raises(InputError, match="'layer' is a MultiIndex with repeated entries"):
        eow.open(xr.concat([stacked, stacked], "layer"))


@pytest.mark.parametrize("names", [{"x": "X", "y": "Y"}, {"x": "lon", "y": "Lat"}, {"x": "xc", "y": "yc", "time": "T"}])
def test_axes_in_any_spelling(make_cube, names):
    cube = make_cube()
    np.testing.assert_allclose(eow.open(cube.rename(names)).red, cube.red)


def test_coordinates_of_two_dimensions_are_refused_with_their_reason(make_cube):
    cube = make_cube().rename(x="i", y="j").drop_vars(["i", "j"])
    shape = (8, 9)
    swath = cube.assign_coords(lat=(("j", "i"), np.zeros(shape)), lon=(("j", "i"), np.zeros(shape)))
    with pytest.raises(InputError, match="Latitude and longitude have two dimensions"):
        eow.open(swath)


def test_elevation_without_time_is_a_layer(make_cube):
    dem = make_cube(dates=1).red.isel(time=0, drop=True).rename("elevation") * 1000
    opened = eow.open(dem)
    assert opened.elevation.dims == ("y", "x")
    assert opened.elevation.attrs["role"] == "layer"
    assert opened.elevation.attrs["quantity"] == "elevation"
    np.testing.assert_allclose(opened.elevation, dem)


def test_a_layer_next_to_a_series(make_cube):
    cube = make_cube()
    cube["elevation"] = cube.red.isel(time=0, drop=True) * 1000
    opened = eow.open(cube)
    assert opened.eow.bands == ("red", "nir")
    assert opened.elevation.attrs["role"] == "layer"


@pytest.mark.parametrize("name", ["dem", "landcover", "srtm_90m"])
def test_a_raster_without_date_opens_as_a_layer(tmp_path, name):
    layer = eow.open(write(tmp_path / f"{name}.tif", flat(30, "int16"), nodata=0))
    assert "time" not in layer.dims
    assert layer.valid.all()
    variable = next(v for n, v in layer.data_vars.items() if n != "valid")
    assert variable.attrs["role"] == "layer"
    assert variable.dtype.kind == ("i" if name == "landcover" else "f")


def test_an_unnamed_raster_without_date_is_a_layer_with_a_note(tmp_path):
    path = write(tmp_path / "x.tif", flat(30, "int16"))
    with pytest.warns(UserWarning, match="'x.tif' has no date and is opened as a layer without time"):
        assert "time" not in eow.open(path).dims
    assert eow.open(path, dates=["2020-01-01"]).sizes["time"] == 1


def test_a_picture_without_date_needs_one(tmp_path):
    path = write(tmp_path / "x.tif", [flat(3000), flat(1000)], names=("nir", "red"))
    with pytest.raises(InputError, match="'x.tif' has no date in its name"):
        eow.open(path)
