import pytest

import eowidgets as eow
from eowidgets.errors import InputError
from eowidgets.widgets.viewer.bookmarks import KEPT


@pytest.fixture
def viewer(romania):
    made = eow.TimeViewer(romania, date="2019-07-06", index="NDVI")
    yield made
    made.close()


def test_a_bookmark_brings_back_every_trait_that_it_keeps(viewer):
    labels = viewer.sources["cube"].labels
    viewer.vmin, viewer.vmax, viewer.cmap, viewer.gamma, viewer.clouds = 0.1, 0.9, "cividis", 1.2, "hide"
    viewer.compare_mode, viewer.compare_date, viewer.swipe = "swipe", labels[3], 0.3
    west, south, east, north = 500_000.0, 5_000_000.0, 500_100.0, 5_000_100.0
    viewer.bounds = [west, south, east, north]
    viewer.selection = [labels[10], labels[20]]
    before = {key: getattr(viewer, key) for key in KEPT}
    viewer.add_bookmark("a view")
    viewer.date, viewer.index, viewer.bands = labels[0], None, ["nir"]
    viewer.vmin = viewer.vmax = None
    viewer.selection, viewer.compare_mode, viewer.cmap, viewer.clouds = [], "none", "viridis", "show"
    viewer.show_bookmark("a view")
    assert {key: getattr(viewer, key) for key in KEPT} == before


def test_a_bookmark_may_keep_a_part_and_is_named_once(viewer):
    viewer.bookmarks = [{"name": " first ", "date": "2018-07-06"}, {"name": "b"}, {"name": "first", "index": "EVI"}]
    assert viewer.bookmarks == [{"name": "b"}, {"name": "first", "index": "EVI"}]
    viewer.show_bookmark("first")
    assert (viewer.index, viewer.date) == ("EVI", "2019-07-06")


@pytest.mark.parametrize(
    ("bookmarks", "words"),
    [
        ([{"date": "2018-07-06"}], "is a mapping like"),
        ([7], "is a mapping like"),
        ([{"name": "x", "colour": 1}], "colour"),
    ],
)
def test_what_is_no_bookmark_is_refused(viewer, bookmarks, words):
    with pytest.raises(InputError, match=words):
        viewer.bookmarks = bookmarks
    assert viewer.bookmarks == []


def test_a_bookmark_that_is_not_there_is_named_with_those_that_are(viewer):
    viewer.add_bookmark("after the storm")
    with pytest.raises(InputError, match="after the storm"):
        viewer.show_bookmark("after storm")


def test_pins_keep_a_short_name_and_a_transect_has_corners(viewer):
    viewer.pins = [{"lon": 22.15, "lat": 45.2, "name": "n" * 200}, {"lon": 22.15, "lat": 45.2, "name": ""}]
    assert [p.get("name") for p in viewer.pins] == ["n" * 80, None]
    viewer.transect = [(22.15, 45.2), (22.151, 45.201)]
    assert viewer.transect == [[22.15, 45.2], [22.151, 45.201]]
    for wrong in ([(22.15, 45.2)], [(22.15, 45.2), (float("nan"), 1)], ["ab", 3]):
        with pytest.raises(InputError, match="two or more corners"):
            viewer.transect = wrong
    viewer.transect = []
