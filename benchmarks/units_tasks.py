"""Forecasts and land cover through time beside their rivals: ``python -m benchmarks.units_tasks [part ...]``."""

from __future__ import annotations

import argparse

import numpy as np
import torch
import xarray as xr

import eowidgets as eow
from benchmarks.units import by_weights, romania, table
from eowidgets import metrics
from eowidgets.cube.schema import bands, stack, usable
from eowidgets.cube.simulate import CLASSES
from eowidgets.models.units.change import UniTSChange
from eowidgets.models.units.forecast import YEAR, UniTSForecast, climatology
from training.scenes import TEST_SEEDS, Scenes

LAST_YEAR = np.datetime64("2020-01-01")


def forecast() -> None:
    """The last year of the sample from the years before, on its clear dates; the network never saw that year."""
    cube = romania()
    seen = usable(cube).to_numpy()
    past = cube.isel(time=cube.time.values < LAST_YEAR)
    asked = np.flatnonzero((cube.time.values >= LAST_YEAR) & (seen.mean((1, 2)) >= 0.9))
    truth, known = stack(cube).to_numpy()[asked], seen[asked]
    days = cube.time.values.astype("datetime64[D]").astype(float)
    x, ok = np.nan_to_num(stack(past).to_numpy()), usable(past).to_numpy()
    dates = " ".join(str(d)[:10] for d in cube.time.values[asked])
    result = eow.run(UniTSForecast(by_weights("units-forecast"), dates=dates), past)
    season = climatology(*(torch.from_numpy(v)[None] for v in (x, ok, days[: len(x)], days[asked])))[0].numpy()
    made = {
        "persistence (last clear measurement)": np.broadcast_to(persistence(x, ok), truth.shape),
        "mean of the same day (within 15 days) of the years before": same_day(x, ok, days[: len(x)], days[asked]),
        "weighted mean season (what the network corrects)": season,
        "units-forecast": np.stack([result[b].to_numpy() for b in bands(cube)], axis=1),
    }
    east = np.zeros(known.shape, bool)
    east[:, :, round(2 / 3 * known.shape[2]) :] = True
    for title, where in (("whole sample", known), ("eastern third, never trained on", known & east)):
        rows = {
            name: {
                "RMSE": metrics.rmse(v, truth, where[:, None]),
                "RMSE of NDVI": metrics.rmse(ndvi(v, cube), ndvi(truth, cube), where),
                "MAE": metrics.mae(v, truth, where[:, None]),
            }
            for name, v in made.items()
        }
        table(f"forecast of {len(asked)} clear dates of 2020, {title}", rows)


def persistence(x: np.ndarray, ok: np.ndarray) -> np.ndarray:
    """Last clear measurement of each pixel, (c, h, w)."""
    last = len(ok) - 1 - ok[::-1].argmax(0)
    return np.take_along_axis(x, last[None, None], axis=0)[0]


def same_day(x: np.ndarray, ok: np.ndarray, days: np.ndarray, asked: np.ndarray, within: float = 15) -> np.ndarray:
    """Plain mean of what was measured near the same day of the year; of everything where there is nothing."""
    out = []
    for day in asked:
        apart = np.abs((days - day + YEAR / 2) % YEAR - YEAR / 2)
        near = ok & (apart <= within)[:, None, None]
        near = np.where(near.any(0), near, ok)[:, None]
        out.append((x * near).sum(0) / near.sum(0))
    return np.stack(out)


def ndvi(x: np.ndarray, cube: xr.Dataset) -> np.ndarray:
    red, nir = (x[:, bands(cube).index(b)] for b in ("red", "nir"))
    return (nir - red) / np.maximum(nir + red, 1e-3)


def change() -> None:
    """Class maps of simulated scenes under clouds; the rival sees each date and pixel by itself, gaps interpolated."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    rng = np.random.default_rng(1)
    given, classes = Scenes(range(1000, 1016)).draw(rng, 48, radar=False)
    features = spectra(given.base, given.days)
    few = rng.choice(len(features), 150_000, replace=False)
    rival = HistGradientBoostingClassifier(random_state=0).fit(features[few], classes.flatten().numpy()[few])
    model = UniTSChange(by_weights("units-change"))
    test = Scenes(TEST_SEEDS)
    rows = {}
    for radar in (False, True):
        rng = np.random.default_rng(2)  # the same windows with and without radar
        parts = [test.draw(rng, 8, radar=radar) for _ in range(6)]
        truth = torch.cat([t for _, t in parts])
        made = torch.cat([model.shares(g).argmax(2) for g, _ in parts])
        if not radar:
            guess = np.concatenate([rival.predict(spectra(g.base, g.days)) for g, _ in parts])
            rows["per-pixel classifier, each date by itself"] = judged(
                torch.from_numpy(guess).reshape(truth.shape), truth
            )
        rows["units-change" + (" with radar" if radar else "")] = judged(made, truth)
    table("land cover of simulated scenes never trained on, 48 windows of 12 dates", rows)


def spectra(base: torch.Tensor, days: torch.Tensor) -> np.ndarray:
    """Interpolated reflectance and season of every pixel and date, (b t h w, bands + 2)."""
    season = torch.stack([f(2 * np.pi * days / YEAR) for f in (torch.sin, torch.cos)], dim=-1).float()
    b, t, _, h, w = base.shape
    full = torch.cat([base, season[..., None, None].expand(b, t, 2, h, w)], dim=2)
    return full.movedim(2, -1).reshape(-1, full.shape[2]).numpy()


def judged(made: torch.Tensor, truth: torch.Tensor) -> dict[str, float]:
    """Windows side by side are one picture: (t, b h, w)."""
    a, b = (v.transpose(0, 1).flatten(1, 2).numpy() for v in (made, truth))
    found = metrics.change_scores(a, b, len(CLASSES))
    return {"mIoU": found.miou, "BC": found.bc, "SC": found.sc, "SCS": found.scs}


PARTS = {f.__name__: f for f in (forecast, change)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", nargs="*", choices=[*PARTS, []], help="all by default")
    for part in parser.parse_args().part or PARTS:
        PARTS[part]()


if __name__ == "__main__":
    main()
