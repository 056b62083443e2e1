import numpy as np
import pytest
import rioxarray  # noqa: F401  (gives .rio)
import xarray as xr

from eowidgets.cube.check import Finding, Report, check
from eowidgets.errors import InputError


def levels(report):
    return [f.level for f in report]


def test_a_good_cube_has_no_problems(make_cube):
    report = check(make_cube())
    assert report == []
    assert repr(report) == "No problems found."
    assert "No problems" in report._repr_html_()
    report.raise_if_bad()


def test_romania_has_its_long_first_winter(romania):
    assert repr(check(romania)) == "note: The longest gap has 200 days (2015-08-31 to 2016-03-18)."


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda c: c.drop_vars("spatial_ref"), "no CRS"),
        (lambda c: c.isel(time=[0, 0]), "more than once"),
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


def test_what_every_computation_corrects_is_a_warning(make_cube):
    cube = make_cube()
    report = check(cube.isel(time=[1, 0, 2, 3]))
    assert "warning: The dates were not in order, and were sorted." in repr(report)
    assert "error" not in levels(report)


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


def test_a_lazy_cube_that_cannot_be_read_is_never_called_good(make_cube):
    def explode(block):
        raise OSError("the tape is torn")

    cube = make_cube().chunk()
    cube["red"] = cube.red.copy(data=cube.red.data.map_blocks(explode, dtype="float32", meta=np.zeros(0, "float32")))
    text = repr(check(cube))
    assert "warning: The values could not be read (OSError: the tape is torn), so they were not checked." in text


def test_a_lazy_cube_is_checked_by_a_small_read(make_cube):
    import dask.array as da

    read = []

    def block(value):
        read.append(value.shape)
        return value

    cube = make_cube(dates=9, height=8, width=9)
    big = (900, 4096, 4096)
    raw = da.zeros(big, chunks=(1, 512, 512), dtype="float32")
    lazy = xr.Dataset(
        {
            "red": (
                ("time", "y", "x"),
                (raw + np.float32(3000)).map_blocks(block, dtype="float32", meta=np.zeros(0, "float32")),
            )
        },
        coords={
            "time": np.datetime64("2020-01-01", "ns") + np.arange(900) * np.timedelta64(1, "D"),
            "y": 5e6 - 10.0 * np.arange(4096),
            "x": 5e5 + 10.0 * np.arange(4096),
        },
    ).rio.write_crs(32635)
    text = repr(check(lazy))
    assert "256 × 256 of 4096 × 4096 pixels on 3 of 900 dates were checked" in text
    assert "error: Half of the band red is above 3000" in text
    assert 0 < len(read) <= 12  # blocks
    assert check(cube.chunk({"time": 1})) == []  # so small that the look is the whole cube


def test_a_lazy_cube_that_is_empty_where_it_was_read_says_so(make_cube):
    cube = make_cube(dates=2, height=900, width=900)
    cube["valid"] = cube["valid"] & False
    text = repr(check(cube.chunk({"time": 1})))
    assert "256 × 256 of 900 × 900" in text
    assert "Every pixel that was checked is nodata" in text


def test_blocks_that_are_too_large_are_not_read(make_cube):
    import dask.array as da

    cube = make_cube(height=1, width=1, dates=1).drop_vars(["valid", "clouds", "red", "nir"])
    cube = cube.isel(time=slice(0, 1)).reindex(y=np.arange(5000.0)[::-1], x=np.arange(5000.0))
    cube["red"] = (("time", "y", "x"), da.zeros((1, 5000, 5000), chunks=-1, dtype="float32"))
    text = repr(check(cube.rio.write_crs(32635)))
    assert "1 bands were not checked (red)" in text
    assert "No problems" not in text


# --- what a band holds ---------------------------------------------------------------------------------------------


def band(make_cube, name, values, attrs=None, **kwargs):
    cube = make_cube(dates=3, height=20, width=20, **kwargs)
    rng = np.random.default_rng(2)
    noise = rng.normal(0, 1, cube.red.shape)
    return cube.assign({name: (("time", "y", "x"), values(noise, rng), attrs or {})}).drop_vars(
        [n for n in ("red", "nir") if n != name]
    )


@pytest.mark.parametrize(
    ("name", "values", "attrs"),
    [
        ("elevation", lambda n, _: (1600 + 100 * n).astype("float32"), {"units": "m"}),
        ("dem", lambda n, _: (-3 + n).astype("float32"), {}),
        ("lst", lambda n, _: (295 + 5 * n).astype("float32"), {"units": "K"}),
        ("sst", lambda n, _: (18 + 2 * n).astype("float32"), {"units": "degC"}),
        ("vv", lambda n, _: (-12 + 2 * n).astype("float32"), {"units": "dB"}),
        ("vh", lambda n, _: (0.02 + 0.001 * n).astype("float32"), {}),
        ("NDVI", lambda n, _: (0.6 + 0.1 * n).clip(-1, 1).astype("float32"), {}),
        (
            "landcover",
            lambda _, r: r.integers(1, 90, (3, 20, 20)).astype("uint8"),
            {"flag_values": [1, 2], "flag_meanings": "a b"},
        ),
        ("picture", lambda _, r: r.random((3, 20, 20)).astype("float32"), {"quantity": "brightness"}),
        ("precipitation", lambda n, _: np.abs(3.3 * n).astype("float32"), {"units": "mm"}),
    ],
)
def test_other_quantities_have_no_problem_and_are_not_called_reflectance(make_cube, name, values, attrs):
    report = check(band(make_cube, name, values, attrs))
    assert report == [], repr(report)


