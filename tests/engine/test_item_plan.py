"""Memory, precision and compilation of runs over items."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import torch
from support.toys import CARD

import eowidgets as eow
from eowidgets.engine import plan as plans
from eowidgets.errors import InputError

WIDE = 4096


class Wide(eow.Model):
    """A network whose inner layer takes far more memory than the series; notes what it was given."""

    name = "toy-wide"
    task = eow.Task.REGRESS
    card = CARD
    feed = eow.Series(bands=("red",))

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.network = torch.nn.Sequential(torch.nn.Linear(1, WIDE), torch.nn.ReLU(), torch.nn.Linear(WIDE, 1))
        self.sizes, self.compiled, self.types = [], [], []

    def module(self):
        return self.network

    def outputs(self, bands):
        return (eow.Value("mean"),)

    def predict(self, batch):
        found = self.network(batch.x)
        self.sizes.append(len(batch.x))
        self.types.append(found.dtype)
        self.compiled.append(self.network._compiled_call_impl is not None)
        return {"mean": found.mean(dim=(1, 2))}


class WideChips(Wide):
    """The same of chips."""

    name = "toy-wide-chips"
    feed = eow.Chips(bands=("red",), size=4)

    def predict(self, batch):
        return {"mean": self.network(batch.x.flatten(1)[:, :1])[:, 0]}

    def outputs(self, bands):
        return (eow.Vector("mean", size=1),)


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    ids = np.repeat(np.arange(200), 10)
    dates = np.tile(pd.date_range("2024-01-01", periods=10, freq="9D"), 200)
    return pd.DataFrame({"id": ids, "time": dates, "red": rng.random(2000)})


def engine(result):
    return json.loads(result.attrs["provenance"])["engine"]


def test_memory_bounds_the_items_of_a_batch(table):
    model = Wide()
    small = eow.run(model, table, memory="40MB", precision="fp32")
    most = engine(small)["batch"]
    each = 10 * WIDE * 4  # what the inner layer takes of one series, at the least
    assert 1 < most <= 40e6 / 4 / each
    assert max(model.sizes) <= max(most, 8)  # 8 are measured
    large = eow.run(Wide(), table, precision="fp32")
    assert engine(large)["batch"] == 200
    np.testing.assert_allclose(small["mean"], large["mean"], rtol=1e-5, atol=1e-6)
    assert engine(small)["memory"] == 40_000_000


def test_a_batch_that_is_given_is_taken_and_nothing_is_measured(table):
    model = Wide()
    found = eow.run(model, table, memory="40MB", batch=100, precision="fp32")
    assert model.sizes == [100, 100]
    assert engine(found)["batch"] == 100


def test_small_tables_are_not_measured(table):
    model = Wide()
    eow.run(model, table[table["id"] < 4], precision="fp32")
    assert model.sizes == [4]


def test_precision_is_that_of_the_network(table):
    exact, model = eow.run(Wide, table, precision="fp32"), Wide()
    fast = eow.run(model, table, precision="bf16")
    assert model.types[-1] is torch.bfloat16
    assert engine(fast)["precision"] == "bf16"
    assert 0 < np.abs(exact["mean"] - fast["mean"]).max() < 0.05


@pytest.mark.parametrize("good", [True, False])
def test_auto_takes_bf16_where_it_is_fast_and_close(table, monkeypatch, good):
    monkeypatch.setattr(plans.dev, "bf16_is_fast", lambda device: True)
    monkeypatch.setattr(plans.dev, "close_enough", lambda exact, fast: good)
    assert engine(eow.run(Wide, table))["precision"] == ("bf16" if good else "fp32")
    monkeypatch.setattr(plans.dev, "bf16_is_fast", lambda device: False)
    assert engine(eow.run(Wide, table))["precision"] == "fp32"


def test_chips_in_bf16(make_cube):
    geopandas = pytest.importorskip("geopandas")
    cube = make_cube(dates=1, height=30, width=30, clouds=0)[["red"]]
    points = geopandas.points_from_xy(cube.x.values[5:25:5], cube.y.values[5:25:5])
    places = geopandas.GeoDataFrame(geometry=points, crs=cube.rio.crs)
    exact, fast = (eow.run(WideChips, cube, places=places, precision=p)["mean_0"] for p in ("fp32", "bf16"))
    assert 0 < np.abs(exact - fast).max() < 0.05


def test_a_run_that_continues_keeps_its_settings(table, tmp_path, monkeypatch):
    from eowidgets.engine.item_store import ItemStore

    class Killed(BaseException):
        pass

    real = ItemStore.write

    def write(self, share, rows):
        real(self, share, rows)
        raise Killed

    out = tmp_path / "r.parquet"
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(ItemStore, "write", write)
        eow.run(Wide, table, out=out, memory="40MB", precision="fp32")
    model = Wide()
    found = eow.run(model, table, out=out, memory="40MB", precision="fp32")
    assert max(model.sizes) == engine(found)["batch"]
    assert sum(model.sizes) == 200 - engine(found)["batch"]  # nothing is measured again
    assert eow.rerun(out, table, model=Wide).identical


def test_compile_reaches_the_network(table, monkeypatch):
    calls = []
    monkeypatch.setattr(
        torch.nn.Module,
        "compile",
        lambda self, **options: (calls.append(options), setattr(self, "_compiled_call_impl", self._call_impl)),
    )
    model = Wide()
    found = eow.run(model, table, compile=True, precision="fp32", batch=100)
    assert model.compiled == [True, True]
    assert model.network._compiled_call_impl is None
    assert len(calls) == 1
    assert engine(found)["compile"] is True
    pd.testing.assert_series_equal(found["mean"], eow.run(Wide, table, precision="fp32", batch=100)["mean"])


@pytest.mark.parametrize("wrong", [{"precision": "fp8"}, {"memory": "much"}, {"memory": 0}])
def test_settings_that_mean_nothing_are_refused(table, wrong):
    with pytest.raises(InputError):
        eow.run(Wide, table, **wrong)
