"""TempCNN (Pelletier, Webb and Petitjean, 2019, doi:10.3390/rs11050523): convolutions along time, and a dense layer."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class TempCNNConfig:
    """Sizes of the network; the defaults are those of the paper.

    Attributes
    ----------
    dates, bands, classes : int
        Length of the series, values per date, and classes.
    filters, width : int
        Filters of each of the three convolutions, and dates that a filter spans.
    dense : int
        Units of the dense layer.
    dropout : float
    """

    dates: int
    bands: int
    classes: int
    filters: int = 64
    width: int = 5
    dense: int = 256
    dropout: float = 0.5


#: The network of the paper's experiments: 13 classes from the series of Formosat-2, every second day, three bands.
PAPER = TempCNNConfig(dates=149, bands=3, classes=13)


class TempCNN(nn.Module):
    """Predict class scores from a regular time series.

    Each band is scaled to about 0 to 1 by two of its percentiles, ``low`` and ``high``, which are part of the state dict.
    """

    def __init__(self, config: TempCNNConfig) -> None:
        super().__init__()
        self.config = c = config
        self.register_buffer("low", torch.zeros(c.bands))
        self.register_buffer("high", torch.ones(c.bands))
        layers: list[nn.Module] = []
        for bands in (c.bands, c.filters, c.filters):
            convolution = nn.Conv1d(bands, c.filters, c.width, padding="same")
            layers += [convolution, nn.BatchNorm1d(c.filters), nn.ReLU(), nn.Dropout(c.dropout)]
        self.convolutions = nn.Sequential(*layers)
        self.dense = nn.Sequential(
            nn.Linear(c.filters * c.dates, c.dense), nn.BatchNorm1d(c.dense), nn.ReLU(), nn.Dropout(c.dropout)
        )
        self.head = nn.Linear(c.dense, c.classes)

    low: Tensor
    high: Tensor

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits (n, classes) of series (n, dates, bands)."""
        x = (x - self.low) / (self.high - self.low)
        logits: Tensor = self.head(self.dense(self.convolutions(x.transpose(1, 2)).flatten(1)))
        return logits
