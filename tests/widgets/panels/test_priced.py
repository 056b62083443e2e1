"""The cost next to the button that starts work, in every panel with one."""

from __future__ import annotations

import threading

import pytest

import eowidgets as eow
from eowidgets.engine.cost import Planned
from eowidgets.engine.scheduler import LIGHT
from eowidgets.widgets.panels.priced import Clock, Priced

WAIT = 30


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EOWIDGETS_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def small(romania):
    return romania.isel(y=slice(0, 20), x=slice(0, 20))


def priced(panel):
    """Wait for the cost and return it."""
    panel._pricing.wait(WAIT)
    return panel.price


PANELS = {
    "ModelPanel": lambda c: eow.ModelPanel(c, "harmonic"),
    "ChangePanel": eow.ChangePanel,
    "ForecastPanel": lambda c: eow.ForecastPanel(c),
    "TeachPanel": eow.TeachPanel,
    "SeasonPanel": eow.SeasonPanel,
    "SimilarPanel": eow.SimilarPanel,
}


@pytest.mark.parametrize("name", PANELS)
def test_a_panel_shows_the_cost_next_to_its_button_before_the_run(small, name):
    panel = PANELS[name](small)
    if name == "ForecastPanel":
        panel.where = "all"
    cost = priced(panel)
    assert (cost.planned.pixels, cost.planned.bytes > 0) == (400, True)
    assert "400 px" in panel._price.value
    rows = [w for w in _all(panel) if panel._price in getattr(w, "children", ())]
    button = getattr(panel, "_run", None) or panel._search
    assert button in rows[0].children
    panel.close()


def test_a_question_states_pixels_at_most_and_the_time_of_earlier_ones(small):
    panel = eow.AskPanel(small)
    priced(panel)
    assert panel.cost == f"A question reads at most 400 px × {small.sizes['time']} dates · time not measured here yet."
    panel.ask("purple").result(WAIT)
    panel._show_price()
    assert "not measured" in panel.cost  # a refusal reads no pixels
    panel.ask("How many images are there?").result(WAIT)
    priced(panel)
    assert panel.cost.endswith(" s here.")
    west, south, east, north = small.eow.bounds
    panel.area = (west, south, (west + east) / 2, (south + north) / 2)
    priced(panel)
    assert panel.price.planned.pixels < 200
    panel.area = (0, 0, 1, 1)
    priced(panel)
    assert panel.cost == ""  # outside of the cube
    panel.close()


def test_parcels_stations_and_samples_are_stated_when_they_are_given(small):
    parcels = eow.ParcelPanel(small)
    assert parcels.price is None
    parcels.load(around(small.isel(y=slice(2, 8), x=slice(3, 9))))
    assert 30 <= priced(parcels).planned.pixels <= 64
    stations = eow.StationPanel(small)
    assert stations.price is None
    for panel in (parcels, stations):
        panel.close()


def around(part):
    """Return the ground of a cube as GeoJSON."""
    box = part.odc.geobox
    return eow.Area.of(box.extent.geom, crs=box.crs).geojson


def timed(panel, action):
    """Do something, and wait until the cost has a time."""
    known = threading.Event()
    panel._price.observe(lambda change: known.set() if "about" in change["new"].split(">")[1] else None, names="value")
    action()
    assert known.wait(WAIT)
    return panel.price


def _all(widget):
    yield widget
    for child in getattr(widget, "children", ()):
        yield from _all(child)


def test_the_cost_follows_dates_area_and_model(small):
    panel = eow.ModelPanel(small, "harmonic")
    whole = priced(panel).planned
    panel.dates = ("2018-01-01", "2018-12-31")
    part = priced(panel).planned
    assert part.dates == int((small.time.dt.year == 2018).sum()) < whole.dates
    panel.area = around(small.isel(y=slice(0, 10), x=slice(0, 10)))
    assert priced(panel).planned.pixels < whole.pixels
    panel.model = "break-iqr"
    assert priced(panel).planned.kind == "run break-iqr cpu"
    panel.close()


def test_after_a_run_its_time_is_known(small):
    panel = eow.ModelPanel(small, "harmonic")
    assert priced(panel).seconds is None
    assert timed(panel, panel.run).seconds > 0
    again = eow.ModelPanel(small, "harmonic")
    assert priced(again).seconds > 0
    for one in (panel, again):
        one.close()


def test_work_of_several_runs_is_timed_by_the_panel(small):
    panel = eow.ChangePanel(small, method="break-iqr")
    assert priced(panel).seconds is None
    assert timed(panel, panel.run).seconds > 0
    panel.close()


def test_changes_that_follow_each_other_are_shown_once(small):
    panel = eow.ModelPanel(small, "harmonic")
    priced(panel)
    gate, entered = threading.Event(), [threading.Event() for _ in range(LIGHT.slots)]
    for one in entered:
        LIGHT.submit("hold", lambda _, one=one: (one.set(), gate.wait(WAIT)))
    for one in entered:
        assert one.wait(WAIT)
    panel._refresh()
    first = panel._pricing
    for _ in range(20):
        panel._refresh()
    assert panel._pricing is first
    gate.set()
    priced(panel)
    panel.close()


def test_what_is_missing_leaves_the_line_empty(small):
    panel = eow.ForecastPanel(small)
    assert priced(panel) is None
    assert panel._price.value == ""
    panel.close()


def test_a_clock_that_was_not_started_remembers_nothing(tmp_path):
    clock = Clock(Planned("kind", 1, 1, 1))
    clock.stop()
    assert not (tmp_path / "cache").exists()


def test_a_panel_that_states_no_work_has_no_cost():
    class Silent(Priced):
        pass

    silent = Silent()
    silent._price_soon()
    assert silent._pricing is None
