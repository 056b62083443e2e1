"""Tensors of checkpoints: read without running anything that a file holds, loaded strictly, written in half precision.

Safetensors hold numbers only. A ``.pt``, ``.pth``, ``.ckpt`` or ``.bin`` is a pickle, which can run code when it is
read: it is read by ``torch.load(weights_only=True)`` alone, which builds tensors and plain containers and refuses
everything else but ``argparse.Namespace``, in which training scripts keep their options. Nothing is unpacked to disk.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from eowidgets.arguments import FilePath, Name, Sha256, checked
from eowidgets.contract.checkpoint import Checkpoint, read_file
from eowidgets.contract.hub import download
from eowidgets.errors import EowidgetsError, InputError, ModelError, shown

C = TypeVar("C")

PICKLES = (".pt", ".pth", ".ckpt", ".bin")
KINDS = (".safetensors", *PICKLES)
#: Keys under which training scripts store the weights.
NESTS = ("state_dict", "model_state_dict", "model", "weights")
#: Largest number of keys and shapes in a message.
NAMED = 3


@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """Content of a file of weights.

    Attributes
    ----------
    state : dict of str to Tensor
        Floating numbers in single precision; those in double precision stay so.
    header : dict of str to str
        The notes in a safetensors file.
    """

    state: dict[str, Tensor]
    header: dict[str, str]


@checked
def weights(
    source: FilePath, file: str = "model.safetensors", *, sha256: Sha256 | None = None, revision: Name | None = None
) -> dict[str, Tensor]:
    """Read the weights of a network, from a file here or from a repository on the Hugging Face hub.

    Parameters
    ----------
    source : str or Path
        A file (``.safetensors``, ``.pt``, ``.pth``, ``.ckpt``, ``.bin``), or a hub id such as ``"owner/name"``.
    file : str
        Name of the file in the hub repository.
    sha256 : str, optional
        Hash that the file must have; a file of another is not opened.
    revision : str, optional
        Commit, tag or branch on the hub. Give a commit where results must be repeatable.

    Returns
    -------
    dict of str to Tensor
        For ``network.load_state_dict(...)``.

    Raises
    ------
    InputError
        For a name that cannot be a file or a hub id.
    SourceError
        If the file is missing, or cannot be fetched and is not in the cache.
    ModelError
        If the file is not the one expected, is damaged, or holds more than weights.

    Examples
    --------
    >>> import eowidgets as eow
    >>> state = eow.weights("owner/name", file="model.safetensors")  # doctest: +SKIP
    """
    path = Path(source)
    if not (isinstance(source, Path) or path.suffix.lower() in KINDS or path.exists()):
        path = download(str(source), file, revision=revision)
    return _parsed(_checked_kind(path), read_file(path, sha256)[0])[0]


def stored(source: Path | Checkpoint, sha256: str | None = None, *, path: str | Path | None = None) -> Stored:
    """Read weights from a file or a checkpoint; half precision is converted to single precision.

    Parameters
    ----------
    source : Path or Checkpoint
        The key map of a checkpoint is applied.
    sha256 : str, optional
        Hash that a file must have; that of a checkpoint is always checked.
    path : str or Path, optional
        Where the file of a checkpoint is, if not in the folder of its system or on the hub.

    Raises
    ------
    InputError, SourceError, ModelError
        In one sentence, if the file is missing, is not the one expected, or is damaged.
    """
    if isinstance(source, Checkpoint):
        file = _checked_kind(source.find(path))
        state, header = _parsed(file, source.content(file))
        return Stored(_single(renamed(state, source)), header)
    state, header = _parsed(_checked_kind(source), read_file(source, sha256)[0])
    return Stored(_single(state), header)


def load_strictly(network: nn.Module, state: Mapping[str, Tensor], what: str = "the network") -> None:
    """Copy weights into a network that has exactly these keys and shapes.

    Tensors that the network uses under several names may be stored under the first of them only. A network on the
    device ``meta`` takes over the tensors themselves, in its own precision.

    Parameters
    ----------
    network : Module
    state : mapping of str to Tensor
    what : str
        Name of the network in messages.

    Raises
    ------
    ModelError
        For missing, unexpected or differently shaped weights: one sentence that names at most a few of them.
    """
    own = {name: value for name, value in network.state_dict().items() if isinstance(value, Tensor)}
    wrong = {
        "lack": sorted(own.keys() & unique_names(network) - state.keys()),
        "have in addition": sorted(state.keys() - own.keys()),
        "have in another shape": [
            f"{name} {tuple(state[name].shape)} instead of {tuple(own[name].shape)}"
            for name in sorted(own.keys() & state.keys())
            if state[name].shape != own[name].shape
        ],
    }
    if any(wrong.values()):
        listed = "; ".join(f"{verb} {_named(names)}" for verb, names in wrong.items() if names)
        raise ModelError(f"The weights are not those of {what}: they {listed}.")
    assign = any(v.is_meta for v in own.values())
    taken = {k: v.to(own[k].dtype) for k, v in state.items()} if assign else dict(state)
    network.load_state_dict(taken, strict=False, assign=assign)


def unique_names(network: nn.Module) -> set[str]:
    """Return the names of parameters and kept buffers; of several names of one tensor, the first only."""
    named = {n for n, _ in network.named_parameters()} | {n for n, _ in network.named_buffers()}
    return named & set(network.state_dict())


def load_checkpoint(network: nn.Module, checkpoint: Checkpoint, path: str | Path | None = None) -> nn.Module:
    """Load a checkpoint strictly into a network, and make the network ready to predict.

    Parameters
    ----------
    network : Module
    checkpoint : Checkpoint
    path : str or Path, optional
        The file, or its folder, if it is neither in the folder of its system nor to be fetched from the hub.

    Returns
    -------
    Module
        The same network, in evaluation mode and without gradients.

    Raises
    ------
    SourceError, ModelError
        In one sentence, if the file is missing, is not the one expected, or holds the weights of another network.

    Examples
    --------
    >>> from eowidgets.contract.weights import load_checkpoint
    >>> load_checkpoint(network, checkpoint, "weights/encoder.safetensors")  # doctest: +SKIP
    """
    load_strictly(network, stored(checkpoint, path=path).state, shown(checkpoint.name))
    return network.eval().requires_grad_(False)


def write(path: Path, network: nn.Module, header: Mapping[str, str]) -> str:
    """Write the weights of a network in half precision, with metadata, atomically.

    Returns
    -------
    str
        The SHA-256 of the file.
    """
    kept = unique_names(network)
    state = {k: (v.half() if v.is_floating_point() else v) for k, v in network.state_dict().items() if k in kept}
    return write_safetensors(path, state, header)


def write_safetensors(path: Path, state: Mapping[str, Tensor], header: Mapping[str, str]) -> str:
    """Write tensors as they are, with metadata, atomically; return the SHA-256 of the file."""
    from safetensors.torch import save

    copies = {
        k: v.detach().cpu().contiguous().clone() for k, v in state.items()
    }  # safetensors refuses tensors that share memory
    data = save(copies, metadata=dict(header) or None)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(data)
    part.replace(path)
    return hashlib.sha256(data).hexdigest()


@contextmanager
def reading(source: Path | Checkpoint, what: str) -> Iterator[None]:
    """Convert errors of unexpected metadata into one sentence with the name ``what`` of the network.

    Raises
    ------
    ModelError
    """
    try:
        yield
    except EowidgetsError:
        raise
    except (KeyError, ValueError, RuntimeError, TypeError) as error:
        name = Path(source.file).name if isinstance(source, Checkpoint) else source.name
        raise ModelError(f"The weights {name} could not be read as {what} ({type(error).__name__}).") from error


def to_json(config: Any) -> str:
    """Return a configuration, a dataclass, as text for the metadata of a file."""
    return json.dumps(dataclasses.asdict(config))


def from_json(cls: type[C], text: str) -> C:
    """Read a configuration; lists become tuples."""
    return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in json.loads(text).items()})


def _checked_kind(path: Path) -> Path:
    if path.suffix.lower() not in KINDS:
        raise InputError(f"Weights are not read from {path.name[:80]!r}: give a file that ends in {', '.join(KINDS)}.")
    return path


def _parsed(path: Path, data: bytes) -> tuple[dict[str, Tensor], dict[str, str]]:
    name = path.name[:80]
    if path.suffix.lower() == ".safetensors":
        found, header = parse_safetensors(name, data)
        return _state(found, name), header
    # A namespace only holds attributes; each of them is checked in the same way.
    with _damage(name), torch.serialization.safe_globals([argparse.Namespace]):
        loaded = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    return _state(loaded, name), {}


def parse_safetensors(name: str, data: bytes) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return the tensors and the notes of a safetensors file.

    Raises
    ------
    ModelError
        If it is damaged; the message has its ``name``.
    """
    from safetensors.torch import load

    with _damage(name[:80]):
        tensors = load(data)
        # The notes are JSON, whose length is written in the first eight bytes.
        end = 8 + int.from_bytes(data[:8], "little")
        return tensors, dict(json.loads(data[8:end]).get("__metadata__") or {})


