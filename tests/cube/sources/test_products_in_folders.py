"""Files of real products, as delivered: each is read by its own product, scale and date."""

import shutil
import warnings

import numpy as np
import pytest
from support.rasters import flat, write

import eowidgets as eow
from eowidgets.errors import InputError

SAFE = "S2A_MSIL2A_20220630T100611_N0400_R022_T33TWM_20220630T160000.SAFE"


def median(cube, name, date=0):
    return float(np.nanmedian(cube[name].isel(time=date)))


def landsat(folder, scene, level="SR", **numbers):
    for band, value in numbers.items():
        write(folder / f"{scene}_{level}_{band}.TIF", flat(value), nodata=0)


L8, L7 = "LC08_L2SP_028030_20200114_20200824_02_T1", "LE07_L2SP_028030_20200122_20200824_02_T1"


def test_landsat_8_and_7_in_one_folder(tmp_path):
    landsat(tmp_path, L8, B2=9000, B4=11000, B5=12000)
    landsat(tmp_path, L7, B1=9000, B3=11000, B4=12000, B7=8000)
    with pytest.warns(UserWarning, match=r"Some dates lack bands.*swir22 \(1 of 2\)"):
        cube = eow.open(tmp_path)
    for name, number in (("blue", 9000), ("red", 11000), ("nir", 12000)):
        assert [median(cube, name, i) for i in (0, 1)] == pytest.approx([number * 2.75e-5 - 0.2] * 2)
    assert np.isnan(cube.swir22[0]).all()
    assert median(cube, "swir22", 1) == pytest.approx(8000 * 2.75e-5 - 0.2)
    assert cube.valid.all()  # a band that the product lacks hides no pixel


def test_landsat_5_thermal_and_9(tmp_path):
    landsat(tmp_path, "LT05_L2SP_028030_19950114_20200824_02_T1", B3=11000)
    landsat(tmp_path, "LC09_L2SP_028030_20220114_20220824_02_T1", B4=11000)
    write(tmp_path / "LT05_L2SP_028030_19950114_20200824_02_T1_ST_B6.TIF", flat(44000), nodata=0)
    with pytest.warns(UserWarning, match="lack bands"):
        cube = eow.open(tmp_path)
    assert [median(cube, "red", i) for i in (0, 1)] == pytest.approx([0.1025] * 2)
    assert median(cube, "lwir") == pytest.approx(44000 * 0.00341802 + 149, abs=0.01)
    assert cube.lwir.attrs["quantity"] == "temperature"


def test_hls_of_both_sensors(tmp_path):
    hls = {
        "HLS.L30.T33TWM.2021152T095000.v2.0": {"B04": 1000, "B05": 4000, "B06": 2500},
        "HLS.S30.T33TWM.2021155T100000.v2.0": {"B04": 1000, "B05": 1500, "B08": 3900, "B8A": 4000, "B11": 2500},
    }
    for scene, numbers in hls.items():
        for band, value in numbers.items():
            write(tmp_path / f"{scene}.{band}.tif", flat(value, "int16"), pixel=30, nodata=-9999)
        write(tmp_path / f"{scene}.Fmask.tif", np.eye(6, dtype="uint8") * 2, pixel=30, nodata=255)
        write(tmp_path / f"{scene}.SZA.tif", flat(30), pixel=30)
    with pytest.warns(UserWarning, match="rededge1"):
        cube = eow.open(tmp_path)
    for name, value in (("red", 0.1), ("nir", 0.4), ("swir16", 0.25)):
        assert [median(cube, name, i) for i in (0, 1)] == pytest.approx([value] * 2)
    assert median(cube, "nir_broad", 1) == pytest.approx(0.39)
    assert float(cube.clouds.mean()) == pytest.approx(1 / 6)
    assert "SZA" not in cube


def test_products_that_cannot_be_merged_are_both_named(tmp_path):
    landsat(tmp_path, L8, B4=11000)
    write(tmp_path / "S2A_MSIL2A_20200115_T33TWM_B04.tif", flat(1000))
    with pytest.raises(InputError, match="Landsat 8-9 Collection 2 Level 2.*Sentinel-2 L2A"):
        eow.open(tmp_path)


