"""Classifiers of chips: cut-outs around places, or images from files; importing it registers its models."""

from eowidgets.models.chips.eurosat import EuroSATModel

__all__ = ["EuroSATModel"]
