from __future__ import annotations

import numpy as np
import pytest
from support.toys import Mean, Smooth, TwoClasses

import eowidgets as eow
from eowidgets.engine import speeds
from eowidgets.engine.cost import Cost, Planned, cost_of, planned_run, run_kind, took
from eowidgets.engine.reader import Reader
from eowidgets.errors import InputError


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("EOWIDGETS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def reads(monkeypatch):
    """Return what runs read: for each pixel of each band and mask, whether it was read; and bytes in all."""
    seen: dict[str, np.ndarray] = {}
    real = Reader.__call__

    def call(self, y, x):
        for name, variable in self._cube.data_vars.items():
            where = seen.setdefault(name, np.zeros(variable.shape, bool))
            where[:, y, x] = True
        return real(self, y, x)

    monkeypatch.setattr(Reader, "__call__", call)
    return seen


@pytest.mark.parametrize("model", [Mean, Smooth, TwoClasses])
@pytest.mark.parametrize("area", [None, "part"])
def test_the_pixels_and_bytes_stated_are_those_that_the_run_reads(make_cube, reads, model, area):
    cube = make_cube(dates=3, height=90, width=70, bands=("red", "nir", "green"))
    if area is not None:
        box = cube.isel(y=slice(11, 60), x=slice(5, 40)).odc.geobox
        area = eow.Area.of(box.extent.geom, crs=box.crs)
    planned = planned_run(model, cube, area)
    eow.run(model, cube, area=area, window=40 if model is not Mean else None)
    sizes = {name: cube[name].dtype.itemsize for name in cube.data_vars}
    assert planned.bytes == sum(int(where.sum()) * sizes[name] for name, where in reads.items())
    assert planned.pixels == int(next(iter(reads.values())).any(axis=0).sum())
    assert planned.dates == 3


def test_a_run_makes_the_time_known(make_cube):
    cube = make_cube(dates=3, height=90, width=70)
    planned = planned_run(Mean, cube)
    assert cost_of(planned).seconds is None
    assert "time not measured here yet" in cost_of(planned).sentence
    eow.run(Mean, cube)
    assert cost_of(planned).seconds > 0
    assert "here" in cost_of(planned).sentence


def test_a_run_that_went_on_with_another_is_not_measured(make_cube, tmp_path, monkeypatch):
    from eowidgets.engine.job import Job

    cube = make_cube()
    monkeypatch.setattr(Job, "whole", False)
    eow.run(Mean, cube, out=tmp_path / "r.zarr")
    assert cost_of(planned_run(Mean, cube)).seconds is None


def test_time_grows_with_the_size_from_the_nearest_measurements():
    for size, seconds in ((100, 1.0), (100, 1.2), (100, 5.0), (10_000, 20.0), (10_000, 20.0), (10_000, 20.0)):
        speeds.note("kind", size, seconds)
    assert speeds.seconds_of("kind", 200) == pytest.approx(2.4)
    assert speeds.seconds_of("kind", 50_000) == pytest.approx(100.0)
    assert speeds.seconds_of("other", 100) is None


def test_only_the_last_measurements_are_kept():
    for _ in range(3 * speeds.KEPT):
        speeds.note("kind", 100, 9.0)
    for _ in range(speeds.KEPT):
        speeds.note("kind", 100, 1.0)
    assert speeds.seconds_of("kind", 100) == pytest.approx(1.0)


@pytest.mark.parametrize("text", ["", "[]", '{"kind": 3}', "{", '{"kind | 2 cores": [["x", 1]]}'])
def test_a_damaged_file_counts_as_none(cache, text):
    cache.mkdir()
    (cache / "speeds.json").write_text(text)
    assert speeds.seconds_of("kind", 1) is None
    speeds.note("kind", 100, 1.0)
    assert speeds.seconds_of("kind", 100) == pytest.approx(1.0)


def test_a_folder_that_cannot_be_written_is_left_alone(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("EOWIDGETS_CACHE", str(tmp_path / "file" / "below"))
    speeds.note("kind", 100, 1.0)
    assert speeds.seconds_of("kind", 100) is None


def test_workers_share_the_time_and_short_work_is_not_shared(make_cube):
    planned = Planned("kind", 12_400_000, 1, 310_000_000)
    assert Cost(planned, 120.0).sentence == "12.4 Mpx · 310 MB · about 2 min here, 32 s on 4 workers"
    assert Cost(planned, 120.0, 10).sentence.endswith("14 s on 10 workers")
    assert Cost(planned, 1.0).sentence == "12.4 Mpx · 310 MB · about 1 s here"
    assert Cost(Planned("kind", 40, 20, 900), None).sentence == "40 px × 20 dates · 900 B · time not measured here yet"


def test_the_workers_of_a_client_count():
    class Client:
        def scheduler_info(self, n_workers):
            return {"workers": dict.fromkeys(range(7))}

    planned = Planned("kind", 100, 1, 100)
    took(planned, 700.0)
    assert cost_of(planned, Client()).workers == 7
    assert cost_of(planned, Client()).shared_seconds == pytest.approx(102.0)


def test_devices_have_times_of_their_own():
    assert run_kind(Mean(), "cpu") == "run toy-mean cpu"


def test_an_area_beside_the_cube_is_refused(make_cube):
    with pytest.raises(InputError, match="outside the cube"):
        planned_run(Mean, make_cube(), (0, 0, 1, 1))


def test_an_estimate_states_bytes_workers_and_makes_the_time_known(make_cube):
    cube = make_cube(dates=3, height=90, width=70)
    found = eow.estimate(Mean, cube)
    assert found.read_bytes == planned_run(Mean, cube).bytes
    assert found.workers == 4
    assert "MB read" in str(found) or "kB read" in str(found)
    assert cost_of(planned_run(Mean, cube)).seconds == pytest.approx(found.seconds, rel=0.01, abs=1e-4)
