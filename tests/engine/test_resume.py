"""Killed at any moment, the same call goes on and ends with the same bytes."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from eowidgets.engine.journal import Journal
from eowidgets.engine.run import missing_rows

TESTS = Path(__file__).parents[1]
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


@pytest.mark.parametrize("suffix", ["zarr", "nc", "tif"])
def test_kill_and_call_again(tmp_path, suffix):
    unbroken = tmp_path / "a" / f"r.{suffix}"
    unbroken.parent.mkdir()
    process = start(unbroken)
    batches = process.communicate(timeout=120)[0].count("batch")
    assert process.returncode == 0

    out = tmp_path / "b" / f"r.{suffix}"
    out.parent.mkdir()
    extra = 0
    for kill_after in (batches // 3, batches // 3):
        process = start(out, "slow")
        for _ in range(kill_after):
            assert process.stdout.readline().startswith("batch")
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=30)
        assert not out.exists()
        extra += kill_after
    process = start(out)
    rest = process.communicate(timeout=120)[0].count("batch")
    assert process.returncode == 0
    assert rest < batches  # it did go on, not start over
    assert digest(out) == digest(unbroken)
    companions = {f"{out.stem}{end}" for end in (".qml", ".json", "_quality.tif")}
    assert {p.name for p in out.parent.iterdir()} - companions == {out.name}


def test_resuming_repeats_no_more_than_a_strip(tmp_path):
    out = tmp_path / "r.zarr"
    process = start(out, "slow")
    journal = Journal(out)
    deadline = time.monotonic() + 60
    for line in process.stdout:
        assert line.startswith("batch")
        assert time.monotonic() < deadline
        lines = journal._lines()
        if sum("rows" in entry for entry in lines) >= 3:
            break
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    lines = journal._lines()
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


def test_a_torn_last_line_of_the_journal_is_left_out(tmp_path):
    journal = Journal(tmp_path / "r.zarr")
    with journal.held():
        journal.begin("key", {"a": 1})
        journal.store.mkdir()
        journal.finished(0, 16)
        with journal._file.open("a") as file:
            file.write('{"rows": [16, 3')
        assert journal.open("key") == ({"a": 1}, [(0, 16)])
        assert journal.open("other") == (None, [])
