"""Compare the engine with geoai's ``predict_geotiff`` and terratorch's ``tiled_inference``: time, memory, edges.

Started by ``python benchmarks/engine.py peers --peers PYTHON``, where PYTHON belongs to a separate environment with
terratorch, geoai-py and this package. All get the same module, the same GeoTIFF of four float32 bands, windows of 512
pixels that overlap by 32, batches of four (the engine chooses smaller ones if its memory limit requires it), and write a
map of classes to disk. Each runs in a separate process and they take turns, so that peak memory is measured separately
and disturbances affect all.
"""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import engine as bench
import numpy as np
import torch
import xarray as xr

import eowidgets as eow
from eowidgets.contract.card import Card
from eowidgets.contract.feeds import Windows
from eowidgets.contract.model import Model
from eowidgets.contract.outputs import Bands, Output
from eowidgets.contract.task import Task
from eowidgets.engine.device import trim
from eowidgets.engine.writers.disk import open_result

WINDOW, HALO, BATCH = 512, 16, 4
WHO = ("eowidgets", "geoai", "terratorch")
#: Sides that windows of 512 cover without a remainder. The peers need more memory for a whole tile than this machine has: geoai
#: alone holds (10 + 1) float64 per pixel, twice at the end.
SIDES = (2432, 4832)
TILE = 10980
ROUNDS = 3
MARK = "found: "


class Same(Model):
    """Return the input: any difference in the output is due to the engine."""

    name = "bench-same"
    task = Task.REGRESS
    card = Card("Identity", licence="Apache-2.0")
    feed = Windows(halo=HALO)

    def outputs(self, bands: tuple[str, ...]) -> tuple[Output, ...]:
        return (Bands("same", dims="tyx", needs="same"),)

    def predict(self, batch):
        return {"same": batch.x}


def write_raster(path: Path, side: int, value: float | None = None) -> None:
    """Write four bands of random numbers, or of one number, row of blocks by row of blocks."""
    import rasterio
    from rasterio.windows import Window

    profile = {"driver": "GTiff", "width": side, "height": side, "count": 4, "dtype": "float32", "crs": "EPSG:32635"}
    layout = {"tiled": True, "blockxsize": 512, "blockysize": 512, "transform": rasterio.Affine(10, 0, 0, 0, -10, 0)}
    rng = np.random.default_rng(0)
    with rasterio.open(path, "w", **profile, **layout) as file:
        for start in range(0, side, 512):
            shape = (4, min(512, side - start), side)
            rows = 0.1 + 0.9 * rng.random(shape, "float32") if value is None else np.full(shape, value, "float32")
            file.write(rows, window=Window(0, start, side, shape[1]))


def open_raster(path: Path) -> xr.Dataset:
    """Open lazily, as four bands of one date."""
    import rioxarray

    raster = rioxarray.open_rasterio(path, chunks={"band": 1, "y": 512, "x": 2048})
    date = np.array(["2020-06-01"], "datetime64[ns]")
    bands = {b: raster.isel(band=i, drop=True).expand_dims(time=date) for i, b in enumerate(bench.BANDS)}
    return xr.Dataset(bands).rio.write_crs("EPSG:32635").rio.write_transform()


def run_eowidgets(net: torch.nn.Module, source: Path, out: Path, classes: bool) -> None:
    if not classes:
        eow.run(Same, open_raster(source), out=out.with_suffix(".zarr"), memory="500MB", window=256)
        return
    model = bench.Segment()
    model.net = net
    eow.run(model, open_raster(source), out=out.with_suffix(".zarr"), memory="500MB", precision="fp32")


def run_geoai(net: torch.nn.Module, source: Path, out: Path, classes: bool) -> None:
    from geoai.inference import predict_geotiff

    into = {"num_classes": 10, "output_dtype": "uint8", "output_nodata": 255} if classes else {"num_classes": 4}
    tiles = {"tile_size": WINDOW, "overlap": 2 * HALO, "batch_size": BATCH} if classes else {}
    predict_geotiff(
        net,
        str(source),
        str(out),
        preprocess_fn=lambda x: x,
        postprocess_fn=(lambda p: p.argmax(0).astype("uint8")) if classes else None,
        device="cpu",
        verbose=False,
        **tiles,
        **into,
    )


def run_terratorch(net: torch.nn.Module, source: Path, out: Path, classes: bool) -> None:
    import rasterio
    from terratorch.tasks.tiled_inference import tiled_inference

    with rasterio.open(source) as file:
        x, profile = torch.from_numpy(file.read())[None], file.profile
    tiles = {"crop": WINDOW, "stride": WINDOW - 2 * HALO, "delta": HALO, "batch_size": BATCH} if classes else {}
    y = tiled_inference(net, x, 10 if classes else 4, device="cpu", **tiles)[0]
    values = y.argmax(0).to(torch.uint8).numpy()[None] if classes else y.numpy()
    profile.update(count=len(values), dtype=values.dtype.name)
    with rasterio.open(out, "w", **profile) as file:
        file.write(values)


RUN: dict[str, Callable[[torch.nn.Module, Path, Path, bool], None]] = {
    "eowidgets": run_eowidgets,
    "geoai": run_geoai,
    "terratorch": run_terratorch,
}


def peak() -> int:
    return 1024 * int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])


def forget_peak() -> None:
    """Reset the peak to the current memory of this process."""
    gc.collect()
    trim()
    Path("/proc/self/clear_refs").write_text("5")


