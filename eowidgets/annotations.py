"""Read the annotations of a callable at run time without importing the libraries that they name."""

from __future__ import annotations

import ast
import functools
import importlib
import importlib.util
import inspect
import re
import sys
import typing
from pathlib import Path
from typing import Any

from eowidgets.system import parsing


def hints(target: Any) -> dict[str, Any]:
    """Return the annotations of a function or class as objects.

    Names that a module imports under ``if TYPE_CHECKING:`` are resolved too. The standard library and the type aliases of
    this package are imported for it; a class of this package or of another library is replaced by one that has the same
    instances and imports nothing.

    Parameters
    ----------
    target : function or class

    Returns
    -------
    dict
        Parameter, or field, to annotation; ``Annotated`` is kept.
    """
    return typing.get_type_hints(target, localns=_names(target.__module__), include_extras=True)


@functools.cache
def _names(module: str) -> dict[str, Any]:
    """Return what a module imports for type checkers only."""
    try:
        tree = parsing(lambda: ast.parse(inspect.getsource(sys.modules[module])))
    except (KeyError, OSError, TypeError, SyntaxError):  # defined in a notebook, or in a program without source
        return {}
    found: dict[str, Any] = {}
    for node in tree.body:
        if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            for statement in node.body:
                found |= _imported(statement)
    return found


def _imported(statement: ast.stmt) -> dict[str, Any]:
    if isinstance(statement, ast.Import):
        return {
            n.asname or n.name.split(".")[0]: _at(n.name if n.asname else n.name.split(".")[0]) for n in statement.names
        }
    if isinstance(statement, ast.ImportFrom) and statement.module and not statement.level:
        return {n.asname or n.name: _at(f"{statement.module}.{n.name}") for n in statement.names}
    return {}


def _at(path: str) -> Any:
    """Return the object at a dotted path, or a class that takes its place until its module is loaded."""
    module, _, name = path.rpartition(".")
    root = path.split(".")[0]
    if root in sys.stdlib_module_names or (root == "eowidgets" and not _is_class(module, name)):
        return getattr(importlib.import_module(module), name) if module else importlib.import_module(path)
    return Unloaded(name or path, (), {"path": path})


def _is_class(module: str, name: str) -> bool:
    """Return whether a name in a module of this package is a class, and not a type alias, from the source."""
    spec = importlib.util.find_spec(module)
    source = Path(spec.origin).read_text(encoding="utf-8") if spec is not None and spec.origin else ""
    return re.search(rf"^class {name}\b", source, re.MULTILINE) is not None


class Unloaded(type):
    """A class of a library that may not be loaded: nothing is an instance of it before."""

    path: str

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Unloaded(name, (), {"path": f"{cls.path}.{name}"})

    def __getitem__(cls, _: Any) -> Any:
        return cls

    def __instancecheck__(cls, value: Any) -> bool:
        found = _loaded(cls.path)
        return isinstance(found, type) and isinstance(value, found)

    def __subclasscheck__(cls, value: Any) -> bool:
        found = _loaded(cls.path)
        return isinstance(found, type) and issubclass(value, found)


def _loaded(path: str) -> Any:
    """Return the object at a dotted path if its module is loaded, else None."""
    module = path
    names: list[str] = []
    while module and module not in sys.modules:
        module, _, name = module.rpartition(".")
        names.insert(0, name)
    found: Any = sys.modules.get(module)
    for name in names:
        found = getattr(found, name, None)
    return found
