"""Models: adapters around torch modules, one folder per family, found through the registry.

``eow.models()`` lists them: the package is a module that can be called, so that ``eowidgets.models`` is both the
place where models live and the question which there are (a function of that name would be overwritten as soon as
Python imports the package of that name).
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING

from eowidgets.arguments import checked
from eowidgets.contract.task import Task

if TYPE_CHECKING:
    from eowidgets.contract.table import ModelTable


@checked
def models(self: ModuleType, task: Task | str | None = None) -> ModelTable:
    """Return a table of the registered models, of one task or of all."""
    from eowidgets.contract.table import model_table

    return model_table(None if task is None else str(task))


class _Models(ModuleType):
    __call__ = models


sys.modules[__name__].__class__ = _Models
