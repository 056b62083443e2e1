"""Find places like pinned ones, rate them, search again."""

from __future__ import annotations

import ipywidgets
import pytest

import eowidgets as eow
from eowidgets.errors import InputError
from eowidgets.widgets.panels.similar_panel import SimilarPanel

FOREST, MEADOW = (22.1505, 45.2035), (22.1575, 45.2062)


@pytest.fixture(scope="module")
def romania():
    return eow.open("romania").isel(time=slice(0, 140, 10))


@pytest.fixture(scope="module")
def index(romania):
    return eow.Index.of(eow.embed(romania, features="statistics"))


def buttons(panel, words):
    found = [w for chip in panel._answers.children for w in chip.children if isinstance(w, ipywidgets.Button)]
    return [b for b in found if words in b.tooltip]


def test_pins_are_examples_and_answers_are_looked_at(romania, index):
    viewer = eow.TimeViewer(romania)
    panel = SimilarPanel(romania, index, viewer=viewer, k=5)
    viewer.pins = [{"lon": FOREST[0], "lat": FOREST[1]}]
    panel.search().result(60)
    assert len(panel._answers.children) == 5 and "5 places" in panel._message.value
    picture, go, _ = panel._answers.children[0].children
    assert bytes(picture.value).startswith(b"\x89PNG")
    before = list(viewer.bounds)
    go.click()
    assert list(viewer.bounds) != before
    first = panel.matches.table.iloc[0]
    assert 22.14 < first.lon < 22.16 and 45.19 < first.lat < 45.22


def test_a_wrong_answer_is_a_counter_example(romania, index):
    viewer = eow.TimeViewer(romania)
    panel = SimilarPanel(romania, index, viewer=viewer, k=4)
    viewer.pins = [{"lon": FOREST[0], "lat": FOREST[1]}]
    panel.search().result(60)
    rating = panel._answers.children[0].children[2]
    place = tuple(float(v) for v in panel.matches.table.iloc[0][["lon", "lat"]])
    rating.value = "unlike"
    assert panel.unlike == [place] and panel.like == []
    panel.search().result(60)
    again = [tuple(float(v) for v in row) for row in panel.matches.table[["lon", "lat"]].to_numpy()]
    assert place not in again
    panel.rate(place, "like")
    assert panel.like == [place] and panel.unlike == []
    panel.rate(place, "")
    assert panel.like == [] and panel.unlike == []


def test_without_an_index_the_cube_is_described_first(romania):
    panel = SimilarPanel(romania.isel(y=slice(0, 40), x=slice(0, 40)), k=3, apart=0.0)
    panel.like = [tuple(float(v) for v in reversed(_centre(panel.cube)))]
    assert panel.search().result(120) is panel.matches
    assert panel.index is not None and len(panel.matches.table) == 3
    panel.close()


def _centre(cube):
    from eowidgets.cube.globe import lonlat
    from eowidgets.cube.grid import geobox

    lon, lat = lonlat(geobox(cube), 20.5, 20.5)
    return float(lat), float(lon)


def test_mistakes_are_shown_as_one_sentence(romania, index):
    viewer = eow.TimeViewer(romania)
    panel = SimilarPanel(romania, index, viewer=viewer)
    with pytest.raises(InputError, match="pin a place"):
        panel.search()
    panel._search.click()
    assert "pin a place" in panel._message.value and "eow-bad" in panel._message.value
    panel.like = [(10.0, 50.0)]
    panel.search().result(60)
    assert "eow-bad" in panel._message.value
    with pytest.raises(InputError, match="k of SimilarPanel"):
        SimilarPanel(romania, index, k=0)
