"""Baselines of UniTS, of about its size: a regression transformer and U-TILISE.

Both predict in one pass and are trained with ``python -m training.rivals NAME`` on the same windows, with the same
optimiser and schedule. A step costs about the same for all three, so equal ``--steps`` are equal time on any machine.
"""

from __future__ import annotations

import argparse
import json
from itertools import pairwise
from typing import ClassVar

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from eowidgets.models.blocks.attention import Attention
from eowidgets.models.blocks.embed import grid_positions, harmonics, sinusoid
from eowidgets.models.units.condition import CHANNELS, Condition
from eowidgets.models.units.config import BANDS
from eowidgets.models.units.network import patchify, unpatchify
from training.loop import train
from training.units import RUNS, filling, filling_places

PATCH = 4


class Regression(nn.Module):
    """Factorised space-time transformer whose output is added to linear interpolation in time."""

    def __init__(self, width: int = 128, depth: int = 6, heads: int = 4) -> None:
        super().__init__()
        self.embed = nn.Linear(CHANNELS * PATCH**2, width)
        self.days = nn.Linear(16, width)
        layers = []
        for _ in range(depth):
            layer = {"space": Attention(width, heads), "time": Attention(width, heads)}
            layer |= {f"norm{i}": nn.LayerNorm(width) for i in range(3)}
            layer["mlp"] = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
            layers.append(nn.ModuleDict(layer))
        self.layers = nn.ModuleList(layers)
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, 24 * PATCH**2)
        self.refine = nn.Sequential(
            nn.Conv2d(24 + CHANNELS, 24, 3, padding=1), nn.GELU(), nn.Conv2d(24, len(BANDS), 3, padding=1)
        )
        nn.init.zeros_(self.refine[-1].weight)
        nn.init.zeros_(self.refine[-1].bias)

    def forward(self, given: Condition) -> Tensor:
        """Reflectance (b, t, len(BANDS), h, w)."""
        grid = (given.pixels.shape[-2] // PATCH, given.pixels.shape[-1] // PATCH)
        h = self.embed(patchify(given.pixels, PATCH))
        width = h.shape[-1]
        distance = given.days - given.days.mean(dim=1, keepdim=True)
        time = self.days(harmonics(given.days, 16)) + sinusoid(distance, width, 1000.0)
        h = h + grid_positions(*grid, width) + time[:, :, None]
        for layer in self.layers:
            h = h + layer["space"](layer["norm0"](h))
            h = h + layer["time"](layer["norm1"](h).transpose(1, 2)).transpose(1, 2)
            h = h + layer["mlp"](layer["norm2"](h))
        image = unpatchify(self.head(self.norm(h)), PATCH, grid)
        full = torch.cat([image, given.pixels.to(image.dtype)], dim=2).flatten(0, 1)
        out = self.refine(full.contiguous(memory_format=torch.channels_last)).unflatten(0, image.shape[:2])
        return given.base + 0.05 * out.float()


class UTilise(nn.Module):
    """U-TILISE (Stucker et al., 2023) in small: a U-Net over space, attention over time at its bottom, by groups.

    As in the paper, every date is encoded and decoded separately; at the lowest resolution each pixel's dates
    attend to each other, and the same attention, upsampled, mixes the skip connections in time. Gaps are filled
    with 1 and the output is squashed to 0..1. It gets the mask and the date, not the interpolation.
    """

    WIDTHS: ClassVar = (56, 72, 96, 144)
    HEADS: ClassVar = 4

    def __init__(self) -> None:
        super().__init__()
        w = self.WIDTHS
        self.stem = self._conv(len(BANDS) + 1, w[0])
        self.down = nn.ModuleList(nn.Sequential(self._conv(a, b, 2), self._conv(b, b)) for a, b in pairwise(w))
        self.days = nn.Linear(16, w[-1])
        self.norm = nn.LayerNorm(w[-1])
        self.qk = nn.Linear(w[-1], 2 * w[-1])
        self.value = nn.Linear(w[-1], w[-1])
        self.out = nn.Linear(w[-1], w[-1])
        self.up = nn.ModuleList(self._conv(a + b, b) for a, b in zip(w[:0:-1], w[-2::-1], strict=True))
        self.last = nn.Conv2d(w[0], len(BANDS), 1)

    @staticmethod
    def _conv(a: int, b: int, stride: int = 1) -> nn.Sequential:
        return nn.Sequential(nn.Conv2d(a, b, 3, stride, 1), nn.GroupNorm(4, b), nn.ReLU())

    def _mix(self, attention: Tensor, x: Tensor, size: tuple[int, int]) -> Tensor:
        """Mix the dates of ``x`` (b, t, c, h, w) by attention (b, heads, t, t, gh, gw), a group of channels a head."""
        b, heads, t, _, gh, gw = attention.shape
        a = functional.interpolate(attention.reshape(b * heads, t * t, gh, gw), size=size, mode="bilinear")
        a = a.reshape(b, heads, t, t, *size)
        grouped = x.unflatten(2, (heads, -1))
        return torch.einsum("bntshw,bsnchw->btnchw", a, grouped).flatten(2, 3)

    def forward(self, given: Condition) -> Tensor:
        """Reflectance (b, t, len(BANDS), h, w)."""
        from eowidgets.models.units.condition import restore

        n = len(BANDS)
        b, t = given.days.shape
        seen = given.pixels[:, :, 2 * n : 2 * n + 1]
        shown = torch.where(seen > 0, restore(given.pixels[:, :, :n]), 1.0)
        h = self.stem(torch.cat([shown, seen], dim=2).flatten(0, 1).contiguous(memory_format=torch.channels_last))
        skips = []
        for down in self.down:
            skips.append(h)
            h = down(h)
        deep = h.unflatten(0, (b, t)).permute(0, 3, 4, 1, 2)  # b gh gw t c
        keyed = self.norm(deep) + self.days(harmonics(given.days, 16))[:, None, None]
        q, k = self.qk(keyed).unflatten(-1, (2, self.HEADS, -1)).movedim(-3, 0).transpose(-3, -2).unbind(0)
        attention = (q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5).softmax(-1)  # b gh gw heads t t
        value = self.value(deep).unflatten(-1, (self.HEADS, -1)).transpose(-3, -2)
        deep = deep + self.out((attention.to(value.dtype) @ value).transpose(-3, -2).flatten(-2))
        h = deep.permute(0, 3, 4, 1, 2).flatten(0, 1)
        maps = attention.permute(0, 3, 4, 5, 1, 2)
        for up, skip in zip(self.up, reversed(skips), strict=True):
            size = (skip.shape[-2], skip.shape[-1])
            mixed = self._mix(maps, skip.unflatten(0, (b, t)), size).flatten(0, 1)
            h = up(torch.cat([functional.interpolate(h, size=size, mode="bilinear"), mixed.to(h.dtype)], dim=1))
        return torch.sigmoid(self.last(h).float()).unflatten(0, (b, t))


RIVALS = {"regression": Regression, "utilise": UTilise}


def main() -> None:
    """Train one baseline from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rival", choices=sorted(RIVALS))
    parser.add_argument("--minutes", type=float, default=77, help="processor time")
    parser.add_argument("--steps", type=int, default=0, help="in place of processor time")
    parser.add_argument("--compile", action="store_true", help="saves time in runs of more than an hour")
    args = parser.parse_args()
    torch.manual_seed(0)
    network = RIVALS[args.rival]()
    call = torch.compile(network, dynamic=False) if args.compile else network
    places = filling_places()

    def step(rng: np.random.Generator, generator: torch.Generator, progress: float) -> Tensor:
        given, full, asked = filling(rng, places)
        error, weight = call(given) - full, asked.float()
        return (weight * (error.abs() + 5 * error.square())).sum() / weight.sum().clamp(min=1)

    minutes = 0.0 if args.steps else args.minutes
    done = train(args.rival, network, step, RUNS, cpu_minutes=minutes, steps=args.steps)
    save_file({k: v.contiguous() for k, v in network.state_dict().items()}, RUNS / f"{args.rival}.safetensors")
    (RUNS / f"{args.rival}.json").write_text(json.dumps(done))
    print(done)


def load(rival: str) -> nn.Module:
    """Load a trained baseline."""
    network = RIVALS[rival]()
    network.load_state_dict(load_file(RUNS / f"{rival}.safetensors"))
    return network.eval()


if __name__ == "__main__":
    main()
