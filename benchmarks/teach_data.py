"""Labelled data sets for the benchmark of ``eow.teach``: a part for training, and a part that is held out by place."""

from __future__ import annotations

import io
import json
import os
import tarfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import rioxarray  # noqa: F401  (registers the accessor)
import xarray as xr

DATA = Path(os.environ.get("EOW_DATA", "."))


@dataclass
class Labelled:
    """A training part and a test part.

    Attributes
    ----------
    train, test : DataFrame or Dataset
    labels : anything that ``eow.teach`` takes
    truth : array
        By id of the table, or (y, x) with 255 or NaN for no label; classes by name.
    options : dict
        Further arguments of ``eow.teach``.
    """

    train: Any
    test: Any
    labels: Any
    truth: Any
    options: dict[str, Any] = field(default_factory=dict)
    split: str = ""


def table(days: np.ndarray, x: np.ndarray, bands: list[str], which: np.ndarray, **more: np.ndarray) -> pd.DataFrame:
    dates = days.shape[1]
    n = np.flatnonzero(which)
    found: dict[str, Any] = {
        "id": np.repeat(n, dates),
        "time": pd.to_datetime(days[n].ravel().astype("datetime64[D]")),
        **{band: x[n, :, i].ravel().astype("float32") for i, band in enumerate(bands)},
        **{name: np.repeat(values[n], dates) for name, values in more.items()},
    }
    return pd.DataFrame(found)


def tables(
    days: Any, x: Any, bands: list[str], train: Any, label: Any, split: str, groups: Any = None, **place: Any
) -> Labelled:
    options = {} if groups is None else {"groups": pd.Series(groups, np.arange(len(x)))}
    labels = pd.Series(label, np.arange(len(x)), name="class")
    return Labelled(
        table(days, x, bands, train, **place),
        table(days, x, bands, ~train, **place),
        labels[train],
        labels[~train],
        options,
        split,
    )


def sits(name: str) -> Labelled:
    z = np.load(DATA / "sits_modis" / f"{name}.npz", allow_pickle=True)
    places = [f"{a:.1f} {b:.1f}" for a, b in zip(z["lon"], z["lat"], strict=True)]
    train = np.array([zlib.crc32(p.encode()) % 4 > 0 for p in places])
    label = np.array([str(v) for v in z["label"]])
    bands = [str(b) for b in z["bands"]]
    split = "a quarter of the cells of 0.1 degree"
    return tables(z["days"], z["X"], bands, train, label, split, lon=z["lon"], lat=z["lat"])


def cawa() -> Labelled:
    z = np.load(DATA / "cawa_crops" / "cawa_crops.npz", allow_pickle=True)
    first = (z["year"].astype("int64") - 1970).astype("datetime64[Y]").astype("datetime64[D]").astype("int64")
    days = first[:, None] + z["doy"][None].astype("int64") - 1
    cell = np.array([f"{a // 5000:.0f} {b // 5000:.0f}" for a, b in zip(z["x"], z["y"], strict=True)])
    train = np.array([zlib.crc32(c.encode()) % 4 > 0 for c in cell])
    label = np.array([str(v) for v in z["label_2"]])
    return tables(days, z["ndvi"][:, :, None], ["ndvi"], train, label, "a quarter of the cells of 5 km", groups=cell)


def formosat() -> Labelled:
    a = pd.read_csv(DATA / "formosat_sits" / "train_dataset.csv.gz", header=None).to_numpy()
    days = np.broadcast_to(13_149 + 2 * np.arange(149), (len(a), 149))
    polygon = np.array([f"{p:.0f}" for p in a[:, 1]])
    train = np.array([zlib.crc32(p.encode()) % 4 > 0 for p in polygon])
    label = np.array([f"class {int(v)}" for v in a[:, 0]])
    x = a[:, 2:].reshape(len(a), 149, 3)
    return tables(days, x, ["nir", "red", "green"], train, label, "a quarter of the polygons", groups=polygon)


