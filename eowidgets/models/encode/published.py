"""Published weights: loaded from a local file, or from the hub on request."""

from __future__ import annotations

from pathlib import Path

from torch import nn

from eowidgets.contract.checkpoint import Checkpoint
from eowidgets.contract.weights import load_checkpoint, load_strictly, renamed, stored
from eowidgets.errors import ModelError, shown

#: Value of the parameter ``weights`` that downloads the published file.
FROM_HUB = "hub"
#: Value that downloads a file whose licence has conditions, after the user has read them.
TERMS_READ = "hub, licence read"


def load_published(network: nn.Module, checkpoint: Checkpoint, source: str) -> nn.Module:
    """Load published weights strictly, and prepare the network for prediction.

    Parameters
    ----------
    network : Module
    checkpoint : Checkpoint
        The published file.
    source : str
        Empty for installed weights, a file (whose hash is not checked, because it may be a conversion), ``"hub"``, or
        ``"hub, licence read"``.

    Raises
    ------
    SourceError
        If the file is missing or cannot be fetched.
    ModelError
        Without a source, or if the file holds the weights of another network.
    """
    if not source and checkpoint.installed:
        return load_checkpoint(network, checkpoint)
    name = Path(checkpoint.file).name
    if not source:
        size = "" if checkpoint.size is None else f" ({checkpoint.size / 1e6:.1f} MB)"
        raise ModelError(
            f"The model {checkpoint.system!r} has no weights: set weights='hub' to download {name}{size} "
            f"from huggingface.co/{checkpoint.hub}, or weights='path/to/{name}' for a file that you have."
        )
    if source in (FROM_HUB, TERMS_READ):
        if checkpoint.terms and source != TERMS_READ:
            raise ModelError(
                f"The weights {checkpoint.name!r} are under the {checkpoint.licence}: read {checkpoint.terms}, and then set "
                f"weights={TERMS_READ!r}."
            )
        return load_checkpoint(network, checkpoint)
    state = stored(Path(source).expanduser()).state
    load_strictly(network, renamed(state, checkpoint), shown(checkpoint.name))
    return network.eval().requires_grad_(False)
