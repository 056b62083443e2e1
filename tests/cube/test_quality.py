import numpy as np
import pytest
import xarray as xr

from eowidgets.cube.quality import QUALITY, quality_name, read_quality


def band(name, values):
    return xr.DataArray(np.array(values)[None, None], dims=("time", "y", "x"), name=name)


def test_scene_classification():
    clouds, measured = read_quality(band("scl", np.arange(12, dtype="uint8")))
    assert np.flatnonzero(clouds).tolist() == [3, 8, 9, 10]
    assert np.flatnonzero(~measured).tolist() == [0]


def test_landsat_bits():
    # Clear land of Landsat 8 is 21824; the bits added: 1 dilated cloud, 2 cirrus, 3 cloud, 4 shadow; 1 is fill.
    values = np.array([21824, 21824 | 2, 21824 | 4, 21824 | 8, 21824 | 16, 1], "uint16")
    clouds, measured = read_quality(band("qa_pixel", values))
    assert clouds.values.ravel().tolist() == [False, True, True, True, True, False]
    assert measured.values.ravel().tolist() == [True] * 5 + [False]


def test_fmask_bits():
    values = np.array([0, 1, 2, 4, 8, 16, 32, 255], "uint8")
    clouds, measured = read_quality(band("fmask", values))
    assert clouds.values.ravel()[:7].tolist() == [False, True, True, True, True, False, False]
    assert measured.values.ravel().tolist() == [True] * 7 + [False]


def test_modis_state_bits():
    values = np.array([0, 1, 2, 3, 4, 0x300, 0x400, 65535], "uint16")
    clouds, measured = read_quality(band("modis_state", values))
    assert clouds.values.ravel()[:7].tolist() == [False, True, True, False, True, True, True]
    assert not measured.values.ravel()[7]


def test_lazy_stays_lazy_and_equal():
    values = band("scl", np.arange(12, dtype="uint8"))
    lazy, _ = read_quality(values.chunk({"x": 5}))
    assert lazy.chunks
    np.testing.assert_array_equal(lazy.compute(), read_quality(values)[0])


@pytest.mark.parametrize(
    ("name", "common"),
    [("SCL", "scl"), ("SCL_20m", "scl"), ("QA_PIXEL", "qa_pixel"), ("Fmask", "fmask"), ("red", None)],
)
def test_names(name, common):
    assert quality_name(name) == common
    assert common is None or common in QUALITY


@pytest.mark.parametrize(
    ("value", "cloudy"),
    [(0x000, False), (0x100, False), (0x200, False), (0x300, True), (0x380, True), (0x080, False), (0x400, True)],
)
def test_modis_cirrus_counts_only_where_it_is_high(value, cloudy):
    """Bits 8 and 9: 0 none, 1 small, 2 average, 3 high; bit 10 is the internal cloud flag, bits 6 and 7 are aerosol."""
    clouds, _ = read_quality(band("modis_state", np.array([value], "uint16")))
    assert clouds.item() is cloudy


@pytest.mark.parametrize(
    ("value", "cloudy"),
    [
        (1 << 4, True),
        (1 << 7, False),
        (2 << 7, False),
        (3 << 7, True),
        (1 << 11, False),
        (3 << 11, True),
        (3 << 5, False),
    ],
)
def test_landsat_level_1_shadow_and_cirrus_count_only_with_high_confidence(value, cloudy):
    clouds, _ = read_quality(band("bqa", np.array([value], "uint16")))
    assert clouds.item() is cloudy
