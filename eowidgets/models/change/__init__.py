"""Networks that compare two pictures: LENet, FC-Siam-diff, and the MCI model that also says what it sees.

Importing it registers ``change-lenet`` and ``change-fcsiam`` where their weights are; a network of one's own is given
to the class: ``ChangeLENet(network)``. Sentences, counts and places come from
:mod:`eowidgets.models.change.mci.tools`.
"""

from eowidgets.models.change.base import ChangeFCSiam, ChangeLENet, PairModel
from eowidgets.models.change.config import LENetConfig, MCIConfig, SiamDiffConfig
from eowidgets.models.change.fcsiam.network import FCSiamDiff
from eowidgets.models.change.lenet.network import LENet
from eowidgets.models.change.mci.network import MCI
from eowidgets.models.change.weights import load, save

__all__ = [
    "MCI",
    "ChangeFCSiam",
    "ChangeLENet",
    "FCSiamDiff",
    "LENet",
    "LENetConfig",
    "MCIConfig",
    "PairModel",
    "SiamDiffConfig",
    "load",
    "save",
]
