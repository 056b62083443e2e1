"""Load a model that :mod:`eowidgets.contract.saving` wrote."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from eowidgets.arguments import FilePath, checked
from eowidgets.contract.checkpoint import read_file
from eowidgets.contract.model import Model
from eowidgets.contract.params import make_params
from eowidgets.contract.registry import model_class
from eowidgets.contract.saving import DOCUMENT, ENDING, FORMAT, NOTE, WEIGHTS, declared, networks_of, value_classes
from eowidgets.contract.weights import load_strictly, parse_safetensors
from eowidgets.errors import EowidgetsError, InputError, ModelError, shown, unknown, warn_user, words

#: Module of the function that creates a model from a network; it is above this layer and imported by name.
WRAP = "eowidgets.models.wrap.adapter"


@checked
def load(path: FilePath, network: nn.Module | FilePath | None = None, *, trust: bool = False) -> Model:
    """Load a model that ``model.save(path)`` wrote.

    Nothing in the file is executed: the class comes from the registry, by name. A user's class must be registered in
    this session first.

    Parameters
    ----------
    path : str or Path
        File or folder.
    network : Module, str or Path, optional
        The network of a model created by ``eow.wrap``, or the one passed to the constructor of its class: the architecture
        is code and is not in the file. The saved weights are loaded into it, strictly. For a network from a file, that file.
    trust : bool
        Load a network that is a TorchScript or exported file; only for files from a source that you trust.

    Returns
    -------
    Model
        Ready to run, with the same parameters, weights, preparation, outputs and card.

    Raises
    ------
    InputError
        If the class is not registered, or the network is needed and not given.
    SourceError, ModelError
        If the file is missing or damaged, is not a saved model, or holds the weights of another network.

    Examples
    --------
    >>> import eowidgets as eow
    >>> model = eow.load("harmonic.safetensors")  # doctest: +SKIP
    """
    document, tensors = _read(Path(path).expanduser())
    try:
        model = _made(document, tensors, network, trust)
        _restore(model, document, tensors)
    except EowidgetsError:
        raise
    except Exception as error:  # a document of another form, or the constructor of a class that has changed
        name = document.get("model")
        raise ModelError(f"The saved model {shown(name)} could not be recreated ({words(error)}).") from error
    if declared(model) != document.get("declared"):
        warn_user(f"The class of {shown(model.name)} declares another input than when it was saved: check its results.")
    return model


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    folder = path.is_dir()
    file = path / WEIGHTS if folder else path
    if not folder and path.suffix.lower() != ENDING:
        raise InputError(f"{shown(path.name)} is not a saved model: give a folder or a file that ends in {ENDING}.")
    tensors, header = parse_safetensors(file.name, read_file(file)[0])
    text = read_file(path / DOCUMENT)[0] if folder else header.get(NOTE, "")
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, dict) or not isinstance(document.get("model"), str):
        raise ModelError(
            f"{shown(path.name)} does not hold a saved model: model.save(path) writes one; eow.weights reads weights alone."
        )
    if document.get("format") != FORMAT:
        raise ModelError(f"{shown(path.name)} was saved by another version of eowidgets: update eowidgets to load it.")
    return document, tensors


def _made(
    document: Mapping[str, Any], tensors: Mapping[str, Tensor], network: nn.Module | str | Path | None, trust: bool
) -> Model:
    """Create the model without its weights and attributes."""
    if "wrapped" in document:
        return _wrapped(document, tensors, network, trust)
    return _registered(document, tensors, network)


def _wrapped(
    document: Mapping[str, Any], tensors: Mapping[str, Tensor], network: nn.Module | str | Path | None, trust: bool
) -> Model:
    note = document["network"]
    if network is None:
        what = "file" if note["file_sha256"] else f"{note['class'][:80]}(...)"
        raise InputError(
            f"The saved model {shown(document['model'])} wraps a network, whose code is not saved: give it with "
            f"eow.load(path, network={what})."
        )
    more = {} if isinstance(network, nn.Module) else {"trust": trust, "sha256": note["file_sha256"]}
    wrap = import_module(WRAP).wrap
    model: Model = wrap(network, **decode(document["wrapped"], tensors), **more)
    return model


def _registered(
    document: Mapping[str, Any], tensors: Mapping[str, Tensor], network: nn.Module | str | Path | None
) -> Model:
    name = document["model"]
    try:
        kind = model_class(name)
    except InputError as error:
        raise InputError(
            f"The saved model {shown(name)} is of the class {shown(document['class'])}, which is not registered: run the "
            "code that defines and registers it, then load again."
        ) from error
    params = decode(document["params"], tensors)
    make_params(kind.Params, params)
    args, kwargs = _arguments(kind, document["arguments"], tensors, network)
    try:
        return kind(*args, **{**kwargs, **params})
    except TypeError:  # a constructor that passes no parameters on
        model = kind(*args, **kwargs)
        model.params = make_params(kind.Params, params)
        return model


def _arguments(
    kind: type[Model], saved: Mapping[str, Any], tensors: Mapping[str, Tensor], network: nn.Module | str | Path | None
) -> tuple[list[Any], dict[str, Any]]:
    """Return the arguments of the constructor, with the network where one was given."""
    if network is not None and not isinstance(network, nn.Module):
        raise InputError(f"The model {shown(kind.name)} cannot take a file as its network: give a torch.nn.Module.")
    own = list(inspect.signature(kind.__init__).parameters.values())[1:]
    by_name = {p.name: p for p in own}

    def value(one: Any, parameter: inspect.Parameter | None) -> Any:
        if not isinstance(one, Mapping) or "__network__" not in one:
            return decode(one, tensors)
        if network is not None:
            return network
        if parameter is None or parameter.default is inspect.Parameter.empty:
            raise InputError(
                f"The saved model {shown(kind.name)} was created with a network, whose code is not saved: give it with "
                f"eow.load(path, network={one['__network__'][:80]}(...))."
            )
        return parameter.default

    args = [value(one, own[i] if i < len(own) else None) for i, one in enumerate(saved["args"])]
    return args, {name: value(one, by_name.get(name)) for name, one in saved["kwargs"].items()}


def _restore(model: Model, document: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
    """Load the weights and set the attributes of the saved instance."""
    found = networks_of(model) if document["networks"] else {}
    for name in document["networks"]:
        prefix = f"network/{name}/"
        state = {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
        if name not in found:
            raise ModelError(f"The class of {shown(model.name)} no longer has a network {shown(name)}.")
        load_strictly(found[name], state, f"the network of {shown(model.name)}")
        found[name].eval()
    for name, value in document["attributes"].items():
        if not name.isidentifier() or callable(getattr(type(model), name, None)):
            raise ModelError(f"The saved model {shown(model.name)} has an impossible attribute {shown(name)}.")
        setattr(model, name, decode(value, tensors))


def decode(value: Any, tensors: Mapping[str, Tensor]) -> Any:
    """Invert :func:`eowidgets.contract.saving.encode`; only classes of the contract are created."""
    if isinstance(value, list):
        return [decode(v, tensors) for v in value]
    if not isinstance(value, Mapping):
        return value
    if "__tuple__" in value:
        return tuple(decode(v, tensors) for v in value["__tuple__"])
    if "__pairs__" in value:
        return {decode(k, tensors): decode(v, tensors) for k, v in value["__pairs__"]}
    if "__tensor__" in value:
        return tensors[value["__tensor__"]]
    if "__array__" in value:
        return tensors[value["__array__"]].numpy()
    if "__class__" in value:
        known = value_classes()
        if value["__class__"] not in known:
            raise unknown("class of values", value["__class__"], known)
        return known[value["__class__"]](**decode(value["fields"], tensors))
    return {key: decode(v, tensors) for key, v in value.items()}
