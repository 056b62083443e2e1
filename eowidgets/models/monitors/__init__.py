"""Break monitors: a stable history is modelled, and every clear date after it is held against the model."""

from eowidgets.models.monitors import ccdc, ensemble, ewma, iqr, sums
from eowidgets.models.monitors.landtrendr import model as landtrendr
from eowidgets.models.monitors.sccd import model as sccd

__all__ = ["ccdc", "ensemble", "ewma", "iqr", "landtrendr", "sccd", "sums"]
