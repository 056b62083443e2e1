"""``eow.embed``: a vector per pixel or patch of a cube, from any model with a ``Vector`` output."""

from __future__ import annotations

from typing import Annotated, Any

import xarray as xr

from eowidgets.arguments import MODEL, FilePath, Memory, Seed, checked
from eowidgets.contract.model import Model
from eowidgets.contract.outputs import Vector
from eowidgets.contract.registry import get_model
from eowidgets.cube.area import AreaLike
from eowidgets.cube.schema import bands
from eowidgets.cube.vectors import holds_vectors
from eowidgets.deprecation import keyword_only
from eowidgets.engine.run import run
from eowidgets.errors import InputError, shown

#: Short names of the model that describes the time series of each pixel without trained weights.
SHORT = ("auto", "series")
SERIES = "series-features"


@keyword_only("area", ends="0.3")
@checked
def embed(
    cube: xr.Dataset,
    model: Annotated[str | Model | type[Model], MODEL] = "auto",
    *,
    area: AreaLike | None = None,
    out: FilePath | None = None,
    seed: Seed = 0,
    device: str = "auto",
    memory: Memory = "2GB",
    **params: Any,
) -> xr.Dataset:
    """Describe every pixel, or patch, of a cube by a vector.

    Parameters
    ----------
    cube : Dataset (time, y, x)
        A cube that holds vectors already is returned as it is.
    model : str, Model or Model class
        A model with a :class:`~eowidgets.Vector` output. ``"auto"`` and ``"series"`` are ``"series-features"``: statistics
        and season of each band, without trained weights.
    area : optional
        Where to compute vectors: whatever ``eow.Area.of`` takes. By default the whole cube.
    out : path, optional
        File or store to write, as for :func:`eowidgets.run`.
    seed : int
        Seed of the random numbers, for models that use some.
    device : str
        ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.
    memory : str or float
        Main memory that a run may take, such as ``"2GB"``, or bytes.
    **params
        Parameters of the model, and further arguments of :func:`eowidgets.run`, such as ``progress``.

    Returns
    -------
    Dataset
        One variable ``(feature, y, x)`` on the grid of the model, ``valid``, and ``attrs["provenance"]``.

    Raises
    ------
    InputError, ModelError
        If the model has no vector output, or does not run on this cube.

    Examples
    --------
    >>> import eowidgets as eow
    >>> vectors = eow.embed(eow.open("romania"), "galileo", weights="nano.pt")  # doctest: +SKIP
    """
    if holds_vectors(cube):
        if area is not None or out is not None or params:
            raise InputError(
                "The cube already holds vectors, so area, out and parameters do not apply: leave them out, and choose pixels "
                "with eow.Index.of(cube, valid=mask)."
            )
        return cube
    made = get_model(SERIES if isinstance(model, str) and model in SHORT else model).with_params()
    found = bands(cube)
    made.adapt(found)
    kinds = [output.kind for output in made.outputs(made.feed.bands or found)]
    if Vector.__name__ not in kinds:
        raise InputError(
            f"The model {shown(made.name)} returns {' and '.join(kinds)} but no vectors: choose one of "
            "eow.list_models(task='embed')."
        )
    return run(made, cube, area=area, out=out, seed=seed, device=device, memory=memory, **params)
