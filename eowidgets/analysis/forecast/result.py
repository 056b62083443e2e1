"""A forecast as a Dataset: the fan, how the forecaster has fared, what to be careful with, and where it comes from."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from eowidgets.analysis.forecast.conformal import FEW_WINDOWS
from eowidgets.analysis.forecast.holdout import FEWEST
from eowidgets.contract.outputs.fan import percent
from eowidgets.cube.grid import georeference
from eowidgets.cube.schema import bands
from eowidgets.engine.provenance import about, whole
from eowidgets.engine.reader import input_summary
from eowidgets.models.forecast.series.dates import DATES

if TYPE_CHECKING:
    from eowidgets.analysis.forecast.forecaster import Maker
    from eowidgets.analysis.history import History

Float = npt.NDArray[np.float32]
#: After more days without a date the person is told.
LONG_AGO = 183


def assemble(made: Maker, ahead: npt.NDArray[np.float64], fan: tuple[Float, Float, Float], blind: int) -> xr.Dataset:
    """Put a forecast together.

    Parameters
    ----------
    made : Maker
    ahead : array (h,)
        Days since 1970-01-01.
    fan : tuple of array
        The middle (h, [y, x,] c), the lower and the upper ends (level, h, [y, x,] c).
    blind : int
        Pixels without a forecast.
    """
    h, held, levels = made.history, made.holdout, made.levels
    mean, lower, upper = fan
    dims = ("time", "y", "x") if h.place == "pixels" else ("time",)
    times = (ahead * 86_400_000).astype("int64").astype("datetime64[ms]").astype("datetime64[ns]")
    lead = xr.Variable("time", (ahead - made.cut).astype("int32"), {"long_name": "Days ahead"})
    coords: dict[str, Any] = {"time": times, "lead": lead, "level": list(levels), "forecaster": list(held.forecasters)}
    out = xr.Dataset(coords=coords | _where(h))
    for c, name in enumerate(h.names):
        own = {k: v for k, v in h.attrs(name).items() if k not in ("role", "grid_mapping")}
        label = own.get("long_name", name)
        role = "band" if h.index is None else "result"
        out[name] = (dims, mean[..., c], own | {"role": role, "long_name": f"{label}, forecast"})
        for i, level in enumerate(levels):
            for end, array, word in (("lo", lower, "Lower"), ("hi", upper, "Upper")):
                says = {"long_name": f"{word} end of the {level:.0%} interval, {label}", "role": "result"}
                out[f"{name}_{end}{percent(level)}"] = (dims, array[i][..., c], own | says)
        if len(held.channels[c]):
            out[f"{name}_mae"] = ("forecaster", held.mae(c))
            out[f"{name}_rmse"] = ("forecaster", held.rmse(c))
            out[f"{name}_coverage"] = ("level", held.coverage(c, levels))
            out[f"{name}_coverage_raw"] = ("level", held.coverage(c, levels, calibrated=False))
    out.attrs = {
        "title": f"Forecast from {made.start}: {h.cube.attrs.get('title', 'cube')}",
        "forecast_from": str(made.start),
        "model": made.strategy.name,
        "windows": " ".join(_iso(o) for o in held.origins),
        "notes": " ".join(_notes(made, blind)),
        "provenance": json.dumps(_provenance(made), default=str),
    }
    return out


def _where(h: History) -> dict[str, Any]:
    keep = {str(k): v for k, v in h.cube.coords.items() if k in ("y", "x", "spatial_ref")}
    if h.place == "area":
        return {}
    return {k: v.squeeze(drop=True) if k in ("y", "x") else v for k, v in keep.items()} if h.place == "point" else keep


def _notes(made: Maker, blind: int) -> list[str]:
    held, days = made.holdout, made.history.days
    notes = []
    if blind:
        notes.append(f"{blind} pixels were seen on fewer than {FEWEST} dates: they have no forecast.")
    count = len({int(w) for e in held.channels for w in e.window.tolist()})
    if not count:
        notes.append("The record is too short for hold-out windows: skill is unknown, and intervals are wide.")
    elif count < FEW_WINDOWS:
        notes.append(
            f"Skill and intervals rest on {count} hold-out window{'s' if count > 1 else ''} only: intervals are wide."
        )
    span = made.cut - float(days[0])
    if span < 365:
        notes.append(f"The record spans {span:.0f} days, less than a year: no model can know the season ahead.")
    ago, gap = made.cut - float(days[-1]), float(days.diff().max()) if len(days) > 1 else 0.0
    if ago > LONG_AGO:
        notes.append(f"The last date is {ago:.0f} days before the forecast starts.")
    if gap > LONG_AGO:
        notes.append(f"The record has a gap of {gap:.0f} days.")
    return notes


def _provenance(made: Maker) -> dict[str, Any]:
    """Return the notes of a run (:func:`eowidgets.engine.provenance.about`), and what was asked and of which cube."""
    h, ask, placed = made.history, made.ask, georeference(made.history.cube)
    call, more = made.call
    notes = about(made.strategy.model)
    own = {k: v for k, v in notes["parameters"].items() if k not in DATES}  # the forecast states its dates itself
    return {
        "call": call,
        **notes,
        "model": made.strategy.name,
        "parameters": own,
        "seed": int(ask.seed),
        "input": {
            **input_summary(placed, bands(placed)),
            "channels": list(h.names),
            "index": h.index,
            "clouds": ask.clouds,
            "sha256": _fingerprint(h.cube),
        },
        "area": h.area.geojson if h.area is not None else list(h.point) if h.point else None,
        "place": h.place,
        "dates": [_iso(float(d)) for d in h.days],
        "forecast_from": str(made.start),
        "horizon_days": made.horizon,
        "intervals": "conformal" if ask.calibrate else "normal",
        "arguments": {
            "index": ask.index,
            "bands": list(ask.bands) if ask.bands is not None else None,
            "mean": ask.mean,
            "days": made.horizon,
            "levels": list(made.levels),
            "from_date": str(made.start),
            "calibrate": ask.calibrate,
            "clouds": ask.clouds,
            "seed": int(ask.seed),
            **more,
        },
        "whole": whole(made.cube),
    }


def _fingerprint(cube: xr.Dataset) -> str:
    digest = hashlib.sha256()
    for name in (*bands(cube), "clouds"):
        # What is lazy is not read again for a fingerprint: dates and source stand for it.
        if name in cube and isinstance(cube[name].variable._data, np.ndarray):
            digest.update(np.ascontiguousarray(cube[name].values).tobytes())
    return digest.hexdigest()


def _iso(day: float) -> str:
    return str(np.datetime64(int(np.floor(day)), "D"))
