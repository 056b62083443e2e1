"""Monitors on ground they were not tuned on: ``python -m benchmarks.change_apart [NAME ...]``.

The labelled points of ``benchmarks/labels`` were drawn at random within clearings, so two of them may lie in one clearing:
a point "held out" by its number may be four pixels from one that was tuned on. Here the area is cut in two along a line.
Parameters are chosen on one half from a fixed grid, scored on the other, and the other way round; points nearer to the
line than ``GAP`` pixels are left out of both. The reference of a date (``reference="area"``) is taken from the half alone,
so nothing of the other half is seen.
"""

from __future__ import annotations

import itertools
import sys
import warnings
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import torch
import xarray as xr

import eowidgets as eow
from eowidgets.analysis.change.detect import TUNED, ChangeTask
from eowidgets.contract.feeds import Batch
from eowidgets.cube.schema import bands
from eowidgets.models.monitors.ensemble import FENCE, SHARED

PERIOD = ("2017-01-01", "2020-12-31")
#: Pixels beside the line whose points are not used; most clearings are smaller than twice this.
GAP = 4
SEASON: dict[str, tuple[Any, ...]] = {"months": ("1-12", "4-10", "5-9"), "reference": ("none", "area")}
SUMS: dict[str, tuple[Any, ...]] = SEASON | {"terms": (0, 1), "smallest": (0.02, 0.06)}
GRIDS: dict[str, dict[str, tuple[Any, ...]]] = {
    "break-ccdc": SEASON | {"watch": ("all bands", "NDVI"), "consecutive": (4, 6), "probability": (0.95, 0.99)},
    "break-iqr": SUMS | {"consecutive": (3, 5)},
    "break-bfast": SUMS | {"bandwidth": (0.25, 0.5)},
    "break-ewma": SUMS | {"limit": (2.7, 5.0)},
    "break-cusum": SUMS,
}
#: Its members are the two monitors that are best on each of the four halves.
ENSEMBLE, MEMBERS = "break-ensemble", ("break-ccdc", "break-iqr")
DAYS = "datetime64[D]"


class Half:
    """One side of the area: its cube, and the labelled points in it."""

    def __init__(self, cube: xr.Dataset, table: Any, side: slice, axis: str) -> None:
        self.cube = cube.isel({"x" if axis == "column" else "y": side})
        inside = table[(table[axis] >= side.start) & (table[axis] < side.stop)]
        cut = side.stop if side.start == 0 else side.start
        inside = inside[(inside[axis] - cut).abs() >= GAP]
        self.at = [inside[a].to_numpy() - (side.start if a == axis else 0) for a in ("row", "column")]
        self.truth = inside["changed"].to_numpy() == 1
        self.scored: dict[str, list[tuple[float, dict[str, Any]]]] = {}
        self.seen = np.array(inside["first_seen"].where(self.truth, "NaT"), dtype=DAYS)

    def made(self, name: str, params: dict[str, Any]) -> tuple[Any, Any]:
        """Mask and days that a monitor gives at the points; only they are computed, the reference is the whole half."""
        task = ChangeTask(self.cube, name, dates=PERIOD, params=params)
        names = task.model.feed.bands or bands(task.cube)
        at = {k: xr.DataArray(v, dims="point") for k, v in zip(("y", "x"), self.at, strict=True)}
        points = task.cube.isel(at)
        x = torch.as_tensor(np.stack([points[n].values for n in names], axis=1))
        seen = torch.as_tensor((points.valid & ~points.clouds).values) & torch.isfinite(x).all(dim=1)
        x, seen = x.nan_to_num().where(seen[:, None], 0)[None, ..., None], seen[None, ..., None]
        days = torch.as_tensor(points.time.values.astype(DAYS).astype(float))
        batch = Batch(x, seen, seen, x, days, days, tuple(names), torch.zeros(1, 2), 10.0)
        with torch.inference_mode():
            out = task.model.predict(batch)
        return out["change"][0, 1].flatten().numpy() > 0.5, out["break_date"].flatten().numpy()


def f1(made: Any, truth: Any) -> float:
    """2 hits over what was said and what is true."""
    return float(2 * (made & truth).sum() / max(made.sum() + truth.sum(), 1))


def scored(name: str, half: Half) -> list[tuple[float, dict[str, Any]]]:
    """Every choice of the grid with its F1 on a half."""
    if name not in half.scored:
        grid = GRIDS[name]
        choices = [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]
        half.scored[name] = [(f1(half.made(name, params)[0], half.truth), params) for params in choices]
    return half.scored[name]


def chosen(name: str, half: Half) -> dict[str, Any]:
    """Parameters that are best on a half; each member of the ensemble is tuned by itself."""
    if name != ENSEMBLE:
        return max(scored(name, half), key=lambda row: row[0])[1]
    best: tuple[float, dict[str, Any]] = (-1.0, {})
    for reference in SEASON["reference"]:
        pairs = [
            max((r for r in scored(m, half) if r[1]["reference"] == reference), key=lambda row: row[0]) for m in MEMBERS
        ]
        fences = {FENCE + k: v for k, v in pairs[1][1].items() if k not in SHARED}
        best = max(best, (sum(score for score, _ in pairs), pairs[0][1] | fences), key=lambda row: row[0])
    return best[1]


def row(name: str, halves: list[Half]) -> None:
    """Choose on one half, score on the other, both ways; print the pooled figures."""
    picks = [chosen(name, half) for half in reversed(halves)]
    masks, errors = [], []
    for half, params in zip(halves, picks, strict=True):
        mask, day = half.made(name, params)
        masks.append(mask)
        hit = mask & half.truth
        errors.append(np.abs(day[hit] - half.seen[hit].astype(float)))
    truth = [h.truth for h in halves]
    apart = f1(np.concatenate(masks), np.concatenate(truth))
    sides = " / ".join(f"{f1(m, t):.2f}" for m, t in zip(masks, truth, strict=True))
    ships = [half.made(name, TUNED[name])[0] for half in halves]
    print(
        f"| {name} | {apart:.3f} | {sides} | {np.median(np.concatenate(errors)):.0f} | "
        f"{f1(np.concatenate(ships), np.concatenate(truth)):.2f} | {'; '.join(_short(c) for c in picks)} |",
        flush=True,
    )


def _short(params: dict[str, Any]) -> str:
    return ", ".join(f"{k} {v}" for k, v in params.items())


def main() -> None:
    """Print the table."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    table = geopandas.read_file(Path(__file__).parent / "labels" / "romania.gpkg")
    cube = eow.open("romania", clouds="robust")
    for axis, size, words in (("column", cube.sizes["x"], "west / east"), ("row", cube.sizes["y"], "north / south")):
        middle = int(table[axis].median())
        halves = [Half(cube, table, side, axis) for side in (slice(0, middle), slice(middle, size))]
        count = " + ".join(f"{len(h.truth)} ({h.truth.sum()} changed)" for h in halves)
        print(f"\n{words}: {count} points\n")
        print(f"| monitor | F1 on the other half | {words} | days | F1 as shipped | chosen |")
        print("|---|---|---|---|---|---|")
        for name in sys.argv[1:] or (*GRIDS, ENSEMBLE):
            row(name, halves)


if __name__ == "__main__":
    main()
