from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import pytest
from support.toys import Smooth, TwoClasses

import eowidgets as eow
from eowidgets.contract.feeds import Batch
from eowidgets.engine.cluster import _reached, parts
from eowidgets.engine.job import Cancelled
from eowidgets.engine.plan import Plan
from eowidgets.errors import ModelError, SourceError

distributed = pytest.importorskip("distributed")
dask = pytest.importorskip("dask")

WAIT = 60


@pytest.fixture(scope="module")
def client():
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


class Deadly(Smooth):
    """Kills the worker that runs it, once."""

    name = "toy-deadly"

    def __init__(self, flag: Path) -> None:
        super().__init__()
        self.flag = flag

    def predict(self, batch: Batch):
        try:
            self.flag.touch(exist_ok=False)
        except FileExistsError:
            return super().predict(batch)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("unreachable")


@pytest.mark.parametrize("out", [None, "r.zarr", "r.nc", "r.tif"])
@pytest.mark.parametrize("lazy", [False, True])
def test_the_cluster_gives_what_this_machine_gives(make_cube, tmp_path, client, out, lazy):
    cube = make_cube(dates=2, height=700, width=50)
    cube["red"].values[:, 100:140, 10:20] = np.nan
    expected = eow.run(Smooth, cube, window=40, memory="20MB")
    source = cube.chunk({"y": 100}) if lazy else cube
    got = eow.run(Smooth, source, out=tmp_path / out if out else None, window=40, memory="20MB", client=client)
    for band in ("red", "nir"):
        np.testing.assert_array_equal(got[band], expected[band])
    companions = {"r.qml", "r.json", "r_quality.tif"} if out == "r.tif" else set()
    assert {p.name for p in tmp_path.iterdir()} == ({out, *companions} if out else set())


def test_class_maps_on_a_cluster(make_cube, client):
    cube = make_cube(dates=2, height=600, width=30)
    expected, got = (eow.run(TwoClasses, cube, window=40, client=c) for c in (None, client))
    np.testing.assert_array_equal(got["cover"], expected["cover"])
    np.testing.assert_array_equal(got["valid"], expected["valid"])


@pytest.mark.parametrize("out", [None, "r.zarr"])
def test_a_worker_that_dies_loses_nothing(make_cube, tmp_path, client, out):
    cube = make_cube(dates=1, height=1000, width=40)
    expected = eow.run(Smooth, cube, window=40, batch=1, precision="fp32", memory="20MB")
    model = Deadly(tmp_path / "killed")
    # All is given: nothing has to be tried in this process, where it would kill the test.
    given = {"window": 40, "batch": 1, "precision": "fp32", "memory": "20MB"}
    got = eow.run(model, cube, out=tmp_path / out if out else None, client=client, **given)
    assert (tmp_path / "killed").exists()
    np.testing.assert_array_equal(got["red"], expected["red"])


def test_cancel_reaches_the_cluster(make_cube, client):
    class Endless(Smooth):
        name = "toy-endless"

        def predict(self, batch):
            import time

            time.sleep(0.05)
            return super().predict(batch)

    cube = make_cube(dates=1, height=3000, width=40)
    job = eow.submit(Endless, cube, window=20, batch=1, memory="20MB", client=client)
    job.on_change(lambda j: j.cancel() if j.state == "running" else None)
    with pytest.raises(Cancelled):
        job.result(WAIT)


def test_a_failing_model_is_told_as_at_home(make_cube, client):
    class Broken(Smooth):
        name = "toy-broken"

        def predict(self, batch):
            raise RuntimeError("no such luck")

    with pytest.raises(eow.EowidgetsError, match="no such luck"):
        eow.run(Broken, make_cube(), client=client)


def test_parts_are_cut_where_strips_end():
    plan = Plan((128, 128), 16, 1, 0, 1, 1, 256, "fp32", 0)
    assert parts([(0, 1000)], plan, 100) == [(0, 256), (256, 512), (512, 768), (768, 1000)]
    assert parts([(256, 512), (768, 1000)], plan, 1) == [(256, 512), (768, 1000)]


def test_every_worker_gets_a_part_and_tall_rasters_more_than_one():
    plan = Plan((256, 256), 16, 1, 0, 1, 1, 256, "fp32", 0)
    assert parts([(0, 4096)], plan, 2) == [(0, 2048), (2048, 4096)]
    assert len(parts([(0, 4096)], plan, 4)) == 4
    assert len(parts([(0, 20000)], plan, 2)) == 8


def test_a_scheduler_that_ends_is_one_sentence_and_the_same_call_goes_on_without_it(make_cube, tmp_path):
    cube = make_cube(dates=1, height=2000, width=40)
    given = {"window": 40, "batch": 1, "precision": "fp32", "memory": "20MB"}
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "2s"}),  # how long the client looks for the scheduler
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

        job = eow.submit(Smooth, cube, out=tmp_path / "r.zarr", client=client, on_change=end, **given)
        with pytest.raises(SourceError, match="run the same call again") as caught:
            job.result(WAIT)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "r.zarr").exists()
    again = eow.submit(Smooth, cube, out=tmp_path / "r.zarr", **given)
    found = again.result(WAIT)
    assert any("Continuing" in line for line in again.log)
    np.testing.assert_array_equal(found["red"], eow.run(Smooth, cube, **given)["red"])


@pytest.mark.parametrize("error", [OSError("gone"), TimeoutError("late"), RuntimeError("closed")])
def test_failures_to_reach_a_cluster_are_one_sentence(error):
    words = "cannot be reached any more .*: run the same call again, with a new client"
    with pytest.raises(SourceError, match=words), _reached(False):
        raise error


def test_sentences_of_the_package_pass_unchanged():
    with pytest.raises(ModelError, match="^as it was$"), _reached(False):
        raise ModelError("as it was")
