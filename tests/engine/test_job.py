from __future__ import annotations

import threading

import numpy as np
import odc.geo.xr  # noqa: F401  (registers the accessor)
import pytest
from support.toys import Gate, Identity, Smooth

import eowidgets as eow
from eowidgets.engine import reader, work
from eowidgets.engine.job import Cancelled, Job

WAIT = 30


def until(job: Job, state: str) -> None:
    """Wait for a state by listening, not by sleeping."""
    there = threading.Event()
    job.on_change(lambda j: there.set() if j.state == state else None)
    if job.state == state:
        there.set()
    assert there.wait(WAIT), job


def test_a_job_tells_how_far_it_is(make_cube):
    model = Gate()
    seen = []
    job = eow.submit(
        model, make_cube(height=8, width=32), window=8, batch=1, on_change=lambda j: seen.append(j.progress)
    )
    assert model.entered.acquire(timeout=WAIT)
    assert job.state == "running"
    assert job.seconds_left is None
    model.gate.release()
    assert model.entered.acquire(timeout=WAIT)
    assert job.progress == 0.25
    assert job.seconds_left > 0
    assert job.throughput > 0
    for _ in range(3):
        model.gate.release()
    out = job.result(WAIT)
    assert job.state == "done"
    assert job.progress == 1
    assert job.seconds_left == 0
    assert set(seen) >= {0.25, 0.5, 0.75, 1.0}
    assert sorted(seen) == seen
    assert np.isfinite(out["red"]).all()
    assert any("windows of 8 x 8 pixels" in line for line in job.log)


def test_cancel_stops_before_the_next_batch(make_cube):
    model = Gate()
    job = eow.submit(model, make_cube(height=8, width=64), window=8, batch=1)
    assert model.entered.acquire(timeout=WAIT)
    job.cancel()
    model.gate.release()
    with pytest.raises(Cancelled, match="was cancelled"):
        job.result(WAIT)
    assert job.state == "cancelled"
    assert job.windows[0] <= 1


def test_cancel_stops_between_the_layers_of_a_module(make_cube):
    class Slow(Smooth):
        """Runs its module again and again, until somebody stops it."""

        name = "toy-endless"

        def __init__(self):
            super().__init__()
            self.started = threading.Event()

        def predict(self, batch):
            while True:
                super().predict(batch)
                self.started.set()

    model = Slow()
    job = eow.submit(model, make_cube(), window=32, batch=1, precision="fp32")
    assert model.started.wait(WAIT)
    job.cancel()
    with pytest.raises(Cancelled):
        job.result(WAIT)
    assert not model.net._forward_pre_hooks


def test_cancel_does_not_wait_for_a_read(make_cube, monkeypatch):
    reading, release = threading.Event(), threading.Event()
    real = reader.Reader.__call__

    def stuck(self, y, x):
        reading.set()
        assert release.wait(WAIT)
        return real(self, y, x)

    monkeypatch.setattr(reader.Reader, "__call__", stuck)
    job = eow.submit(Identity, make_cube(), window=8, batch=1)
    try:
        assert reading.wait(WAIT)
        job.cancel()
        with pytest.raises(Cancelled):
            job.result(WAIT)
    finally:
        release.set()


def test_a_queued_job_can_be_cancelled_before_it_starts(make_cube):
    model = Gate()
    first = eow.submit(model, make_cube(), window=16, batch=1)
    assert model.entered.acquire(timeout=WAIT)
    second = eow.submit(Identity, make_cube())
    assert second.state == "queued"
    second.cancel()
    assert second.state == "cancelled"
    model.gate.release()
    first.result(WAIT)


def test_pause_holds_and_resume_goes_on(make_cube):
    model = Gate()
    job = eow.submit(model, make_cube(height=8, width=24), window=8, batch=1)
    assert model.entered.acquire(timeout=WAIT)
    job.pause()
    model.gate.release()
    until(job, "paused")
    assert job.windows == (1, 3)
    with pytest.raises(TimeoutError):
        job.result(0)
    job.resume()
    for _ in range(2):
        model.gate.release()
    job.result(WAIT)
    assert job.state == "done"