def presto(name: str) -> Labelled:
    folder = DATA / "presto" / "data" / name / "npy"
    load: Callable[[str], Any] = lambda what: np.load(folder / f"{what}.npy", allow_pickle=True)  # noqa: E731
    x, target, place, test = load("s1_s2_era5_srtm"), load("target").astype("float32"), load("latlon"), load("is_test")
    months = np.arange(x.shape[1]) if name == "algae_blooms" else np.arange(x.shape[1]) * 1
    start = np.array([np.datetime64("2019-01", "M") + int(m) for m in load("month")[:, 0]], "datetime64[M]")
    days = (start[:, None] + months[None]).astype("datetime64[D]").astype("int64") + 14
    bands = [f"band{i}" for i in range(17)] + ["ndvi"]
    found = tables(days, x, bands, test == 0, target, "the published split", lon=place[:, 1], lat=place[:, 0])
    found.options["value"] = "target"
    return found


def picture(bands: dict[str, np.ndarray], metres: float, date: str = "2020-07-01") -> xr.Dataset:
    """Return bands (y, x) or (time, y, x) as a cube at an invented location."""
    first = next(iter(bands.values()))
    h, w = first.shape[-2:]
    times = (
        np.array([date], "datetime64[ns]") if first.ndim == 2 else pd.date_range(date, periods=len(first), freq="30D")
    )
    data = {name: (("time", "y", "x"), np.asarray(v, "float32").reshape(-1, h, w)) for name, v in bands.items()}
    coords = {
        "time": times,
        "y": 4_000_000 - metres * (np.arange(h) + 0.5),
        "x": 500_000 + metres * (np.arange(w) + 0.5),
    }
    return xr.Dataset(data, coords).rio.write_crs(32633)


def classes(values: np.ndarray, names: dict[int, str], like: xr.Dataset) -> xr.DataArray:
    attrs = {
        "flag_values": np.array(list(names), "uint8"),
        "flag_meanings": " ".join(names.values()),
        "nodata": 255,
    }
    found = xr.DataArray(values.astype("uint8"), {"y": like.y, "x": like.x}, ("y", "x"), "class", attrs)
    return found.rio.write_crs(32633)


def mosaic(tiles: np.ndarray, across: int) -> np.ndarray:
    """Put tiles (n, ..., h, w) next to each other."""
    rows = [np.concatenate(list(tiles[i : i + across]), axis=-1) for i in range(0, len(tiles), across)]
    return np.concatenate(rows, axis=-2)


COLOURS = ("red", "green", "blue", "nir")


def chesapeake() -> Labelled:
    z = np.load(DATA / "chesapeake_landcover" / "chesapeake_wv_16.npz", allow_pickle=True)
    parts = []
    for prefix in ("train", "val"):
        here = [i for i, n in enumerate(z["name"]) if str(n).startswith(prefix)]
        naip = mosaic(z["naip_b"][here], 4)
        cube = picture({c: naip[i] / 255 for i, c in enumerate(COLOURS)}, 1.0)
        cover = mosaic(z["lc"][here], 4)
        merged = np.select([cover == 2, cover == 3, (cover == 5) | (cover == 6)], [0, 1, 2], 255)
        parts.append((cube, classes(merged, {0: "trees", 1: "low_vegetation", 2: "impervious"}, cube)))
    (train, labels), (test, truth) = parts
    return Labelled(train, test, labels, truth, {}, "the other of two aerial tiles")


