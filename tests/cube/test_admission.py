import numpy as np
import pytest
import xarray as xr

import eowidgets as eow
from eowidgets.cube.admission import admit

ORDER = [3, 0, 2, 1]


def with_coordinate(cube, axis, change):
    values = cube[axis].values.copy()
    return cube.assign_coords({axis: change(values)})


def shift(values):
    values[3] += 4
    return values


REFUSED = {
    "text": (lambda c: "romania", "the text 'romania'"),
    "array": (lambda c: np.zeros((2, 2, 2)), "a ndarray"),
    "without x": (lambda c: c.rename(x="column"), "no dimension 'x'"),
    "without dates": (lambda c: c.isel(time=0, drop=True), "no dimension 'time'"),
    "no pixels": (lambda c: c.isel(x=slice(0, 0)), "length 0"),
    "no dates": (lambda c: c.isel(time=slice(0, 0)), "length 0"),
    "no time coordinate": (lambda c: c.drop_vars("time"), "no dates"),
    "no y coordinate": (lambda c: c.drop_vars("y"), "no y coordinates"),
    "one x moved": (lambda c: with_coordinate(c, "x", shift), "x coordinates are not evenly spaced"),
    "logarithmic y": (lambda c: c.assign_coords(y=np.logspace(1, 4, c.sizes["y"])), "not evenly spaced"),
    "all x the same": (lambda c: c.assign_coords(x=np.zeros(c.sizes["x"])), "not evenly spaced"),
    "NaN in x": (lambda c: c.assign_coords(x=np.full(c.sizes["x"], np.nan)), "not numbers"),
    "NaT": (lambda c: c.assign_coords(time=np.where(np.arange(4) == 2, np.datetime64("NaT"), c.time.values)), "1 of 4"),
    "repeated date": (lambda c: c.isel(time=[0, 1, 1, 2]), "2020-01-14 more than once"),
    "counted dates": (lambda c: c.assign_coords(time=np.arange(4)), "not dates"),
    "fractional years": (lambda c: c.assign_coords(time=2015 + np.arange(4) / 4), "not dates"),
    "complex band": (lambda c: c.assign(red=c.red + 1j), "complex numbers"),
    "text band": (lambda c: c.assign(red=(c.red.dims, np.full(c.red.shape, "x"))), "text instead of numbers"),
    "object band": (lambda c: c.assign(red=c.red.astype(object)), "Python objects"),
    "cloud probability": (lambda c: c.assign(clouds=c.red), "other values than true and false"),
    "cloud classes": (lambda c: c.assign(clouds=(c.red.dims, np.full(c.red.shape, 3))), "other values"),
    "mask with another axis": (lambda c: c.assign(valid=("station", [True])), "station"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_give_wrong_numbers_is_refused_in_one_sentence(make_cube, name):
    spoil, words = REFUSED[name]
    with pytest.raises(eow.errors.InputError, match=words) as raised:
        admit(spoil(make_cube()))
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 250


def test_dates_out_of_order_are_sorted_with_a_note(make_cube):
    cube = make_cube()
    with pytest.warns(UserWarning, match="sorted"):
        found = admit(cube.isel(time=ORDER))
    xr.testing.assert_identical(found, admit(cube))


@pytest.mark.parametrize("coding", ["uint8", "float32", "int64", object])
def test_masks_of_zero_and_one_are_read_as_boolean(make_cube, coding):
    cube = make_cube()
    with pytest.warns(UserWarning, match="'clouds'.*boolean"):
        found = admit(cube.assign(clouds=cube.clouds.astype(coding)))
    np.testing.assert_array_equal(found.clouds, cube.clouds)


def test_masks_of_0_and_255(make_cube):
    cube = make_cube()
    with pytest.warns(UserWarning, match="boolean"):
        found = admit(cube.assign(clouds=cube.clouds.astype("uint8") * 255))
    np.testing.assert_array_equal(found.clouds, cube.clouds)


def test_missing_mask_values_count_as_not_usable(make_cube):
    cube = make_cube()
    holes = cube.assign(
        clouds=cube.clouds.astype("float32").where(cube.red > 0.1),
        valid=cube.valid.astype("float32").where(cube.red > 0.1),
    )
    with pytest.warns(UserWarning):
        found = admit(holes)
    np.testing.assert_array_equal(found.valid, (cube.red > 0.1))
    np.testing.assert_array_equal(found.clouds, cube.clouds | (cube.red <= 0.1))


def test_lazy_masks_are_recognised_by_a_window(make_cube):
    pytest.importorskip("dask")
    cube = make_cube()
    lazy = cube.assign(clouds=cube.clouds.astype("uint8").chunk(time=1))
    with pytest.warns(UserWarning, match="boolean"):
        found = admit(lazy)
    assert found.clouds.chunks
    np.testing.assert_array_equal(found.clouds, cube.clouds)
    with pytest.raises(eow.errors.InputError, match="other values"):
        admit(cube.assign(clouds=cube.red.chunk(time=1)))


def test_a_mask_without_time_holds_for_every_date(make_cube):
    cube = make_cube()
    found = admit(cube.assign(valid=cube.valid.isel(time=0, drop=True)))
    assert found.valid.dims == ("time", "y", "x")
    assert bool(found.valid.all())


def test_axes_in_another_order_and_arrays(make_cube):
    cube = make_cube()
    assert admit(cube.transpose("x", "y", "time")).red.dims == ("time", "y", "x")
    assert list(admit(cube.red).data_vars) == ["red"]


def test_coordinates_rounded_to_float32_are_even(make_cube):
    degrees = 22.5 + 0.0001 * np.arange(9)
    cube = make_cube(crs="EPSG:4326").assign_coords(x=degrees.astype("float32"), y=45 - 0.0001 * np.arange(8))
    assert admit(cube).sizes == cube.sizes


GAP = {"time": 1, "y": 5, "x": 5}
ENTRIES = {
    "run": lambda c: eow.run("fill-linear", c, progress=False).red,
    "estimate": lambda c: eow.estimate("fill-linear", c).dates,
    "index": lambda c: c.eow.index("NDVI"),
    "composite": lambda c: c.eow.composite("median", "all").red,
    "forecast": lambda c: eow.forecast(c, "ndvi", days=30, model="persistence").ndvi,
    "ask": lambda c: eow.ask(c, "How many images are there?").value,
    "change": lambda c: eow.change(c, "change-otsu", dates=("2020-01-03", "2020-02-05")).probability,
}


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.filterwarnings("ignore")
def test_every_entry_point_gives_the_same_for_dates_in_any_order(make_cube, entry):
    cube = make_cube(clouds=0.0)
    cube["red"][GAP] = np.nan
    np.testing.assert_array_equal(ENTRIES[entry](cube.isel(time=ORDER)), ENTRIES[entry](cube))


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize("name", ["repeated date", "NaT", "complex band", "one x moved", "cloud probability"])
def test_every_entry_point_refuses_with_the_same_words(make_cube, entry, name):
    spoil, words = REFUSED[name]
    with pytest.raises(eow.errors.InputError, match=words):
        ENTRIES[entry](spoil(make_cube()))


@pytest.mark.parametrize("write", ["to_geotiff", "to_netcdf", "to_zarr"])
def test_exports_sort_and_refuse(make_cube, tmp_path, write):
    ending = {"to_geotiff": "tif", "to_netcdf": "nc", "to_zarr": "zarr"}[write]
    cube = make_cube()
    with pytest.warns(UserWarning, match="sorted"):
        path = getattr(cube.isel(time=ORDER).eow, write)(tmp_path / f"a.{ending}")
    np.testing.assert_allclose(eow.open(path).red, cube.red, atol=1e-4)
    with pytest.raises(eow.errors.InputError, match="complex"):
        getattr(cube.assign(red=cube.red + 1j).eow, write)(tmp_path / f"b.{ending}")
    assert not list(tmp_path.glob("b*"))


FORMS = {
    "text opened": (lambda c: eow.open(c.assign(red=(c.red.dims, np.full(c.red.shape, "x")))), "instead of numbers"),
    "CRS that is no CRS": (lambda c: eow.TimeViewer(with_crs(c, "NOT A CRS")), "cannot be read"),
    "beyond the map": (lambda c: eow.AreaMap(polar(c)), "ends at 85.05 degrees"),
}


def with_crs(cube, text):
    cube = cube.copy()
    cube["spatial_ref"].attrs = {"crs_wkt": text}
    return cube


def polar(cube):
    return cube.assign_coords(x=10 + 0.01 * np.arange(9), y=89.9 - 0.01 * np.arange(8)).rio.write_crs("EPSG:4326")


@pytest.mark.parametrize("name", FORMS)
def test_forms_that_only_one_use_refuses(make_cube, name):
    use, words = FORMS[name]
    with pytest.raises(eow.errors.InputError, match=words):
        use(make_cube())


def test_a_geocentric_crs_has_a_summary(make_cube):
    assert "10 units" in make_cube().rio.write_crs("EPSG:4978").eow.summary()
