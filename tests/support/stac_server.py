"""A static STAC catalogue of COGs on loopback, and doubles that misbehave; every server stops by itself."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import xarray as xr

NAMES = {"blue": "B02", "green": "B03", "red": "B04", "nir": "B08", "scl": "SCL"}


def write_catalogue(folder: Path, cube: xr.Dataset, baseline: str = "02.14", offset: int = 0) -> Path:
    """Write ``catalog.json``, an item per date and a COG per band; gives the catalogue's path.

    ``offset`` is added to the integers, as Sentinel-2 does since processing baseline 04.00.
    """
    import odc.geo.xr  # noqa: F401
    from odc.geo.cog import write_cog

    box = cube.odc.geobox
    west, south, east, north = box.geographic_extent.boundingbox
    links = []
    for i, time in enumerate(cube.time.values):
        name = f"S2A_{str(time)[:10].replace('-', '')}"
        (folder / name).mkdir()
        assets = {}
        for band in (b for b in NAMES if b in cube):
            frame = cube[band].isel(time=i, drop=True)
            whole = frame if band == "scl" else ((frame * 10_000).round() + offset)
            file = folder / name / f"{NAMES[band]}.tif"
            write_cog(whole.astype("uint8" if band == "scl" else "uint16"), file, overwrite=True, nodata=0)
            media = "image/tiff; application=geotiff; profile=cloud-optimized"
            assets[NAMES[band]] = {"href": f"./{NAMES[band]}.tif", "type": media, "roles": ["data"]}
        item = {
            "type": "Feature",
            "stac_version": "1.0.0",
            "id": name,
            "collection": "sentinel-2-l2a",
            "bbox": [west, south, east, north],
            "geometry": json.loads(json.dumps(box.geographic_extent.json)),
            "properties": {"datetime": f"{str(time)[:19]}Z", "s2:processing_baseline": baseline},
            "assets": assets,
            "links": [],
        }
        (folder / name / "item.json").write_text(json.dumps(item))
        links.append({"rel": "item", "href": f"./{name}/item.json", "type": "application/geo+json"})
    catalogue = {"type": "Catalog", "stac_version": "1.0.0", "id": "local", "description": "A test", "links": links}
    path = folder / "catalog.json"
    path.write_text(json.dumps(catalogue))
    return path


class _Ranges(SimpleHTTPRequestHandler):
    """The standard handler, with byte ranges: GDAL reads COGs piece by piece."""

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        path = Path(self.translate_path(self.path))
        if not wanted or not path.is_file():
            return super().do_GET()
        size = path.stat().st_size
        first, last = wanted.removeprefix("bytes=").split("-")
        start, end = int(first or 0), min(int(last or size - 1), size - 1)
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {start}-{end}/{size}")
        self.send_header("Content-Length", str(end - start + 1))
        self.end_headers()
        with path.open("rb") as file:
            file.seek(start)
            self.wfile.write(file.read(end - start + 1))
        return None

    def log_message(self, *args: Any) -> None:
        pass


@contextlib.contextmanager
def serve(handler: Any) -> Iterator[str]:
    """Run a handler on a free loopback port; gives its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def serve_folder(folder: Path) -> Iterator[str]:
    """Serve files with byte ranges."""

    class Handler(_Ranges):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, directory=str(folder), **kwargs)

    with serve(Handler) as url:
        yield url


@contextlib.contextmanager
def serve_answer(status: int, body: bytes, released: threading.Event | None = None) -> Iterator[str]:
    """Answer everything the same way; with ``released`` only once that is set (a server that never answers)."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if released is not None:
                released.wait(30)
            with contextlib.suppress(OSError):
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, *args: Any) -> None:
            pass

    with serve(Handler) as url:
        yield url
