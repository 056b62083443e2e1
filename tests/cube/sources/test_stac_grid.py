"""The grid of STAC items: axes, CRS as published, crs= and resolution=."""

import numpy as np
import pytest
import rasterio.crs
from support.stac_item import Maker, together

import eowidgets as eow
from eowidgets.errors import InputError, SourceError

SINUSOIDAL = "+proj=sinu +lon_0=0 +x_0=0 +y_0=0 +R=6371007.181 +units=m +no_defs"
PIXELS = {"proj__shape": [8, 8], "proj__transform": [10, 0, 500_000, 0, -10, 5_000_000]}


@pytest.fixture
def make(tmp_path):
    return Maker(tmp_path)


@pytest.fixture
def red(make):
    return make.asset("red.tif", np.arange(64).reshape(8, 8) / 100, dtype="float32")


def values(cube):
    return np.round(cube.red.values[0] * 100)


EXPECTED = np.arange(64).reshape(8, 8)


@pytest.mark.parametrize("noted", [{}, {"proj__epsg": 4326}, {"proj__code": "EPSG:4326"}])
def test_degrees_become_x_and_y(make, noted):
    asset = make.asset("m.tif", 30, dtype="uint8", crs="EPSG:4326", at=(15, 45.1), pixel=0.005, nodata=0)
    cube = eow.open(make.item("worldcover", {"map": asset}, **noted))
    assert dict(cube.sizes) == {"time": 1, "y": 8, "x": 8}
    assert cube.odc.geobox.crs.epsg == 4326
    assert float(cube.x[0]) == pytest.approx(15.0025)
    assert (cube["map"].values == 30).all()


@pytest.mark.parametrize(
    "noted",
    [
        {"proj__code": "EPSG:32633"},
        {"proj__code": "EPSG:None"},
        {"proj__code": "EPSG:999999"},
        {"proj__code": "nonsense"},
        {"proj__epsg": None},
        {"proj__epsg": "32633"},
        {"proj__epsg": "EPSG:32633"},
        {"proj__epsg": 32633.0},
        {"proj__epsg": None, "proj__wkt2": rasterio.crs.CRS.from_epsg(32633).to_wkt(version="WKT2_2019")},
        {"proj__code": None, "proj__projjson": {"type": "ProjectedCRS", "broken": True}},
        {"eo__epsg": 32633},
    ],
)
@pytest.mark.parametrize(
    "pixels", [{}, PIXELS, {"proj__shape": [8, 8], "proj__bbox": [500_000, 4_999_920, 500_080, 5_000_000]}]
)
def test_every_way_to_state_the_crs(make, red, noted, pixels):
    cube = eow.open(make.item("x", {"red": red}, **noted, **pixels))
    assert cube.odc.geobox.crs.epsg == 32633
    np.testing.assert_array_equal(values(cube), EXPECTED)


def test_projjson(make, red):
    import pyproj

    noted = {"proj__projjson": pyproj.CRS(32633).to_json_dict()}
    cube = eow.open(make.item("x", {"red": red}, **noted, **PIXELS))
    assert cube.odc.geobox.crs.epsg == 32633


def test_a_crs_without_a_code(make):
    asset = make.asset("m.tif", 2000, dtype="int16", crs=SINUSOIDAL, at=(1_179_400, 5_003_777.34), pixel=463.3127)
    noted = {
        "proj__code": "EPSG:None",
        "proj__shape": [8, 8],
        "proj__transform": [463.3127, 0, 1_179_400, 0, -463.3127, 5_003_777.34],
    }
    cube = eow.open(make.item("MOD09A1.A2022", {"sur_refl_b01": asset}, collection="modis-09A1-061", **noted))
    np.testing.assert_allclose(cube.red.values, 0.2)


@pytest.mark.parametrize(
    "pixels", [{"proj__shape": [0, 8]}, {"proj__shape": "8x8"}, {"proj__shape": [8, 8], "proj__transform": [1, 2]}]
)
def test_damaged_projection_metadata_give_way_to_the_file(make, red, pixels):
    noted = {"proj__epsg": 32633, "proj__transform": PIXELS["proj__transform"]} | pixels
    np.testing.assert_array_equal(values(eow.open(make.item("x", {"red": red}, **noted))), EXPECTED)


