"""Real pictures for the networks of change, each from a named place, with the split by place.

The folder has the data sets ``building_chips``, ``urban_trees_naip``, ``chesapeake_landcover``, ``airchange_sztaki`` and
``change_landsat_sar``; missing sets are skipped. Nothing is downloaded or written.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from eowidgets.models.change.lenet.network import UNKNOWN

Picture = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.uint8]
Split = Literal["train", "dev", "test"]

#: Outlines of buildings in the NAIP tiles, drawn by eye for this project: rotated rectangles by place.
OUTLINES = Path(__file__).parent / "labels" / "naip_buildings.json"

#: Held-out places. Everything else is for training, a part of it (``DEV``) for choosing settings.
TEST = (
    "inria/chicago1",
    "whu/ottawa",
    "whu/santiago",
    "whu/cordoba",
    "potsdam/7_7",
    "potsdam/7_9",
    "naip/riverside",
    "naip/chico",
    "chesapeake/m_3708035_ne",
    "airchange/Tisza",
    "beijing/A",
)
DEV = ("inria/austin1/val", "potsdam/4_13", "naip/palm_springs", "airchange/Szada_6", "chesapeake/m_3708020_sw/7")
#: Places where the dates differ by a building: unchanged pairs are not drawn from them.
REBUILT = ("naip/chico_96", "naip/riverside_53", "naip/long_beach_25")


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Pictures of one place.

    Attributes
    ----------
    name : str
        ``"source/place"``, which determines the split.
    metres : float
        Nominal pixel size.
    dates : ndarray, shape (t, 3, h, w), uint8
        Red, green, blue.
    buildings : ndarray, shape (h, w), uint8, optional
        1 building, 0 none, 255 unknown; the same on all dates.
    change : ndarray, shape (h, w), uint8, optional
        Annotated change between the first and the last date.
    """

    name: str
    metres: float
    dates: Picture
    buildings: Labels | None = None
    change: Labels | None = None

    @property
    def split(self) -> Split:
        """Part of the data the place belongs to."""
        if self.name.startswith(TEST):
            return "test"
        return "dev" if self.name.startswith(DEV) else "train"


def places(folder: Path) -> list[Place]:
    """Read all places of the data sets in the folder.

    Raises
    ------
    FileNotFoundError
        If the folder contains none of them.
    """
    readers: dict[str, Callable[[Path], Iterator[Place]]] = {
        "building_chips": building_chips,
        "urban_trees_naip": naip,
        "chesapeake_landcover": chesapeake,
        "airchange_sztaki": airchange,
        "change_landsat_sar": beijing,
    }
    found = [p for name, read in readers.items() if (folder / name).is_dir() for p in read(folder / name)]
    if not found:
        raise FileNotFoundError(
            f"{folder} contains none of the folders {', '.join(readers)}: give the folder of the data sets."
        )
    return found


def rgb(file: Path | io.BytesIO) -> Picture:
    """Read a picture as (3, h, w)."""
    return np.ascontiguousarray(np.asarray(Image.open(file).convert("RGB")).transpose(2, 0, 1))


def _mask(file: Path | io.BytesIO) -> Labels:
    return (np.asarray(Image.open(file).convert("L")) > 127).astype(np.uint8)


def building_chips(folder: Path) -> Iterator[Place]:
    """Read chips with building masks: Inria (Austin, Chicago; 0.3 m), WHU cities, Potsdam."""
    with tarfile.open(folder / "austin.tar.gz") as archive:
        names = sorted(n for n in archive.getnames() if "/images/" in n and n.endswith(".tif"))
        for name in names:
            part, stem = name.split("/")[-3], Path(name).stem
            city, number = stem.split("_")
            image, mask = (
                io.BytesIO(archive.extractfile(n).read())  # type: ignore[union-attr]
                for n in (name, name.replace("/images/", "/gt/"))
            )
            yield Place(f"inria/{city}/{part}/{number}", 0.3, rgb(image)[None], _mask(mask))
    for path in sorted((folder / "cities" / "images").iterdir()):
        mask_path = folder / "cities" / "gt" / path.name
        stem = path.stem
        if stem.startswith("whucity_"):
            # The set has pixels of 0.3 to 2.5 m, which are not given for each city; they are rescaled at random anyway.
            yield Place(f"whu/{stem.removeprefix('whucity_')}", 0.6, rgb(path)[None], _mask(mask_path))
        elif stem.startswith("potsdam"):
            number = "_".join(stem.split("_")[3:5])
            yield Place(f"potsdam/{number}", 1.0, rgb(path)[None], _mask(mask_path))
        else:
            yield Place(f"inria/{stem.removeprefix('inria_')}", 0.3, rgb(path)[None], _mask(mask_path))


