"""The rules of arguments hold for every public callable; exceptions are listed here, each with its reason."""

from __future__ import annotations

import inspect
import re
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
import rioxarray  # noqa: F401  (gives .rio)
import xarray as xr
from shapely.geometry import box, mapping

import eowidgets as eow
from eowidgets.annotations import hints
from eowidgets.arguments import first_and_last
from eowidgets.cube.accessor import CubeAccessor
from eowidgets.cube.area import Area
from eowidgets.errors import InputError
from eowidgets.rules import Unfit, rule

#: Arguments that are keywords everywhere, and their default where there is one.
KEYWORDS = {
    "area": None,
    "dates": None,
    "memory": "2GB",
    "device": "auto",
    "client": None,
    "out": None,
    "progress": None,
}
#: (callable, argument) -> why the rule does not hold.
EXCEPTIONS = {
    ("clip", "area"): "the area is the object of the method",
    ("series", "area"): "the area is the object of the method",
    ("FindPanel.choose", "dates"): "a list of days that are ticked, and no period",
    ("kit", "out"): "the path is the object of the function",
    ("Model.to", "device"): "the device is the object of the method",
    ("Model.out_dates", "dates"): "the dates of the input, and no period",
}
#: Functions on a cube whose first argument is another one.
MODEL_FIRST = {"run", "submit", "estimate"}
#: What `area` takes.
SQUARE = (22.147, 45.204, 22.149, 45.206)
AREAS: dict[str, Any] = {
    "bounding box": SQUARE,
    "point": (22.148, 45.205),
    "GeoJSON": mapping(box(*SQUARE)),
    "feature": {"type": "Feature", "properties": {}, "geometry": mapping(box(*SQUARE))},
    "shapely": box(*SQUARE),
    "Area": Area.of(SQUARE),
}


def _plain(member: Any) -> Any:
    return member.__func__ if isinstance(member, classmethod | staticmethod) else member


def public() -> Iterator[tuple[str, Any, bool]]:
    """Yield name, function, and whether its first argument is the object or the class."""
    for name in sorted(eow.__all__):
        thing = getattr(eow, name)
        if not inspect.isclass(thing):
            if callable(thing) and inspect.isfunction(thing):
                yield name, thing, False
            continue
        if inspect.isfunction(thing.__init__) and thing.__init__.__module__.startswith("eowidgets"):
            yield name, thing.__init__, True
        for own in thing.__mro__:
            if own.__module__.startswith("eowidgets"):
                for method, member in vars(own).items():
                    if not method.startswith("_") and inspect.isfunction(_plain(member)):
                        yield f"{name}.{method}", _plain(member), True
    for method, member in vars(CubeAccessor).items():
        if not method.startswith("_") and inspect.isfunction(member):
            yield method, member, True


CALLABLES = list(public())
ARGUMENTS = [
    (name, function, parameter)
    for name, function, _ in CALLABLES
    for parameter in inspect.signature(function).parameters.values()
    if not re.match(r"int\b|Count\b", str(parameter.annotation))  # a number of dates is no period
]


def _with(argument: str) -> list[Any]:
    found = {
        name: function for name, function, p in ARGUMENTS if p.name == argument and (name, argument) not in EXCEPTIONS
    }
    return [pytest.param(function, id=name) for name, function in sorted(found.items())]


def test_arguments_of_a_call_are_keywords_with_one_default():
    wrong = [
        f"{name}({p.name})"
        for name, _, p in ARGUMENTS
        if p.name in KEYWORDS
        and (name, p.name) not in EXCEPTIONS
        and (p.kind is not p.KEYWORD_ONLY or p.default != KEYWORDS[p.name])
    ]
    assert not wrong


def test_every_exception_is_one():
    there = {(name, p.name): p for name, _, p in ARGUMENTS}
    for named in EXCEPTIONS:
        assert named not in there or there[named].kind is not inspect.Parameter.KEYWORD_ONLY


@pytest.mark.parametrize("function", _with("area"))
def test_area_takes_the_same_kinds_everywhere(function):
    import geopandas as gpd

    one = rule(hints(function)["area"])
    for value in (*AREAS.values(), gpd.GeoDataFrame(geometry=[box(*SQUARE)], crs="EPSG:4326")):
        assert one.take(value) is not None
    with pytest.raises(Unfit):
        one.take(3)


@pytest.mark.parametrize("function", _with("dates"))
def test_dates_are_a_pair_or_a_text_everywhere(function):
    one = rule(hints(function)["dates"])
    assert one.take("2019-01/2019-06") == "2019-01/2019-06"
    assert tuple(one.take(("2019-01-01", np.datetime64("2019-06-30")))) == ("2019-01-01", np.datetime64("2019-06-30"))
    with pytest.raises(Unfit):
        one.take(2019)


