"""UniTS as models that the engine can run: their base class, and the gap filler."""

from __future__ import annotations

import dataclasses
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import torch
import xarray as xr
from torch import Tensor, nn

from eowidgets.contract.card import Card
from eowidgets.contract.checkpoint import Checkpoint
from eowidgets.contract.feeds import Batch, Windows
from eowidgets.contract.model import Model
from eowidgets.contract.outputs import Bands, Mosaic, Output, Value
from eowidgets.contract.params import param
from eowidgets.contract.registry import register
from eowidgets.contract.task import Task
from eowidgets.cube.globe import lonlat
from eowidgets.errors import InputError
from eowidgets.models.units import cards, weights
from eowidgets.models.units.condition import Condition, condition
from eowidgets.models.units.config import BANDS
from eowidgets.models.units.flow import from_target, sample
from eowidgets.models.units.follow import follow
from eowidgets.models.units.local import refine, regression_note
from eowidgets.models.units.network import UniTS

AUX = ("vv", "vh")
AUTO_STEPS = 8


@dataclass(frozen=True, slots=True)
class FlowParams:
    """Number of samples, and the solver."""

    samples: int = param(1, low=1, high=64, help="Number of samples; two or more also return their standard deviation.")
    steps: int = param(0, low=0, high=64, help="Solver steps; 0 uses 1 for one sample and 8 for several.")
    solver: str = param("euler", choices=("euler", "midpoint", "heun"), help="Numerical scheme of each step.")


@dataclass(frozen=True, slots=True)
class FillParams(FlowParams):
    """Parameters of ``units-reconstruct``."""

    keep_observed: bool = param(True, help="Keep clear measurements unchanged, and fill only the gaps.")


