import pytest

from eowidgets.cube.mixing import merged_names
from eowidgets.cube.products import SENSORS
from eowidgets.errors import InputError


def test_products_of_one_family():
    assert merged_names([SENSORS["landsat-tm"], SENSORS["landsat-oli"]]) == {}
    assert merged_names([SENSORS["hls-s30"], SENSORS["hls-l30"]])["hls-s30"]["nir08"] == "nir"
    assert merged_names([SENSORS["hls-s30"]]) == {}
    assert merged_names([None, None]) == {}


@pytest.mark.parametrize(
    ("one", "other"), [("landsat-oli", "landsat-oli-l1"), ("hls-s30", "sentinel2-l2a"), ("modis", "modis-vi")]
)
def test_products_of_two_families_are_both_named(one, other):
    with pytest.raises(InputError) as caught:
        merged_names([SENSORS[one], SENSORS[other]])
    assert SENSORS[one].title in str(caught.value)
    assert SENSORS[other].title in str(caught.value)


def test_a_known_and_an_unknown_product():
    with pytest.raises(InputError, match="an unknown product"):
        merged_names([SENSORS["modis"], None])
