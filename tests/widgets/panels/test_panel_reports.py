"""Every panel writes what it shows as a page; a panel without a result says what to do first."""

from __future__ import annotations

import pytest

import eowidgets as eow
from eowidgets.errors import InputError

DATE = "2019-07-06"


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def viewer(romania):
    made = eow.TimeViewer(romania, date=DATE)
    yield made
    made.close()


@pytest.mark.parametrize(
    "panel", ["ModelPanel", "ChangePanel", "ForecastPanel", "AskPanel", "TeachPanel", "SimilarPanel"]
)
def test_without_a_result_the_report_says_what_to_do_first(romania, viewer, panel, tmp_path):
    made = getattr(eow, panel)(romania, viewer=viewer)
    with pytest.raises(InputError, match=r"There is no .* to report yet: "):
        made.report()
    made.close()
    assert not list(tmp_path.glob("*.html"))


def test_model_panel(romania, viewer):
    panel = eow.ModelPanel(romania.isel(time=slice(60, 66)), "fill-linear", viewer=viewer)
    panel.run().result(60)
    path = panel.report()
    assert path.name == "fill-linear.html"
    assert "Linear interpolation in time" in path.read_text(encoding="utf-8")
    assert "The report was written as fill-linear.html" in panel.message
    panel.close()


def test_change_panel_reports_the_filtered_places(romania, viewer):
    panel = eow.ChangePanel(romania, viewer=viewer, method="break-ccdc")
    panel.run().result(120)
    panel._smallest.value = 1.0
    text = panel.report("changes.html").read_text(encoding="utf-8")
    assert panel.sentence() in text
    assert "places of at least 1.00 ha" in text
    assert f"image of {DATE}" in text
    panel.close()


def test_forecast_panel(romania, viewer):
    panel = eow.ForecastPanel(romania, viewer=viewer)
    panel.model = "climatology"
    panel.area = eow.Area.of((22.146, 45.201, 22.150, 45.204)).geojson  # runs at once
    panel.job.result(120)
    assert "is forecast to be" in panel.report().read_text(encoding="utf-8")
    panel.close()


def test_ask_panel_reports_the_answer_that_is_lit(romania, viewer):
    panel = eow.AskPanel(romania, viewer=viewer)
    first = panel.ask("How many images are there?").result(60)
    last = panel.ask("How many images in 2019?").result(60)
    assert last.text in panel.report().read_text(encoding="utf-8")
    panel.light(0)
    panel._hear(None, {"type": "report"}, [])
    assert first.text in panel.report().read_text(encoding="utf-8")
    assert "questions.html" in panel.note
    panel.close()


def test_an_error_of_the_button_is_shown_in_the_panel(romania, viewer):
    panel = eow.ModelPanel(romania, "fill-linear", viewer=viewer)
    panel._to_report.click()
    assert "run a model first" in panel.message
    panel.close()
