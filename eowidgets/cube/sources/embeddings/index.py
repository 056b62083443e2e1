"""An index of embeddings in GeoParquet: which file holds which place and year."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from eowidgets.cube.area import Area
from eowidgets.cube.sources.embeddings.years import wanted
from eowidgets.errors import InputError, MissingExtraError, SourceError, shown

#: Columns that an index needs.
COLUMNS = ("geometry", "year", "path")
#: Files of an index that are opened at most without an area.
MOST = 64
#: Where the paths of a published index can be read without an account.
_SERVERS = {"s3://us-west-2.opendata.source.coop/": "https://data.source.coop/"}


@dataclass(frozen=True)
class Row:
    """A file of an index.

    Attributes
    ----------
    path : Path
        Of the local file; of a remote one its name, for messages.
    year : int
    address : str or None
        What GDAL opens where the file is remote.
    """

    path: Path
    year: int
    address: str | None = None


def read_index(path: Path, bbox: Any, dates: Any, *, remote: bool) -> list[Row]:
    """Return the files of an index that touch an area, in the years asked for.

    Files are looked for below the folder of the index, by the end of the path that the index states.

    Parameters
    ----------
    path : Path
        ``.parquet`` with the columns ``geometry``, ``year`` and ``path``.
    bbox, dates
        As ``eow.open`` takes them.
    remote : bool
        Whether files that are not there may be read from their server.

    Raises
    ------
    InputError, SourceError, MissingExtraError
    """
    table = _read(path, bbox)
    table = table[[wanted(int(year), dates) for year in table["year"]]]
    if bbox is not None and len(table):
        place = Area.of(bbox)
        table = table[table.geometry.intersects(place.geometry)]
    if not len(table):
        raise InputError(f"The index {shown(path.name)} has no embeddings of this area and these years: choose others.")
    if bbox is None and len(table) > MOST:
        raise InputError(
            f"The index {shown(path.name)} names {len(table)} files: choose a part with bbox= and dates=, at most {MOST} are "
            "opened without an area."
        )
    rows = [
        _row(path.parent, str(name), int(year), remote) for name, year in zip(table["path"], table["year"], strict=True)
    ]
    missing = [r for r in rows if r.address is None and not r.path.is_file()]
    if missing:
        raise SourceError(
            f"{len(missing)} of the {len(rows)} files that the index {shown(path.name)} names are not below its folder (first: "
            f"{missing[0].path.name[:60]!r}): put them there, or pass remote=True to read them from their server."
        )
    return sorted(rows, key=lambda r: (r.year, str(r.path)))


def _read(path: Path, bbox: Any) -> Any:
    try:
        import geopandas
        import pyarrow  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("Reading an index of embeddings", "parquet") from error
    try:
        table = geopandas.read_parquet(path)
    except Exception as error:  # pyarrow raises errors of many kinds at damaged files
        raise SourceError(
            f"{shown(path.name)} cannot be read as GeoParquet: it may be incomplete or another format."
        ) from error
    missing = [c for c in COLUMNS if c not in table.columns]
    if missing:
        raise InputError(
            f"{shown(path.name)} has no column {missing[0]!r}: an index of embeddings has the columns {', '.join(COLUMNS)}."
        )
    if table["year"].isna().any() or table["year"].dtype.kind not in "iuf":
        raise InputError(f"The column 'year' of {shown(path.name)} must hold whole numbers such as 2020: correct it.")
    return table if table.crs is None or table.crs.is_geographic else table.to_crs("EPSG:4326")


def _row(folder: Path, name: str, year: int, remote: bool) -> Row:
    """Find a file below a folder by the end of its path in the index, the longest that exists."""
    parts = [p for p in PurePosixPath(name.partition("://")[2] or name).parts if p not in ("/", ".", "..")]
    if not parts:
        raise InputError(f"The index names no file in the row of {year} ({shown(name)}): correct its column 'path'.")
    for k in range(len(parts)):
        path = folder.joinpath(*parts[k:])
        if path.is_file() and path.resolve().is_relative_to(folder.resolve()):
            return Row(path, year)
    address = address_of(name) if remote else None
    return Row(Path(parts[-1]) if address else folder / parts[-1], year, address)


def address_of(name: str) -> str | None:
    """Return what GDAL opens for the address of a file; None for a path.

    Examples
    --------
    >>> address_of("s3://us-west-2.opendata.source.coop/tge-labs/aef/a.tiff")
    '/vsicurl/https://data.source.coop/tge-labs/aef/a.tiff'
    >>> address_of("2020/a.tiff") is None
    True
    """
    for prefix, server in _SERVERS.items():
        if name.startswith(prefix):
            name = server + name.removeprefix(prefix)
    return f"/vsicurl/{name}" if name.startswith("https://") else None
