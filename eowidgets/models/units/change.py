"""UniTS as a land-cover mapper: a class map for every date, and the probability of change."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import torch
from torch import Tensor

from eowidgets.contract.card import Card
from eowidgets.contract.feeds import Batch, Windows
from eowidgets.contract.labels import ClassInfo
from eowidgets.contract.outputs import Classes, Output, Value
from eowidgets.contract.registry import register
from eowidgets.contract.task import Task
from eowidgets.cube.labels import LAND_CLASSES as CLASSES
from eowidgets.errors import ModelError
from eowidgets.models.units import cards
from eowidgets.models.units.adapters import AUTO_STEPS, AUX, UniTSModel, draw, given_batch
from eowidgets.models.units.condition import Condition
from eowidgets.models.units.flow import sample

COVER = tuple(ClassInfo(value, name, color) for value, name, color in CLASSES)


def one_hot(classes: Tensor, count: int) -> Tensor:
    """Encode class maps (b, t, h, w) as the flow variable: +1 for the class, -1 for the others, (b, t, k, h, w)."""
    return 2.0 * torch.nn.functional.one_hot(classes.long(), count).movedim(-1, 2).float() - 1.0


def probabilities(x1: Tensor) -> Tensor:
    """Compute probabilities from samples (or means) of :func:`one_hot`, averaged over the first axis.

    The mean of a one-hot variable is its probability; values outside 0..1 are clipped.
    """
    share = ((x1 + 1) / 2).clamp(0, 1).mean(dim=0) + 1e-6
    return share / share.sum(dim=2, keepdim=True)


def in_time(share: Tensor, stay: float) -> Tensor:
    """Combine the dates of each pixel by the forward-backward algorithm, because land cover seldom changes.

    Parameters
    ----------
    share : Tensor, shape (b, t, k, h, w)
        Probabilities of each date alone.
    stay : float
        Probability that a pixel keeps its class from one date to the next; all other classes are equally likely.

    Returns
    -------
    Tensor, shape of ``share``
        Probabilities given all dates.
    """
    move = (1 - stay) / (share.shape[2] - 1)

    def pass_on(one: Tensor) -> Tensor:
        one = one / one.sum(dim=1, keepdim=True)
        return move + (stay - move) * one

    dates = share.unbind(1)
    ahead, back = [dates[0]], [torch.ones_like(dates[0])]
    for date in dates[1:]:
        ahead.append(date * pass_on(ahead[-1]))
    for date in reversed(dates[1:]):
        back.append(pass_on(date * back[-1]))
    joint = torch.stack(ahead, dim=1) * torch.stack(back[::-1], dim=1)
    return joint / joint.sum(dim=2, keepdim=True)


@register
class UniTSChange(UniTSModel):
    """Map land cover on every date from all dates, and the probability that the first and the last date differ."""

    name = "units-change"
    task = Task.DETECT_CHANGE
    card: ClassVar[Card] = cards.CHANGE
    checkpoint = cards.WEIGHTS["units-change.simulated"]
    feed: ClassVar[Windows] = replace(UniTSModel.feed, optional_bands=AUX, dates=None, date_halo=0)

    def outputs(self, bands: tuple[str, ...]) -> tuple[Output, ...]:
        """Return a class map per date, and the probability that the first and the last date differ."""
        self.check_bands(bands)
        cover = Classes("land_cover", dims="tyx", long_name="land cover", classes=COVER)
        change = Value("change", unit="1", long_name="probability of change from first to last date", vmin=0, vmax=1)
        return cover, change

    def answers(self, batch: Batch) -> dict[str, Tensor]:
        """Average the class maps of the samples; one sample in one step is already their mean."""
        share = self.shares(given_batch(batch, batch.usable, self.network()), draw(batch))
        same = (share[:, 0] * share[:, -1]).sum(dim=1)
        return {"land_cover": share, "change": 1 - same}

    def shares(self, given: Condition, seed: int = 0) -> Tensor:
        """Compute probabilities (b, t, k, h, w) for a condition."""
        p, network = self.params, self.network()
        if network.config.target != "classes" or network.config.classes != len(COVER):
            raise ModelError("These UniTS weights do not predict classes: load those of units-change.")
        steps = p.steps or (1 if p.samples == 1 else AUTO_STEPS)
        with torch.inference_mode():
            made = sample(network, given, steps=steps, samples=p.samples, solver=p.solver, seed=seed)
            share = probabilities(made)
        stay = network.config.stay
        return in_time(share, stay) if stay else share
