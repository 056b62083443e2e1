"""Report what is wrong with a cube and how to correct it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np
import xarray as xr

from eowidgets.cube.admission import admit
from eowidgets.cube.check_values import judge, unnamed
from eowidgets.cube.findings import Finding, Level, Report
from eowidgets.cube.glance import Glance, glance, seen_shares
from eowidgets.cube.grid import geobox
from eowidgets.cube.quantity import OPTICAL
from eowidgets.cube.schema import bands
from eowidgets.cube.vectors import as_bands
from eowidgets.errors import InputError

__all__ = ["Finding", "Level", "Report", "check"]

#: A date whose coverage is below this share of the largest one counts as half empty.
HALF = 0.5


def check(cube: xr.Dataset) -> Report:
    """Report what is wrong with a cube.

    Every band is checked as the quantity that it holds (see :mod:`eowidgets.cube.quantity`): elevation, classes or
    temperature are not checked as reflectance.

    Parameters
    ----------
    cube : Dataset
        From :func:`eowidgets.open`, or any other. Of a lazy cube a small window is read on a few dates, which a note
        states.

    Returns
    -------
    Report
        Errors that models and widgets would fail on, warnings that make results doubtful, notes. Empty only where
        everything was inspected.

    Examples
    --------
    >>> import eowidgets as eow
    >>> check(eow.open("romania"))
    note: The longest gap has 200 days (2015-08-31 to 2016-03-18).
    """
    cube = as_bands(cube)
    report = Report(_form(cube))
    if any(f.level == "error" for f in report):
        return report
    with warnings.catch_warnings(record=True) as notes:
        warnings.simplefilter("always")
        try:
            cube = admit(cube)
        except InputError as error:
            return Report([*report, _error(error)])
    report += [Finding("warning", str(note.message)) for note in notes]
    report += _dates(cube)
    report += _names(cube)
    report += _values(cube)
    return report


def _form(cube: xr.Dataset) -> list[Finding]:
    found = []
    missing = [d for d in ("time", "y", "x") if d not in cube.dims]
    if missing:
        mend = "Open it with eow.open(...), or rename its dimensions."
        return [Finding("error", f"The dimension {' and '.join(missing)} is missing.", mend)]
    if not bands(cube):
        found.append(Finding("error", "There is no band: no variable over (time, y, x).", "Check the source."))
    empty = [d for d in ("time", "y", "x") if cube.sizes[d] == 0]
    if empty:
        found.append(
            Finding("error", f"The cube is empty along {', '.join(empty)}.", "Choose other dates or another area.")
        )
    found += [] if empty else _grid(cube)
    return found


def _error(error: InputError) -> Finding:
    what, _, mend = str(error).partition(": ")
    return Finding("error", f"{what}.", f"{mend[:1].upper()}{mend[1:]}")


def _grid(cube: xr.Dataset) -> list[Finding]:
    """Check that the cube has a CRS and a grid; a cube of one pixel needs its pixel size."""
    import odc.geo.xr  # noqa: F401  (registers the accessor)

    if cube.odc.crs is None:
        return [Finding("error", "The cube has no CRS.", "Set it with cube.rio.write_crs('EPSG:...').")]
    try:
        geobox(cube)
    except InputError as error:
        return [_error(error)]
    return []


def _dates(cube: xr.Dataset) -> list[Finding]:
    found = []
    times = cube.indexes["time"]
    if len(times) == 1:
        found.append(Finding("note", "There is one date only: series, gap filling and change need more."))
    elif len(times) > 2:
        gaps = np.diff(times.values).astype("timedelta64[D]").astype(int)
        widest = int(gaps.argmax())
        if gaps[widest] > max(60, 5 * float(np.median(gaps))):
            span = f"{str(times[widest])[:10]} to {str(times[widest + 1])[:10]}"
            found.append(Finding("note", f"The longest gap has {gaps[widest]} days ({span})."))
    return found


def _names(cube: xr.Dataset) -> Iterator[Finding]:
    found = unnamed(bands(cube))
    if found:
        listed = ", ".join(found[:3]) + (", ..." if len(found) > 3 else "")
        yield Finding(
            "warning",
            f"The name{'s' if len(found) > 1 else ''} {listed} identif{'y' if len(found) > 1 else 'ies'} no band.",
            "Name them in file order with bands=[...] when opening, or rename them.",
        )


def _values(cube: xr.Dataset) -> Iterator[Finding]:
    try:
        found = glance(cube)
    except Exception as error:  # noqa: BLE001  (drivers raise what they like; the report must name it)
        text = " ".join(str(error).split())[:80]
        yield Finding(
            "warning", f"The values could not be read ({type(error).__name__}: {text}), so they were not checked."
        )
        return
    if found.left_out:
        yield Finding(
            "note",
            f"{len(found.left_out)} bands were not checked ({', '.join(found.left_out[:3])}): reading them would take long.",
            "Check a part, or load the cube first.",
        )
    if not found.whole and len(found.left_out) < len(bands(cube)):
        yield _partly(cube, found)
    if len(found.left_out) == len(bands(cube)):
        return
    shares, usable = seen_shares(found.part)
    if not shares.any():
        yield _nothing(found)
        return
    yield from _coverage(found.part, shares, usable)
    for name in bands(found.part):
        yield from judge(found.part[name])
    yield from _clouds(cube, found.part)


def _partly(cube: xr.Dataset, found: Glance) -> Finding:
    sizes, whole = found.part.sizes, cube.sizes
    return Finding(
        "note",
        f"The cube is lazy: {sizes['y']} × {sizes['x']} of {whole['y']} × {whole['x']} pixels on {sizes['time']} of "
        f"{whole['time']} dates were checked.",
    )


def _nothing(found: Glance) -> Finding:
    if found.whole:
        return Finding(
            "error", "Every pixel of every date is nodata.", "Check the source, the area and the nodata value."
        )
    return Finding("warning", "Every pixel that was checked is nodata.", "Check a part of the cube that has data.")


def _coverage(part: xr.Dataset, shares: np.ndarray, usable: float) -> Iterator[Finding]:
    for these, words, mend in (
        (shares == 0, "hold no data", "Drop them to save memory."),
        ((shares > 0) & (shares < HALF * shares.max()), "are less than half filled", ""),
    ):
        if these.any():
            days = [str(t)[:10] for t in part.time.values[these]]
            listed = ", ".join(days[:3]) + (", ..." if len(days) > 3 else "")
            level: Level = "warning" if mend else "note"
            yield Finding(level, f"{len(days)} dates {words} ({listed}).", mend)
    if usable < 0.1:
        yield Finding("warning", f"Only {100 * usable:.0f} % of the pixels were observed without cloud.")


def _clouds(cube: xr.Dataset, part: xr.Dataset) -> Iterator[Finding]:
    """Check that a cube of optical bands has a cloud mask; other quantities need none."""
    if not OPTICAL & set(bands(cube)) or ("clouds" in part and bool(part["clouds"].any())):
        return
    quality = [n for n, v in cube.data_vars.items() if v.attrs.get("role") == "quality"]
    if not quality and "clouds" not in cube:
        yield Finding(
            "warning",
            "There is no cloud mask and no quality band: clouds count as ground.",
            "Add one with cube.eow.robust_clouds(), or open the source with its quality band.",
        )
    elif cube.sizes["time"] >= (5 if quality else 2):
        missing = "" if quality else ", and there is no quality band: every pixel counts as clear"
        yield Finding("note", f"No pixel is marked as cloud{missing}.", "Try clouds='robust' when opening.")
