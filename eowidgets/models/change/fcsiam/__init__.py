"""FC-Siam-diff (Caye Daudt et al., 2018): building change between two images; see README.md in this folder."""

from eowidgets.models.change.fcsiam.config import SIAMDIFF_PAPER, SIAMDIFF_SIZES, SiamDiffConfig
from eowidgets.models.change.fcsiam.model import ChangeFCSiam
from eowidgets.models.change.fcsiam.network import FCSiamDiff

__all__ = [
    "SIAMDIFF_PAPER",
    "SIAMDIFF_SIZES",
    "ChangeFCSiam",
    "FCSiamDiff",
    "SiamDiffConfig",
]