class UniTSModel(Model):
    """Base class of the adapters: weights, bands, sampling."""

    # Trained on 32 px: the engine cuts larger areas into windows.
    # Normalisation and attention cover the whole window, so overlapping windows differ and are blended.
    feed: ClassVar[Windows] = Windows(
        min_dates=2,
        resolution=10.0,
        size=32,
        halo=4,
        multiple=4,
        dates=24,
        date_halo=6,
        blend=4,
    )
    Params: ClassVar[type] = FlowParams
    #: Whether the output has the dates of the input.
    keeps_dates: ClassVar[bool] = True
    #: Checkpoint that is loaded unless a network is given.
    checkpoint: ClassVar[Checkpoint]
    #: Centre of the cube in degrees; the same for all windows, so that overlapping windows agree.
    centre: tuple[float, float] | None = None

    def __init__(self, network: UniTS | None = None, **params: Any) -> None:
        super().__init__(**params)
        if self.params.samples > 1 and self.params.steps == 1:
            raise InputError("With steps=1 all samples are identical: set steps=0 (automatic) or 2 or more.")
        self._network = network

    def module(self) -> nn.Module:
        """Return the network; load its weights at the first call."""
        return self.network()

    def network(self) -> UniTS:
        """Return the network; load the weights at the first call."""
        if self._network is None:
            self._network = weights.load(self.checkpoint)
        return self._network

    def survey(self, cube: xr.Dataset) -> None:
        """Read the centre of the cube for weights that were trained with longitude and latitude."""
        self.centre, box = None, cube.odc.geobox
        if box is None or box.crs is None:  # a table of series
            return
        lon, lat = lonlat(box, np.array([box.width / 2]), np.array([box.height / 2]))
        if np.isfinite([*lon, *lat]).all():
            self.centre = (float(lon[0]), float(lat[0]))

    def takes_radar(self) -> bool:
        """Return whether the weights were trained with backscatter, without loading those of the checkpoint."""
        if self._network is not None:
            return bool(self._network.config.aux)
        return any(b in AUX for b in self.checkpoint.bands)

    def check_bands(self, bands: tuple[str, ...]) -> list[int]:
        """Return the positions of the reflectance bands, as :meth:`optical`; refuse radar without trained inputs for it.

        Raises
        ------
        InputError
            If a band is not supported.
        """
        radar = [b for b in bands if b in AUX]
        if radar and not self.takes_radar():
            names = ", ".join(repr(b) for b in radar)
            raise InputError(
                f"The weights of {self.name} were not trained with radar: leave {names} out with "
                f"cube.drop_vars([{names}])."
            )
        return self.optical(bands)

    def outputs(self, bands: tuple[str, ...]) -> tuple[Output, ...]:
        """Return the bands of the input, and the standard deviations if several samples are drawn."""
        index = self.check_bands(bands)
        out = (Bands("reflectance", dims="tyx", unit="1", long_name="surface reflectance"),)
        if self.params.samples == 1:
            return out
        about = "standard deviation of the samples"
        spreads = [("spread", f"{about}, mean of the bands")] + [
            (f"spread_{bands[i]}", f"{about}, {bands[i]}") for i in index
        ]
        return (*out, *(Value(n, dims="tyx", unit="1", long_name=text, vmin=0, vmax=0.1) for n, text in spreads))

    @staticmethod
    def optical(bands: tuple[str, ...]) -> list[int]:
        """Return the positions of the reflectance bands.

        Raises
        ------
        InputError
            If there is none, or a band that is not an input of UniTS.
        """
        strange = [b for b in bands if b not in BANDS and b not in AUX]
        if strange:
            raise InputError(
                f"The band {strange[0]!r} is not an input of UniTS: leave it out with cube.drop_vars({strange[0]!r}); "
                f"its inputs are {', '.join(BANDS)}, and vv and vh for weights trained with radar."
            )
        found = [i for i, b in enumerate(bands) if b in BANDS]
        if not found:
            raise InputError(f"The cube has no reflectance band of UniTS: give at least one of {', '.join(BANDS)}.")
        return found

    @abstractmethod
    def answers(self, batch: Batch) -> dict[str, Tensor]:
        """Predict from a batch whose dates increase."""

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Predict, for dates in any order."""
        order = batch.days.argsort()
        if bool((order[1:] > order[:-1]).all()):
            return self.answers(batch)
        turned = {f: getattr(batch, f)[:, order] for f in ("x", "usable", "measured", "raw")}
        out = self.answers(dataclasses.replace(batch, **turned, days=batch.days[order]))
        if not self.keeps_dates:
            return out
        back = order.argsort()
        dated = {o.name for o in self.outputs(batch.bands) if isinstance(o, Mosaic) and o.over_time}
        return {key: value[:, back] if key in dated else value for key, value in out.items()}

    def sampled(self, given: Condition, network: UniTS, seed: int, known: Tensor | None = None) -> Tensor:
        """Draw samples in reflectance, shape (k, b, t, len(BANDS), h, w)."""
        p = self.params
        steps = p.steps or (1 if p.samples == 1 else AUTO_STEPS)
        with torch.inference_mode():
            x1 = sample(network, given, steps=steps, samples=p.samples, solver=p.solver, seed=seed, known=known)
            mean = x1.mean(dim=0, keepdim=True)
            x1 = network.config.trust * mean + network.config.widen * (x1 - mean)
            return from_target(network.config, x1, given)

    def filled(self, batch: Batch, usable: Tensor, network: UniTS, local: float) -> Tensor:
        """Draw samples of a series with gaps; bands that were not trained on are predicted from those that were.

        ``local`` is the share of the regression on other dates, see :mod:`~eowidgets.models.units.local`.
        """
        given = given_batch(batch, usable, network, centre=self.centre)
        made = self.sampled(given, network, draw(batch), known=usable)
        there = [BANDS.index(b) for b in batch.bands if b in BANDS]
        known = [i for i in there if BANDS[i] in network.config.bands]
        others = [i for i in there if i not in known]
        made = follow(made, given.base, usable, given.days, known, others)
        return refine(made, usable, given.days, there, local)

    def answer(self, batch: Batch, samples: Tensor, keep: Tensor | None) -> dict[str, Tensor]:
        """Return mean and standard deviation over the samples, in the bands of the batch."""
        optical = self.optical(batch.bands)
        chosen = samples[:, :, :, [BANDS.index(batch.bands[i]) for i in optical]]
        mean = batch.x.clone()  # radar is unchanged
        mean[:, :, optical] = chosen.mean(dim=0)
        if keep is not None:
            mean = torch.where(keep[:, :, None], batch.x, mean)
        out = {"reflectance": mean}
        if self.params.samples > 1:
            spread = chosen.std(dim=0)
            out |= spreads_of(
                spread if keep is None else spread.masked_fill(keep[:, :, None], 0.0), batch.bands, optical
            )
        return out


def spreads_of(spread: Tensor, bands: tuple[str, ...], optical: list[int]) -> dict[str, Tensor]:
    """Name standard deviations (b, t, c, h, w) by band; ``spread`` is their mean, kept for one release."""
    named = {f"spread_{bands[i]}": spread[:, :, k] for k, i in enumerate(optical)}
    return {"spread": spread.mean(dim=2), **named}


def draw(batch: Batch) -> int:
    """Return the seed of the noise: that of the run, the same for all windows; without a run from torch's generator."""
    return int(torch.randint(2**31 - 1, ())) if batch.seed is None else batch.seed


