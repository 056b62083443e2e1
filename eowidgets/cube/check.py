"""What is wrong with a cube, in plain words, and how to mend it."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Literal

import numpy as np
import xarray as xr

from eowidgets.cube.schema import MAX_REFLECTANCE, bands, usable, valid
from eowidgets.errors import InputError

Level = Literal["note", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing worth knowing: how bad, what, and the mend."""

    level: Level
    what: str
    mend: str = ""

    def __str__(self) -> str:
        """One line."""
        return f"{self.level}: {self.what}" + (f" {self.mend}" if self.mend else "")


class Report(list[Finding]):
    """Findings that print as lines and show as a list; empty when all is well."""

    def __repr__(self) -> str:
        """Lines of text."""
        return "\n".join(map(str, self)) or "Nothing to complain about."

    def _repr_html_(self) -> str:
        if not self:
            return "<p>Nothing to complain about.</p>"
        rows = "".join(f"<li><b>{escape(f.level)}</b>: {escape(f.what)} <em>{escape(f.mend)}</em></li>" for f in self)
        return f"<ul>{rows}</ul>"

    def raise_if_bad(self) -> None:
        """Raise the first error, if there is one.

        Raises
        ------
        InputError
        """
        for finding in self:
            if finding.level == "error":
                raise InputError(f"{finding.what} {finding.mend}".strip())


def check(cube: xr.Dataset) -> Report:
    """Look a cube over.

    Parameters
    ----------
    cube : Dataset
        As :func:`eowidgets.open` gives it, or one of your own. Lazy cubes are judged by their shape alone.

    Returns
    -------
    Report
        Errors that models and widgets would stumble over, warnings that make results doubtful, notes.
    """
    report = Report(_form(cube))
    if any(f.level == "error" for f in report):
        return report
    report += _dates(cube)
    if not any(v.chunks for v in cube.variables.values()):
        report += _values(cube)
    return report


def _form(cube: xr.Dataset) -> list[Finding]:
    found = []
    missing = [d for d in ("time", "y", "x") if d not in cube.dims]
    if missing:
        mend = "Open it with eow.open(...), or rename its dimensions."
        return [Finding("error", f"The dimension {' and '.join(missing)} is missing.", mend)]
    if not bands(cube):
        found.append(Finding("error", "There is no band: no variable over (time, y, x).", "Check what was opened."))
    empty = [d for d in ("time", "y", "x") if cube.sizes[d] == 0]
    if empty:
        found.append(
            Finding("error", f"The cube is empty along {', '.join(empty)}.", "Choose other dates or another area.")
        )
    import odc.geo.xr  # noqa: F401  (registers the accessor)

    if cube.odc.crs is None:
        found.append(Finding("error", "The cube has no CRS.", "Set it with cube.rio.write_crs('EPSG:...')."))
    for axis in ("y", "x"):
        steps = np.diff(cube[axis].values.astype("float64")) if axis in cube.coords else np.zeros(0)
        if len(steps) and not np.allclose(steps, steps[0], rtol=1e-3, atol=0):
            found.append(
                Finding("error", f"The {axis} coordinates are not evenly spaced.", "Reproject to a regular grid.")
            )
    return found


def _dates(cube: xr.Dataset) -> list[Finding]:
    found = []
    times = cube.indexes["time"]
    if not times.is_monotonic_increasing:
        found.append(Finding("error", "The dates are not in order.", "Sort them with cube.sortby('time')."))
    if not times.is_unique:
        found.append(Finding("error", "Some dates occur twice.", "Merge them, or open the source with eow.open(...)."))
    if len(times) == 1:
        found.append(Finding("note", "There is one date only: series, gap filling and change need more."))
    elif len(times) > 2:
        gaps = np.diff(times.values).astype("timedelta64[D]").astype(int)
        widest = int(gaps.argmax())
        if gaps[widest] > max(60, 5 * float(np.median(gaps))):
            span = f"{str(times[widest])[:10]} to {str(times[widest + 1])[:10]}"
            found.append(Finding("note", f"The longest gap has {gaps[widest]} days ({span})."))
    return found


def _values(cube: xr.Dataset) -> list[Finding]:
    found = []
    seen = valid(cube).values.any((1, 2))
    if not seen.any():
        return [
            Finding("error", "Every pixel of every date is nodata.", "Check the source, the area and the nodata value.")
        ]
    if not seen.all():
        days = [str(t)[:10] for t in cube.time.values[~seen]]
        listed = ", ".join(days[:3]) + (", ..." if len(days) > 3 else "")
        found.append(Finding("warning", f"{len(days)} dates hold no data ({listed}).", "Drop them to save memory."))
    share = float(usable(cube).values.mean())
    if share < 0.1:
        found.append(Finding("warning", f"Only {100 * share:.0f} % of the pixels were seen without cloud."))
    for name in bands(cube):
        values = cube[name].values
        finite = values[np.isfinite(values)]
        if np.isinf(values).any():
            found.append(Finding("warning", f"The band {name} holds infinite values.", "Replace them by NaN."))
        if cube[name].attrs.get("units", "1") == "1" and finite.size and float(np.median(finite)) > MAX_REFLECTANCE:
            what = f"Half of the band {name} is above {np.median(finite):.4g}, but reflectance lies between 0 and 1."
            found.append(Finding("error", what, "Divide by 10 000, or open the source with sensor=..."))
    if "clouds" in cube and cube.sizes["time"] >= 5 and not cube["clouds"].values.any():
        found.append(Finding("note", "No pixel is marked as cloud.", "Try clouds='robust' when opening."))
    return found
