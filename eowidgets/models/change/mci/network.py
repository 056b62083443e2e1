"""The multi-level change interpretation (MCI) model of Change-Agent: a map and a sentence from one encoder.

After Liu et al. (2024), arXiv:2403.19646, and its reference code; sizes in
:class:`~eowidgets.models.change.mci.config.MCIConfig`.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from eowidgets.models.change.mci.bi3 import BI3
from eowidgets.models.change.mci.captioner import Captioner
from eowidgets.models.change.mci.config import MCIConfig
from eowidgets.models.change.mci.mit import MixTransformer


class Places(nn.Module):
    """Learned position embeddings: half of the channels for columns, half for rows."""

    def __init__(self, longest: int, width: int) -> None:
        super().__init__()
        self.column, self.row = nn.Embedding(longest, width // 2), nn.Embedding(longest, width - width // 2)

    def forward(self, x: Tensor) -> Tensor:
        """Add positions to ``x`` (b, c, h, w); positions beyond the learned ones use the last one."""
        h, w = x.shape[-2:]
        rows = torch.arange(h, device=x.device).clamp(max=self.row.num_embeddings - 1)
        columns = torch.arange(w, device=x.device).clamp(max=self.column.num_embeddings - 1)
        across = self.column(columns)[None].expand(h, -1, -1)
        down = self.row(rows)[:, None].expand(-1, w, -1)
        return x + torch.cat([across, down], dim=-1).permute(2, 0, 1)


class MaskBranch(nn.Module):
    """Predict a map of classes from both dates' features of all stages."""

    def __init__(self, widths: tuple[int, ...], classes: int) -> None:
        super().__init__()
        self.difference = nn.ModuleList(nn.Sequential(nn.Conv2d(w, w, 1), nn.BatchNorm2d(w)) for w in widths)
        self.fuse = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(3 * w, 2 * w, 3, padding=1), nn.BatchNorm2d(2 * w), nn.ReLU(), nn.Conv2d(2 * w, 2 * w, 1)
            )
            for w in widths
        )
        self.grow = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(2 * w, 2 * w, 1),
                nn.BatchNorm2d(2 * w),
                nn.ReLU(),
                nn.ConvTranspose2d(2 * w, 2 * widths[max(i - 1, 0)], 4, 2, 1),
            )
            for i, w in enumerate(widths)
        )
        self.head = nn.Sequential(
            nn.ConvTranspose2d(2 * widths[0], widths[0], 4, 2, 1), nn.Conv2d(widths[0], classes, 1)
        )

    def forward(self, a: list[Tensor], b: list[Tensor]) -> Tensor:
        """Return logits (b, classes, h, w) at the resolution of the input."""
        up: Tensor | None = None
        for i in range(len(a) - 1, -1, -1):
            x, y = a[i], b[i]
            different = self.difference[i](y - x) + functional.cosine_similarity(x, y, dim=1).unsqueeze(1)
            fused = self.fuse[i](torch.cat([x, different, y], dim=1))
            up = self.grow[i](fused if up is None else fused + up)
        logits: Tensor = self.head(up)
        return logits


class MCI(nn.Module):
    """Map what changed between two images, and generate a caption.

    Parameters
    ----------
    config : MCIConfig
    """

    def __init__(self, config: MCIConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = MixTransformer(config.channels, config.widths, config.depths, config.reductions, config.heads)
        width, longest = config.widths[-1], max(config.side // config.shrink // 32, 1)
        self.place_mask, self.place_text = Places(longest, width), Places(longest, width)
        self.interact_mask = BI3(width, config.text_heads, config.layers, config.dropout, in_turn=True)
        self.interact_text = BI3(width, config.text_heads, config.layers, config.dropout, in_turn=False)
        self.mask = MaskBranch(config.widths, config.classes)
        self.captioner = Captioner(config)
        if config.near:
            self.place_near = Places(2 * longest, config.text_width)

    @property
    def multiple(self) -> int:
        """Number that the rows and columns must be multiples of."""
        return 32 * self.config.shrink

    def see(self, a: Tensor, b: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """Encode both images (n, channels, h, w); return the features of all stages, finest first."""
        both = torch.cat([a, b])
        if self.config.shrink > 1:
            both = functional.avg_pool2d(both, self.config.shrink)
        levels = self.encoder(both)
        return [x.chunk(2)[0] for x in levels], [x.chunk(2)[1] for x in levels]

    def map(self, a: list[Tensor], b: list[Tensor], size: tuple[int, int]) -> Tensor:
        """Return logits (n, classes, h, w) from features."""
        return functional.interpolate(self._small_map(a, b), size=size, mode="bilinear", align_corners=False)

    def _small_map(self, a: list[Tensor], b: list[Tensor]) -> Tensor:
        """Return logits at the encoder's resolution, averaged over both orders if the configuration is symmetric."""
        if not self.config.symmetric or self.training:
            return self._ordered_map(a, b)
        both = [torch.cat([x, y]) for x, y in zip(a, b, strict=True)]
        swapped = [torch.cat([y, x]) for x, y in zip(a, b, strict=True)]
        one, two = self._ordered_map(both, swapped).chunk(2)
        return (one + two) / 2

    def _ordered_map(self, a: list[Tensor], b: list[Tensor]) -> Tensor:
        """Return logits for one order of the dates."""
        last = self.interact_mask(self.place_mask(a[-1]), self.place_mask(b[-1]))
        logits: Tensor = self.mask([*a[:-1], last[0]], [*b[:-1], last[1]])
        return logits

    def remember(self, a: list[Tensor], b: list[Tensor], small: Tensor | None = None) -> Tensor:
        """Return the memory that the words attend to, (n, m, text_width); ``small`` is the map, if already computed."""
        x, y = self.interact_text(self.place_text(a[-1]), self.place_text(b[-1]))
        if not (self.config.tells or self.config.near):
            return self.captioner.see(x, y)
        small = self._small_map(a, b) if small is None else small
        # Detached: the captions learn to read the map and do not change it.
        shares = small.detach().float().softmax(dim=1)
        memory = self.captioner.see(x, y, shares)
        if not self.config.near:
            return memory
        cells = self.place_near(self.captioner.look(a[-2], b[-2], shares))
        return torch.cat([memory, cells.flatten(2).transpose(1, 2)], dim=1)

    def forward(
        self, a: Tensor, b: Tensor, words: Tensor | None = None, spoken: int | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """Compare two images.

        Parameters
        ----------
        a, b : Tensor, shape (n, channels, h, w)
            Standardised.
        words : Tensor, optional, shape (p k, m), int64
            ``k`` sentences for each of the first ``p`` pairs, one after the other, that begin with the start token.
        spoken : int, optional
            ``p``; all pairs by default.

        Returns
        -------
        (Tensor, Tensor or None)
            Logits of the map (n, classes, h, w), and of the word after each of ``words`` (p k, m,
            vocabulary).
        """
        x, y = self.see(a, b)
        small = self._small_map(x, y)
        said = None
        if words is not None:
            memory = self.remember([v[:spoken] for v in x], [v[:spoken] for v in y], small[:spoken])
            said = self.captioner(memory.repeat_interleave(len(words) // len(memory), dim=0), words)
        size = (a.shape[-2], a.shape[-1])
        return functional.interpolate(small, size=size, mode="bilinear", align_corners=False), said


def mci_loss(det: Tensor, cap: Tensor) -> Tensor:
    """Return the sum of both losses with equal weight: each is divided by its own detached value."""
    return det / det.detach().abs().clamp_min(1e-8) + cap / cap.detach().abs().clamp_min(1e-8)
