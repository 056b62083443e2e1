"""Hide parts of a window in training: whole dates, runs of dates, or parts of dates under cloud shapes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from eowidgets.simulate.texture import anywhere, fractal
from training.windows import Windows

#: Masks of cloud and shadow of ukis-csmask's test data; the Sentinel-2 chip is reserved for tests.
CHIPS = ("landsat5.npz", "landsat7.npz")


def chips(folder: Path) -> list[Tensor]:
    """Read real masks of cloud and shadow, at one, two and four times their pixel size."""
    made = []
    for name in CHIPS:
        with np.load(folder / "cloud_chips" / name) as z:
            mask = torch.from_numpy(np.isin(z["msk"][..., 0], (0, 4)))
        made += [mask[::step, ::step].contiguous() for step in (1, 2, 4)]
    return made


def shape_of_clouds(rng: np.random.Generator, masks: list[Tensor], side: int) -> Tensor:
    """Draw a mask of 10 to 95 %, a part of a real one or a simulated one, shape (side, side), bool."""
    for _ in range(8):
        if rng.random() < 0.6 and masks:
            mask = masks[int(rng.integers(len(masks)))]
            row, column = (int(rng.integers(0, s - side + 1)) for s in mask.shape)
            part = mask[row : row + side, column : column + side]
        else:
            field = anywhere(fractal(float(rng.choice((1.3, 1.7, 2.1))), 65), (side, side), rng)
            part = torch.from_numpy(field > np.quantile(field, rng.uniform(0.1, 0.9)))
        if 0.1 <= float(part.float().mean()) <= 0.95:
            return part
    return part


def hidden_dates(rng: np.random.Generator, dates: int) -> npt.NDArray[np.intp]:
    """Draw dates that are hidden entirely: single ones, or a run; seldom the first or the last."""
    first, last = (0, dates) if rng.random() < 0.15 else (1, dates - 1)
    inside = np.arange(first, last)
    if len(inside) > 2 and rng.random() < 0.35:
        length = int(rng.integers(2, min(5, len(inside)) + 1))
        start = int(rng.integers(0, len(inside) - length + 1))
        return inside[start : start + length]
    return rng.choice(inside, int(rng.integers(1, max(1, len(inside) // 3) + 1)), replace=False)


def hide(rng: np.random.Generator, w: Windows, masks: list[Tensor]) -> None:
    """Hide, in each window, whole dates (half of the time) or parts of dates; sometimes both."""
    dates, side = w.x.shape[1], w.x.shape[-1]
    for hidden in w.hidden:
        kind = rng.random()
        if kind > 0.4:
            few, many = max(1, dates // 4), max(1, 2 * dates // 3)
            for date in rng.choice(dates, int(rng.integers(few, many + 1)), replace=False):
                hidden[date] |= shape_of_clouds(rng, masks, side)
        if kind < 0.5:
            hidden[torch.from_numpy(hidden_dates(rng, dates))] = True
