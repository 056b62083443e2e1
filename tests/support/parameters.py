"""A ``Params`` dataclass with a field of every kind, and valid values for each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum, IntEnum, StrEnum
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from annotated_types import Interval
from hypothesis import strategies as st

from eowidgets.contract.params import param


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Mode(StrEnum):
    FAST = "fast"
    SLOW = "slow"


class Mix(Enum):
    """Its values are not plain, so a member is stored by its name."""

    TRUE = ("red", "green", "blue")
    FALSE = ("nir", "red", "green")


@dataclass(frozen=True)
class Params:
    flag: bool = param(True, help="A flag.")
    count: int = param(3, help="A number.", low=1, high=9, unit="px")
    share: float = param(0, help="Its default is a whole number.", low=0, high=1)
    words: str = param("a", help="A text.")
    listed: str = param("a", help="A choice.", choices=("a", "b"))
    literal: Literal["a", 2, None] = param("a", help="A choice that may be None.")
    colour: Colour = param(Colour.RED, help="A member of an enum.")
    level: Level = param(Level.LOW, help="A member of an enum of numbers.")
    mode: Mode | None = param(None, help="A member of an enum of texts.")
    mix: Mix = param(Mix.TRUE, help="A member of an enum of tuples.")
    pair: tuple[int, int] = param((1, 2), help="A choice of tuples.", choices=((1, 2), (3, 4)))
    limit: float | None = param(None, help="A number that may be None.", low=0, high=100)
    near: Annotated[int, Interval(ge=2, le=5)] | None = param(None, help="Bounds in the annotation.")
    title: str | None = param(None, help="A text that may be None, or empty.")
    months: tuple[int, ...] = param((6, 7), help="Numbers.", low=1, high=12)
    extent: tuple[float, float] | None = param(None, help="Two numbers, or None.")
    bands: tuple[str, ...] = param(("red", "nir"), help="Texts.")
    colours: tuple[Colour, ...] = param((), help="Members of an enum.")
    mixed: tuple[str, int] = param(("a", 1), help="A text and a number.")
    boxes: tuple[tuple[int, int], ...] = param(((1, 2),), help="Tuples in a tuple.")
    day: date = param(date(2020, 1, 1), help="A date.")
    until: date | None = param(None, help="A date that may be None.")
    moment: datetime | None = param(None, help="A date with a time of day.")
    stamp: np.datetime64 = param(np.datetime64("2020-01-01"), help="A date of numpy.")
    weights: Path | None = param(None, help="A path.")
    number_or_text: int | str = param(1, help="A number or a text.")


_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Zl", "Zp")), max_size=8)
_WHOLE = st.integers(-(2**31), 2**31 - 1)
_REAL = st.floats(-1e6, 1e6)
_DAYS = st.dates(date(1900, 1, 1), date(2100, 1, 1))

#: Valid values of every field.
VALUES = {
    "flag": st.booleans(),
    "count": st.integers(1, 9),
    "share": st.floats(0, 1),
    "words": _TEXT,
    "listed": st.sampled_from(("a", "b")),
    "literal": st.sampled_from(("a", 2, None)),
    "colour": st.sampled_from(Colour),
    "level": st.sampled_from(Level),
    "mode": st.none() | st.sampled_from(Mode),
    "mix": st.sampled_from(Mix),
    "pair": st.sampled_from(((1, 2), (3, 4))),
    "limit": st.none() | st.floats(0, 100),
    "near": st.none() | st.integers(2, 5),
    "title": st.none() | _TEXT,
    "months": st.lists(st.integers(1, 12), max_size=4).map(tuple),
    "extent": st.none() | st.tuples(_REAL, _REAL),
    "bands": st.lists(_TEXT, max_size=4).map(tuple),
    "colours": st.lists(st.sampled_from(Colour), max_size=3).map(tuple),
    "mixed": st.tuples(_TEXT, _WHOLE),
    "boxes": st.lists(st.tuples(_WHOLE, _WHOLE), max_size=3).map(tuple),
    "day": _DAYS,
    "until": st.none() | _DAYS,
    "moment": st.none() | st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)),
    "stamp": _DAYS.map(np.datetime64),
    "weights": st.none() | st.sampled_from((Path("a.pt"), Path("folder/b c.pt"))),
    "number_or_text": _WHOLE | st.sampled_from(("", "a", "two words")),
}
