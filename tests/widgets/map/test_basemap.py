from __future__ import annotations

import asyncio
import http.server
import threading
import time

import ipyleaflet
import pytest

from eowidgets.errors import InputError
from eowidgets.widgets import event_loop
from eowidgets.widgets.map import basemap


@pytest.fixture
def server():
    """A loopback server; set ``kind`` and ``status`` for its answer."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.send_response(self.server.status)
            self.send_header("Content-Type", self.server.kind)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        httpd.kind, httpd.status = "image/png", 200
        thread = threading.Thread(target=httpd.serve_forever, daemon=True)
        thread.start()
        yield httpd
        httpd.shutdown()


def url(server):
    return f"http://127.0.0.1:{server.server_port}/0/0/0.png"


@pytest.fixture
def fresh(monkeypatch):
    """A process that has not asked yet."""
    monkeypatch.delenv("EOWIDGETS_OFFLINE", raising=False)
    basemap._probe.cache_clear()

    def none():
        raise RuntimeError("no running event loop")  # whatever other tests left in this thread

    monkeypatch.setattr(event_loop.asyncio, "get_running_loop", none)
    yield monkeypatch
    basemap._probe.cache_clear()


def test_reachable_tells_a_tile_from_a_captive_portal(server):
    assert basemap.reachable(url(server))
    server.kind = "text/html"
    assert not basemap.reachable(url(server))
    server.kind, server.status = "image/png", 503
    assert not basemap.reachable(url(server))


def test_nobody_there_is_an_answer_not_an_error():
    assert not basemap.reachable("http://127.0.0.1:9/x.png")
    assert not basemap.reachable("http://no-such-host.invalid/x.png")


def test_a_server_that_never_answers_holds_nobody_up(fresh):
    asked, go = threading.Event(), threading.Event()
    fresh.setattr(basemap, "reachable", lambda: asked.set() or go.wait(10))
    called = threading.Event()
    basemap.when_online(called.set)  # returns although nobody answers
    assert asked.wait(10)
    assert not called.is_set()
    go.set()
    assert called.wait(10)


def test_in_a_kernel_the_call_comes_from_its_loop():
    ran = threading.Event()
    thread = threading.Thread(target=lambda: (asyncio.run(_wait_for_tiles()), ran.set()), daemon=True)
    thread.start()
    assert ran.wait(20)


async def _wait_for_tiles():
    go, called = threading.Event(), asyncio.Event()
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("EOWIDGETS_OFFLINE", raising=False)
        patch.setattr(basemap, "reachable", lambda: go.wait(10))
        basemap._probe.cache_clear()
        where = []
        basemap.when_online(lambda: (where.append(threading.get_ident()), called.set()))
        go.set()
        await asyncio.wait_for(called.wait(), 10)
        basemap._probe.cache_clear()
        assert where == [threading.get_ident()]


def test_unreachable_never_calls(fresh):
    fresh.setattr(basemap, "reachable", lambda: False)
    called = threading.Event()
    basemap.when_online(called.set)
    basemap._probe().wait(10)
    deadline = time.monotonic() + 10
    while any(t.name == "eow-basemap-wait" for t in threading.enumerate()):
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)
    assert not called.is_set()


def test_asked_for_no_network(fresh):
    fresh.setenv("EOWIDGETS_OFFLINE", "1")
    fresh.setattr(basemap, "reachable", lambda: pytest.fail("asked the network"))
    basemap.when_online(lambda: pytest.fail("went online"))
    assert basemap.offline()


def test_map_swaps_coastlines_for_tiles_once_online(fresh, romania):
    import eowidgets as eow

    fresh.setattr(basemap, "reachable", lambda: True)
    basemap._probe().wait(10)
    m = eow.AreaMap(romania, basemap="imagery")
    assert isinstance(m.layers[0], ipyleaflet.TileLayer)
    assert m.layers[0].name == "imagery"
    assert "coastlines" not in [layer.name for layer in m.layers]


def test_coastlines_and_graticule():
    land = basemap.coastlines().locations
    assert len(land) > 170
    italy = [
        r for polygon in land for r in polygon if any(abs(lat - 41.9) < 1 and abs(lon - 12.5) < 1 for lat, lon in r)
    ]
    assert italy  # latitude comes first
    assert [[-85, 0], [85, 0]] in basemap.graticule(30).locations
    with pytest.raises(InputError, match="Did you mean 'streets'"):
        basemap.tiles("street")
