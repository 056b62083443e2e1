"""Forecasts and land cover through time compared with baselines: ``python -m benchmarks.units_tasks [part ...]``."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import xarray as xr

import eowidgets as eow
from benchmarks.units import by_weights, parts_from_command_line, romania, table
from eowidgets import metrics
from eowidgets.cube.schema import bands, stack, usable
from eowidgets.engine.device import fast_autocast
from eowidgets.models.units.change import UniTSChange, in_time
from eowidgets.models.units.condition import Condition
from eowidgets.models.units.config import BANDS
from eowidgets.models.units.forecast import AHEAD, YEAR, UniTSForecast, climatology, forecast_condition
from eowidgets.models.units.network import UniTS
from eowidgets.simulate import CLASSES
from training.scenes import TEST_SEEDS, Scenes
from training.windows import CLEAR, SIDE


@dataclass
class Year:
    """The clear dates of one year, and all observations before it."""

    past: xr.Dataset
    x: np.ndarray  # t c h w, of the past
    ok: np.ndarray
    days: np.ndarray
    asked: np.ndarray  # days to forecast
    dates: str
    truth: np.ndarray
    known: np.ndarray

    @classmethod
    def of(cls, cube: xr.Dataset, year: int) -> Year:
        """Cut a cube."""
        when, seen = cube.time.values.astype("datetime64[D]"), usable(cube).to_numpy()
        first, last = (np.datetime64(f"{y}-01-01") for y in (year, year + 1))
        past = cube.isel(time=when < first)
        chosen = np.flatnonzero((when >= first) & (when < last) & (seen.mean((1, 2)) >= CLEAR))
        x, n, days = np.nan_to_num(stack(cube).to_numpy()), past.sizes["time"], when.astype(float)
        dates = " ".join(str(d) for d in when[chosen])
        return cls(past, x[:n], seen[:n], days[:n], days[chosen], dates, x[chosen], seen[chosen])

    def season(self) -> np.ndarray:
        """Compute the climatology that the network corrects."""
        parts = (torch.from_numpy(v)[None] for v in (self.x, self.ok, self.days, self.asked))
        return climatology(*parts)[0].numpy()


def forecast() -> None:
    """Forecast the last year of the sample on its clear dates; that year is not in the training set."""
    cube = romania()
    year = Year.of(cube, 2020)
    result = eow.run(UniTSForecast(by_weights("units-forecast"), dates=year.dates), year.past)
    made = {
        "persistence (last clear measurement)": np.broadcast_to(persistence(year.x, year.ok), year.truth.shape),
        "mean of the same day (within 15 days) of the years before": same_day(year.x, year.ok, year.days, year.asked),
        "weighted mean season (input of the network)": year.season(),
        "units-forecast": np.stack([result[b].to_numpy() for b in bands(cube)], axis=1),
    }
    east = np.zeros(year.known.shape, bool)
    east[:, :, round(2 / 3 * east.shape[2]) :] = True
    snowy = (year.truth[:, bands(cube).index("blue")] > 0.15).mean((1, 2)) > 0.5
    cases = {
        "whole sample": year.known,
        "eastern third, not in the training set": year.known & east,
        f"whole sample without its {snowy.sum()} dates of snow": year.known & ~snowy[:, None, None],
    }
    for title, where in cases.items():
        rows = {
            name: {
                "RMSE": metrics.rmse(v, year.truth, where[:, None]),
                "RMSE of NDVI": metrics.rmse(ndvi(v, cube), ndvi(year.truth, cube), where),
                "MAE": metrics.mae(v, year.truth, where[:, None]),
            }
            for name, v in made.items()
        }
        table(f"forecast of {len(year.asked)} clear dates of 2020, {title}", rows)


def trust() -> None:
    """Print errors by factor of the forecast on the data it is fitted on: the west in 2019, not in the training set."""
    cube = romania()
    year, network = Year.of(cube.isel(x=slice(0, 67)), 2019), by_weights("units-forecast")
    season, samples = year.season(), forecast_samples(network, year, 16)
    mean, inside = samples.mean(0), np.broadcast_to(year.known[:, None], season.shape)
    trusted, widened = {}, {}
    for factor in (0, 0.25, 0.5, 0.75, 1, 1.25):
        made = season + factor / network.config.trust * (mean - season)
        trusted[f"x {factor:g}"] = {
            "RMSE": metrics.rmse(made, year.truth, inside),
            "RMSE of NDVI": metrics.rmse(ndvi(made, cube), ndvi(year.truth, cube), year.known),
        }
    for factor in (1, 2, 3, 4, 5, 6, 8):
        spread = samples - mean
        low, high = np.quantile(mean + factor / network.config.widen * spread, (0.1, 0.9), axis=0)
        widened[f"x {factor:g}"] = {"covered %": 100 * metrics.coverage(low, high, year.truth, inside)}
    table("factor on the correction of the network (trust), 2019, west", trusted)
    table("factor on deviations (widen), 2019, west", widened)


def doubt() -> None:
    """Print the share of 2020 inside the central 80 % of 16 forecasts."""
    year = Year.of(romania(), 2020)
    low, high = np.quantile(forecast_samples(by_weights("units-forecast"), year, 16), (0.1, 0.9), axis=0)
    inside = np.broadcast_to(year.known[:, None], low.shape)
    row = {"covered %": 100 * metrics.coverage(low, high, year.truth, inside)}
    table("80 % intervals of 16 forecasts, 2020", {"units-forecast": row})


def forecast_samples(network: UniTS, year: Year, count: int) -> np.ndarray:
    """Draw samples (k, s, c, h, w) in windows of 32 pixels."""
    names = bands(year.past)
    index, model = [BANDS.index(b) for b in names], UniTSForecast(network, samples=count)
    out = np.empty((count, *year.truth.shape), np.float32)
    for row in starts(out.shape[-2]):
        for column in starts(out.shape[-1]):
            place = (..., slice(row, row + SIDE), slice(column, column + SIDE))
            x, ok = (torch.from_numpy(v[place])[None] for v in (year.x, year.ok))
            days = torch.from_numpy(year.days)[None]
            for first in range(0, len(year.asked), AHEAD):
                ahead = torch.from_numpy(year.asked[first : first + AHEAD])[None]
                given = forecast_condition(x, ok, days, ahead, names, trained=network.config.bands)
                with fast_autocast():
                    made = model.sampled(given, network)[:, 0, -ahead.shape[1] :, index]
                out[:, first : first + AHEAD][place] = made.numpy()
    return out


def starts(size: int) -> list[int]:
    """Return the first rows of windows that cover an axis."""
    return [*range(0, size - SIDE, SIDE), size - SIDE]


def persistence(x: np.ndarray, ok: np.ndarray) -> np.ndarray:
    """Return the last clear measurement of each pixel, (c, h, w)."""
    last = len(ok) - 1 - ok[::-1].argmax(0)
    return np.take_along_axis(x, last[None, None], axis=0)[0]


def same_day(x: np.ndarray, ok: np.ndarray, days: np.ndarray, asked: np.ndarray, within: float = 15) -> np.ndarray:
    """Return the mean of the measurements near the same day of the year, or of all measurements if there are none."""
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
    """Score class maps of simulated scenes under clouds, compared with classifiers of single pixels and dates.

    One classifier gets series with gaps interpolated in time, the other only the measurements of its date. The last row
    is not a model: the true class of every clear pixel, and that of the nearest clear date for the others.
    """
    model, test = UniTSChange(by_weights("units-change")), Scenes(TEST_SEEDS)
    known, rows = Scenes(range(1000, 1016)), {}
    for radar in (False, True):
        kind = " with radar" if radar else ""
        rng = np.random.default_rng(2)  # the same windows with and without radar
        parts = [test.draw(rng, 8, radar=radar) for _ in range(24)]
        truth = torch.cat([t for _, t in parts])
        for name, features in (("gaps interpolated", spectra), ("as measured", measured)):
            classify = pixel_classifier(*known.draw(np.random.default_rng(1), 48, radar=radar), features)
            guess = torch.cat([classify(g) for g, _ in parts])
            rows[f"per-pixel classifier, each date by itself, {name}{kind}"] = judged(guess, truth)
        rows["units-change" + kind] = judged(torch.cat([model.shares(g).argmax(2) for g, _ in parts]), truth)
    seen = torch.cat([observed(g) for g, _ in parts])
    days = torch.cat([g.days for g, _ in parts])
    rows["true class of clear pixels, else that of the nearest date"] = judged(nearest(truth, seen, days), truth)
    table("land cover of held-out simulated scenes, 192 windows of 12 dates", rows)


def pixel_classifier(
    given: Condition, classes: torch.Tensor, features: Callable[[Condition], np.ndarray]
) -> Callable[[Condition], torch.Tensor]:
    """Fit gradient boosting on single pixels of single dates; the result predicts class maps (b, t, h, w)."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    table_of = features(given)
    few = np.random.default_rng(1).choice(len(table_of), 150_000, replace=False)
    fitted = HistGradientBoostingClassifier(random_state=0).fit(table_of[few], classes.flatten().numpy()[few])

    def classify(given: Condition) -> torch.Tensor:
        b, t, _, h, w = given.pixels.shape
        return torch.from_numpy(fitted.predict(features(given))).reshape(b, t, h, w)

    return classify


