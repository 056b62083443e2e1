"""Two images to compare: two dates, two composites or two rasters, resampled to one grid or rejected."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from eowidgets.analysis.change.kind import growing
from eowidgets.cube.composite import composite
from eowidgets.cube.grid import geobox
from eowidgets.cube.opened import forget
from eowidgets.cube.quantity import is_radar
from eowidgets.cube.schema import bands, usable
from eowidgets.errors import InputError, shown
from eowidgets.models.classical.series import DAYS_PER_YEAR

#: Rasters that share less than this part of the smaller one are not compared.
SLIVER = 0.05
#: A frame must show at least this share of its pixels.
SEEN = 0.01
#: A date is clear if its clear share reaches CLEAR of the highest; dates within SEASON days of the year are one season.
CLEAR, SEASON = 0.98, 30
#: Two images more than this many days of the year apart are of different seasons.
OTHER_SEASON = 45


def pair_of(cube: xr.Dataset, after: xr.Dataset | None, dates: Any, notes: list[str]) -> xr.Dataset:
    """Return two frames on one grid with the same bands.

    Parameters
    ----------
    cube : Dataset
    after : Dataset, optional
        Another raster; if omitted, both frames come from ``cube``.
    dates : (str, str) or "before/after", optional
        Of each frame an ISO date, or a period ``"2018-06-01/2018-08-31"`` whose clear pixels become a median
        composite. With ``after``, None takes the first raster's last date and the second's first.
    notes : list
        Receives a sentence for each correction.

    Returns
    -------
    Dataset, two dates
        ``attrs["change_images"]``: day or period of each frame; ``attrs["season_days"]``: days of the year between
        them.
    """
    if dates is None and after is None:
        raise InputError("Two images are compared: give dates=(before, after), each a date or a period '.../...'.")
    first, second = _two(dates) if dates is not None else (None, None)
    if after is None:
        if _begin(str(first)) > _begin(str(second)):
            notes.append(f"The dates were swapped: {second} lies before {first}, and is used as the first image.")
            first, second = second, first
        frames = [_frame(cube, str(first)), _frame(cube, str(second))]
    else:
        cube, after = _same_bands(cube, after, notes)
        frames = [_frame(cube, first or _label(cube, -1)), _frame(after, second or _label(after, 0))]
        if frames[0].time.values[0] > frames[1].time.values[0]:
            notes.append("The two rasters were swapped: the older one is used as the first image.")
            frames.reverse()
        frames = list(_same_grid(frames[0], frames[1], notes))
    if frames[0].time.values[0] == frames[1].time.values[0]:
        if after is None:
            raise InputError(f"Both images are of {_label(frames[0], 0)}: choose two different dates.")
        # Two rasters of one day: a model needs increasing dates.
        frames[1] = frames[1].assign_coords(time=frames[1].time + np.timedelta64(1, "s"))
    _refuse_identical(frames)
    both = xr.concat(frames, dim="time", join="override", combine_attrs="override", coords="minimal", compat="override")
    images, days = ([f.attrs[name] for f in frames] for name in ("image", "middle"))
    apart = season_days(*days)
    return forget(both.assign_attrs(cube.attrs, change_images=images, season_days=apart))


def season_days(before: str, after: str) -> int:
    """Return how many days of the year lie between two days, regardless of the years: 0 to 183.

    Examples
    --------
    >>> season_days("2018-12-20", "2021-01-05")
    16
    """
    first, second = (np.datetime64(d, "D") for d in (before, after))
    apart = float((second - first).astype(int)) % DAYS_PER_YEAR
    return round(min(apart, DAYS_PER_YEAR - apart))


def season_note(pair: xr.Dataset) -> str:
    """Return a sentence about two images of different seasons; empty if they are of the same season."""
    apart = int(pair.attrs.get("season_days", 0))
    if apart <= OTHER_SEASON:
        return ""
    first, second = pair.attrs["change_images"]
    return (
        f"The images ({first} and {second}) are of different seasons, {apart} days of the year apart: leaves, crops, snow and "
        "light differ without lasting change. Compare the same season of two years, or use a method for series."
    )


def usual_dates(cube: xr.Dataset) -> tuple[str, str]:
    """Return two clear dates of one season, as many years apart as possible: the default dates of a comparison.

    Return the first and the last date for a cube that is not in memory, or without two dates of one season.

    Returns
    -------
    (str, str)
        ISO days.
    """
    days = cube.time.values.astype("datetime64[D]")
    ends = (str(days[0]), str(days[-1]))
    if len(days) < 3 or not all(
        isinstance(cube[n].variable._data, np.ndarray) for n in ("valid", "clouds") if n in cube
    ):
        return ends
    thin = cube.isel({k: slice(None, None, -(-cube.sizes[k] // 128)) for k in ("y", "x")})
    share = usable(thin).mean(("y", "x")).values
    clear = share >= CLEAR * share.max()
    if {"red", "nir"} <= set(bands(cube)) and (clear & growing(cube)).sum() > 1:
        clear &= growing(cube)
    best, found = 0.0, ends
    at = days[clear]
    for i, first in enumerate(at):
        apart = (at[i + 1 :] - first).astype(int) / DAYS_PER_YEAR
        off = np.abs(apart - np.rint(apart)) * DAYS_PER_YEAR
        score = np.where((off <= SEASON) & (np.rint(apart) > 0), np.rint(apart) - off / 100, 0)
        if len(score) and score.max() > best:
            best, found = float(score.max()), (str(first), str(at[i + 1 + int(score.argmax())]))
    return found


def _two(dates: Any) -> tuple[str, str]:
    parts = dates.split("/") if isinstance(dates, str) else [str(d) for d in dates]
    if len(parts) != 2:
        raise InputError(f"dates is {shown(dates)}: give two, (before, after).")
    return parts[0], parts[1]


def _begin(text: str) -> np.datetime64:
    return _day(text.split("/")[0])


def _day(text: str) -> np.datetime64:
    try:
        return np.datetime64(text.strip()[:10], "D")
    except ValueError:
        raise InputError(
            f"{text[:40]!r} is not a date: write it as YYYY-MM-DD, a period as YYYY-MM-DD/YYYY-MM-DD."
        ) from None


def _label(cube: xr.Dataset, position: int) -> str:
    return str(cube.time.values[position])[:10]


def _frame(cube: xr.Dataset, text: str) -> xr.Dataset:
    """Return one frame of a cube: a date, or the composite of a period."""
    days = cube.time.values.astype("datetime64[D]")
    begin, _, end = text.partition("/")
    first, last = _day(begin), _day(end or begin)
    if first > last:
        first, last = last, first
    inside = np.flatnonzero((days >= first) & (days <= last))
    if not len(inside):
        near = days[np.argsort(np.abs((days - first).astype(int)), kind="stable")[:3]]
        raise InputError(f"The cube has no date in {text}; the nearest are {', '.join(sorted(map(str, near)))}.")
    part = cube.isel(time=inside)
    frame = composite(part, "median", "all").drop_vars("observations") if end else part.isel(time=[0])
    used = days[inside] if end else days[inside][:1]
    frame.attrs |= {"image": text if end else str(used[0]), "middle": str(np.sort(used)[(len(used) - 1) // 2])}
    names = [*bands(frame), "valid", "clouds"]
    frame["valid"], frame["clouds"] = _mask(frame, "valid"), _mask(frame, "clouds")
    seen = float(usable(frame).mean())
    if seen < SEEN:
        clear = days[(usable(cube).mean(("y", "x")) > 0.5).values]
        hint = f"; clear dates near it: {', '.join(_nearest(clear, first))}" if len(clear) else ""
        raise InputError(f"On {text} clouds cover all of the ground{hint}.")
    return frame[names]


def _mask(frame: xr.Dataset, name: str) -> xr.DataArray:
    if name in frame:
        return frame[name]
    seen: xr.DataArray = frame[bands(frame)[0]].notnull()
    return seen if name == "valid" else xr.zeros_like(seen)


def _nearest(days: Any, day: np.datetime64) -> list[str]:
    return sorted(map(str, days[np.argsort(np.abs((days - day).astype(int)), kind="stable")[:3]]))


def _same_bands(before: xr.Dataset, after: xr.Dataset, notes: list[str]) -> tuple[xr.Dataset, xr.Dataset]:
    one, two = bands(before), bands(after)
    common = [b for b in one if b in two]
    radar = [all(map(is_radar, (x[b] for b in names))) for x, names in ((before, one), (after, two))]
    if radar[0] != radar[1] and not common:
        names, others = (one, two) if radar[0] else (two, one)
        raise InputError(
            f"One image is radar ({', '.join(names)}) and the other is not ({', '.join(others)}): they measure different "
            "quantities, and no method compares them. Choose two images of one sensor."
        )
    if not common:
        raise InputError(f"The two rasters have no band in common: {', '.join(one)} and {', '.join(two)}.")
    left_out = sorted(set(one) ^ set(two))
    if left_out:
        notes.append(f"Only one of the two rasters has {', '.join(left_out)}: the comparison uses {', '.join(common)}.")
    keep = [*common, "valid", "clouds"]
    return before[[n for n in keep if n in before]], after[[n for n in keep if n in after]]


def _same_grid(before: xr.Dataset, after: xr.Dataset, notes: list[str]) -> tuple[xr.Dataset, xr.Dataset]:
    """Resample the second frame to the grid of the first, and cut both to their common extent."""
    import rioxarray  # noqa: F401  (gives .rio)
    from rasterio.enums import Resampling

    a, b = geobox(before), geobox(after)
    if a == b:
        return before, after
    reach = b.footprint(a.crs).geom
    own = a.extent.geom
    shared = own.intersection(reach).area / max(min(own.area, reach.area), 1e-12)
    if shared < SLIVER:
        raise InputError(
            f"The two rasters share {shared:.1%} of the smaller one: choose rasters that cover the same ground."
        )
    ratio = abs(b.to_crs(a.crs).resolution.x / a.resolution.x)
    if max(ratio, 1 / ratio) > 4:
        raise InputError(
            f"The pixels of one raster are {max(ratio, 1 / ratio):.0f} times as large as those of the other: open both at one "
            "resolution."
        )
    moved = xr.Dataset(coords={"time": after.time}, attrs=after.attrs)
    for name in after.data_vars:
        layer = after[name]
        how = Resampling.nearest if layer.dtype == bool else Resampling.bilinear
        source = layer.astype("uint8") if layer.dtype == bool else layer
        got = source.rio.write_crs(str(b.crs)).rio.reproject(
            a.crs.to_wkt(),
            transform=a.affine,
            shape=a.shape,
            resampling=how,
            nodata=255 if layer.dtype == bool else np.nan,
        )
        values = got.values
        if layer.dtype == bool:
            values = values == 1
        moved[name] = (("time", "y", "x"), values)
    moved = moved.assign_coords(y=before.y, x=before.x)
    inside = moved["valid"].isel(time=0).values
    rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
    window = {"y": slice(rows[0], rows[-1] + 1), "x": slice(columns[0], columns[-1] + 1)}
    notes.append(
        f"The second raster was resampled to the grid of the first; {shared:.0%} of the smaller one is compared."
    )
    if "spatial_ref" in before.coords:
        moved = moved.assign_coords(spatial_ref=before.spatial_ref)
    return before.isel(window), moved.isel(window)


def _refuse_identical(frames: list[xr.Dataset]) -> None:
    one, two = frames
    same = all(np.array_equal(one[n].values, two[n].values, equal_nan=True) for n in bands(one))
    if same:
        raise InputError("The two images are identical, pixel for pixel: choose another date or another file.")
