"""What the metadata files of a product state about its bands: Sentinel-2 ``MTD_*.xml``, Landsat ``*_MTL.txt``."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

from eowidgets.cube.sensors import baseline_in

_MOST = 3_000_000


@dataclass(frozen=True)
class Baseline:
    """Processing baseline of a Sentinel-2 product; ``certain`` where its own structure or metadata accompany it."""

    value: float
    product: str
    certain: bool


def sentinel2_baseline(path: Path) -> Baseline | None:
    """Return the baseline of the product that a file belongs to, from its metadata or else its name."""
    parts = path.absolute().parts
    for depth in range(len(parts) - 1, 0, -1):
        value = baseline_in(parts[depth])
        if value is None:
            continue
        folder = Path(*parts[: depth + 1])
        noted = _noted_baseline(folder) if folder.is_dir() else None
        certain = noted is not None or "GRANULE" in parts[depth:]
        return Baseline(noted if noted is not None else value, parts[depth], certain)
    return None


def _noted_baseline(folder: Path) -> float | None:
    for file in sorted(folder.glob("MTD_MSIL*.xml")):
        found = re.search(r"<PROCESSING_BASELINE>\s*(\d{2}\.\d{2})\s*<", _text(file))
        if found:
            return float(found[1])
    return None


@dataclass(frozen=True)
class Landsat:
    """Numbers of a Landsat ``MTL`` file: factors for each band, and the elevation of the sun in degrees."""

    mult: dict[str, float]
    add: dict[str, float]
    sun_elevation: float | None

    def factors(self, number: str) -> tuple[float, float] | None:
        """Return scale and offset of a band (``"4"``), divided by the sine of the sun's elevation, or None."""
        if number not in self.mult or not self.sun_elevation or self.sun_elevation <= 0:
            return None
        sine = math.sin(math.radians(self.sun_elevation))
        return self.mult[number] / sine, self.add.get(number, 0.0) / sine


def landsat_metadata(path: Path) -> Landsat | None:
    """Return the metadata of the scene that a band file belongs to, or None."""
    scene = re.match(r"(?i)(l[a-z]0\d_l1[a-z]{2}_\d{6}_\d{8}_\d{8}_\d{2}_[a-z0-9]{2})", path.name)
    return None if scene is None else _mtl(path.parent, scene[1])


def _mtl(folder: Path, scene: str) -> Landsat | None:
    text = _text(folder / f"{scene}_MTL.txt")
    if not text:
        return None

    def numbers(key: str) -> dict[str, float]:
        return {n: float(v) for n, v in re.findall(rf"REFLECTANCE_{key}_BAND_(\d+)\s*=\s*([-+\d.eE]+)", text)}

    sun = re.search(r"SUN_ELEVATION\s*=\s*([-+\d.]+)", text)
    return Landsat(numbers("MULT"), numbers("ADD"), float(sun[1]) if sun else None)


def _text(file: Path) -> str:
    try:
        with file.open(encoding="utf-8", errors="replace") as handle:
            return handle.read(_MOST)
    except OSError:
        return ""
