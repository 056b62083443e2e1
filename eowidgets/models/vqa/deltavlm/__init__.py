"""DeltaVLM (Deng et al., 2025): answers about two images; see README.md in this folder."""

from eowidgets.models.vqa.deltavlm.config import DELTAVLM_PAPER, DeltaVLMConfig, LanguageSize, VisionSize
from eowidgets.models.vqa.deltavlm.network import DecoderLayer, DeltaVLM, certainty

__all__ = [
    "DELTAVLM_PAPER",
    "DecoderLayer",
    "DeltaVLM",
    "DeltaVLMConfig",
    "LanguageSize",
    "VisionSize",
    "certainty",
]