def observed(given: Condition) -> torch.Tensor:
    """Return the mask of observed pixels (b, t, h, w)."""
    return given.pixels[:, :, 2 * len(BANDS)] > 0


def nearest(classes: torch.Tensor, seen: torch.Tensor, days: torch.Tensor) -> torch.Tensor:
    """Return class maps (b, t, h, w), filled from the nearest observed date where not ``seen``."""
    apart = (days[:, :, None] - days[:, None]).abs().float()[..., None, None] + 1e6 * ~seen[:, None]
    return classes.gather(1, apart.argmin(dim=2))


def stay() -> None:
    """Print scores by weight of time on the scenes it is fitted on, which are in neither training nor test set."""
    network = by_weights("units-change")
    network.config = dataclasses.replace(network.config, stay=0.0)
    model, other = UniTSChange(network), Scenes(range(5000, 5006))
    for radar in (False, True):
        rng = np.random.default_rng(3)
        parts = [other.draw(rng, 8, radar=radar) for _ in range(6)]
        truth, share = torch.cat([t for _, t in parts]), torch.cat([model.shares(g) for g, _ in parts])
        rows = {"each date as it is": judged(share.argmax(2), truth)}
        for factor in (0.2, 0.3, 0.4, 0.5, 0.7, 0.9):
            rows[f"stay {factor:g}"] = judged(in_time(share, factor).argmax(2), truth)
        title = "probability of staying from one date to the next, other simulated scenes"
        table(title + (", with radar" if radar else ""), rows)


