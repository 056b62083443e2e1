"""Clicks become labels, and labels a map."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from functools import partial

import nbformat
import numpy as np
import pytest
import xarray as xr
from support.fields import fields, place, truth

import eowidgets as eow
from eowidgets.engine.work import Work
from eowidgets.errors import EowidgetsError, InputError, MissingExtraError
from eowidgets.learn.session import Classroom
from eowidgets.widgets.base import esm
from eowidgets.widgets.panels import teach_test
from eowidgets.widgets.panels.teach_layers import CLASSES, LABELS, NEXT, PROBABILITY, TESTED

pytest.importorskip("sklearn")
pytest.importorskip("skimage")

FIELDS = ((3, 3), (20, 20), (3, 11), (20, 28))


@pytest.fixture(scope="module")
def cube():
    return fields()


@pytest.fixture
def viewer(cube):
    return eow.TimeViewer(cube)


@pytest.fixture
def panel(cube, viewer, tmp_path):
    made = opened(cube, viewer=viewer, folder=tmp_path)
    yield made
    made.close()


def opened(*args, **kwargs):
    """Open a panel and wait until it has read the series."""
    made = eow.TeachPanel(*args, **kwargs)
    made.painting.result(60)
    return made


def click(panel, row, column, name=None):
    """Put a pin, as a click on the picture does."""
    if name is not None:
        panel.choose(name)
    lon, lat = place(panel.session, row, column)
    shown = panel._source_of_clicks
    shown.pins = [*shown.pins, {"lon": lon, "lat": lat, "color": "#0072b2"}][-6:]
    panel.painting.result(60)


def teach(panel):
    for row, column in FIELDS:
        click(panel, row, column, ("class 1", "class 2")[truth()[row, column]])


def layers(panel):
    return [k["key"] for k in panel.viewer.layers]


def send(panel, **content):
    panel._hear(None, content, [])
    panel.painting.result(60)


def test_the_empty_panel_says_what_to_do_first(panel):
    assert "Name your classes, choose one, and click places" in panel.message
    assert [r["name"] for r in panel._classes.rows] == ["class 1", "class 2"]
    assert repr(panel) == "TeachPanel: 0 labels of 2 classes, not tested yet"
    assert panel._save.disabled
    click(panel, 3, 3)
    assert "choose a second class" in panel.message
    assert layers(panel) == [LABELS]


def test_clicks_of_two_classes_give_a_map_in_their_colours(panel):
    teach(panel)
    assert "4 labels of 2 classes" in panel.message
    assert layers(panel) == [CLASSES, LABELS]
    shown = panel.viewer.sources[CLASSES].cube[CLASSES].squeeze().values
    known = shown != 255  # stripes are left out where the ground is unlike all labels
    assert (shown[known] == truth()[known]).mean() > 0.97
    colors = [c.color for c in panel.session.labels.classes]
    assert [p["color"] for p in panel.viewer.pins] == [colors[truth()[r, c]] for r, c in FIELDS]
    assert [r["count"] for r in panel._classes.rows] == [2, 2]
    assert panel.session.labels.table["image"].tolist() == [panel.viewer.date] * 4


def test_a_click_that_waits_for_the_series_has_the_class_of_its_moment(panel, monkeypatch):
    panel.session.grid._tiles.clear()
    waiting = []

    def queue(name, act, **_):
        waiting.append(act)
        return Work(name, act)

    monkeypatch.setattr("eowidgets.widgets.panels.teach_clicks.LIGHT.submit", queue)
    lon, lat = place(panel.session, 3, 3)
    panel.viewer.pins = [{"lon": lon, "lat": lat, "color": "#0072b2"}]
    assert "Reading the series" in panel.message
    panel.choose("class 2")
    waiting[0](None)
    assert [r["count"] for r in panel._classes.rows] == [1, 0]
    assert panel.viewer.pins[0]["lon"] == pytest.approx(lon)


def test_a_pin_that_is_taken_away_takes_its_label(panel):
    teach(panel)
    panel.viewer.pins = panel.viewer.pins[1:]
    panel.painting.result(60)
    assert [r["count"] for r in panel._classes.rows] == [1, 2]
    panel.undo()
    panel.painting.result(60)
    assert len(panel.session.labels) == len(panel.viewer.pins) == 4


def test_clearing_all_pins_keeps_the_labels(panel):
    teach(panel)
    panel.viewer.pins = []
    assert len(panel.session.labels) == 4
    assert len(panel.viewer.pins) == 4
    assert "labels were kept" in panel.message


def test_pins_of_the_person_are_no_labels(cube, viewer, tmp_path):
    own = {"lon": 15.002, "lat": 45.15, "color": "#123456"}
    viewer.pins = [own]
    panel = opened(cube, viewer=viewer, folder=tmp_path)
    click(panel, 3, 3)
    assert len(panel.session.labels) == 1
    assert viewer.pins[0]["color"] == "#123456"
    panel.active = False
    assert [p["color"] for p in viewer.pins] == ["#123456"]
    click(panel, 20, 20)  # a pin, while another panel is in front
    assert len(panel.session.labels) == 1
    panel.active = True
    assert len(viewer.pins) == 3


def test_a_click_corrects_and_the_eraser_removes(panel):
    teach(panel)
    click(panel, 3, 5, "class 1")
    assert "labelled class 1 already" in panel.message
    click(panel, 3, 4, "class 2")
    assert [r["count"] for r in panel._classes.rows] == [1, 3]
    panel._classes.chosen = -1
    assert panel.chosen is None
    click(panel, 40, 40)
    assert "no label at this place" in panel.message
    click(panel, 4, 4)
    assert [r["count"] for r in panel._classes.rows] == [1, 2]
    assert len(panel.viewer.pins) == 3


def test_many_labels_have_few_pins_and_none_is_lost(panel):
    panel._size.value = None
    for i in range(9):
        click(panel, 2 + 5 * i, 4, f"class {1 + i % 2}")
    assert len(panel.session.labels) == 9
    assert len(panel.viewer.pins) == 5


def test_a_polygon_becomes_a_label_and_is_no_area(panel):
    corners = [*place(panel.session, 10, 2), *place(panel.session, 2, 10)]
    panel.viewer.area = tuple(corners)
    panel.painting.result(60)
    assert panel.viewer.area is None
    assert [r["count"] for r in panel._classes.rows] == [1, 0]
    assert len(panel.viewer.pins) == 1
    panel._classes.chosen = -1
    panel.viewer.area = tuple(corners)
    assert "choose a class before you draw" in panel.message
    panel.active = False
    panel.viewer.area = tuple(corners)
    assert panel.viewer.area is not None


def test_a_click_outside_is_one_sentence(panel):
    panel.viewer.pins = [{"lon": 0.0, "lat": 0.0, "color": "#0072b2"}]
    assert "is outside the cube" in panel.message
    assert "eow-bad" in panel.message
    assert panel.viewer.pins == []


def test_classes_are_added_renamed_coloured_merged_and_removed(panel):
    teach(panel)
    send(panel, type="rename", name="class 1", to="forest")
    send(panel, type="add", name="water")
    assert panel.chosen == "water"
    send(panel, type="color", name="forest", color="#112233")
    assert panel._classes.rows[0] == {"name": "forest", "color": "#112233", "count": 2}
    assert panel.viewer.sources[CLASSES].cube[CLASSES].attrs["colors"].startswith("#112233")
    send(panel, type="merge", name="class 2", into="water")
    assert [(r["name"], r["count"]) for r in panel._classes.rows] == [("forest", 2), ("water", 2)]
    send(panel, type="remove", name="water")
    assert [r["name"] for r in panel._classes.rows] == ["forest"]
    assert "second class" in panel.message
    for _ in range(3):
        send(panel, type="undo")
    assert [r["name"] for r in panel._classes.rows][0] == "forest"
    send(panel, type="rename", name="forest", to="class 2")
    assert "eow-bad" in panel.message
    for junk in (None, 3, {}, {"type": "rename"}, {"type": "nothing"}, {"type": "rename", "name": "no", "to": "x"}):
        panel._hear(None, junk, [])


def test_everything_undone_is_as_at_the_beginning(panel):
    teach(panel)
    while panel.session.undo():
        pass
    panel.painting.result(60)
    assert layers(panel) == []
    assert panel.viewer.pins == []
    panel.undo()
    assert "nothing to undo" in panel.message


def test_probability_and_labels_only(panel):
    teach(panel)
    panel._show.value = "probability"
    assert layers(panel) == [PROBABILITY, LABELS]
    panel._show.value = "labels"
    assert layers(panel) == [LABELS]
    panel._show.value, panel._opacity.value = "classes", 0.3
    assert next(k for k in panel.viewer.layers if k["key"] == CLASSES)["opacity"] == 0.3


def test_a_hidden_layer_stays_hidden(panel):
    teach(panel)
    panel.viewer.layers = [{**k, "visible": k["key"] != CLASSES} for k in panel.viewer.layers]
    click(panel, 30, 30, "class 1")
    assert [k["visible"] for k in panel.viewer.layers] == [False, True]


def test_proposed_places_are_walked_through_and_labelled(panel):
    send(panel, type="next")
    assert "no map yet" in panel.message
    send(panel, type="more")
    assert "has no label yet" in panel.message
    teach(panel)
    send(panel, type="next")
    assert "Place 1 of 10" in panel._words.value
    assert layers(panel) == [CLASSES, LABELS, NEXT]
    assert len(panel.viewer.bounds) == 4
    send(panel, type="next")
    assert "Place 2 of 10" in panel._words.value
    second = panel._places[1]
    panel.choose(("class 1", "class 2")[truth()[second.row, second.column]])
    send(panel, type="label")
    assert len(panel.session.labels) == 5
    assert len(panel._places) == 9
    assert second not in panel._places
    panel._leave.click()
    assert layers(panel) == [CLASSES, LABELS]
    panel.choose("class 2")
    send(panel, type="more")
    assert np.mean([truth()[p.row, p.column] for p in panel._places]) == 1


def test_without_a_proposed_place_the_middle_is_labelled(panel):
    send(panel, type="label")
    assert panel.session.labels_at(24, 24) == [0]


def test_labels_are_there_when_the_panel_is_opened_again(panel, cube, tmp_path):
    teach(panel)
    name = panel._autosave.path.name
    assert name in panel._saved.value
    assert (tmp_path / name).exists()
    again = opened(cube, folder=tmp_path)
    assert again.session.labels.counts() == panel.session.labels.counts()
    assert f"4 labels were restored from {name}" in again.message
    assert len(again.viewer.pins) == 4
    other = opened(cube.isel(x=slice(0, 40)), folder=tmp_path)
    assert len(other.session.labels) == 0
    click(again, 30, 30, "class 1")
    assert "restored" not in again.message


def test_one_class_that_was_restored_gets_a_second(cube, panel, tmp_path):
    click(panel, 3, 3, "class 1")
    again = opened(cube, folder=tmp_path)
    assert [r["name"] for r in again._classes.rows] == ["class 1", "class 2"]


def test_export_and_import(panel, cube, tmp_path):
    teach(panel)
    path = panel.save(tmp_path / "fields.gpkg")
    assert "Saved as" in panel.message
    other = opened(cube, folder=tmp_path / "..")
    other.session.clear()
    other._autosave.save = lambda labels: True
    other._take_files([{"name": "fields.gpkg", "content": memoryview(path.read_bytes())}])
    other.painting.result(60)
    assert other.session.labels.counts() == panel.session.labels.counts()
    assert "4 labels were added" in other.message
    other._guard(lambda: other._take_files([{"name": "x.gpkg", "content": b"junk"}]))
    assert "eow-bad" in other.message


def test_train_and_test_gives_a_model_that_runs(panel, cube, monkeypatch):
    quick = partial(teach_test.teach, features="statistics", model="linear")
    monkeypatch.setattr(teach_test, "teach", quick)
    panel.run()
    assert "two classes first" in panel.message
    teach(panel)
    for row, column in ((36, 4), (44, 12), (36, 12), (44, 4)):
        click(panel, row, column, ("class 1", "class 2")[truth()[row, column]])
    panel.session.add_class("never labelled")
    panel.painting.result(60)
    panel.run().result(300)
    assert "Trained" in panel.message
    assert panel.model.evaluation["scores"]["balanced_accuracy"][0] > 0.9
    assert "eow-teach-matrix" in panel._tested.value
    assert layers(panel) == [TESTED, LABELS]
    found = eow.run(panel.model, cube)["class"]
    found = found.isel(time=0) if "time" in found.dims else found
    assert (found.values == truth()).mean() > 0.95
    click(panel, 28, 28, "class 1")
    assert layers(panel) == [CLASSES, LABELS]
    assert "labels have changed" in panel._card.value


def test_code_and_notebook(panel, tmp_path, monkeypatch, cube):
    assert panel.code().endswith("result = eow.run(model, cube)")
    with pytest.raises(InputError):
        panel.to_notebook(tmp_path / "a.ipynb")  # not opened by name
    monkeypatch.chdir(tmp_path)
    romania = eow.open("romania").isel(time=slice(60, 64))
    other = opened(romania)
    with pytest.raises(InputError, match="no label yet"):
        other.to_notebook("b.ipynb")
    other.session.click(22.1505, 45.2035, "class 1", size=None)
    path = other.to_notebook("b.ipynb")
    code = "\n".join(c.source for c in nbformat.read(path, 4).cells if c.cell_type == "code")
    assert f"eow.teach(cube, {other._autosave.path.name!r})" in code
    assert str(tmp_path) not in code


def test_a_class_scores_its_map_on_request(cube, tmp_path):
    raster = xr.DataArray(truth().astype("uint8"), {"y": cube.y, "x": cube.x}, ("y", "x"), "kind")
    raster.attrs = {"flag_values": [0, 1], "flag_meanings": "spring summer", "colors": "#0072b2 #d55e00"}
    room = Classroom(cube, raster.rio.write_crs(32633))
    panel = opened(cube, folder=tmp_path, classroom=room)
    assert [r["name"] for r in panel._classes.rows] == ["spring", "summer"]
    panel._check.click()
    assert "no label yet" in panel.message
    for row, column in FIELDS:
        click(panel, row, column, ("spring", "summer")[truth()[row, column]])
    panel._check.click()
    assert "hand this file in" in panel.message
    (path,) = tmp_path.glob("submission-*.json")
    assert json.loads(path.read_text())["accuracy"] == panel.score.accuracy > 0.95
    again = opened(cube, folder=tmp_path, classroom=room)
    assert again.session.labels.counts() == {"spring": 2, "summer": 2}


def test_without_a_class_there_is_nothing_to_check(panel):
    assert panel._check.layout.display == "none"
    with pytest.raises(InputError, match="no hidden truth"):
        panel.check()


def test_a_large_cube_is_mapped_where_it_is_looked_at(cube, tmp_path, monkeypatch):
    monkeypatch.setattr("eowidgets.learn.session.features.SIDE", 16)
    monkeypatch.setattr("eowidgets.learn.session.session.SMALL", 100)
    monkeypatch.setattr("eowidgets.widgets.panels.teach_layers.VIEW", 16)
    viewer = eow.TimeViewer(cube)
    panel = opened(cube, viewer=viewer, folder=tmp_path)
    panel._size.value = None
    assert panel._layers.view().shape == (16, 16)  # the middle, before anything was looked at
    west, south, east, north = panel.session.box[0:16, 0:16].boundingbox.bbox
    viewer.bounds = [west, south, east, north]
    panel.painting.result(60)
    for row, column, name in ((3, 3, "class 1"), (3, 12, "class 2")):
        click(panel, row, column, name)
    assert "2 labels of 2 classes" in panel.message
    shown = viewer.sources[CLASSES].cube
    assert shown.sizes["y"] == shown.sizes["x"] == 16
    assert float(shown.x[0]) == float(cube.x[0])
    west, south, east, north = panel.session.box[32:48, 32:48].boundingbox.bbox
    viewer.bounds = [west, south, east, north]
    panel.painting.result(60)
    assert float(viewer.sources[CLASSES].cube.x[0]) == float(cube.x[32])
    assert len(panel.session.labels) == 2


def test_it_works_with_a_map_alone_and_with_nothing(cube, tmp_path):
    alone = eow.TeachPanel(cube, folder=tmp_path)
    assert alone.viewer is not None
    alone.close()
    area_map = eow.AreaMap(cube)
    panel = opened(cube, map=area_map, folder=tmp_path)
    teach(panel)
    assert {CLASSES, LABELS} <= {layer.name for layer in area_map.layers}
    panel.propose()
    assert area_map.center == [panel._places[0].lat, panel._places[0].lon]


def test_what_goes_wrong_in_the_background_is_shown(panel, monkeypatch):
    monkeypatch.setattr(panel.session.live, "fit", lambda *_: 1 / 0)
    for row, column, name in ((3, 3, "class 1"), (3, 11, "class 2")):
        panel.session.click(*place(panel.session, row, column), name)
    with pytest.raises(ZeroDivisionError):
        panel.painting.result(60)
    assert "The class map failed: ZeroDivisionError" in panel.message


def test_without_scikit_learn_or_scikit_image(panel, cube, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "skimage.segmentation", None)
    click(panel, 3, 3)
    assert str(MissingExtraError("Labelling a field by a click", "teach"))[:40] in panel.message
    panel._size.value = None
    click(panel, 3, 3, "class 1")
    monkeypatch.setitem(sys.modules, "sklearn.linear_model", None)
    click(panel, 3, 12, "class 2")
    assert "eowidgets[teach]" in panel.message
    assert len(panel.session.labels) == 2


def test_what_is_no_cube_or_no_label_is_refused_in_one_sentence(cube, tmp_path):
    for arguments in ((3,), (cube.drop_vars("spatial_ref"),), (cube, 3), (cube, [{"lon": 1, "lat": 2, "h": 0.5}])):
        with pytest.raises(EowidgetsError) as error:
            eow.TeachPanel(*arguments, folder=tmp_path)
        assert "\n" not in str(error.value)


def test_the_tab_of_an_explorer_labels_only_while_it_is_in_front(cube, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    explorer = eow.Explorer(cube)
    assert explorer.map is not None
    tabs = next(c for c in explorer.children if hasattr(c, "titles"))
    tabs.selected_index = list(tabs.titles).index("Teach")
    panel = tabs.children[tabs.selected_index].children[0]
    assert panel.active
    panel.painting.result(60)
    click(panel, 3, 3)
    assert len(panel.session.labels) == 1
    tabs.selected_index = 0
    assert not panel.active
    assert explorer.viewer.pins == []
    click(panel, 20, 20)
    assert len(panel.session.labels) == 1
    explorer.viewer.area = (*place(panel.session, 10, 2), *place(panel.session, 2, 10))
    assert explorer.panel.where == "area"
    tabs.selected_index = list(tabs.titles).index("Teach")
    assert len(explorer.viewer.pins) == 2


def test_names_of_javascript_are_unique_and_it_parses(tmp_path):
    text = esm("panels/teach_classes")
    found = re.findall(r"^(?:async )?(?:function|const|let|class) (\w+)", text, re.MULTILINE)
    assert len(found) == len(set(found))
    assert not re.search(r"^import ", text, re.MULTILINE)
    if shutil.which("node"):
        file = tmp_path / "widget.mjs"
        file.write_text(text)
        subprocess.run(["node", "--check", file], check=True)
