"""Draw the picture of the simulator in the documentation: ``python tools/simulated_scene_picture.py``."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr

from eowidgets.simulate import CLASSES, simulate

TARGET = Path(__file__).parents[1] / "docs" / "images" / "simulated-scene.png"


def rgb(ds: xr.Dataset, date: int) -> np.ndarray:
    """Return true colour of one date, 0..1."""
    return np.clip(4 * np.stack([ds[b].to_numpy()[date] for b in ("red", "green", "blue")], -1), 0, 1)


def main() -> None:
    """Choose five dates with little, some and much cloud, and draw them above their true classes."""
    scene = simulate(height=160, width=160, seed=4)
    share = scene.cube["clouds"].mean(["y", "x"]).to_numpy()
    dates = [int(np.abs(share[part] - level).argmin() + part.start) for part, level in _parts(len(share))]
    colors = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for _, _, c in CLASSES], np.uint8)
    figure, axes = plt.subplots(3, 5, figsize=(10, 6.4), layout="constrained")
    for column, date in enumerate(dates):
        axes[0, column].set_title(str(scene.cube["time"].to_numpy()[date])[:10], fontsize=9)
        axes[0, column].imshow(rgb(scene.cube, date))
        axes[1, column].imshow(rgb(scene.clear, date))
        axes[2, column].imshow(colors[scene.classes.to_numpy()[date]])
    for axis in axes.flat:
        axis.axis("off")
    figure.savefig(TARGET, dpi=90)


def _parts(count: int) -> list[tuple[slice, float]]:
    edges = np.linspace(0, count, 6).astype(int)
    levels = (0.0, 0.3, 0.1, 0.5, 0.2)
    return [(slice(a, b), level) for a, b, level in zip(edges, edges[1:], levels, strict=False)]


if __name__ == "__main__":
    main()
