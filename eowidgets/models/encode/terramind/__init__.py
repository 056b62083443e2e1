"""TerraMind v1 (Jakubik et al., 2025): a vector per patch; see README.md in this folder."""

from eowidgets.models.encode.terramind.model import Terramind
from eowidgets.models.encode.terramind.network import Encoder

__all__ = ["Encoder", "Terramind"]
