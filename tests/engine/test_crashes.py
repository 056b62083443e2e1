"""Killed at any operation on files, a run leaves the old result or the new one, and the same call ends with the same bytes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

TESTS = Path(__file__).parents[1]
#: Points per format, with an older result in place and without: the first, the last, and some between.
POINTS = 4
#: A process that imports the package once and forks for each run: argument 1 is the folder, 2 the ending.
SCRIPT = """
import os, shutil, signal, sys
from pathlib import Path
import numpy as np, pandas as pd, xarray as xr, torch
import netCDF4, rasterio, rioxarray, zarr
import eowidgets as eow
from support.toys import Identity, Smooth
from engine.test_resume import digest

torch.set_num_threads(1)
rng = np.random.default_rng(1)
cube = xr.Dataset(
    {"red": (("time", "y", "x"), rng.random((2, 70, 20), "float32"))},
    coords={"time": pd.date_range("2020", periods=2), "y": -10.0 * np.arange(70), "x": 10.0 * np.arange(20)},
).rio.write_crs("EPSG:32635").rio.write_transform()
for model in (Smooth, Identity):
    eow.run(model, cube, window=40, memory="100kB", precision="fp32")  # in memory: imports what the forks would import
EVENTS = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link"}


def run(out, model=Smooth, kill_at=None, count=None):
    pid = os.fork()
    if pid:
        return os.waitpid(pid, 0)[1]
    seen = 0

    def hook(event, args):
        nonlocal seen
        writes = event == "open" and isinstance(args[0], (str, os.PathLike)) and args[2] & (os.O_WRONLY | os.O_RDWR)
        if not (event in EVENTS or writes) or isinstance(args[0], int):
            return
        if str(out.parent) not in os.fspath(args[0]) and event not in ("os.remove", "os.rmdir"):
            return
        seen += 1
        if seen == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    try:
        eow.run(model, cube, out=out, window=40, memory="100kB", precision="fp32")
        if count:
            count.write_text(str(seen))
        os._exit(0)
    except BaseException as error:
        print("failed:", type(error).__name__, error, flush=True)
        os._exit(3)


def state(out):
    return {p.name: digest(p) for p in out.parent.iterdir()}


def clean(folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()


base, ending, points = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
for prior in (False, True):
    new, folder = base / "new", base / "work"
    clean(new)
    count = base / "count"
    if prior:
        assert run(new / f"r.{ending}", Identity) == 0
        old = state(new / f"r.{ending}")
        shutil.copytree(new, base / "old")
    assert run(new / f"r.{ending}", count=count) == 0
    want, total = state(new / f"r.{ending}"), int(count.read_text())
    # Half of the points among the last operations, where files get their names.
    chosen = (*np.linspace(1, total - 26, points // 2), *np.linspace(total - 25, total, points - points // 2))
    for k in sorted({int(n) for n in chosen}):
        clean(folder)
        out = folder / f"r.{ending}"
        if prior:
            shutil.copytree(base / "old", folder, dirs_exist_ok=True)
        assert os.WIFSIGNALED(run(out, kill_at=k)), k
        if prior or out.exists():
            allowed = {want[out.name], old[out.name]} if prior else {want[out.name]}
            assert out.exists(), f"{k} of {total}: no result"
            assert digest(out) in allowed, f"{k} of {total}: half a result"
        assert run(out) == 0, f"{k} of {total}: the same call fails"
        assert state(out) == want, f"{k} of {total}: other bytes {sorted(state(out))}"
        print("point", k, "of", total, flush=True)
"""


@pytest.mark.parametrize("ending", ["zarr", "tif", "nc"])
def test_killed_at_a_file_operation(tmp_path, ending):
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])])}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path), ending, str(POINTS)],
        capture_output=True,
        text=True,
        env=env | {"OMP_NUM_THREADS": "1"},
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    assert done.stdout.count("point") == 2 * POINTS
