"""Change as places: polygons with area and date, hectares over time, filters, files, and a sentence for a report."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from eowidgets.analysis.change.pair import OTHER_SEASON
from eowidgets.contract.prepare import resolution_of
from eowidgets.cube.area import Area
from eowidgets.cube.export.place import write_whole
from eowidgets.cube.globe import outline
from eowidgets.cube.grid import geobox
from eowidgets.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

#: Neighbouring pixels whose dates lie further apart than this (days) belong to different events.
GAP = 120
#: With a smaller share of stable pixels a result is doubtful: see "How much must be stable" in docs/change.md.
LITTLE = 0.2
COLUMNS = ("id", "date", "first", "confirmed", "hectares", "kind", "confidence", "magnitude", "pixels")


def changed_places(found: xr.Dataset, smallest: float = 0.0) -> gpd.GeoDataFrame:
    """Return the patches of change as polygons.

    Changed pixels that share an edge form a patch. A patch whose dates fall into groups more than 120 days apart is
    split into one patch per group.

    Parameters
    ----------
    found : Dataset
        The result of :func:`~eowidgets.analysis.change.detect.change`.
    smallest : float
        Hectares; smaller patches are left out.

    Returns
    -------
    GeoDataFrame
        In the CRS of the result, sorted by size. ``date``: the median of the first dates of change of its pixels;
        ``first``: the earliest of them; ``confirmed``: the median of the dates of confirmation; ``hectares`` on the
        ellipsoid; ``kind`` of most pixels; ``confidence``: mean probability; ``magnitude``: median; ``pixels``.
    """
    geopandas = _geopandas()
    from rasterio.features import shapes
    from shapely import union_all
    from shapely.geometry import shape

    box = geobox(found)
    patches = _patches(found["change"].values == 1, found["date"].values)
    parts: dict[int, list[Any]] = {}
    for geometry, value in shapes(patches, mask=patches > 0, transform=box.affine):
        parts.setdefault(int(value), []).append(shape(geometry))
    rows = [_row(found, patches == number) | {"geometry": union_all(pieces)} for number, pieces in parts.items()]
    crs = box.crs.to_wkt()
    if not rows:
        return geopandas.GeoDataFrame({c: [] for c in COLUMNS}, geometry=[], crs=crs)
    frame = geopandas.GeoDataFrame(rows, crs=crs)
    # On the ellipsoid: projected areas differ from areas on the ground.
    degrees = frame.to_crs(4326)
    geod = degrees.crs.get_geod()
    frame["hectares"] = [round(abs(geod.geometry_area_perimeter(g)[0]) / 1e4, 4) for g in degrees.geometry]
    frame = frame[frame["hectares"] >= smallest].sort_values(["hectares", "date"], ascending=[False, True])
    frame.insert(0, "id", range(1, len(frame) + 1))
    return frame[[*COLUMNS, "geometry"]].reset_index(drop=True)


def _patches(changed: npt.NDArray[np.bool_], dates: npt.NDArray[np.datetime64]) -> npt.NDArray[np.int32]:
    """Return the patch number of every pixel, 0 where nothing changed."""
    from scipy.ndimage import find_objects, label

    touching, _ = label(changed)
    days = np.where(np.isnat(dates), 0, dates.astype("datetime64[D]").astype(int))
    out = np.zeros(changed.shape, np.int32)
    for number, window in enumerate(find_objects(touching), 1):
        here = touching[window] == number
        levels = np.unique(days[window][here])
        group = np.concatenate([[0], (np.diff(levels) > GAP).cumsum()])
        for k in range(group.max() + 1):
            members = here & np.isin(days[window], levels[group == k])
            inner, _ = label(members)
            out[window][members] = inner[members] + out.max()
    return out


def _row(found: xr.Dataset, where: npt.NDArray[np.bool_]) -> dict[str, Any]:
    dates, confirmed = (found[n].values[where].astype("datetime64[D]") for n in ("date", "confirmed"))
    row: dict[str, Any] = {
        "date": _median_day(dates),
        "first": str(np.min(dates)),
        "confirmed": _median_day(confirmed),
        "kind": "",
        "confidence": round(float(np.mean(found["probability"].values[where])), 3),
        "magnitude": float("nan"),
        "pixels": int(where.sum()),
    }
    if "kind" in found:
        codes = found["kind"].values[where]
        codes = codes[codes != 255]
        if len(codes):
            code = int(np.bincount(codes).argmax())
            row["kind"] = kind_names(found)[code]
    if "magnitude" in found:
        row["magnitude"] = round(float(np.nanmedian(found["magnitude"].values[where])), 4)
    return row


def kind_names(found: xr.Dataset) -> dict[int, str]:
    """Return the names of the kinds by number."""
    attrs = found["kind"].attrs
    names = [n.replace("_", " ") for n in str(attrs["flag_meanings"]).split()]
    return dict(zip((int(v) for v in np.atleast_1d(attrs["flag_values"])), names, strict=True))


def _median_day(days: npt.NDArray[np.datetime64]) -> str:
    # One of the dates: the mean of two could be a day without an image.
    return str(np.sort(days)[(len(days) - 1) // 2])


def filter_places(
    places: gpd.GeoDataFrame, *, smallest: float = 0.0, dates: tuple[str, str] | None = None, confidence: float = 0.0
) -> gpd.GeoDataFrame:
    """Keep places that are large enough (hectares), dated within ``dates`` (inclusive) and probable enough (0..1)."""
    keep = (places["hectares"] >= smallest) & (places["confidence"] >= confidence)
    if dates is not None:
        first, last = sorted(str(d)[:10] for d in dates)
        keep &= (places["date"] >= first) & (places["date"] <= last)
    return places[keep].reset_index(drop=True)


def least_hectares(cube: xr.Dataset) -> float:
    """Return the default smallest place: ten pixels, but at least 20 m² and at most 0.1 ha."""
    size = resolution_of(cube)
    return 0.1 if size is None else round(min(max(10 * size**2 / 1e4, 0.002), 0.1), 4)


def timeline(places: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return the hectares by date of first detection, and their cumulative sum: columns date, hectares, total."""
    import pandas as pd

    rows = places.groupby("date")["hectares"].sum().sort_index()
    return pd.DataFrame({"date": rows.index, "hectares": rows.round(4).values, "total": rows.cumsum().round(4).values})


