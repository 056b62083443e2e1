"""SpaceTime: companion-matrix state spaces that encode the past by convolution and forecast in closed loop."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from eowidgets.errors import InputError
from eowidgets.models.forecast.networks.network import SeriesNetwork, register_network
from eowidgets.models.forecast.spacetime.companion import closed_loop, convolve, final_state, kernel_fast, stable


class Companion(nn.Module):
    """``kernels`` state spaces of dimension ``states``, one for each channel (..., kernels, time)."""

    def __init__(self, kernels: int, states: int) -> None:
        super().__init__()
        # Near the shift register of the last inputs (a = 0, b = e₁), which contains every AR(d) process.
        self.a = nn.Parameter(torch.randn(kernels, states) * 0.5 / states)
        self.b = nn.Parameter(torch.randn(kernels, states) * 0.2 / states)
        self.c = nn.Parameter(torch.randn(kernels, states) * states**-0.5)
        with torch.no_grad():
            self.b[:, 0] += 1

    def system(self) -> tuple[Tensor, Tensor]:
        """Return last column and input vector, both within L1 norm 1; the output vector is unconstrained."""
        return stable(self.a), stable(self.b)

    def kernel(self, length: int, read: Tensor | None = None) -> Tensor:
        """Return convolution kernels (kernels, length) from the input to ``read`` (``c`` if None) of the state."""
        a, b = self.system()
        return kernel_fast(a, b, self.c if read is None else read, length)

    def forward(self, u: Tensor) -> Tensor:
        """Return the outputs at every step, each from the inputs up to it."""
        return convolve(self.kernel(u.shape[-1]), u)


class ClosedLoop(Companion):
    """A companion state space that also predicts its own next input, and so needs no further input."""

    def __init__(self, kernels: int, states: int) -> None:
        super().__init__(kernels, states)
        self.feedback = nn.Parameter(torch.randn(kernels, states) * 0.1 / states)

    def state(self, u: Tensor) -> Tensor:
        """Return the state after all inputs (b, kernels, l): (b, kernels, states)."""
        return final_state(*self.system(), u)

    def run(self, state: Tensor, steps: int) -> Tensor:
        """Return the outputs of the next steps, (b, kernels, steps)."""
        return closed_loop(*self.system(), self.c, stable(self.feedback), state, steps)


def preprocessing(channels: int, longest: int = 64) -> Tensor:
    """Return fixed kernels (channels, longest): differences of order 0 to 3, residuals of moving averages of 4 to 64."""
    kernels = torch.zeros(channels, longest)
    difference = torch.tensor([[1.0, 0, 0, 0], [1, -1, 0, 0], [1, -2, 1, 0], [1, -3, 3, -1]])
    windows = (4, 8, 16, 32, 64)
    for i in range(channels):
        kind = i % (len(difference) + len(windows))
        if kind < len(difference):
            kernels[i, :4] = difference[kind]
        else:
            window = windows[kind - len(difference)]
            kernels[i, :window] = -1 / window
            kernels[i, 0] += 1
    return kernels


@register_network
class SpaceTime(SeriesNetwork):
    """Companion state-space network with a closed loop over the horizon (Zhang et al., 2023, ICLR, arXiv:2303.09489).

    Channels are independent. Each is repeated ``kernels`` times; half of the copies pass fixed differences and
    moving-average residuals; a companion layer and a feed-forward layer with skips encode; a companion layer in
    closed loop decodes. Trained by :meth:`loss` on the horizon, on the next step, and on its own next inputs.

    Parameters
    ----------
    kernels, states : int
        State spaces per layer, and the dimension of each.
    depth : int
        Companion layers of the encoder.
    dropout : float
    level : {"mean", "last"}
        Level that is subtracted from the look-back: the paper uses the mean.
    """

    name = "spacetime"
    paper = "Zhang et al. (2023), Effectively modeling time series with simple discrete state spaces, ICLR"

    def __init__(
        self,
        lookback: int,
        horizon: int,
        channels: int,
        kernels: int = 64,
        states: int = 64,
        depth: int = 1,
        dropout: float = 0.25,
        level: str = "mean",
    ) -> None:
        if horizon < 1:
            raise InputError("SpaceTime only runs forwards: give a horizon of 1 or more, or choose another network.")
        super().__init__(lookback, horizon, channels)
        self.width, self.level = kernels * states, level
        self.register_buffer("fixed", preprocessing(kernels // 2, min(64, max(4, lookback))), persistent=False)
        self.plain = kernels - kernels // 2
        self.layers = nn.ModuleList(Companion(kernels, states) for _ in range(depth))
        self.feeds = nn.ModuleList(
            nn.Sequential(nn.GELU(), nn.Dropout(dropout), nn.Linear(kernels, kernels)) for _ in range(depth)
        )
        self.decoder = ClosedLoop(kernels, states)
        self.out = nn.Linear(kernels, 1)

    fixed: Tensor

    def encode(self, rows: Tensor) -> Tensor:
        """Return the inputs of the decoder for rows (b, l): (b, kernels, l)."""
        fixed = self.fixed
        if fixed.shape[-1] < rows.shape[-1]:
            fixed = functional.pad(fixed, (0, rows.shape[-1] - fixed.shape[-1]))
        one = rows.unsqueeze(1)
        u = torch.cat([one.expand(-1, self.plain, -1), convolve(fixed, one)], dim=1)
        for layer, feed in zip(self.layers, self.feeds, strict=True):
            mixed = (layer(u) + u).transpose(1, 2)
            u = u + feed(mixed).transpose(1, 2)
        return u

    def features(self, x: Tensor) -> Tensor:
        """Return the state of the decoder at the end of the look-back, (b, c, kernels · states)."""
        b, _, c = x.shape
        state = self.decoder.state(self.encode(x.transpose(1, 2).flatten(0, 1)))
        return state.reshape(b, c, -1)

    def project(self, features: Tensor) -> Tensor:
        """Run the closed loop from the state."""
        b, c, _ = features.shape
        state = features.reshape(b * c, *self.decoder.c.shape)
        future: Tensor = self.out(self.decoder.run(state, self.outputs).transpose(1, 2))
        return future.reshape(b, c, -1).transpose(1, 2)

    def _centre(self, x: Tensor) -> Tensor:
        return x.mean(dim=1, keepdim=True) if self.level == "mean" else x[:, -1:]

    def forward(self, x: Tensor, seen: Tensor | None = None) -> Tensor:
        """Forecast around the level of the look-back."""
        x = x if seen is None else torch.where(seen, x, 0.0)
        level = self._centre(x)
        return self.project(self.features(x - level)) + level

    def loss(self, x: Tensor, y: Tensor) -> Tensor:
        """Return the sum of the RMSE of the horizon, of the next step in the look-back, and of its own next inputs."""
        level = self._centre(x)
        rows = (x - level).transpose(1, 2).flatten(0, 1)  # (b c) l
        future = (y - level).transpose(1, 2).flatten(0, 1)
        u = self.encode(rows)
        made = self.out(self.decoder.run(self.decoder.state(u), self.outputs).transpose(1, 2)).squeeze(-1)
        length = rows.shape[-1]
        step = self.out(convolve(self.decoder.kernel(length), u).transpose(1, 2)).squeeze(-1)
        feedback = stable(self.decoder.feedback)
        inputs = convolve(self.decoder.kernel(length, feedback), u)
        pairs = ((made, future), (step[:, :-1], rows[:, 1:]), (inputs[..., :-1], u[..., 1:].detach()))
        return torch.stack([(p - q).square().mean().clamp_min(1e-12).sqrt() for p, q in pairs]).sum()
