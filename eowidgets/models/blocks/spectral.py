"""A patch projection whose weights a network computes from the wavelengths of the bands (Xiong et al., 2024)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

#: Width of a wavelength encoding, number of learned tokens next to the bands, and heads of the generator.
WAVE_WIDTH, TOKENS, HEADS = 128, 128, 4
#: Hidden width of the generator's block.
HIDDEN = 2048


class WeightGenerator(nn.Module):
    """Turn encoded wavelengths into one row of weights per band and one bias.

    Parameters
    ----------
    weights, width : int
        Numbers per band, and length of the bias.
    encoder : str
        Name of the transformer in the state dict, which differs between the published networks.
    """

    def __init__(self, weights: int, width: int, encoder: str) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(WAVE_WIDTH, HEADS, HIDDEN, dropout=0.0, activation="gelu", batch_first=True)
        self.add_module(encoder, nn.TransformerEncoder(layer, 1, enable_nested_tensor=False))
        self.encoder_name = encoder
        self.weight_tokens = nn.Parameter(0.02 * torch.randn(TOKENS, WAVE_WIDTH))
        self.bias_token = nn.Parameter(0.02 * torch.randn(1, WAVE_WIDTH))
        self.fc_weight = nn.Linear(WAVE_WIDTH, weights)
        self.fc_bias = nn.Linear(WAVE_WIDTH, width)

    def forward(self, waves: Tensor) -> tuple[Tensor, Tensor]:
        """Return weights (bands, weights) and bias (width,) for encoded wavelengths (bands, 128)."""
        tokens = torch.cat([self.weight_tokens, waves, self.bias_token])
        mixed = getattr(self, self.encoder_name)(tokens.unsqueeze(0)).squeeze(0)
        return self.fc_weight(mixed[TOKENS:-1] + waves), self.fc_bias(mixed[-1])


def waves(wavelengths: Tensor, *, through_end: bool) -> Tensor:
    """Encode numbers as 64 sines and 64 cosines with rates that fall geometrically from 1 towards 1/10000.

    Parameters
    ----------
    wavelengths : Tensor, shape (bands,)
    through_end : bool
        Whether the last rate is 1/10000; otherwise it is one step before.

    Returns
    -------
    Tensor, shape (bands, 128), float32
    """
    half = WAVE_WIDTH // 2
    place = torch.arange(half, dtype=torch.float32, device=wavelengths.device)
    rates = 10_000.0 ** -(place / (half - 1 if through_end else half))
    angle = wavelengths.float()[:, None] * rates
    return torch.cat([angle.sin(), angle.cos()], dim=1)


def resized(positions: Tensor, rows: int, columns: int) -> Tensor:
    """Resize the position embeddings of a square grid of patches, shape (1, n, width), by cubic interpolation.

    Returns
    -------
    Tensor, shape (1, rows * columns, width)
    """
    side = int(positions.shape[1] ** 0.5)
    if (rows, columns) == (side, side):
        return positions
    # 1 (h w) d -> 1 d h w
    grid = positions.transpose(1, 2).reshape(1, -1, side, side)
    out = functional.interpolate(grid, (rows, columns), mode="bicubic", align_corners=False)
    return out.flatten(2).transpose(1, 2)
