import pytest

from eowidgets import diagnosis
from eowidgets.diagnosis import Finding, Report, examine


def test_examine_covers_every_topic():
    topics = {f.topic for f in examine()}
    assert {"Python", "torch", "GPU", "Memory", "Disk"} <= topics


def test_every_trouble_comes_with_a_mend(monkeypatch, tmp_path):
    monkeypatch.setattr("eowidgets.system.available_memory", lambda: 5e8)
    monkeypatch.setattr(diagnosis, "version", lambda package: "0.1")
    monkeypatch.setattr(diagnosis.os, "access", lambda *_: False)
    bad = [f for f in examine() if f.level == "bad"]
    assert {"Memory", "Disk", "torch"} <= {f.topic for f in bad}
    assert all(f.mend for f in bad)


def test_report_prints_lines_and_escapes_html():
    report = Report([Finding("<b>x</b>", "bad", "y", "do <z>")])
    assert repr(report) == "[!!] <b>x</b>: y\n     -> do <z>"
    assert "<b>x" not in report._repr_html_()
    assert "&lt;z&gt;" in report._repr_html_()


def test_proxy_and_offline_are_told(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("EOWIDGETS_OFFLINE", "1")
    topics = {f.topic for f in examine()}
    assert {"Proxy", "Network"} <= topics


@pytest.mark.parametrize(
    ("seen", "level", "topic"),
    [
        ({}, "bad", "Comm"),
        ({"latency_ms": 12.0, "largest_message": 8e6, "webgl2": "ANGLE", "texture_size": 8192}, "good", "Comm"),
        ({"latency_ms": 900.0}, "note", "Comm"),
        ({"latency_ms": 12.0, "largest_message": 1e6}, "bad", "Messages"),
        ({"latency_ms": 12.0, "largest_message": 8e6, "webgl2": ""}, "note", "WebGL2"),
    ],
)
def test_front_end_is_judged(seen, level, topic):
    from eowidgets.widgets.doctor import judge_front_end

    found = {f.topic: f for f in judge_front_end(seen)}
    assert found[topic].level == level
    assert bool(found[topic].mend) == (level != "good")


def test_widget_adds_the_front_end():
    from eowidgets.widgets.doctor import Doctor

    widget = Doctor(findings=[Finding("Python", "good", "3.11")])
    widget.front_end = {"latency_ms": 5.0, "largest_message": 8_000_000, "webgl2": "ANGLE"}
    assert [r["topic"] for r in widget.rows] == ["Python", "Comm", "Messages", "WebGL2"]
    assert repr(widget) == "[ok] Python: 3.11"
