import numpy as np
import pytest
from support.rasters import flat, write

import eowidgets as eow
from eowidgets.cube.sources.dates import date_in, moment_in, without_date
from eowidgets.errors import InputError


@pytest.mark.parametrize(
    ("name", "moment"),
    [
        ("T34TFR_20200630T092031_B04", "2020-06-30T09:20:31"),
        ("20220501_100000_00_2484_3B", "2022-05-01T10:00:00"),
        ("LC08_L2SP_028030_20200114_20200824_02_T1", "2020-01-14T00:00:00"),
        ("HLS.S30.T33TWM.2021155T100000.v2.0", "2021-06-04T10:00:00"),
        ("MOD09A1.A2022177.h18v04", "2022-06-26T00:00:00"),
        ("red 2020-06-01T10:20:11", "2020-06-01T10:20:11"),
        ("ndvi_2020-06", "2020-06-01T00:00:00"),
        ("ndvi_202006", "2020-06-01T00:00:00"),
        ("Jul_2020_ndvi", "2020-07-01T00:00:00"),
        ("ndvi-2020march", "2020-03-01T00:00:00"),
        ("ndvi_1990", "1990-01-01T00:00:00"),
    ],
)
def test_dates_in_names(name, moment):
    assert moment_in(name) == np.datetime64(moment)
    assert date_in(name) == np.datetime64(moment[:10])


@pytest.mark.parametrize("name", ["summer", "B04", "tile_20209999", "scene_12345678901", "march", "v2"])
def test_names_without_a_date(name):
    assert moment_in(name) is None


def test_a_layer_name_without_its_date():
    assert without_date("red 2020-06-01T10:20:11") == "red"
    assert without_date("2020-06-01") == "value"


@pytest.mark.parametrize(
    ("names", "times"),
    [
        (("ndvi_1990", "ndvi_2000"), ["1990-01-01", "2000-01-01"]),
        (("2020-06", "2020-07"), ["2020-06-01", "2020-07-01"]),
        (("jan2020_ndvi", "feb2020_ndvi"), ["2020-01-01", "2020-02-01"]),
    ],
)
def test_months_and_years_in_the_names_of_a_folder(tmp_path, names, times):
    for name in names:
        write(tmp_path / f"{name}.tif", flat(0.4, "float32"))
    cube = eow.open(tmp_path)
    assert [str(t)[:10] for t in cube.time.values] == times


def test_dates_given_for_a_folder(tmp_path):
    for name in ("a", "b", "c"):
        write(tmp_path / f"{name}.tif", flat(0.4, "float32"))
    days = ["2020-01-05", "2020-02-05", "2020-03-05"]
    cube = eow.open(tmp_path, dates=days)
    assert [str(t)[:10] for t in cube.time.values] == days
    assert cube.eow.bands == ("value",)
    assert eow.open(tmp_path, dates=days, bands=["NDVI"]).eow.bands == ("NDVI",)
    with pytest.raises(InputError, match="2 dates were given for 3 files"):
        eow.open(tmp_path, dates=days[:2])
    with pytest.raises(InputError, match="no date, and the file has no date tag.*pass dates="):
        eow.open(tmp_path)


def test_dates_given_make_years_exact(tmp_path):
    for year in (1990, 2000):
        write(tmp_path / f"ndvi_{year}.tif", flat(0.4, "float32"))
    cube = eow.open(tmp_path, dates=["1990-07-01", "2000-07-15"])
    assert [str(t)[:10] for t in cube.time.values] == ["1990-07-01", "2000-07-15"]


def test_one_date_for_the_bands_of_one_scene(tmp_path):
    for band in ("B04", "B08"):
        write(tmp_path / f"{band}.tif", flat(1500))
    cube = eow.open(tmp_path, dates=["2020-06-30"], sensor="sentinel2-l2a")
    assert cube.eow.bands == ("red", "nir")
    assert [str(t)[:10] for t in cube.time.values] == ["2020-06-30"]


def test_a_folder_for_each_date(tmp_path):
    for day in ("2020-06-30", "2020-07-10"):
        for band in ("B04", "B08"):
            write(tmp_path / day / f"{band}.tif", flat(1500))
    assert eow.open(tmp_path, sensor="sentinel2-l2a").sizes["time"] == 2


def test_one_file_of_a_year_with_its_dates(tmp_path):
    path = write(tmp_path / "stack_2018.tif", [flat(0.1 * i, "float32") for i in (1, 2, 3)])
    days = ["2018-01-05", "2018-02-05", "2018-03-05"]
    cube = eow.open(path, dates=days, bands=["NDVI"])
    assert cube.sizes["time"] == 3