@pytest.mark.parametrize(("newer", "expected"), [("N0400", 0.15), ("N0510", 0.15), ("N0301", 0.25)])
def test_complete_products_of_two_baselines(tmp_path, newer, expected):
    for baseline, day in (("N0300", "20220101"), (newer, "20220201")):
        safe = tmp_path / f"S2A_MSIL2A_{day}T100611_{baseline}_R022_T33TWM_{day}T160000.SAFE"
        image = safe / "GRANULE/L2A_T33TWM/IMG_DATA/R10m" / f"T33TWM_{day}T100611_B04_10m.jp2"
        write(image, flat(2500), driver="JP2OpenJPEG", QUALITY="100", REVERSIBLE="YES")
    cube = eow.open(tmp_path)
    assert [median(cube, "red", i) for i in (0, 1)] == pytest.approx([0.25, expected])


def test_loose_files_of_two_baselines_need_a_word(tmp_path):
    for baseline, day in (("N0300", "20220101"), ("N0400", "20220201")):
        safe = tmp_path / f"S2A_MSIL2A_{day}T100611_{baseline}_R022_T33TWM_{day}T160000.SAFE"
        write(safe / f"T33TWM_{day}T100611_B04_10m.tif", flat(2500))
    with pytest.raises(InputError, match=r"baseline 04\.00.*SAFE folders whole"):
        eow.open(tmp_path)
    cube = eow.open(tmp_path, sensor="sentinel2-l2a")
    assert [median(cube, "red", i) for i in (0, 1)] == pytest.approx([0.25, 0.15])


def test_the_metadata_of_a_product_decide_its_baseline(tmp_path):
    safe = tmp_path / "S2A_MSIL2A_20220630T100611_N9999_R022_T33TWM_20220630T160000.SAFE"
    write(safe / "T33TWM_20220630T100611_B04_10m.tif", flat(2500))
    (safe / "MTD_MSIL2A.xml").write_text("<a><PROCESSING_BASELINE>04.00</PROCESSING_BASELINE></a>")
    assert median(eow.open(safe), "red") == pytest.approx(0.15)
    (safe / "MTD_MSIL2A.xml").write_text("<a><PROCESSING_BASELINE>02.14</PROCESSING_BASELINE></a>")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert median(eow.open(safe), "red") == pytest.approx(0.25)


@pytest.fixture
def safe(tmp_path):
    """A Sentinel-2 L2A product with its three pixel sizes, pictures and quality files."""
    image = tmp_path / SAFE / "GRANULE/L2A_T33TWM/IMG_DATA"
    sizes = {
        10: (12, ("B02", "B03", "B04", "B08", "AOT", "WVP")),
        20: (6, ("B02", "B04", "B05", "B8A", "B11", "SCL")),
        60: (2, ("B01", "B02", "B04", "B09", "SCL")),
    }
    for pixel, (side, bands) in sizes.items():
        for band in bands:
            values = flat(9, "uint8", side) if band == "SCL" else flat(2000 + pixel, side=side)
            write(image / f"R{pixel}m/T33TWM_20220630T100611_{band}_{pixel}m.tif", values, pixel=pixel)
        write(image / f"R{pixel}m/T33TWM_20220630T100611_TCI_{pixel}m.tif", [flat(90, "uint8", side)] * 3, pixel=pixel)
    write(image.parent / "QI_DATA/MSK_CLDPRB_20m.tif", flat(50, "uint8"), pixel=20)
    return tmp_path / SAFE


@pytest.mark.parametrize(("resolution", "side", "red"), [(None, 12, 0.101), (20, 6, 0.102), (60, 2, 0.106)])
def test_each_band_of_a_product_comes_from_the_folder_that_suits(safe, resolution, side, red):
    cube = eow.open(safe, resolution=resolution)
    assert dict(cube.sizes) == {"time": 1, "y": side, "x": side}
    assert set(cube.eow.bands) == {
        "coastal", "blue", "green", "red", "rededge1", "nir", "nir08", "nir09", "swir16",
    }  # fmt: skip
    assert median(cube, "red") == pytest.approx(red)
    assert median(cube, "swir16") == pytest.approx(0.102)
    assert cube.clouds.all()
    assert str(cube.time.values[0])[:19] == "2022-06-30T10:06:11"


