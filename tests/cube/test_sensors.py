import pytest

from eowidgets.cube.sensors import SENSORS, common_name, find_sensor, hinted_sensor, sensor_of_names
from eowidgets.errors import InputError


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("S2A_MSIL2A_20200630T092031_N0214_R093_T34TFR", "sentinel2-l2a"),
        ("S2B_MSIL1C_20200630", "sentinel2-l1c"),
        ("sentinel-2-l2a", "sentinel2-l2a"),
        ("LC08_L2SP_184028_20200630_02_T1", "landsat-oli"),
        ("landsat-9", "landsat-oli"),
        ("LT05_L2SP_184028_19900630", "landsat-tm"),
        ("HLS.S30.T34TFR.2020182", "hls-s30"),
        ("HLS.L30.T34TFR.2020182", "hls-l30"),
        ("MOD09A1.A2020177", "modis"),
        ("S1A_IW_GRDH", "sentinel1"),
        ("T33TWM_20220630T100611_B04_10m", "sentinel2-l2a"),
        ("LC08_L1TP_028030_20200114_20200824_02_T1_B4", "landsat-oli-l1"),
        ("landsat-c2-l1 landsat-5", "landsat-tm-l1"),
        ("LC08_L1TP_028030_20200114_20200127_01_T1_sr_band4", "landsat-oli-c1"),
        ("LE07_L1TP_028030_20050114_20200127_01_T1_B4", "landsat-tm-l1"),
        ("ga_ls7e_ard_3", "dea-tm"),
        ("ga_s2am_ard_3", "dea-s2"),
        ("20220501_100000_00_2484_3B_AnalyticMS_SR_8b_clip", "planetscope"),
        ("20220501_100000_00_2484_3B_AnalyticMS", "planetscope-radiance"),
        ("m_3807708_ne_18_060_20180815", "naip"),
        ("MYD13Q1.A2022177", "modis-vi"),
    ],
)
def test_names_of_products_are_known(text, key):
    assert hinted_sensor(text).key == key


@pytest.mark.parametrize(
    ("sensor", "name", "common"),
    [
        ("sentinel2-l2a", "B04", "red"),
        ("sentinel2-l2a", "B4", "red"),
        ("sentinel2-l2a", "B8A", "nir08"),
        ("sentinel2-l2a", "B11_20m", "swir16"),
        ("landsat-oli", "SR_B5", "nir"),
        ("landsat-tm", "SR_B4", "nir"),
        ("landsat-oli", "ST_B10", "lwir11"),
        ("hls-l30", "B05", "nir"),
        ("modis", "sur_refl_b02_1", "nir"),
        ("sentinel1", "VV", "vv"),
    ],
)
def test_band_names(sensor, name, common):
    assert common_name(name, SENSORS[sensor]) == common


def test_words_need_no_sensor():
    assert common_name("NIR", None) == "nir"
    assert common_name("swir1", None) == "swir16"
    assert common_name("temperature of the moon", None) is None


def test_sensors_are_guessed_from_bands():
    assert sensor_of_names(["B02", "B03", "B04", "B08", "SCL"]).key == "sentinel2-l2a"
    assert sensor_of_names(["SR_B2", "SR_B5", "SR_B6", "QA_PIXEL"]).key == "landsat-oli"
    assert sensor_of_names(["red", "nir"]) is None
    with pytest.raises(InputError, match="exist for several sensors"):
        sensor_of_names(["B1", "B2"])


def test_landsat_scale_is_the_product_guides():
    band = SENSORS["landsat-oli"].band("red")
    assert 18_639 * band.scale + band.offset == pytest.approx(0.3125725)


def test_baseline_and_unknown_sensor():
    assert find_sensor("sentinel2-l2a@04.00").baseline == 4.0
    with pytest.raises(InputError, match="processing baseline"):
        find_sensor("sentinel2-l2a@new")
    with pytest.raises(InputError, match="Did you mean 'sentinel1'"):
        find_sensor("sentnel1")
