"""Clusters by a network that is trained on confident pseudo-labels; importing it registers the model."""

from eowidgets.models.cluster.confident.model import ClusterConfident

__all__ = ["ClusterConfident"]