def _tar(path: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(path) as whole:
        for member in whole:
            if member.isfile():
                yield member.name, whole.extractfile(member).read()  # type: ignore[union-attr]


def urban_trees() -> Labelled:
    """Load pixels within 1.5 m of a tree and those farther than 6 m from all; the newest tile of each place.

    The places of the archive are divided by name.
    """
    import rasterio

    files = dict(_tar(DATA / "urban_trees_naip" / "trees_train.tar.gz"))
    tiles: dict[str, tuple[Any, Any]] = {}
    for name, content in sorted(files.items()):
        if not name.endswith(".tif"):
            continue
        stem = Path(name).stem
        place, _, number = stem.rsplit("_", 2)
        points = next((v for k, v in files.items() if k.endswith(f"csv/{stem}.csv") or k.endswith(f"{stem}.csv")), None)
        if points is None:
            continue
        with rasterio.open(io.BytesIO(content)) as source:
            pixels = source.read()
        xy = pd.read_csv(io.BytesIO(points)).to_numpy("float64")
        tiles[f"{place}_{number}"] = pixels, xy  # later years replace earlier ones
    yy, xx = np.mgrid[:256, :256]
    made = {}
    for place, (pixels, xy) in tiles.items():
        distance = np.full((256, 256), np.inf)
        for x, y in xy[:, :2]:
            distance = np.minimum(distance, (yy - y) ** 2 + (xx - x) ** 2)
        distance = np.sqrt(distance) * 0.6
        tree, other = distance <= 1.5, distance > 6
        # The same number of pixels without a tree: there are forty times more.
        rows, columns = np.nonzero(other)
        some = np.random.default_rng(zlib.crc32(place.encode())).permutation(len(rows))[: int(tree.sum())]
        label = np.where(tree, 0, 255)
        label[rows[some], columns[some]] = 1
        made[place] = pixels, label
    names = sorted(made)
    parts = []
    for keep in (True, False):
        some = [n for n in names if (zlib.crc32(n.split("_")[0].encode()) % 3 > 0) == keep]
        some = some[: len(some) // 3 * 3]
        image = mosaic(np.stack([made[n][0] for n in some]), 3)
        cube = picture({c: image[i] / 255 for i, c in enumerate(COLOURS)}, 0.6)
        label = mosaic(np.stack([made[n][1] for n in some]), 3)
        parts.append((cube, classes(label, {0: "tree", 1: "other"}, cube)))
    (train, labels), (test, truth) = parts
    return Labelled(train, test, labels, truth, {}, "a third of the cities")


def fields() -> Labelled:
    """Load the interiors of fields and their outlines (5 pixels of 1 m)."""
    from PIL import Image, ImageDraw

    folder = DATA / "field_boundaries"
    names = sorted(path.stem for path in (folder / "images").glob("*.png"))
    notes = json.loads((folder / "annotations.json").read_text())
    by_file = notes
    parts = []
    for here in (names[:4], names[-4:]):
        images, labels = [], []
        for name in here:
            image = np.asarray(Image.open(folder / "images" / f"{name}.png").convert("RGB"))[:1024, :1024]
            mask = Image.new("L", (1024, 1024), 255)
            draw = ImageDraw.Draw(mask)
            shapes = [r["shape_attributes"] for r in _regions(by_file[name])]
            corners = [list(zip(s["all_points_x"], s["all_points_y"], strict=True)) for s in shapes]
            for c in corners:
                draw.polygon(c, fill=0)
            for c in corners:
                draw.line([*c, c[0]], fill=1, width=5)
            images.append(image.transpose(2, 0, 1)[:, ::2, ::2])
            labels.append(np.asarray(mask)[::2, ::2])
        pixels = mosaic(np.stack(images), 2)
        cube = picture({c: pixels[i] / 255 for i, c in enumerate(("red", "green", "blue"))}, 2.0)
        parts.append((cube, classes(mosaic(np.stack(labels), 2), {0: "inside", 1: "boundary"}, cube)))
    (train, labels_), (test, truth) = parts
    return Labelled(train, test, labels_, truth, {}, "four other images")


def _regions(note: Any) -> Any:
    regions = note["regions"]
    return regions.values() if isinstance(regions, dict) else regions


def flood() -> Labelled:
    """Load water in radar; the right third of both chips is held out."""
    import rasterio

    def read(name: str) -> np.ndarray:
        with rasterio.open(DATA / "flood_s1" / f"{name}.tif") as source:
            return source.read(1)

    chips = ("jja10", "awc00")
    stack = {b: np.concatenate([read(f"{c}_{b}") for c in chips]) for b in ("vv", "vh")}
    label = np.concatenate([read(c) for c in chips])
    cut = 341
    train = picture({b: v[:, :cut] for b, v in stack.items()}, 10.0)
    test = picture({b: v[:, cut:] for b, v in stack.items()}, 10.0)
    names = {0: "land", 1: "water"}
    return Labelled(
        train,
        test,
        classes(label[:, :cut], names, train),
        classes(label[:, cut:], names, test),
        {},
        "the right third of two chips",
    )


SETS: dict[str, Callable[[], Labelled]] = {
    "sits-mt-9classes": lambda: sits("samples_mt_9classes"),
    "sits-cerrado": lambda: sits("cerrado_col6_first3000"),
    "sits-modis-ndvi": lambda: sits("samples_modis_ndvi"),
    "sits-cerrado-2classes": lambda: sits("cerrado_2classes"),
    "cawa": cawa,
    "formosat": formosat,
    "chesapeake": chesapeake,
    "urban-trees": urban_trees,
    "fields": fields,
    "flood": flood,
    "fuel-moisture": lambda: presto("fuel_moisture"),
    "algae": lambda: presto("algae_blooms"),
}
