"""Reports: what stands on the page, and that nothing on it comes from elsewhere or is markup of the data."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import eowidgets as eow
from eowidgets.analysis import changed_places, filter_places
from eowidgets.analysis.measure.report.content import Figure, Table
from eowidgets.analysis.measure.report.maps import map_of
from eowidgets.analysis.measure.report.of_change import change_report
from eowidgets.analysis.measure.report.page import page
from eowidgets.errors import InputError
from eowidgets.render.result import Legend


class Page(HTMLParser):
    """Collect tags, addresses and texts of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [v for k, v in attrs if k in ("src", "href", "srcset", "action") and v]
        assert not [k for k, _ in attrs if k.startswith("on")]

    def handle_data(self, data):
        self.words.append(data)


def assert_stands_alone(html: str) -> Page:
    found = Page(html)
    assert not {"script", "iframe", "link", "object", "embed", "form", "base"} & set(found.tags)
    assert all(a.startswith("data:image/") for a in found.addresses)
    assert "url(" not in html.split("</style>")[0]
    assert "default-src 'none'" in html
    return found


@pytest.fixture(scope="module")
def change():
    cube = eow.open("romania")
    return cube, eow.change(cube)


def test_change_has_map_chart_table_definitions_method_and_sources(change, tmp_path):
    cube, found = change
    report = eow.report(found, cube=cube, date="2020-08-01")
    path = report.save(tmp_path / "change.html")
    parsed = assert_stands_alone(path.read_text(encoding="utf-8"))
    assert parsed.tags.count("img") == 2
    assert parsed.tags.count("table") == 1
    text = " ".join(parsed.words)
    for title in ("Definitions", "How it was computed", "Sources", "Text to paste", "Code that computes the same"):
        assert title in text
    assert cube.attrs["attribution"] in text
    assert "140 images from 2015-08-01 to 2021-01-01" in text
    assert "Zhu and Woodcock (2014)" in text


def test_change_reports_the_same_hectares_as_its_sentence_and_its_table(change):
    cube, found = change
    report = eow.report(found)
    places = filter_places(changed_places(found), smallest=0.1)
    assert f"{places['hectares'].sum():.1f} ha changed in {len(places)} places" in report.answer
    few = filter_places(places, smallest=1.0)
    assert f"changed in {len(few)} places" in change_report(found, cube, places=few, least=1.0).answer


def test_the_map_shows_only_the_places_reported(change):
    from io import BytesIO

    from PIL import Image

    _, found = change
    places = filter_places(changed_places(found), smallest=1.0)
    drawn = np.array(Image.open(BytesIO(change_report(found, places=places, least=1.0).figures[0].png)))
    factor = drawn.shape[0] // found.sizes["y"]
    assert (drawn[::factor, ::factor, 3] > 0).sum() == places["pixels"].sum()


def test_change_without_a_place(change):
    _, found = change
    none = found.copy()
    none["change"] = xr.zeros_like(found["change"])
    none["date"] = xr.full_like(found["date"], np.datetime64("NaT"))
    report = eow.report(none)
    assert "no change was found" in report.answer
    assert not report.tables
    assert_stands_alone(report.html())


def test_code_of_a_report_gives_the_result_again(romania):
    cube = romania.isel(time=slice(60, 66))
    result = eow.run("fill-linear", cube)
    report = eow.report(result, cube=cube)
    scope = {}
    exec(compile(report.code, "report", "exec"), scope)
    xr.testing.assert_equal(scope["result"].drop_attrs(), result.drop_attrs())


def test_classes_become_a_table_of_areas_that_add_up(romania):
    result = eow.run("cluster-kmeans", romania.isel(time=slice(40, 80)))
    report = eow.report(result, cube=romania)
    table = report.tables[0]
    areas = [float(row[table.columns.index("area (ha)")].replace(",", "")) for row in table.rows]
    assert sum(areas) == pytest.approx(100.0, abs=0.5)
    assert "errors of the map are not corrected" in report.definitions["area"]


