"""SpaceTime (Zhang et al., 2023): companion state spaces in closed loop; README.md beside this file describes it."""

from eowidgets.models.forecast.spacetime.model import SpaceTimeForecaster
from eowidgets.models.forecast.spacetime.network import ClosedLoop, Companion, SpaceTime, preprocessing

__all__ = ["ClosedLoop", "Companion", "SpaceTime", "SpaceTimeForecaster", "preprocessing"]
