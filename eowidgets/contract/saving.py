"""Save a model as data: JSON for its arguments and settings, safetensors for its numbers, and no executable content.

:mod:`eowidgets.contract.loading` recreates the model from its class, which the registry finds by name.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from eowidgets.contract import card, feeds, labels, outputs, target, task
from eowidgets.contract.weights import unique_names, write_safetensors
from eowidgets.cube.export.place import beside, move
from eowidgets.cube.export.place import target as file_at
from eowidgets.errors import InputError, shown

if TYPE_CHECKING:
    from eowidgets.contract.model import Model

FORMAT = 1
#: Key of the JSON text in a single file, and the files in a folder.
NOTE, DOCUMENT, WEIGHTS = "eowidgets", "model.json", "weights.safetensors"
ENDING = ".safetensors"
#: Declarations of a class about its input and output, by which a changed class is detected.
DECLARED = ("feed", "resamples")
#: Attributes that are not saved as such: arguments and parameters are saved separately, the device is chosen by a run.
_LEFT = ("params", "device", "_made_from")


class Unsaved(Exception):
    """A value that cannot be saved as data; the message states its type."""


@dataclass
class Packed:
    """A model as data.

    Attributes
    ----------
    document : dict
        For JSON.
    tensors : dict of str to Tensor
        Tensors by the names in the document.
    """

    document: dict[str, Any]
    tensors: dict[str, Tensor] = field(default_factory=dict)


def save(model: Model, path: str | Path) -> Path:
    """Write a model with its parameters, networks, preparation, outputs and card.

    Parameters
    ----------
    model : Model
        Of a registered class, or created by ``eow.wrap``.
    path : str or Path
        ``name.safetensors`` for one file, or a name without ending for a folder with ``model.json`` and
        ``weights.safetensors``. A model saved there before is replaced.

    Returns
    -------
    Path

    Raises
    ------
    InputError
        If the model holds an object that cannot be saved as data, or something else exists at the path.
    SourceError
        If the path cannot be written. Nothing is left behind.

    Examples
    --------
    >>> import eowidgets as eow
    >>> eow.get_model("harmonic").save("harmonic.safetensors")  # doctest: +SKIP
    """
    found = Path(path).expanduser()
    found = _folder(found) if found.suffix == "" else file_at(found, (ENDING,))
    packed = pack(model)
    text = json.dumps(packed.document, indent=1)
    with beside(found) as folder:
        whole = folder / found.name
        if found.suffix == ENDING:
            write_safetensors(whole, packed.tensors, {NOTE: text})
        else:
            whole.mkdir()
            (whole / DOCUMENT).write_text(f"{text}\n", encoding="utf-8")
            write_safetensors(whole / WEIGHTS, packed.tensors, {})
        move([(whole, found)])
    return found


def _folder(path: Path) -> Path:
    if not path.parent.is_dir():
        raise InputError(f"There is no folder {str(path.parent)[:80]!r}: create it first, or choose another.")
    if path.is_symlink() or (path.exists() and not (path / DOCUMENT).is_file()):
        raise InputError(f"{shown(path.name)} exists and is not a saved model: choose another name.")
    return path


def pack(model: Model) -> Packed:
    """Return a model as data; see :func:`save`."""
    import eowidgets

    kind = type(model)
    document: dict[str, Any] = {"format": FORMAT, "eowidgets": eowidgets.__version__, "model": model.name}
    document["class"] = f"{kind.__module__}.{kind.__qualname__}"
    packed = Packed(document)
    _pack_networks(model, packed)
    if hasattr(model, "made_with"):  # by eow.wrap
        document["wrapped"] = {k: _data(model, k, v, packed.tensors) for k, v in model.made_with.items()}
        document["network"] = _network_note(model.module())
    else:
        document["params"] = {
            f.name: _data(model, f.name, getattr(model.params, f.name), packed.tensors)
            for f in dataclasses.fields(model.params)
        }
        document["arguments"] = _arguments(model, packed.tensors)
    _pack_attributes(model, packed)
    document["card"] = encode(model.card, packed.tensors, "card")
    document["declared"] = declared(model)
    return packed


def declared(model: Model) -> dict[str, Any]:
    """Return what the class of a model declares about its input, as plain data."""
    return {name: encode(getattr(model, name), {}, name) for name in DECLARED if hasattr(model, name)}


def networks_of(model: Model) -> dict[str, nn.Module]:
    """Return the networks of a model by the attribute that holds them; weights that are read lazily are read."""
    main = model.module()
    found = {name: value for name, value in vars(model).items() if isinstance(value, nn.Module)}
    if main is not None and all(main is not value for value in found.values()):
        found["module()"] = main
    return found


def _pack_networks(model: Model, packed: Packed) -> None:
    names = []
    for name, network in networks_of(model).items():
        if _network_note(network)["file_sha256"] is None:  # a network from a file stays in its file
            names.append(name)
            state, kept = network.state_dict(), unique_names(network)
            packed.tensors |= {f"network/{name}/{key}": state[key] for key in sorted(kept)}
    packed.document["networks"] = names


def _network_note(network: nn.Module | None) -> dict[str, Any]:
    data = getattr(network, "data", None)
    digest = hashlib.sha256(data).hexdigest() if isinstance(data, bytes) else None
    return {"class": type(network).__qualname__, "file_sha256": digest}


def _arguments(model: Model, tensors: dict[str, Tensor]) -> dict[str, Any]:
    """Return the arguments of the constructor; a network among them is marked, and given again when loading."""
    args, kwargs = vars(model).get("_made_from", ((), {}))
    networks = [v for v in (*args, *kwargs.values()) if isinstance(v, nn.Module)]
    if len(networks) > 1:
        raise InputError(
            f"The model {shown(model.name)} was created with {len(networks)} networks: save one of them only."
        )
    own = {f.name for f in dataclasses.fields(model.params)}
    return {
        "args": [_argument(model, str(i), v, tensors) for i, v in enumerate(args)],
        "kwargs": {k: _argument(model, k, v, tensors) for k, v in kwargs.items() if k not in own},
    }


def _argument(model: Model, name: str, value: Any, tensors: dict[str, Tensor]) -> Any:
    if isinstance(value, nn.Module):
        return {"__network__": type(value).__qualname__}
    return _data(model, name, value, tensors)


def _data(model: Model, name: str, value: Any, tensors: dict[str, Tensor]) -> Any:
    try:
        return encode(value, tensors, f"argument/{name}")
    except Unsaved as error:
        raise InputError(
            f"The model {shown(model.name)} was created with {shown(name)}, {error}, which cannot be saved as data."
        ) from None


def _pack_attributes(model: Model, packed: Packed) -> None:
    """Add the attributes of the instance; public objects that cannot be saved as data must come from the constructor."""
    found = {}
    for name, value in vars(model).items():
        if name in _LEFT or isinstance(value, nn.Module):
            continue
        try:
            found[name] = encode(value, packed.tensors, f"attribute/{name}")
        except Unsaved as error:
            if not name.startswith("_") and not _constructed(model, name, value):
                raise InputError(
                    f"The model {shown(model.name)} has {shown(name)}, {error}, which cannot be saved as data: "
                    "create it in the constructor, or keep it in tensors or numbers."
                ) from None
    packed.document["attributes"] = found


def _constructed(model: Model, name: str, value: Any) -> bool:
    """Return whether the constructor creates an attribute of the same type."""
    args, kwargs = vars(model).get("_made_from", ((), {}))
    return type(vars(type(model)(*args, **kwargs)).get(name)) is type(value)


def encode(value: Any, tensors: dict[str, Tensor], name: str) -> Any:
    """Return a value as data for JSON; tensors and arrays are put into ``tensors`` under a name.

    Raises
    ------
    Unsaved
        For an object that cannot be saved as data.
    """
    if isinstance(value, np.generic) and not isinstance(value, np.datetime64 | np.timedelta64):
        value = value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return value if type(value) in (bool, int, float, str, type(None)) else _plain(value)
    if isinstance(value, Tensor):
        tensors[name] = value
        return {"__tensor__": name}
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        tensors[name] = torch.from_numpy(np.array(value, order="C"))
        return {"__array__": name}
    if value_classes().get(type(value).__name__) is type(value):
        parts = {f.name: getattr(value, f.name) for f in dataclasses.fields(value) if f.init}
        return {"__class__": type(value).__name__, "fields": _each(parts, tensors, name)}
    if isinstance(value, Mapping):
        if all(isinstance(k, str) and not k.startswith("__") for k in value):
            return _each(value, tensors, name)
        pairs = [(k, v) for k, v in value.items()]
        return {
            "__pairs__": [
                [encode(k, tensors, name), encode(v, tensors, f"{name}/{i}")] for i, (k, v) in enumerate(pairs)
            ]
        }
    if isinstance(value, list | tuple):
        parts_of = [encode(v, tensors, f"{name}/{i}") for i, v in enumerate(value)]
        return {"__tuple__": parts_of} if isinstance(value, tuple) else parts_of
    raise Unsaved(f"an object of the type {type(value).__name__[:80]}")


def value_classes() -> dict[str, type[Any]]:
    """Return the classes of values that are saved, by name: the dataclasses of the contract and those derived from them."""
    modules: tuple[ModuleType, ...] = (card, feeds, labels, outputs, target, task)
    own = [
        kind
        for module in modules
        for kind in vars(module).values()
        if isinstance(kind, type) and kind.__module__.startswith(module.__name__)
    ]
    found = (*(one for kind in own for one in _derived(kind)), *own)
    return {kind.__name__: kind for kind in found if dataclasses.is_dataclass(kind)}


def _derived(kind: type[Any]) -> list[type[Any]]:
    return [one for child in kind.__subclasses__() for one in (child, *_derived(child))]


def _each(values: Mapping[str, Any], tensors: dict[str, Tensor], name: str) -> dict[str, Any]:
    return {key: encode(value, tensors, f"{name}/{key}") for key, value in values.items()}


def _plain(value: Any) -> Any:
    """Return the plain number or text of an instance of a subclass, such as a member of an enumeration."""
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind.__str__(value) if kind is str else kind(value)
    raise Unsaved(f"an object of the type {type(value).__name__[:80]}")