def naip(folder: Path) -> Iterator[Place]:
    """Read NAIP tiles of up to three years per place (0.6 m), with the outlines of :data:`OUTLINES` if there are any."""
    import rasterio

    drawn = json.loads(OUTLINES.read_text(encoding="utf-8"))["places"] if OUTLINES.exists() else {}
    by_place: dict[str, list[Picture]] = {}
    for archive_path in sorted(folder.glob("*.tar.gz")):
        with tarfile.open(archive_path) as archive:
            for name in sorted(n for n in archive.getnames() if n.endswith(".tif")):
                city, _, number = Path(name).stem.rsplit("_", 2)
                data = archive.extractfile(name).read()  # type: ignore[union-attr]
                with rasterio.io.MemoryFile(data) as memory, memory.open() as file:
                    by_place.setdefault(f"{city}_{number}", []).append(file.read((1, 2, 3)))
    for key, dates in by_place.items():
        shape = dates[0].shape[1:]
        buildings = outlined(drawn[key], (shape[0], shape[1])) if key in drawn else None
        yield Place(f"naip/{key}", 0.6, np.stack(dates), buildings)


def outlined(rectangles: list[list[float]], shape: tuple[int, int]) -> Labels:
    """Draw rectangles (column and row of the centre, length, width, degrees from the column axis) as a mask.

    Pixels on the outline are unknown, since outlines drawn by eye are a pixel or two off.
    """
    from scipy.ndimage import binary_dilation, binary_erosion

    plan = Image.new("L", (shape[1], shape[0]))
    pen = ImageDraw.Draw(plan)
    for x, y, length, width, degrees in rectangles:
        c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
        around = ((-1, -1), (1, -1), (1, 1), (-1, 1))
        half = (length / 2, width / 2)
        pen.polygon(
            [(x + u * half[0] * c - v * half[1] * s, y + u * half[0] * s + v * half[1] * c) for u, v in around], fill=1
        )
    mask = np.array(plan)
    sure = binary_erosion(mask, border_value=1)
    mask[binary_dilation(mask) & ~sure] = UNKNOWN
    return mask


def chesapeake(folder: Path) -> Iterator[Place]:
    """Read NAIP of two years (1 m) in West Virginia: woods, meadows, a few houses that are on both dates."""
    data = np.load(folder / "chesapeake_wv_16.npz")
    for i, name in enumerate(data["name"]):
        tile, number = str(name).split("2014-")[1].rsplit("_17_1-", 1)
        dates = np.stack([data["naip_a"][i, :3], data["naip_b"][i, :3]])
        # The land cover has roofs only as "impervious", and lacks small ones.
        bare = not (np.isin(data["lc"][i], (5, 6)).any() or data["buildings"][i].any())
        yield Place(f"chesapeake/{tile}/{number}", 1.0, dates, np.zeros(dates.shape[2:], np.uint8) if bare else None)


def airchange(folder: Path) -> Iterator[Place]:
    """Read aerial pairs of 1.5 m, twenty years apart; the marks include ground works and plantations."""
    for path in sorted((folder / "train").glob("*_gt.png")):
        stem = path.name.removesuffix("_gt.png")
        dates = np.stack([rgb(path.with_name(f"{stem}_{d}.png")) for d in ("im1", "im2")])
        yield Place(f"airchange/{stem}", 1.5, dates, change=_mask(path))


def beijing(folder: Path) -> Iterator[Place]:
    """Read a pair of very high resolution with a new factory; the mark includes its yard."""
    for path in sorted(folder.glob("beijing_*_gt.jpg")):
        stem = path.name.removesuffix("_gt.jpg")
        dates = np.stack([rgb(path.with_name(f"{stem}_{d}.jpg")) for d in ("1", "2")])
        yield Place(f"beijing/{stem.removeprefix('beijing_')}", 1.0, dates, change=_mask(path))
