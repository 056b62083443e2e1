"""Variables of a cube in the memory of the client, which are sent to the workers of a cluster in bands of rows.

Lazy variables are sent as the recipe that opens them: the workers read their pixels.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from eowidgets.engine.shipment import PIECE, Shipment, send

#: Variables with fewer bytes than this in total are sent whole.
SMALL = 1 << 20
#: A lazy variable whose pickled size exceeds this share of its pixels contains them: it wraps arrays in memory.
SHARE = 0.25

Band = dict[str, npt.NDArray[Any]]


@dataclass
class Held:
    """The variables of a cube that lie in memory, sent in bands of rows as they are needed, each once.

    Parameters
    ----------
    cube : Dataset
        These variables only; may be without any.
    """

    cube: xr.Dataset
    _sent: dict[int, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, cube: xr.Dataset) -> Held:
        """Find the variables of a cube that lie in memory."""
        names = [n for n, v in cube.data_vars.items() if _in_memory(v)]
        heavy = sum(cube[n].nbytes for n in names) > SMALL
        return cls(cube[names] if heavy else cube[[]])

    def __bool__(self) -> bool:
        return bool(self.cube.data_vars)

    @property
    def height(self) -> int:
        """Rows of a band, limited by the size of one message."""
        rows = self.cube.sizes["y"]
        return max(1, PIECE * rows // max(1, self.cube.nbytes))

    def rest(self, cube: xr.Dataset) -> xr.Dataset:
        """Return a cube without these variables."""
        return cube.drop_vars(list(self.cube.data_vars))

    def send(self, client: Any, first: int, last: int) -> list[Any]:
        """Return the futures of the bands that hold rows ``first`` to ``last``; forget those above them."""
        if not self:
            return []
        height = self.height
        wanted = range(first // height, -(-last // height))
        for number in [n for n in self._sent if n < wanted.start]:
            del self._sent[number]  # waiting tasks keep it on the cluster
        for number in wanted:
            if number not in self._sent:
                self._sent[number] = send(client, self._packed(number * height))
        return [self._sent[number] for number in wanted]

    def _packed(self, start: int) -> bytes:
        import dask

        from eowidgets.engine.shipment import packed

        rows = self.cube.isel(y=slice(start, start + self.height))
        with dask.config.set(scheduler="threads"):
            values = {str(n): (v.dims, np.ascontiguousarray(v.values), v.attrs) for n, v in rows.data_vars.items()}
        return packed((start, values))


def completed(cube: xr.Dataset, bands: list[Shipment], order: list[str]) -> tuple[xr.Dataset, int]:
    """Put bands back into a cube that was sent without them, on a worker.

    Returns
    -------
    Dataset, int
        The rows of the bands, with the variables in ``order``, and the number of the first one.
    """
    if not bands:
        return cube, 0
    parts = [band.get() for band in bands]
    start = parts[0][0]
    found: dict[str, Any] = {}
    for name, (dims, _, attrs) in parts[0][1].items():
        arrays = [values[name][1] for _, values in parts]
        found[name] = (dims, np.concatenate(arrays, axis=dims.index("y")) if len(arrays) > 1 else arrays[0], attrs)
    rows = next(a.shape[dims.index("y")] for dims, a, _ in found.values())
    part = cube.isel(y=slice(start, start + rows)).assign(found)
    return part[order], start


def _in_memory(variable: xr.DataArray) -> bool:
    """Return whether the pixels of a variable are in memory, also as parts of a lazy array."""
    if "y" not in variable.dims:
        return False
    data = variable.variable._data
    if isinstance(data, np.ndarray):
        return True
    return _weight(variable.variable) > max(SMALL, int(SHARE * variable.nbytes))


def _weight(variable: xr.Variable) -> int:
    """Return the bytes of a variable when sent; arrays are counted, not copied."""
    import cloudpickle

    weight = 0

    def count(buffer: Any) -> None:
        nonlocal weight
        weight += buffer.raw().nbytes

    return len(cloudpickle.dumps(variable, protocol=5, buffer_callback=count)) + weight
