"""Save and load UniTS: safetensors in half precision, with the configuration in the header."""

from __future__ import annotations

from pathlib import Path

import torch

from eowidgets.models.blocks import shipped
from eowidgets.models.units.config import UniTSConfig
from eowidgets.models.units.network import UniTS

FOLDER = Path(__file__).parent / "weights"


def save(network: UniTS, path: Path) -> str:
    """Write weights and configuration; give the sha256 for the card."""
    return shipped.write(path, network.state_dict(), {"config": network.config.to_json()})


def load(path: Path, sha256: str | None = None) -> UniTS:
    """Read a network, ready to predict, after checking that the file is the one that the card names.

    Raises
    ------
    ModelError
        If the file is missing, damaged, or not the one expected.
    """
    shipped.check(path, sha256)
    with shipped.reading(path, "a UniTS"):
        state, header = shipped.read(path)
        with torch.device("meta"):
            network = UniTS(UniTSConfig.from_json(header["config"]))
        network.load_state_dict(state, assign=True)
    return network.eval().requires_grad_(False)