def serve(who: str, folder: Path) -> None:
    """Run the requests on standard input, until it ends; start-up costs are paid before."""
    source = folder / "source.tif"
    RUN[who](bench.Light().net.eval(), folder / "small.tif", folder / f"warm-{who}.tif", True)
    for kind in sys.stdin:
        net = getattr(bench, kind.strip())().net.eval()
        forget_peak()
        base, began, busy = peak(), time.perf_counter(), time.process_time()
        RUN[who](net, source, folder / f"out-{who}.tif", True)
        found = {
            "seconds": time.perf_counter() - began,
            "busy": time.process_time() - busy,
            "base": base,
            "peak": peak(),
        }
        print(f"\n{MARK}{json.dumps(found)}", flush=True)


class Child:
    """One of the three in a separate process."""

    def __init__(self, who: str, folder: Path) -> None:
        words = [sys.executable, __file__, "--serve", who, str(folder)]
        self._log = (folder / f"{who}.log").open("w+")
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=self._log, text=True)

    def __call__(self, kind: str) -> dict[str, float]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{kind}\n")
        self._process.stdin.flush()
        for line in self._process.stdout:
            if line.startswith(MARK):
                return json.loads(line.removeprefix(MARK))
        self._log.seek(0)
        raise SystemExit(self._log.read())

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def edges(folder: Path) -> None:
    """Run a constant field and a random one through a module that returns its input, with default settings."""
    import rasterio

    print("\nA module that returns its input, 1300 x 1300, default windows and blending: relative errors")
    print(
        "  {:13} {:11} {:>10} {:>10} {:>12} {:>16}".format(
            "field", "who", "ring, mean", "ring, max", "inside, max", "pixels off > 1 %"
        )
    )
    for name, value in (("constant 0.3", 0.3), ("random 0.1..1", None)):
        source = folder / f"{name.split()[0]}.tif"
        write_raster(source, 1300, value)
        with rasterio.open(source) as file:
            expected = file.read().astype("float64")
        for who in WHO:
            out = folder / f"edges-{who}.tif"
            RUN[who](torch.nn.Identity(), source, out, False)
            if who == "eowidgets":
                result = open_result(out.with_suffix(".zarr"))
                found = np.stack([result[b].values[0] for b in bench.BANDS])
            else:
                with rasterio.open(out) as file:
                    found = file.read()
            error = (np.abs(found - expected) / expected).max(axis=0)
            ring = np.ones(error.shape, bool)
            ring[1:-1, 1:-1] = False
            print(
                f"  {name:13} {who:11} {error[ring].mean():>10.1e} {error[ring].max():>10.1e} {error[~ring].max():>12.1e} "
                f"{(error > 0.01).mean():>16.2%}"
            )


def row(who: str, kind: str, side: int, found: list[dict[str, float]], first: dict[str, float]) -> None:
    seconds, busy = (float(np.median([f[k] for f in found])) for k in ("seconds", "busy"))
    most, base = (max(f[k] for f in found) / 1e6 for k in ("peak", "base"))
    print(
        f"  {who:11} {kind:8} {side:>6} {seconds:>8.1f} {seconds / first['seconds']:>6.2f} {busy:>8.1f} "
        f"{busy / first['busy']:>6.2f} {most:>8.0f} {base:>6.0f}",
        flush=True,
    )


def main() -> None:
    print(f"\nPeers, one machine, {torch.get_num_threads()} threads, torch {torch.__version__}:", end=" ")
    print(f"geoai-py {version('geoai-py')}, terratorch {version('terratorch')}")
    with tempfile.TemporaryDirectory(prefix="eow-peers-") as made:
        folder = Path(made)
        edges(folder)
        print(f"\nMap of 10 classes, GeoTIFF to disk; medians of {ROUNDS} at the smaller size, taken in turns")
        head = ("who", "model", "side", "seconds", "ratio", "cpu s", "ratio", "peak MB", "before")
        print("  {:11} {:8} {:>6} {:>8} {:>6} {:>8} {:>6} {:>8} {:>6}".format(*head))
        source = folder / "source.tif"
        write_raster(folder / "small.tif", 64)
        everybody = {who: Child(who, folder) for who in WHO}
        own: dict[tuple[str, int], float] = {}
        for kind, side, rounds in (("Segment", SIDES[0], ROUNDS), ("Light", SIDES[0], ROUNDS), ("Light", SIDES[1], 1)):
            write_raster(source, side)
            found: dict[str, list[dict[str, float]]] = {who: [] for who in WHO}
            for _ in range(rounds):
                for who in WHO:
                    found[who].append(everybody[who](kind))
            first = {k: float(np.median([f[k] for f in found["eowidgets"]])) for k in ("seconds", "busy")}
            for who in WHO:
                row(who, kind, side, found[who], first)
                own[who, side] = max(f["peak"] - f["base"] for f in found[who])
        write_raster(source, TILE)
        whole = everybody["eowidgets"]("Light")
        row("eowidgets", "Light", TILE, [whole], whole)
        for one in everybody.values():
            one.close()
    print(f"  {TILE} x {TILE} for the peers, by the bytes that each further pixel takes from {SIDES[0]} to {SIDES[1]}:")
    for who in WHO[1:]:
        pixel = (own[who, SIDES[1]] - own[who, SIDES[0]]) / (SIDES[1] ** 2 - SIDES[0] ** 2)
        total = own[who, SIDES[0]] + pixel * (TILE**2 - SIDES[0] ** 2)
        share = whole["peak"] / total
        print(
            f"  {who:11} {pixel:.0f} bytes a pixel, {total / 1e9:.1f} GB; our peak, libraries included, is {share:.3f} of it"
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve(sys.argv[2], Path(sys.argv[3]))
    else:
        main()
