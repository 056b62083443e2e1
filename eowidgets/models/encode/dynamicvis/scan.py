"""The selective scan of Mamba (Gu and Dao, 2023, arXiv:2312.00752) in plain torch, and the layer around it."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

#: Tokens that are scanned one after the other.
SHORT = 64


def selective_scan(x: Tensor, step: Tensor, decay: Tensor, into: Tensor, out: Tensor) -> Tensor:
    """Carry a state along a sequence: ``h = exp(step decay) h + step into x``, and read ``y = out h``.

    The sequence is cut into pieces of about the square root of its length. All pieces are scanned together from an empty state,
    their last states are carried from piece to piece, and a second scan starts from the carried states. Every state is
    computed by the recurrence itself, without a division by products of decays, so that nothing over- or underflows
    that does not do so in the recurrence; about 3 √n steps of Python are made instead of n.

    Parameters
    ----------
    x : Tensor, shape (b, n, d)
    step : Tensor, shape (b, n, d)
        Positive.
    decay : Tensor, shape (d, s)
        Negative.
    into, out : Tensor, shape (b, n, s)

    Returns
    -------
    Tensor, shape (b, n, d)
    """
    b, n, d = x.shape
    # A short sequence is one piece: a second scan would take longer than the steps that it saves.
    length = n if n <= SHORT else math.isqrt(n)
    pieces = -(-n // length)
    missing = pieces * length - n
    # b (p l) ... -> l b p ...: a step of 0 neither decays nor adds.
    parts = (functional.pad(part, (0, 0, 0, missing)) for part in (x, step, into, out))
    x, step, into, out = (part.reshape(b, pieces, length, -1).movedim(2, 0) for part in parts)
    moved = step * x

    def advance(state: Tensor, i: int) -> Tensor:
        kept = (step[i].unsqueeze(-1) * decay).exp()
        return torch.addcmul(moved[i].unsqueeze(-1) * into[i].unsqueeze(-2), kept, state)

    state = x.new_zeros(b, pieces, d, decay.shape[1])
    for i in range(length if pieces > 1 else 0):
        state = advance(state, i)
    # What is left of a state after a whole piece.
    left = (step.sum(dim=0).unsqueeze(-1) * decay).exp()
    carried = [torch.zeros_like(state[:, 0])]
    for piece in range(pieces - 1):
        carried.append(left[:, piece] * carried[-1] + state[:, piece])
    state = torch.stack(carried, dim=1)
    read = []
    for i in range(length):
        state = advance(state, i)
        read.append(torch.einsum("bpds,bps->bpd", state, out[i]))
    # l b p d -> b (p l) d
    return torch.stack(read, dim=2).flatten(1, 2)[:, :n]


class Selective(nn.Module):
    """The layer of Mamba: a gate, a short convolution along the sequence, and a scan whose coefficients depend on the input.

    Parameters
    ----------
    width : int
    state : int
        Numbers that the scan carries per channel.
    """

    def __init__(self, width: int, state: int) -> None:
        super().__init__()
        inner, self.rank, self.state = 2 * width, math.ceil(width / 16), state
        self.in_proj = nn.Linear(width, 2 * inner, bias=False)
        self.conv1d = nn.Conv1d(inner, inner, 4, groups=inner)
        self.x_proj = nn.Linear(inner, self.rank + 2 * state, bias=False)
        self.dt_proj = nn.Linear(self.rank, inner)
        self.A_log = nn.Parameter(torch.arange(1.0, state + 1).log().repeat(inner, 1))
        self.D = nn.Parameter(torch.ones(inner))
        self.out_proj = nn.Linear(inner, width, bias=False)
        # Steps from 0.001 to 0.1, as in the paper.
        first = torch.empty(inner).uniform_(math.log(1e-3), math.log(1e-1)).exp()
        with torch.no_grad():
            self.dt_proj.bias.copy_(first + torch.log(-torch.expm1(-first)))

    def forward(self, x: Tensor) -> Tensor:
        """Mix a sequence in its direction, (b, n, width)."""
        x, gate = self.in_proj(x).chunk(2, dim=-1)
        # A token sees itself and the three before it.
        x = functional.silu(self.conv1d(functional.pad(x.transpose(1, 2), (3, 0)))).transpose(1, 2)
        step, into, out = self.x_proj(x).split((self.rank, self.state, self.state), dim=-1)
        step = functional.softplus(self.dt_proj(step))
        y = selective_scan(x, step, -self.A_log.exp(), into, out) + self.D * x
        mixed: Tensor = self.out_proj(y * functional.silu(gate))
        return mixed
