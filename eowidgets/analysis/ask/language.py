"""The typed language of questions: every question is converted to one of these values, and nothing else is run."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, ClassVar, Literal, get_args

from eowidgets.errors import InputError, unknown

Place = Literal[
    "all", "north", "south", "east", "west", "centre", "north-west", "north-east", "south-west", "south-east"
]
PLACES: tuple[str, ...] = get_args(Place)

#: Kinds of land, mapped from a year of dates.
COVERS = ("forest", "field", "water", "built-up", "bare")
#: Unions of kinds of land.
UNIONS = {"vegetation": ("forest", "field")}
#: Kinds mapped per date.
SKIES = ("cloud", "snow")
#: Kinds counted or dated without reading pixels.
IMAGES = ("image", "clear image")


@dataclass(frozen=True, slots=True)
class Scope:
    """Place and time of a question.

    Parameters
    ----------
    start, end : str
        ISO days, inclusive; empty for the first and last day of the series.
    months : tuple of int
        Only these months of every year; empty for all.
    place : str
        One of :data:`PLACES`: a half, a quarter or the middle of the scene.
    area : {"", "drawn"}
        ``"drawn"`` if the question refers to the drawn area.
    layer : str
        Name of one of the user's vector layers.
    cover : str
        Only pixels of this kind of land (for the index of the forest alone).
    point : (float, float), optional
        Longitude and latitude: only the pixel that contains them.
    """

    start: str = ""
    end: str = ""
    months: tuple[int, ...] = ()
    place: Place = "all"
    area: Literal["", "drawn"] = ""
    layer: str = ""
    cover: str = ""
    point: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class QuestionProgram:
    """Base class of all programs."""

    kind: ClassVar[str] = ""
    scope: Scope = field(default_factory=Scope)


@dataclass(frozen=True, slots=True)
class Presence(QuestionProgram):
    """A question whether something is present; with ``negated``, whether it is absent."""

    kind: ClassVar[str] = "presence"
    of: str = "forest"
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Count(QuestionProgram):
    """A question for the number of patches, images or features; patches below ``min_hectares`` are not counted."""

    kind: ClassVar[str] = "count"
    of: str = "forest"
    min_hectares: float = 0.0


@dataclass(frozen=True, slots=True)
class Compare(QuestionProgram):
    """A comparison of two things, or of one thing in two places or times (``other``).

    ``"which"`` asks which of the two is more, ``"which less"`` which is less, ``"difference"`` by how much they differ.
    ``of`` may be ``"image"``.
    """

    kind: ClassVar[str] = "compare"
    of: str = "forest"
    than: str = ""
    relation: Literal["more", "less", "which", "which less", "difference"] = "more"
    other: Scope | None = None


@dataclass(frozen=True, slots=True)
class AreaOf(QuestionProgram):
    """A question for an area."""

    kind: ClassVar[str] = "area"
    of: str = "forest"
    unit: Literal["ha", "km2", "m2"] = "ha"


@dataclass(frozen=True, slots=True)
class Share(QuestionProgram):
    """A question for a share of the place in percent; with ``negated``, for the share of everything else."""

    kind: ClassVar[str] = "share"
    of: str = "forest"
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Settlement(QuestionProgram):
    """A question whether the place is rural or urban."""

    kind: ClassVar[str] = "settlement"


@dataclass(frozen=True, slots=True)
class Locate(QuestionProgram):
    """A question for a location: in words of a nine-field grid, as polygons, or the nearest to the centre."""

    kind: ClassVar[str] = "locate"
    of: str = "forest"
    how: Literal["grid", "polygon", "nearest"] = "grid"


@dataclass(frozen=True, slots=True)
class When(QuestionProgram):
    """A question for a date: the first, last, highest or lowest, or of a change (``direction``: loss or gain)."""

    kind: ClassVar[str] = "when"
    of: str = "NDVI"
    which: Literal["first", "last", "peak", "low", "change"] = "peak"
    direction: Literal["", "gain"] = ""


@dataclass(frozen=True, slots=True)
class Trend(QuestionProgram):
    """A question for the trend over the years."""

    kind: ClassVar[str] = "trend"
    of: str = "NDVI"


@dataclass(frozen=True, slots=True)
class Season(QuestionProgram):
    """A question for the start, peak, end or length of the growing season.

    With ``relation``, a comparison with the season in the time of ``other``: earlier, later, longer or shorter.
    """

    kind: ClassVar[str] = "season"
    of: str = "NDVI"
    ask: Literal["start", "peak", "end", "length"] = "start"
    relation: Literal["", "earlier", "later", "longer", "shorter"] = ""
    other: Scope | None = None


@dataclass(frozen=True, slots=True)
class Change(QuestionProgram):
    """A question for the change between two times: what, whether, how much, from what to what, or its likely cause.

    ``method`` is a method of ``eow.change``, which then gives the hectares in place of two maps. A loss in ``"%"`` is a
    share of the previous area.
    """

    kind: ClassVar[str] = "change"
    of: str = ""
    ask: Literal["what", "whether", "amount", "from-to", "cause"] = "what"
    direction: Literal["", "loss", "gain"] = ""
    to: str = ""
    method: str = ""
    unit: Literal["ha", "km2", "m2", "%"] = "ha"


@dataclass(frozen=True, slots=True)
class Extreme(QuestionProgram):
    """A question for the highest or lowest value of an index, or for its place."""

    kind: ClassVar[str] = "extreme"
    of: str = "NDVI"
    which: Literal["highest", "lowest"] = "highest"
    ask: Literal["value", "place"] = "value"


@dataclass(frozen=True, slots=True)
class Statistic(QuestionProgram):
    """A question for the mean, median or spread of an index."""

    kind: ClassVar[str] = "statistic"
    of: str = "NDVI"
    stat: Literal["mean", "median", "spread"] = "mean"


@dataclass(frozen=True, slots=True)
class Outlook(QuestionProgram):
    """A question for the forecast of an index in the time of the scope, or for its comparison with a year before."""

    kind: ClassVar[str] = "outlook"
    of: str = "NDVI"
    ask: Literal["value", "more", "less"] = "value"


@dataclass(frozen=True, slots=True)
class Threshold(QuestionProgram):
    """A question whether a share, an area, a count, a change or the mean of an index is above or below a limit.

    ``"any date"`` asks whether the mean of an index, or the share of cloud or snow, is so on any date. The limit is in
    ``unit``: ``"%"``, ``"ha"``, ``"km2"``, ``"m2"``, or empty for indices and counts.
    """

    kind: ClassVar[str] = "threshold"
    of: str = "forest"
    measure: Literal["share", "area", "count", "loss", "gain", "mean", "any date"] = "share"
    relation: Literal["above", "at least", "below", "at most"] = "above"
    limit: float = 50.0
    unit: Literal["", "%", "ha", "km2", "m2"] = "%"


@dataclass(frozen=True, slots=True)
class Rank(QuestionProgram):
    """A question which month, year, season, half or quarter has the highest or lowest value, or the most images."""

    kind: ClassVar[str] = "rank"
    of: str = "NDVI"
    by: Literal["month", "year", "season", "half", "quarter"] = "month"
    which: Literal["highest", "lowest"] = "highest"


@dataclass(frozen=True, slots=True)
class Extent(QuestionProgram):
    """A question for the part of the place with an index above or below a limit (median over time), in percent or area.

    In ``"dates"``: the number of dates on which the mean over the place is.
    """

    kind: ClassVar[str] = "extent"
    of: str = "NDVI"
    relation: Literal["above", "at least", "below", "at most"] = "above"
    limit: float = 0.5
    unit: Literal["%", "ha", "km2", "m2", "dates"] = "%"


@dataclass(frozen=True, slots=True)
class Event(QuestionProgram):
    """A question whether a fire, a storm or another event that damages forests happened; images test fire only."""

    kind: ClassVar[str] = "event"
    of: Literal["fire", "storm", "disease", "drought", "logging", "flood", "landslide"] = "fire"


@dataclass(frozen=True, slots=True)
class Fact(QuestionProgram):
    """A question about the cube itself, or about the meaning of an index (``of`` is then its name)."""

    kind: ClassVar[str] = "fact"
    of: str = "dates"
    unit: Literal["", "ha", "km2", "m2", "m", "km"] = ""


@dataclass(frozen=True, slots=True)
class Describe(QuestionProgram):
    """A question for a description of the land cover in a sentence or two."""

    kind: ClassVar[str] = "describe"


KINDS: dict[str, type[QuestionProgram]] = {
    c.kind: c
    for c in (
        Presence, Count, Compare, AreaOf, Share, Settlement, Locate, When, Trend, Season, Change, Extreme, Statistic, Outlook,
        Threshold, Extent, Rank, Event, Fact, Describe,
    )
}  # fmt: skip
_SCOPE = tuple(f.name for f in dataclasses.fields(Scope))


def to_json(program: QuestionProgram) -> dict[str, Any]:
    """Convert a program to plain values, without default values.

    Examples
    --------
    >>> to_json(AreaOf(Scope(start="2019-01-01", end="2019-12-31"), "forest"))
    {'kind': 'area', 'of': 'forest', 'start': '2019-01-01', 'end': '2019-12-31'}
    """
    out: dict[str, Any] = {"kind": program.kind}
    plain = KINDS[program.kind]()
    for entry in dataclasses.fields(program):
        value = getattr(program, entry.name)
        if entry.name == "other" and value is not None:
            out["other"] = _scope_json(value)
        elif entry.name != "scope" and (entry.name == "of" or value != getattr(plain, entry.name)):
            out[entry.name] = value
    if not out.get("of", "x"):
        del out["of"]
    return out | _scope_json(program.scope)


def _scope_json(scope: Scope) -> dict[str, Any]:
    values = {n: getattr(scope, n) for n in _SCOPE if getattr(scope, n) != getattr(Scope(), n)}
    return {n: list(v) if isinstance(v, tuple) else v for n, v in values.items()}


def from_json(values: Mapping[str, Any]) -> QuestionProgram:
    """Create a program from plain values, and reject values outside the language.

    Raises
    ------
    InputError
        For an unknown kind, field or word.
    """
    kind = values.get("kind") if isinstance(values, Mapping) else values
    if not isinstance(values, Mapping) or not isinstance(kind, str) or kind not in KINDS:
        raise unknown("kind of question", str(kind)[:80], KINDS)
    cls = KINDS[kind]
    own = {k: v for k, v in values.items() if k not in (*_SCOPE, "kind")}
    for name in own:
        if name not in {f.name for f in dataclasses.fields(cls)} - {"scope"}:
            raise unknown(f"field of {cls.kind!r}", name, {f.name for f in dataclasses.fields(cls)} - {"scope"})
    if own.get("other") is not None:
        own["other"] = _scope(own["other"])
    program = cls(scope=_scope({k: v for k, v in values.items() if k in _SCOPE}), **own)
    _check(program)
    return program


def _scope(values: Mapping[str, Any]) -> Scope:
    if (
        not isinstance(values, Mapping)
        or not isinstance(values.get("months", ()), list | tuple)
        or set(values) - set(_SCOPE)
    ):
        raise InputError("The scope of a program has fields that are not in the language.")
    if not isinstance(values.get("point", ()), list | tuple):
        raise InputError("The point of a program is a list of longitude and latitude.")
    lists = {n: tuple(values.get(n, ())) for n in ("months", "point")}
    scope = Scope(**{**values, **lists})
    if scope.point and not (len(scope.point) == 2 and all(map(_is_number, scope.point))):
        raise InputError("The point of a program is a list of longitude and latitude.")
    if scope.point and not (abs(scope.point[0]) <= 180 and abs(scope.point[1]) <= 90):
        raise InputError("The point of a program lies off the globe: longitude first, then latitude.")
    if not isinstance(scope.place, str) or scope.place not in PLACES:
        raise unknown("place", scope.place, PLACES)
    if not all(isinstance(m, int) and 1 <= m <= 12 for m in scope.months):
        raise InputError("Months are whole numbers from 1 to 12.")
    if not all(isinstance(t, str) for t in (scope.start, scope.end, scope.area, scope.layer, scope.cover)):
        raise InputError("Dates, area and layer of a program are text.")
    if not all(_is_day(t) for t in (scope.start, scope.end)):
        raise InputError("The dates of a program are days, written as 2019-07-06.")
    if any("\ud800" <= c <= "\udfff" for c in scope.area + scope.layer + scope.cover):
        raise InputError("Area and layer of a program are text that can be written as UTF-8.")
    return scope


def _is_day(text: str) -> bool:
    try:
        return not text or (len(text) == 10 and bool(date.fromisoformat(text)))
    except ValueError:
        return False


#: Facts about the cube.
FACTS = (
    "dates", "satellite", "size", "width", "height", "rows", "columns", "pixels", "bands", "resolution", "interval",
    "longest gap", "years", "days", "images a year", "latitude", "acquisitions", "crs", "imaging", "empty months",
    "longitude", "indices", "place", "north", "south", "east", "west",
)  # fmt: skip
#: Field -> its allowed words, which are also those of the literal types.
_WORDS: dict[tuple[str, str], tuple[str, ...]] = {
    ("compare", "relation"): ("more", "less", "which", "which less", "difference"),
    ("area", "unit"): ("ha", "km2", "m2"),
    ("locate", "how"): ("grid", "polygon", "nearest"),
    ("when", "which"): ("first", "last", "peak", "low", "change"),
    ("season", "ask"): ("start", "peak", "end", "length"),
    ("season", "relation"): ("", "earlier", "later", "longer", "shorter"),
    ("change", "ask"): ("what", "whether", "amount", "from-to", "cause"),
    ("change", "direction"): ("", "loss", "gain"),
    ("extreme", "which"): ("highest", "lowest"),
    ("extreme", "ask"): ("value", "place"),
    ("statistic", "stat"): ("mean", "median", "spread"),
    ("outlook", "ask"): ("value", "more", "less"),
    ("threshold", "measure"): ("share", "area", "count", "loss", "gain", "mean", "any date"),
    ("threshold", "relation"): ("above", "at least", "below", "at most"),
    ("threshold", "unit"): ("", "%", "ha", "km2", "m2"),
    ("rank", "by"): ("month", "year", "season", "half", "quarter"),
    ("rank", "which"): ("highest", "lowest"),
    ("when", "direction"): ("", "gain"),
    ("change", "unit"): ("ha", "km2", "m2", "%"),
    ("extent", "relation"): ("above", "at least", "below", "at most"),
    ("extent", "unit"): ("%", "ha", "km2", "m2", "dates"),
    ("fact", "unit"): ("", "ha", "km2", "m2", "m", "km"),
    ("event", "of"): ("fire", "storm", "disease", "drought", "logging", "flood", "landslide"),
}


def words_of(kind: str, field: str) -> tuple[str, ...]:
    """Return the words that a field of a kind of program may hold; empty for fields of other types.

    Examples
    --------
    >>> words_of("locate", "how")
    ('grid', 'polygon', 'nearest')
    """
    return _WORDS.get((kind, field), ())


def _check(program: QuestionProgram) -> None:
    for entry in dataclasses.fields(program):
        value = getattr(program, entry.name)
        words = _WORDS.get((program.kind, entry.name))
        if words is not None and value not in words:
            raise unknown(f"{entry.name} of {program.kind!r}", value, words)
        if entry.name in ("of", "than", "to", "method") and not isinstance(value, str):
            raise InputError(f"The field {entry.name!r} of a program is text.")
        if entry.name == "min_hectares" and not (isinstance(value, int | float) and 0 <= value < 1e9):
            raise InputError("The field 'min_hectares' of a program is a number of hectares.")
        if entry.name == "limit" and not (_is_number(value) and abs(value) < 1e9):
            raise InputError("The field 'limit' of a program is a number.")
        if entry.name == "negated" and not isinstance(value, bool):
            raise InputError("The field 'negated' of a program is true or false.")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value
