"""Train ``units-reconstruct`` on more than one place: real cubes, composed landscapes, and simulated scenes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from eowidgets.models.units.condition import Condition, condition, spread_bands
from eowidgets.models.units.config import UniTSConfig
from training.hiding import chips, hide
from training.landscapes import composed
from training.scenes import invented
from training.series_sets import Library, libraries
from training.windows import Source, Windows, jittered, some_bands

BATCH = 8
#: Numbers of dates of a window.
DATES = (4, 5, 6, 7, 8, 10, 12, 12, 12, 14)
#: Share of windows from each set.
SHARES = {"romania": 0.25, "invented": 0.08, "modis": 0.2, "landsat": 0.22, "fields": 0.1, "seasons": 0.15}
#: Mean squared error (reflectance) that is added to that of the base before windows are weighed by it.
FLOOR = 0.006**2
#: Share of batches without longitude and latitude.
NOWHERE = 0.5
ROMANIA = (22.15, 45.2)


@dataclass(slots=True)
class Sets:
    """Sources of windows.

    Attributes
    ----------
    real : Source
        The Romanian cube within the hold-outs.
    simulated : list of Source
    series : dict of list of Library
    masks : list of Tensor
        Shapes of clouds.
    shares : dict of str to float
    """

    real: Source | None
    simulated: list[Source]
    series: dict[str, list[Library]]
    masks: list[Tensor]
    shares: dict[str, float] = field(default_factory=lambda: dict(SHARES))

    @classmethod
    def of(cls, folder: Path, real: Source | None, *, held: bool = False) -> Sets:
        """Read all sets; with ``held`` those for validation, without the Romanian cube."""
        simulated = [s for names in SIMULATED for s in invented(names, 6, first=2500 if held else 2400)]
        masks = chips(folder) + ([] if real is None else list(real.masks))
        shares = {k: v for k, v in SHARES.items() if real is not None or k != "romania"}
        return cls(real, simulated, libraries(folder, held=held), masks, shares)

    def draw(
        self, rng: np.random.Generator, batch: int = BATCH, *, kind: str = "", dates: int = 0
    ) -> tuple[Windows, tuple[str, ...], Tensor | None]:
        """Draw windows of one set with nothing hidden, their bands and their locations (None: unknown)."""
        names = list(self.shares)
        share = np.array([self.shares[n] for n in names])
        kind = kind or str(rng.choice(names, p=share / share.sum()))
        dates = dates or int(rng.choice(DATES))
        if kind in ("romania", "invented"):
            source = self.real if kind == "romania" else self.simulated[int(rng.integers(len(self.simulated)))]
            assert source is not None
            slack = int(rng.choice((0, 4, 8, 16)))
            w = source.draw(rng, batch, dates=dates, hide=(0, 0), slack=slack, turn=True)
            w.x = jittered(rng, w.x, 0.5)
            lon, lat = ROMANIA if kind == "romania" else (rng.uniform(-180, 180), rng.uniform(-50, 62))
            places = np.array([[lon, lat]] * batch) + rng.normal(0, 1.5, (batch, 2))
            # The other hemisphere has the opposite season.
            w.days += float(rng.uniform(-10, 10) if kind == "romania" else rng.uniform(0, 365))
            bands = source.bands
        else:
            library = None
            if kind != "seasons":
                found = self.series[kind]
                weight = np.array([np.sqrt(len(one.x)) for one in found])
                library = found[int(rng.choice(len(found), p=weight / weight.sum()))]
            w, bands, places = composed(rng, library, batch, dates)
        known = bool(np.isfinite(places).all()) and rng.random() >= NOWHERE
        return w, bands, torch.from_numpy(places).float() if known else None


SIMULATED = (
    ("blue", "green", "red", "rededge1", "rededge2", "rededge3", "nir", "nir08", "swir16", "swir22"),
    ("blue", "green", "red", "nir", "swir16", "swir22"),
)


def given_of(
    w: Windows, bands: tuple[str, ...], places: Tensor | None, config: UniTSConfig
) -> tuple[Condition, Tensor, Tensor]:
    """Build the condition, the truth (b, t, len(BANDS), h, w), and the mask of its hidden values."""
    usable = w.known & ~w.hidden
    given = condition(w.x, usable, w.days, bands, lonlat=places, trained=config.bands, passes=config.passes, every=2)
    asked = (w.known & w.hidden)[:, :, None] & given.present[:, None, None]
    return given, spread_bands(w.x, bands)[0], asked


def batches(sets: Sets, config: UniTSConfig) -> Callable[[np.random.Generator], tuple[Condition, Tensor, Tensor]]:
    """Return a function that draws the condition, the truth and the mask of its hidden values."""

    def draw(rng: np.random.Generator) -> tuple[Condition, Tensor, Tensor]:
        w, bands, places = sets.draw(rng)
        keep = some_bands(rng, bands, 0.15)
        w.x, bands = w.x[:, :, keep], tuple(bands[i] for i in keep)
        hide(rng, w, sets.masks)
        return given_of(w, bands, places, config)

    return draw


def weights_of(truth: Tensor, given: Condition, asked: Tensor) -> Tensor:
    """Weigh windows by the inverse of the squared error of their base, so that each counts for its relative error."""
    error = torch.where(asked, truth - given.base, 0.0).square().sum(dim=(1, 2, 3, 4))
    mean = error / asked.sum(dim=(1, 2, 3, 4)).clamp(min=1)
    return asked * (FLOOR / (mean + FLOOR))[:, None, None, None, None]
