"""The instruction-guided Q-former: a few learned queries attend to the images and the instruction.

After Li et al. (2023), BLIP-2, arXiv:2301.12597, and Dai et al. (2023), InstructBLIP, arXiv:2305.06500.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class CrossAttention(nn.Module):
    """Multi-head attention of one set of tokens over another, or over itself; also returns its weights.

    Parameters
    ----------
    width, heads : int
    seen : int
        Width of the attended tokens; 0 for the same width.
    """

    def __init__(self, width: int, heads: int, seen: int = 0) -> None:
        super().__init__()
        self.heads = heads
        self.q, self.kv = nn.Linear(width, width), nn.Linear(seen or width, 2 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor, memory: Tensor, hidden: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Attend from ``x`` to ``memory``.

        Parameters
        ----------
        x : Tensor, shape (b, n, width)
        memory : Tensor, shape (b, m, width)
        hidden : Tensor, optional, bool, broadcastable to (b, heads, n, m)
            True for masked positions.

        Returns
        -------
        (Tensor, Tensor)
            (b, n, width), and the weights (b, heads, n, m), which sum to one over m.
        """
        q = self.q(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)
        # b m (2 h d) -> 2 of b h m d
        k, v = self.kv(memory).unflatten(-1, (2, self.heads, -1)).permute(2, 0, 3, 1, 4).unbind(0)
        logits = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)
        if hidden is not None:
            logits = logits.masked_fill(hidden, -1e4)
        weights = logits.softmax(-1)
        mixed: Tensor = self.out((weights.to(v.dtype) @ v).transpose(1, 2).flatten(-2))
        return mixed, weights


def mlp(width: int) -> nn.Sequential:
    """Return two layers with a hidden width of four times the input."""
    return nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))


class QFormerLayer(nn.Module):
    """Queries and instruction attend to one another, queries to the images (if ``looks``), then an MLP each."""

    def __init__(self, width: int, heads: int, dropout: float, seen: int = 0, *, looks: bool = True) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(4))
        self.own = CrossAttention(width, heads)
        self.pictures = CrossAttention(width, heads, seen) if looks else None
        self.mlp_queries, self.mlp_text = mlp(width), mlp(width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, queries: int, seen: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor | None]:
        """Transform (n, queries + words, width); ``seen`` (b, m, seen) is shared by n / b questions each."""
        y = self.norms[0](x)
        x = x + self.dropout(self.own(y, y, hidden)[0])
        q, text = x[:, :queries], x[:, queries:]
        weights = None
        if self.pictures is not None:
            # Queries of all questions about one pair attend to it together: (b k) q c -> b (k q) c.
            asked = self.norms[1](q).unflatten(0, (len(seen), -1)).flatten(1, 2)
            found, weights = self.pictures(asked, seen)
            q = q + self.dropout(found.unflatten(1, (-1, queries)).flatten(0, 1))
            # b h (k q) m -> (b k) h q m
            weights = weights.unflatten(2, (-1, queries)).transpose(1, 2).flatten(0, 1)
        q = q + self.dropout(self.mlp_queries(self.norms[2](q)))
        text = text + self.dropout(self.mlp_text(self.norms[3](text)))
        return torch.cat([q, text], dim=1), weights


class QFormer(nn.Module):
    """Encode images and an instruction as a few vectors.

    Parameters
    ----------
    width, heads, layers, queries : int
    dropout : float
    seen : int
        Width of the image tokens; 0 for the same width.
    look_every : int
        Distance between layers that attend to the images; the first one does.
    """

    def __init__(
        self, width: int, heads: int, layers: int, queries: int, dropout: float, seen: int = 0, look_every: int = 1
    ) -> None:
        super().__init__()
        self.queries = nn.Parameter(0.02 * torch.randn(queries, width))
        self.layers = nn.ModuleList(
            QFormerLayer(width, heads, dropout, seen, looks=i % look_every == 0) for i in range(layers)
        )
        self.norm = nn.LayerNorm(width)

    def forward(self, seen: Tensor, text: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """Attend to the images and the instruction.

        Parameters
        ----------
        seen : Tensor, shape (b, m, seen)
            Tokens of both dates.
        text : Tensor, shape (b * k, l, width)
            Instructions, those of the first pair first.
        hidden : Tensor, shape (b * k, l), bool
            True for padding of the instruction.

        Returns
        -------
        (Tensor, Tensor)
            (b * k, queries + l, width), and the weights over the tokens (b * k, heads, queries, m) of the last layer that
            attends to them.
        """
        count = len(self.queries)
        x = torch.cat([self.queries.expand(len(text), -1, -1), text], dim=1)
        mask = nn.functional.pad(hidden, (count, 0))[:, None, None]
        weights = x
        for layer in self.layers:
            x, looked = layer(x, count, seen, mask)
            weights = weights if looked is None else looked
        return self.norm(x), weights
