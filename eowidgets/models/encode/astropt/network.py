"""AstroPT (Smith et al., 2024): a causal transformer that predicts the next patch of an image from the previous ones."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from eowidgets.models.blocks.vit import Block, Mlp
from eowidgets.models.encode.astropt.config import SMALL, AstroPTConfig

#: Steps to the right, down, to the left and up.
_TURNS = ((0, 1), (1, 0), (0, -1), (-1, 0))


def spiral(side: int) -> Tensor:
    """Return the cells of a square grid in a spiral that starts in the middle.

    Parameters
    ----------
    side : int
        Cells along one side.

    Returns
    -------
    Tensor, shape (side²,), int64
        Indices of the cells, counted row by row.

    Examples
    --------
    >>> spiral(3).tolist()
    [4, 5, 8, 7, 6, 3, 0, 1, 2]
    """
    row = column = (side - 1) // 2
    found, straight, turn = [row * side + column], 1, 0
    while len(found) < side**2:
        # Two straight segments of one length, then two that are longer by one.
        for _ in range(2):
            for _ in range(straight):
                row, column = row + _TURNS[turn][0], column + _TURNS[turn][1]
                if 0 <= row < side and 0 <= column < side:
                    found.append(row * side + column)
            turn = (turn + 1) % 4
        straight += 1
    return torch.tensor(found)


class Mapping(nn.Module):
    """Two linear layers with a GELU between them, from ``before`` numbers to ``after``."""

    def __init__(self, before: int, hidden: int, after: int) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(before, hidden), nn.Linear(hidden, after)

    forward = Mlp.forward


class AstroPT(nn.Module):
    """Predict every patch from the previous patches in the spiral; the hidden tokens describe the image.

    Parameters
    ----------
    config : AstroPTConfig
    """

    def __init__(self, config: AstroPTConfig = SMALL) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.tokeniser = Mapping(config.values, 4 * width, width)
        self.positions = nn.Parameter(torch.zeros(config.grid**2, width))
        self.blocks = nn.ModuleList(
            Block(width, config.heads, 4 * width, fused=True, causal=True) for _ in range(config.depth)
        )
        self.norm = nn.LayerNorm(width)
        self.decoder = Mapping(width, 4 * width, config.values)
        self.register_buffer("order", spiral(config.grid), persistent=False)
        self.order: Tensor
        self.apply(_initial)
        nn.init.normal_(self.positions, std=0.02)

    def patches(self, images: Tensor) -> Tensor:
        """Cut images (b, c, side, side) into patches along the spiral, (b, n, c patch²)."""
        g, p = self.config.grid, self.config.patch
        # b c (g p) (g q) -> b (g g) (c p q)
        cut = images.reshape(*images.shape[:2], g, p, g, p).permute(0, 2, 4, 1, 3, 5)
        return cut.flatten(3).flatten(1, 2)[:, self.order]

    def hidden(self, patches: Tensor) -> Tensor:
        """Return a token per patch, computed from it and the previous patches, (b, n, width)."""
        x: Tensor = self.tokeniser(patches) + self.positions[: patches.shape[1]]
        for block in self.blocks:
            x = block(x)
        return x

    def loss(self, images: Tensor) -> Tensor:
        """Return the Huber loss of the next patch, a scalar."""
        patches = self.patches(images)
        guessed = self.decoder(self.norm(self.hidden(patches[:, :-1])))
        return functional.huber_loss(guessed, patches[:, 1:])

    def forward(self, images: Tensor) -> Tensor:
        """Return one vector per image (b, c, side, side): the mean of the hidden tokens, (b, width)."""
        return self.hidden(self.patches(images)).mean(dim=1)


def _initial(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, std=0.02)
        nn.init.zeros_(module.bias)
