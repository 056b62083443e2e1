"""A weighted average of gap fillers; the weights depend on the distance to clear dates and the visible share of a date."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import torch
import xarray as xr
from torch import Tensor, nn

from eowidgets.contract.card import Card
from eowidgets.contract.feeds import Batch, Windows
from eowidgets.contract.model import Model
from eowidgets.contract.params import param
from eowidgets.contract.registry import model_class, register
from eowidgets.contract.task import Task
from eowidgets.errors import InputError, shown
from eowidgets.models.classical.fill import GapFiller
from eowidgets.models.classical.regression import FillRegression
from eowidgets.models.classical.series import next_index, previous_index, relative_days

#: Names of outputs that differ from ``bands``.
OUTPUT = {"units-reconstruct": "reflectance"}
#: The regression with ``robust=False``, as a member.
PLAIN = "fill-regression-plain"
#: Visible shares of a date for which weights are given; between them the weights are interpolated linearly.
VISIBLE = (0.0, 0.1, 0.6)


def lead(usable: Tensor, days: Tensor, like: Tensor) -> Tensor:
    """Return the distance of the clear dates of each pixel, in days: ``a b / (a + b)`` between two, ``a`` next to one.

    The variance of a random walk between two known values is proportional to it.

    Parameters
    ----------
    usable : Tensor, shape (b, t, h, w), bool
    days : Tensor, shape (t,), increasing
    like : Tensor
        Defines dtype and device.

    Returns
    -------
    Tensor, shape (b, t, h, w)
        0 on clear dates, infinite for a pixel without clear dates.
    """
    before, after = previous_index(usable), next_index(usable)
    elapsed = relative_days(days, like)
    here = elapsed.view(1, -1, 1, 1)
    a = (here - elapsed[before.clamp_min(0)]).masked_fill(before < 0, torch.inf)
    b = (elapsed[after.clamp_min(0)] - here).masked_fill(after < 0, torch.inf)
    both = a * b / (a + b).clamp_min(1e-6)
    return torch.where(a.isinf(), b, torch.where(b.isinf(), a, both))


def basis(usable: Tensor, days: Tensor, leads: tuple[float, ...], like: Tensor) -> Tensor:
    """Evaluate the basis functions of lead and visible share that the weights refer to; they sum to one.

    Parameters
    ----------
    usable : Tensor, shape (b, t, h, w), bool
    days : Tensor, shape (t,)
    leads : tuple of float
        Increasing leads in days; weights are interpolated linearly in the logarithm between them, and constant beyond.

    Returns
    -------
    Tensor, shape (b, t, len(VISIBLE) * len(leads), h, w)
        Visible shares vary most slowly.
    """
    visible = usable.to(like.dtype).mean(dim=(-2, -1))  # b t
    far = torch.log1p(lead(usable, days, like).clamp_max(1e6))
    shares = _hats(visible, torch.tensor(VISIBLE, dtype=like.dtype, device=like.device))  # b t v
    hats = _hats(far, torch.log1p(torch.tensor(leads, dtype=like.dtype, device=like.device)))  # b t h w l
    return torch.einsum("btv,bthwl->btvlhw", shares, hats).flatten(2, 3)


def _hats(x: Tensor, knots: Tensor) -> Tensor:
    """Return piecewise linear functions, each 1 at one knot and 0 at the others, along a new last axis."""
    if len(knots) == 1:
        return torch.ones_like(x).unsqueeze(-1)
    x = x.clamp(float(knots[0]), float(knots[-1])).contiguous()
    right = torch.searchsorted(knots, x).clamp(1, len(knots) - 1)
    share = ((x - knots[right - 1]) / (knots[right] - knots[right - 1]).clamp_min(1e-9)).unsqueeze(-1)
    out = torch.zeros(*x.shape, len(knots), dtype=x.dtype, device=x.device)
    out.scatter_(-1, (right - 1).unsqueeze(-1), 1 - share)
    return out.scatter_(-1, right.unsqueeze(-1), share)


@dataclass(frozen=True, slots=True)
class BlendParams:
    """Members and their weights; equal weights by default."""

    members: tuple[str, ...] = param(("fill-linear", "fill-harmonic"), label="Members", help="Fillers to average.")
    leads: tuple[float, ...] = param((8.0,), label="Leads", unit="days", help="Leads for which weights are given.")
    weights: tuple[float, ...] = param(
        (),
        label="Weights",
        low=0.0,
        help="For every visible share, lead and member, members varying fastest; they sum to 1 over members.",
    )


@register
class FillBlend(GapFiller):
    """Average several gap fillers with weights that were fitted by hiding clear pixels.

    ``eow.choose(cube, "fill")`` fits the weights and builds it. Stacked regression: Wolpert (1992),
    doi:10.1016/S0893-6080(05)80023-1; Breiman (1996), doi:10.1007/BF00117832, for weights that are not negative.
    """

    name = "fill-blend"
    card = Card(
        title="Weighted average of gap fillers",
        summary="Averages gap fillers with weights that depend on the distance to clear dates and the visible share of a date.",
        paper="Stacked regressions: Breiman (1996), Machine Learning 24, 49–64.",
        url="https://doi.org/10.1007/BF00117832",
        licence="Apache-2.0",
        limits="Weights are valid for the cube that they were fitted on; without weights all members are weighted equally.",
    )
    # That of the regression, the only member whose result depends on its window.
    feed = Windows(min_dates=2, size=48, halo=8, blend=8)
    Params = BlendParams

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        p = self.params
        count = len(VISIBLE) * len(p.leads) * len(p.members)
        if not p.members or not p.leads:
            raise InputError("A blend needs at least one member and one lead: give both, or leave both out.")
        if p.weights and len(p.weights) != count:
            raise InputError(
                f"A blend of {len(p.members)} members and {len(p.leads)} leads needs {count} weights, but "
                f"{len(p.weights)} were given."
            )
        if any(sum(p.weights[i : i + len(p.members)]) <= 0 for i in range(0, len(p.weights), len(p.members))):
            raise InputError(
                "The weights of a blend must be positive for at least one member in every group: give valid weights."
            )
        self.parts = [member(name) for name in p.members]

    def survey(self, cube: xr.Dataset) -> None:
        """Survey the cube with every member."""
        for part in self.parts:
            part.survey(cube)

    def module(self) -> nn.Module | None:
        """Return the networks among the members, as one module."""
        found = [m for m in (part.module() for part in self.parts) if m is not None]
        return nn.ModuleList(found) if found else None

    def weight(self, like: Tensor) -> Tensor:
        """Return the weights as (basis function, member)."""
        p = self.params
        if not p.weights:
            return like.new_full((len(VISIBLE) * len(p.leads), len(p.members)), 1 / len(p.members))
        found = torch.tensor(p.weights, dtype=like.dtype, device=like.device).reshape(-1, len(p.members))
        return found / found.sum(dim=1, keepdim=True)  # they are given with four digits

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Fill the gaps; shapes as in :class:`~eowidgets.contract.outputs.Output`."""
        share = torch.einsum(
            "btkhw,km->mbthw", basis(batch.usable, batch.days, self.params.leads, batch.x), self.weight(batch.x)
        )
        made = torch.zeros_like(batch.x)
        for part, weight in zip(self.parts, share, strict=True):
            if bool((weight > 0).any()):
                made = made + weight.unsqueeze(2) * filled(part, batch)
        return {"bands": torch.where(batch.usable.unsqueeze(2), batch.x, made)}


