import subprocess
import sys

import numpy as np
import pytest

from eowidgets.errors import InputError


def test_accessor_is_there_after_importing_the_package_alone():
    code = "import eowidgets, xarray as xr; xr.Dataset().eow"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_bands_leave_masks_and_quality_out(romania):
    assert romania.eow.bands == ("blue", "green", "red", "nir", "nir08", "swir16")


def test_mask_clouds_puts_nan_where_nothing_was_seen(romania):
    masked = romania.eow.mask_clouds()
    seen = romania.eow.usable
    assert np.isnan(masked.red.values[~seen.values]).all()
    np.testing.assert_array_equal(masked.red.values[seen.values], romania.red.values[seen.values])
    assert masked.red.dims == ("time", "y", "x")
    assert "clouds" in masked


def test_robust_clouds_adds_to_the_mask(romania):
    assert romania.eow.robust_clouds().clouds.sum() > romania.clouds.sum()


def test_clearest_keeps_clear_dates(romania):
    clear = romania.eow.clearest(0.05)
    assert float(clear.eow.cloud_cover().max()) <= 0.05
    assert clear.sizes["time"] == int((romania.eow.cloud_cover() <= 0.05).sum())
    assert romania.isel(time=[0, 1]).eow.clearest(0.0).sizes["time"] >= 1


def test_between(romania):
    assert romania.eow.between("2019", "2019").sizes["time"] == int((romania.time.dt.year == 2019).sum())
    with pytest.raises(InputError, match="runs from 2015-08-01 to 2021-01-01"):
        romania.eow.between("1999", "2000")
    with pytest.raises(InputError, match="give a date such as"):
        romania.eow.between("yesterday", "2000")


def test_select(romania):
    two = romania.eow.select(["red", "nir"])
    assert two.eow.bands == ("red", "nir")
    assert {"clouds", "scl", "tree_cover"} <= set(two)
    with pytest.raises(InputError, match="Did you mean 'green'"):
        romania.eow.select(["gren"])


def test_summary_is_stable(romania):
    assert romania.eow.summary().splitlines() == [
        "Forest in Romania, Sentinel-2, 2015-08 to 2021-01",
        "140 dates, 2015-08-01 to 2021-01-01",
        "100 × 100 pixels of 10 m (EPSG:3035), 100 ha",
        "blue, green, red, nir, nir08, swir16",
        "67 % of the pixels seen without cloud",
    ]


def test_summary_of_a_lazy_cube_reads_nothing(romania):
    lines = romania.chunk({"time": 20}).eow.summary().splitlines()
    assert len(lines) == 4


def test_methods_reach_the_functions(romania, tmp_path):
    assert romania.eow.index("NDVI").name == "ndvi"
    assert "NDVI" in romania.eow.indices
    small = romania.eow.clip((22.146, 45.201, 22.148, 45.203)).isel(time=slice(0, 2))
    assert small.eow.to_geotiff(tmp_path / "a.tif").exists()
    assert small.eow.to_netcdf(tmp_path / "a.nc").exists()
    assert small.eow.to_zarr(tmp_path / "a.zarr").exists()
    assert small.eow.series((22.146, 45.201, 22.148, 45.203)).sizes["time"] == 2
    assert romania.eow.composite("median", "year").sizes["time"] == 7
