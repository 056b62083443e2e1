"""Find models by name; the module of a model is imported only when the model is used."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import cache, partial
from importlib import import_module
from importlib.metadata import EntryPoint
from typing import Any, ClassVar, TypeVar, get_args, get_origin, overload

from eowidgets.annotations import hints
from eowidgets.arguments import checked, take
from eowidgets.contract.catalogue import OWN, Listing, listings, plugin_class, plugin_listing, read_index
from eowidgets.contract.model import Model
from eowidgets.contract.older import join_feed, present_model
from eowidgets.contract.params import param_rules
from eowidgets.contract.task import Task
from eowidgets.errors import EowidgetsError, InputError, ModelError, shown, unknown, warn_user, words
from eowidgets.plugins import MODELS, PluginError, named, plugins
from eowidgets.rules import Rule, rule

M = TypeVar("M", bound=type[Model])

_registered: dict[str, type[Model]] = {}


@overload
def register(cls: M) -> M: ...
@overload
def register(*, replace: bool = ...) -> Callable[[M], M]: ...
@checked
def register(cls: type[Model] | None = None, *, replace: bool = False) -> Any:
    """Register a model class under its name, for ``eow.run``, ``eow.list_models`` and the panels; a class decorator.

    Parameters
    ----------
    cls : Model class, optional
        The class; left out where ``replace`` is given to the decorator.
    replace : bool
        Whether a model of the same name is replaced; without it that is an error.

    Returns
    -------
    Model class or decorator
        The class itself.

    Raises
    ------
    InputError
        If the name is taken by another class and ``replace`` is False, or something is missing.

    Examples
    --------
    >>> import eowidgets as eow
    >>> from eowidgets.contract.registry import get_model
    >>> eow.register(type(get_model("fill-linear"))).name
    'fill-linear'
    """
    if cls is None:
        return partial(_register, replace=replace)
    return _register(cls, replace=replace)


def _register(cls: type[Model], *, replace: bool) -> type[Model]:
    check_declared(cls)
    taken = _registered.get(cls.name)
    # Running a notebook cell again creates a new class of the same name; that is not a conflict.
    same = taken is not None and (taken.__module__, taken.__qualname__) == (cls.__module__, cls.__qualname__)
    if taken is not None and not same and not replace:
        raise InputError(f"A model named {shown(cls.name)} exists already: choose another name or pass replace=True.")
    _registered[cls.name] = cls
    return cls


#: Arguments of ``eow.run`` and ``eow.submit``, which no parameter of a model may be named after.
RESERVED = frozenset(
    (
        *("model", "cube", "area", "out", "places", "device", "memory", "window", "batch", "precision", "compile"),
        *("client", "seed", "progress", "on_window", "on_change"),
    )
)


def check_declared(model: Model | type[Model]) -> None:
    """Refuse a model whose attributes are missing or of another type than :class:`Model` declares."""
    cls = model if isinstance(model, type) else type(model)
    if (feed := join_feed(cls, cls.feed)) is not cls.feed:  # the attributes were set after the class was created
        cls.feed = feed
    for old in ("inputs", "window"):
        if any(old in vars(one) for one in cls.__mro__ if one is not Model):
            raise InputError(
                f"The model class {cls.__name__} has an attribute {old}, a name kept from the first release: rename it, and "
                "state the input as feed = eow.Windows(bands=('red', 'nir'), min_dates=2, size=128, halo=16)."
            )
    for attribute, one in _class_rules().items():
        if not hasattr(model, attribute):
            raise InputError(f"The model class {cls.__name__} has no {attribute}: set it in the class body.")
        take(one, getattr(model, attribute), f"{attribute} of the model class {cls.__name__}")
    for name in param_rules(cls.Params) if dataclasses.is_dataclass(cls.Params) else ():
        if name in RESERVED:
            raise InputError(
                f"The model class {cls.__name__} has a parameter {name!r}, which is an argument of eow.run: rename it."
            )


@cache
def _class_rules() -> dict[str, Rule]:
    declared = ((name, hint) for name, hint in hints(Model).items() if get_origin(hint) is ClassVar)
    return {name: rule(get_args(hint)[0]) for name, hint in declared}


def _make(cls: type[Model], params: dict[str, Any]) -> Model:
    check_declared(cls)
    try:
        return cls(**params)
    except EowidgetsError:
        raise
    except Exception as error:
        raise ModelError(f"The model {shown(cls.name)} failed when it was created: {words(error)}") from error


def model_class(name: str) -> type[Model]:
    """Return a model class by name.

    Raises
    ------
    InputError
        For an unknown name, with the nearest ones, and for a model that cannot be run over a cube.
    ModelError
        If the plug-in that has the model cannot be imported.
    """
    if name in _registered:
        return _registered[name]
    if (present := present_model(name)) != name:
        return model_class(present.partition(".")[0])
    own = read_index(OWN).get(name)
    if own is not None and own.use and not own.module:
        raise InputError(f"{shown(name)} cannot be run over a cube: use {own.use}.")
    if own is not None:
        return _imported(own)
    point = next((p for p in plugins(MODELS) if p.name == name), None)
    if point is None:
        raise unknown("model", name, {*listings(), *_registered})
    try:
        return _from_plugin(point)
    except PluginError as error:
        raise ModelError(str(error)) from error


def _imported(listing: Listing) -> type[Model]:
    """Import a model of this package, which registers it."""
    module = import_module(listing.module)
    if listing.name not in _registered:  # imported before, and removed from the registry since
        known = [m for m in vars(module).values() if isinstance(m, type) and issubclass(m, Model)]
        _register(next(m for m in known if getattr(m, "name", None) == listing.name), replace=False)
    return _registered[listing.name]


def _from_plugin(point: EntryPoint) -> type[Model]:
    """Import and register the model of a plug-in.

    Raises
    ------
    PluginError
        If the plug-in cannot be imported or is not a complete model.
    """
    plugin_listing(point, read_index(OWN), complete=True)
    found = plugin_class(point)
    if not issubclass(found, Model):
        raise PluginError(f"{named(point)} points to {point.value[:80]!r}, which is not a subclass of eow.Model.")
    try:
        return _register(found, replace=False)
    except InputError as error:
        raise PluginError(f"{named(point)} cannot be used: {error}") from error


def _named(name: str, params: dict[str, Any]) -> Model:
    """Create a model from its name, or from ``"system.tag"``, the name of one of its checkpoints."""
    if name not in _registered:
        name = present_model(name)
    system, dot, tag = name.partition(".")
    if dot and name not in _registered and system in {*read_index(OWN), *_registered}:
        cls = model_class(system)
        if "checkpoint" in param_rules(cls.Params):
            return _make(cls, {"checkpoint": tag, **params})
    return _make(model_class(name), params)


def get_model(model: str | Model | type[Model], **params: Any) -> Model:
    """Create a model that is ready to run from a name, a class or an instance.

    An instance is returned unchanged; with ``params`` a copy with these parameters is returned, which keeps the other
    parameters, the networks and the settings.
    """
    if isinstance(model, Model):
        check_declared(model)
        return model.with_params(**params) if params else model
    if isinstance(model, type) and issubclass(model, Model):
        return _make(model, params)
    if isinstance(model, str):
        return _named(model, params)
    raise InputError(f"{type(model).__name__} is not a model: give a name, a Model class or a Model instance.")


def model_classes(task: Task | str | None = None) -> tuple[type[Model], ...]:
    """Import and return all model classes that a run can use, of one task or of all, sorted by task and name.

    A plug-in that cannot be used is left out, with a warning.
    """
    for listing in read_index(OWN).values():
        if not listing.use and listing.name not in _registered:
            _imported(listing)
    for point in plugins(MODELS):
        if point.name not in _registered:
            try:
                _from_plugin(point)
            except PluginError as error:
                warn_user(str(error))
    runs = [m for m in _registered.values() if not getattr(m, "use", "")]
    found = [m for m in runs if task is None or str(m.task) == str(task)]
    return tuple(sorted(found, key=lambda m: (str(m.task), m.name)))
