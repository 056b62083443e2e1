"""Overhead of the engine over the bare model, in one run on one machine.

    python benchmarks/engine.py [overhead] [memory] [cancel] [cluster] [sizes] [tile] [--device cuda] [--largest 64]
    python benchmarks/engine.py peers --peers /path/to/python
    python benchmarks/engine.py kernel

Without names all parts run except ``peers`` and ``kernel``. Every figure is a ratio to a measurement of the same run, or has
a target. Nothing is written. For ``peers`` create a virtual environment, ``pip install torch torchvision terratorch
geoai-py`` into it and then this project (``pip install -e .``), and pass its Python.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import torch
import xarray as xr
from torch import nn

import eowidgets as eow
from eowidgets.contract.card import Card
from eowidgets.contract.feeds import Windows
from eowidgets.contract.labels import ClassInfo
from eowidgets.contract.model import Model
from eowidgets.contract.outputs import Classes, Output
from eowidgets.contract.task import Task
from eowidgets.engine.windows import Axis

BANDS = ("blue", "green", "red", "nir")
CLASSES = tuple(ClassInfo(i, f"class {i}", f"#{i * 20:02x}80{255 - i * 20:02x}") for i in range(10))


class Block(nn.Sequential):
    def __init__(self, c_in: int, c_out: int) -> None:
        super().__init__(
            nn.Conv2d(c_in, c_out, 3, padding=1), nn.ReLU(), nn.Conv2d(c_out, c_out, 3, padding=1), nn.ReLU()
        )


class UNet(nn.Module):
    """A plain U-Net with two levels, 10 classes out."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.down1, self.down2, self.mid = (
            Block(len(BANDS), width),
            Block(width, 2 * width),
            Block(2 * width, 2 * width),
        )
        self.up2, self.up1 = Block(4 * width, width), Block(2 * width, width)
        self.head = nn.Conv2d(width, len(CLASSES), 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        a = self.down1(x)
        b = self.down2(nn.functional.max_pool2d(a, 2))
        c = self.mid(nn.functional.max_pool2d(b, 2))
        b = self.up2(torch.cat([nn.functional.interpolate(c, scale_factor=2.0), b], 1))
        return self.head(self.up1(torch.cat([nn.functional.interpolate(b, scale_factor=2.0), a], 1))).softmax(1)


class Segment(Model):
    name = "bench-segment"
    task = Task.SEGMENT
    card = Card("U-Net of the engine's benchmark", licence="Apache-2.0")
    feed = Windows(halo=16, multiple=4)
    width = 32

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.net = UNet(self.width)

    def module(self) -> nn.Module:
        return self.net

    def outputs(self, bands: tuple[str, ...]) -> tuple[Output, ...]:
        return (Classes("cover", classes=CLASSES),)

    def predict(self, batch):
        return {"cover": self.net(batch.x[:, 0])}


class Light(Segment):
    """Four times narrower, which emphasises the overhead of the engine."""

    name = "bench-light"
    width = 8


def cube(height: int, width: int, *, lazy: bool = False) -> xr.Dataset:
    """Return a raster of one date and four bands; a lazy one is computed chunk by chunk and never held in memory."""
    import rioxarray  # noqa: F401

    shape = (1, height, width)
    if lazy:
        import dask.array as da

        source = da.random.default_rng(0).random(shape, chunks=(1, 512, 2048), dtype="float32")
        data = {b: (("time", "y", "x"), source + np.float32(i)) for i, b in enumerate(BANDS)}
    else:
        rng = np.random.default_rng(0)
        data = {b: (("time", "y", "x"), rng.random(shape, "float32")) for b in BANDS}
    coords = {"time": np.array(["2020-06-01"], "datetime64[ns]"), "y": -10.0 * np.arange(height)}
    out = xr.Dataset(data, coords={**coords, "x": 10.0 * np.arange(width)})
    return out.rio.write_crs("EPSG:32635").rio.write_transform()


class Clock:
    """Wall-clock and processor seconds since its creation; use the latter on a busy machine."""

    def __init__(self, device: str) -> None:
        self.device = device
        self.began = self._now()

    def _now(self) -> np.ndarray:
        if self.device == "cuda":
            torch.cuda.synchronize()
        return np.array([time.perf_counter(), time.process_time()])

    def __call__(self) -> np.ndarray:
        return self._now() - self.began


def bare(model: Segment, source: xr.Dataset, size: int, batch: int, device: str, precision: str) -> np.ndarray:
    """Return the seconds of the module on the engine's windows, cut beforehand and held in memory."""
    ys, xs = (Axis(n, size, model.feed.halo) for n in (source.sizes["y"], source.sizes["x"]))
    whole = torch.from_numpy(np.stack([source[b].values[0] for b in BANDS]))
    groups = []
    for i in range(len(ys)):
        row = [whole[:, ys.window(i), xs.window(j)] for j in range(len(xs))]
        groups += [torch.stack(row[j : j + batch]).to(device) for j in range(0, len(row), batch)]
    net = model.net.to(device).eval()
    with torch.inference_mode(), torch.autocast(device, torch.bfloat16, enabled=precision == "bf16"):
        net(groups[0])
        clock = Clock(device)
        for x in groups:
            net(x)
        took = clock()
    net.cpu()
    return took


def overhead(args: argparse.Namespace) -> None:
    """Compare the engine with the bare module on the same windows, held in memory."""
    print("\nEngine / bare module (same windows, in memory; median of 5, taken in turns)")
    head = ("model", "raster", "window", "batch", "precision", "bare s", "engine s", "ratio", "processor")
    print("{:14} {:>12} {:>7} {:>6} {:>9} {:>8} {:>9} {:>6} {:>9}".format(*head))
    side = 8192 if args.device == "cuda" else 2048
    source = cube(side, side)
    for kind in (Segment, Light):
        for precision in ("fp32", "bf16"):
            plan = eow.submit(kind, source.isel(y=slice(0, 600)), device=args.device, precision=precision)
            plan.result()
            size, batch = plan.plan["window"][1], plan.plan["batch"]
            ones, others = [], []
            for _ in range(5):
                ones.append(bare(kind(), source, size, batch, args.device, precision))
                clock = Clock(args.device)
                eow.run(kind, source, device=args.device, window=size, batch=batch, precision=precision)
                others.append(clock())
            a, b = np.median(ones, axis=0), np.median(others, axis=0)
            what = f"{kind.name:14} {side:>5} x {side:<5}{size:>7} {batch:>6} {precision:>9}"
            print(f"{what} {a[0]:>8.2f} {b[0]:>9.2f} {b[0] / a[0]:>6.3f} {b[1] / a[1]:>9.3f}")


CHILD = """
import json, sys, time
import torch
torch.set_num_threads(int(sys.argv[4]))
sys.path.insert(0, {folder!r})
import engine as bench, eowidgets as eow
height, width, out, lazy = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[5] == "lazy"
kind = getattr(bench, sys.argv[6])
source = bench.cube(height, width, lazy=lazy)
# What every first run pays (imports, choosing kernels) is no part of the cost of a raster.
eow.run(kind, source.isel(y=slice(0, 64), x=slice(0, 64)), out=out + ".warm.zarr")
# Not ru_maxrss: that of a child starts at the size of its parent.
peak = lambda: 1024 * int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0])
base, began, busy = peak(), time.perf_counter(), time.process_time()
eow.run(kind, source, out=out, memory=sys.argv[7])
took, busy = time.perf_counter() - began, time.process_time() - busy
found = {{"seconds": took, "busy": busy, "base": base, "peak": peak()}}
print(json.dumps(found))
"""


def child(
    height: int, width: int, suffix: str = "zarr", kind: str = "Light", memory: str = "500MB"
) -> dict[str, float]:
    """Run in a separate process, from a lazy source to disk; return seconds and peak memory."""
    with tempfile.TemporaryDirectory() as folder:
        code = CHILD.format(folder=str(Path(__file__).parent))
        words = [str(height), str(width), f"{folder}/r.zarr", str(torch.get_num_threads()), "lazy", kind, memory]
        done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, env={**os.environ})
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def memory(args: argparse.Namespace) -> None:
    """Print peak memory against the height of the raster; the last ratio is the most informative one."""
    print("\nPeak memory, lazy source to Zarr (light model, memory='500MB')")
    peaks = []
    for height in (2048, 8192, 32768):
        found = child(height, 2048)
        peaks.append(found["peak"])
        more = f", {peaks[-1] / peaks[-2]:.3f} of that at a quarter of the height" if len(peaks) > 1 else ""
        print(
            f"  {height:>5} x 2048: {peaks[-1] / 1e6:>6.0f} MB, of which before the run {found['base'] / 1e6:.0f} MB{more}"
        )


