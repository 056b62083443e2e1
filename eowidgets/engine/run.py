"""``eow.run`` and ``eow.submit``: a model over a cube of any size."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import xarray as xr

from eowidgets.arguments import Count, FilePath, Memory, Pixels, Seed, checked
from eowidgets.contract.model import Dates, Model
from eowidgets.contract.registry import get_model
from eowidgets.cube.area import AreaLike
from eowidgets.deprecation import keyword_only
from eowidgets.engine.cube_run import CubeRun
from eowidgets.engine.item_run import item_run
from eowidgets.engine.job import Job
from eowidgets.engine.kinds import items_of
from eowidgets.engine.plan import Limits, Plan, Precision, check_window
from eowidgets.engine.scheduler import HEAVY, run_here
from eowidgets.engine.strips import WindowResult
from eowidgets.engine.workload import make_workload
from eowidgets.engine.writers.disk import check_format, check_name
from eowidgets.errors import InputError, shown
from eowidgets.system import parse_bytes

if TYPE_CHECKING:
    from distributed import Client
    from geopandas import GeoDataFrame
    from pandas import DataFrame, Series

Progress = bool | Callable[[Job], None] | None


@keyword_only("area", "out", ends="0.3")
@checked
def run(
    model: str | Model | type[Model],
    cube: xr.Dataset | Mapping[str, xr.Dataset] | DataFrame | Series[Any] | FilePath,
    *,
    area: AreaLike | None = None,
    out: FilePath | None = None,
    places: GeoDataFrame | None = None,
    device: str = "auto",
    memory: Memory = "2GB",
    window: Pixels | None = None,
    batch: Count | None = None,
    precision: Precision = "auto",
    compile: bool = False,
    client: Client | None = None,
    seed: Seed = 0,
    progress: Progress = None,
    **params: Any,
) -> xr.Dataset:
    """Run a model over a cube and give back the result as a cube.

    Parameters
    ----------
    model : str, Model or Model class
        Name of a registered model, or your own.
    cube : Dataset (time, y, x), dict of Datasets, DataFrame, or path
        In memory or lazy; larger than memory is fine with ``out``. For a model of several sources a dict of cubes: one main
        cube, whose grid the result has, and one under the name of each :class:`~eowidgets.Source`. For a model of chips
        (:class:`~eowidgets.Chips`) also a folder of images; for a model of series (:class:`~eowidgets.Series`) also a
        table: a DataFrame with the columns ``id``, ``time`` and one per band, or one by dates.
    area : optional
        Where to run: whatever ``eow.Area.of`` takes. Outside it the result is nodata.
    out : path, optional
        ``.zarr``, ``.tif`` or ``.nc``, and for tables ``.gpkg`` or ``.parquet``: the result goes to disk strip by strip and
        is opened lazily. A run that was killed continues when the same call is made again. None keeps the result in memory.
    places : GeoDataFrame, optional
        For a model of chips a chip is cut around each place; for one of series the clear pixels in each polygon, or under
        each point, are averaged by date. The result is this table with further columns.
    device : str
        ``"auto"`` takes cuda, then mps, then cpu.
    memory : str or number
        Main memory that the run may take in addition to input and result: ``"2GB"``. Windows, or the series, places or chips of a
        batch, are chosen for it.
    window, batch : int, optional
        Side of a window in pixels, and windows (series, places, chips) at a time; by default chosen from measured memory.
        A model that states its window takes no other, and series, places and chips have none.
    precision : {"auto", "fp32", "bf16"}
        ``"auto"`` takes bf16 where the device has units for it and the output hardly changes.
    compile : bool
        Use ``torch.compile``.
    client : dask.distributed.Client, optional
        Run the strips, or the batches of series, places and chips, on a cluster. With ``out``, all workers must reach
        its folder, unless the result is a table of series, places or chips.
    seed : int
        For models that draw random numbers.
    progress : bool or callable, optional
        True shows a bar; a callable gets the :class:`Job` whenever it changes.
    **params
        Parameters of the model.

    Returns
    -------
    Dataset
        Same grid as the cube (or its part in the area), with the model's outputs, ``valid``, and
        ``attrs["provenance"]``. A model whose output is a table (objects, labels, texts) gives a GeoDataFrame in the CRS of
        the cube, and a run over a table gives a DataFrame by ``id`` (in long form with ``id`` and ``time`` if an output has
        dates), also with ``attrs["provenance"]``.

    Raises
    ------
    InputError, ModelError, SourceError
        In one sentence: what is wrong, where, and what to do.

    Examples
    --------
    >>> import eowidgets as eow
    >>> clear = eow.run("fill-linear", eow.open("romania"))  # doctest: +SKIP
    """
    job = make_job(
        model,
        cube,
        area,
        out,
        places=places,
        device=device,
        memory=memory,
        window=window,
        batch=batch,
        precision=precision,
        compile=compile,
        client=client,
        seed=seed,
        progress=progress,
        params=params,
    )
    run_here(job)
    return job.result()


@keyword_only("area", "out", ends="0.3")
@checked
def submit(
    model: str | Model | type[Model],
    cube: xr.Dataset | Mapping[str, xr.Dataset] | DataFrame | Series[Any] | FilePath,
    *,
    area: AreaLike | None = None,
    out: FilePath | None = None,
    places: GeoDataFrame | None = None,
    device: str = "auto",
    memory: Memory = "2GB",
    window: Pixels | None = None,
    batch: Count | None = None,
    precision: Precision = "auto",
    compile: bool = False,
    client: Client | None = None,
    seed: Seed = 0,
    progress: Progress = None,
    on_window: Callable[[WindowResult], None] | None = None,
    on_change: Callable[[Job], None] | None = None,
    **params: Any,
) -> Job:
    """Do what :func:`run` does in the background, one run after the other (:mod:`eowidgets.engine.scheduler`).

    Parameters are those of :func:`run`, and:

    Parameters
    ----------
    model : str, Model or Model class
        Name of a registered model, or your own.
    cube : Dataset, dict of Datasets, DataFrame, or path
        What the model is run on; see :func:`eowidgets.run`.
    area : optional
        Where to compute: whatever ``eow.Area.of`` takes. By default the whole cube.
    out : path, optional
        File or store to write.
    places : GeoDataFrame, optional
        Places of the chips or series.
    device : str
        ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.
    memory : str or float
        Main memory that the run may take, such as ``"2GB"``, or bytes.
    window : int, optional
        Side of the windows in pixels; chosen if not given.
    batch : int, optional
        Windows per batch; chosen if not given.
    precision : {"auto", "float32", "bfloat16", "float16"}
        Number format of the network.
    compile : bool
        Whether ``torch.compile`` is used.
    client : dask.distributed.Client, optional
        Cluster that computes.
    seed : int
        Seed of the random numbers.
    progress : bool or callable, optional
        True shows a progress bar; a callable takes the job.
    on_window : callable, optional
        Takes every finished window as a :class:`~eowidgets.engine.strips.WindowResult`. Given here, it misses none.
    on_change : callable, optional
        Takes the job whenever its state or progress changes.
    **params : object
        Parameters of the model.

    Returns
    -------
    Job
        Bad input is refused at once, by an exception here.

    Raises
    ------
    InputError, ModelError
        If an argument is wrong, or the model does not run on this cube; before any work is done.

    Examples
    --------
    >>> import eowidgets as eow
    >>> from eowidgets.testing import tiny_cube
    >>> job = eow.submit("fill-linear", tiny_cube(dates=4))
    >>> job.result().sizes["time"], job.state
    (4, 'done')
    """
    job = make_job(
        model,
        cube,
        area,
        out,
        places=places,
        device=device,
        memory=memory,
        window=window,
        batch=batch,
        precision=precision,
        compile=compile,
        client=client,
        seed=seed,
        progress=progress,
        params=params,
    )
    if on_window is not None:
        job.on_window(on_window)
    if on_change is not None:
        job.on_change(on_change)
    HEAVY.put(job)
    return job


def make_job(
    model: str | Model | type[Model],
    cube: xr.Dataset | Mapping[str, xr.Dataset] | DataFrame | Series[Any] | FilePath,
    area: AreaLike | None = None,
    out: FilePath | None = None,
    *,
    places: GeoDataFrame | None = None,
    device: str = "auto",
    memory: Memory = "2GB",
    window: Pixels | None = None,
    batch: Count | None = None,
    precision: Precision = "auto",
    compile: bool = False,
    client: Client | None = None,
    seed: Seed = 0,
    progress: Progress = None,
    params: Mapping[str, Any] | None = None,
    plan: Plan | None = None,
    when: Dates | None = None,
) -> Job:
    """Check everything and make a job that has not started.

    ``plan`` takes the place of choosing one, and ``when`` that of the model's own output dates.
    """
    made = get_model(model, **(params or {}))
    items = items_of(made.feed, made, cube, places)
    limits = Limits(parse_bytes(memory), window, batch, precision)
    if items is not None:
        for name, value in {"area": area, "window": window}.items():
            if value is not None:
                raise InputError(f"{name} does not apply to {items.what}: leave it out.")
        work = item_run(items, limits, device=device, compile=compile, seed=seed, out=out, client=client)
        return _reported(Job(made.name, work), progress)
    if not isinstance(cube, Mapping):
        raise InputError(f"{shown(str(cube))} is a path: open it first with eow.open(...).")
    path = check_name(out) if out is not None else None
    task = make_workload(made, cube, area, seed=seed, device=device, compile=compile, when=when)
    if path is not None:
        check_format(path, task.frame)
    check_window(task.fitted, window)
    job = Job(task.model.name, CubeRun(task, limits, path, client, plan))
    job.geobox = task.site.geobox
    return _reported(job, progress)


def _reported(job: Job, progress: Progress) -> Job:
    """Connect a job with what shows its progress."""
    if progress is True:
        from eowidgets.engine.progress import bar

        job.on_change(bar())
    elif callable(progress):
        job.on_change(progress)
    return job
