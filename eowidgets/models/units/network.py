"""The UniTS transformer: a diffusion transformer over space, then time, modulated by its condition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from eowidgets.models.blocks.attention import Attention
from eowidgets.models.blocks.embed import grid_positions, harmonics, place, sinusoid
from eowidgets.models.units.acor import ACor
from eowidgets.models.units.condition import CHANNELS, Condition
from eowidgets.models.units.config import UniTSConfig
from eowidgets.models.units.judge import Judge
from eowidgets.models.units.mix import Mix, Shrink
from eowidgets.models.units.season import FITS, fits
from eowidgets.models.units.stm import Bias, date_features, place_features

Grid = tuple[int, int]


@dataclass(slots=True)
class BlockContext:
    """Inputs of one block that depend on the condition only; computed once per window for all steps and samples."""

    space_affine: Tensor | None  # b t n 2d
    time_affine: Tensor | None  # b n t 2d
    space_bias: Tensor | None  # [b t] heads n n
    time_bias: Tensor | None  # b 1 heads t t


@dataclass(slots=True)
class Context:
    """Everything that depends on the condition and not on the flow time."""

    blocks: list[BlockContext]
    space_pos: Tensor  # n d
    time_pos: Tensor  # b 1 t d
    pixels: Tensor  # b t c h w
    grid: Grid
    days: Tensor  # b t
    patches: Tensor | None = None  # b t n c (p p), if the network combines observed dates
    fitted: Tensor | None = None  # b t n fits c (p p)


def patchify(x: Tensor, p: int) -> Tensor:
    """Cut into patches: ``... c (gh p) (gw p) -> ... (gh gw) (c p p)``."""
    *lead_shape, height, width = x.shape
    x = x.reshape(*lead_shape, height // p, p, width // p, p)  # ... c gh p gw p
    lead = x.dim() - 5
    order = (*range(lead), lead + 1, lead + 3, lead, lead + 2, lead + 4)
    return x.permute(order).flatten(-3).flatten(-3, -2)


def unpatchify(x: Tensor, p: int, grid: Grid) -> Tensor:
    """Invert :func:`patchify`: ``... (gh gw) (c p p) -> ... c (gh p) (gw p)``."""
    x = x.reshape(*x.shape[:-2], *grid, -1, p, p)  # ... gh gw c p p
    lead = x.dim() - 5
    order = (*range(lead), lead + 2, lead, lead + 3, lead + 1, lead + 4)
    return x.permute(order).flatten(-4, -3).flatten(-2)


def modulate(h: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    """Apply AdaLN: LayerNorm without parameters, then scale and shift computed from the flow time."""
    return torch.addcmul(beta, functional.layer_norm(h, h.shape[-1:]), 1 + gamma)


class Block(nn.Module):
    """One spatial half, one temporal half, each: + position, ACor, AdaLN, attention with STM bias, scale, residual."""

    def __init__(self, config: UniTSConfig) -> None:
        super().__init__()
        d = config.width
        self.config = config
        self.space_attention = Attention(d, config.heads)
        self.time_attention = Attention(d, config.heads)
        if config.acor:
            self.space_acor = ACor(d, config.acor_hidden, "space")
            self.time_acor = ACor(d, config.acor_hidden, "time")
        if config.stm:
            self.space_stm = Bias(4, d, config.heads, bool(config.aux))
            self.time_stm = Bias(6, d, config.heads, bool(config.aux))
        hidden = int(config.mlp * d)
        self.mlp = nn.Sequential(nn.Linear(d, hidden), nn.GELU(), nn.Linear(hidden, d)) if hidden else None
        parts = 9 if hidden else 6
        start = torch.zeros(parts, d)
        start[2::3] = config.gate  # rows are γ, β, α of each part
        self.table = nn.Parameter(start)
        self.modulation: nn.Linear | None = None if config.shared_modulation else nn.Linear(d, parts * d)
        if self.modulation is not None:
            nn.init.zeros_(self.modulation.weight)
            nn.init.zeros_(self.modulation.bias)

    def prepare(
        self, space: Tensor, time: Tensor, aux: Tensor | None, near: tuple[Tensor, Tensor], grid: Grid
    ) -> BlockContext:
        """Compute γ, β and the attention biases from condition tokens (b, t, n, d) and (b, n, t, d)."""
        made = BlockContext(None, None, None, None)
        if self.config.acor:
            made.space_affine = self.space_acor.parameters_of(space, grid)
            made.time_affine = self.time_acor.parameters_of(time, grid)
        if self.config.stm:
            places, dates = near
            made.space_bias = self.space_stm(places, aux)  # [b t] heads n n
            vector = None if aux is None else aux.mean(dim=2)  # b t d: one vector per date
            made.time_bias = self.time_stm(dates, vector).unsqueeze(1)
        return made

    def forward(self, h: Tensor, modulation: Tensor, context: BlockContext, pos: tuple[Tensor, Tensor]) -> Tensor:
        """Transform tokens.

        Parameters
        ----------
        h : Tensor, shape (k, b, t, n, d)
            k samples that share one condition.
        modulation : Tensor, shape (k, b, parts, d) or (k, b, d)
            From the flow time.
        """
        if self.modulation is not None:
            modulation = self.modulation(modulation).unflatten(-1, tuple(self.table.shape))
        # The stream keeps one precision: on a CPU, casts cost more than additions.
        parts = (modulation + self.table).to(h.dtype)[:, :, None, None].unbind(-2)  # k b 1 1 d each
        space_pos, time_pos = (p.to(h.dtype) for p in pos)

        h = h + space_pos
        if context.space_affine is not None:
            h = self.space_acor(h, context.space_affine)
        h = torch.addcmul(h, parts[2], self.space_attention(modulate(h, parts[0], parts[1]), context.space_bias))

        h = h.transpose(-3, -2) + time_pos  # k b n t d
        h = h.contiguous()
        if context.time_affine is not None:
            h = self.time_acor(h, context.time_affine)
        h = torch.addcmul(h, parts[5], self.time_attention(modulate(h, parts[3], parts[4]), context.time_bias))

        if self.mlp is not None:
            h = torch.addcmul(h, parts[8], self.mlp(modulate(h, parts[6], parts[7])))
        return h.transpose(-3, -2).contiguous()


class UniTS(nn.Module):
    """UniTS (2025), after the paper's figure; :class:`UniTSConfig` lists the options that the figure leaves open.

    The network predicts the data, or the velocity, at flow time t from the noisy target and the condition.
    Split in two: :meth:`encode` is run once per window, :meth:`forward` once per step of the solver.
    """

    def __init__(self, config: UniTSConfig) -> None:
        super().__init__()
        self.config = config
        d, p = config.width, config.patch
        self.embed = nn.Linear(config.channels * p * p, d)
        # S1 and S2 together on the channel axis, as in the figure; an additional channel masks where S1 was measured.
        second = config.aux + 1 if config.aux else 0
        self.condition = nn.Sequential(nn.Linear((CHANNELS + second) * p * p, d), nn.GELU())
        self.space_view = nn.Linear(d, d)
        self.time_view = nn.Linear(d, d)
        self.aux = nn.Linear(config.aux * p * p, d) if config.aux else None
        self.day_embed = nn.Linear(16, d)
        self.place_embed = nn.Linear(16, d)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.depth))
        parts = 9 if config.mlp else 6
        self.clock = nn.Sequential(nn.Linear(d, d), nn.SiLU(), nn.Linear(d, d), nn.SiLU())
        self.modulation: nn.Linear | None = nn.Linear(d, parts * d) if config.shared_modulation else None
        self.last_modulation = nn.Linear(d, 2 * d)
        out = config.refine or config.channels
        self.head = nn.Sequential(nn.Linear(d, d), nn.GELU(), nn.Linear(d, out * p * p))
        if config.refine:
            seen = out + CHANNELS + config.channels
            narrow, last = nn.Conv2d(seen, out, 3, padding=1), nn.Conv2d(out, config.channels, 3, padding=1)
            self.refine = nn.Sequential(narrow, nn.GELU(), last)
        self.judge = Judge(config.judge) if config.judge else None
        waves = len(FITS) if config.season else 0
        self.mix = Mix(d, config.mix, p, config.residual_scale, waves) if config.mix else None
        self.shrink = Shrink() if config.shrink else None
        # An untrained network predicts 0: the base, if the target is the residual.
        final = self.refine[-1] if config.refine else self.head[-1]
        for layer in (final, self.modulation, self.last_modulation, self.place_embed):
            if layer is not None:
                for parameter in layer.parameters():
                    nn.init.zeros_(parameter)

    def encode(self, given: Condition) -> Context:
        """Compute everything that depends on the condition only."""
        p, d = self.config.patch, self.config.width
        b, t, _, h, w = given.pixels.shape
        grid = (h // p, w // p)
        pixels = given.pixels
        aux, shown = given.aux if self.config.aux else None, pixels
        if aux is not None:
            shown = torch.cat([pixels, aux, aux.abs().sum(dim=2, keepdim=True).gt(0).to(aux.dtype)], dim=2)
        elif self.config.aux:
            shown = torch.cat([pixels, pixels.new_zeros((b, t, self.config.aux + 1, h, w))], dim=2)
        tokens = self.condition(patchify(shown, p))  # b t n d
        doy = self.day_embed(harmonics(given.days, 16))[:, :, None]  # b t 1 d
        space, time = self.space_view(tokens), (self.time_view(tokens) + doy).transpose(1, 2).contiguous()
        if given.lonlat is not None:
            space = space + self.place_embed(place(given.lonlat, 16))[:, None, None]
        aux_tokens = None if aux is None or self.aux is None else self.aux(patchify(aux, p))
        near = (place_features(grid, pixels.device), date_features(given.days))
        blocks = [cast(Block, b).prepare(space, time, aux_tokens, near, grid) for b in self.blocks]
        # Days from the middle of the window, because absolute dates would be memorised.
        centred = given.days - (given.days[:, :1] + given.days[:, -1:]) / 2
        time_pos = sinusoid(centred, d, 1000.0)[:, None]
        context = Context(blocks, grid_positions(*grid, d, pixels.device), time_pos, pixels, grid, given.days)
        if self.mix is not None or self.shrink is not None:
            context.patches = patchify(pixels, p).reshape(b, t, -1, CHANNELS, p * p)
        if self.config.season:
            bands = self.config.channels
            waves = fits(pixels[:, :, :bands], pixels[:, :, 2 * bands], given.days)
            context.fitted = patchify(waves.flatten(2, 3), p).reshape(b, t, -1, len(FITS), bands, p * p)
        return context

    def forward(self, x: Tensor, t: Tensor, context: Context) -> Tensor:
        """Predict the data or the velocity.

        Parameters
        ----------
        x : Tensor, shape (k, b, t, c, h, w)
            The noisy target, scaled as in training; k samples share one condition.
        t : Tensor, shape (k, b)
            Flow time, 0 (noise) to 1 (data).

        Returns
        -------
        Tensor, shape (k, b, t, c, h, w)
        """
        p, d = self.config.patch, self.config.width
        h = self.embed(patchify(x, p))  # k b t n d
        clock = self.clock(sinusoid(t * 1000.0, d))
        modulation = clock if self.modulation is None else self.modulation(clock).unflatten(-1, (-1, d))
        for block, made in zip(self.blocks, context.blocks, strict=True):
            h = block(h, modulation, made, (context.space_pos, context.time_pos))
        gamma, beta = self.last_modulation(clock)[:, :, None, None].to(h.dtype).chunk(2, dim=-1)
        last = modulate(h, gamma, beta)
        image: Tensor = unpatchify(self.head(last), p, context.grid)  # k b t c h w
        if self.config.refine:
            seen = context.pixels.expand(len(x), *context.pixels.shape)
            full = torch.cat([image, seen.to(image.dtype), x.to(image.dtype)], dim=3).flatten(0, 2)
            refined: Tensor = self.refine(full.contiguous(memory_format=torch.channels_last))
            image = refined.reshape(*x.shape[:3], *refined.shape[1:])
        if context.patches is None:
            return image
        if self.mix is not None:
            mixed = self.mix(last, context.patches, context.days, context.fitted).flatten(-2)
            image = image + unpatchify(mixed, p, context.grid).to(image.dtype)
        if self.shrink is not None:
            factor = self.shrink(context.patches, context.days, t).unsqueeze(-1)  # k b t n 1
            factor = unpatchify(factor.repeat_interleave(p * p, dim=-1), p, context.grid)
            image = image * factor.to(image.dtype)
        return image


def count_parameters(module: nn.Module) -> int:
    """Count the trainable parameters."""
    return sum(p.numel() for p in module.parameters() if p.requires_grad)
