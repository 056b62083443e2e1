"""Season contrast (Manas et al., 2021) with a momentum encoder and queues (He et al., 2020), as SSL4Eco trains."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from eowidgets.models.encode.ssl4eco.network import ResNet

#: Spaces in which vectors are compared: blind to both changes, blind to colours, blind to the season.
SPACES = 3


class SeasonContrast(nn.Module):
    """Compare a query with three keys of the same place, each in a space of its own.

    Key 0 is another date with changed colours, key 1 another date as it is, key 2 the date of the query with changed colours.
    Space 0 brings the query to key 0 and so ignores both changes. In space 1 the keys 0 and 2 are negatives, so colours
    count there; in space 2 the keys 0 and 1 are, so the season counts.

    Parameters
    ----------
    encoder : ResNet
    dim : int
        Length of the compared vectors (128 in the paper).
    queue : int
        Negatives of each space (65 536 in the paper).
    momentum : float
        Share of the key encoder that stays at each step (0.999 in the paper).
    temperature : float
        Divisor of the cosines (0.07 in the paper).
    """

    queue: Tensor

    def __init__(
        self, encoder: ResNet, dim: int = 128, queue: int = 65_536, momentum: float = 0.999, temperature: float = 0.07
    ) -> None:
        super().__init__()
        width = encoder.config.width
        self.momentum, self.temperature = momentum, temperature
        self.encoder_q = encoder
        self.heads_q = nn.ModuleList(
            nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, dim)) for _ in range(SPACES)
        )
        self.encoder_k = copy.deepcopy(self.encoder_q).requires_grad_(False)
        self.heads_k = copy.deepcopy(self.heads_q).requires_grad_(False)
        self.register_buffer("queue", functional.normalize(torch.randn(SPACES, queue, dim), dim=-1))

    def forward(self, query: Tensor, keys: Sequence[Tensor]) -> Tensor:
        """Return the loss, the sum over the spaces, and put the keys into the queues.

        Parameters
        ----------
        query : Tensor, shape (b, channels, h, w)
        keys : sequence of three Tensors of that shape
        """
        with torch.no_grad():
            self._follow()
            # The three keys are encoded apart, as in the reference: norms see one kind of picture at a time.
            features = [_pooled(self.encoder_k(key)) for key in keys]
        seen = _pooled(self.encoder_q(query))
        total = query.new_zeros(())
        target = torch.zeros(len(query), dtype=torch.long, device=query.device)
        for space in range(SPACES):
            z = functional.normalize(self.heads_q[space](seen), dim=-1)
            with torch.no_grad():
                projected = [functional.normalize(self.heads_k[space](f), dim=-1) for f in features]
            negatives = [self.queue[space]]
            if space:
                negatives += [projected[other] for other in range(SPACES) if other != space]
            positive = (z * projected[space]).sum(-1, keepdim=True)
            logits = torch.cat([positive, z @ torch.cat(negatives).T], dim=1) / self.temperature
            total = total + functional.cross_entropy(logits, target)
            self._enqueue(space, projected[space])
        return total

    def _follow(self) -> None:
        pairs = ((self.encoder_q, self.encoder_k), (self.heads_q, self.heads_k))
        for ahead, behind in pairs:
            for new, old in zip(ahead.parameters(), behind.parameters(), strict=True):
                old.lerp_(new, 1 - self.momentum)

    def _enqueue(self, space: int, keys: Tensor) -> None:
        moved = torch.cat([keys.detach(), self.queue[space]])[: self.queue.shape[1]]
        self.queue[space] = moved


def _pooled(features: Tensor) -> Tensor:
    return features.mean(dim=(-2, -1))
