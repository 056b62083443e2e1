"""OlmoEarth's encoder: patches of a window, dates and groups of channels are the tokens of one transformer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from eowidgets.models.blocks.embed import months, sinusoid
from eowidgets.models.blocks.packed import packed
from eowidgets.models.blocks.vit import Block
from eowidgets.models.encode.olmoearth.config import Size
from eowidgets.models.encode.olmoearth.rotary import RotaryBlock

#: Side in pixels of the patches of the kernels; other patches are resized to it.
PATCH = 8
#: Pixel size, in metres, that corresponds to one step of the positions across a window.
BASE_RESOLUTION = 10.0
#: Longest wavelength divided by 2π, and divided by the shortest one.
SLOWEST = 10.0


class Patches(nn.Module):
    """Patch projection of one group of channels; in later versions after a per-pixel layer."""

    def __init__(self, channels: int, size: Size) -> None:
        super().__init__()
        self.pixel = size.pixel
        if size.pixel:
            self.pixel_proj = nn.Sequential(nn.Linear(channels, size.pixel), nn.ReLU())
            self.proj: nn.Module = nn.Linear(size.pixel * PATCH**2, size.width)
        else:
            self.proj = nn.Conv2d(channels, size.width, PATCH, stride=PATCH)

    def forward(self, x: Tensor) -> Tensor:
        """Turn images (n, c, h 8, w 8) into patches (n, h, w, width)."""
        if not self.pixel:
            found: Tensor = self.proj(x)
            return found.movedim(1, -1)
        values = self.pixel_proj(x.movedim(1, -1))
        h, w = (n // PATCH for n in x.shape[-2:])
        # n (h p) (w q) c -> n h w (p q c)
        values = values.view(len(x), h, PATCH, w, PATCH, self.pixel).transpose(2, 3).flatten(3)
        out: Tensor = self.proj(values)
        return out


class Embeddings(nn.Module):
    """The projections of all groups of channels, with the names of the published weights."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.per_modality_embeddings = nn.ModuleDict(
            {
                sensor: nn.ModuleDict({f"{sensor}__{i}": Patches(len(c), size) for i, c in enumerate(groups)})
                for sensor, groups in size.groups.items()
            }
        )


