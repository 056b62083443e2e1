"""Save and load the question-answering networks: safetensors in half precision, vocabulary and temperature in the header."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from eowidgets.contract.checkpoint import Checkpoint
from eowidgets.contract.weights import from_json, load_strictly, reading, stored, to_json
from eowidgets.contract.weights import write as write_file
from eowidgets.models.vqa.deltavlm.config import DeltaVLMConfig
from eowidgets.models.vqa.deltavlm.network import DeltaVLM
from eowidgets.models.vqa.rsvqa.config import RSVQAConfig
from eowidgets.models.vqa.rsvqa.network import RSVQA
from eowidgets.models.vqa.text import SPECIAL, Vocabulary

_KINDS: dict[str, tuple[type[nn.Module], type[Any]]] = {
    "RSVQA": (RSVQA, RSVQAConfig),
    "DeltaVLM": (DeltaVLM, DeltaVLMConfig),
}


@dataclass(frozen=True, slots=True, eq=False)
class Ready:
    """A loaded network with its vocabularies and temperature.

    Attributes
    ----------
    network : RSVQA or DeltaVLM
        In evaluation mode.
    read : Vocabulary
        Vocabulary of questions.
    write : Vocabulary or None
        Vocabulary of answers in words.
    temperature : float
        Divisor of the logits.
    """

    network: Any
    read: Vocabulary
    write: Vocabulary | None
    temperature: float


def save(
    network: nn.Module, path: Path, *, read: Vocabulary, write: Vocabulary | None = None, temperature: float = 1.0
) -> str:
    """Write a network with its vocabularies and temperature; return the SHA-256 of the file."""
    header = {
        "kind": type(network).__name__,
        "config": to_json(network.config),
        "read": json.dumps(read.known[len(SPECIAL) :]),
        "temperature": repr(float(temperature)),
    }
    if write is not None:
        header["write"] = json.dumps(write.known[len(SPECIAL) :])
    return write_file(path, network, header)


def load(source: Path | Checkpoint, sha256: str | None = None) -> Ready:
    """Read a network in evaluation mode from a file or a checkpoint.

    Raises
    ------
    SourceError, ModelError
        If the file is missing, damaged, or not the expected one.
    """
    found = stored(source, sha256)
    about = found.header
    with reading(source, "a question-answering network"):
        kind, config = _KINDS[about["kind"]]
        network = kind(from_json(config, about["config"]))
        load_strictly(network, found.state, f"this {kind.__name__}")
        return Ready(
            network.eval().requires_grad_(False),
            Vocabulary(json.loads(about["read"])),
            Vocabulary(json.loads(about["write"])) if "write" in about else None,
            float(about["temperature"]),
        )
