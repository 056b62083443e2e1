"""Derive the defaults of the break monitors on the development parts: ``python -m benchmarks.away_monitors derive``."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.away_series import Scene, scenes
from eowidgets.models.monitors.ensemble import CALIBRATED

SMALL: dict[str, tuple[Any, ...]] = {"smallest": (0.1, 0.12, 0.15), "sure": (3.0, 4.0)}
GRIDS: dict[str, dict[str, tuple[Any, ...]]] = {
    "break-ccdc": {"probability": (0.8, 0.9, 0.95), "consecutive": (4, 5)} | SMALL,
    "break-iqr": {"sensitivity": (0.5, 0.75, 1.0), "consecutive": (4, 5)} | SMALL,
    "break-bfast": {"bandwidth": (0.25,), "alpha": (0.05, 0.01, 0.001)} | SMALL,
    "break-ewma": {"weight": (0.1, 0.2), "limit": (5.0, 7.0)} | SMALL,
    "break-cusum": {"alpha": (0.05, 0.01, 0.001)} | SMALL,
}
#: Sets whose stable series are composed of years of different places: they have less weight.
STRUNG = ("MODIS Forest", "MODIS Cerrado", "MODIS Pasture", "Fields, orchards")


def measured(some: list[Scene], name: str, params: dict[str, Any]) -> dict[str, float]:
    """Return detection at 0.2 and false positives, averaged over the scenes of each kind."""
    from benchmarks.away_monitors import pooled

    rows = [pooled([scene], name, **params) for scene in some]
    out = {}
    for kind in ("simulated", "real", "strung"):
        of = [r for s, r in zip(some, rows, strict=True) if kind_of(s) == kind]
        if of:
            out[f"{kind} found"] = float(np.mean([r["hit"][np.isclose(r["size"], 0.2)].mean() for r in of]))
            out[f"{kind} false"] = float(np.mean([r["said"][~r["changed"]].mean() for r in of]))
    return out


def kind_of(scene: Scene) -> str:
    if scene.name.startswith("simulated"):
        return "simulated"
    return "strung" if scene.name in STRUNG else "real"


def merit(row: dict[str, float]) -> float:
    """Return detection less four times the false positives, with lower weights for composed series."""
    found = (row["simulated found"] + row.get("real found", row["simulated found"])) / 2
    false = (row["simulated false"] + row.get("real false", row["simulated false"])) / 2
    return found - 4 * false + 0.3 * row.get("strung found", 0) - 0.5 * row.get("strung false", 0)


def derive(data: Path | None, names: list[str]) -> None:
    """Print the best settings of each monitor; the first ones are the defaults."""
    some = scenes("development", data)
    for name in names:
        grid = GRIDS[name]
        choices = [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]
        rows = sorted(((measured(some, name, p), p) for p in choices), key=lambda r: -merit(r[0]))
        print(f"\n{name}")
        for row, params in rows[:6]:
            print(f"  {merit(row):.3f}", " ".join(f"{k} {v:.3f}" for k, v in row.items()), params, flush=True)


def calibrate(data: Path | None) -> None:
    """Print intercept and slope of each member of the ensemble, a logistic fit in the logarithm of its score."""
    from scipy.optimize import minimize

    from benchmarks.away_monitors import run

    some = scenes("development", data)
    some = [s for s in some if kind_of(s) != "strung"]
    for cls in CALIBRATED:
        logs, truth = [], []
        for scene in some:
            chance = run(scene, cls.name)["change"]
            known = np.isfinite(chance)
            logs.append(np.log(np.clip(chance / np.clip(1 - chance, 1e-6, None), 1e-3, 1e6))[known])
            truth.append(scene.changed[known])
        x, y = np.concatenate(logs), np.concatenate(truth)
        weight = np.where(y, 0.5 / y.mean(), 0.5 / (1 - y.mean()))

        def loss(ab: Any, x: Any = x, y: Any = y, weight: Any = weight) -> float:
            z = ab[0] + ab[1] * x
            return float(np.mean(weight * (np.logaddexp(0, z) - y * z)) + 1e-3 * ab[1] ** 2)

        a, b = minimize(loss, [0.0, 2.0]).x
        print(f"{cls.name}: ({a:.2f}, {b:.2f})", flush=True)
