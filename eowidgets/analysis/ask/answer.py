"""The answer to a question, and the trace that records how it was computed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr

from eowidgets.analysis.ask.consistent import UNCERTAIN
from eowidgets.analysis.ask.interval import Interval
from eowidgets.analysis.ask.language import QuestionProgram
from eowidgets.arguments import checked
from eowidgets.cube.facts_table import code_block, facts_table
from eowidgets.cube.opening import opening

#: Modules of the tools, as the displayed code names them.
_MODULES = (
    "ahead", "breaks", "built", "burnt", "cause", "facts", "levels", "measured", "pair", "ranks", "season", "small", "splits",
    "still", "timetools", "tools",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """One tool call.

    Attributes
    ----------
    tool : str
        Name of the function.
    inputs : str
        Its arguments, as in the code.
    output : str
        A short form of the result.
    seconds : float
    """

    tool: str
    inputs: str
    output: str
    seconds: float


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """The data that an answer is based on.

    Two are equal where masks, polygons, dates, series and points are, with NaN equal to NaN. The hash is that of dates
    and points.

    Attributes
    ----------
    masks : dict of str to DataArray (y, x), uint8
        Class maps with ``flag_values``, ``flag_meanings`` and ``colors`` in the attributes, which viewer and map
        display directly. 255 is no class.
    polygons : dict
        GeoJSON FeatureCollection in degrees; may have no feature.
    dates : tuple of str
        ISO days of the images used.
    series : DataArray (time,) or None
        The time series behind the answer.
    points : tuple of (lon, lat)
    """

    masks: Mapping[str, xr.DataArray] = field(default_factory=dict)
    polygons: Mapping[str, Any] = field(default_factory=lambda: {"type": "FeatureCollection", "features": []})
    dates: tuple[str, ...] = ()
    series: xr.DataArray | None = None
    points: tuple[tuple[float, float], ...] = ()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Evidence):
            return NotImplemented
        return (
            (self.dates, self.points) == (other.dates, other.points)
            and self.polygons == other.polygons
            and self.masks.keys() == other.masks.keys()
            and all(mask.equals(other.masks[name]) for name, mask in self.masks.items())
            and _same_series(self.series, other.series)
        )

    def __hash__(self) -> int:
        return hash((self.dates, self.points))


@checked
@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """An answer with what it rests on.

    Two answers are equal where value, unit, kind and evidence are: the wording of question and answer, the seconds of the
    steps and the record do not count. Equal answers have the same hash, so that answers can be members of a set.

    Parameters
    ----------
    question, text : str
    value : float, int, bool, str, dict or None
        The answer itself, in ``unit``; None where there is none.
    unit : str
    confidence : float
        0 to 1: the certainty of the reading of the question times that of the pixels that the answer rests on.
    evidence : Evidence
    steps : tuple of Step
    code : str
        A cell that gives ``answer`` equal to ``value``.
    program : QuestionProgram or None
    abstained : bool
    reason : str
        Why there is no answer; empty where there is one.
    provenance : str
        The record of the question as JSON, for ``eow.rerun`` and ``eow.Record``.
    interval : Interval or None
        That of the figure in the sentence: of a change, a trend, a season or an outlook.

    Examples
    --------
    >>> import eowidgets as eow
    >>> answer = eow.ask(eow.open("romania"), "How many images do we have?")
    >>> answer.value, answer.kind, answer.abstained
    (140, 'count', False)
    """

    question: str
    text: str
    value: Any = None
    unit: str = ""
    confidence: float = 0.0
    evidence: Evidence = field(default_factory=Evidence)
    steps: tuple[Step, ...] = ()
    code: str = ""
    program: QuestionProgram | None = None
    abstained: bool = False
    reason: str = ""
    provenance: str = ""
    interval: Interval | None = None

    @property
    def uncertain(self) -> bool:
        """Return whether there is an answer of low confidence; its sentence then begins with "Uncertain: "."""
        return not self.abstained and self.confidence < UNCERTAIN

    @property
    def kind(self) -> str:
        """Return the kind of the program that was run, such as ``"area"`` or ``"change"``; ``"none"`` without one."""
        return "none" if self.program is None else str(self.program.kind)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Answer):
            return NotImplemented
        same = (self.kind, self.unit, self.abstained) == (other.kind, other.unit, other.abstained)
        return same and _same(self.value, other.value) and self.evidence == other.evidence

    def __hash__(self) -> int:
        return hash((self.kind, self.unit, self.abstained, self.evidence))

    def _repr_html_(self) -> str:
        evidence, span = self.evidence, self.interval
        dates = f"{evidence.dates[0]} to {evidence.dates[-1]} ({len(evidence.dates)} images)" if evidence.dates else ""
        facts: dict[str, object] = {
            "value": None if self.value is None else f"{_short(self.value)} {self.unit}".strip(),
            "interval": None if span is None else f"{span.low} to {span.high} {span.unit}".strip(),
            "confidence": "" if self.abstained else f"{self.confidence:.2f}",
            "images": dates,
            "masks": ", ".join(evidence.masks),
            "places": len(evidence.polygons.get("features", ())) or None,
        }
        return facts_table(self.text, facts) + code_block(self.code)

    def __repr__(self) -> str:
        """Return the sentence, without variable parts."""
        return self.text


class Trace:
    """Calls tools and records each call, so that the displayed code is the code that was run.

    Parameters
    ----------
    cube : Dataset
    layers : mapping of str to GeoJSON
        The user's vector layers.
    original : Dataset, optional
        The cube as given, if ``cube`` has a cloud mask computed from it.
    """

    def __init__(
        self, cube: xr.Dataset, layers: Mapping[str, Any] | None = None, original: xr.Dataset | None = None
    ) -> None:
        self.cube = cube
        #: The cube without the computed cloud mask.
        self._original = cube if original is None else original
        self.steps: list[Step] = []
        self._lines: list[str] = []
        self._constants: list[str] = []
        # Values are recognised by identity, and kept so that no identity is reused.
        self._names: dict[int, tuple[Any, str]] = {id(cube): (cube, "cube")}
        if self._original is not cube:
            self._names[id(self._original)] = (self._original, "given")
        self._taken = {"cube", "given", "eow", "answer", "layers", *_MODULES}
        for name, layer in (layers or {}).items():
            self._names[id(layer)] = (layer, f"layers[{str(name)!r}]")
        self._layers = layers or {}
        self._layer_used: set[str] = set()
        self.last = "None"

    def __call__(self, name: str, tool: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Run ``tool`` and name its result ``name`` in the code."""
        words = [self._spell(a) for a in args] + [f"{k}={self._spell(v)}" for k, v in kwargs.items()]
        public = tool.__module__.startswith("eowidgets.analysis.measure.")
        module = "eow" if public else tool.__module__.rsplit(".", 1)[-1]
        began = time.perf_counter()
        value = tool(*args, **kwargs)
        seconds = time.perf_counter() - began
        unique = name if name not in self._taken else f"{name}_{sum(t.startswith(name) for t in self._taken) + 1}"
        self._taken.add(unique)
        call = ", ".join(words)
        self._lines.append(f"{unique} = {module}.{tool.__name__}({call})")
        self.steps.append(Step(tool.__name__, call, _short(value), seconds))
        self._register(value, unique)
        if isinstance(value, tuple):
            for i, part in enumerate(value):
                self._register(part, f"{unique}[{i}]")
        if isinstance(value, dict):
            for key, part in value.items():
                if isinstance(key, str):
                    self._register(part, f"{unique}[{key!r}]")
        self.last = unique
        return value

    def _register(self, value: Any, name: str) -> None:
        # Small integers, booleans and strings are shared objects, so they are written literally.
        if not isinstance(value, bool | int | str) and value is not None:
            self._names[id(value)] = (value, name)

    def _spell(self, value: Any) -> str:
        known = self._names.get(id(value))
        if known is not None:
            if known[1].startswith("layers["):
                self._layer_used.add(known[1])
            return known[1]
        if isinstance(value, dict):
            name = "area" if "area" not in self._taken else f"area_{len(self._constants) + 1}"
            self._taken.add(name)
            self._constants.append(f"{name} = {value!r}")
            self._register(value, name)
            return name
        if isinstance(value, np.generic):
            value = value.item()
        if not isinstance(value, str | int | float | tuple | list | type(None)):
            raise TypeError(f"A {type(value).__name__} that no tool returned cannot be written as code.")
        return repr(value)

    def code(self, answer: str | None = None) -> str:
        """Return the code of the cell; ``answer`` is the expression of the value, by default the last result."""
        opened = opening(self._original)
        used = [m for m in _MODULES if any(f"= {m}." in line for line in self._lines)]
        lines = [
            "import eowidgets as eow",
            *([f"from eowidgets.analysis.ask import {', '.join(used)}"] if used else []),
            "",
        ]
        masked = self._original is not self.cube
        name = "given" if masked else "cube"
        lines.append(f"{name} = {opened}" if opened else "# cube: the cube that was asked about")
        if masked:
            lines += [] if opened else ["given = cube"]
            lines.append("cube = given.eow.robust_clouds()")
        if self._layer_used:
            shown = {str(k): v for k, v in self._layers.items() if f"layers[{str(k)!r}]" in self._layer_used}
            lines.append(f"layers = {shown!r}")
        return "\n".join([*lines, *self._constants, *self._lines, f"answer = {answer or self.last}"])


