"""Bytes that a run on a Dask cluster sends from the client, relative to the bytes of the processed pixels.

Scheduler and workers are separate processes, so everything that this process writes to a socket comes from the client.

    python benchmarks/cluster.py [--dates 8] [--side 1024] [--quick]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import xarray as xr

import eowidgets as eow

WORKERS = 2
BANDS = ("blue", "green", "red", "nir")


def made_up(dates: int, side: int) -> xr.Dataset:
    """Return a cube of random reflectance with clouds."""
    import rioxarray  # noqa: F401

    rng = np.random.default_rng(0)
    shape = (dates, side, side)
    cube = xr.Dataset(
        {b: (("time", "y", "x"), rng.uniform(0.02, 0.6, shape).astype("float32")) for b in BANDS},
        coords={
            "time": pd.date_range("2020-01-03", periods=dates, freq="11D"),
            "y": 5_000_000 - 10.0 * (np.arange(side) + 0.5),
            "x": 500_000 + 10.0 * (np.arange(side) + 0.5),
        },
    )
    cube["clouds"] = (("time", "y", "x"), rng.random(shape) < 0.2)
    return cube.rio.write_crs("EPSG:32635").rio.write_transform()


@contextmanager
def cluster(folder: Path) -> Iterator[object]:
    """Start a scheduler and workers as separate processes, and connect a client."""
    from distributed import Client

    where = str(folder / "scheduler.json")
    command = [sys.executable, "-m", "dask"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    started = [
        subprocess.Popen([*command, "scheduler", "--port", "0", "--no-dashboard", "--scheduler-file", where], **quiet)
    ]
    started += [
        subprocess.Popen([*command, "worker", "--nthreads", "1", "--no-dashboard", "--scheduler-file", where], **quiet)
        for _ in range(WORKERS)
    ]
    try:
        with Client(scheduler_file=where, timeout=60) as client:
            client.wait_for_workers(WORKERS, timeout=60)
            yield client
    finally:
        for process in started:
            process.terminate()
            process.wait()


class Wide(eow.Model):
    """A network of 16 MB with little computation, to measure the bytes added by weights."""

    name = "benchmark-wide"
    task = eow.Task.RECONSTRUCT
    card = eow.Card(title="Wide", licence="Apache-2.0")
    feed = eow.Windows(halo=8)

    def __init__(self, **params: object) -> None:
        super().__init__(**params)
        self.net = torch.nn.Conv2d(1, 1, 5, padding=2, bias=False)
        self.net.rest = torch.nn.Parameter(torch.zeros(1 << 22))

    def module(self) -> torch.nn.Module:
        """Return the network."""
        return self.net

    def outputs(self, bands: tuple[str, ...]) -> tuple[eow.Bands, ...]:
        """Return one frame per date."""
        return (eow.Bands("smooth", "tyx"),)

    def predict(self, batch: eow.Batch) -> dict[str, torch.Tensor]:
        """Smooth each band."""
        b, t, c, h, w = batch.x.shape
        return {"smooth": self.net(batch.x.reshape(b * t * c, 1, h, w)).reshape(b, t, c, h, w)}


class Sent:
    """Count the bytes that this process writes to the sockets of Dask."""

    def __init__(self) -> None:
        from distributed.comm.tcp import TCP

        self.bytes = 0
        write = TCP.write

        async def counted(comm: object, *args: object, **options: object) -> int:
            count = await write(comm, *args, **options)
            self.bytes += count or 0
            return count

        TCP.write = counted


def main() -> None:
    """Print one line per source and model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dates", type=int, default=8)
    parser.add_argument("--side", type=int, default=1024)
    parser.add_argument("--quick", action="store_true", help="the network only, and returned results")
    given = parser.parse_args()
    sent = Sent()
    with tempfile.TemporaryDirectory() as name, cluster(Path(name)) as client:
        folder = Path(name)
        cube = made_up(given.dates, given.side)
        cube.eow.to_zarr(folder / "cube.zarr")
        (folder / "scenes").mkdir()
        for i, day in enumerate(cube["time"].values):
            cube[list(BANDS)].isel(time=[i]).eow.to_geotiff(folder / "scenes" / f"{str(day)[:10]}.tif")
        sources = {
            "Zarr, lazy": lambda: eow.open(folder / "cube.zarr", chunks={"y": 256, "x": 256}),
            "TIFF, lazy": lambda: eow.open(folder / "scenes", chunks={"y": 256, "x": 256}),
            "in memory": lambda: cube,
        }
        pixels = sum(cube[b].nbytes for b in (*BANDS, "clouds"))
        print(f"{given.dates} dates of {given.side} x {given.side}, {len(BANDS)} bands: {pixels / 1e6:.0f} MB")
        for model in (Wide,) if given.quick else ("fill-linear", Wide):
            for label, source in sources.items():
                title = model if isinstance(model, str) else model.name
                for out in (None,) if given.quick else (None, folder / f"{title}-{label[0]}.zarr"):
                    opened = source()
                    before, began = sent.bytes, time.perf_counter()
                    eow.run(model, opened, out=out, client=client)
                    took, count = time.perf_counter() - began, sent.bytes - before
                    kept = "on disk" if out else "returned"
                    print(
                        f"{title:14} {label:11} {kept:9} sent {count / 1e6:8.2f} MB, {count / pixels:7.2%} of the pixels, "
                        f"{took:5.1f} s",
                        flush=True,
                    )


if __name__ == "__main__":
    main()
