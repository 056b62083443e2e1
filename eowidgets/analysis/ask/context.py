"""Place, time and masks of a question, and the assembly of its answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from eowidgets.analysis.ask import consistent, levels, season, timetools, tools, words
from eowidgets.analysis.ask.answer import Answer, Evidence, Trace
from eowidgets.analysis.ask.interval import Interval
from eowidgets.analysis.ask.landcover import COLOR, FEWEST, needs
from eowidgets.analysis.ask.language import SKIES, QuestionProgram, Scope
from eowidgets.cube.schema import usable
from eowidgets.errors import InputError

Mask = npt.NDArray[np.bool_]
LOST, GAINED, CHANGED = "#d55e00", "#009e73", "#cc79a7"
LEVEL_NOTE = (
    "Images of that year differ in brightness from the same days of other years, and were scaled to their level."
)


@dataclass(slots=True)
class Found:
    """The mask of one topic, the place in which it was searched, and its confidence."""

    mask: Mask
    where: Mask
    known: Mask
    sure: float
    span: tuple[str, str]
    note: str = ""
    cube: xr.Dataset | None = None
    after: xr.Dataset | None = None
    before: xr.Dataset | None = None
    states: Mapping[str, xr.Dataset] | None = None
    source: str = ""
    target: str = ""

    def interval(self, cube: xr.Dataset, unit: str = "ha") -> tuple[float, float]:
        """Return the size of the change that is certain, and of all pixels whose class differs."""
        if self.states is None:
            raise InputError("Only a change has an interval.")
        return season.change_interval(self.states, self.source, self.target, self.where, cube, unit)


@dataclass(slots=True)
class Context:
    """The cube, the drawn area and the layers of a question, and the trace of its tools."""

    question: str
    cube: xr.Dataset
    trace: Trace
    area: Any = None
    layers: Mapping[str, Any] = field(default_factory=dict)
    given: xr.Dataset | None = None

    def where(self, scope: Scope, *, land: bool = True) -> Mask:
        """Return the mask of the place of a scope, limited to one kind of land if the scope names one."""
        if scope.area and self.area is None:
            raise InputError("No area is drawn: draw one, or pass  area=...  with the question.")
        given: dict[str, Any] = {}
        if scope.place != "all":
            given["place"] = scope.place
        if self.area is not None:
            given["area"] = self.area
        if scope.layer:
            given["layer"] = self.layer(scope.layer)
        if scope.point:
            given["point"] = scope.point
        mask: Mask = self.trace("where", tools.region, self.cube, **given)
        if scope.cover and land:
            mask = self.land(Scope(start=scope.start, end=scope.end, cover=""), scope.cover, mask).mask
            if not mask.any():
                raise InputError(f"There is no {words.name(scope.cover)} in that place.")
        return mask

    def layer(self, name: str) -> Mapping[str, Any]:
        """Return one of the user's layers."""
        if name not in self.layers:
            raise InputError(f"There is no layer {name[:40]!r}.")
        found: Mapping[str, Any] = self.layers[name]
        return found

    def dates(self, scope: Scope, of: str = "") -> xr.Dataset:
        """Return the dates of a scope; clouds and images without a date use the cloud mask of the scenes themselves.

        The robust mask excludes doubtful pixels from measurements, and drops whole dates for that.
        """
        cube = self.given if self.given is not None and of in ("cloud", "clear image", "image") else self.cube
        if not (scope.start or scope.end or scope.months):
            return cube
        given: dict[str, Any] = {"months": scope.months} if scope.months else {}
        cut: xr.Dataset = self.trace("dates", tools.between, cube, scope.start, scope.end, **given)
        return cut

    def land(self, scope: Scope, of: str, where: Mask) -> Found:
        """Map a kind of land in the year of a scope."""
        if of == "water" and self.dated_water(scope):
            return self.water(scope, where)
        if lacking := needs(self.cube):
            raise InputError(f"Land cover needs the bands {lacking}, which this cube lacks.")
        year = self.trace("year", tools.year_around, self.cube, scope.start, scope.end)
        if of == "water" and year.sizes["time"] < FEWEST:
            return self.water(scope, where)
        few = False
        if of != "water":  # water has no season
            few = self.trace("enough", season.enough_dates, self.cube, year, where) < season.PLENTY
        level = self.trace("level", levels.levelled, self.cube, year)
        land = self.trace("land", tools.land_cover, level)
        mask = self.trace("mask", tools.kind_mask, land, of, where)
        known = self.trace("known", tools.seen, land, where)
        if known.sum() < 0.3 * where.sum():
            raise InputError(
                "Less than a third of the place was observed often enough in that time to map its land cover."
            )
        first, last = span(year)
        note = ""
        if scope.start and scope.end and not (first >= scope.start and last <= scope.end):  # widened to a year
            note = f" Land cover is mapped from a whole year, here all dates of {first[:4]}."
        if level is not year:
            note += f" {LEVEL_NOTE}"
        sure = float(np.nanmean(land["sure"].values[known])) * float(known.sum() / where.sum())
        sure *= 0.8 if few else 1.0
        if scope.start[5:] == "01-01" and scope.end[5:] == "12-31" and not note:
            first, last = scope.start, scope.end
        return Found(mask, where, known, sure, (first, last), note, cube=year, after=land)

    def dated_water(self, scope: Scope) -> bool:
        """Return whether a time is too short for a year of land cover, so that water is mapped from its own dates."""
        if not (scope.start and scope.end) and not scope.months:
            return False
        if scope.months:
            return True
        return bool(np.datetime64(scope.end) - np.datetime64(scope.start) < np.timedelta64(300, "D"))

    def water(self, scope: Scope, where: Mask) -> Found:
        """Map water alone, for which one date is enough."""
        cut = self.dates(scope)
        land = self.trace("land", tools.water_cover, cut)
        mask = self.trace("mask", tools.kind_mask, land, "water", where)
        known = self.trace("known", tools.seen, land, where)
        if known.sum() < 0.3 * where.sum():
            raise InputError("Less than a third of the place was observed without cloud in that time.")
        sure = float(np.nanmean(land["sure"].values[known])) * float(known.sum() / where.sum())
        seen = usable(cut).transpose("time", "y", "x").values[:, where].any(axis=1)
        days = days_of(cut.isel(time=seen))
        dates = f"one date, {days[0]}" if len(days) == 1 else f"{len(days)} dates"
        # A single date may hold shadows and wet ground, which a year of dates leaves out.
        sure *= 0.8 if len(days) < FEWEST else 1.0
        note = f" Water is mapped from {dates}."
        return Found(mask, where, known, sure, span(cut), note, cube=cut.isel(time=seen), after=land)

    def change(self, scope: Scope, source: str = "", target: str = "", where: Mask | None = None) -> Found:
        """Return the pixels that left one kind of land, or became it, between two years mapped from the same days."""
        where = self.where(scope) if where is None else where
        years = self.trace("years", timetools.two_years, self.cube, scope.start, scope.end)
        states = self.trace("states", season.compare_years, self.cube, years[0], years[1], where)
        before, after = states["before"], states["after"]
        raw = self.trace("changed", timetools.changed_mask, before, after, source, target)
        mask = self.trace("patches", timetools.patches_only, raw, self.cube, where)
        known = self.trace("known", timetools.seen_twice, before, after, where)
        if known.sum() < 0.3 * where.sum():
            raise InputError("Less than a third of the place was observed often enough in both years.")
        sure = np.minimum(before["sure"].values, after["sure"].values)[mask if mask.any() else known]
        sureness = float(np.nanmean(sure)) * float(known.sum() / where.sum())
        sureness *= 1.0 if before.attrs["apart"] == levels.APART else 0.8
        pairs = int(before.attrs["pairs"])
        note = f" The comparison uses {_period(years[0])} and {_period(years[1])}, on {pairs} pairs of the same days of the year"
        note += f"{_apart(before)}."
        dates = (span(years[0])[0], span(years[1])[1])
        return Found(
            mask,
            where,
            known,
            sureness,
            dates,
            note,
            years[1],
            after,
            before,
            states=states,
            source=source,
            target=target,
        )

    def topic(self, scope: Scope, of: str) -> Found:
        """Return the mask of a topic: a kind of land, snow, cloud, or a change of land."""
        land, _, suffix = of.partition(" ")
        if of == "change":
            return self.change(scope)
        if suffix == "gain":
            return self.change(scope, target=land)
        if suffix in ("loss", "change"):
            return self.change(scope, source=land)
        where = self.where(scope)
        if of in SKIES:
            cut = self.dates(scope, of)
            mask = self.trace("mask", tools.sky_mask, cut, of, where)
            return Found(mask, where, where, 0.9, span(cut), cube=cut)
        return self.land(scope, of, where)

    # --- parts of the answer ----------------------------------------------------------------------------------

    def picture(self, mask: Mask, name: str, color: str | None = None) -> dict[str, xr.DataArray]:
        """Return a mask as a class map for viewer and map."""
        land, _, suffix = name.partition(" ")
        color = color or {"loss": LOST, "gain": GAINED, "change": CHANGED}.get(suffix) or COLOR.get(land, CHANGED)
        return {
            words.name(name): self.classes(np.where(mask, 1, 255), [(1, words.name(name), color)], words.name(name))
        }

    def classes(self, values: Any, legend: list[tuple[int, str, str]], title: str) -> xr.DataArray:
        """Return a class map on the grid of the cube."""
        coords = {k: self.cube.coords[k] for k in ("y", "x", "spatial_ref") if k in self.cube.coords}
        attrs = {
            "role": "result",
            "long_name": title,
            "flag_values": np.array([v for v, _, _ in legend], np.uint8),
            "flag_meanings": " ".join(n.replace(" ", "_") for _, n, _ in legend),
            "colors": " ".join(c for _, _, c in legend),
            "nodata": 255,
        }
        return xr.DataArray(np.asarray(values, np.uint8), coords, ("y", "x"), "evidence", attrs)

    def polygons(self, mask: Mask, name: str, most: int = 500) -> dict[str, Any]:
        """Return the outlines of a mask, unless they are too many to draw."""
        cleaned = tools.objects(mask, self.cube)
        if cleaned["count"] > most:
            return {"type": "FeatureCollection", "features": []}
        return tools.polygons(cleaned["mask"], self.cube, words.name(name))

    def answer(
        self,
        program: QuestionProgram,
        text: str,
        value: Any,
        sure: float,
        *,
        unit: str = "",
        code: str | None = None,
        masks: Mapping[str, xr.DataArray] | None = None,
        polygons: Mapping[str, Any] | None = None,
        dates: xr.Dataset | None = None,
        series: xr.DataArray | None = None,
        points: tuple[tuple[float, float], ...] = (),
        claim: consistent.Claim | None = None,
        interval: Interval | None = None,
    ) -> Answer:
        """Assemble an answer, and check its sentence against its numbers."""
        none = {"type": "FeatureCollection", "features": []}
        days = days_of(dates) if dates is not None else ()
        evidence = Evidence(masks or {}, polygons or none, days, series, points)
        confidence = round(float(np.clip(sure, 0, 1)), 2)
        answer = Answer(
            self.question,
            text,
            value,
            unit,
            confidence,
            evidence,
            tuple(self.trace.steps),
            self.trace.code(code),
            program,
            interval=interval,
        )
        return consistent.checked(answer, claim)


def days_of(cube: xr.Dataset) -> tuple[str, ...]:
    """Return the ISO days of a cube."""
    return tuple(str(t)[:10] for t in cube["time"].values)


def span(cube: xr.Dataset) -> tuple[str, str]:
    """Return the first and last ISO day of a cube."""
    times = cube["time"].values
    return str(times.min())[:10], str(times.max())[:10]


def _apart(states: xr.Dataset) -> str:
    """Return a remark on the distance of the days of two years, if it is larger than usual."""
    most = int(states.attrs["apart"])
    return f" (clouds left too few: up to {most} days apart)" if most > levels.APART else ""


def _period(cube: xr.Dataset) -> str:
    first, last = span(cube)
    return first[:4] if first[:4] == last[:4] and last[5:7] >= "09" and first[5:7] <= "04" else f"{first} to {last}"
