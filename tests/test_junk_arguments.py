"""Junk for every parameter of every public callable: success or one sentence, and nothing else.

What is public is found by introspection: the names of the package, the methods of ``cube.eow``, and the constructors,
methods and traits of classes among them. A new function is covered without being listed here.
"""

from __future__ import annotations

import datetime as dt
import inspect
import random
import socket
import threading
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import rioxarray  # noqa: F401  (gives .rio)
import torch
import traitlets
import xarray as xr

import eowidgets as eow
from eowidgets.contract.registry import _registered, model_classes
from eowidgets.cube.accessor import CubeAccessor

#: Junk that each parameter gets, of all that there is.
TRIES = 3
#: Seconds that a call may take.
LIMIT = 60
#: Characters of a message, and of one value quoted in it.
LONGEST, QUOTED = 400, 80


class NoRepr:
    def __repr__(self) -> str:
        raise ValueError("no repr")


def _nested(depth: int) -> list[Any]:
    found: list[Any] = []
    for _ in range(depth):
        found = [found]
    return found


def _cube(dates: int = 8) -> xr.Dataset:
    rng = np.random.default_rng(0)
    shape = (dates, 6, 7)
    bands = {
        b: (("time", "y", "x"), rng.uniform(0.02, 0.6, shape).astype("float32"))
        for b in ("blue", "green", "red", "nir")
    }
    coords = {
        "time": pd.date_range("2019-01-03", periods=dates, freq="45D").astype("datetime64[ns]"),
        "y": 5_000_000 - 10.0 * (np.arange(6) + 0.5),
        "x": 500_000 + 10.0 * (np.arange(7) + 0.5),
    }
    clouds = {"clouds": (("time", "y", "x"), rng.random(shape) < 0.1)}
    return xr.Dataset(bands | clouds, coords=coords, attrs={"title": "junk"}).rio.write_crs("EPSG:32635")


def _item() -> dict[str, Any]:
    """Return a STAC item whose file does not exist."""
    ring = [[27, 45], [28, 45], [28, 46], [27, 46], [27, 45]]
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": "S2A",
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": {"datetime": "2019-06-30T09:30:00Z", "eo:cloud_cover": 10, "platform": "sentinel-2a"},
        "assets": {"B04": {"href": "absent.tif", "type": "image/tiff"}},
        "links": [],
    }


def _figure() -> Any:
    """Return a figure; where the extra is missing, what leads to the error that says so."""
    try:
        from bokeh.plotting import figure
    except ImportError:
        return None
    made = figure()
    made.line([1, 2], [1, 2])
    return made


JUNK: tuple[Callable[[], Any], ...] = (
    lambda: None,
    lambda: 0,
    lambda: -1,
    lambda: True,
    lambda: float("nan"),
    lambda: float("-inf"),
    lambda: 1e308,
    lambda: 10**30,
    lambda: 1j,
    lambda: "",
    lambda: "  ",
    lambda: "two\nlines\tand\x00more\u202e😀",
    lambda: "up/../../etc/passwd",
    lambda: "a" * 100_000,
    lambda: "b" * 300 + ".tif",
    lambda: "<b>{0} %s",
    lambda: "2019-13-45/",
    lambda: b"x",
    lambda: [],
    lambda: {},
    lambda: {1},
    lambda: [None],
    lambda: [float("nan")] * 4,
    lambda: ["2019-01-01", "x", 3],
    lambda: (1e9, 1e9, 2e9, 2e9),
    lambda: {"type": "Polygon", "coordinates": [[[0, 0], ["x"]]]},
    lambda: {"date": 3},
    lambda: [{"lon": "x", "lat": None}],
    lambda: _nested(3),
    lambda: _nested(20_000),
    lambda: object(),
    NoRepr,
    lambda: NoRepr,
    lambda: Path("no/such/file.tif"),
    lambda: Path("nul\0byte"),
    lambda: len,
    lambda: lambda: 1 / 0,
    lambda: (i for i in range(3)),
    lambda: range(10**9),
    lambda: ...,
    lambda: Decimal("1e400"),
    lambda: dt.datetime(1, 1, 1),
    lambda: dt.date(9999, 12, 31),
    lambda: dt.timedelta(days=1),
    lambda: np.datetime64("NaT"),
    lambda: np.timedelta64(3, "D"),
    lambda: pd.Timestamp("2019-07-06", tz="UTC"),
    lambda: np.zeros(3),
    lambda: np.array("text"),
    lambda: np.array([object()]),
    lambda: np.float32("inf"),
    lambda: torch.zeros(2),
    lambda: pd.DataFrame({"a": [1]}),
    lambda: xr.Dataset(),
    lambda: xr.DataArray(np.zeros((2, 2)), dims=("y", "x")),
    lambda: eow.Task.SEGMENT,
    lambda: eow.ClassInfo,
)

