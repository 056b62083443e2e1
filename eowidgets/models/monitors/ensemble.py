"""Two break monitors that err differently, asked together."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import torch
import xarray as xr
from torch import Tensor

from eowidgets.contract.card import Card
from eowidgets.contract.feeds import Batch, Series
from eowidgets.contract.params import param
from eowidgets.contract.registry import register
from eowidgets.models.monitors.base import FEWEST, INDICES, SCORE, Monitor, MonitorParams
from eowidgets.models.monitors.ccdc import BreakCCDC
from eowidgets.models.monitors.iqr import BreakIQR

#: Parameters that both members share; those of the quartiles begin with this.
SHARED, FENCE = ("history", "reference", "robust"), "fence_"


@register
class BreakEnsemble(Monitor):
    """The mean of what CCDC and IQR think: a break where it is above one half.

    CCDC follows the yearly course through all months, IQR the level of the growing season; missed cloud, a dry spring
    and shadows at edges seldom deceive both. A member that is sure outvotes one that is in doubt; where one has too
    short a history the other decides alone. The date is the earliest that a member gives, confirmed at the latest; the
    magnitude is CCDC's, or else the size of IQR's.

    After Bullock, Woodcock and Holden (2020), doi:10.1016/j.rse.2019.04.018, who ask several tests of one series, with
    other members and the mean in place of their rules.
    """

    name = "break-ensemble"
    card = Card(
        title="Break monitor, ensemble of CCDC and IQR",
        summary="Asks two monitors that err differently, and says that something broke where their mean is above one half.",
        paper="Bullock, Woodcock and Holden (2020), Remote Sensing of Environment 238, 111165, for the idea.",
        url="https://doi.org/10.1016/j.rse.2019.04.018",
        licence="Apache-2.0",
        scores={SCORE: 0.87},
        limits="Takes twice as long as one; needs a stable year or two, red and near infrared; one break per pixel.",
    )

    @dataclass(frozen=True, slots=True)
    class Params(MonitorParams):
        """Those of CCDC by their own names, those of IQR with ``fence_`` before them."""

        watch: str = param(
            "NDVI", choices=("all bands", *INDICES), label="Watch", help="All bands together, or one index; of CCDC."
        )
        consecutive: int = param(
            6, low=2, high=20, step=1, unit="observations", label="In a row", help="Observations that confirm a break."
        )
        probability: float = param(
            0.99, low=0.5, high=0.999999, label="Probability", help="χ² probability that an observation must exceed."
        )
        fence_months: str = param(
            "4-10",
            label="Months of the fences",
            help="First and last month of the dates that are held against quartiles.",
        )
        fence_terms: int = param(
            0, low=0, high=3, step=1, label="Waves of the fences", help="0: the level of those months alone."
        )
        fence_index: str = param(
            "NDVI", choices=tuple(INDICES), label="Index", help="Index that the fences stand around."
        )
        fence_sensitivity: float = param(
            1.5, low=0.1, high=20.0, step=0.1, unit="IQR", label="Fence", help="Distance from the quartiles."
        )
        fence_consecutive: int = param(
            5, low=1, high=20, step=1, unit="observations", label="In a row outside", help="Observations that confirm."
        )
        fence_smallest: float = param(
            0.02, low=0.0, high=1.0, step=0.01, unit="index", label="Smallest change", help="Smaller ones are left out."
        )

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        own = {k: getattr(self.params, k) for k in self.params.__dataclass_fields__}
        fences = {k.removeprefix(FENCE): own.pop(k) for k in tuple(own) if k.startswith(FENCE)}
        self.members: tuple[Monitor, ...] = (BreakCCDC(**own), BreakIQR(**fences, **{k: own[k] for k in SHARED}))
        self.adapt(())

    def adapt(self, bands: tuple[str, ...]) -> None:
        """Let each member choose its bands; all of them are read."""
        for member in getattr(self, "members", ()):
            member.adapt(bands)
        sources = [m.sources for m in getattr(self, "members", ())]
        if sources and all(sources):
            read = tuple(dict.fromkeys(b for names in sources for b in names or ()))
            vars(self)["feed"] = Series(bands=read, min_dates=FEWEST + 1)

    def survey(self, cube: xr.Dataset) -> None:
        """Let each member look at its own dates; copies of them, for a copy of this model shares its members."""
        self.members = tuple(copy.copy(m) for m in self.members)
        for member in self.members:
            member.survey(cube)

    def settings(self) -> dict[str, str]:
        """Give what the members depend on, by their names."""
        return {f"{m.name} {name}": value for m in self.members for name, value in m.settings().items()}

    def remember(self, cube: xr.Dataset) -> None:
        """As :meth:`~eowidgets.models.monitors.base.Monitor.remember`, for both."""
        for remembered in (False, True):
            for member in self.members:
                member._remembered = remembered
            if not remembered:
                super().remember(cube)

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Ask both; layers as of any monitor."""
        return joined([member.predict(batch) for member in self.members])


def joined(said: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    """One answer from those of several monitors.

    Parameters
    ----------
    said : list of dict
        ``change`` (n, 2), NaN where a monitor does not know; ``break_date``, ``confirmed_date`` and
        ``magnitude`` (n,), NaN where it saw no break.
    """
    change = torch.stack([s["change"] for s in said]).nanmean(dim=0)
    broken = change[:, 1] > 0.5
    first, confirmed, magnitude = (said[0][k] for k in ("break_date", "confirmed_date", "magnitude"))
    magnitude = magnitude.abs()
    for other in said[1:]:
        first = torch.fmin(first, other["break_date"])
        confirmed = torch.fmax(confirmed, other["confirmed_date"])
        magnitude = torch.where(magnitude.isnan(), other["magnitude"].abs(), magnitude)
    layers = {"break_date": first, "confirmed_date": confirmed, "magnitude": magnitude}
    return {"change": change} | {k: v.masked_fill(~broken, torch.nan) for k, v in layers.items()}
