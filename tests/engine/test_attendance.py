"""A run on a cluster without workers says so, and ends with one sentence."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pandas as pd
import pytest
from support.series import Mean

import eowidgets as eow
from eowidgets.engine import attendance
from eowidgets.engine.job import Job
from eowidgets.errors import SourceError

distributed = pytest.importorskip("distributed")

WAIT = 60


@pytest.fixture
def empty(monkeypatch):
    """A cluster without workers, which is asked at every turn."""
    monkeypatch.setattr(attendance, "LOOK", 0.0)
    with (
        distributed.LocalCluster(
            n_workers=0, processes=False, threads_per_worker=1, dashboard_address=None, silence_logs=50
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture
def table():
    dates = pd.date_range("2021-01-04", periods=3, freq="7D")
    return pd.concat([pd.DataFrame({"id": f"s{i}", "time": dates, "red": 0.1 * i}) for i in range(4)])


def test_a_run_that_waits_for_workers_says_so_and_goes_on_when_they_come(empty, table):
    seen = []

    def scale(job):
        seen.append(job.status)
        if job.status == attendance.NONE:
            empty.cluster.scale(1)

    job = eow.submit(Mean, table, client=empty, on_change=scale)
    found = job.result(WAIT)
    pd.testing.assert_series_equal(found["mean"], eow.run(Mean, table)["mean"])
    assert "Waiting for workers: the cluster has none" in seen
    assert job.status != attendance.NONE
    assert any("add some with cluster.scale(4)" in line for line in job.log)


@pytest.mark.parametrize(
    ("out", "words"), [(None, "run the same call again"), ("r.parquet", "goes on where it stopped")]
)
def test_a_cluster_that_stays_without_workers_is_one_sentence(empty, table, tmp_path, monkeypatch, out, words):
    monkeypatch.setattr(attendance, "PATIENCE", 0.2)
    with pytest.raises(SourceError, match="no workers for 0.2 s: add some") as caught:
        eow.run(Mean, table, out=tmp_path / out if out else None, client=empty)
    assert words in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("cluster", "starting"),
    [
        (None, False),  # a client of an address
        (SimpleNamespace(_adaptive=None, worker_spec={}), False),
        (SimpleNamespace(_adaptive=object(), worker_spec={}), True),
        (SimpleNamespace(_adaptive=None, worker_spec={0: {}}), True),
    ],
)
def test_workers_that_are_on_their_way_are_stated(cluster, starting):
    client = SimpleNamespace(cluster=cluster, scheduler_info=lambda n_workers: {"workers": {}})
    job = Job("toy", lambda _: None)
    attendance.Attendance(client, job, saved=False)
    assert job.log[-1].endswith("they are being started." if starting else "add some with cluster.scale(4).")


def test_a_late_result_names_what_it_waits_for(empty, table):
    waiting = threading.Event()
    job = eow.submit(Mean, table, client=empty, on_change=lambda j: j.status == attendance.NONE and waiting.set())
    assert waiting.wait(WAIT)
    with pytest.raises(TimeoutError, match="the cluster has none"):
        job.result(0.01)
    job.cancel()