@pytest.mark.parametrize("function", _with("seed"))
def test_a_seed_is_a_whole_number_and_0_by_default(function):
    assert inspect.signature(function).parameters["seed"].default == 0
    with pytest.raises(Unfit):
        rule(hints(function)["seed"]).take(-1)


def test_what_runs_a_model_states_device_and_memory():
    for name, function, _ in CALLABLES:
        names = set(inspect.signature(function).parameters)
        if "device" in names and name != "Model.to":
            assert "memory" in names, name
    runs = ("run", "submit", "estimate", "embed", "fill", "change", "phenology", "trend", "anomalies", "recovery")
    for name in (*runs, "step_or_line", "parcels", "stations"):
        assert "memory" in inspect.signature(getattr(eow, name)).parameters


def test_the_cube_comes_first():
    for name in eow.__all__:
        function = getattr(eow, name)
        names = list(inspect.signature(function).parameters) if inspect.isfunction(function) else []
        if "cube" in names and name not in {"report", "rerun"}:
            assert names.index("cube") == (name in MODEL_FIRST), name


@pytest.fixture(scope="module")
def cube() -> xr.Dataset:
    rng = np.random.default_rng(0)
    days = pd.date_range("2017-01-03", periods=60, freq="25D").astype("datetime64[ns]")
    season = 0.3 + 0.2 * np.sin(2 * np.pi * days.day_of_year.to_numpy() / 365.25)[:, None, None]
    noise = rng.normal(0, 0.01, (2, 60, 6, 7))
    bands = {"red": 0.1 + 0 * season + noise[0], "nir": season + noise[1]}
    data = {b: (("time", "y", "x"), v.astype("float32")) for b, v in bands.items()}
    corners = {"y": 5_000_000 - 10.0 * (np.arange(6) + 0.5), "x": 500_000 + 10.0 * (np.arange(7) + 0.5)}
    return xr.Dataset(data, coords={"time": days} | corners).rio.write_crs("EPSG:32635")


def test_a_point_is_the_pixel_that_holds_it(cube):
    from eowidgets.cube.grid import geobox
    from eowidgets.cube.series import at

    lon, lat = Area.of((500_034.0, 4_999_978.0), crs="EPSG:32635").geometry.centroid.coords[0]
    mask = Area.of((lon, lat)).mask(geobox(cube))
    assert np.argwhere(mask).tolist() == [[2, 3]]
    found = eow.run("fill-linear", cube, area=(lon, lat))
    assert float(found.red[0].squeeze()) == pytest.approx(float(at(cube, lon, lat).red[0]), abs=1e-6)


@pytest.mark.parametrize("wrong", [("x", 1), (float("nan"), 1.0), (1.0, 95.0)])
def test_what_is_no_point_is_one_sentence(wrong):
    with pytest.raises(InputError):
        Area.of(wrong)


@pytest.mark.parametrize("period", ["2018-03/2020-06", ("2018-03", "2020-06"), ("2018-03-01", "2020-06-30")])
def test_a_period_means_the_same_in_every_form(cube, period):
    first, last = first_and_last(period)
    assert (first[:7], last[:7]) == ("2018-03", "2020-06")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        assert eow.phenology(cube, dates=period).sizes == eow.phenology(cube, dates="2018-03/2020-06").sizes
        change = eow.change(cube, dates=period, memory="1GB")
    assert change.attrs["change_dates"][1] == str(cube.sel(time=slice(None, "2020-06")).time.values[-1])[:10] or (
        change.attrs["change_dates"][1] == "2020-06-30"
    )


@pytest.mark.parametrize("dates", ["2018/2019/2020", "spring/2019", ("2018",), "2018", ""])
def test_what_is_no_period_is_one_sentence(cube, dates):
    with pytest.raises(InputError):
        first_and_last(dates)
    for call in (lambda: eow.change(cube, dates=dates), lambda: eow.phenology(cube, dates=dates)):
        with pytest.raises(InputError):
            call()


@pytest.mark.parametrize("name", ["ndvi", "NDVI", "Ndvi"])
def test_names_of_indices_are_taken_in_upper_and_lower_case(cube, name):
    place = Area.of((500_034.0, 4_999_978.0), crs="EPSG:32635").geometry.centroid.coords[0]
    assert cube.eow.index(name).name == "ndvi"
    assert "ndvi" in eow.forecast(cube, name, area=place, days=30, model="climatology")
    assert eow.trend(cube, name).attrs["provenance"]
    parcels = eow.parcels(cube, [Area.of((500_000.0, 4_999_940.0, 500_070.0, 5_000_000.0), crs="EPSG:32635")], name)
    assert parcels.indices == ("NDVI",)
    table = pd.DataFrame({"time": ["2018-03-01"], "lon": [place[0]], "lat": [place[1]], "value": [0.5]})
    assert eow.stations(cube, table, name, tolerance="40D").index == "NDVI"
    assert eow.PixelChart(cube, name).title == "Normalized Difference Vegetation Index"
    assert eow.TimeViewer(cube, index=name).index == "NDVI"
