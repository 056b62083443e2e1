"""TerraMind's encoder: the patches of several modalities are the tokens of one transformer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from eowidgets.models.blocks.embed import sinusoid
from eowidgets.models.blocks.spectral import resized
from eowidgets.models.blocks.vit import Block

EPS = 1e-6

#: Modalities by their names in the published weights, and their numbers of bands.
KINDS = {
    "untok_sen2l2a@224": 12,
    "untok_sen2l1c@224": 13,
    "untok_sen2rgb@224": 3,
    "untok_sen1grd@224": 2,
    "untok_sen1rtc@224": 2,
    "untok_dem@224": 1,
}


@dataclass(frozen=True, slots=True)
class Config:
    """Sizes of a network.

    Parameters
    ----------
    width, depth, heads, hidden : int
    gated : bool
        SwiGLU without biases in any layer, as in base and large; tiny and small have plain layers with biases.
    patch, side : int
        Of the images whose position embeddings are stored.
    """

    width: int
    depth: int
    heads: int
    hidden: int
    gated: bool
    patch: int = 16
    side: int = 224


class Embedding(nn.Module):
    """Project the patches of one modality, and add their position embeddings and a modality vector."""

    pos_emb: Tensor

    def __init__(self, bands: int, config: Config) -> None:
        super().__init__()
        self.bands, self.patch = bands, config.patch
        n = config.side // config.patch
        # Fixed, but nevertheless stored with the published weights.
        self.register_buffer("pos_emb", positions(n, config.width))
        self.mod_emb = nn.Parameter(0.02 * torch.randn(1, 1, config.width))
        self.proj = nn.Linear(config.patch**2 * bands, config.width, bias=False)

    def forward(self, x: Tensor, channels: list[int]) -> Tensor:
        """Turn bands of images (b, c, h patch, w patch) into tokens (b, h * w, width).

        Parameters
        ----------
        x : Tensor
        channels : list of int
            Positions of the bands of ``x`` in the training data; the columns of all others are left out of the projection.
        """
        h, w = (n // self.patch for n in x.shape[-2:])
        # width (p p bands) -> width (p p) c
        columns = self.proj.weight.view(-1, self.patch**2, self.bands)[..., channels]
        # b c (h p) (w q) -> b (h w) (p q c)
        patches = x.reshape(*x.shape[:2], h, self.patch, w, self.patch).permute(0, 2, 4, 3, 5, 1)
        tokens = functional.linear(patches.flatten(3).flatten(1, 2), columns.flatten(1))
        return tokens + resized(self.pos_emb, h, w) + self.mod_emb


class Encoder(nn.Module):
    """Embed the patches of the images of one place.

    Parameters
    ----------
    config : Config
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.width, self.patch = config.width, config.patch
        self.encoder_embeddings = nn.ModuleDict({name: Embedding(n, config) for name, n in KINDS.items()})
        self.encoder = nn.ModuleList(
            Block(
                config.width,
                config.heads,
                config.hidden,
                fused=True,
                eps=EPS,
                bias=not config.gated,
                gated=config.gated,
            )
            for _ in range(config.depth)
        )
        self.encoder_norm = nn.LayerNorm(config.width, eps=EPS)

    def forward(self, images: Mapping[str, tuple[Tensor, list[int]]]) -> Tensor:
        """Return the mean of the encoded patches over the modalities.

        Parameters
        ----------
        images : mapping of str to (Tensor, list of int)
            By the names of ``KINDS``: normalised values (b, c, h patch, w patch), and the positions of their bands.

        Returns
        -------
        Tensor, shape (b, width, h, w)
        """
        tokens = [self.encoder_embeddings[name](x, channels) for name, (x, channels) in images.items()]
        encoded = torch.cat(tokens, dim=1)
        for block in self.encoder:
            encoded = block(encoded)
        # b (kinds h w) d -> b d h w
        mean = self.encoder_norm(encoded).unflatten(1, (len(tokens), -1)).mean(1)
        shape = next(iter(images.values()))[0].shape
        out: Tensor = mean.transpose(1, 2).unflatten(2, (shape[-2] // self.patch, shape[-1] // self.patch))
        return out


def positions(n: int, width: int) -> Tensor:
    """Encode the positions of ``n`` by ``n`` patches, half of the channels for rows and half for columns.

    Returns
    -------
    Tensor, shape (1, n * n, width)
    """
    one = sinusoid(torch.arange(n), width // 2)
    rows, columns = one[:, None].expand(-1, n, -1), one.expand(n, -1, -1)
    return torch.cat([rows, columns], dim=-1).flatten(0, 1).unsqueeze(0)
