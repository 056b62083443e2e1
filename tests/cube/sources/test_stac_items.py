"""Product, names, scale and nodata of each item."""

import itertools
import json
import warnings

import numpy as np
import pytest
from support.stac_item import Maker, together

import eowidgets as eow
from eowidgets.errors import InputError


@pytest.fixture
def make(tmp_path):
    return Maker(tmp_path)


def medians(cube, band):
    values = cube[band].values
    return [round(float(np.nanmedian(v)), 4) if np.isfinite(v).any() else None for v in values]


def quietly(source, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return eow.open(source, **options)


@pytest.fixture
def hls(make):
    def one(name, collection, values, when):
        assets = {
            b: make.asset(f"{name}/{b}.tif", v, dtype="int16", pixel=30, nodata=-9999)
            for b, v in values.items()
            if b != "Fmask"
        }
        if "Fmask" in values:
            assets["Fmask"] = make.asset(f"{name}/Fmask.tif", values["Fmask"], dtype="uint8", pixel=30, nodata=255)
        return make.item(name, assets, when, collection)

    l30 = one("HLS.L30.T33TWM", "HLSL30_2.0", {"B04": 1000, "B05": 4000, "Fmask": 64}, "2021-06-01T09:50:00Z")
    s30 = one(
        "HLS.S30.T33TWM",
        "HLSS30_2.0",
        {"B04": 1100, "B05": 1500, "B08": 3900, "B8A": 4100, "Fmask": 64},
        "2021-06-04T10:00:00Z",
    )
    return l30, s30


@pytest.mark.parametrize("turned", [False, True])
def test_hls_of_both_satellites_in_any_order(hls, turned):
    with pytest.warns(UserWarning, match="1 items .*HLS.L30.*'rededge1'") as caught:
        cube = eow.open(together(*(reversed(hls) if turned else hls)))
    assert len([w for w in caught if w.category is UserWarning]) == 1
    assert medians(cube, "nir") == [0.4, 0.41]
    assert medians(cube, "nir_broad") == [None, 0.39]
    assert medians(cube, "rededge1") == [None, 0.15]
    assert bool(cube.valid.all())  # a band that a date never has does not make it invalid
    assert not bool(cube.clouds.any())
    assert cube.nir.attrs["center_wavelength"] in (865, 865.0)


def test_landsat_7_and_8_number_their_bands_differently(make):
    def one(name, platform, when):
        values = {f"SR_B{i}": 7000 + 1000 * i for i in (2, 3, 4, 5)}
        assets = {b: make.asset(f"{name}/{b}.tif", v, pixel=30, nodata=0) for b, v in values.items()}
        return make.item(name, assets, when, "landsat-c2-l2", platform=platform)

    old = one("LE07_L2SP_028030_20200122", "landsat-7", "2020-01-22T10:00:00Z")
    new = one("LC08_L2SP_028030_20200114", "landsat-8", "2020-01-14T10:00:00Z")
    for order in itertools.permutations((old, new)):
        cube = quietly(together(*order))
        # Landsat 8 is first in time: red is its B4, and B3 of Landsat 7.
        assert medians(cube, "red") == [round(11_000 * 2.75e-5 - 0.2, 4), round(10_000 * 2.75e-5 - 0.2, 4)]
        assert medians(cube, "nir") == [round(12_000 * 2.75e-5 - 0.2, 4), round(11_000 * 2.75e-5 - 0.2, 4)]


def test_two_families_are_refused_by_name(make):
    sentinel = make.item("S2A_33TWM", {"red": make.asset("s.tif", 750)}, collection="sentinel-2-l2a")
    landsat = make.item("LC08_L2SP_x", {"red": make.asset("l.tif", 10_000, pixel=30)}, collection="landsat-c2-l2")
    for order in itertools.permutations((sentinel, landsat)):
        with pytest.raises(InputError, match="'Landsat 8-9 .*' and 'Sentinel-2 L2A.*'"):
            eow.open(together(*order))


def test_two_unknown_collections_that_store_a_band_differently_are_refused(make):
    a = make.item("a", {"red": make.asset("a.tif", 0.3, dtype="float32")}, collection="first")
    b = make.item("b", {"red": make.asset("b.tif", 30, note={"raster:scale": 0.01})}, "2021-06-05T10:00:00Z", "second")
    with pytest.raises(InputError, match="'red' is stored differently in 'first' and in 'second'"):
        eow.open(together(a, b))
    b["collection"] = "first"
    assert medians(quietly(together(a, b)), "red") == [0.3, 0.3]


NEW = {
    "property": {"s2__processing_baseline": "04.00"},
    "version": {"processing__version": "05.09"},
    "id": {"id": "S2A_MSIL2A_20220601T100031_N0400_R122_T33TWM_20220601T160000"},
    "uri": {"s2__product_uri": "S2B_MSIL2A_20220601T100031_N0510_R122_T33TWM_20220601T160000.SAFE"},
    "noted": {"note": {"raster:bands": [{"scale": 1e-4, "offset": -0.1, "data_type": "uint16"}]}},
    "noted in STAC 1.1": {"note": {"raster:scale": 1e-4, "raster:offset": -0.1, "data_type": "uint16"}},
}


@pytest.mark.parametrize("where", list(NEW))
def test_offset_of_sentinel_2_item_by_item(make, where):
    options = dict(NEW[where])
    name, note = options.pop("id", "S2A_33TWM_20220601"), options.pop("note", None)
    new = make.item(
        name,
        {"B04": make.asset("new.tif", 2500, nodata=0, note=note)},
        "2022-06-01T10:00:00Z",
        "sentinel-2-l2a",
        **options,
    )
    old = make.item(
        "S2A_33TWM_20210601",
        {"B04": make.asset("old.tif", 1500, nodata=0)},
        "2021-06-01T10:00:00Z",
        "sentinel-2-l2a",
        s2__processing_baseline="03.00",
    )
    for order in itertools.permutations((new, old)):
        assert medians(eow.open(together(*order)), "red") == [0.15, 0.15]


def test_offset_that_was_applied_or_that_the_user_states(make):
    note = {"raster:bands": [{"scale": 1e-4, "offset": -0.1}]}
    item = make.item(
        "S2A_33TWM", {"B04": make.asset("a.tif", 1500, note=note)}, "2022-06-01T10:00:00Z", "sentinel-2-l2a"
    )
    item["properties"]["earthsearch:boa_offset_applied"] = True
    assert medians(eow.open(item), "red") == [0.15]
    assert medians(eow.open(item, sensor="sentinel2-l2a@04.00"), "red") == [0.05]


def test_silence_about_the_offset_is_reported(make):
    item = make.item("S2A_33TWM", {"B04": make.asset("a.tif", 2500)}, "2022-06-01T10:00:00Z", "sentinel-2-l2a")
    with pytest.warns(UserWarning, match="no processing baseline.*sentinel2-l2a@04.00"):
        eow.open(item)


def test_tiles_of_one_pass_are_scaled_before_they_are_merged(make):
    left = np.full((8, 8), 2500)
    left[:, 4:] = 0
    a = make.item(
        "S2A_MSIL2A_20220601T100031_N0400_R122_T33TWM_x",
        {"B04": make.asset("a.tif", left, nodata=0)},
        "2022-06-01T10:00:31Z",
        "sentinel-2-l2a",
    )
    b = make.item(
        "S2A_MSIL2A_20220601T100031_N0301_R122_T33TWM_x",
        {"B04": make.asset("b.tif", 1500, nodata=0)},
        "2022-06-01T10:00:45Z",
        "sentinel-2-l2a",
    )
    cube = eow.open(together(b, a))
    assert cube.sizes["time"] == 1
    assert str(cube.time.values[0])[:19] == "2022-06-01T10:00:31"  # the time of acquisition, not midnight
    np.testing.assert_allclose(cube.red.values, 0.15, atol=1e-6)


@pytest.mark.parametrize(
    ("times", "dates"),
    [
        (("2021-06-01T23:59:50Z", "2021-06-02T00:00:14Z"), 1),
        (("2021-06-01T10:00:00Z", "2021-06-01T11:40:00Z"), 2),  # the next orbit
        (("2021-06-01T12:00:00+02:00", "2021-06-01T10:00:14Z"), 1),
        (("2021-06-01T10:00:00Z", "2021-06-01T10:09:00Z", "2021-06-01T10:18:00Z"), 1),  # a long pass
    ],
)
def test_scenes_of_one_pass_are_one_date(make, times, dates):
    found = [
        make.item(f"i{i}", {"red": make.asset(f"{i}.tif", 0.2, dtype="float32", at=(5e5, 5e6 - 80 * i))}, t)
        for i, t in enumerate(times)
    ]
    for item in found:
        item["bbox"] = item["geometry"] = None
    cube = eow.open(together(*found))
    assert cube.sizes["time"] == dates
    assert cube.sizes["y"] == 8 * len(times)
    assert int(cube.red.notnull().sum()) == 64 * len(times)


@pytest.mark.parametrize(("seconds", "dates"), [(14, 1), (600, 2)])
def test_the_same_place_again_is_another_date(make, seconds, dates):
    asset = make.asset("red.tif", 0.2, dtype="float32")
    later = f"2021-06-01T10:{seconds // 60:02d}:{seconds % 60:02d}Z"
    cube = eow.open(together(make.item("a", {"red": asset}), make.item("b", {"red": asset}, later)))
    assert cube.sizes["time"] == dates


def test_passes_at_the_antimeridian(make):
    a = make.asset("a.tif", 0.2, dtype="float32", crs="EPSG:32660", at=(833_000, 10_000))
    b = make.asset("b.tif", 0.3, dtype="float32", crs="EPSG:32601", at=(166_100, 10_000))
    found = [make.item("a", {"red": a}, "2021-06-01T22:30:00Z"), make.item("b", {"red": b}, "2021-06-01T22:30:20Z")]
    for item in found:
        item["bbox"] = item["geometry"] = None
    cube = eow.open(together(*found))
    assert cube.sizes["time"] == 1
    assert cube.sizes["x"] < 200  # not once around the globe
    assert {round(float(v), 1) for v in np.unique(cube.red) if np.isfinite(v)} == {0.2, 0.3}


@pytest.mark.parametrize("bbox", [(179.99, 0.05, -179.99, 0.2), (179.99, 0.05, 180.01, 0.2)])
@pytest.mark.parametrize("stated", [(179.9, 0.0, -179.9, 0.3), (-180.1, 0.0, -179.9, 0.3), (179.9, 0.0, 180.1, 0.3)])
@pytest.mark.filterwarnings("ignore:The bounding box:UserWarning")
def test_a_bounding_box_across_the_antimeridian(make, bbox, stated):
    ramp = np.arange(64, dtype="float32").reshape(8, 8) / 100
    asset = make.asset("a.tif", ramp, dtype="float32", crs="EPSG:32660", at=(820_000, 24_000), pixel=3000)
    item = make.item("a", {"red": asset}, "2021-06-01T22:30:00Z")
    item["bbox"] = list(stated)
    cube = eow.open(together(item), bbox=bbox)
    west, _, east, _ = cube.eow.bounds
    assert 0 < east - west < 0.2
    assert cube.sizes["x"] < 8
    far = make.item("b", {"red": asset}, "2021-06-02T22:30:00Z") | {"bbox": [178.0, 0.0, 179.0, 0.3]}
    assert eow.open(together(item, far), bbox=bbox).sizes["time"] == 1


NAIP = [{"name": n, "common_name": n.lower()} for n in ("Red", "Green", "Blue", "NIR")]
LISTS = {
    "eo:bands": {"eo:bands": NAIP},
    "bands": {"bands": [{"name": n["name"], "eo:common_name": n["common_name"], "data_type": "uint8"} for n in NAIP]},
    "eo and raster": {"eo:bands": NAIP, "raster:bands": [{"data_type": "uint8"}] * 4},
    "one raster for all": {"eo:bands": NAIP, "raster:bands": [{"data_type": "uint8"}]},
    "names alone": {"eo:bands": [{"name": n["name"]} for n in NAIP]},
    "nothing": {},
    "no names": {"raster:bands": [{"data_type": "uint8"}] * 4},
}


@pytest.mark.parametrize("note", list(LISTS))
def test_all_bands_of_one_file(make, note):
    item = make.item("m_4207009", {"image": make.asset("n.tif", 51, 102, 153, 204, dtype="uint8", note=LISTS[note])})
    cube = eow.open(item | {"collection": "naip"})
    assert cube.eow.bands == ("blue", "green", "red", "nir")
    assert [medians(cube, b)[0] for b in ("red", "green", "blue", "nir")] == [0.2, 0.4, 0.6, 0.8]


def test_one_file_with_a_type_scale_and_nodata_for_each_band(make):
    rows = [
        {"common_name": "green", "nodata": "0", "scale": 1e-4, "data_type": "int16"},
        {"common_name": "red", "nodata": "-9999", "scale": 2e-4, "offset": "0.1", "data_type": "int16"},
    ]
    values = np.full((2, 8, 8), 1000)
    values[0, 0], values[1, 1] = 0, -9999
    note = {"eo:bands": [{"common_name": r["common_name"]} for r in rows], "raster:bands": rows}
    cube = eow.open(make.item("x", {"analytic": make.asset("a.tif", *values, dtype="int16", note=note)}))
    assert medians(cube, "green") == [0.1]
    assert medians(cube, "red") == [0.3]
    assert np.isnan(cube.green.values[0, 0]).all()
    assert np.isnan(cube.red.values[0, 1]).all()
    assert float(cube.valid.mean()) == 6 / 8


def test_planetscope_of_4_and_of_8_bands(make):
    a = make.item("a_3B_AnalyticMS_SR", {"analytic": make.asset("a.tif", 100, 200, 300, 400)}, collection="planetscope")
    b = make.item(
        "b_3B_AnalyticMS_SR_8b",
        {"analytic": make.asset("b.tif", *range(100, 900, 100))},
        "2021-06-05T10:00:00Z",
        "planetscope",
    )
    cube = quietly(together(a, b))
    assert medians(cube, "nir") == [0.04, 0.08]
    assert medians(cube, "yellow") == [None, 0.05]


@pytest.mark.parametrize("text", ["nan", "NaN", "0", "-9999", "inf", "nothing", None])
def test_nodata_as_text(make, text):
    values = np.full((8, 8), 500.0)
    if text in ("0", "-9999", "inf", "nan", "NaN"):
        values[0] = float(text)
    note = {"raster:bands": [{"nodata": text, "scale": 1e-3, "data_type": "float32"}]}
    cube = eow.open(make.item("x", {"red": make.asset("r.tif", values, dtype="float32", note=note)}))
    assert medians(cube, "red") == [0.5]
    assert not np.isfinite(cube.red.values).all() if text not in ("nothing", None) else cube.red.notnull().all()
    assert bool(cube.valid.values[0, 1:].all())


def test_bands_as_numbers_into_the_list_of_the_item(make):
    assets = {"SR_B4.TIF": make.asset("o.tif", 10_000, nodata=0, note={"eo:bands": [1]})}
    rows = [{"name": "B3", "common_name": "green"}, {"name": "B4", "common_name": "red"}]
    item = make.item("x", assets, collection="something", eo__bands=rows) | {"stac_version": "0.8.1"}
    cube = eow.open(item, sensor="landsat-8")
    assert medians(cube, "red") == [0.075]
    item["assets"]["SR_B4.TIF"]["eo:bands"] = ["B4"]
    assert "red" in eow.open(item, sensor="landsat-8")
    item["assets"]["SR_B4.TIF"]["eo:bands"] = [7]  # beyond the list: the key names the band
    assert "red" in eow.open(item, sensor="landsat-8")


def test_items_of_stac_0_9(make):
    item = make.item("x", {"B04": make.asset("r.tif", 1500)}, collection="sentinel-2-l2a", eo__epsg="32633")
    item |= {"stac_version": "0.9.0", "stac_extensions": ["eo", "projection"]}
    assert medians(eow.open(item), "red") == [0.15]
    del item["stac_extensions"]
    assert medians(eow.open(item), "red") == [0.15]


def test_metadata_of_the_item_hold_for_its_bands(make):
    item = make.item("x", {"red": make.asset("r.tif", 300)}, data_type="uint16", raster__scale=1e-3)
    assert medians(eow.open(item), "red") == [0.3]


def test_scale_in_the_file_alone(make):
    path = make.file("r.tif", 300)
    import rasterio

    with rasterio.open(path, "r+") as file:
        file.scales, file.offsets = (1e-3,), (0.1,)
    asset = {"href": str(path), "type": "image/tiff", "roles": ["data"]}
    assert medians(eow.open(make.item("x", {"red": asset})), "red") == [0.4]


def test_integers_without_any_scale_are_not_called_reflectance(make):
    with pytest.raises(InputError, match="unscaled numbers"):
        eow.open(make.item("x", {"red": make.asset("r.tif", 1500)}))


def test_a_picture_beside_the_bands_is_not_taken_for_them(make):
    note = {"eo:bands": [{"common_name": n} for n in ("red", "green", "blue")]}
    assets = {
        "visual": make.asset("v.tif", 1, 2, 3, dtype="uint8", note=note),
        "AOT": make.asset("aot.tif", 100),
        "B04": make.asset("r.tif", 1500),
        "cloud": make.asset("c.tif", 3, dtype="uint8"),
        "SCL": make.asset("scl.tif", 4, dtype="uint8"),
    }
    item = make.item("x", assets, collection="sentinel-2-l2a")
    cube = eow.open(item)
    assert cube.eow.bands == ("red",)
    assert medians(cube, "red") == [0.15]
    assert not bool(cube.clouds.any())  # a probability of 3 % is no cloud
    assert "AOT" in eow.open(item, bands=["B04", "AOT"])
    likely = eow.open(item, bands=["B04", "cloud"])
    assert medians(likely, "cloud_probability") == [3]
    assert not bool(likely.clouds.any())


@pytest.mark.parametrize("bands", ["B04", ["B04"], "red", ["RED"], ("b04",), "B4"])
def test_bands_by_every_name(make, bands):
    assets = {k: make.asset(f"{k}.tif", 1500) for k in ("B04", "B08")}
    assets["SCL"] = make.asset("SCL.tif", 4, dtype="uint8")
    item = make.item("x", assets, collection="sentinel-2-l2a")
    cube = eow.open(item, bands=bands)
    assert cube.eow.bands == ("red",)
    assert "scl" in cube


def test_names_as_catalogues_of_landsat_write_them(make):
    assets = {"nir08": make.asset("n.tif", 20_000), "qa_pixel": make.asset("q.tif", 21_824)}
    item = make.item("LC08_x", assets, collection="landsat-c2-l2", platform="landsat-8")
    for bands in ("nir08", "nir", ["SR_B5", "QA_PIXEL"], ["B5"]):
        assert eow.open(item, bands=bands).eow.bands == ("nir",)


def test_unknown_and_ambiguous_names(make, hls):
    item = make.item("x", {"B04": make.asset("r.tif", 1500)}, collection="sentinel-2-l2a")
    with pytest.raises(InputError, match="no band named 'B4O'. Did you mean 'B04'"):
        eow.open(item, bands="B4O")
    with pytest.raises(InputError, match="bands= is empty"):
        eow.open(item, bands=[])
    with pytest.raises(InputError, match="'B05' is 'nir' in 'hls-l30' but 'rededge1' in 'hls-s30'"):
        eow.open(together(*hls), bands="B05")


def test_items_without_the_band_are_left_out(hls):
    with pytest.warns(UserWarning, match="HLS.L30.*left out"):
        cube = eow.open(together(*hls), bands=["nir_broad"])
    assert medians(cube, "nir_broad") == [0.39]


def test_classes_keep_their_numbers_and_names(make):
    rows = [{"value": 10, "name": "trees"}, {"value": 30, "description": "Open grass"}]
    numbers = np.full((8, 8), 30)
    numbers[:2], numbers[7] = 10, 0
    asset = make.asset("m.tif", numbers, dtype="uint8", nodata=0, note={"classification:classes": rows})
    for when, cube in (
        ("native", eow.open(make.item("x", {"map": asset}))),
        ("coarse", eow.open(make.item("x", {"map": asset}), resolution=20)),
    ):
        assert cube["map"].dtype == "uint8", when
        assert cube["map"].attrs["flag_meanings"] == "trees Open_grass"
        assert set(np.unique(cube["map"])) <= {0, 10, 30}  # no averages of classes
    cube = eow.open(make.item("x", {"land_cover": make.asset("n.tif", numbers, dtype="uint8", nodata=0)}))
    assert cube["land_cover"].dtype == "uint8"
    assert not bool(cube.valid[0, 7].any())


def test_classes_and_elevation_stay_as_they_are(make):
    item = make.item(
        "x", {"map": make.asset("m.tif", 30, dtype="uint8"), "DEM": make.asset("d.tif", 812.5, dtype="float32")}
    )
    cube = eow.open(item)
    assert medians(cube, "map") == [30]
    assert medians(cube, "DEM") == [812.5]


def test_a_list_of_items(make):
    found = [make.item(f"i{d}", {"red": make.asset("r.tif", 0.2, dtype="float32")}, f"2021-06-0{d}") for d in (3, 1, 2)]
    cube = eow.open(found)
    assert [str(t)[:10] for t in cube.time.values] == ["2021-06-01", "2021-06-02", "2021-06-03"]


@pytest.mark.parametrize(
    ("dates", "found"),
    [
        ("2021-06", [1, 2, 3]),
        (("2021-06-02", "2021-06-03"), [2, 3]),
        (["2021-06-01", "2021-06-03", "2021-06-09"], [1, 3]),
        (["2021-06-02"], [2]),
        (slice("2021-06-02", "2021-06-30"), [2, 3]),
    ],
)
def test_dates_as_for_files(make, dates, found):
    red = make.asset("r.tif", 0.2, dtype="float32")
    cube = eow.open([make.item(f"i{d}", {"red": red}, f"2021-06-0{d}T10:00:00Z") for d in (1, 2, 3)], dates=dates)
    assert [int(str(t)[8:10]) for t in cube.time.values] == found


def test_dates_of_items_that_state_a_zone_or_a_period(make):
    red = make.asset("r.tif", 0.2, dtype="float32")
    zone = make.item("a", {"red": red}, "2021-06-02T00:30:00+02:00")
    assert eow.open(zone, dates="2021-06-01").sizes["time"] == 1
    period = {"start_datetime": "2021-05-01T00:00:00Z", "end_datetime": "2021-05-31T23:59:59Z"}
    month = make.item("b", {"red": red}, None, **period)
    assert eow.open(month, dates="2021-05-20/2021-06-10").sizes["time"] == 1
    with pytest.raises(InputError, match="widen the dates"):
        eow.open(month, dates="2021-06")


def save_catalogue(folder, make, version):
    """Write a collection of one item, in the form of a version of STAC; return its path."""
    asset = make.asset("below/red.tif", 300)
    item = make.item("x", {"B4": {"href": "./red.tif", "type": asset["type"]}}) | {"stac_version": version}
    (folder / "below/x.json").write_text(json.dumps(item))
    shared = {"B4": {"eo:bands": [{"common_name": "red"}], "raster:bands": [{"scale": 1e-3, "data_type": "uint16"}]}}
    document = {
        "type": "Collection", "stac_version": version, "id": "c", "description": "", "license": "other",
        "item_assets": shared,
        "extent": {"spatial": {"bbox": [[-180, -90, 180, 90]]}, "temporal": {"interval": [[None, None]]}},
        "links": [{"rel": "item", "href": "./below/x.json"}, {"rel": "item", "href": "./below/x.json"}, {"rel": "odd"}],
    }  # fmt: skip
    if version < "1":
        del document["type"]
    (folder / "collection.json").write_text(json.dumps(document))
    return folder / "collection.json"


@pytest.mark.parametrize("version", ["0.8.1", "0.9.0", "1.0.0", "1.1.0"])
def test_a_collection_states_the_bands_of_its_items(tmp_path, version):
    cube = eow.open(save_catalogue(tmp_path, Maker(tmp_path), version))
    assert medians(cube, "red") == [0.3]


def test_pystac_and_pystac_client_objects(romania, tmp_path):
    import pystac
    import pystac_client
    from support.stac_server import serve_api, write_catalogue

    small = romania[["red", "scl", "valid", "clouds"]].isel(time=slice(84, 86))
    path = write_catalogue(tmp_path, small)
    found = list(pystac.Catalog.from_file(str(path)).get_items())
    for source in (found, tuple(found), found[0], pystac.ItemCollection(found)):
        assert eow.open(source).eow.bands == ("red",)
    with serve_api(tmp_path) as (url, _):
        search = pystac_client.Client.open(url).search(bbox=small.eow.bounds, datetime="2010/2030")
        for source in (search, search.item_collection(), list(search.items()), search.item_collection_as_dict()):
            cube = eow.open(source, bands="B04")
            assert cube.sizes["time"] == 2
            assert float(cube.red.mean()) > 0


def test_numbers_of_8_bits_are_no_reflectance(make):
    assets = {k: make.asset(f"{k}.tif", 102, dtype="uint8") for k in ("red", "green")}
    item = make.item("LC08_browse", assets, collection="landsat-c2-l2", platform="landsat-8")
    with pytest.warns(UserWarning, match="8-bit numbers.*brightness"):
        cube = eow.open(item)
    assert medians(cube, "red") == [0.4]
    assert cube.red.attrs["quantity"] == "brightness"


def test_level_1_of_landsat(make):
    new = {"B4": make.asset("n.tif", 10_000, nodata=0)}
    item = make.item("LC08_L1TP_028030_20200114_20200824_02_T1", new, collection="landsat-c2l1", platform="LANDSAT_8")
    with pytest.warns(UserWarning, match="Level-1 numbers"):
        assert medians(eow.open(item), "red") == [0.1]
    old = {"B3": make.asset("o.tif", 100, dtype="uint8", nodata=0)}
    item = make.item("LE07_L1TP_028030_20200114_20200824_02_T1", old, collection="landsat-c2l1", platform="LANDSAT_7")
    with pytest.raises(InputError, match="Level-1 numbers of Landsat 4-7 without their scale"):
        eow.open(item)
    old["B3"]["raster:bands"] = [{"scale": 0.002, "offset": -0.01}]
    assert medians(eow.open(item), "red") == [0.19]


def test_other_quantities_keep_their_units(make):
    for collection, key, number, name, expected, quantity, options in (
        ("modis-11A1-061", "LST_Day_1km", 15_000, "lst_day", 300, "temperature", {}),
        ("modis-13Q1-061", "250m_16_days_NDVI", 5000, "ndvi", 0.5, "index", {"dtype": "int16"}),
        ("sentinel-1-rtc", "vv", 0.05, "vv", 0.05, "backscatter", {"dtype": "float32"}),
    ):
        cube = eow.open(make.item("x", {key: make.asset(f"{name}.tif", number, **options)}, collection=collection))
        assert medians(cube, name) == [expected]
        assert cube[name].attrs["quantity"] == quantity
