"""Weights and images that follow from arithmetic, and what must be refused of published weights."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping

import pytest
import torch
from torch import Tensor, nn

from eowidgets.contract.weights import load_strictly, renamed
from eowidgets.errors import ModelError
from eowidgets.models.encode.base import Encoder

Shapes = Mapping[str, tuple[int, ...]]


def numbers(*shape: int, phase: float = 0.0) -> Tensor:
    """Return numbers between -1 and 1."""
    return (torch.arange(math.prod(shape), dtype=torch.float64) * 0.731 + phase).sin().float().view(shape)


def fill(network: nn.Module) -> nn.Module:
    """Set the parameters of a network by their names and places; normalisations stay near 1."""
    for name, weight in network.named_parameters():
        found = numbers(*weight.shape, phase=zlib.crc32(name.encode()) % 1000)
        scaled = found / math.sqrt(weight.shape[-1]) if weight.dim() > 1 else 0.1 * found
        whole = weight.dim() == 1 and "norm" in name and name.endswith("weight")
        weight.data = (scaled + float(whole)).to(weight.dtype)
    return network.eval()


def state_of(shapes: Shapes) -> dict[str, Tensor]:
    """Return tensors without memory."""
    return {name: torch.empty(shape, device="meta") for name, shape in shapes.items()}


def check_strict(model: Encoder, shapes: Shapes, *, key: str, own: str) -> None:
    """Load a fabricated state dict of the published names and shapes, and see that others are refused.

    Parameters
    ----------
    model : Encoder
    shapes : mapping
        All names and shapes of the published file.
    key : str
        One of them that the network uses.
    own : str
        What the network calls it.
    """

    def load(state: dict[str, Tensor]) -> None:
        with torch.device("meta"):
            network = model.build()
        load_strictly(network, renamed(state, model.checkpoint), model.checkpoint.name)

    state = state_of(shapes)
    load(state)
    with pytest.raises(ModelError, match=f"{model.checkpoint.name}: they lack {own}") as refused:
        load({name: value for name, value in state.items() if name != key})
    assert "\n" not in str(refused.value)
    with pytest.raises(ModelError, match="have in addition surplus.weight"):
        load({**state, "surplus.weight": torch.empty(2, device="meta")})
    with pytest.raises(ModelError, match=f"have in another shape {own}"):
        load({**state, key: torch.empty(3, 5, device="meta")})