def aux_of(batch: Batch) -> Tensor | None:
    """Return the backscatter of the batch, (b, t, 2, h, w), standardised; None without a radar band."""
    if not any(b in AUX for b in batch.bands):
        return None
    aux = batch.raw.new_zeros((*batch.raw.shape[:2], len(AUX), *batch.raw.shape[-2:]))
    for channel, name in enumerate(AUX):
        if name in batch.bands:
            value = batch.raw[:, :, batch.bands.index(name)]
            # Linear power (positive) is converted to decibels; values in decibels are unchanged.
            decibel = torch.where(value > 0, 10 * value.clamp(min=1e-5).log10(), value)
            aux[:, :, channel] = torch.where(value != 0, (decibel + 14) / 6, 0.0)
    return aux


def given_batch(
    batch: Batch,
    usable: Tensor,
    network: UniTS,
    *,
    raw: bool = False,
    centre: tuple[float, float] | None = None,
) -> Condition:
    """Build the condition of a batch for ``network``; with ``raw`` from measurements including clouds.

    ``centre`` is the longitude and latitude of the cube; without it those of each window are used.
    """
    optical = UniTSModel.optical(batch.bands)
    names = tuple(batch.bands[i] for i in optical)
    days = batch.days.to(batch.x.device).expand(len(batch.x), -1)
    x = (batch.raw if raw else batch.x)[:, :, optical]
    config, where = network.config, None
    if config.place:
        where = batch.lonlat if centre is None else batch.lonlat.new_tensor(centre).expand(len(x), -1)
    return condition(
        x,
        usable,
        days,
        names,
        lonlat=where,
        aux=aux_of(batch) if config.aux else None,
        show=x if raw else None,
        trained=config.bands,
        passes=config.passes,
    )


@register
class UniTSReconstruct(UniTSModel):
    """Fill the gaps of the mask."""

    name = "units-reconstruct"
    task = Task.RECONSTRUCT
    card: ClassVar[Card] = cards.RECONSTRUCT
    checkpoint = cards.WEIGHTS["units-reconstruct.places"]
    # The regression on other dates differs more between windows than the network does: windows overlap by half.
    # Trained on pixels of 10 to 250 m: no resampling.
    feed: ClassVar[Windows] = replace(UniTSModel.feed, halo=8, blend=8, resolution=None)
    Params = FillParams

    def settings(self) -> Mapping[str, Any]:
        """Return the share of the regression in the prediction; part of the provenance of every result."""
        return {"regression": regression_note(self.network().config)}

    def answers(self, batch: Batch) -> dict[str, Tensor]:
        """Draw samples of the whole series; by default clear measurements stay unchanged."""
        network = self.network()
        samples = self.filled(batch, batch.usable, network, network.config.local)
        return self.answer(batch, samples, batch.usable if self.params.keep_observed else None)
