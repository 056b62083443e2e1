"""Models: adapters around torch modules, one folder per family, found through the registry.

``eow.models()`` lists them: the package is a module that can be called, so that ``eowidgets.models`` is both the
place where models live and the question which there are (a function of that name would be overwritten as soon as
Python imports the package of that name).
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eowidgets.models.table import ModelTable


class _Models(ModuleType):
    def __call__(self, task: str | None = None) -> ModelTable:
        """Table of the models known, of one task or of all."""
        from eowidgets.models.table import model_table

        return model_table(task)


sys.modules[__name__].__class__ = _Models
