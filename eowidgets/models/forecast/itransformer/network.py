"""iTransformer: a token is a whole channel, and attention runs over channels."""

from __future__ import annotations

from torch import Tensor, nn

from eowidgets.models.forecast.networks.network import EncoderLayer, SeriesNetwork, register_network


@register_network
class ITransformer(SeriesNetwork):
    """Inverted transformer (Liu et al., 2024, ICLR, arXiv:2310.06625).

    Parameters
    ----------
    width, hidden : int
        Of a token, and of the feed-forward layer.
    depth, heads : int
    dropout : float
    """

    name = "itransformer"
    paper = "Liu et al. (2024), iTransformer, ICLR; arXiv:2310.06625"

    def __init__(
        self,
        lookback: int,
        horizon: int,
        channels: int,
        width: int = 128,
        hidden: int = 128,
        depth: int = 2,
        heads: int = 8,
        dropout: float = 0.1,
    ) -> None:
        super().__init__(lookback, horizon, channels)
        self.width = width
        self.embed = nn.Sequential(nn.Linear(lookback, width), nn.Dropout(dropout))
        self.layers = nn.Sequential(*(EncoderLayer(width, heads, hidden, dropout) for _ in range(depth)))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, self.outputs)

    def features(self, x: Tensor) -> Tensor:
        """Return one vector per channel, (b, c, width)."""
        tokens: Tensor = self.norm(self.layers(self.embed(x.transpose(1, 2))))  # b t c -> b c width
        return tokens

    def project(self, features: Tensor) -> Tensor:
        """Project each channel's vector to its future values."""
        out: Tensor = self.head(features)
        return out.transpose(1, 2)
