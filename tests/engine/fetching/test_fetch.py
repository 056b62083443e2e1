"""A cube is saved block by block, opens as it was, and a call that was stopped goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import warnings
from pathlib import Path

import dask.array as da
import numpy as np
import pandas as pd
import pytest
import rioxarray  # noqa: F401
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.embeddings import codes_of, write_alphaearth

import eowidgets as eow
from eowidgets.engine.fetching import fetch as fetching
from eowidgets.engine.fetching.blocks import Layout
from eowidgets.engine.fetching.checksums import Contents
from eowidgets.engine.journal import Journal
from eowidgets.errors import InputError, SourceError


class Pixels:
    """An array that counts how often it is read once it is armed, and fails then where it is told to."""

    ndim = 3
    dtype = np.dtype("float32")

    def __init__(self, values, fail=lambda n, key: False):
        self.values, self.shape, self.fail, self.reads = values, values.shape, fail, 0
        self.lock, self.armed = threading.Lock(), False

    def __getitem__(self, key):
        with self.lock:
            if not self.armed:
                return self.values[key]
            self.reads += 1
            if self.fail(self.reads, key):
                raise OSError("connection reset")
        return self.values[key]


def lazy(pixels, **attrs):
    data = da.from_array(pixels, chunks=(1, 16, 16), asarray=False, lock=False, meta=np.empty((0, 0, 0), "float32"))
    t, h, w = pixels.shape
    cube = xr.Dataset(
        {"red": (("time", "y", "x"), data)},
        {
            "time": pd.date_range("2020-01-01", periods=t),
            "y": 4.5e6 - 10.0 * np.arange(h),
            "x": 5e5 + 10.0 * np.arange(w),
        },
        {"title": "toy", **attrs},
    ).rio.write_crs("EPSG:32634")
    opened = eow.open(cube, clouds=None, chunks={})  # which looks at some of the values
    pixels.armed = True
    return opened


@pytest.fixture
def values():
    return np.random.default_rng(0).random((3, 40, 36), "float32")


@pytest.fixture(autouse=True)
def no_pause(monkeypatch):
    monkeypatch.setattr(fetching, "PAUSE", 0)


def test_a_fetched_cube_opens_as_it_was(values, tmp_path):
    cube = lazy(Pixels(values))
    shares = []
    local = eow.fetch(cube, tmp_path / "a.zarr", progress=shares.append)
    np.testing.assert_array_equal(local.red, values)
    assert list(local.data_vars) == list(cube.data_vars) and local.red.attrs == cube.red.attrs
    assert shares == sorted(shares) and shares[0] == 0 and shares[-1] == 1 and len(shares) >= 27
    assert [p.name for p in tmp_path.iterdir()] == ["a.zarr"]
    found = eow.verify(tmp_path / "a.zarr")
    assert found.good and "is complete" in str(found)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        xr.open_zarr(tmp_path / "a.zarr", consolidated=False).load()


@st.composite
def cubes(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = draw(st.tuples(st.integers(1, 4), st.integers(2, 9), st.integers(2, 9)))
    cube = xr.Dataset(
        coords={
            "time": pd.date_range("2021-03-01", periods=shape[0], freq="7h"),
            "y": 5e6 - 10.0 * np.arange(shape[1]),
            "x": 4e5 + 10.0 * np.arange(shape[2]),
        },
        attrs={"title": "toy", "sensor": "sentinel2-l2a"},
    ).rio.write_crs("EPSG:32633")
    for name in draw(st.lists(st.sampled_from(["red", "nir", "ndvi", "zeta"]), min_size=1, max_size=3, unique=True)):
        band = rng.random(shape, "float32")
        band[rng.random(shape) < 0.3] = np.nan
        band.flat[0] = 0.5
        cube[name] = (("time", "y", "x"), band)
    if draw(st.booleans()):
        cube["scl"] = (("time", "y", "x"), rng.integers(1, 12, shape).astype("uint8"), {"role": "quality"})
    if draw(st.booleans()):
        cube["elevation"] = (("y", "x"), rng.random(shape[1:], "float32"), {"role": "layer", "units": "m"})
    if draw(st.booleans()):
        cube = cube.assign_coords(item=("time", np.array([f"scene {i}" for i in range(shape[0])])))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cube = eow.open(cube)
    lengths = {d: draw(st.integers(1, 9)) for d in ("time", "y", "x")}
    return cube if draw(st.booleans()) else cube.chunk(
        {d: draw(st.integers(1, 5)) for d in ("time", "y", "x")}
    ), lengths


@given(cubes(), st.booleans())
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
def test_any_cube_opens_as_it_was(drawn, chunked):
    cube, chunks = drawn
    with tempfile.TemporaryDirectory() as folder:
        local = eow.fetch(cube, Path(folder) / "a.zarr", chunks=chunks if chunked else None)
        assert list(local.data_vars) == list(cube.data_vars)
        for name in cube.variables:
            assert local[name].dtype == cube[name].dtype or cube[name].dtype.kind in "UO"
            assert local[name].dims == cube[name].dims
            if name != "spatial_ref":
                np.testing.assert_array_equal(local[name].values, cube[name].values)
                assert local[name].attrs.keys() == cube[name].attrs.keys(), name
                for key, value in cube[name].attrs.items():
                    np.testing.assert_array_equal(local[name].attrs[key], value)
        assert {k: v for k, v in local.attrs.items() if k != "opened"} == cube.attrs
        assert local.rio.crs == cube.rio.crs and eow.verify(Path(folder) / "a.zarr").good


@given(st.lists(st.tuples(st.integers(1, 12), st.integers(1, 12)), min_size=3, max_size=3))
def test_blocks_cover_every_pixel_once(axes):
    layout = Layout(*({d: a[i] for d, a in zip(("time", "y", "x"), axes, strict=True)} for i in (0, 1)))
    seen = np.zeros([n for n, _ in axes], int)
    for block in layout:
        seen[tuple(layout.window(block).values())] += 1
    assert (seen == 1).all() and len(list(layout)) == len(layout)
    assert Layout.from_json(layout.to_json()) == layout


def test_area_and_dates_are_cut_before_anything_is_read(values, tmp_path):
    pixels = Pixels(values)
    cube = lazy(pixels)
    lon, lat = 21.0, 40.65139
    local = eow.fetch(cube, tmp_path / "a.zarr", area=(lon, lat - 0.0008, lon + 0.0008, lat), dates="2020-01-02")
    assert local.sizes["time"] == 1 and 5 < local.sizes["x"] < 10 and pixels.reads <= 2
    seen = local.valid.values[0]
    np.testing.assert_array_equal(local.red.values[0][seen], cube.red.sel(y=local.y, x=local.x).values[1][seen])


def test_vectors_are_fetched_as_well(tmp_path):
    write_alphaearth(tmp_path / "2020" / "x.tiff", codes_of(40, 33))
    cube = eow.open(tmp_path / "2020", chunks={"x": 16, "y": 16})
    local = eow.fetch(cube, tmp_path / "a.zarr")
    np.testing.assert_array_equal(local.embedding, cube.embedding)
    assert local.embedding.dims == ("time", "feature", "y", "x") and eow.embed(local) is local


# --- a source that fails


def test_blocks_that_fail_now_and_then_are_tried_again(values, tmp_path):
    cube = lazy(Pixels(values, lambda n, key: n % 3 == 0))
    np.testing.assert_array_equal(eow.fetch(cube, tmp_path / "a.zarr").red, values)


def test_blocks_that_stay_unread_are_listed_and_the_rest_is_kept(values, tmp_path):
    broken = Pixels(values, lambda n, key: key[0].start == 1 and key[1].start == 16)
    with pytest.raises(
        SourceError, match=r"3 of 27 blocks of 'a.zarr' were not read.*2020-01-02, rows 16 to 31.*reset.*24 are kept"
    ):
        eow.fetch(lazy(broken), tmp_path / "a.zarr")
    assert not (tmp_path / "a.zarr").exists()
    whole = Pixels(values)
    np.testing.assert_array_equal(eow.fetch(lazy(whole), tmp_path / "a.zarr").red, values)
    assert whole.reads == 3


def test_a_lost_source_is_given_up(values, tmp_path):
    lost = Pixels(values, lambda n, key: n > 5)
    with pytest.raises(SourceError, match="blocks of 'a.zarr' were not read"):
        eow.fetch(lazy(lost), tmp_path / "a.zarr")
    assert lost.reads < 60  # three times for each of all blocks would be 81


def test_a_stop_keeps_what_is_finished(values, tmp_path):
    class Stop(Exception):
        pass

    def stop(share):
        if share > 0.3:
            raise Stop

    with pytest.raises(Stop):
        eow.fetch(lazy(Pixels(values)), tmp_path / "a.zarr", progress=stop)
    rest = Pixels(values)
    np.testing.assert_array_equal(eow.fetch(lazy(rest), tmp_path / "a.zarr").red, values)
    assert rest.reads <= 27 - 9


def test_work_that_is_cancelled_stops(values, tmp_path):
    from eowidgets.engine.work import Cancelled, Work

    work = Work(
        "fetch",
        lambda work: eow.fetch(lazy(Pixels(values)), tmp_path / "a.zarr", progress=lambda s: s > 0.1 and work.cancel()),
    )
    work.execute()
    with pytest.raises(Cancelled):
        work.result()
    assert not (tmp_path / "a.zarr").exists()


# --- what lies there already


def test_a_complete_store_is_verified_and_mended(values, tmp_path):
    path = tmp_path / "a.zarr"
    eow.fetch(lazy(Pixels(values)), path)
    same = Pixels(values)
    eow.fetch(lazy(same), path)
    assert same.reads == 0
    chunk, lost = path / "red" / "c" / "1" / "0" / "2", path / "valid" / "c" / "2" / "1" / "0"
    chunk.write_bytes(chunk.read_bytes()[:-1] + b"!")
    lost.unlink()
    found = eow.verify(path)
    assert (found.damaged, found.missing) == (("red/c/1/0/2",), ("valid/c/2/1/0",))
    assert not found.good and "1 of" in str(found) and "fetch it again" not in str(found)
    mended = Pixels(values)
    np.testing.assert_array_equal(eow.fetch(lazy(mended), path).red, values)
    assert eow.verify(path).good and 0 < mended.reads <= 4


def test_a_source_that_changed_is_not_mixed_in(values, tmp_path):
    path = tmp_path / "a.zarr"
    eow.fetch(lazy(Pixels(values)), path)
    (path / "red" / "c" / "0" / "0" / "0").unlink()
    with pytest.raises(SourceError, match="the source has changed"):
        eow.fetch(lazy(Pixels(values + 1)), path)


def test_damaged_metadata_are_refused(values, tmp_path):
    path = tmp_path / "a.zarr"
    eow.fetch(lazy(Pixels(values)), path)
    note = path / "red" / "zarr.json"
    note.write_text(note.read_text().replace("float32", "float64"))
    with pytest.raises(SourceError, match="metadata are damaged"):
        eow.fetch(lazy(Pixels(values)), path)


def test_another_cube_at_that_path_is_refused(values, tmp_path):
    path = tmp_path / "a.zarr"
    eow.fetch(lazy(Pixels(values)), path)
    for other in (
        lazy(Pixels(values[:2])),
        lazy(Pixels(values), title="another"),
        lazy(Pixels(values)).isel(x=slice(5, None)),
    ):
        with pytest.raises(InputError, match="holds another cube"):
            eow.fetch(other, path)
    lazy(Pixels(values)).eow.to_zarr(tmp_path / "b.zarr")
    with pytest.raises(InputError, match="was not written by eow.fetch"):
        eow.fetch(lazy(Pixels(values)), tmp_path / "b.zarr")
    (tmp_path / "c.zarr").mkdir()
    (tmp_path / "c.zarr" / "mine.txt").write_text("x")
    with pytest.raises(InputError, match="not a Zarr store"):
        eow.fetch(lazy(Pixels(values)), tmp_path / "c.zarr")
    with pytest.raises(InputError, match="must end in .zarr"):
        eow.fetch(lazy(Pixels(values)), tmp_path / "c.nc")


def test_an_unfinished_store_of_another_cube_is_kept(values, tmp_path):
    path = tmp_path / "a.zarr"
    with pytest.raises(SourceError):
        eow.fetch(lazy(Pixels(values, lambda n, key: key[0].start == 2)), path)
    with pytest.raises(InputError, match="unfinished work on something else"):
        eow.fetch(lazy(Pixels(values[:2])), path)
    with pytest.raises(InputError, match="was begun with chunks="):
        eow.fetch(lazy(Pixels(values)), path, chunks={"x": 5})
    np.testing.assert_array_equal(eow.fetch(lazy(Pixels(values)), path).red, values)


def test_two_calls_for_one_path_are_kept_apart(values, tmp_path):
    with Journal(tmp_path / "a.zarr").held(), pytest.raises(InputError, match="Another run is writing"):
        eow.fetch(lazy(Pixels(values)), tmp_path / "a.zarr")


def test_checksums_that_lead_elsewhere_are_refused(values, tmp_path):
    path = tmp_path / "a.zarr"
    eow.fetch(lazy(Pixels(values)), path)
    file = path / "fetched" / "checksums.jsonl"
    file.write_text(file.read_text() + json.dumps({"path": "../secret", "size": 1, "sha256": "0" * 64}) + "\n")
    with pytest.raises(SourceError, match="checksums of 'a.zarr' are damaged"):
        eow.verify(path)
    with pytest.raises(InputError, match="no store"):
        eow.verify(tmp_path / "nothing.zarr")


def test_a_store_killed_while_it_was_moved_is_completed(values, tmp_path, monkeypatch):
    path = tmp_path / "a.zarr"
    monkeypatch.setattr(fetching, "complete", lambda journal, check: False)
    with pytest.raises(InputError):
        eow.fetch(lazy(Pixels(values)), path)
    monkeypatch.undo()
    again = Pixels(values)
    np.testing.assert_array_equal(eow.fetch(lazy(again), path).red, values)
    assert again.reads == 0 and [p.name for p in tmp_path.iterdir()] == ["a.zarr"]
    assert Contents.read(path) is not None


SCRIPT = """
import sys, time
import numpy as np
sys.path.insert(0, sys.argv[3])
from test_fetch import Pixels, lazy
import eowidgets as eow

