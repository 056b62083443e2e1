"""Networks that compare two images: LENet, FC-Siam-diff, and the MCI model, which also writes a caption.

Importing it registers ``change-lenet``, ``change-fcsiam`` and ``change-mci``. Pass your own network to the class:
``ChangeLENet(network)``. Sentences, counts and places come from :mod:`eowidgets.models.change.mci.tools`.
"""

from eowidgets.models.change.base import PairModel
from eowidgets.models.change.fcsiam import ChangeFCSiam, FCSiamDiff, SiamDiffConfig
from eowidgets.models.change.lenet import ChangeLENet, LENet, LENetConfig
from eowidgets.models.change.mci import MCI, ChangeMCI, MCIConfig
from eowidgets.models.change.weights import load, save

__all__ = [
    "MCI",
    "ChangeFCSiam",
    "ChangeLENet",
    "ChangeMCI",
    "FCSiamDiff",
    "LENet",
    "LENetConfig",
    "MCIConfig",
    "PairModel",
    "SiamDiffConfig",
    "load",
    "save",
]
