"""Places by coordinates, and by name from a server that is a test double."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlparse

import pytest

from eowidgets.errors import EowidgetsError
from eowidgets.widgets.map import place_search
from eowidgets.widgets.map.place_search import find_place

ANSWERS = {
    "Toulouse": [{"boundingbox": ["43.53", "43.67", "1.35", "1.52"]}],
    "A point": [{"boundingbox": ["43.5", "43.5", "1.4", "1.4"]}],
    "Nowhere": [],
    "Broken": [{"name": "x"}],
}


class Double(BaseHTTPRequestHandler):
    def do_GET(self):
        name = parse_qs(urlparse(self.path).query)["q"][0]
        body = b"<html>" if name == "Page" else json.dumps(ANSWERS[name]).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def service(monkeypatch):
    monkeypatch.setattr(place_search, "offline", lambda: False)
    server = HTTPServer(("127.0.0.1", 0), Double)
    server.timeout = 10
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/search"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("text", "lon", "lat"),
    [
        ("45.2, 22.15", 22.15, 45.2),
        ("-33.9 18.4", 18.4, -33.9),
        ("45.2° N, 22.15° E", 22.15, 45.2),
        ("22.15E 45.2N", 22.15, 45.2),
        ("33.9 S; 18.4 W", -18.4, -33.9),
        ("−33.9, 151.2", 151.2, -33.9),
    ],
)
def test_coordinates(text, lon, lat):
    west, south, east, north = find_place(text).bounds
    assert ((west + east) / 2, (south + north) / 2) == (pytest.approx(lon), pytest.approx(lat))


def test_a_name_is_looked_up(service):
    assert find_place("Toulouse", service=service).bounds == (1.35, 43.53, 1.52, 43.67)
    west, south, east, north = find_place("A point", service=service).bounds
    assert west < 1.4 < east and south < 43.5 < north


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("  ", "Type a place"),
        ("95, 22", "not on the globe"),
        ("45, 222", "not on the globe"),
        ("Nowhere", "No place is called"),
        ("Broken", "cannot be read"),
        ("Page", "cannot be read"),
    ],
)
def test_what_cannot_be_found_is_said_in_one_sentence(service, text, says):
    with pytest.raises(EowidgetsError, match=says):
        find_place(text, service=service)


def test_without_a_network_names_are_refused(monkeypatch):
    monkeypatch.setattr(place_search, "offline", lambda: True)
    with pytest.raises(EowidgetsError, match="without a network"):
        find_place("Toulouse")
    monkeypatch.setattr(place_search, "offline", lambda: False)
    with pytest.raises(EowidgetsError, match="cannot be reached"):
        find_place("Toulouse", service="http://127.0.0.1:9/search")
