"""Names of the first release, which keep working for one release with a warning."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from eowidgets.arguments import checked
from eowidgets.contract.feeds import Feed, Windows
from eowidgets.contract.outputs import Bands, Classes, Mosaic, Value
from eowidgets.deprecation import warn_deprecated
from eowidgets.errors import InputError, shown

#: Release in which these names stop to work.
ENDS = "0.3"
#: Models of the first release that are now a checkpoint of another one.
MODELS = {"galileo-nano": "galileo.nano"}

KINDS: dict[str, type[Mosaic]] = {"bands": Bands, "value": Value, "class": Classes}


@checked
def Output(name: str, kind: str = "value", dims: str | None = None, **fields: Any) -> Mosaic:
    """Return ``Bands``, ``Value`` or ``Classes``, which replace ``Output(kind=...)``.

    Parameters
    ----------
    name : str
        Name of the output.
    kind : {"bands", "value", "class"}
        Kind of the output.
    dims : {"tyx", "yx"}, optional
        Dimensions; by default those of the class.
    **fields : object
        Further arguments of the class.

    Returns
    -------
    Mosaic
        ``Bands``, ``Value`` or ``Classes``.

    Raises
    ------
    InputError
        For another kind, or an argument that the class refuses.

    Examples
    --------
    >>> import eowidgets as eow
    >>> eow.Output("height", kind="value").name  # with a DeprecationWarning
    'height'
    """
    if not isinstance(kind, str) or kind not in KINDS:
        raise InputError(f"kind of Output is {shown(kind)}: use eow.Bands, eow.Value or eow.Classes instead of Output.")
    warn_deprecated("eow.Output", f"eow.{KINDS[kind].__name__}", ends=ENDS)
    given: dict[str, Any] = {"name": name, **({} if dims is None else {"dims": dims}), **fields}
    return KINDS[kind](**given)


@checked
def Inputs(**fields: Any) -> Windows:
    """Return ``Windows``, which replaces ``Inputs`` and ``WindowSpec``.

    Parameters
    ----------
    **fields : object
        Arguments of ``Windows``.

    Returns
    -------
    Windows
        The feed.

    Examples
    --------
    >>> import eowidgets as eow
    >>> eow.Inputs(bands=("red",)).bands  # with a DeprecationWarning
    ('red',)
    """
    warn_deprecated("eow.Inputs", "eow.Windows, which also holds the size and halo", ends=ENDS)
    return Windows(**fields)


@checked
def WindowSpec(**fields: Any) -> Windows:
    """Return ``Windows``, which replaces ``Inputs`` and ``WindowSpec``.

    Parameters
    ----------
    **fields : object
        Arguments of ``Windows``.

    Returns
    -------
    Windows
        The feed.

    Examples
    --------
    >>> import eowidgets as eow
    >>> eow.WindowSpec(size=16).size  # with a DeprecationWarning
    16
    """
    warn_deprecated("eow.WindowSpec", "eow.Windows, which also holds the bands", ends=ENDS)
    return Windows(**fields)


def present_model(name: str) -> str:
    """Return the present name of a model; for a name of the first release that of the checkpoint, with a warning.

    Parameters
    ----------
    name : str
        ``"system"`` or ``"system.tag"``; the tag of an older system is dropped, since each had one checkpoint.
    """
    system = name.partition(".")[0]
    if system not in MODELS:
        return name
    warn_deprecated(f"The model {shown(system)}", shown(MODELS[system]), ends=ENDS)
    return MODELS[system]


def join_feed(cls: type, feed: Feed) -> Feed:
    """Return the feed of a model class that still states ``inputs`` and ``window``, and remove both from it."""
    for name in ("inputs", "window"):
        stated = vars(cls).get(name)
        if isinstance(stated, Windows):
            set_ = {f.name: getattr(stated, f.name) for f in fields(stated) if getattr(stated, f.name) != f.default}
            feed = replace(feed, **set_)
            delattr(cls, name)
    return feed


class OlderFeed:
    """Return the feed under its former names, ``Model.inputs`` and ``Model.window``, with a warning."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, model: Any, cls: Any) -> Feed:
        warn_deprecated(f"{cls.__name__}.{self.name}", "feed", ends=ENDS)
        found: Feed = cls.feed if model is None else model.feed
        return found
