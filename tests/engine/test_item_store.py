"""Tables of chips, series and places on disk: written whole, and continued after a kill."""

from __future__ import annotations

import geopandas
import numpy as np
import pandas as pd
import pytest
import torch
from support.toys import CARD

import eowidgets as eow
from eowidgets.engine.item_store import ItemStore
from eowidgets.engine.item_work import ItemWork
from eowidgets.errors import InputError

DATES = pd.to_datetime(["2024-04-01", "2024-05-11", "2024-07-02"])


class Kept(eow.Model):
    """Gives the mean of red and a label."""

    name = "toy-kept"
    task = eow.Task.CLASSIFY
    card = CARD
    feed = eow.Series(bands=("red",))

    def outputs(self, bands):
        classes = (eow.ClassInfo(0, "dark", "#000000"), eow.ClassInfo(1, "bright", "#ffffff"))
        return (eow.Value("mean"), eow.Label(classes=classes))

    def predict(self, batch):
        mean = batch.x.flatten(1).mean(1)
        share = mean.clamp(0, 1)
        return {"mean": mean, "label": torch.stack([1 - share, share], 1)}


class KeptChips(Kept):
    """The same of chips."""

    name = "toy-kept-chips"
    feed = eow.Chips(bands=("red",), size=4)


class Ahead(Kept):
    """The last value, on two later dates."""

    name = "toy-kept-ahead"

    def outputs(self, bands):
        return (eow.Value("ahead", dims="tyx"),)

    def out_dates(self, dates):
        return dates[-1] + np.array([10, 20]) * np.timedelta64(1, "D")

    def predict(self, batch):
        return {"ahead": batch.x[:, -1].expand(-1, 2)}


@pytest.fixture
def asked(monkeypatch):
    """Sizes of the parts that were computed."""
    found, real = [], ItemWork.predict

    def predict(self, predictor, share):
        found.append(len(share.numbers))
        return real(self, predictor, share)

    monkeypatch.setattr(ItemWork, "predict", predict)
    return found


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    ids = np.repeat([f"field {i}" for i in range(40)], 3)
    return pd.DataFrame({"id": ids, "time": np.tile(DATES, 40), "red": rng.random(120).round(3)})


@pytest.fixture
def placed(make_cube):
    cube = make_cube(dates=3, height=40, width=40, clouds=0)[["red"]]
    rng = np.random.default_rng(1)
    x, y = (rng.choice(cube[k].values, 12) for k in ("x", "y"))
    places = geopandas.GeoDataFrame(
        {"name": list("abcdefghijkl")}, geometry=geopandas.points_from_xy(x, y), crs=cube.rio.crs
    )
    return cube, places


def same(one, two):
    assert list(one.columns) == list(two.columns)
    for column in one.columns:
        left, right = one[column].to_numpy(), two[column].to_numpy()
        if column == "geometry":
            assert all(a.equals(b) for a, b in zip(left, right, strict=True))
        else:
            assert (left == right).all(), column


@pytest.mark.parametrize("model", [Kept, Ahead])
def test_a_table_of_series_comes_back(table, tmp_path, model):
    here = eow.run(model, table)
    there = eow.run(model, table, out=tmp_path / "fields.parquet")
    same(here.reset_index(), there.reset_index())
    assert there.attrs["provenance"] == here.attrs["provenance"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["fields.parquet"]
    assert eow.rerun(tmp_path / "fields.parquet", table, model=model).identical


@pytest.mark.parametrize("suffix", [".gpkg", ".parquet"])
@pytest.mark.parametrize("model", [Kept, KeptChips])
def test_a_table_of_places_comes_back(placed, tmp_path, suffix, model):
    cube, places = placed
    here = eow.run(model, cube, places=places)
    there = eow.run(model, cube, places=places, out=tmp_path / f"places{suffix}")
    assert isinstance(there, geopandas.GeoDataFrame)
    assert there.crs == places.crs
    same(here[sorted(here.columns)], there[sorted(there.columns)])
    assert eow.rerun(tmp_path / f"places{suffix}", cube, model=model, places=places).identical


def kill_after(monkeypatch, parts):
    """Kill the run after so many parts were kept."""
    real = ItemStore.write

    class Killed(BaseException):
        pass

    def write(self, share, rows):
        real(self, share, rows)
        if share + 1 == parts:
            raise Killed

    monkeypatch.setattr(ItemStore, "write", write)
    return Killed


def test_a_killed_run_continues_with_the_parts_that_are_missing(table, tmp_path, monkeypatch, asked):
    out = tmp_path / "fields.parquet"
    with monkeypatch.context() as patch, pytest.raises(kill_after(patch, 3)):
        eow.run(Kept, table, out=out, batch=8)
    assert not out.exists()
    assert len(asked) == 3
    job = eow.submit(Kept, table, out=out, batch=8)
    found = job.result(60)
    assert len(asked) == 5
    assert any("Continuing: 3 parts" in line for line in job.log)
    same(eow.run(Kept, table, batch=8).reset_index(), found.reset_index())


@pytest.mark.parametrize("change", ["table", "batch"])
def test_another_run_does_not_continue(table, tmp_path, monkeypatch, change):
    out = tmp_path / "fields.parquet"
    with monkeypatch.context() as patch, pytest.raises(kill_after(patch, 3)):
        eow.run(Kept, table, out=out, batch=8)
    other = table.assign(red=table.red / 2) if change == "table" else table
    batch = 10 if change == "batch" else 8
    found = eow.run(Kept, other, out=out, batch=batch)
    same(eow.run(Kept, other, batch=batch).reset_index(), found.reset_index())


def test_a_damaged_part_is_computed_again(table, tmp_path, monkeypatch, asked):
    out = tmp_path / "fields.parquet"
    with monkeypatch.context() as patch, pytest.raises(kill_after(patch, 3)):
        eow.run(Kept, table, out=out, batch=8)
    part = sorted((tmp_path / "fields.parquet.partial").rglob("*.json"))[1]
    part.write_text(part.read_text()[:20])
    found = eow.run(Kept, table, out=out, batch=8)
    assert len(asked) == 6
    same(eow.run(Kept, table, batch=8).reset_index(), found.reset_index())


def test_what_does_not_apply_is_refused(table, placed, tmp_path):
    with pytest.raises(InputError, match="table: end the name 'x.gpkg' in .parquet"):
        eow.run(Kept, table, out=tmp_path / "x.gpkg")
    with pytest.raises(InputError, match="in .gpkg, .parquet"):
        eow.run(Kept, placed[0], places=placed[1], out=tmp_path / "x.tif")
    for name, value in {"area": (27, 45, 28, 46), "window": 32}.items():
        with pytest.raises(InputError, match=f"{name} does not apply to"):
            eow.run(Kept, table, **{name: value})
