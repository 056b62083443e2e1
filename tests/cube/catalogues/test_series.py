"""Dates of a cube from a catalogue are the rows of the table, whatever products and hours there are."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.faulty_api import Fault, plain_items, serve_pages
from support.stac_item import Maker, together

import eowidgets as eow
from eowidgets.cube.catalogues import pixels
from eowidgets.cube.sources.stac import patience
from eowidgets.errors import InputError

AREA = (15.0, 45.153, 15.0008, 45.1536)


@pytest.fixture
def make(tmp_path):
    return Maker(tmp_path)


def hls(make, product, name, hour):
    bands = {"L30": {"B04": 1, "B05": 5}, "S30": {"B04": 2, "B8A": 6, "B08": 9}}[product]
    assets = {
        k: make.asset(f"{name}_{k}.tif", 1000 * v, dtype="int16", nodata=-9999, pixel=30) for k, v in bands.items()
    }
    assets["Fmask"] = make.asset(f"{name}_Fmask.tif", 0, dtype="uint8", nodata=255, pixel=30)
    return make.item(f"HLS.{product}.T33TWL.{name}", assets, f"2021-06-01T{hour:02d}:00:00Z", f"HLS{product}_2.0")


def test_both_collections_of_hls_are_one_series(make):
    items = together(hls(make, "L30", "a", 9), hls(make, "S30", "b", 10))
    found = eow.find(items, area=AREA, bands=["red", "nir"])
    cube = found.open()
    assert found.table["product"].tolist() == ["hls-l30", "hls-s30"]
    assert cube.sizes["time"] == len(found) == 2
    np.testing.assert_allclose(cube.red.median(("y", "x")), [0.1, 0.2], atol=1e-6)
    np.testing.assert_allclose(
        cube.nir.median(("y", "x")), [0.5, 0.6], atol=1e-6
    )  # the narrow band of S30 is that of L30


def test_an_acquisition_in_two_baselines_is_read_once_with_its_own_offset(make):
    def item(name, baseline, number):
        asset = make.asset(f"{name}.tif", number, nodata=0)
        noted = {"s2__processing_baseline": baseline, "grid__code": "MGRS-33TWL", "platform": "sentinel-2a"}
        return make.item(name, {"B04": asset}, collection="sentinel-2-l2a", **noted)

    found = eow.find(together(item("old", "02.14", 900), item("new", "05.00", 3000)), area=AREA)
    assert [i["id"] for i in found.items] == ["new"]
    np.testing.assert_allclose(found.open().red.compute().median(), 0.2, atol=1e-6)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 23), st.booleans()), min_size=1, max_size=6, unique=True))
def test_every_row_is_a_date(make, rows):
    """Radar at any hour and from both sides; the sun is an hour ahead of UTC at 15 degrees east."""
    asset = make.asset("x.tif", 1.0, dtype="float32")
    items = [
        make.item(
            f"S1A_{i}",
            {"vv": asset},
            f"2021-06-0{1 + day}T{hour:02d}:00:00Z",
            "sentinel-1-rtc",
            sat__orbit_state="ascending" if rising else "descending",
        )
        for i, (day, hour, rising) in enumerate(rows)
    ]
    found = eow.find(together(*items), area=AREA, measure=False)
    cube = found.open()
    expected = {(f"2021-06-0{1 + day}" if hour < 23 else f"2021-06-0{2 + day}", rising) for day, hour, rising in rows}
    assert {(d.date, d.orbit == "ascending") for d in found.days} == expected
    times = found.table["time"].to_numpy().astype("datetime64[ns]")
    if len(set(times)) == len(times):
        np.testing.assert_array_equal(np.sort(times), cube.time.values)
    assert sum(found.table["items"]) == len(rows)


def test_opening_too_many_images_is_refused(monkeypatch):
    monkeypatch.setattr(
        pixels.Query.of.__func__, "__kwdefaults__", pixels.Query.of.__func__.__kwdefaults__ | {"limit": 4}
    )
    with serve_pages(plain_items(6)) as (url, _), pytest.raises(InputError, match="more than 4 images .*eow.find"):
        eow.open(url, area=(22.1, 45.1, 22.2, 45.2), dates="2000", cloud=50)


def test_opening_what_a_server_gave_in_part_warns(make, monkeypatch):
    monkeypatch.setattr(patience, "sleep", lambda _: None)
    items = plain_items(4)
    for item in items:
        item["assets"]["B04"]["href"] = "https://127.0.0.2/absent.tif"
    with (
        serve_pages(items, faults={0: Fault(), -1: Fault(500)}) as (url, _),
        pytest.warns(UserWarning, match="stopped after 2 items"),
        pytest.raises(eow.EowidgetsError),
    ):
        eow.open(url, area=(22.1, 45.1, 22.2, 45.2), dates="2000", cloud=50)
