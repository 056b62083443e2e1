"""Several break monitors with different errors, and the mean of their calibrated probabilities."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from eowidgets.contract.card import Card
from eowidgets.contract.feeds import Batch
from eowidgets.contract.registry import register
from eowidgets.models.monitors.base import SCORE, IndexMonitor, IndexParams, Monitor
from eowidgets.models.monitors.breaks import Breaks, Crossing
from eowidgets.models.monitors.ccdc import BreakCCDC
from eowidgets.models.monitors.ewma import BreakEWMA
from eowidgets.models.monitors.iqr import BreakIQR
from eowidgets.models.monitors.sums import BreakBFAST
from eowidgets.models.monitors.watched import Watched

#: Members, and intercept a and slope b of ``logit p = a + b · ln score`` of each: a logistic fit to simulated and real
#: series with injected breaks (``python -m benchmarks.away_monitors calibrate``).
CALIBRATED: dict[type[Monitor], tuple[float, float]] = {
    BreakCCDC: (-0.45, 2.64),
    BreakBFAST: (-0.11, 4.92),
    BreakIQR: (-0.60, 2.39),
    BreakEWMA: (-0.58, 4.18),
}


@register
class BreakEnsemble(IndexMonitor):
    """The mean of calibrated probabilities of CCDC, BFAST, IQR and EWMA; there is a break where it exceeds one half.

    Each member runs with its own defaults on the same series. Its score becomes a probability by a logistic function
    fitted on injected breaks, and the mean of the members ranks the pixels. Dates and magnitude are those of the member
    with the highest probability. If the history of one is too short, the others are used.

    After Bullock, Woodcock and Holden (2020), doi:10.1016/j.rse.2019.04.018, who combine several tests of one series,
    with other members and rules.
    """

    name = "break-ensemble"
    card = Card(
        title="Break monitor, ensemble",
        summary="Averages the calibrated probabilities of four monitors with different errors.",
        paper="Bullock, Woodcock and Holden (2020), Remote Sensing of Environment 238, 111165, for the idea.",
        url="https://doi.org/10.1016/j.rse.2019.04.018",
        licence="Apache-2.0",
        scores={SCORE: 0.83},
        limits="Takes as long as all members together; needs a stable year or two; one break per pixel.",
    )
    Params = IndexParams

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        own = {k: getattr(self.params, k) for k in self.params.__dataclass_fields__}
        plain = own | {"watch": own["index"]}
        del plain["index"]
        self.members: tuple[Monitor, ...] = tuple(cls(**(plain if cls is BreakCCDC else own)) for cls in CALIBRATED)

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Run all members on the same series; layers as for any monitor."""
        given = self.prepared(batch)
        found, probability = self.joined([m.breaks(given) for m in self.members])
        return self.answer(found) | {"change": torch.stack([1 - probability, probability], dim=1).to(torch.float32)}

    def search(self, seen: Watched, since: Tensor) -> Crossing:
        """Raise: the ensemble uses the searches of its members."""
        raise NotImplementedError

    def joined(self, said: list[Breaks]) -> tuple[Breaks, Tensor]:
        """Combine members: the breaks, and the probability of change (n,), NaN where no member has a result."""
        chance = torch.stack([calibrated(s.score, *ab) for s, ab in zip(said, CALIBRATED.values(), strict=True)])
        mean = chance.nanmean(dim=0)
        broken = torch.stack([s.score > 1 for s in said])
        # Only members that found a break can date it.
        mean = torch.where(broken.any(dim=0), mean, mean.clamp_max(0.5))
        best = torch.where(broken, chance.nan_to_num(-1), -1.0).argmax(dim=0, keepdim=True)
        none = mean <= 0.5

        def pick(values: list[Tensor]) -> Tensor:
            return torch.stack(values).gather(0, best).squeeze(0).masked_fill(none | mean.isnan(), torch.nan)

        found = replace(
            said[0],
            first=pick([s.first for s in said]),
            confirmed=pick([s.confirmed for s in said]),
            magnitude=pick([s.magnitude[:, 0] for s in said]).unsqueeze(1),
        )
        return found, mean


def calibrated(score: Tensor, a: float, b: float) -> Tensor:
    """Return the probability of change for a score, NaN for a NaN score."""
    return torch.sigmoid(a + b * score.clamp_min(1e-3).log())
