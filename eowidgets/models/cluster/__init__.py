"""Clusters without labels; importing it registers its models."""

from eowidgets.models.cluster.confident import ClusterConfident
from eowidgets.models.cluster.model import ClusterKMeans
from eowidgets.models.cluster.names import named

__all__ = ["ClusterConfident", "ClusterKMeans", "named"]
