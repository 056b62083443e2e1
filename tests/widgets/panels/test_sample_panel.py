"""From a class map to figures in one panel."""

from __future__ import annotations

import datetime

import nbformat
import numpy as np
import pytest
from support.assessed import labelled

import eowidgets as eow
from eowidgets.engine.scheduler import LIGHT
from eowidgets.errors import InputError

LONG_AGO = datetime.datetime(2026, 1, 1)
PERIOD = ("2017-01-01", "2020-12-31")


@pytest.fixture(scope="module")
def cube():
    return eow.open("romania", clouds="robust")


@pytest.fixture(scope="module")
def found(cube):
    return eow.change(cube, dates=PERIOD)


@pytest.fixture
def panel(cube, found, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = eow.SamplePanel(cube, found)
    yield made
    made.close()


def draw(panel, **options):
    panel.set(**options)
    panel.run().result(60)


def settle(panel):
    LIGHT.submit("wait", lambda _: None, owner=panel).result(60)


def test_draw_label_figures_files(panel, found, tmp_path):
    assert "draw the sample" in panel.message
    draw(panel, points=30, buffer=2, allocation="equal")
    assert len(panel.sample) == 30 and "near change" in panel._design.value
    queue = panel.label()
    assert [c["dated"] for c in queue.classes] == [False, True]
    truth = labelled(found, panel.sample, np.where(found["change"].values == 1, "change", "no change"))
    by_id = dict(zip(truth.table["id"], truth.table["label"], strict=True))
    for _ in range(20):
        row = queue._queue.row
        queue.answer(by_id[int(queue.sample.table["id"].iloc[row])], date="2018-07-01")
    settle(panel)
    assert panel.figures.n == 20 and panel.figures.overall.value == 1
    assert "The overall accuracy" in panel._figures.value
    panel._tolerance.value = 30
    settle(panel)
    assert panel.figures.tolerance == 30 and panel.figures.overall.value < 1
    assert panel.save().name == "sample.gpkg"
    assert panel.save_figures().name == "sample-accuracy.csv"
    assert "Olofsson" in panel.report().read_text()
    code = panel.code()
    assert "eow.change(cube" in code and "buffer=2" in code and "tolerance=30.0" in code
    scope: dict = {}
    exec(code.replace("eow.accuracy(", "again = eow.accuracy("), scope)
    assert scope["again"].table().equals(panel.figures.table())
    notebook = nbformat.read(panel.to_notebook(), as_version=4)
    assert any("eow.accuracy" in cell.source for cell in notebook.cells)


def test_an_area_is_kept_for_the_figures(panel, found):
    panel.area = (22.148, 45.201, 22.154, 45.206)
    draw(panel, points=20)
    assert panel._where.value == "area"
    panel.load(labelled(found, panel.sample, np.where(found["change"].values == 1, "change", "no change")))
    settle(panel)
    assert panel.figures.mapped_areas.sum() < 50
    assert "another map or area" not in str(panel.figures)


def test_a_sample_from_a_file(panel, found, tmp_path):
    points = eow.sample(found, 30)
    done = labelled(found, points, np.where(found["change"].values == 1, "change", "no change"))
    path = done.to_file(tmp_path / "mine.gpkg")
    assert panel.load(path).labelled == 30
    settle(panel)
    assert panel.figures.n == 30 and "'" + str(path) in panel.code()
    panel._load.value = (
        {
            "name": "mine.gpkg",
            "type": "",
            "size": 1,
            "content": path.read_bytes(),
            "last_modified": datetime.datetime(2026, 1, 1),
        },
    )
    assert "30 points were loaded" in panel.message


def test_steps_in_the_wrong_order(cube, tmp_path):
    panel = eow.SamplePanel(cube)
    assert "Run a model" in panel.message and panel._run.disabled
    for action, words in (
        (panel.label, "no sample yet"),
        (panel.save, "no sample to save"),
        (panel.save_figures, "no figures yet"),
        (panel.report, "no figures to report"),
        (panel.code, "no class map to assess"),
    ):
        with pytest.raises(InputError, match=words):
            action()
    assert panel.run() is None and "no class map" in panel.message
    with pytest.raises(InputError, match="no layer of classes"):
        panel.offer("cube", cube)


def test_class_maps_of_the_viewer_are_offered_and_hidden_while_labelling(cube, found, tmp_path):
    viewer = eow.TimeViewer(cube)
    panel = eow.SamplePanel(cube, viewer=viewer, path=tmp_path / "a.csv")
    assert panel._run.disabled
    viewer.add_layer(found[["kind"]], "kinds")
    assert panel._result.value == "kinds" and not panel._run.disabled
    panel.offer("change", found)
    assert panel._result.value == "change"
    draw(panel, points=12)
    panel.label()
    assert [layer["visible"] for layer in viewer.layers] == [False]
    panel.choose("kinds")
    assert repr(panel) == "SamplePanel: 12 points, 0 labelled"
    panel.close()
