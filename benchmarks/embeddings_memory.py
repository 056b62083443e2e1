"""Peak memory of work with a large synthetic AlphaEarth file, and time of ``eow.fetch`` against xarray's ``to_zarr``.

``python benchmarks/embeddings_memory.py [--side 10980]`` writes a tiled COG of 64 int8 bands (constant blocks, so that it is
small on disk), then opens it, draws its components, trains on and searches a window, and fetches a part, each in a separate
process.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np


def write(path: Path, side: int) -> None:
    import rasterio
    from affine import Affine
    from rasterio.windows import Window

    path.parent.mkdir(parents=True)
    rng = np.random.default_rng(0)
    profile = {"driver": "GTiff", "height": side, "width": side, "count": 64, "dtype": "int8", "nodata": -128}
    profile |= {"crs": "EPSG:32634", "transform": Affine(10, 0, 5e5, 0, 10, 45e5), "tiled": True, "compress": "zstd"}
    with rasterio.open(path, "w", blockxsize=512, blockysize=512, **profile, interleave="band") as file:
        file.descriptions = [f"A{i:02d}" for i in range(64)]
        for top in range(0, side, 512):
            for left in range(0, side, 512):
                height, width = min(512, side - top), min(512, side - left)
                block = rng.integers(-100, 100, (64, -(-height // 64), -(-width // 64))).astype("int8")
                block = block.repeat(64, axis=1).repeat(64, axis=2)[:, :height, :width]
                file.write(block, window=Window(left, top, width, height))


def step(name: str, folder: str) -> None:
    """Run one step in this process, and print its time and the peak memory."""
    import eowidgets as eow
    from eowidgets.cube.globe import lonlat
    from eowidgets.cube.grid import geobox
    from eowidgets.render.embedding import principal_colors

    import_peak = _peak()
    cube = eow.open(folder, budget=None)
    first = 2816 if name in ("to_zarr", "fetch") else 3000  # on and off the block edges of the cube
    window = cube.isel(y=slice(first, first + 2048), x=slice(first, first + 2048))
    began = time.perf_counter()
    if name == "colours":
        principal_colors(cube).isel(y=slice(3000, 5048, 4), x=slice(3000, 5048, 4)).load()
    elif name == "teach":
        rng = np.random.default_rng(0)
        columns, rows = rng.integers(0, 2048, (2, 40))
        lon, lat = lonlat(geobox(window), columns + 0.5, rows + 0.5)
        pins = [{"lon": a, "lat": b, "class": str(c % 2)} for a, b, c in zip(lon, lat, columns // 64, strict=True)]
        eow.teach(window, pins, model="linear")
    elif name == "search":
        eow.Index.of(cube.isel(y=slice(3000, 3700), x=slice(3000, 3700)))
    elif name in ("fetch", "fetch_cut"):
        eow.fetch(window, Path(folder).parent / f"{name}.zarr")
    elif name == "to_zarr":  # it requires a uniform block size
        part = window.drop_encoding().drop_attrs().chunk({"y": 256, "x": 256})
        part.to_zarr(Path(folder).parent / "plain.zarr", zarr_format=3, consolidated=False)
    print(
        f"{name}: {time.perf_counter() - began:.1f} s, peak {_peak():.2f} GB ({import_peak:.2f} GB after import)",
        flush=True,
    )


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--side", type=int, default=10980)
    parser.add_argument("--step")
    parser.add_argument("--folder")
    options = parser.parse_args()
    if options.step:
        step(options.step, options.folder)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "aef" / "2020" / "x.tiff"
        began = time.perf_counter()
        write(path, options.side)
        print(f"written in {time.perf_counter() - began:.0f} s", flush=True)
        whole = 4 * 64 * options.side**2 / 1e9
        disk = path.stat().st_size / 1e6
        print(f"{options.side} x {options.side} x 64: {whole:.1f} GB as float32, {disk:.0f} MB on disk", flush=True)
        for name in ("open", "colours", "teach", "search", "to_zarr", "fetch", "fetch_cut"):
            command = [sys.executable, "-W", "ignore", __file__, "--step", name, "--folder", str(path.parents[1])]
            subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
