"""What a viewer answers, in which order, and what it leaves out since it is not needed any more."""

import numpy as np
import pytest

from eowidgets.cube.direct import checkpoint
from eowidgets.render.answers import Queue
from eowidgets.render.source import MASK, FrameSource
from eowidgets.render.window import Frame, Window

LEFT, RIGHT = Window(0, 0, 256, 256), Window(256, 0, 512, 256)


@pytest.fixture
def source(make_cube):
    return FrameSource(make_cube(dates=5, height=600, width=600).chunk({"time": 1}))


def said(queue, source, most=1000):
    out = []
    while len(out) < most and (message := queue.next({"cube": source})) is not None:
        out.append(message[0])
    return out


def frames_of(messages):
    return [(tuple(m["window"]), m["frame"]) for m in messages if "frame" in m]


def test_first_the_date_in_view_then_frames_then_the_other_dates_the_nearest_first(source):
    queue = Queue()
    queue.add(source, ["red", MASK], source.coarse, 3)
    queue.need([Frame("cube", ("red",), LEFT, 3)])
    told = said(queue, source)
    coarse = [m["t"] for m in told if m["type"] == "chunk" and "frame" not in m and m["band"] == "red"]
    assert coarse == [3, 4, 2, 1, 0]
    order = ["frame" in m for m in told if m["type"] == "chunk"]
    assert order == [False, False, True, *[False] * 8]
    assert frames_of(told) == [((0, 0, 256, 256, 1), 3)]


def test_a_frame_is_one_date_of_a_window(source):
    queue = Queue()
    queue.need([Frame("cube", ("red", MASK), RIGHT, 2)])
    found = []
    while (message := queue.next({"cube": source})) is not None:
        found.append(message)
    assert [(m["band"], m["t"], m["dates"], m["frame"]) for m, _ in found] == [("red", 0, 1, 2), (MASK, 0, 1, 2)]
    codes = np.frombuffer(found[0][1], "<u2").reshape(256, 256)
    np.testing.assert_array_equal(codes, source.read("red", [2], RIGHT)[0])


def test_a_newer_list_of_frames_replaces_the_one_before(source):
    queue = Queue()
    queue.need([Frame("cube", ("red",), LEFT, t) for t in range(4)])
    assert frames_of(said(queue, source, 1)) == [((0, 0, 256, 256, 1), 0)]
    queue.need([Frame("cube", ("red",), RIGHT, 4), Frame("cube", ("red",), LEFT, 1)])
    assert frames_of(said(queue, source)) == [((256, 0, 512, 256, 1), 4), ((0, 0, 256, 256, 1), 1)]


def test_a_read_in_progress_stops_once_it_is_not_needed(source, monkeypatch):
    queue, read = Queue(), []

    def slow(band, dates, window):
        for part in range(10):
            checkpoint()
            read.append((window, part))
            if window == LEFT and part == 3:
                queue.need([Frame("cube", ("red",), RIGHT, 0)])
        return np.zeros((1, *window.shape), "<u2")

    monkeypatch.setattr(source, "read", slow)
    queue.need([Frame("cube", ("red",), LEFT, 0)])
    assert frames_of(said(queue, source)) == [((256, 0, 512, 256, 1), 0)]
    assert sum(w == LEFT for w, _ in read) == 4
    assert sum(w == RIGHT for w, _ in read) == 10
    assert queue.superseded == 1
    checkpoint()  # outside of an answer nothing is superseded


def test_a_date_of_the_coarse_picture_that_was_interrupted_is_read_again(source, monkeypatch):
    queue, real, tried = Queue(), source.read, []

    def read(band, dates, window):
        if window == source.coarse:
            tried.append(dates)
            if len(tried) == 2:
                queue.need([Frame("cube", ("red",), LEFT, 0)])
            checkpoint()
        return real(band, dates, window)

    monkeypatch.setattr(source, "read", read)
    queue.add(source, ["red"], source.coarse, 0)
    told = said(queue, source)
    assert [m["t"] for m in told if m["type"] == "chunk" and "frame" not in m] == [0, 1, 2, 3, 4]
    assert queue.superseded == 1
    assert tried[1] == tried[2]


def test_the_coarse_pictures_follow_the_date_in_view(source):
    queue = Queue()
    queue.add(source, ["red"], source.coarse, 0)
    assert [m["type"] for m in said(queue, source, 2)] == ["bands", "chunk"]
    queue.need([], {"cube": 4})
    assert [m["t"] for m in said(queue, source) if m["type"] == "chunk"] == [4, 3, 2, 1]


def test_an_unreadable_date_is_left_out_and_the_others_follow(source, monkeypatch):
    real = source.read

    def read(band, dates, window):
        if dates == slice(2, 3):
            raise OSError("disk is gone")
        return real(band, dates, window)

    monkeypatch.setattr(source, "read", read)
    queue = Queue()
    queue.add(source, ["red"], source.coarse, 0)
    seen, failed = [], 0
    for _ in range(20):
        try:
            message = queue.next({"cube": source})
        except OSError:
            failed += 1
            continue
        if message is None:
            break
        seen += [message[0]["t"]] if message[0]["type"] == "chunk" else []
    assert (seen, failed) == ([0, 1, 3, 4], 1)


def test_an_unreadable_source_is_tried_once(make_cube, monkeypatch):
    source = FrameSource(make_cube())
    monkeypatch.setattr(source, "read", lambda *a: (_ for _ in ()).throw(OSError("disk is gone")))
    queue = Queue()
    queue.add(source, ["red"], source.whole, 0)
    queue.need([Frame("cube", ("red",), LEFT, 0), Frame("gone", ("red",), LEFT, 0), Frame("cube", ("red",), LEFT, 99)])
    for _ in range(2):
        with pytest.raises(OSError, match="disk is gone"):
            queue.next({"cube": source})
    assert queue.next({"cube": source}) is None
