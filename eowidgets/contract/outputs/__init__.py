"""Outputs of models: one class per kind, which defines everything that the engine, the files and the panels need."""

from eowidgets.contract.outputs.bands import Bands
from eowidgets.contract.outputs.base import Array, Mosaic, Output, Source, Variable, VariableName
from eowidgets.contract.outputs.classes import Classes
from eowidgets.contract.outputs.value import Value
from eowidgets.contract.outputs.vector import Vector

__all__ = ["Array", "Bands", "Classes", "Mosaic", "Output", "Source", "Value", "Variable", "VariableName", "Vector"]