def tile(args: argparse.Namespace) -> None:
    """Run one whole Sentinel-2 tile with 10 classes."""
    found = child(10980, 10980)
    held = 10980 * 10980 * (len(CLASSES) + 1) * 8
    print("\nA Sentinel-2 tile, 10980 x 10980, 10 classes, lazy source to Zarr (light model, memory='500MB')")
    print(
        f"  {found['seconds']:.0f} s, peak {found['peak'] / 1e6:.0f} MB (before the run {found['base'] / 1e6:.0f} MB)"
    )
    print(f"  float64 sums of all classes held in memory: {held / 1e6:.0f} MB; ratio {found['peak'] / held:.3f}")


def cancel(args: argparse.Namespace) -> None:
    """Print the time from cancel() to the end of the job, at moments spread over runs."""
    print("\nCancel (large model, fp32, windows and batch chosen by the engine)")
    source = cube(4096, 4096)
    times = []
    for i in range(8):
        started = threading.Event()
        job = eow.submit(
            Segment,
            source,
            device=args.device,
            precision="fp32",
            on_change=lambda j, e=started: j.progress > 0 and e.set(),
        )
        started.wait()
        time.sleep(0.07 * i)
        began = time.perf_counter()
        job.cancel()
        try:
            job.result()
        except eow.EowidgetsError:
            times.append(time.perf_counter() - began)
    ms = [1000 * t for t in times]
    print(f"  median {statistics.median(ms):.0f} ms, worst of {len(ms)}: {max(ms):.0f} ms (target 500 ms)")


