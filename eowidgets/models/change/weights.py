"""Save and load the networks of change: safetensors in half precision, with the configuration in the header."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import nn

from eowidgets.models.blocks import shipped
from eowidgets.models.change.config import LENetConfig, MCIConfig, SiamDiffConfig

FOLDER = Path(__file__).parent / "weights"


def _kinds() -> dict[str, tuple[type[nn.Module], type[Any]]]:
    from eowidgets.models.change.lenet import LENet
    from eowidgets.models.change.mci import MCI
    from eowidgets.models.change.siamdiff import FCSiamDiff

    return {"LENet": (LENet, LENetConfig), "FCSiamDiff": (FCSiamDiff, SiamDiffConfig), "MCI": (MCI, MCIConfig)}


def save(network: nn.Module, path: Path, **about: str) -> str:
    """Write weights, configuration and what else the network needs to know; give the sha256 for the card."""
    # Layers that two dates share are written once.
    unique = {k: v for k, v in network.state_dict().items() if k in _names(network)}
    return shipped.write(
        path, unique, {"kind": type(network).__name__, "config": shipped.to_json(network.config), **about}
    )


def load(path: Path, sha256: str | None = None) -> tuple[nn.Module, dict[str, str]]:
    """Read a network, ready to predict, and the header; refused if it is not the file that the card names.

    Raises
    ------
    ModelError
        If the file is missing, damaged, or not the one expected.
    """
    shipped.check(path, sha256)
    with shipped.reading(path, "a network of change"):
        state, about = shipped.read(path)
        kind, config = _kinds()[about["kind"]]
        network = kind(shipped.from_json(config, about["config"]))
        missing, strange = network.load_state_dict(state, strict=False)
        if strange or any(name in _names(network) for name in missing):
            raise ValueError("the weights are those of another network")
    return network.eval().requires_grad_(False), about


def _names(network: nn.Module) -> set[str]:
    """Names of parameters and buffers, each under its first name only; buffers that are not kept are left out."""
    kept = set(network.state_dict())
    named = {n for n, _ in network.named_parameters()} | {n for n, _ in network.named_buffers()}
    return kept & named
