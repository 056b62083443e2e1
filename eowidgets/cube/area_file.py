"""Vector files that describe an area: GeoJSON, KML, GeoPackage, FlatGeobuf, and shapefiles, also in a zip archive."""

from __future__ import annotations

import json
import re
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from eowidgets.errors import InputError, MissingExtraError, SourceError, shown
from eowidgets.system import check_plain

#: Suffixes of the files that an area is read from.
FORMATS = (".geojson", ".json", ".kml", ".kmz", ".gpkg", ".fgb", ".shp", ".zip")
_JSON = (".geojson", ".json")
_ARCHIVES = (".zip", ".kmz")
#: Largest number of files and of unpacked bytes of an archive.
_MOST_FILES, _MOST_BYTES = 200, 200_000_000
#: First bytes of each format. GDAL detects formats by content and not by name, and some formats refer to other files and
#: servers, which an untrusted file must not open.
_BEGINS = {
    ".kml": re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*\?>)?\s*(?:<!--.*?-->\s*)*<kml\b(?!.*<OGR)", re.DOTALL),
    ".gpkg": re.compile(rb"SQLite format 3\x00"),
    ".fgb": re.compile(rb"fgb"),
    ".shp": re.compile(rb"\x00\x00\x27\x0a"),
    ".geojson": re.compile(rb"(?:\xef\xbb\xbf)?\s*\{"),
}
_BEGINS[".json"] = _BEGINS[".geojson"]
#: Bytes of a file that are checked.
_HEAD = 65_536


def read_vectors(path: Path) -> list[Any]:
    """Read the shapes of a file.

    Parameters
    ----------
    path : Path

    Returns
    -------
    list
        One mapping of GeoJSON, or a GeoDataFrame for each layer of another format, in its own coordinate system.

    Raises
    ------
    InputError, SourceError, MissingExtraError
        If there is no such file, it cannot be read, or its coordinate system is not known.
    """
    if not path.exists():
        raise InputError(f"There is no file {shown(str(path))}: give a path to a GeoJSON, KML or GeoPackage file.")
    check_plain(path)
    if path.suffix.lower() in _JSON:
        return [_geojson(path)]
    geopandas = need_geopandas(f"Reading {shown(path.name)}")
    if path.suffix.lower() in _ARCHIVES:
        source = _inside(path)
    else:
        source = str(path)
        if path.is_file() and path.suffix.lower() in _BEGINS:
            with path.open("rb") as file:
                _check_head(file.read(_HEAD), path.suffix.lower(), path.name)
    try:
        from pyogrio import list_layers

        names = [str(name) for name, kind in list_layers(source) if kind is not None]
        layers = [geopandas.read_file(source, layer=name) for name in names]
    except Exception as error:  # pyogrio raises errors of many types
        raise SourceError(
            f"The file {shown(path.name)} cannot be read as vector data ({type(error).__name__})."
        ) from error
    layers = [layer for layer in layers if len(layer)]
    if not layers:
        raise InputError(f"The file {shown(path.name)} has no shapes: draw one and save it again.")
    if any(layer.crs is None for layer in layers):
        raise InputError(
            f"The file {shown(path.name)} does not state its coordinate system: add the .prj file of the shapefile, or "
            "save it as GeoPackage."
        )
    return layers


def read_upload(content: bytes, name: str) -> list[Any]:
    """Read the shapes of a file that was uploaded, as :func:`read_vectors` does.

    Parameters
    ----------
    content : bytes
    name : str
        Name of the file, whose ending is the format.

    Raises
    ------
    InputError, SourceError, MissingExtraError
    """
    suffix = PurePosixPath(name).suffix.lower()
    if suffix not in FORMATS or suffix == ".shp":
        reason = (
            "is one file of several: put .shp, .shx, .dbf and .prj into a zip archive"
            if suffix == ".shp"
            else ("has an unknown format: save the area as GeoJSON, KML, GeoPackage or as a zipped shapefile")
        )
        raise InputError(f"{shown(name)} {reason}.")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, PurePosixPath(name).stem[:60].replace("/", "_") + suffix)
        path.write_bytes(content)
        return read_vectors(path)


def need_geopandas(what: str) -> Any:
    """Return geopandas, or raise an error that names ``what`` needs it."""
    try:
        import geopandas
    except ImportError:
        raise MissingExtraError(what, "lab") from None
    return geopandas


def _check_head(head: bytes, suffix: str, name: str) -> None:
    """Refuse a file whose content is not the format of its name."""
    if not _BEGINS[suffix].match(head):
        raise SourceError(f"The file {shown(name)} cannot be read as vector data: its content is not {suffix[1:]}.")


def _geojson(path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError):
        found = None
    except RecursionError:
        raise SourceError(f"The file {shown(path.name)} is nested too deeply to be GeoJSON.") from None
    except OSError as error:
        raise SourceError(f"The file {shown(path.name)} cannot be read: {error.strerror or error}.") from None
    if not isinstance(found, Mapping):
        raise SourceError(f"The file {shown(path.name)} is not GeoJSON.")
    return found


def _inside(path: Path) -> str:
    """Return GDAL's name of the one vector file in an archive, which is not unpacked to disk."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError):
        raise SourceError(f"The file {shown(path.name)} is not a zip archive.") from None
    if len(entries) > _MOST_FILES or sum(e.file_size for e in entries) > _MOST_BYTES:
        raise InputError(
            f"The archive {shown(path.name)} has more than {_MOST_FILES} files or {_MOST_BYTES // 1_000_000} MB "
            "unpacked: put only the area into it."
        )
    vectors = [
        e.filename
        for e in entries
        if PurePosixPath(e.filename).suffix.lower() in (".shp", ".gpkg", ".kml", ".fgb", *_JSON)
        and not PurePosixPath(e.filename).name.startswith(".")
        and "__MACOSX" not in e.filename
    ]
    if len(vectors) != 1:
        what = "no vector file" if not vectors else f"{len(vectors)} vector files"
        raise InputError(f"The archive {shown(path.name)} has {what}: put one shapefile, GeoPackage or KML into it.")
    with zipfile.ZipFile(path) as archive:
        try:
            with archive.open(vectors[0]) as file:
                head = file.read(_HEAD)
        except (
            zipfile.BadZipFile,
            OSError,
            RuntimeError,
            NotImplementedError,
        ):  # damaged, encrypted, other compression
            raise SourceError(
                f"The file {shown(path.name)} cannot be unpacked: write it again as a plain zip."
            ) from None
    _check_head(head, PurePosixPath(vectors[0]).suffix.lower(), vectors[0])
    return f"/vsizip/{{{path}}}/{vectors[0]}"
