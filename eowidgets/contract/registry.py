"""Finds models by name and lists them; a model's module is imported only when it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from importlib import import_module
from typing import Any, ClassVar, TypeVar, get_args, get_origin, overload

from eowidgets.annotations import hints
from eowidgets.arguments import checked, take
from eowidgets.contract.model import Model
from eowidgets.contract.task import Task
from eowidgets.errors import EowidgetsError, InputError, ModelError, shown, unknown, words
from eowidgets.rules import Rule, rule

#: Families that ship with the package: importing one registers its models.
FAMILIES = (
    "eowidgets.models.classical",
    "eowidgets.models.monitors",
    "eowidgets.models.units",
    "eowidgets.models.change",
    "eowidgets.models.forecast.adapters",
    "eowidgets.models.embed",
)

M = TypeVar("M", bound=type[Model])

_registered: dict[str, type[Model]] = {}


@overload
def register(cls: M) -> M: ...
@overload
def register(*, replace: bool = ...) -> Callable[[M], M]: ...
@checked
def register(cls: type[Model] | None = None, *, replace: bool = False) -> Any:
    """Class decorator that makes a model known to ``eow.run``, ``eow.models`` and the panels.

    Raises
    ------
    InputError
        If the name is taken by another class and ``replace`` is False, or something is missing.
    """
    if cls is None:
        return partial(_register, replace=replace)
    return _register(cls, replace=replace)


def _register(cls: type[Model], *, replace: bool) -> type[Model]:
    _check_declared(cls)
    taken = _registered.get(cls.name)
    # Running a notebook cell again makes a new class of the same name: that is not a clash.
    same = taken is not None and (taken.__module__, taken.__qualname__) == (cls.__module__, cls.__qualname__)
    if taken is not None and not same and not replace:
        raise InputError(f"A model named {shown(cls.name)} exists already: choose another name or pass replace=True.")
    _registered[cls.name] = cls
    return cls


def _check_declared(model: Model | type[Model]) -> None:
    """Refuse a model whose attributes are missing or are not what :class:`Model` declares."""
    cls = model if isinstance(model, type) else type(model)
    for old in ("inputs", "window"):
        if hasattr(model, old):
            raise InputError(
                f"The model class {cls.__name__} sets {old}: state both in one value, for example feed = "
                "eow.Windows(bands=('red', 'nir'), min_dates=2, size=128, halo=16)."
            )
    for attribute, one in _class_rules().items():
        if not hasattr(model, attribute):
            raise InputError(f"The model class {cls.__name__} has no {attribute}: set it in the class body.")
        take(one, getattr(model, attribute), f"{attribute} of the model class {cls.__name__}")


@cache
def _class_rules() -> dict[str, Rule]:
    declared = ((name, hint) for name, hint in hints(Model).items() if get_origin(hint) is ClassVar)
    return {name: rule(get_args(hint)[0]) for name, hint in declared}


def _make(cls: type[Model], params: dict[str, Any]) -> Model:
    _check_declared(cls)
    try:
        return cls(**params)
    except EowidgetsError:
        raise
    except Exception as error:
        raise ModelError(f"The model {shown(cls.name)} failed when it was created: {words(error)}") from error


def _load_families() -> None:
    for family in FAMILIES:
        import_module(family)


def model_class(name: str) -> type[Model]:
    """Look a model class up by name; an unknown name is refused with the nearest ones."""
    _load_families()
    if name not in _registered:
        raise unknown("model", name, _registered)
    return _registered[name]


def get_model(model: str | Model | type[Model], **params: Any) -> Model:
    """Make a ready model from a name, a class or an instance.

    An instance is taken as it is; with ``params`` a copy of it is made that differs in these and keeps its other
    parameters, its networks and its settings.
    """
    if isinstance(model, Model):
        _check_declared(model)
        return model.with_params(**params) if params else model
    if isinstance(model, type) and issubclass(model, Model):
        return _make(model, params)
    if isinstance(model, str):
        return _make(model_class(model), params)
    raise InputError(f"{type(model).__name__} is not a model: give a name, a Model class or a Model instance.")


def model_classes(task: Task | str | None = None) -> tuple[type[Model], ...]:
    """All known model classes, of one task or of all, sorted by task and name."""
    _load_families()
    wanted = None if task is None else Task.of(task)
    found = [m for m in _registered.values() if wanted in (None, m.task)]
    return tuple(sorted(found, key=lambda m: (m.task.name, m.name)))
