"""Outputs of models: one class per kind, which defines everything that the engine, the files and the panels need."""

from eowidgets.contract.outputs.bands import Bands
from eowidgets.contract.outputs.base import Array, InputBands, Mosaic, Output, Variable, VariableName
from eowidgets.contract.outputs.classes import Classes
from eowidgets.contract.outputs.fan import Fan
from eowidgets.contract.outputs.gathered import Gathered, Row
from eowidgets.contract.outputs.objects import Objects
from eowidgets.contract.outputs.value import Value
from eowidgets.contract.outputs.vector import Vector
from eowidgets.contract.outputs.words import Label, Text

__all__ = [
    "Array",
    "Bands",
    "Classes",
    "Fan",
    "Gathered",
    "InputBands",
    "Label",
    "Mosaic",
    "Objects",
    "Output",
    "Row",
    "Text",
    "Value",
    "Variable",
    "VariableName",
    "Vector",
]
