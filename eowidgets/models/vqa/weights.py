"""Save and load the networks that answer questions: safetensors in half precision, words and temperature in the header."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from eowidgets.errors import ModelError
from eowidgets.models.blocks import shipped
from eowidgets.models.vqa.config import DeltaVLMConfig, RSVQAConfig, from_json, to_json
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
        "config": to_json(network.config),
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
    from safetensors import SafetensorError

    shipped.check(path, sha256)
    try:
        state, about = shipped.read(path)
        kind, config = _KINDS[about["kind"]]
        network = kind(from_json(config, about["config"]))
        network.load_state_dict(state)
        write = Vocabulary(json.loads(about["write"])) if "write" in about else None
        ready = Ready(
            network.eval().requires_grad_(False),
            Vocabulary(json.loads(about["read"])),
            write,
            float(about["temperature"]),
        )
    except (SafetensorError, KeyError, ValueError, RuntimeError, TypeError) as error:
        raise ModelError(
            f"The weights {path.name} could not be read as a network of questions ({type(error).__name__})."
        ) from error
    return ready
