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


@contextlib.contextmanager
def serve_drip() -> Iterator[str]:
    """Answer one byte at a time, never quite silent, for at most ten seconds."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            stopped = threading.Event()
            with contextlib.suppress(OSError):
                self.send_response(200)
                self.end_headers()
                for _ in range(100):
                    self.wfile.write(b" ")
                    self.wfile.flush()
                    stopped.wait(0.1)

        def log_message(self, *args: Any) -> None:
            pass

    with serve(Handler) as url:
        yield url


@contextlib.contextmanager
def serve_api(
    folder: Path, answer: tuple[int, bytes] | None = None, released: threading.Event | None = None
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Serve a catalogue of `write_catalogue` as a STAC API; gives its address and the searches it was asked.

    ``answer`` is what every search gets instead; with ``released`` a search is answered once that is set.
    """
    asked: list[dict[str, Any]] = []

    class Handler(_Ranges):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, directory=str(folder), **kwargs)

        def do_GET(self) -> None:
            root = f"http://{self.headers['Host']}"
            links = [
                {"rel": "self", "href": root},
                {"rel": "root", "href": root},
                {"rel": "search", "href": f"{root}/search", "type": "application/geo+json", "method": "POST"},
            ]
            common = {"stac_version": "1.0.0", "description": "A test", "links": links}
            if self.path in ("", "/"):
                conforms = ["https://api.stacspec.org/v1.0.0/core", "https://api.stacspec.org/v1.0.0/item-search"]
                self.reply({"type": "Catalog", "id": "api", "conformsTo": conforms} | common)
            elif self.path == "/collections/sentinel-2-l2a":
                extent = {"spatial": {"bbox": [[-180, -90, 180, 90]]}, "temporal": {"interval": [[None, None]]}}
                self.reply(
                    {"type": "Collection", "id": "sentinel-2-l2a", "license": "other", "extent": extent}
                    | common
                    | {"links": [links[1], {"rel": "items", "href": f"{root}{self.path}/items"}]}
                )
            else:
                super().do_GET()

        def do_POST(self) -> None:
            asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            if released is not None:
                released.wait(30)
            if answer is not None:
                self.reply_bytes(*answer)
                return
            items = []
            for file in sorted(folder.glob("*/item.json")):
                where = f"http://{self.headers['Host']}/{file.parent.name}/item.json"
                items.append(json.loads(file.read_text()) | {"links": [{"rel": "self", "href": where}]})
            self.reply({"type": "FeatureCollection", "features": items, "links": []})

        def reply(self, document: dict[str, Any]) -> None:
            self.reply_bytes(200, json.dumps(document).encode())

        def reply_bytes(self, status: int, body: bytes) -> None:
            with contextlib.suppress(OSError):
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

    with serve(Handler) as url:
        yield url, asked


@contextlib.contextmanager
def serve_paths(answers: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """Serve documents by path; gives the address and the paths that were asked for.

    ``answers`` maps a path to a document, or to an address, which is a redirect. ``{root}`` in a document stands for
    the address of the server. The dict may be filled while the server runs. Other paths are not found.
    """
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            answer = answers.get(self.path)
            with contextlib.suppress(OSError):
                if isinstance(answer, str):
                    self.send_response(302)
                    self.send_header("Location", answer)
                    self.end_headers()
                    return
                body = json.dumps(answer).replace("{root}", f"http://{self.headers['Host']}").encode()
                self.send_response(404 if answer is None else 200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        do_HEAD = do_GET

        def log_message(self, *args: Any) -> None:
            pass

    with serve(Handler) as url:
        yield url, asked