def test_a_paused_job_can_be_cancelled(make_cube):
    model = Gate()
    job = eow.submit(model, make_cube(height=8, width=24), window=8, batch=1)
    assert model.entered.acquire(timeout=WAIT)
    job.pause()
    model.gate.release()
    until(job, "paused")
    job.cancel()
    with pytest.raises(Cancelled):
        job.result(WAIT)


def test_windows_arrive_as_they_are_made_and_cover_the_result_once(make_cube):
    cube = make_cube(height=41, width=39)
    windows = []
    job = eow.submit(Smooth, cube, window=20, precision="fp32", on_window=windows.append)
    out = job.result(WAIT)
    covered = np.zeros((41, 39), int)
    for w in windows:
        covered[w.y, w.x] += 1
        assert w.data.odc.geobox == cube.odc.geobox[w.y, w.x]
        np.testing.assert_allclose(w.data["red"], out["red"].isel(y=w.y, x=w.x), atol=1e-6)
    assert (covered == 1).all()
    assert len(windows) == windows[-1].total


def test_a_broken_callback_is_told_and_costs_nothing(make_cube):
    def broken(_window):
        raise ValueError("no picture today")

    job = eow.submit(Identity, make_cube(), on_window=broken)
    job.result(WAIT)
    assert any("no picture today" in line for line in job.log)


def test_failures_arrive_where_the_result_is_asked_for(make_cube):
    class Broken(Identity):
        def predict(self, batch):
            raise RuntimeError("no")

    job = eow.submit(Broken, make_cube())
    with pytest.raises(eow.EowidgetsError, match="failed on rows"):
        job.result(WAIT)
    assert job.state == "failed"
    assert isinstance(job.error, eow.EowidgetsError)


def test_progress_may_be_a_bar_or_a_callable(make_cube, capsys):
    seen = []
    eow.run(Identity, make_cube(), progress=seen.append)
    assert seen[-1].state == "done"
    eow.run(Identity, make_cube(), progress=True)
    assert "toy-identity" in capsys.readouterr().err


@pytest.fixture
def hanging(make_cube, monkeypatch):
    """A cancelled run whose model does not come back before the test has ended."""
    monkeypatch.setattr(work, "PATIENCE", 0.05)
    model, told = Gate(), threading.Event()
    job = eow.submit(model, make_cube(), window=16, batch=1, on_change=lambda j: told.set() if j.hangs else None)
    assert model.entered.acquire(timeout=WAIT)
    job.cancel()
    assert told.wait(WAIT)
    yield job
    model.gate.release(100)
    with pytest.raises(Cancelled):
        job.result(WAIT)
    assert not job.hangs


def test_a_model_that_hangs_is_reported(hanging):
    assert hanging.state == "running"
    assert "the model has not returned" in hanging.log[-1]
    with pytest.raises(TimeoutError, match="was cancelled and waits for its model"):
        hanging.result(0)


def test_runs_go_on_without_one_that_hangs(hanging, make_cube):
    first = eow.submit(Identity, make_cube())
    second = eow.submit(Identity, make_cube())
    first.result(WAIT)
    second.result(WAIT)
    assert hanging.state == "running"


def test_the_doctor_reports_a_model_that_hangs(hanging):
    from eowidgets.diagnosis import examine

    found = [f for f in examine() if f.topic == "Runs"]
    assert [f.level for f in found] == ["bad"]
    assert "'toy-gate' waits for a model" in found[0].text


def test_only_one_worker_is_left_after_a_model_has_come_back(make_cube, monkeypatch):
    from eowidgets.diagnosis import examine

    monkeypatch.setattr(work, "PATIENCE", 0.05)
    model, told = Gate(), threading.Event()
    job = eow.submit(model, make_cube(), window=16, batch=1, on_change=lambda j: told.set() if j.hangs else None)
    assert model.entered.acquire(timeout=WAIT)
    job.cancel()
    assert told.wait(WAIT)
    old = job._thread
    model.gate.release(100)
    old.join(WAIT)
    assert not old.is_alive()
    eow.submit(Identity, make_cube()).result(WAIT)
    assert not [f for f in examine() if f.topic == "Runs"]
