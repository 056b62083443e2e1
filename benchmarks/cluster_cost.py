"""The time that ``eow.estimate`` predicts for n workers next to the time that a run takes there.

    python benchmarks/cluster_cost.py [--side 300] [--model break-ccdc] [--workers 1 2] [--runs 3]

Here and on clusters of processes with one thread each, the same model on the same cube; every run after one on a small part,
so that imports and the start of processes do not count. Printed are JSON lines: seconds, predicted seconds, and their ratio.
Two workers on two cores share memory and disk with the client, so measure on an idle machine.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")  # a worker has one core, and so has the run that it is compared with


def main() -> None:
    """Measure and print."""
    import psutil
    import torch
    from dask.distributed import Client, LocalCluster

    import eowidgets as eow
    from eowidgets.engine.cost import Cost, planned_run

    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=300)
    parser.add_argument("--model", default="break-ccdc")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    sample = eow.open("romania")
    times = -(-given.side // sample.sizes["y"]), -(-given.side // sample.sizes["x"])
    cube = tiled(sample, times, given.side)
    with tempfile.TemporaryDirectory() as folder:
        lazy = eow.open(cube.eow.to_zarr(f"{folder}/cube.zarr"), chunks={"y": 64}, budget=None)
        planned = planned_run(given.model, lazy)

        def seconds(client: Client | None) -> float:
            eow.run(given.model, lazy.isel(y=slice(0, 64)), client=client)
            taken = []
            for _ in range(given.runs):
                began = time.perf_counter()
                eow.run(given.model, lazy, client=client)
                taken.append(time.perf_counter() - began)
            return sorted(taken)[len(taken) // 2]

        here = seconds(None)
        print(
            json.dumps(
                {"model": given.model, "pixels": planned.pixels, "dates": planned.dates, "here_s": round(here, 2)}
            )
        )
        for count in given.workers:
            with (
                LocalCluster(n_workers=count, threads_per_worker=1, dashboard_address=None) as cluster,
                Client(cluster) as client,
            ):
                client.wait_for_workers(count)
                took = seconds(client)
            predicted = Cost(planned, here, count).shared_seconds or 0.0
            line = {"workers": count, "seconds": round(took, 2), "predicted": round(predicted, 2)}
            print(
                json.dumps(line | {"ratio": round(took / predicted, 2), "load": round(psutil.getloadavg()[0], 1)}),
                flush=True,
            )


def tiled(sample, times: tuple[int, int], side: int):
    """Return a cube of ``side`` pixels that repeats a sample."""
    import numpy as np
    import xarray as xr

    step = float(sample.x[1] - sample.x[0])
    found = {
        n: (v.dims, np.tile(v.values, (1, *times))[:, :side, :side], v.attrs)
        for n, v in sample.data_vars.items()
        if v.dims == ("time", "y", "x")
    }
    axes = {"y": float(sample.y[0]) - step * np.arange(side), "x": float(sample.x[0]) + step * np.arange(side)}
    cube = xr.Dataset(found, {"time": sample.time, **axes, "spatial_ref": sample.spatial_ref}, sample.attrs)
    cube["spatial_ref"].attrs.pop("GeoTransform", None)
    return cube


if __name__ == "__main__":
    main()
