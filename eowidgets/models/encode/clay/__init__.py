"""Clay v1.5 (Clay Foundation, 2024): a vector per patch; see README.md in this folder."""

from eowidgets.models.encode.clay.model import Clay
from eowidgets.models.encode.clay.network import Encoder

__all__ = ["Clay", "Encoder"]
