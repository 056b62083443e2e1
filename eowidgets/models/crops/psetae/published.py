"""Weights of the authors of PSE-TAE: a map of their state dict keys to ours, with strict loading.

The names follow from their public code (github.com/VSainteuf/pytorch-psetae, MIT). Their table of positions is left out,
because it is computed from the days.
"""

from __future__ import annotations

from pathlib import Path

from eowidgets.arguments import FilePath, checked
from eowidgets.contract.checkpoint import Checkpoint, read_file
from eowidgets.contract.weights import load_checkpoint
from eowidgets.models.crops.psetae.config import PAPER, PseTaeConfig
from eowidgets.models.crops.psetae.network import PseTae

#: Prefix of their keys, and its replacement; the prefixes of the per-pixel layers depend on their number.
KEYS = {
    "spatial_encoder.mlp2.": "sets.pooled.",
    "temporal_encoder.inlayernorm.": "dates.norm_in.",
    "temporal_encoder.outlayernorm.": "dates.norm_out.",
    "temporal_encoder.attention_heads.fc1_q.": "dates.query.",
    "temporal_encoder.attention_heads.fc1_k.": "dates.key.",
    "temporal_encoder.attention_heads.fc2.": "dates.master.",
    "temporal_encoder.mlp.": "dates.mix.",
}
PIXEL_PARTS = {"lin": "linear", "bn": "norm"}
#: The table of position embeddings.
UNUSED = ("temporal_encoder.position_enc.",)


def published(path: Path, config: PseTaeConfig = PAPER) -> Checkpoint:
    """Describe a file of the authors' code as a checkpoint, with the key map for these sizes."""
    keys = {
        f"spatial_encoder.mlp1.{i}.{theirs}.": f"sets.pixel.{i}.{ours}."
        for i in range(len(config.pixel))
        for theirs, ours in PIXEL_PARTS.items()
    }
    data, digest = read_file(path)
    return Checkpoint(
        "psetae.published",
        licence="not stated",
        file=path.name,
        sha256=digest,
        size=len(data),
        keys=KEYS | keys,
        unused=UNUSED,
        folder=path.parent,
    )


@checked
def read_published(path: FilePath, config: PseTaeConfig = PAPER) -> PseTae:
    """Read weights that were trained with the authors' code.

    Parameters
    ----------
    path : str or Path
        Their ``model.pth.tar``, renamed to ``.pth``; no code in it is executed.
    config : PseTaeConfig
        Sizes of the trained network.

    Returns
    -------
    PseTae
        In evaluation mode.

    Raises
    ------
    SourceError, ModelError
        If the file is missing, or its weights do not match the network.
    """
    network = PseTae(config)
    load_checkpoint(network, published(Path(path).expanduser(), config))
    return network
