"""The list of models, read without importing torch: of this package, of plug-ins, and of this session.

``models.toml`` describes the models of a package: ``eowidgets/models/models.toml`` ours (written by
``python -m eowidgets.models.listed``), and a file of the same name in the folder of a plug-in's top-level package its models.
"""

from __future__ import annotations

import dataclasses
import functools
import sys
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from eowidgets.arguments import Name, checked
from eowidgets.contract.checkpoint import checkpoints
from eowidgets.contract.toml_text import to_toml
from eowidgets.errors import EowidgetsError, ModelError, warn_user, words
from eowidgets.plugins import MODELS, PluginError, load, named, plugins

INDEX = "models.toml"
#: The index of this package; the models are above this layer and are imported by name.
OWN = Path(__file__).parents[1] / "models" / INDEX


@checked
@dataclass(frozen=True, slots=True)
class Listing:
    """Describe a model without importing it.

    Parameters
    ----------
    name : str
    module : str
        Module that registers the model when it is imported.
    task, title, licence : str
        As in the model and its card; empty where only the name of a plug-in is known.
    needs : str
        Bands, dates and pixel size of the input.
    parameters : tuple of str
        Names.
    pretrained : tuple of str
        Tags of the checkpoints; with the name, ``name.tag``.
    scores : str
    use : str
        How the model is used where ``eow.run`` cannot run it.
    """

    name: Name
    module: str = ""
    task: str = ""
    title: str = ""
    licence: str = ""
    needs: str = ""
    parameters: tuple[str, ...] = ()
    pretrained: tuple[str, ...] = ()
    scores: str = ""
    use: str = ""


def listing_of(model: Any, **more: Any) -> Listing:
    """Describe a model class.

    Parameters
    ----------
    model : type
        Class with ``name``, ``task``, ``card``, ``Params`` and ``feed``.
    **more
        Fields of :class:`Listing` that replace those of the class.
    """
    module = sys.modules.get(model.__module__)
    file = getattr(module, "__file__", None)
    known = checkpoints(Path(file).parent).values() if file else ()
    tags = (*(c.tag for c in known if c.system == model.name), *getattr(model, "pretrained", ()))
    facts = {
        "name": model.name,
        "module": model.__module__,
        "task": str(getattr(model, "task", "")),
        "title": model.card.title,
        "licence": model.card.licence,
        "needs": _needs(getattr(model, "feed", None), getattr(model, "needs", None)),
        "parameters": tuple(f.name for f in dataclasses.fields(model.Params)),
        "pretrained": tags,
        "scores": scores_text(model.card.scores),
        "use": getattr(model, "use", ""),
    }
    return Listing(**(facts | more))


def scores_text(scores: Mapping[str, float]) -> str:
    """Return the scores of a card as one line."""
    return "; ".join(f"{name}: {value:g}" for name, value in scores.items())


def _needs(feed: Any, package: str | None) -> str:
    """Return what a model needs: bands, dates and pixel size of its input, and a further package."""
    if feed is None:
        return ""
    dates = f"{feed.min_dates} dates or more" if feed.min_dates > 1 else ""
    size = f"{feed.resolution:g} m" if feed.resolution else ""
    parts = (", ".join(feed.bands or ()) or "any bands", dates, size, f"package {package}" if package else "")
    return ", ".join(filter(None, parts))


def index_text(listings: Iterable[Listing]) -> str:
    """Return listings as the text of a ``models.toml``."""
    rows = [{k: v for k, v in dataclasses.asdict(one).items() if v} for one in listings]
    return to_toml({"model": rows})


@functools.cache
def read_index(path: Path) -> Mapping[str, Listing]:
    """Read a ``models.toml``.

    Raises
    ------
    ModelError
        If the file cannot be read or a row has an unknown field.
    """
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8")).get("model", [])
        found = [Listing(**row) for row in rows]
    except (OSError, tomllib.TOMLDecodeError, TypeError, UnicodeDecodeError, EowidgetsError) as error:
        raise ModelError(f"The list {INDEX} of {path.parent.name[:80]!r} cannot be used: {error}") from error
    return {one.name: one for one in found}


def listings(*, complete: bool = False) -> dict[str, Listing]:
    """List all models by name: of this package, of plug-ins, and those registered in this session.

    Parameters
    ----------
    complete : bool
        Import the plug-ins that have no ``models.toml``, so that their tasks are known; without it they are imported only
        where torch is loaded already. One that fails is left out, with a warning.
    """
    session = registered()
    own = read_index(OWN)
    found = {**_of_plugins(own, complete or "torch" in sys.modules), **own}
    for name, model in session.items():
        if name not in found or found[name].module != model.__module__:
            found[name] = listing_of(model)
    return found


def registered() -> Mapping[str, Any]:
    """Return the model classes registered in this session; none before the registry, which needs torch, is imported."""
    registry = sys.modules.get("eowidgets.contract.registry")
    found: Mapping[str, Any] = getattr(registry, "_registered", {})
    return found


def _of_plugins(own: Mapping[str, Listing], complete: bool) -> dict[str, Listing]:
    found = {}
    for point in plugins(MODELS):
        try:
            found[point.name] = plugin_listing(point, own, complete)
        except PluginError as error:
            warn_user(str(error))
    return found


def plugin_listing(point: EntryPoint, own: Mapping[str, Listing], complete: bool) -> Listing:
    """Describe the model of a plug-in, from its ``models.toml``, else from its class, else by its name alone.

    Raises
    ------
    PluginError
        If the plug-in uses a name of this package, is not installed completely, or cannot be imported.
    """
    if point.name in own:
        raise PluginError(f"{named(point)} has the name of a model of eowidgets and is not used: rename it.")
    listing = _indexed(point)
    if listing is not None:
        return dataclasses.replace(listing, module=point.module)
    if not complete:
        return Listing(point.name, point.module)
    model = plugin_class(point)
    try:
        return listing_of(model)
    except Exception as error:
        raise PluginError(f"{named(point)} is not a complete model ({words(error)}): update or remove it.") from error


def plugin_class(point: EntryPoint) -> Any:
    """Import the class of a plug-in.

    Raises
    ------
    PluginError
        If it cannot be imported, or has another name than its entry point.
    """
    model = load(point)
    if not isinstance(model, type) or getattr(model, "name", None) != point.name:
        raise PluginError(
            f"{named(point)} points to {point.value[:80]!r}, which is not a model of that name: it must be a class derived "
            f"from eow.Model with name = {point.name[:80]!r}."
        )
    return model


def _indexed(point: EntryPoint) -> Listing | None:
    """Look a plug-in up in the ``models.toml`` of its package, which is found and not imported."""
    top = point.module.partition(".")[0]
    try:
        spec = find_spec(top)
    except (ImportError, ValueError) as error:
        raise PluginError(f"{named(point)} cannot be found ({error}): install it again or remove it.") from error
    if spec is None:
        raise PluginError(f"{named(point)} has no module {top[:80]!r}: install it again or remove it.")
    for folder in spec.submodule_search_locations or ():
        path = Path(folder) / INDEX
        if path.is_file():
            try:
                return read_index(path).get(point.name)
            except ModelError as error:
                raise PluginError(f"{named(point)} is left out: {error}") from error
    return None
