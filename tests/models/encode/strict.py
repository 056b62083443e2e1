"""Check that an encoder loads exactly the published keys and shapes, with states that take no memory.

Tests import it as ``from models.encode.strict import refuses_other_states``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from eowidgets.contract.registry import get_model
from eowidgets.contract.weights import renamed
from eowidgets.errors import ModelError
from eowidgets.models.encode.base import Encoder


def fabricated(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """Return zeros of these shapes; each tensor holds one number, in memory and in a file."""
    return {key: torch.zeros(()).expand(tuple(shape)) for key, shape in shapes.items()}


def refuses_other_states(
    model: str, state: Mapping[str, Tensor | tuple[int, ...]], tmp_path: Path, key: str = "", **params: Any
) -> None:
    """Check that a model loads a state with the published keys, and refuses three changes of it with the key named.

    The changes: one key more, one key less, one tensor of another shape. Networks are built on the device ``meta``, so
    that large ones take no memory and no time.

    Parameters
    ----------
    model : str
        Name of the model, or ``"system.tag"`` of one of its checkpoints.
    state : mapping of str to Tensor, or to tuple of int
        Published keys, as they are in the file, and tensors or shapes.
    tmp_path : Path
        Folder for the files.
    key : str
        The key that is taken away or reshaped; without it the last one that the network uses.
    **params
        Further parameters of the model.

    Examples
    --------
    >>> refuses_other_states("galileo.nano", Encoder().state_dict(), tmp_path)  # doctest: +SKIP
    """
    full = fabricated({k: tuple(v.shape) if isinstance(v, Tensor) else tuple(v) for k, v in state.items()})
    made = get_model(model, weights=_saved(tmp_path / "whole.pt", full), **params)
    assert isinstance(made, Encoder)
    checkpoint = made.checkpoint
    used = {old: new for old in full for new in renamed({old: full[old]}, checkpoint)}
    with torch.device("meta"):
        network = made.module()
    assert set(network.state_dict()) == set(used.values())
    assert not network.training

    key = key or max(k for k in used if full[k].dim())
    longer = (full[key].shape[0] + 1, *full[key].shape[1:])
    changed = {
        "lack": ({k: v for k, v in full.items() if k != key}, used[key]),
        "have in addition": ({**full, "surplus.weight": torch.zeros(2)}, "surplus.weight"),
        "have in another shape": ({**full, key: torch.zeros(()).expand(longer)}, used[key]),
    }
    for verb, (other, named) in changed.items():
        refused = get_model(model, weights=_saved(tmp_path / "other.pt", other), **params)
        with (
            torch.device("meta"),
            pytest.raises(ModelError, match=f"not those of {checkpoint.name!r}: they {verb} ") as error,
        ):
            refused.module()
        # A message shows the first 60 characters of a key.
        assert re.search(rf"{verb} \S*{re.escape(named[:60])}", str(error.value)), error.value
        assert "\n" not in str(error.value)


def _saved(path: Path, state: Mapping[str, Tensor]) -> str:
    torch.save(dict(state), path)
    return str(path)
