"""The check of arguments against annotations: types, choices, bounds, wording."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
import pytest
import xarray as xr
from annotated_types import Ge, Interval, Len, MultipleOf, Predicate

from eowidgets.arguments import DateLike, FilePath, checked
from eowidgets.errors import InputError, shown
from eowidgets.rules import Unfit, rule

if TYPE_CHECKING:
    from no_such_library.parts import Part

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("annotation", "good", "expected"),
    [
        (int, np.int16(3), 3),
        (int, 3.0, 3),
        (int, np.array(3), 3),
        (float, 3, 3),
        (float, np.float32(0.5), 0.5),
        (float, Decimal("0.5"), 0.5),
        (float, xr.DataArray(0.5), 0.5),
        (bool, np.True_, True),
        (str, np.str_("red"), "red"),
        (Literal["a", 2], 2, 2),
        (Path, Path("x"), Path("x")),
        (int | None, None, None),
        (tuple[int, ...], [1, np.int8(2)], (1, 2)),
        (tuple[float, float], [1, 2], (1, 2)),
        (Sequence[str], ("a", "b"), ("a", "b")),
        (Sequence[float], np.array([1.0, 2.0]), [1.0, 2.0]),
        (Iterable[int], iter([1, 2]), [1, 2]),
        (Mapping[str, int], {"a": 1}, {"a": 1}),
        (type[Exception], ValueError, ValueError),
        (Callable[[int], int], abs, abs),
        (Any, ..., ...),
        (Annotated[int, Interval(ge=0, lt=3)], 2, 2),
        (Annotated[int | None, Ge(1)], None, None),
        (DateLike, dt.datetime(2019, 7, 6, 12), dt.datetime(2019, 7, 6, 12)),
    ],
)
def test_a_value_that_fits_comes_back_as_declared(annotation, good, expected):
    found = rule(annotation).take(good)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("annotation", "bad"),
    [
        (int, [True, np.True_, 1.5, "3", NAN, INF, 1j, None, 10**400, 2**63, np.datetime64("2020", "ns"), np.zeros(1)]),
        (float, [True, "0.5", NAN, -INF, Decimal("NaN"), 10**400, 1j, np.timedelta64(1, "s"), xr.DataArray([1.0])]),
        (bool, [0, 1, "no", None, np.zeros(2, bool)]),
        (str, [b"red", 1, None, Path("x")]),
        (Path, ["x", b"x", None]),
        (Literal["a", 2], ["b", 2.5, True, np.zeros(3), None, ["a"]]),
        (int | str, [1.5, None, b"x"]),
        (Sequence[str], ["red", {"a": 1}, {"a"}, [1], iter(["a"]), np.array([["a"]]), None, b"ab"]),
        (Iterable[str], ["red", [1], 3, count()]),
        (tuple[float, float], [(1,), (1, 2, 3), "ab", (1, "2")]),
        (Mapping[str, int], [[("a", 1)], {1: 1}, {"a": "b"}, None]),
        (type[Exception], [int, ValueError(), "ValueError"]),
        (Callable[[int], int], [3, "abs", None]),
        (xr.Dataset, [xr.DataArray(1.0), None, "cube"]),
        (Annotated[int, Interval(ge=0, lt=3)], [-1, 3]),
        (Annotated[float, MultipleOf(0.5)], [0.3]),
        (Annotated[str, Len(1, 3)], ["", "abcd"]),
        (Annotated[str, Predicate(str.isdigit)], ["a"]),
        (DateLike, ["2019-13-01", "x", np.datetime64("NaT"), "", 2019, dt.time(1)]),
        (FilePath, ["", "  ", "a\0b", "a" * 5000, Path("a\0b"), b"a", 3]),
    ],
)
def test_a_value_that_does_not_fit_is_refused(annotation, bad):
    for value in bad:
        with pytest.raises(Unfit):
            rule(annotation).take(value)


@pytest.mark.parametrize(
    ("annotation", "wants"),
    [
        (int | None, "a whole number or None"),
        (Annotated[int, Ge(1)], "a whole number of at least 1"),
        (Annotated[float, Interval(ge=0, le=1)], "a number from 0 to 1"),
        (Annotated[float, Interval(gt=0, lt=1)], "a number above 0 and below 1"),
        (Literal["auto", "fp32", "bf16"], "'auto', 'fp32' or 'bf16'"),
        (Sequence[str], "a sequence, each of it a text"),
        (tuple[float, float], "2 values, each a number"),
        (xr.DataArray, "an xarray DataArray"),
        (FilePath, "the path of a file"),
    ],
)
def test_what_is_wanted_follows_from_the_annotation(annotation, wants):
    assert rule(annotation).wants == wants


@checked
def paint(cube: str, /, bands: Sequence[str] = (), *, gamma: Annotated[float, Ge(0)] = 1.0, **style: int) -> Any:
    return cube, bands, gamma, style


@checked
class Brush:
    def __init__(self, width: int = 1) -> None:
        self.width = width

    def draw(self, length: Annotated[int, Ge(1)]) -> int:
        return self.width * length

    @classmethod
    def of(cls, width: int) -> Brush:
        return cls(width)

    @staticmethod
    def named(name: str) -> str:
        return name

    def takes(self, part: Part | None = None, other: int = 0) -> int:
        return other

    def _free(self, anything: int) -> Any:
        return anything


@checked
@dataclass(frozen=True, slots=True)
class Spot:
    place: tuple[int, int]
    name: str = "spot"


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: paint(3), "cube of paint is 3: give a text."),
        (lambda: paint("a", "red"), "bands of paint is 'red': give a sequence, each of it a text."),
        (lambda: paint("a", gamma=NAN), "gamma of paint is nan: give a number of at least 0."),
        (lambda: paint("a", width="x"), "width of paint is 'x': give a whole number."),
        (lambda: paint(), "paint needs the argument 'cube': add it."),
        (lambda: paint("a", (), 3), "paint takes 2 arguments by position, not 3: name the others."),
        (lambda: Brush(widht=2), "There is no argument of Brush named 'widht'. Did you mean 'width'?"),
        (lambda: Brush("2"), "width of Brush is '2': give a whole number."),
        (lambda: Brush().draw(0), "length of Brush.draw is 0: give a whole number of at least 1."),
        (
            lambda: Brush().draw(1, length=1),
            "length of Brush.draw is given twice, by position and by name: give it once.",
        ),
        (lambda: Brush().draw(), "Brush.draw needs the argument 'length': add it."),
        (lambda: Brush.of(None), "width of Brush.of is None: give a whole number."),
        (lambda: Brush.named(b"x"), "name of Brush.named is b'x': give a text."),
        (lambda: Brush().takes("x"), "part of Brush.takes is 'x': give a Part or None."),
        (lambda: Spot((1, "2")), "place of Spot is (1, '2'): give 2 values, each a whole number."),
    ],
)
def test_a_bad_call_is_one_sentence(call, sentence):
    with pytest.raises(InputError) as caught:
        call()
    assert str(caught.value) == sentence


def test_a_good_call_gets_what_the_annotations_state():
    assert paint("a", ["red"], gamma=np.float64(2), width=np.int64(3)) == ("a", ["red"], 2.0, {"width": 3})
    assert Brush.of(2).draw(np.int8(3)) == 6
    assert Brush()._free("not checked") == "not checked"
    assert Brush().takes(other=2) == 2  # the library of Part is not there, and is not needed
    assert Spot([1, 2]).place == (1, 2)


class Broken:
    def __repr__(self) -> str:
        raise ValueError("no repr")


def nested(depth: int) -> list[Any]:
    found: list[Any] = []
    for _ in range(depth):
        found = [found]
    return found


@pytest.mark.parametrize(
    "make",
    [
        Broken,
        object,
        lambda: [Broken()],
        lambda: nested(100_000),
        lambda: "a" * 100_000,
        lambda: b"x" * 1000,
        lambda: np.zeros((300, 300)),
        lambda: 10**10_000,
        lambda: {1: "x" * 500},
    ],
)
def test_a_quote_is_one_short_line(make):
    text = shown(make())
    assert 0 < len(text) <= 80
    assert " at 0x" not in text


def test_control_characters_are_escaped_in_a_quote():
    class Odd:
        def __repr__(self) -> str:
            return "a\x00b\u202ec"

    assert shown(Odd()) == "a\\x00b\\u202ec"
    assert shown("a\nb\u202e") == "'a\\nb\\u202e'"
