"""AgriFM (Li et al., 2025): a Video Swin Transformer for crop time series; see README.md in this folder."""

from eowidgets.models.encode.agrifm.config import PAPER, SMALL, AgriFMConfig
from eowidgets.models.encode.agrifm.model import AgriFMModel
from eowidgets.models.encode.agrifm.network import AgriFM

__all__ = ["PAPER", "SMALL", "AgriFM", "AgriFMConfig", "AgriFMModel"]
