"""Weights that others publish: where they are, and how they get into a network, whole or not at all."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from torch import nn

from eowidgets.errors import ModelError, short
from eowidgets.models.weights import download, load_state

#: The file in the folder of a system that lists its weights.
LIST = "weights.toml"
#: Value of the parameter ``weights`` that fetches the published file.
FROM_HUB = "hub"


@dataclass(frozen=True, slots=True)
class Published:
    """A file of weights on the Hugging Face hub.

    Attributes
    ----------
    name : str
        ``"system.tag"``.
    licence, hub, file, revision : str
        Licence; repository, file in it and commit.
    sha256 : str
        Hash of the file.
    size : int
        Bytes of the file.
    unused : sequence of str
        Prefixes of keys that the file has and the network has not.
    """

    name: str
    licence: str
    hub: str
    file: str
    revision: str
    sha256: str
    size: int
    unused: Sequence[str] = ()

    def load(self, network: nn.Module, source: str) -> nn.Module:
        """Load the weights strictly, and make the network ready to predict.

        Parameters
        ----------
        network : Module
        source : str
            A file here, or ``"hub"`` to fetch the published one.

        Raises
        ------
        SourceError
            If the file is missing or cannot be fetched.
        ModelError
            In one sentence, without a source, or if the file holds the weights of another network.
        """
        if not source:
            system, name = self.name.partition(".")[0], Path(self.file).name
            raise ModelError(
                f"The model {system!r} has no weights: set weights='hub' to fetch {name} ({self.size / 1e6:.1f} MB) from "
                f"huggingface.co/{self.hub}, or weights='path/to/{name}' for a file that you have."
            )
        published = source == FROM_HUB
        path = download(self.hub, self.file, revision=self.revision) if published else Path(source).expanduser()
        state = load_state(path, self.sha256 if published else None)
        state = {key: value for key, value in state.items() if not key.startswith(tuple(self.unused))}
        own = network.state_dict()
        wrong = {
            "lack": own.keys() - state.keys(),
            "have in addition": state.keys() - own.keys(),
            "have in another shape": {k for k in own.keys() & state.keys() if own[k].shape != state[k].shape},
        }
        if any(wrong.values()):
            listed = "; ".join(f"{verb} {short(', '.join(sorted(keys)))}" for verb, keys in wrong.items() if keys)
            raise ModelError(f"The weights in {path.name[:80]!r} are not those of {self.name}: they {listed}.")
        network.load_state_dict(state)
        return network.eval().requires_grad_(False)


def published(folder: Path, name: str) -> Published:
    """Return the weights of a name from ``weights.toml`` in the folder of a system."""
    rows = tomllib.loads((folder / LIST).read_text(encoding="utf-8"))["checkpoint"]
    row = next(row for row in rows if row["name"] == name)
    return Published(**{field.name: row[field.name] for field in fields(Published) if field.name in row})
