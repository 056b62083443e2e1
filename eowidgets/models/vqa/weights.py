"""Save and load the networks that answer questions: safetensors in half precision, words and temperature in the header."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from eowidgets.models.blocks import shipped
from eowidgets.models.vqa.config import DeltaVLMConfig, RSVQAConfig
from eowidgets.models.vqa.deltavlm import DeltaVLM
from eowidgets.models.vqa.rsvqa import RSVQA
from eowidgets.models.vqa.text import SPECIAL, Vocabulary

FOLDER = Path(__file__).parent / "weights"
_KINDS: dict[str, tuple[type[nn.Module], type[Any]]] = {
    "RSVQA": (RSVQA, RSVQAConfig),
    "DeltaVLM": (DeltaVLM, DeltaVLMConfig),
}


@dataclass(frozen=True, slots=True, eq=False)
class Ready:
    """A network that can be asked.

    Attributes
    ----------
    network : RSVQA or DeltaVLM
        Ready to predict.
    read : Vocabulary
        Of questions.
    write : Vocabulary or None
        Of answers in words.
    temperature : float
        By which logits are divided.
    """

    network: Any
    read: Vocabulary
    write: Vocabulary | None
    temperature: float


def save(
    network: nn.Module, path: Path, *, read: Vocabulary, write: Vocabulary | None = None, temperature: float = 1.0
) -> str:
    """Write a network with what it needs; give the sha256 for the card."""
    header = {
        "kind": type(network).__name__,
        "config": shipped.to_json(network.config),
        "read": json.dumps(read.known[len(SPECIAL) :]),
        "temperature": repr(float(temperature)),
    }
    if write is not None:
        header["write"] = json.dumps(write.known[len(SPECIAL) :])
    return shipped.write(path, network.state_dict(), header)


def load(path: Path, sha256: str | None = None) -> Ready:
    """Read a network; refused if it is not the file that the card names.

    Raises
    ------
    ModelError
        If the file is missing, damaged, or not the one expected.
    """
    shipped.check(path, sha256)
    with shipped.reading(path, "a network of questions"):
        state, about = shipped.read(path)
        kind, config = _KINDS[about["kind"]]
        network = kind(shipped.from_json(config, about["config"]))
        network.load_state_dict(state)
        write = Vocabulary(json.loads(about["write"])) if "write" in about else None
        return Ready(
            network.eval().requires_grad_(False),
            Vocabulary(json.loads(about["read"])),
            write,
            float(about["temperature"]),
        )
