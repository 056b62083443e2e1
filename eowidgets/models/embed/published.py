"""Weights that others publish: loaded from a file of the user's, or from the hub when this is asked for."""

from __future__ import annotations

from pathlib import Path

from torch import nn

from eowidgets.contract.checkpoint import Checkpoint
from eowidgets.contract.weights import load_checkpoint, load_strictly, stored
from eowidgets.errors import ModelError, shown

#: Value of the parameter ``weights`` that fetches the published file.
FROM_HUB = "hub"


def load_published(network: nn.Module, checkpoint: Checkpoint, source: str) -> nn.Module:
    """Load published weights strictly, and make the network ready to predict.

    Parameters
    ----------
    network : Module
    checkpoint : Checkpoint
        The published file.
    source : str
        A file here, whose hash is not checked because it may be a conversion, or ``"hub"``.

    Raises
    ------
    SourceError
        If the file is missing or cannot be fetched.
    ModelError
        In one sentence, without a source, or if the file holds the weights of another network.
    """
    if not source:
        name = Path(checkpoint.file).name
        raise ModelError(
            f"The model {checkpoint.system!r} has no weights: set weights='hub' to fetch {name} "
            f"({checkpoint.size / 1e6:.1f} MB) from huggingface.co/{checkpoint.hub}, or weights='path/to/{name}' for a file "
            "that you have."
        )
    if source == FROM_HUB:
        return load_checkpoint(network, checkpoint)
    state = stored(Path(source).expanduser()).state
    used = {key: value for key, value in state.items() if not key.startswith(checkpoint.unused or ("\0",))}
    load_strictly(network, used, shown(checkpoint.name))
    return network.eval().requires_grad_(False)
