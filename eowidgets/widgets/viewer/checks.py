"""Checks of a viewer's traits: each value is accepted, adjusted without loss, or refused in one sentence."""

from __future__ import annotations

import base64
import math
import traceback
from typing import Any

import numpy as np
import traitlets

from eowidgets.arguments import checked
from eowidgets.errors import EowidgetsError, InputError, shown, unknown
from eowidgets.render.colormaps import colormap
from eowidgets.render.purposes import in_catalogue
from eowidgets.render.source import FrameSource
from eowidgets.widgets.places import checked_color

#: Limits of each number of a viewer, and its name in messages.
_RANGES = {
    "gamma": (0.05, 20.0, "gamma"),
    "opacity": (0.0, 1.0, "opacity"),
    "swipe": (0.0, 1.0, "place of the swipe line"),
    "speed": (0.1, 60.0, "speed in dates per second"),
}


@checked
class ErrorsBelow(traitlets.HasTraits):
    """Mixed into a widget whose view shows ``error`` below itself.

    A callback that fails after a click has no cell to show the error in.
    """

    error: Any = traitlets.Dict(default_value={"message": "", "details": ""}).tag(sync=True)
    keys: Any
    send_state: Any

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Apply a state from the browser; errors of callbacks are shown under the widget, and logged as usual."""
        try:
            super().set_state(sync_data)  # type: ignore[misc]
        except Exception as problem:  # a user's callback may raise anything
            self.complain(problem, "A callback failed")
            kept = [n for n, v in sync_data.items() if n in self.keys and getattr(self, n) != v]
            if kept:
                self.send_state(kept)  # the browser shows the refused value
            raise

    def complain(self, problem: Exception, what: str) -> None:
        """Show a problem: its sentence if it is an error of this package, the traceback folded.

        Parameters
        ----------
        problem : Exception
            What was raised.
        what : str
            The beginning of the sentence for an error of another library.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> viewer = eow.TimeViewer(tiny_cube())
        >>> viewer.complain(ValueError("no data"), "The file could not be read")
        >>> viewer.error["message"]
        'The file could not be read: ValueError: no data'
        """
        sentence = str(problem) if isinstance(problem, EowidgetsError) else f"{what}: {_named(problem)}"
        details = "".join(traceback.format_exception(problem))
        if self.error == {"message": sentence, "details": details}:
            self.error = {"message": "", "details": ""}  # the same error again: it may have been dismissed meanwhile
        self.error = {"message": sentence, "details": details}


def _named(problem: Exception) -> str:
    text = str(problem).strip().splitlines()
    return f"{type(problem).__name__}: {text[0][:200]}" if text else type(problem).__name__


class Checks(traitlets.HasTraits):
    """Mixed into :class:`~eowidgets.widgets.viewer.time_viewer.TimeViewer`."""

    sources: dict[str, FrameSource]
    head: Any
    _make_head: Any

    @traitlets.validate("date", "compare_date")
    def _check_date(self, proposal: dict[str, Any]) -> str:
        labels = self.sources["cube"].labels
        value = str(proposal["value"])
        if not value:  # sent by a widget that has no date yet
            return str(getattr(self, proposal["trait"].name))
        if not labels or value in labels:
            return value
        return labels[int(np.abs(self.sources["cube"].times - _stamp(value)).argmin())]

    @traitlets.validate("bands")
    def _check_bands(self, proposal: dict[str, Any]) -> list[str]:
        value = list(proposal["value"])
        have = self.sources["cube"].bands
        for band in value:
            if band not in have:
                raise unknown("band", band, have)
        if len(value) not in (1, 3):
            raise InputError(f"{len(value)} bands were given: draw one band, or three as red, green, blue.")
        return value

    @traitlets.validate("index")
    def _check_index(self, proposal: dict[str, Any]) -> str | None:
        value: str | None = proposal["value"]
        if not value:
            return None
        source = self.sources["cube"]
        program = source.program(value)
        if program.name not in source.programs:  # a user's formula is added to the list
            source.programs[program.name] = program
            if self.head:
                self.head = self._make_head()
        return program.name

    @traitlets.validate("favourites")
    def _check_favourites(self, proposal: dict[str, Any]) -> list[str]:
        names = list(dict.fromkeys(proposal["value"]))
        # Any index of the catalogue may be a favourite, even if this cube lacks a band for it.
        return [name if in_catalogue(name) else self.sources["cube"].program(name).name for name in names]

    @traitlets.validate("cmap")
    def _check_cmap(self, proposal: dict[str, Any]) -> str:
        name = str(proposal["value"])
        lut = base64.b64encode(colormap(name).tobytes()).decode()
        if self.head and name not in self.head["cmaps"]:
            self.head = {**self.head, "cmaps": {**self.head["cmaps"], name: lut}}
        return name

    @traitlets.validate(*_RANGES)
    def _check_number(self, proposal: dict[str, Any]) -> float:
        value = float(proposal["value"])
        low, high, name = _RANGES[proposal["trait"].name]
        if not low <= value <= high:
            raise InputError(f"The {name} is between {low:g} and {high:g}, not {value:g}.")
        return value

    @traitlets.validate("vmin", "vmax")
    def _check_limit(self, proposal: dict[str, Any]) -> float | None:
        value: float | None = proposal["value"]
        if value is not None and not math.isfinite(value):
            raise InputError(f"A limit of the stretch is a finite number or None, not {value}.")
        return value

    @traitlets.validate("selection")
    def _check_selection(self, proposal: dict[str, Any]) -> list[str]:
        value = list(proposal["value"])
        if not value:
            return value
        if len(value) != 2:
            raise InputError(f"A selection is its first and its last date, not {len(value)} values.")
        source = self.sources["cube"]
        if not source.labels:
            return []
        first, last = sorted(map(str, value))
        _stamp(first)
        inside = [n for n, t in zip(source.labels, source.times, strict=True) if first <= n and t <= _end_of(last)]
        if not inside:
            raise InputError(
                f"There is no date between {first} and {last}: the series has {source.labels[0]} to {source.labels[-1]}."
            )
        return [inside[0], inside[-1]]

    @traitlets.validate("bounds")
    def _check_bounds(self, proposal: dict[str, Any]) -> list[float]:
        value = [float(v) for v in proposal["value"]]
        if value and (len(value) != 4 or not all(map(math.isfinite, value))):
            raise InputError("The bounds are west, south, east, north in the CRS of the cube: four numbers.")
        if value and not (value[0] < value[2] and value[1] < value[3]):
            raise InputError(f"The bounds {value} are empty: west must be less than east, south less than north.")
        return value

    @traitlets.validate("transect")
    def _check_transect(self, proposal: dict[str, Any]) -> list[list[float]]:
        try:
            line = [[float(x), float(y)] for x, y in proposal["value"]]
        except (TypeError, ValueError):
            line = [[math.nan, math.nan]]
        if len(line) == 1 or not all(math.isfinite(v) for corner in line for v in corner):
            raise InputError("A transect has two or more corners: pairs of longitude and latitude in degrees.")
        return line

    @traitlets.validate("events")
    def _check_events(self, proposal: dict[str, Any]) -> list[dict[str, Any]]:
        events = list(proposal["value"])
        for event in events:
            if "date" not in event:
                raise InputError('An event is a mapping like {"date": "2018-03-01", "label": "storm"}.')
            _stamp(str(event["date"]))
        return [_event(e) for e in events]


def _event(event: dict[str, Any]) -> dict[str, Any]:
    color = {"color": checked_color(event["color"])} if event.get("color") else {}
    return {**event, **color, "date": str(event["date"])}


def _stamp(value: str) -> np.datetime64:
    try:
        stamp = np.datetime64(value)
    except ValueError:
        stamp = np.datetime64("NaT")
    if np.isnat(stamp):
        raise InputError(f"{shown(value)} is not a date: write it as 2019-07-06.")
    return stamp


def _end_of(value: str) -> np.datetime64:
    """Return the last nanosecond of a day, month or year; a time of day is returned unchanged."""
    after: np.datetime64 = (_stamp(value) + 1).astype("datetime64[ns]")
    return after - np.timedelta64(1, "ns")
