"""Combine the observed dates of each pixel with weights that the network predicts for its patch."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from eowidgets.models.units.config import BANDS, SPREADS
from eowidgets.models.units.stm import date_features

DIM = 16
#: Initial width of the kernels, in mean distances between dates.
REACH = (0.7, 1.5, 3.0, 6.0)


class Mix(nn.Module):
    """Signed sum of weighted means over the observed dates of each pixel.

    Each head is an attention over the dates of a patch, applied to the measurements of its pixels: a smoothing kernel
    in time whose shape depends on the series. The heads are added with signed factors per band, so the sum can follow
    the curvature of a season. The weights do not depend on the level of reflectance, and generalise to new places.
    Not in the paper.

    Parameters
    ----------
    width : int
        Channels of the hidden state.
    heads : int
        Number of kernels.
    patch : int
        Side of a patch in pixels.
    scale : float
        Reflectance that corresponds to 1 in the residual.
    fits : int
        Number of fits of yearly harmonics that are also added with signed factors.
    """

    def __init__(self, width: int, heads: int, patch: int, scale: float, fits: int = 0) -> None:
        super().__init__()
        self.heads, self.patch = heads, patch
        self.query, self.key = nn.Linear(width, heads * DIM), nn.Linear(width, heads * DIM)
        self.near = nn.Sequential(nn.Linear(6, 32), nn.GELU(), nn.Linear(32, heads))
        self.reach = nn.Parameter(torch.tensor([REACH[i % len(REACH)] for i in range(heads)]).log())
        self.factors = nn.Linear(width, heads * len(BANDS))
        nn.init.zeros_(self.factors.weight)
        nn.init.zeros_(self.factors.bias)
        self.towards = nn.Linear(width, fits * len(BANDS)) if fits else None
        if self.towards is not None:
            nn.init.zeros_(self.towards.weight)
            nn.init.zeros_(self.towards.bias)
        self.units = [s / scale for s in SPREADS]

    def forward(self, h: Tensor, pixels: Tensor, days: Tensor, fitted: Tensor | None = None) -> Tensor:
        """Predict a residual from the base, patch by patch.

        Parameters
        ----------
        h : Tensor, shape (k, b, t, n, width)
        pixels : Tensor, shape (b, t, n, channels, patch * patch)
            The condition, cut into patches.
        days : Tensor, shape (b, t)
        fitted : Tensor, optional, shape (b, t, n, fits, len(BANDS), patch * patch)
            Fits of yearly harmonics, standardised.

        Returns
        -------
        Tensor, shape (k, b, t, n, len(BANDS), patch * patch)
            In units of the residual; 0 for pixels without any observation.
        """
        c = len(BANDS)
        seen, base = pixels[:, :, :, 2 * c].float(), pixels[:, :, :, c : 2 * c].float()
        observed = torch.cat([pixels[:, :, :, :c].float() * seen.unsqueeze(3), seen.unsqueeze(3)], dim=3)
        # b n s (c + 1) p: values and their count are averaged in one product
        observed = observed.transpose(1, 2).flatten(3)
        query, key = (layer(h).unflatten(-1, (self.heads, DIM)) for layer in (self.query, self.key))
        factors = self.factors(h).float().unflatten(-1, (self.heads, c))  # k b t n m c
        gap = (days[:, :, None] - days[:, None]).abs().float()
        spacing = ((days[:, -1] - days[:, 0]) / max(days.shape[1] - 1, 1)).clamp(min=0.5).float()
        prior = self.near(date_features(days)).float() - (gap / spacing[:, None, None]).unsqueeze(-1) / self.reach.exp()
        out = torch.zeros_like(base)
        for m in range(self.heads):
            score = torch.einsum("kbtnd,kbsnd->kbnts", query[..., m, :], key[..., m, :]).float() * DIM**-0.5
            score = score + prior[:, None, :, :, m]
            weight = (score - score.amax(dim=-1, keepdim=True)).exp() + 1e-6
            mean = (weight @ observed).unflatten(-1, (c + 1, -1)).transpose(2, 3)  # k b t n (c + 1) p
            count = mean[..., c:, :]
            off = torch.where(count > 0, mean[..., :c, :] / count.clamp(min=1e-9) - base, 0.0)
            out = out + factors[..., m, :, None] * off
        if self.towards is not None and fitted is not None:
            share = self.towards(h).float().unflatten(-1, (-1, c))  # k b t n fits c
            there = (seen.amax(dim=1, keepdim=True) > 0).unsqueeze(3)
            out = out + torch.einsum("kbtnfc,btnfcp->kbtncp", share, fitted - base.unsqueeze(3)) * there
        return out * out.new_tensor(self.units)[:, None]


class Shrink(nn.Module):
    """Factor between 0 and 1 on the residual, from the distance and the visible share of each date.

    Reflectance is not an input, so the factor generalises to other landscapes. Not in the paper.
    """

    FEATURES = 7

    def __init__(self) -> None:
        super().__init__()
        last = nn.Linear(16, 1)
        nn.init.zeros_(last.weight)
        nn.init.constant_(last.bias, 2.0)
        self.layers = nn.Sequential(nn.Linear(self.FEATURES, 16), nn.GELU(), last)

    def forward(self, pixels: Tensor, days: Tensor, t: Tensor) -> Tensor:
        """Predict the factor of each patch.

        Parameters
        ----------
        pixels : Tensor, shape (b, t, n, channels, patch * patch)
            The condition, cut into patches; its last two channels are the mask of observed pixels and the distance in time.
        days : Tensor, shape (b, t)
        t : Tensor, shape (k, b)
            Flow time.

        Returns
        -------
        Tensor, shape (k, b, t, n)
        """
        seen, near = (pixels[:, :, :, i].float().mean(dim=-1) for i in (-2, -1))  # b t n
        date = seen.mean(dim=2, keepdim=True).expand_as(seen)
        before = (seen.cumsum(dim=1) - seen > 0).float()
        after = (seen.flip(1).cumsum(dim=1).flip(1) - seen > 0).float()
        spacing = torch.log1p((days[:, -1] - days[:, 0]) / max(days.shape[1] - 1, 1)).float() / 4
        spacing = spacing[:, None, None].expand_as(seen)
        features = torch.stack([seen, date, near, before, after, spacing], dim=-1)
        features = features.expand(len(t), *features.shape)
        time = t.float()[:, :, None, None, None].expand(*features.shape[:-1], 1)
        factor: Tensor = self.layers(torch.cat([features, time], dim=-1)).sigmoid()
        return factor.squeeze(-1)
