"""Save and load UniTS: safetensors in half precision, with the configuration in the header."""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch

from eowidgets.errors import ModelError
from eowidgets.models.units.config import UniTSConfig
from eowidgets.models.units.network import UniTS

FOLDER = Path(__file__).parent / "weights"


def save(network: UniTS, path: Path) -> str:
    """Write weights and configuration; give the sha256 for the card."""
    from safetensors.torch import save_file

    path.parent.mkdir(parents=True, exist_ok=True)
    weights = {key: value.half().contiguous() for key, value in network.state_dict().items()}
    part = path.with_suffix(".part")
    save_file(weights, part, metadata={"config": network.config.to_json()})
    part.replace(path)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def load(path: Path, sha256: str | None = None) -> UniTS:
    """Read a network, ready to predict, after checking that the file is the one that the card names.

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
            config = UniTSConfig.from_json((file.metadata() or {})["config"])
            state = {key: file.get_tensor(key).float() for key in file.keys()}  # noqa: SIM118  (not a dict)
        with torch.device("meta"):
            network = UniTS(config)
        network.load_state_dict(state, assign=True)
    except (SafetensorError, KeyError, ValueError, RuntimeError, TypeError) as error:
        raise ModelError(f"The weights {path.name} could not be read as a UniTS ({type(error).__name__}).") from error
    return network.eval().requires_grad_(False)
