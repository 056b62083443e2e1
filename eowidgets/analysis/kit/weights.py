"""Weights that models need where there is no network."""

from __future__ import annotations

import sys
from pathlib import Path

from eowidgets.analysis.kit.contents import WEIGHTS
from eowidgets.contract.checkpoint import checkpoints
from eowidgets.contract.older import present_model
from eowidgets.contract.registry import model_class
from eowidgets.contract.saving import DOCUMENT, ENDING
from eowidgets.contract.saving import WEIGHTS as TENSORS
from eowidgets.errors import unknown


def model_files(name: str) -> dict[str, Path]:
    """Return the files that a model needs in addition to the package, by their path in a kit.

    Parameters
    ----------
    name : str
        A model (all of its checkpoints), ``"model.tag"`` (one of them), or the path of a saved model.

    Returns
    -------
    dict of str to Path
        Empty where the weights are in the package, or the model has none. Checkpoints on the hub are taken from its
        cache, or fetched.

    Raises
    ------
    InputError, SourceError
        For an unknown model, or weights that are not available and cannot be fetched.
    """
    saved = Path(name).expanduser()
    if (saved / DOCUMENT).is_file():
        return {f"{saved.name}/{file}": saved / file for file in (DOCUMENT, TENSORS)}
    if saved.suffix == ENDING and saved.is_file():
        return {saved.name: saved}
    name = present_model(name)
    system, _, tag = name.partition(".")
    found = model_class(system)
    file = sys.modules[found.__module__].__file__
    listed = checkpoints(Path(file).parent) if file else {}
    known = {n: c for n, c in listed.items() if c.system == system}
    if tag and name not in known:
        raise unknown("checkpoint", name, known)
    chosen = [c for n, c in known.items() if not tag or n == name]
    return {f"{WEIGHTS}/{c.file_name}": c.find() for c in chosen if c.hub}
