"""Predict cloud and shadow from a measurement and the clear series that the network predicts."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from eowidgets.models.units.condition import CHANNELS, Condition, standardise
from eowidgets.models.units.config import BANDS


class Judge(nn.Module):
    """Five convolutions with increasing dilation over the measurement, the predicted clear series, and their difference.

    Not in the paper, whose output is the clear series itself. After a short training that series is smoother than the
    ground, so clear measurements are kept. A threshold on the difference does not separate thin clouds from changes of
    illumination; this network is better.

    Parameters
    ----------
    width : int
        Channels.
    """

    APART = (1, 2, 4, 8)

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(CHANNELS + len(BANDS), width, 3, padding=1)
        self.wider = nn.ModuleList(nn.Conv2d(width, width, 3, padding=a, dilation=a) for a in self.APART)
        self.last = nn.Conv2d(width, 1, 1)

    def forward(self, given: Condition, through: Tensor) -> Tensor:
        """Compute the logits of cloud or shadow, (b, t, h, w).

        Parameters
        ----------
        given : Condition
            Built with ``show=``: its first channels are the raw measurements.
        through : Tensor, shape (b, t, len(BANDS), h, w)
            Reflectance without clouds.
        """
        raw = given.pixels[:, :, : len(BANDS)]
        apart = (standardise(through) - raw) * given.present[:, None, None]
        x = torch.cat([given.pixels, apart.to(raw.dtype)], dim=2).flatten(0, 1)
        h = self.first(x.contiguous(memory_format=torch.channels_last))
        for layer in self.wider:
            h = h + layer(functional.gelu(h))
        logits: Tensor = self.last(functional.gelu(h))
        return logits.reshape(*raw.shape[:2], *raw.shape[-2:])