def test_a_product_as_a_zip_archive(safe):
    shutil.make_archive(str(safe.parent / "product"), "zip", safe.parent, safe.name)
    cube = eow.open(safe.parent / "product.zip", bands=["B04", "swir16"])
    assert cube.eow.bands == ("red", "swir16")
    assert median(cube, "red") == pytest.approx(0.101)


def test_a_folder_of_zip_archives(safe, tmp_path_factory):
    folder = tmp_path_factory.mktemp("archives")
    for day in ("20220630", "20220710"):
        later = safe.parent / safe.name.replace("20220630", day)
        if not later.exists():
            shutil.copytree(safe, later)
            for file in later.rglob("*.tif"):
                file.rename(file.with_name(file.name.replace("20220630", day)))
        shutil.make_archive(str(folder / day), "zip", safe.parent, later.name)
    cube = eow.open(folder)
    assert [str(t)[:10] for t in cube.time.values] == ["2022-06-30", "2022-07-10"]
    assert median(cube, "red", 1) == pytest.approx(0.101)


def test_landsat_collection_1_surface_reflectance(tmp_path):
    scene = "LC08_L1TP_028030_20200114_20200127_01_T1"
    for band, number in (("sr_band4", 2000), ("sr_band5", 4000), ("bt_band10", 2900)):
        write(tmp_path / f"{scene}_{band}.tif", flat(number, "int16"), nodata=-9999)
    quality = np.full((6, 6), 322, "uint16")
    quality[0, :3], quality[1, 0], quality[2, 0] = 352, 328, 1  # cloud, shadow, fill
    write(tmp_path / f"{scene}_pixel_qa.tif", quality)
    write(tmp_path / f"{scene}_radsat_qa.tif", flat(0, "uint8"))
    cube = eow.open(tmp_path)
    assert cube.attrs["sensor"] == "landsat-oli-c1"
    assert (median(cube, "red"), median(cube, "nir"), median(cube, "lwir11")) == pytest.approx((0.2, 0.4, 290))
    assert (int(cube.clouds.sum()), int((~cube.valid).sum())) == (4, 1)


