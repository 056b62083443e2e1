"""What the client of a cluster sends: openings instead of pixels, model and pixels in memory once."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import cloudpickle
import numpy as np
import pytest
import torch
import xarray as xr
from support.toys import Smooth

import eowidgets as eow
from eowidgets.engine import cluster
from eowidgets.engine.held import Held, completed
from eowidgets.engine.reader import Reader
from eowidgets.engine.shipment import PIECE, Apart, Shipment, packed, unpacked

distributed = pytest.importorskip("distributed")

GIVEN = {"window": 64, "batch": 4, "precision": "fp32", "memory": "20MB"}


@pytest.fixture(scope="module")
def client():
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture
def sent(client, monkeypatch):
    """Return the sizes of what the client submits, pickled, and the sizes of its calls to all workers."""
    sizes: list[int] = []
    submit = client.submit

    def counted(function, *args, **options):
        sizes.append(len(cloudpickle.dumps([a for a in args if not isinstance(a, distributed.Future)])))
        return submit(function, *args, **options)

    monkeypatch.setattr(client, "submit", counted)
    return sizes


@pytest.fixture
def big(make_cube):
    return make_cube(dates=4, height=600, width=300)


class Heavy(Smooth):
    """Smooths, with weights that nothing uses."""

    name = "toy-heavy"

    def __init__(self, **params):
        super().__init__(**params)
        self.net.rest = torch.nn.Parameter(torch.zeros(1 << 19))


class Deadly(Smooth):
    """Kills the worker that runs it, once."""

    name = "toy-deadly-again"

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


def bytes_of(cube):
    return sum(cube[n].nbytes for n in ("red", "nir", "valid", "clouds"))


def test_a_lazy_cube_is_sent_as_its_opening_and_the_client_reads_nothing(big, client, sent, tmp_path, monkeypatch):
    big.eow.to_zarr(tmp_path / "big.zarr")
    lazy = eow.open(tmp_path / "big.zarr", chunks={"y": 100})
    expected = eow.run(Smooth, lazy, **GIVEN)
    read = []
    monkeypatch.setattr(Reader, "__call__", lambda *_: read.append(1))
    found = eow.run(Smooth, lazy, client=client, **GIVEN)
    assert not read
    assert sum(sent) < bytes_of(big) / 20
    for band in ("red", "nir"):
        np.testing.assert_array_equal(found[band], expected[band])


def test_pixels_in_memory_are_sent_once(big, client, sent):
    eow.run(Smooth, big, client=client, **GIVEN)
    assert bytes_of(big) <= sum(sent) < 1.05 * bytes_of(big) + 100_000


def test_a_cube_of_arrays_in_memory_cut_into_chunks_is_sent_once(big, client, sent):
    expected = eow.run(Smooth, big, **GIVEN)
    found = eow.run(Smooth, big.chunk({"y": 100}), client=client, **GIVEN)
    assert bytes_of(big) <= sum(sent) < 1.05 * bytes_of(big) + 200_000
    np.testing.assert_array_equal(found["red"], expected["red"])


def test_a_model_is_sent_once_however_many_parts_there_are(big, client, sent, tmp_path):
    big.eow.to_zarr(tmp_path / "big.zarr")
    lazy = eow.open(tmp_path / "big.zarr", chunks={"y": 100})
    weights = 4 << 19
    eow.run(Heavy, lazy, client=client, **GIVEN)
    assert weights < sum(sent) < 1.2 * weights
    assert max(sent) < PIECE + 10_000


@pytest.mark.parametrize("lazy", [False, True])
def test_a_worker_that_dies_loses_neither_bands_nor_model(big, client, tmp_path, lazy):
    source = big
    if lazy:
        big.eow.to_zarr(tmp_path / "big.zarr")
        source = eow.open(tmp_path / "big.zarr", chunks={"y": 100})
    expected = eow.run(Smooth, source, **GIVEN)
    found = eow.run(Deadly(tmp_path / "killed"), source, client=client, out=tmp_path / "r.zarr", **GIVEN)
    assert (tmp_path / "killed").exists()
    np.testing.assert_array_equal(found["red"], expected["red"])


def test_strips_come_back_from_workers_that_do_not_reach_the_folder(big, client, tmp_path, monkeypatch):
    stored = cluster._Stored(str(tmp_path / "elsewhere" / "r.zarr"), "another run", False)
    monkeypatch.setattr(cluster, "_stored", lambda *_: stored)
    found = eow.run(Smooth, big, out=tmp_path / "r.zarr", client=client, **GIVEN)
    np.testing.assert_array_equal(found["red"], eow.run(Smooth, big, **GIVEN)["red"])
    assert [p.name for p in tmp_path.iterdir()] == ["r.zarr"]


def test_a_model_that_learns_does_so_on_a_worker(big, client, tmp_path):
    class Learner(Smooth):
        name = "toy-learner"
        taught_by = 0

        def learn(self, cube):
            self.taught_by = os.getpid()
            self.level = float(cube["red"].mean())

        def predict(self, batch):
            return {"smooth": super().predict(batch)["smooth"] * 0 + self.level}

        def settings(self):
            return {"elsewhere": self.taught_by != self.home}

    Learner.home = os.getpid()
    big.eow.to_zarr(tmp_path / "big.zarr")
    found = eow.run(Learner, eow.open(tmp_path / "big.zarr", chunks={"y": 100}), client=client, **GIVEN)
    assert eow.Record.of(found).notes["settings"]["elsewhere"] is True
    assert float(found["red"].max()) == pytest.approx(float(big["red"].mean()), abs=1e-5)


def test_an_error_on_a_worker_is_the_sentence_of_this_machine(big, client, tmp_path):
    class Broken(Smooth):
        name = "toy-broken-there"

        def predict(self, batch):
            raise RuntimeError("no such luck")

    big.eow.to_zarr(tmp_path / "big.zarr")
    lazy = eow.open(tmp_path / "big.zarr", chunks={"y": 100})
    told = []
    for where in (None, client):
        with pytest.raises(eow.EowidgetsError) as caught:
            eow.run(Broken, lazy, client=where, **GIVEN)
        told.append(re.sub(r"rows \d+ to \d+", "rows", str(caught.value)))  # parts may fail in any order
    assert told[0] == told[1]


def test_a_shipment_is_opened_once_in_a_thread():
    made = Shipment(packed({"a": [1]}))
    assert made.get() is made.get()
    again = cloudpickle.loads(cloudpickle.dumps(made))
    assert again.get() == {"a": [1]}


def test_bands_are_put_together_again(make_cube):
    cube = make_cube(dates=3, height=50, width=6000)
    held = Held.of(cube)
    rest, order = held.rest(cube), list(cube.data_vars)
    assert held and not rest.data_vars
    height = held.height
    assert 1 < height < 50

    class Client:
        def submit(self, function, *args, **_):
            return function(*args)

    bands = held.send(Client(), height, 2 * height + 1)
    part, start = completed(rest, bands, order)
    assert start == height
    assert list(part.data_vars) == order
    xr.testing.assert_identical(part, cube.isel(y=slice(height, height + part.sizes["y"])))


def test_a_small_cube_travels_with_the_model(make_cube):
    assert not Held.of(make_cube())


def test_networks_are_packed_apart():
    class Client:
        def submit(self, function, *args, **_):
            return function(*args)

    apart, model = Apart(Client()), Heavy()
    payload, networks = apart.pack(("part", model))
    assert len(payload) < 10_000
    again, same = apart.pack(("next", model))
    assert same is networks
    found = unpacked(again, networks)
    assert found[0] == "next"
    assert found[1].net is networks.get()[0]
