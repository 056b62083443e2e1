"""Killed at any moment, the same call goes on and ends with the same bytes."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from support.toys import Smooth

import eowidgets as eow
from eowidgets.engine.cube_run import missing_rows
from eowidgets.engine.folders import write_lines
from eowidgets.engine.journal import Journal
from eowidgets.engine.plan import Plan
from eowidgets.errors import SourceError

TESTS = Path(__file__).parents[1]
PLAN = Plan((16, 16), 0, 1, 0, 1, 1, 16, "fp32", 0)
SCRIPT = """
import sys, time
import numpy as np, pandas as pd, xarray as xr, torch
import eowidgets as eow
from support.toys import Smooth
torch.set_num_threads(1)

class Steady(Smooth):
    name = "toy-steady"
    def predict(self, batch):
        print("batch", flush=True)
        if "slow" in sys.argv:
            time.sleep(0.03)
        return super().predict(batch)

rng = np.random.default_rng(1)
cube = xr.Dataset(
    {"red": (("time", "y", "x"), rng.random((2, 500, 60), "float32"))},
    coords={"time": pd.date_range("2020", periods=2), "y": -10.0 * np.arange(500), "x": 10.0 * np.arange(60)},
)
import rioxarray
cube = cube.rio.write_crs("EPSG:32635").rio.write_transform()
# A small memory makes low strips: many moments at which to be killed.
eow.run(Steady, cube, out=sys.argv[1], window=40, batch=2, memory="400kB")
print("complete", flush=True)
"""


def start(out: Path, *words: str) -> subprocess.Popen:
    env = {**os.environ, "PYTHONPATH": str(TESTS), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(out), *words], stdout=subprocess.PIPE, text=True, env=env, cwd=out.parent
    )


def digest(path: Path) -> str:
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    whole = hashlib.sha256()
    for file in files:
        whole.update(f"{file.relative_to(path.parent).parts[1:]}".encode() + file.read_bytes())
    return whole.hexdigest()


@pytest.mark.parametrize("suffix", ["zarr"])
def test_kill_and_call_again(tmp_path, suffix):
    unbroken = tmp_path / "a" / f"r.{suffix}"
    unbroken.parent.mkdir()
    process = start(unbroken)
    batches = process.communicate(timeout=120)[0].count("batch")
    assert process.returncode == 0

    out = tmp_path / "b" / f"r.{suffix}"
    out.parent.mkdir()
    process = start(out, "slow")
    for _ in range(batches // 2):
        assert process.stdout.readline().startswith("batch")
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    assert not out.exists()
    process = start(out)
    rest = process.communicate(timeout=120)[0].count("batch")
    assert process.returncode == 0
    assert rest < batches  # it did go on, not start over
    assert digest(out) == digest(unbroken)
    assert sorted(p.name for p in out.parent.iterdir()) == sorted(p.name for p in unbroken.parent.iterdir())


def test_resuming_repeats_no_more_than_a_strip(tmp_path):
    out = tmp_path / "r.zarr"
    process = start(out, "slow")
    journal = Journal(out)
    deadline = time.monotonic() + 60
    for line in process.stdout:
        assert line.startswith("batch")
        assert time.monotonic() < deadline
        lines = journal.lines()
        if sum("rows" in entry for entry in lines) >= 3:
            break
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    lines = journal.lines()
    done = [tuple(entry["rows"]) for entry in lines if "rows" in entry]
    ((begin, end),) = missing_rows(done, 500)
    assert (begin, end) == (done[-1][1], 500)
    plan = lines[0]["plan"]
    process = start(out)
    repeated = process.communicate(timeout=120)[0].count("batch")
    from eowidgets.engine.plan import Plan

    grid = Plan.from_json(plan).grid((2, 500, 60))
    rows_needed = len(grid.y) - grid.y.first_reaching(begin)
    in_row = -(-len(grid.x) // plan["batch"])
    assert repeated <= rows_needed * in_row


@pytest.fixture
def begun(tmp_path):
    """Journal of a run of 40 rows of which one strip of 16 is finished."""
    journal = Journal(tmp_path / "r.zarr")
    with journal.held():
        journal.begin("key", PLAN, lambda store: store.mkdir() or "layout")
        journal.finished(0, 16)
        yield journal


def test_a_torn_last_line_of_the_journal_is_left_out_and_rewritten(begun):
    with begun._file.open("a") as file:
        file.write('{"rows": [16, 3')
    saved = begun.saved("key")
    assert (saved.plan, saved.layout, list(saved.strips)) == (PLAN, "layout", [(0, 16)])
    assert begun.saved("other") is None
    begun.keep([(0, 16)])
    begun.finished(16, 32)
    assert list(begun.saved("key").strips) == [(0, 16), (16, 32)]


@pytest.mark.parametrize("line", ['{"rows": ["a", "b"], "chunks": ""}', '{"rows": [1]}', "[1, 2]", '"text"', "\0\1"])
def test_lines_of_nonsense_are_left_out(begun, line):
    with begun._file.open("a") as file:
        file.write(line + "\n")
    assert list(begun.saved("key").strips) == [(0, 16)]


def test_a_journal_without_a_plan_or_a_store_is_of_no_use(begun):
    begun.store.rename(begun.folder / "elsewhere")
    assert begun.saved("key") is None
    (begun.folder / "elsewhere").rename(begun.store)
    head, *rest = begun.lines()
    write_lines(begun._file, [{k: v for k, v in head.items() if k != "plan"}, *rest])
    assert begun.saved("key") is None


def test_a_publication_names_files_beside_the_result_only(begun):
    for name in ("../other.tif", "/etc/passwd"):
        begun.append({"publish": {"files": [["store.zarr", name]], "stale": [], "inode": 1}})
        assert begun.publication() is None
    begun.append({"publish": {"files": [["../store.zarr", "r.zarr"]], "stale": [], "inode": 1}})
    assert begun.publication() is None
    begun.append({"publish": {"files": [["store.zarr", "r.zarr"]], "stale": [], "inode": 1}})
    assert begun.publication().files == (("store.zarr", "r.zarr"),)


def killed(out, cube, model, monkeypatch, strips):
    """Run in this process until some strips are finished, as if it had been killed then."""

    class Killed(BaseException):
        pass

    real, count = Journal.finished, []

    def finished(self, start, stop):
        real(self, start, stop)
        count.append(start)
        if len(count) == strips:
            raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Journal, "finished", finished)
        eow.run(model, cube, out=out, window=24, memory="50kB", precision="fp32")


def again(out, cube, model=Smooth):
    job = eow.submit(model, cube, out=out, window=24, memory="50kB", precision="fp32")
    return job.result(60), any("Continuing: 3 strips" in line for line in job.log), job


@pytest.mark.parametrize("damage", ["array", "group", "metadata", "chunk", "chunk gone", "attributes", "coordinate"])
def test_a_damaged_store_is_never_gone_on_with(make_cube, tmp_path, monkeypatch, damage):
    cube, out = make_cube(height=100, width=20), tmp_path / "r.zarr"
    expected = eow.run(Smooth, cube, window=24, memory="50kB", precision="fp32")
    killed(out, cube, Smooth, monkeypatch, 3)
    store = Journal(out).store
    chunk = next(p for p in sorted((store / "red").iterdir()) if not p.name.startswith("."))
    if damage == "array":
        shutil.rmtree(store / "red")
    elif damage == "group":
        (store / ".zgroup").unlink()
    elif damage == "metadata":
        (store / "red" / ".zarray").write_text("{")
    elif damage == "chunk":
        chunk.write_bytes(chunk.read_bytes()[:10])
    elif damage == "chunk gone":
        chunk.unlink()
    elif damage == "attributes":
        (store / ".zattrs").write_text("{}")
    else:
        (store / "y" / "0").write_bytes(b"")
    found, went_on, job = again(out, cube)
    np.testing.assert_array_equal(found["red"], expected["red"])
    assert not went_on
    # A lost chunk costs its strip only.
    assert any("Continuing: 2 strips" in line for line in job.log) == damage.startswith("chunk")


def test_whole_strips_are_gone_on_with(make_cube, tmp_path, monkeypatch):
    cube, out = make_cube(height=100, width=20), tmp_path / "r.zarr"
    killed(out, cube, Smooth, monkeypatch, 3)
    stray = Journal(out).store / "red" / f"0.1.{'0' * 32}.partial"
    stray.write_bytes(b"half a chunk")
    _, went_on, _ = again(out, cube)
    assert went_on
    assert not list(out.rglob("*.partial"))


def test_chunks_that_vanish_during_a_run_are_not_published(make_cube, tmp_path, monkeypatch):
    cube, out = make_cube(height=100, width=20), tmp_path / "r.zarr"
    real = Journal.finished

    def finished(self, start, stop):
        real(self, start, stop)
        if start == 32:
            shutil.rmtree(self.store / "nir")

    with monkeypatch.context() as patch, pytest.raises(SourceError, match=r"were removed .* rows 0 to 15"):
        patch.setattr(Journal, "finished", finished)
        eow.run(Smooth, cube, out=out, window=24, memory="50kB", precision="fp32")
    assert not out.exists()
    assert np.isfinite(again(out, cube)[0]["nir"]).sum() > 0
