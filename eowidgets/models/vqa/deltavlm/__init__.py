"""DeltaVLM (Deng et al., 2025): answers about two pictures; README.md beside this file describes it."""

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