def cluster(args: argparse.Namespace) -> None:
    """Compare two Dask workers with one, each with one thread."""
    import logging

    from distributed import Client, LocalCluster

    logging.getLogger("distributed").setLevel(logging.ERROR)
    source = cube(4096, 2048, lazy=True)
    took, most = {}, {}
    for workers in (1, 2):
        options = {"n_workers": workers, "threads_per_worker": 1, "dashboard_address": None}
        with LocalCluster(**options) as local, Client(local) as client, tempfile.TemporaryDirectory() as folder:
            client.run(torch.set_num_threads, 1)
            settings = {"window": 256, "batch": 4, "precision": "fp32", "memory": "500MB", "client": client}
            eow.run(Segment, source.isel(y=slice(0, 512)), out=f"{folder}/warm.zarr", **settings)
            busy = client.run(time.process_time)
            began = time.perf_counter()
            eow.run(Segment, source, out=f"{folder}/r.zarr", **settings)
            took[workers] = time.perf_counter() - began
            after = client.run(time.process_time)
            most[workers] = max(after[w] - busy[w] for w in busy)
    print("\nDask workers of one thread, lazy source to one Zarr store")
    print(f"  1: {took[1]:.1f} s   2: {took[2]:.1f} s   speed-up {took[1] / took[2]:.2f} (target 1.7)")
    print(f"  processor seconds of the busier worker: {most[1]:.1f} and {most[2]:.1f}, ratio {most[1] / most[2]:.2f}")


def sizes(args: argparse.Namespace) -> None:
    """Print cost against size, and its slope on a log-log plot."""
    print("\nCost against size, lazy source to Zarr (light model, memory='500MB'), a process each")
    print(f"{'Mpx':>6} {'seconds':>9} {'s/Mpx':>7} {'processor s':>12} {'peak MB':>8}")
    sides = [s for s in (1024, 2048, 4096, 8192, 16384) if (s / 1024) ** 2 <= args.largest]
    found = []
    for side in sides:
        one = child(side, side)
        mpx = side * side / 1e6
        found.append((mpx, one["seconds"], one["busy"]))
        what = f"{mpx:>6.0f} {one['seconds']:>9.2f} {one['seconds'] / mpx:>7.3f}"
        print(f"{what} {one['busy']:>12.2f} {one['peak'] / 1e6:>8.0f}")
    if len(found) > 1:
        x, y, z = np.log10(np.array(found)).T
        print(f"  slope {np.polyfit(x, y, 1)[0]:.3f}, of processor seconds {np.polyfit(x, z, 1)[0]:.3f} (target 1)")


def peers(args: argparse.Namespace) -> None:
    """Compare the engine with terratorch and geoai, in their environment."""
    if not args.peers:
        raise SystemExit("peers: give --peers PYTHON, of an environment with terratorch, geoai-py and this package.")
    done = subprocess.run([args.peers, str(Path(__file__).with_name("engine_peers.py"))])
    if done.returncode:
        raise SystemExit(done.returncode)


def kernel(args: argparse.Namespace) -> None:
    """Print the response times of the kernel while a model runs; needs Chromium."""
    import engine_kernel

    engine_kernel.measure()


PARTS = {f.__name__: f for f in (overhead, memory, cancel, cluster, sizes, tile)}
MORE = {f.__name__: f for f in (peers, kernel)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, *MORE, []], help="what to measure")
    parser.add_argument("--device", default="cpu", help="cpu, or cuda for overhead and cancel")
    parser.add_argument("--peers", help="Python of an environment with terratorch and geoai-py, for `peers`")
    parser.add_argument("--largest", type=float, default=64, help="largest raster of `sizes`, in Mpx (binary)")
    args = parser.parse_args()
    threads = torch.get_num_threads()
    print(f"{time.strftime('%Y-%m-%d')}, torch {torch.__version__}, {args.device}, {threads} threads")
    if args.device == "cuda":
        print(torch.cuda.get_device_name())
    for name in args.parts or PARTS:
        (PARTS | MORE)[name](args)


if __name__ == "__main__":
    main()
