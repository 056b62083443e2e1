import threading

import geopandas
import numpy as np
import pytest

import eowidgets as eow
from eowidgets.analysis.change.detect import ChangeTask, change
from eowidgets.analysis.change.methods import usual_method
from eowidgets.analysis.change.pair import usual_dates
from eowidgets.analysis.change.report import changed_places
from eowidgets.errors import EowidgetsError, InputError
from eowidgets.simulate.pairs import simulate_pair
from eowidgets.widgets.panels.change_panel import ChangePanel
from eowidgets.widgets.panels.change_view import portrait

PERIOD = ("2018-09-01", "2020-12-31")


@pytest.fixture(scope="module")
def forest():
    return eow.open("romania", clouds="robust").isel(y=slice(60, 100), x=slice(55, 100))


@pytest.fixture(scope="module")
def used(forest):
    """A panel beside a viewer and a map that has run once."""
    viewer, area_map = eow.TimeViewer(forest), eow.AreaMap(forest)
    panel = ChangePanel(forest, viewer, area_map)
    panel.dates = PERIOD
    panel.run().result(120)
    return panel


@pytest.fixture
def panel(used):
    used._smallest.value, used._sure.value = 0.1, 0.5
    used._view.picked_date = ""
    used.pick(0)
    return used


def test_run_gives_what_code_gives(panel, forest):
    np.testing.assert_array_equal(panel.result.change, change(forest, "auto", dates=PERIOD).change)
    assert "Tested on this cube: break-" in panel.message
    assert len(panel.places) > 5
    assert "ha changed in" in panel.message
    assert "forest" in panel.sentence()
    assert repr(panel) == f"ChangePanel: auto, 2018-09-01 to 2020-12-31, {len(panel.places)} places"
    assert not panel._run.disabled
    assert panel._cancel.disabled


def test_places_are_polygons_on_the_map_and_a_layer_in_the_viewer(panel):
    layer = next(x for x in panel.map.layers if x.name == "change")
    assert {f["properties"]["id"] for f in layer.data["features"]} == set(panel.places["id"])
    west, south, east, north = eow.Area.of(layer.data).bounds
    assert 22.14 < west < east < 22.17
    assert 45.19 < south < north < 45.21
    assert [k["key"] for k in panel.viewer.layers] == ["change"]


def test_a_click_on_a_polygon_shows_the_place_before_and_after(panel):
    layer = next(x for x in panel.map.layers if x.name == "change")
    feature = layer.data["features"][0]
    layer._handle_mouse_events(None, {"event": "click", "properties": feature["properties"]}, [])
    place = panel.places.iloc[0]
    shown = panel._view.place
    assert panel.picked == place.id == panel._list.value
    assert shown["title"] == f"Place {place.id}"
    facts = dict(shown["facts"])
    assert place.date in facts["First seen"]
    assert facts["Area"] == f"{place.hectares:.2f} ha"
    assert [c["late"] for c in shown["chips"]] == [False, False, True, True]
    assert all(c["date"] < place["first"] for c in shown["chips"][:2])
    assert all(c["date"] >= place.confirmed for c in shown["chips"][2:])
    assert all(c["url"].startswith("data:image/png;base64,") for c in shown["chips"])
    width, height = shown["size"]
    outline = np.concatenate([np.array(r) for r in shown["outline"]])
    assert (outline >= 0).all()
    assert (outline <= [width, height]).all()
    assert len(shown["series"]["values"]) == 139  # up to the last day asked for
    assert shown["first"] <= shown["confirmed"]
    assert panel.viewer.date == place.confirmed == panel.map.date


