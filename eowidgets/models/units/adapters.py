"""UniTS as models that the engine can run: fill gaps, and remove clouds without a mask."""

from __future__ import annotations

import dataclasses
from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from eowidgets.contract.card import Card
from eowidgets.contract.checkpoint import Checkpoint
from eowidgets.contract.feeds import Batch, Windows
from eowidgets.contract.model import Model
from eowidgets.contract.outputs import Bands, Mosaic, Output, Value
from eowidgets.contract.params import param
from eowidgets.contract.registry import register
from eowidgets.contract.task import Task
from eowidgets.errors import InputError, ModelError
from eowidgets.models.units import cards, weights
from eowidgets.models.units.clear import guess_clear
from eowidgets.models.units.condition import Condition, condition
from eowidgets.models.units.config import BANDS
from eowidgets.models.units.flow import expected, from_target, sample
from eowidgets.models.units.follow import follow
from eowidgets.models.units.local import refine
from eowidgets.models.units.network import UniTS

AUX = ("vv", "vh")
AUTO_STEPS = 8


@dataclass(frozen=True, slots=True)
class FlowParams:
    """How many samples are drawn, and how carefully."""

    samples: int = param(1, low=1, high=64, help="Samples drawn; with two or more, their spread is shown.")
    steps: int = param(0, low=0, high=64, help="Steps of the solver; 0 takes 1 for one sample and 8 for several.")
    solver: str = param("euler", choices=("euler", "midpoint", "heun"), help="How each step is made.")


@dataclass(frozen=True, slots=True)
class FillParams(FlowParams):
    """Parameters of ``units-reconstruct``."""

    keep_observed: bool = param(True, help="Keep clear measurements as they are, and fill only the gaps.")


class UniTSModel(Model):
    """What the adapters share: weights, bands, sampling."""

    # Trained on 32 px: larger windows are cut by the engine, not seen at once.
    # Normalisation and attention run over the whole window, so windows of one place differ: blended over all they share.
    feed: ClassVar[Windows] = Windows(
        min_dates=2,
        resolution=10.0,
        optional_bands=AUX,
        size=32,
        halo=4,
        multiple=4,
        dates=24,
        date_halo=6,
        blend=4,
    )
    Params: ClassVar[type] = FlowParams
    #: The output has the dates of the input.
    keeps_dates: ClassVar[bool] = True
    #: Weights that are loaded unless a network is given.
    checkpoint: ClassVar[Checkpoint]

    def __init__(self, network: UniTS | None = None, **params: Any) -> None:
        super().__init__(**params)
        if self.params.samples > 1 and self.params.steps == 1:
            raise InputError("With steps=1 all samples are the same: set steps=0 (automatic) or 2 or more.")
        self._network = network

    def module(self) -> nn.Module:
        """Load the weights at the first call."""
        return self.network()

    def network(self) -> UniTS:
        """Give the network."""
        if self._network is None:
            self._network = weights.load(self.checkpoint)
        return self._network

    def outputs(self, bands: tuple[str, ...]) -> tuple[Output, ...]:
        """Bands as they came, and their spread if several samples are drawn."""
        self.optical(bands)
        out = (Bands("reflectance", dims="tyx", unit="1", long_name="surface reflectance"),)
        if self.params.samples == 1:
            return out
        doubt = Value("spread", dims="tyx", unit="1", long_name="standard deviation of the samples", vmin=0, vmax=0.1)
        return (*out, doubt)

    @staticmethod
    def optical(bands: tuple[str, ...]) -> list[int]:
        """Positions of the reflectance bands.

        Raises
        ------
        InputError
            If there is none, or one that UniTS has no place for.
        """
        strange = [b for b in bands if b not in BANDS and b not in AUX]
        if strange:
            raise InputError(
                f"UniTS has no place for the band {strange[0]!r}: leave it out with cube.drop_vars({strange[0]!r}); "
                f"it knows {', '.join(BANDS)} and, beside them, vv and vh."
            )
        found = [i for i, b in enumerate(bands) if b in BANDS]
        if not found:
            raise InputError(f"UniTS found no reflectance band: give at least one of {', '.join(BANDS)}.")
        return found

    @abstractmethod
    def answers(self, batch: Batch) -> dict[str, Tensor]:
        """Predict from a batch whose dates increase."""

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Predict, in whatever order the dates come."""
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
        """Samples of a series with gaps; bands that the network never met follow those that it knows.

        ``local`` is the share of the regression on other dates, see :mod:`~eowidgets.models.units.local`.
        """
        given = given_batch(batch, usable, network)
        made = self.sampled(given, network, draw(batch), known=usable)
        there = [BANDS.index(b) for b in batch.bands if b in BANDS]
        known = [i for i in there if BANDS[i] in network.config.bands]
        others = [i for i in there if i not in known]
        made = follow(made, given.base, usable, given.days, known, others)
        return refine(made, usable, given.days, there, local)

    def answer(self, batch: Batch, samples: Tensor, keep: Tensor | None) -> dict[str, Tensor]:
        """Mean and spread over the samples, in the bands of the batch."""
        optical = self.optical(batch.bands)
        chosen = samples[:, :, :, [BANDS.index(batch.bands[i]) for i in optical]]
        mean = batch.x.clone()  # radar passes through
        mean[:, :, optical] = chosen.mean(dim=0)
        if keep is not None:
            mean = torch.where(keep[:, :, None], batch.x, mean)
        out = {"reflectance": mean}
        if self.params.samples > 1:
            spread = chosen.std(dim=0).mean(dim=2)
            out["spread"] = spread if keep is None else spread.masked_fill(keep, 0.0)
        return out


def draw(batch: Batch) -> int:
    """Give the seed of the noise: that of the run, the same for all windows; outside a run from torch's generator."""
    return int(torch.randint(2**31 - 1, ())) if batch.seed is None else batch.seed


