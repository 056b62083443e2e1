"""Presto's encoder: one pixel's series of several sensors, as tokens of a small transformer."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from eowidgets.models.blocks.embed import months, sinusoid
from eowidgets.models.blocks.vit import Block

#: Groups of channels that share a token, and their numbers of channels; in the order of the channel embedding.
GROUPS = {
    "S1": 2,
    "S2_RGB": 3,
    "S2_Red_Edge": 3,
    "S2_NIR_10m": 1,
    "S2_NIR_20m": 1,
    "S2_SWIR": 2,
    "ERA5": 2,
    "SRTM": 2,
    "NDVI": 1,
}
#: The group of classes of Dynamic World: integers 0 to 8, and 9 for none.
LAND_COVER, LAND_COVER_CLASSES = "dynamic_world", 10
#: The group that is constant in time: one token, without month and position.
STATIC = "SRTM"


class Encoder(nn.Module):
    """Embed series of pixels.

    Parameters
    ----------
    width, depth, heads, hidden : int
        Of the transformer.
    dates : int
        Maximum number of dates of a series.
    """

    def __init__(self, width: int = 128, depth: int = 2, heads: int = 8, hidden: int = 512, dates: int = 24) -> None:
        super().__init__()
        # A token's encoding: a quarter for the month, a quarter for the group of channels, half for the position in the series.
        quarter = width // 4
        self.eo_patch_embed = nn.ModuleDict({name: nn.Linear(size, width) for name, size in GROUPS.items()})
        self.dw_embed = nn.Embedding(LAND_COVER_CLASSES, width)
        self.latlon_embed = nn.Linear(3, width)
        self.blocks = nn.ModuleList(Block(width, heads, hidden, fused=True) for _ in range(depth))
        self.norm = nn.LayerNorm(width)
        self.pos_embed = nn.Parameter(_positions(dates, 2 * quarter), requires_grad=False)
        self.month_embed = months(quarter)
        self.channel_embed = nn.Embedding(len(GROUPS) + 1, quarter)

    def forward(
        self, groups: Mapping[str, Tensor], seen: Mapping[str, Tensor], months: Tensor, lonlat: Tensor
    ) -> Tensor:
        """Return the mean of the valid encoded tokens and of the location token.

        Parameters
        ----------
        groups : mapping of str to Tensor, shape (n, t, channels)
            Normalised values of ``GROUPS``, those that are available; of ``STATIC``, t is 1. ``LAND_COVER``: (n, t), int64.
        seen : mapping of str to Tensor, shape (n, t), bool
        months : Tensor, shape (t,), int64
            0 is January.
        lonlat : Tensor, shape (n, 2)
            Degrees.

        Returns
        -------
        Tensor, shape (n, width)
        """
        tokens = torch.cat([self._token(name, values, months) for name, values in groups.items()], dim=1)
        kept = torch.cat([seen[name] for name in groups], dim=1)
        # Tokens that no pixel has observed are not computed.
        some = kept.any(dim=0)
        place = self.latlon_embed(_on_the_sphere(lonlat)).unsqueeze(1)
        x = torch.cat([place, tokens[:, some]], dim=1)
        kept = torch.cat([kept.new_ones(len(kept), 1), kept[:, some]], dim=1)
        mask = None if bool(kept.all()) else kept
        for block in self.blocks:
            x = block(x, mask)
        weight = kept.unsqueeze(-1).to(x.dtype)
        out: Tensor = self.norm((x * weight).sum(dim=1) / weight.sum(dim=1))
        return out

    def _token(self, name: str, values: Tensor, months: Tensor) -> Tensor:
        """Return the tokens of a group, shape (n, t, width)."""
        token: Tensor = self.dw_embed(values) if name == LAND_COVER else self.eo_patch_embed[name](values)
        group = self.channel_embed.weight[[*GROUPS, LAND_COVER].index(name)]
        month, position = self.month_embed(months), self.pos_embed[0, : len(months)]
        if name == STATIC:
            month, position = torch.zeros_like(month[:1]), torch.zeros_like(position[:1])
        return token + torch.cat([month, group.expand(len(month), -1), position], dim=-1)


class Presto(nn.Module):
    """The encoder of Presto, with the names of the published weights."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = Encoder()

    def forward(
        self, groups: Mapping[str, Tensor], seen: Mapping[str, Tensor], months: Tensor, lonlat: Tensor
    ) -> Tensor:
        """Encode; see :meth:`Encoder.forward`."""
        out: Tensor = self.encoder(groups, seen, months, lonlat)
        return out


def _positions(dates: int, dim: int) -> Tensor:
    """Return interleaved sines and cosines, shape (1, dates, dim)."""
    sines, cosines = sinusoid(torch.arange(dates), dim, 1000.0).chunk(2, dim=-1)
    return torch.stack([sines, cosines], dim=-1).view(1, dates, dim)


def _on_the_sphere(lonlat: Tensor) -> Tensor:
    """Return the point of the unit sphere, shape (n, 3)."""
    lon, lat = torch.deg2rad(lonlat).unbind(-1)
    return torch.stack([lat.cos() * lon.cos(), lat.cos() * lon.sin(), lat.sin()], dim=-1)