def spectra(given: Condition) -> np.ndarray:
    """Return interpolated reflectance, season and backscatter (if any) of every pixel and date, (b t h w, features)."""
    base, days = given.base, given.days
    season = torch.stack([f(2 * np.pi * days / YEAR) for f in (torch.sin, torch.cos)], dim=-1).float()
    b, t, _, h, w = base.shape
    full = [base, season[..., None, None].expand(b, t, 2, h, w)]
    full = torch.cat(full if given.aux is None else [*full, given.aux], dim=2)
    return full.movedim(2, -1).reshape(-1, full.shape[2]).numpy()


def measured(given: Condition) -> np.ndarray:
    """Return :func:`spectra` with NaN for reflectance under clouds, which the classifier accepts."""
    return spectra(dataclasses.replace(given, base=given.base.masked_fill(~observed(given).unsqueeze(2), torch.nan)))


def judged(predicted: torch.Tensor, target: torch.Tensor) -> dict[str, float]:
    """Score windows, stacked to one image (t, b h, w)."""
    a, b = (v.transpose(0, 1).flatten(1, 2).numpy() for v in (predicted, target))
    found = metrics.change_scores(a, b, len(CLASSES))
    return {"mIoU": found.miou, "BC": found.bc, "SC": found.sc, "SCS": found.scs}


PARTS = {f.__name__: f for f in (forecast, trust, doubt, change, stay)}


if __name__ == "__main__":
    parts_from_command_line(__doc__, PARTS)
