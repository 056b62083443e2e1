"""The caption branch of the MCI model: a Transformer decoder over the features of both dates, and beam search."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from eowidgets.models.blocks.embed import sinusoid
from eowidgets.models.change.mci.config import MCIConfig

#: The first words of every vocabulary, as in Change-Agent's.
NULL, UNKNOWN, START, END = range(4)
SPECIAL = ("<NULL>", "<UNK>", "<START>", "<END>")


class ResBlock(nn.Module):
    """Bottleneck of 1 x 1, 3 x 3 and 1 x 1 convolutions with a shortcut."""

    def __init__(self, width: int) -> None:
        super().__init__()
        half = width // 2
        self.body = nn.Sequential(
            nn.Conv2d(width, half, 1),
            nn.BatchNorm2d(half),
            nn.ReLU(),
            nn.Conv2d(half, half, 3, padding=1),
            nn.BatchNorm2d(half),
            nn.ReLU(),
            nn.Conv2d(half, width, 1),
            nn.BatchNorm2d(width),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Transform (b, c, h, w)."""
        return functional.relu(self.body(x) + x)


class DecoderLayer(nn.Module):
    """Masked self-attention, attention over the images, MLP; post-norm, and the input added at the end."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.own = nn.MultiheadAttention(width, heads, dropout, batch_first=True)
        self.pictures = nn.MultiheadAttention(width, heads, dropout, batch_first=True)
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(width) for _ in range(3))
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width), nn.ReLU(), nn.Dropout(dropout), nn.Linear(4 * width, width)
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, words: Tensor, memory: Tensor, later: Tensor) -> Tensor:
        """Transform words (b, n, c), given the image features (b, m, c)."""
        x = self.norm1(words + self.dropout(self.own(words, words, words, attn_mask=later, need_weights=False)[0]))
        x = self.norm2(x + self.dropout(self.pictures(x, memory, memory, need_weights=False)[0]))
        x = self.norm3(x + self.dropout(self.mlp(x)))
        out: Tensor = x + words
        return out


class Captioner(nn.Module):
    """Generate a caption of the change from the features of both dates."""

    def __init__(self, config: MCIConfig) -> None:
        super().__init__()
        width = config.text_width
        self.longest = config.longest
        self.merge = nn.Sequential(nn.Conv2d(2 * config.widths[-1], width, 1), ResBlock(width))
        # Mean and maximum probability of every class but "nothing", in every cell.
        told = 2 * (config.classes - 1)
        self.told = (
            nn.Sequential(nn.Conv2d(told, width, 1), nn.ReLU(), nn.Conv2d(width, width, 1)) if config.tells else None
        )
        self.near = (
            nn.Sequential(nn.Conv2d(2 * config.widths[-2] + told, width, 1), nn.ReLU(), nn.Conv2d(width, width, 1))
            if config.near
            else None
        )
        self.embed = nn.Embedding(config.words, width)
        self.layers = nn.ModuleList(
            DecoderLayer(width, config.text_heads, config.dropout) for _ in range(config.text_layers)
        )
        self.head = nn.Linear(width, config.words)
        self.dropout = nn.Dropout(config.dropout)
        nn.init.uniform_(self.embed.weight, -0.1, 0.1)
        nn.init.uniform_(self.head.weight, -0.1, 0.1)
        nn.init.zeros_(self.head.bias)

    def see(self, a: Tensor, b: Tensor, shares: Tensor | None = None) -> Tensor:
        """Return the memory that the words attend to, (b, h w, text_width).

        Parameters
        ----------
        a, b : Tensor, shape (b, c, h, w)
            Features of both dates.
        shares : Tensor, optional, shape (b, classes, ...)
            Probabilities of the map, at any size.
        """
        merged: Tensor = self.merge(torch.cat([a, b], dim=1))
        if self.told is not None and shares is not None:
            merged = merged + self.told(_pooled(shares, merged))
        return merged.flatten(2).transpose(1, 2)

    def look(self, a: Tensor, b: Tensor, shares: Tensor) -> Tensor:
        """Return cells (b, text_width, h, w) of a finer stage's features, with the probabilities of the map in them."""
        cells: Tensor = cast(nn.Sequential, self.near)(torch.cat([a, b, _pooled(shares, a)], dim=1))
        return cells

    def forward(self, memory: Tensor, words: Tensor) -> Tensor:
        """Return logits (b, n, words) of the word after each of ``words`` (b, n)."""
        n = words.shape[1]
        place = sinusoid(torch.arange(n, device=words.device), self.embed.embedding_dim)
        x = self.dropout(self.embed(words) + place)
        later = torch.ones(n, n, dtype=torch.bool, device=words.device).triu(1)
        for layer in self.layers:
            x = layer(x, memory, later)
        logits: Tensor = self.head(self.dropout(x))
        return logits

    def beam(self, memory: Tensor, width: int = 16) -> list[tuple[list[int], float]]:
        """Find likely sentences for one pair by beam search.

        Parameters
        ----------
        memory : Tensor, shape (1, m, text_width)
        width : int
            Sentences kept after every word.

        Returns
        -------
        list of (list of int, float)
            The words without start and end, and the log-probability of the sentence.
        """
        begun = torch.full((1, 1), START, device=memory.device)
        scores = torch.zeros(1, device=memory.device)
        done: list[tuple[list[int], float]] = []
        for _ in range(self.longest - 1):
            logits = self(memory.expand(len(begun), -1, -1), begun)[:, -1].float()
            logits[:, [NULL, UNKNOWN, START]] = -torch.inf
            total = scores[:, None] + logits.log_softmax(-1)
            best, at = total.flatten().topk(min(width, total.numel()))
            row, word = at // total.shape[1], at % total.shape[1]
            grown = torch.cat([begun[row], word[:, None]], dim=1)
            ended = word == END
            done += [(g[1:-1].tolist(), float(s)) for s, g in zip(best[ended], grown[ended], strict=True)]
            begun, scores = grown[~ended], best[~ended]
            if len(begun) == 0 or len(done) >= width:
                break
        return done or [(g[1:].tolist(), float(s)) for s, g in zip(scores, begun, strict=True)]


def _pooled(shares: Tensor, like: Tensor) -> Tensor:
    """Return mean and maximum probability of every class but "nothing", in the cells of ``like``."""
    cells = (like.shape[-2], like.shape[-1])
    mean = functional.adaptive_avg_pool2d(shares[:, 1:], cells).sqrt()
    most = functional.adaptive_max_pool2d(shares[:, 1:], cells)
    return torch.cat([mean, most], dim=1)
