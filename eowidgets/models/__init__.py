"""Models: adapters around torch modules, one folder per family, found through the registry.

The package can be called for one more release: ``eow.models()`` is the old name of ``eow.list_models()``.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING

from eowidgets.arguments import checked
from eowidgets.contract.task import Task
from eowidgets.deprecation import warn_deprecated

if TYPE_CHECKING:
    from eowidgets.contract.table import ModelTable


@checked
def models(self: ModuleType, task: Task | str | None = None) -> ModelTable:
    """Return a table of the models, of one task or of all; use ``eow.list_models`` instead.

    Parameters
    ----------
    self : module
        The module itself.
    task : Task or str, optional
        Only models of this task.

    Returns
    -------
    ModelTable
        The table of ``eow.list_models``.

    Warns
    -----
    DeprecationWarning

    Examples
    --------
    >>> import eowidgets as eow
    >>> eow.models("forecast")  # doctest: +SKIP
    """
    from eowidgets.contract.table import list_models

    warn_deprecated("eow.models()", "eow.list_models()", ends="0.3")
    return list_models(task=task)


class _Models(ModuleType):
    __call__ = models


sys.modules[__name__].__class__ = _Models
