"""Heads: predict classes or numbers from features."""

from eowidgets.models.taught.heads.base import Head
from eowidgets.models.taught.heads.committee import Committee
from eowidgets.models.taught.heads.linear import Linear
from eowidgets.models.taught.heads.neighbours import Centroids, Neighbours
from eowidgets.models.taught.heads.perceptron import Perceptron
from eowidgets.models.taught.heads.trees import Boosting, Forest

#: By name, from simple to complex.
HEADS: dict[str, type[Head]] = {
    kind.kind: kind for kind in (Centroids, Linear, Neighbours, Forest, Boosting, Perceptron, Committee)
}

__all__ = ["HEADS", "Head"]
