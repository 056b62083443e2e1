"""Time of ``eow.find`` on a real STAC server on loopback, with pystac-client in the same run as the peer.

Run ``python -m benchmarks.finding [images]``; needs the extra ``test`` (rustac). pystac-client pages through the same
search and returns the items; ``eow.find`` also computes days, coverage, baselines and the size of reading.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import eowidgets as eow

AREA = (23.0, 45.4, 23.02, 45.42)
BANDS = ("blue", "green", "red", "rededge1", "rededge2", "rededge3", "nir", "nir08", "swir16", "swir22", "scl")


def items(count: int) -> list[dict[str, Any]]:
    """Return items of one tile of Sentinel-2 on consecutive days, with the metadata of a public catalogue."""
    grid = {"proj:shape": [10980, 10980], "proj:transform": [10, 0, 600000, 0, -10, 5100000]}
    numbers = [{"nodata": 0, "data_type": "uint16", "scale": 0.0001, "offset": -0.1}]
    ring = [[22.5, 45.0], [23.9, 45.0], [23.9, 46.0], [22.5, 46.0], [22.5, 45.0]]
    found = []
    for i in range(count):
        day = f"{1995 + i // 336}-{i % 336 // 28 + 1:02d}-{i % 28 + 1:02d}"
        assets = {
            b: {"href": f"https://files.example.org/{i}/{b}.tif", "type": "image/tiff; application=geotiff"}
            | {"eo:bands": [{"name": b, "common_name": b}], "raster:bands": numbers, "roles": ["data"]}
            | grid
            for b in BANDS
        }
        found.append(
            {
                "type": "Feature",
                "stac_version": "1.0.0",
                "id": f"S2A_34TGR_{day}",
                "collection": "sentinel-2-l2a",
                "bbox": [22.5, 45.0, 23.9, 46.0],
                "geometry": {"type": "Polygon", "coordinates": [ring]},
                "properties": {
                    "datetime": f"{day}T09:30:00Z",
                    "platform": "sentinel-2a",
                    "eo:cloud_cover": i % 100,
                    "grid:code": "MGRS-34TGR",
                    "proj:epsg": 32634,
                },
                "assets": assets,
                "links": [],
            }
        )
    return found


@contextlib.contextmanager
def server(folder: Path, found: list[dict[str, Any]]) -> Iterator[str]:
    """Run ``rustac serve`` with the items; yield its address."""
    path = folder / "items.json"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": found}))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    program = shutil.which("rustac", path=str(Path(sys.executable).parent))
    if program is None:
        raise SystemExit("rustac is not installed: pip install 'eowidgets[test]'")
    with subprocess.Popen([program, "-q", "serve", "--create-collections", "--addr", address, str(path)]) as process:
        try:
            for _ in range(600):
                with contextlib.suppress(OSError), urlopen(f"http://{address}", timeout=1):
                    break
                time.sleep(0.1)
            yield f"http://{address}"
        finally:
            process.terminate()


def main() -> None:
    """Print seconds and the ratio."""
    import pystac_client

    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    with tempfile.TemporaryDirectory() as name, server(Path(name), items(count)) as url:
        for _ in range(2):  # the first round warms both up
            start = time.perf_counter()
            search = pystac_client.Client.open(url).search(bbox=AREA, datetime="1990/2060", limit=100)
            received = len(list(search.items_as_dicts()))
            peer = time.perf_counter() - start
            start = time.perf_counter()
            found = eow.find(url, area=AREA, dates="1990/2060", measure=False)
            own = time.perf_counter() - start
    print(
        f"{received} items; pystac-client {peer:.2f} s; eow.find {own:.2f} s for {len(found)} days; ratio {own / peer:.2f}"
    )


if __name__ == "__main__":
    main()