#: Values that work, for the parameters that have no default, by name.
GOOD: dict[str, Callable[[], Any]] = {
    "cube": _cube,
    "source": _cube,
    "catalogue": _item,
    "data": _cube,
    "model": lambda: "fill-linear",
    "question": lambda: "How many images are there?",
    "from_date": lambda: "2019-09-01",
    "sample": lambda: eow.sample((_cube()["red"].isel(time=0) > 0.3).rename("bright"), 12),
    "samples": lambda: eow.sample((_cube()["red"].isel(time=0) > 0.3).rename("bright"), 12),
    "network": lambda: torch.nn.Conv2d(2, 1, 1),
    "bands": lambda: ("red", "nir"),
    "outputs": lambda: eow.Value("made", dims="tyx"),
    "truth": lambda: xr.DataArray(
        np.arange(64).reshape(8, 8) % 2, dims=("y", "x"), attrs={"flag_values": [0, 1], "flag_meanings": "forest water"}
    ),
    "map": lambda: eow.AreaMap(),
    "area": lambda: (27.0, 45.15, 27.0005, 45.1505),
    "name": lambda: "NDVI",
    "lon": lambda: 27.0003,
    "lat": lambda: 45.1533,
    "path": lambda: "made.tif",
    "geometry": lambda: eow.Area.of((27.0, 45.15, 27.1, 45.2)).geometry,
    "result": lambda: eow.run("fill-linear", _cube()),
    "title": lambda: "A model",
    "value": lambda: 1,
    "color": lambda: "#ff0000",
    "help": lambda: "Help",
    "default": lambda: 1,
    "text": lambda: "Yes.",
    "work": lambda: lambda job: _cube(),
    "notes": lambda: {"call": "run"},
    "found": _cube,
    "figure": _figure,
    "item": lambda: np.zeros(1),
    "polygons": lambda: [eow.Area.of((27.0, 45.15, 27.0005, 45.1505), name="NDVI")],
    "table": lambda: pd.DataFrame({"date": ["2019-01-03"], "lon": [27.0003], "lat": [45.1533], "value": [0.5]}),
    "date": lambda: "2019-01-03",
    "station": lambda: "45.1533° N, 27.0003° E",
    "names": lambda: ["NDVI"],
}


@dataclass(frozen=True)
class Target:
    """Something that takes junk."""

    name: str
    call: Callable[..., Any]
    parameters: tuple[inspect.Parameter, ...]


def _signature(call: Callable[..., Any]) -> tuple[inspect.Parameter, ...]:
    parameters = tuple(inspect.signature(call).parameters.values())
    return parameters[1:] if parameters and parameters[0].name in ("self", "cls") else parameters


def _ours(thing: Any) -> bool:
    return str(getattr(thing, "__module__", "")).startswith("eowidgets")


def targets(name: str) -> Iterator[Target]:
    """Find what takes arguments under a public name."""
    thing = CubeAccessor if name == "cube.eow" else getattr(eow, name)
    if not isinstance(thing, type):
        if callable(thing):
            call = type(thing).__call__ if inspect.ismodule(thing) else thing
            yield Target(name, thing, _signature(call))
        return
    if issubclass(thing, Exception) or inspect.isabstract(thing):  # an abstract class is for authors of models
        return
    if issubclass(thing, Enum):
        yield Target(name, thing, (inspect.Parameter("value", inspect.Parameter.POSITIONAL_OR_KEYWORD),))
        return
    if thing is not CubeAccessor:
        yield Target(name, thing, _signature(thing.__init__))
    yield from _methods(name, thing)
    if issubclass(thing, traitlets.HasTraits):
        for trait, kind in thing.class_traits().items():
            if _ours(kind.this_class) and not trait.startswith("_"):
                parameter = inspect.Parameter("value", inspect.Parameter.POSITIONAL_OR_KEYWORD)
                yield Target(f"{name}.{trait}=", _setter(name, trait), (parameter,))


def _methods(name: str, thing: type) -> Iterator[Target]:
    for method, member in inspect.getmembers(thing, callable):
        if method.startswith("_") or not _ours(member) or isinstance(member, type) or _finished(name, method):
            continue
        parameters = _signature(member)
        if parameters:
            on_class = inspect.ismethod(member)  # a classmethod
            yield Target(f"{name}.{method}", member if on_class else _method(name, method), parameters)
    for attribute, member in inspect.getmembers(thing, lambda m: isinstance(m, property) and m.fset is not None):
        if not attribute.startswith("_") and _ours(member.fset):
            parameter = inspect.Parameter("value", inspect.Parameter.POSITIONAL_OR_KEYWORD)
            yield Target(f"{name}.{attribute}=", _setter(name, attribute), (parameter,))


def _finished(name: str, method: str) -> bool:
    """Whether a method is for the engine and the browser, not for people."""
    return (name, method) in {("Job", "show"), ("Job", "execute"), *((n, "set_state") for n in eow.__all__)}


def _method(name: str, method: str) -> Callable[..., Any]:
    return lambda **given: getattr(_instance(name), method)(**given)


