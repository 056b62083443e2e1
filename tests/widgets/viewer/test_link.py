"""The view of a viewer as a link, and back."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import eowidgets as eow
from eowidgets.errors import InputError

CUBE = eow.open("romania")
INDICES = ("NDVI", "NDWI", None)
TRAITS = ("date", "index", "compare_mode", "vmin", "vmax", "gamma")


def test_a_link_names_what_is_shown():
    viewer = eow.TimeViewer(
        CUBE, date="2019-07-06", index="NDVI", vmin=0, vmax=0.9, pins=[{"lon": 22.1515, "lat": 45.2}]
    )
    assert viewer.link == "#date=2019-07-06&index=NDVI&vmin=0.0&vmax=0.9&pins=22.1515,45.2"


@pytest.fixture(scope="module")
def first():
    viewer = eow.TimeViewer(CUBE)
    yield viewer
    viewer.close()


@settings(max_examples=12, deadline=None)
@given(
    date=st.sampled_from([str(d)[:10] for d in CUBE.time.values]),
    index=st.sampled_from(INDICES),
    mode=st.sampled_from(("none", "swipe", "difference", "blink")),
    limits=st.none() | st.tuples(st.floats(-1, 0.4), st.floats(0.5, 2)),
    pins=st.lists(st.tuples(st.floats(22.14, 22.16), st.floats(45.2, 45.21)), max_size=3),
    gamma=st.floats(0.1, 4),
)
def test_another_viewer_opens_the_same_view(first, date, index, mode, limits, pins, gamma):
    low, high = limits or (None, None)
    for name, value in zip(TRAITS, (date, index, mode, low, high, gamma), strict=True):
        setattr(first, name, value)
    first.pins = [{"lon": lon, "lat": lat} for lon, lat in pins]
    fresh = eow.TimeViewer(CUBE)
    fresh.open_link("https://example.org/story.html" + first.link)
    for name in TRAITS:
        assert getattr(fresh, name) == getattr(first, name)
    assert [(p["lon"], p["lat"]) for p in fresh.pins] == [
        (pytest.approx(lon, abs=1e-6), pytest.approx(lat, abs=1e-6)) for lon, lat in pins
    ]
    assert fresh.link == first.link
    fresh.close()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("#date=2018-07-06&index=NOSUCH", "NOSUCH"),
        ("#date=2018-07-06&bands=red,blau,green", "blau"),
        ("#view=1,2,3", "not 4 numbers"),
        ("#vmin=nan", "not 1 numbers"),
        ("#pins=22.1;45.2", "not 2 numbers"),
        ("#kind=x", "kind"),
        ("hello", "has no view"),
        ("#date=" + "x" * 9000, "characters"),
        ("#gamma=-3", "gamma"),
    ],
)
def test_what_is_no_link_is_refused_and_changes_nothing(text, says):
    viewer = eow.TimeViewer(CUBE, date="2019-07-06", index="NDWI")
    before = viewer.link
    with pytest.raises(InputError, match=says):
        viewer.open_link(text)
    assert viewer.link == before
    viewer.close()
