"""Break monitors: fit a stable history, and compare every later clear date with the fit."""

from eowidgets.models.monitors import ccdc, ensemble, ewma, iqr, sums
from eowidgets.models.monitors.landtrendr import model as landtrendr
from eowidgets.models.monitors.sccd import model as sccd

__all__ = ["ccdc", "ensemble", "ewma", "iqr", "landtrendr", "sccd", "sums"]