def _setter(name: str, attribute: str) -> Callable[..., Any]:
    return lambda value: setattr(_instance(name), attribute, value)


@cache
def _instance(name: str) -> Any:
    """Return an object of a public class, made with the arguments that work."""
    if name == "cube.eow":
        return _cube().eow
    if name == "Job":
        job = eow.submit("fill-linear", _cube())
        job.result(LIMIT)
        return job
    if name == "Parcels":
        return eow.parcels(_cube(), GOOD["polygons"]())
    if name == "StationComparison":
        return eow.stations(_cube(), GOOD["table"](), tolerance=60)
    thing = getattr(eow, name)
    return thing(**_good(_signature(thing.__init__)))


def _good(parameters: tuple[inspect.Parameter, ...], besides: str = "") -> dict[str, Any]:
    needed = (p for p in parameters if p.default is p.empty and p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY))
    return {p.name: GOOD[p.name]() for p in needed if p.name != besides and p.name in GOOD}


def outcome(call: Callable[[], Any]) -> BaseException | None:
    """Call, wait for what goes on in the background, and put it away; return what was raised."""
    raised: list[BaseException] = []

    def work() -> None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                made = call()
                if isinstance(made, Future) or (isinstance(made, eow.Job) and made.windows[1]):
                    made.result(LIMIT)
                if hasattr(made, "close") and hasattr(made, "comm"):
                    made.close()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(LIMIT)
    if thread.is_alive():
        return RuntimeError(f"still busy after {LIMIT} s")
    return raised[0] if raised else None


def wrong(error: BaseException | None) -> str:
    """Return what is wrong with an outcome; empty where nothing is."""
    if error is None:
        return ""
    message = str(error)
    if not isinstance(error, eow.EowidgetsError | traitlets.TraitError):
        return f"raw {type(error).__name__}: {message[:200]}"
    if len(message) > LONGEST or "\n" in message or not message.strip():
        return f"{len(message)} characters, {message.count(chr(10)) + 1} lines: {message[:200]}"
    if any(letter * (QUOTED + 1) in message for letter in "ab"):
        return f"quotes too much: {message[:200]}"
    if any(ord(c) < 32 or c == "\u202e" for c in message):
        return f"control characters: {message[:200]!r}"
    return ""


@pytest.fixture
def _confined(tmp_path, monkeypatch):
    """Confine writing to a folder deep in ``tmp_path``, and cut the network."""
    here = tmp_path / "a" / "b" / "c" / "d"
    here.mkdir(parents=True)
    monkeypatch.chdir(here)
    monkeypatch.setenv("EOWIDGETS_OFFLINE", "1")

    def refuse(_: socket.socket, address: Any) -> None:
        if isinstance(address, tuple):
            raise AssertionError(f"connects to {address}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    model_classes()  # registers the families
    known = dict(_registered)
    yield
    _registered.clear()
    _registered.update(known)


@pytest.mark.parametrize("name", [*sorted(eow.__all__), "cube.eow"])
@pytest.mark.usefixtures("_confined")
def test_junk_is_refused_in_one_sentence(name):
    rng = random.Random(name)
    bad: list[str] = []
    for target in targets(name):
        for parameter in target.parameters:
            for number in rng.sample(range(len(JUNK)), TRIES):
                junk = JUNK[number]()
                good = _good(target.parameters, besides=parameter.name)
                given = (junk,) if parameter.kind is parameter.VAR_POSITIONAL else ()
                named = {"nonsense" if parameter.kind is parameter.VAR_KEYWORD else parameter.name: junk}
                found = wrong(outcome(lambda t=target, g=given, n=named, o=good: t.call(*g, **o, **({} if g else n))))
                if found:
                    bad.append(f"{target.name}({parameter.name}=JUNK[{number}]): {found}")
    assert not bad, "\n".join(bad)
    _instance.cache_clear()


def test_introspection_finds_functions_methods_and_traits():
    found = {t.name for name in (*eow.__all__, "cube.eow") for t in targets(name)}
    expected = {"run", "open", "models", "Area.of", "cube.eow.clip", "TimeViewer", "TimeViewer.gamma=", "AskPanel.ask"}
    assert expected <= found


@pytest.mark.parametrize(
    ("error", "is_wrong"),
    [
        (None, False),
        (eow.EowidgetsError("One sentence."), False),
        (traitlets.TraitError("One sentence."), False),
        (ValueError("One sentence."), True),
        (SystemExit(3), True),
        (eow.EowidgetsError("x" * 500), True),
        (eow.EowidgetsError("two\nlines"), True),
        (eow.EowidgetsError("b" * 100), True),
        (eow.EowidgetsError(""), True),
    ],
)
def test_the_judge_of_outcomes(error, is_wrong):
    assert bool(wrong(error)) is is_wrong


def test_a_call_that_raises_or_exits_is_reported():
    assert outcome(lambda: 1) is None
    assert isinstance(outcome(lambda: 1 / 0), ZeroDivisionError)
