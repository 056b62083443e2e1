"""Save and load UniTS: safetensors in half precision, with the configuration in the header."""

from __future__ import annotations

from pathlib import Path

import torch

from eowidgets.contract.checkpoint import Checkpoint
from eowidgets.contract.weights import load_strictly, reading, stored, write
from eowidgets.models.units.config import UniTSConfig
from eowidgets.models.units.network import UniTS

FOLDER = Path(__file__).parent / "weights"


def save(network: UniTS, path: Path) -> str:
    """Write weights and configuration; return the SHA-256 of the file."""
    return write(path, network, {"config": network.config.to_json()})


def load(source: Path | Checkpoint, sha256: str | None = None) -> UniTS:
    """Read a network in evaluation mode from a file or a checkpoint.

    Raises
    ------
    SourceError, ModelError
        If the file is missing, damaged, or not the expected one.
    """
    found = stored(source, sha256)
    with reading(source, "a UniTS"):
        with torch.device("meta"):
            network = UniTS(UniTSConfig.from_json(found.header["config"]))
        load_strictly(network, found.state, "this UniTS")
    return network.eval().requires_grad_(False)