class Slow(Pixels):
    def __getitem__(self, key):
        if self.armed:
            sys.stdout.write("read\\n")
            sys.stdout.flush()
        if self.armed and sys.argv[2] == "slow":
            time.sleep(0.02)
        return super().__getitem__(key)

eow.fetch(lazy(Slow(np.random.default_rng(0).random((12, 40, 36), "float32"))), sys.argv[1])
print("complete", flush=True)
"""


def start(out, speed):
    tests = Path(__file__).parents[2]
    env = {**os.environ, "PYTHONPATH": f"{tests}{os.pathsep}{os.environ.get('PYTHONPATH', '')}", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", SCRIPT, str(out), speed, str(Path(__file__).parent)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env, cwd=out.parent)


def content(path):
    return {p.relative_to(path).as_posix(): p.read_bytes() for p in path.rglob("*") if p.is_file()}


def test_kill_and_call_again(tmp_path):
    whole = tmp_path / "whole" / "a.zarr"
    whole.parent.mkdir()
    process = start(whole, "fast")
    reads = process.communicate(timeout=120)[0].count("read")
    assert process.returncode == 0
    out = tmp_path / "killed" / "a.zarr"
    out.parent.mkdir()
    process = start(out, "slow")
    for _ in range(reads * 2 // 3):
        assert process.stdout.readline().startswith("read")
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    assert not out.exists()
    with pytest.raises(InputError, match="no file or folder"):
        eow.open(out)
    process = start(out, "fast")
    rest = process.communicate(timeout=120)[0].count("read")
    assert process.returncode == 0 and 0 < rest < reads * 0.6
    assert content(out) == content(whole)
    assert eow.verify(out).good


def test_a_cluster_reads_the_blocks(tmp_path):
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        cube = eow.open("bouconne").isel(time=slice(2), y=slice(20), x=slice(20)).chunk({"time": 1})
        values = cube.red.values
        local = eow.fetch(cube, tmp_path / "a.zarr", client=client)
        np.testing.assert_array_equal(local.red, values)


# --- coarse levels


@pytest.fixture
def leveled(monkeypatch):
    """Levels of small rasters, in several regions."""
    monkeypatch.setattr("eowidgets.cube.pyramid.ENOUGH", 12)
    monkeypatch.setattr("eowidgets.engine.fetching.levels.SIDE", 8)
    monkeypatch.setattr("eowidgets.engine.fetching.levels.REGION", 16)


def test_levels_are_stated_checked_and_go_on_after_a_stop(values, tmp_path, leveled):
    eow.fetch(lazy(Pixels(values)), tmp_path / "whole.zarr")
    stated = json.loads((tmp_path / "whole.zarr" / "zarr.json").read_text())["attributes"]["multiscales"]
    assert [entry["asset"] for entry in stated["layout"]] == [".", "levels/2", "levels/4"]
    shares = []

    def stop(share):
        shares.append(share)
        if shares.count(1.0) == 4:  # while levels are computed
            raise KeyboardInterrupt

    path = tmp_path / "a.zarr"
    with pytest.raises(KeyboardInterrupt):
        eow.fetch(lazy(Pixels(values)), path, progress=stop)
    assert not path.exists()
    # Zarr leaves such a file where a process was killed while it wrote a chunk.
    folder = next((tmp_path / "a.zarr.partial").rglob("red/c/0"))
    (folder / "0.0123456789abcdef0123456789abcdef.partial").write_bytes(b"half a chunk")
    again = Pixels(values)
    written = []
    write = fetching.Levels.write
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fetching.Levels, "write", lambda *given: written.append(given) or write(*given))
        eow.fetch(lazy(again), path)
    assert again.reads == 0 and 0 < len(written) < len(fetching.Levels.of(lazy(again), Layout.of(lazy(again))).regions)
    assert content(path) == content(tmp_path / "whole.zarr")
    assert eow.verify(path).good


def test_damaged_levels_are_computed_again(values, tmp_path, leveled):
    path = tmp_path / "a.zarr"
    eow.fetch(lazy(Pixels(values)), path)
    before = content(path)
    chunk, lost = (path / "levels" / "2" / "red" / "c" / "1" / "0" / "1", path / "levels/4/valid/c/2/1/0")
    chunk.write_bytes(b"damaged")
    lost.unlink()
    (path / "red" / "c" / "0" / "0" / "0").unlink()
    assert len(eow.verify(path).damaged) == 1 and len(eow.verify(path).missing) == 2
    mended = Pixels(values)
    eow.fetch(lazy(mended), path)
    assert content(path) == before and 0 < mended.reads <= 2
