"""Cards and weights of the change networks, by name; each card is in the folder of its network."""

from __future__ import annotations

from eowidgets.models.change.fcsiam.card import CARD as FCSIAM
from eowidgets.models.change.fcsiam.card import WEIGHTS as _FCSIAM
from eowidgets.models.change.lenet.card import CARD as LENET
from eowidgets.models.change.lenet.card import WEIGHTS as _LENET
from eowidgets.models.change.mci.card import CARD as MCI
from eowidgets.models.change.mci.card import WEIGHTS as _MCI
from eowidgets.models.change.shipped import LIMITS

WEIGHTS = {one.name: one for one in (_FCSIAM, _LENET, _MCI)}

__all__ = ["FCSIAM", "LENET", "LIMITS", "MCI", "WEIGHTS"]
