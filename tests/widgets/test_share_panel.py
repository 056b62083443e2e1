"""Files and links of a view."""

from __future__ import annotations

import pytest

import eowidgets as eow
from eowidgets.widgets.share_panel import SharePanel


@pytest.fixture
def panel(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    viewer = eow.TimeViewer(eow.open("romania").isel(time=slice(90, 94)), index="NDVI")
    yield SharePanel(viewer)
    viewer.close()


@pytest.mark.parametrize(
    ("kind", "name", "begins"), [("picture", "view.png", b"\x89PNG"), ("gif", "view.gif", b"GIF8")]
)
def test_a_button_writes_a_file(panel, tmp_path, kind, name, begins):
    panel.write(kind).result(60)
    assert (tmp_path / name).read_bytes().startswith(begins)
    assert f"Saved as {name}" in panel._message.value
    assert not any(b.disabled for b in panel._buttons.values())


def test_a_page_has_the_view(panel, tmp_path):
    panel._name.value = "forest"
    panel.write("page").result(60)
    assert "NDVI" in (tmp_path / "forest.html").read_text(encoding="utf-8")


def test_a_file_that_cannot_be_written_says_so(panel):
    panel._name.value = "no/such/folder/x"
    work = panel.write("picture")
    with pytest.raises(eow.errors.EowidgetsError):
        work.result(60)
    assert "eow-bad" in panel._message.value
    assert not any(b.disabled for b in panel._buttons.values())


def test_the_link_follows_the_view_and_opens_one(panel):
    viewer = panel._viewer
    viewer.index = "NDWI"
    assert "index=NDWI" in panel._link.value
    panel._link.value = "#index=EVI&clouds=hide"
    panel.show_link()
    assert (viewer.index, viewer.clouds) == ("EVI", "hide")
    panel._link.value = "#index=<b>"
    panel.show_link()
    assert "eow-bad" in panel._message.value and "<b>" not in panel._message.value
    assert viewer.index == "EVI"
