"""Process many series in chunks that fit the processor caches, on as many threads as torch may use."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from eowidgets.system import available_cores

Array = npt.NDArray[Any]


def by_columns(work: Callable[[slice], dict[str, Array]], count: int, size: int) -> dict[str, Array]:
    """Call a function on slices of series, and concatenate its results along the last axis.

    numpy releases the interpreter lock while it computes, so threads share the work. The chunks do not depend on the
    number of threads.

    Parameters
    ----------
    work : callable
        Takes a slice of the series; returns arrays whose last axis is the series.
    count : int
        Number of series.
    size : int
        Series per chunk.

    Returns
    -------
    dict of str to array
    """
    parts = [slice(k, min(k + size, count)) for k in range(0, max(count, 1), size)]
    threads = min(len(parts), torch.get_num_threads(), available_cores())
    if threads < 2:
        found = [work(part) for part in parts]
    else:
        with ThreadPoolExecutor(threads) as pool:
            found = list(pool.map(work, parts))
    return {name: np.concatenate([one[name] for one in found], axis=-1) for name in found[0]}
