import shutil
import warnings

import numpy as np
import pytest
import rasterio
import rioxarray  # noqa: F401
import xarray as xr

import eowidgets as eow
from eowidgets.errors import EowidgetsError, InputError, SourceError


@pytest.fixture
def folder(make_cube, tmp_path):
    """Three dates, one file each: int16, two described bands."""
    cube = make_cube(dates=3)
    for i, time in enumerate(cube.time.values):
        write_tif(tmp_path / f"scene_{str(time)[:10].replace('-', '')}.tif", cube.isel(time=i))
    return tmp_path, cube


def write_tif(path, frame, names=("red", "nir"), crs="EPSG:32635", nodata=-9999, shape=None):
    data = np.stack([(frame[n].values * 10_000).round() for n in names]).astype("int16")
    if shape:
        data = data[:, : shape[0], : shape[1]]
    x, y = frame.x.values, frame.y.values
    transform = rasterio.transform.from_origin(x[0] - 5, y[0] + 5, 10, 10)
    profile = {
        "driver": "GTiff",
        "count": len(names),
        "height": data.shape[1],
        "width": data.shape[2],
        "dtype": "int16",
    }
    with rasterio.open(path, "w", **profile, crs=crs, transform=transform, nodata=nodata) as file:
        file.write(data)
        file.descriptions = names


def test_samples_by_name():
    cube = eow.open("romania")
    assert cube.sizes == {"time": 140, "y": 100, "x": 100}
    assert cube.red.dtype == "float32"
    assert cube.clouds.dtype == bool
    assert cube.rio.crs.to_epsg() == 3035


def test_folder_of_dates(folder):
    path, cube = folder
    opened = eow.open(path, sensor="sentinel2-l2a")
    np.testing.assert_array_equal(opened.time, cube.time)
    np.testing.assert_allclose(opened.red, cube.red, atol=5.1e-5)
    assert opened.rio.crs == cube.rio.crs
    assert opened.odc.geobox == cube.odc.geobox


def test_glob_and_single_file(folder):
    path, cube = folder
    assert eow.open(f"{path}/scene_*.tif", sensor="sentinel2-l2a").sizes["time"] == 3
    one = eow.open(path / "scene_20200103.tif", sensor="sentinel2-l2a")
    assert one.sizes["time"] == 1
    np.testing.assert_allclose(one.nir[0], cube.nir[0], atol=5.1e-5)


def test_one_file_per_date_and_band(make_cube, tmp_path):
    cube = make_cube(dates=2)
    for i, time in enumerate(cube.time.values):
        for name, number in (("red", "B04"), ("nir", "B08")):
            file = tmp_path / f"T35_{str(time)[:10].replace('-', '')}T090000_{number}_10m.tif"
            write_tif(file, cube.isel(time=i), names=(name,))
            with rasterio.open(file, "r+") as f:
                f.descriptions = (None,)
    opened = eow.open(tmp_path, sensor="sentinel2-l2a")
    assert opened.eow.bands == ("red", "nir")
    np.testing.assert_allclose(opened.nir, cube.nir, atol=5.1e-5)


def test_stack_with_given_bands_and_dates(bouconne, tmp_path):
    names = bouconne.eow.bands
    values = np.stack([(bouconne[b].values * 10_000).round() for b in names], 1).astype("int16")
    flat = values.reshape(-1, *values.shape[2:])
    path = tmp_path / "stack.tif"
    box = bouconne.rio.transform()
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        count=len(flat),
        height=246,
        width=227,
        dtype="int16",
        crs="EPSG:32631",
        transform=box,
    ) as file:
        file.write(flat)
    dates = [str(t)[:10] for t in bouconne.time.values]
    opened = eow.open(path, bands=names, dates=dates, sensor="sentinel2-l2a")
    np.testing.assert_allclose(opened.swir22, bouconne.swir22, atol=1e-6)
    with pytest.raises(InputError, match="has 70 layers, but 6 dates × 10 bands"):
        eow.open(path, bands=names, dates=dates[:-1])


