"""TimesNet: a series is folded by its periods into images, which 2-D convolutions process."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from eowidgets.models.blocks.embed import sinusoid
from eowidgets.models.forecast.networks.network import SeriesNetwork, instance_norm, register_network


class Inception(nn.Module):
    """Mean of convolutions with kernels of 1, 3, 5, ... pixels.

    A sum of convolutions is the convolution with the sum of the kernels, so one pass with the largest kernel suffices.
    """

    def __init__(self, inputs: int, outputs: int, kernels: int) -> None:
        super().__init__()
        self.weights = nn.ParameterList(torch.empty(outputs, inputs, 2 * i + 1, 2 * i + 1) for i in range(kernels))
        self.bias = nn.Parameter(torch.zeros(outputs))
        for weight in self.weights:
            nn.init.kaiming_normal_(weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        """Convolve (b, inputs, h, w) into (b, outputs, h, w)."""
        last = len(self.weights) - 1
        kernels = [functional.pad(weight, [last - i] * 4) for i, weight in enumerate(self.weights)]
        kernel = torch.stack(kernels).mean(0)
        # The rim of a kernel larger than the image only covers padding: an image of one row needs only one kernel row.
        high, wide = (min(last, size - 1) for size in x.shape[-2:])
        kernel = kernel[..., last - high : last + high + 1, last - wide : last + wide + 1]
        return functional.conv2d(x, kernel, self.bias, padding=(high, wide))


class TimesBlock(nn.Module):
    """Fold by the strongest periods, convolve, unfold, and sum weighted by amplitude.

    The periods are those of the mean spectrum of the batch in training, and of all training batches (a running mean)
    afterwards, so the forecast of a series does not depend on the other series of the batch.
    """

    def __init__(self, length: int, width: int, hidden: int, periods: int, kernels: int) -> None:
        super().__init__()
        self.periods = min(periods, max(1, length // 2))
        self.convolve = nn.Sequential(Inception(width, hidden, kernels), nn.GELU(), Inception(hidden, width, kernels))
        self.register_buffer("spectrum", torch.zeros(length // 2 + 1))

    spectrum: Tensor

    def forward(self, x: Tensor) -> Tensor:
        """Mix steps, (b, length, width)."""
        b, length, width = x.shape
        amplitude = torch.fft.rfft(x.float(), dim=1).abs().mean(dim=-1)  # b f
        mean = amplitude.detach().mean(dim=0)
        if self.training:
            self.spectrum.copy_(self.spectrum.lerp(mean, 0.02) if bool(self.spectrum.any()) else mean)
        else:
            mean = self.spectrum
        mean = mean.clone()
        mean[0] = 0  # the level is not a period
        strongest = mean.topk(self.periods).indices
        folded = []
        for frequency in strongest.tolist():
            period = -(-length // max(1, frequency))
            rows = -(-length // period)
            padded = functional.pad(x, (0, 0, 0, rows * period - length))
            image = padded.reshape(b, rows, period, width).permute(0, 3, 1, 2)  # b width rows period
            folded.append(self.convolve(image).permute(0, 2, 3, 1).reshape(b, -1, width)[:, :length])
        weight = amplitude[:, strongest].softmax(dim=1).to(x.dtype)
        return x + torch.einsum("kbtd,bk->btd", torch.stack(folded), weight)


@register_network
class TimesNet(SeriesNetwork):
    """Temporal 2-D variation modelling (Wu et al., 2023, ICLR, arXiv:2210.02186).

    Parameters
    ----------
    width, hidden : int
        Channels per step, and within a block.
    depth : int
        Blocks.
    periods, kernels : int
        Number of periods of a block, and number of its kernel sizes.
    dropout : float
    marks : int
        Number of additional input columns for the time of a step (hour of the day, day of the year, ...): they are embedded
        unscaled together with the values, and not forecast.
    """

    name = "timesnet"
    paper = "Wu et al. (2023), TimesNet, ICLR; arXiv:2210.02186"

    def __init__(
        self,
        lookback: int,
        horizon: int,
        channels: int,
        width: int = 16,
        hidden: int = 32,
        depth: int = 2,
        periods: int = 3,
        kernels: int = 4,
        dropout: float = 0.1,
        marks: int = 0,
    ) -> None:
        super().__init__(lookback, horizon, channels)
        self.step_width = width
        self.length = lookback + horizon
        self.width = self.length * width
        self.embed = nn.Conv1d(channels, width, kernel_size=3, padding=1, padding_mode="circular", bias=False)
        nn.init.kaiming_normal_(
            self.embed.weight, nonlinearity="leaky_relu"
        )  # keeps values large relative to positions
        self.when = nn.Linear(marks, width, bias=False) if marks else None
        self.register_buffer("position", sinusoid(torch.arange(lookback), width), persistent=False)
        self.dropout = nn.Dropout(dropout)
        self.ahead = nn.Linear(lookback, self.length)
        self.blocks = nn.ModuleList(TimesBlock(self.length, width, hidden, periods, kernels) for _ in range(depth))
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, channels)

    position: Tensor

    def forward(self, x: Tensor, seen: Tensor | None = None) -> Tensor:
        """Forecast, or reconstruct, (b, lookback, channels + marks) into (b, outputs, channels)."""
        values, mean, deviation = instance_norm(x[..., : self.channels], seen)
        row = self.features(torch.cat([values, x[..., self.channels :]], dim=-1))
        return self.project(row) * deviation + mean

    def features(self, x: Tensor) -> Tensor:
        """Return all steps of past and future, one row for all channels, (b, 1, length · width)."""
        values, marks = x[..., : self.channels], x[..., self.channels :]
        steps = self.embed(values.transpose(1, 2)).transpose(1, 2) + self.position  # b t width
        steps = self.dropout(steps if self.when is None else steps + self.when(marks))
        steps = self.ahead(steps.transpose(1, 2)).transpose(1, 2)  # b (t + h) width
        for block in self.blocks:
            steps = self.norm(block(steps))
        row: Tensor = steps.flatten(1).unsqueeze(1)
        return row

    def project(self, features: Tensor) -> Tensor:
        """Project the future steps to the channels of the input."""
        steps = features.reshape(len(features), self.length, self.step_width)
        out: Tensor = self.out(steps[:, -self.outputs :])
        return out
