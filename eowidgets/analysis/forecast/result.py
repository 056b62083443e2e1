"""A forecast as a Dataset: the fan, how the forecaster has fared, what to be careful with, and where it comes from."""

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
    dims = {"pixels": ("time", "y", "x"), "table": ("series", "time")}.get(h.place, ("time",))
    lead_type = "float64" if made.table else "int32"
    lead = xr.Variable("time", (ahead - made.cut).astype(lead_type), {"long_name": "Days ahead"})
    coords: dict[str, Any] = {"time": times_of(ahead), "lead": lead, "level": list(levels)}
    out = xr.Dataset(coords=coords | {"forecaster": list(held.forecasters)} | _where(h))
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
            size = float(made.units.size[c])
            out[f"{name}_mae"] = ("forecaster", [size * e for e in held.mae(c)])
            out[f"{name}_rmse"] = ("forecaster", [size * e for e in held.rmse(c)])
            out[f"{name}_coverage"] = ("level", held.coverage(c, levels))
            out[f"{name}_coverage_raw"] = ("level", held.coverage(c, levels, calibrated=False))
    title = "table" if isinstance(h, TableHistory) else h.cube.attrs.get("title", "cube")
    choice = made.decision.choice.to_json() if made.decision is not None else None
    out.attrs = {
        "title": f"Forecast from {_start(made)}: {title}",
        "forecast_from": _start(made),
        "model": made.strategy.name,
        "windows": " ".join(_iso(made, o) for o in held.origins),
        "notes": " ".join(_notes(made, blind)),
        "provenance": json.dumps(_provenance(made), default=str),
        **({"choice": choice} if choice is not None else {}),
    }
    return out


def times_of(days: npt.NDArray[np.float64]) -> npt.NDArray[np.datetime64]:
    """Return days since 1970-01-01 as dates, to the millisecond."""
    return np.round(days * 86_400_000).astype("int64").astype("datetime64[ms]").astype("datetime64[ns]")


def _start(made: Maker) -> str:
    """The day that was forecast from; of a table the time, if the record has times."""
    if not made.table:
        return str(made.start)
    whole = made.start == made.start.astype("datetime64[D]")
    return str(made.start.astype("datetime64[D]" if whole else "datetime64[s]"))


def _where(h: History | TableHistory) -> dict[str, Any]:
    if isinstance(h, TableHistory):
        return {"series": h.ids} if h.place == "table" else {}
    keep = {str(k): v for k, v in h.cube.coords.items() if k in ("y", "x", "spatial_ref")}
    if h.place == "area":
        return {}
    return {k: v.squeeze(drop=True) if k in ("y", "x") else v for k, v in keep.items()} if h.place == "point" else keep


def _notes(made: Maker, blind: int) -> list[str]:
    held, days = made.holdout, made.history.days
    notes = []
    if blind:
        what = "series have values" if made.table else "pixels were seen"
        notes.append(f"{blind} {what} on fewer than {FEWEST} dates: they have no forecast.")
    if isinstance(made.history, TableHistory) and made.history.left_out:
        notes.append(f"Only the last {len(days)} dates are used: {made.history.left_out} earlier ones are not.")
    count = len({int(w) for e in held.channels for w in e.window.tolist()})
    many = effective(held.origins, held.horizon, held.cut)
    if not count:
        notes.append("The record is too short for hold-out windows: skill is unknown, and intervals are wide.")
    elif many < FEW_WINDOWS:
        notes.append(
            f"Skill and intervals rest on {count} hold-out window{'s' if count > 1 else ''}, which amount to {many:.1f} "
            "independent ones: intervals are wider for that."
        )
    span = made.cut - float(days[0])
    if span < 365 and not made.table:
        notes.append(f"The record spans {span:.0f} days, less than a year: no model can know the season ahead.")
    ago, gap = made.cut - float(days[-1]), float(days.diff().max()) if len(days) > 1 else 0.0
    if ago > LONG_AGO:
        notes.append(f"The last date is {ago:.0f} days before the forecast starts.")
    if gap > LONG_AGO and not made.table:
        notes.append(f"The record has a gap of {gap:.0f} days.")
    return notes


def _provenance(made: Maker) -> dict[str, Any]:
    """Return the notes of a run (:func:`eowidgets.engine.provenance.about`), and what was asked and of which input."""
    h, ask = made.history, made.ask
    call, more = made.call
    notes = about(made.strategy.model)
    own = {k: v for k, v in notes["parameters"].items() if k not in DATES}  # the forecast states its dates itself
    return {
        "call": call,
        **notes,
        "model": made.strategy.name,
        "parameters": own,
        "seed": int(ask.seed),
        **_input(made),
        "place": h.place,
        "dates": [_iso(made, float(d) * made.season.rate) for d in h.days],
        "forecast_from": _start(made),
        "horizon_days": made.horizon,
        "season": made.season.label,
        "intervals": "conformal" if ask.calibrate else "normal",
        "arguments": {
            "index": ask.index,
            "bands": list(ask.bands) if ask.bands is not None else None,
            "mean": ask.mean,
            "days": ask.days,
            "levels": list(made.levels),
            "from_date": _start(made),
            "calibrate": ask.calibrate,
            "clouds": ask.clouds,
            "seed": int(ask.seed),
            "season": ask.season,
            **({"model": ask.model} if made.decision is not None else {}),
            **more,
        },
        **({"choice": json.loads(made.decision.choice.to_json())} if made.decision is not None else {}),
    }


def _input(made: Maker) -> dict[str, Any]:
    """Return what describes the input: of a table its columns, dates and fingerprint; of a cube its grid as well."""
    h, ask = made.history, made.ask
    more = {"channels": list(h.names), "index": h.index, "clouds": ask.clouds}
    if isinstance(h, TableHistory):
        return {"input": {**made.source.summary(), **more, "kind": "table"}, "area": None}
    placed = georeference(h.cube)
    return {
        "input": {**input_summary(placed, bands(placed)), **more, "sha256": _fingerprint(h.cube)},
        "area": h.area.geojson if h.area is not None else list(h.point) if h.point else None,
        "whole": whole(made.source),
    }


def _fingerprint(cube: xr.Dataset) -> str:
    digest = hashlib.sha256()
    for name in (*bands(cube), "clouds"):
        # What is lazy is not read again for a fingerprint: dates and source stand for it.
        if name in cube and isinstance(cube[name].variable._data, np.ndarray):
            digest.update(np.ascontiguousarray(cube[name].values).tobytes())
    return digest.hexdigest()


def _iso(made: Maker, scaled: float) -> str:
    """Return a day of the scale of the season as text."""
    return iso(scaled / made.season.rate, made.table)
