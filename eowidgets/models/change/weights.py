"""Save and load the change networks: safetensors in half precision, with the configuration in the header."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import nn

from eowidgets.contract.checkpoint import Checkpoint
from eowidgets.contract.weights import from_json, load_strictly, reading, stored, to_json, write


def _kinds() -> dict[str, tuple[type[nn.Module], type[Any]]]:
    from eowidgets.models.change.fcsiam.config import SiamDiffConfig
    from eowidgets.models.change.fcsiam.network import FCSiamDiff
    from eowidgets.models.change.lenet.config import LENetConfig
    from eowidgets.models.change.lenet.network import LENet
    from eowidgets.models.change.mci.config import MCIConfig
    from eowidgets.models.change.mci.network import MCI

    return {"LENet": (LENet, LENetConfig), "FCSiamDiff": (FCSiamDiff, SiamDiffConfig), "MCI": (MCI, MCIConfig)}


def save(network: nn.Module, path: Path, **about: str) -> str:
    """Write weights, configuration and other notes; return the SHA-256 of the file."""
    return write(path, network, {"kind": type(network).__name__, "config": to_json(network.config), **about})


def load(source: Path | Checkpoint, sha256: str | None = None) -> tuple[nn.Module, dict[str, str]]:
    """Read a network in evaluation mode, and its metadata, from a file or a checkpoint.

    Raises
    ------
    SourceError, ModelError
        If the file is missing, damaged, or not the expected one.
    """
    found = stored(source, sha256)
    with reading(source, "a change network"):
        kind, config = _kinds()[found.header["kind"]]
        network = kind(from_json(config, found.header["config"]))
        load_strictly(network, found.state, f"this {kind.__name__}")
    return network.eval().requires_grad_(False), found.header