@pytest.mark.parametrize("ending", ["tif", "nc", "zarr"])
def test_own_exports_come_back(make_cube, tmp_path, ending):
    cube = make_cube(dates=3)
    cube["red"][1, 2, 3] = np.nan
    cube["valid"][1, 2, 3] = False
    path = tmp_path / f"cube.{ending}"
    {"tif": cube.eow.to_geotiff, "nc": cube.eow.to_netcdf, "zarr": cube.eow.to_zarr}[ending](path)
    back = eow.open(path)
    np.testing.assert_array_equal(back.time, cube.time)
    np.testing.assert_allclose(back.red, cube.red, atol=5.1e-5)
    assert not back.valid[1, 2, 3]
    assert back.attrs["title"] == "made up"
    if ending != "tif":
        np.testing.assert_array_equal(back.clouds, cube.clouds)


def test_zarr_v2_and_zip(make_cube, tmp_path):
    cube = make_cube()
    cube.drop_encoding().to_zarr(tmp_path / "v2.zarr", zarr_format=2)
    np.testing.assert_allclose(eow.open(tmp_path / "v2.zarr").red, cube.red)
    cube.drop_encoding().to_zarr(tmp_path / "v3.zarr", zarr_format=3, consolidated=False)
    shutil.make_archive(str(tmp_path / "v3.zarr"), "zip", tmp_path / "v3.zarr")
    np.testing.assert_allclose(eow.open(tmp_path / "v3.zarr.zip").red, cube.red)


def test_xarray_with_other_names(make_cube):
    cube = make_cube()[["red", "nir"]]
    other = cube.rename({"red": "B04", "nir": "B8", "time": "t", "y": "lat", "x": "lon"})
    opened = eow.open(other.assign_attrs(sensor="sentinel2-l2a"))
    assert opened.eow.bands == ("red", "nir")
    assert opened.red.attrs["source_band"] == "B04"
    np.testing.assert_allclose(opened.red, cube.red)


def test_data_array_with_a_band_dimension(make_cube):
    cube = make_cube()
    array = cube[["red", "nir"]].to_dataarray("band")
    opened = eow.open(array)
    np.testing.assert_allclose(opened.nir, cube.nir)


def test_dates_are_sorted_rows_turned_and_twins_merged(make_cube):
    cube = make_cube(dates=3)[["red", "nir"]]
    mixed = cube.isel(time=[2, 0, 1], y=slice(None, None, -1))
    np.testing.assert_array_equal(eow.open(mixed).red, cube.red)
    first, second = cube.isel(time=[0]).copy(deep=True), cube.isel(time=[0]).copy(deep=True)
    first["red"][:, :, :4], second["red"][:, :, 4:] = np.nan, np.nan
    with pytest.warns(UserWarning, match="dates occur twice"):
        merged = eow.open(xr.concat([first, second], "time"))
    np.testing.assert_allclose(merged.red[0], cube.red[0])


def test_integers_get_the_sensors_scale(make_cube):
    cube = make_cube()[["red", "nir"]]
    counts = (cube * 10_000).round().astype("uint16").assign_attrs(sensor="sentinel2-l2a")
    counts["red"][0, 0, 0] = 0
    opened = eow.open(counts)
    assert np.isnan(opened.red[0, 0, 0])
    np.testing.assert_allclose(opened.nir, cube.nir, atol=5.1e-5)
    newer = (counts + 1000).assign_attrs(counts.attrs)
    np.testing.assert_allclose(eow.open(newer, sensor="sentinel2-l2a@05.10").nir, cube.nir, atol=5.1e-5)


def test_resolution_bbox_dates_bands(romania):
    coarse = eow.open("romania", resolution=50, dates="2019-06/2019-07", bands=["red"])
    assert coarse.sizes["x"] == 20
    assert coarse.eow.bands == ("red",)
    fine = romania.sel(time=coarse.time).red.values.reshape(-1, 20, 5, 20, 5).mean((2, 4))
    np.testing.assert_allclose(coarse.red, fine, atol=1e-4)
    with pytest.raises(InputError, match="finer than the source's 10"):
        eow.open("romania", resolution=5)


def test_clouds_robust_and_none():
    raw, robust, none = (eow.open("romania", clouds=c).clouds for c in ("mask", "robust", None))
    assert robust.sum() > raw.sum() > none.sum() == 0
    with pytest.raises(InputError, match="clouds of open is 'yes'"):
        eow.open("romania", clouds="yes")