def test_an_answer_keeps_its_words_and_its_code(romania):
    answer = eow.ask(romania, "What was the mean NDVI in July 2019?")
    report = eow.report(answer, cube=romania)
    assert report.answer == answer.text
    assert report.code == answer.code
    assert_stands_alone(report.html())


def test_a_forecast_states_its_interval(romania):
    made = eow.forecast(romania, "NDVI", mean=True, area=(22.146, 45.201, 22.150, 45.204), model="climatology")
    report = eow.report(made, cube=romania)
    assert re.search(r"80% interval -?\d\.\d\d to \d\.\d\d", report.answer)
    assert "climatology" in report.tables[0].rows[0]
    assert "<svg" in report.figures[0].svg


def test_a_forecast_is_drawn_the_same_every_time(romania):
    made = eow.forecast(romania, "NDVI", mean=True, area=(22.146, 45.201, 22.150, 45.204), model="climatology")
    assert eow.report(made, cube=romania).html() == eow.report(made, cube=romania).html()


def test_markup_in_titles_classes_and_provenance_is_text():
    evil = '"><script>alert(1)</script><img src="http://x.org/a.png" onerror="x()">'
    figure = Figure(evil, png=b"x", legend=Legend(evil, entries=[(evil, "#112233")]), note=evil, width=1000.0)
    table = Table.of(pd.DataFrame({evil: [evil]}), evil)
    report = eow.Report(evil, evil, [figure], [table], {evil: evil}, {evil: evil}, [evil], evil, {evil: evil})
    assert_stands_alone(page(report))
    assert "<script" not in report._repr_html_()


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=40), st.text(max_size=40))
def test_any_text_stays_text(title, answer):
    parsed = Page(page(eow.Report(title, answer, definitions={answer: title}, code=answer)))
    plain = eow.Report("t", "a", definitions={"b": "c"}, code="d")
    assert sorted(set(parsed.tags) - {"pre", "section", "dl", "dt", "dd", "h2", "blockquote"}) == sorted(
        set(Page(page(plain)).tags) - {"pre", "section", "dl", "dt", "dd", "h2", "blockquote"}
    )


def test_private_paths_are_left_out():
    report = eow.Report("t", "a", notes={"input": {"opened": "/home/somebody/secret/scene.tif"}})
    assert "somebody" not in report.html()


def test_a_map_states_scale_and_place(romania):
    figure = map_of(romania["red"].isel(time=60), "red")
    assert figure.width == pytest.approx(1000, rel=0.01)
    assert figure.note.startswith("EPSG:3035; centre 45.2048° N, 22.1522° E; pixel 10 m")
    assert ">200 m<" in page(eow.Report("t", "a", [figure]))


def test_a_map_without_crs_has_no_scale():
    values = xr.DataArray(np.arange(12.0).reshape(3, 4), dims=("y", "x"), name="v")
    figure = map_of(values, "v")
    assert (figure.width, figure.note) == (0.0, "")
    assert 'class="scale"' not in page(eow.Report("t", "a", [figure]))


@pytest.mark.parametrize("bad", [1, "text", None, xr.Dataset(), np.zeros(3)])
def test_what_is_no_result_is_refused_in_one_sentence(bad):
    with pytest.raises(InputError, match="A report needs a result with provenance"):
        eow.report(bad)


def test_a_report_is_html(tmp_path):
    with pytest.raises(InputError, match=r"end the name 'a.pdf' in .html, and print the page"):
        eow.Report("t", "a").save(tmp_path / "a.pdf")
    assert not list(tmp_path.iterdir())


def test_a_long_table_is_cut_and_says_so():
    report = eow.Report("t", "a", tables=[Table.of(pd.DataFrame({"n": range(40)}), "numbers")])
    assert "15 further rows are not shown" in report.html()


def test_numbers_of_a_table_have_sensible_digits():
    frame = pd.DataFrame({"a": [1234.5678, float("nan")], "b": [2.0, 3.0], "d": pd.to_datetime(["2020-01-02"] * 2)})
    assert [list(r) for r in Table.of(frame, "t").rows] == [["1,235", "2", "2020-01-02"], ["–", "3", "2020-01-02"]]