def _same_series(one: xr.DataArray | None, other: xr.DataArray | None) -> bool:
    return one is other if one is None or other is None else one.equals(other)


def _same(one: Any, other: Any) -> bool:
    """Return whether two values are equal, with NaN equal to NaN, also inside of a mapping or sequence."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_same(value, other[name]) for name, value in one.items())
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(_same(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, float) and isinstance(other, float) and np.isnan(one) and np.isnan(other):
        return True
    return isinstance(one, bool) is isinstance(other, bool) and bool(np.all(one == other))


def _short(value: Any) -> str:
    if isinstance(value, np.ndarray) and value.dtype == bool:
        return f"{int(value.sum())} pixels"
    if isinstance(value, np.ndarray):
        return " × ".join(map(str, value.shape))
    if isinstance(value, xr.Dataset | xr.DataArray):
        return " × ".join(f"{n} {d}" for d, n in value.sizes.items()) or str(value.values)
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, dict):
        return "; ".join(f"{k}: {_short(v)}" for k, v in list(value.items())[:4])
    if isinstance(value, list | tuple):
        return f"{len(value)} values" if len(value) > 3 else ", ".join(_short(v) for v in value)
    return str(value)[:80]


def refuse(question: str, reason: str, program: QuestionProgram | None = None, trace: Trace | None = None) -> Answer:
    """Return an abstention with its reason."""
    steps = tuple(trace.steps) if trace is not None else ()
    return Answer(question, reason, program=program, steps=steps, abstained=True, reason=reason)
