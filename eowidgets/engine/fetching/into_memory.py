"""Read a lazy cube into memory date by date, and keep the dates that arrive."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

import numpy as np
import xarray as xr

from eowidgets.cube.opened import PRINT, print_of
from eowidgets.errors import EowidgetsError, SourceError, words

#: Dates that are read at the same time.
READERS = 4
#: Seconds between two calls of ``tick`` while nothing arrives.
_LOOK = 0.1


def into_memory(
    cube: xr.Dataset,
    *,
    tick: Callable[[], None] = lambda: None,
    progress: Callable[[float], None] = lambda _: None,
) -> tuple[xr.Dataset, tuple[str, ...]]:
    """Read all pixels of a lazy cube.

    Parameters
    ----------
    cube : Dataset
        With the dimension ``time``.
    tick : callable
        Called while dates are read; what it raises ends the reading.
    progress : callable
        Called with the share of dates that were read, from 0 to 1.

    Returns
    -------
    cube : Dataset
        In memory, without the dates that could not be read.
    problems : tuple of str
        A sentence on each date that is missing.

    Raises
    ------
    SourceError
        If no date could be read.
    """
    count = cube.sizes["time"]
    lazy = {str(n): np.empty(v.shape, v.dtype) for n, v in cube.data_vars.items() if "time" in v.dims and v.chunks}
    pool = ThreadPoolExecutor(READERS, thread_name_prefix="eow-read")
    numbers: dict[Future[None], int] = {pool.submit(_read, cube, i, lazy): i for i in range(count)}
    failed: dict[int, BaseException] = {}
    waiting = set(numbers)
    try:
        while waiting:
            tick()
            done, waiting = wait(waiting, _LOOK, FIRST_COMPLETED)
            failed |= {numbers[f]: error for f in done if (error := f.exception()) is not None}
            if done:
                progress(1 - len(waiting) / count)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    if failed and len(failed) == count:
        raise SourceError(f"None of the {count} dates could be read: {_why(failed[0])}")
    found = cube.copy()
    for name, values in lazy.items():
        found[name] = cube[name].copy(data=values)
    found = found.compute()  # what has no dates
    if cube.encoding.get(PRINT) == print_of(cube):  # reading changes nothing that the note on the cube states
        found.encoding[PRINT] = print_of(found)
    days = [str(t)[:10] for t in cube["time"].values]
    problems = tuple(f"{days[i]} is missing: {_why(failed[i])}" for i in sorted(failed))
    return (found.isel(time=[i for i in range(count) if i not in failed]) if failed else found), problems


def _read(cube: xr.Dataset, number: int, into: dict[str, Any]) -> None:
    """Read one date into its place."""
    part = cube[list(into)].isel(time=[number]).compute()
    for name, values in into.items():
        axis = part[name].dims.index("time")
        np.moveaxis(values, axis, 0)[number] = np.moveaxis(part[name].values, axis, 0)[0]


def _why(error: BaseException) -> str:
    text = str(error) if isinstance(error, EowidgetsError) else words(error)
    return text if text.endswith(".") else f"{text}."
