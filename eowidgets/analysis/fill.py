"""Fill the gaps of a cube with the method that has the smallest error on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import xarray as xr

from eowidgets.arguments import FilePath, Memory, Seed, checked
from eowidgets.contract.catalogue import listings
from eowidgets.contract.model import Model
from eowidgets.contract.registry import get_model
from eowidgets.contract.task import Task
from eowidgets.cube.area import AreaLike
from eowidgets.engine.run import run
from eowidgets.errors import InputError

if TYPE_CHECKING:
    from distributed import Client


@checked
def fill(
    cube: xr.Dataset,
    model: str | Model | type[Model] = "auto",
    *,
    area: AreaLike | None = None,
    out: FilePath | None = None,
    seed: Seed = 0,
    device: str = "auto",
    memory: Memory = "2GB",
    client: Client | None = None,
    **params: Any,
) -> xr.Dataset:
    """Fill what clouds hide, on every date; clear values are kept.

    Parameters
    ----------
    cube : Dataset (time, y, x)
    model : str, Model or Model class
        ``"auto"`` hides clear values of this cube, compares gap fillers on them and runs the best, or their average where
        that is better: see ``eow.choose(cube, "fill")``. Otherwise a model of the task ``reconstruct``; ``fill-`` may be
        left out.
    area : optional
        Fill this part only: what ``eow.Area.of`` takes.
    out : path, optional
        Write the result there while it is computed, as ``eow.run`` does.
    seed : int
        For models that draw random numbers.
    device, memory : str
        As for ``eow.run``.
    client : dask.distributed.Client, optional
        Compute on a cluster, as ``eow.run`` does; the test of ``"auto"`` runs on one of its workers where the cube is lazy.
    **params
        Parameters of the model; of ``"auto"``: ``networks`` and ``draw_seed``.

    Returns
    -------
    Dataset (time, y, x)
        A cube with the bands of ``cube``. NaN where a pixel was never observed. Its record names the model, its
        parameters and the test that selected it: ``eow.Record.of(result).choice``.

    Raises
    ------
    InputError, ModelError
        For a cube with too few dates to test on, or a model that fills no gaps.

    Examples
    --------
    >>> import eowidgets as eow
    >>> cube = eow.open("bouconne").isel(y=slice(0, 40), x=slice(0, 40))
    >>> filled = eow.fill(cube)
    >>> bool(filled.nir.isnull().any())
    False
    """
    found = get_model(_full_name(model), **params)
    if found.task != Task.RECONSTRUCT:
        raise InputError(f"The model {found.name!r} does not fill gaps: its task is {found.task.name!r}.")
    return run(found, cube, area=area, out=out, seed=seed, device=device, memory=memory, client=client)


def _full_name(model: str | Model | type[Model]) -> str | Model | type[Model]:
    """Prefix a name with ``fill-`` where only the prefixed name is a model."""
    if not isinstance(model, str):
        return model
    known = listings()
    return f"fill-{model}" if model not in known and f"fill-{model}" in known else model
