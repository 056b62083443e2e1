"""A session of an Explorer as a notebook that does the same."""

import threading

import nbformat
import pytest

import eowidgets as eow
from eowidgets.errors import InputError
from eowidgets.widgets.recorder import Recorder
from eowidgets.widgets.session_panel import SessionPanel

PIN = {"lon": 22.1515, "lat": 45.2029}


@pytest.fixture
def explorer():
    return eow.Explorer(eow.open("romania"), date="2019-07-06")


def code_of(path):
    return [c["source"] for c in nbformat.read(path, as_version=4).cells if c["cell_type"] == "code"]


def test_changes_of_the_view_are_merged_until_something_is_computed(explorer):
    explorer.viewer.index = "NDVI"
    explorer.date = "2018-07-06"
    explorer.date = "2018-07-16"  # the nearest date is taken
    explorer.recorder._ran("A run.", "import eowidgets as eow\n\ncube = eow.open('romania')\nresult = 1")
    explorer.viewer.clouds = "hide"
    words = [w for w, _ in explorer.recorder.cells("eow.open('romania')")]
    code = [c for _, c in explorer.recorder.cells("eow.open('romania')")]
    assert code[2] == "viewer = eow.TimeViewer(cube, date='2019-07-06')\nviewer"
    assert code[3:-1] == ["viewer.index = 'NDVI'\nviewer.date = '2018-07-21'", "result = 1", "viewer.clouds = 'hide'"]
    assert words[3] == "Change the index, the date."
    assert len(explorer.recorder) == 3
    explorer.recorder.clear()
    assert len(explorer.recorder) == 0


def test_a_session_runs_again_and_gives_the_same_numbers(explorer, tmp_path):
    explorer.pins = [PIN]
    panel = explorer.panel
    panel.model = "composite-median"
    panel.run().result(120)
    asking = explorer._panel_of("ask_panel", "AskPanel")
    answer = asking.ask("How many images are there?").result(60)
    assert not answer.abstained
    path = explorer.to_notebook(tmp_path / "session.ipynb")
    scope = {}
    for cell in code_of(path):
        exec(compile(cell, "cell", "exec"), scope)
    assert scope["viewer"].pins == explorer.pins
    assert scope["answer"] == answer.value
    made = panel.result
    assert scope["result"].drop_attrs().equals(made.drop_attrs())
    nbformat.validate(nbformat.read(path, as_version=4))


def test_the_code_of_a_run_is_that_of_its_start(explorer):
    recorder, panel = Recorder(explorer.viewer), explorer.panel
    recorder.follow(panel)
    told = threading.Event()
    recorder.on_change(told.set)
    panel.model = "composite-median"
    work = panel.run()
    started = panel._ran
    panel.model = "composite-medoid"
    work.result(120)
    assert told.wait(30)  # the panel hears of the result a moment after it is there
    assert "composite-median" in started
    assert recorder.cells("x")[3] == ("A run.", "result = eow.run('composite-median', cube)")


def test_what_cannot_be_written_is_told(explorer, tmp_path, make_cube):
    with pytest.raises(InputError, match="Nothing was done in this Explorer yet"):
        explorer.to_notebook(tmp_path / "session.ipynb")
    explorer.date = "2018-07-16"
    session = SessionPanel(explorer)
    assert "Change the date." in session._steps.value
    session._path.value = str(tmp_path / "session.txt")
    assert session.write() is None
    assert "must end in .ipynb" in session._message.value
    session._path.value = str(tmp_path / "session.ipynb")
    assert session.write().exists()
    assert repr(session) == "SessionPanel(1 steps)"
    own = eow.Explorer(make_cube(dates=3))
    own.date = str(own.cube.time.values[0])[:10]
    with pytest.raises(InputError, match="could not open this cube again"):
        own.to_notebook(tmp_path / "own.ipynb")