def member(name: str) -> Model:
    """Return a member of a blend for its name; ``fill-regression-plain`` is the regression without ``robust``.

    Raises
    ------
    InputError
        For an unknown name, or a model that is not a gap filler.
    """
    if name == PLAIN:
        return FillRegression(robust=False)
    kind = model_class(name)
    if kind is FillBlend or kind.task != Task.RECONSTRUCT:
        raise InputError(
            f"The model {shown(name)} cannot be a member of a blend: give gap fillers, such as 'fill-linear'."
        )
    return kind()


def filled(part: Model, batch: Batch) -> Tensor:
    """Run a member on all dates of a batch, shape (b, t, c, h, w); a network in pieces of its maximum number of dates."""
    dates = part.feed.dates
    if dates is None or len(batch.days) <= dates:
        return part.predict(batch)[OUTPUT.get(part.name, "bands")]
    return in_pieces(part, batch, dates, part.feed.date_halo)


def in_pieces(part: Model, batch: Batch, dates: int, halo: int) -> Tensor:
    """Run a member on overlapping pieces of the series, and cut at the middle of each overlap."""
    t = len(batch.days)
    pieces = -(-(t - dates) // max(1, dates - 2 * halo)) + 1
    starts = [round(i * (t - dates) / max(1, pieces - 1)) for i in range(pieces)]
    edges = [0, *((b + a + dates) // 2 for a, b in pairwise(starts)), t]
    out = []
    for start, first, end in zip(starts, edges, edges[1:], strict=False):
        cut = slice(start, start + dates)
        fields = {f: getattr(batch, f)[:, cut] for f in ("x", "usable", "measured", "raw")}
        piece = replace(batch, **fields, days=batch.days[cut], out_days=batch.days[cut])
        out.append(part.predict(piece)[OUTPUT.get(part.name, "bands")][:, first - start : end - start])
    return torch.cat(out, dim=1)
