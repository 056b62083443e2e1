"""Forecast the strips of a cube on the workers of a Dask cluster, which read their pixels by themselves."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import xarray as xr
from torch import Tensor

from eowidgets.engine.cluster import on_workers
from eowidgets.engine.job import Job
from eowidgets.engine.shipment import Shipment, packed, send
from eowidgets.engine.work import active

if TYPE_CHECKING:
    from eowidgets.analysis.forecast.forecaster import PreparedForecast
    from eowidgets.analysis.history import History

#: Forecast, lower and upper ends of one strip.
Parts = tuple[Tensor, Tensor, Tensor]


def strips_on(
    client: Any, prepared: PreparedForecast, history: History, ahead: Tensor, fans: list[tuple[Tensor, Tensor]]
) -> list[Parts]:
    """Return what :meth:`PreparedForecast.strip` returns of each strip of the history, in order.

    Parameters
    ----------
    client : dask.distributed.Client
    prepared : PreparedForecast
        Of ``history`` and a model of series that is fitted; sent once, with its cube: of a lazy one only how it is opened.
    ahead : Tensor, shape (h,)
    fans : list
        Factors of the intervals, per channel.

    Raises
    ------
    EowidgetsError
        What a strip raised, or one sentence on the cluster.
    """
    alone = copy.copy(prepared)
    alone.client = None
    strips = list(history.rows)
    job = Job(prepared.strategy.name, lambda _: xr.Dataset())

    def calls(_: int) -> Iterator[tuple[Any, ...]]:
        shipment = send(client, packed((alone, ahead, fans)))
        for number, rows in enumerate(strips):
            yield shipment, number, rows

    found: dict[int, Parts] = {}
    for number, parts in on_workers(client, _strip, calls, job, saved=False):
        found[number] = parts
        if (work := active()) is not None:
            work.checkpoint()
    return [found[number] for number in range(len(strips))]


def _strip(shipment: Shipment, number: int, rows: slice) -> tuple[int, Parts]:
    """Read and forecast some rows, on a worker."""
    import dask

    prepared, ahead, fans = shipment.get()
    with dask.config.set(scheduler="threads"):  # asking the cluster from within one of its tasks would wait for itself
        return number, prepared.strip(rows, ahead, fans)
