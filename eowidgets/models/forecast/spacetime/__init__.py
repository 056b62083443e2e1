"""SpaceTime (Zhang et al., 2023): companion state spaces in closed loop; see README.md in this folder."""

from eowidgets.models.forecast.spacetime.model import SpaceTimeForecaster
from eowidgets.models.forecast.spacetime.network import ClosedLoop, Companion, SpaceTime, preprocessing

__all__ = ["ClosedLoop", "Companion", "SpaceTime", "SpaceTimeForecaster", "preprocessing"]
