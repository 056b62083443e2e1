"""Labelled chips and series for the comparison of encoders; every test part lies at other places than the training part."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

import eowidgets as eow
from benchmarks.teach_data import formosat as formosat_table
from benchmarks.teach_data import sits as sits_table

DATA = Path(os.environ.get("EOW_DATA", "."))
Array = npt.NDArray[Any]
#: Share of a chip that its class must cover.
PURE = 0.7
S2 = ("blue", "green", "red", "rededge1", "rededge2", "rededge3", "nir", "nir08", "swir16", "swir22")


@dataclass(frozen=True)
class Items:
    """Chips or series with labels.

    Attributes
    ----------
    name : str
    values : Tensor, shape (n, t, c, h, w)
        In the units of a cube.
    bands : tuple of str
    labels : array, shape (n,)
        Names of classes, or float32 numbers.
    place : array, shape (n,)
        Items of one place are never split, and are resampled together.
    test : array, shape (n,), bool
    split : str
        Definition of the test part.
    resolution : float
        Pixel size in metres.
    days : Tensor, optional, shape (t,) or (n, t)
    seen : Tensor, optional, shape (n, t, h, w), bool
    lonlat : Tensor, optional, shape (n, 2)
    """

    name: str
    values: Tensor
    bands: tuple[str, ...]
    labels: Array
    place: Array
    test: Array
    split: str
    resolution: float = 10.0
    days: Tensor | None = None
    seen: Tensor | None = None
    lonlat: Tensor | None = None

    @property
    def numeric(self) -> bool:
        """Whether labels are numbers."""
        return self.labels.dtype.kind == "f"


def chips(values: Array, classes: Array, side: int) -> tuple[Array, Array, Array, Array]:
    """Cut (t, c, h, w) into non-overlapping squares covered by one class; return them, class, row and column."""
    found, labels, at = [], [], []
    for i in range(0, classes.shape[0] - side + 1, side):
        for j in range(0, classes.shape[1] - side + 1, side):
            here = classes[i : i + side, j : j + side]
            names, counts = np.unique(here[here != ""], return_counts=True)
            part = values[..., i : i + side, j : j + side]
            if len(names) and counts.max() >= PURE * side * side and np.isfinite(part).all():
                found.append(part)
                labels.append(names[counts.argmax()])
                at.append((i // side, j // side))
    rows, columns = np.array(at).T
    return np.stack(found), np.array(labels), rows, columns


def eurosat() -> Items:
    """Return 1 500 chips of 64 pixels in 10 classes; the JPEGs stretch reflectance 0 to 0.275 to 0 to 255."""
    from PIL import Image

    images: list[Array] = []
    labels: list[str] = []
    with tarfile.open(DATA / "eurosat_rgb" / "eurosat_rgb_train.tar.gz") as whole:
        members = sorted((m for m in whole if m.isfile() and m.name.endswith(".jpg")), key=lambda m: m.name)
        rng = np.random.default_rng(0)
        for kind in sorted({m.name.split("/")[-2] for m in members}):
            mine = [m for m in members if m.name.split("/")[-2] == kind]
            for m in (mine[i] for i in rng.permutation(len(mine))[:150]):
                file = whole.extractfile(m)
                assert file is not None
                images.append(np.asarray(Image.open(io.BytesIO(file.read())).convert("RGB")).transpose(2, 0, 1))
                labels.append(kind)
    values = torch.from_numpy(np.stack(images)[:, None].astype("float32") / 255 * 0.275)
    which = np.arange(len(labels))
    text = "every third chip: the chips have no coordinates"
    return Items("EuroSAT RGB", values, ("red", "green", "blue"), np.array(labels), which, which % 3 == 0, text)


def romania() -> Items:
    """Return forest and open land in chips of 4 pixels; 12 monthly medians over all years."""
    cube = eow.open("romania")
    clear = cube[[*S2[:3], "nir"]].where(cube.valid & ~cube.clouds)
    months = clear.groupby("time.month").median("time").to_array("band").transpose("month", "band", "y", "x")
    cover = cube.tree_cover.values
    names = np.select([cover >= 50, cover < 25], ["forest", "open"], "")
    values, labels, row, column = chips(months.values, names, 4)
    block = row // 5 * 5 + column // 5
    days = torch.tensor([np.datetime64(f"2018-{m:02d}-15", "D").astype(int) for m in months.month.values])
    where = torch.tensor([[22.15, 45.2]]).expand(len(labels), 2)
    x = torch.from_numpy(values.astype("float32"))
    text = "every third block of 200 m"
    return Items("Romania forest", x, (*S2[:3], "nir"), labels, block, block % 3 == 0, text, days=days, lonlat=where)


def floods() -> Items:
    """Return water and land in radar chips of 32 pixels."""
    import rasterio

    def read(name: str) -> Array:
        with rasterio.open(DATA / "flood_s1" / f"{name}.tif") as source:
            found: Array = source.read(1)
            return found

    parts = []
    for i, chip in enumerate(("jja10", "awc00")):
        label = read(chip)
        names = np.select([label == 1, label == 0], ["water", "land"], "")
        x = np.stack([read(f"{chip}_vv"), read(f"{chip}_vh")])[None]
        values, labels, row, column = chips(x, names, 32)
        parts.append((values, labels, i * 16 + row // 4 * 4 + column // 4, column >= 11))
    values, labels, place, test = (np.concatenate(part) for part in zip(*parts, strict=True))
    x = torch.from_numpy(values.astype("float32"))
    return Items("floods Sentinel-1", x, ("vv", "vh"), labels, place, test, "the right third of two chips")


def chesapeake() -> Items:
    """Return trees, low vegetation and built-up land in aerial chips of 32 pixels of 1 m."""
    z = np.load(DATA / "chesapeake_landcover" / "chesapeake_wv_16.npz")
    parts = []
    for i, name in enumerate(z["name"]):
        cover = z["lc"][i]
        names = np.select([cover == 2, cover == 3], ["trees", "low vegetation"], "")
        values, labels, *_ = chips(z["naip_b"][i][None].astype("float32") / 255, names, 32)
        parts.append((values, labels, np.full(len(labels), i), np.full(len(labels), str(name).startswith("val"))))
    values, labels, place, test = (np.concatenate(part) for part in zip(*parts, strict=True))
    text, bands = "the other of two aerial tiles", ("red", "green", "blue", "nir")
    return Items("land cover NAIP", torch.from_numpy(values), bands, labels, place, test, text, resolution=1.0)


def terramind() -> Items:
    """Return trees, crops and rangeland at four places: Sentinel-2 and Sentinel-1 in chips of 16 pixels."""
    import rasterio

    def read(path: Path) -> Array:
        with rasterio.open(path) as source:
            found: Array = source.read()
            return found

    folder = DATA / "terramind_examples"
    order = (
        "coastal",
        "blue",
        "green",
        "red",
        "rededge1",
        "rededge2",
        "rededge3",
        "nir",
        "nir08",
        "nir09",
        "swir16",
        "swir22",
    )
    parts = []
    for i, path in enumerate(sorted(folder.glob("LULC_*.tif"))):
        name = path.name.removeprefix("LULC_")
        optical = read(folder / f"S2L2A_{name}").astype("float32") / 10_000
        kept = optical[[order.index(b) for b in S2]]
        x = np.concatenate([kept, read(folder / f"S1RTC_{name}").astype("float32")])[None]
        cover = read(path)[0]
        names = np.select([cover == 2, cover == 4, cover == 9], ["class 2", "class 4", "class 9"], "")
        try:
            values, labels, *_ = chips(x, names, 16)
        except ValueError:  # a place without these classes
            continue
        parts.append((values, labels, np.full(len(labels), i)))
    values, labels, place = (np.concatenate(part) for part in zip(*parts, strict=True))
    text = "two of four places"
    return Items("land cover S1 S2", torch.from_numpy(values), (*S2, "vv", "vh"), labels, place, place < 2, text)


def clouds() -> Items:
    """Return cloud, shadow and clear ground in chips of 16 pixels of two sensors, top of atmosphere."""
    bands = ("blue", "green", "red", "nir", "swir16", "swir22")
    parts = []
    for i, name in enumerate(("landsat5", "landsat7")):
        z = np.load(DATA / "cloud_chips" / f"{name}.npz")
        mask = z["msk"][..., 0]
        names = np.select([mask == 0, mask == 4], ["shadow", "cloud"], "clear")
        values, labels, *_ = chips(z["img"].transpose(2, 0, 1)[None].astype("float32"), names, 16)
        parts.append((values, labels, np.full(len(labels), i)))
    values, labels, place = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Items(
        "clouds TOA", torch.from_numpy(values), bands, labels, place, place == 1, "another sensor", resolution=30.0
    )


def fuel() -> Items:
    """Return live fuel moisture from three months of Sentinel-1 and Sentinel-2 of one pixel."""
    folder = DATA / "presto" / "data" / "fuel_moisture" / "npy"
    x, target, place = (np.load(folder / f"{n}.npy") for n in ("s1_s2_era5_srtm", "target", "latlon"))
    site = np.load(folder / "site.npy", allow_pickle=True)
    columns = [*range(2, 10), 11, 12]
    values = np.concatenate([x[:, :, columns] / 10_000, x[:, :, :2]], axis=2).astype("float32")[..., None, None]
    test = np.load(folder / "is_test.npy") > 0
    where = torch.from_numpy(place[:, ::-1].astype("float32").copy())
    text = "the published split"
    bands = (*S2, "vv", "vh")
    first = np.datetime64("2019-01", "M") + np.load(folder / "month.npy")[:, :1] + np.arange(3)
    days = torch.from_numpy((first.astype("datetime64[D]").astype("int64") + 14).astype("float64"))
    labels = target.astype("float32")
    return Items(
        "fuel moisture", torch.from_numpy(values), bands, labels, site.astype(str), test, text, days=days, lonlat=where
    )


def crops(name: str, table: Callable[[], Any]) -> Items:
    """Return series of pixels with a crop class, as images of one pixel."""
    data = table()
    parts = [(data.train, data.labels, False), (data.test, data.truth, True)]
    values, labels, place, test = [], [], [], []
    bands = tuple(b for b in data.train.columns if b not in ("id", "time", "lon", "lat"))
    for frame, truth, held in parts:
        groups = data.options.get("groups")
        for key, part in frame.groupby("id"):
            values.append(part[list(bands)].to_numpy("float32"))
            labels.append(str(truth.loc[key]))
            first = part.iloc[0]
            place.append(str(groups.loc[key]) if groups is not None else f"{first.lon:.1f} {first.lat:.1f}")
            test.append(held)
        times = frame[frame["id"] == frame["id"].iloc[0]]["time"].to_numpy("datetime64[D]").astype("int64")
    days = torch.from_numpy(times.astype("float64"))
    x = torch.from_numpy(np.stack(values))[..., None, None]
    return Items(
        name, x, bands, np.array(labels), np.array(place), np.array(test), data.split, resolution=30.0, days=days
    )


SETS: dict[str, Callable[[], Items]] = {
    "eurosat": eurosat,
    "romania": romania,
    "floods": floods,
    "chesapeake": chesapeake,
    "terramind": terramind,
    "clouds": clouds,
    "fuel": fuel,
    "formosat": lambda: crops("crops Formosat", formosat_table),
    "sits": lambda: crops("crops MODIS", lambda: sits_table("samples_mt_9classes")),
}
