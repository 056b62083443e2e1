"""Likelihood of the noise of S-CCD's states: ``python -m benchmarks.sccd_noise FOLDER``.

FOLDER holds ``landsat_p013r030/landsat_p013r030_300px_423d.npz``. Every second pixel is fitted to its first eight years and
forecast one observation ahead over the other 22; the mean log density of the errors (Student's t, 4 degrees, so that clouds
do not decide) is printed for a grid of noises.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from eowidgets.models.monitors.sccd.state import Noise, errors, forecast, start, update, waves

FIRST = 8 * 365.25
RIDGE = 0.5


def likelihood(y: Tensor, clear: Tensor, days: Tensor, noise: Noise, *, trend: bool = True, terms: int = 2) -> float:
    """Return the mean log density of the one-step forecast errors of series (n, c, t)."""
    known = clear & (days < days[0] + FIRST)
    good = known.sum(dim=1) >= 18
    y, clear, known = y[good], clear[good], known[good]
    begin = int((days < days[0] + FIRST).sum())
    state = start(y, known, days, days[begin - 1].repeat(len(y)), terms=terms, trend=trend, ridge=RIDGE, robust=True)
    season, total, count = waves(days, terms), 0.0, 0
    for t in range(begin, len(days)):
        when, wave = days[t].repeat(len(y)), season[t].repeat(len(y), 1)
        state = forecast(state, when, trend, noise)
        error = errors(state, y[:, :, t : t + 1], when[:, None], wave[:, None], trend)[..., 0]
        ones = torch.ones_like(wave[:, :1])
        z = torch.cat([ones, *([0 * ones] if trend else []), wave], dim=1)
        spread = 1 + ((state.cov * z[:, None]).sum(dim=2) * z).sum(dim=1, keepdim=True)
        size = error.square() / (state.variance * spread)
        use = clear[:, t]
        density = -0.5 * (state.variance * spread).log() - 2.5 * torch.log1p(size / 4)
        total, count = total + float(density[use].sum()), count + int(use.sum()) * y.shape[1]
        new = update(state, error, wave, trend, 0.005)
        kept = torch.nonzero(~(use & (size.mean(dim=1) < 16))).flatten()
        new.put(kept, state.take(kept))
        state = new
    return total / count


def main() -> None:
    """Print the grid, best first."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    torch.set_num_threads(1)
    with np.load(folder / "landsat_p013r030" / "landsat_p013r030_300px_423d.npz") as file:
        values, days = file["Y"][..., ::2].astype(float), torch.as_tensor(file["dates_ordinal"] - 719_163.0)
    clear = (values[7] < 2) & ((values[:6] > 0) & (values[:6] < 10_000)).all(axis=0)
    bands = np.where(clear, values[:6] / 1e4, 0).transpose(2, 0, 1)
    ndvi = np.where(clear.T, (bands[:, 3] - bands[:, 2]) / np.maximum(bands[:, 3] + bands[:, 2], 1e-9), 0)[:, None]
    seen = torch.as_tensor(clear.T.copy())
    for name, y in (("NDVI", ndvi), ("six bands", bands)):
        given = torch.as_tensor(y)
        grid = [
            (likelihood(given, seen, days, Noise(level, slope, wave)), level, slope, wave)
            for level in (0.0, 0.02, 0.05, 0.1, 0.2, 1.0)
            for slope in (0.0, 0.01)
            for wave in (0.0, 0.005, 0.02, 0.1)
        ]
        print(f"{name}: mean log density; noise of level, slope, waves")
        for row in sorted(grid, reverse=True)[:8]:
            print("  {:.4f}; {}, {}, {}".format(*row))
        for trend, terms in ((False, 2), (True, 1)):
            value = likelihood(given, seen, days, Noise(0.05, 0.0, 0.005), trend=trend, terms=terms)
            print(f"  trend {trend}, {terms} waves: {value:.4f}")


if __name__ == "__main__":
    main()