def test_the_pixel_of_a_drawn_area_is_that_of_the_place(forest):
    """The result of an area is smaller than the cube: its rows and columns are not the cube's."""
    box = forest.isel(y=slice(10, 40), x=slice(12, 45)).odc.geobox.footprint("EPSG:4326").boundingbox
    found = change(forest, dates=PERIOD, area=tuple(box))
    assert found.sizes["y"] < forest.sizes["y"]
    place = max(changed_places(found).itertuples(), key=lambda p: p.hectares)
    shown = portrait(forest, found, place)
    values = np.array(shown["series"]["values"], float)
    days = np.array(shown["series"]["stamps"], "datetime64[ms]").astype("datetime64[D]")
    summer = (np.array(shown["series"]["hollow"]) == 0) & np.isin(
        days.astype("datetime64[M]").astype(int) % 12, range(5, 9)
    )
    first = np.datetime64(shown["first"], "ms")
    year = (days >= first) & (days < first + np.timedelta64(365, "D"))
    assert np.median(values[summer & year]) < np.median(values[summer & (days < first)]) - 0.1


def test_two_images_begin_with_clear_dates_of_one_season(forest):
    first, last = usual_dates(forest)
    assert (first[:4], last[:4]) == ("2015", "2020")
    assert abs(np.datetime64(f"2020{first[4:]}") - np.datetime64(last)) <= np.timedelta64(30, "D")
    for day in (first, last):
        frame = forest.sel(time=day)
        assert float((frame.valid & ~frame.clouds).mean()) > 0.95
    panel = ChangePanel(forest, method="change-otsu")
    assert panel.dates == (first, last)
    one_year = forest.sel(time="2018")
    assert usual_dates(one_year) == tuple(str(t)[:10] for t in one_year.time.values[[0, -1]])
    assert usual_dates(forest.chunk()) == tuple(str(t)[:10] for t in forest.time.values[[0, -1]])


def test_filters_act_on_list_map_timeline_and_files(panel, tmp_path):
    every = len(panel.places)
    panel._smallest.value = 0.3
    assert 0 < len(panel.places) < every
    assert (panel.places.hectares >= 0.3).all()
    assert len(panel._list.options) == len(panel.places) + 1
    layer = next(x for x in panel.map.layers if x.name == "change")
    assert len(layer.data["features"]) == len(panel.places)
    bars = {r["date"]: r["hectares"] for r in panel._view.rows}
    assert sum(bars.values()) == pytest.approx(panel.places.hectares.sum(), abs=0.01)
    day = max(bars, key=bars.get)
    panel._view.picked_date = day
    assert set(panel.places.date) == {day}
    assert len(panel._view.rows) == len(bars)  # the other bars stay, to be clicked
    back = geopandas.read_file(panel.save(tmp_path / "places.gpkg"))
    assert set(back.date) == {day}
    assert panel.save(tmp_path / "places.csv").read_text().startswith("id,date,first,confirmed,hectares")
    panel._sure.value = 1.0
    assert len(panel.places) == 0
    with pytest.raises(InputError, match="no change to save"):
        panel.save(tmp_path / "none.gpkg")
    panel._guard(lambda: panel.save(tmp_path / "none.gpkg"))
    assert "eow-bad" in panel.message


def test_a_sharp_pair_is_compared_as_such(monkeypatch):
    cube = simulate_pair(scenario="commerce", seed=1_000_007).cube().drop_vars("change")
    monkeypatch.setattr("eowidgets.widgets.panels.change_panel.can_describe", lambda c: True)
    monkeypatch.setattr(
        "eowidgets.widgets.panels.change_panel.describe_change", lambda c, area: "a large building appears"
    )
    panel = ChangePanel(cube)
    assert panel.method == usual_method(cube)
    assert panel.dates == ("2016-05-01", "2022-08-01")
    panel.run().result(60)
    assert len(panel.places) and panel.places.hectares.min() >= 0.002
    assert "A network describes the change as: a large building appears." in panel.message
    assert "print(describe_change(cube, dates=('2016-05-01', '2022-08-01')))" in panel.code()
    panel.pick(int(panel.places.id.iloc[-1]))
    assert [c["date"] for c in panel._view.place["chips"]] == list(panel.dates)


def test_a_place_that_is_filtered_away_is_no_longer_looked_at(panel):
    small = panel.places.iloc[-1]
    panel.pick(int(small.id))
    panel._smallest.value = 10.0
    assert panel.picked == 0
    assert panel._view.place == {}
    with pytest.raises(InputError, match=f"no place {small.id} among those shown"):
        panel.pick(int(small.id))