@pytest.mark.parametrize("box", [None, [14.9, 45.0, 0, 15.2, 45.3, 100], []])
def test_bbox_missing_or_with_heights(make, red, box):
    item = make.item("x", {"red": red})
    item["bbox"] = box
    np.testing.assert_array_equal(values(eow.open(item)), EXPECTED)
    cube = eow.open(item, bbox=(14.999, 45.15, 15.0005, 45.16))
    assert bool(cube.red.notnull().any())
    del item["bbox"], item["geometry"]
    assert eow.open(item).sizes["time"] == 1


@pytest.mark.parametrize(
    "noted",
    [
        {"start_datetime": "2021-05-01T00:00:00Z", "end_datetime": "2021-05-31T23:59:59Z"},
        {"end_datetime": "2021-05-01T00:00:00Z"},
    ],
)
def test_an_item_of_a_period(make, red, noted):
    cube = eow.open(make.item("x", {"red": red}, when=None, **noted))
    assert str(cube.time.values[0])[:10] == "2021-05-01"


def test_an_item_without_any_date(make, red):
    with pytest.raises(InputError, match="'x' has neither datetime nor start_datetime"):
        eow.open(make.item("x", {"red": red}, when=None))
    with pytest.raises(InputError, match="'yesterday' of the STAC item 'x' is not understood"):
        eow.open(make.item("x", {"red": red}, when="yesterday"))


@pytest.mark.parametrize("crs", ["EPSG:32634", 32634, "epsg:3857", SINUSOIDAL])
def test_the_user_chooses_the_crs(make, red, crs):
    from odc.geo import CRS

    cube = eow.open(make.item("x", {"red": red}), crs=crs)
    assert cube.odc.geobox.crs == CRS(crs)
    assert bool(cube.red.notnull().any())


def test_resolution_is_in_units_of_the_chosen_crs(make, red):
    cube = eow.open(make.item("x", {"red": red}), crs="EPSG:4326", resolution=0.0002)
    assert abs(float(cube.odc.geobox.resolution.x)) == pytest.approx(0.0002)
    assert 0.0 < float(cube.red.mean()) < 0.64
    box = eow.open(
        make.item("x", {"red": red}), crs="EPSG:4326", resolution=0.0002, bbox=(15.0, 45.15, 15.0006, 45.1535)
    )
    assert abs(float(box.odc.geobox.resolution.x)) == pytest.approx(0.0002)
    assert box.sizes["x"] <= cube.sizes["x"]


@pytest.mark.parametrize("crs", ["EPSG:999999", "nowhere", -1, object()])
def test_a_crs_that_does_not_exist(make, red, crs):
    with pytest.raises(InputError, match="coordinate (reference )?system"):
        eow.open(make.item("x", {"red": red}), crs=crs)


def test_zones_are_put_on_the_grid_of_most_items(make):
    a = make.item("a", {"red": make.asset("a.tif", 0.1, dtype="float32", at=(790_000, 5_000_000))})
    b = make.item("b", {"red": make.asset("b.tif", 0.1, dtype="float32", at=(790_000, 5_000_000))}, "2021-06-02")
    c = make.item(
        "c", {"red": make.asset("c.tif", 0.3, dtype="float32", crs="EPSG:32634", at=(318_900, 4_998_000))}, "2021-06-03"
    )
    for item in (a, b, c):
        item["bbox"] = item["geometry"] = None
    cube = eow.open(together(c, b, a))
    assert cube.odc.geobox.crs.epsg == 32633
    assert float(np.nanmedian(cube.red[2])) == pytest.approx(0.3)


def test_a_file_without_any_crs(make):
    asset = make.asset("a.tif", 0.1, dtype="float32", crs=None)
    with pytest.raises(InputError, match="'red' of 'x' has no CRS"):
        eow.open(make.item("x", {"red": asset}))
    asset |= {"data_type": "float32"}
    stated = eow.open(make.item("x", {"red": asset}, proj__epsg=32633, **PIXELS))
    with pytest.raises(SourceError, match="'a.tif' has no CRS"):
        stated.red.compute()
