"""Checks of local raster files that refer to other files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from eowidgets.errors import InputError, SourceError, shown

#: The one GDAL driver that may open a file, by its ending: other drivers may follow addresses that a file contains.
DRIVERS = {".tif": "GTiff", ".tiff": "GTiff", ".jp2": "JP2OpenJPEG", ".img": "HFA", ".vrt": "VRT"}
#: A larger VRT is not read as a description of others.
MAX_VRT = 20_000_000


def local_env() -> Any:
    """Return GDAL options for local files: no file of theirs may lead to the network."""
    import rasterio

    # Without a listing of the folder for each file, a folder of many files opens several times faster.
    return rasterio.Env(CPL_VSIL_CURL_ALLOWED_EXTENSIONS=".none", GDAL_DISABLE_READDIR_ON_OPEN="TRUE")


def driver_for(path: Path, root: Path, *, remote: bool = False) -> str:
    """Return the GDAL driver that opens a file, after a check of the files that a VRT refers to.

    Parameters
    ----------
    path : Path
    root : Path
        Folder below which every file that a VRT names must lie.
    remote : bool
        Whether files elsewhere and addresses are allowed.

    Raises
    ------
    InputError
        If a VRT names a file outside ``root``, an address, or code; or if the ending is not that of a raster.
    """
    driver = DRIVERS.get(path.suffix.lower())
    if driver is None:
        raise InputError(f"{path.name[-80:]!r} is not a file that can be opened: expected one of {', '.join(DRIVERS)}.")
    if is_vrt(path):
        if driver != "VRT":
            raise InputError(
                f"{shown(path.name)} is a VRT in text, not the raster that its name states: rename it to .vrt."
            )
        if not remote:
            _check_vrt(path, root.resolve(), depth=0)
    return driver


def is_vrt(path: Path) -> bool:
    """Return whether a file is a GDAL VRT, by its first characters or its name."""
    if path.suffix.lower() == ".vrt":
        return True
    try:
        with path.open("rb") as file:
            return file.read(200).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<VRTDataset")
    except OSError:
        return False


def _check_vrt(path: Path, root: Path, depth: int) -> None:
    if depth > 5:
        raise InputError(
            f"{shown(path.name)} refers to other VRT files more than five levels deep: open those instead."
        )
    text = _read(path)
    if re.search(r"<!(DOCTYPE|ENTITY)", text):
        raise InputError(f"{shown(path.name)} contains XML entities, which are not allowed in a VRT.")
    try:
        tree = ElementTree.fromstring(text)  # noqa: S314  (no entities, and expat limits their expansion)
    except ElementTree.ParseError:
        raise SourceError(f"{shown(path.name)} cannot be read as a VRT: its XML is not complete.") from None
    names = {element.tag for element in tree.iter()}
    if names & {"PixelFunctionCode", "PixelFunctionLanguage", "PixelFunctionType"}:
        raise InputError(
            f"{shown(path.name)} contains a pixel function, which could run code: convert it to a GeoTIFF."
        )
    for element in tree.iter():
        if element.tag not in ("SourceFilename", "SourceDataset", "SourceGroup"):
            continue
        target = (element.text or "").strip()
        _check_target(path, target, element.get("relativeToVRT") == "1", root, depth)


def _check_target(path: Path, target: str, relative: bool, root: Path, depth: int) -> None:
    plain = re.match(r"^(/vsi|[a-z][a-z0-9+.-]+:|<|\\\\)", target, re.IGNORECASE) is None
    found = ((path.parent / target) if relative or not Path(target).is_absolute() else Path(target)) if plain else None
    inside = found is not None and found.resolve().is_relative_to(root)
    if found is None or not inside:
        raise InputError(
            f"{shown(path.name)} refers to {target[:80]!r}, which is not a file in the same folder or below it: "
            "pass remote=True if you trust it."
        )
    if is_vrt(found):
        _check_vrt(found, root, depth + 1)


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_VRT:
            raise InputError(f"{shown(path.name)} has more than {MAX_VRT // 1_000_000} MB, too much for a VRT.")
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise SourceError(f"{shown(path.name)} cannot be read ({error.strerror or error}).") from error