class Encodings(nn.Module):
    """Encodings of month and group of channels that are added to tokens, with the names of the published weights."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        quarter = size.width // 4
        self.month_embed = months(quarter)
        self.per_modality_channel_embeddings = nn.ParameterDict(
            {sensor: nn.Parameter(torch.zeros(len(groups), quarter)) for sensor, groups in size.groups.items()}
        )


class Encoder(nn.Module):
    """Embed windows of Sentinel-1 and Sentinel-2.

    Parameters
    ----------
    size : Size
    """

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.size = size
        width, heads, hidden = size.width, size.heads, 4 * size.width
        self.blocks = nn.ModuleList(
            RotaryBlock(width, heads, hidden) if size.rotary else Block(width, heads, hidden, fused=False)
            for _ in range(size.depth)
        )
        self.composite_encodings = Encodings(size)
        self.patch_embeddings = Embeddings(size)
        self.norm = nn.LayerNorm(width)

    def forward(
        self,
        values: Mapping[str, Tensor],
        seen: Mapping[str, Tensor],
        months: Tensor,
        time: Tensor,
        patch: int,
        resolution: float = BASE_RESOLUTION,
    ) -> Tensor:
        """Return the mean over the sensors of the mean of their valid encoded tokens, for every patch; NaN without any.

        Parameters
        ----------
        values : mapping of str to Tensor, shape (b, t, channels, h patch, w patch)
            Normalised values by sensor, those that are available.
        seen : mapping of str to Tensor, shape (b, t, h, w), bool
        months : Tensor, shape (t,), int64
            0 is January.
        time : Tensor, shape (t,)
            Months of 30 days since 2000.
        patch : int
            Pixels along one side of a patch, 1 to 8.
        resolution : float
            Pixel size in metres.

        Returns
        -------
        Tensor, shape (b, width, h, w)
        """
        ratio = patch * resolution / BASE_RESOLUTION
        # b t h w g d of each sensor
        grids = {name: self._tokens(name, x, months, patch, ratio) for name, x in values.items()}
        kept = {name: seen[name].unsqueeze(-1).expand(grid.shape[:-1]) for name, grid in grids.items()}
        tokens = torch.cat([grid.flatten(1, 4) for grid in grids.values()], dim=1)
        known = torch.cat([one.flatten(1) for one in kept.values()], dim=1)
        where = torch.cat([_places(grid, time, ratio) for grid in grids.values()]) if self.size.rotary else None

        def encode(x: Tensor, mask: Tensor | None, at: Tensor) -> Tensor:
            for block in self.blocks:
                x = block(x, mask) if where is None else block(x, mask, where[at])
            out: Tensor = self.norm(x)
            return out

        lengths = [grid[0, ..., 0].numel() for grid in grids.values()]
        encoded = torch.split(packed(tokens, known, encode), lengths, dim=1)
        total = torch.zeros_like(next(iter(grids.values()))[:, 0, :, :, 0])
        sensors = torch.zeros_like(total[..., :1])
        for part, (name, grid) in zip(encoded, grids.items(), strict=True):
            count = kept[name].sum(dim=(1, 4)).unsqueeze(-1)
            total = total + part.view(grid.shape).sum(dim=(1, 4)) / count.clamp_min(1)
            sensors = sensors + (count > 0)
        return (total / sensors).movedim(-1, 1)

    def _tokens(self, sensor: str, x: Tensor, months: Tensor, patch: int, ratio: float) -> Tensor:
        """Return the tokens of a sensor, shape (b, t, h, w, groups, width)."""
        rows, columns = (n // patch for n in x.shape[-2:])
        flat = x.flatten(0, 1)
        if patch != PATCH:
            shape = (rows * PATCH, columns * PATCH)
            flat = functional.interpolate(flat, shape, mode="bicubic", antialias=True)
        sensors: Any = self.patch_embeddings.per_modality_embeddings
        embed = sensors[sensor]
        groups = enumerate(self.size.groups[sensor])
        grid = torch.stack([embed[f"{sensor}__{i}"](flat[:, list(group)]) for i, group in groups], dim=-2)
        grid = grid.view(*x.shape[:2], *grid.shape[1:])
        return grid + self._encodings(sensor, grid.shape, months, ratio)

    def _encodings(self, sensor: str, shape: torch.Size, months: Tensor, ratio: float) -> Tensor:
        """Return the encodings that are added to the tokens: group, date, month and place, each a quarter of the width."""
        _, t, h, w, g, width = shape
        known = self.composite_encodings
        group = known.per_modality_channel_embeddings[sensor]
        month, date, place = (
            known.month_embed(months),
            group.new_zeros(t, width // 4),
            group.new_zeros(h, w, width // 4),
        )
        if not self.size.rotary:
            date = sinusoid(torch.arange(t, device=group.device), width // 4, SLOWEST)
            y, x = (sinusoid(torch.arange(n, device=group.device) * ratio, width // 8, SLOWEST) for n in (h, w))
            place = torch.cat([x.expand(h, -1, -1), y[:, None].expand(-1, w, -1)], dim=-1)
        parts = (group, date[:, None, None, None], month[:, None, None, None], place[:, :, None])
        return torch.cat([part.expand(t, h, w, g, -1) for part in parts], dim=-1)


def _places(grid: Tensor, time: Tensor, ratio: float) -> Tensor:
    """Return time, row and column of every token of a window, shape (t h w groups, 3)."""
    h, w, g = grid.shape[2:5]
    y, x = (torch.arange(n, dtype=torch.float32, device=grid.device) * ratio for n in (h, w))
    axes = torch.meshgrid(time.float(), y, x, torch.zeros(g, device=grid.device), indexing="ij")
    return torch.stack(axes[:3], dim=-1).flatten(0, 3)
