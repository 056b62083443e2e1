"""Selection of the files of a folder, a glob or a zip archive that hold bands."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ENDINGS = (".tif", ".tiff", ".jp2", ".vrt", ".img")

#: Files that come with the bands of a product and are not bands: counts, angles, intermediate results, pictures.
_COMPANIONS = re.compile(
    r"_(SR_QA_AEROSOL|SR_ATMOS_OPACITY|SR_CLOUD_QA|QA_RADSAT|ST_(?!B\d)[A-Z]+|ANG|VCID_\d"
    r"|radsat_qa|sr_aerosol|sr_atmos_opacity|sr_cloud_qa|(?:solar|sensor)_(?:azimuth|zenith).*)$"
    r"|_(AOT|WVP|TCI|PVI|CLD|SNW)(_\d+m)?$"
    r"|[._](SAA|SZA|VAA|VZA)$"
    r"|_oa_.*_(?!fmask|s2cloudless)[a-z-]+$|_(contiguity|combined-terrain-shadow|timedelta)$"
    r"|_(DN_)?udm$"
    r"|_(inc_map|ls_map|local_incidence_angle)$"
    r"|[._-](thumbnail|thumb|overview|preview|browse|quicklook|ql)$",
    re.IGNORECASE,
)
#: Folders of a Sentinel-2 product that hold no band.
_SIDE_FOLDERS = {"QI_DATA", "AUX_DATA", "HTML", "rep_info", "DATASTRIP"}


@dataclass(frozen=True, slots=True)
class Found:
    """A raster file: its path for names and messages, and GDAL's path if it differs."""

    path: Path
    address: str | None = None


def band_files(paths: Iterable[Path]) -> list[Found]:
    """Return the raster files among paths that may hold bands, sorted."""
    return [Found(p) for p in sorted(paths) if _holds_bands(p)]


def in_folder(folder: Path, endings: tuple[str, ...] = ENDINGS) -> list[Path]:
    """Return the files below a folder that have one of the endings, without hidden ones."""
    found = (p for p in folder.rglob("*") if p.suffix.lower() in endings and p.is_file())
    return [p for p in found if not any(part.startswith(".") for part in p.relative_to(folder).parts)]


def in_archive(path: Path) -> list[Found]:
    """Return the raster files in a zip archive; empty where it holds none."""
    if not zipfile.is_zipfile(path):
        return []
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile:  # the reader of other formats raises the error
        return []
    with archive:
        names = sorted(n for n in archive.namelist() if n.lower().endswith(ENDINGS) and not _leaves(n))
    # A VRT in an archive could name anything, and is not needed there.
    inside = [(n, path / n) for n in names if not n.lower().endswith(".vrt")]
    return [Found(p, f"/vsizip/{{{path.absolute()}}}/{n}") for n, p in inside if _holds_bands(p)]


def _leaves(name: str) -> bool:
    return name.startswith(("/", "\\")) or ".." in Path(name).parts


def _holds_bands(path: Path) -> bool:
    return (
        path.suffix.lower() in ENDINGS
        and not _COMPANIONS.search(path.stem)
        and not _SIDE_FOLDERS & set(path.parts[-6:-1])
    )
