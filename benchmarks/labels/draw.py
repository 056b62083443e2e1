"""Draw the points to be labelled, at random within strata: ``python benchmarks/labels/draw.py`` writes romania.gpkg.

The strata are ellipses (column, row, half width, half height in pixels) drawn by hand on the overview sheets, around visible
bare ground or canopy gaps. Their only purpose is that about half of the points have changed; the label of a point comes
from its own chips. Run once: it refuses to overwrite labels.
"""

from __future__ import annotations

from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
from scipy.ndimage import binary_dilation

import eowidgets as eow
from eowidgets.cube.grid import geobox

HERE = Path(__file__).parent
SEEN = (
    (46, 29, 3.5, 3.5), (37, 42.5, 3.5, 2.5), (55.5, 22, 3, 1.5), (62, 28, 2, 1.5), (40, 37, 4, 3), (25, 32, 4, 1.5),
    (34, 29, 2, 2), (71, 33, 2.5, 1.5), (82, 36, 3, 1.5), (88, 32, 2, 1.5), (95, 39, 4.5, 3), (12, 29, 3.5, 3),
    (12, 40.5, 3.5, 3), (13.5, 53, 2.5, 2.5), (9, 63, 3, 4.5), (12.5, 74.5, 2.5, 2), (33, 75.5, 2.5, 1.5),
    (32, 84.5, 3, 3), (13, 87, 1.5, 1.5), (3, 93, 2, 2), (57, 33, 3, 4), (57, 41, 2.5, 3), (40, 48, 2.5, 2),
    (31, 52, 2.5, 5), (57, 50, 2, 2), (66, 48, 3, 4), (75, 43, 3.5, 2), (86.5, 44.5, 2.5, 2), (77, 50, 2.5, 2.5),
    (46.5, 59.5, 2.5, 4), (60, 60, 3, 3.5), (71, 57, 4, 3), (75, 64.5, 3, 2.5), (64, 68.5, 2, 2), (47, 71, 4.5, 3),
    (60, 79.5, 2.5, 2.5), (72.5, 77, 1.5, 1.5), (84, 71, 3.5, 3.5), (89, 91, 4, 4.5), (97.5, 95, 2.5, 2),
    (85, 56, 3.5, 4.5), (83.5, 65, 4, 3), (73, 67.5, 3.5, 3.5), (36.5, 67, 2.5, 4), (31, 65.5, 3, 2), (58, 73, 2, 3),
    (53, 81, 2, 2.5), (48, 86.5, 2, 2.5), (53, 93, 2.5, 2), (75, 97, 4.5, 3.5), (37, 96, 2.5, 4.5), (86, 86, 4, 3),
    (85, 93, 3, 3), (26, 54, 7, 5), (69, 70, 2, 3),
)  # fmt: skip
#: Rows above the forest's edge, by column: pasture and the road, drawn by hand as well.
EDGE = ((0, 20), (20, 20), (37, 10), (65, 12), (74, 24), (100, 32))
COUNTS = {"gap": 95, "beside": 25, "forest": 45, "open": 15}


def strata() -> np.ndarray:
    """Return the stratum of every pixel, as an array of names (y, x)."""
    row, column = np.mgrid[:100, :100]
    gap = np.zeros((100, 100), bool)
    for x, y, a, b in SEEN:
        gap |= ((column - x) / a) ** 2 + ((row - y) / b) ** 2 <= 1
    beside = binary_dilation(gap, iterations=2) & ~gap
    edge = np.interp(np.arange(100), *zip(*EDGE, strict=True))
    names = np.full((100, 100), "forest", dtype="<U6")
    names[row < edge] = "open"
    names[beside] = "beside"
    names[gap] = "gap"
    return names


def main() -> None:
    """Draw and write."""
    path = HERE / "romania.gpkg"
    if path.exists():
        raise SystemExit(f"{path.name} already contains labels: move it away first.")
    cube = eow.open("romania")
    rng, names, rows = np.random.default_rng(2024), strata(), []
    for name, count in COUNTS.items():
        rows += [(name, *place) for place in rng.permutation(np.argwhere(names == name))[:count]]
    table = pd.DataFrame(rows, columns=["stratum", "row", "column"]).sample(frac=1, random_state=0, ignore_index=True)
    table.insert(0, "id", range(len(table)))
    table["changed"], table["first_seen"], table["last_stable"] = -1, "", ""
    points = geopandas.points_from_xy(cube.x.values[table["column"]], cube.y.values[table["row"]])
    geopandas.GeoDataFrame(table, geometry=points, crs=geobox(cube).crs.to_wkt()).to_file(path, driver="GPKG")


if __name__ == "__main__":
    main()
