"""Save and load the networks of change: safetensors in half precision, with the configuration in the header."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from torch import nn

from eowidgets.errors import ModelError
from eowidgets.models.change.config import LENetConfig, MCIConfig, SiamDiffConfig, from_json, to_json

FOLDER = Path(__file__).parent / "weights"


def _kinds() -> dict[str, tuple[type[nn.Module], type[Any]]]:
    from eowidgets.models.change.lenet import LENet
    from eowidgets.models.change.mci import MCI
    from eowidgets.models.change.siamdiff import FCSiamDiff

    return {"LENet": (LENet, LENetConfig), "FCSiamDiff": (FCSiamDiff, SiamDiffConfig), "MCI": (MCI, MCIConfig)}


def save(network: nn.Module, path: Path, **about: str) -> str:
    """Write weights, configuration and what else the network needs to know; give the sha256 for the card."""
    from safetensors.torch import save_file

    path.parent.mkdir(parents=True, exist_ok=True)
    weights = {k: (v.half() if v.is_floating_point() else v).contiguous() for k, v in network.state_dict().items()}
    # Layers that two dates share are written once.
    unique = {k: v for k, v in weights.items() if k in _names(network)}
    part = path.with_suffix(".part")
    save_file(unique, part, metadata={"kind": type(network).__name__, "config": to_json(network.config), **about})
    part.replace(path)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def load(path: Path, sha256: str | None = None) -> tuple[nn.Module, dict[str, str]]:
    """Read a network, ready to predict, and the header; refused if it is not the file that the card names.

    Raises
    ------
    ModelError
        If the file is missing, damaged, or not the one expected.
    """
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise ModelError(f"The weights {path.name} are not in this installation: install the package again.")
    if sha256 is not None and hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
        raise ModelError(f"The weights {path.name} differ from what the card describes: install the package again.")
    try:
        with safe_open(path, framework="pt") as file:
            about = dict(file.metadata() or {})
            state = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118  (not a dict)
        kind, config = _kinds()[about["kind"]]
        network = kind(from_json(config, about["config"]))
        state = {k: (v.float() if v.is_floating_point() else v) for k, v in state.items()}
        missing, strange = network.load_state_dict(state, strict=False)
        if strange or any(name in _names(network) for name in missing):
            raise ValueError("the weights are those of another network")
    except (SafetensorError, KeyError, ValueError, RuntimeError, TypeError) as error:
        raise ModelError(
            f"The weights {path.name} could not be read as a network of change ({type(error).__name__})."
        ) from error
    return network.eval().requires_grad_(False), about


def _names(network: nn.Module) -> set[str]:
    """Names of parameters and buffers, each under its first name only; buffers that are not kept are left out."""
    kept = set(network.state_dict())
    named = {n for n, _ in network.named_parameters()} | {n for n, _ in network.named_buffers()}
    return kept & named