def test_landsat_level_1(tmp_path):
    scene = "LC08_L1TP_028030_20200114_20200824_02_T1"
    write(tmp_path / f"{scene}_B4.TIF", flat(10000), nodata=0)
    with pytest.warns(UserWarning, match="Level-1 numbers.*no MTL file"):
        assert median(eow.open(tmp_path), "red") == pytest.approx(0.1)
    (tmp_path / f"{scene}_MTL.txt").write_text(
        "REFLECTANCE_MULT_BAND_4 = 2.0000E-05\nREFLECTANCE_ADD_BAND_4 = -0.100000\nSUN_ELEVATION = 30.0\n"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        assert median(eow.open(tmp_path), "red") == pytest.approx(0.2)


def test_landsat_level_1_of_the_old_sensors_needs_its_metadata(tmp_path):
    scene = "LT05_L1TP_028030_19950114_20200824_02_T1"
    write(tmp_path / f"{scene}_B3.TIF", flat(100, "uint8"), nodata=0)
    with pytest.raises(InputError, match="MTL file of the scene"):
        eow.open(tmp_path)
    (tmp_path / f"{scene}_MTL.txt").write_text(
        "REFLECTANCE_MULT_BAND_3 = 1.0E-03\nREFLECTANCE_ADD_BAND_3 = -0.01\nSUN_ELEVATION = 90.0\n"
    )
    assert median(eow.open(tmp_path), "red") == pytest.approx(0.09)


def test_digital_earth_australia(tmp_path):
    for band, number in (("band04", 2000), ("band05", 4000)):
        write(tmp_path / f"ga_ls8c_nbart_3-2-0_090085_2020-01-01_final_{band}.tif", flat(number, "int16"), nodata=-999)
    mask = np.array([[0, 2, 3, 4, 5, 1]] * 6, "uint8")  # nothing, cloud, shadow, snow, water, clear
    write(tmp_path / "ga_ls8c_oa_3-2-0_090085_2020-01-01_final_fmask.tif", mask)
    write(tmp_path / "ga_ls8c_oa_3-2-0_090085_2020-01-01_final_solar-zenith.tif", flat(30.0, "float32"))
    cube = eow.open(tmp_path)
    assert (median(cube, "red"), median(cube, "nir")) == pytest.approx((0.2, 0.4))
    np.testing.assert_array_equal(cube.clouds[0, 0], [False, True, True, False, False, False])
    np.testing.assert_array_equal(cube.valid[0, 0], [False, True, True, True, True, True])


@pytest.mark.parametrize("bands", [4, 8])
def test_planetscope_without_layer_names(tmp_path, bands):
    name = f"20220501_100000_00_2484_3B_AnalyticMS_SR{'_8b' if bands == 8 else ''}_clip.tif"
    write(tmp_path / name, [flat(500 * (i + 1)) for i in range(bands)], nodata=0)
    clear = np.stack([flat(i == 0, "uint8") for i in range(8)])
    clear[0, :2] = 0
    write(tmp_path / "20220501_100000_00_2484_3B_udm2_clip.tif", clear)
    cube = eow.open(tmp_path)
    assert median(cube, "red") == pytest.approx(0.3 if bands == 8 else 0.15)
    assert len(cube.eow.bands) == bands
    assert float(cube.clouds.mean()) == pytest.approx(1 / 3)


def test_planetscope_radiance_is_not_reflectance(tmp_path):
    path = write(tmp_path / "20220501_100000_00_2484_3B_AnalyticMS.tif", [flat(5000)] * 4, nodata=0)
    cube = eow.open(path)
    assert (cube.red.attrs["quantity"], median(cube, "red")) == ("radiance", pytest.approx(50))


def test_naip(tmp_path):
    path = write(tmp_path / "m_3807708_ne_18_060_20180815.tif", [flat(v, "uint8") for v in (50, 100, 150, 200)])
    cube = eow.open(path)
    assert set(cube.eow.bands) == {"red", "green", "blue", "nir"}
    assert median(cube, "nir") == pytest.approx(200 / 255)
    assert cube.valid.all()  # GDAL takes the fourth layer for alpha


@pytest.mark.parametrize(
    ("name", "number", "band", "value"),
    [
        ("MOD09A1.061_sur_refl_b01_doy2022177_aid0001", 2000, "red", 0.2),
        ("MOD13Q1.A2022177.h18v04.061.250m_16_days_NDVI", 6000, "ndvi", 0.6),
        ("MOD11A1.A2022177.h18v04.061.LST_Day_1km", 15000, "lst_day", 300),
    ],
)
def test_modis(tmp_path, name, number, band, value):
    cube = eow.open(write(tmp_path / f"{name}.tif", flat(number, "int16")))
    assert median(cube, band) == pytest.approx(value)
    assert str(cube.time.values[0])[:10] == "2022-06-26"


@pytest.mark.parametrize(("number", "units"), [(0.1, "1"), (-12.0, "dB")])
def test_sentinel_1(tmp_path, number, units):
    stem = "S1A_IW_20220101T052345_DVP_RTC10_G_gpunem_ABCD"
    for polarisation in ("VV", "VH"):
        write(tmp_path / f"{stem}_{polarisation}.tif", flat(number, "float32"), nodata=0)
    write(tmp_path / f"{stem}_inc_map.tif", flat(30.0, "float32"))
    cube = eow.open(tmp_path)
    assert cube.eow.bands == ("vv", "vh")
    assert cube.vv.attrs["units"] == units


@pytest.mark.parametrize("name", ["landsat7.tif", "S2A_20200630.tif", "hls.s30.tif"])
def test_a_name_does_not_make_a_picture_of_8_bits_reflectance(tmp_path, name):
    path = write(tmp_path / name, [flat(v, "uint8") for v in (120, 40, 50)], nodata=0)
    with pytest.warns(UserWarning, match="8 bits"):
        cube = eow.open(path, dates=["2020-06-30"], bands=["nir", "red", "green"])
    assert cube.red.attrs["quantity"] == "brightness"
    assert float(cube.eow.index("NDVI").median()) == pytest.approx(0.5)
    with pytest.raises(InputError, match="8-bit numbers"):
        eow.open(path, dates=["2020-06-30"], bands=["nir", "red", "green"], sensor="sentinel2-l2a")
