"""Networks that compare two pictures: LENet, FC-Siam-diff, and the MCI model that also says what it sees.

Importing it registers ``change-lenet``, ``change-fcsiam`` and ``change-mci``; a network of one's own is given to the
class: ``ChangeLENet(network)``. Sentences, counts and places come from :mod:`eowidgets.models.change.mci.tools`.
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
