"""The record of a result: its call, as code and as a notebook that give the same result."""

from __future__ import annotations

import json

import geopandas
import nbformat
import numpy as np
import pandas as pd
import pytest
import shapely
from support.toys import CARD

import eowidgets as eow
from eowidgets.contract import registry
from eowidgets.errors import InputError

AREA = (22.1505, 45.2061, 22.1520, 45.2072)


class Greenness(eow.Model):
    name = "toy-greenness"
    task = eow.Task.REGRESS
    card = CARD
    feed = eow.Series(bands=("red", "nir"))

    def outputs(self, bands):
        return (eow.Value("ndvi"),)

    def predict(self, batch):
        red, nir = batch.x.sum(dim=1).unbind(1)
        return {"ndvi": (nir - red) / (nir + red)}


def run_cell(code):
    variables = {}
    exec(compile(code, "cell", "exec"), variables)
    return variables


def part():
    return eow.open("romania").sel(time=slice("2016-01-01", "2020-12-31")).isel(y=slice(20, 40), x=slice(30, 50))


MADE = {
    "run": lambda: eow.run("fill-linear", part(), area=AREA, max_gap=30.0, seed=3),
    "run with its defaults": lambda: eow.run("fill-linear", part()),
    "change": lambda: eow.change(part(), "break-iqr", dates=("2017-01-01", "2020-12-31"), consecutive=4),
    "pair": lambda: eow.change(part(), dates=("2017-07-05", "2020-07-09")),
    "forecast": lambda: eow.forecast(part(), "ndmi", area=AREA, mean=True, days=60, model="theta"),
    "point": lambda: eow.forecast(part(), area=(22.151, 45.2065), days=60),
    "hindcast": lambda: eow.hindcast(part(), "2019-07-01", mean=True, days=60, levels=(0.8,)),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", MADE)
def test_the_code_of_a_result_gives_the_result(name):
    made = MADE[name]()
    record = eow.Record.of(made)
    found = run_cell(record.code())
    new = found["found" if record.call == "change" else "result"]
    for variable in made.data_vars:
        np.testing.assert_array_equal(new[variable].values, made[variable].values)
    assert eow.rerun(made).identical


def test_default_values_are_left_out():
    code = eow.Record.of(eow.run("fill-linear", eow.open("bouconne"))).code()
    assert code.splitlines()[-2:] == ["cube = eow.open('bouconne')", "result = eow.run('fill-linear', cube)"]


def test_bands_that_the_model_selects_itself_are_not_cut_from_the_cube(monkeypatch):
    monkeypatch.setattr(registry, "_registered", dict(registry._registered))
    eow.register(Greenness)
    cube = eow.open("bouconne").isel(y=slice(0, 20), x=slice(0, 20))
    record = eow.Record.of(eow.run(Greenness, cube))
    assert record.notes["input"]["bands"] == ["red", "nir"]
    assert "eow.open('bouconne').isel(y=slice(0, 20), x=slice(0, 20))" in record.code()
    cut = eow.Record.of(eow.run("fill-linear", cube.eow.select(["red", "nir"])))
    assert "cube = ...  # the cube that it was computed from" in cut.code()  # this model would take all bands


def test_the_code_for_series_at_places_says_that_there_were_places(monkeypatch):
    monkeypatch.setattr(registry, "_registered", dict(registry._registered))
    eow.register(Greenness)
    cube = eow.open("bouconne")
    middle = shapely.Point(*cube.odc.geobox.extent.centroid.coords[0]).buffer(50)
    places = geopandas.GeoDataFrame(geometry=[middle], crs=str(cube.odc.geobox.crs))
    code = eow.Record.of(eow.run(Greenness, cube, places=places)).code()
    assert "places = ...  # the places that were given" in code
    assert code.endswith("result = eow.run('toy-greenness', cube, places=places)")


def test_an_answer_is_given_again():
    cube = eow.open("romania")
    first = eow.ask(cube, "How much forest was there in 2017?")
    answer = eow.ask(cube, "And in 2019?", history=[first], dates=("2016-01-01", "2020-12-31"))
    again = eow.rerun(answer)
    assert again.identical, str(again)
    assert again.dataset.text == answer.text
    assert eow.rerun(first, cube.isel(time=slice(None, None, -1)).isel(time=slice(None, None, -1))).identical
    assert run_cell(eow.Record.of(first).code())["answer"].text == first.text
    assert "history = ...  # the answers to the 1 questions before" in eow.Record.of(answer).code()


def test_an_answer_that_differs_is_told(monkeypatch):
    answer = eow.ask(eow.open("romania"), "How many images do we have?")
    import dataclasses

    other = dataclasses.replace(answer, value=3)
    again = eow.rerun(other)
    assert not again.identical
    assert "value (other)" in str(again)


def test_a_notebook_gives_the_result(tmp_path):
    made = MADE["run"]()
    path = eow.Record.of(made).save_notebook(tmp_path / "made.ipynb")
    cells = [c.source for c in nbformat.read(path, 4).cells if c.cell_type == "code"]
    found = run_cell("\n".join(cells[:-1]))
    np.testing.assert_array_equal(found["result"].red.values, made.red.values)
    assert cells[-1] == "result"


class OfSeries(eow.Model):
    """The range of red over time."""

    name = "toy-range"
    task = eow.Task.REGRESS
    card = CARD
    feed = eow.Series(bands=("red",))

    def outputs(self, bands):
        return (eow.Value("range"),)

    def predict(self, batch):
        return {"range": batch.x[..., 0].amax(1) - batch.x[..., 0].amin(1)}


class OfChips(OfSeries):
    """The mean of red over chips."""

    name = "toy-chips"
    feed = eow.Chips(bands=("red",), size=4)

    def predict(self, batch):
        return {"range": batch.x.mean(dim=(1, 2, 3, 4))}


@pytest.mark.parametrize("model", [OfSeries, OfChips])
def test_a_table_at_places_is_made_again(model):
    geometry = geopandas.points_from_xy([22.1510, 22.1515, 0.0], [45.2065, 45.2070, 0.0])
    places = geopandas.GeoDataFrame({"name": list("abc")}, geometry=geometry, crs=4326)
    with pytest.warns(UserWarning, match="outside"):
        made = eow.run(model, part(), places=places)
        again = eow.rerun(made, places=places, model=model)
    assert again.identical, str(again)
    code = eow.Record.of(made).code()
    assert "places = ...  # the places that were given" in code
    assert code.endswith("result = eow.run(model, cube, places=places)")


def test_a_table_of_series_is_made_again():
    dates = pd.to_datetime(["2024-04-01", "2024-05-11", "2024-07-02"])
    table = pd.DataFrame({"id": list("aaabbb"), "time": [*dates, *dates], "red": [0.2, 0.5, 0.8, 0.3, None, 0.4]})
    made = eow.run(OfSeries, table)
    assert eow.rerun(made, table, model=OfSeries).identical
    other = eow.rerun(made, table.assign(red=table.red * 2), model=OfSeries)
    assert other.differences.keys() == {"range"}
    assert eow.Record.of(made).code().endswith("result = eow.run(model, table)")
    with pytest.raises(InputError, match="does not hold the table"):
        eow.rerun(made, model=OfSeries)


class Own(eow.Model):
    """A model that is not registered."""

    name = "toy-own-record"
    task = eow.Task.REGRESS
    card = CARD
    feed = eow.Windows(bands=("red",))

    def outputs(self, bands):
        return (eow.Value("mean"),)

    def predict(self, batch):
        return {"mean": batch.x.mean(dim=(1, 2))}


def test_what_cannot_be_written_is_a_variable_to_be_set(make_cube):
    code = eow.Record.of(eow.run(Own, make_cube())).code()
    assert "cube = ...  # the cube that it was computed from" in code
    assert "model = ...  # the model 'toy-own-record'" in code
    assert code.endswith("result = eow.run(model, cube)")
    compile(code, "cell", "exec")


@pytest.mark.parametrize(
    "change",
    [
        {"parameters": {"max_gap=1); import os; os.abort()#": 1}},
        {"parameters": 3},
        {"seed": None, "parameters": {"a b": 1}},
    ],
)
def test_a_record_from_elsewhere_writes_no_code_of_its_own(change):
    made = eow.run("fill-linear", eow.open("bouconne").isel(time=slice(3)))
    made.attrs["provenance"] = json.dumps({**json.loads(made.attrs["provenance"]), **change})
    with pytest.raises(InputError, match="damaged"):
        eow.Record.of(made).code()


def test_texts_from_elsewhere_stay_texts():
    made = eow.run("fill-linear", eow.open("bouconne").isel(time=slice(3)))
    notes = json.loads(made.attrs["provenance"])
    notes["model"] = "x'); raise SystemExit  #\n\rraise SystemExit"
    notes["input"] = {**notes["input"], "opened": "nowhere", "title": "t\rraise SystemExit\nraise SystemExit"}
    made.attrs["provenance"] = json.dumps(notes)
    code = eow.Record.of(made).code()
    assert [line.split(" = ")[0] for line in code.splitlines()[2:]] == ["cube", "model", "result"]


def test_what_carries_no_record_is_refused(make_cube):
    with pytest.raises(InputError, match="no provenance"):
        eow.Record.of(make_cube())
    with pytest.raises(InputError, match="give the path of a file"):
        eow.Record.of(3)
