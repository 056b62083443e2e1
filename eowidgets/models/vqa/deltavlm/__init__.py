"""DeltaVLM (Deng et al., 2025): answers about two pictures; README.md beside this file describes it."""

from eowidgets.models.vqa.deltavlm.network import DecoderLayer, DeltaVLM, certainty

__all__ = ["DecoderLayer", "DeltaVLM", "certainty"]
