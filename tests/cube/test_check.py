import numpy as np
import pytest

from eowidgets.cube.check import Finding, Report, check
from eowidgets.errors import InputError


def levels(report):
    return [f.level for f in report]


def test_a_good_cube_has_nothing_to_complain_about(make_cube):
    report = check(make_cube())
    assert report == []
    assert repr(report) == "Nothing to complain about."
    assert "Nothing" in report._repr_html_()
    report.raise_if_bad()


def test_romania_has_its_long_first_winter(romania):
    assert repr(check(romania)) == "note: The longest gap has 200 days (2015-08-31 to 2016-03-18)."


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda c: c.drop_vars("spatial_ref"), "no CRS"),
        (lambda c: c.isel(time=[1, 0]), "not in order"),
        (lambda c: c.isel(time=[0, 0]), "occur twice"),
        (lambda c: c.isel(x=slice(0, 0)), "empty along x"),
        (lambda c: c.isel(x=[0, 1, 7]), "not evenly spaced"),
        (lambda c: c.drop_vars(["red", "nir"]), "no band"),
        (lambda c: c.isel(time=0), "dimension time is missing"),
        (lambda c: c.assign(red=c.red * 10_000), "reflectance lies between 0 and 1"),
        (lambda c: c.assign(valid=c.valid & False), "Every pixel of every date is nodata"),
    ],
)
def test_errors(make_cube, spoil, words):
    report = check(spoil(make_cube()))
    assert "error" in levels(report)
    assert words in repr(report)
    with pytest.raises(InputError, match=words):
        report.raise_if_bad()


def test_warnings_and_notes(make_cube):
    cube = make_cube(dates=6, clouds=0)
    cube["valid"][2] = False
    cube["red"][0, 0, 0] = np.inf
    text = repr(check(cube))
    assert "1 dates hold no data (2020-01-25)" in text
    assert "infinite" in text
    assert "No pixel is marked as cloud" in text
    assert "one date only" in repr(check(make_cube(dates=1)))
    assert "Only 5 %" in repr(check(make_cube(clouds=0.95, seed=3, height=40, width=40)))


def test_lazy_cubes_are_not_read(make_cube):
    def explode(block):
        raise AssertionError("read")

    cube = make_cube().chunk()
    cube["red"] = cube.red.copy(data=cube.red.data.map_blocks(explode, dtype="float32", meta=np.zeros(0, "float32")))
    assert check(cube) == []


def test_html_is_escaped():
    html = Report([Finding("note", "<b>", "<i>")])._repr_html_()
    assert "<b>&lt;" not in html.replace("<b>note</b>", "")
    assert "&lt;b&gt;" in html
