"""A STAC API on loopback that gives pages of items, and fails on purpose."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from support.stac_server import serve


@dataclass(frozen=True)
class Fault:
    """How one request for a page goes wrong.

    Attributes
    ----------
    status : int
        Answer in place of the page; 0 for the page itself, damaged by ``damage``.
    headers : dict
    damage : {"", "die", "cut", "html", "list", "silent"}
        The connection ends in the middle of the page; the page is incomplete JSON; a page of HTML; a JSON list; the
        connection ends before an answer.
    """

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    damage: str = ""


@dataclass
class Asked:
    """What the server was asked: paths, and bodies of searches."""

    paths: list[str] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)


@contextlib.contextmanager
def serve_pages(
    items: Sequence[Any],
    size: int = 2,
    faults: Mapping[int, Fault] | None = None,
    *,
    collections: Sequence[dict[str, Any]] = (),
    matched: int | None = None,
    endless: bool = False,
    method: str = "POST",
) -> Iterator[tuple[str, Asked]]:
    """Serve items in pages; gives the address and what was asked.

    Parameters
    ----------
    items : sequence of dict
    size : int
        Items of a page.
    faults : mapping
        Number of the search request, from 0, to what goes wrong with it; -1 for all from then on not listed.
    collections : sequence of dict
        Listed under ``/collections``.
    matched : int, optional
        ``numberMatched`` of each page.
    endless : bool
        Whether the last page links to itself.
    method : str
        Of the search, as the links state it.
    """
    asked = Asked()
    wrong = dict(faults or {})

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked.paths.append(self.path)
            root = f"http://{self.headers['Host']}"
            if self.path.startswith("/search"):
                self.page(root, int(self.path.partition("from=")[2] or 0))
            elif self.path == "/collections":
                self.reply(200, json.dumps({"collections": list(collections), "links": []}).encode())
            elif self.path in ("", "/"):
                links = [{"rel": "search", "href": f"{root}/search", "method": method}]
                self.reply(
                    200, json.dumps({"type": "Catalog", "stac_version": "1.0.0", "id": "a", "links": links}).encode()
                )
            else:
                self.reply(404, b"{}")

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.paths.append(self.path)
            asked.bodies.append(body)
            self.page(f"http://{self.headers['Host']}", int(body.get("from", 0)))

        def page(self, root: str, start: int) -> None:
            number = sum(p.startswith("/search") for p in asked.paths) - 1
            fault = wrong.get(number, wrong.get(-1, Fault()))
            end = start + size
            following = end if end < len(items) else start if endless else None
            links = []
            if following is not None and method == "POST":
                body = {**(asked.bodies[-1] if asked.bodies else {}), "from": following}
                links = [{"rel": "next", "href": f"{root}/search", "method": "POST", "body": body}]
            elif following is not None:
                links = [{"rel": "next", "href": f"{root}/search?from={following}"}]
            document = {"type": "FeatureCollection", "features": list(items[start:end]), "links": links}
            if matched is not None:
                document["numberMatched"] = matched
            text = json.dumps(document).encode()
            text = {"cut": text[: len(text) // 2], "html": b"<html>busy</html>", "list": b"[1]"}.get(fault.damage, text)
            if fault.damage == "silent":
                self.close_connection = True
                self.connection.close()
            elif fault.damage == "die":
                self.reply(200, text[: len(text) // 2], length=len(text))
                self.close_connection = True
            else:
                self.reply(fault.status or 200, b'{"code": "x"}' if fault.status else text, fault.headers)

        def reply(self, status: int, body: bytes, headers: Mapping[str, str] | None = None, length: int = 0) -> None:
            with contextlib.suppress(OSError):
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(length or len(body)))
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

        def handle(self) -> None:
            with contextlib.suppress(OSError, ValueError):
                super().handle()

        def finish(self) -> None:
            with contextlib.suppress(OSError, ValueError):
                super().finish()

    with serve(Handler) as url:
        yield url, asked


def plain_items(count: int, **properties: Any) -> list[dict[str, Any]]:
    """Return items of Sentinel-2 on days in a row, whose files do not exist."""
    ring = [[22, 45], [23, 45], [23, 46], [22, 46], [22, 45]]
    return [
        {
            "type": "Feature",
            "stac_version": "1.0.0",
            "id": f"S2A_34TGR_{i:05d}",
            "collection": "sentinel-2-l2a",
            "bbox": [22, 45, 23, 46],
            "geometry": {"type": "Polygon", "coordinates": [ring]},
            "properties": {
                "datetime": f"{2000 + i // 336}-{i % 336 // 28 + 1:02d}-{i % 28 + 1:02d}T09:30:00Z",
                "platform": "sentinel-2a",
                "eo:cloud_cover": 10.0,
            }
            | properties,
            "assets": {"B04": {"href": "https://files.example.org/B04.tif", "type": "image/tiff; application=geotiff"}},
            "links": [],
        }
        for i in range(count)
    ]