def test_large_sources_stay_lazy_and_say_what_would_fit(make_cube, tmp_path, monkeypatch):
    cube = make_cube(dates=3, height=40, width=40)
    cube.eow.to_netcdf(tmp_path / "a.nc")
    assert not eow.open(tmp_path / "a.nc").red.chunks
    monkeypatch.setattr("eowidgets.cube.open.EAGER", 1000)
    lazy = eow.open(tmp_path / "a.nc")
    assert lazy.red.chunks
    np.testing.assert_allclose(lazy.red.compute(), cube.red, atol=5.1e-5)
    with pytest.warns(UserWarning, match=r"more than budget=1e-05 GB: resolution=\d+ would fit; it is opened lazily"):
        eow.open(tmp_path / "a.nc", budget="10kB")
    monkeypatch.setattr("eowidgets.cube.open.find_spec", lambda _: None)
    with pytest.raises(InputError, match="install dask"):
        eow.open(tmp_path / "a.nc", budget="10kB")


def test_missing_and_unreadable(tmp_path, folder):
    path, _ = folder
    whole = (path / "scene_20200103.tif").read_bytes()
    (tmp_path / "cut_20200103.tif").write_bytes(whole[: len(whole) // 3])
    (tmp_path / "text_20200103.tif").write_text("I am not a raster")
    (tmp_path / "text.nc").write_text("nor am I NetCDF")
    (tmp_path / "empty.zarr").mkdir()
    cases = {
        "cut_20200103.tif": "cannot be read as a raster",
        "text_20200103.tif": "cannot be read as a raster",
        "text.nc": "cannot be read as a NetCDF file",
        "empty.zarr": "cannot be read as a Zarr store",
    }
    for name, words in cases.items():
        with pytest.raises(SourceError, match=words) as caught:
            eow.open(tmp_path / name)
        assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="There is no file or folder"):
        eow.open(tmp_path / "no.tif")
    with pytest.raises(InputError, match="Did you mean 'romania'"):
        eow.open("romana")
    with pytest.raises(InputError, match="source of open is 42"):
        eow.open(42)


def test_folders_that_do_not_hold_together(folder, make_cube, tmp_path_factory):
    path, cube = folder
    frame = cube.isel(time=0)

    def with_extra(name, **options):
        copy = tmp_path_factory.mktemp("mixed")
        for file in path.glob("*.tif"):
            shutil.copy(file, copy)
        write_tif(copy / name, frame, **options)
        return copy

    cases = [
        (with_extra("summer.tif"), r"'summer.tif' has no date.*2020-06-30"),
        (with_extra("x_20210101.tif", crs="EPSG:32636"), "another CRS"),
        (with_extra("x_20200103.tif"), "second file for"),
        (tmp_path_factory.mktemp("empty"), "There is no raster file"),
    ]
    for place, words in cases:
        with pytest.raises(InputError, match=words) as caught:
            eow.open(place, sensor="sentinel2-l2a")
        assert "\n" not in str(caught.value)


def test_data_that_cannot_be_right(make_cube):
    cube = make_cube()[["red", "nir"]]
    nodata = cube.copy(deep=True)
    nodata["red"][:], nodata["nir"][:] = np.nan, np.nan
    cases = [
        (cube.drop_vars("spatial_ref"), "no CRS: set it"),
        (nodata, "Every pixel of every date is nodata"),
        ((cube * 10_000).assign_attrs(sensor="sentinel2-l2a"), "look like unscaled numbers"),
        (cube.isel(x=slice(0, 0)), "empty"),
        (cube.isel(x=[0, 1, 5]), "not evenly spaced"),
        (cube.assign_coords(time=[1, 2, 3, 4]), "times are not dates"),
        (cube.isel(time=0, drop=True), "no dates"),
        (cube.rename(y="row"), "no y and x dimensions"),
    ]
    for data, words in cases:
        with pytest.raises(InputError, match=words) as caught:
            eow.open(data)
        assert "\n" not in str(caught.value)
    np.testing.assert_allclose(eow.open((cube * 10_000), sensor="sentinel2-l2a").red, cube.red, rtol=1e-5)


def test_one_date_and_one_pixel_work(make_cube):
    cube = make_cube(dates=1, height=1, width=1, clouds=0)
    opened = eow.open(cube)
    assert opened.sizes == {"time": 1, "y": 1, "x": 1}
    assert "1 date, 2020-01-03" in opened.eow.summary()


def test_python_objects_in_a_file_are_refused(tmp_path):
    ds = xr.Dataset({"red": (("time", "y", "x"), np.full((1, 2, 2), "text", dtype=object))})
    ds.to_zarr(tmp_path / "a.zarr", zarr_format=2)
    with pytest.raises(EowidgetsError), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        eow.open(tmp_path / "a.zarr")


def test_sensor_notes_of_other_programs_are_passed_over(make_cube):
    opened = eow.open(make_cube()[["red", "nir"]].assign_attrs(sensor="MSI"))
    assert "sensor" not in opened.attrs


def test_integer_twins_are_merged_by_what_was_measured(make_cube):
    cube = make_cube(dates=1, clouds=0)[["red", "nir"]]
    counts = (cube * 10_000).round().astype("uint16")
    left, right = counts.copy(deep=True), counts.copy(deep=True)
    for name in ("red", "nir"):
        left[name][:, :, 4:], right[name][:, :, :4] = 0, 0
    both = xr.concat([left, right], "time").assign_attrs(sensor="sentinel2-l2a")
    with pytest.warns(UserWarning, match="1 dates occur twice"):
        merged = eow.open(both)
    np.testing.assert_allclose(merged.red, cube.red, atol=5.1e-5)
    assert merged.valid.all()


@pytest.mark.parametrize(
    ("dates", "count"),
    [("2019-06", 4), (("2019-06-01", "2019-06-30"), 4), (slice("2019-06-01", "2019-06-30"), 4), (["2015-08-11"], 1)],
)
def test_ways_to_give_dates(romania, dates, count):
    assert eow.open("romania", dates=dates).sizes["time"] == count
    assert eow.open(romania, dates=dates).sizes["time"] == count


def test_dates_that_are_not_there(romania):
    with pytest.raises(InputError, match="none of the dates"):
        eow.open(romania, dates=["1999-01-01"])
    with pytest.raises(InputError, match="give dates such as"):
        eow.open(romania, dates=["a", "b", "c"])


def test_only_the_part_asked_for_counts_and_is_read(romania, tmp_path, monkeypatch):
    romania.eow.to_netcdf(tmp_path / "a.nc")
    monkeypatch.setattr("eowidgets.cube.open.EAGER", 1_000_000)
    box = (22.150, 45.203, 22.152, 45.205)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        part = eow.open(tmp_path / "a.nc", bbox=box, dates="2019", budget="2MB")
    assert not part.red.chunks
    expected = eow.open("romania", bbox=box, dates="2019")
    np.testing.assert_allclose(part.red, expected.red, atol=1e-6)


def test_an_empty_source():
    with pytest.raises(InputError, match="source of open is ''"):
        eow.open("")
    with pytest.raises(InputError, match="bands= is empty"):
        eow.open("romania", bands=[])


@pytest.mark.parametrize("ending", ["nc", "tif", "zarr"])
@pytest.mark.filterwarnings("ignore:.*deprecated")
def test_a_small_budget_is_honoured(make_cube, tmp_path, ending):
    cube = make_cube(dates=3, height=40, width=40)
    path = tmp_path / f"a.{ending}"
    {"tif": cube.eow.to_geotiff, "nc": cube.eow.to_netcdf, "zarr": cube.eow.to_zarr}[ending](path)
    with pytest.warns(UserWarning, match="more than budget=1e-05 GB.*opened lazily"):
        opened = eow.open(path, budget="10kB")
    assert opened.red.chunks
    np.testing.assert_allclose(opened.red.compute(), cube.red, atol=5.1e-5)
    assert not eow.open(path, budget="10MB").red.chunks


def test_a_dataset_that_xarray_opened_lazily_stays_lazy_over_the_budget(make_cube, tmp_path):
    make_cube(dates=3, height=40, width=40).to_netcdf(tmp_path / "a.nc")
    with xr.open_dataset(tmp_path / "a.nc", decode_coords="all") as ds, pytest.warns(UserWarning, match="lazily"):
        assert eow.open(ds, budget="10kB").red.chunks


def test_a_dataset_in_memory_is_never_refused_for_its_size(make_cube):
    assert eow.open(make_cube(dates=3, height=40, width=40), budget="10kB").sizes["time"] == 3
