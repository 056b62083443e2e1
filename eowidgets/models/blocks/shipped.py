"""Weights that come with the package: safetensors in half precision, what else a network needs in the header."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from torch import Tensor

from eowidgets.contract.card import Card
from eowidgets.errors import ModelError

C = TypeVar("C")


def write(path: Path, state: Mapping[str, Tensor], header: dict[str, str]) -> str:
    """Write weights and header, whole or not at all; give the sha256 for the card."""
    from safetensors.torch import save_file

    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    halves = {k: (v.half() if v.is_floating_point() else v).contiguous() for k, v in state.items()}
    save_file(halves, part, metadata=header)
    part.chmod(0o644)  # safetensors makes files that nobody but their owner reads
    part.replace(path)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def check(path: Path, sha256: str | None = None) -> None:
    """Refuse a file that is missing, or is not the one that the card names.

    Raises
    ------
    ModelError
    """
    if not path.is_file():
        raise ModelError(f"The weights {path.name} are not in this installation: install the package again.")
    if sha256 is not None and hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
        raise ModelError(f"The weights {path.name} differ from what the card describes: install the package again.")


def read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Weights in single precision, and the header; what is damaged raises as safetensors does."""
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        state = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118  (not a dict)
        header = dict(file.metadata() or {})
    return {k: (v.float() if v.is_floating_point() else v) for k, v in state.items()}, header


@contextmanager
def reading(path: Path, what: str) -> Iterator[None]:
    """Turn whatever a damaged or foreign file raises into one sentence, which calls the network ``what``.

    Raises
    ------
    ModelError
    """
    from safetensors import SafetensorError

    try:
        yield
    except (SafetensorError, KeyError, ValueError, RuntimeError, TypeError) as error:
        raise ModelError(f"The weights {path.name} could not be read as {what} ({type(error).__name__}).") from error


def measured(card: Card, folder: Path) -> Card:
    """Add hash and scores out of ``<weights>.json`` in ``folder``, if the weights ship."""
    note = folder / f"{Path(str(card.weights)).stem}.json"
    if not note.exists():
        return card
    found = json.loads(note.read_text(encoding="utf-8"))
    return dataclasses.replace(card, sha256=found["sha256"], scores=found["scores"])


def to_json(config: Any) -> str:
    """Write a configuration, a dataclass, for the header."""
    return json.dumps(dataclasses.asdict(config))


def from_json(cls: type[C], text: str) -> C:
    """Read a configuration; lists become tuples."""
    return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in json.loads(text).items()})
