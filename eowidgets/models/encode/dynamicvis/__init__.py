"""DynamicVis (Chen et al., 2025): selective scans over kept tokens; the README.md in this folder describes it."""

from eowidgets.models.encode.dynamicvis.config import PAPER, SMALL, DynamicVisConfig
from eowidgets.models.encode.dynamicvis.model import DynamicVisModel
from eowidgets.models.encode.dynamicvis.network import DynamicVis

__all__ = ["PAPER", "SMALL", "DynamicVis", "DynamicVisConfig", "DynamicVisModel"]