@pytest.mark.parametrize(
    ("name", "values", "attrs", "level", "words"),
    [
        ("red", lambda n, _: (-0.08 + 0.01 * n).astype("float32"), {}, "error", "below 0"),
        ("red", lambda n, _: (-0.003 + 0.001 * n).astype("float32"), {}, "warning", "below 0"),
        ("red", lambda n, _: (3000 + 500 * n).astype("float32"), {}, "error", "reflectance lies between 0 and 1"),
        ("red", lambda n, _: (3000 + 500 * n).astype("int16"), {}, "error", "unscaled integers"),
        ("NDVI", lambda n, _: (6000 + 500 * n).astype("float32"), {}, "warning", "stored times 10 000"),
        ("lst", lambda n, _: (18 + n).astype("float32"), {"units": "K"}, "warning", "degrees Celsius"),
        ("sst", lambda n, _: (290 + n).astype("float32"), {"units": "degC"}, "warning", "kelvin"),
        ("elevation", lambda n, _: (20000 + n).astype("float32"), {}, "warning", "elevation"),
        ("counts", lambda n, _: (3000 + 500 * n).astype("int32"), {}, "warning", "whole numbers"),
        ("layer1", lambda n, _: (0.2 + 0.01 * n).astype("float32"), {}, "warning", "layer1 identifies no band"),
        ("band_2", lambda n, _: (0.2 + 0.01 * n).astype("float32"), {}, "warning", "identifies no band"),
        ("water", lambda n, _: (n > 0).astype("float32"), {}, "warning", "looks like a mask"),
        ("red", lambda n, _: np.full_like(n, np.nan, "float32"), {}, "warning", "holds no value"),
        (
            "red",
            lambda n, _: np.where(n > 1.5, -9999, 0.2 + 0.01 * n).astype("float32"),
            {},
            "warning",
            "exactly -9999",
        ),
        (
            "lst",
            lambda n, _: np.where(n > 1.5, -32768, 290 + n).astype("float32"),
            {"units": "K"},
            "warning",
            "exactly -32768",
        ),
        (
            "red",
            lambda n, _: np.where(n > 1.5, 6.5535, 0.2 + 0.01 * n).astype("float32"),
            {},
            "warning",
            "exactly 6.5535",
        ),
        ("height", lambda n, _: np.where(n > 1.5, 65535, 300 + n).astype("int32"), {}, "warning", "exactly 65535"),
    ],
)
def test_both_ends_of_a_quantity_and_undeclared_nodata(make_cube, name, values, attrs, level, words):
    report = check(band(make_cube, name, values, attrs))
    found = [f for f in report if words in str(f)]
    assert [f.level for f in found] == [level], repr(report)
    if name not in ("red", "NDVI"):
        assert "reflectance" not in repr(report)


def test_saturated_or_repeated_values_are_not_nodata(make_cube):
    bright = band(make_cube, "red", lambda n, _: (0.5 + 0.4 * n).clip(0, 1).astype("float32"))
    steps = band(make_cube, "elevation", lambda n, _: np.round(5 * n).clip(0, 9).astype("float32"))
    assert check(bright) == []
    assert check(steps) == []


def test_missing_masks_and_half_empty_dates(make_cube):
    cube = make_cube(dates=4, height=20, width=20)
    assert "no cloud mask and no quality band" in repr(check(cube.drop_vars("clouds")))
    assert "no quality band: every pixel counts as clear" in repr(check(cube.assign(clouds=cube.clouds & False)))
    half = cube.copy(deep=True)
    half["valid"][1, :15] = False
    assert "note: 1 dates are less than half filled (2020-01-14)" in repr(check(half))
    elevation = band(make_cube, "elevation", lambda n, _: (500 + n).astype("float32")).drop_vars("clouds")
    assert check(elevation) == []  # no clouds where nothing is optical


def test_a_cube_of_one_pixel_is_told_what_it_lacks(make_cube):
    cube = make_cube().drop_vars("spatial_ref").rio.write_crs(32635).isel(x=[0], y=[0])
    report = check(cube)
    assert report[0].level == "error"
    assert "one pixel and no transform" in str(report[0])
    assert "CRS" not in str(report[0])
    assert levels(check(make_cube().isel(x=[0]))) == []


def test_html_is_escaped():
    html = Report([Finding("note", "<b>", "<i>")])._repr_html_()
    assert "<b>&lt;" not in html.replace("<b>note</b>", "")
    assert "&lt;b&gt;" in html
