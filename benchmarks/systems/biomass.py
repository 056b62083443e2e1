"""Biomass at footprints: FCN, U-Net and Xception-S2 against random forests, by bins. The biomass is synthetic.

Images, radar, elevation and land cover are real (five places of IBM/terramind, Apache-2.0). The biomass is computed from NDVI,
the cover of trees and the radar around each pixel, with noise: the scores compare methods and are not valid for real forests.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks.systems.common import batch_of, examples_of, forest, predicted, shown, trained
from eowidgets.contract.target import Target
from eowidgets.models.biomass.agbd import BiomassFCN, BiomassUNet, BiomassXception

PLACES = ("282D_485L_3_3", "38D_378R_2_3", "433D_629L_3_1", "609U_541L_3_0", "637U_59R_1_3")
OPTICAL = (
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
BANDS = (*OPTICAL, "vv", "vh", "elevation", "landcover")
TREES = 2
SIDE, BLOCK, FOOTPRINTS = 16, 56, 24
BINS = (0, 25, 50, 100, 150, np.inf)
NOISE = 0.15


def biomass(folder: Path) -> None:
    """Compare the networks with random forests on blocks of 560 m that were held out."""
    x, y, test = footprints(folder / "terramind_examples")
    print(
        f"Synthetic biomass: {(~test).sum()} footprints for training, {test.sum()} in held-out blocks, 0 to {y.max():.0f} Mg/ha"
    )
    middle = SIDE // 2
    centre = x[:, 0, :, middle, middle]
    near = slice(middle - 3, middle + 4)
    wide = np.concatenate([centre, x[:, 0, :-1, near, near].mean((-2, -1))], axis=1)
    rmse = {"mean of the training": by_bin("mean of the training", np.full(test.sum(), y[~test].mean()), y[test])}
    for name, values in (("random forest, centre", centre), ("random forest, centre and mean of 7 x 7", wide)):
        rmse[name] = by_bin(name, forest(values[~test], y[~test], numeric=True).predict(values[test]), y[test])
    target = np.full((len(x), SIDE, SIDE), np.nan, "float32")
    target[:, middle, middle] = y
    days = np.array([18000.0])
    learn = examples_of(batch_of(x[~test], days, BANDS), target[~test])
    for model in (BiomassFCN(), BiomassUNet(), BiomassXception()):
        ready = trained(model, learn, Target("biomass", unit="Mg/ha"))
        found = predicted(ready, batch_of(x[test], days, BANDS), 256)["biomass"][:, middle, middle]
        ours = by_bin(ready.name, found, y[test])
        shown(
            {
                "RMSE of synthetic biomass, held-out blocks (Mg/ha)": ours[0],
                "RMSE above 150 Mg/ha": ours[-1],
                "RMSE of a random forest of the centre": rmse["random forest, centre"][0],
                "RMSE of a random forest of the centre and the mean of 7 x 7": rmse[
                    "random forest, centre and mean of 7 x 7"
                ][0],
                "RMSE of the same random forest above 150 Mg/ha": rmse["random forest, centre and mean of 7 x 7"][-1],
            }
        )


def by_bin(name: str, found, truth) -> list[float]:
    """Print and return the root mean square error of all, and of each bin of the truth."""
    errors = (found - truth) ** 2
    bins = [errors[(truth >= a) & (truth < b)] for a, b in pairwise(BINS)]
    rmse = [float(np.sqrt(errors.mean())), *(float(np.sqrt(e.mean())) for e in bins)]
    parts = "  ".join(
        f"{a}-{b}: {v:.1f} ({len(e)})" for (a, b), v, e in zip(pairwise(BINS), rmse[1:], bins, strict=True)
    )
    print(f"  {name:42} RMSE {rmse[0]:.1f}  by bin  {parts}", flush=True)
    return rmse


def footprints(folder: Path):
    """Return windows (n, 1, c, 16, 16) around footprints, their biomass, and whether they lie in held-out blocks."""
    rng = np.random.default_rng(0)
    windows, values, held = [], [], []
    for place in PLACES:
        layers = read(folder, place)
        truth = synthetic(layers, rng)
        blocks = layers.shape[1] // BLOCK
        for block in range(blocks**2):
            row, column = divmod(block, blocks)
            # One block of four, in another column of every row.
            test = (column - row) % 4 == 1
            for top, left in rng.integers(0, BLOCK - SIDE + 1, (FOOTPRINTS, 2)):
                r, c = row * BLOCK + top, column * BLOCK + left
                windows.append(layers[None, :, r : r + SIDE, c : c + SIDE])
                values.append(truth[r + SIDE // 2, c + SIDE // 2])
                held.append(test)
    return np.stack(windows), np.array(values, "float32"), np.array(held)


def read(folder: Path, place: str):
    """Return all layers of a place (16, h, w)."""
    import rasterio

    def layer(kind: str):
        with rasterio.open(folder / f"{kind}_{place}.tif") as file:
            return file.read().astype("float32")

    return np.concatenate([layer("S2L2A") / 10000, layer("S1RTC"), layer("DEM"), layer("LULC")])


def synthetic(layers, rng):
    """Return biomass in Mg/ha: a height from the NDVI, the trees and the radar around each pixel, to a power, with noise."""
    from scipy.ndimage import uniform_filter

    at = {name: layers[BANDS.index(name)] for name in BANDS}
    ndvi = (at["nir"] - at["red"]) / np.maximum(at["nir"] + at["red"], 0.01)
    green = ((uniform_filter(ndvi, 7) - 0.25) / 0.55).clip(0, 1)
    trees = uniform_filter((at["landcover"] == TREES).astype("float32"), 5)
    rough = 1 + 0.25 * ((uniform_filter(at["vh"], 5) + 18) / 4).clip(-1, 1)
    height = 28 * green**1.5 * (0.2 + 0.8 * trees) * rough
    return 2.0 * height**1.4 * np.exp(rng.normal(0, NOISE, height.shape))


PARTS = {"biomass": biomass}
