"""Weights of the authors of PSE-TAE: the names of their layers in ours, loaded strictly.

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

#: Prefix of their names, and what replaces it; those of the layers of every pixel depend on how many there are.
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
#: The table of positions in time.
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
        Their ``model.pth.tar``, renamed to ``.pth``; nothing that it holds is executed.
    config : PseTaeConfig
        Sizes that it was trained with.

    Returns
    -------
    PseTae
        In evaluation mode.

    Raises
    ------
    SourceError, ModelError
        If the file is missing, or holds other weights than those of the network.
    """
    network = PseTae(config)
    load_checkpoint(network, published(Path(path).expanduser(), config))
    return network
