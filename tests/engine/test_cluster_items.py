"""Tables of series, places and chips on a Dask cluster: the same bytes as on this machine, resumed and cancelled alike."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.series import Course, Mean, Told
from support.toys import CARD, CLASSES

import eowidgets as eow
from eowidgets.engine.item_store import ItemStore
from eowidgets.engine.item_work import PART_SHARES, bundles
from eowidgets.engine.items import Share
from eowidgets.engine.job import Cancelled
from eowidgets.errors import EowidgetsError, InputError, SourceError

distributed = pytest.importorskip("distributed")
dask = pytest.importorskip("dask")

WAIT = 60


@pytest.fixture(scope="module")
def processes():
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture
def mortal():
    """A cluster for a test that kills its workers: nannies start them again, but not always."""
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 1}),  # each death costs the start of a process
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def threads():
    with (
        distributed.LocalCluster(processes=False, n_workers=1, threads_per_worker=2, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


class Chip(eow.Model):
    """A label and a vector of a chip."""

    name = "toy-cluster-chip"
    task = eow.Task.CLASSIFY
    card = CARD
    feed = eow.Chips(bands=("red",), size=4)

    def outputs(self, bands):
        return (eow.Label("kind", classes=CLASSES), eow.Vector("where", size=2))

    def predict(self, batch):
        mean = batch.x.flatten(1).mean(1).clamp(0, 1)
        return {"kind": torch.stack([mean, 1 - mean], 1), "where": batch.lonlat}


class Surveyed(Mean):
    """The mean, less that of the series of the same dates."""

    name = "toy-cluster-surveyed"

    def survey(self, cube):
        self.level = float(cube["red"].where(cube["valid"]).mean())

    def predict(self, batch):
        return {"mean": super().predict(batch)["mean"] - self.level}


class Deadly(Mean):
    """Kills the worker that runs it, once."""

    name = "toy-cluster-deadly"

    def __init__(self, flag: Path) -> None:
        super().__init__()
        self.flag = flag

    def predict(self, batch):
        try:
            self.flag.touch(exist_ok=False)
        except FileExistsError:
            return super().predict(batch)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("unreachable")


def table_of(series: int, groups: int, seed: int) -> pd.DataFrame:
    """Series of 3 to 8 dates, of which ``groups`` different sets occur; some values are missing."""
    rng = np.random.default_rng(seed)
    parts = []
    for i in range(series):
        group = int(rng.integers(groups))
        dates = pd.date_range("2021-01-04", periods=3 + group % 6, freq=f"{7 + group}D")
        red = rng.uniform(0.1, 0.9, len(dates)).round(4)
        parts.append(
            pd.DataFrame({"id": f"s{i}", "time": dates, "red": np.where(rng.random(len(dates)) < 0.1, np.nan, red)})
        )
    return pd.concat(parts, ignore_index=True)


@pytest.fixture
def placed(make_cube):
    cube = make_cube(dates=3, height=40, width=40, clouds=0)[["red"]]
    rng = np.random.default_rng(1)
    x, y = (rng.choice(cube[k].values, 30) for k in ("x", "y"))
    places = geopandas.GeoDataFrame({"name": range(30)}, geometry=geopandas.points_from_xy(x, y), crs=cube.rio.crs)
    return cube, places


def same(one, two):
    """Compare values, types, order and provenance."""
    assert one.attrs["provenance"] == two.attrs["provenance"]
    pd.testing.assert_frame_equal(pd.DataFrame(one), pd.DataFrame(two), check_exact=True)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    series=st.integers(1, 30),
    groups=st.integers(1, 12),
    batch=st.sampled_from([None, 1, 4]),
    model=st.sampled_from([Mean, Course, Told, Surveyed]),
    seed=st.integers(0, 99),
)
def test_any_table_has_the_bytes_of_this_machine(threads, series, groups, batch, model, seed):
    table = table_of(series, groups, seed)
    same(eow.run(model, table, batch=batch), eow.run(model, table, batch=batch, client=threads))


@pytest.mark.parametrize("model", [Mean, Course, Told, Surveyed])
def test_a_table_has_the_bytes_of_this_machine_in_other_processes(processes, model):
    table = table_of(40, 9, 3)
    same(eow.run(model, table, batch=3), eow.run(model, table, batch=3, client=processes))


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize("model", [Mean, Chip])
def test_places_and_chips_have_the_bytes_of_this_machine(processes, placed, tmp_path, model, lazy):
    cube, places = placed
    expected = eow.run(model, cube, places=places, batch=4)
    source = cube.chunk({"y": 10}) if lazy else cube
    found = eow.run(model, source, places=places, batch=4, client=processes)
    pd.testing.assert_frame_equal(pd.DataFrame(expected), pd.DataFrame(found), check_exact=True)
    out = tmp_path / "places.parquet"
    there = eow.run(model, source, places=places, batch=4, out=out, client=processes)
    pd.testing.assert_frame_equal(
        pd.DataFrame(eow.run(model, source, places=places, batch=4, out=tmp_path / "here.parquet")), pd.DataFrame(there)
    )
    assert sorted(p.name for p in tmp_path.iterdir()) == ["here.parquet", "places.parquet"]


def test_a_folder_of_images(processes, tmp_path):
    rasterio = pytest.importorskip("rasterio")
    rng = np.random.default_rng(0)
    for i in range(9):
        with rasterio.open(
            tmp_path / f"{i}.tif", "w", driver="GTiff", width=5, height=4, count=1, dtype="float32"
        ) as file:
            file.write(rng.random((1, 4, 5), "float32"))
    same(eow.run(Chip, tmp_path, batch=2), eow.run(Chip, tmp_path, batch=2, client=processes))


@pytest.mark.parametrize("out", ["r.parquet"])  # without a file: tests/engine/test_cluster.py
def test_a_worker_that_dies_loses_nothing(mortal, tmp_path, out):
    table = table_of(40, 4, 0)
    model = Deadly(tmp_path / "killed")
    found = eow.run(model, table, out=tmp_path / out if out else None, batch=4, client=mortal)
    assert (tmp_path / "killed").exists()
    assert (found["mean"].to_numpy() == eow.run(Mean, table, batch=4)["mean"].to_numpy())[found["mean"].notna()].all()


def test_a_worker_that_dies_each_time_is_one_sentence(mortal):
    class Fatal(Mean):
        name = "toy-cluster-fatal"

        def predict(self, batch):
            os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(EowidgetsError, match="killed its Dask worker several times") as caught:
        eow.run(Fatal, table_of(3, 1, 0), batch=4, client=mortal)
    assert "\n" not in str(caught.value)


def test_a_failing_model_is_told_as_at_home(processes):
    class Broken(Mean):
        name = "toy-cluster-broken"

        def predict(self, batch):
            raise RuntimeError("no such luck")

    table = table_of(10, 2, 0)
    with pytest.raises(EowidgetsError) as here:
        eow.run(Broken, table)
    with pytest.raises(EowidgetsError) as there:
        eow.run(Broken, table, client=processes)
    assert type(here.value) is type(there.value)
    assert str(here.value) == str(there.value)


def test_cancel_reaches_the_cluster(processes):
    class Endless(Mean):
        name = "toy-cluster-endless"

        def predict(self, batch):
            import time

            time.sleep(0.05)
            return super().predict(batch)

    job = eow.submit(Endless, table_of(400, 1, 0), batch=1, client=processes)
    job.on_change(lambda j: j.cancel() if j.windows[0] else None)
    with pytest.raises(Cancelled):
        job.result(WAIT)
    assert job.windows[0] < 400


@pytest.mark.parametrize("first", ["cluster", "here"])
def test_a_killed_run_continues_on_the_other_machine(threads, tmp_path, monkeypatch, first):
    class Killed(BaseException):
        pass

    kept, real = [], ItemStore.write

    def write(self, share, rows):
        real(self, share, rows)
        kept.append(share)
        if len(kept) == 3:
            raise Killed

    table, out = table_of(40, 1, 0), tmp_path / "fields.parquet"
    given = {"out": out, "batch": 4}
    before, after = (threads, None) if first == "cluster" else (None, threads)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(ItemStore, "write", write)
        eow.run(Course, table, client=before, **given)
    assert not out.exists()
    job = eow.submit(Course, table, client=after, **given)
    found = job.result(WAIT)
    assert any("Continuing: 3 parts" in line for line in job.log)
    assert job.windows == (40, 40)
    same(eow.run(Course, table, batch=4, out=tmp_path / "whole.parquet"), found)


def test_a_scheduler_that_ends_is_one_sentence_and_the_same_call_goes_on_without_it(tmp_path):
    table, out = table_of(200, 1, 0), tmp_path / "r.parquet"
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "2s"}),
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None, silence_logs=50
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        ended = []

        def end(job):
            if job.windows[0] and not ended:
                ended.append(job.windows[0])
                cluster.sync(cluster.scheduler.close)

        job = eow.submit(Mean, table, out=out, batch=1, client=client, on_change=end)
        with pytest.raises(SourceError, match="run the same call again, which goes on where it stopped"):
            job.result(WAIT)
    assert not out.exists()
    again = eow.submit(Mean, table, out=out, batch=1)
    found = again.result(WAIT)
    assert any("Continuing" in line for line in again.log)
    np.testing.assert_array_equal(found["mean"], eow.run(Mean, table, batch=1)["mean"])


def test_an_image_that_cannot_be_read_is_told_as_at_home(processes, tmp_path):
    (tmp_path / "a.tif").write_bytes(b"nothing")
    for client in (None, processes):
        with pytest.raises((InputError, SourceError), match=r"image 'a\.tif'"):
            eow.run(Chip, tmp_path, client=client)


def share(items):
    return Share(list(range(items)), [], None, None, None, items)


def test_parts_keep_workers_busy_and_hold_few_shares():
    numbered = list(enumerate(share(4) for _ in range(10)))
    parts = list(bundles(numbered, 12))
    assert [[k for k, _ in part] for part in parts] == [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9]]
    assert list(bundles([], 12)) == []
    many = list(bundles(enumerate(share(1) for _ in range(PART_SHARES + 1)), 1000))
    assert [len(part) for part in many] == [PART_SHARES, 1]


def test_shares_are_read_only_as_they_are_sent():
    read = []

    def shares():
        for k in range(10):
            read.append(k)
            yield k, share(2)

    parts = bundles(shares(), 4)
    next(parts)
    assert read == [0, 1]