def aux_of(batch: Batch) -> Tensor | None:
    """Backscatter of the batch, (b, t, 2, h, w), standardised; None without a radar band."""
    if not any(b in AUX for b in batch.bands):
        return None
    aux = batch.raw.new_zeros((*batch.raw.shape[:2], len(AUX), *batch.raw.shape[-2:]))
    for channel, name in enumerate(AUX):
        if name in batch.bands:
            value = batch.raw[:, :, batch.bands.index(name)]
            # Linear power (positive) is turned into decibels; what comes in decibels stays.
            decibel = torch.where(value > 0, 10 * value.clamp(min=1e-5).log10(), value)
            aux[:, :, channel] = torch.where(value != 0, (decibel + 14) / 6, 0.0)
    return aux


def given_batch(batch: Batch, usable: Tensor, network: UniTS, *, raw: bool = False) -> Condition:
    """Condition of a batch for ``network``; with ``raw`` it sees measurements with their clouds."""
    optical = UniTSModel.optical(batch.bands)
    names = tuple(batch.bands[i] for i in optical)
    days = batch.days.to(batch.x.device).expand(len(batch.x), -1)
    x = (batch.raw if raw else batch.x)[:, :, optical]
    known = network.config.bands
    return condition(x, usable, days, names, aux=aux_of(batch), show=x if raw else None, trained=known)


@register
class UniTSReconstruct(UniTSModel):
    """Fill what the mask hides."""

    name = "units-reconstruct"
    task = Task.RECONSTRUCT
    card: ClassVar[Card] = cards.RECONSTRUCT
    checkpoint = cards.WEIGHTS["units-reconstruct.romania"]
    # The regression on other dates differs more from window to window than the network: half of a window is overlap.
    feed: ClassVar[Windows] = replace(UniTSModel.feed, halo=8, blend=8)
    Params = FillParams

    def answers(self, batch: Batch) -> dict[str, Tensor]:
        """Draw samples of the whole series; by default clear measurements are kept."""
        network = self.network()
        samples = self.filled(batch, batch.usable, network, network.config.local)
        return self.answer(batch, samples, batch.usable if self.params.keep_observed else None)


class FindAndFill(nn.Module):
    """Two networks for clouds that nobody has masked: one sees through them, one fills what they hide."""

    def __init__(self, find: UniTS, fill: UniTS) -> None:
        super().__init__()
        self.find, self.fill = find, fill


@register
class UniTSClouds(UniTSModel):
    """Take clouds away that nobody has masked.

    The first network sees the raw series and gives it without clouds; its :class:`~eowidgets.models.units.judge.Judge`
    compares that with what was measured, and ``units-reconstruct`` fills where there was a cloud from what is left.
    Clear pixels stay as measured.
    """

    name = "units-clouds"
    task = Task.REMOVE_CLOUDS
    card: ClassVar[Card] = cards.CLOUDS
    checkpoint = cards.WEIGHTS["units-clouds.romania"]

    #: Probability from which a pixel is cloud or shadow; chosen in the west, on dates not trained on.
    CLOUD = 0.1

    def __init__(self, network: FindAndFill | None = None, **params: Any) -> None:
        super().__init__(**params)
        self._pair = network

    def module(self) -> FindAndFill:
        """Load both networks at the first call."""
        if self._pair is None:
            self._pair = FindAndFill(weights.load(self.checkpoint), weights.load(UniTSReconstruct.checkpoint))
        return self._pair

    def answers(self, batch: Batch) -> dict[str, Tensor]:
        """See the raw measurements; the mask of the cube is not looked at."""
        clear = self.clear(batch)
        masked = dataclasses.replace(batch, x=batch.raw * clear.unsqueeze(2), usable=clear)
        pair = self.module()
        # A regression reads the light of a date off clouds that were missed, too: its share is that of these weights.
        filled = self.filled(masked, clear, pair.fill, pair.find.config.local)
        radar = dataclasses.replace(masked, x=batch.raw)  # clear pixels and radar as they were measured
        return self.answer(radar, filled, clear)

    def clear(self, batch: Batch) -> Tensor:
        """Where the ground was seen, in the eyes of the first network, (b, t, h, w)."""
        cloudy = self.cloudiness(batch)
        clear = batch.measured & (cloudy < self.CLOUD)
        # A pixel that would lose all its dates keeps its clearest one.
        best = cloudy.masked_fill(~batch.measured, torch.inf).amin(dim=1, keepdim=True)
        return torch.where(clear.any(dim=1, keepdim=True), clear, batch.measured & (cloudy <= best))

    def cloudiness(self, batch: Batch) -> Tensor:
        """Probability of cloud or shadow, (b, t, h, w)."""
        find = self.module().find
        if find.judge is None:
            raise ModelError("These UniTS weights do not tell where clouds are: load those of units-clouds.")
        optical = self.optical(batch.bands)
        # Interpolated bands would tell a cloud by what the interpolation missed.
        optical = [i for i in optical if batch.bands[i] in find.config.bands] or optical
        names = tuple(batch.bands[i] for i in optical)
        guess = guess_clear(batch.raw[:, :, optical], batch.measured, names)
        given = given_batch(batch, guess, find, raw=True)
        with torch.inference_mode():
            cloudy: Tensor = find.judge(given, expected(find, given)).float().sigmoid()
        return cloudy