def sentence(found: xr.Dataset, places: gpd.GeoDataFrame) -> str:
    """Summarise a result in words for a report."""
    begin, end = found.attrs.get("change_images", found.attrs["change_dates"])
    seen = _seen_hectares(found)
    total = float(places["hectares"].sum())
    stable = _stable(found) + _season(found)
    if not len(places):
        return f"Between {begin} and {end} no change was found on the {ground(seen)} that were observed.{stable}"
    count = "1 place" if len(places) == 1 else f"{len(places)} places"
    kinds = places.groupby("kind")["hectares"].sum().sort_values(ascending=False)
    main = ""
    if kinds.index[0]:
        main = f" Most of it ({ground(kinds.iloc[0])}): {kinds.index[0]}."
    largest = places.iloc[places["hectares"].argmax()]
    sure = np.average(places["confidence"], weights=places["hectares"])
    return (
        f"Between {begin} and {end}, {ground(total)} changed in {count}, {total / seen:.1%} of the {ground(seen)} that were "
        f"observed.{main} The largest, {ground(largest.hectares)}, is first seen on {largest.date}. "
        f"The mean confidence is {sure:.2f} (0.5 is the threshold).{stable}"
    )


def _season(found: xr.Dataset) -> str:
    """Return a warning if two images are of different seasons."""
    apart = found.attrs.get("season_days", 0)
    return (
        f" The images are {apart} days of the year apart: part of the change may be seasonal."
        if apart > OTHER_SEASON
        else ""
    )


def _stable(found: xr.Dataset) -> str:
    """Return a sentence on the stable share, with a warning where it is small."""
    share = found.attrs.get("stable_share")
    if share is None or not np.isfinite(share):
        return ""
    text = f" Of the area, {share:.1%} was stable."
    return (
        text
        if share >= LITTLE
        else f"{text} That is less than {LITTLE:.0%}: inspect the places before you use the figures."
    )


def ground(hectares: float, digits: int = 1) -> str:
    """Format an area with its unit and sensible digits: 12.4 ha, or 340 m² below a tenth of a hectare."""
    return f"{hectares:.{digits}f} ha" if hectares >= 0.1 else f"{hectares * 1e4:.0f} m²"


def _seen_hectares(found: xr.Dataset) -> float:
    from shapely import Polygon

    box = geobox(found)
    share = float((found["change"].values != 255).mean())
    whole = Area.of(Polygon(outline(box))) if box.crs.geographic else Area.of(box.extent.geom, str(box.crs))
    return whole.hectares * share


def save_places(places: gpd.GeoDataFrame, path: str | Path) -> Path:
    """Write places to a GeoPackage (``.gpkg``) or a table with centres in degrees (``.csv``); whole or not at all.

    Raises
    ------
    InputError
        For another ending, or no places.
    SourceError
        If the file cannot be written.
    """
    target = Path(path).expanduser()
    if not len(places):
        raise InputError("There is no change to save: widen the filters, or choose another period.")

    def gpkg(beside: Path) -> None:
        places.to_file(beside, layer="change", driver="GPKG")

    def csv(beside: Path) -> None:
        centres = places.geometry.representative_point().to_crs(4326)
        table = places.drop(columns="geometry")
        table["lon"], table["lat"] = ((centres.x + 180) % 360 - 180).round(6), centres.y.round(6)
        table.to_csv(beside, index=False)

    writers: dict[str, Callable[[Path], None]] = {".gpkg": gpkg, ".csv": csv}
    if target.suffix.lower() not in writers:
        raise InputError(f"The name {target.name!r} must end in .gpkg or .csv.")
    return write_whole(target, writers[target.suffix.lower()])


def _geopandas() -> Any:
    try:
        import geopandas
    except ImportError:
        raise MissingExtraError("Change as polygons", "lab") from None
    return geopandas
