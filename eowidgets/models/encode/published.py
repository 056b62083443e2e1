"""Published weights: loaded from a local file, or from the hub on request."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from eowidgets.contract.checkpoint import Checkpoint
from eowidgets.contract.weights import load_checkpoint, load_strictly, renamed, stored
from eowidgets.errors import ModelError, shown

#: Value of the parameter ``weights`` that downloads the published file.
FROM_HUB = "hub"
#: Value that downloads a file whose licence has conditions, after the user has read them.
TERMS_READ = "hub, licence read"


class Unallocated(TorchFunctionMode):
    """Let the layers of torch make their weights without memory, on the device ``meta``.

    They allocate weights by ``torch.empty``. Tables that a network computes when it is built are real, so that those
    that are not in a file are there.
    """

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Call a function of torch."""
        options = dict(kwargs or {})
        if func is torch.empty and options.get("device") is None:
            options["device"] = "meta"
        return func(*args, **options)


def load_published(build: Callable[[], nn.Module], checkpoint: Checkpoint, source: str) -> nn.Module:
    """Build a network, load published weights strictly, and prepare it for prediction.

    The weights of the network are the tensors of the file: there is no second copy of them.

    Parameters
    ----------
    build : callable
        Makes the network without weights.
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
        return _filled(build, lambda network: load_checkpoint(network, checkpoint))
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
        return _filled(build, lambda network: load_checkpoint(network, checkpoint))
    state = renamed(stored(Path(source).expanduser()).state, checkpoint)
    return _filled(build, lambda network: load_strictly(network, state, shown(checkpoint.name)))


def _filled(build: Callable[[], nn.Module], load: Callable[[nn.Module], object]) -> nn.Module:
    with Unallocated():
        network = build()
    load(network)
    if any(t.is_meta for t in chain(network.parameters(), network.buffers())):
        # Weights that have several names are in the file under one of them: only memory keeps them together.
        network = build()
        load(network)
    return network.eval().requires_grad_(False)