def test_code_is_the_cell_that_does_the_same(used):
    used.area = (22.1560, 45.2000, 22.1600, 45.2020)
    try:
        code = used.code()
        scope = {}
        assert "clouds='robust'" in code
        exec(compile(code, "cell", "exec"), scope)
        assert scope["found"].sizes["x"] < 60
        assert set(scope["places"].columns) == set(used.places.columns)
    finally:
        used.area = None


def test_two_images_show_how_far_they_lie_apart(forest):
    panel = ChangePanel(forest, method="change-otsu")
    assert panel._from.description == "Before"
    panel.dates = ("2020-07-05", "2018-07-01")
    panel.run().result(60)
    assert "pixels" in panel._shift.value
    assert "swapped" in panel._shift.value
    assert len(panel.places)
    panel.pick(1)
    assert [c["date"] for c in panel._view.place["chips"]] == ["2018-07-01", "2020-07-05"]
    panel.method = "break-iqr"
    assert panel._from.description == "From"
    assert panel.params["reference"] == "area"


@pytest.mark.parametrize(
    ("dates", "words"),
    [
        (("2030-01-01", "2031-01-01"), "lies outside the series"),
        (("soon", "2020-01-01"), "give the first and the last one"),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence_and_loses_nothing(panel, dates, words):
    had = panel.result
    panel.dates = dates
    with pytest.raises(EowidgetsError):
        panel.run().result(60)
    assert words in panel.message
    assert "Details" not in panel.message
    assert panel.result is had
    assert not panel._run.disabled
    panel.dates = PERIOD


def test_an_area_that_is_not_drawn_and_cubes_that_cannot_be(panel, forest):
    panel._where.value = "area"
    assert panel.run() is None
    assert "No area is drawn" in panel.message
    panel._where.value = "all"
    with pytest.raises(InputError, match="at least two dates"):
        ChangePanel(forest.isel(time=[0]))
    with pytest.raises(InputError, match="Did you mean 'break-ccdc'"):
        ChangePanel(forest, method="break-cdc")
    with pytest.raises(InputError, match="run a comparison first"):
        ChangePanel(forest).save()
    assert ChangePanel(forest.isel(time=slice(0, 2))).method == "change-otsu"


def test_the_kernel_is_free_while_a_run_goes_on_and_a_run_can_be_cancelled(forest, monkeypatch):
    from eowidgets.models.monitors.ccdc import BreakCCDC

    go, inside = threading.Event(), threading.Event()
    predict = BreakCCDC.predict

    def held(self, batch):
        inside.set()
        assert go.wait(60)
        return predict(self, batch)

    monkeypatch.setattr(BreakCCDC, "predict", held)
    panel = ChangePanel(forest)
    future = panel.run()
    assert inside.wait(60)
    assert panel.run() is None
    assert "A run is in progress" in panel.message
    panel.cancel()
    go.set()
    with pytest.raises(EowidgetsError, match="cancelled"):
        future.result(60)
    assert "Cancelled." in panel.message
    assert panel.result is None
    assert not panel._run.disabled


def test_a_method_that_lost_the_test_states_by_how_much(panel):
    before = panel.message
    winner = panel._tested.winner
    other = next(s.method for s in panel._tested.scores if s.method != winner)
    panel.method = other
    assert "On this cube" in panel.message
    panel.method = "auto"
    panel._say(before)


def test_a_method_is_named_where_nothing_can_be_tested(forest):
    short = forest.isel(time=slice(0, 40))
    task = ChangeTask(short, "auto", dates=(str(short.time.values[25])[:10], str(short.time.values[-1])[:10]))
    assert task.method == "break-ccdc"
    assert any("were not tested" in note for note in task.notes)
    with pytest.raises(InputError, match="belongs to a method"):
        ChangeTask(forest, "auto", params={"smallest": 0.2})
