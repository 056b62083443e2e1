"""A forecast as a Dataset: predictions, intervals, hold-out errors, notes and provenance."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from eowidgets.analysis.forecast.conformal import FEW_WINDOWS
from eowidgets.analysis.forecast.origins import FEWEST, effective
from eowidgets.analysis.forecast.tables import TableHistory
from eowidgets.analysis.forecast.when import iso
from eowidgets.contract.outputs.fan import percent
from eowidgets.cube.grid import georeference
from eowidgets.cube.schema import bands
from eowidgets.engine.provenance import about, whole
from eowidgets.engine.reader import input_summary
from eowidgets.models.forecast.series.dates import DATES

if TYPE_CHECKING:
    from eowidgets.analysis.forecast.forecaster import PreparedForecast
    from eowidgets.analysis.history import History

Float = npt.NDArray[np.float32]
#: Length in days above which a gap is reported in the notes.
LONG_AGO = 183


def assemble(
    prepared: PreparedForecast, ahead: npt.NDArray[np.float64], fan: tuple[Float, Float, Float], blind: int
) -> xr.Dataset:
    """Assemble the Dataset of a forecast.

    Parameters
    ----------
    prepared : PreparedForecast
    ahead : array (h,)
        Days since 1970-01-01.
    fan : tuple of array
        The predictions (h, [y, x,] c), the lower and the upper ends (level, h, [y, x,] c).
    blind : int
        Pixels without a forecast.
    """
    h, held, levels = prepared.history, prepared.holdout, prepared.levels
    mean, lower, upper = fan
    dims = {"pixels": ("time", "y", "x"), "table": ("series", "time")}.get(h.place, ("time",))
    lead_type = "float64" if prepared.table else "int32"
    lead = xr.Variable("time", (ahead - prepared.cut).astype(lead_type), {"long_name": "Days ahead"})
    coords: dict[str, Any] = {"time": times_of(ahead), "lead": lead, "level": list(levels)}
    out = xr.Dataset(coords=coords | {"forecaster": list(held.forecasters)} | _where(h))
    for c, name in enumerate(h.names):
        own = {k: v for k, v in h.attrs(name).items() if k not in ("role", "grid_mapping")}
        label = own.get("long_name", name)
        role = "band" if h.index is None else "result"
        out[name] = (dims, mean[..., c], own | {"role": role, "long_name": f"{label}, forecast"})
        for i, level in enumerate(levels):
            for end, array, word in (("lo", lower, "Lower"), ("hi", upper, "Upper")):
                extra = {"long_name": f"{word} end of the {level:.0%} interval, {label}", "role": "result"}
                out[f"{name}_{end}{percent(level)}"] = (dims, array[i][..., c], own | extra)
        if len(held.channels[c]):
            size = float(prepared.units.size[c])
            out[f"{name}_mae"] = ("forecaster", [size * e for e in held.mae(c)])
            out[f"{name}_rmse"] = ("forecaster", [size * e for e in held.rmse(c)])
            out[f"{name}_coverage"] = ("level", held.coverage(c, levels))
            out[f"{name}_coverage_raw"] = ("level", held.coverage(c, levels, calibrated=False))
    title = "table" if isinstance(h, TableHistory) else h.cube.attrs.get("title", "cube")
    choice = prepared.decision.choice.to_json() if prepared.decision is not None else None
    out.attrs = {
        "title": f"Forecast from {_start(prepared)}: {title}",
        "forecast_from": _start(prepared),
        "model": prepared.strategy.name,
        "windows": " ".join(_iso(prepared, o) for o in held.origins),
        "notes": " ".join(_notes(prepared, blind)),
        "provenance": json.dumps(_provenance(prepared), default=str),
        **({"choice": choice} if choice is not None else {}),
    }
    return out


def times_of(days: npt.NDArray[np.float64]) -> npt.NDArray[np.datetime64]:
    """Return days since 1970-01-01 as dates, to the millisecond."""
    return np.round(days * 86_400_000).astype("int64").astype("datetime64[ms]").astype("datetime64[ns]")


def _start(prepared: PreparedForecast) -> str:
    """Return the last day before the forecast; for a table, the time if the record has times."""
    if not prepared.table:
        return str(prepared.start)
    whole = prepared.start == prepared.start.astype("datetime64[D]")
    return str(prepared.start.astype("datetime64[D]" if whole else "datetime64[s]"))


def _where(h: History | TableHistory) -> dict[str, Any]:
    if isinstance(h, TableHistory):
        return {"series": h.ids} if h.place == "table" else {}
    keep = {str(k): v for k, v in h.cube.coords.items() if k in ("y", "x", "spatial_ref")}
    if h.place == "area":
        return {}
    return {k: v.squeeze(drop=True) if k in ("y", "x") else v for k, v in keep.items()} if h.place == "point" else keep


def _notes(prepared: PreparedForecast, blind: int) -> list[str]:
    held, days = prepared.holdout, prepared.history.days
    notes = []
    if blind:
        what = "series have values" if prepared.table else "pixels were observed"
        notes.append(f"{blind} {what} on fewer than {FEWEST} dates: they have no forecast.")
    if isinstance(prepared.history, TableHistory) and prepared.history.left_out:
        notes.append(f"Only the last {len(days)} dates are used: {prepared.history.left_out} earlier ones are not.")
    count = len({int(w) for e in held.channels for w in e.window.tolist()})
    many = effective(held.origins, held.horizon, held.cut)
    if not count:
        notes.append("The record is too short for hold-out windows: skill is unknown, and intervals are wide.")
    elif many < FEW_WINDOWS:
        notes.append(
            f"Skill and intervals rest on {count} hold-out window{'s' if count > 1 else ''}, which amount to {many:.1f} "
            "independent ones: intervals are widened accordingly."
        )
    span = prepared.cut - float(days[0])
    if span < 365 and not prepared.table:
        notes.append(f"The record spans {span:.0f} days, less than a year: no model can estimate the coming season.")
    ago, gap = prepared.cut - float(days[-1]), float(days.diff().max()) if len(days) > 1 else 0.0
    if ago > LONG_AGO:
        notes.append(f"The last date is {ago:.0f} days before the forecast starts.")
    if gap > LONG_AGO and not prepared.table:
        notes.append(f"The record has a gap of {gap:.0f} days.")
    return notes


def _provenance(prepared: PreparedForecast) -> dict[str, Any]:
    """Return the notes of a run (:func:`eowidgets.engine.provenance.about`), the arguments and the input."""
    h, request = prepared.history, prepared.request
    call, more = prepared.call
    notes = about(prepared.strategy.model)
    own = {k: v for k, v in notes["parameters"].items() if k not in DATES}  # the forecast records its own dates
    return {
        "call": call,
        **notes,
        "model": prepared.strategy.name,
        "parameters": own,
        "seed": int(request.seed),
        **_input(prepared),
        "place": h.place,
        "dates": [_iso(prepared, float(d) * prepared.season.rate) for d in h.days],
        "forecast_from": _start(prepared),
        "horizon_days": prepared.horizon,
        "season": prepared.season.label,
        "intervals": "conformal" if request.calibrate else "normal",
        "arguments": {
            "index": request.index,
            "bands": list(request.bands) if request.bands is not None else None,
            "mean": request.mean,
            "days": request.days,
            "levels": list(prepared.levels),
            "from_date": _start(prepared),
            "calibrate": request.calibrate,
            "clouds": request.clouds,
            "seed": int(request.seed),
            "season": request.season,
            **({"model": request.model} if prepared.decision is not None else {}),
            **more,
        },
        **({"choice": json.loads(prepared.decision.choice.to_json())} if prepared.decision is not None else {}),
    }


def _input(prepared: PreparedForecast) -> dict[str, Any]:
    """Return a description of the input: columns, dates and fingerprint of a table; of a cube also its grid."""
    h, request = prepared.history, prepared.request
    more = {"channels": list(h.names), "index": h.index, "clouds": request.clouds}
    if isinstance(h, TableHistory):
        return {"input": {**prepared.source.summary(), **more, "kind": "table"}, "area": None}
    placed = georeference(h.cube)
    return {
        "input": {**input_summary(placed, bands(placed)), **more, "sha256": _fingerprint(h.cube)},
        "area": h.area.geojson if h.area is not None else list(h.point) if h.point else None,
        "whole": whole(prepared.source),
    }


def _fingerprint(cube: xr.Dataset) -> str:
    digest = hashlib.sha256()
    for name in (*bands(cube), "clouds"):
        # Lazy arrays are not read again for a fingerprint: their dates and source identify them.
        if name in cube and isinstance(cube[name].variable._data, np.ndarray):
            digest.update(np.ascontiguousarray(cube[name].values).tobytes())
    return digest.hexdigest()


def _iso(prepared: PreparedForecast, scaled: float) -> str:
    """Return a day on the scale of the season as text."""
    return iso(scaled / prepared.season.rate, prepared.table)
