"""Real images for the small encoders: read from the data folder (an argument, or ``EOW_DATA``) and from the samples."""

from __future__ import annotations

import argparse
import hashlib
import io
import os
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np
import rasterio
from PIL import Image
from rasterio.warp import transform

import eowidgets as eow
from eowidgets.models.encode.ssl4eco.phenology import nearest_dates, season_days

#: Common names of the twelve bands in the files of SatCLIP and TerraMind.
TWELVE = (
    *("coastal", "blue", "green", "red", "rededge1", "rededge2", "rededge3", "nir", "nir08", "nir09"),
    *("swir16", "swir22"),
)
#: Reflectance at the end of the scale of EuroSAT's pictures.
EUROSAT_TOP = 0.275
#: Every third chip of EuroSAT, by the hash of its name, is held out, and every fifth of the others chooses recipes.
HELD_OUT, CHOICE = 3, 5


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Images of one place.

    Attributes
    ----------
    name : str
    values : array, shape (dates, bands, h, w), float32
        Reflectance; NaN in bands that were not measured.
    lonlat : tuple of float, optional
        Centre in degrees.
    seasons : array, shape (years, 4), optional
        Indices of dates at greenup, maturity, senescence and dormancy.
    cover : array, shape (h, w), optional
        Land cover.
    """

    name: str
    values: np.ndarray
    lonlat: tuple[float, float] | None = None
    seasons: np.ndarray | None = None
    cover: np.ndarray | None = None


def arguments(description: str | None, steps: int) -> argparse.Namespace:
    """Read the command line that all small encoders share."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("folder", type=Path, nargs="?", default=os.environ.get("EOW_DATA"))
    parser.add_argument("--steps", type=int, default=steps)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--probe", action="store_true", help="only probe the weights that are in the package")
    parser.add_argument("--choice", action="store_true", help="probe the parts that choose a recipe, and ship nothing")
    args = parser.parse_args()
    if args.folder is None:
        parser.error("give the folder of the data, or set EOW_DATA")
    args.folder = Path(args.folder)
    return args


def package_folder(package: ModuleType) -> Path:
    """Return the folder of a system."""
    assert package.__file__ is not None
    return Path(package.__file__).parent


def _picked(values: np.ndarray, bands: Sequence[str]) -> np.ndarray:
    return np.stack([values[TWELVE.index(b)] for b in bands]).astype("float32")


def _sentinel(path: Path, bands: Sequence[str]) -> tuple[np.ndarray, tuple[float, float]]:
    with rasterio.open(path) as file:
        raw = file.read().astype("float32")
        x, y = file.xy(file.height // 2, file.width // 2)
        (lon,), (lat,) = transform(file.crs, "EPSG:4326", [x], [y])
    # Products since 2022 carry an offset of 1000; it shows as a floor of nearly 1000 in all visible bands.
    offset = 1000.0 if np.percentile(raw[1:4], 0.1) > 990 else 0.0
    return _picked(np.clip(raw - offset, 0, None) / 10_000, bands), (float(lon), float(lat))


def satclip(folder: Path, bands: Sequence[str]) -> list[Place]:
    """Read the 23 patches of SatCLIP (256 x 256, one date)."""
    found = []
    for path in sorted((folder / "satclip_s2").rglob("*.tif")):
        values, lonlat = _sentinel(path, bands)
        found.append(Place(path.stem, values[None], lonlat))
    return found


def terramind(folder: Path, bands: Sequence[str]) -> list[Place]:
    """Read the five places of TerraMind's examples with their land cover (224 x 224, one date)."""
    found = []
    for path in sorted((folder / "terramind_examples").glob("S2L2A_*.tif")):
        values, lonlat = _sentinel(path, bands)
        with rasterio.open(path.with_name(path.name.replace("S2L2A", "LULC"))) as file:
            cover = file.read(1)
        found.append(Place(path.stem, values[None], lonlat, cover=cover))
    return found


def samples(bands: Sequence[str], *, clear: bool = True) -> list[Place]:
    """Read the samples of the package, with their dates of the seasons.

    Parameters
    ----------
    bands : sequence of str
    clear : bool
        Leave out dates of which more than a twentieth is cloudy or empty.
    """
    found = []
    for name in eow.samples():
        cube = eow.open(name)
        seen = (cube.valid & ~cube.clouds).values
        kept = seen.mean((1, 2)) >= 0.95 if clear else cube.valid.values.mean((1, 2)) >= 0.95
        shape = (int(kept.sum()), cube.sizes["y"], cube.sizes["x"])
        values = [cube[b].values[kept] if b in cube else np.full(shape, np.nan) for b in bands]
        days = cube.time.values[kept].astype("datetime64[D]").astype(float)
        seasons = None
        if clear:
            nir, red = cube.nir.values[kept], cube.red.values[kept]
            index = np.nanmean((nir - red) / np.maximum(nir + red, 1e-3), axis=(1, 2))
            seasons = nearest_dates(days, season_days(days, index))
        east, north = (float(cube[d].mean()) for d in ("x", "y"))
        (lon,), (lat,) = transform(cube.rio.crs, "EPSG:4326", [east], [north])
        stacked = np.stack(values, 1).astype("float32")
        found.append(Place(name, stacked, (float(lon), float(lat)), seasons))
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Chips:
    """Chips of EuroSAT RGB.

    Attributes
    ----------
    values : array, shape (n, 3, 64, 64)
        Reflectance of blue, green and red.
    classes : array, shape (n,), int
    part : array, shape (n,), str
        ``"training"``, ``"choice"`` or ``"held out"``.
    """

    values: np.ndarray
    classes: np.ndarray
    part: np.ndarray


def eurosat(folder: Path) -> Chips:
    """Read the chips of EuroSAT RGB, divided by the hashes of their names."""
    images, names = [], []
    with tarfile.open(folder / "eurosat_rgb" / "eurosat_rgb_train.tar.gz") as archive:
        for member in sorted(archive.getmembers(), key=lambda m: m.name):
            file = archive.extractfile(member) if member.name.endswith(".jpg") else None
            if file is not None:
                images.append(np.asarray(Image.open(io.BytesIO(file.read()))))
                names.append(Path(member.name))
    kinds = sorted({n.parent.name for n in names})
    hashes = [int(hashlib.sha256(n.name.encode()).hexdigest(), 16) for n in names]
    part = ["held out" if h % HELD_OUT == 0 else "training" if h // HELD_OUT % CHOICE else "choice" for h in hashes]
    values = np.stack(images).transpose(0, 3, 1, 2)[:, ::-1].astype("float32")
    return Chips(
        (values - 1) / 254 * EUROSAT_TOP, np.array([kinds.index(n.parent.name) for n in names]), np.array(part)
    )
