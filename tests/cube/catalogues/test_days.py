"""Solar days, coverage, and the choice among processing baselines."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import box, mapping

from eowidgets.cube.sources.stac.addresses import Origin
from eowidgets.cube.sources.stac.days import picture_of, solar_day
from eowidgets.cube.sources.stac.footprints import footprint, share
from eowidgets.cube.sources.stac.versions import best_versions, tile_of

START = datetime(2020, 6, 30, tzinfo=UTC)


def item(name, *, when=START, ground=(22, 45, 23, 46), **properties):
    noted = {"datetime": when.isoformat(), "platform": "sentinel-2a", "grid:code": "MGRS-34TGR"}
    noted |= {k.replace("__", ":"): v for k, v in properties.items()}
    return {
        "type": "Feature",
        "id": name,
        "collection": "sentinel-2-l2a",
        "bbox": list(ground),
        "geometry": mapping(box(*ground)),
        "properties": noted,
        "assets": {},
    }


def kept(*items):
    found, left = best_versions([(i, Origin()) for i in items])
    assert len(found) + left == len(items)
    return [i["id"] for i, _ in found]


@given(st.integers(0, 10 * 24 * 60), st.floats(-180, 180))
def test_a_solar_day_is_that_of_the_sun(minutes, lon):
    moment = START + timedelta(minutes=minutes)
    day = solar_day(moment, lon)
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC) - timedelta(hours=((lon + 180) % 360 - 180) / 15)
    assert abs(moment - noon) <= timedelta(hours=12, seconds=1)


@given(st.floats(-179, 179), st.integers(-2, 2))
def test_whole_turns_do_not_matter(lon, turns):
    # A moment in the middle of the solar day: rounding of the longitude cannot move it into another one.
    moment = START + timedelta(hours=12 - lon / 15)
    assert solar_day(moment, lon) == solar_day(moment, lon + 360 * turns) == START.date()


@given(st.floats(-170, 170), st.integers(-300, 300))
def test_passes_by_day_are_one_day_anywhere(lon, minutes):
    """A sun-synchronous satellite passes at 10:30 local time: scenes within five hours of it are one day."""
    moment = START + timedelta(hours=10.5 - lon / 15, minutes=minutes)
    assert solar_day(moment, lon) == START.date()


def test_products_and_orbits_stay_apart():
    one = item("a", sat__orbit_state="ascending")
    other = item("b", sat__orbit_state="descending")
    assert picture_of(one, 22) != picture_of(other, 22)
    assert picture_of(one, 22) == picture_of(
        item("c", when=START + timedelta(hours=2), sat__orbit_state="ascending"), 22
    )
    radar = one | {"collection": "sentinel-1-rtc", "properties": one["properties"] | {"platform": "sentinel-1a"}}
    assert picture_of(radar, 22)[1] == "sentinel1"


boxes = st.tuples(st.floats(0, 9), st.floats(0, 9), st.floats(0.5, 5), st.floats(0.5, 5)).map(
    lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3])
)


@given(boxes, st.lists(boxes, max_size=5))
def test_coverage_is_a_share_that_grows(area, grounds):
    whole = box(*area)
    shares = [share(whole, [footprint(item("x", ground=g)) for g in grounds[:n]]) for n in range(len(grounds) + 1)]
    assert shares[0] == 0
    assert all(0 <= s <= 1 for s in shares)
    assert all(b >= a - 1e-9 for a, b in pairwise(shares))
    assert share(whole, [whole]) == pytest.approx(1)
    assert share(whole, [None]) == 1


@pytest.mark.parametrize("geometry", [None, {}, {"type": "Polygon"}, {"type": "Point", "coordinates": [1, 2]}, "x", 3])
def test_a_wrong_geometry_is_replaced_by_the_bounding_box(geometry):
    assert footprint(item("x") | {"geometry": geometry}).bounds == (22, 45, 23, 46)
    assert footprint(item("x") | {"geometry": geometry, "bbox": ["a"]}) is None


def test_a_footprint_across_the_antimeridian_is_cut():
    ring = [[179, 0], [-179, 0], [-179, 1], [179, 1], [179, 0]]
    ground = footprint(item("x") | {"geometry": {"type": "Polygon", "coordinates": [ring]}})
    assert ground.area == pytest.approx(2)
    assert footprint(item("x", ground=(179, 0, -179, 1)) | {"geometry": None}).area == pytest.approx(2)


def test_the_highest_baseline_is_selected():
    old = item("old", s2__processing_baseline="02.14", created="2020-07-01T00:00:00Z")
    new = item(
        "new", when=START + timedelta(seconds=2), s2__processing_baseline="05.00", created="2019-01-01T00:00:00Z"
    )
    assert kept(old, new) == kept(new, old) == ["new"]


def test_the_newest_of_one_baseline_is_selected():
    first = item("first", s2__processing_baseline="05.00", created="2020-07-01T00:00:00Z")
    second = item("second", s2__processing_baseline="05.00", created="2020-08-01T00:00:00Z")
    assert kept(first, second) == ["second"]


def test_two_strips_of_one_acquisition_complete_each_other():
    strips = [
        item(
            name,
            s2__processing_baseline="05.00",
            created=f"2020-07-0{i + 1}T00:00:00Z",
            s2__datastrip_id=f"S2A_OPER_MSI_L2A_DS_2APS_20200630T121538_S20200630T09303{i}_N05.00",
        )
        for i, name in enumerate(("a", "b"))
    ]
    assert kept(*strips) == ["a", "b"]


def test_ground_that_only_the_older_baseline_has_is_kept():
    old = item("old", s2__processing_baseline="02.14")
    west = item("west", ground=(22, 45, 22.5, 46), s2__processing_baseline="05.00")
    east = item("east", ground=(22.5, 45, 23, 46), s2__processing_baseline="05.00")
    assert kept(old, west) == ["old", "west"]
    assert kept(old, west, east) == ["west", "east"]


def test_other_tiles_platforms_and_passes_are_no_versions():
    old = item("old", s2__processing_baseline="02.14")
    for other in (
        item("other", s2__processing_baseline="05.00", grid__code="MGRS-34TGS"),
        item("other", s2__processing_baseline="05.00", platform="sentinel-2b"),
        item("other", s2__processing_baseline="05.00", when=START + timedelta(hours=2)),
    ):
        assert kept(old, other) == ["old", "other"]


def test_landsat_prefers_the_final_category():
    noted = {"landsat:wrs_path": "184", "landsat:wrs_row": "029", "platform": "landsat-8"}
    real_time = item("rt") | {"collection": "landsat-c2-l2"}
    real_time["properties"] |= noted | {"landsat:collection_category": "RT"}
    final = item("t1") | {"collection": "landsat-c2-l2"}
    final["properties"] |= noted | {"landsat:collection_category": "T1"}
    assert kept(real_time, final) == ["t1"]


versions = st.lists(
    st.tuples(st.sampled_from(["02.14", "05.00", "05.10", None]), st.integers(0, 3), st.integers(0, 2), boxes),
    max_size=6,
)


@given(versions, st.randoms())
def test_the_choice_loses_no_ground_and_does_not_depend_on_the_order(rows, random):
    items = [
        item(str(i), ground=ground, created=f"2020-07-0{1 + day}T00:00:00Z", grid__code=f"MGRS-34TG{'RST'[tile]}")
        | {"number": i}
        for i, (_, day, tile, ground) in enumerate(rows)
    ]
    for found, (baseline, *_) in zip(items, rows, strict=True):
        found["properties"] |= {"s2:processing_baseline": baseline} if baseline else {}
    names = kept(*items)
    for found in items:
        tile = [footprint(i) for i in items if i["id"] in names and tile_of(i) == tile_of(found)]
        assert share(footprint(found), tile) >= 0.95 - 1e-9
    shuffled = random.sample(items, len(items))
    assert sorted(kept(*shuffled)) == sorted(names)