@contextmanager
def _damage(name: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        raise ModelError(
            f"The weights {name!r} could not be read ({type(error).__name__}): the file is damaged, or holds objects "
            "other than tensors, which are never loaded; ask for it as .safetensors."
        ) from error


def _state(found: Any, name: str) -> dict[str, Tensor]:
    for nest in NESTS:
        if isinstance(found, Mapping) and isinstance(found.get(nest), Mapping):
            found = found[nest]
    found = _flat(found)
    if not isinstance(found, Mapping) or not found or not all(isinstance(v, Tensor) for v in found.values()):
        raise ModelError(
            f"The file {name!r} holds no state dict (names and tensors): save it with network.state_dict()."
        )
    return {str(key): value for key, value in found.items()}


def _flat(found: Any) -> Any:
    """Put the weights of several networks, each under its name, into one state dict: ``{"a": {"b": t}}`` as ``a.b``."""
    if not isinstance(found, Mapping) or not found or not all(isinstance(part, Mapping) for part in found.values()):
        return found
    return {f"{name}.{key}": value for name, part in found.items() for key, value in part.items()}


def _single(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    half = (torch.float16, torch.bfloat16)
    return {k: (v.float() if v.dtype in half else v) for k, v in state.items()}


def renamed(state: Mapping[str, Tensor], checkpoint: Checkpoint) -> dict[str, Tensor]:
    """Apply the key map of a checkpoint and leave out what the network does not use.

    The longest matching prefix is used.

    Raises
    ------
    ModelError
        If two weights get one name.
    """
    prefixes = sorted(checkpoint.keys, key=len, reverse=True)
    found: dict[str, Tensor] = {}
    for name, value in state.items():
        old = next((p for p in prefixes if name.startswith(p)), None)
        new = name if old is None else checkpoint.keys[old] + name[len(old) :]
        if new in found:
            raise ModelError(f"The key map of {shown(checkpoint.name)} gives two weights the name {shown(new)}.")
        if not new.startswith(checkpoint.unused):
            found[new] = value
    return found


def _named(names: list[str]) -> str:
    listed = ", ".join(name[:60] for name in names[:NAMED])
    return listed if len(names) <= NAMED else f"{listed} and {len(names) - NAMED} more"
